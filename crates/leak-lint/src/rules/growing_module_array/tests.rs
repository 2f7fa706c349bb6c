use super::RULE;
use crate::rules::testing::{check, check_fix, check_page};

#[test]
fn the_page_holds() {
    check_page(&RULE);
}

/// A module's array to which a handler adds with this statement.
fn in_handler(statement: &str) -> String {
    format!("let log = [];\napp.get('/', (req, res) => {{\n{statement}\n}});")
}

#[test]
fn what_a_stream_tells_is_gathered_for_one_call() {
    for told in ["c", "res", "req", "event", "chunk"] {
        let gathered = |event: &str| {
            format!(
                "export function read(store) {{\nconst from = store.open();\nreturn new Promise((resolve) => {{\nconst all = [];\nfrom.on('{event}', ({told}) => all.push({told}));\nfrom.on('end', () => resolve(Buffer.concat(all)));\n}});\n}}"
            )
        };
        check(&RULE, &gathered("data"), &[]);
        check(&RULE, &gathered("line"), &[]);
    }
    let kept = |heard: &str| {
        format!(
            "export function start(server) {{\nconst all = [];\nserver.on({heard});\nreturn () => all.length;\n}}"
        )
    };
    check(
        &RULE,
        &kept("'request', (req, res) => all.push(req.url)"),
        &[3],
    );
    check(
        &RULE,
        &kept("'message', (ctx) => all.push(ctx.chat.id)"),
        &[3],
    );
    check(&RULE, &kept("'moved', (c) => all.push(c.id)"), &[]);
}

#[test]
fn arrays_that_only_grow() {
    check(&RULE, &in_handler("log.push({ url: req.url });"), &[3]);
    check(&RULE, &in_handler("log[log.length] = req.url;"), &[3]);
    check(&RULE, &in_handler("log = [...log, req.url];"), &[3]);
    check(&RULE, &in_handler("log = log.concat(req.url);"), &[3]);
    check(
        &RULE,
        &in_handler("log.push(req.url); if (log.length > 9) { log.slice(-9); }"),
        &[3],
    );
    check(
        &RULE,
        &in_handler("log.push(req.url); log[0] = null;"),
        &[3],
    );
    check(
        &RULE,
        &in_handler("if (!log.includes(req.ip)) log.push(req.ip);"),
        &[3],
    );
    check(
        &RULE,
        "const rooms = { main: { history: [] } };\nio.on('connection', (socket) => socket.on('say', (text) => {\n  rooms.main.history.push(text);\n}));",
        &[3],
    );
}

#[test]
fn one_of_the_lists_of_an_entry() {
    let room = |rest: &str| {
        format!(
            "const rooms = {{ main: {{ members: new Set(), history: [] }} }};\nio.on('connection', (socket) => {{\n  socket.on('say', (name, text) => {{ const room = rooms[name]; room.history.push(text); }});\n  socket.on('leave', (name) => {{ const room = rooms[name]; {rest} }});\n}});"
        )
    };
    check(&RULE, &room("room.members.delete(socket);"), &[3]);
    check(&RULE, &room("room.history.shift();"), &[]);
    check(&RULE, &room("room.history = [];"), &[]);
    check(&RULE, &room("room.history.length = 0;"), &[]);
    check(&RULE, &room("delete rooms[name];"), &[]);
}

#[test]
fn arrays_that_are_emptied_or_bounded() {
    check(
        &RULE,
        &in_handler("log.push(req.url); if (log.length > 9) log.shift();"),
        &[],
    );
    check(
        &RULE,
        &in_handler("log = [...log, req.url].slice(-9);"),
        &[],
    );
    check(
        &RULE,
        &in_handler("log.unshift(req.url); log.length = Math.min(log.length, 9);"),
        &[],
    );
    check(
        &RULE,
        &format!(
            "{}\nsetInterval(() => send(log.splice(0)), 9);",
            in_handler("log.push(req.url);")
        ),
        &[],
    );
    check(
        &RULE,
        &format!(
            "{}\nfunction flush() {{ const full = log; log = []; send(full); }}",
            in_handler("log.push(req.url);")
        ),
        &[],
    );
    check(
        &RULE,
        &in_handler("const one = []; one.push(req.url); each(() => one.push(1));"),
        &[],
    );
}

#[test]
fn arrays_that_are_emptied_by_hand_or_at_the_end() {
    let with = |rest: &str| format!("{}\n{rest}", in_handler("log.push(req.url);"));
    check(
        &RULE,
        &with("app.delete('/log', (req, res) => { log.length = 0; res.end(); });"),
        &[3],
    );
    check(
        &RULE,
        &with("app.post('/take', (req, res) => { res.json(log); log = []; });"),
        &[],
    );
    check(
        &RULE,
        &with("app.post('/take', (req, res) => { if (req.query.x) { log = []; } res.end(); });"),
        &[],
    );
    check(
        &RULE,
        &with("process.on('SIGTERM', () => { log.length = 0; });"),
        &[3],
    );
    check(
        &RULE,
        &with("feed.on('day', () => { log.length = 0; });"),
        &[],
    );
}

#[test]
fn the_oldest_leave() {
    check_fix(
        &RULE,
        "const log = [];\napp.get('/', (req, res) => {\n  log.push({ url: req.url });\n  res.end();\n});\napp.use((req, res, next) => {\n  if (req.body) log.push(req.body);\n  next();\n});\n",
        "const log = [];\napp.get('/', (req, res) => {\n  log.push({ url: req.url });\n  if (log.length > 1000) log.shift();\n  res.end();\n});\napp.use((req, res, next) => {\n  if (req.body) { log.push(req.body); if (log.length > 1000) log.shift(); }\n  next();\n});\n",
    );
}

#[test]
fn arrays_that_stay_as_they_are() {
    for statement in [
        "log.push(req.url, req.ip);",
        "log.push(...req.body);",
        "log.unshift(req.url);",
        "log = [...log, req.url];",
        "const id = log.push(req.body);",
        "log.push(req.url); log[log.length] = req.ip;",
    ] {
        let text = in_handler(statement);
        check_fix(&RULE, &text, &text);
    }
    let text = in_handler("log.push(req.url);").replace("let log", "export const log");
    check_fix(&RULE, &text, &text);
}

#[test]
fn programs_that_only_run_others() {
    let run = |more: &str| {
        format!(
            "import spawn from 'cross-spawn';\nconst lines = [];\nspawn('tsc').stdout.on('data', (chunk) => {{\n  lines.push(String(chunk));\n}});\n{more}"
        )
    };
    check(&RULE, &run(""), &[]);
    check(&RULE, &run("app.listen(80);"), &[4]);
}

#[test]
fn functions_for_each_request() {
    let queue = |mount: &str| {
        format!(
            "const app = require('express')();\nclass Queue {{ tasks = [];\n  add(task) {{ this.tasks.push(task); }} }}\nconst queue = new Queue();\n{mount}"
        )
    };
    check(
        &RULE,
        &queue("app.post('/', (req, res) => { queue.add(() => send(req.body)); });"),
        &[3],
    );
    check(&RULE, &queue("queue.add(() => send());"), &[]);
}

#[test]
fn lists_that_a_program_is_put_together_of() {
    check(
        &RULE,
        "const layers = []; exports.use = (handler) => { layers.push({ handler }); };",
        &[],
    );
    check(
        &RULE,
        "const hooks = []; exports.onClose = (f) => { hooks.push(f); };",
        &[],
    );
    check(&RULE, &in_handler("log.push(() => res.end());"), &[]);
    check(
        &RULE,
        "const out = []; for (const name of names) out.push(name);",
        &[],
    );
}
