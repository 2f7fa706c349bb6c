//! A diagnosis → the text that a person reads in a terminal.

pub(crate) mod frame;
mod memory;
pub(crate) mod page;
mod steps;
mod suspect;

use stanch_diagnosis::{Diagnosis, Load, Target};
use stanch_memory_verdict::VerdictKind;

use crate::advice;
use crate::number::{count, value};
use crate::wording::{self, Tone, plain, sentence, tone};
use page::{Line, Page, Role};

/// Suspects that are shown with all their evidence; the others get a line each.
const SHOWN_WHOLE: usize = 3;
/// Suspects that are shown at all.
const SHOWN: usize = 10;

/// How the text is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextStyle {
    /// Columns of the terminal. Sentences wrap there; names and code lines are cut to fit; patches stay whole.
    pub width: usize,
    /// Whether colours are wanted.
    pub color: Color,
}

/// Whether a text carries colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Color {
    /// No escape sequences at all.
    #[default]
    Never,
    /// ANSI colour sequences, and no others.
    Always,
}

/// The diagnosis as text: the verdict, the questions behind it, the memory's course, then what grows and its remedy.
///
/// Ends with a line end. Nothing from a heap or a source reaches the terminal as a control character.
#[must_use]
pub fn text(diagnosis: &Diagnosis, style: &TextStyle) -> String {
    let mut page = Page::new(*style);
    write_verdict(&mut page, diagnosis);
    steps::write(&mut page, &diagnosis.verdict);
    memory::write(&mut page, &diagnosis.memory);
    match tone(diagnosis.verdict.kind) {
        Tone::Calm => write_calm_suspects(&mut page, diagnosis),
        Tone::Alarm | Tone::Advice | Tone::Open => write_suspects(&mut page, diagnosis),
    }
    write_list(&mut page, "What V8 flags can do", &advice::flags(diagnosis));
    write_list(&mut page, "Notes", &diagnosis.notes);
    write_artifacts(&mut page, diagnosis);
    page.into_text()
}

fn write_verdict(page: &mut Page, diagnosis: &Diagnosis) {
    let kind = diagnosis.verdict.kind;
    let (mark, role) = match tone(kind) {
        Tone::Alarm => ("✗ ", Role::Alarm),
        Tone::Advice => ("! ", Role::Advice),
        Tone::Calm => ("✓ ", Role::Calm),
        Tone::Open => ("? ", Role::Advice),
    };
    let indent = Line::new().with(Role::Plain, "  ");
    let title = Line::new()
        .with(role, &format!("{}.", wording::title(kind)))
        .with(Role::Plain, " ");
    let first = title.prose(Role::Strong, &wording::verdict(diagnosis));
    page.wrapped(&Line::new().with(role, mark), &indent, &first);
    for sentence in wording::consequences(diagnosis) {
        page.wrapped(&indent, &indent, &Line::new().prose(Role::Plain, &sentence));
    }
    let facts = facts(&diagnosis.target, diagnosis.load.as_ref());
    if !facts.is_empty() {
        page.wrapped(
            &indent,
            &indent,
            &Line::new().with(Role::Dim, &facts.join(" · ")),
        );
    }
}

/// What was looked at, in a few words each.
fn facts(target: &Target, load: Option<&Load>) -> Vec<String> {
    let mut facts = Vec::new();
    if !target.command.is_empty() {
        facts.push(plain(&target.command.join(" "), 100));
    }
    facts.extend(target.files.iter().map(|file| plain(file, 100)));
    facts.extend(target.pid.map(|pid| format!("pid {pid}")));
    facts.extend(
        target
            .node
            .as_ref()
            .map(|node| format!("Node {}", plain(node, 20))),
    );
    if !target.isolate.is_empty() && target.isolate != "main" {
        facts.push(format!("worker {}", plain(&target.isolate, 40)));
    }
    if let Some(load) = load {
        let to = match load.urls.as_slice() {
            [] => String::new(),
            [url] => format!(" to {}", plain(url, 80)),
            [url, others @ ..] => format!(" to {} and {} more", plain(url, 80), others.len()),
        };
        let (requests, connections) = (count(load.requests), load.connections);
        let answered = format!("{requests} requests{to} on {connections} connections");
        facts.push(match load.errors {
            0 => answered,
            errors => format!("{answered}, {} failed", count(errors)),
        });
        facts.push(format!(
            "p50 {} ms, p99 {} ms",
            value(load.p50_ms),
            value(load.p99_ms)
        ));
    }
    facts
}

fn write_suspects(page: &mut Page, diagnosis: &Diagnosis) {
    let suspects = &diagnosis.suspects;
    if suspects.is_empty() {
        if matches!(
            diagnosis.verdict.kind,
            VerdictKind::Leak | VerdictKind::BufferLeak
        ) {
            page.heading("What grows");
            page.line(&Line::new().with(Role::Plain, "  No holder could be named."));
        }
        return;
    }
    page.heading("What grows");
    for suspect in suspects.iter().take(SHOWN_WHOLE) {
        page.blank();
        suspect::write(page, suspect);
    }
    page.blank();
    for suspect in suspects.iter().skip(SHOWN_WHOLE).take(SHOWN - SHOWN_WHOLE) {
        suspect::write_headline(page, suspect);
    }
    write_left_out(page, suspects.len());
}

/// What grew a little although nothing leaks: worth a line each, not an alarm.
fn write_calm_suspects(page: &mut Page, diagnosis: &Diagnosis) {
    let suspects = &diagnosis.suspects;
    if suspects.is_empty() {
        return;
    }
    page.heading("Grew during the run, which alone is no leak");
    for suspect in suspects.iter().take(SHOWN_WHOLE) {
        suspect::write_headline(page, suspect);
    }
    if suspects.len() > SHOWN_WHOLE {
        let more = format!("   and {} more", suspects.len() - SHOWN_WHOLE);
        page.line(&Line::new().with(Role::Dim, &more));
    }
}

fn write_left_out(page: &mut Page, suspects: usize) {
    if suspects > SHOWN {
        let more = format!(
            "   and {} more; `--format json` lists them all",
            suspects - SHOWN
        );
        page.line(&Line::new().prose(Role::Dim, &more));
    }
}

fn write_list(page: &mut Page, heading: &str, sentences: &[String]) {
    if sentences.is_empty() {
        return;
    }
    page.heading(heading);
    write_bullets(page, "  ", sentences);
}

/// A sentence per bullet.
fn write_bullets(page: &mut Page, indent: &str, sentences: &[String]) {
    let first = Line::new().with(Role::Dim, &format!("{indent}• "));
    let rest = Line::new().with(Role::Plain, &format!("{indent}  "));
    for text in sentences {
        page.wrapped(
            &first,
            &rest,
            &Line::new().prose(Role::Plain, &sentence(&plain(text, 1_000))),
        );
    }
}

fn write_artifacts(page: &mut Page, diagnosis: &Diagnosis) {
    if diagnosis.artifacts.is_empty() {
        return;
    }
    page.heading("Saved");
    for artifact in &diagnosis.artifacts {
        let path = Line::new().with(Role::Place, &format!("  {}", plain(&artifact.path, 300)));
        page.line(&path.with(Role::Dim, &format!("  {}", artifact.bytes)));
    }
}
