//! The topics against the vocabulary, against each other, and their code against Node.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its subject must fail"
)]

use std::path::Path;
use std::process::Command;

use stanch_leak_patterns::Pattern;
use stanch_report::Color;

use super::{Group, edits, find, render, topics};

#[test]
fn every_pattern_has_a_topic_with_all_its_sections() {
    let sections = [
        "## How it looks in the heap",
        "## Why it leaks",
        "## The fix",
        "## What is not a leak",
        "## How to confirm",
    ];
    for pattern in Pattern::ALL {
        let topic = find(pattern.id()).unwrap();
        assert_eq!(topic.group, Group::Pattern);
        for section in sections {
            assert!(topic.text.contains(section), "{pattern} has no `{section}`");
        }
    }
}

#[test]
fn every_topic_starts_with_its_id_and_a_title() {
    for topic in topics() {
        let start = format!("# {}: {}\n", topic.id, topic.title);
        assert!(topic.text.starts_with(&start), "{}", topic.id);
    }
}

#[test]
fn links_between_topics_lead_somewhere() {
    for topic in topics() {
        let folder = match topic.group {
            Group::Pattern => "patterns",
            Group::Verdict => "verdicts",
            Group::Guide => "guides",
        };
        let folder = explain_folder().join(folder);
        assert!(folder.join(format!("{}.md", topic.id)).exists());
        for rest in topic.text.split("](").skip(1) {
            let target = rest.split(')').next().unwrap();
            let exists = target.contains("://") || folder.join(target).exists();
            assert!(exists, "{} links to {target}", topic.id);
        }
    }
}

#[test]
fn every_file_is_a_topic() {
    let mut files = 0;
    for folder in ["patterns", "verdicts", "guides"] {
        for entry in explain_folder().join(folder).read_dir().unwrap() {
            let path = entry.unwrap().path();
            let id = path.file_stem().unwrap().to_str().unwrap();
            assert!(find(id).is_ok(), "{} is no topic", path.display());
            files += 1;
        }
    }
    assert_eq!(files, topics().count());
}

#[test]
fn code_examples_parse() {
    if Command::new("node").arg("--version").output().is_err() {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "node is missing"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut checked = 0;
    for topic in topics() {
        for (index, rest) in topic.text.split("```js\n").skip(1).enumerate() {
            let file = folder.path().join(format!("{}-{index}.mjs", topic.id));
            std::fs::write(&file, rest.split("```").next().unwrap()).unwrap();
            let output = Command::new("node").arg("--check").arg(&file).output();
            let output = output.unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {said}", topic.id);
            checked += 1;
        }
    }
    // A leaking and a fixed piece of code for each pattern at least.
    assert!(checked >= 2 * Pattern::ALL.len(), "{checked} examples");
}

#[test]
fn topics_fit_a_terminal() {
    let columns = 100;
    for topic in topics() {
        for line in render(topic.text, columns, Color::Never).lines() {
            assert!(line.chars().count() <= columns, "{}: {line}", topic.id);
        }
    }
}

#[test]
fn a_near_miss_finds_its_topic() {
    let check = |word, nearest: Option<&str>| {
        assert_eq!(find(word).unwrap_err().nearest, nearest, "{word}");
    };
    check("cache", Some("unbounded-cache"));
    check("unbounded_cach", Some("unbounded-cache"));
    check("unremoved-listner", Some("unremoved-listener"));
    check("Healty", Some("healthy"));
    check("banana", None);
    check("", None);
}

#[test]
fn an_unknown_topic_says_what_to_type() {
    let check = |word: &str, message| assert_eq!(find(word).unwrap_err().to_string(), message);
    check(
        "weakmp",
        "there is no topic `weakmp`; did you mean `weakmap`?",
    );
    check(
        "banana",
        "there is no topic `banana`; `stanch explain` lists them",
    );
}

#[test]
fn edits_are_counted() {
    let check = |from, to, expected| assert_eq!(edits(from, to), expected, "{from} {to}");
    check("", "abc", 3);
    check("abc", "abc", 0);
    check("abc", "axc", 1);
    check("abc", "bc", 1);
    check("kitten", "sitting", 3);
}

fn explain_folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/explain"))
}
