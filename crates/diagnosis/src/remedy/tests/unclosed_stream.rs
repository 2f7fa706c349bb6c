//! Streams, sockets and watchers.

use stanch_leak_patterns::Pattern::UnclosedStream;

use super::Case;

const REPORT: &str = "(error) => { if (error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') console.error(error); }";

fn stream(name: &'static str) -> Case {
    Case::new(UnclosedStream, "ReadStream", name)
}

#[test]
fn a_pipe_to_the_response_becomes_a_pipeline() {
    stream("file").check(
        "const fs = require('fs');\n\napp.get('/', (req, res) => {\n  const file = fs.createReadStream(req.path);\n  «file.pipe(res)»;\n});\n",
        &[
            "+const { pipeline } = require('node:stream');",
            "-  file.pipe(res);",
            &format!("+  pipeline(file, res, {REPORT});"),
        ],
    );
    stream("file").check(
        "import fs from \"node:fs\"\nimport zlib from \"node:zlib\"\n\napp.get('/', (req, res) => {\n  «fs.createReadStream(req.path)».pipe(zlib.createGzip()).pipe(res)\n})\n",
        &[
            "+import { pipeline } from \"node:stream\"",
            "-  fs.createReadStream(req.path).pipe(zlib.createGzip()).pipe(res)",
            &format!("+  pipeline(fs.createReadStream(req.path), zlib.createGzip(), res, {REPORT})"),
        ],
    );
    stream("upstream").check(
        "import { pipeline as flow } from 'stream';\nimport http from 'http';\napp.get('/', (req, res) => {\n  http.get(url, (upstream) => {\n    «upstream.pipe(res)»;\n  });\n});\n",
        &["-    upstream.pipe(res);", &format!("+    flow(upstream, res, {REPORT});")],
    );
    stream("file").check(
        "const stream = require('node:stream');\nfunction f(req, res) {\n  const file = «fs.createReadStream(req.path)»;\n  file.pipe(res);\n}\n",
        &["-  file.pipe(res);", &format!("+  stream.pipeline(file, res, {REPORT});")],
    );
}

#[test]
fn a_source_that_answers_its_errors_is_only_destroyed() {
    stream("file").check(
        "const fs = require('fs');\nfunction f(req, res) {\n  const file = fs.createReadStream(req.path);\n  file.on('error', () => res.writeHead(404).end());\n  «file.pipe(res)»;\n}\n",
        &["+  res.once('close', () => file.destroy());"],
    );
}

#[test]
fn what_is_not_proven_to_be_the_responses_own_is_left_alone() {
    for source in [
        "const fs = require('fs');\nfunction f(req, res) {\n  «feed.pipe(res)»;\n}\n",
        "const fs = require('fs');\nfunction f(req, res) {\n  const file = shared();\n  «file.pipe(res)»;\n}\n",
        "const fs = require('fs');\nfunction f(file, out) {\n  «file.pipe(out)»;\n}\n",
        "const fs = require('fs');\nfunction f(req, res) {\n  const file = fs.createReadStream(req.path);\n  keep(file);\n  «file.on('end', g)»;\n}\n",
        "const fs = require('fs');\nfunction f(req, res) {\n  «fs.createReadStream(req.path).pipe(res, { end: false })»;\n}\n",
        "function f(req, res) {\n  const line = new PassThrough();\n  «line.pipe(log)»;\n  later(() => line.write('x'));\n}\n",
        "const pipeline = 1;\nconst fs = require('fs');\nfunction f(req, res) {\n  «fs.createReadStream(req.path)».pipe(res);\n}\n",
        "const f = (req, res) => «fs.createReadStream(req.path)».pipe(res);\n",
    ] {
        stream("file").check(source, &[]);
    }
}

#[test]
fn a_stream_between_the_request_and_something_long_lived_goes_with_the_response() {
    stream("feed").check(
        "function f(req, res) {\n  const copy = new PassThrough();\n  «feed.pipe(copy)»;\n  copy.pipe(res);\n}\n",
        &["+  res.once('close', () => copy.destroy());"],
    );
    stream("log").path("access-log.mjs").check(
        "const log = createWriteStream('log');\nexport function accessLine(req, res) {\n  const line = new PassThrough();\n  «line.pipe(log, { end: false })»;\n  res.on('finish', () => line.write('x'));\n}\n",
        &["+  res.once('close', () => line.end());"],
    );
}

#[test]
fn what_a_handler_opens_it_closes() {
    for (open, closing) in [
        ("net.connect(80)", "destroySoon"),
        ("fs.watch(file, f)", "close"),
        ("fs.createWriteStream(file)", "end"),
        ("http.request(url)", "destroy"),
    ] {
        stream("x").check(
            &format!("function f(req, res) {{\n  const x = «{open}»;\n  x.on('data', g);\n}}\n"),
            &[&format!("+  res.once('close', () => x.{closing}());")],
        );
    }
    stream("x").check(
        "function f(req, res) {\n  const x = net.connect(80);\n  «x.on('data', g)»;\n}\n",
        &["+  res.once('close', () => x.destroySoon());"],
    );
    stream("x").check(
        "async function f(req, res) {\n  const y = await z();\n  const x = «net.connect(80)»;\n}\n",
        &[
            "+  if (res.destroyed) x.destroySoon();",
            "+  else res.once('close', () => x.destroySoon());",
        ],
    );
    stream("x").check(
        "function f(req, res) {\n  const x = «dgram.createSocket('udp4')»;\n}\n",
        &[],
    );
    stream("x").check(
        "function f(req, res) {\n  const x = «net.connect(80)»;\n  return x;\n}\n",
        &[],
    );
}

#[test]
fn words_fit_what_was_opened() {
    stream("socket").check_words(
        "function flush(batch) {\n  const socket = dgram.createSocket('udp4');\n  «socket.on('error', f)»;\n}\n",
        &["callback of `send`", "Close each UDP socket (`socket`) in every case"],
    );
    stream("log").check_words(
        "function f(line) {\n  «line.pipe(log)»;\n}\n",
        &["`pipe` ends nothing"],
    );
    stream("x").check_words("", &["`pipeline` of"]);
}
