//! `createReadStream(…).pipe(res)`: when the client goes away, nobody closes the file.

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, CallExpression, Expression};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_js_source::literal_text;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::piped::{Source, has_caretaker, is_watched, response, source, upload};
use crate::facts::streams::name_on;
use crate::file::{File, argument, method};
use crate::finding::{Finding, Fix, Label, Safety};
use crate::fix::Change;
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "unguarded-pipe",
    pattern: Pattern::UnclosedStream,
    on: On::Always,
    page: "# unguarded-pipe

Finds files, answers of other servers and query results that are piped into a response, and files that a request is piped
into, which nobody closes when the client goes away.

## Why it leaks

`pipe` forwards data and the end of the source, but no errors and no early end of the destination. When a client aborts a
download, the response is destroyed, and the read stream stays paused for ever: one file descriptor and its buffers for
each aborted request. A handler for `error` does not help, because there is no error.

## Example

```js
app.get('/files/:name', (req, res) => {
  fs.createReadStream(path.join(root, req.params.name)).pipe(res);
});
```

## Use instead

```js
app.get('/files/:name', (req, res) => {
  pipeline(fs.createReadStream(path.join(root, req.params.name)), res, (error) => {
    if (error) log(error);
  });
});
```

```js
app.get('/files/:name', (req, res) => {
  const file = fs.createReadStream(path.join(root, req.params.name));
  res.on('close', () => file.destroy());
  file.pipe(res);
});
```

## How safe the fix is

Unsafe. `pipeline` also destroys the response when the file cannot be read, and its callback logs what was an uncaught
error before. Where the function listens for errors of the file by itself, the pipe stays, and the file is destroyed when
the response is closed.

## What is not flagged

Sources without a descriptor, such as `Readable.from`; streams that somebody destroys, or that are handed to somebody; `pipe`
of libraries that are no streams; destinations that no client can close; commands, build scripts and tests.

## References

- Node.js, `readable.pipe()`: the destination is not closed when the source fails, and the other way round
- Node.js, `stream.pipeline()`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if file.ends() {
        return;
    }
    for (node, call) in file.calls() {
        let Some((before, "pipe")) = method(call) else {
            continue;
        };
        let Some(function) = file.function_around(*node) else {
            continue;
        };
        let Some(left) = left_open(file, *node, call, before) else {
            continue;
        };
        if has_caretaker(file, function, left.source.as_ref()) {
            continue;
        }
        findings.push(Finding {
            rule: RULE.id,
            confidence: Confidence::High,
            message: left.message,
            growth: Some("per aborted request, for the life of the process"),
            place: Label::new(
                file.extent(name_on(file, *node)),
                "`pipe` does not pass on that the client has gone",
            ),
            labels: vec![Label::new(file.extent(left.opened), "opened here")],
            fixes: fix(file, *node, call).into_iter().collect(),
        });
    }
}

/// What a pipe leaves open when the client goes away.
struct Left {
    opened: Span,
    message: String,
    /// What is piped; none where it is the request.
    source: Option<Source>,
}

fn left_open<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
    before: &Expression<'a>,
) -> Option<Left> {
    let destination = argument(call, 0);
    let answered = destination.and_then(|destination| response(file, destination));
    if let Some(name) = answered.or_else(|| body_of_koa(file, node)) {
        let source = source(file, before)?;
        return (!source.is_guarded(file)).then(|| Left {
            opened: source.opened,
            message: format!(
                "when `{name}` is closed early, nobody closes what is piped into it: one descriptor for each aborted request"
            ),
            source: Some(source),
        });
    }
    let upload = upload(file, before, destination?)?;
    let request = file.variable(before)?;
    (!is_watched(file, request, &upload)).then(|| Left {
        opened: upload.opened,
        message: "an upload that is aborted never ends, and nobody closes what it is piped into"
            .to_owned(),
        source: None,
    })
}

/// `pipeline` in place of the pipes; or the file goes with the response, where its errors are handled already.
fn fix<'a>(file: &File<'_, 'a>, node: NodeId, call: &CallExpression<'a>) -> Option<Fix> {
    let (source, _) = method(call)?;
    let first = first_of_chain(source);
    match destroyed_with_the_response(file, node, call, first) {
        Some(fix) => Some(fix),
        None => piped_through_pipeline(file, node, call),
    }
}

fn destroyed_with_the_response<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
    first: &Expression<'a>,
) -> Option<Fix> {
    file.variable(first)?;
    let name = file.slice(first.span());
    let listens = file.calls().iter().any(|(_, call)| {
        method(call).is_some_and(|(object, name)| {
            matches!(name, "on" | "once")
                && file.slice(object.span()) == file.slice(first.span())
                && argument(call, 0).and_then(literal_text) == Some("error")
        })
    });
    let destination = argument(call, 0).filter(|it| response(file, it).is_some() && listens)?;
    let mut change = Change::of(file);
    let closed = change.string("close");
    let destination = file.slice(destination.span());
    change.after(
        node,
        format!("{destination}.once({closed}, () => {name}.destroy());"),
    )?;
    let title = format!("Destroy `{name}` when `{destination}` is closed");
    change.done(title, Safety::Unsafe)
}

/// The end of `pipeline(…`: a client that went away is no error to be told of.
const CALLBACK: &str = ", (error) => {
\tif (error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') console.error(error);
})";

/// `a.pipe(b).pipe(c)` as `pipeline(a, b, c, callback)`, which gives `c` as well.
fn piped_through_pipeline<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
) -> Option<Fix> {
    let mut change = Change::of(file);
    let pipeline = change.import(node, "node:stream", "pipeline")?;
    let mut at = call;
    let first = loop {
        let (source, _) = method(at)?;
        let [
            Argument::StaticMemberExpression(_)
            | Argument::Identifier(_)
            | Argument::CallExpression(_)
            | Argument::NewExpression(_),
        ] = at.arguments.as_slice()
        else {
            return None;
        };
        let given = argument(at, 0)?;
        let gap = Span::new(source.span().end, given.span().start);
        let end = Span::new(given.span().end, at.span.end);
        let written = |span| -> String { file.slice(span).split_whitespace().collect() };
        // Anything else there, such as a comment or a cast, would be lost.
        if written(gap) != ".pipe(" || !matches!(written(end).as_str(), ")" | ",)") {
            return None;
        }
        change.replace(gap, ", ");
        let ending = if at.span == call.span { CALLBACK } else { "" };
        change.replace_under(first_of_chain(source).span().start, end, ending);
        match source {
            Expression::CallExpression(before)
                if method(before).is_some_and(|(_, name)| name == "pipe") =>
            {
                at = before
            }
            first => break first,
        }
    };
    change.insert(first.span().start, format!("{pipeline}("));
    change.done(
        "Pipe with `pipeline`, which destroys all streams when one ends early",
        Safety::Unsafe,
    )
}

/// What a chain of pipes begins with.
fn first_of_chain<'b, 'a>(source: &'b Expression<'a>) -> &'b Expression<'a> {
    match source {
        Expression::CallExpression(call) => match method(call) {
            Some((before, "pipe")) => first_of_chain(before),
            _ => source,
        },
        _ => source,
    }
}

/// `ctx.body = file.pipe(gzip)`: koa destroys the last stream of the chain, and knows nothing of the first.
fn body_of_koa(file: &File<'_, '_>, pipe: NodeId) -> Option<&'static str> {
    let AstKind::AssignmentExpression(assignment) = file.kind(file.parent(pipe)) else {
        return None;
    };
    let target = file.slice(assignment.left.span());
    matches!(target, "ctx.body" | "ctx.response.body" | "this.body").then_some("ctx.body")
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{check, check_fix, check_page};

    #[test]
    fn signals_and_parts_of_answers() {
        let open = |options: &str| {
            format!(
                "import fs from 'node:fs';\napp.get('/', (req, res) => {{\n  fs.createReadStream('x'{options}).pipe(res);\n}});"
            )
        };
        check(&RULE, &open(""), &[3]);
        check(&RULE, &open(", { signal: req.signal }"), &[]);
        let ask = |options: &str| {
            format!(
                "import axios from 'axios';\napp.get('/', async (req, res) => {{\n  const {{ data }} = await axios.get('/x', {{ {options} }});\n  data.pipe(res);\n}});"
            )
        };
        check(&RULE, &ask("responseType: 'stream'"), &[4]);
        check(&RULE, &ask("responseType: 'json'"), &[]);
    }

    #[test]
    fn the_page_holds() {
        check_page(&RULE);
    }

    #[test]
    fn descriptors_into_responses() {
        check(
            &RULE,
            "const f = (req, res) => createReadStream('a').pipe(res);",
            &[1],
        );
        check(
            &RULE,
            "function send(name, reply) {\n  const file = fs.createReadStream(name);\n  file.on('error', () => {});\n  file.pipe(zlib.createGzip()).pipe(reply.raw);\n}",
            &[4],
        );
    }

    #[test]
    fn pipes_become_a_pipeline() {
        check_fix(
            &RULE,
            "const fs = require('node:fs');\n\nserve((req, res) => {\n  fs.createReadStream(name(req)).pipe(res);\n});\n",
            "const fs = require('node:fs');\nconst { pipeline } = require('node:stream');\n\nserve((req, res) => {\n  pipeline(fs.createReadStream(name(req)), res, (error) => {\n    if (error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') console.error(error);\n  });\n});\n",
        );
        check_fix(
            &RULE,
            "import { pipeline } from 'stream'\nexport const send = (req, res) =>\n  createReadStream(req.path)\n    .pipe(createGzip())\n    .pipe(res)\n",
            "import { pipeline } from 'stream'\nexport const send = (req, res) =>\n  pipeline(createReadStream(req.path), createGzip(), res, (error) => {\n    if (error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') console.error(error);\n  })\n",
        );
    }

    #[test]
    fn a_file_whose_errors_are_handled_goes_with_the_response() {
        check_fix(
            &RULE,
            "const f = (res) => {\n  const s = createReadStream('a');\n  s.on('error', () => res.end());\n  s.pipe(res);\n};",
            "const f = (res) => {\n  const s = createReadStream('a');\n  s.on('error', () => res.end());\n  s.pipe(res);\n  res.once('close', () => s.destroy());\n};",
        );
    }

    #[test]
    fn pipes_with_options_stay() {
        let text = "const f = (res) => createReadStream('a').pipe(res, { end: false });";
        check_fix(&RULE, text, text);
        let text = "const f = (res) => createReadStream('a') /* why */ .pipe(res);";
        check_fix(&RULE, text, text);
    }

    #[test]
    fn bodies_of_koa() {
        check(
            &RULE,
            "router.get('/', (ctx) => {\n  ctx.body = fs.createReadStream('a').pipe(createGzip());\n});",
            &[2],
        );
    }

    #[test]
    fn what_is_closed_or_holds_nothing() {
        check(
            &RULE,
            "const f = (req, res) => Readable.from(rows).pipe(res);",
            &[],
        );
        check(&RULE, "fs.createReadStream('a').pipe(process.stdout);", &[]);
        check(
            &RULE,
            "const f = (res) => { const s = createReadStream('a'); s.pipe(res); res.on('close', () => s.destroy()); };",
            &[],
        );
        check(
            &RULE,
            "const f = (res) => { const s = createReadStream('a'); s.pipe(res); onFinished(res, () => s.close()); };",
            &[],
        );
        check(
            &RULE,
            "const f = (res) => { const s = createReadStream('a'); closeWith(s, res); s.pipe(res); };",
            &[],
        );
        check(&RULE, "source$.pipe(map((x) => x), res);", &[]);
        check(
            &RULE,
            "const f = (res) => { const s = createReadStream('a'); tie(res, s); s.pipe(gzip()).pipe(res); };",
            &[],
        );
        check(
            &RULE,
            "const f = (ctx) => { ctx.body = createReadStream('a'); };",
            &[],
        );
    }

    #[test]
    fn other_sources() {
        check(
            &RULE,
            "const http = require('http');\nconst f = (req, res) => { const out = http.request('a', (answer) => {\n  answer.pipe(res);\n}); };",
            &[3],
        );
        check(
            &RULE,
            "const http = require('http');\nconst f = (req, res) => { const out = http.request('a', (answer) => { answer.pipe(res); }); res.on('close', () => out.destroy()); };",
            &[],
        );
        check(
            &RULE,
            "const f = async (req, res) => { const o = await s3.send(new Get());\n  const body = o.Body as Readable;\n  body.pipe(res); };",
            &[3],
        );
        check(
            &RULE,
            "const f = async (req, res) => { const a = await fetch('u');\n  Readable.fromWeb(a.body).pipe(res); };",
            &[2],
        );
        check(
            &RULE,
            "const Q = require('pg-query-stream');\nconst f = async (req, res) => { const rows = c.query(new Q('a'));\n  rows.pipe(toLine()).pipe(res); };",
            &[3],
        );
        check(
            &RULE,
            "const open = (p) => fs2.createReadStream(p); const fs2 = require('fs');\nconst f = async (req, res) => { open('a').pipe(res); };",
            &[2],
        );
        check(
            &RULE,
            "const f = (req, res) => { let s = null; s = fs.createReadStream('a');\n  s.pipe(res); };",
            &[2],
        );
        check(
            &RULE,
            "const { spawn } = require('child_process');\nconst f = (req, res) => { const git = spawn('git');\n  git.stdout.pipe(res); };",
            &[3],
        );
        check(
            &RULE,
            "const { spawn } = require('child_process');\nconst f = (req, res) => { const git = spawn('git'); res.on('close', () => git.kill());\n  git.stdout.pipe(res); };",
            &[],
        );
    }

    #[test]
    fn as_compilers_write_it() {
        check(
            &RULE,
            "const f = (req, res) => { let s = null; try { s = (0, node_fs_1.createReadStream)('a'); } catch {}\n  s.pipe(res); };",
            &[2],
        );
    }

    #[test]
    fn uploads() {
        check(
            &RULE,
            "const fs = require('fs');\nconst f = (req, res) => { const to = fs.createWriteStream('a');\n  to.on('finish', () => res.end());\n  req.pipe(to); };",
            &[4],
        );
        check(
            &RULE,
            "const fs = require('fs');\nconst f = (req, res) => { const to = fs.createWriteStream('a');\n  req.on('aborted', () => to.destroy());\n  req.pipe(to); };",
            &[],
        );
        check(
            &RULE,
            "const fs = require('fs');\nconst f = (input) => { input.pipe(fs.createWriteStream('a')); };",
            &[],
        );
    }

    #[test]
    fn responses_by_what_they_do() {
        check(
            &RULE,
            "http.createServer((q, out) => { out.writeHead(200);\n  fs.createReadStream('a').pipe(out); });",
            &[2],
        );
        check(
            &RULE,
            "const f = () => { const res = new PassThrough(); fs.createReadStream('a').pipe(res); };",
            &[],
        );
        check(
            &RULE,
            "const f = (req, res) => { const s = createReadStream('a'); res.once('close', () => s.close()); s.on('open', () => { s.pipe(res); }); };",
            &[],
        );
    }

    #[test]
    fn the_line_of_the_last_pipe() {
        check(
            &RULE,
            "const f = (req, res) => {\n  createReadStream('a')\n    .pipe(createGzip())\n    .pipe(res);\n};",
            &[4],
        );
    }

    #[test]
    fn files_that_are_handed_over_or_have_two_names() {
        let send = |given: &str| {
            format!(
                "import {{ createReadStream }} from 'fs';\nfunction send(res, source) {{\n  source.pipe(res);\n}}\napp.get('/', (req, res) => send(res, {given}));"
            )
        };
        check(&RULE, &send("createReadStream(req.url)"), &[3]);
        check(&RULE, &send("new Readable()"), &[]);
        check(
            &RULE,
            "app.get('/', async (req, res) => {\n  const { Body } = await s3.send(get(req));\n  const body = Body as Readable;\n  body.pipe(res);\n});",
            &[4],
        );
    }

    #[test]
    fn what_is_waited_for_with_then() {
        let text = |options: &str| {
            format!(
                "app.get('/', (req, res, next) => {{\n  axios.get(url, {options}).then((answer) => {{\n    answer.data.pipe(res);\n  }}).catch(next);\n}});"
            )
        };
        check(&RULE, &text("{ responseType: 'stream' }"), &[3]);
        check(&RULE, &text("{}"), &[]);
    }

    #[test]
    fn what_functions_of_the_project_open() {
        let text = |open: &str, piped: &str| {
            format!(
                "import {{ get }} from 'node:http';\nasync function open(key) {{ {open} }}\nfunction ask(url) {{ return new Promise((yes, no) => {{ get(url, yes).on('error', no); }}); }}\napp.get('/', async (req, res) => {{\n  {piped}\n}});"
            )
        };
        let object = "const { Body, ContentType } = await s3.send(new Get(key)); return { stream: Body, type: ContentType };";
        let part = "const { stream } = await open(req.url); stream.pipe(res);";
        check(&RULE, &text(object, part), &[5]);
        let guarded = format!("{part} res.on('close', () => stream.destroy());");
        check(&RULE, &text(object, &guarded), &[]);
        check(
            &RULE,
            &text("return { stream: Readable.from([key]) };", part),
            &[],
        );
        let answer = "const answer = await ask(req.url); answer.pipe(res);";
        check(&RULE, &text("", answer), &[5]);
    }

    #[test]
    fn a_pipeline_of_something_else_guards_nothing() {
        let text = |other: &str| {
            format!(
                "app.get('/', async (req, res) => {{\n  const file = fs.createReadStream(req.path);\n  if (req.query.raw) {{\n    file.pipe(res);\n    return;\n  }}\n  await pipeline({other}, res);\n}});"
            )
        };
        check(&RULE, &text("Readable.from(rows)"), &[4]);
        check(&RULE, &text("file"), &[]);
    }

    #[test]
    fn destroyed_too_late() {
        let handler = |event: &str| {
            format!(
                "const fs = require('fs');\napp.get('/', (req, res) => {{\n  const file = fs.createReadStream('a');\n  file.pipe(res);\n  res.on('{event}', () => file.destroy());\n}});"
            )
        };
        check(&RULE, &handler("finish"), &[4]);
        check(&RULE, &handler("close"), &[]);
    }
}
