//! What was measured as plain data: into a file that is kept, and into docs/precision.md.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::lists::Lists;
use super::table;
use crate::figures::Figures;

const FIGURES: Figures = Figures {
    page: "docs/precision.md",
    results: "fixtures/packages/results.json",
    begin: "<!-- figures: written by `cargo xtask precision --record`, do not edit -->\n",
    end: "<!-- end of figures -->\n",
};

/// One measurement.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) corpora: Vec<Corpus>,
    pub(crate) packages: Vec<Linted>,
    pub(crate) pairs: Vec<Mended>,
}

/// Labelled cases.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Corpus {
    /// The heading of its table.
    pub(crate) title: String,
    pub(crate) counted: Counted,
}

/// What the linter makes of them.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) leaky: u32,
    pub(crate) silent: u32,
    /// Cases whose label is unsure: they do not count.
    pub(crate) unsure: u32,
    /// By the rule's id.
    pub(crate) rules: BTreeMap<String, OfRule>,
}

/// How right one rule is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
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
        FIGURES.read(project)
    }

    /// Keeps what was measured, and shows it in docs/precision.md.
    pub(crate) fn record(&self, project: &Path, lists: &Lists) -> Result<()> {
        FIGURES.record(project, self, &table::render(self, lists))
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot read its subject must fail"
    )]

    use super::{FIGURES, Results};
    use crate::cargo_checks;
    use crate::precision::lists::Lists;
    use crate::precision::{judged, table};

    #[test]
    fn the_document_has_the_figures_that_were_measured() -> anyhow::Result<()> {
        let lists = Lists::read(cargo_checks::project()?)?;
        FIGURES.compare(|results: &Results| table::render(results, &lists))
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
