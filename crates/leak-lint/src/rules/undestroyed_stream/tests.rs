use super::RULE;
use crate::rules::testing::{check, check_fix, check_page, check_sure};

#[test]
fn the_page_holds() {
    check_page(&RULE);
}

#[test]
fn handles_are_closed_in_a_finally() {
    check_fix(
        &RULE,
        "import { open } from 'node:fs/promises';\nexport async function head(path) {\n  const file = await open(path);\n  const { buffer, bytesRead } = await file.read();\n  if (bytesRead < 16) return null;\n  return buffer;\n}\n",
        "import { open } from 'node:fs/promises';\nexport async function head(path) {\n  const file = await open(path);\n  try {\n    const { buffer, bytesRead } = await file.read();\n    if (bytesRead < 16) return null;\n    return buffer;\n  } finally {\n    await file.close();\n  }\n}\n",
    );
    let stream = "import fs from 'node:fs';\nexport async function f(path, res) {\n  const s = fs.createReadStream(path);\n  if (await isGone()) return;\n  s.pipe(res);\n}\n";
    check_fix(&RULE, stream, stream);
}

#[track_caller]
fn in_function(body: &str, lines: &[u32]) {
    let text = format!(
        "import fs from 'node:fs'; import net from 'node:net'; import dgram from 'node:dgram'; import https from 'node:https'; import {{ once }} from 'node:events'; import {{ open }} from 'node:fs/promises'; import {{ request, Pool }} from 'undici'; const pool = new Pool('http://a');\nexport async function f(path, done) {{ {body} }}"
    );
    check(&RULE, &text, lines);
}

#[test]
fn never_closed() {
    in_function("const s = fs.createWriteStream(path); s.write('a');", &[2]);
    in_function(
        "fs.createWriteStream(path).on('error', log).write('a');",
        &[2],
    );
    in_function(
        "const s = fs.createReadStream(path); const [head] = await once(s, 'data'); s.pause(); return head;",
        &[2],
    );
    in_function(
        "const s = dgram.createSocket('udp4'); s.send('a', 1, 'b');",
        &[2],
    );
    in_function("const s = net.connect(1, path); s.on('error', log);", &[2]);
    in_function(
        "const s = fs.createWriteStream(path); s.write('a'); s.end();",
        &[],
    );
    in_function("fs.createWriteStream(path).end('a');", &[]);
    in_function(
        "const s = fs.createReadStream(path); const [head] = await once(s, 'data'); return head;",
        &[],
    );
    in_function(
        "const s = dgram.createSocket('udp4'); s.send('a', 1, 'b', () => s.close());",
        &[],
    );
}

#[test]
fn given_away_or_read() {
    in_function("const s = fs.createReadStream(path); return s;", &[]);
    in_function("const s = fs.createReadStream(path); s.pipe(done);", &[]);
    in_function("const s = fs.createReadStream(path); parse(s);", &[]);
    in_function(
        "for await (const part of fs.createReadStream(path)) { if (part) break; }",
        &[],
    );
    in_function(
        "const s = fs.createReadStream(path); for await (const part of s) { if (part) return part; }",
        &[],
    );
    in_function("this.socket = net.connect(1, path);", &[]);
    in_function(
        "await using file = await open(path); await file.read();",
        &[],
    );
}

#[test]
fn ways_out() {
    in_function(
        "const h = await open(path); const x = h.fd0; if (!x) return; await h.close();",
        &[2],
    );
    in_function(
        "const h = await open(path); try { return await h.read(); } finally { await h.close(); }",
        &[],
    );
    in_function(
        "const h = await open(path); await h.read(); await h.close();",
        &[2],
    );
    in_function(
        "for (const p of path) { const s = fs.createReadStream(p); try { await once(s, 'open'); return s; } catch {} }",
        &[2],
    );
}

#[test]
fn connections() {
    in_function(
        "const s = net.connect(1, path); s.once('connect', () => done(true)); s.once('error', () => { s.destroy(); done(false); });",
        &[2],
    );
    in_function(
        "const s = net.connect(1, path, () => { s.end(); done(true); }); s.once('error', done);",
        &[],
    );
    in_function(
        "const s = net.connect(1, path); s.setTimeout(9); s.once('timeout', () => s.destroy()); s.once('connect', () => done(true));",
        &[],
    );
    in_function("const s = net.connect(1, path); s.on('data', done);", &[]);
}

#[test]
fn answers() {
    in_function("https.get(path, (res) => done(res.statusCode));", &[2]);
    in_function(
        "https.get(path, (res) => { if (res.statusCode !== 200) { done(); return; } res.on('data', log); });",
        &[2],
    );
    in_function(
        "https.get(path, (res) => { if (res.statusCode !== 200) { res.resume(); done(); return; } res.on('data', log); });",
        &[],
    );
    in_function(
        "https.request({ method: 'HEAD' }, (res) => done(res.statusCode)).end();",
        &[],
    );
    in_function("https.get(path, (res) => done(res));", &[]);
    in_function(
        "const { statusCode } = await request(path); return statusCode;",
        &[2],
    );
    in_function(
        "const { statusCode, body } = await pool.request({ path }); if (statusCode !== 200) return; return body.json();",
        &[2],
    );
    in_function(
        "const { statusCode, body } = await pool.request({ path }); if (statusCode !== 200) { await body.dump(); return; } return body.json();",
        &[],
    );
    in_function(
        "const res = await request(path); if (res.statusCode !== 200) throw new Error('a'); return res.body.text();",
        &[2],
    );
}

#[test]
fn opened_beside_something_else() {
    check(
        &RULE,
        "const fs = require('fs');\nasync function open(p) {\n  const s = fs.createReadStream(p);\n  await ready;\n  return s;\n}",
        &[3],
    );
    check(
        &RULE,
        "const fs = require('fs');\nfunction open(p) {\n  return fs.createReadStream(p);\n}\nexports.f = async () => { const [a, s] = await Promise.all([g(), open('a')]); a.pipe(s); };",
        &[3],
    );
}

#[test]
fn when_time_is_up() {
    let ask = |late: &str| {
        format!(
            "const WebSocket = require('ws');\napp.get('/', async (req, res) => {{ await new Promise((resolve, reject) => {{\n  const ws = new WebSocket(req.query.url);\n  const timer = setTimeout(() => {late}, 99);\n  ws.on('message', (m) => {{ clearTimeout(timer); ws.close(); resolve(m); }}); }}); }});"
        )
    };
    check(&RULE, &ask("reject(new Error('late'))"), &[3]);
    check(
        &RULE,
        &ask("{ ws.terminate(); reject(new Error('late')); }"),
        &[],
    );
    check(&RULE, &ask("giveUp(ws)"), &[]);
}

#[test]
fn loans_that_a_callback_works_with() {
    let tx = |failed: &str| {
        format!(
            "import {{ Pool }} from 'pg';\nconst pool = new Pool();\napp.get('/', (req, res) => tx((db) => db.query('a')));\nasync function tx(work) {{\n  const db = await pool.connect();\n  try {{ await work(db); db.release(); }} catch (e) {{ {failed} throw e; }} }}"
        )
    };
    check(&RULE, &tx(""), &[5]);
    check(&RULE, &tx("db.release();"), &[]);
}

#[test]
fn clients_of_more_packages() {
    let used = |end: &str| {
        format!(
            "import {{ Kafka }} from 'kafkajs';\nconst kafka = new Kafka({{}});\napp.post('/', async (req, res) => {{\n  const producer = kafka.producer();\n  await producer.connect(); await producer.send(req.body).catch(log); {end} }});"
        )
    };
    check(&RULE, &used(""), &[4]);
    check(&RULE, &used("await producer.disconnect();"), &[]);
}

#[test]
fn numbers_of_files() {
    in_function(
        "const fd = fs.openSync(path); fs.readSync(fd, done); if (!done) throw new Error('a'); fs.closeSync(fd);",
        &[2],
    );
    in_function(
        "const fd = fs.openSync(path); try { fs.readSync(fd, done); } finally { fs.closeSync(fd); }",
        &[],
    );
    in_function("const fd = fs.openSync(path); return fd;", &[]);
}

#[test]
fn files_that_are_replaced() {
    let journal = |before: &str, test: &str| {
        format!(
            "import {{ createWriteStream }} from 'node:fs';\nexport class Journal {{\n  write(day, line) {{\n    if ({test}) {{ {before}this.out = createWriteStream(day); }}\n    this.out.write(line);\n  }}\n}}"
        )
    };
    check(&RULE, &journal("", "day !== this.day"), &[4]);
    check(
        &RULE,
        &journal("this.out?.end(); ", "day !== this.day"),
        &[],
    );
    check(&RULE, &journal("", "!this.out"), &[]);
}

#[test]
fn what_is_opened_once() {
    check(
        &RULE,
        "const s = require('fs').createWriteStream('log');\ns.write('a');",
        &[],
    );
    check(
        &RULE,
        "const dgram = require('dgram');\nlet s;\nfunction f() { if (!s) { s = dgram.createSocket('udp4'); } return s; }",
        &[],
    );
}

#[test]
fn clients_of_each_request() {
    let handler = |rest: &str| {
        format!(
            "const {{ Client }} = require('pg');\napp.get('/', async (req, res) => {{\n  const c = new Client();\n  await c.connect();\n  {rest}\n}});"
        )
    };
    check_sure(&RULE, &handler("res.json(await c.query('a'));"), &[3]);
    check_sure(
        &RULE,
        &handler("if (!req.x) return res.end(); await c.end();"),
        &[3],
    );
    check(
        &RULE,
        &handler("try { res.json(await c.query('a')); } finally { await c.end(); }"),
        &[],
    );
    check(&RULE, &handler("keep(c);"), &[]);
    check(
        &RULE,
        "const { Client } = require('pg');\nexports.open = async () => { const c = new Client(); await c.connect(); c.query('a'); };",
        &[],
    );
    let part = |rest: &str| {
        format!(
            "const {{ MongoClient }} = require('mongodb');\napp.get('/', async (req, res) => {{\n  const c = await MongoClient.connect('a');\n  {rest}\n}});"
        )
    };
    check(
        &RULE,
        &part("res.json(await c.db().collection('a').findOne());"),
        &[3],
    );
    check(&RULE, &part("req.db = c.db();"), &[]);
}

#[test]
fn connections_of_a_pool() {
    let handler = |rest: &str| {
        format!(
            "app.get('/', async (req, res) => {{\n  const c = await pool.connect();\n  {rest}\n}});"
        )
    };
    check(
        &RULE,
        &handler("if (!(await c.query('a'))) return res.end(); c.release();"),
        &[2],
    );
    check(
        &RULE,
        &handler("try { await c.query('a'); } finally { c.release(); }"),
        &[],
    );
    check(&RULE, &handler("c.query('a');"), &[]);
}

#[test]
fn closed_by_what_does_not_come() {
    let handler = |event: &str| {
        format!(
            "const fs = require('fs');\napp.get('/', (req, res) => {{\n  const w = fs.watch('a', (e) => res.write(e));\n  res.on('{event}', () => w.close());\n}});"
        )
    };
    check(&RULE, &handler("finish"), &[3]);
    check(&RULE, &handler("close"), &[]);
}

#[test]
fn what_a_listener_goes_on_to_use() {
    check(
        &RULE,
        "const fs = require('fs');\nexports.log = (bus) => {\n  const file = fs.openSync('a');\n  bus.on('line', (text) => fs.writeSync(file, text));\n};",
        &[],
    );
}

#[test]
fn a_tls_socket_that_is_only_asked_about() {
    let asked = |timer: &str| {
        format!(
            "import tls from 'node:tls';\nexport const f = (host, done) => {{\n  const s = tls.connect({{ host }}, () => {{ {timer} done(s.getPeerCertificate()); }});\n  s.setTimeout(9_000, () => s.destroy());\n}};"
        )
    };
    check(&RULE, &asked("s.setTimeout(0);"), &[3]);
    check(&RULE, &asked(""), &[]);
    check(&RULE, &asked("s.setTimeout(0); keep(s);"), &[]);
}

#[test]
fn an_answer_that_a_listener_ends_later() {
    in_function(
        "https.get(path, (res) => { if (res.statusCode > 300) return done(); res.on('data', () => res.destroy()); });",
        &[2],
    );
    in_function(
        "https.get(path, (res) => { setTimeout(() => res.destroy(), 9); if (res.statusCode > 300) return done(); res.resume(); });",
        &[],
    );
    in_function(
        "https.get(path, (res) => { const end = () => res.destroy(); if (res.statusCode > 300) return end(); res.resume(); });",
        &[],
    );
}

#[test]
fn a_file_whose_first_lines_are_read() {
    let read = |body: &str, lines: &[u32]| {
        let text = format!(
            "import fs from 'node:fs'; import readline, {{ createInterface }} from 'node:readline';\nexport async function f(path) {{ {body} }}"
        );
        check(&RULE, &text, lines);
    };
    read(
        "const lines = createInterface({ input: fs.createReadStream(path) }); for await (const line of lines) { if (line) return line; }",
        &[2],
    );
    read(
        "const input = fs.createReadStream(path); for await (const line of readline.createInterface({ input })) { if (line) break; }",
        &[2],
    );
    read(
        "const input = fs.createReadStream(path); const lines = createInterface(input); for await (const line of lines) { return line; } lines.close();",
        &[2],
    );
    read(
        "const input = fs.createReadStream(path); for await (const line of createInterface({ input })) { if (line) break; } input.destroy();",
        &[],
    );
    read(
        "const lines = createInterface({ input: fs.createReadStream(path) }); for await (const line of lines) { for (const c of line) { if (c) break; } take(() => { return line; }); }",
        &[],
    );
    read(
        "const lines = createInterface({ output: fs.createReadStream(path) }); for await (const line of lines) { return line; }",
        &[],
    );
}

#[test]
fn answers_that_are_waited_for() {
    let text = |wrapped: &str, used: &str| {
        format!(
            "import http from 'node:http';\nexport const f = async (url) => {{\n  const answer = await new Promise((resolve, reject) => {{ {wrapped} }});\n  {used}\n}};"
        )
    };
    let plain = "http.get(url, resolve).on('error', reject);";
    let leaves = "if (answer.statusCode !== 200) throw new Error('no'); return read(answer);";
    check(&RULE, &text(plain, leaves), &[3]);
    check(
        &RULE,
        &text(
            "http.get(url, (res) => resolve(res)).on('error', reject);",
            leaves,
        ),
        &[3],
    );
    check(
        &RULE,
        &text(
            "const asked = http.request(url); asked.on('response', resolve); asked.end();",
            leaves,
        ),
        &[3],
    );
    check(
        &RULE,
        &text(
            plain,
            "if (answer.statusCode !== 200) { answer.resume(); throw new Error('no'); } return read(answer);",
        ),
        &[],
    );
    check(&RULE, &text(plain, "return read(answer);"), &[]);
    check(
        &RULE,
        &text(
            "http.request({ url, method: 'HEAD' }, resolve).end();",
            "return answer.statusCode;",
        ),
        &[],
    );
    let wrapped = "import https from 'https';\nconst ask = (url) => new Promise((yes, no) => { https.get(url, yes).on('error', no); });\nexport async function f(url) {\n  const answer = await ask(url);\n  LEFT\n  for await (const part of answer) take(part);\n}";
    check(
        &RULE,
        &wrapped.replace("LEFT", "if (answer.statusCode === 404) return null;"),
        &[4],
    );
    check(&RULE, &wrapped.replace("LEFT", ""), &[]);
}

#[test]
fn one_more_of_what_a_connection_has() {
    let publish = |rest: &str| {
        format!(
            "import amqp from 'amqplib';\nconst connection = await amqp.connect(url);\napp.post('/', async (req, res) => {{\n  const channel = await connection.createChannel();\n  {rest}\n}});"
        )
    };
    check(&RULE, &publish("channel.publish('x', '', req.body);"), &[4]);
    check(
        &RULE,
        &publish("try { channel.publish('x', '', req.body); } finally { await channel.close(); }"),
        &[],
    );
    let page = |opened: &str, rest: &str| {
        format!(
            "import puppeteer from 'puppeteer';\nlet browser = null;\napp.get('/', async (req, res) => {{\n  {opened}\n  const page = await browser.newPage();\n  await page.goto(req.query.url);\n  {rest}\n}});"
        )
    };
    check(&RULE, &page("", "res.send(await page.content());"), &[5]);
    check(
        &RULE,
        &page(
            "",
            "try { res.send(await page.content()); } finally { await page.close(); }",
        )
        .replace("await page.goto(req.query.url);", ""),
        &[],
    );
    let launched = "const browser = await puppeteer.launch();";
    let own = page(launched, "await browser.close();").replace("await page.goto", "page.goto");
    check(&RULE, &own, &[4]);
    let subscriber = |closed: &str| {
        format!(
            "wss.on('connection', async (socket) => {{\n  const own = redis.duplicate();\n  await own.subscribe('x');\n  own.on('message', (_, m) => socket.send(m));\n  socket.on('close', () => {{ {closed} }});\n}});"
        )
    };
    check(&RULE, &subscriber("log();"), &[2]);
    check(&RULE, &subscriber("own.quit();"), &[]);
    check(
        &RULE,
        "app.get('/', (req, res) => { const copy = image.duplicate(); copy.resize(9); });",
        &[],
    );
}

#[test]
fn clients_made_for_one_question() {
    let text = |asked: &str| {
        format!(
            "import {{ Kafka }} from 'kafkajs';\nexport function build(brokers) {{\n  const kafka = new Kafka({{ brokers }});\n  return {{\n    async lag(topic) {{\n      const admin = kafka.admin();\n      {asked}\n    }},\n  }};\n}}"
        )
    };
    check(
        &RULE,
        &text("await admin.connect(); return admin.fetchTopicOffsets(topic);"),
        &[6],
    );
    check(
        &RULE,
        &text("await admin.connect(); return admin.listTopics();"),
        &[],
    );
    check(
        &RULE,
        &text("admin.on('message', take); return admin.fetchTopicOffsets(topic);"),
        &[],
    );
}

#[test]
fn uploads_that_are_aborted_have_no_end() {
    let text = |event: &str| {
        format!(
            "import fs from 'node:fs';\napp.put('/', (req, res) => {{\n  const out = fs.createWriteStream(req.query.f);\n  req.on('data', (part) => out.write(part));\n  req.on('{event}', () => out.end());\n}});"
        )
    };
    check(&RULE, &text("end"), &[3]);
    check(&RULE, &text("close"), &[]);
}

#[test]
fn callbacks_that_are_told_of_a_failure() {
    let lent = |failed: &str| {
        format!(
            "exports.bump = (id, done) => {{\n  pool.getConnection((err, connection) => {{\n    if (err) return done(err);\n    connection.query('select 1', (err, rows) => {{\n      {failed}\n      connection.release();\n      done(null, rows);\n    }});\n  }});\n}};"
        )
    };
    check(&RULE, &lent("if (err) return done(err);"), &[2]);
    check(
        &RULE,
        &lent("if (err) { connection.release(); return done(err); }"),
        &[],
    );
    check(&RULE, &lent("if (err) log(err);"), &[]);
    let number = |failed: &str| {
        format!(
            "const fs = require('fs');\nexports.head = (path, done) => {{\n  fs.open(path, 'r', (err, fd) => {{\n    if (err) return done(err);\n    fs.read(fd, part, 0, 9, 0, (err, bytes) => {{\n      {failed}\n      fs.close(fd, () => done(null, bytes));\n    }});\n  }});\n}};"
        )
    };
    check(&RULE, &number("if (err) return done(err);"), &[3]);
    check(
        &RULE,
        &number("if (err) return fs.close(fd, () => done(err));"),
        &[],
    );
    let own = |failed: &str| {
        format!(
            "const mysql = require('mysql');\napp.get('/', (req, res, next) => {{\n  const connection = mysql.createConnection(options);\n  connection.query('select 1', (err, rows) => {{\n    {failed}\n    connection.end();\n    res.send(rows);\n  }});\n}});"
        )
    };
    check(&RULE, &own("if (err) return next(err);"), &[3]);
    check(
        &RULE,
        &own("if (err) { connection.destroy(); return next(err); }"),
        &[],
    );
}

#[test]
fn lines_that_are_not_read_to_the_end() {
    let first = |told: &str| {
        format!(
            "import fs from 'node:fs';\nimport readline from 'node:readline';\nexport const first = (path) => new Promise((resolve) => {{\n  const input = fs.createReadStream(path);\n  const lines = readline.createInterface({{ input }});\n  lines.once('line', (line) => {{ {told} resolve(line); }});\n}});"
        )
    };
    check(&RULE, &first("lines.close();"), &[4]);
    check(&RULE, &first("lines.close(); input.destroy();"), &[]);
    check(&RULE, &first("take(line);"), &[]);
    let head = |leave: &str| {
        format!(
            "import {{ open }} from 'node:fs/promises';\nexport async function head(path) {{\n  const file = await open(path);\n  for await (const line of file.readLines()) {{\n    if (take(line)) {leave};\n  }}\n}}"
        )
    };
    check(&RULE, &head("break"), &[3]);
    check(&RULE, &head("count()"), &[]);
}

#[test]
fn clients_in_the_function_of_a_promise() {
    let text = |made: &str, told: &str| {
        format!(
            "const WebSocket = require('ws');\nexports.ask = (target) => new Promise((resolve, reject) => {{\n  const socket = new WebSocket({made});\n  socket.on('open', () => socket.send('ping'));\n  socket.on('message', (text) => {{ {told} }});\n  socket.on('error', reject);\n}});"
        )
    };
    check(&RULE, &text("target.url", "resolve(String(text));"), &[3]);
    check(
        &RULE,
        &text("target.url", "resolve(String(text)); socket.close();"),
        &[],
    );
    check(&RULE, &text("target.url", "show(text);"), &[]);
    check(&RULE, &text("URL", "resolve(text);"), &[]);
}

#[test]
fn consumers_that_serve_for_longer() {
    let text = |served: &str| {
        format!(
            "import amqp from 'amqplib';\nexport async function work(queue) {{\n  const connection = await amqp.connect(url);\n  const channel = await connection.createChannel();\n  {served}\n}}"
        )
    };
    check(&RULE, &text("await channel.consume(queue, handle);"), &[]);
    check(&RULE, &text("await channel.checkQueue(queue);"), &[3]);
}
