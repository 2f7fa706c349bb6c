//! An object into the functions of it that a server of WebSockets calls for each connection and message.

use oxc_ast::ast::Expression;
use stanch_js_source::{ParsedSource, Value, bare};

/// What servers of WebSockets call of an object: uWebSockets.js and elysia, under `ws`, Bun, under `websocket`, and graphql-ws,
/// which is given it first.
const OF_SOCKETS: &[&str] = &[
    "open",
    "message",
    "close",
    "upgrade",
    "drain",
    "ping",
    "pong",
    "subscription",
    "onConnect",
    "onDisconnect",
    "onSubscribe",
    "onOperation",
    "onNext",
    "onComplete",
];

/// What a server of WebSockets calls of an object, written there or elsewhere.
pub(super) fn of_sockets<'a>(parsed: &ParsedSource<'a>, object: &Expression<'a>) -> Vec<Value> {
    match (bare(object), parsed.value(object)) {
        (Expression::ObjectExpression(literal), _) => {
            let properties = parsed.properties(literal).into_iter();
            properties
                .filter(|(name, _)| OF_SOCKETS.contains(&&**name))
                .map(|(_, value)| value)
                .collect()
        }
        (_, object @ (Value::Variable(_) | Value::Import { .. } | Value::Member(..))) => {
            let names = OF_SOCKETS.iter();
            names
                .map(|name| Value::Member(Box::new(object.clone()), (*name).into()))
                .collect()
        }
        _ => Vec::new(),
    }
}
