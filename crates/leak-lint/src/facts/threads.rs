//! What a function asks of the program's threads → whether an answer is sure to come.

use oxc_ast::ast::{CallExpression, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_js_source::bare;

use crate::facts::listeners::member;
use crate::facts::streams::event_of;
use crate::file::{File, argument, method};

/// Whether a function asks a thread, which answers under the key that it was told: not sure where the program replaces
/// threads that end, and leaves what they were asked. `looked_at` is where the file names what waits for the answers.
pub(crate) fn answers(file: &File<'_, '_>, asking: Span, looked_at: &[(NodeId, Span)]) -> bool {
    let asks = file.calls_within(asking).any(|(node, call)| {
        posts(call)
            // A thread's gives nothing to wait for; that of a service does.
            && !matches!(file.kind(file.parent(*node)), AstKind::AwaitExpression(_))
    });
    asks && !forgets_the_dead(file, looked_at)
}

fn posts(call: &CallExpression<'_>) -> bool {
    member(&call.callee).is_some_and(|(_, name)| name == "postMessage")
}

/// Whether the end of a thread starts another one, and nothing that hears of it looks at those that wait.
fn forgets_the_dead(file: &File<'_, '_>, looked_at: &[(NodeId, Span)]) -> bool {
    let handlers: Vec<NodeId> = file
        .calls()
        .iter()
        .filter(|(node, call)| {
            method(call).is_some_and(|(_, name)| matches!(name, "on" | "once" | "addListener"))
                && matches!(
                    event_of(file, *node, 0),
                    Some("exit" | "error" | "messageerror" | "close")
                )
        })
        .filter_map(|(_, call)| file.callable(argument(call, 1)?))
        .collect();
    let looks = |handler: &NodeId| {
        let runs = runs(file, *handler);
        looked_at.iter().any(|(node, _)| {
            file.function_around(*node)
                .is_some_and(|around| runs.contains(&around))
        })
    };
    let replaces = |handler: &NodeId| {
        let runs = runs(file, *handler);
        file.nodes_of([AstType::NewExpression]).any(|node| {
            starts_a_thread(node.kind())
                && file
                    .function_around(node.id())
                    .is_some_and(|around| runs.contains(&around))
        })
    };
    handlers.iter().any(replaces) && !handlers.iter().any(looks)
}

fn starts_a_thread(kind: AstKind<'_>) -> bool {
    match kind {
        AstKind::NewExpression(new) => match bare(&new.callee) {
            Expression::Identifier(class) => class.name == "Worker",
            callee => member(callee).is_some_and(|(_, name)| name == "Worker"),
        },
        _ => false,
    }
}

/// A function with those of the file that it calls itself.
fn runs(file: &File<'_, '_>, function: NodeId) -> Vec<NodeId> {
    let whole = file.kind(function).span();
    let calls = file.calls_within(whole);
    calls
        .filter_map(|(_, call)| file.parsed.callee_of(&call.callee))
        .chain([function])
        .collect()
}
