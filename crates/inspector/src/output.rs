//! Turns a child's two output streams into lines: passed through, kept for reports, offered to listeners.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::mpsc;

use crate::launch::ChildOutput;
use crate::target::Endpoint;

/// How many lines error reports show.
const KEPT_LINES: usize = 40;
/// A line longer than this is cut into several, so that binary output cannot fill our memory.
const LONGEST_LINE_BYTES: usize = 64 * 1024;
/// What Node writes about its inspector; none of it is the service's own output.
const NODE_NOTICES: [&str; 4] = [
    "For help, see: https://nodejs.org/",
    "Debugger attached.",
    "Waiting for the debugger to disconnect...",
    "Debugger ending on ws://",
];

/// Which stream a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One line the service wrote, without its line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLine {
    /// Where it was written.
    pub stream: Stream,
    /// Its text; bytes that are no UTF-8 are replaced.
    pub text: String,
}

/// Lines of a service: first the kept ones, then new ones as they come.
#[derive(Debug)]
pub struct OutputLines {
    lines: mpsc::UnboundedReceiver<OutputLine>,
}

impl OutputLines {
    /// The next line, or none when the service has closed its output.
    pub async fn next(&mut self) -> Option<OutputLine> {
        self.lines.recv().await
    }
}

/// What both readers of one child write to.
pub(crate) struct Log {
    pass: ChildOutput,
    state: Mutex<State>,
    announced: mpsc::UnboundedSender<Endpoint>,
}

#[derive(Default)]
struct State {
    kept: VecDeque<OutputLine>,
    listeners: Vec<mpsc::UnboundedSender<OutputLine>>,
    ended_streams: usize,
}

impl Log {
    pub(crate) fn new(pass: ChildOutput, announced: mpsc::UnboundedSender<Endpoint>) -> Self {
        Self {
            pass,
            state: Mutex::default(),
            announced,
        }
    }

    pub(crate) fn last_lines(&self) -> Vec<String> {
        self.lock()
            .kept
            .iter()
            .map(|line| line.text.clone())
            .collect()
    }

    pub(crate) fn subscribe(&self) -> OutputLines {
        let (sender, lines) = mpsc::unbounded_channel();
        let mut state = self.lock();
        for line in &state.kept {
            drop(sender.send(line.clone()));
        }
        if state.ended_streams < 2 {
            state.listeners.push(sender);
        }
        OutputLines { lines }
    }

    /// Reads one of the child's streams to its end.
    pub(crate) async fn read(self: Arc<Self>, stream: Stream, pipe: impl AsyncRead + Unpin) {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        loop {
            let buffer = match pipe.fill_buf().await {
                Ok(buffer) if !buffer.is_empty() => buffer,
                _ => break,
            };
            let (taken, complete) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(end) => (end + 1, true),
                None => (
                    buffer.len(),
                    line.len() + buffer.len() >= LONGEST_LINE_BYTES,
                ),
            };
            line.extend_from_slice(&buffer[..taken]);
            pipe.consume(taken);
            if complete {
                self.line(stream, &line);
                line.clear();
            }
        }
        if !line.is_empty() {
            self.line(stream, &line);
        }
        let mut state = self.lock();
        state.ended_streams += 1;
        if state.ended_streams == 2 {
            state.listeners.clear();
        }
    }

    fn line(&self, stream: Stream, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end_matches(['\n', '\r']);
        if stream == Stream::Stderr {
            if let Some(url) = text.strip_prefix("Debugger listening on ") {
                if let Some(endpoint) = Endpoint::from_url(url) {
                    drop(self.announced.send(endpoint));
                }
                return;
            }
            if NODE_NOTICES.iter().any(|notice| text.starts_with(notice)) {
                return;
            }
        }
        if self.pass == ChildOutput::PassThrough {
            // Our stdout is for results, so both streams go to stderr; a closed stderr is no reason to stop.
            drop(writeln!(std::io::stderr().lock(), "{text}"));
        }
        let line = OutputLine {
            stream,
            text: text.to_owned(),
        };
        let mut state = self.lock();
        state
            .listeners
            .retain(|listener| listener.send(line.clone()).is_ok());
        if state.kept.len() == KEPT_LINES {
            state.kept.pop_front();
        }
        state.kept.push_back(line);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
