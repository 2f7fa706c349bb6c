//! The labelled corpus and all rules → precision and recall by rule, and every disagreement in a line.
//!
//! `cargo run --example precision -- [--json] fixtures/corpus`; as JSON the numbers go to stdout, and only they.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use stanch_js_source::SourceText;
use stanch_leak_lint::{FileIndex, Finding, On, Options, Project, RULES, Rule, Summary};

/// What is true of a case.
#[derive(Deserialize)]
struct Case {
    confidence: Confidence,
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

/// Rule, file, line.
type Place = (String, String, u32);

/// How sure a reviewer is of a case, or the linter of a finding.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Confidence {
    High,
    Medium,
    Low,
}

/// Findings of one rule: right, wrong, and missing.
#[derive(Default, Serialize)]
struct Score {
    right: u32,
    wrong: u32,
    missing: u32,
}

/// What a rule says by itself, and what it says when it is selected.
#[derive(Serialize)]
struct Scores {
    pattern: &'static str,
    on: &'static str,
    by_default: Score,
    when_selected: Score,
}

/// All rules over all cases.
#[derive(Serialize)]
struct Report {
    leaky: u32,
    silent: u32,
    /// Cases of low confidence, which do not count.
    unsure: u32,
    rules: BTreeMap<&'static str, Scores>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let as_json = arguments.iter().position(|argument| argument == "--json");
    let as_json = as_json.map(|at| arguments.remove(at)).is_some();
    let corpus = arguments.pop().ok_or("name the corpus's folder")?;
    let rules = RULES.iter().map(|rule| (rule.id, Scores::of(rule)));
    let mut report = Report {
        leaky: 0,
        silent: 0,
        unsure: 0,
        rules: rules.collect(),
    };
    for pattern in folders(Path::new(&corpus))? {
        for case in folders(&pattern)? {
            judge(&case, &mut report)?;
        }
    }
    if as_json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

fn print(report: &Report) {
    println!("\n{:32} right wrong missing  precision recall", "rule");
    for (rule, Scores { when_selected, .. }) in &report.rules {
        let Score {
            right,
            wrong,
            missing,
        } = when_selected;
        let share = |of: u32| match of + right {
            0 => "–".to_owned(),
            all => format!("{:.0} %", f64::from(*right) * 100.0 / f64::from(all)),
        };
        let (precision, recall) = (share(*wrong), share(*missing));
        println!("{rule:32} {right:5} {wrong:5} {missing:7}  {precision:>9} {recall:>6}");
    }
}

fn judge(case: &Path, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let truth: Case = serde_json::from_str(&fs::read_to_string(case.join("case.json"))?)?;
    let places = |all: &[Expected]| -> Vec<Place> {
        let place = |one: &Expected| (one.rule.clone(), one.file.clone(), one.line);
        all.iter().map(place).collect()
    };
    let (expected, also) = (places(&truth.findings), places(&truth.also));
    let (all, by_default) = lint(case)?;
    match (truth.confidence, expected.is_empty()) {
        (Confidence::Low, _) => report.unsure += 1,
        (_, true) => report.silent += 1,
        (_, false) => report.leaky += 1,
    }
    for place in all.iter().filter(|place| !also.contains(place)) {
        if !expected.contains(place) {
            eprintln!(
                "wrong    {} {}:{} {}",
                case.display(),
                place.1,
                place.2,
                place.0
            );
        }
    }
    for place in &expected {
        let kind = match (all.contains(place), by_default.contains(place)) {
            (true, true) => continue,
            (true, false) => "selected",
            (false, _) if report.rules.contains_key(&*place.0) => "missing",
            (false, _) => continue,
        };
        eprintln!(
            "{kind:8} {} {}:{} {}",
            case.display(),
            place.1,
            place.2,
            place.0
        );
    }
    if truth.confidence != Confidence::Low {
        for (rule, scores) in &mut report.rules {
            let of_rule = |places: &[Place]| -> Vec<Place> {
                let places = places.iter().filter(|place| place.0 == *rule);
                places.cloned().collect()
            };
            let (expected, also) = (of_rule(&expected), of_rule(&also));
            scores
                .by_default
                .add(of_rule(&by_default), &expected, &also);
            scores.when_selected.add(of_rule(&all), &expected, &also);
        }
    }
    Ok(())
}

impl Scores {
    fn of(rule: &Rule) -> Self {
        Self {
            pattern: rule.pattern.id(),
            on: match rule.on {
                On::Always => "always",
                On::WhenSure => "when-sure",
                On::WhenAsked => "when-asked",
            },
            by_default: Score::default(),
            when_selected: Score::default(),
        }
    }
}

impl Score {
    fn add(&mut self, found: Vec<Place>, expected: &[Place], also: &[Place]) {
        let mut missing = expected.to_vec();
        for place in found {
            if let Some(at) = missing.iter().position(|expected| *expected == place) {
                missing.swap_remove(at);
                self.right += 1;
            } else if !also.contains(&place) {
                self.wrong += 1;
            }
        }
        self.missing += u32::try_from(missing.len()).unwrap_or(u32::MAX);
    }
}

/// What all rules find in a case, its files linked; and what of it is said by default.
fn lint(case: &Path) -> Result<(Vec<Place>, Vec<Place>), Box<dyn Error>> {
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
    let options = Options {
        in_full: RULES.iter().map(|rule| rule.id.to_owned()).collect(),
        ..options
    };
    let project = Project::link(summaries, options, |file, module| {
        resolve(&sources, sources[file.0].path(), module)
    });
    let (mut all, mut by_default) = (Vec::new(), Vec::new());
    for (index, source) in sources.iter().enumerate() {
        for finding in project.lint(FileIndex(index), source, |_| true) {
            let line = finding.place.extent.line();
            let place = (finding.rule.to_owned(), source.path().to_owned(), line);
            if is_default(&finding) {
                by_default.push(place.clone());
            }
            all.push(place);
        }
    }
    Ok((all, by_default))
}

/// Whether the linter says it without being asked.
fn is_default(finding: &Finding) -> bool {
    let rule = RULES.iter().find(|rule| rule.id == finding.rule);
    match rule.map(|rule| rule.on) {
        Some(On::Always) => true,
        Some(On::WhenSure) => finding.confidence == stanch_leak_patterns::Confidence::High,
        Some(On::WhenAsked) | None => false,
    }
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
