//! Files and sockets that a function opens and leaves open: never closed, or not on every way out.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use oxc_span::Span;
use stanch_js_source::bare;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::left_open::{Left, answer, body, opened};
use crate::facts::paths::Exit;
use crate::facts::repeats::{Repeats, repeats};
use crate::facts::streams::{Kind, asks_a_server, gives_a_body, lends, name_on, opens};
use crate::file::File;
use crate::finding::{Finding, Fix, Label, Safety};
use crate::fix::Change;
use crate::project::Calls;
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "undestroyed-stream",
    pattern: Pattern::UnclosedStream,
    on: On::Always,
    page: "# undestroyed-stream

Finds files, sockets, answers, clients and watchers that a function opens and does not close, or not on every way out.

## Why it leaks

A stream that is neither read to its end nor destroyed keeps its descriptor and its buffers; Node cannot know that nobody
will read on. A socket stays connected, and the answer to a request that nobody reads keeps its connection from being used
again. The process runs out of descriptors, or the pool out of connections, long before it runs out of memory.

## Example

```js
import { open } from 'node:fs/promises';

export async function readHeader(path) {
  const file = await open(path);
  const { buffer, bytesRead } = await file.read();
  if (bytesRead < 16) return null;
  await file.close();
  return buffer;
}
```

```js
import https from 'node:https';

export const load = (url, done) =>
  https.get(url, (answer) => {
    if (answer.statusCode !== 200) return done(new Error('no'));
    collect(answer, done);
  });
```

## Use instead

```js
import { open } from 'node:fs/promises';

export async function readHeader(path) {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read();
    return bytesRead < 16 ? null : buffer;
  } finally {
    await file.close();
  }
}
```

```js
import https from 'node:https';

export const load = (url, done) =>
  https.get(url, (answer) => {
    if (answer.statusCode !== 200) {
      answer.resume();
      return done(new Error('no'));
    }
    collect(answer, done);
  });
```

## How safe the fix is

Unsafe, and for file handles only: what follows is done within a `try`, and the handle is closed in its `finally`. If something
still uses it when the function is done, that comes too early. For streams, sockets and clients there is no automatic fix: they
are often in use when the function has returned, so who closes them, and when, is for the author to say.

## What is not flagged

Streams that are read to their end, piped, returned, stored or handed to another function; what `using` disposes of; what is
opened once for the module; clients and watchers that are not made for each request or message; commands, build scripts and tests.

## References

- Node.js, `fs.createReadStream()`, `FileHandle.close()`, `http.get()`: the answer has to be consumed
- Node.js, `readable.destroy()`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if file.ends() {
        return;
    }
    for node in file.nodes().iter() {
        let node = node.id();
        let found = match file.kind(node) {
            AstKind::CallExpression(call) if asks_a_server(file, &call.callee) => {
                answer(file, node, call).map(|left| (Kind::Answer, left))
            }
            AstKind::CallExpression(call) if gives_a_body(file, &call.callee) => {
                body(file, node).map(|left| (Kind::Answer, left))
            }
            AstKind::CallExpression(call) if lends(file, node, call) => {
                opened(file, node, Kind::Client).map(|left| (Kind::Client, left))
            }
            AstKind::CallExpression(_) | AstKind::NewExpression(_) => {
                opens(file, node).and_then(|kind| Some((kind, opened(file, node, kind)?)))
            }
            _ => None,
        };
        let Some((kind, left)) = found else {
            continue;
        };
        // A client that is made once serves the whole process.
        let is_made_again = matches!(repeats(file, node), Repeats::PerRequest | Repeats::PerCall);
        if kind.is_used_by_asking() && !is_made_again {
            continue;
        }
        if file.frequency(node) != Calls::Once {
            findings.push(finding(file, node, kind, left));
        }
    }
}

fn finding(file: &File<'_, '_>, node: NodeId, kind: Kind, left: Left) -> Finding {
    let (why, confidence, at) = match left {
        Left::Never => ("nothing closes it".to_owned(), Confidence::High, None),
        Left::Replaced => (
            "the next one takes its place, and nothing closes it".to_owned(),
            Confidence::High,
            None,
        ),
        Left::On(left) => {
            let (way, confidence) = match left.exit {
                Exit::End => ("where the function ends", Confidence::High),
                Exit::Return => ("by this return", Confidence::High),
                Exit::Throw => ("by this throw", Confidence::High),
                Exit::Break => ("by this break", Confidence::High),
                Exit::NextTurn => ("when the loop goes on", Confidence::High),
                Exit::Rejection => ("when what is awaited rejects", Confidence::Medium),
            };
            (format!("it is left open {way}"), confidence, Some(left.at))
        }
        Left::AfterSuccess(at) => (
            "it is closed when it fails, and left open when it succeeds".to_owned(),
            Confidence::High,
            Some(at),
        ),
        Left::Unheard(at) => (
            "it is left open when the client goes away".to_owned(),
            Confidence::High,
            Some(at),
        ),
        Left::Beside(at) => (
            "when what is awaited beside it rejects, nobody gets it".to_owned(),
            Confidence::Medium,
            Some(at),
        ),
    };
    let labels = at.map(|at| Label::new(file.extent(first_line(file, at)), "left open here"));
    Finding {
        rule: RULE.id,
        confidence,
        message: format!("{} is kept: {why}", kind.kept()),
        growth: Some("one each time, until the process has no more"),
        place: Label::new(file.extent(name_on(file, node)), "opened here"),
        labels: labels.into_iter().collect(),
        fixes: fix(file, node, kind).into_iter().collect(),
    }
}

/// A file handle is closed on every way out; closing it twice does nothing. What is piped or listened to may be in use when its
/// function returns.
fn fix(file: &File<'_, '_>, node: NodeId, kind: Kind) -> Option<Fix> {
    if kind != Kind::Handle {
        return None;
    }
    let declarator = file
        .nodes()
        .ancestor_kinds(node)
        .find_map(|around| match around {
            AstKind::VariableDeclarator(declarator) => Some(declarator),
            _ => None,
        })?;
    let is_awaited = declarator
        .init
        .as_ref()
        .is_some_and(|init| matches!(bare(init), Expression::AwaitExpression(_)));
    let name = declarator
        .id
        .get_binding_identifier()
        .filter(|_| is_awaited)?
        .name;
    let mut change = Change::of(file);
    change.finally(node, &format!("await {name}.close();"))?;
    change.done(format!("Close `{name}` in a `finally`"), Safety::Unsafe)
}

/// A span, or the beginning of one that is long.
fn first_line(file: &File<'_, '_>, span: Span) -> Span {
    match file.slice(span).find('\n') {
        Some(end) => Span::new(span.start, span.start + u32::try_from(end).unwrap_or(0)),
        None => span,
    }
}

#[cfg(test)]
mod tests {
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
}
