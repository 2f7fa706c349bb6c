//! Every format of a linter's findings against the stored output, and against what its readers demand.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a checker that meets the unknown must fail the test"
)]

#[path = "../checker/mod.rs"]
mod checker;
mod samples;
mod sarif;
mod schema;

use serde_json::Value;
use stanch_lint_project::Outcome;
use stanch_report::findings::{
    agent, concise, diff, github, gitlab, json, junit, sarif as render_sarif, text,
};
use stanch_report::{Color, TextStyle};

/// The formats that carry no version of ours, each with the extension of its files.
type Format = (&'static str, fn(&Outcome) -> String);

const FORMATS: [Format; 7] = [
    ("text", |outcome| text(outcome, &plain(90))),
    ("concise", concise),
    ("agent", agent),
    ("github", github),
    ("gitlab.json", gitlab),
    ("junit.xml", junit),
    ("diff", |outcome| diff(outcome, Color::Never)),
];

const fn plain(width: usize) -> TextStyle {
    TextStyle {
        width,
        color: Color::Never,
    }
}

#[test]
fn findings_in_every_format() {
    for (name, render) in FORMATS {
        insta::assert_snapshot!(format!("findings.{name}"), render(&samples::findings()));
    }
}

#[test]
fn nothing_found_in_every_format() {
    for (name, render) in FORMATS {
        insta::assert_snapshot!(format!("clean.{name}"), render(&samples::clean()));
    }
}

/// A release must not change the stored output.
fn without_version(text: &str) -> String {
    text.replace(
        &format!("ersion\": \"{}\"", env!("CARGO_PKG_VERSION")),
        "ersion\": \"(this one)\"",
    )
}

#[test]
fn findings_in_json() {
    let text = json(&samples::findings());
    insta::assert_snapshot!("findings.json", without_version(&text));
    let clean: Value = serde_json::from_str(&json(&samples::clean())).expect("JSON");
    assert_eq!(clean["schema"], "stanch.findings/1");
    assert_eq!(clean["files"], 120);
    assert_eq!(clean["findings"], Value::Array(Vec::new()));
}

#[test]
fn findings_in_sarif() {
    let mut log: Value = serde_json::from_str(&render_sarif(&samples::findings())).expect("JSON");
    // The rules' pages have tests of their own and change more often than the format.
    let rules = log["runs"][0]["tool"]["driver"]["rules"].take();
    for result in log["runs"][0]["results"].as_array_mut().expect("results") {
        let at = result["ruleIndex"].take().as_u64().expect("an index") as usize;
        assert_eq!(rules[at]["id"], result["ruleId"]);
    }
    insta::assert_snapshot!("findings.sarif", without_version(&format!("{log:#}")));
}

#[test]
fn nothing_reaches_a_terminal_or_a_log_raw() {
    let is_dangerous = |character: char| {
        character.is_control() && character != '\n'
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}')
    };
    let hostile = samples::hostile();
    let machine: [Format; 2] = [("json", json), ("sarif", render_sarif)];
    for (name, render) in FORMATS.into_iter().chain(machine) {
        // A patch has to be exact to the byte.
        if name != "diff" {
            let found = render(&hostile)
                .char_indices()
                .find(|(_, character)| is_dangerous(*character));
            assert_eq!(found, None, "{name}");
        }
    }
    for width in [1, 33, 500] {
        let report = text(&hostile, &plain(width));
        assert!(!report.contains('\u{1b}'), "{width}");
    }
    assert_eq!(
        github(&hostile).lines().count(),
        2,
        "one command, one summary"
    );
}

#[test]
fn fingerprints_differ_and_last() {
    let prints = |outcome: &Outcome| -> Vec<String> {
        let issues: Value = serde_json::from_str(&gitlab(outcome)).expect("JSON");
        let issues = issues.as_array().expect("a list").iter();
        issues
            .map(|issue| issue["fingerprint"].as_str().expect("a text").to_owned())
            .collect()
    };
    let before = prints(&samples::twice("a();\n", 0));
    assert_eq!(before.len(), 2);
    assert_ne!(before[0], before[1]);
    assert_eq!(prints(&samples::twice("b();\n\na();\n", 6)), before);
}
