//! What one file opens or begins, and another leaves open: small services of a few files, and the lines that are said with high
//! confidence.

use super::check;
use crate::rules::{
    race_with_long_lived_promise, undestroyed_stream, unguarded_pipe, unreleased_pending,
};

#[test]
fn clients_that_another_file_connects() {
    let caller = |rest: &str| {
        format!(
            "import {{ connectTo }} from './db';\napp.get('/:tenant', async (req, res) => {{\n  const db = await connectTo(req.params.tenant);\n  const {{ rows }} = await db.query('select 1');\n  {rest}\n}});"
        )
    };
    let own = "import { Client } from 'pg';\nexport async function connectTo(tenant) {\n  const client = new Client({ database: tenant });\n  await client.connect();\n  return client;\n}";
    let kept = "import { Client } from 'pg';\nconst all = new Map();\nexport async function connectTo(tenant) {\n  const client = new Client({ database: tenant });\n  all.set(tenant, client);\n  return client;\n}";
    let leaves = caller("if (rows.length === 0) return res.end();\n  await db.end();");
    let ends = caller("await db.end();");
    for (caller, maker, expected) in [
        (&leaves, own, &[3][..]),
        (&leaves, kept, &[]),
        (&ends, own, &[]),
    ] {
        let files = [("app.js", caller.as_str()), ("db.js", maker)];
        check(&undestroyed_stream::RULE, &files, expected);
    }
}

#[test]
fn promises_of_plugins_and_base_classes() {
    let race = "app.get('/', async (req, res) => { await Promise.race([load(req), req.server.closing]); });";
    let plugin = |made: &str| {
        format!(
            "export default async (app) => {{\n  const closing = {made};\n  app.decorate('closing', closing);\n}};"
        )
    };
    let rule = &race_with_long_lived_promise::RULE;
    for (made, expected) in [
        (
            "new Promise((end) => app.addHook('onClose', async () => end()))",
            &[1][..],
        ),
        ("new Promise((end) => setTimeout(end, 9000))", &[]),
    ] {
        let plugin = plugin(made);
        check(
            rule,
            &[("routes.js", race), ("plugin.js", &plugin)],
            expected,
        );
    }
    let service = "import { Base } from './base';\nexport class Loop extends Base {\n  async run() { for (;;) { await Promise.race([this.next(), this.over]); } }\n}";
    for (base, expected) in [
        (
            "export class Base { over = new Promise((end) => { this.stop = end; }); }",
            &[3][..],
        ),
        (
            "export class Base { get over() { return new Promise((end) => { this.stop = end; }); } }",
            &[],
        ),
        (
            "export class Base { over = new Promise((end) => fs.readFile('x', end)); }",
            &[],
        ),
    ] {
        check(rule, &[("loop.js", service), ("base.js", base)], expected);
    }
}

#[test]
fn marks_that_a_class_of_another_file_sets_and_takes_off() {
    let marks = "export class Marks {\n  #all = new Map();\n  begin(key) {\n    if (this.#all.has(key)) return false;\n    this.#all.set(key, 1);\n    return true;\n  }\n  end(key) { this.#all.delete(key); }\n}";
    let caller = |rest: &str| {
        format!(
            "import {{ Marks }} from './marks';\nconst marks = new Marks();\napp.post('/:id', async (req, res) => {{\n  if (!marks.begin(req.params.id)) return res.sendStatus(409);\n  {rest}\n}});"
        )
    };
    let rule = &unreleased_pending::RULE;
    let bare = caller("await pay(req.body); marks.end(req.params.id);");
    check(rule, &[("marks.js", marks), ("app.js", &bare)], &[5]);
    let safe = caller("try { await pay(req.body); } finally { marks.end(req.params.id); }");
    check(rule, &[("marks.js", marks), ("app.js", &safe)], &[]);
}

#[test]
fn files_that_a_store_opens() {
    let app = "import { Store } from './store';\nconst store = new Store();\napp.get('/:id', async (req, res) => {\n  const file = await store.open(req.params.id);\n  file.content.pipe(res);\n});";
    let store = |given: &str| {
        format!(
            "import {{ createReadStream }} from 'node:fs';\nexport class Store {{\n  async open(id) {{\n    const object = await s3.send(new Get(id));\n    return {{ size: 1, content: {given} }};\n  }}\n}}"
        )
    };
    let rule = &unguarded_pipe::RULE;
    for (given, expected) in [
        ("createReadStream(id)", &[5][..]),
        ("object.Body", &[5]),
        ("Readable.from([id])", &[]),
    ] {
        let store = store(given);
        check(rule, &[("app.js", app), ("store.js", &store)], expected);
    }
}

#[test]
fn instances_that_have_a_file_open() {
    let class = "import { open } from 'node:fs/promises';\nexport class Records {\n  constructor(file) { this.file = file; }\n  static async open(path) { const file = await open(path); return new Records(file); }\n  one(n) { return this.file.read(n); }\n  close() { return this.file.close(); }\n}";
    let user = |rest: &str| {
        format!(
            "import {{ Records }} from './records';\nexport async function count(path) {{\n  const records = await Records.open(path);\n  {rest}\n}}"
        )
    };
    let rule = &undestroyed_stream::RULE;
    for (rest, expected) in [
        (
            "const n = await records.one(0); if (!n) return 0; await records.close(); return n;",
            &[3][..],
        ),
        (
            "try { return await records.one(0); } finally { await records.close(); }",
            &[],
        ),
        ("return new Pages(records);", &[]),
        ("return await records.one(0);", &[]),
    ] {
        let user = user(rest);
        check(rule, &[("user.js", &user), ("records.js", class)], expected);
    }
}

#[test]
fn files_among_what_a_function_gives() {
    let user = |rest: &str| {
        format!(
            "import {{ temp }} from './temp';\nexport async function dump(rows) {{\n  const {{ path, out }} = temp();\n  {rest}\n  out.end();\n  return path;\n}}"
        )
    };
    let temp = |given: &str| {
        format!(
            "import {{ createWriteStream }} from 'node:fs';\nexport const temp = () => {{ const path = name(); return {{ path, out: {given} }}; }};"
        )
    };
    let rule = &undestroyed_stream::RULE;
    let leaves = user("if (rows.length === 0) return null;");
    for (user, given, expected) in [
        (&leaves, "createWriteStream(path)", &[3][..]),
        (&leaves, "new Buffered()", &[]),
        (&user("out.write(rows);"), "createWriteStream(path)", &[]),
    ] {
        let temp = temp(given);
        check(rule, &[("user.js", user), ("temp.js", &temp)], expected);
    }
}
