//! Fixed files → one patch, which `git apply` and `patch -p1` take.

use similar::TextDiff;
use stanch_lint_project::Outcome;

use crate::text::page::{Line, Page, Role};
use crate::text::{Color, TextStyle};

/// Lines around a change.
const CONTEXT: usize = 3;

/// What the fixes change, as a unified diff. Without colours it is exact to the byte; with them it is for reading.
#[must_use]
pub fn diff(outcome: &Outcome, color: Color) -> String {
    let patch: String = outcome
        .fixed
        .iter()
        .filter(|file| file.before != file.after)
        .map(|file| {
            let diff = TextDiff::from_lines(&file.before, &file.after);
            diff.unified_diff()
                .context_radius(CONTEXT)
                .header(&format!("a/{}", file.file), &format!("b/{}", file.file))
                .to_string()
        })
        .collect();
    match color {
        Color::Never => patch,
        Color::Always => coloured(&patch),
    }
}

fn coloured(patch: &str) -> String {
    let mut page = Page::new(TextStyle {
        width: usize::MAX,
        color: Color::Always,
    });
    for line in patch.lines() {
        let role = match line.as_bytes().first() {
            _ if line.starts_with("+++ ") || line.starts_with("--- ") => Role::Strong,
            Some(b'+') => Role::Added,
            Some(b'-') => Role::Removed,
            Some(b'@') => Role::Place,
            _ => Role::Plain,
        };
        page.line(&Line::new().with(role, &line.replace('\t', "    ")));
    }
    page.into_text()
}
