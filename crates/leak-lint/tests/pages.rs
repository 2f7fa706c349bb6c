//! The rules' pages against docs/rules/, which is written from them: `cargo xtask docs`.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its subject must fail"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use stanch_leak_lint::{On, RULES, Rule};
use stanch_leak_patterns::Pattern;

/// With this in the environment the pages are written instead of compared.
const WRITE: &str = "STANCH_WRITE_PAGES";

const ABOUT: &str = "# Rules of the linter

What `stanch lint` looks for, by the [pattern](../glossary.md) of the leak. `stanch explain RULE` prints the same pages.
[How right the rules are](../precision.md) is measured.

A rule runs *always*; only *when sure*, saying what it finds with high confidence unless it is selected; or *when
selected*. *Fix* says what `stanch lint --fix` may do with it: *safe* fixes change nothing else and are applied,
*unsafe* ones need `--unsafe-fixes`, what is *shown* is a hint in the report.
";

#[test]
fn the_pages_in_docs_are_those_of_the_rules() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules");
    let wanted = pages();
    if env::var_os(WRITE).is_some() {
        write(&folder, &wanted);
    }
    let there: BTreeMap<String, String> = files(&folder)
        .into_iter()
        .map(|path| (name(&path), fs::read_to_string(&path).unwrap()))
        .collect();
    for (file, page) in &wanted {
        assert!(
            there.get(file) == Some(page),
            "docs/rules/{file} is not what the rules say: run `cargo xtask docs`"
        );
    }
    let extra: Vec<&String> = there
        .keys()
        .filter(|file| !wanted.contains_key(*file))
        .collect();
    assert!(extra.is_empty(), "no rule has these pages: {extra:?}");
}

/// What has to lie in docs/rules, by the file's name.
fn pages() -> BTreeMap<String, String> {
    let mut pages: BTreeMap<String, String> = RULES
        .iter()
        .map(|rule| (format!("{}.md", rule.id), page(rule)))
        .collect();
    pages.insert("README.md".to_owned(), index());
    pages
}

/// A rule's page with what the rule is, below its title.
fn page(rule: &Rule) -> String {
    let (title, body) = rule.page.split_once("\n\n").unwrap();
    let pattern = rule.pattern.id();
    let runs = runs(rule.on);
    format!("{title}\n\nPattern: `{pattern}`. Runs {runs}.\n\n{body}")
}

fn index() -> String {
    let mut text = ABOUT.to_owned();
    for pattern in Pattern::ALL {
        let mut rules: Vec<&Rule> = RULES
            .iter()
            .filter(|rule| rule.pattern == pattern)
            .collect();
        rules.sort_by_key(|rule| rule.id);
        if rules.is_empty() {
            continue;
        }
        text += &format!(
            "\n## {}\n\n| rule | what it finds | runs | fix |\n| --- | --- | --- | --- |\n",
            pattern.id()
        );
        for rule in rules {
            let Rule { id, on, .. } = rule;
            let summary = one_line(rule.summary()).replace('|', "\\|");
            text += &format!(
                "| [{id}]({id}.md) | {summary} | {} | {} |\n",
                runs(*on),
                fix(rule)
            );
        }
    }
    text
}

const fn runs(on: On) -> &'static str {
    match on {
        On::Always => "always",
        On::WhenSure => "when sure",
        On::WhenAsked => "when selected",
    }
}

/// The kinds of fixes that the page speaks of, in its order.
fn fix(rule: &Rule) -> String {
    let (_, rest) = rule.page.split_once("## How safe the fix is").unwrap();
    let section = rest.split("\n## ").next().unwrap().to_lowercase();
    let words: Vec<&str> = section
        .split(|letter: char| !letter.is_alphabetic())
        .collect();
    let mut kinds: Vec<(usize, &str)> = ["safe", "unsafe", "shown"]
        .into_iter()
        .filter_map(|kind| Some((words.iter().position(|word| *word == kind)?, kind)))
        .collect();
    kinds.sort_unstable();
    match kinds.as_slice() {
        [] => "–".to_owned(),
        kinds => {
            let kinds: Vec<&str> = kinds.iter().map(|(_, kind)| *kind).collect();
            kinds.join(", ")
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn write(folder: &Path, pages: &BTreeMap<String, String>) {
    fs::create_dir_all(folder).unwrap();
    for old in files(folder) {
        fs::remove_file(old).unwrap();
    }
    for (file, page) in pages {
        fs::write(folder.join(file), page).unwrap();
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
        Err(_) => Vec::new(),
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}
