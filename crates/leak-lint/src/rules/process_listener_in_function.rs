//! `process.on(…)` in a function that is called again and again: the process outlives all of them.

use oxc_ast::ast::{CallExpression, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::is_function;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::ends::ends_soon;
use crate::facts::guard::is_guarded;
use crate::facts::paths::{Exit, LeftOpen, Resource, left_open, worst};
use crate::facts::repeats::is_about_a_request;
use crate::facts::timers::is_at_the_end;
use crate::file::{File, argument, method};
use crate::finding::{Finding, Fix, Label};
use crate::fix::ending::{ending, taken_off};
use crate::project::{Calls, Heat};
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "process-listener-in-function",
    pattern: Pattern::UnremovedListener,
    on: On::WhenSure,
    page: "# process-listener-in-function

Finds listeners that a function adds to `process` and that nothing takes off again.

## Why it leaks

`process` lives as long as the program. A listener that is added each time a function is called, for a signal, for `exit`,
for a message of the parent, stays with everything that its scope keeps. Node warns once at the eleventh.

## Example

```js
export function tempFolder() {
  const folder = fs.mkdtempSync('/tmp/work-');
  process.on('exit', () => fs.rmSync(folder, { recursive: true }));
  return folder;
}
```

## Use instead

One listener for all of them:

```js
const folders = new Set();
process.on('exit', () => {
  for (const folder of folders) fs.rmSync(folder, { recursive: true });
});

export function tempFolder() {
  const folder = fs.mkdtempSync('/tmp/work-');
  folders.add(folder);
  return { folder, remove: () => folders.delete(folder) };
}
```

or one that goes with what it is for:

```js
export async function run(child) {
  const stop = () => child.kill();
  process.on('SIGTERM', stop);
  await new Promise((resolve) => child.once('exit', resolve));
  process.off('SIGTERM', stop);
}
```

## How safe the fix is

Unsafe. In a function of a request or a connection the listener is taken off when that is closed, and does no longer run
after it. Elsewhere there is no automatic fix, because what ends the need for the listener is for the author to say.

## What is not flagged

Module level, and functions that are only called there, such as `main()` or a constructor of the one instance; functions
behind a guard that lets them run once; listeners that the same file takes off again, if the function that adds and removes
them does so on every way out; plugins that a framework loads once.

## References

- Node.js, `process` events; `emitter.setMaxListeners()`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if ends_soon(file) {
        return;
    }
    for (node, call) in file.calls() {
        if !adds_to_process(call) {
            continue;
        }
        let Some(function) = file.function_around(*node) else {
            continue;
        };
        let confidence = match file.calls_of(function) {
            // Behind a condition it may be what the first request sets up.
            Calls::Again if is_surely_again(file, *node, function) => Confidence::High,
            Calls::Again => Confidence::Medium,
            Calls::Unknown if is_of_each_call(file, call, function) => Confidence::Medium,
            Calls::Unknown | Calls::Once => continue,
        };
        let removals = removals(file, call);
        let left = match removals.as_slice() {
            [] => None,
            // Where it may run again only, the way on which it stays may be that of a program that fails to start.
            _ if confidence != Confidence::High => continue,
            // What ends something runs once.
            _ if is_at_the_end(file, *node) => continue,
            removals => match left_on(file, *node, function, removals) {
                None => continue,
                left => left,
            },
        };
        if is_guarded(file, *node, &call.callee) {
            continue;
        }
        let labels =
            left.map(|left| Label::new(file.extent(first_line(file, left.at)), "left on here"));
        findings.push(Finding {
            rule: RULE.id,
            confidence,
            message: match left {
                None => "each call adds a listener to `process`, and nothing takes it off",
                Some(left) if left.exit == Exit::Rejection => {
                    "the listener stays on `process` when what is awaited rejects"
                }
                Some(_) => {
                    "the listener stays on `process` where the function is left by another way"
                }
            }
            .to_owned(),
            growth: Some("per call, for the life of the process"),
            place: Label::new(
                file.extent(call.span),
                "stays with all that its scope keeps",
            ),
            labels: labels.into_iter().collect(),
            fixes: (left.is_none())
                .then(|| fix(file, *node, call))
                .flatten()
                .into_iter()
                .collect(),
        });
    }
}

fn fix<'a>(file: &File<'_, 'a>, node: NodeId, call: &CallExpression<'a>) -> Option<Fix> {
    taken_off(file, node, call, &ending(file, node)?)
}

/// Words that begin the names of functions that a program calls when it starts.
const STARTS: &[&str] = &[
    "main",
    "start",
    "run",
    "init",
    "initialize",
    "setup",
    "install",
    "register",
    "boot",
    "bootstrap",
    "serve",
    "listen",
    "enable",
    "configure",
    "launch",
    "cli",
    "create",
    "handle",
    "attach",
    "add",
    "bind",
    "on",
    "plugin",
    "default",
];
/// What follows such a word where it is the program, or a handler of its signals, that is meant.
const OF_PROGRAMS: &[&str] = &[
    "server",
    "app",
    "service",
    "worker",
    "http",
    "api",
    "cluster",
    "all",
    "process",
    "signal",
    "exit",
    "shutdown",
    "graceful",
    "uncaught",
    "unhandled",
    "global",
    "error",
    "listeners",
    "handlers",
    "hooks",
    "logging",
    "logger",
    "monitoring",
    "tracing",
];

/// Whether a function or one around it is there to start a program, by its name.
fn is_of_a_start(file: &File<'_, '_>, function: NodeId) -> bool {
    let mut around = std::iter::successors(Some(function), |inner| file.function_around(*inner));
    around.any(|function| is_a_start(file, function))
}

fn is_a_start(file: &File<'_, '_>, function: NodeId) -> bool {
    let name = file.parsed.function_ref(function).name;
    name.is_some_and(|name| {
        let name = name.trim_start_matches('_').to_ascii_lowercase();
        STARTS.iter().any(|word| {
            name.strip_prefix(word).is_some_and(|rest| {
                rest.is_empty() || OF_PROGRAMS.iter().any(|of| rest.starts_with(of))
            })
        })
    })
}

/// Whether a place is reached for each unit of work: behind a condition it may be what the first of them sets up, and what
/// starts a program may be handed to a framework of commands.
fn is_surely_again(file: &File<'_, '_>, node: NodeId, function: NodeId) -> bool {
    if file.heat(node) != Some(Heat::Handler) && !file.is_surely_hot(function) {
        return false;
    }
    // What a function that takes a request calls is called for each of them, whatever its name.
    if file.is_surely_served(function) {
        return true;
    }
    // A worker may be told by a message to start.
    let calls = file.parsed.calls_of(function);
    let is_part_of_a_start = !calls.is_empty()
        && calls.iter().all(|call| {
            file.function_around(*call)
                .is_some_and(|caller| is_of_a_start(file, caller) && !file.is_handler(caller))
        });
    if is_part_of_a_start && !file.is_handler(function) {
        return false;
    }
    let mut at = Some(function);
    while let Some(around) = at {
        if is_a_start(file, around) && !is_about_a_request(file, node) {
            return false;
        }
        if file.is_handler(around) {
            return true;
        }
        at = file.function_around(around);
    }
    true
}

/// Whether a function of which nobody knows how often it is called adds a listener of its own each time: one that keeps
/// something of the call or of the instance, in a function that is not there to start a program.
fn is_of_each_call<'a>(file: &File<'_, 'a>, call: &CallExpression<'a>, function: NodeId) -> bool {
    let starts = is_of_a_start(file, function);
    let Some(handler) = argument(call, 1) else {
        return false;
    };
    if starts {
        return false;
    }
    let Some(listener) = file.callable(handler) else {
        // `this.close`, `stop.bind(this)` and what a wrapper gave.
        return file
            .variable(handler)
            .is_none_or(|variable| !is_of_module(file, variable));
    };
    let own = file.kind(listener).span();
    let uses_this = file.nodes_of([AstType::ThisExpression]).any(|node| {
        matches!(node.kind(), AstKind::ThisExpression(_))
            && own.contains_inclusive(node.kind().span())
    });
    // A bound function is made anew, whatever it is made from.
    let is_bound = matches!(handler, Expression::CallExpression(_));
    is_bound || uses_this || keeps_a_local(file, own)
}

fn is_of_module(file: &File<'_, '_>, variable: SymbolId) -> bool {
    let scoping = file.parsed.semantic().scoping();
    scoping.symbol_scope_id(variable) == scoping.root_scope_id()
}

/// Whether the code of a function uses a variable of the functions around it.
fn keeps_a_local(file: &File<'_, '_>, own: Span) -> bool {
    let scoping = file.parsed.semantic().scoping();
    scoping.symbol_ids().any(|variable| {
        !is_of_module(file, variable)
            && !own.contains_inclusive(scoping.symbol_span(variable))
            && scoping
                .get_resolved_references(variable)
                .any(|reference| own.contains_inclusive(file.kind(reference.node_id()).span()))
    })
}

fn is_process(object: &Expression<'_>) -> bool {
    matches!(object, Expression::Identifier(object) if object.name == "process")
}

fn adds_to_process(call: &CallExpression<'_>) -> bool {
    method(call).is_some_and(|(object, name)| {
        is_process(object)
            && matches!(name, "on" | "once" | "addListener" | "prependListener")
            && argument(call, 1).is_some()
    })
}

/// The calls of the file that remove listeners of this event from `process`.
fn removals<'a>(file: &File<'_, 'a>, added: &CallExpression<'a>) -> Vec<NodeId> {
    let event = |call: &CallExpression<'a>| argument(call, 0).map(|event| file.written(event));
    let removals = file.calls().iter().filter(|(_, call)| {
        method(call).is_some_and(|(object, name)| {
            is_process(object)
                && matches!(name, "off" | "removeListener" | "removeAllListeners")
                && event(call) == event(added)
                && !is_of_another(file, call, added)
        })
    });
    removals.map(|(node, _)| *node).collect()
}

/// Whether a removal names a listener that another call adds.
fn is_of_another<'a>(
    file: &File<'_, 'a>,
    removal: &CallExpression<'a>,
    added: &CallExpression<'a>,
) -> bool {
    let named = |call: &CallExpression<'a>| argument(call, 1).and_then(|it| file.variable(it));
    named(removal).is_some_and(|listener| {
        named(added) != Some(listener)
            && file
                .calls()
                .iter()
                .any(|(_, call)| adds_to_process(call) && named(call) == Some(listener))
    })
}

/// Where a call is reached that another undoes: where one loop adds listeners and another takes them off, each stands for all
/// that it does, and its list is where that begins.
fn reached(file: &File<'_, '_>, call: NodeId, other: NodeId) -> Span {
    let other = file.kind(other).span();
    let around = file.nodes().ancestor_kinds(call);
    let mut around = around.take_while(|kind| !is_function(*kind));
    let list = around.find_map(|kind| match kind {
        AstKind::ForOfStatement(each) if !each.span.contains_inclusive(other) => {
            Some(each.right.span())
        }
        _ => None,
    });
    list.unwrap_or_else(|| file.kind(call).span())
}

/// The way out of its function on which a listener stays that the same function takes off on others.
fn left_on(
    file: &File<'_, '_>,
    node: NodeId,
    function: NodeId,
    removals: &[NodeId],
) -> Option<LeftOpen> {
    let added = reached(file, node, *removals.first()?);
    let closed = removals.iter().map(|removal| reached(file, *removal, node));
    let closed: Vec<Span> = closed.collect();
    let is_own = |removal: &NodeId| file.function_around(*removal) == Some(function);
    if !removals.iter().all(is_own) || closed.iter().any(|span| span.start < added.start) {
        return None;
    }
    let resource = Resource {
        opened: Some(added),
        closed: &closed,
        variable: None,
    };
    worst(&left_open(file, function, &resource))
}

/// A span, or the beginning of one that is long.
fn first_line(file: &File<'_, '_>, span: Span) -> Span {
    match file.slice(span).find('\n') {
        Some(end) => Span::new(span.start, span.start + u32::try_from(end).unwrap_or(0)),
        None => span,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{check, check_fix, check_page, check_sure};

    #[test]
    fn the_page_holds() {
        check_page(&RULE);
    }

    #[test]
    fn functions_that_others_call() {
        check(
            &RULE,
            "exports.ask = (id) => { process.on('message', (m) => m === id); };",
            &[1],
        );
        check(
            &RULE,
            "function f(x) { const g = () => x.end(); process.once('exit', g); }\nmodule.exports = f;",
            &[1],
        );
        check(
            &RULE,
            "class T { constructor() { process.on('exit', () => this.end()); } }\nmodule.exports = T;",
            &[1],
        );
        check(
            &RULE,
            "app.get('/', (req, res) => { process.on('SIGTERM', () => res.end()); });",
            &[1],
        );
    }

    #[test]
    fn the_listener_goes_with_the_response() {
        check_fix(
            &RULE,
            "app.get('/', (req, res) => {\n  process.on('SIGTERM', () => {\n    res.end();\n  });\n});",
            "app.get('/', (req, res) => {\n  const onSIGTERM = () => {\n    res.end();\n  };\n  process.on('SIGTERM', onSIGTERM);\n  res.once('close', () => process.off('SIGTERM', onSIGTERM));\n});",
        );
        let without = "exports.ask = () => { process.on('message', (m) => m); };";
        check_fix(&RULE, without, without);
    }

    #[test]
    fn functions_that_take_it_off_on_success() {
        let run = |work: &str| {
            format!(
                "app.post('/', async (req, res) => {{\n  const stop = () => res.end();\n  process.on('SIGTERM', stop);\n  {work}\n}});"
            )
        };
        check_sure(
            &RULE,
            &run("await job(); process.off('SIGTERM', stop);"),
            &[3],
        );
        check_sure(
            &RULE,
            &run("if (!req.body) return; process.off('SIGTERM', stop);"),
            &[3],
        );
        check_sure(
            &RULE,
            &run("try { await job(); } finally { process.off('SIGTERM', stop); }"),
            &[],
        );
        check_sure(
            &RULE,
            "class Db { async close() {\n  const note = () => { this.bad = true; };\n  process.on('warning', note);\n  await end(); process.off('warning', note); } }\nconst db = new Db();\napp.post('/', async (req, res) => { await db.close(); });",
            &[],
        );
        check_sure(
            &RULE,
            &run("await job().catch(log); job2(); process.off('SIGTERM', stop);"),
            &[],
        );
    }

    #[test]
    fn whatever_it_is_called_for_each_request() {
        let text = "function createLogger(name) { const out = open(name);\n  process.on('exit', () => out.end()); return out; }\n";
        let used = |by: &str| format!("{text}{by}");
        check_sure(
            &RULE,
            &used(
                "app.use((req, res, next) => { req.log = createLogger(req.hostname); next(); });",
            ),
            &[2],
        );
        check_sure(
            &RULE,
            &used("process.on('message', (m) => { createLogger(m.name); });"),
            &[],
        );
    }

    #[test]
    fn functions_that_run_once() {
        check(&RULE, "process.on('exit', f);", &[]);
        check(
            &RULE,
            "async function main() { process.on('SIGTERM', stop); }\nmain();",
            &[],
        );
        check(
            &RULE,
            "class T { constructor() { process.on('exit', () => this.end()); } }\nmodule.exports = new T();",
            &[],
        );
        check(
            &RULE,
            "let on = false;\nexport function install() { if (on) return; on = true; process.on('exit', f); }",
            &[],
        );
        check(
            &RULE,
            "export default fp(async (app) => { process.on('SIGTERM', () => app.close()); });",
            &[],
        );
        check(
            &RULE,
            "export function start(server) { process.on('SIGTERM', () => server.close()); }",
            &[],
        );
        check(
            &RULE,
            "exports.watch = () => { process.on('SIGTERM', () => console.log('bye')); };",
            &[],
        );
        check(
            &RULE,
            "(async () => { process.on('SIGTERM', stop); })();",
            &[],
        );
    }

    #[test]
    fn what_is_taken_off() {
        check(
            &RULE,
            "exports.run = () => { process.on('SIGINT', f); process.off('SIGINT', f); };",
            &[],
        );
        check(&RULE, "exports.run = () => { child.on('exit', f); };", &[]);
    }

    #[test]
    fn what_a_clock_starts_is_started_again() {
        let text = |when: &str| {
            format!(
                "const cron = require('node-cron');\nfunction run(child) {{\n  process.on('SIGTERM', () => child.kill());\n}}\n{when}"
            )
        };
        check_sure(
            &RULE,
            &text("cron.schedule('* * * * *', () => run(fork()));"),
            &[3],
        );
        check_sure(&RULE, &text("run(fork());"), &[]);
        let taken_off = |before: &str| {
            text("cron.schedule('* * * * *', () => run(fork()));").replace(
                "process.on('SIGTERM', () => child.kill());",
                &format!("const stop = () => child.kill();\n  for (const it of ALL) process.on(it, stop);\n  {before} for (const it of ALL) process.off(it, stop);"),
            )
        };
        check_sure(&RULE, &taken_off(""), &[]);
        check_sure(&RULE, &taken_off("if (child.killed) return;"), &[4]);
        let sometimes = "cron.schedule('* * * * *', () => { if (!started) run(fork()); });";
        check_sure(&RULE, &text(sometimes), &[]);
    }

    #[test]
    fn sure_where_no_condition_stands_between() {
        let app = |call: &str| {
            format!(
                "function hold(x) {{ process.on('exit', () => x.end()); }}\nlet done;\napp.get('/', (req, res) => {{ {call} }});"
            )
        };
        check_sure(&RULE, &app("hold(res);"), &[1]);
        check_sure(&RULE, &app("if (!done) { done = true; hold(res); }"), &[]);
        check_sure(
            &RULE,
            "function reload(x) { process.on('exit', () => x.end()); }\nfunction start(x) { reload(x); }\nprocess.on('message', (x) => start(x));",
            &[],
        );
        check_sure(
            &RULE,
            "function start(args) { process.on('exit', () => args.end()); }\nexport const command = { handler: start };",
            &[],
        );
    }
}
