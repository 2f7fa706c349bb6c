//! Findings → JSON of the schema `stanch.findings/1`, which scripts and CI read.

use std::collections::BTreeMap;

use serde::Serialize;
use stanch_js_source::{Extent, SourceText};
use stanch_leak_lint::{Edit, Finding, Fix};
use stanch_lint_project::{Located, Outcome, Problem, Reason, pattern_of};

use super::{row, safety};
use crate::json::without_hidden_characters;

/// The outcome as JSON, schema `stanch.findings/1`, indented, with a line end.
#[must_use]
pub fn json(outcome: &Outcome) -> String {
    let mut text = match serde_json::to_string_pretty(&Report::of(outcome)) {
        Ok(text) => text,
        // Only maps with keys that are no strings and failing `Serialize` code end here; these structs have neither.
        Err(error) => format!(
            r#"{{"schema": "stanch.findings/1", "error": {:?}}}"#,
            error.to_string()
        ),
    };
    text.push('\n');
    without_hidden_characters(text)
}

/// Fields may be added, never renamed or removed.
#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool: Tool,
    /// Files whose rules all ran.
    files: usize,
    findings: Vec<WireFinding<'a>>,
    problems: Vec<WireProblem<'a>>,
    /// Findings that comments suppress, that the baseline knows, that are on lines that did not change.
    suppressed: usize,
    baselined: usize,
    unchanged: usize,
    skipped: BTreeMap<&'static str, usize>,
    fixed: Vec<WireFixed<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct WireFinding<'a> {
    rule: &'static str,
    pattern: Option<&'static str>,
    confidence: String,
    message: &'a str,
    bound: Option<&'a str>,
    location: Location<'a>,
    related: Vec<Related<'a>>,
    fix: Option<WireFix<'a>>,
    /// Further fixes, the better first.
    alternatives: Vec<WireFix<'a>>,
}

#[derive(Serialize)]
struct Location<'a> {
    file: &'a str,
    #[serde(flatten)]
    range: Range,
}

#[derive(Serialize)]
struct Range {
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct WireFix<'a> {
    safety: &'static str,
    title: &'a str,
    edits: Vec<WireEdit<'a>>,
}

#[derive(Serialize)]
struct WireEdit<'a> {
    #[serde(flatten)]
    range: Range,
    text: &'a str,
}

#[derive(Serialize)]
struct WireProblem<'a> {
    kind: &'static str,
    message: &'a str,
    file: &'a str,
    location: Option<Location<'a>>,
}

#[derive(Serialize)]
struct WireFixed<'a> {
    file: &'a str,
    rule: &'static str,
    /// In the text as it was before this fix.
    line: u32,
    title: &'a str,
    safety: &'static str,
}

impl<'a> Report<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        Self {
            schema: "stanch.findings/1",
            tool: Tool {
                name: "stanch",
                version: env!("CARGO_PKG_VERSION"),
            },
            files: outcome.checked,
            findings: outcome
                .findings
                .iter()
                .map(|located| WireFinding::of(located, outcome))
                .collect(),
            problems: outcome.problems.iter().map(WireProblem::of).collect(),
            suppressed: outcome.suppressed,
            baselined: outcome.baselined,
            unchanged: outcome.unchanged,
            skipped: outcome
                .left_out()
                .into_iter()
                .map(|(reason, count)| (id(reason), count))
                .collect(),
            fixed: outcome.fixed.iter().flat_map(WireFixed::of).collect(),
        }
    }
}

impl<'a> WireFinding<'a> {
    fn of(located: &'a Located, outcome: &'a Outcome) -> Self {
        let Located { file, finding } = located;
        let source = outcome.texts.get(file);
        let mut fixes = finding.fixes.iter().map(|fix| WireFix::of(fix, source));
        Self {
            rule: finding.rule,
            pattern: pattern_of(finding.rule).map(|pattern| pattern.id()),
            confidence: finding.confidence.to_string(),
            message: &finding.message,
            bound: finding.growth,
            location: Location::of(file, finding.place.extent),
            related: related(file, finding),
            fix: fixes.next(),
            alternatives: fixes.collect(),
        }
    }
}

fn related<'a>(file: &'a str, finding: &'a Finding) -> Vec<Related<'a>> {
    let labels = finding.labels.iter().map(|label| Related {
        message: &label.text,
        location: Location::of(label.file.as_deref().unwrap_or(file), label.extent),
    });
    labels.collect()
}

impl<'a> Location<'a> {
    fn of(file: &'a str, extent: Extent) -> Self {
        Self {
            file,
            range: Range::of(extent),
        }
    }
}

impl Range {
    fn of(extent: Extent) -> Self {
        Self {
            line: extent.line(),
            column: extent.column(),
            end_line: extent.to.line + 1,
            end_column: extent.to.column + 1,
        }
    }
}

impl<'a> WireFix<'a> {
    fn of(fix: &'a Fix, source: Option<&SourceText>) -> Self {
        let edit = |edit: &'a Edit| {
            Some(WireEdit {
                range: Range::of(source?.extent(edit.start, edit.end)),
                text: &edit.text,
            })
        };
        Self {
            safety: safety(fix.safety),
            title: &fix.title,
            edits: fix.edits.iter().filter_map(edit).collect(),
        }
    }
}

impl<'a> WireProblem<'a> {
    fn of(problem: &'a Problem) -> Self {
        Self {
            kind: row::kind(problem.kind),
            message: &problem.message,
            file: &problem.file,
            location: problem
                .place
                .map(|extent| Location::of(&problem.file, extent)),
        }
    }
}

impl<'a> WireFixed<'a> {
    fn of(file: &'a stanch_lint_project::FixedFile) -> impl Iterator<Item = Self> {
        file.applied.iter().map(|applied| Self {
            file: &file.file,
            rule: applied.rule,
            line: applied.line,
            title: &applied.title,
            safety: safety(applied.safety),
        })
    }
}

const fn id(reason: Reason) -> &'static str {
    match reason {
        Reason::Packages => "packages",
        Reason::Built => "built",
        Reason::Minified => "minified",
        Reason::Large => "large",
        Reason::Binary => "binary",
        Reason::Declarations => "declarations",
        Reason::Flow => "flow",
        Reason::Link => "link",
        Reason::Excluded => "excluded",
        Reason::Kind => "kind",
    }
}
