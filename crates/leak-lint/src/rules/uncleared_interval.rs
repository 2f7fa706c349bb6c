//! `setInterval` in a handler, without a `clearInterval` that could know it.

use oxc_ast::AstKind;
use oxc_ast::ast::{AssignmentTarget, CallExpression, Expression};
use oxc_semantic::NodeId;
use stanch_js_source::{bare, is_function};
use stanch_leak_patterns::{Confidence, Pattern};

use crate::file::{File, method};
use crate::finding::{Finding, Fix, Label, Safety};
use crate::fix::Change;
use crate::fix::ending::ending;
use crate::project::Heat;
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "uncleared-interval",
    pattern: Pattern::PendingAsync,
    on: On::WhenSure,
    page: "# uncleared-interval

Finds intervals that are started for each request or connection and never cleared.

## Why it leaks

An interval runs until it is cleared. Node keeps its function, and with it every variable of the scopes around it: the
request, the response, the socket. `unref()` changes nothing about that: it only lets the process exit.

## Example

```js
wss.on('connection', (socket) => {
  setInterval(() => socket.ping(), 30_000);
});
```

## Use instead

```js
wss.on('connection', (socket) => {
  const timer = setInterval(() => socket.ping(), 30_000);
  socket.on('close', () => clearInterval(timer));
});
```

## How safe the fix is

Unsafe. In a function of a request or a connection the interval is cleared when that is closed, and does nothing after it.
Elsewhere a cleanup to be returned is shown only: the callers have to call it.

## What is not flagged

Intervals at module level; those whose handle is cleared anywhere in the file, returned, or handed to something else.

## References

- Node.js, `setInterval`, `timeout.unref()`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    for (node, call) in file.calls() {
        if !is_global_call(file, call, "setInterval") {
            continue;
        }
        let Some(heat) = file.heat(*node) else {
            continue;
        };
        if !is_out_of_reach(file, *node) {
            continue;
        }
        findings.push(Finding {
            rule: RULE.id,
            confidence: match heat {
                Heat::Handler => Confidence::High,
                Heat::Called => Confidence::Medium,
            },
            message: "an interval is started again and again, and nothing can clear it".to_owned(),
            growth: Some("one timer each time, for the life of the process"),
            place: Label::new(
                file.extent(call.span),
                "runs until it is cleared, with all that its scope keeps",
            ),
            labels: Vec::new(),
            fixes: fix(file, *node, call).into_iter().collect(),
        });
    }
}

/// The interval is cleared when what it belongs to ends; where that is not seen, its function returns a cleanup.
fn fix<'a>(file: &File<'_, 'a>, node: NodeId, call: &CallExpression<'a>) -> Option<Fix> {
    let mut change = Change::of(file);
    let timer = handle(file, node, call, &mut change)?;
    let Some(end) = ending(file, node) else {
        return returned(file, node, &timer, change);
    };
    let closed = change.string(end.event);
    let emitter = end.emitter;
    change.after(
        node,
        format!("{emitter}.once({closed}, () => clearInterval({timer}));"),
    )?;
    let title = format!("Clear the interval when `{emitter}` is closed");
    change.done(title, Safety::Unsafe)
}

/// The variable that has the interval's handle, which is put into one where it is dropped.
fn handle<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
    change: &mut Change<'_, '_, 'a>,
) -> Option<String> {
    for around in file.nodes().ancestor_ids(node) {
        match file.kind(around) {
            AstKind::ExpressionStatement(statement) => {
                // Not after a keyword or a comment that belongs to the call.
                if statement.span.start != call.span.start {
                    return None;
                }
                let timer = change.fresh(node, "timer")?;
                change.insert(call.span.start, format!("const {timer} = "));
                return Some(timer);
            }
            AstKind::VariableDeclarator(declarator) => {
                let name = declarator.id.get_binding_identifier()?;
                return Some(name.name.to_string());
            }
            AstKind::AssignmentExpression(assignment) => {
                let target = assignment.left.get_identifier_name()?;
                return Some(target.to_owned());
            }
            kind if is_function(kind) => return None,
            _ => {}
        }
    }
    None
}

fn returned<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    timer: &str,
    mut change: Change<'_, '_, 'a>,
) -> Option<Fix> {
    let function = file.function_around(node)?;
    let returns = file.nodes().iter().any(|other| {
        matches!(other.kind(), AstKind::ReturnStatement(_))
            && file.function_around(other.id()) == Some(function)
    });
    if returns {
        return None;
    }
    change.after(node, format!("return () => clearInterval({timer});"))?;
    change.done("Return what clears the interval", Safety::Display)
}

fn is_global_call<'a>(file: &File<'_, 'a>, call: &CallExpression<'a>, name: &str) -> bool {
    match bare(&call.callee) {
        callee @ Expression::Identifier(identifier) => {
            identifier.name == name && file.variable(callee).is_none()
        }
        Expression::StaticMemberExpression(member) => {
            member.property.name == name
                && matches!(bare(&member.object), Expression::Identifier(object) if object.name == "globalThis" || object.name == "global")
        }
        _ => false,
    }
}

/// Whether nothing is done with the interval's handle that could lead to its being cleared.
fn is_out_of_reach(file: &File<'_, '_>, interval: NodeId) -> bool {
    let mut node = interval;
    loop {
        let parent = file.parent(node);
        match file.kind(parent) {
            AstKind::ExpressionStatement(_) => return true,
            // `setInterval(…).unref()` gives the same handle.
            AstKind::StaticMemberExpression(member)
                if matches!(member.property.name.as_str(), "unref" | "ref") => {}
            AstKind::CallExpression(call)
                if method(call).is_some_and(|(_, name)| matches!(name, "unref" | "ref")) => {}
            AstKind::ParenthesizedExpression(_)
            | AstKind::ChainExpression(_)
            | AstKind::TSAsExpression(_)
            | AstKind::TSNonNullExpression(_) => {}
            AstKind::VariableDeclarator(declarator) => {
                let name = declarator.id.get_binding_identifier();
                let used = name
                    .and_then(|name| name.symbol_id.get())
                    .is_none_or(|variable| is_used_as_a_handle(file, variable));
                return !used;
            }
            AstKind::AssignmentExpression(assignment) => {
                let AssignmentTarget::AssignmentTargetIdentifier(target) = &assignment.left else {
                    return false;
                };
                let scoping = file.parsed.semantic().scoping();
                let variable = target
                    .reference_id
                    .get()
                    .and_then(|reference| scoping.get_reference(reference).symbol_id());
                return variable.is_some_and(|variable| !is_used_as_a_handle(file, variable));
            }
            _ => return false,
        }
        node = parent;
    }
}

/// Whether a variable is read for anything but `unref`, `ref` and `hasRef`.
fn is_used_as_a_handle(file: &File<'_, '_>, variable: oxc_semantic::SymbolId) -> bool {
    let scoping = file.parsed.semantic().scoping();
    scoping.get_resolved_references(variable).any(|reference| {
        let parent = file.parent(reference.node_id());
        let only_refs = matches!(file.kind(parent), AstKind::StaticMemberExpression(member)
            if matches!(member.property.name.as_str(), "unref" | "ref" | "hasRef"));
        reference.is_read() && !only_refs
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{check, check_fix, check_page, check_shown};

    #[test]
    fn the_page_holds() {
        check_page(&RULE);
    }

    #[test]
    fn intervals_of_handlers() {
        check(
            &RULE,
            "app.get('/', (req, res) => { setInterval(tick, 10); });",
            &[1],
        );
        check(
            &RULE,
            "app.get('/', (req, res) => { setInterval(tick, 10).unref(); });",
            &[1],
        );
        check(
            &RULE,
            "server.on('connection', (socket) => {\n  const timer = setInterval(() => socket.ping(), 10);\n  timer.unref();\n});",
            &[2],
        );
        check(
            &RULE,
            "const beat = (s) => { setInterval(() => s.ping(), 9); };\nio.on('connection', (s) => beat(s));",
            &[1],
        );
    }

    #[test]
    fn an_interval_ends_with_its_connection() {
        check_fix(
            &RULE,
            "wss.on('connection', (socket) => {\n  setInterval(() => socket.ping(), 30_000);\n});\n",
            "wss.on('connection', (socket) => {\n  const timer = setInterval(() => socket.ping(), 30_000);\n  socket.once('close', () => clearInterval(timer));\n});\n",
        );
        check_fix(
            &RULE,
            "import { Server } from 'socket.io'\nio.on('connection', (s) => {\n\tlet beat\n\tbeat = setInterval(f, 9)\n})\n",
            "import { Server } from 'socket.io'\nio.on('connection', (s) => {\n\tlet beat\n\tbeat = setInterval(f, 9)\n\ts.once('disconnect', () => clearInterval(beat))\n})\n",
        );
        check_fix(
            &RULE,
            "app.get('/', (req, res) => { if (req.query.live) setInterval(tick, 10).unref(); });",
            "app.get('/', (req, res) => { if (req.query.live) { const timer = setInterval(tick, 10).unref(); res.once('close', () => clearInterval(timer)); } });",
        );
        check_fix(
            &RULE,
            "app.get('/', (req, res) => { const timer = []; setInterval(timer, 1); setInterval(tick, 2); });",
            "app.get('/', (req, res) => { const timer = []; const timer2 = setInterval(timer, 1); res.once('close', () => clearInterval(timer2)); const timer3 = setInterval(tick, 2); res.once('close', () => clearInterval(timer3)); });",
        );
    }

    #[test]
    fn a_cleanup_is_shown_where_the_end_is_not_seen() {
        check_shown(
            &RULE,
            "const beat = (s) => { setInterval(() => s.ping(), 9); };\nio.on('connection', (s) => beat(s));",
            "const beat = (s) => { const timer = setInterval(() => s.ping(), 9); return () => clearInterval(timer); };\nio.on('connection', (s) => beat(s));",
        );
    }

    #[test]
    fn intervals_that_something_can_clear() {
        check(
            &RULE,
            "setInterval(sweep, 10);\nfunction start() { setInterval(sweep, 10); }",
            &[],
        );
        check(
            &RULE,
            "app.get('/', (req, res) => { const t = setInterval(tick, 10); res.on('close', () => clearInterval(t)); });",
            &[],
        );
        check(
            &RULE,
            "app.get('/', (req, res) => { req.timer = setInterval(tick, 10); });",
            &[],
        );
        check(
            &RULE,
            "app.get('/', (req, res) => { timers.push(setInterval(tick, 10)); });",
            &[],
        );
        check(
            &RULE,
            "app.get('/', (req, res) => start()); const start = () => setInterval(tick, 10);",
            &[],
        );
        check(
            &RULE,
            "import { setInterval } from './scheduler.js'; app.get('/', (req, res) => { setInterval(tick, 10); });",
            &[],
        );
    }
}
