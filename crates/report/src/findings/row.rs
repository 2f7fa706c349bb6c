//! Findings, and files that could not be linted, in one list by file and line: what CI systems want to have.

use stanch_js_source::Extent;
use stanch_leak_lint::Finding;
use stanch_leak_patterns::Confidence;
use stanch_lint_project::{Outcome, Problem, ProblemKind};

use crate::wording;

/// One line of a report.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) file: &'a str,
    /// None where all of the file is meant.
    pub(super) extent: Option<Extent>,
    /// The rule's id, or what kind of trouble the file is.
    pub(super) id: &'a str,
    pub(super) level: Level,
    /// Sentences.
    pub(super) message: String,
    pub(super) finding: Option<&'a Finding>,
    /// The same for the same finding after lines above it have come or gone; different for every row.
    pub(super) fingerprint: String,
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warning,
    Note,
}

/// All rows, by file and line.
pub(super) fn rows(outcome: &Outcome) -> Vec<Row<'_>> {
    let findings = outcome.findings.iter().map(|located| {
        let finding = &located.finding;
        Row {
            file: &located.file,
            extent: Some(finding.place.extent),
            id: finding.rule,
            level: level(finding.confidence),
            message: wording::sentence(&finding.message),
            finding: Some(finding),
            fingerprint: String::new(),
        }
    });
    let problems = outcome.problems.iter().map(|problem| Row {
        file: &problem.file,
        extent: problem.place,
        id: kind(problem.kind),
        level: Level::Error,
        message: sentence(problem),
        finding: None,
        fingerprint: String::new(),
    });
    let mut rows: Vec<Row<'_>> = findings.chain(problems).collect();
    rows.sort_by_key(|row| (row.file, row.extent.map(|extent| extent.start)));
    sign(&mut rows, outcome);
    rows
}

/// Gives each row its fingerprint: file, rule, the code, and which of the same in the file it is.
fn sign(rows: &mut [Row<'_>], outcome: &Outcome) {
    let mut seen = std::collections::HashMap::new();
    for row in rows {
        let source = outcome.texts.get(row.file);
        let code = source
            .zip(row.extent)
            .and_then(|(source, extent)| source.line(extent.from.line))
            .unwrap_or_default();
        let key = format!("{}\n{}\n{}", row.file, row.id, code.trim());
        let times: &mut u32 = seen.entry(key.clone()).or_insert(0);
        *times += 1;
        row.fingerprint = hash(&format!("{key}\n{times}"));
    }
}

/// FNV-1a, which no release may change: CI systems compare fingerprints of months ago.
fn hash(text: &str) -> String {
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{sum:016x}")
}

const fn level(confidence: Confidence) -> Level {
    match confidence {
        Confidence::High => Level::Error,
        Confidence::Medium => Level::Warning,
        Confidence::Low => Level::Note,
    }
}

/// The id of a kind of trouble.
pub(super) const fn kind(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Unreadable => "unreadable-file",
        ProblemKind::Syntax => "syntax-error",
        ProblemKind::Internal => "internal-error",
    }
}

/// What is wrong with a file.
pub(super) fn sentence(problem: &Problem) -> String {
    match problem.kind {
        ProblemKind::Syntax => {
            wording::sentence(&format!("This cannot be parsed: {}", problem.message))
        }
        ProblemKind::Unreadable => wording::sentence(&format!("This file {}", problem.message)),
        ProblemKind::Internal => wording::sentence(&format!(
            "This file could not be linted: {}",
            problem.message
        )),
    }
}

impl Row<'_> {
    /// `src/a.js:8:3`, or the file alone.
    pub(super) fn place(&self) -> String {
        match self.extent {
            Some(extent) => format!("{}:{}:{}", self.file, extent.line(), extent.column()),
            None => self.file.to_owned(),
        }
    }
}
