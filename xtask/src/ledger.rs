//! Phases as they end into lines on the screen, one summary, and an exit code.

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Whether a phase may be left out because something cannot be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// A developer's machine: what cannot be fetched is left out, with a line that says so.
    Lenient,
    /// Continuous integration: what cannot be fetched is a failure.
    Strict,
}

/// How a phase ended when nothing broke.
#[derive(Debug)]
pub(crate) enum Step {
    /// It ran; the text says what came of it.
    Done(String),
    /// Something it needs cannot be had; the text says what, and how to get it.
    Missing(String),
    /// It has no meaning on this platform, strict or not; the text says why.
    Elsewhere(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

#[derive(Debug)]
struct Phase {
    name: &'static str,
    outcome: Outcome,
    detail: String,
    took: Duration,
}

/// The phases so far.
#[derive(Debug)]
pub(crate) struct Ledger {
    strictness: Strictness,
    phases: Vec<Phase>,
}

impl Ledger {
    pub(crate) const fn new(strictness: Strictness) -> Self {
        Self {
            strictness,
            phases: Vec::new(),
        }
    }

    /// Runs one phase. A failure is written down and the next phase still runs: one look at the
    /// summary shows everything that is broken.
    pub(crate) fn phase(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> anyhow::Result<Step>,
    ) {
        println!("==> {name}");
        let began = Instant::now();
        let (outcome, detail) = self.judge(work());
        let phase = Phase {
            name,
            outcome,
            detail,
            took: began.elapsed(),
        };
        println!("{}", phase.line());
        self.phases.push(phase);
    }

    fn judge(&self, result: anyhow::Result<Step>) -> (Outcome, String) {
        match result {
            Ok(Step::Done(detail)) => (Outcome::Passed, detail),
            Ok(Step::Elsewhere(why)) => (Outcome::Skipped, why),
            Ok(Step::Missing(what)) => match self.strictness {
                Strictness::Lenient => (Outcome::Skipped, what),
                Strictness::Strict => (Outcome::Failed, what),
            },
            Err(error) => (Outcome::Failed, format!("{error:#}")),
        }
    }

    fn count(&self, outcome: Outcome) -> usize {
        let same = self.phases.iter().filter(|phase| phase.outcome == outcome);
        same.count()
    }

    /// The summary. Its last line is `N passed, N failed, N skipped`, in phases.
    pub(crate) fn summary(&self) -> String {
        let mut text = String::from("==> summary\n");
        for phase in &self.phases {
            text += &phase.line();
            text.push('\n');
        }
        let [passed, failed, skipped] =
            [Outcome::Passed, Outcome::Failed, Outcome::Skipped].map(|kind| self.count(kind));
        text + &format!("phases: {passed} passed, {failed} failed, {skipped} skipped")
    }

    /// 0 when no phase failed, else 1.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(u8::from(self.count(Outcome::Failed) > 0))
    }
}

impl Phase {
    fn line(&self) -> String {
        let word = match self.outcome {
            Outcome::Passed => "ok",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "skipped",
        };
        let (name, seconds) = (self.name, self.took.as_secs_f64());
        format!("    {word:<8}{name:<20}{seconds:>7.1} s  {}", self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ledger, Outcome, Step, Strictness};

    fn check(strictness: Strictness, result: anyhow::Result<Step>, expected: Outcome) {
        let (outcome, _) = Ledger::new(strictness).judge(result);
        assert_eq!(outcome, expected);
    }

    #[test]
    fn what_is_missing_fails_only_where_nothing_may_be_left_out() {
        let missing = || Ok(Step::Missing("npm".to_owned()));
        check(Strictness::Lenient, missing(), Outcome::Skipped);
        check(Strictness::Strict, missing(), Outcome::Failed);
    }

    #[test]
    fn another_platform_is_never_a_failure() {
        let elsewhere = Ok(Step::Elsewhere("no Linux".to_owned()));
        check(Strictness::Strict, elsewhere, Outcome::Skipped);
    }

    #[test]
    fn an_error_fails_everywhere() {
        check(
            Strictness::Lenient,
            Err(anyhow::anyhow!("exit 1")),
            Outcome::Failed,
        );
    }

    #[test]
    fn the_last_line_counts_phases() {
        let mut ledger = Ledger::new(Strictness::Lenient);
        ledger.phase("one", || Ok(Step::Done(String::new())));
        ledger.phase("two", || Err(anyhow::anyhow!("broken")));
        ledger.phase("three", || Ok(Step::Missing("npm".to_owned())));
        let summary = ledger.summary();
        assert_eq!(
            summary.lines().last(),
            Some("phases: 1 passed, 1 failed, 1 skipped")
        );
    }
}
