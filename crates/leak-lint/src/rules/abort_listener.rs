//! `signal.addEventListener('abort', …)` per call on a signal that outlives the call.

use oxc_ast::ast::{Argument, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_js_source::{Value, bare, is_function, literal_text};
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::ends::ends_soon;
use crate::facts::guard::is_guarded;
use crate::facts::left_on::is_left_on;
use crate::facts::lifetime::{Life, is_constructor, life_of};
use crate::facts::listeners::{Added, Way, member};
use crate::facts::removal::{Ending, ending, is_given_back};
use crate::facts::repeats::{Repeats, is_called_again_within, repeats};
use crate::facts::settlement::{executor_around, settles};
use crate::facts::waiting::runs_once_by_its_name;
use crate::file::{File, method};
use crate::finding::{Finding, Fix, Label};
use crate::fix::ending::{ending as end_of_work, taken_off, taken_off_in_the_end};
use crate::project::Calls;
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "abort-listener",
    pattern: Pattern::UnremovedListener,
    on: On::Always,
    page: "# abort-listener

Finds listeners for `abort` that a call adds to a signal which outlives it, and does not take off.

## Why it leaks

The signal of a shutdown, of an application or of a consumer lives as long as the process and is aborted at its end, if ever.
Each call that listens to it leaves its listener there, with what that keeps: controllers, timers, messages, the whole scope.
`{ once: true }` takes a listener off when it has run, which it does not here.

## Example

```js
import { shutdown } from './shutdown.js';

export async function handle(message, res) {
  const controller = new AbortController();
  shutdown.addEventListener('abort', () => controller.abort(), { once: true });
  await process(message, controller.signal);
}
app.post('/', (req, res) => handle(req.body, res));
```

## Use instead

```js
import { shutdown } from './shutdown.js';

export async function handle(message, res) {
  const controller = new AbortController();
  const onAbort = () => controller.abort();
  shutdown.addEventListener('abort', onAbort);
  try {
    await process(message, controller.signal);
  } finally {
    shutdown.removeEventListener('abort', onAbort);
  }
}
app.post('/', (req, res) => handle(req.body, res));
```

or `AbortSignal.any([shutdown, controller.signal])`, which the signals hold weakly, or
`using listening = addAbortListener(shutdown, onAbort)`.

## How safe the fix is

Unsafe: in a handler the listener is taken off when the response or the connection is closed, elsewhere in a `finally` behind
what the function does and awaits after adding it; it does nothing after that. Where nothing is awaited there is no automatic
fix: what ends the need for the listener is for the author to say.

## What is not flagged

Signals of a request, and of controllers that the function made itself; functions that run once, or that start something
which the signal is to stop; listeners that are taken off, or that have a signal of their own which somebody aborts.

## References

- Node.js, `events.addAbortListener()`; `AbortSignal.any()`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    for added in &file.listeners().added {
        if !is_for_abort(added) || file.is_of_a_page() || ends_soon(file) {
            continue;
        }
        let Some((confidence, holder)) = verdict(file, added) else {
            continue;
        };
        let signal = file.written(added.emitter);
        findings.push(Finding {
            rule: RULE.id,
            confidence,
            message: format!(
                "each call adds a listener to `{signal}`, which outlives it, and leaves it there when the signal was not aborted"
            ),
            growth: Some("per call, for the life of the signal"),
            place: Label::new(file.extent(added.span()), "stays after the call is over"),
            labels: holder
                .map(|span| Label::new(file.extent(span), "lives as long as the process"))
                .into_iter()
                .collect(),
            fixes: fix(file, added).into_iter().collect(),
        });
    }
}

fn is_for_abort(added: &Added<'_>) -> bool {
    match added.way {
        Way::Disposable => true,
        // `once(signal, 'abort')` of `node:events` as well.
        Way::EventTarget | Way::Awaited => added.event.and_then(literal_text) == Some("abort"),
        _ => false,
    }
}

/// How sure it is that a signal collects listeners from a registration, and where the signal is named first.
fn verdict<'a>(file: &File<'_, 'a>, added: &Added<'a>) -> Option<(Confidence, Option<Span>)> {
    let function = file.function_around(added.node)?;
    let found = match life_of(file, added.emitter) {
        Life::Process(holder) => (of_what_lasts(file, added, Calls::Once)?, holder),
        life @ (Life::Given { .. } | Life::Call { .. }) => {
            if is_called_again_within(file, function, life.function()?) {
                (Confidence::High, None)
            } else if let Life::Given {
                function: home,
                index,
                property,
            } = life
            {
                (of_parameter(file, added, home, index, property)?, None)
            } else {
                return None;
            }
        }
        Life::HandedToInstance {
            constructor,
            index,
            property,
        } => (
            of_parameter(file, added, constructor, index, property)?,
            None,
        ),
        // The options of an object come from whoever made it.
        Life::Instance { .. } if is_option(added.emitter) => {
            let ends = ends_by_itself(file, added);
            (ends.then_some(Confidence::Medium)?, None)
        }
        Life::Instance { .. } if is_of_each_call(file, added, function) => {
            (Confidence::Medium, None)
        }
        Life::Instance { .. } | Life::Connection | Life::Unknown => return None,
    };
    let is_left = match ending(file, added) {
        None => true,
        // The listener takes itself off when it runs, as it would with `once`.
        Some(Ending::TakesItselfOff(_)) => true,
        // What the function gives back would take it off, and a caller drops that.
        Some(Ending::TakenOff(removal)) => {
            is_given_back(file, removal, function)
                && (file.is_dropped_again(function) || file.is_left_again(function))
                || is_left_on(file, added, function)
        }
        Some(_) => false,
    };
    (is_left && !is_guarded(file, added.node, added.emitter)).then_some(found)
}

/// Whether a method listens to the signal of a controller that its instance made for itself, and ends before the instance does:
/// what an instance does once in its life is as long as that.
fn is_of_each_call<'a>(file: &File<'_, 'a>, added: &Added<'a>, method: NodeId) -> bool {
    let Some((controller, "signal")) = member(added.emitter) else {
        return false;
    };
    let Some((owner, field)) = member(controller) else {
        return false;
    };
    let made = file
        .fields()
        .assigned(file.parsed.class_around(added.node), field);
    let is_made_here = matches!(made, [(_, Expression::NewExpression(new))]
        if matches!(bare(&new.callee), Expression::Identifier(name) if name.name == "AbortController"));
    is_made_here
        && matches!(bare(owner), Expression::ThisExpression(_))
        && !is_constructor(file, method)
        && !runs_once_by_its_name(file, method)
        && ends_by_itself(file, added)
}

/// A signal that a function, or a constructor, is given: what its callers in the project hand in decides.
fn of_parameter<'a>(
    file: &File<'_, 'a>,
    added: &Added<'a>,
    home: NodeId,
    index: usize,
    property: Option<&str>,
) -> Option<Confidence> {
    if let Some(calls) = file.is_given_what_lasts(home, index, property) {
        if file.is_given_a_timeout(home) && has_signal_of_its_own(added) {
            return None;
        }
        return of_what_lasts(file, added, calls);
    }
    // Whoever calls it from outside may hand in a signal that lasts; it does when the work is over and nobody told it.
    let is_for_others = !is_constructor(file, home)
        && may_come_from_outside(file, home, index, FARTHEST)
        && !is_given_its_own(file, home, index);
    let is_signal = file.written(added.emitter).ends_with("ignal");
    (is_for_others && is_signal && ends_by_itself(file, added)).then_some(Confidence::Medium)
}

/// Whether the project calls a function, and each caller hands in a signal that it has made itself.
fn is_given_its_own(file: &File<'_, '_>, function: NodeId, index: usize) -> bool {
    let Ok(position) = u32::try_from(index) else {
        return false;
    };
    let mut all = file.project.given(file.site(function), position).peekable();
    all.peek().is_some()
        && all.all(|(_, given)| {
            matches!(given.value.root(), Value::Global(name)
                if matches!(&**name, "AbortController" | "AbortSignal"))
        })
}

/// Callers of callers that are followed.
const FARTHEST: u32 = 3;

/// Whether a parameter may hold what somebody outside of the file hands in: nobody in the file calls the function, or those
/// who do hand on what they were given.
fn may_come_from_outside(file: &File<'_, '_>, function: NodeId, index: usize, deeper: u32) -> bool {
    let Some(deeper) = deeper.checked_sub(1) else {
        return false;
    };
    let calls = file.parsed.calls_of(function);
    calls.is_empty()
        || calls.iter().any(|call| {
            let AstKind::CallExpression(call) = file.kind(*call) else {
                return false;
            };
            let given = call.arguments.get(index).and_then(Argument::as_expression);
            match given.map(|given| life_of(file, given)) {
                Some(Life::Given {
                    function, index, ..
                }) => may_come_from_outside(file, function, index, deeper),
                _ => false,
            }
        })
}

/// Whether an expression is the `signal` of options.
fn is_option<'a>(emitter: &'a Expression<'a>) -> bool {
    let Some((object, "signal")) = member(emitter) else {
        return false;
    };
    member(object).is_some_and(|(_, name)| {
        matches!(
            name.trim_start_matches(['_', '#']),
            "options" | "opts" | "init" | "config"
        )
    })
}

/// A signal that lives as long as the process, at a place that is reached so often.
fn of_what_lasts<'a>(file: &File<'_, 'a>, added: &Added<'a>, calls: Calls) -> Option<Confidence> {
    let here = repeats(file, added.node);
    match (calls, here) {
        (_, Repeats::Never) if calls != Calls::Again => None,
        (Calls::Again, _) | (_, Repeats::PerRequest | Repeats::PerCall) => Some(Confidence::High),
        _ if is_called_in_a_loop(file, added.node) => Some(Confidence::High),
        _ => ends_by_itself(file, added).then_some(Confidence::Medium),
    }
}

/// Whether a registration has the option `signal`, whoever aborts that.
fn has_signal_of_its_own(added: &Added<'_>) -> bool {
    match added.options.map(bare) {
        Some(Expression::ObjectExpression(options)) => options.properties.iter().any(|property| {
            property
                .as_property()
                .and_then(|property| property.key.static_name())
                .is_some_and(|name| name == "signal")
        }),
        _ => false,
    }
}

/// Whether the function around a node is called in a loop of the file.
fn is_called_in_a_loop(file: &File<'_, '_>, node: NodeId) -> bool {
    let functions = std::iter::successors(file.function_around(node), |inner| {
        file.function_around(*inner)
    });
    functions
        .flat_map(|function| file.parsed.calls_of(function))
        .any(|call| {
            file.nodes()
                .ancestor_kinds(*call)
                .take_while(|around| !is_function(*around))
                .any(|around| {
                    matches!(
                        around,
                        AstKind::WhileStatement(_)
                            | AstKind::DoWhileStatement(_)
                            | AstKind::ForStatement(_)
                    )
                })
        })
}

/// Whether the work that a listener belongs to ends without the signal: a promise that something else settles, or an `await`
/// after it. What starts something that the signal is to stop does not.
fn ends_by_itself<'a>(file: &File<'_, 'a>, added: &Added<'a>) -> bool {
    let place = added.call.span;
    // What awaits the signal itself goes on until it is aborted.
    if added.way == Way::Awaited
        && matches!(
            file.kind(file.parent(added.node)),
            AstKind::AwaitExpression(_)
        )
    {
        return false;
    }
    if let Some(executor) = executor_around(file, added.node) {
        if file
            .function_around(executor)
            .is_some_and(|function| is_raced(file, function))
        {
            return true;
        }
        return settles(file, executor).iter().any(|settled| {
            !place.contains_inclusive(*settled) && !is_when_aborted(file, *settled, executor)
        });
    }
    is_awaited_after(file, added)
}

/// Whether the function that adds a listener awaits something after that.
fn is_awaited_after(file: &File<'_, '_>, added: &Added<'_>) -> bool {
    let Some(function) = file.function_around(added.node) else {
        return false;
    };
    let within = file.kind(function).span();
    file.nodes_of([AstType::AwaitExpression]).any(|later| {
        matches!(later.kind(), AstKind::AwaitExpression(_))
            && within.contains_inclusive(later.kind().span())
            && later.kind().span().start > added.call.span.end
            && file.function_around(later.id()) == Some(function)
    })
}

/// Whether the promise that a function gives is raced with others.
fn is_raced(file: &File<'_, '_>, function: NodeId) -> bool {
    file.parsed.calls_of(function).iter().any(|call| {
        let list = file.parent(*call);
        matches!(file.kind(list), AstKind::ArrayExpression(_))
            && matches!(
                file.kind(file.parent(list)),
                AstKind::CallExpression(race) if method(race).is_some_and(|(_, name)| name == "race")
            )
    })
}

/// Whether a place of an executor stands in a branch that asks whether the signal is aborted already.
fn is_when_aborted(file: &File<'_, '_>, settled: Span, executor: NodeId) -> bool {
    let within = file.kind(executor).span();
    file.nodes_of([AstType::IfStatement])
        .any(|node| match node.kind() {
            AstKind::IfStatement(branch) => {
                within.contains_inclusive(branch.span)
                    && branch.consequent.span().contains_inclusive(settled)
                    && file.slice(branch.test.span()).contains("aborted")
            }
            _ => false,
        })
}

fn fix<'a>(file: &File<'_, 'a>, added: &Added<'a>) -> Option<Fix> {
    // A promise has no listener that could be taken off by name.
    if added.way == Way::Awaited {
        return None;
    }
    match end_of_work(file, added.node) {
        Some(end) => taken_off(file, added.node, added.call, &end),
        // What is awaited after it is the work that the signal may stop.
        None => is_awaited_after(file, added)
            .then(|| taken_off_in_the_end(file, added.node, added.call))?,
    }
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
    fn taken_off_on_some_ways_only() {
        let each = |failed: &str| {
            format!(
                "const stop = new AbortController();\napp.post('/', async (req, res) => {{\n  const end = () => res.end();\n  stop.signal.addEventListener('abort', end);\n  if (!(await known(req))) {{ {failed} }}\n  res.json(await load(req));\n  stop.signal.removeEventListener('abort', end);\n}});"
            )
        };
        check(&RULE, &each("return res.sendStatus(404);"), &[4]);
        check(
            &RULE,
            &each("stop.signal.removeEventListener('abort', end); return res.sendStatus(404);"),
            &[],
        );
        check(&RULE, &each("log(req.url);"), &[]);
    }

    #[test]
    fn listeners_that_something_else_runs() {
        let sleep = |start: &str| {
            format!(
                "export const sleep = (ms, signal) => new Promise((resolve) => {{\n  const finish = () => {{ signal.removeEventListener('abort', finish); resolve(); }};\n  {start}\n  signal.addEventListener('abort', finish);\n}});"
            )
        };
        check(&RULE, &sleep("setTimeout(() => finish(), ms);"), &[]);
        check(&RULE, &sleep("setTimeout(finish, ms);"), &[]);
        check(&RULE, &sleep("setTimeout(resolve, ms);"), &[4]);
    }

    #[test]
    fn signals_that_the_project_makes_for_a_call() {
        let load = "export async function load(url, signal) {\n  const c = new AbortController();\n  signal.addEventListener('abort', () => c.abort());\n  return await fetch(url, c);\n}\n";
        check(&RULE, load, &[3]);
        let caller = |given: &str| {
            format!(
                "{load}export function page(url, options) {{ const own = new AbortController(); load(url, {given}); }}"
            )
        };
        check(&RULE, &caller("own.signal"), &[]);
        check(&RULE, &caller("options.signal"), &[3]);
    }

    #[test]
    fn signals_that_outlive_the_call() {
        check(
            &RULE,
            "import { stop } from './stop';\napp.get('/', (req, res) => {\n  stop.addEventListener('abort', () => res.end(), { once: true });\n});",
            &[3],
        );
        check(
            &RULE,
            "export default fp(async (app) => { app.addHook('onRequest', async (request, reply) => {\n  app.lifetime.addEventListener('abort', () => reply.raw.destroy());\n}); });",
            &[2],
        );
        check(
            &RULE,
            "import { addAbortListener } from 'node:events';\nconst stop = new AbortController();\nexport async function get(url, signal) {\n  addAbortListener(signal, () => drop(url));\n  return await load(url);\n}\nfor await (const url of urls()) await get(url, stop.signal);",
            &[4],
        );
        check(
            &RULE,
            "const stop = new AbortController();\nfunction sleep(ms) { return new Promise((resolve, reject) => {\n  setTimeout(resolve, ms);\n  stop.signal.addEventListener('abort', reject, { once: true }); }); }\nexport async function poll() { while (!stop.signal.aborted) await sleep(1); }",
            &[4],
        );
        check(
            &RULE,
            "export async function call(url, { signal }) {\n  const c = new AbortController();\n  signal?.addEventListener('abort', () => c.abort());\n  return await fetch(url, { signal: c.signal });\n}",
            &[3],
        );
        check(
            &RULE,
            "export class Q { async #left(signal) { return new Promise((_, reject) => {\n  signal.addEventListener('abort', () => reject(signal.reason), { once: true }); }); }\n  async add(f, options) { return await Promise.race([f(), this.#left(options.signal)]); } }",
            &[2],
        );
        check(
            &RULE,
            "const stop = new AbortController();\nconst any = (...signals) => { const c = new AbortController();\n  for (const s of signals) s.addEventListener('abort', () => c.abort(), { signal: c.signal });\n  return c.signal; };\napp.get('/', (req, res) => run(any(stop.signal, req.signal)));",
            &[3],
        );
    }

    #[test]
    fn what_ends_with_the_call() {
        check(
            &RULE,
            "import { stop } from './stop';\napp.get('/', async (req, res) => {\n  const f = () => res.end(); stop.addEventListener('abort', f);\n  try { await work(); } finally { stop.removeEventListener('abort', f); }\n});",
            &[],
        );
        check(
            &RULE,
            "import { stop } from './stop';\nimport { addAbortListener } from 'events';\napp.get('/', async (req, res) => { using on = addAbortListener(stop, () => res.end()); await work(); });",
            &[],
        );
        check(
            &RULE,
            "export async function POST(request) { const c = new AbortController(); request.signal.addEventListener('abort', () => c.abort()); c.signal.addEventListener('abort', f); return await g(c); }\nPOST(next());",
            &[],
        );
        check(
            &RULE,
            "export function start({ signal }) { const t = setInterval(f, 9); signal.addEventListener('abort', () => clearInterval(t)); }",
            &[],
        );
        check(
            &RULE,
            "import { stop } from './stop';\nasync function main() { stop.addEventListener('abort', f); await g(); }\nmain();",
            &[],
        );
        check(
            &RULE,
            "import { stop } from './stop';\napp.get('/', async (req, res) => { const over = new AbortController(); stop.addEventListener('abort', f, { signal: over.signal }); await g(); over.abort(); });",
            &[],
        );
    }

    #[test]
    fn taken_off_when_the_work_is_done() {
        check_fix(
            &RULE,
            "export async function call(url, { signal }) {\n  const c = new AbortController();\n  signal?.addEventListener('abort', () => c.abort());\n  const response = await fetch(url, { signal: c.signal });\n  return response.json();\n}\n",
            "export async function call(url, { signal }) {\n  const c = new AbortController();\n  const onAbort = () => c.abort();\n  signal?.addEventListener('abort', onAbort);\n  try {\n    const response = await fetch(url, { signal: c.signal });\n    return response.json();\n  } finally {\n    signal?.removeEventListener('abort', onAbort);\n  }\n}\n",
        );
        let in_a_branch = "export async function call(url, { signal }) {\n  const c = new AbortController();\n  if (signal) {\n    signal.addEventListener('abort', () => c.abort());\n    log(url);\n  }\n  return await fetch(url, { signal: c.signal });\n}\n";
        check_fix(&RULE, in_a_branch, in_a_branch);
    }

    #[test]
    fn taken_off_with_the_response() {
        check_fix(
            &RULE,
            "import { stop } from './stop';\napp.get('/', (req, res) => {\n  stop.addEventListener('abort', () => res.end());\n});\n",
            "import { stop } from './stop';\napp.get('/', (req, res) => {\n  const onAbort = () => res.end();\n  stop.addEventListener('abort', onAbort);\n  res.once('close', () => stop.removeEventListener('abort', onAbort));\n});\n",
        );
    }

    #[test]
    fn removers_that_are_dropped() {
        let call = |call: &str| {
            format!(
                "const stop = new AbortController();\nfunction onAbort(signal, f) {{\n  signal.addEventListener('abort', f);\n  return () => signal.removeEventListener('abort', f);\n}}\napp.get('/', (req, res) => {{ {call} }});"
            )
        };
        check(&RULE, &call("onAbort(stop.signal, () => res.end());"), &[3]);
        check(
            &RULE,
            &call("res.on('close', onAbort(stop.signal, () => res.end()));"),
            &[],
        );
    }

    #[test]
    fn promises_for_the_abort() {
        let ask = |wait: &str| {
            format!(
                "import {{ once }} from 'node:events';\n@Injectable()\nclass Q {{\n  constructor(private readonly drain: AbortSignal) {{}}\n  async ask(x) {{\n    {wait}\n  }}\n}}"
            )
        };
        check(
            &RULE,
            &ask("const gone = once(this.drain, 'abort'); await Promise.race([f(x), gone]);"),
            &[6],
        );
        check(
            &RULE,
            &ask("await once(this.drain, 'abort'); await f(x);"),
            &[],
        );
    }

    #[test]
    fn signals_of_instances() {
        let client = |name: &str, made: &str| {
            format!(
                "class C {{\n  #life = {made};\n  async {name}(url) {{\n    const own = new AbortController();\n    this.#life.signal.addEventListener('abort', () => own.abort());\n    return await fetch(url, own);\n  }}\n}}"
            )
        };
        check(&RULE, &client("get", "new AbortController()"), &[5]);
        check(&RULE, &client("start", "new AbortController()"), &[]);
        check(&RULE, &client("get", "own()"), &[]);
    }
}
