//! `req.socket.on(…)` per request: with keep-alive one socket serves many requests.

use oxc_ast::AstKind;
use oxc_ast::ast::{BindingPattern, CallExpression, Expression};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{bare, literal_text};
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::ends::ends_soon;
use crate::facts::guard::is_guarded;
use crate::facts::listeners::{is_written_function, name_and_rest};
use crate::facts::removal::last_name;
use crate::file::{File, argument, method};
use crate::finding::{Finding, Fix, Label};
use crate::fix::ending::{Ending, ending, taken_off};
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "listener-on-reused-socket",
    pattern: Pattern::UnremovedListener,
    on: On::Always,
    page: "# listener-on-reused-socket

Finds listeners that each request adds to its socket.

## Why it leaks

HTTP keeps connections alive: one socket serves hundreds of requests of one client or proxy. A listener that is added to
`req.socket` for each request stays until the socket closes, and keeps the request and the response of its closure with
it. Behind a load balancer that reuses its connections this is for hours.

## Example

```js
app.get('/report', (req, res) => {
  req.socket.on('close', () => cancel(req.id));
  build(req.id).then((report) => res.send(report));
});
```

## Use instead

The response ends with its request:

```js
app.get('/report', (req, res) => {
  res.on('close', () => cancel(req.id));
  build(req.id).then((report) => res.send(report));
});
```

## How safe the fix is

Unsafe. It keeps the listener on the socket and takes it off when the response is closed, so what it did for the time
after the response is no longer done. `close` of the response also comes when the response was sent as a whole.

## What is not flagged

Listeners that the same function takes off again or adds once, as when it asks a collection or a flag of the socket first;
those on the socket of `upgrade`, `connect` and `connection`, which belongs to one client from then on; and those on the
socket of a request that was made without an agent.

## References

- Node.js, `http.Agent` and `keepAlive`; `response` event `close`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if ends_soon(file) {
        return;
    }
    for (node, call) in file.calls() {
        let Some((object, name)) = method(call) else {
            continue;
        };
        let Some(event) = listened_to(name, call) else {
            continue;
        };
        let Some(exchange) = socket_of(file, object) else {
            continue;
        };
        let Some(function) = file.function_around(*node) else {
            continue;
        };
        // Whose socket it is tells already that there is one of it for each request. A session of HTTP/2 has many streams,
        // whatever one of them carries.
        if is_taken_off(file, function, object, call)
            || is_guarded(file, *node, object)
            || (last_name(file, object) != "session" && is_taken_over(file, *node))
        {
            continue;
        }
        findings.push(Finding {
            rule: RULE.id,
            confidence: Confidence::High,
            message: format!(
                "{event} is added to the socket by every request, and stays as long as the connection is kept alive"
            ),
            growth: Some("per request, for the life of the connection"),
            place: Label::new(
                file.extent(name_and_rest(call)),
                format!("`{exchange}` ends long before its socket"),
            ),
            labels: Vec::new(),
            fixes: fix(file, *node, call).into_iter().collect(),
        });
    }
}

/// The listener goes when its response is closed, or the request that asked for the socket.
fn fix<'a>(file: &File<'_, 'a>, node: NodeId, call: &CallExpression<'a>) -> Option<Fix> {
    let end = client_request(file, method(call)?.0).or_else(|| ending(file, node))?;
    taken_off(file, node, call, &end)
}

/// The request of a client whose listener for `socket` was given this socket.
fn client_request<'a>(file: &File<'_, 'a>, socket: &Expression<'a>) -> Option<Ending> {
    let variable = file.variable(socket)?;
    let scoping = file.parsed.semantic().scoping();
    let declaration = scoping.symbol_declaration(variable);
    matches!(file.kind(declaration), AstKind::FormalParameter(_)).then_some(())?;
    let emitter = socket_of(file, socket)?;
    Some(Ending {
        emitter,
        event: "close",
    })
}

/// What a call adds to its object, in words; none if it adds no listener.
fn listened_to(method: &str, call: &CallExpression<'_>) -> Option<String> {
    match method {
        "on" | "once" | "addListener" | "prependListener" => {
            let event = argument(call, 0).and_then(literal_text);
            Some(event.map_or_else(
                || "A listener".to_owned(),
                |event| format!("A listener for `{event}`"),
            ))
        }
        // With a function it listens to `timeout`.
        "setTimeout" => argument(call, 1).map(|_| "A listener for `timeout`".to_owned()),
        _ => None,
    }
}

/// Names that requests and responses have.
const EXCHANGES: [&str; 9] = [
    "req", "request", "res", "response", "reply", "raw", "incoming", "ctx", "context",
];

/// The request or response whose socket an expression is: `req.socket`, `ctx.socket`, `request.raw.socket`, a variable
/// that was taken from one, or what a client's request hands to its listener for `socket`.
fn socket_of<'a>(file: &File<'_, 'a>, object: &Expression<'a>) -> Option<String> {
    if let Some(member) = object.as_member_expression() {
        let owner = bare(member.object());
        return match member.static_property_name()? {
            "socket" | "connection" => exchange(owner),
            "session" => stream_of_session(file, owner),
            _ => None,
        };
    }
    let variable = file.variable(object)?;
    let declaration = file
        .parsed
        .semantic()
        .scoping()
        .symbol_declaration(variable);
    match file.kind(declaration) {
        AstKind::VariableDeclarator(declarator) => {
            let init = bare(declarator.init.as_ref()?);
            match &declarator.id {
                BindingPattern::BindingIdentifier(_) => {
                    init.as_member_expression()?;
                    socket_of(file, init)
                }
                BindingPattern::ObjectPattern(pattern) => {
                    let takes_socket = pattern.properties.iter().any(|property| {
                        let is_socket = property
                            .key
                            .static_name()
                            .is_some_and(|key| key == "socket");
                        let bound = property.value.get_binding_identifier();
                        is_socket && bound.and_then(|bound| bound.symbol_id.get()) == Some(variable)
                    });
                    takes_socket.then(|| exchange(init)).flatten()
                }
                _ => None,
            }
        }
        AstKind::FormalParameter(parameter) => {
            let function = file.function_around(declaration)?;
            let parameters = file.parsed.parameters(function)?;
            let mut all = parameters.items.iter();
            let position = all.position(|own| own.span == parameter.span)?;
            if file.is_given_a_reused_socket(function, position) {
                return Some("request".to_owned());
            }
            let AstKind::CallExpression(call) = file.kind(file.parent(function)) else {
                return None;
            };
            let (request, name) = method(call)?;
            let is_event = matches!(name, "on" | "once")
                && argument(call, 0).and_then(literal_text) == Some("socket");
            (is_event && !has_a_socket_of_its_own(file, request)).then(|| file.written(request))
        }
        _ => None,
    }
}

/// The stream of HTTP/2 whose session is asked for: what a listener for `stream` is given, or that of a request.
fn stream_of_session<'a>(file: &File<'_, 'a>, owner: &Expression<'a>) -> Option<String> {
    if let Some(member) = owner.as_member_expression() {
        let is_stream = member.static_property_name()? == "stream";
        return is_stream.then(|| exchange(bare(member.object()))).flatten();
    }
    let variable = file.variable(owner)?;
    let scoping = file.parsed.semantic().scoping();
    let declaration = scoping.symbol_declaration(variable);
    let AstKind::FormalParameter(_) = file.kind(declaration) else {
        return None;
    };
    let function = file.function_around(declaration)?;
    let AstKind::CallExpression(call) = file.kind(file.parent(function)) else {
        return None;
    };
    let is_of_server = method(call).is_some_and(|(_, name)| name == "on")
        && argument(call, 0).and_then(literal_text) == Some("stream");
    is_of_server.then(|| file.written(owner))
}

/// Whether the request of a client was made without an agent, so that no other request gets its connection.
fn has_a_socket_of_its_own<'a>(file: &File<'_, 'a>, request: &Expression<'a>) -> bool {
    let made = match request {
        Expression::CallExpression(call) => Some(&**call),
        _ => file.variable(request).and_then(|variable| {
            let scoping = file.parsed.semantic().scoping();
            match file.kind(scoping.symbol_declaration(variable)) {
                AstKind::VariableDeclarator(declarator) => match bare(declarator.init.as_ref()?) {
                    Expression::CallExpression(call) => Some(&**call),
                    _ => None,
                },
                _ => None,
            }
        }),
    };
    let Some(made) = made else {
        return false;
    };
    (0..made.arguments.len()).any(|at| match argument(made, at) {
        Some(Expression::ObjectExpression(options)) => options.properties.iter().any(|property| {
            property.as_property().is_some_and(|property| {
                let is_agent = property
                    .key
                    .static_name()
                    .is_some_and(|name| name == "agent");
                is_agent
                    && matches!(&property.value, Expression::BooleanLiteral(agent) if !agent.value)
            })
        }),
        _ => false,
    })
}

fn exchange(expression: &Expression<'_>) -> Option<String> {
    let name = match expression {
        Expression::Identifier(identifier) => identifier.name.as_str(),
        other => other.as_member_expression()?.static_property_name()?,
    };
    EXCHANGES.contains(&name).then(|| name.to_owned())
}

/// Whether the file takes this listener off the socket, or asks first whether it has one.
fn is_taken_off<'a>(
    file: &File<'_, 'a>,
    function: NodeId,
    socket: &'a Expression<'a>,
    added: &CallExpression<'a>,
) -> bool {
    let within = file.kind(function).span();
    let name = last_name(file, socket);
    let is_socket = |expression: &'a Expression<'a>| last_name(file, expression) == name;
    let handler = argument(added, 1);
    // A function that is written in its place is none that a removal could name.
    let named = handler.filter(|handler| !is_written_function(handler));
    let event = match method(added) {
        Some((_, "setTimeout")) => Some("timeout"),
        _ => argument(added, 0).and_then(literal_text),
    };
    file.calls().iter().any(|(_, call)| {
        let Some((object, method)) = method(call) else {
            return false;
        };
        let is_near = within.contains_inclusive(call.span);
        let is_of_event = match argument(call, 0).and_then(literal_text) {
            Some(theirs) => event.is_none_or(|ours| ours == theirs),
            None => true,
        };
        match method {
            "removeAllListeners" => is_near && is_socket(object) && is_of_event,
            "off" | "removeListener" => {
                let theirs = argument(call, 1).map(|handler| file.written(handler));
                let ours = named.map(|handler| file.written(handler));
                is_socket(object) && is_of_event && theirs.is_some() && theirs == ours
            }
            "listenerCount" | "listeners" => is_near && is_socket(object),
            "has" => is_near && argument(call, 0).is_some_and(is_socket),
            _ => false,
        }
    })
}

/// What the text of a function says that makes the socket its own: it becomes a WebSocket, or carries one answer that never
/// ends.
const TAKES_OVER: [&str; 4] = ["sec-websocket", "text/event-stream", "=== 101", "!== 101"];

/// Whether the functions around a node turn the connection into something else than one of requests.
fn is_taken_over(file: &File<'_, '_>, node: NodeId) -> bool {
    let functions: Vec<NodeId> = std::iter::successors(file.function_around(node), |inner| {
        file.function_around(*inner)
    })
    .collect();
    if functions
        .iter()
        .any(|function| is_told_connections(file, *function))
    {
        return true;
    }
    // A plugin around it has other routes too.
    let handler = functions
        .iter()
        .find(|function| file.is_handler(**function));
    handler.or(functions.last()).is_some_and(|&function| {
        let text = file.slice(file.kind(function).span()).to_ascii_lowercase();
        TAKES_OVER.iter().any(|words| text.contains(words))
    })
}

/// Whether a function is a listener for `connection`, `upgrade` or `connect`: servers hand it a connection, with the request that
/// opened it and that no other follows.
fn is_told_connections(file: &File<'_, '_>, function: NodeId) -> bool {
    let AstKind::CallExpression(call) = file.kind(file.parent(function)) else {
        return false;
    };
    method(call).is_some_and(|(_, name)| matches!(name, "on" | "once" | "addListener"))
        && argument(call, 0)
            .and_then(literal_text)
            .is_some_and(|event| matches!(event, "connection" | "upgrade" | "connect"))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{check, check_fix, check_page};

    #[test]
    fn the_page_holds() {
        check_page(&RULE);
    }

    #[test]
    fn a_socket_outlives_its_requests() {
        check(
            &RULE,
            "http.createServer((req, res) => { req.socket.on('error', () => res.end()); });",
            &[1],
        );
        check(
            &RULE,
            "export default async function live(fastify) {\n  fastify.get('/a', async (request) => {\n    request.raw.socket.on('close', () => request.log.info('gone'));\n  });\n  fastify.get('/b', (request, reply) => { reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }); });\n}",
            &[3],
        );
        check(
            &RULE,
            "fastify.get('/', async (request, reply) => {\n  request.raw.socket.once('timeout', () => reply.send());\n});",
            &[2],
        );
        check(
            &RULE,
            "export const m = async (ctx, next) => { ctx.socket.once('error', f); };",
            &[1],
        );
        check(
            &RULE,
            "const f = (req) => {\n  const { socket } = req.raw;\n  socket.on('drain', g);\n};",
            &[3],
        );
        check(
            &RULE,
            "const f = (req) => { const s = req.socket; s.setTimeout(9, () => req.destroy()); };",
            &[1],
        );
        check(
            &RULE,
            "const r = http.request(o); const f = () => r.on('socket', (s) => { s.on('timeout', g); });",
            &[1],
        );
        check(
            &RULE,
            "server.on('stream', (stream) => { stream.session!.on('goaway', () => stream.end()); });\nconst f = (req) => req.stream.session.on('close', g);",
            &[1, 2],
        );
        check(
            &RULE,
            "const f = (req) => { if (req.seen) return; req.seen = true; req.on('socket', (s) => {\n  s.on('data', () => 1);\n  req.on('abort', () => s.removeListener('data', other));\n}); };",
            &[2],
        );
        check(
            &RULE,
            "function track(req: Req) { req.connection.on('close', () => 1); }\napp.use((req, res, next) => { track(req); next(); });",
            &[1],
        );
    }

    #[test]
    fn the_listener_goes_with_the_response() {
        check_fix(
            &RULE,
            "app.get('/', (req, res) => {\n  req.socket.on('close', () => cancel(req.id));\n  build(res);\n});\n",
            "app.get('/', (req, res) => {\n  const onClose = () => cancel(req.id);\n  req.socket.on('close', onClose);\n  res.once('close', () => req.socket.off('close', onClose));\n  build(res);\n});\n",
        );
        check_fix(
            &RULE,
            "fastify.get('/', async (request, reply) => {\n  request.raw.socket.once('timeout', abort)\n})\n",
            "fastify.get('/', async (request, reply) => {\n  request.raw.socket.once('timeout', abort)\n  reply.raw.once('close', () => request.raw.socket.off('timeout', abort))\n})\n",
        );
        check_fix(
            &RULE,
            "const r = http.request(o); const f = () => r.on('socket', (s) => { s.on('timeout', g); });",
            "const r = http.request(o); const f = () => r.on('socket', (s) => { s.on('timeout', g); r.once('close', () => s.off('timeout', g)); });",
        );
        let without =
            "const f = (req) => { const s = req.socket; s.setTimeout(9, () => req.destroy()); };";
        check_fix(&RULE, without, without);
    }

    #[test]
    fn a_connection_has_one_request() {
        let on = |event: &str| {
            format!(
                "primus.on('{event}', (spark) => {{\n  spark.request.socket.on('drain', () => spark.write(1));\n}});"
            )
        };
        check(&RULE, &on("connection"), &[]);
        check(&RULE, &on("request"), &[2]);
        check(
            &RULE,
            "server.on('upgrade', (req, socket) => { req.socket.on('error', () => socket.destroy()); });",
            &[],
        );
        check(
            &RULE,
            "wss.on('connection', (ws, req) => { req.socket.setTimeout(9, () => ws.close()); });",
            &[],
        );
    }

    #[test]
    fn what_ends_with_the_request_is_silent() {
        check(
            &RULE,
            "app.get('/', (req, res) => { res.on('close', done); req.on('data', f); });",
            &[],
        );
        check(
            &RULE,
            "app.get('/', (req, res) => {\n  const f = () => {};\n  req.socket.on('close', f);\n  res.on('finish', () => req.socket.off('close', f));\n});",
            &[],
        );
        check(
            &RULE,
            "net.createServer((socket) => { socket.on('data', f); });",
            &[],
        );
        check(
            &RULE,
            "const f = (req) => { if (seen.has(req.socket)) return; seen.add(req.socket); req.socket.on('error', g); };",
            &[],
        );
        check(
            &RULE,
            "const f = (req) => {\n  const { socket } = req;\n  let n = counts.get(socket);\n  if (!n) { n = {}; counts.set(socket, n); socket.once('close', () => counts.delete(socket)); }\n};",
            &[],
        );
        check(
            &RULE,
            "const f = (req) => { if (!req.socket.wired) { req.socket.wired = true; req.socket.on('error', g); } };",
            &[],
        );
        check(
            &RULE,
            "req.on('socket', (s) => { if (!(s.connecting || s._connecting)) return; s.once('connect', () => s.setTimeout(9, g)); });",
            &[],
        );
        check(
            &RULE,
            "const f = (req, res) => { res.setHeader('content-type', 'text/event-stream'); req.socket.on('close', g); };",
            &[],
        );
        check(
            &RULE,
            "const f = () => { const r = http.request(u, { agent: false }); r.on('socket', (s) => { s.on('timeout', g); }); };",
            &[],
        );
        check(
            &RULE,
            "server.on('session', (session) => { session.on('goaway', f); });",
            &[],
        );
        check(&RULE, "client.socket.on('message', f);", &[]);
        check(
            &RULE,
            "const f = (req) => req.socket.setTimeout(9000);",
            &[],
        );
    }

    #[test]
    fn functions_that_are_handed_the_socket() {
        let watch = |given: &str| {
            format!(
                "function watch(socket) {{\n  socket.on('drain', log);\n}}\napp.use((req, res, next) => {{ watch({given}); next(); }});"
            )
        };
        check(&RULE, &watch("req.socket"), &[2]);
        check(&RULE, &watch("net.connect(1)"), &[]);
    }
}
