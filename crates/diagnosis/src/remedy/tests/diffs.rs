//! Whole diffs: headers, context, line ends.

use stanch_leak_patterns::Pattern::{UnboundedCache, UnboundedLog};

use super::Case;

#[track_caller]
fn check(path: &'static str, source: &str, expected: &str) {
    let remedy = Case::new(UnboundedLog, "Array", "log")
        .variable()
        .path(path)
        .remedy(source);
    assert_eq!(remedy.patch.as_deref(), Some(expected));
}

#[test]
fn a_diff_has_three_lines_of_context() {
    check(
        "src/app.js",
        "const log = [];\n\n// a\n// b\nfunction f(x) {\n  «log.push(x)»;\n  g();\n}\n// c\n// d\n",
        "--- a/src/app.js\n+++ b/src/app.js\n@@ -4,6 +4,7 @@\n // b\n function f(x) {\n   log.push(x);\n+  if (log.length > 1_000) log.shift();\n   g();\n }\n // c\n",
    );
}

#[test]
fn carriage_returns_stay() {
    check(
        "app.js",
        "const log = [];\r\nfunction f(x) {\r\n  «log.push(x)»;\r\n}\r\n",
        "--- a/app.js\n+++ b/app.js\n@@ -1,4 +1,5 @@\n const log = [];\r\n function f(x) {\r\n   log.push(x);\r\n+  if (log.length > 1_000) log.shift();\r\n }\r\n",
    );
}

#[test]
fn a_file_that_ends_without_a_line_end_gets_none() {
    check(
        "app.js",
        "const log = [];\nfor (const x of y) {\n  log.at(x);\n}\n«log.push(y)»;",
        "--- a/app.js\n+++ b/app.js\n@@ -2,4 +2,5 @@\n for (const x of y) {\n   log.at(x);\n }\n-log.push(y);\n\\ No newline at end of file\n+log.push(y);\n+if (log.length > 1_000) log.shift();\n\\ No newline at end of file\n",
    );
}

#[test]
fn a_byte_order_mark_stays_in_the_first_line() {
    check(
        "a b.js",
        "\u{feff}const log = [];\nfunction f(x) {\n  «log.push(x)»;\n}\n",
        "--- a/a b.js\t\n+++ b/a b.js\t\n@@ -1,4 +1,5 @@\n \u{feff}const log = [];\n function f(x) {\n   log.push(x);\n+  if (log.length > 1_000) log.shift();\n }\n",
    );
}

#[test]
fn no_pattern_says_why() {
    let mut case = Case::new(UnboundedCache, "Object", "x");
    case.pattern = None;
    case.reason = "the newcomers hang on it in no known way";
    let remedy = case.remedy("");
    assert_eq!(remedy.summary, "The newcomers hang on it in no known way.");
    assert_eq!(remedy.patch, None);
}
