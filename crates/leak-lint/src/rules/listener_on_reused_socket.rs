//! `req.socket.on(…)` per request: with keep-alive one socket serves many requests.

use oxc_ast::ast::Expression;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::file::{File, argument, bare, method, text};
use crate::finding::{Finding, Label};
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

There is no automatic fix: `close` of the response also comes when the response was sent as a whole.

## What is not flagged

Listeners that the same function takes off again, and those on the socket of `upgrade` and `connect`, which belongs to one
client from then on.

## References

- Node.js, `http.Agent` and `keepAlive`; `response` event `close`
",
    check,
};

fn check(file: &File<'_, '_>, findings: &mut Vec<Finding>) {
    for (node, call) in file.calls() {
        let Some((object, "on" | "once" | "addListener" | "prependListener")) = method(call) else {
            continue;
        };
        let Some(exchange) = socket_of(object) else {
            continue;
        };
        let Some(function) = file.function_around(*node) else {
            continue;
        };
        let event = argument(call, 0).and_then(text);
        if is_taken_off(file, function, &file.written(object))
            || file.hot().at(file, *node).is_none()
        {
            continue;
        }
        let what = event.map_or_else(
            || "A listener".to_owned(),
            |event| format!("A listener for `{event}`"),
        );
        findings.push(Finding {
            rule: RULE.id,
            confidence: Confidence::High,
            message: format!(
                "{what} is added to the socket by every request, and stays as long as the connection is kept alive"
            ),
            growth: Some("per request, for the life of the connection"),
            place: Label::new(
                file.extent(call.span),
                format!("`{exchange}` ends long before its socket"),
            ),
            labels: Vec::new(),
            fixes: Vec::new(),
        });
    }
}

/// The request or response of `req.socket`, `res.connection`, `ctx.req.socket`, `request.raw.socket`.
fn socket_of<'b>(object: &'b Expression<'_>) -> Option<&'b str> {
    let member = object.as_member_expression()?;
    if !matches!(member.static_property_name()?, "socket" | "connection") {
        return None;
    }
    let owner = match bare(member.object()) {
        Expression::Identifier(identifier) => identifier.name.as_str(),
        other => other.as_member_expression()?.static_property_name()?,
    };
    const EXCHANGES: [&str; 7] = [
        "req", "request", "res", "response", "reply", "raw", "incoming",
    ];
    EXCHANGES.contains(&owner).then_some(owner)
}

/// Whether the function, or one inside it, removes a listener from the same socket.
fn is_taken_off(file: &File<'_, '_>, function: oxc_semantic::NodeId, socket: &str) -> bool {
    let range = file.nodes().get_node(function).kind();
    let span = oxc_span::GetSpan::span(&range);
    file.calls().iter().any(|(_, call)| {
        span.contains_inclusive(call.span)
            && method(call).is_some_and(|(object, name)| {
                matches!(name, "off" | "removeListener" | "removeAllListeners")
                    && file.written(object) == socket
            })
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{check, check_page};

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
            "fastify.get('/', async (request, reply) => {\n  request.raw.socket.once('timeout', () => reply.send());\n});",
            &[2],
        );
        check(
            &RULE,
            "function track(req: Req) { req.connection.on('close', () => 1); }\napp.use((req, res, next) => { track(req); next(); });",
            &[1],
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
        check(&RULE, "client.socket.on('message', f);", &[]);
    }
}
