//! Programs with functions that are kept, and the lines where they keep too much.

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
fn fields_of_the_one_instance() {
    let service = |before: &str, put: &str| {
        format!(
            "{before}class Hooks {{\n  private readonly all = new Map<string, () => void>();\n  async deliver(id: string) {{\n    const rows = await this.db.query('select * from t');\n    const sums = KINDS.map((kind) => rows.filter((row) => row.kind === kind));\n    {put}\n    return sums;\n  }}\n}}\napp.post('/', (req) => hooks.deliver(req.body.id));"
        )
    };
    let one = "const hooks = new Hooks(); ";
    let put = "this.all.set(id, () => log(id));";
    check(&RULE, &service(one, put), &[6]);
    check(&RULE, &service("@Injectable() ", put), &[6]);
    // Whose instance it is, nobody knows, and a name is no key of many.
    let named = "this.all.set('a', () => log(id));";
    check(&RULE, &service("", named), &[]);
    let drained = "this.all.set(id, () => log(id)); this.run(sums, () => { const f = this.all.get(id); this.all.delete(id); f(); });";
    check(&RULE, &service(one, drained), &[]);
}

#[test]
fn entries_that_leave_with_the_request() {
    let put = |end: &str| {
        format!(
            "const cancels = new Map();\napp.post('/', async (req, res) => {{\n  const body = JSON.stringify(req.body);\n  const sums = KEYS.map((key) => sign(key, body));\n  cancels.set(req.id, () => log(sums.length));\n  {end}\n}});"
        )
    };
    check(&RULE, &put("await send(sums);"), &[5]);
    check(
        &RULE,
        &put("try { await send(sums); } finally { cancels.delete(req.id); }"),
        &[],
    );
    check(
        &RULE,
        &put("res.on('close', () => cancels.delete(req.id));"),
        &[],
    );
    check(
        &RULE,
        &put("peer.on('close', () => cancels.delete(req.id));"),
        &[5],
    );
}

#[test]
fn lists_of_waiters() {
    let text = |rest: &str| {
        format!(
            "const waiting = {{}};\nexport function acquire(req) {{\n  return new Promise((resolve) => {{\n    (waiting[req.params.name] ||= []).push(() => resolve(req.get('x-client')));\n  }});\n}}\napp.post('/', (req) => acquire(req));\n{rest}"
        )
    };
    check(&RULE, &text(""), &[4]);
    check(
        &RULE,
        &text("export const free = (name) => waiting[name].shift()();"),
        &[],
    );
    let queue = |take: &str| {
        format!(
            "class Later {{\n  all = new Set();\n  put(req) {{ this.all.add({{ run: () => go(req.params.id) }}); }}\n  {take}\n}}\nconst later = new Later();\napp.post('/', (req) => later.put(req));"
        )
    };
    check(&RULE, &queue(""), &[3]);
    check(
        &RULE,
        &queue("tick() { const [one] = this.all; this.all.delete(one); one.run(); }"),
        &[],
    );
}

#[test]
fn what_else_is_large() {
    let remind = |before: &str, used: &str| {
        format!(
            "{before}\nexport async function f(id) {{\n  const all = await load(id);\n  const few = NAMES.filter((name) => {used});\n  setTimeout(() => remind(id), 9e7);\n}}\napp.post('/', (req) => f(req.body.id));"
        )
    };
    let small = "all.roles.some((role) => role === name)";
    check(
        &RULE,
        &remind("", "all.cells.some((cell) => cell === name)"),
        &[5],
    );
    check(&RULE, &remind("", small), &[]);
    let read = |body: &str| format!("const load = async (id) => {body};");
    check(&RULE, &remind(&read("readFile(id)"), "all.at(name)"), &[5]);
    check(
        &RULE,
        &remind(
            &read("pool.query(`select * from t where at > ${id}`)"),
            "all.at(name)",
        ),
        &[5],
    );
    check(
        &RULE,
        &remind(&read("pool.query('update t set a = 1')"), "all.at(name)"),
        &[],
    );
    check(
        &RULE,
        &remind(
            &read("(await pool.query('select * from t limit 1')).rows"),
            "all.at(name)",
        ),
        &[],
    );
    check(
        &RULE,
        &remind(&read("JSON.parse(await redis.get(id))"), "all.at(name)"),
        &[],
    );
    let upload = |of: &str| {
        format!(
            "interface Upload {{ id: string; bytes: {of} }}\nconst all = [];\nexport function f(one: Upload) {{\n  all.push(() => drop(one.id));\n}}\napp.post('/', (req) => f(req.body));"
        )
    };
    check(&RULE, &upload("Buffer"), &[4]);
    check(&RULE, &upload("number"), &[]);
}

#[test]
fn functions_that_run_at_the_start() {
    let text = |call: &str| {
        format!(
            "const hooks = {{}};\nexport async function setup() {{\n  const table = JSON.parse(await readFile('t.json'));\n  const keys = NAMES.filter((name) => table.has(name));\n  hooks[table.id] = () => log(keys.length);\n}}\n{call}"
        )
    };
    check(&RULE, &text("await setup();"), &[]);
    check(&RULE, &text("setInterval(() => setup(), 9);"), &[5]);
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

#[test]
fn members_of_what_is_kept() {
    let session = |store: &str| {
        format!(
            "const sessions = new Map();\nfunction open(req) {{\n  const at = Date.now();\n  return {{\n    agent: () => req.headers['user-agent'],\n    age: () => Date.now() - at,\n  }};\n}}\napp.post('/', (req) => {{ {store} }});"
        )
    };
    check(&RULE, &session("sessions.set(req.id, open(req));"), &[5]);
    check(
        &RULE,
        &session(
            "let one = sessions.get(req.id); if (!one) one = open(req); sessions.set(req.id, one);",
        ),
        &[5],
    );
    check(
        &RULE,
        &session(
            "const one = open(req); sessions.set(req.id, one); one.run(); sessions.delete(req.id);",
        ),
        &[],
    );
    check(&RULE, &session("open(req).agent();"), &[]);
    let class = |also: &str| {
        format!(
            "class Match {{\n  constructor(replay) {{\n    const frames = JSON.parse(replay);\n    const counts = KINDS.map((kind) => frames.filter(kind).length);\n    this.describe = () => `${{counts}} of each`;\n    {also}\n  }}\n}}\nconst matches = {{}};\napp.put('/', (req) => {{ matches[req.params.id] = new Match(req.body); }});"
        )
    };
    check(&RULE, &class(""), &[5]);
    // What is there for the frames keeps them anyway.
    check(&RULE, &class("this.at = (n) => frames[n];"), &[]);
}

#[test]
fn lists_of_lists_and_wrappers() {
    let text = |keep: &str| {
        format!(
            "const table = new Map();\n{keep}\napp.post('/', async (req) => {{\n  const rows = await load(req.body.id);\n  const sums = NAMES.map((name) => rows.filter((row) => row.is(name)));\n  later(req.body.id, () => log(sums.length));\n}});"
        )
    };
    let list = "function later(key, run) { let list = table.get(key); if (!list) table.set(key, (list = [])); list.push(run); }";
    check(&RULE, &text(list), &[6]);
    let wrapped =
        "function later(key, run) { const one = new Later(key, run); table.set(key, one); }";
    check(&RULE, &text(wrapped), &[6]);
    let run = "function later(key, run) { const one = new Later(key, run); table.set(key, 1); one.go(); }";
    check(&RULE, &text(run), &[]);
    let emptied = format!("{list}\tfunction go(key) {{ table.delete(key); }}").replace('\t', " ");
    check(&RULE, &text(&emptied), &[]);
}
