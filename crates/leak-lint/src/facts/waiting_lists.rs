//! A list in which what settles promises waits → the way on which nobody serves it.

use oxc_ast::ast::{CallExpression, ClassElement, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_js_source::bare;

use crate::facts::fate::{Fate, call_at, way};
use crate::facts::listeners::member;
use crate::facts::streams::event_of;
use crate::facts::waiters::{Pending, mentions, outlives};
use crate::file::{File, method};

/// Why a promise may stay pending whose resolver waits in a list.
pub(super) fn in_list<'a>(
    file: &File<'_, 'a>,
    holder: &Expression<'a>,
    node: NodeId,
    push: Span,
) -> Option<Pending> {
    if !outlives(file, holder) {
        return None;
    }
    let name = file.slice(holder.span()).to_owned();
    let others: Vec<(NodeId, Span)> = mentions(file, &name)
        .into_iter()
        .filter(|(_, span)| !push.contains_inclusive(*span))
        .collect();
    if let Some(held) = held_by_failed(file, node, &name, &others) {
        return Some(held);
    }
    if matches!(bare(holder), Expression::Identifier(_)) {
        return after_failure(file, &name, &others);
    }
    unserved(file, node, holder, &others)
        .or_else(|| by_one_event(file, node, &name, &others))
        .or_else(|| after_close(file, &name, node, &others))
}

/// Events and hooks that take back what one event has told, by their names: `lost` after `acquired`.
const TAKES_BACK: &[&str] = &[
    "lost",
    "lose",
    "disconnect",
    "down",
    "demote",
    "revoke",
    "offline",
];

/// The listener of the class for what takes back the event that alone serves the list.
fn by_one_event(
    file: &File<'_, '_>,
    node: NodeId,
    name: &str,
    others: &[(NodeId, Span)],
) -> Option<Pending> {
    let class = file.parsed.class_around(node)?;
    let within = file.kind(class).span();
    let hook = |function: NodeId| {
        let Fate::Given { call, .. } = way(file, function).fate else {
            return None;
        };
        let (_, method) = method(call_at(file, call)?)?;
        method.starts_with("on").then_some(call)
    };
    let serves: Option<Vec<NodeId>> = others
        .iter()
        .filter(|(other, _)| file.function_around(*other).is_some())
        .map(|(other, _)| hook(file.function_around(*other)?))
        .collect();
    let serves = serves.filter(|all| !all.is_empty() && all.iter().all(|one| *one == all[0]))?;
    let back = file.calls().iter().find(|(call, listening)| {
        let names = method(listening).is_some_and(|(_, method)| {
            let event = event_of(file, *call, 0).unwrap_or_default();
            let told = format!("{method} {event}").to_ascii_lowercase();
            method.starts_with("on") && TAKES_BACK.iter().any(|word| told.contains(word))
        });
        names && within.contains_inclusive(listening.span) && !serves.contains(call)
    })?;
    Some(Pending::ByOneEvent(name.to_owned(), back.1.span))
}

/// A list of the instance that nobody but the one who fills it names.
fn unserved<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    holder: &Expression<'a>,
    others: &[(NodeId, Span)],
) -> Option<Pending> {
    let (of, name) = member(holder)?;
    let is_own = matches!(of, Expression::ThisExpression(_));
    let class = file.parsed.class_around(node)?;
    let AstKind::Class(shape) = file.kind(class) else {
        return None;
    };
    let is_seen = others.iter().any(|(other, span)| {
        // Its first value.
        !matches!(file.kind(file.nodes().parent_id(*other)), AstKind::AssignmentExpression(assignment)
            if assignment.left.span() == *span)
    });
    let in_other_files = file
        .uses_of_field(class, name)
        .iter()
        .any(|used| used.file != file.index);
    (is_own && !is_seen && !in_other_files && shape.heritage_expression().is_none())
        .then(|| Pending::Unserved(file.slice(holder.span()).to_owned()))
}

/// Callers that wait, work and then call what serves the list, but not when the work fails.
fn held_by_failed(
    file: &File<'_, '_>,
    node: NodeId,
    name: &str,
    others: &[(NodeId, Span)],
) -> Option<Pending> {
    let maker = file.function_around(node)?;
    let serves = others.iter().any(|(other, _)| {
        file.function_around(*other).is_some_and(|function| {
            let (waited, serving) = (file.site(maker), file.site(function));
            file.project.is_skipped_after(waited, serving)
        })
    });
    serves.then(|| Pending::HeldByFailed(name.to_owned()))
}

/// Names of methods after which an instance is of no use.
const ENDS: &[&str] = &[
    "close",
    "destroy",
    "end",
    "stop",
    "dispose",
    "shutdown",
    "abort",
    "fail",
    "terminate",
    "disconnect",
];

/// The method that ends the instance, if it forgets those that wait.
fn after_close(
    file: &File<'_, '_>,
    name: &str,
    node: NodeId,
    others: &[(NodeId, Span)],
) -> Option<Pending> {
    let class = file
        .nodes()
        .ancestor_ids(node)
        .find_map(|around| match file.kind(around) {
            AstKind::Class(class) => Some(class),
            _ => None,
        })?;
    let mut forgets = None;
    for element in &class.body.body {
        let ClassElement::MethodDefinition(own) = element else {
            continue;
        };
        let Some(method_name) = own.key.static_name() else {
            continue;
        };
        if !ENDS.contains(&&*method_name) {
            continue;
        }
        let looks = |span: Span| {
            let directly = others
                .iter()
                .any(|(_, other)| span.contains_inclusive(*other));
            directly
                || file
                    .calls_within(span)
                    .any(|(_, call)| serves(file, call, others))
        };
        // A gate: its `close` is not the end of it.
        let reopens = class.body.body.iter().any(|element| {
            element
                .static_name()
                .is_some_and(|name| matches!(&*name, "open" | "start" | "resume"))
        });
        // What ends sockets or threads as well is the end of the instance, and those that wait go with it.
        let ends_more = file.calls_within(own.span).next().is_some();
        if looks(own.span) || reopens || ends_more {
            return None;
        }
        forgets = forgets.or(Some(own.key.span()));
    }
    forgets.map(|at| Pending::AfterClose(name.to_owned(), at))
}

/// Whether a call runs a function that deals with the list.
fn serves<'a>(file: &File<'_, 'a>, call: &CallExpression<'a>, others: &[(NodeId, Span)]) -> bool {
    file.parsed.callee_of(&call.callee).is_some_and(|function| {
        let whole = file.kind(function).span();
        others
            .iter()
            .any(|(_, span)| whole.contains_inclusive(*span))
    })
}

/// The `try` whose block alone serves a list after it has waited: what fails before leaves all of them where they are.
fn after_failure(file: &File<'_, '_>, name: &str, others: &[(NodeId, Span)]) -> Option<Pending> {
    let used: Vec<&(NodeId, Span)> = others
        .iter()
        .filter(|(node, _)| file.function_around(*node).is_some())
        .collect();
    let (first, span) = used.first()?;
    let attempt = file
        .nodes()
        .ancestor_ids(*first)
        .find_map(|around| match file.kind(around) {
            AstKind::TryStatement(attempt) if attempt.block.span.contains_inclusive(*span) => {
                Some(attempt)
            }
            _ => None,
        })?;
    let all_within = used
        .iter()
        .all(|(_, span)| attempt.block.span.contains_inclusive(*span));
    let before = Span::new(attempt.block.span.start, span.start);
    let waits = file.nodes_of([AstType::AwaitExpression]).any(|node| {
        matches!(node.kind(), AstKind::AwaitExpression(_))
            && before.contains_inclusive(node.kind().span())
    });
    (all_within && waits).then(|| Pending::AfterFailure(name.to_owned(), *span))
}
