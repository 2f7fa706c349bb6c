//! A function into the events that make it run, and whether the end of what they are told of is among them.

use oxc_ast::AstKind;
use oxc_ast::ast::{CallExpression, Expression};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::bare;

use crate::facts::fate::{Fate, call_at, uses, way};
use crate::facts::lifetime::is_exchange;
use crate::facts::listeners::member;
use crate::facts::platform::outside;
use crate::facts::streams::event_of;
use crate::file::{File, method};

/// An event that runs a function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard<'a> {
    /// What tells of it.
    pub(crate) emitter: &'a Expression<'a>,
    pub(crate) event: &'a str,
    /// The call that listens.
    pub(crate) listening: Span,
}

/// Functions that call functions are followed this far.
const DEEPEST: u32 = 4;

/// The events that run a function, if nothing else does; none if something else may.
pub(crate) fn heard_by<'a>(file: &File<'_, 'a>, function: NodeId) -> Option<Vec<Heard<'a>>> {
    through(file, function, DEEPEST)
}

fn through<'a>(file: &File<'_, 'a>, function: NodeId, deeper: u32) -> Option<Vec<Heard<'a>>> {
    let deeper = deeper.checked_sub(1)?;
    let declared = match file.kind(function) {
        AstKind::Function(declared) if declared.is_declaration() => {
            declared.id.as_ref().and_then(|name| name.symbol_id.get())
        }
        _ => None,
    };
    let named = match (declared, way(file, function).fate) {
        (Some(named), _) | (None, Fate::Variable(named)) => named,
        (None, Fate::Given { call, .. }) => return Some(vec![listening(file, call)?]),
        _ => return None,
    };
    let mut heard = Vec::new();
    for (used, way) in uses(file, named) {
        match way.fate {
            Fate::Given { call, .. } if takes_off(file, call) => {}
            Fate::Given { call, .. } => heard.push(listening(file, call)?),
            _ => heard.extend(called_in(file, used, deeper)?),
        }
    }
    Some(heard)
}

/// The events that run the function in which a use of its name calls it.
fn called_in<'a>(file: &File<'_, 'a>, used: NodeId, deeper: u32) -> Option<Vec<Heard<'a>>> {
    let is_callee = matches!(file.kind(file.parent(used)), AstKind::CallExpression(call)
        if call.callee.span() == file.kind(used).span());
    if !is_callee {
        return None;
    }
    through(file, file.function_around(used)?, deeper)
}

fn listening<'a>(file: &File<'_, 'a>, call: NodeId) -> Option<Heard<'a>> {
    let listening = call_at(file, call)?;
    let (emitter, "on" | "once" | "addListener" | "prependListener") = method(listening)? else {
        return None;
    };
    Some(Heard {
        emitter,
        event: event_of(file, call, 0)?,
        listening: listening.span,
    })
}

fn takes_off(file: &File<'_, '_>, call: NodeId) -> bool {
    call_at(file, call)
        .and_then(method)
        .is_some_and(|(_, name)| matches!(name, "off" | "removeListener"))
}

/// Events of which one always comes when a client goes away. `finish` of a response comes only when all of it was sent.
const GOES: &[&str] = &[
    "close",
    "end",
    "aborted",
    "abort",
    "disconnect",
    "disconnecting",
    "cancelled",
];

/// Where something is heard that does not come when the client goes away, if nothing else of all that is heard does: the
/// `finish` or `error` of a response, the `message` of a connection.
pub(crate) fn misses_the_end<'a>(file: &File<'_, 'a>, heard: &[Heard<'a>]) -> Option<Span> {
    let misses = |heard: &Heard<'a>| match client(file, heard.emitter) {
        Some(Client::Exchange) => {
            !GOES.contains(&heard.event) || heard.event == "end" && is_response(heard.emitter)
        }
        // `end` comes when the other side says so, and not when the connection breaks.
        Some(Client::Connection) => !GOES.contains(&heard.event) || heard.event == "end",
        Some(Client::Call) => !GOES.contains(&heard.event) || heard.event == "end",
        Some(Client::Sink) => true,
        None => false,
    };
    let first = heard.first()?;
    heard.iter().all(misses).then_some(first.listening)
}

/// The same for what an upload is written to: a request that is aborted does not come to its end.
pub(crate) fn misses_an_abort<'a>(file: &File<'_, 'a>, heard: &[Heard<'a>]) -> Option<Span> {
    let is_of_request = |heard: &Heard<'a>| {
        heard.event == "end" && matches!(client(file, heard.emitter), Some(Client::Exchange))
    };
    let first = heard.first()?;
    heard
        .iter()
        .all(|one| is_of_request(one) || misses_the_end(file, &[*one]).is_some())
        .then_some(first.listening)
}

/// Through what a client is heard.
enum Client {
    /// A request or a response.
    Exchange,
    /// A call of gRPC that the server alone writes to: what it reads has ended before it begins.
    Call,
    /// A connection that serves until one side leaves.
    Connection,
    /// What a request is piped into: it hears nothing of a client that goes away, and waits for more.
    Sink,
}

/// Whether an emitter is a connection that a server has handed to its handler.
pub(crate) fn is_a_connection<'a>(file: &File<'_, 'a>, emitter: &'a Expression<'a>) -> bool {
    matches!(handed(file, emitter), Some(Client::Connection))
}

/// The client whose leaving an emitter tells of: what a handler is given.
fn client<'a>(file: &File<'_, 'a>, emitter: &'a Expression<'a>) -> Option<Client> {
    if is_a_sink(file, emitter) {
        return Some(Client::Sink);
    }
    handed(file, emitter)
}

/// The client that an emitter is itself.
fn handed<'a>(file: &File<'_, 'a>, emitter: &'a Expression<'a>) -> Option<Client> {
    let given = match member(emitter) {
        Some((of, "raw" | "req" | "res")) => of,
        Some(_) => return None,
        None => bare(emitter),
    };
    let variable = file.variable(given)?;
    let scoping = file.parsed.semantic().scoping();
    let declared = scoping.symbol_declaration(variable);
    if !matches!(file.kind(declared), AstKind::FormalParameter(_)) {
        return None;
    }
    let handler = file
        .nodes()
        .ancestor_ids(declared)
        .find(|around| stanch_js_source::is_function(file.kind(*around)))?;
    if is_of_a_connection(file, handler) {
        return Some(Client::Connection);
    }
    if is_a_call(file, emitter, variable) && file.is_handler(handler) {
        return Some(Client::Call);
    }
    (file.is_handler(handler) && is_exchange(file, emitter)).then_some(Client::Exchange)
}

/// Whether an emitter is the `call` that gRPC gives to a method which answers with a stream.
fn is_a_call<'a>(file: &File<'_, 'a>, emitter: &'a Expression<'a>, variable: SymbolId) -> bool {
    let asked = |name: &str| {
        uses(file, variable)
            .iter()
            .any(|(_, way)| matches!(way.fate, Fate::Asked { method, .. } if method == name))
    };
    let reads = || {
        uses(file, variable).iter().any(|(_, way)| match way.fate {
            Fate::Asked { call, method: "on" } => event_of(file, call, 0) == Some("data"),
            Fate::Iterated => true,
            _ => false,
        })
    };
    matches!(bare(emitter), Expression::Identifier(name) if name.name == "call")
        && asked("write")
        && !reads()
}

/// Whether a request is piped into something: `req.pipe(file)` itself, or `file` after that.
fn is_a_sink<'a>(file: &File<'_, 'a>, emitter: &'a Expression<'a>) -> bool {
    let is_piped = |call: &'a CallExpression<'a>| {
        method(call).is_some_and(|(from, name)| {
            name == "pipe" && matches!(handed(file, from), Some(Client::Exchange))
        })
    };
    match bare(emitter) {
        Expression::CallExpression(call) => is_piped(call),
        named @ Expression::Identifier(_) => {
            let variable = file.variable(named);
            variable.is_some_and(|variable| {
                uses(file, variable).iter().any(|(_, way)| match way.fate {
                    Fate::Given { call, at: 0 } => call_at(file, call).is_some_and(is_piped),
                    _ => false,
                })
            })
        }
        _ => false,
    }
}

/// Whether a name is one of responses, which have no `end` to tell of.
fn is_response(emitter: &Expression<'_>) -> bool {
    let name = match member(emitter) {
        Some((_, name)) => name,
        None => match bare(emitter) {
            Expression::Identifier(name) => name.name.as_str(),
            _ => return false,
        },
    };
    matches!(name, "res" | "response" | "reply" | "_res")
}

/// Whether a function is what a server calls for each connection.
fn is_of_a_connection(file: &File<'_, '_>, function: NodeId) -> bool {
    let Fate::Given { call, .. } = way(file, function).fate else {
        return false;
    };
    let serves = || {
        let callee = call_at(file, call).map(|call| &call.callee);
        let found = callee.and_then(|callee| outside(file, callee));
        found.is_some_and(|found| {
            matches!(found.module.as_str(), "net" | "tls") && found.name == "createServer"
        })
    };
    listening(file, call).is_some_and(|heard| heard.event == "connection") || serves()
}
