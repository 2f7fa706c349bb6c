//! Folders into what the linter says of them, by running it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::lists::{Package, Pair, Version};
use super::registry::{Part, Registry};
use super::results::{Counted, Found, Linted, Mended};
use crate::cargo_checks;
use crate::run;

/// The programs that lint.
pub(crate) struct Linter {
    corpus: PathBuf,
    folders: PathBuf,
}

/// A line of the linter's output.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Finding {
        file: String,
        line: u32,
        rule: String,
        confidence: String,
        default: bool,
        message: String,
    },
    End {
        files: u32,
    },
}

/// How much the linter is to say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Findings {
    /// What it says without being asked.
    Default,
    /// What any rule can say.
    All,
}

/// What was found in a folder.
struct Said {
    files: u32,
    findings: Vec<Found>,
}

impl Linter {
    /// Builds it from the sources of this checkout.
    pub(crate) fn build() -> Result<Self> {
        let examples = [
            ("stanch-leak-lint", "precision"),
            ("stanch-lint-project", "findings"),
        ];
        for (package, example) in examples {
            run::shown(cargo_checks::cargo().args([
                "build",
                "--quiet",
                "--package",
                package,
                "--example",
                example,
            ]))?;
        }
        let folder = cargo_checks::target_directory()?.join("debug/examples");
        Ok(Self {
            corpus: folder.join("precision"),
            folders: folder.join("findings"),
        })
    }

    /// How right the rules are on the labelled cases; what they get wrong is on stderr.
    pub(crate) fn corpus(&self, corpus: &Path) -> Result<Counted> {
        let text = run::captured(Command::new(&self.corpus).arg("--json").arg(corpus))?;
        serde_json::from_str(&text).context("the corpus's report is not as it should be")
    }

    pub(crate) fn packages(
        &self,
        packages: &[Package],
        registry: &Registry,
    ) -> Result<Vec<Linted>> {
        let mut all = Vec::new();
        for package in packages {
            let version = (&*package.name, &*package.version, &*package.integrity);
            let folder = registry.folder(version, package.part())?;
            let said = self.lint(&folder, Findings::Default)?;
            all.push(Linted {
                package: package.name.clone(),
                version: package.version.clone(),
                files: said.files,
                findings: said.findings,
            });
        }
        Ok(all)
    }

    pub(crate) fn pairs(&self, pairs: &[Pair], registry: &Registry) -> Result<Vec<Mended>> {
        pairs.iter().map(|pair| self.pair(pair, registry)).collect()
    }

    fn pair(&self, pair: &Pair, registry: &Registry) -> Result<Mended> {
        let of_rule = |version: &Version, file: &str| -> Result<Vec<Found>> {
            let version = (&*pair.package, &*version.version, &*version.integrity);
            let said = self.lint(&registry.folder(version, Part::All)?, Findings::All)?;
            let findings = said.findings.into_iter();
            Ok(findings
                .filter(|found| found.rule == pair.rule && found.file == file)
                .collect())
        };
        let mut before = of_rule(&pair.before, &pair.file)?;
        before.retain(|found| found.line == pair.line);
        let remains: &[u32] = pair.remains.as_ref().map_or(&[], |remains| &remains.lines);
        let mut after = of_rule(&pair.after, pair.after_file.as_ref().unwrap_or(&pair.file))?;
        after.retain(|found| !remains.contains(&found.line));
        Ok(Mended {
            package: pair.package.clone(),
            rule: pair.rule.clone(),
            before: before.pop(),
            after,
        })
    }

    /// Findings in a folder, in the order of files and lines.
    fn lint(&self, folder: &Path, findings: Findings) -> Result<Said> {
        let mut command = Command::new(&self.folders);
        if findings == Findings::All {
            command.arg("--all");
        }
        let text = run::captured(command.arg(folder))?;
        let mut said = Said {
            files: 0,
            findings: Vec::new(),
        };
        for line in text.lines() {
            match serde_json::from_str(line).with_context(|| format!("`{line}`"))? {
                Line::End { files } => said.files = files,
                Line::Finding {
                    file,
                    line,
                    rule,
                    confidence,
                    default,
                    message,
                } => said.findings.push(Found {
                    file,
                    line,
                    rule,
                    confidence,
                    default,
                    message,
                }),
            }
        }
        Ok(said)
    }
}
