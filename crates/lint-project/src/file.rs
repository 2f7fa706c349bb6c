//! One file's text into its findings, whatever happens on the way.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use memchr::memmem;
use stanch_js_source::{Extent, SourceText, with_parsed};
use stanch_leak_lint::{Finding, Options, RULES, Rule, lint_under};

use crate::config::Config;
use crate::outcome::{Problem, ProblemKind, Reason};
use crate::selection::Selection;
use crate::suppression;
use crate::text::{self, Content};

/// Where Flow's pragma stands, if a file has it: in its first comment.
const PRAGMA: usize = 2_000;

/// A file of a run: where it lies, and what reports call it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) path: std::path::PathBuf,
    pub(crate) name: Arc<str>,
}

/// What became of a file.
#[derive(Debug)]
pub(crate) enum Linted {
    Checked(Checked),
    Skipped(Reason),
    Failed(Problem, Option<SourceText>),
}

/// The findings of a file.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) source: SourceText,
    pub(crate) findings: Vec<Finding>,
    /// Findings that comments suppress.
    pub(crate) suppressed: usize,
}

/// What the rules are told.
pub(crate) struct Linter<'a> {
    pub(crate) config: &'a Config,
    pub(crate) selection: &'a Selection,
    pub(crate) options: Options,
    /// The rules that run somewhere.
    pub(crate) rules: Vec<&'static str>,
}

impl<'a> Linter<'a> {
    pub(crate) fn new(config: &'a Config, selection: &'a Selection) -> Self {
        let options = Options {
            in_full: selection.in_full(),
            ..config.options.clone()
        };
        let rules = RULES.iter().filter(|rule| selection.runs(rule));
        Self {
            config,
            selection,
            options,
            rules: rules.map(|rule| rule.id).collect(),
        }
    }

    /// Reads and lints a file. A rule that panics spoils this file only.
    pub(crate) fn lint(&self, place: &Place) -> Linted {
        let source = match text::read(&place.path, &place.name) {
            Content::Text(source) => source,
            Content::Skip(reason) => return Linted::Skipped(reason),
            Content::Broken(message) => {
                return Linted::Failed(place.problem(ProblemKind::Unreadable, message, None), None);
            }
        };
        match catch_unwind(AssertUnwindSafe(|| self.lint_text(place, &source))) {
            Ok(linted) => linted,
            Err(panic) => {
                let message = format!(
                    "a mistake of stanch's own ended the look at it: {}",
                    words_of(&*panic)
                );
                let problem = place.problem(ProblemKind::Internal, message, None);
                Linted::Failed(problem, Some(source))
            }
        }
    }

    fn lint_text(&self, place: &Place, source: &SourceText) -> Linted {
        if let Some((message, extent)) = syntax_error(source) {
            if has_flow_types(source) {
                return Linted::Skipped(Reason::Flow);
            }
            let problem = place.problem(ProblemKind::Syntax, message, extent);
            return Linted::Failed(problem, Some(source.clone()));
        }
        let (findings, suppressed) = self.findings(&place.path, source);
        Linted::Checked(Checked {
            source: source.clone(),
            findings,
            suppressed,
        })
    }

    /// The findings of a text that lies at that path, without those that comments suppress; and how many these are.
    pub(crate) fn findings(&self, path: &Path, source: &SourceText) -> (Vec<Finding>, usize) {
        let runs =
            |rule: &Rule| self.rules.contains(&rule.id) && !self.config.is_silent(rule, path);
        let mut findings = lint_under(source, &self.options, runs);
        let suppressed = suppression::apply(
            source,
            &mut findings,
            |id| RULES.iter().any(|rule| rule.id == id && runs(rule)),
            self.selection,
        );
        (findings, suppressed)
    }
}

impl Place {
    pub(crate) fn problem(
        &self,
        kind: ProblemKind,
        message: String,
        place: Option<Extent>,
    ) -> Problem {
        Problem {
            file: self.name.clone(),
            kind,
            message,
            place,
        }
    }
}

/// The first thing that no dialect allows.
fn syntax_error(source: &SourceText) -> Option<(String, Option<Extent>)> {
    with_parsed(source, |parsed| {
        let problem = parsed.problems().first()?;
        Some((problem.message.clone(), problem.extent))
    })
}

fn has_flow_types(source: &SourceText) -> bool {
    let text = source.text().as_bytes();
    let start = text.get(..PRAGMA).unwrap_or(text);
    memmem::find(start, b"@flow").is_some()
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it does not say more")
}
