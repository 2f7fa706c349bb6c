//! Findings → a line each for coding agents: where, what, and what to do about it.

use stanch_leak_lint::{Finding, Safety};
use stanch_lint_project::{Outcome, page_of};

use super::row::rows;
use super::summary;
use crate::visible::visible;

/// A line for each finding, without decoration, and the summary.
#[must_use]
pub fn agent(outcome: &Outcome) -> String {
    let mut text = String::new();
    for row in rows(outcome) {
        let mut line = format!("{}: {}: {}", row.place(), row.id, row.message);
        if let Some(finding) = row.finding {
            line += &format!(" [{} confidence", finding.confidence);
            if let Some(growth) = finding.growth {
                line += &format!("; grows {growth}");
            }
            line += "]";
            for label in &finding.labels {
                let file = label.file.as_deref().unwrap_or(row.file);
                line += &format!(" See {file}:{}: {}.", label.extent.line(), label.text);
            }
            line += &what_to_do(finding);
        } else {
            line += " DO: mend the file, then lint again.";
        }
        text += &visible(&line);
        text.push('\n');
    }
    text += &summary(outcome);
    text.push('\n');
    text
}

fn what_to_do(finding: &Finding) -> String {
    let explain = match page_of(finding.rule) {
        Some(_) => format!(" WHY: stanch explain {}", finding.rule),
        None => String::new(),
    };
    let Some(fix) = finding.fixes.first() else {
        return format!(" DO: release what is kept, or bound it.{explain}");
    };
    let how = match fix.safety {
        Safety::Safe => "`stanch lint --fix` does it",
        Safety::Unsafe => "`stanch lint --fix --unsafe-fixes` does it; check that behaviour stays",
        Safety::Display => "by hand",
    };
    format!(" DO: {} ({how}).{explain}", fix.title)
}
