//! Files with findings into texts with their fixes.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use stanch_js_source::SourceText;
use stanch_leak_lint::{Applied, Broken, Finding, Fixed, Safety, Summary, fix_text};

use crate::component;
use crate::error::LintError;
use crate::file::Linter;
use crate::linked::Linked;
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
    /// Lints, and applies the fixes of what is found to the texts, while no file is written yet. The outcome has the texts, and
    /// the findings that are left.
    ///
    /// # Errors
    /// As [`Workspace::lint`].
    pub fn lint_and_fix(
        &self,
        fixing: Fixing,
        watch: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Outcome, LintError> {
        let up_to = match fixing {
            Fixing::Safe => Safety::Safe,
            Fixing::Unsafe => Safety::Unsafe,
        };
        let (mut outcome, linked) = self.run(watch)?;
        let linter = self.linter();
        let files = by_file(&outcome, up_to);
        let fixed: Vec<(FixedFile, SourceText, Vec<Finding>)> = self.pool()?.install(|| {
            let fixed = files.par_iter().filter_map(|(name, findings)| {
                self.fix_file(&linter, &linked, name, findings, up_to)
            });
            fixed.collect()
        });
        drop(files);
        for (file, source, left) in fixed {
            outcome.findings.retain(|located| located.file != file.file);
            let left = left.into_iter().map(|finding| Located {
                file: file.file.clone(),
                finding,
            });
            outcome.findings.extend(left);
            outcome.texts.insert(file.file.clone(), source);
            outcome.fixed.push(file);
        }
        outcome.sort();
        Ok(outcome)
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
        linked: &Linked,
        name: &Arc<str>,
        reported: &[&Finding],
        up_to: Safety,
    ) -> Option<(FixedFile, SourceText, Vec<Finding>)> {
        let (index, place, source) = linked.find(name)?;
        // What the baseline knows, and what did not change, is not ours to touch.
        let is_ours: HashSet<(&str, &str)> = reported
            .iter()
            .map(|finding| (finding.rule, code_of(source, finding)))
            .collect();
        let lint = |text: &SourceText| {
            let mut findings = if text.text() == source.text() {
                linter.findings(&linked.project, index, place, source).0
            } else {
                let summary = Summary::of(text, &linter.options);
                let project = linked.project.changed(index, summary);
                linter.findings(&project, index, place, text).0
            };
            if self.reports_a_part() {
                findings.retain(|it| is_ours.contains(&(it.rule, code_of(text, it))));
            }
            findings
        };
        let Fixed {
            text,
            applied,
            left,
            broken,
        } = fix_text(source, lint, up_to);
        if applied.is_empty() && broken.is_empty() {
            return None;
        }
        let (before, after) = if component::is_one(name) {
            let whole = std::fs::read_to_string(&place.path).ok()?;
            let after = component::with_script(&whole, &text)?;
            (whole, after)
        } else {
            let mark = if source.mark_bytes() > 0 {
                "\u{feff}"
            } else {
                ""
            };
            (format!("{mark}{}", source.text()), text)
        };
        let source = SourceText::new(&**name, after.clone());
        let file = FixedFile {
            file: place.name.clone(),
            path: place.path.clone(),
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
