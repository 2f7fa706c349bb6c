//! Findings → the text that a person reads in a terminal: what, where with the code around it, and the way out.

use stanch_diagnosis::{CodeFrame, CodeLine};
use stanch_js_source::{Extent, SourceText};
use stanch_leak_lint::{Finding, Safety};
use stanch_leak_patterns::Confidence;
use stanch_lint_project::{Located, Outcome, Problem};

use super::row::sentence;
use super::{counted, summary};
use crate::text::TextStyle;
use crate::text::frame::{Mark, write_frames};
use crate::text::page::{Line, Page, Role};
use crate::wording;

/// Lines of code shown above and below a labelled one.
const AROUND: u32 = 1;
/// What stands before each line of a finding but its first.
const INDENT: &str = "  ";

/// All findings with their code, then what could not be linted, then how many there are.
///
/// Ends with a line end. Nothing from a source reaches the terminal as a control character.
#[must_use]
pub fn text(outcome: &Outcome, style: &TextStyle) -> String {
    let mut page = Page::new(*style);
    for located in &outcome.findings {
        page.blank();
        write_finding(&mut page, located, outcome);
    }
    for problem in &outcome.problems {
        page.blank();
        write_problem(&mut page, problem, outcome);
    }
    page.blank();
    write_summary(&mut page, outcome);
    page.into_text()
}

fn write_finding(page: &mut Page, located: &Located, outcome: &Outcome) {
    let Located { file, finding } = located;
    let role = match finding.confidence {
        Confidence::High => Role::Alarm,
        Confidence::Medium | Confidence::Low => Role::Advice,
    };
    let head = Line::new()
        .with(role, finding.rule)
        .with(Role::Plain, "  ")
        .with(Role::Dim, &format!("{} confidence", finding.confidence));
    page.line(&head);
    let indent = Line::new().with(Role::Plain, INDENT);
    let message = Line::new().prose(Role::Strong, &wording::sentence(&finding.message));
    page.wrapped(&indent, &indent, &message);
    if let Some(growth) = finding.growth {
        write_named(page, "grows", growth);
    }
    let frames = frames(file, finding, outcome);
    let marked = frames.iter().map(|(frame, mark)| (frame, *mark));
    write_frames(page, INDENT, marked);
    write_fixes(page, finding);
}

/// A word, and what it is about, later lines below the first.
fn write_named(page: &mut Page, name: &str, text: &str) {
    let first = Line::new()
        .with(Role::Plain, INDENT)
        .with(Role::Dim, name)
        .with(Role::Plain, "  ");
    let rest = Line::new().padded(first.width());
    page.wrapped(&first, &rest, &Line::new().prose(Role::Plain, text));
}

fn write_fixes(page: &mut Page, finding: &Finding) {
    for fix in &finding.fixes {
        let how = match fix.safety {
            Safety::Safe => "`--fix` does it",
            Safety::Unsafe => "`--fix --unsafe-fixes` does it; look at what it changes",
            Safety::Display => "by hand",
        };
        write_named(page, "fix", &format!("{} ({how}).", fix.title));
    }
    let explain = format!("`stanch explain {}` says more.", finding.rule);
    let indent = Line::new().with(Role::Plain, INDENT);
    let padded = match finding.fixes.is_empty() {
        true => indent,
        false => indent.padded(INDENT.len() + "fix  ".len()),
    };
    page.wrapped(&padded, &padded, &Line::new().prose(Role::Dim, &explain));
}

/// The finding's own place first, then the others.
fn frames(file: &str, finding: &Finding, outcome: &Outcome) -> Vec<(CodeFrame, Mark)> {
    let own = [(&finding.place, Mark::Site)];
    let labels = finding
        .labels
        .iter()
        .map(|label| (label, Mark::Declaration));
    let all = own.into_iter().chain(labels);
    all.filter_map(|(label, mark)| {
        let file = label.file.as_deref().unwrap_or(file);
        let source = outcome.texts.get(file)?;
        Some((frame(file, source, label.extent, &label.text), mark))
    })
    .collect()
}

fn frame(file: &str, source: &SourceText, extent: Extent, text: &str) -> CodeFrame {
    let line = extent.from.line;
    // Of a place with several lines the first is underlined to its end.
    let end = if extent.to.line == line {
        extent.to.column
    } else {
        let text = source.line(line).unwrap_or_default();
        text.encode_utf16().count() as u32
    };
    let numbers = line.saturating_sub(AROUND)..=line + AROUND;
    let lines = numbers.filter_map(|number| {
        Some(CodeLine {
            number: number + 1,
            text: source.line(number)?.to_owned(),
        })
    });
    CodeFrame {
        label: text.to_owned(),
        place: extent.from.place(file),
        width: end.saturating_sub(extent.from.column).max(1),
        lines: lines.collect(),
    }
}

fn write_problem(page: &mut Page, problem: &Problem, outcome: &Outcome) {
    let place = match problem.place {
        Some(extent) => format!("{}:{}:{}", problem.file, extent.line(), extent.column()),
        None => problem.file.to_string(),
    };
    let head = Line::new()
        .with(Role::Alarm, "not linted")
        .with(Role::Plain, "  ")
        .with(Role::Place, &place);
    page.line(&head);
    let indent = Line::new().with(Role::Plain, INDENT);
    let message = Line::new().prose(Role::Strong, &sentence(problem));
    page.wrapped(&indent, &indent, &message);
    if let Some((extent, source)) = problem.place.zip(outcome.texts.get(&problem.file)) {
        let frame = frame(&problem.file, source, extent, "");
        write_frames(page, INDENT, std::iter::once((&frame, Mark::Site)));
    }
}

fn write_summary(page: &mut Page, outcome: &Outcome) {
    let (mark, role) = if !outcome.findings.is_empty() {
        ("✗ ", Role::Alarm)
    } else if !outcome.problems.is_empty() {
        ("! ", Role::Advice)
    } else {
        ("✓ ", Role::Calm)
    };
    page.line(
        &Line::new()
            .with(role, mark)
            .with(Role::Strong, &summary(outcome)),
    );
    for remark in remarks(outcome) {
        let indent = Line::new().with(Role::Plain, INDENT);
        page.wrapped(&indent, &indent, &Line::new().prose(Role::Dim, &remark));
    }
}

/// What else there is to know, a sentence each.
fn remarks(outcome: &Outcome) -> Vec<String> {
    let mut remarks = outcome.remarks.clone();
    let applied: usize = outcome.fixed.iter().map(|file| file.applied.len()).sum();
    if applied > 0 {
        let files = counted(outcome.fixed.len(), "file");
        let fixes = if applied == 1 { "fix" } else { "fixes" };
        remarks.push(format!("{applied} {fixes} applied in {files}."));
    }
    let best = outcome
        .findings
        .iter()
        .filter_map(|located| located.finding.fixes.first());
    let of = |safety| best.clone().filter(|fix| fix.safety == safety).count();
    if of(Safety::Safe) > 0 {
        remarks.push(format!("`--fix` mends {} of them.", of(Safety::Safe)));
    }
    if of(Safety::Unsafe) > 0 {
        let more = of(Safety::Unsafe);
        remarks.push(format!(
            "`--fix --unsafe-fixes` mends {more} of them; look at what it changes."
        ));
    }
    if outcome.suppressed > 0 {
        let findings = counted(outcome.suppressed, "finding");
        remarks.push(format!("{findings} suppressed by comments."));
    }
    if outcome.baselined > 0 {
        let findings = counted(outcome.baselined, "finding");
        remarks.push(format!("{findings} known to the baseline."));
    }
    if outcome.gone > 0 {
        let findings = counted(outcome.gone, "finding");
        remarks.push(format!(
            "The baseline knows {findings} too many; `--prune-baseline` forgets what is gone."
        ));
    }
    if outcome.unchanged > 0 {
        let findings = counted(outcome.unchanged, "finding");
        remarks.push(format!("{findings} on lines that did not change."));
    }
    remarks
}
