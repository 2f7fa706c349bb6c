//! Files with findings into texts with their fixes.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use stanch_js_source::SourceText;
use stanch_leak_lint::{Applied, Broken, Finding, Fixed, Safety, fix_text};

use crate::component;
use crate::error::LintError;
use crate::file::{Linter, Place};
use crate::outcome::{Located, Outcome};
use crate::workspace::Workspace;
use crate::write;

/// Which fixes are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fixing {
    /// Those that change nothing else.
    Safe,
    /// Also those that a person has to look at.
    Unsafe,
}

/// A file whose fixes were applied to its text; the file itself is as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedFile {
    /// The file as reports name it.
    pub file: Arc<str>,
    /// Where it lies.
    pub path: PathBuf,
    /// The text that was linted.
    pub before: String,
    /// The text with its fixes.
    pub after: String,
    /// What was applied.
    pub applied: Vec<Applied>,
    /// What was tried and taken back.
    pub broken: Vec<Broken>,
}

impl Workspace {
    /// Applies the fixes of an outcome's findings to their texts, and no file is written yet. The outcome gets the texts, and
    /// keeps the findings that are left.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn fix(&self, outcome: &mut Outcome, fixing: Fixing) -> Result<(), LintError> {
        let up_to = match fixing {
            Fixing::Safe => Safety::Safe,
            Fixing::Unsafe => Safety::Unsafe,
        };
        let linter = self.linter();
        let files = by_file(outcome, up_to);
        let fixed: Vec<(FixedFile, SourceText, Vec<Finding>)> = self.pool()?.install(|| {
            let fixed = files.par_iter().filter_map(|(name, findings)| {
                let source = outcome.texts.get(name)?;
                self.fix_file(&linter, name, source, findings, up_to)
            });
            fixed.collect()
        });
        for (file, source, left) in fixed {
            outcome.findings.retain(|located| located.file != file.file);
            outcome
                .findings
                .extend(left.into_iter().map(|finding| Located {
                    file: file.file.clone(),
                    finding,
                }));
            outcome.texts.insert(file.file.clone(), source);
            outcome.fixed.push(file);
        }
        outcome.sort();
        Ok(())
    }

    /// Writes the texts into their files, each as a whole.
    ///
    /// # Errors
    /// When one cannot be written; those before it are.
    pub fn write(fixed: &[FixedFile]) -> Result<(), LintError> {
        for file in fixed {
            write::replace(&file.path, file.after.as_bytes())?;
        }
        Ok(())
    }

    fn fix_file(
        &self,
        linter: &Linter<'_>,
        name: &Arc<str>,
        source: &SourceText,
        reported: &[&Finding],
        up_to: Safety,
    ) -> Option<(FixedFile, SourceText, Vec<Finding>)> {
        let place = Place {
            path: self.path_of(name),
            name: name.clone(),
        };
        // What the baseline knows, and what did not change, is not ours to touch.
        let is_ours: HashSet<(&str, &str)> = reported
            .iter()
            .map(|finding| (finding.rule, code_of(source, finding)))
            .collect();
        let lint = |source: &SourceText| {
            let (mut findings, _) = linter.findings(&place.path, source);
            if self.reports_a_part() {
                findings.retain(|it| is_ours.contains(&(it.rule, code_of(source, it))));
            }
            findings
        };
        let fixed = fix_text(source, lint, up_to);
        if fixed.applied.is_empty() && fixed.broken.is_empty() {
            return None;
        }
        let Fixed {
            text,
            applied,
            left,
            broken,
        } = fixed;
        let mark = if source.mark_bytes() > 0 {
            "\u{feff}"
        } else {
            ""
        };
        let linted = format!("{mark}{}", source.text());
        let (before, after) = if component::is_one(name) {
            let whole = std::fs::read_to_string(&place.path).ok()?;
            let after = component::with_script(&whole, &text)?;
            (whole, after)
        } else {
            (linted, text)
        };
        let source = SourceText::new(&**name, after.clone());
        let file = FixedFile {
            file: place.name,
            path: place.path,
            before,
            after,
            applied,
            broken,
        };
        Some((file, source, left))
    }
}

/// The files with a finding that has such a fix.
fn by_file(outcome: &Outcome, up_to: Safety) -> Vec<(Arc<str>, Vec<&Finding>)> {
    let mut files: Vec<(Arc<str>, Vec<&Finding>)> = Vec::new();
    for Located { file, finding } in &outcome.findings {
        match files.last_mut() {
            Some((last, findings)) if last == file => findings.push(finding),
            _ => files.push((file.clone(), vec![finding])),
        }
    }
    files.retain(|(_, findings)| {
        let mut fixes = findings.iter().flat_map(|finding| &finding.fixes);
        fixes.any(|fix| fix.safety <= up_to)
    });
    files
}

fn code_of<'s>(source: &'s SourceText, finding: &Finding) -> &'s str {
    let extent = finding.place.extent;
    source.slice(extent.start, extent.end)
}
