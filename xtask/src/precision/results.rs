//! What was measured as plain data: into a file that is kept, and into docs/precision.md.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::lists::Lists;
use super::table;

/// Where the figures stand in docs/precision.md.
const BEGIN: &str = "<!-- figures: written by `cargo xtask precision --record`, do not edit -->\n";
const END: &str = "<!-- end of figures -->\n";

/// One measurement.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) corpora: Vec<Corpus>,
    pub(crate) packages: Vec<Linted>,
    pub(crate) pairs: Vec<Mended>,
}

/// Labelled cases.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Corpus {
    /// The heading of its table.
    pub(crate) title: String,
    pub(crate) counted: Counted,
}

/// What the linter makes of them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) leaky: u32,
    pub(crate) silent: u32,
    /// Cases whose label is unsure: they do not count.
    pub(crate) unsure: u32,
    /// By the rule's id.
    pub(crate) rules: BTreeMap<String, OfRule>,
}

/// How right one rule is.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OfRule {
    pub(crate) pattern: String,
    pub(crate) on: On,
    pub(crate) by_default: Score,
    pub(crate) when_selected: Score,
}

/// When a rule runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum On {
    Always,
    WhenSure,
    WhenAsked,
}

/// Findings that are expected and said, said and not expected, expected and not said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Score {
    pub(crate) right: u32,
    pub(crate) wrong: u32,
    pub(crate) missing: u32,
}

/// A package and its default findings.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Linted {
    pub(crate) package: String,
    pub(crate) version: String,
    pub(crate) files: u32,
    pub(crate) findings: Vec<Found>,
}

/// A finding.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) rule: String,
    pub(crate) confidence: String,
    /// Whether it is said without being asked for.
    pub(crate) default: bool,
    pub(crate) message: String,
}

/// A pair: the finding that was expected, and what the mended version still gets.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Mended {
    pub(crate) package: String,
    pub(crate) rule: String,
    pub(crate) before: Option<Found>,
    pub(crate) after: Vec<Found>,
}

impl std::ops::AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missing += other.missing;
    }
}

impl Score {
    /// Of what was said, what is right, in percent; none where nothing was said.
    pub(crate) fn precision(self) -> Option<f64> {
        share(self.right, self.wrong)
    }

    /// Of what was expected, what was said, in percent; none where nothing was expected.
    pub(crate) fn recall(self) -> Option<f64> {
        share(self.right, self.missing)
    }
}

fn share(part: u32, rest: u32) -> Option<f64> {
    (part + rest > 0).then(|| f64::from(part) / f64::from(part + rest) * 100.0)
}

impl Results {
    /// What was recorded last.
    pub(crate) fn read(project: &Path) -> Result<Self> {
        let path = file(project);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(serde_json::from_slice(&text)?)
    }
}

fn file(project: &Path) -> PathBuf {
    project.join("fixtures/packages/results.json")
}

fn document(project: &Path) -> PathBuf {
    project.join("docs/precision.md")
}

/// Writes the results, and the figures that follow from them.
pub(crate) fn record(project: &Path, results: &Results, lists: &Lists) -> Result<()> {
    let path = document(project);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let filled = filled(&text, &table::render(results, lists))
        .with_context(|| format!("{} has lost the marks of its figures", path.display()))?;
    fs::write(file(project), serde_json::to_string_pretty(results)? + "\n")?;
    fs::write(path, filled)?;
    Ok(())
}

/// The document with `figures` between the marks; `None` without marks.
fn filled(document: &str, figures: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{figures}\n\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot read its subject must fail"
    )]

    use std::fs;

    use super::{Results, document, filled};
    use crate::cargo_checks;
    use crate::precision::lists::Lists;
    use crate::precision::{judged, table};

    #[test]
    fn the_document_has_the_figures_that_were_measured() {
        let project = cargo_checks::project().unwrap();
        let text = fs::read_to_string(document(project)).unwrap();
        let (results, lists) = (
            Results::read(project).unwrap(),
            Lists::read(project).unwrap(),
        );
        let figures = table::render(&results, &lists);
        assert!(
            filled(&text, &figures).unwrap() == text,
            "docs/precision.md differs from fixtures/packages/*.json, which read:\n{figures}"
        );
    }

    #[test]
    fn every_finding_on_a_package_has_a_label() {
        let project = cargo_checks::project().unwrap();
        let (results, lists) = (
            Results::read(project).unwrap(),
            Lists::read(project).unwrap(),
        );
        let none: Vec<String> = Vec::new();
        assert_eq!(judged::unlabelled(&results, &lists), none);
        assert_eq!(judged::idle(&results, &lists), none);
    }
}
