//! Comments around one line that leaks: what is left of the findings.

use stanch_js_source::SourceText;
use stanch_leak_lint::lint;

use super::{Said, apply};
use crate::selection::Selection;

const LEAK: &str = "bus.off('a', () => load());";

/// Rules and lines of the findings that are left, `LEAK` standing for the line that leaks.
#[track_caller]
fn check(text: &str, left: &[(&str, u32)]) {
    let source = SourceText::new("a.js", text.replace("LEAK", LEAK));
    let mut findings = lint(&source);
    apply(&source, &mut findings, |_| true, &Selection::default());
    let found: Vec<(&str, u32)> = findings
        .iter()
        .map(|finding| (finding.rule, finding.place.extent.line()))
        .collect();
    assert_eq!(found, left, "{text}");
}

const RULE: &str = "ineffective-listener-removal";

#[test]
fn a_comment_of_its_own_is_about_the_next_line() {
    check("LEAK", &[(RULE, 1)]);
    check(
        "// stanch-ignore ineffective-listener-removal: why\nLEAK",
        &[],
    );
    check(
        "/* stanch-ignore ineffective-listener-removal: why */\nLEAK",
        &[],
    );
    check(
        "/*\n * stanch-ignore ineffective-listener-removal: why\n */\n\n// more\nLEAK",
        &[],
    );
    check(
        "// stanch-ignore ineffective-listener-removal: why\nlet a;\nLEAK",
        &[("unused-suppression", 1), (RULE, 3)],
    );
}

#[test]
fn a_comment_behind_code_is_about_its_line() {
    check(
        "LEAK // stanch-ignore ineffective-listener-removal: why",
        &[],
    );
    check(
        "bus.off('a',\n  () => load()); // stanch-ignore ineffective-listener-removal: why",
        &[],
    );
    check(
        "let a; // stanch-ignore ineffective-listener-removal: why\nLEAK",
        &[("unused-suppression", 1), (RULE, 2)],
    );
}

#[test]
fn a_comment_may_be_about_the_file() {
    check(
        "LEAK\n// stanch-ignore-file ineffective-listener-removal: why\nLEAK",
        &[],
    );
}

#[test]
fn comments_that_say_too_little_or_too_much_are_findings() {
    check(
        "// stanch-ignore ineffective-listener-removal\nLEAK",
        &[("unexplained-suppression", 1)],
    );
    check(
        "// stanch-ignore\nLEAK",
        &[
            ("unexplained-suppression", 1),
            ("unknown-suppression", 1),
            (RULE, 2),
        ],
    );
    check(
        "// stanch-ignore ineffective-listener-remova: why\nLEAK",
        &[("unknown-suppression", 1), (RULE, 2)],
    );
    check(
        "// stanch-ignore ineffective-listener-removal, unguarded-pipe: why\nLEAK",
        &[("unused-suppression", 1)],
    );
    check(
        "const text = 'stanch-ignore nothing'; // stanch-ignored\n",
        &[],
    );
}

#[test]
fn comments_between_tags_are_about_the_next_line() {
    check(
        "const a = <p>\n  {/* stanch-ignore ineffective-listener-removal: why */}\n  {bus.off('a', () => load())}\n</p>;",
        &[],
    );
}

#[test]
fn ids_are_found_where_they_stand() {
    let check = |content: &str, rules: &[(u32, &str)], reason: &str| {
        let said = Said::of(content);
        let said = said.map(|said| (said.rules, said.reason));
        assert_eq!(said, Some((rules.to_vec(), reason)), "{content}");
    };
    check(" stanch-ignore a, b: c: d", &[(15, "a"), (18, "b")], "c: d");
    check("stanch-ignore-file a", &[(19, "a")], "");
    assert!(Said::of(" see stanch-ignore").is_none());
}
