//! The labelled corpus and all rules → precision and recall by rule, and every disagreement in a line.
//!
//! `cargo run --example precision -- fixtures/corpus`

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use stanch_js_source::SourceText;
use stanch_leak_lint::{FileIndex, Options, Project, RULES, Summary};

/// What is true of a case.
#[derive(Deserialize)]
struct Case {
    findings: Vec<Expected>,
    #[serde(default)]
    also: Vec<Expected>,
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
    let places = |all: &[Expected]| -> Vec<(String, String, u32)> {
        let place = |one: &Expected| (one.rule.clone(), one.file.clone(), one.line);
        all.iter().map(place).collect()
    };
    let (mut expected, also) = (places(&truth.findings), places(&truth.also));
    let mut sources = Vec::new();
    for path in files(case)? {
        let name = path.strip_prefix(case)?.to_string_lossy().into_owned();
        sources.push(SourceText::new(name, fs::read_to_string(&path)?));
    }
    let options = Options::default();
    let summaries = sources.iter();
    let summaries = summaries
        .map(|source| (source.path().to_owned(), Summary::of(source, &options)))
        .collect();
    let project = Project::link(summaries, options, |file, module| {
        resolve(&sources, sources[file.0].path(), module)
    });
    for (index, source) in sources.iter().enumerate() {
        for finding in project.lint(FileIndex(index), source, |_| true) {
            let found = (
                finding.rule.to_owned(),
                source.path().to_owned(),
                finding.place.extent.line(),
            );
            let score = scores.entry(finding.rule).or_default();
            match expected.iter().position(|expected| *expected == found) {
                Some(at) => {
                    expected.swap_remove(at);
                    score.right += 1;
                }
                None if also.contains(&found) => {}
                None => {
                    score.wrong += 1;
                    println!(
                        "wrong    {} {}:{} {}",
                        case.display(),
                        found.1,
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

/// The file of a case that a module names: as written, with an extension, or the index of a folder.
fn resolve(sources: &[SourceText], from: &str, module: &str) -> Option<FileIndex> {
    if !module.starts_with('.') {
        return None;
    }
    let mut path = PathBuf::from(from);
    path.pop();
    for part in module.split('/') {
        match part {
            "." => {}
            ".." => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    let path = path.to_string_lossy();
    let stem = path.rsplit_once('.').map_or(&*path, |(stem, _)| stem);
    let is_it = |own: &str| {
        let own_stem = own.rsplit_once('.').map_or(own, |(stem, _)| stem);
        own == path || own_stem == path || own_stem == stem || own_stem == format!("{path}/index")
    };
    let at = sources.iter().position(|source| is_it(source.path()))?;
    Some(FileIndex(at))
}
