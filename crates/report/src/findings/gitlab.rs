//! Findings → the JSON of a code quality report, which GitLab shows in merge requests.

use serde_json::{Value, json};
use stanch_lint_project::Outcome;

use super::row::{Level, Row, rows};
use crate::json::without_hidden_characters;

/// A list with an object for each finding, indented, with a line end.
#[must_use]
pub fn gitlab(outcome: &Outcome) -> String {
    let issues: Vec<Value> = rows(outcome).iter().map(issue).collect();
    without_hidden_characters(format!("{:#}\n", Value::Array(issues)))
}

fn issue(row: &Row<'_>) -> Value {
    let severity = match row.level {
        Level::Error => "critical",
        Level::Warning => "major",
        Level::Note => "minor",
    };
    let line = row.extent.map_or(1, |extent| extent.line());
    let end = row.extent.map_or(1, |extent| extent.to.line + 1);
    json!({
        "description": row.message,
        "check_name": row.id,
        "fingerprint": row.fingerprint,
        "severity": severity,
        "location": { "path": row.file, "lines": { "begin": line, "end": end } },
    })
}
