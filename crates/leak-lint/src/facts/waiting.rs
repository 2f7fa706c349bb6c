//! A listener that waits for one event into whether that may never come, and what settles the wait beside it.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{bare, literal_text};
use stanch_leak_patterns::Confidence;

use crate::facts::fields::is_an_element_of_a_field;
use crate::facts::lifetime::{Life, is_constructor, life_of, returned};
use crate::facts::listeners::{Added, Way};
use crate::facts::platform::{declared_by, is_called};
use crate::facts::settlement::{executor_around, gives_up_waiting, settles};
use crate::file::File;

/// Events that tell of a failure.
const FAILURES: &[&str] = &[
    "error", "abort", "aborted", "timeout", "lost", "failed", "failure", "shutdown", "fatal",
];

/// Whether an event tells of a failure or an end: most who wait for one never hear it.
fn is_rare(event: &str) -> bool {
    FAILURES.contains(&event) || ENDS.contains(&event)
}

/// Whether an event's name has something in it that differs from call to call: `done:${id}`.
pub(crate) fn names_one<'a>(file: &File<'_, 'a>, event: &'a Expression<'a>) -> bool {
    match bare(event) {
        Expression::TemplateLiteral(template) => template
            .expressions
            .iter()
            .any(|part| !matches!(life_of(file, part), Life::Process(_))),
        Expression::BinaryExpression(sum) => {
            names_one(file, &sum.left) || names_one(file, &sum.right) || {
                matches!(bare(&sum.right), Expression::Identifier(_))
                    && matches!(
                        life_of(file, &sum.right),
                        Life::Given { .. } | Life::Call { .. }
                    )
            }
        }
        _ => false,
    }
}

/// Whether an event's name is a value that differs from call to call: the id of what is waited for.
pub(crate) fn is_one<'a>(file: &File<'_, 'a>, event: &'a Expression<'a>) -> bool {
    matches!(
        bare(event),
        Expression::Identifier(_) | Expression::StaticMemberExpression(_)
    ) && matches!(life_of(file, event), Life::Given { .. } | Life::Call { .. })
}

/// Events that an emitter's life ends with.
const ENDS: &[&str] = &[
    "close",
    "end",
    "exit",
    "disconnect",
    "disconnected",
    "disconnecting",
    "destroy",
    "destroyed",
];

/// Whether a listener for the end of its emitter undoes what was done, and not only what would have ended before: it is needed
/// until then.
pub(crate) fn undoes_at_the_end<'a>(file: &File<'_, 'a>, added: &Added<'a>) -> bool {
    let is_end = added
        .event
        .and_then(literal_text)
        .is_some_and(|event| ENDS.contains(&event));
    let Some(handler) = added.handler.filter(|_| is_end) else {
        return false;
    };
    let mut calls = file.calls_within(handler.span()).peekable();
    let is_empty = calls.peek().is_none();
    is_empty || !calls.all(|(_, call)| is_called(call, "clearTimeout"))
}

/// Words in names of events that tell of a failure.
const FAILS: &[&str] = &[
    "fail", "error", "refus", "reject", "cancel", "declin", "expire", "abort", "timeout", "lost",
];

/// Whether the text in an event's name is that of a failure: `payment:failed:${id}`.
fn tells_of_failure<'a>(file: &File<'_, 'a>, event: &'a Expression<'a>) -> bool {
    let Expression::TemplateLiteral(template) = bare(event) else {
        return matches!(bare(event), Expression::BinaryExpression(_))
            && FAILS.iter().any(|word| file.written(event).contains(word));
    };
    template.quasis.iter().any(|part| {
        let text = part.value.raw.to_ascii_lowercase();
        FAILS.iter().any(|word| text.contains(word))
    })
}

/// Whether a function waits for a promise and nothing but it: no race, no list of promises.
fn is_waited_for(file: &File<'_, '_>, added: &Added<'_>) -> bool {
    matches!(
        file.kind(file.parent(added.node)),
        AstKind::AwaitExpression(_)
    )
}

/// Whether a promise that waits for a failure of the instance's emitter is mostly settled by something else, which leaves the
/// listener where it is.
pub(crate) fn waits_beside_another<'a>(
    file: &File<'_, 'a>,
    added: &Added<'a>,
    function: NodeId,
) -> bool {
    let Some(executor) = executor_around(file, added.node) else {
        return false;
    };
    let Some(method) = file.function_around(function) else {
        return false;
    };
    if is_constructor(file, method) || runs_once_by_its_name(file, method) {
        return false;
    }
    if !added.event.and_then(literal_text).is_some_and(is_rare) {
        return false;
    }
    settles(file, executor).iter().any(|settled| {
        let is_in_a_listener = file
            .listeners()
            .added
            .iter()
            .any(|other| other.call.span.contains_inclusive(*settled));
        !is_in_a_listener
    })
}

/// Words that begin the names of methods that an instance's life has once.
const ONCE_IN_A_LIFE: &[&str] = &[
    "connect",
    "open",
    "init",
    "start",
    "listen",
    "setup",
    "ready",
    "close",
    "stop",
    "destroy",
    "end",
    "disconnect",
    "dispose",
    "shutdown",
    "quit",
    "terminate",
    "attach",
    "mount",
    "boot",
    "load",
    "run",
    "wait",
];

pub(crate) fn runs_once_by_its_name(file: &File<'_, '_>, method: NodeId) -> bool {
    let function = file.parsed.function_ref(method);
    function.name.is_none_or(|name| {
        let name = name.trim_start_matches(['_', '#']).to_ascii_lowercase();
        ONCE_IN_A_LIFE.iter().any(|word| name.starts_with(word))
    })
}

/// Whether an emitter is a variable for one of those that a field of the instance holds: `const worker = this.workers[next]`.
pub(crate) fn is_one_of_a_field<'a>(file: &File<'_, 'a>, emitter: &'a Expression<'a>) -> bool {
    match declared_by(file, emitter).map(bare) {
        // `const worker = this.pick()`
        Some(Expression::CallExpression(call)) => {
            returned(file, call).is_some_and(is_an_element_of_a_field)
        }
        declared => declared.is_some_and(is_an_element_of_a_field),
    }
}

/// How sure it is that a listener for one event stays: the event may come, and take it off.
pub(crate) fn unless_it_comes<'a>(
    file: &File<'_, 'a>,
    added: &Added<'a>,
    sure: Confidence,
) -> Option<Confidence> {
    let event = added.event?;
    match literal_text(event) {
        Some(event) if is_rare(event) => Some(sure),
        // Most events of a program do come, and the listener goes with the first.
        Some(_) => None,
        None if (names_one(file, event) || is_one(file, event))
            && gives_up_waiting(file, added) =>
        {
            Some(sure)
        }
        // Most of what is asked for does not fail, and is not heard of under this name.
        None if names_one(file, event) && tells_of_failure(file, event) => Some(sure),
        // Nobody gives up waiting for the answer to one question.
        None if names_one(file, event)
            && added.way == Way::Awaited
            && added.options.is_none()
            && is_waited_for(file, added) =>
        {
            Some(sure)
        }
        None => None,
    }
}
