//! Code into whether it runs when an answer comes: in a listener for messages, or in what only such listeners call.

use oxc_ast::AstKind;
use oxc_ast::ast::CallExpression;
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::literal_text;

use crate::file::{File, argument, method};

/// Whether code runs when a message comes in: a listener for one, or what it calls.
pub(crate) fn is_in_an_answer(file: &File<'_, '_>, node: NodeId) -> bool {
    let Some(function) = file.function_around(node) else {
        return false;
    };
    let calls = file.parsed.calls_of(function);
    if calls.is_empty() {
        return is_message_listener(file, function);
    }
    calls.iter().all(|call| {
        file.function_around(*call)
            .is_some_and(|caller| is_message_listener(file, caller))
    })
}

fn is_message_listener(file: &File<'_, '_>, function: NodeId) -> bool {
    match file.kind(file.parent(function)) {
        AstKind::CallExpression(call) => listens_for_messages(call),
        AstKind::AssignmentExpression(assignment) => {
            file.slice(assignment.left.span()).ends_with(".onmessage")
        }
        // kafkajs
        AstKind::ObjectProperty(property) => property
            .key
            .static_name()
            .is_some_and(|name| matches!(&*name, "eachMessage" | "eachBatch")),
        // `socket.on('message', this.onMessage.bind(this))`
        _ => {
            let mut calls = file.calls().iter().map(|(_, call)| *call);
            calls.any(|call| {
                listens_for_messages(call)
                    && argument(call, 1).and_then(|it| file.function_of(it)) == Some(function)
            })
        }
    }
}

/// Whether a call listens for messages: of a connection, a broker, a worker.
pub(crate) fn listens_for_messages(call: &CallExpression<'_>) -> bool {
    let event = argument(call, 0).and_then(literal_text);
    match method(call) {
        Some((_, "on" | "addEventListener" | "addListener")) => matches!(
            event,
            Some("message" | "data" | "response" | "reply" | "line" | "packet")
        ),
        // Redis, NATS, AMQP
        Some((_, "subscribe" | "pSubscribe" | "consume")) => true,
        _ => false,
    }
}
