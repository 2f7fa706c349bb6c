//! Sources of the corpus written in another way that means the same: names, parentheses, casts, order, kinds of functions.
//! Every rule finds in them what it found before.

mod corpus;
mod rewriting;

use rewriting::{arrows, casts, functions, order, parentheses, renaming};
use stanch_js_source::{SourceText, syntax_errors};
use stanch_leak_lint::lint_with;

/// Rule and line of each finding; or, where lines move, rule and the line's text.
fn findings(source: &SourceText, by: By) -> Vec<(&'static str, String)> {
    let found = lint_with(source, |_| true);
    let mut found: Vec<(&'static str, String)> = found
        .into_iter()
        .map(|finding| {
            let line = finding.place.extent.line();
            let at = match by {
                By::Line => line.to_string(),
                By::Text => source.line(line - 1).unwrap_or_default().to_owned(),
            };
            (finding.rule, at)
        })
        .collect();
    found.sort();
    found
}

#[derive(Clone, Copy)]
enum By {
    Line,
    Text,
}

/// Holds the findings of all sources that `rewrite` changes, at least `fewest` of them, against those of what they become.
#[track_caller]
fn check(by: By, fewest: usize, rewrite: impl Fn(&SourceText) -> Option<SourceText>) {
    let (mut rewritten, mut different) = (0, Vec::new());
    for (path, text) in corpus::sources() {
        let before = SourceText::new(path.as_str(), text);
        let Some(after) = rewrite(&before) else {
            continue;
        };
        let errors = syntax_errors(&after);
        assert_eq!(errors, [], "{path} was rewritten into\n{}", after.text());
        rewritten += 1;
        let (was, is) = (findings(&before, by), findings(&after, by));
        if was != is {
            different.push(format!(
                "{path}: {was:?} became {is:?} in\n{}",
                after.text()
            ));
        }
    }
    assert!(rewritten >= fewest, "{rewritten} sources were rewritten");
    assert!(
        different.is_empty(),
        "{} of {rewritten}:\n{}",
        different.len(),
        different.join("\n")
    );
}

#[test]
fn names_do_not_matter() {
    check(By::Line, 300, renaming::renamed);
}

#[test]
fn parentheses_do_not_matter() {
    check(By::Line, 300, parentheses::parenthesised);
}

#[test]
fn casts_do_not_matter() {
    check(By::Line, 300, casts::cast);
}

#[test]
fn the_order_of_functions_does_not_matter() {
    check(By::Text, 30, order::functions_last);
}

#[test]
fn arrow_functions_are_functions() {
    check(By::Line, 300, functions::without_arrows);
}

#[test]
fn functions_are_arrow_functions() {
    check(By::Line, 20, arrows::without_function_expressions);
}
