//! How the rules' own cases are written: a text, and the lines where the rule speaks.

use stanch_js_source::{SourceText, with_parsed};

use crate::finding::Finding;
use crate::rule::Rule;

/// What one rule finds in a text, whether it is on by default or not.
fn found(rule: &Rule, text: &str) -> Vec<Finding> {
    let source = SourceText::new("case.ts", text);
    with_parsed(&source, |parsed| {
        assert_eq!(parsed.problems(), [], "{text}");
        let mut findings = Vec::new();
        (rule.check)(
            &crate::file::File::new(parsed, crate::options::Options::NONE),
            &mut findings,
        );
        findings
    })
}

/// The rule speaks at exactly these lines.
#[track_caller]
pub(crate) fn check(rule: &Rule, text: &str, lines: &[u32]) {
    let found = found(rule, text);
    let mut at: Vec<u32> = found
        .iter()
        .map(|finding| finding.place.extent.line())
        .collect();
    at.sort_unstable();
    assert_eq!(at, lines, "{} in\n{text}\n{found:#?}", rule.id);
}

/// Each snippet of the page's example is found, and none of what to use instead.
#[track_caller]
pub(crate) fn check_page(rule: &Rule) {
    let section = |title: &str| {
        let rest = rule.page.split_once(title).map_or("", |(_, rest)| rest);
        rest.split_once("\n## ")
            .map_or(rest, |(section, _)| section)
    };
    let snippets = |section: &str| -> Vec<String> {
        let parts = section.split("```").skip(1).step_by(2);
        let without_language = |part: &str| part.split_once('\n').map(|(_, code)| code.to_owned());
        parts.filter_map(without_language).collect()
    };
    let examples = snippets(section("## Example"));
    assert!(!examples.is_empty(), "{} has no example", rule.id);
    for example in examples {
        assert_ne!(found(rule, &example), [], "{} in\n{example}", rule.id);
    }
    let better = snippets(section("## Use instead"));
    assert!(!better.is_empty(), "{} says nothing better", rule.id);
    for better in better {
        assert_eq!(found(rule, &better), [], "{} in\n{better}", rule.id);
    }
}
