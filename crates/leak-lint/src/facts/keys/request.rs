//! Parts of a request into how many values they have.

use oxc_ast::AstKind;
use oxc_ast::ast::{Expression, FormalParameter};
use stanch_js_source::bare;

use super::types::thing_of_type;
use super::words::{Word, word_of};
use super::{Domain, Source, Thing};
use crate::file::File;

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
const INNER: &[&str] = &["req", "res", "request", "response", "raw", "ctx", "context"];

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

/// The names between a request and an expression that is a part of it: none for `req`, `params` and `id` for
/// `req.params.id`. None at all for what is no part of a request.
pub(super) fn path<'a>(file: &File<'_, 'a>, expression: &Expression<'a>) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut at = bare(expression);
    loop {
        if let Some(member) = at.as_member_expression() {
            names.push(member.static_property_name()?.to_owned());
            at = bare(member.object());
            continue;
        }
        // `c.req.query().q`, `new URL(req.url).searchParams`
        match at {
            Expression::CallExpression(call) => {
                at = bare(&call.callee);
            }
            Expression::NewExpression(new) => {
                at = bare(new.arguments.first()?.as_expression()?);
            }
            _ => break,
        }
    }
    names.reverse();
    is_exchange(file, at).then_some(names)
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
        return Some(Domain::Object(Thing::Fresh));
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
            | "nextUrl"
            | "search"
            | "querystring"
            | "sessionID"
            | "user"
            | "session"
            | "payload"
            | "param"
            | "get"
            | "header"
    );
    is_from_outside.then_some(Domain::Unbounded(Source::Request))
}
