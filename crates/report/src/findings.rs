//! A linter's [`Outcome`](stanch_lint_project::Outcome) → one text per format: for people, for scripts, for CI systems.
//!
//! Every function takes the outcome and returns the whole report. Lines and columns count from 1, columns in UTF-16 units
//! as editors and SARIF have them; a finding's end is the first column after it.

mod agent;
mod concise;
mod diff;
mod github;
mod gitlab;
mod json;
mod junit;
mod row;
mod sarif;
mod schema;
mod text;

pub use agent::agent;
pub use concise::concise;
pub use diff::diff;
pub use github::github;
pub use gitlab::gitlab;
pub use json::json;
pub use junit::junit;
pub use sarif::sarif;
pub use schema::findings_schema;
pub use text::text;

use stanch_leak_lint::Safety;
use stanch_lint_project::Outcome;

use crate::number::count;

/// `1,200 files checked, 3 findings`: how every format for people ends.
#[must_use]
pub fn summary(outcome: &Outcome) -> String {
    let mut text = format!(
        "{} checked, {}",
        counted(outcome.checked, "file"),
        counted(outcome.findings.len(), "finding"),
    );
    if !outcome.problems.is_empty() {
        text += &format!(", {} not linted", counted(outcome.problems.len(), "file"));
    }
    text
}

/// `1 file`, `1,200 files`.
fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number as u64))
}

/// What a fix may change, as reports call it.
const fn safety(safety: Safety) -> &'static str {
    match safety {
        Safety::Safe => "safe",
        Safety::Unsafe => "unsafe",
        Safety::Display => "display-only",
    }
}
