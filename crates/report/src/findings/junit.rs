//! Findings → JUnit's XML, a suite for each file, which nearly every CI system shows.

use std::fmt::Write as _;

use stanch_lint_project::Outcome;

use super::row::{Row, rows};
use super::summary;
use crate::visible::is_unsafe;

/// A failed case for each finding, an error for each file that could not be linted; one passed case where all is well.
#[must_use]
pub fn junit(outcome: &Outcome) -> String {
    let rows = rows(outcome);
    let suites: Vec<&[Row<'_>]> = rows.chunk_by(|one, next| one.file == next.file).collect();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let counts = if rows.is_empty() {
        "tests=\"1\" failures=\"0\" errors=\"0\"".to_owned()
    } else {
        counts(&rows)
    };
    // Writing to a String cannot fail.
    let _ = writeln!(xml, "<testsuites name=\"stanch lint\" {counts}>");
    if rows.is_empty() {
        let _ = writeln!(xml, "  <testsuite name=\"stanch lint\" {counts}>");
        let all = escaped(&summary(outcome));
        let _ = writeln!(
            xml,
            "    <testcase classname=\"stanch lint\" name=\"{all}\"/>"
        );
        xml += "  </testsuite>\n";
    }
    for suite in suites {
        write_suite(&mut xml, suite);
    }
    xml += "</testsuites>\n";
    xml
}

fn write_suite(xml: &mut String, rows: &[Row<'_>]) {
    let file = escaped(rows.first().map_or("", |row| row.file));
    let _ = writeln!(xml, "  <testsuite name=\"{file}\" {}>", counts(rows));
    for row in rows {
        let element = if row.finding.is_some() {
            "failure"
        } else {
            "error"
        };
        let (id, message) = (escaped(row.id), escaped(&row.message));
        let line = row.extent.map_or(1, |extent| extent.line());
        let name = format!("{id}, line {line}");
        let _ = writeln!(
            xml,
            "    <testcase classname=\"{file}\" name=\"{name}\" file=\"{file}\" line=\"{line}\">"
        );
        let place = escaped(&row.place());
        let _ = writeln!(
            xml,
            "      <{element} type=\"{id}\" message=\"{message}\">{place}: {message}</{element}>"
        );
        xml.push_str("    </testcase>\n");
    }
    xml.push_str("  </testsuite>\n");
}

fn counts(rows: &[Row<'_>]) -> String {
    let failures = rows.iter().filter(|row| row.finding.is_some()).count();
    let errors = rows.len() - failures;
    format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\"",
        rows.len()
    )
}

/// Text for an element or an attribute. XML has no way to say most control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other if is_unsafe(other) => {
                let _ = write!(escaped, "\\u{{{:x}}}", u32::from(other));
            }
            other => escaped.push(other),
        }
    }
    escaped
}
