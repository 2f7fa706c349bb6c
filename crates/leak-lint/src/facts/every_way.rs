//! A place where an entry is taken out into whether it is reached however that ends which the entry stands for.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_js_source::{Release, is_function, literal_text};

use crate::facts::answers::listens_for_messages;
use crate::file::{File, argument, method};

/// Whether a deletion is in a listener for the good end of something whose `error` is heard as well, by what takes nothing out:
/// streams, commands and requests that failed do not end.
pub(crate) fn is_passed_by_an_error(
    file: &File<'_, '_>,
    delete: NodeId,
    deletes: &[&Release],
) -> bool {
    let Some(listening) = file.function_around(delete).map(|it| file.parent(it)) else {
        return false;
    };
    let Some((emitter, "end" | "finish" | "success")) = listened(file, listening) else {
        return false;
    };
    let around = file.function_around(listening);
    let is_its = |other: &Expression<'_>| {
        let (own, other) = (emitter.span(), other.span());
        file.slice(own) == file.slice(other) || own.start == other.start
    };
    let mut others = file.calls().iter().filter(|(node, _)| {
        file.function_around(*node) == around
            && listened(file, *node).is_some_and(|(other, event)| event == "error" && is_its(other))
    });
    others.any(|(_, call)| {
        let handler = argument(call, 1).and_then(|handler| file.callable(handler));
        handler.is_some_and(|handler| {
            let within = file.kind(handler).span();
            // What it calls may take the entry out.
            !deletes
                .iter()
                .any(|release| within.contains_inclusive(file.kind(release.node).span()))
                && !file.calls_within(within).any(|(_, call)| {
                    file.parsed.callee_of(&call.callee).is_some_and(|it| {
                        let called = file.kind(it).span();
                        deletes.iter().any(|release| {
                            called.contains_inclusive(file.kind(release.node).span())
                        })
                    })
                })
        })
    })
}

/// The emitter and the event that a call listens for.
fn listened<'a>(file: &File<'_, 'a>, node: NodeId) -> Option<(&'a Expression<'a>, &'a str)> {
    let AstKind::CallExpression(call) = file.kind(node) else {
        return None;
    };
    let (emitter, "on" | "once" | "addListener") = method(call)? else {
        return None;
    };
    Some((emitter, argument(call, 0).and_then(literal_text)?))
}

/// Whether code runs because something was rejected or thrown.
pub(crate) fn is_in_a_catch(file: &File<'_, '_>, node: NodeId) -> bool {
    file.nodes()
        .ancestor_ids(node)
        .any(|around| match file.kind(around) {
            AstKind::CatchClause(_) => true,
            kind if is_function(kind) => {
                matches!(file.kind(file.parent(around)), AstKind::CallExpression(call)
            if method(call).is_some_and(|(_, name)| name == "catch"))
            }
            _ => false,
        })
}

/// Whether code runs however an operation ends: in a `finally`, in a function that both outcomes run, or when a connection ends.
pub(crate) fn is_on_every_way(file: &File<'_, '_>, node: NodeId, maker: NodeId) -> bool {
    let span = file.kind(node).span();
    file.nodes()
        .ancestor_ids(node)
        // Who calls the function that puts the entry in says nothing of how it goes on.
        .take_while(|around| *around != maker)
        .any(|around| match file.kind(around) {
            AstKind::TryStatement(attempt) => attempt
                .finalizer
                .as_ref()
                .is_some_and(|last| last.span.contains_inclusive(span)),
            AstKind::CatchClause(_) => true,
            kind if is_function(kind) => is_run_at_the_end(file, around, kind.span()),
            _ => false,
        })
}

/// Events with which something ends, whatever came of it.
const ENDS: &[&str] = &[
    "close",
    "error",
    "end",
    "exit",
    "disconnect",
    "finish",
    "aborted",
    "abort",
    "timeout",
    "settled",
    "failed",
    "closed",
    "destroy",
];

fn is_run_at_the_end(file: &File<'_, '_>, function: NodeId, span: Span) -> bool {
    match file.kind(file.parent(function)) {
        AstKind::CallExpression(call) if listens_for_messages(call) => false,
        AstKind::CallExpression(call) => match method(call) {
            Some((_, "finally" | "catch")) => true,
            Some((_, "then")) => call
                .arguments
                .get(1)
                .is_some_and(|second| second.span().contains_inclusive(span)),
            Some((_, "on" | "once" | "addEventListener" | "addListener")) => argument(call, 0)
                .and_then(literal_text)
                .is_some_and(|event| ENDS.contains(&event)),
            // Handed to something that nobody knows.
            Some((_, name)) => !matches!(name, "forEach" | "map" | "then" | "set"),
            None => true,
        },
        // `release = () => …`, `{ [Symbol.dispose]() … }`, and functions with a name: called from who knows where.
        AstKind::ObjectProperty(_) | AstKind::AssignmentExpression(_) => {
            !file.is_handler(function) && !is_exported_member(file, function)
        }
        _ => false,
    }
}

fn is_exported_member(file: &File<'_, '_>, function: NodeId) -> bool {
    let around = file
        .nodes()
        .ancestor_kinds(function)
        .find_map(|kind| match kind {
            AstKind::AssignmentExpression(assignment) => Some(assignment.left.span()),
            _ => None,
        });
    around.is_some_and(|left| {
        let target = file.slice(left);
        target.starts_with("exports.") || target.starts_with("module.exports")
    })
}
