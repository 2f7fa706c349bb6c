//! How the rules' own cases are written: a text, and the lines where the rule speaks.

use stanch_js_source::{SourceText, with_parsed};
use stanch_leak_patterns::Confidence;

use crate::file::File;
use crate::finding::{Finding, Safety};
use crate::fix::apply::{edited, fix_text};
use crate::options::Options;
use crate::project::{FileIndex, Project};
use crate::rule::Rule;

/// What one rule finds in a text, whether it is on by default or not.
fn found(rule: &Rule, text: &str) -> Vec<Finding> {
    found_in(rule, &SourceText::new("case.ts", text))
}

fn found_in(rule: &Rule, source: &SourceText) -> Vec<Finding> {
    let project = Project::alone(source, Options::default());
    with_parsed(source, |parsed| {
        assert_eq!(parsed.problems(), [], "{}", source.text());
        let mut findings = Vec::new();
        (rule.check)(&File::new(parsed, &project, FileIndex(0)), &mut findings);
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

/// The rule speaks with high confidence at exactly these lines, whatever else it says.
#[track_caller]
pub(crate) fn check_sure(rule: &Rule, text: &str, lines: &[u32]) {
    let found = found(rule, text);
    let mut at: Vec<u32> = found
        .iter()
        .filter(|finding| finding.confidence == Confidence::High)
        .map(|finding| finding.place.extent.line())
        .collect();
    at.sort_unstable();
    assert_eq!(at, lines, "{} in\n{text}\n{found:#?}", rule.id);
}

/// What is left of a text when every fix of the rule is applied, unsafe ones as well; a second pass changes nothing.
///
/// The text is TypeScript that uses CommonJS where it says `require`; [`check_fix_in`] takes another file name.
#[track_caller]
pub(crate) fn check_fix(rule: &Rule, before: &str, after: &str) {
    check_fix_in("case.ts", rule, before, after);
}

/// The same in a file of that name.
#[track_caller]
pub(crate) fn check_fix_in(path: &str, rule: &Rule, before: &str, after: &str) {
    let fix = |text: &str| {
        let source = SourceText::new(path, text);
        let fixed = fix_text(&source, |source| found_in(rule, source), Safety::Unsafe);
        assert_eq!(fixed.broken, [], "{} in\n{text}", rule.id);
        fixed
    };
    let fixed = fix(before);
    assert_eq!(fixed.text, after, "{} in\n{before}", rule.id);
    let again = fix(&fixed.text);
    assert_eq!(again.applied, [], "a second pass over\n{}", fixed.text);
}

/// How safe the fix of the first finding in a file of that name is; none if it has no fix.
#[track_caller]
pub(crate) fn check_safety(path: &str, rule: &Rule, text: &str, expected: Option<Safety>) {
    let found = found_in(rule, &SourceText::new(path, text));
    let fix = found.first().and_then(|finding| finding.fixes.first());
    assert_eq!(
        fix.map(|fix| fix.safety),
        expected,
        "{} in\n{text}",
        rule.id
    );
}

/// What a text would be with the fix that the first finding of the rule shows, which nobody applies.
#[track_caller]
pub(crate) fn check_shown(rule: &Rule, before: &str, after: &str) {
    let found = found(rule, before);
    let mut fixes = found.iter().flat_map(|finding| &finding.fixes);
    let shown = fixes.find(|fix| fix.safety == Safety::Display);
    let text = shown.map(|fix| edited(before, &fix.edits));
    assert_eq!(text.as_deref(), Some(after), "{} in\n{before}", rule.id);
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

#[cfg(test)]
mod tests {
    use oxc_ast::AstKind;
    use oxc_span::GetSpan;
    use stanch_leak_patterns::{Confidence, Pattern};

    use super::{check, check_fix, check_fix_in, check_shown};
    use crate::file::File;
    use crate::finding::{Finding, Label, Safety};
    use crate::fix::Change;
    use crate::rule::{On, Rule};

    /// Finds `debugger`, which it takes away, and `throw`, which it shows better.
    const RULE: Rule = Rule {
        id: "debugger",
        pattern: Pattern::ClosureCapture,
        on: On::Always,
        page: "",
        check: found,
    };

    fn found(file: &File<'_, '_>, findings: &mut Vec<Finding>) {
        for node in file.nodes().iter() {
            let mut change = Change::of(file);
            let fix = match node.kind() {
                AstKind::DebuggerStatement(_) => change
                    .remove_statement(node.id())
                    .and_then(|()| change.done("Remove it", Safety::Safe)),
                AstKind::ThrowStatement(throw) => {
                    change.replace(throw.argument.span(), "new Error()");
                    change.done("Throw an error", Safety::Display)
                }
                _ => continue,
            };
            findings.push(Finding {
                rule: RULE.id,
                confidence: Confidence::High,
                message: String::new(),
                growth: None,
                place: Label::new(file.extent(node.kind().span()), ""),
                labels: Vec::new(),
                fixes: fix.into_iter().collect(),
            });
        }
    }

    #[test]
    fn cases_are_held_against_the_rule() {
        check(&RULE, "f();\ndebugger;", &[2]);
        check_fix(&RULE, "f();\ndebugger;\n", "f();\n");
        check_fix_in("a.jsx", &RULE, "f(<A />); debugger;", "f(<A />); ");
        check_shown(&RULE, "throw 1;", "throw new Error();");
    }

    #[test]
    #[should_panic(expected = "assertion")]
    fn a_fix_that_does_something_else_fails() {
        check_fix(&RULE, "debugger;", "f();");
    }
}
