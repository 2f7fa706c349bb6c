//! `new Promise((resolve) => waiting.push(resolve))`: a promise that stays pending when nobody comes to settle it.

use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::waiters::{
    Pending, own_event, pending, pending_in_an_object, pending_with_resolvers,
};
use crate::file::File;
use crate::finding::{Finding, Label};
use crate::project::Calls;
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "unsettleable-promise",
    pattern: Pattern::PendingAsync,
    on: On::Always,
    page: "# unsettleable-promise

Finds promises whose resolver waits with something that lives long, and which a failure leaves there for ever.

## Why it leaks

A pending promise that nobody refers to is collected. But its `resolve` in a map, a list or a listener keeps it, and with it
all that waits for it: the async function, its variables, the request and the response. When the answer does not come, the
gate stays shut or the emitter is gone, they wait for ever, and each further call joins them.

## Example

```js
const expected = new Map();

export const confirmation = (id) => new Promise((resolve) => {
  expected.set(id, resolve);
});

export const confirmed = (id, state) => {
  expected.get(id)?.(state);
  expected.delete(id);
};
```

```js
import { once } from 'node:events';
import { bus } from './bus.js';

export async function ask(id) {
  bus.emit('question', id);
  const [answer] = await once(bus, `answer:${id}`);
  return answer;
}
```

## Use instead

```js
const expected = new Map();

export const confirmation = (id, ms = 60_000) => new Promise((resolve, reject) => {
  const timer = setTimeout(() => { expected.delete(id); reject(new Error('no answer')); }, ms);
  expected.set(id, (state) => { clearTimeout(timer); resolve(state); });
});
```

```js
import { once } from 'node:events';
import { bus } from './bus.js';

export async function ask(id) {
  bus.emit('question', id);
  const [answer] = await once(bus, `answer:${id}`, { signal: AbortSignal.timeout(60_000) });
  return answer;
}
```

## How safe the fix is

There is no automatic fix: how long to wait, and what to do then, is for the author to say.

## What is not flagged

Promises whose function has a timer, a signal or a timeout; lists that the end of their instance serves, or that are served
whether something succeeds or fails; promises that nobody keeps; what is made once; commands, build scripts and tests.

## References

- Node.js, `events.once()`, `AbortSignal.timeout()`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if file.ends() {
        return;
    }
    for node in file.nodes_of([AstType::CallExpression, AstType::NewExpression]) {
        let found = match node.kind() {
            AstKind::CallExpression(call) => own_event(file, call)
                .or_else(|| pending_with_resolvers(file, node.id(), call))
                .or_else(|| pending_in_an_object(file, node.id())),
            AstKind::NewExpression(new) => {
                pending(file, node.id(), new).or_else(|| pending_in_an_object(file, node.id()))
            }
            _ => None,
        };
        let Some(found) = found else {
            continue;
        };
        if file.frequency(node.id()) != Calls::Once {
            findings.push(finding(file, node.id(), &found));
        }
    }
}

fn finding(file: &File<'_, '_>, node: NodeId, found: &Pending) -> Finding {
    let (why, confidence, label) = match found {
        Pending::UnderKey(holder) => (
            format!("its resolver stays in `{holder}` when no answer comes for its key"),
            Confidence::High,
            None,
        ),
        Pending::AfterClose(holder, at) => (
            format!("its resolver stays in `{holder}` when the instance has ended"),
            Confidence::High,
            Some((*at, "does not look at those that wait")),
        ),
        Pending::AfterFailure(holder, at) => (
            format!("its resolver stays in `{holder}` when what is awaited fails"),
            Confidence::High,
            Some((*at, "reached on success only")),
        ),
        Pending::WithoutEvent(at) => (
            "its listener stays when the emitter fails, and the event does not come".to_owned(),
            Confidence::Medium,
            Some((*at, "tells of the failure, and does not settle it")),
        ),
        Pending::HeldByFailed(holder) => (
            format!(
                "its resolver stays in `{holder}` when a caller fails before it serves the next"
            ),
            Confidence::High,
            None,
        ),
        Pending::ByOneEvent(holder, at) => (
            format!("its resolver stays in `{holder}` as long as the event does not come"),
            Confidence::Medium,
            Some((*at, "tells that it is off, and leaves those that wait")),
        ),
        Pending::LeftShut(holder) => (
            format!(
                "its resolver stays in `{holder}` when a caller fails before it opens it again"
            ),
            Confidence::High,
            None,
        ),
        Pending::Unserved(holder) => (
            format!("its resolver stays in `{holder}`, which nobody looks into"),
            Confidence::High,
            None,
        ),
        Pending::OwnEvent => (
            "its listener stays on the emitter when the event does not come".to_owned(),
            Confidence::High,
            None,
        ),
    };
    let labels = label.map(|(at, text)| Label::new(file.extent(at), text));
    Finding {
        rule: RULE.id,
        confidence,
        message: format!("the promise may stay pending for ever: {why}"),
        growth: Some("one each time, with all that waits for it"),
        place: Label::new(
            file.extent(file.kind(node).span()),
            "nothing else settles it",
        ),
        labels: labels.into_iter().collect(),
        fixes: Vec::new(),
    }
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
    fn lists_that_the_end_forgets() {
        let channel = |close: &str| {
            format!(
                "export class Channel {{\n  #takers = [];\n  put(x) {{ this.#takers.shift()?.(x); }}\n  take() {{\n    return new Promise((resolve) => this.#takers.push(resolve));\n  }}\n  close() {{ {close} }}\n}}"
            )
        };
        check(&RULE, &channel("this.closed = true;"), &[5]);
        check(
            &RULE,
            &channel("for (const t of this.#takers.splice(0)) t();"),
            &[],
        );
        check(&RULE, &channel("this.put(null);"), &[]);
        check(&RULE, &channel("this.socket.destroy();"), &[]);
    }

    #[test]
    fn lists_that_only_success_serves() {
        let queue = |failed: &str| {
            format!(
                "let queue = [];\nexport async function f() {{\n  if (busy) {{\n    await new Promise((resolve) => queue.push(resolve));\n  }}\n  try {{ await refresh(); for (const go of queue) go(); queue = []; }} finally {{ {failed} }}\n}}"
            )
        };
        check(&RULE, &queue("busy = false;"), &[4]);
        check(&RULE, &queue("queue = [];"), &[]);
    }

    #[test]
    fn events_that_do_not_come() {
        check(
            &RULE,
            "export class Writer extends E {\n  wait() { return new Promise((r) => this.once('drain', r)); }\n  drained() { this.emit('drain'); }\n  broken(err) { this.emit('lost', err); }\n}",
            &[2],
        );
        check(
            &RULE,
            "export class Writer extends E {\n  wait() { return new Promise((r) => this.once('drain', r)); }\n  drained() { this.emit('drain'); }\n}",
            &[],
        );
        check(
            &RULE,
            "import { once } from 'events';\nexport const f = (bus, id) => once(bus, `a:${id}`);",
            &[],
        );
        check(
            &RULE,
            "export const f = (s) => new Promise((r) => s.once('drain', r));",
            &[],
        );
    }

    #[test]
    fn answers_under_a_key() {
        let class = |send: &str| {
            format!(
                "class A {{\n  constructor() {{ this.all = new Map(); }}\n  call(id) {{\n    return new Promise((resolve, reject) => {{ this.all.set(id, {{ resolve, reject }}); {send} }});\n  }}\n  answer(id) {{ this.all.get(id)?.resolve(); this.all.delete(id); }}\n}}\nmodule.exports = new A();"
            )
        };
        check(&RULE, &class("this.ws.send(id);"), &[4]);
        check(&RULE, &class("this.worker.postMessage(id);"), &[]);
        check(&RULE, &class("setTimeout(() => reject(), 9);"), &[]);
    }

    #[test]
    fn resolvers_by_other_names() {
        let with = |ask: &str| {
            format!(
                "const open = new Map();\nexports.ask = async (id) => {{\n  {ask}\n}};\nexports.told = (id, x) => {{ open.get(id)?.(x); open.delete(id); }};"
            )
        };
        check(
            &RULE,
            &with(
                "return new Promise((resolve, reject) => { open.set(id, (x) => { if (x) resolve(x); else reject(); }); });",
            ),
            &[3],
        );
        check(
            &RULE,
            &with(
                "const { promise, resolve } = Promise.withResolvers(); open.set(id, resolve); return promise;",
            ),
            &[3],
        );
        check(
            &RULE,
            &with(
                "const { promise, resolve } = Promise.withResolvers(); open.set(id, resolve); return Promise.race([promise, late()]);",
            ),
            &[],
        );
        check(
            &RULE,
            &with(
                "let go; const told = new Promise((resolve) => { go = resolve; }); open.set(id, go); await send(id); return told;",
            ),
            &[3],
        );
        check(
            &RULE,
            &with(
                "let go; const told = new Promise((resolve) => { go = resolve; }); open.set(id, go); closed.then(go); return told;",
            ),
            &[],
        );
        check(
            &RULE,
            "export const f = (q) => new Promise((resolve) => { q.add(() => resolve(1)); });",
            &[],
        );
    }

    #[test]
    fn resolvers_in_an_object_with_their_promise() {
        let with = |made: &str, ask: &str| {
            format!(
                "const later = () => {{ let resolve; const promise = new Promise((r) => {{ resolve = r; }}); return {{ promise, resolve }}; }};\nconst open = new Map();\nexports.ask = async (id) => {{\n  const answer = {made};\n  {ask}\n}};\nexports.told = (id, x) => {{ open.get(id)?.resolve(x); open.delete(id); }};"
            )
        };
        let ask = "open.set(id, answer); await send(id); return await answer.promise;";
        check(&RULE, &with("later()", ask), &[4]);
        check(&RULE, &with("Promise.withResolvers()", ask), &[4]);
        check(
            &RULE,
            &with(
                "later()",
                "open.set(id, answer); return Promise.race([answer.promise, late()]);",
            ),
            &[],
        );
        check(
            &RULE,
            &with(
                "later()",
                "open.set(id, answer); setTimeout(() => open.delete(id), 9); return answer.promise;",
            ),
            &[],
        );
        check(&RULE, &with("query(id)", ask), &[]);
    }

    #[test]
    fn lists_under_a_key() {
        let text = |gone: &str| {
            format!(
                "const waiting = new Map();\nexports.next = (user, res) => new Promise((resolve) => {{\n  const list = waiting.get(user) || [];\n  list.push(resolve);\n  waiting.set(user, list);\n  {gone}\n}});\nexports.tell = (user, x) => {{ const list = waiting.get(user); waiting.delete(user); list?.forEach((go) => go(x)); }};"
            )
        };
        check(&RULE, &text(""), &[2]);
        check(
            &RULE,
            &text("res.on('close', () => waiting.delete(user));"),
            &[],
        );
        check(&RULE, &text("setTimeout(resolve, 9);"), &[]);
        let lock = text("").replace(
            "|| [];",
            "; if (!list) { waiting.set(user, []); return resolve(); }",
        );
        check(&RULE, &lock, &[]);
    }

    #[test]
    fn maps_of_what_the_module_makes_once() {
        let with = |made: &str| {
            format!(
                "function requester(bus) {{\n  const open = new Map();\n  bus.on('reply', (m) => {{ open.get(m.id)?.(m); open.delete(m.id); }});\n  return (id) => new Promise((resolve) => {{ open.set(id, resolve); bus.send(id); }});\n}}\n{made}"
            )
        };
        check(
            &RULE,
            &with(
                "const ask = requester(bus);\napp.get('/:id', (req, res) => ask(req.params.id));",
            ),
            &[4],
        );
        check(
            &RULE,
            &with("io.on('connection', (socket) => { socket.ask = requester(socket); });"),
            &[],
        );
    }

    #[test]
    fn whoever_goes_through_all_may_settle_all() {
        let text = |ended: &str| {
            format!(
                "const open = new Map(), states = new Map();\nexport const ask = (id) => new Promise((resolve, reject) => {{ open.set(id, {{ resolve, reject }}); child.send(id); }});\nchild.on('message', ({{ id }}) => {{ open.get(id)?.resolve(); open.delete(id); }});\nfunction ended(lost) {{ {ended} }}"
            )
        };
        check(&RULE, &text(""), &[2]);
        let walk = |list: &str| format!("for (const id of {list}) open.get(id)?.reject();");
        check(&RULE, &text(&walk("states.keys()")), &[]);
        check(&RULE, &text(&walk("lost")), &[2]);
    }

    #[test]
    fn threads_that_are_replaced() {
        let pool = |ended: &str| {
            format!(
                "const all = new Map();\nlet worker = start();\nfunction start() {{ const w = new Worker('w.js');\n  w.on('message', ({{ id }}) => {{ all.get(id)?.(); all.delete(id); }});\n  w.on('exit', () => {{ {ended} }}); return w; }}\nexport const f = (id) => new Promise((resolve) => {{ all.set(id, resolve); worker.postMessage({{ id }}); }});"
            )
        };
        check(&RULE, &pool("worker = start();"), &[6]);
        check(&RULE, &pool("worker = new Worker('w.js');"), &[6]);
        check(&RULE, &pool("process.exit(1);"), &[]);
        check(&RULE, &pool("all.get(current)(); worker = start();"), &[]);
        check(&RULE, &pool("failAll(all); worker = start();"), &[]);
        check(
            &RULE,
            "const all = new Map();\nexport async function f(x) { const sent = await chat.postMessage(x);\n  return new Promise((resolve) => { all.set(sent.ts, resolve); }); }\nbot.on('click', (id) => { all.get(id)?.(); all.delete(id); });",
            &[3],
        );
    }

    #[test]
    fn questions_that_cannot_be_sent() {
        let ask = |rest: &str| {
            format!(
                "const open = new Map();\nexport async function ask(id) {{\n  const answer = new Promise((resolve) => {{ open.set(id, resolve); }});\n  {rest}\n}}\nbus.on('answer', ({{ id }}) => {{ open.get(id)?.(); open.delete(id); }});"
            )
        };
        let send = "try { await send(id); } catch (err) { open.delete(id); throw err; }";
        check(&RULE, &ask(&format!("{send} return answer;")), &[3]);
        check(
            &RULE,
            &ask(
                "try { await send(id); return await answer; } catch (err) { open.delete(id); throw err; }",
            ),
            &[],
        );
        check(
            &RULE,
            &ask("try { await send(id); } finally { open.delete(id); } return answer;"),
            &[],
        );
    }

    #[test]
    fn gates_that_a_failure_leaves_shut() {
        let gates = |work: &str| {
            format!(
                "const gates = new Map();\nfunction shut(id) {{\n  let open;\n  const opened = new Promise((go) => {{ open = go; }});\n  gates.set(id, {{ opened, open }});\n}}\nfunction reopen(id) {{ const gate = gates.get(id); gates.delete(id); gate?.open(); }}\nexports.pass = async (id) => {{ await gates.get(id)?.opened; }};\nexports.migrate = async (id) => {{ shut(id); {work} }};"
            )
        };
        check(&RULE, &gates("await up(id); reopen(id);"), &[4]);
        check(
            &RULE,
            &gates("try { await up(id); } finally { reopen(id); }"),
            &[],
        );
        check(&RULE, &gates("up(id); reopen(id);"), &[]);
    }

    #[test]
    fn somebody_settles_it() {
        check(
            &RULE,
            "const m = new Map();\nexport const f = (id) => new Promise((r) => { m.set(id, r); });\nexport const g = (id) => m.get(id)();\nexport const end = () => { for (const r of m.values()) r(); };",
            &[],
        );
        check(
            &RULE,
            "export const f = (w) => new Promise((r) => { w().then((x) => { if (x) r(x); }); });",
            &[],
        );
        check(&RULE, "await new Promise(() => {});", &[]);
    }

    #[test]
    fn slots_that_a_failure_keeps() {
        let slots = |work: &str| {
            format!(
                "class Slots {{\n  queue = [];\n  take() {{\n    return new Promise((go) => this.queue.push(go));\n  }}\n  free() {{ this.queue.shift()?.(); }}\n}}\nconst slots = new Slots();\nexport async function f() {{\n  await slots.take();\n  {work}\n}}"
            )
        };
        check(&RULE, &slots("await work(); slots.free();"), &[4]);
        check(&RULE, &slots("work(); slots.free();"), &[]);
        check(
            &RULE,
            &slots("try { await work(); } finally { slots.free(); }"),
            &[],
        );
        check(
            &RULE,
            &slots("try { await work(); slots.free(); } catch { slots.free(); }"),
            &[],
        );
    }

    #[test]
    fn lists_that_nobody_serves() {
        let gate = |rest: &str| {
            format!(
                "export class Gate {{\n  waiting = [];\n  wait() {{\n    return new Promise((go) => this.waiting.push(go));\n  }}\n  {rest}\n}}"
            )
        };
        check(&RULE, &gate("shut() { this.open = false; }"), &[4]);
        check(
            &RULE,
            &gate("serve() { this.waiting.forEach((go) => go()); }"),
            &[],
        );
    }

    #[test]
    fn locks_that_a_failure_leaves_shut() {
        let lock = |work: &str| {
            format!(
                "const locks = new Map();\nexport async function f(key, work) {{\n  let open;\n  const lock = new Promise((go) => {{ open = go; }});\n  locks.set(key, lock);\n  {work}\n}}"
            )
        };
        check(&RULE, &lock("await work(); open();"), &[4]);
        check(
            &RULE,
            &lock("try { await work(); } finally { open(); }"),
            &[],
        );
        check(&RULE, &lock("return open;"), &[]);
    }

    #[test]
    fn answers_under_a_key_of_an_object() {
        let ask = |rest: &str| {
            format!(
                "const open = {{}};\nexports.ask = (id) => new Promise((go) => {{\n  open[id] = go;\n  child.send(id);\n}});\nchild.on('message', ({{ id }}) => {{ open[id](); delete open[id]; }});\n{rest}"
            )
        };
        check(&RULE, &ask(""), &[2]);
        check(&RULE, &ask("child.on('exit', () => fail(open));"), &[]);
    }

    #[test]
    fn lists_that_one_event_serves() {
        let leader = |lost: &str| {
            format!(
                "export class Leader {{\n  waiting = [];\n  constructor(lock) {{\n    lock.onAcquired(() => {{ for (const go of this.waiting.splice(0)) go(); }});\n    {lost}\n  }}\n  wait() {{\n    return new Promise((go) => {{ this.waiting.push(go); }});\n  }}\n}}"
            )
        };
        check(
            &RULE,
            &leader("lock.onLost(() => { this.is = false; });"),
            &[8],
        );
        check(&RULE, &leader(""), &[]);
        check(
            &RULE,
            &leader("lock.onLost(() => { this.waiting.forEach((go) => go()); });"),
            &[],
        );
    }
}
