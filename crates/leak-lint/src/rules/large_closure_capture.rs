//! A function that is kept for long, and with it a scope that has something large in it which the function does not need.

mod fix;
mod reasons;

use std::collections::{HashMap, HashSet};

use oxc_semantic::SymbolId;
use oxc_span::GetSpan;
use stanch_js_source::CapturedScope;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::bulk::Bulk;
use crate::facts::ends::ends_soon;
use crate::facts::kept::{Keeper, Kept, kept};
use crate::file::File;
use crate::finding::{Finding, Label};
use crate::project::Calls;
use crate::rule::{On, Rule};
use reasons::{Why, reason};

pub(crate) const RULE: Rule = Rule {
    id: "large-closure-capture",
    pattern: Pattern::ClosureCapture,
    on: On::Always,
    page: "# large-closure-capture

Finds functions that are kept for long and keep something large with them that they do not need.

## Why it leaks

V8 puts all variables of a scope that any inner function uses into one context, and every function that is made in the scope
keeps that context. A timer of a day, or an entry of a Map of the module, thus keeps the request whose id it reads, and also
the rows that only the callback of a `filter` beside it uses, which ran long ago. The heartbeat of a connection keeps what was
sent when it was opened.

## Example

```js
const reminders = new Map();

app.post('/imports', async (req, res) => {
  const rows = JSON.parse(req.body);
  const missing = skus.filter((sku) => !rows.some((row) => row.sku === sku));
  const { email } = req.user;
  reminders.set(email, () => mail(email, 'Please check your import'));
  res.json({ missing });
});
```

```js
const sizes = new Map();

export function remember(req) {
  const image = req.body;
  sizes.set(req.url, () => image.byteLength);
}
```

## Use instead

A function that is made where only what it needs is in sight:

```js
const reminders = new Map();
const reminder = (email) => () => mail(email, 'Please check your import');

app.post('/imports', async (req, res) => {
  const rows = JSON.parse(req.body);
  const missing = skus.filter((sku) => !rows.some((row) => row.sku === sku));
  reminders.set(req.user.email, reminder(req.user.email));
  res.json({ missing });
});
```

and the value that is needed in place of what it is read from:

```js
const sizes = new Map();

export function remember(req) {
  const { byteLength } = req.body;
  sizes.set(req.url, () => byteLength);
}
```

## How safe the fix is

Unsafe: what the function reads is read when it is made, and what changes afterwards is not seen. Where another function
keeps the scope there is no automatic fix.

## What is not flagged

Functions that need all of what they capture; variables that are set to null in time; callbacks that run at once or hang on
the response; timers of less than a minute; functions that are made once, while the program starts; lists that are drained
and entries that are taken out to be called.

## References

- V8, contexts and closures: all functions of a scope share one context
- MDN, closures: performance considerations
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if ends_soon(file) || file.is_of_a_page() {
        return;
    }
    let mut declared: Option<HashMap<u32, SymbolId>> = None;
    let mut in_use = HashSet::new();
    for kept in kept(file) {
        if file.frequency(kept.function) == Calls::Once {
            continue;
        }
        let declared = declared.get_or_insert_with(|| variables(file));
        let Some(found) = capture(file, &kept, declared) else {
            continue;
        };
        // All listeners of a connection, and its intervals, keep one scope: once is enough.
        if !kept.by.is_in_use() || in_use.insert(found.variable) {
            findings.push(finding(file, &kept, &found));
        }
    }
}

/// All variables by the byte where they are declared.
fn variables(file: &File<'_, '_>) -> HashMap<u32, SymbolId> {
    let scoping = file.parsed.semantic().scoping();
    let all = scoping.symbol_ids();
    all.map(|variable| (scoping.symbol_span(variable).start, variable))
        .collect()
}

/// What a kept function keeps without need.
struct Capture {
    variable: SymbolId,
    name: String,
    why: Why,
}

fn capture<'a>(
    file: &File<'_, 'a>,
    kept: &Kept,
    declared: &HashMap<u32, SymbolId>,
) -> Option<Capture> {
    let function = file.parsed.function_ref(kept.function);
    let own = file.kind(kept.function).span();
    let scopes = file.parsed.captured(function.position);
    let around = scopes.iter().filter(|scope| {
        // The module's scope lives anyway, and what the function makes itself it makes anew.
        scope.function.is_some()
            && !(own.start <= scope.extent.start && scope.extent.end <= own.end)
    });
    let mut found: Option<Capture> = None;
    for scope in around {
        for (variable, name) in captured(scope, declared) {
            if let Some(why) = reason(file, kept, scope, variable, own) {
                let capture = Capture {
                    variable,
                    name,
                    why,
                };
                // A part is mended at the place; that comes first.
                if matches!(
                    capture.why,
                    Why::ForAPart(_) | Why::Predecessor | Why::OwnTarget
                ) {
                    return Some(capture);
                }
                found.get_or_insert(capture);
            }
        }
    }
    found
}

fn captured(scope: &CapturedScope, declared: &HashMap<u32, SymbolId>) -> Vec<(SymbolId, String)> {
    let variables = scope.variables.iter();
    variables
        .filter(|variable| !variable.captured_by.is_empty())
        .filter_map(|variable| {
            let symbol = declared.get(&variable.extent.start)?;
            Some((*symbol, variable.name.clone()))
        })
        .collect()
}

fn finding<'a>(file: &File<'_, 'a>, kept: &Kept, capture: &Capture) -> Finding {
    let name = &capture.name;
    let (holds, growth) = match &kept.by {
        Keeper::Timer(ms) => (
            format!("the timer keeps this function for {}", duration(*ms)),
            "per call, until the timer ends",
        ),
        Keeper::Collection(of) => (
            format!("`{of}` keeps this function"),
            "per call, for the life of the entry",
        ),
        Keeper::Callee(callee) => (
            format!("`{callee}` keeps this function"),
            "per call, for as long as it is kept there",
        ),
        Keeper::Interval => (
            "the interval keeps this function".to_owned(),
            "per call, until the interval ends",
        ),
        Keeper::Connection => (
            "the connection keeps this function".to_owned(),
            "per connection, until it closes",
        ),
        Keeper::Single(holder) => (
            format!("`{holder}` keeps this function"),
            "per call, for the life of the process",
        ),
        Keeper::Finalizer { .. } => (
            "the registry keeps this function".to_owned(),
            "per object, for the life of the process",
        ),
    };
    let keeps = match &capture.why {
        Why::Sibling(_) => format!(
            "with it `{name}`, {}, which only another function of the same scope uses",
            Bulk::Contents.words()
        ),
        Why::ForAPart(large) => {
            format!(
                "with it `{name}`, {}, of which it reads a part",
                large.words()
            )
        }
        Why::PastItsTime(large) => format!("with it `{name}`, {}", large.words()),
        Why::Predecessor => {
            format!("with it `{name}`, what was there before, and all that this keeps in turn")
        }
        Why::OwnTarget => format!("with it `{name}`, whose end it waits for and so prevents"),
    };
    let scoping = file.parsed.semantic().scoping();
    let mut labels = vec![Label::new(
        file.extent(scoping.symbol_span(capture.variable)),
        format!("`{name}` is declared here"),
    )];
    if let Why::Sibling(sibling) = capture.why {
        let text = format!("this function makes `{name}` part of the scope that is kept");
        labels.push(Label::new(file.extent(sibling), text));
    }
    Finding {
        rule: RULE.id,
        confidence: Confidence::High,
        message: format!("{holds}, and {keeps}"),
        growth: Some(growth),
        place: Label::new(file.extent(kept.place), "kept with its whole scope"),
        labels,
        fixes: fix::fix(file, kept, capture).into_iter().collect(),
    }
}

fn duration(ms: u64) -> String {
    const MINUTE: u64 = 60_000;
    const HOUR: u64 = 60 * MINUTE;
    let (count, unit) = match ms {
        ms if ms >= HOUR => (ms / HOUR, "hour"),
        ms => (ms / MINUTE, "minute"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
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
    fn a_sibling_keeps_it() {
        check(
            &RULE,
            "const cancels = new Map();\nexport function receive(req, res) {\n  const chunks = [];\n  req.on('data', (c) => chunks.push(c));\n  cancels.set(req.id, () => { cancelled = true; });\n}",
            &[5],
        );
        check(
            &RULE,
            "app.post('/', async (req, res) => {\n  const rows = parse(req.body);\n  const all = known.filter((k) => !rows.some((r) => r.k === k));\n  setTimeout(() => {\n    remind();\n  }, 24 * 3600 * 1000);\n});",
            &[4],
        );
    }

    #[test]
    fn lists_of_bytes() {
        let cache = |of: &str| {
            format!(
                "const all = new Map();\nexport async function f(key: string) {{\n  const chunks: {of} = [];\n  await load(key, (chunk) => chunks.push(chunk));\n  const digest = sum(chunks);\n  all.set(key, {{ is: (other) => other === digest }});\n}}"
            )
        };
        check(&RULE, &cache("Uint8Array[]"), &[6]);
        check(&RULE, &cache("number[]"), &[]);
    }

    #[test]
    fn an_interval_keeps_it() {
        let check = |rest: &str, expected: &[u32]| {
            let text = format!(
                "wss.on('connection', async (ws) => {{\n  const state = JSON.parse(await load());\n  {rest}\n  ws.on('close', () => clearInterval(beat));\n}});"
            );
            check(&RULE, &text, expected);
        };
        let beat = "const beat = setInterval(() => { ws.ping(); }, 9000);";
        let first = "const send = (from) => ws.send(state.slice(from)); send(0);";
        check(&format!("{first}\n  {beat}"), &[4]);
        check(
            &format!("ids.filter((id) => state.has(id));\n  {beat}"),
            &[4],
        );
        check(
            &format!("{first}\n  const beat = 0; ws.on('pong', () => {{ alive(ws); }});"),
            &[4],
        );
        // What goes on as well needs it.
        check(
            &format!("ws.on('message', (at) => ws.send(state[at]));\n  {beat}"),
            &[],
        );
        check(beat, &[]);
        let polled = |end: &str| {
            format!(
                "exports.f = async () => {{\n  const state = JSON.parse(await load()); ids.filter((id) => state.has(id));\n  const beat = setInterval(() => {{ {end} }}, 9);\n}};"
            )
        };
        crate::rules::testing::check(&RULE, &polled("tick();"), &[3]);
        crate::rules::testing::check(&RULE, &polled("if (done()) clearInterval(beat);"), &[]);
    }

    #[test]
    fn what_is_put_in_has_a_function() {
        check(
            &RULE,
            "const facts = new Map();\nexport async function of(key) {\n  const { data: pixels } = await sharp(key).toBuffer();\n  const fresh = { describe: () => `${pixels.length} bytes` };\n  facts.set(key, fresh);\n}",
            &[4],
        );
        check(
            &RULE,
            "const sizes = new Map();\nexport function note(key: string, bytes: Buffer) {\n  sizes.set(key, () => bytes.length);\n}",
            &[3],
        );
        check(
            &RULE,
            "const sizes = new Map();\nexport async function note(key) {\n  const { features } = JSON.parse(await load());\n  for (const one of features) use(one);\n  sizes.set(key, () => features.length);\n}",
            &[5],
        );
    }

    #[test]
    fn it_needs_a_part() {
        check(
            &RULE,
            "const sessions = new Map();\nfunction login(req, id) {\n  sessions.set(id, { describe: () => `at ${req.headers['user-agent']}` });\n}\nmodule.exports = login;",
            &[3],
        );
        check(
            &RULE,
            "const HOUR = 3600000;\nexport const f = (ctx) => { ctx.body = 1;\n  setTimeout(() => end(ctx.state.user, ctx), HOUR); };",
            &[3],
        );
    }

    #[test]
    fn chains_and_finalizers() {
        check(
            &RULE,
            "let report = (e) => log(e);\nexport function wrap(context) {\n  const inner = report;\n  report = (e) => inner(e, context);\n}",
            &[4],
        );
        check(
            &RULE,
            "class D { apply(f) { const before = this.state; const next = f(before);\n  next.undo = () => { this.state = before; };\n  this.state = next; } }\nexport { D };",
            &[2],
        );
        check(
            &RULE,
            "let run;\nprocess.on('message', (m) => { run = require(m.file); const own = run; run = (job) => own(job); });",
            &[],
        );
        check(
            &RULE,
            "exports.wrap = (of, name, wrapper) => { const own = of[name]; const wrapped = wrapper(own);\n  wrapped.undo = () => { of[name] = own; };\n  of[name] = wrapped; };",
            &[],
        );
        check(
            &RULE,
            "export function timed(target, key, descriptor) { const original = descriptor.value; descriptor.value = function () { return original.call(this); }; }",
            &[],
        );
        check(
            &RULE,
            "const registry = new FinalizationRegistry((f) => f());\nexport async function open(path) {\n  const handle = await get(path);\n  registry.register(handle, () => handle.close());\n}",
            &[4],
        );
    }

    #[test]
    fn what_is_needed_or_soon_gone() {
        check(
            &RULE,
            "const subs = new Map();\nexport function f(req) { const chunks = []; req.on('data', (c) => chunks.push(c)); subs.set(req.id, () => send(chunks)); }",
            &[],
        );
        check(
            &RULE,
            "const subs = new Map();\nexport function f(req) { let chunks = []; req.on('data', (c) => chunks.push(c)); req.on('end', () => { chunks = null; }); subs.set(1, () => 1); }",
            &[],
        );
        check(
            &RULE,
            "export const f = (req) => { const body = req.body; setTimeout(() => log(body.length), 2000); };",
            &[],
        );
        check(
            &RULE,
            "const subs = new WeakMap();\nexport const f = (req) => { subs.set(req, () => req.headers.host); };",
            &[],
        );
        check(
            &RULE,
            "const waiting = new Map();\nexport const f = (req, id) => { waiting.set(id, () => log(req.url)); };\nfeed.on('data', (m) => { const w = waiting.get(m.id); waiting.delete(m.id); w(m); });",
            &[],
        );
        check(
            &RULE,
            "const table = new Map();\nfunction build(path) { const rows = JSON.parse(readFileSync(path)); table.set(path, () => rows.length); }\nbuild('a');",
            &[],
        );
        check(
            &RULE,
            "const last = new Map();\nexport const f = (req) => { for (const row of req.body) use(row); const { id } = req; last.set(id, () => id); };",
            &[],
        );
    }

    #[test]
    fn what_is_read_is_read_before() {
        check_fix(
            &RULE,
            "const sizes = new Map();\nexport function remember(req) {\n  const image = req.body;\n  sizes.set(req.url, () => image.byteLength);\n}\n",
            "const sizes = new Map();\nexport function remember(req) {\n  const image = req.body;\n  const byteLength = image.byteLength;\n  sizes.set(req.url, () => byteLength);\n}\n",
        );
    }
}
