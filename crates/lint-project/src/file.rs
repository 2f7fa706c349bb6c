//! One file into its text and summary, and with the others' summaries into its findings, whatever happens on the way.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use memchr::memmem;
use stanch_js_source::{Extent, SourceText, with_parsed};
use stanch_leak_lint::{FileIndex, Finding, Options, Project, RULES, Rule, Summary};

use crate::config::Config;
use crate::outcome::{Problem, ProblemKind, Reason};
use crate::selection::Selection;
use crate::suppression;
use crate::text::{self, Content};

/// Where Flow's pragma stands, if a file has it: in its first comment.
const PRAGMA: usize = 2_000;

/// A file of a run: where it lies, and what reports call it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) name: Arc<str>,
}

/// What became of a file that was read.
pub(crate) enum Read {
    Text(SourceText, Box<Summary>),
    Skipped(Reason),
    Failed(Problem, Option<SourceText>),
}

/// What the rules are told.
pub(crate) struct Linter<'a> {
    config: &'a Config,
    selection: &'a Selection,
    pub(crate) options: Options,
    /// The rules that run somewhere.
    rules: Vec<&'static str>,
}

/// The findings of a file, and how many more comments suppress.
pub(crate) type Found = (Vec<Finding>, usize);

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

    /// Reads a file and sums it up.
    pub(crate) fn read(&self, place: &Place) -> Read {
        let source = match text::read(&place.path, &place.name) {
            Content::Text(source) => source,
            Content::Skip(reason) => return Read::Skipped(reason),
            Content::Broken(message) => {
                return Read::Failed(place.problem(ProblemKind::Unreadable, message, None), None);
            }
        };
        self.sum_up(place, source)
    }

    /// Sums a text up.
    pub(crate) fn sum_up(&self, place: &Place, source: SourceText) -> Read {
        let summed = unless_it_panics(place, || {
            syntax_error(&source).map_or_else(
                || Ok(Summary::of(&source, &self.options)),
                |(message, extent)| Err(place.problem(ProblemKind::Syntax, message, extent)),
            )
        });
        match summed {
            Ok(Ok(summary)) => Read::Text(source, Box::new(summary)),
            Ok(Err(_)) if has_flow_types(&source) => Read::Skipped(Reason::Flow),
            Ok(Err(problem)) | Err(problem) => Read::Failed(problem, Some(source)),
        }
    }

    /// The findings of a file of a project. A rule that panics spoils this file only.
    pub(crate) fn lint(
        &self,
        project: &Project,
        file: FileIndex,
        place: &Place,
        source: &SourceText,
    ) -> Result<Found, Problem> {
        unless_it_panics(place, || self.findings(project, file, place, source))
    }

    /// The findings of a file of a project, without those that comments suppress; and how many these are.
    pub(crate) fn findings(
        &self,
        project: &Project,
        file: FileIndex,
        place: &Place,
        source: &SourceText,
    ) -> Found {
        let runs = |rule: &Rule| {
            self.rules.contains(&rule.id) && !self.config.is_silent(rule, &place.path)
        };
        let mut findings = project.lint(file, source, runs);
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

/// What `work` gives, or that it found a mistake of our own.
fn unless_it_panics<T>(place: &Place, work: impl FnOnce() -> T) -> Result<T, Problem> {
    // Nothing outlives a panic that it could have left half done: trees and findings are of this file alone.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let words = words_of(&*panic);
        let message = format!("a mistake of stanch's own ended the look at it: {words}");
        place.problem(ProblemKind::Internal, message, None)
    })
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
