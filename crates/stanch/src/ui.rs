//! Progress and remarks on the standard error: one live line on a terminal, nothing when it is none.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use stanch_diagnosis::Phase;
use stanch_inspector::SnapshotProgress;
use stanch_leak_patterns::Bytes;

use crate::args::OutputArgs;

/// Bars of a sparkline, lowest first.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// A run that takes longer has a line that says how far it is.
const LONG: Duration = Duration::from_millis(500);
/// Width of the live sparkline.
const SPARKS: usize = 24;

/// What the person at the terminal sees while a command works.
pub(crate) struct Ui {
    bar: ProgressBar,
    talk: Talk,
}

/// How much is said on the standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Talk {
    Quiet,
    Normal,
    Verbose,
}

/// Where a measurement stands.
pub(crate) struct Status {
    pub(crate) phase: Phase,
    pub(crate) round: u32,
    pub(crate) max_rounds: u32,
    pub(crate) requests_per_second: f64,
    /// After each forced collection so far.
    pub(crate) live_heap: Vec<u64>,
    /// Until this phase ends.
    pub(crate) left: Duration,
}

impl Ui {
    pub(crate) fn new(output: &OutputArgs) -> Self {
        let talk = match (output.quiet, output.verbose) {
            (true, _) => Talk::Quiet,
            (false, true) => Talk::Verbose,
            (false, false) => Talk::Normal,
        };
        let live = talk == Talk::Normal && std::io::stderr().is_terminal();
        let target = if live {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        if live {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self { bar, talk }
    }

    /// Whether the service's own output is passed on.
    pub(crate) fn shows_service_output(&self) -> bool {
        self.talk == Talk::Verbose
    }

    /// Says what is going on now.
    pub(crate) fn phase(&self, text: &str) {
        self.bar.set_message(text.to_owned());
        self.detail(text);
    }

    /// Shows where a measurement stands.
    pub(crate) fn status(&self, status: &Status) {
        self.bar.set_message(status_line(status));
    }

    /// Shows how far a snapshot is.
    pub(crate) fn snapshot(&self, number: usize, progress: SnapshotProgress) {
        let how_far = match progress {
            SnapshotProgress::Counting { done, total } => format!("{} of {} nodes", done, total),
            SnapshotProgress::Streaming { bytes } => format!("{} read", Bytes(bytes)),
        };
        self.bar
            .set_message(format!("heap snapshot {number}: {how_far}"));
    }

    /// Shows how much of a file is read, how fast, and how long it will still take.
    pub(crate) fn reading(&self, name: &str, done: u64, length: Option<u64>, elapsed: Duration) {
        if !self.bar.is_hidden() {
            self.bar.set_message(format!(
                "reading {name}: {}",
                reading_line(done, length, elapsed)
            ));
        }
    }

    /// Shows how many files are linted; runs that are over at once need no line.
    pub(crate) fn linting(&self, done: usize, files: usize, elapsed: Duration) {
        if elapsed >= LONG && !self.bar.is_hidden() {
            self.bar
                .set_message(format!("{done} of {files} files linted"));
        }
    }

    /// A line for those who asked for all of it.
    pub(crate) fn detail(&self, text: &str) {
        if self.talk == Talk::Verbose {
            anstream::eprintln!("{text}");
        }
    }

    /// A remark that a person should see.
    pub(crate) fn remark(&self, text: &str) {
        if self.talk != Talk::Quiet {
            self.bar.suspend(|| anstream::eprintln!("{text}"));
        }
    }

    /// Takes the live line away.
    pub(crate) fn done(&self) {
        self.bar.finish_and_clear();
    }
}

fn status_line(status: &Status) -> String {
    let left = status.left.as_secs_f64();
    match status.phase {
        Phase::WarmUp => format!(
            "warming up · {:.0} requests/s · {left:.0} s left",
            status.requests_per_second
        ),
        Phase::Pause => format!("resting, so that what expires can expire · {left:.0} s left"),
        Phase::Load => {
            let newest = status
                .live_heap
                .last()
                .map_or_else(String::new, |bytes| Bytes(*bytes).to_string());
            format!(
                "round {} of at most {} · {:.0} requests/s · live heap {} {newest} · {left:.0} s left",
                status.round,
                status.max_rounds,
                status.requests_per_second,
                sparkline(&status.live_heap),
            )
        }
    }
}

fn reading_line(done: u64, length: Option<u64>, elapsed: Duration) -> String {
    let mut line = Bytes(done).to_string();
    if let Some(length) = length {
        line.push_str(&format!(" of {}", Bytes(length)));
    }
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let Some(rate @ 1..) = done.saturating_mul(1000).checked_div(milliseconds) else {
        return line;
    };
    line.push_str(&format!(" · {}/s", Bytes(rate)));
    if let Some(length) = length {
        let left = length.saturating_sub(done).div_ceil(rate);
        line.push_str(&format!(" · {left} s left"));
    }
    line
}

fn sparkline(values: &[u64]) -> String {
    let shown = &values[values.len().saturating_sub(SPARKS)..];
    let (Some(low), Some(high)) = (shown.iter().min(), shown.iter().max()) else {
        return String::new();
    };
    let range = (high - low).max(1);
    let top = BARS.len() as u64 - 1;
    shown
        .iter()
        .filter_map(|value| BARS.get(usize::try_from((value - low) * top / range).ok()?))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{reading_line, sparkline};

    #[test]
    fn reading_tells_bytes_rate_and_time_left() {
        let check = |done, length, seconds, expected: &str| {
            let line = reading_line(done, length, Duration::from_secs(seconds));
            assert_eq!(line, expected);
        };
        check(0, None, 0, "0 B");
        check(
            200 << 20,
            Some(600 << 20),
            2,
            "200 MB of 600 MB · 100 MB/s · 4 s left",
        );
        check(200 << 20, None, 2, "200 MB · 100 MB/s");
    }

    #[test]
    fn a_sparkline_spans_its_values() {
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[5, 5]), "▁▁");
        assert_eq!(sparkline(&[0, 50, 100]), "▁▄█");
    }
}
