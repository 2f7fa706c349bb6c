//! Containers in the places where programs keep them: what the rule on unbounded caches is sure of.

use super::RULE;
use crate::rules::across_files;
use crate::rules::testing::{check, check_sure};

/// A handler that does this with the id of its request.
fn serving(text: &str, statement: &str) -> String {
    format!("{text}\napp.get('/:id', (req) => {{ const {{ id }} = req.params; {statement} }});")
}

#[test]
fn instances_of_classes_that_extend_containers() {
    let class = |body: &str| {
        serving(
            &format!("class All extends Map {{\n  {body}\n}}\nconst all = new All();"),
            "all.note(id);",
        )
    };
    check_sure(&RULE, &class("note(key) { this.set(key, 1); }"), &[2]);
    check_sure(&RULE, &class("note(key) { super.set(key, 1); }"), &[2]);
    check_sure(
        &RULE,
        &class("note(key) { this.set(key, 1); if (this.size > 99) this.clear(); }"),
        &[],
    );
    let seen = |rest: &str| {
        serving(
            &format!("class Seen extends Set {{}}\nconst seen = new Seen();{rest}"),
            "seen.add(id);",
        )
    };
    check_sure(&RULE, &seen(""), &[3]);
    check_sure(&RULE, &seen(" setInterval(() => seen.clear(), 9);"), &[]);
    check_sure(
        &RULE,
        &class("note(key) { this.set(key, 1); }").replace("Map", "Base"),
        &[],
    );
}

#[test]
fn instances_that_other_files_empty() {
    let class = "export class All extends Map {\n  note(key) { this.set(key, 1); }\n}";
    let user = |more: &str| {
        format!(
            "import {{ All }} from './all';\nconst all = new All();\napp.get('/:id', (req) => all.note(req.params.id));\n{more}"
        )
    };
    let said = |more: &str, expected: &[u32]| {
        across_files::check(
            &RULE,
            &[("all.js", class), ("user.js", &user(more))],
            expected,
        );
    };
    said("", &[2]);
    said(
        "app.delete('/:id', (req) => all.delete(req.params.id));",
        &[],
    );
}

#[test]
fn containers_that_come_on_first_use() {
    let fills = "all.set(id, 1);";
    check_sure(
        &RULE,
        &serving("let all;", &format!("all ??= new Map(); {fills}")),
        &[2],
    );
    check_sure(
        &RULE,
        &serving(
            "let all = null;",
            &format!("if (!all) all = new Map(); {fills}"),
        ),
        &[2],
    );
    check_sure(
        &RULE,
        &serving(
            "let all = null;",
            &format!("if (full) all = new Map(); {fills}"),
        ),
        &[],
    );
    let class = |first: &str, more: &str| {
        serving(
            &format!(
                "class Store {{\n  put(id) {{ {first}; this.all.set(id, 1); }} {more}\n}}\nconst store = new Store();"
            ),
            "store.put(id);",
        )
    };
    check_sure(&RULE, &class("this.all = this.all || new Map()", ""), &[2]);
    check_sure(
        &RULE,
        &class(
            "this.all ??= new Map()",
            "drop(id) { this.all.delete(id); }",
        ),
        &[],
    );
    check_sure(
        &RULE,
        &class("", "get all() { return (this.own ??= new Map()); }"),
        &[2],
    );
    check_sure(&RULE, &class("this.all = new Map()", ""), &[]);
}

#[test]
fn containers_that_come_on_first_use_in_a_prototype() {
    let text = |first: &str| {
        serving(
            &format!(
                "function Store() {{ this.name = 1; }}\nStore.prototype.put = function (id) {{\n  {first};\n  this.all[id] = 1;\n}};\nconst store = new Store();"
            ),
            "store.put(id);",
        )
    };
    check_sure(&RULE, &text("this.all = this.all || {}"), &[4]);
    check_sure(&RULE, &text("this.all = {}"), &[]);
}

#[test]
fn containers_of_functions() {
    let text = |first: &str| {
        serving(
            &format!(
                "function parse(text) {{\n  {first};\n  parse.all[text] ||= text.split();\n}}"
            ),
            "parse(id);",
        )
    };
    let said = |first: &str, expected: &[u32]| {
        let own = text(first);
        across_files::check(
            &RULE,
            &[("parse.js", &own), ("start.js", "import './parse';")],
            expected,
        );
    };
    said("parse.all = parse.all || {}", &[3]);
    said("if (!parse.all) parse.all = {}", &[3]);
    said("parse.all = {}", &[]);
}

#[test]
fn containers_that_go_and_come() {
    let reset = "let all; setInterval(() => { all = undefined; }, 9);";
    check(
        &RULE,
        &serving(reset, "all ??= new Map(); all.set(id, 1);"),
        &[],
    );
}

#[test]
fn containers_that_are_defaults() {
    let text = |options: &str| {
        serving(
            &format!(
                "import cache from './cache';\nfunction of(options) {{ return new Store(options); }}\nclass Store {{\n  constructor({{ all = new Map(), url }} = {{}}) {{ this.all = all; }}\n  put(id) {{ this.all.set(id, 1); }}\n}}\nconst store = new Store({options});"
            ),
            "store.put(id);",
        )
    };
    check_sure(
        &RULE,
        &text("{ url: 1 }").replace("new Store(options)", "1"),
        &[5],
    );
    check_sure(&RULE, &text("").replace("new Store(options)", "1"), &[5]);
    check_sure(&RULE, &text("{ all: cache }"), &[]);
    check_sure(&RULE, &text(""), &[]);
}

#[test]
fn containers_that_are_defaults_of_fields() {
    let text = |made: &str| {
        serving(
            &format!(
                "import cache from './cache';\nclass Store {{\n  constructor(private readonly all = new Map<string, number>()) {{}}\n  put(id) {{ this.all.set(id, 1); }}\n}}\nconst store = {made};"
            ),
            "store.put(id);",
        )
    };
    check_sure(&RULE, &text("new Store()"), &[4]);
    check_sure(&RULE, &text("new Store(cache)"), &[]);
    let inner = "class Store {\n  #all = {};\n  put(id) { this.#all[id] = 1; }\n}\nclass Codes {\n  constructor(private readonly store = new Store()) {}\n  issue(id) { this.store.put(id); }\n}\nconst codes = new Codes();";
    check_sure(&RULE, &serving(inner, "codes.issue(id);"), &[3]);
}

#[test]
fn helpers_that_fill_what_they_are_given() {
    let helper = "const make = (map, key, value) => { if (!map.has(key)) map.set(key, value); return map.get(key); };\nconst all = new Map();\nconst few = new Map();";
    check_sure(&RULE, &serving(helper, "make(all, id, 1);"), &[4]);
    check_sure(&RULE, &serving(helper, "make(few, req.method, 1);"), &[]);
    check_sure(
        &RULE,
        &serving(
            helper,
            "make(all, id, 1); setInterval(() => all.clear(), 9);",
        ),
        &[],
    );
    let own = "const all = new Map(); make(all, id, 1); send(all.size);";
    check_sure(&RULE, &serving(helper, own), &[]);
    let bounded = helper.replace("if (", "if (map.size < 99 && ");
    check_sure(&RULE, &serving(&bounded, "make(all, id, 1);"), &[]);
    let other = (
        "make.js",
        "export const make = (map, key) => { map[key] ||= {}; return map[key]; };",
    );
    let user = "import { make } from './make';\nconst all = {};\napp.get('/:id', (req) => make(all, req.params.id));";
    across_files::check(&RULE, &[("user.js", user), other], &[3]);
}

#[test]
fn containers_in_containers() {
    let sets = "const all = new Map(NAMES.map((name) => [name, new Set()]));";
    check_sure(&RULE, &serving(sets, "all.get(name).add(id);"), &[2]);
    check_sure(
        &RULE,
        &serving(sets, "all.get(name).add(id); all.get(name).delete(old);"),
        &[],
    );
    let typed =
        "enum Kind { A }\nconst all: Record<Kind, Map<string, number>> = { [Kind.A]: new Map() };";
    check_sure(&RULE, &serving(typed, "all[kind].set(id, 1);"), &[3]);
    check_sure(
        &RULE,
        &serving("const all = {};", "Object.assign(all, { [id]: 1 });"),
        &[2],
    );
    check_sure(
        &RULE,
        &serving("const all = {};", "Object.assign(all, { id });"),
        &[],
    );
}

#[test]
fn tables_in_fields() {
    let class = |first: &str, more: &str| {
        serving(
            &format!(
                "class Hub {{\n  {first}\n  put(id) {{ this.state.users.set(id, 1); }}\n{more}}}\nconst hub = new Hub();"
            ),
            "hub.put(id);",
        )
    };
    let field = "state = { users: new Map(), rooms: new Map() };";
    let made = "constructor() { this.state = { users: new Map() }; }";
    check_sure(&RULE, &class(field, ""), &[3]);
    check_sure(&RULE, &class(made, ""), &[3]);
    check_sure(
        &RULE,
        &class(field, "drop(id) { this.state.rooms.delete(id); }"),
        &[3],
    );
    check(
        &RULE,
        &class(field, "drop(id) { this.state.users.delete(id); }"),
        &[],
    );
    check(
        &RULE,
        &class(made, "flush() { this.state = { users: new Map() }; }"),
        &[],
    );
}

#[test]
fn entries_that_are_only_replaced() {
    let puts = |statement: &str| serving("const all = new Map();", statement);
    check(
        &RULE,
        &puts("if (!all.has(id)) return; all.set(id, 1);"),
        &[],
    );
    check(&RULE, &puts("if (all.has(id)) all.set(id, 1);"), &[]);
    check(
        &RULE,
        &puts("const one = all.get(id); if (!one) return; all.set(id, { ...one });"),
        &[],
    );
    check_sure(&RULE, &puts("if (!all.has(id)) all.set(id, 1);"), &[2]);
    check_sure(
        &RULE,
        &puts("const one = all.get(id); if (one) return; all.set(id, 1);"),
        &[2],
    );
    check_sure(
        &RULE,
        &puts("if (!all.has(other)) return; all.set(id, 1);"),
        &[2],
    );
}

#[test]
fn containers_that_grow_under_both_keys() {
    let text = |more: &str| {
        serving(
            &format!(
                "const all = new Map();\nfunction note(user, id) {{\n  let own = all.get(user);\n  if (!own) all.set(user, (own = new Set()));\n  own.add(id);\n}}\n{more}"
            ),
            "note(req.user.id, id);",
        )
    };
    check_sure(&RULE, &text(""), &[4, 5]);
    let leave = "app.delete('/:id', (req) => { for (const own of all.values()) own.delete(req.params.id); });";
    check_sure(&RULE, &text(leave), &[4]);
    check(&RULE, &text("setInterval(() => all.clear(), 9);"), &[]);
}

#[test]
fn entries_that_only_clients_take_out() {
    let invite = "const all = new Map();\napp.post('/', (req, res) => {\n  all.set(randomUUID(), req.body);\n});\n";
    let accept = "app.post('/:id', (req, res) => { all.delete(req.params.id); });";
    check_sure(&RULE, &format!("{invite}{accept}"), &[3]);
    for more in [
        "setInterval(() => all.forEach((one, id) => one.old && all.delete(id)), 9);",
        "app.get('/', (req, res) => { res.on('close', () => all.delete(req.query.id)); });",
        "queue.on('message', (id) => { all.delete(id); });",
    ] {
        check(&RULE, &format!("{invite}{accept}\n{more}"), &[]);
    }
    let uploads = |more: &str| {
        format!(
            "const all = new Map();\nserver.on('connection', (ws) => {{\n  ws.on('message', (raw) => {{\n    const m = JSON.parse(raw);\n    const id = randomUUID(); all.set(id, []);\n    if (m.done) all.delete(m.id);\n  }});\n  {more}\n}});"
        )
    };
    check_sure(&RULE, &uploads(""), &[5]);
    check(
        &RULE,
        &uploads("ws.on('close', () => all.delete(ws.id));"),
        &[],
    );
    let login = |back: &str| {
        format!(
            "const states = new Map();\napp.get('/login', (req, res) => {{\n  states.set(randomUUID(), req.query.to); }});\napp.get('/back', (req, res) => {{ {back} }});"
        )
    };
    check_sure(
        &RULE,
        &login("states.delete(req.query.state); res.end();"),
        &[3],
    );
    check(
        &RULE,
        &login("for (const [state, one] of states) if (one.old) states.delete(state);"),
        &[],
    );
    let invites = |more: &str| {
        format!(
            "const all = {{}};\nio.on('connection', (socket) => {{\n  socket.on('invite', (to) => {{ all[randomUUID()] = to; }});\n  socket.on('accept', (id) => {{ delete all[id]; }});\n  {more}\n}});"
        )
    };
    check_sure(&RULE, &invites(""), &[3]);
    check(
        &RULE,
        &invites("socket.on('disconnect', () => { delete all[socket.id]; });"),
        &[],
    );
    // A reply of a server of ours.
    check(
        &RULE,
        "const all = new Map();\nworker.on('message', (m) => { all.delete(m.id); });\napp.get('/', (req, res) => { all.set(randomUUID(), res); });",
        &[],
    );
}

#[test]
fn all_of_a_table_at_once() {
    let table = |more: &str| {
        serving(
            &format!("const state = {{ users: new Map(), rooms: new Map() }};\n{more}"),
            "state.users.set(id, 1);",
        )
    };
    check_sure(&RULE, &table(""), &[3]);
    check_sure(
        &RULE,
        &table("app.delete('/:id', (req) => state.rooms.delete(req.params.id));"),
        &[3],
    );
    for more in [
        "app.delete('/:id', (req) => { for (const all of Object.values(state)) all.delete(req.params.id); });",
        "app.delete('/:id', (req) => { Object.entries(state).forEach(([, all]) => all.clear()); });",
        "setInterval(() => Object.assign(state, { users: new Map() }), 9);",
    ] {
        check(&RULE, &table(more), &[]);
    }
}
