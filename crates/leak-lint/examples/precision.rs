//! The labelled corpus and all rules → precision and recall by rule, and every disagreement in a line.
//!
//! `cargo run --example precision -- fixtures/corpus`

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use stanch_js_source::SourceText;
use stanch_leak_lint::{RULES, lint_with};

/// What is true of a case.
#[derive(Deserialize)]
struct Case {
    findings: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    rule: String,
    file: String,
    line: u32,
}

/// Findings of one rule: right, wrong, and missing.
#[derive(Default)]
struct Score {
    right: u32,
    wrong: u32,
    missing: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = std::env::args_os()
        .nth(1)
        .ok_or("name the corpus's folder")?;
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    for pattern in folders(Path::new(&corpus))? {
        for case in folders(&pattern)? {
            judge(&case, &mut scores)?;
        }
    }
    println!("\n{:32} right wrong missing  precision recall", "rule");
    for (rule, score) in scores {
        let share = |of: u32| match of + score.right {
            0 => "–".to_owned(),
            all => format!("{:.0} %", f64::from(score.right) * 100.0 / f64::from(all)),
        };
        let (precision, recall) = (share(score.wrong), share(score.missing));
        println!(
            "{rule:32} {:5} {:5} {:7}  {precision:>9} {recall:>6}",
            score.right, score.wrong, score.missing
        );
    }
    Ok(())
}

fn judge(case: &Path, scores: &mut BTreeMap<&str, Score>) -> Result<(), Box<dyn Error>> {
    let truth: Case = serde_json::from_str(&fs::read_to_string(case.join("case.json"))?)?;
    let mut expected: Vec<(String, String, u32)> = truth
        .findings
        .into_iter()
        .map(|finding| (finding.rule, finding.file, finding.line))
        .collect();
    for path in files(case)? {
        let name = path.strip_prefix(case)?.to_string_lossy().into_owned();
        let source = SourceText::new(name.clone(), fs::read_to_string(&path)?);
        for finding in lint_with(&source, |_| true) {
            let found = (
                finding.rule.to_owned(),
                name.clone(),
                finding.place.extent.line(),
            );
            let score = scores.entry(finding.rule).or_default();
            match expected.iter().position(|expected| *expected == found) {
                Some(at) => {
                    expected.swap_remove(at);
                    score.right += 1;
                }
                None => {
                    score.wrong += 1;
                    println!(
                        "wrong    {} {}:{} {}",
                        case.display(),
                        name,
                        found.2,
                        finding.rule
                    );
                }
            }
        }
    }
    for (rule, file, line) in expected {
        if let Some(rule) = RULES.iter().find(|known| known.id == rule) {
            scores.entry(rule.id).or_default().missing += 1;
            println!("missing  {} {file}:{line} {}", case.display(), rule.id);
        }
    }
    Ok(())
}

fn folders(path: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// All sources below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension != "json" && extension != "md")
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
