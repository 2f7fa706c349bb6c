//! A node into what ends the piece of work that it belongs to, and listeners into ones that are taken off then.

use oxc_ast::AstKind;
use oxc_ast::ast::{BindingIdentifier, CallExpression, Expression, FormalParameters};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{bare, literal_text};

use super::{Change, for_event, is_seen};
use crate::file::{File, argument, method};
use crate::finding::{Fix, Safety};

/// An emitter and the event after which a request or a connection is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    /// Code that stands for the emitter.
    pub(crate) emitter: String,
    /// `close`, or what the library has in its place.
    pub(crate) event: &'static str,
}

/// Names of a request, by which the parameter after it is known for its response.
const REQUESTS: [&str; 5] = ["req", "_req", "request", "_request", "incoming"];
/// Names of a response, with what leads from them to Node's own: express and node:http, fastify.
const RESPONSES: [(&str, &str); 5] = [
    ("res", ""),
    ("_res", ""),
    ("response", ""),
    ("reply", ".raw"),
    ("rep", ".raw"),
];
/// Events whose listener gets a connection first: node:net, ws, node:tls, node:http2, socket.io.
const CONNECTIONS: [&str; 4] = ["connection", "secureConnection", "session", "stream"];

/// What ends the piece of work around a node: its response is closed, or its connection. None where no such variable is
/// seen from there.
pub(crate) fn ending(file: &File<'_, '_>, node: NodeId) -> Option<Ending> {
    let mut around = file.function_around(node);
    while let Some(function) = around {
        let parameters = match file.kind(function) {
            AstKind::Function(function) => &function.params,
            AstKind::ArrowFunctionExpression(arrow) => &arrow.params,
            _ => return None,
        };
        let found = connection(file, node, function, parameters)
            .or_else(|| response(file, node, parameters));
        if found.is_some() {
            return found;
        }
        around = file.function_around(function);
    }
    None
}

/// The response among the parameters of a handler. By its name alone it may as well be one of `fetch`, which is no emitter.
fn response(
    file: &File<'_, '_>,
    node: NodeId,
    parameters: &FormalParameters<'_>,
) -> Option<Ending> {
    let names = parameters.items.iter();
    let names: Vec<_> = names
        .map(|item| item.pattern.get_binding_identifier())
        .collect();
    let is_named = |at: usize, known: &[&str]| {
        let name = names.get(at).copied().flatten();
        name.is_some_and(|name| known.contains(&name.name.as_str()))
    };
    // A handler of errors has the error before both.
    let request = (0..2).find(|at| is_named(*at, &REQUESTS));
    let (parameter, inner) = if let Some(request) = request {
        let response = names.get(request + 1).copied().flatten()?;
        let (_, inner) = RESPONSES.iter().find(|(name, _)| *name == response.name)?;
        (response, *inner)
    } else if is_named(0, &["ctx"]) && (is_named(1, &["next"]) || has_koa(file)) {
        (names.first().copied().flatten()?, ".res")
    } else {
        return None;
    };
    is_at_hand(file, node, parameter).then(|| Ending {
        emitter: format!("{}{inner}", parameter.name),
        event: "close",
    })
}

fn has_koa(file: &File<'_, '_>) -> bool {
    let imports = file.parsed.imports();
    imports.iter().any(|it| {
        it.module == "koa" || it.module.starts_with("koa-") || it.module.starts_with("@koa/")
    })
}

fn connection(
    file: &File<'_, '_>,
    node: NodeId,
    function: NodeId,
    parameters: &FormalParameters<'_>,
) -> Option<Ending> {
    let AstKind::CallExpression(call) = file.kind(file.nodes().parent_id(function)) else {
        return None;
    };
    let (_, name) = method(call)?;
    let event = argument(call, 0).and_then(literal_text)?;
    if !matches!(name, "on" | "addListener") || !CONNECTIONS.contains(&event) {
        return None;
    }
    let parameter = parameters.items.first()?.pattern.get_binding_identifier()?;
    // The sockets of socket.io say `disconnect`, all others `close`.
    let is_socket_io = file
        .parsed
        .imports()
        .iter()
        .any(|import| import.module == "socket.io");
    is_at_hand(file, node, parameter).then(|| Ending {
        emitter: parameter.name.to_string(),
        event: if is_socket_io { "disconnect" } else { "close" },
    })
}

/// Whether a parameter is seen at a node, with its first value.
fn is_at_hand(file: &File<'_, '_>, node: NodeId, parameter: &BindingIdentifier<'_>) -> bool {
    let scoping = file.parsed.semantic().scoping();
    parameter
        .symbol_id
        .get()
        .is_some_and(|symbol| is_seen(file, node, symbol) && !scoping.symbol_is_mutated(symbol))
}

/// The listener that a call adds gets a name, and is taken off when what it belongs to has ended.
pub(crate) fn taken_off<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
    end: &Ending,
) -> Option<Fix> {
    let mut change = Change::of(file);
    let removal = removal(&mut change, node, call)?;
    let Ending { emitter: of, event } = end;
    let closed = change.string(event);
    change.after(node, format!("{of}.once({closed}, () => {removal});"))?;
    let title = format!("Take the listener off when `{of}` is closed");
    change.done(title, Safety::Unsafe)
}

/// The listener that a call adds gets a name, and is taken off when the rest of the block is done or has failed.
pub(crate) fn taken_off_in_the_end<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
) -> Option<Fix> {
    let mut change = Change::of(file);
    let removal = removal(&mut change, node, call)?;
    change.finally(node, &format!("{removal};"))?;
    change.done(
        "Take the listener off when the work is done",
        Safety::Unsafe,
    )
}

/// The call that takes off what another one adds.
fn removal<'a>(
    change: &mut Change<'_, '_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
) -> Option<String> {
    let file = change.file;
    let (emitter, name) = method(call)?;
    let removal = match name {
        "on" | "once" => "off",
        "addListener" | "prependListener" | "prependOnceListener" => "removeListener",
        "addEventListener" => "removeEventListener",
        _ => return None,
    };
    let event = argument(call, 0)?;
    // What is computed may be another value when it is computed again.
    let event_text = match event {
        Expression::Identifier(_) | Expression::StringLiteral(_) => file.slice(event.span()),
        _ => return None,
    };
    let wanted = literal_text(event).map_or_else(|| "listener".to_owned(), for_event);
    let options = match argument(call, 2) {
        None => String::new(),
        Some(options) => format!(", {}", file.slice(options.span())),
    };
    let handler = change.constant(node, argument(call, 1)?, &wanted)?;
    let emitter = file.slice(emitter.span());
    let callee = bare(&call.callee).as_member_expression()?;
    let dot = if callee.optional() { "?." } else { "." };
    Some(format!(
        "{emitter}{dot}{removal}({event_text}, {handler}{options})"
    ))
}

#[cfg(test)]
mod tests {
    use stanch_js_source::{SourceText, with_parsed};

    use super::ending;
    use crate::file::File;
    use crate::options::Options;
    use crate::project::{FileIndex, Project};

    /// What ends the work around the call of `here()`.
    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let source = SourceText::new("a.js", text);
        let project = Project::alone(&source, Options::default());
        let found = with_parsed(&source, |parsed| {
            let file = File::new(parsed, &project, FileIndex(0));
            let mut calls = file.calls().iter();
            let here = calls.find(|(_, call)| file.slice(call.span) == "here()");
            ending(&file, here?.0)
        });
        let found = found.map(|it| format!("{} {}", it.emitter, it.event));
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn responses_of_handlers() {
        check("app.get('/', (req, res) => here());", Some("res close"));
        check(
            "f(async (request, reply) => { xs.map(() => here()); });",
            Some("reply.raw close"),
        );
        check("app.use((e, req, res, next) => here());", Some("res close"));
        check("app.use((ctx, next) => here());", Some("ctx.res close"));
        check(
            "import R from '@koa/router'; r.get('/', (ctx) => here());",
            Some("ctx.res close"),
        );
    }

    #[test]
    fn connections() {
        check(
            "wss.on('connection', (ws, req) => here());",
            Some("ws close"),
        );
        check(
            "import { Server } from 'socket.io'; io.on('connection', (s) => here());",
            Some("s disconnect"),
        );
    }

    #[test]
    fn what_may_be_something_else_ends_nothing() {
        check("fetch(url).then((response) => here());", None);
        check("bot.on('text', (ctx) => here());", None);
        check("f((req, res) => { res = wrap(res); here(); });", None);
        check("f((req, res) => { xs.map((res) => here()); });", None);
    }
}
