//! Findings that a project lives with for now: kept in a file, not reported again.
//!
//! A finding is known by its file, its rule and the text of its line, so that lines above it may come and go. Of findings
//! that look alike, as many are known as the file says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use stanch_js_source::SourceText;
use stanch_leak_lint::Finding;

use crate::error::LintError;
use crate::write;

/// The file's name.
pub const BASELINE_FILE: &str = "stanch-baseline.json";
/// What its first field says.
const SCHEMA: &str = "stanch.baseline/1";

/// What is done with the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BaselineUse {
    /// What it knows is not reported.
    #[default]
    Obey,
    /// All findings of the run go into it.
    Add,
    /// What is gone goes out of it.
    Prune,
}

/// Line texts of findings, and how many there are of each, by rule and file.
type Counts = BTreeMap<String, BTreeMap<String, BTreeMap<String, u32>>>;

/// The findings that are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Baseline {
    path: PathBuf,
    known: Counts,
    /// Those of a run, and so those that are still there.
    seen: Counts,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    schema: String,
    /// File, rule, checksum of the line's text, and how often.
    findings: Counts,
}

impl Baseline {
    /// The baseline of a folder; one without findings where there is no file.
    pub(crate) fn of(folder: &Path) -> Result<Self, LintError> {
        let path = folder.join(BASELINE_FILE);
        let known = match fs::read_to_string(&path) {
            Ok(text) => read(&path, &text)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Counts::new(),
            Err(cause) => {
                return Err(LintError::File {
                    what: "read",
                    path,
                    cause,
                });
            }
        };
        Ok(Self {
            path,
            known,
            seen: Counts::new(),
        })
    }

    /// Whether the finding is known. Each call counts as one more finding that is there.
    pub(crate) fn knows(&mut self, file: &str, source: &SourceText, finding: &Finding) -> bool {
        let sum = checksum(
            source
                .line(finding.place.extent.from.line)
                .unwrap_or_default(),
        );
        let count = |counts: &Counts| {
            let count = counts.get(file).and_then(|rules| rules.get(finding.rule));
            count.and_then(|sums| sums.get(&sum)).copied().unwrap_or(0)
        };
        let knows = count(&self.seen) < count(&self.known);
        let rules = self.seen.entry(file.to_owned()).or_default();
        let sums = rules.entry(finding.rule.to_owned()).or_default();
        *sums.entry(sum).or_insert(0) += 1;
        knows
    }

    /// How many of the known findings are gone, of files that `looked_at` says a run has looked at.
    pub(crate) fn gone(&self, looked_at: impl Fn(&str) -> bool) -> usize {
        let mut gone = 0;
        for (file, rules) in self.known.iter().filter(|(file, _)| looked_at(file)) {
            for (rule, sums) in rules {
                for (sum, count) in sums {
                    gone += count.saturating_sub(self.seen_count(file, rule, sum)) as usize;
                }
            }
        }
        gone
    }

    /// Writes all findings of a run, and those of files that it has not looked at.
    pub(crate) fn add(mut self, looked_at: impl Fn(&str) -> bool) -> Result<usize, LintError> {
        self.known.retain(|file, _| !looked_at(file));
        let seen = std::mem::take(&mut self.seen);
        let count = total(&seen);
        self.known.extend(seen);
        self.write().map(|()| count)
    }

    /// Writes the known findings that are still there, and those of files that a run has not looked at.
    pub(crate) fn prune(mut self, looked_at: impl Fn(&str) -> bool) -> Result<(), LintError> {
        let mut known = std::mem::take(&mut self.known);
        for (file, rules) in known.iter_mut().filter(|(file, _)| looked_at(file)) {
            for (rule, sums) in rules.iter_mut() {
                for (sum, count) in sums.iter_mut() {
                    *count = (*count).min(self.seen_count(file, rule, sum));
                }
                sums.retain(|_, count| *count > 0);
            }
            rules.retain(|_, sums| !sums.is_empty());
        }
        known.retain(|_, rules| !rules.is_empty());
        self.known = known;
        self.write()
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn seen_count(&self, file: &str, rule: &str, sum: &str) -> u32 {
        let sums = self.seen.get(file).and_then(|rules| rules.get(rule));
        sums.and_then(|sums| sums.get(sum)).copied().unwrap_or(0)
    }

    fn write(self) -> Result<(), LintError> {
        if self.known.is_empty() && !self.path.exists() {
            return Ok(());
        }
        let wire = Wire {
            schema: SCHEMA.to_owned(),
            findings: self.known,
        };
        let text = serde_json::to_string_pretty(&wire).map_err(|error| LintError::Baseline {
            path: self.path.clone(),
            message: error.to_string(),
        })?;
        write::replace(&self.path, format!("{text}\n").as_bytes())
    }
}

fn read(path: &Path, text: &str) -> Result<Counts, LintError> {
    let wrong = |message: String| LintError::Baseline {
        path: path.to_owned(),
        message,
    };
    let wire: Wire = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if wire.schema != SCHEMA {
        return Err(wrong(format!(
            "its schema is `{}`, and not `{SCHEMA}`",
            wire.schema
        )));
    }
    Ok(wire.findings)
}

fn total(counts: &Counts) -> usize {
    let sums = counts.values().flat_map(BTreeMap::values);
    let counts = sums.flat_map(BTreeMap::values);
    counts.map(|count| *count as usize).sum()
}

/// FNV-1a over the words of a line: the same on every machine and in every release, and blind to indentation.
fn checksum(line: &str) -> String {
    let mut sum: u64 = 0xcbf2_9ce4_8422_2325;
    let words = line
        .split_whitespace()
        .flat_map(|word| word.bytes().chain([b' ']));
    for byte in words {
        sum = (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{sum:016x}")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use stanch_js_source::SourceText;
    use stanch_leak_lint::lint;

    use super::{BASELINE_FILE, Baseline};

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    const LEAK: &str = "bus.off('a', () => load());\n";

    /// How many findings of a text the baseline does not know, and how many of its own are gone.
    fn judge(folder: &Path, text: &str) -> Result<(Baseline, usize), Box<dyn std::error::Error>> {
        let mut baseline = Baseline::of(folder)?;
        let source = SourceText::new("a.js", text);
        let findings = lint(&source);
        let new = findings
            .iter()
            .filter(|finding| !baseline.knows("a.js", &source, finding))
            .count();
        Ok((baseline, new))
    }

    fn check(folder: &Path, text: &str, new: usize, gone: usize) -> Outcome {
        let (baseline, found) = judge(folder, text)?;
        assert_eq!((found, baseline.gone(|_| true)), (new, gone), "{text}");
        Ok(())
    }

    #[test]
    fn lines_may_move_but_not_multiply() -> Outcome {
        let folder = tempfile::tempdir()?;
        let folder = folder.path();
        judge(folder, &LEAK.repeat(2))?.0.add(|_| true)?;
        check(folder, &LEAK.repeat(2), 0, 0)?;
        check(folder, &format!("let a;\n\n  {LEAK}{LEAK}"), 0, 0)?;
        check(folder, &LEAK.repeat(3), 1, 0)?;
        check(folder, LEAK, 0, 1)?;
        check(folder, "bus.off('b', () => load());", 1, 2)
    }

    #[test]
    fn what_is_gone_is_pruned_where_a_run_has_looked() -> Outcome {
        let folder = tempfile::tempdir()?;
        let folder = folder.path();
        judge(folder, &LEAK.repeat(2))?.0.add(|_| true)?;
        let before = fs::read_to_string(folder.join(BASELINE_FILE))?;
        judge(folder, LEAK)?.0.prune(|file| file != "a.js")?;
        assert_eq!(fs::read_to_string(folder.join(BASELINE_FILE))?, before);
        judge(folder, LEAK)?.0.prune(|_| true)?;
        check(folder, &LEAK.repeat(2), 1, 0)?;
        judge(folder, "")?.0.prune(|_| true)?;
        let empty = "{\n  \"schema\": \"stanch.baseline/1\",\n  \"findings\": {}\n}\n";
        assert_eq!(fs::read_to_string(folder.join(BASELINE_FILE))?, empty);
        Ok(())
    }

    #[test]
    fn a_file_that_is_no_baseline_is_refused() -> Outcome {
        let folder = tempfile::tempdir()?;
        let check = |text: &str, words: &str| -> Outcome {
            fs::write(folder.path().join(BASELINE_FILE), text)?;
            let said = Baseline::of(folder.path())
                .err()
                .ok_or("taken")?
                .to_string();
            assert!(said.contains(words), "{said}");
            Ok(())
        };
        check("{", "line 1 column 1")?;
        check(
            r#"{"schema": "stanch.baseline/9", "findings": {}}"#,
            "`stanch.baseline/9`",
        )?;
        check(
            r#"{"schema": "stanch.baseline/1"}"#,
            "missing field `findings`",
        )
    }
}
