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
fn turns_that_are_handed_on() {
    let text = |last: &str| {
        format!(
            "const turns = new Map();\nexport async function turn(req, work) {{\n  turns.set(req.params.id, []);\n  try {{ return await work(); }} finally {{\n    const next = turns.get(req.params.id).shift();\n    {last}\n  }}\n}}"
        )
    };
    check(
        &RULE,
        &text("if (next) next(); else turns.delete(req.params.id);"),
        &[],
    );
    let before = "const marks = new Set();\nexport async function turn(req, work) {\n  marks.add(req.params.id);\n  if (!(await ask())) return null;\n  try { return await work(); } finally { if (req) marks.delete(req.params.id); }\n}";
    check(&RULE, before, &[3]);
}

#[test]
fn work_that_does_not_fail() {
    let text = |work: &str| {
        format!(
            "const busy = new Set();\nasync function safely(id) {{ try {{ await draw(id); }} catch (e) {{ log(e); }} }}\nasync function again(id) {{ try {{ await draw(id); }} catch (e) {{ throw wrap(e); }} }}\nexport async function picture(userId) {{\n  if (busy.has(userId)) return;\n  busy.add(userId);\n  {work}\n  busy.delete(userId);\n}}"
        )
    };
    for fails in ["await draw(userId);", "await again(userId);"] {
        check_sure(&RULE, &text(fails), &[6]);
    }
    for handled in [
        "await safely(userId);",
        "await draw(userId).catch(log);",
        "try { await draw(userId); } catch (e) { log(e); }",
        "await new Promise((go) => setTimeout(go, 9));",
    ] {
        check(&RULE, &text(handled), &[]);
    }
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

#[test]
fn entries_that_null_takes_the_place_of() {
    let text = |over: &str| {
        format!(
            "const open = {{}};\nlet n = 0;\nexports.call = (method, ms) => new Promise((resolve, reject) => {{\n  const id = ++n;\n  open[id] = {{ promise: [resolve, reject] }};\n  setTimeout(() => {{ {over} reject(new Error('late')); }}, ms);\n  socket.send(method, id);\n}});\nsocket.on('message', ({{ id, answer }}) => {{\n  open[id].promise[0](answer);\n  {over}\n}});"
        )
    };
    check_sure(&RULE, &text("open[id] = null;"), &[5]);
    check_sure(&RULE, &text("open[id] = undefined;"), &[5]);
    check_sure(&RULE, &text("delete open[id];"), &[]);
    let sent = text("open[id] = null;")
        .replace(
            "const id = ++n;",
            "const id = this.id(method); socket.send(id, () => {",
        )
        .replace("socket.send(method, id);", "});");
    check_sure(&RULE, &sent, &[5]);
    let states = "const state = {};\nexports.begin = (kind) => { state[kind] = { since: 1 }; };\nexports.end = (kind) => { state[kind] = null; };";
    check(&RULE, states, &[]);
}
