//! A client into whether it connects again by itself when it has lost its connection, and says so each time; and the end of one
//! that is not.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use stanch_js_source::{ParsedSource, bare, literal_text};

use crate::facts::platform::{declared_by, outside};
use crate::file::{File, argument, method};

/// What packages export that makes such a client, by their documentation: it emits `connect`, `open` or `ready` for each
/// connection of its life.
const MAKES: &[(&str, &str)] = &[
    ("socket.io-client", ""),
    ("socket.io-client", "io"),
    ("socket.io-client", "connect"),
    ("mqtt", "connect"),
    ("ioredis", ""),
    ("ioredis", "Redis"),
    ("redis", "createClient"),
    ("reconnecting-websocket", ""),
];

/// Of these, the clients whose `subscribe` asks the server, and tells its callback how that went; messages come as events.
const ASKS_ITS_SERVER: &[(&str, &str)] =
    &[("mqtt", "connect"), ("ioredis", ""), ("ioredis", "Redis")];

/// Whether an emitter is a client that its package connects again.
pub(crate) fn reconnects<'a>(file: &File<'_, 'a>, emitter: &Expression<'a>) -> bool {
    is_made_by(file, emitter, MAKES)
}

/// Whether what is given to the `subscribe` of a client is told how the call went, and is no listener.
pub(crate) fn asks_its_server<'a>(file: &File<'_, 'a>, client: &Expression<'a>) -> bool {
    is_made_by(file, client, ASKS_ITS_SERVER)
}

fn is_made_by<'a>(file: &File<'_, 'a>, made: &Expression<'a>, by: &[(&str, &str)]) -> bool {
    let callee = match declared_by(file, made) {
        Some(Expression::CallExpression(call)) => &call.callee,
        Some(Expression::NewExpression(new)) => &new.callee,
        _ => return false,
    };
    outside(file, callee)
        .is_some_and(|found| by.iter().any(|(module, name)| found.is(module, name)))
}

/// Events that tell of the end of a connection: Node's, and those of clients of brokers and databases.
const ENDS: &[&str] = &[
    "close",
    "end",
    "error",
    "exit",
    "disconnect",
    "disconnected",
];

/// Whether a variable is emptied where what it held tells that it has ended: until then all who ask get the same.
pub(crate) fn is_reset_at_the_end(parsed: &ParsedSource<'_>, write: NodeId) -> bool {
    let nodes = parsed.semantic().nodes();
    let is_emptied = match nodes.kind(nodes.parent_id(write)) {
        AstKind::AssignmentExpression(assignment) => bare(&assignment.right).is_null_or_undefined(),
        _ => false,
    };
    let listener = is_emptied.then(|| parsed.function_around(write)).flatten();
    listener.is_some_and(|listener| match nodes.kind(nodes.parent_id(listener)) {
        AstKind::CallExpression(call) => {
            let event = argument(call, 0).and_then(literal_text);
            method(call).is_some_and(|(_, name)| matches!(name, "on" | "once"))
                && event.is_some_and(|event| ENDS.contains(&event))
        }
        _ => false,
    })
}
