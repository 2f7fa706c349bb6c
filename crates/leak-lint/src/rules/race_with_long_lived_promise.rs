//! `Promise.race([shutdown, work()])`: every value of the race hangs on the promise that never settles.

mod fix;

use oxc_ast::AstKind;
use oxc_ast::ast::{ArrayExpression, CallExpression, Expression};
use oxc_semantic::NodeId;
use oxc_span::Span;
use stanch_js_source::bare;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::outliving::{Outliving, outliving};
use crate::facts::platform::declared_by;
use crate::facts::steps::raced_steps;
use crate::facts::turns::is_loop;
use crate::file::{File, argument, method};
use crate::finding::{Finding, Label};
use crate::project::Calls;
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "race-with-long-lived-promise",
    pattern: Pattern::PendingAsync,
    on: On::Always,
    page: "# race-with-long-lived-promise

Finds `Promise.race` and `Promise.any` with a promise that takes part in race after race: it was made once for the
process or the instance, or before the loop that races.

## Why it leaks

Each race adds its reactions to every promise in it. A promise that stays pending, such as one for the shutdown of the
process, keeps all of them: one for each race that was ever run, with the result of the race it belongs to.

## Example

```js
const shutdown = new Promise((resolve) => process.once('SIGTERM', resolve));

async function handle(req, res) {
  const rows = await Promise.race([query(req.url), shutdown]);
  res.end(JSON.stringify(rows));
}
```

## Use instead

```js
const shutdown = new AbortController();
process.once('SIGTERM', () => shutdown.abort());

async function handle(req, res) {
  const rows = await query(req.url, { signal: shutdown.signal });
  res.end(JSON.stringify(rows));
}
```

## How safe the fix is

There is no automatic fix: what is raced has to learn about the signal. Where the promise is made in one line and one call
races against it, the change is shown.

## What is not flagged

Promises that are made inside the function; races at module level, which are run once.

## References

- Node.js issue 17469: memory is kept by `Promise.race` with a promise that does not settle
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    for (node, call) in file.calls() {
        let is_race = method(call).is_some_and(|(object, name)| {
            matches!(name, "race" | "any")
                && matches!(object, Expression::Identifier(object) if object.name == "Promise")
        });
        if !is_race || runs_once(file, *node) {
            continue;
        }
        let Some(raced) = argument(call, 0) else {
            continue;
        };
        // `const racers = [work, stop]; await Promise.race(racers);`
        let listed = declared_by(file, raced).unwrap_or(raced);
        if let Expression::ArrayExpression(racers) = listed {
            of_list(file, *node, call, racers, findings);
        }
        findings.extend(of_steps(file, *node, call, raced));
    }
}

fn of_list<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
    racers: &'a ArrayExpression<'a>,
    findings: &mut Vec<Finding>,
) {
    let once_for_instance = runs_once_for_instance(file, node);
    let racers_written = racers.elements.iter().filter_map(|it| it.as_expression());
    for racer in racers_written {
        let racer = bare(racer);
        let Some(promise) = outliving(file, node, racer) else {
            continue;
        };
        if once_for_instance && racer.is_member_expression() {
            continue;
        }
        let mut found = finding(file, call.span, &file.written(racer), &promise);
        found.fixes.extend(fix::fix(file, call, racers, racer));
        findings.push(found);
    }
}

/// A loop that races what several iterators give next.
fn of_steps<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
    raced: &Expression<'a>,
) -> Option<Finding> {
    let steps = raced_steps(file, node, raced)?;
    let promise = Outliving {
        made: steps.step,
        why: "where the step of a slow iterator stays from race to race",
    };
    let name = file
        .parsed
        .semantic()
        .scoping()
        .symbol_name(steps.collection);
    Some(finding(file, call.span, name, &promise))
}

fn finding(file: &File<'_, '_>, race: Span, name: &str, promise: &Outliving) -> Finding {
    Finding {
        rule: RULE.id,
        confidence: Confidence::High,
        message: format!(
            "each race leaves its reactions on `{name}`, {}",
            promise.why
        ),
        growth: Some("per race, until that promise settles"),
        place: Label::new(
            file.extent(race),
            format!("`{name}` keeps every race that it was in"),
        ),
        labels: vec![Label::new(file.extent(promise.made), "made here")],
        fixes: Vec::new(),
    }
}

/// Whether a node is reached once: at module level or in a function that is only called there, and in no loop.
fn runs_once(file: &File<'_, '_>, node: NodeId) -> bool {
    let mut around = file.nodes().ancestor_ids(node);
    let is_in_loop = around.any(|around| is_loop(file.kind(around)));
    let function = file.function_around(node);
    !is_in_loop && function.is_none_or(|function| file.calls_of(function) == Calls::Once)
}

/// Whether a node is in a method that nobody calls but the constructor of its class: what the instance holds takes part in
/// one race.
fn runs_once_for_instance(file: &File<'_, '_>, node: NodeId) -> bool {
    let Some(function) = file.function_around(node) else {
        return false;
    };
    let AstKind::MethodDefinition(definition) = file.kind(file.parent(function)) else {
        return false;
    };
    let Some(name) = definition.key.static_name() else {
        return false;
    };
    let mut inside = file.nodes().ancestor_ids(node);
    let is_in_loop = inside
        .by_ref()
        .take_while(|around| *around != function)
        .any(|around| is_loop(file.kind(around)));
    let mut calls = file.calls().iter().filter(|(_, call)| {
        method(call).is_some_and(|(object, called)| {
            matches!(object, Expression::ThisExpression(_)) && called == name
        })
    });
    let is_in_constructor = |call: NodeId| {
        file.function_around(call).is_some_and(|around| {
            matches!(
                file.kind(file.parent(around)),
                AstKind::MethodDefinition(method) if method.kind.is_constructor()
            )
        })
    };
    let first = calls.next();
    !is_in_loop
        && first.is_some_and(|(call, _)| is_in_constructor(*call))
        && calls.all(|(call, _)| is_in_constructor(*call))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{check, check_page, check_shown};

    #[test]
    fn the_page_holds() {
        check_page(&RULE);
    }

    #[test]
    fn a_signal_is_shown() {
        check_shown(
            &RULE,
            "const shutdown = new Promise((resolve) => process.once('SIGTERM', resolve));\nasync function handle(req, res) {\n  const rows = await Promise.race([query(req.url), shutdown]);\n}",
            "const shutdown = new AbortController();\nprocess.once('SIGTERM', () => shutdown.abort());\nasync function handle(req, res) {\n  const rows = await query(req.url, { signal: shutdown.signal });\n}",
        );
    }

    #[test]
    fn promises_of_the_process() {
        check(
            &RULE,
            "const stop = once(process, 'SIGTERM');\nexports.run = (job) => Promise.race([job(), stop]);",
            &[2],
        );
        check(
            &RULE,
            "const stop: Promise<void> = new Promise((r) => { end = r; });\nfor (const j of []) { const f = () => Promise.any([(stop), j]); }",
            &[2],
        );
    }

    #[test]
    fn one_race_for_each_instance_leaves_nothing_behind() {
        let class = |caller: &str| {
            format!(
                "class Relay {{\n  constructor() {{\n    this.stopped = new Promise((stop) => {{ this.stop = stop; }});\n    {caller}\n  }}\n  async start() {{\n    await Promise.race([this.ready(), this.stopped]);\n  }}\n  again() {{ return connect(); }}\n}}"
            )
        };
        check(&RULE, &class("this.started = this.start();"), &[]);
        check(&RULE, &class("bus.on('down', () => this.start());"), &[7]);
        check(
            &RULE,
            &class("this.started = this.start();").replace("connect()", "this.start()"),
            &[7],
        );
    }

    #[test]
    fn promises_of_an_instance_or_of_all_turns() {
        check(
            &RULE,
            "class A {\n  constructor() { this.#gone = new Promise((_, no) => { this.end = no; }); }\n  f() { return Promise.race([g(), this.#gone]); }\n  #gone;\n}",
            &[3],
        );
        check(
            &RULE,
            "async function f(signal) {\n  const end = new Promise((r) => signal.addEventListener('abort', r));\n  while (true) await Promise.race([g(), end]);\n}",
            &[3],
        );
        check(
            &RULE,
            "import { stop } from './life';\nexport const f = () => Promise.race([g(), stop]);",
            &[2],
        );
        check(
            &RULE,
            "async function f() { for (;;) { const late = new Promise((r) => setTimeout(r, 9)); await Promise.race([late, g()]); } }",
            &[],
        );
        check(
            &RULE,
            "class A { f() { return Promise.race([this.g(), this.h]); } }",
            &[],
        );
    }

    #[test]
    fn races_that_are_run_once() {
        let life = "import { stop } from './life';\n";
        check(
            &RULE,
            &format!("{life}async function main() {{ await Promise.race([g(), stop]); }}\nmain();"),
            &[],
        );
        check(
            &RULE,
            &format!(
                "{life}async function main() {{ for (;;) await Promise.race([g(), stop]); }}\nmain();"
            ),
            &[2],
        );
    }

    #[test]
    fn promises_of_the_call() {
        check(
            &RULE,
            "const f = () => { const late = new Promise((r) => setTimeout(r, 9)); return Promise.race([g(), late]); };",
            &[],
        );
        check(
            &RULE,
            "const a = new Promise((r) => 1); Promise.race([a, b]);",
            &[],
        );
        check(
            &RULE,
            "let tick = new Promise((r) => 1); const f = () => { tick = new Promise((r) => 1); return Promise.race([tick, g()]); };",
            &[],
        );
        check(&RULE, "const f = (stop) => Promise.race([stop, g()]);", &[]);
    }

    #[test]
    fn what_is_required() {
        check(
            &RULE,
            "const { stop } = require('./life');\nexports.f = () => Promise.race([g(), stop]);",
            &[2],
        );
    }

    #[test]
    fn parts_and_chains() {
        check(
            &RULE,
            "import { big } from './models';\nexport const f = () => Promise.race([big.then((m) => m.run()), g()]);",
            &[2],
        );
        check(
            &RULE,
            "const { promise, resolve } = Promise.withResolvers();\nexport const f = () => Promise.race([promise, g()]);",
            &[2],
        );
        check(
            &RULE,
            "const stop = Promise.withResolvers();\nexport const f = () => Promise.race([stop.promise, g()]);",
            &[2],
        );
        check(
            &RULE,
            "class A {\n  gone = new Promise((r) => { this.end = r; });\n  f() { return Promise.race([\n    g(),\n    this.gone,\n  ]); }\n}",
            &[3],
        );
        check(
            &RULE,
            "class A {\n  constructor() { this.gone = new Promise((r) => { this.end = r; }); this.start(); }\n  start() { return Promise.race([g(), this.gone]); }\n}",
            &[],
        );
    }

    #[test]
    fn promises_under_other_names() {
        let handler = |before: &str, racer: &str| {
            format!(
                "{before}\napp.get('/', async (req, res) => {{ await Promise.race([load(req), {racer}]); }});"
            )
        };
        let waits = "new Promise((end) => process.once('SIGTERM', end))";
        for (before, racer) in [
            ("const life = { stop: WAITS };", "life.stop"),
            (
                "const life = { stop: WAITS }; const { stop } = life;",
                "stop",
            ),
            ("class Life { static stop = WAITS; }", "Life.stop"),
            (
                "class Life { stop = WAITS; }\tconst life = new Life();",
                "life.stop",
            ),
            (
                "const later = () => { let end; const promise = new Promise((e) => { end = e; }); return { promise, end }; };\tconst stop = later();",
                "stop.promise",
            ),
            ("const all = WAITS; const stop = () => all;", "stop()"),
            (
                "const on = (signal) => new Promise((_, no) => signal.addEventListener('abort', no)); const stop = on(closing);",
                "stop",
            ),
            ("app.locals.stop = WAITS;", "req.app.locals.stop"),
            (
                "class Life { over() { if (!this.end) { this.end = WAITS; } return this.end; } } const life = new Life();",
                "life.over()",
            ),
            (
                "class Life { over() { return (this.end ??= WAITS); } } const life = new Life();",
                "life.over()",
            ),
        ] {
            let before = before.replace("WAITS", waits).replace('\t', " ");
            check(&RULE, &handler(&before, racer), &[2]);
        }
        for (before, racer) in [
            ("const stop = () => WAITS;", "stop()"),
            (
                "class Life { over() { this.end = WAITS; return this.end; } } const life = new Life();",
                "life.over()",
            ),
            (
                "class Life { over() { return (this.end ??= WAITS); } again() { this.end = null; } } const life = new Life();",
                "life.over()",
            ),
            ("const life = { stop: () => WAITS };", "life.stop()"),
            (
                "const open = () => new Promise((done) => db.open(done)); const stop = open();",
                "stop",
            ),
            (
                "app.use((req, res, next) => { req.stop = WAITS; next(); });",
                "req.stop",
            ),
        ] {
            check(&RULE, &handler(&before.replace("WAITS", waits), racer), &[]);
        }
        let listed = handler(&format!("const stop = {waits};"), "stop");
        let listed = listed.replace(
            "await Promise.race([load(req), stop])",
            "const all = [load(req), stop]; await Promise.race(all)",
        );
        check(&RULE, &listed, &[2]);
    }

    #[test]
    fn promises_for_a_signal_that_are_kept() {
        let text = |made: &str| {
            format!(
                "function aborted(signal) {{\n  let promise = known.get(signal);\n  if (!promise) {{\n    promise = {made};\n    known.set(signal, promise);\n  }}\n  return promise;\n}}\nasync function run(signal) {{\n  const end = aborted(signal);\n  for (;;) await Promise.race([sweep(), end]);\n}}"
            )
        };
        check(
            &RULE,
            &text("new Promise((_, no) => { signal.addEventListener('abort', () => no(1)); })"),
            &[11],
        );
        check(&RULE, &text("new Promise((go) => setTimeout(go, 9))"), &[]);
    }

    #[test]
    fn imported_promises_of_a_beginning() {
        let text = |name: &str| {
            format!(
                "import {{ {name} }} from './life';\nexport const f = () => Promise.race([g(), {name}]);"
            )
        };
        check(&RULE, &text("stopped"), &[2]);
        check(&RULE, &text("booted"), &[]);
        check(&RULE, &text("ready"), &[]);
    }

    #[test]
    fn promises_that_settle_by_themselves() {
        let pending = "const life = { over: MADE };\napp.get('/', async (req, res) => { await Promise.race([load(req), life.over]); });";
        for made in [
            "new Promise((end) => process.once('SIGTERM', end))",
            "new Promise((end) => { stop = end; })",
            "new Promise((end) => hooks.register(async () => { await last(); end(); }))",
        ] {
            check(&RULE, &pending.replace("MADE", made), &[2]);
        }
        for made in [
            "new Promise((end) => setTimeout(end, 9000))",
            "new Promise((end) => setTimeout(() => end(1), 9000))",
            "new Promise((end, no) => fs.readFile(path, (error, text) => error ? no(error) : end(text)))",
            "new Promise((end) => db.once('open', end))",
        ] {
            check(&RULE, &pending.replace("MADE", made), &[]);
        }
        let stored = pending.replace("MADE", "new Promise((end) => { stop = end; })");
        check(&RULE, &stored.replace("over", "ready"), &[]);
    }

    #[test]
    fn promises_of_getters() {
        let class = |getter: &str| {
            format!(
                "class Loop {{\n  end = Promise.withResolvers();\n  get over() {{ return {getter}; }}\n  async run() {{ for (;;) {{ await Promise.race([this.next(), this.over]); }} }}\n}}"
            )
        };
        check(&RULE, &class("this.end.promise"), &[4]);
        check(
            &RULE,
            &class("new Promise((end) => { this.go = end; })"),
            &[],
        );
    }

    #[test]
    fn ends_of_streams_and_fields_of_fields() {
        let pump = |closed: &str| {
            format!(
                "import {{ finished }} from 'node:stream/promises';\nexport async function pump(from, to) {{\n  const closed = {closed};\n  for (;;) {{\n    await Promise.race([from.read(), closed]);\n  }}\n}}"
            )
        };
        check(&RULE, &pump("to.closed"), &[5]);
        check(&RULE, &pump("finished(to)"), &[5]);
        check(&RULE, &pump("to.closed.then(() => null)"), &[5]);
        check(&RULE, &pump("to.ready.then(() => null)"), &[]);
        check(&RULE, &pump("to.ready"), &[]);
        let pool = |again: &str| {
            format!(
                "class Pool {{\n  #ended = Promise.withResolvers();\n  get() {{ {again} return Promise.race([this.next(), this.#ended.promise]); }}\n}}"
            )
        };
        check(&RULE, &pool(""), &[3]);
        let armed = |calls: &str| {
            format!(
                "class Pool {{\n  arm() {{ this.late = new Promise((no) => bus.once('late', no)); }}\n  get() {{ {calls} return Promise.race([this.next(), this.late]); }}\n}}"
            )
        };
        check(&RULE, &armed("this.arm();"), &[]);
        check(&RULE, &armed(""), &[3]);
    }

    #[test]
    fn steps_of_iterators() {
        let merge = |put: &str, raced: &str| {
            format!(
                "export async function* merge(all) {{\n  const steps = new Map();\n  while (all.length) {{\n    const {{ i, step }} = await Promise.race({raced});\n    {put}\n    yield step;\n  }}\n}}"
            )
        };
        let next = "steps.set(i, all[i].next().then((step) => ({ i, step })));";
        check(&RULE, &merge(next, "steps.values()"), &[4]);
        check(&RULE, &merge(next, "[...steps.values()]"), &[4]);
        check(
            &RULE,
            &merge("steps[i] = all[i].next();", "Object.values(steps)"),
            &[4],
        );
        // Work that ends by itself.
        check(
            &RULE,
            &merge("steps.set(i, work(i));", "steps.values()"),
            &[],
        );
        check(
            &RULE,
            &merge("steps.delete(i);", "all.map((it) => it.next())"),
            &[],
        );
    }

    #[test]
    fn loops_that_count() {
        let race = |head: &str| {
            format!(
                "async function f(res) {{\n  const gone = once(res, 'close').then(() => null);\n  for ({head}) {{\n    await Promise.race([next(), gone]);\n  }}\n}}\napp.get('/', (req, res) => f(res));"
            )
        };
        check(&RULE, &race("let i = 0; i < 20; i++"), &[]);
        check(&RULE, &race("let i = 0; i < req.body.n; i++"), &[4]);
        check(&RULE, &race("const one of all.slice(0, 3)"), &[]);
        check(&RULE, &race("const one of [first, second]"), &[]);
        check(&RULE, &race("const one of all.slice(from, to)"), &[4]);
        check(&RULE, &race("const one of [first, ...more]"), &[4]);
    }
}
