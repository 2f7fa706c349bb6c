//! A Node.js HTTP server for one test → its address and what it counted.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Ends with the test: its end of stdin closes.
pub(crate) struct Service {
    _process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    port: u16,
}

/// What the server itself has counted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stats {
    pub(crate) connections: u64,
    pub(crate) requests: u64,
    /// Requests whose client went away before the answer was complete.
    pub(crate) left: u64,
}

impl Service {
    /// Starts one; none, with a line that says so, where there is no Node.js.
    pub(crate) async fn start() -> Option<Self> {
        let started = Command::new("node")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/node/server.js"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let Ok(mut process) = started else {
            eprintln!("skipped: there is no `node` in PATH");
            return None;
        };
        let input = process.stdin.take().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = output.next_line().await.unwrap().unwrap().parse().unwrap();
        Some(Self {
            _process: process,
            input,
            output,
            port,
        })
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What it has counted so far.
    pub(crate) async fn stats(&mut self) -> Stats {
        let line = self.ask("stats").await;
        let numbers: Vec<u64> = line
            .split(' ')
            .map(|number| number.parse().unwrap())
            .collect();
        Stats {
            connections: numbers[0],
            requests: numbers[1],
            left: numbers[2],
        }
    }

    /// The first requests: method, URL, the header `x-test` and the body.
    pub(crate) async fn seen(&mut self) -> Vec<String> {
        self.ask("seen")
            .await
            .split('|')
            .map(str::to_owned)
            .collect()
    }

    /// Closes the connections on which nothing is going on.
    pub(crate) async fn close_idle(&mut self) {
        assert_eq!(self.ask("close-idle").await, "closed");
    }

    async fn ask(&mut self, what: &str) -> String {
        self.input
            .write_all(format!("{what}\n").as_bytes())
            .await
            .unwrap();
        self.output.next_line().await.unwrap().unwrap()
    }
}
