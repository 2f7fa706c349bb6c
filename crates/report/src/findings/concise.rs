//! Findings → `file:line:column rule message`, a line each, as compilers have it.

use stanch_lint_project::Outcome;

use super::row::rows;
use super::summary;
use crate::visible::visible;

/// A line for each finding, and the summary.
#[must_use]
pub fn concise(outcome: &Outcome) -> String {
    let mut text = String::new();
    for row in rows(outcome) {
        let line = format!("{} {} {}", row.place(), row.id, row.message);
        text += &visible(&line);
        text.push('\n');
    }
    text += &summary(outcome);
    text.push('\n');
    text
}
