//! The verdict's questions → a tree with an answer, a measured value and its interval on each branch.

use stanch_memory_verdict::{Answer, Step, Verdict};

use super::page::{Line, Page, Role};
use crate::number::measure;
use crate::visible::columns;
use crate::wording::{self, Tone, plain, sentence, tone};

/// Writes the questions in the order they were asked, and what would change the verdict.
pub(super) fn write(page: &mut Page, verdict: &Verdict) {
    if verdict.steps.is_empty() {
        return;
    }
    page.heading("How this was decided");
    let layout = Layout::of(&verdict.steps, page.width());
    for step in &verdict.steps {
        write_step(page, step, &layout);
        // A calm verdict is short: its reasons are all "no".
        if tone(verdict.kind) != Tone::Calm {
            write_reason(page, step);
        }
    }
    let sure = wording::sureness(verdict);
    page.line(&Line::new().with(Role::Dim, "└ ").with(Role::Strong, &sure));
    if !verdict.would_change.is_empty() && tone(verdict.kind) != Tone::Open {
        let first = Line::new().with(Role::Dim, "  What would change it: ");
        let text = plain(&verdict.would_change, 1_000);
        page.wrapped(
            &first,
            &Line::new().with(Role::Plain, "  "),
            &Line::new().prose(Role::Dim, &sentence(&text)),
        );
    }
}

/// Columns of the parts of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Question, answer and value stand in one row.
    Wide {
        question: usize,
        answer: usize,
        value: usize,
    },
    /// Answer and value stand below the question.
    Narrow { answer: usize, value: usize },
}

impl Layout {
    fn of(steps: &[Step], width: usize) -> Self {
        let widest = |of: &dyn Fn(&Step) -> usize| steps.iter().map(of).max().unwrap_or(0);
        let question = widest(&|step| columns(&question(step)));
        let answer = widest(&|step| columns(step.answer.word()));
        let value = widest(&|step| columns(&measure(&step.measure).0));
        let interval = widest(&|step| columns(&measure(&step.measure).1));
        if 2 + question + 2 + answer + 2 + value + 2 + interval <= width {
            Self::Wide {
                question,
                answer,
                value,
            }
        } else {
            Self::Narrow { answer, value }
        }
    }
}

fn write_step(page: &mut Page, step: &Step, layout: &Layout) {
    let branch = Line::new()
        .with(Role::Dim, "├ ")
        .with(Role::Plain, &question(step));
    let (value, interval) = measure(&step.measure);
    let role = match &step.answer {
        Answer::Yes(_) => Role::Strong,
        Answer::No(_) => Role::Plain,
        Answer::CannotTell(_) => Role::Advice,
    };
    match *layout {
        Layout::Wide {
            question,
            answer,
            value: room,
        } => {
            let line = branch
                .padded(2 + question + 2)
                .with(role, step.answer.word());
            let line = line
                .padded(2 + question + 2 + answer + 2)
                .with(Role::Plain, &value);
            page.line(
                &line
                    .padded(2 + question + 2 + answer + 2 + room + 2)
                    .with(Role::Dim, &interval),
            );
        }
        Layout::Narrow {
            answer,
            value: room,
        } => {
            page.line(&branch);
            let line = Line::new()
                .with(Role::Dim, "│   ")
                .with(role, step.answer.word())
                .padded(4 + answer + 2);
            let line = line
                .with(Role::Plain, &value)
                .padded(4 + answer + 2 + room + 2);
            page.line(&line.with(Role::Dim, &interval));
        }
    }
}

fn write_reason(page: &mut Page, step: &Step) {
    let reason = plain(step.answer.detail(), 400);
    if !reason.is_empty() {
        let bar = Line::new().with(Role::Dim, "│   ");
        page.wrapped(&bar, &bar, &Line::new().prose(Role::Dim, &reason));
    }
}

fn question(step: &Step) -> String {
    plain(&step.question, 100)
}
