//! A suspect → its headline, how it grows, where in the code, why it is kept, and the remedy.

use stanch_diagnosis::{Objects, Remedy, Suspect};
use stanch_leak_patterns::Confidence;

use super::page::{Line, Page, Role};
use super::{frame, write_bullets};
use crate::number::{count, percent};
use crate::visible::columns;
use crate::wording::{self, members_label, plain, sentence};

const INDENT: &str = "   ";
/// Snapshots whose numbers are shown; of more, the first and the last ones.
const SERIES: usize = 6;
/// Classes of newcomers that are shown.
const CLASSES: usize = 5;
/// Steps of a path that are shown; of longer ones, both ends.
const STEPS: usize = 14;
/// Steps after which a path is indented no further.
const DEEPEST: usize = 10;

/// Writes everything about one suspect.
pub(super) fn write(page: &mut Page, suspect: &Suspect) {
    write_headline(page, suspect);
    write_growth(page, suspect);
    frame::write(page, INDENT, suspect);
    write_path(page, &suspect.path);
    write_newcomers(page, &suspect.objects);
    if !suspect.reasons.is_empty() {
        page.blank();
        write_bullets(page, INDENT, &suspect.reasons);
    }
    write_remedy(page, suspect);
}

/// Writes what grows, where, how fast, its pattern and how sure that is.
pub(super) fn write_headline(page: &mut Page, suspect: &Suspect) {
    let pattern = suspect
        .pattern
        .map_or("no single pattern", stanch_leak_patterns::Pattern::id);
    let role = match suspect.confidence {
        Confidence::High => Role::Alarm,
        Confidence::Medium => Role::Advice,
        Confidence::Low => Role::Dim,
    };
    let text = Line::new()
        .prose(Role::Strong, &wording::suspect(suspect))
        .with(Role::Dim, " · ")
        .with(role, pattern)
        .with(Role::Dim, " · ")
        .with(role, &format!("{} confidence", suspect.confidence));
    let number = format!("{}. ", suspect.rank);
    let rest = " ".repeat(number.len());
    page.wrapped(
        &Line::new().with(Role::Strong, &number),
        &Line::new().with(Role::Plain, &rest),
        &text,
    );
}

fn write_growth(page: &mut Page, suspect: &Suspect) {
    let growth = &suspect.growth;
    let counts: Vec<_> = growth.count.iter().map(|number| count(*number)).collect();
    let sizes: Vec<_> = growth.retained.iter().map(ToString::to_string).collect();
    let mut rates = Vec::new();
    rates.extend(growth.per_request.map(|rate| rate.to_string()));
    if growth.share > 0.0 {
        rates.push(format!("{} of all growth", percent(growth.share)));
    }
    if counts.is_empty() && sizes.is_empty() && rates.is_empty() {
        return;
    }
    page.blank();
    let label = members_label(suspect.pattern);
    let room = columns(label).max("keeps".len()) + 3;
    let row = |name: &str, series: &[String]| {
        let line = Line::new()
            .with(Role::Dim, &format!("{INDENT}{name}"))
            .padded(INDENT.len() + room);
        line.with(Role::Plain, &shortened(series).join(" → "))
    };
    if growth.count.iter().any(|number| *number > 0) {
        page.line(&row(label, &counts));
    }
    let kept = row("keeps", &sizes);
    if rates.is_empty() {
        page.line(&kept);
    } else {
        let gap = if sizes.is_empty() { "" } else { "   " };
        page.line(
            &kept
                .with(Role::Plain, gap)
                .with(Role::Strong, &rates.join(", ")),
        );
    }
}

/// A series short enough for a row: its start, `…`, its end.
fn shortened(series: &[String]) -> Vec<String> {
    if series.len() <= SERIES {
        return series.to_vec();
    }
    let (head, tail) = (&series[..2], &series[series.len() - (SERIES - 3)..]);
    [head, &["…".to_owned()], tail].concat()
}

fn write_path(page: &mut Page, path: &[String]) {
    if path.is_empty() {
        return;
    }
    page.blank();
    page.line(&Line::new().with(Role::Dim, &format!("{INDENT}why it is kept")));
    for (depth, step) in shown_steps(path).iter().enumerate() {
        let indent = "  ".repeat(depth.min(DEEPEST).saturating_sub(1));
        let branch = if depth == 0 { "" } else { "└ " };
        let line = Line::new().with(Role::Dim, &format!("{INDENT}  {indent}{branch}"));
        let room = page.width().saturating_sub(line.width()).max(20);
        page.line(&line.with(Role::Plain, &plain(step, room)));
    }
}

fn shown_steps(path: &[String]) -> Vec<String> {
    if path.len() <= STEPS {
        return path.to_vec();
    }
    let (head, tail) = (&path[..STEPS / 2], &path[path.len() - (STEPS / 2 - 1)..]);
    let between = format!("… {} more steps", path.len() - head.len() - tail.len());
    [head, &[between], tail].concat()
}

fn write_newcomers(page: &mut Page, objects: &[Objects]) {
    if objects.is_empty() {
        return;
    }
    page.blank();
    page.line(&Line::new().with(Role::Dim, &format!("{INDENT}newcomers")));
    let shown: Vec<_> = objects
        .iter()
        .take(CLASSES)
        .map(|class| {
            (
                count(class.count),
                plain(&class.class, 48),
                class.bytes.to_string(),
            )
        })
        .collect();
    let widest = |of: fn(&(String, String, String)) -> &str| {
        shown.iter().map(|row| columns(of(row))).max().unwrap_or(0)
    };
    let (numbers, classes) = (widest(|row| &row.0), widest(|row| &row.1));
    for (number, class, bytes) in &shown {
        let line = Line::new().with(
            Role::Plain,
            &format!("{INDENT}  {number:>numbers$} × {class}"),
        );
        page.line(
            &line
                .padded(INDENT.len() + 2 + numbers + 3 + classes + 2)
                .with(Role::Dim, bytes),
        );
    }
    if objects.len() > CLASSES {
        let more = format!("{INDENT}  and {} more classes", objects.len() - CLASSES);
        page.line(&Line::new().with(Role::Dim, &more));
    }
}

fn write_remedy(page: &mut Page, suspect: &Suspect) {
    let Remedy {
        summary,
        advice,
        patch,
    } = &suspect.remedy;
    if !summary.is_empty() {
        page.blank();
        let first = Line::new().with(Role::Calm, &format!("{INDENT}fix  "));
        let rest = Line::new().with(Role::Plain, &format!("{INDENT}     "));
        page.wrapped(
            &first,
            &rest,
            &Line::new().prose(Role::Strong, &sentence(&plain(summary, 600))),
        );
    }
    write_bullets(page, "        ", advice);
    if let Some(pattern) = suspect.pattern {
        let more = format!("{INDENT}     `stanch explain {pattern}` says more.");
        page.line(&Line::new().prose(Role::Dim, &more));
    }
    if let Some(patch) = patch {
        page.blank();
        write_patch(page, patch);
    }
}

fn write_patch(page: &mut Page, patch: &str) {
    for line in patch.lines() {
        let role = match line.as_bytes().first() {
            _ if line.starts_with("+++") || line.starts_with("---") => Role::Strong,
            Some(b'@') => Role::Place,
            Some(b'+') => Role::Added,
            Some(b'-') => Role::Removed,
            _ => Role::Plain,
        };
        page.line(
            &Line::new()
                .with(Role::Plain, INDENT)
                .with(role, &line.replace('\t', "    ")),
        );
    }
}
