//! `Promise.race([shutdown, work()])`: every value of the race hangs on the promise that never settles.

mod fix;

use oxc_ast::AstKind;
use oxc_ast::ast::{ArrayExpression, CallExpression, Expression};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::bare;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::platform::declared_by;
use crate::facts::steps::raced_steps;
use crate::facts::turns::{is_counted, is_loop};
use crate::file::{File, argument, method};
use crate::finding::{Finding, Label};
use crate::project::{Calls, Meaning};
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
        if let Expression::ArrayExpression(racers) = raced {
            of_list(file, *node, call, racers, findings);
        }
        findings.extend(of_steps(file, *node, call, raced));
    }
}

fn of_list<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
    racers: &ArrayExpression<'a>,
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

/// A promise that takes part in many races.
struct Outliving {
    made: Span,
    /// Ends the sentence that names it.
    why: &'static str,
}

/// What makes a racer outlive the race at `race`.
fn outliving<'a>(file: &File<'_, 'a>, race: NodeId, racer: &Expression<'a>) -> Option<Outliving> {
    // What `then` makes of it hangs on it as well.
    if let Expression::CallExpression(call) = racer
        && let Some((promise, "then" | "catch" | "finally")) = method(call)
    {
        return outliving(file, race, promise);
    }
    if let Some(variable) = file.variable(racer) {
        return outliving_variable(file, race, variable, racer);
    }
    let field = racer.as_member_expression()?;
    if !matches!(field.object(), Expression::ThisExpression(_)) {
        return part_of_deferred(file, racer);
    }
    if is_raced_once_by_its_instance(file, race) {
        return None;
    }
    let name = file.written(racer);
    let made = file.nodes().iter().find_map(|node| {
        if let AstKind::PropertyDefinition(own) = node.kind() {
            let is_it = file.slice(own.key.span()) == name.split('.').next_back()?;
            let value = own
                .value
                .as_ref()
                .filter(|value| is_it && is_promise(value))?;
            return Some(value.span());
        }
        let AstKind::AssignmentExpression(assignment) = node.kind() else {
            return None;
        };
        let target = file.slice(assignment.left.span());
        // Often made for an instance that is not called `this` yet.
        let is_it = target.split('.').next_back() == name.split('.').next_back();
        (is_it && is_promise(&assignment.right)).then_some(assignment.right.span())
    })?;
    Some(Outliving {
        made,
        why: "which is made once for the instance",
    })
}

/// Whether only constructors run the race, each for its own instance.
fn is_raced_once_by_its_instance(file: &File<'_, '_>, race: NodeId) -> bool {
    let is_in_loop = file
        .nodes()
        .ancestor_ids(race)
        .any(|around| is_loop(file.kind(around)));
    let Some(method) = file.function_around(race) else {
        return false;
    };
    let calls = file.parsed.calls_of(method);
    let is_of_constructor = |call: &NodeId| {
        let around = file.function_around(*call);
        around.is_some_and(|function| {
            matches!(file.kind(file.nodes().parent_id(function)),
                AstKind::MethodDefinition(method) if method.kind.is_constructor())
        })
    };
    !is_in_loop && !calls.is_empty() && calls.iter().all(is_of_constructor)
}

/// `stopped.promise` where `stopped` is what the module has of `Promise.withResolvers()`.
fn part_of_deferred<'a>(file: &File<'_, 'a>, racer: &Expression<'a>) -> Option<Outliving> {
    let member = racer.as_member_expression()?;
    let variable = file.variable(member.object())?;
    let scoping = file.parsed.semantic().scoping();
    let is_of_another = matches!(file.meaning(member.object()), Meaning::Result(of)
        if matches!(&*of, Meaning::Global(path) if path.iter().map(|name| &**name).eq(["Promise", "withResolvers"])));
    if is_of_another
        && member.static_property_name() == Some("promise")
        && matches!(
            file.kind(scoping.symbol_declaration(variable)),
            AstKind::ImportSpecifier(_) | AstKind::ImportDefaultSpecifier(_)
        )
    {
        return Some(Outliving {
            made: scoping.symbol_span(variable),
            why: "which its module makes once",
        });
    }
    let made = declared_by(file, member.object())?;
    let is_it = member.static_property_name() == Some("promise")
        && is_with_resolvers(made)
        && !scoping.symbol_is_mutated(variable)
        && scoping.symbol_scope_id(variable) == scoping.root_scope_id();
    is_it.then(|| Outliving {
        made: made.span(),
        why: "which is made once and stays pending",
    })
}

fn is_with_resolvers(made: &Expression<'_>) -> bool {
    matches!(bare(made), Expression::CallExpression(call)
        if method(call).is_some_and(|(_, name)| name == "withResolvers"))
}

/// Whether another file makes the promise by doing something that ends by itself: reading a file, connecting.
fn ends_by_itself(promise: &Meaning) -> bool {
    match promise {
        Meaning::Result(of) => match &**of {
            Meaning::Member(promise, name) if matches!(&**name, "then" | "catch" | "finally") => {
                ends_by_itself(promise)
            }
            Meaning::Member(..) => false,
            of => !of.is_of_node("events", &["once"]),
        },
        _ => false,
    }
}

fn outliving_variable<'a>(
    file: &File<'_, 'a>,
    race: NodeId,
    variable: SymbolId,
    racer: &Expression<'a>,
) -> Option<Outliving> {
    let scoping = file.parsed.semantic().scoping();
    let declaration = scoping.symbol_declaration(variable);
    let kind = file.kind(declaration);
    if matches!(
        kind,
        AstKind::ImportSpecifier(_) | AstKind::ImportDefaultSpecifier(_)
    ) {
        return (!ends_by_itself(&file.meaning(racer))).then(|| Outliving {
            made: scoping.symbol_span(variable),
            why: "which its module makes once",
        });
    }
    // `const { draining } = require('./lifecycle')`
    let required = file.parsed.import_of(racer);
    if required.is_some_and(|(module, _)| module.starts_with('.')) {
        return (!ends_by_itself(&file.meaning(racer))).then(|| Outliving {
            made: scoping.symbol_span(variable),
            why: "which its module makes once",
        });
    }
    let AstKind::VariableDeclarator(declarator) = kind else {
        return None;
    };
    // A variable that is assigned again may hold a new promise each time.
    if scoping.symbol_is_mutated(variable) {
        return None;
    }
    let init = bare(declarator.init.as_ref()?);
    let is_part = declarator.id.get_binding_identifier().is_none();
    if is_part != is_with_resolvers(init) || !is_part && !is_promise(init) {
        return None;
    }
    let made = init.span();
    if scoping.symbol_scope_id(variable) == scoping.root_scope_id() {
        let why = "which is made once and stays pending";
        return Some(Outliving { made, why });
    }
    // In one call a promise is raced again only by a loop that it was made in front of; one that is in so many races goes
    // with the call.
    let loops_since = file
        .nodes()
        .ancestor_ids(race)
        .take_while(|around| {
            !file
                .kind(*around)
                .span()
                .contains_inclusive(declarator.span)
        })
        .any(|around| is_loop(file.kind(around)) && !is_counted(file, file.kind(around)));
    loops_since.then_some(Outliving {
        made,
        why: "which is made before the loop",
    })
}

/// Whether an expression makes a promise that something outside has to settle: `new Promise(…)`, `once(…)`, and what
/// `then` makes of one.
fn is_promise(expression: &Expression<'_>) -> bool {
    match bare(expression) {
        Expression::NewExpression(new) => {
            matches!(bare(&new.callee), Expression::Identifier(class) if class.name == "Promise")
        }
        Expression::CallExpression(call) => match method(call) {
            Some((promise, "then" | "catch" | "finally")) => is_promise(promise),
            Some((_, name)) => name == "once",
            None => {
                matches!(bare(&call.callee), Expression::Identifier(callee) if callee.name == "once")
            }
        },
        _ => false,
    }
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
