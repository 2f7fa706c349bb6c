//! `setInterval` in a handler, without a `clearInterval` that could know it.

use oxc_ast::AstKind;
use oxc_ast::ast::CallExpression;
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::is_function;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::intervals::{Endless, endless};
use crate::facts::paths::Exit;
use crate::facts::platform::is_global_call;
use crate::file::File;
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

Finds intervals that are started again and again, for each request, connection or effect, and not cleared.

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

Intervals at module level, and those that are started once; those whose handle something else clears, in whatever file, or
gets; commands, build scripts and tests.

## References

- Node.js, `setInterval`, `timeout.unref()`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if file.ends() && !file.is_of_a_page() {
        return;
    }
    for (node, call) in file.calls() {
        if !is_global_call(file, call, "setInterval") {
            continue;
        }
        let Some(endless) = endless(file, *node, call) else {
            continue;
        };
        // What a component starts outlives the component; the rest of a page is as old as the page.
        if file.is_of_a_page() && !matches!(endless, Endless::Effect | Endless::Rendered) {
            continue;
        }
        let labels = match endless {
            Endless::OnlyByItself(end) | Endless::AfterFailure(end) => {
                vec![Label::new(file.extent(end), "does not clear it")]
            }
            Endless::LeftOn(left) => vec![Label::new(file.extent(left.at), "left running here")],
            Endless::Unheard(heard) | Endless::AfterRejection(heard) => {
                vec![Label::new(file.extent(heard), "cleared by this only")]
            }
            Endless::NobodyStops(stop) => {
                vec![Label::new(file.extent(stop), "nobody calls this")]
            }
            _ => Vec::new(),
        };
        findings.push(Finding {
            rule: RULE.id,
            confidence: match endless {
                Endless::OutOfReach(Heat::Called) => Confidence::Medium,
                _ => Confidence::High,
            },
            message: message(endless).to_owned(),
            growth: Some("one timer each time, for the life of the process"),
            place: Label::new(
                file.extent(call.span),
                "runs until it is cleared, with all that its scope keeps",
            ),
            labels,
            fixes: fix(file, *node, call, endless).into_iter().collect(),
        });
    }
}

const fn message(endless: Endless) -> &'static str {
    match endless {
        Endless::OutOfReach(_) => {
            "an interval is started again and again, and nothing can clear it"
        }
        Endless::Effect => "each run of the effect starts an interval, and no cleanup clears it",
        Endless::Rendered => {
            "rendering the component starts an interval; on a server nothing unmounts the component and clears it"
        }
        Endless::OnlyByItself(_) => {
            "only the interval itself clears itself, on some condition; when the connection ends it goes on"
        }
        Endless::AfterFailure(_) => {
            "the interval clears itself when it has succeeded, and goes on when it has failed"
        }
        Endless::LeftOn(left) => match left.exit {
            Exit::Rejection => "the interval goes on when what is awaited rejects",
            _ => "the interval goes on where the function is left by another way",
        },
        Endless::Unheard(_) => {
            "the interval is cleared by an event that does not come when the client goes away"
        }
        Endless::AfterRejection(_) => {
            "the interval is cleared when the promise is fulfilled, and goes on when it is rejected"
        }
        Endless::NobodyStops(_) => {
            "an interval is started again and again, and nobody calls what would clear it"
        }
        Endless::Overwritten => {
            "the next interval takes the place of this one, which nothing can clear then"
        }
    }
}

/// The interval is cleared when what it belongs to ends; where that is not seen, its function returns a cleanup.
fn fix<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
    endless: Endless,
) -> Option<Fix> {
    let mut change = Change::of(file);
    if matches!(
        endless,
        Endless::AfterFailure(_)
            | Endless::LeftOn(_)
            | Endless::Unheard(_)
            | Endless::AfterRejection(_)
            | Endless::NobodyStops(_)
    ) {
        return None;
    }
    if endless == Endless::Overwritten {
        let AstKind::AssignmentExpression(assignment) = file.kind(file.parent(node)) else {
            return None;
        };
        let field = file.slice(assignment.left.span());
        change.before(node, format!("clearInterval({field});"))?;
        return change.done("Clear the interval before", Safety::Unsafe);
    }
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

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{check, check_fix, check_page, check_shown, check_sure};

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

    #[test]
    fn what_a_handler_calls_is_sure() {
        let found = |call: &str| {
            let text = format!(
                "let on = false;\nconst beat = (s) => {{ setInterval(() => s.ping(), 9); }};\nio.on('connection', (s) => {{ {call} }});"
            );
            let source = stanch_js_source::SourceText::new("case.ts", text);
            crate::lint_with(&source, |rule| rule.id == RULE.id).len()
        };
        assert_eq!(found("beat(s);"), 1);
        assert_eq!(found("if (!on) { on = true; beat(s); }"), 0);
    }

    #[test]
    fn nobody_stops_what_is_given_back() {
        let store = |used: &str| {
            format!(
                "const createStore = () => {{\n  const all = new Map();\n  const timer = setInterval(() => sweep(all), 9);\n  return {{ get: (k) => all.get(k), stop: () => clearInterval(timer) }};\n}};\napp.get('/', (req, res) => {{ const store = createStore(); res.end(store.get(1)); {used} }});"
            )
        };
        check(&RULE, &store(""), &[3]);
        check(&RULE, &store("store.stop();"), &[]);
        let poller = |used: &str| {
            format!(
                "class Poller {{ start() {{ this.timer = setInterval(() => read(), 9); return this; }}\n  stop() {{ clearInterval(this.timer); }} }}\napp.get('/', (req, res) => {{ const p = new Poller().start(); {used} }});"
            )
        };
        check(&RULE, &poller(""), &[1]);
        check(&RULE, &poller("res.on('close', () => p.stop());"), &[]);
    }

    #[test]
    fn effects_and_components() {
        check(
            &RULE,
            "useEffect(() => { setInterval(tick, 10); }, [a]);",
            &[1],
        );
        check(
            &RULE,
            "useEffect(() => { const t = setInterval(tick, 10); return () => clearInterval(t); }, [a]);",
            &[],
        );
        check(
            &RULE,
            "class A extends React.Component {\n  constructor() { super(); this.t = setInterval(tick, 10); }\n  componentWillUnmount() { clearInterval(this.t); }\n}",
            &[2],
        );
        check(
            &RULE,
            "class A extends React.Component {\n  componentDidMount() { this.t = setInterval(tick, 10); }\n  componentWillUnmount() { clearInterval(this.t); }\n}",
            &[],
        );
    }

    #[test]
    fn fields_that_are_overwritten() {
        let class = |open: &str| {
            format!(
                "class A {{\n  connect() {{\n    const ws = new WebSocket(this.url);\n    ws.on('open', () => {{ {open}this.t = setInterval(() => ws.ping(), 9); }});\n    ws.on('close', () => setTimeout(() => this.connect(), 9));\n  }}\n  close() {{ clearInterval(this.t); }}\n}}"
            )
        };
        check(&RULE, &class(""), &[4]);
        check(&RULE, &class("clearInterval(this.t); "), &[]);
        check(&RULE, &class("this.close(); "), &[]);
        check(&RULE, &class("if (!this.t) "), &[]);
        check(
            &RULE,
            "class A { start() { this.t = setInterval(tick, 9); } stop() { clearInterval(this.t); } }",
            &[],
        );
    }

    #[test]
    fn intervals_that_clear_themselves() {
        let beat = |end: &str| {
            format!(
                "wss.on('connection', (ws) => {{\n  const t = setInterval(() => {{ if (dead(ws)) clearInterval(t); else ws.ping(); }}, 9);\n  ws.on('close', () => {{ {end} }});\n}});"
            )
        };
        check(&RULE, &beat("forget(ws);"), &[2]);
        check(&RULE, &beat("clearInterval(t);"), &[]);
        check(
            &RULE,
            "app.get('/', (req, res) => { const t = setInterval(() => { if (done()) { clearInterval(t); res.end(); } }, 9); });",
            &[],
        );
    }

    #[test]
    fn intervals_that_go_on_after_a_failure() {
        let poll = |failed: &str| {
            format!(
                "exports.when = (name, done) => {{\n  const t = setInterval(async () => {{\n    const s = await state(name);\n    if (s.ok) {{ clearInterval(t); done(null, s); }} else if (s.failed) {{ {failed}; }}\n  }}, 9);\n}};"
            )
        };
        check(&RULE, &poll("done(new Error('failed'))"), &[2]);
        check(
            &RULE,
            &poll("clearInterval(t); done(new Error('failed'))"),
            &[],
        );
        check(&RULE, &poll("done(null, s)"), &[]);
    }

    #[test]
    fn fields_that_nothing_clears() {
        check(
            &RULE,
            "class Progress {\n  constructor(job) { this.t = setInterval(() => job.report(), 9); this.t.unref(); }\n}\napp.post('/', (req, res) => { new Progress(req.body); });",
            &[2],
        );
        check(
            &RULE,
            "class Progress {\n  constructor(job) { this.t = setInterval(() => job.report(), 9); }\n  end() { clearInterval(this.t); }\n}\napp.post('/', (req, res) => { new Progress(req.body).end(); });",
            &[],
        );
        check(
            &RULE,
            "let t;\napp.get('/', (req, res) => { if (t) return; t = setInterval(tick, 9); });",
            &[],
        );
    }

    #[test]
    fn ways_out_that_leave_it_running() {
        let handler = |rest: &str| {
            format!(
                "app.get('/', async (req, res) => {{\n  const t = setInterval(tick, 9);\n  {rest}\n}});"
            )
        };
        check(&RULE, &handler("await work(req); clearInterval(t);"), &[2]);
        check(
            &RULE,
            &handler("if (!req.query.id) return; clearInterval(t);"),
            &[2],
        );
        check(
            &RULE,
            &handler("try { await work(req); } finally { clearInterval(t); }"),
            &[],
        );
        check(
            &RULE,
            &handler("work(req).then((x) => { clearInterval(t); res.end(x); });"),
            &[2],
        );
        check(
            &RULE,
            &handler("work(req).then(go).finally(() => clearInterval(t));"),
            &[],
        );
        check(
            &RULE,
            &handler("work(req).catch(log).then(() => clearInterval(t));"),
            &[],
        );
        check(
            &RULE,
            "async function main() { const t = setInterval(tick, 9); await work(); clearInterval(t); }\nmain();",
            &[],
        );
    }

    #[test]
    fn events_that_do_not_come_when_the_client_goes() {
        let handler = |end: &str| {
            format!(
                "app.get('/', (req, res) => {{\n  const t = setInterval(() => res.write('.'), 9);\n  const stop = () => clearInterval(t);\n  {end}\n}});"
            )
        };
        check(&RULE, &handler("res.on('finish', stop);"), &[2]);
        check(
            &RULE,
            &handler("res.on('finish', stop); res.on('error', stop);"),
            &[2],
        );
        check(
            &RULE,
            &handler("res.on('finish', stop); res.on('close', stop);"),
            &[],
        );
        check(&RULE, &handler("req.on('end', stop);"), &[]);
        check(&RULE, &handler("finished(res, stop);"), &[]);
        let connection = |event: &str| {
            format!(
                "wss.on('connection', (ws) => {{\n  const t = setInterval(() => ws.ping(), 9);\n  ws.on('{event}', (m) => {{ if (m) clearInterval(t); }});\n}});"
            )
        };
        check(&RULE, &connection("message"), &[2]);
        check(&RULE, &connection("close"), &[]);
    }

    #[test]
    fn a_method_that_nobody_calls() {
        let class = |rest: &str| {
            format!(
                "class Session {{\n  constructor(ws) {{ this.t = setInterval(() => ws.ping(), 9); }}\n  halt() {{ clearInterval(this.t); }}\n}}\nwss.on('connection', (ws) => {{ const s = new Session(ws); {rest} }});"
            )
        };
        check_sure(&RULE, &class("ws.on('message', (m) => s.take(m));"), &[2]);
        check(&RULE, &class("ws.on('close', () => s.halt());"), &[]);
        check(&RULE, &class("if (ws) ws.on('close', s.halt);"), &[]);
    }

    #[test]
    fn sure_where_no_condition_stands_between() {
        let class = |made: &str| {
            format!(
                "class Base {{ constructor() {{ setInterval(tick, 9); }} }}\nclass Own extends Base {{}}\nlet one;\napp.get('/', (req, res) => {{ {made} }});"
            )
        };
        check_sure(&RULE, &class("new Own();"), &[1]);
        check_sure(&RULE, &class("one ??= new Own();"), &[]);
        check_sure(&RULE, &class("if (!one) one = new Own();"), &[]);
        check_sure(&RULE, &class("if (one) return; one = new Own();"), &[]);
    }

    #[test]
    fn kept_by_what_clears_nothing() {
        let follow = |rest: &str| {
            format!(
                "const timers = new Map();\nio.on('connection', (s) => {{\n  timers.set(s.id, setInterval(() => s.emit('a'), 9));\n  {rest}\n}});"
            )
        };
        check(
            &RULE,
            &follow("s.on('disconnect', () => timers.delete(s.id));"),
            &[3],
        );
        check(
            &RULE,
            &follow("s.on('disconnect', () => clearInterval(timers.get(s.id)));"),
            &[],
        );
    }

    #[test]
    fn work_that_a_function_is_given_may_fail() {
        let run = |work: &str, after: &str| {
            format!(
                "export async function locked(lock, work) {{\n  const timer = setInterval(() => lock.extend(), 9_000);\n  {work}\n  {after}\n}}"
            )
        };
        let clear = "clearInterval(timer);";
        check_sure(&RULE, &run("await work();", clear), &[2]);
        check(&RULE, &run("await lock.wait();", clear), &[]);
        check(&RULE, &run("await work().catch(log);", ""), &[]);
        let ends = format!("try {{ await work(); }} finally {{ {clear} }}");
        check(&RULE, &run(&ends, ""), &[]);
    }
}
