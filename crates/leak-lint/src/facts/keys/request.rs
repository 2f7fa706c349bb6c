//! Parts of a request into how many values they have.

use oxc_ast::AstKind;
use oxc_ast::ast::{Expression, FormalParameter};
use oxc_semantic::SymbolId;
use oxc_span::GetSpan;
use stanch_js_source::{Value, bare};

use super::types::thing_of_type;
use super::words::{Word, word_of};
use super::{Domain, Source, Thing};
use crate::file::File;
use crate::project::Site;

/// Whether a parameter is a request, a response or their context, by its type or else its name.
pub(crate) fn is_exchange_parameter(file: &File<'_, '_>, parameter: &FormalParameter<'_>) -> bool {
    let annotation = parameter.type_annotation.as_ref();
    match annotation.and_then(|written| thing_of_type(file, &written.type_annotation)) {
        Some(thing) => thing == Thing::Exchange,
        None => parameter
            .pattern
            .get_identifier_name()
            .is_some_and(|name| EXCHANGES.contains(&name.as_str())),
    }
}

/// What handlers call a request, a response and their context: express, koa, fastify, hono, h3, Nest, node:http.
const EXCHANGES: &[&str] = &[
    "req", "request", "res", "response", "reply", "ctx", "context", "c", "_req", "_res", "rep",
    "event",
];
/// What they call connections.
const CONNECTIONS: &[&str] = &[
    "socket",
    "ws",
    "conn",
    "connection",
    "client",
    "sock",
    "stream",
];
/// Parts of a request whose values the program knows: methods, routes, protocols.
const FEW: &[&str] = &[
    "method",
    "route",
    "routeOptions",
    "routerPath",
    "routePath",
    "_matchedRoute",
    "matchedRoutes",
    "protocol",
    "httpVersion",
    "secure",
    "statusCode",
    "status",
    "app",
    "server",
    "complete",
    "baseUrl",
    "log",
    "type",
    "routeConfig",
];
/// Parts of a request that are objects, made for it.
const OBJECTS: &[&str] = &[
    "body",
    "params",
    "query",
    "headers",
    "user",
    "session",
    "state",
    "locals",
    "cookies",
    "file",
    "files",
    "payload",
    "auth",
    "data",
    "handshake",
    "signal",
];
/// Parts of a request that are requests, responses or contexts themselves.
const INNER: &[&str] = &[
    "req",
    "res",
    "request",
    "response",
    "raw",
    "ctx",
    "context",
    // NestJS's `ExecutionContext`.
    "switchToHttp",
    "getRequest",
];

/// What a handler's parameter of that name is.
pub(super) fn thing_named(name: &str) -> Option<Thing> {
    if EXCHANGES.contains(&name) && name != "event" && name != "c" {
        Some(Thing::Exchange)
    } else if CONNECTIONS.contains(&name) && name != "client" && name != "stream" {
        Some(Thing::Connection)
    } else {
        None
    }
}

/// Names that mean a request or its context in helpers too, which handlers hand it to.
fn is_always_so(name: &str) -> bool {
    matches!(name, "req" | "request" | "ctx")
}

/// Whether a header of a parameter with the name of a request is read, as nobody does of one that is yet to be sent.
pub(super) fn has_a_header_read(file: &File<'_, '_>, parameter: SymbolId) -> bool {
    let scoping = file.parsed.semantic().scoping();
    if !matches!(scoping.symbol_name(parameter), "req" | "request") {
        return false;
    }
    scoping.get_resolved_references(parameter).any(|used| {
        let headers = file.parent(used.node_id());
        let header = file.parent(headers);
        let span = file.kind(header).span();
        matches!(file.kind(headers), AstKind::StaticMemberExpression(member)
            if member.property.name == "headers")
            && matches!(file.kind(header), AstKind::ComputedMemberExpression(member)
                if member.static_property_name().is_some())
            && !matches!(file.kind(file.parent(header)), AstKind::AssignmentExpression(to)
                if to.left.span() == span)
    })
}

/// Whether an expression is a part of a request or of a message, however few values it may have.
pub(crate) fn is_sent<'a>(file: &File<'_, 'a>, expression: &Expression<'a>) -> bool {
    path(file, expression).is_some_and(|path| !path.is_empty())
}

/// Constants that stand for parts of a request are followed this far.
const DEEPEST: u32 = 6;

/// The names between a request and an expression that is a part of it: none for `req`, `params` and `id` for
/// `req.params.id`. None at all for what is no part of a request.
pub(super) fn path<'a>(file: &File<'_, 'a>, expression: &Expression<'a>) -> Option<Vec<String>> {
    path_through(file, expression, DEEPEST)
}

fn path_through<'a>(
    file: &File<'_, 'a>,
    expression: &Expression<'a>,
    deeper: u32,
) -> Option<Vec<String>> {
    let deeper = deeper.checked_sub(1)?;
    let mut names = Vec::new();
    let mut at = bare(expression);
    loop {
        if let Some(member) = at.as_member_expression() {
            names.push(member.static_property_name()?.to_owned());
            at = bare(member.object());
            continue;
        }
        // `c.req.query().q`, `new URL(req.url).searchParams`, `(await request.json()).name`
        match at {
            Expression::CallExpression(call) => {
                at = bare(&call.callee);
            }
            Expression::NewExpression(new) => {
                at = bare(new.arguments.first()?.as_expression()?);
            }
            Expression::AwaitExpression(awaited) => at = bare(&awaited.argument),
            _ => break,
        }
    }
    names.reverse();
    let mut lead = if is_exchange(file, at) || is_connection(file, at, &names) {
        Vec::new()
    } else {
        lead(file, at).or_else(|| of_constant(file, at, deeper))?
    };
    lead.extend(names);
    Some(lead)
}

/// `socket.handshake.auth` of what a handler of connections is given: socket.io.
fn is_connection<'a>(file: &File<'_, 'a>, root: &Expression<'a>, names: &[String]) -> bool {
    names.first().is_some_and(|first| first == "handshake")
        && file
            .variable(root)
            .and_then(|variable| lead_of(file, variable))
            .is_some_and(|lead| lead.is_empty())
}

/// The names that lead to what a parameter gets that a framework hands a part of a request, or a message.
fn lead<'a>(file: &File<'_, 'a>, root: &Expression<'a>) -> Option<Vec<String>> {
    let names = lead_of(file, file.variable(root)?)?;
    (!names.is_empty()).then_some(names)
}

/// The same for the variable of a parameter; empty for a request itself.
pub(super) fn lead_of(file: &File<'_, '_>, variable: SymbolId) -> Option<Vec<String>> {
    let value = file.parsed.parameter_of_variable(variable)?;
    let mut names = Vec::new();
    let mut at = &value;
    while let Value::Member(of, name) = at {
        names.push(name.to_string());
        at = of;
    }
    let Value::Parameter(start, position) = *at else {
        return None;
    };
    let function = Site {
        file: file.index,
        start,
    };
    let lead = file.project.lead(function, position)?;
    let names = names.into_iter().rev();
    Some(lead.into_iter().map(str::to_owned).chain(names).collect())
}

/// `const { body } = req`, `const request = context.switchToHttp().getRequest()`.
fn of_constant<'a>(file: &File<'_, 'a>, root: &Expression<'a>, deeper: u32) -> Option<Vec<String>> {
    let symbol = file.variable(root)?;
    let scoping = file.parsed.semantic().scoping();
    let AstKind::VariableDeclarator(declarator) = file.kind(scoping.symbol_declaration(symbol))
    else {
        return None;
    };
    let init = declarator.init.as_ref()?;
    if scoping.symbol_is_mutated(symbol) || declarator.type_annotation.is_some() {
        return None;
    }
    let mut lead = path_through(file, init, deeper)?;
    let part = Value::Unknown.taken_by(&declarator.id, scoping.symbol_name(symbol));
    let mut names = Vec::new();
    let mut at = &part;
    while let Value::Member(of, name) = at {
        names.push(name.to_string());
        at = of;
    }
    lead.extend(names.into_iter().rev());
    Some(lead)
}

fn is_exchange<'a>(file: &File<'_, 'a>, root: &Expression<'a>) -> bool {
    let Expression::Identifier(name) = root else {
        return false;
    };
    let Some(symbol) = file.variable(root) else {
        return false;
    };
    let declaration = file.parsed.semantic().scoping().symbol_declaration(symbol);
    let AstKind::FormalParameter(parameter) = file.kind(declaration) else {
        return false;
    };
    if let Some(annotation) = &parameter.type_annotation
        && let Some(thing) = thing_of_type(file, &annotation.type_annotation)
    {
        return thing == Thing::Exchange;
    }
    // What helpers call so that are handed it is it as well.
    EXCHANGES.contains(&name.name.as_str())
        && (is_always_so(&name.name)
            || file
                .function_around(declaration)
                .is_some_and(|function| file.is_hot(function)))
}

/// What the part of a request at the end of these names is; none where they do not say.
pub(super) fn part(names: &[&str]) -> Option<Domain> {
    let mut names = names;
    while let [first, rest @ ..] = names
        && INNER.contains(first)
    {
        names = rest;
        if names.is_empty() {
            return Some(Domain::Object(Thing::Exchange));
        }
    }
    let (first, rest) = names.split_first()?;
    if FEW.contains(first) {
        return Some(Domain::Bounded);
    }
    if *first == "socket" || *first == "connection" {
        return match rest {
            [] => Some(Domain::Object(Thing::Connection)),
            _ => Some(Domain::Unbounded(Source::Address)),
        };
    }
    // A job of a queue is called as its kind, of which the program has a number: bull, bullmq, agenda.
    if let ("message", ["name" | "queueName"]) = (*first, rest) {
        return Some(Domain::Unknown);
    }
    let last = rest.last().unwrap_or(first);
    // `req.body` is an object, and `req.body.query` most likely a text.
    let is_sent = matches!(*first, "body" | "params" | "query" | "headers" | "cookies");
    let is_object = OBJECTS.contains(last) && (!is_sent || rest.is_empty());
    match word_of(last) {
        Some(Word::Few) => return Some(Domain::Unknown),
        Some(Word::Many(source)) if !is_object => return Some(Domain::Unbounded(source)),
        _ => {}
    }
    if is_object {
        let thing = if is_sent { Thing::Sent } else { Thing::Fresh };
        return Some(Domain::Object(thing));
    }
    let is_from_outside = matches!(
        *first,
        "params"
            | "query"
            | "body"
            | "headers"
            | "cookies"
            | "signedCookies"
            | "url"
            | "originalUrl"
            | "path"
            | "ip"
            | "ips"
            | "search"
            | "querystring"
            | "sessionID"
            | "user"
            | "session"
            | "payload"
            | "param"
            | "get"
            | "header"
            | "message"
            | "handshake"
            | "file"
            | "files"
            | "json"
            | "text"
            | "formData"
            | "nextUrl"
    );
    is_from_outside.then_some(Domain::Unbounded(Source::Request))
}
