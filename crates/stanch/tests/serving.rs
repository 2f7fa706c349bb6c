//! A service with several ports or processes into the one that is measured and loaded.
//!
//! All processes are real.

#![expect(dead_code, reason = "the bench has more tools than these tests need")]

mod bench;
mod node;
mod program;

use bench::{Bench, Outcome};

/// Runs `stanch find` on the script; the URL that was requested has to end in the port that the script prints as
/// `measured PORT`, and the report has to contain `words`.
fn check(script: &str, words: &[&str]) -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    bench.service(script)?;
    let node = bench.node.to_string_lossy().into_owned();
    let ended = bench.find(&[
        "-v",
        "--max-rounds",
        "4",
        "--format",
        "json",
        "--",
        &node,
        "service.js",
    ])?;
    assert!(ended.code.is_some_and(|code| code != 2), "{}", ended.stderr);
    let printed = ended.stderr.split("measured ").nth(1).unwrap_or_default();
    let port: String = printed.chars().take_while(char::is_ascii_digit).collect();
    assert!(!port.is_empty(), "{}", ended.stderr);
    for words in words.iter().copied().chain([format!(":{port}/").as_str()]) {
        assert!(
            ended.stdout.contains(words),
            "no {words} in {}",
            ended.stdout
        );
    }
    bench.assert_nothing_is_left()
}

/// Listens for a protocol of its own, and ends when it gets anything else.
const STRICT: &str = "const strict = require('net').createServer((socket) => {
  socket.on('data', (data) => JSON.parse(data));
});
const web = (text) => require('http').createServer((request, response) => response.end(text));";

#[test]
fn the_http_server_beside_a_strict_protocol() -> Outcome {
    check(
        &format!(
            "{STRICT}
strict.listen(0, '127.0.0.1', () => {{
  const server = web('ok').listen(0, '127.0.0.1', () => console.log('measured', server.address().port));
}});"
        ),
        &[],
    )
}

#[test]
fn the_http_server_that_the_output_names() -> Outcome {
    check(
        &format!(
            "{STRICT}
const server = web('ok').listen(0, '127.0.0.1', () => {{
  console.log('measured', server.address().port);
  web('metrics').listen(0, '127.0.0.1');
}});"
        ),
        &["2 HTTP servers listen"],
    )
}

#[test]
fn a_worker_of_a_cluster() -> Outcome {
    check(
        "const cluster = require('cluster');
if (cluster.isPrimary) {
  cluster.fork();
  cluster.fork();
  cluster.on('listening', (worker, address) => console.log('measured', address.port));
} else {
  require('http').createServer((request, response) => response.end('ok')).listen(0, '127.0.0.1');
}",
        &["processes share the port"],
    )
}

#[test]
fn a_server_in_a_worker_thread() -> Outcome {
    check(
        "const { Worker } = require('worker_threads');
new Worker(`const server = require('http').createServer((request, response) => response.end('ok'));
server.listen(0, '127.0.0.1', () => console.log('measured', server.address().port));`, { eval: true });
require('net').createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');",
        &[],
    )
}

#[test]
fn a_worker_that_starts_with_the_load() -> Outcome {
    check(
        "const { Worker } = require('worker_threads');
const keeping = `const kept = [];
  require('worker_threads').parentPort.on('message', (n) => { kept.push(new Array(300).fill(n)); });`;
let worker, n = 0;
const server = require('http').createServer((request, response) => {
  worker ??= new Worker(keeping, { eval: true });
  worker.postMessage(n++);
  response.end('ok');
});
server.listen(0, '127.0.0.1', () => console.log('measured', server.address().port));",
        &["\"kind\": \"leak\"", "\"isolate\": \"worker 1"],
    )
}

#[test]
fn a_leaking_worker_that_ends_while_it_is_looked_into() -> Outcome {
    // Each leaks loudly and lives for two seconds: as long as it takes to see that it leaks.
    check(
        "const { Worker } = require('worker_threads');
const keeping = `const kept = []; setTimeout(() => process.exit(), 2000);
  require('worker_threads').parentPort.on('message', (n) => { kept.push(new Array(300).fill(n)); });`;
let worker, n = 0;
const start = () => { worker = new Worker(keeping, { eval: true }).on('exit', start); };
start();
const server = require('http').createServer((request, response) => {
  worker.postMessage(n++);
  response.end('ok');
});
server.listen(0, '127.0.0.1', () => console.log('measured', server.address().port));",
        &["\"verdict\""],
    )
}

#[test]
fn workers_that_end_under_the_load() -> Outcome {
    // Each lives for a fifth of a second, so that there is one at every reading and none at all of them.
    check(
        "const { Worker } = require('worker_threads');
const brief = () => new Worker('setTimeout(() => {}, 200)', { eval: true }).on('exit', brief);
brief();
const server = require('http').createServer((request, response) => response.end('ok'));
server.listen(0, '127.0.0.1', () => console.log('measured', server.address().port));",
        &["\"isolate\": \"main\""],
    )
}
