//! Entries for what is under way that stay when it ends badly, or never.

mod fix;

use oxc_ast::ast::Expression;
use oxc_span::GetSpan;
use stanch_js_source::Release;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::holders::{Container, Holder};
use crate::facts::insertions::Insertion;
use crate::facts::keys::{Domain, Source, domain};
use crate::facts::pending::{
    AFTER_REJECTION, BETWEEN, BY_ANOTHER_WAY, FAILED, OVER, leak, makes_it,
};
use crate::facts::repeats::{Repeats, repeats};
use crate::facts::under_way::{Kept, kept};
use crate::file::{File, method};
use crate::finding::{Finding, Label};
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "unreleased-pending",
    pattern: Pattern::UnboundedCache,
    on: On::WhenSure,
    page: "# unreleased-pending

Finds entries for something under way, such as a shared lookup, a call that waits for its answer or a mark against running twice,
that are not taken out on every way it can end.

## Why it leaks

The entry leaves when all goes well. When the lookup fails, the function returns early or throws, or the answer never comes, it
stays, with its promise, its callbacks and its payload; and the next caller finds an operation that is for ever under way.

## Example

```js
const inflight = new Map();

exports.profile = (id) => {
  if (inflight.has(id)) return inflight.get(id);
  const lookup = fetchProfile(id).then((profile) => {
    inflight.delete(id);
    return profile;
  });
  inflight.set(id, lookup);
  return lookup;
};
```

## Use instead

```js
const inflight = new Map();

exports.profile = (id) => {
  if (inflight.has(id)) return inflight.get(id);
  const lookup = fetchProfile(id).finally(() => inflight.delete(id));
  inflight.set(id, lookup);
  return lookup;
};
```

## How safe the fix is

Unsafe: a failure that was remembered before is tried again, and an entry that somebody put in under the same key meanwhile is
taken out as well. It adds a `finally` to a promise that is a constant of the function that puts it into a Map. There is no fix
for callbacks, marks and controllers: when they go, and what to tell those who wait, is for the author to say.

## What is not flagged

Entries that a `finally`, a timer, a `using` declaration or a handler of the connection's end takes out; containers that are
emptied; deletions on success as well as on failure.

## References

- MDN, `Promise.prototype.finally()`; Node.js, `AbortSignal.timeout()`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if file.ends() {
        return;
    }
    for (holder, found) in file.filled() {
        if holder.container == Container::Array {
            continue;
        }
        let finding = found
            .iter()
            .filter(|insertion| !insertion.nested && insertion.key.is_some())
            .find_map(|insertion| find(file, holder, insertion, found));
        findings.extend(finding);
    }
}

fn find<'a>(
    file: &File<'_, 'a>,
    holder: &Holder<'a>,
    insertion: &Insertion<'a>,
    all: &[Insertion<'a>],
) -> Option<Finding> {
    let kept = kept(file, insertion)?;
    let releases: Vec<Release> = file
        .parsed
        .releases(&holder.reference)
        .into_iter()
        .filter(|release| !release.nested)
        .collect();
    let (why, label) = leak(file, holder, insertion, kept, &releases)?;
    // What stays after a failure is one for each of many keys only where it is put in for each request or message.
    let is_again = matches!(
        repeats(file, insertion.node),
        Repeats::PerRequest | Repeats::PerCall
    );
    // Nobody asks for a key again that is a new one each time.
    let is_lost = insertion
        .key
        .is_some_and(|key| domain(file, key) == Domain::Unbounded(Source::Serial));
    // Those who come later join a list of which nobody takes care any more: it grows with its key alone.
    let is_joined = all.iter().any(|joins| joins.nested)
        && matches!(insertion.values.as_slice(), [Expression::ArrayExpression(first)] if !first.elements.is_empty());
    // A promise that those who come later are given as well, a mark that keeps them out: under one of many keys, and so is who
    // asks for it.
    let many = insertion.key.map(|key| domain(file, key));
    let is_shared = match kept {
        Kept::Promise => why == AFTER_REJECTION && !matches!(many, None | Some(Domain::Bounded)),
        Kept::Mark => {
            why == BY_ANOTHER_WAY
                && matches!(many, Some(Domain::Unbounded(_) | Domain::Named(_)))
                && is_asked_before(file, holder, insertion)
        }
        _ => false,
    };
    let confidence = match (is_again || is_lost || is_joined || is_shared, why) {
        (false, BY_ANOTHER_WAY | AFTER_REJECTION | FAILED | BETWEEN) => Confidence::Medium,
        // It may be something else that is called so: a resolver of names.
        (_, OVER) if !(is_again && is_lost || makes_it(file, insertion)) => Confidence::Medium,
        // Whoever waits has something of its own to wait with: there is one for each question that was asked.
        _ => Confidence::High,
    };
    let mut labels = vec![Label::new(holder.declared, "kept here")];
    if let Some(release) = releases.first() {
        labels.push(Label::new(release.extent, label));
    }
    Some(Finding {
        rule: RULE.id,
        confidence,
        message: format!("an entry of `{}` stays when {why}", holder.written),
        growth: Some("per operation that ends so, for the life of the container"),
        place: Label::new(insertion.extent, "put in here"),
        labels,
        fixes: (kept == Kept::Promise)
            .then(|| fix::fix(file, insertion))
            .flatten()
            .into_iter()
            .collect(),
    })
}

/// Whether a function leaves where there is an entry already, before it puts one in: nobody begins again what cannot be repeated.
fn is_asked_before<'a>(
    file: &File<'_, 'a>,
    holder: &Holder<'a>,
    insertion: &Insertion<'a>,
) -> bool {
    let function = file.function_around(insertion.node);
    let Some(whole) = function.map(|function| file.kind(function).span()) else {
        return false;
    };
    let before = file.kind(insertion.node).span().start;
    file.calls_within(whole).any(|(node, call)| {
        method(call).is_some_and(|(of, name)| name == "has" && file.written(of) == holder.written)
            && call.span.end < before
            && file.function_around(*node) == function
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{check, check_page, check_sure};

    #[test]
    fn the_page_holds() {
        check_page(&RULE);
    }

    #[test]
    fn ways_of_ending_on_which_an_entry_stays() {
        check(
            &RULE,
            "const exporting = new Set();\nasync function run(req, res) {\n  exporting.add(req.params.id);\n  await render();\n  exporting.delete(req.params.id);\n}",
            &[3],
        );
        check(
            &RULE,
            "const calls = new Map();\nsocket.on('message', (m) => { calls.get(m.id)?.resolve(m); calls.delete(m.id); });\nexports.ask = (id) => new Promise((resolve, reject) => {\n  calls.set(id, { resolve, reject });\n});",
            &[4],
        );
        check(
            &RULE,
            "const all = new Set();\nexports.call = async (url) => {\n  const controller = new AbortController();\n  all.add(controller);\n  return fetch(url, controller);\n};",
            &[4],
        );
    }

    #[test]
    fn every_way_is_thought_of() {
        let ask = "exports.ask = (id) => new Promise((resolve, reject) => { calls.set(id, { resolve, reject }); });\nconst calls = new Map();\n";
        let answer = "socket.on('message', (m) => calls.delete(m.id));\n";
        check(
            &RULE,
            &format!(
                "{ask}{answer}socket.on('close', () => {{ for (const c of calls.values()) c.reject(); calls.clear(); }});"
            ),
            &[],
        );
        check(
            &RULE,
            &format!(
                "{answer}{}",
                ask.replace(
                    "calls.set",
                    "setTimeout(() => calls.delete(id), 9); calls.set"
                )
            ),
            &[],
        );
        check(
            &RULE,
            "const exporting = new Set();\nasync function run(id) { exporting.add(id); try { await render(); } finally { exporting.delete(id); } }",
            &[],
        );
        check(
            &RULE,
            "const inflight = new Map();\nexports.get = (id) => { const p = load(id).finally(() => inflight.delete(id)); inflight.set(id, p); return p; };",
            &[],
        );
        check(
            &RULE,
            "const inflight = new Map();\nexports.get = (id) => { const p = load(id).then((x) => { inflight.delete(id); return x; }, (e) => { inflight.delete(id); throw e; }); inflight.set(id, p); };",
            &[],
        );
    }

    #[test]
    fn promises_that_are_never_rejected() {
        let queue = |last: &str| {
            format!(
                "const locks = new Map();\nfunction lock(filePath, work) {{\n  const previous = locks.get(filePath) || Promise.resolve();\n  const done = previous.then(work, work);\n  const last = {last};\n  locks.set(filePath, last);\n  last.then(() => {{\n    if (locks.get(filePath) === last) {{\n      locks.delete(filePath);\n    }}\n  }});\n  return done;\n}}\nmodule.exports = (app) => {{ app.get('/', (req, res) => lock(req.query.f, x)); }};"
            )
        };
        check(&RULE, &queue("done.then(() => {})"), &[6]);
        check(&RULE, &queue("done.then(() => {}, () => {})"), &[]);
        check(&RULE, &queue("done.catch(log)"), &[]);
    }

    #[test]
    fn promises_that_take_themselves_out() {
        let load = |made: &str| {
            format!(
                "const calls = new Map();\napp.get('/:id', (req, res) => {{\n  const {{ id }} = req.params;\n  let call = calls.get(id);\n  if (!call) {{\n    {made}\n    calls.set(id, call);\n  }}\n  call.then((x) => res.end(x), next);\n}});"
            )
        };
        let maker = |rest: &str| load(&format!("call = (async () => {{ {rest} }})();"));
        check_sure(
            &RULE,
            &maker("const x = await work(id); calls.delete(id); return x;"),
            &[7],
        );
        check_sure(
            &RULE,
            &maker("try { return await work(id); } finally { calls.delete(id); }"),
            &[],
        );
        check_sure(
            &RULE,
            &load("call = work(id).then((x) => { calls.delete(id); return x; });"),
            &[7],
        );
        check_sure(
            &RULE,
            &load("call = work(id).finally(() => calls.delete(id));"),
            &[],
        );
    }

    #[test]
    fn marks_and_lists_that_only_success_takes_out() {
        let mark = |ended: &str| {
            format!(
                "const busy = new Set();\napp.get('/:id', (req, res) => {{\n  const {{ id }} = req.params;\n  busy.add(id);\n  work(id).then((x) => save(x)){ended};\n  res.end();\n}});"
            )
        };
        check_sure(&RULE, &mark(".then(() => busy.delete(id))"), &[4]);
        check_sure(&RULE, &mark(".catch(log).then(() => busy.delete(id))"), &[]);
        check_sure(
            &RULE,
            &mark(".then(() => busy.delete(id), (e) => log(e))"),
            &[4],
        );
        check_sure(
            &RULE,
            &mark(".then(() => busy.delete(id), () => busy.delete(id))"),
            &[],
        );
    }

    #[test]
    fn executors_that_return_before() {
        let run = |failed: &str| {
            format!(
                "const running = new Map();\napp.get('/:f', (req, res) => {{\n  const {{ f }} = req.params;\n  const run = new Promise((resolve, reject) => {{\n    spawn(f).on('exit', (code) => {{\n      {failed}\n      running.delete(f);\n      resolve();\n    }});\n  }});\n  running.set(f, run);\n}});"
            )
        };
        check_sure(
            &RULE,
            &run("if (code) return reject(new Error(code));"),
            &[11],
        );
        check_sure(&RULE, &run("if (code) reject(new Error(code));"), &[]);
    }

    #[test]
    fn a_good_end_is_not_every_end() {
        let run = |failed: &str| {
            format!(
                "const running = {{}};\napp.post('/:id', (req, res) => {{\n  const {{ id }} = req.params;\n  running[id] = {{ since: 1 }};\n  convert(id)\n    .on('error', (e) => {{ {failed} }})\n    .on('end', () => {{ delete running[id]; }})\n    .save(id);\n}});"
            )
        };
        check_sure(&RULE, &run("log(e);"), &[4]);
        check_sure(&RULE, &run("delete running[id];"), &[]);
    }

    #[test]
    fn other_functions_of_a_factory_are_no_clock() {
        let text = |beside: &str| {
            format!(
                "function dispatcher() {{\n  const busy = new Set();\n  {beside}\n  async function send(req) {{\n    busy.add(req.params.id);\n    if (!(await claim(req))) return;\n    busy.delete(req.params.id);\n  }}\n  return {{ send }};\n}}\nconst one = dispatcher();\napp.post('/', (req, res) => one.send(req));"
            )
        };
        check_sure(
            &RULE,
            &text("const late = () => timeout(9, () => 1);"),
            &[5],
        );
        check_sure(&RULE, &text("setInterval(() => busy.clear(), 9);"), &[]);
    }

    #[test]
    fn marks_of_what_an_interval_runs() {
        let text = |ended: &str| {
            format!(
                "const running = new Set();\nasync function run(target, check) {{\n  if (running.has(target.url)) return;\n  running.add(target.url);\n  {ended}\n}}\nexports.schedule = (target, check) => {{ setInterval(() => {{ run(target, check).catch(log); }}, 9000); }};"
            )
        };
        check_sure(
            &RULE,
            &text("await check(); running.delete(target.url);"),
            &[4],
        );
        check_sure(
            &RULE,
            &text("try { await check(); } finally { running.delete(target.url); }"),
            &[],
        );
    }

    #[test]
    fn what_one_branch_keeps_and_the_other_does_not() {
        let text = |otherwise: &str| {
            format!(
                "const kept = {{}};\napp.post('/:id', async (req, res) => {{\n  const {{ id }} = req.params;\n  if (req.body.keep) {{ kept[id] = {{ since: 1 }}; }}\n  {otherwise} {{ delete kept[id]; }}\n  await publish(id);\n  if (!req.body) return;\n  res.end();\n}});"
            )
        };
        check(&RULE, &text("else"), &[]);
        check(&RULE, &text("if (await publish(id))"), &[4]);
    }

    #[test]
    fn a_mark_that_keeps_others_out() {
        let text = |asked: &str| {
            format!(
                "const busy = new Set();\nexport async function picture(interaction) {{\n  const {{ id }} = interaction.user;\n  {asked}\n  busy.add(id);\n  await draw(id);\n  busy.delete(id);\n}}"
            )
        };
        check_sure(&RULE, &text("if (busy.has(id)) return;"), &[5]);
        check_sure(&RULE, &text(""), &[]);
    }

    #[test]
    fn a_shared_promise_under_whatever_key() {
        let text = |ended: &str| {
            format!(
                "const asking = new Map();\nasync function rules(origin) {{\n  if (!asking.has(origin)) {{\n    asking.set(origin, load(origin).{ended});\n  }}\n  return asking.get(origin);\n}}\nexport const robots = {{ allows: (url) => rules(new URL(url).origin) }};"
            )
        };
        check_sure(
            &RULE,
            &text("then((x) => { asking.delete(origin); return x; })"),
            &[4],
        );
        check_sure(&RULE, &text("finally(() => asking.delete(origin))"), &[]);
    }

    #[test]
    fn counts_are_no_marks() {
        let text = "const failed = new Map();\napp.post('/:id', async (req, res) => {\n  const { id } = req.params;\n  const count = (failed.get(id) ?? 0) + 1;\n  if (count < 9) {\n    failed.set(id, count);\n    return;\n  }\n  failed.delete(id);\n  await look(id);\n});";
        check(&RULE, text, &[]);
    }

    #[test]
    fn keys_that_nobody_asks_for_again() {
        let upload = |id: &str| {
            format!(
                "const active = new Map();\nexport async function archive(report, name) {{\n  const id = {id};\n  active.set(id, new AbortController());\n  await send(report);\n  active.delete(id);\n}}"
            )
        };
        check_sure(&RULE, &upload("randomUUID()"), &[4]);
        check_sure(&RULE, &upload("name"), &[]);
    }

    #[test]
    fn callers_and_callbacks_that_fail() {
        let read = |failed: &str| {
            format!(
                "const waiting = {{}};\napp.get('/:id', (req, res) => {{\n  const id = req.params.id;\n  waiting[id] = [res];\n  store.get(id, function (err, body) {{\n    if (err) {{ {failed} return res.end(); }}\n    const list = waiting[id];\n    delete waiting[id];\n    list.forEach((each) => each.end(body));\n  }});\n}});"
            )
        };
        check_sure(&RULE, &read(""), &[4]);
        check_sure(&RULE, &read("delete waiting[id];"), &[]);
        let rpc = |late: &str| {
            format!(
                "const calls = new Map();\nbus.subscribe('inbox', (m) => {{ calls.get(m.id)?.resolve(m); calls.delete(m.id); }});\nexports.call = (id) => new Promise((resolve, reject) => {{\n  setTimeout(() => {{ reject(new Error('late')); {late} }}, 99);\n  calls.set(id, {{ resolve, reject }});\n  bus.publish(id).catch((e) => {{ calls.delete(id); reject(e); }});\n}});"
            )
        };
        check_sure(&RULE, &rpc(""), &[5]);
        check_sure(&RULE, &rpc("calls.delete(id);"), &[]);
    }

    #[test]
    fn lists_that_others_join() {
        let read = |joined: &str| {
            format!(
                "const waiting = {{}};\nmodule.exports.read = function (id, callback) {{\n  if (waiting[id]) {{ {joined} return; }}\n  waiting[id] = [callback];\n  store.get(id, function (err, body) {{\n    if (err) return callback(err);\n    const list = waiting[id];\n    delete waiting[id];\n    list.forEach((each) => each(null, body));\n  }});\n}};"
            )
        };
        check_sure(&RULE, &read("waiting[id].push(callback);"), &[4]);
        check_sure(&RULE, &read(""), &[]);
    }

    #[test]
    fn callbacks_under_a_new_number() {
        let run = |id: &str, done: &str| {
            format!(
                "const tasks = {{}}; let last = 0;\napp.get('/:n', (req, res) => {{\n  const id = {id}; const callback = (x) => res.end(x);\n  tasks[id] = {{ callback }}; send(id);\n}});\nlisten((m) => {{ tasks[m.id].callback(m); {done} }});"
            )
        };
        check_sure(&RULE, &run("++last", ""), &[4]);
        check_sure(&RULE, &run("req.params.n", ""), &[]);
        check_sure(&RULE, &run("++last", "delete tasks[m.id];"), &[]);
    }

    #[test]
    fn resolvers_of_names_are_no_promises() {
        let text = "class Container {\n  constructor() { this.all = new Map(); }\n  add(name, resolver) {\n    this.all.set(name, resolver);\n  }\n}\nconst own = new Container();\napp.get('/:id', (req, res) => own.add(req.params.id, load));";
        check_sure(&RULE, text, &[]);
        let ask = "const calls = new Map();\nsocket.on('message', onMessage);\nfunction onMessage(m) { calls.get(m.id).resolve(m); calls.delete(m.id); }\nexports.ask = (id) => new Promise((resolve, reject) => {\n  calls.set(id, { resolve, reject });\n});";
        check_sure(&RULE, ask, &[5]);
    }

    #[test]
    fn sure_for_each_request() {
        let handler = |rest: &str| {
            format!(
                "const busy = new Set();\napp.post('/:id', async (req, res) => {{\n  const {{ id }} = req.params;\n  if (busy.has(id)) return res.end();\n  busy.add(id);\n  {rest}\n}});"
            )
        };
        check_sure(&RULE, &handler("await work(id); busy.delete(id);"), &[5]);
        check_sure(
            &RULE,
            &handler(
                "if (!req.body) return res.end(); try { await work(id); } finally { busy.delete(id); }",
            ),
            &[5],
        );
        check(
            &RULE,
            &handler("try { await work(id); } finally { busy.delete(id); }"),
            &[],
        );
    }
}
