//! `Promise.race([work(), timeout])` whose timer goes on when the work has won.

use oxc_ast::ast::{CallExpression, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::bare;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::outliving::outliving;
use crate::facts::platform::declared_by;
use crate::facts::timers::{
    Fault, Timer, executor, fault, is_at_the_end, is_short, promised_timer, raced_by_hand,
    rejects_late_only,
};
use crate::file::{File, argument, method};
use crate::finding::{Finding, Fix, Label, Safety, is_new};
use crate::fix::Change;
use crate::project::Calls;
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "uncleared-race-timer",
    pattern: Pattern::PendingAsync,
    on: On::Always,
    page: "# uncleared-race-timer

Finds timeouts that are raced with some work and go on running when the work is done first.

## Why it leaks

`Promise.race` ignores the losers, it does not end them. The timer of a timeout stays in the process until it is due, with
its function, the promise, and every variable of the scopes around it: the request, the body, the answer. With a timeout of
a minute and a thousand calls a second these are sixty thousand timers that nobody waits for.

## Example

```js
function withTimeout(work, ms) {
  return Promise.race([
    work,
    new Promise((_, reject) => setTimeout(() => reject(new Error('too slow')), ms)),
  ]);
}
```

```js
import { setTimeout as sleep } from 'node:timers/promises';

export const orNull = (work) => Promise.race([work(), sleep(30_000, null)]);
```

## Use instead

```js
function withTimeout(work, ms) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('too slow')), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
```

```js
export const load = (url) => fetch(url, { signal: AbortSignal.timeout(30_000) });
```

## How safe the fix is

Safe where the race is awaited in the function that starts the timer: the timer is kept in a variable and cleared when the
race is over, which changes nothing that anybody could still wait for. Unsafe where the race's promise is handed on: it
settles some ticks later. There is no fix where the timer is started by another function.

## What is not flagged

Timers that are cleared on every way out; a sleep that is given a signal; pauses, which are awaited themselves; delays of a
second or less; races that are run once, as when something is shut down; commands, build scripts and tests.

## References

- ECMAScript, `Promise.race`
- Node.js, `clearTimeout()`, `AbortSignal.timeout()`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if file.ends() {
        return;
    }
    let before = findings.len();
    let mut raced = Vec::new();
    for (node, call) in file.calls() {
        if is_race(call) && file.frequency(*node) != Calls::Once && !is_at_the_end(file, *node) {
            of_race(file, *node, call, &mut raced, findings);
        }
    }
    for node in file.nodes_of([AstType::NewExpression]) {
        let AstKind::NewExpression(new) = node.kind() else {
            continue;
        };
        // What rejects late and does nothing else is of use in a race only, wherever that is.
        let alone = rejects_late_only(file, node.id(), new);
        let Some(timer) = alone.or_else(|| raced_by_hand(file, node.id(), new)) else {
            continue;
        };
        let is_known = findings[before..]
            .iter()
            .any(|known| known.place.extent.start == timer.call.start);
        if !is_known && !raced.contains(&timer.node) && file.frequency(node.id()) != Calls::Once {
            findings.push(finding(file, &timer, Fault::Lost, None));
        }
    }
}

/// The timers of a race: those it starts, and those it waits for.
fn of_race<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &'a CallExpression<'a>,
    raced: &mut Vec<NodeId>,
    findings: &mut Vec<Finding>,
) {
    let Some(Expression::ArrayExpression(racers)) = argument(call, 0) else {
        return;
    };
    let racers: Vec<&Expression<'a>> = racers
        .elements
        .iter()
        .filter_map(|racer| racer.as_expression())
        .map(bare)
        .collect();
    for (at, racer) in racers.iter().enumerate() {
        let Some(timer) = promised_timer(file, racer) else {
            continue;
        };
        raced.push(timer.node);
        // Where nothing else is done, the timer is what the race is for: a pause that something may cut short.
        let works = racers.iter().enumerate().any(|(other, racer)| {
            other != at && is_work(file, racer) && outliving(file, node, racer).is_none()
        });
        if !works || is_soon_over(file, &timer) {
            continue;
        }
        let fails = racers
            .iter()
            .enumerate()
            .any(|(other, racer)| other != at && may_reject(file, racer));
        let fault = fault(file, node, &timer);
        // What only rejects late is no way past the clearing: the timer is over by then.
        let fault = fault.filter(|fault| fails || !matches!(fault, Fault::SkippedBy(_)));
        if let Some(fault) = fault {
            let fix = fix(file, node, &timer, &fault);
            let mut found = finding(file, &timer, fault, fix);
            found.labels.insert(
                0,
                Label::new(file.extent(call.span), "the race does not end its losers"),
            );
            // One timeout may be raced in many places.
            findings.extend(is_new(findings, &found).then_some(found));
        }
    }
}

fn is_race(call: &CallExpression<'_>) -> bool {
    method(call).is_some_and(|(object, name)| {
        matches!(name, "race" | "any")
            && matches!(object, Expression::Identifier(object) if object.name == "Promise")
    })
}

fn finding(file: &File<'_, '_>, timer: &Timer, fault: Fault, fix: Option<Fix>) -> Finding {
    let (why, confidence, at) = match fault {
        Fault::Lost => ("nothing can clear it", Confidence::High, None),
        Fault::NeverCleared => ("nothing clears it", Confidence::High, None),
        Fault::Shared => (
            "the next call overwrites its id before it is cleared",
            Confidence::Medium,
            None,
        ),
        Fault::NoSignal => (
            "it is given no signal that could end it",
            Confidence::High,
            None,
        ),
        Fault::SkippedBy(at) => (
            "it is not cleared when the work fails",
            Confidence::High,
            Some(at),
        ),
    };
    let labels = at.map(|at| Label::new(file.extent(at), "leaves without clearing it"));
    Finding {
        rule: RULE.id,
        confidence,
        message: format!("the timer of a timeout goes on when the work is done first: {why}"),
        growth: Some("one timer with its scope per call, until it is due"),
        place: Label::new(file.extent(timer.call), "stays until it is due"),
        labels: labels.into_iter().collect(),
        fixes: fix.into_iter().collect(),
    }
}

/// Whether a racer is something that ends by itself: not a promise of the module or the instance that waits for a signal.
fn is_work<'a>(file: &File<'_, 'a>, racer: &Expression<'a>) -> bool {
    match racer {
        Expression::StaticMemberExpression(_) | Expression::PrivateFieldExpression(_) => false,
        Expression::Identifier(_) => match file.variable(racer) {
            Some(variable) => {
                let scoping = file.parsed.semantic().scoping();
                scoping.symbol_scope_id(variable) != scoping.root_scope_id()
                    && declared_by(file, racer).is_none_or(|init| !waits_for_signal(init))
            }
            None => false,
        },
        other => !waits_for_signal(other),
    }
}

/// Whether a racer may reject: a promise that is made with `resolve` alone does not.
fn may_reject<'a>(file: &File<'_, 'a>, racer: &Expression<'a>) -> bool {
    let made = match racer {
        Expression::Identifier(_) => declared_by(file, racer),
        other => Some(other),
    };
    let Some(Expression::NewExpression(new)) = made else {
        return true;
    };
    let given = executor(file, new).and_then(|executor| file.parsed.parameters(executor));
    given.is_none_or(|given| given.items.len() != 1)
}

/// `new Promise((resolve) => signal.addEventListener('abort', resolve))`, `once(signal, 'abort')`.
fn waits_for_signal(racer: &Expression<'_>) -> bool {
    match racer {
        Expression::NewExpression(new) => {
            new.arguments.iter().any(|argument| {
                matches!(
                    argument.as_expression().map(bare),
                    Some(
                        Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_)
                    )
                )
            }) && listens_only(new)
        }
        Expression::CallExpression(call) => {
            matches!(bare(&call.callee), Expression::Identifier(callee) if callee.name == "once")
                && call.arguments.len() > 1
        }
        _ => false,
    }
}

/// Whether a promise's function does nothing but register one of its parameters.
fn listens_only(new: &oxc_ast::ast::NewExpression<'_>) -> bool {
    let Some(executor) = new
        .arguments
        .first()
        .and_then(|argument| argument.as_expression())
    else {
        return false;
    };
    match bare(executor) {
        Expression::ArrowFunctionExpression(arrow) => arrow.get_expression().is_some_and(|value| {
            matches!(bare(value), Expression::CallExpression(call)
                if method(call).is_some_and(|(_, name)| matches!(name, "addEventListener" | "once" | "on")))
        }),
        _ => false,
    }
}

fn is_soon_over(file: &File<'_, '_>, timer: &Timer) -> bool {
    let AstKind::CallExpression(call) = file.kind(timer.node) else {
        return false;
    };
    let at = if timer.is_sleep { 0 } else { 1 };
    argument(call, at).is_some_and(|delay| is_short(file, delay))
}

/// Keeps the timer in a variable and clears it when the race is over.
fn fix(file: &File<'_, '_>, race: NodeId, timer: &Timer, fault: &Fault) -> Option<Fix> {
    if !matches!(fault, Fault::Lost) || timer.is_sleep {
        return None;
    }
    let function = file.function_around(race)?;
    let whole = file.kind(function).span();
    let race_span = file.kind(race).span();
    let executor = file.function_around(timer.node)?;
    // The variable has to be seen by both: the promise is made in the function that races.
    if !whole.contains_inclusive(timer.call) || file.function_around(executor) != Some(function) {
        return None;
    }
    let first = if timer.call.start < race_span.start {
        timer.node
    } else {
        race
    };
    let mut change = Change::of(file);
    let name = change.fresh(first, "timer")?;
    let is_typed = is_typescript(file);
    let declaration = if is_typed {
        format!("let {name}: ReturnType<typeof setTimeout> | undefined;")
    } else {
        format!("let {name};")
    };
    let place = outermost_in(file, function, first);
    change.before(place, declaration)?;
    change.insert(timer.call.start, format!("{name} = "));
    change.insert(
        race_span.end,
        format!(".finally(() => clearTimeout({name}))"),
    );
    let is_awaited = crate::facts::fate::way(file, race).awaited;
    let safety = if is_awaited {
        Safety::Safe
    } else {
        Safety::Unsafe
    };
    change.done("Clear the timer when the race is over", safety)
}

/// The outermost node around `node` that is code of the function itself.
fn outermost_in(file: &File<'_, '_>, function: NodeId, node: NodeId) -> NodeId {
    let mut own = node;
    let mut at = node;
    while let Some(around) = file.function_around(at) {
        if around == function {
            return own;
        }
        (own, at) = (around, around);
    }
    own
}

fn is_typescript(file: &File<'_, '_>) -> bool {
    file.parsed.program().source_type.is_typescript()
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
    fn one_timeout_in_many_races_is_said_once() {
        let race = "await Promise.race([fetch(url), late()]);";
        let text = format!(
            "const late = () => new Promise((_, reject) =>\n  setTimeout(reject, 9000));\nexport async function f(url) {{ {race} }}\nexport async function g(url) {{ {race} }}"
        );
        check(&RULE, &text, &[2]);
    }

    #[test]
    fn timers_whose_id_is_lost() {
        check(
            &RULE,
            "const f = (w, ms) => Promise.race([w(), new Promise((_, no) => setTimeout(no, ms))]);",
            &[1],
        );
        check(
            &RULE,
            "async function f(w) {\n  const late = new Promise((yes) => { setTimeout(() => yes(null), 9_000).unref(); });\n  return await Promise.race([late, w()]);\n}",
            &[2],
        );
        check(
            &RULE,
            "const late = (ms) => new Promise((r) => setTimeout(r, ms));\nexport const f = (w) => Promise.race([w(), late(9_000)]);",
            &[1],
        );
        check(
            &RULE,
            "class A {\n  late(ms) { return new Promise((_, no) => setTimeout(no, ms)); }\n  f(w) { return Promise.race([w(), this.late(9)]); }\n}",
            &[2],
        );
        check(
            &RULE,
            "import { setTimeout as s } from 'timers/promises';\nexport const f = (w) => Promise.race([w(), s(9_000)]);",
            &[2],
        );
        check(
            &RULE,
            "import { setTimeout as s } from 'timers/promises';\nexport const f = (w, signal) => Promise.race([w(), s(9_000, null, { signal })]);",
            &[],
        );
    }

    #[test]
    fn timers_that_nothing_clears() {
        check(
            &RULE,
            "async function f(w) {\n  let t;\n  const late = new Promise((yes) => { t = setTimeout(yes, 9_000); });\n  return await Promise.race([late, w()]);\n}",
            &[3],
        );
        check(
            &RULE,
            "exports.late = (ms) => new Promise((_, no) => {\n  setTimeout(() => no(new Error('late')), ms);\n});",
            &[2],
        );
        check(
            &RULE,
            "exports.f = (w) => new Promise((yes, no) => {\n  setTimeout(() => no(new Error('late')), 9_000);\n  w().then(yes, no);\n});",
            &[2],
        );
        check(
            &RULE,
            "exports.f = (w) => new Promise((yes, no) => {\n  const t = setTimeout(() => no(new Error('late')), 9_000);\n  w().then((x) => { clearTimeout(t); yes(x); }, no);\n});",
            &[],
        );
    }

    #[test]
    fn ways_out_that_skip_it() {
        check(
            &RULE,
            "async function f(w) {\n  let t;\n  const late = new Promise((_, no) => { t = setTimeout(no, 9_000); });\n  const x = await Promise.race([late, w()]);\n  clearTimeout(t);\n  return x;\n}",
            &[3],
        );
        check(
            &RULE,
            "async function f(w) {\n  let t;\n  const late = new Promise((_, no) => { t = setTimeout(no, 9_000); });\n  try { return await Promise.race([late, w()]); } finally { clearTimeout(t); }\n}",
            &[],
        );
        check(
            &RULE,
            "function f(w) {\n  let t;\n  const late = new Promise((_, no) => { t = setTimeout(no, 9_000); });\n  return Promise.race([late, w()]).then((x) => { clearTimeout(t); return x; });\n}",
            &[3],
        );
        check(
            &RULE,
            "function f(w) {\n  let t;\n  const late = new Promise((_, no) => { t = setTimeout(no, 9_000); });\n  return Promise.race([late, w()]).finally(() => clearTimeout(t));\n}",
            &[],
        );
        check(
            &RULE,
            "function f(w) {\n  let t;\n  const late = new Promise((_, no) => { t = setTimeout(no, 9_000); });\n  const end = () => clearTimeout(t);\n  return Promise.race([late, w().finally(end)]);\n}",
            &[],
        );
    }

    #[test]
    fn ways_out_that_do_not_matter() {
        check(
            &RULE,
            "async function f(w) {\n  let t = null;\n  try { await Promise.race([w(), new Promise((_, no) => { t = setTimeout(no, 9_000); })]); } finally { if (t !== null) clearTimeout(t); }\n}",
            &[],
        );
        check(
            &RULE,
            "async function f(w) {\n  const done = new Promise((yes) => w.on('end', yes));\n  let t;\n  await Promise.race([done, new Promise((yes) => { t = setTimeout(yes, 9_000); })]);\n  clearTimeout(t);\n}",
            &[],
        );
    }

    #[test]
    fn one_field_for_all() {
        check(
            &RULE,
            "class A {\n  async f(q) {\n    const late = new Promise((_, no) => { this.t = setTimeout(no, 9_000); });\n    try { return await Promise.race([late, this.g(q)]); } finally { clearTimeout(this.t); }\n  }\n}",
            &[3],
        );
        check(
            &RULE,
            "class A {\n  async f() {\n    const late = new Promise((_, no) => { this.t = setTimeout(no, 9_000); });\n    try { return await Promise.race([late, this.g()]); } finally { clearTimeout(this.t); }\n  }\n}",
            &[],
        );
    }

    #[test]
    fn timers_that_are_the_work() {
        check(
            &RULE,
            "const pause = (ms) => new Promise((r) => setTimeout(r, ms));\nexport const f = async () => { await pause(9_000); };",
            &[],
        );
        check(
            &RULE,
            "class A { f() { return Promise.race([this.stopped, new Promise((r) => setTimeout(r, this.every))]); } }",
            &[],
        );
        check(
            &RULE,
            "export const f = (w) => Promise.race([w(), new Promise((r) => setTimeout(r, 100))]);",
            &[],
        );
        check(
            &RULE,
            "const runShutdown = (w) => Promise.race([w(), new Promise((r) => setTimeout(r, 9_000))]);",
            &[],
        );
        check(
            &RULE,
            "const MS = 500;\nexport const f = (w) => Promise.race([w(), new Promise((r) => setTimeout(r, MS))]);",
            &[],
        );
        check(
            &RULE,
            "const done = Promise.race([g(), new Promise((r) => setTimeout(r, 9_000))]);",
            &[],
        );
    }

    #[test]
    fn functions_that_fail_after_a_sleep() {
        let text = |late: &str| {
            format!(
                "import {{ setTimeout as sleep }} from 'node:timers/promises';\nconst late = async (ms) => {{ {late} }};\nexport const f = (ms, work) => Promise.race([work(), late(ms)]);"
            )
        };
        check(
            &RULE,
            &text("await sleep(ms); throw new Error('late');"),
            &[2],
        );
        check(
            &RULE,
            &text("await sleep(ms, null, { signal }); throw new Error('late');"),
            &[],
        );
        check(
            &RULE,
            &text("await sleep(ms); await work2(); throw 1;"),
            &[],
        );
    }

    #[test]
    fn pauses_that_a_signal_cuts_short() {
        let text = |other: &str| {
            format!(
                "const aborted = (signal) => new Promise((_, no) => signal.addEventListener('abort', no));\nasync function run(signal) {{\n  const end = aborted(signal);\n  for (;;) {{\n    await Promise.race([new Promise((go) => setTimeout(go, 60000)), {other}]);\n  }}\n}}"
            )
        };
        check(&RULE, &text("end"), &[]);
        check(&RULE, &text("work()"), &[5]);
    }

    #[test]
    fn the_fix_clears_it() {
        check_fix(
            &RULE,
            "async function f(w) {\n  const x = await Promise.race([w(), new Promise((_, no) => setTimeout(no, 9_000))]);\n  return x;\n}\n",
            "async function f(w) {\n  let timer: ReturnType<typeof setTimeout> | undefined;\n  const x = await Promise.race([w(), new Promise((_, no) => timer = setTimeout(no, 9_000))]).finally(() => clearTimeout(timer));\n  return x;\n}\n",
        );
        check_fix(
            &RULE,
            "function f(w) {\n  const late = new Promise((_, no) => {\n    setTimeout(no, 9_000);\n  });\n  return Promise.race([w(), late]);\n}\n",
            "function f(w) {\n  let timer: ReturnType<typeof setTimeout> | undefined;\n  const late = new Promise((_, no) => {\n    timer = setTimeout(no, 9_000);\n  });\n  return Promise.race([w(), late]).finally(() => clearTimeout(timer));\n}\n",
        );
    }
}
