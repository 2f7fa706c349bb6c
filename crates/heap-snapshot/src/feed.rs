//! A source of bytes into a snapshot, on all processors: they take turns at reading, and each makes
//! rows of what it read while the next one reads.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::commas::Commas;
use crate::plain::PADDING;
use crate::plan::{Block, RowPlan};
use crate::{Snapshot, SnapshotError, SnapshotParser};

/// Bytes read at a time: what is made of them stays in a processor's own cache.
const CHUNK: usize = 256 << 10;
/// The start of a row that is longer than this is left to the parser.
const LONGEST_START: usize = 4096;
/// Blocks that wait for an earlier one; more would be memory for nothing.
const WAITING: u64 = 16;
/// More threads than this would wait for the one that reads.
const THREADS: usize = 4;

/// What a snapshot says of itself. It need not be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced {
    /// Number of nodes.
    pub nodes: u64,
    /// Number of edges.
    pub edges: u64,
}

/// How far reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadProgress {
    /// Bytes read so far.
    pub bytes: u64,
    /// What the snapshot says of itself, once that was read.
    pub announced: Option<Announced>,
}

type Watch<'a> = &'a mut dyn FnMut(ReadProgress) -> ControlFlow<()>;

/// Reads a whole snapshot.
pub(crate) fn read(source: impl Read + Send, watch: Watch<'_>) -> Result<Snapshot, SnapshotError> {
    read_in_chunks(source, CHUNK, watch)
}

fn read_in_chunks(
    source: impl Read + Send,
    chunk: usize,
    watch: Watch<'_>,
) -> Result<Snapshot, SnapshotError> {
    let feed = Feed {
        source: Mutex::new(Source::new(source, chunk)),
        sink: Mutex::default(),
        appended: Condvar::new(),
    };
    // Until it is known what the snapshot says of itself nothing is read ahead; and small snapshots
    // are read before a thread would have started.
    let mut worker = Worker::default();
    let mut is_over = false;
    while !is_over && !lock(&feed.sink).parser.has_header() {
        is_over = !feed.turn(&mut worker, watch);
    }
    let processors = thread::available_parallelism().map_or(1, usize::from);
    if !is_over && feed.turn(&mut worker, watch) {
        thread::scope(|scope| {
            for _ in 1..processors.min(THREADS) {
                scope.spawn(|| feed.work(&mut |_| ControlFlow::Continue(())));
            }
            feed.work(watch);
        });
    }
    let sink = feed
        .sink
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    match sink.failed {
        Some(error) => Err(error),
        None => sink.parser.finish(),
    }
}

struct Feed<R> {
    source: Mutex<Source<R>>,
    sink: Mutex<Sink>,
    /// Told whenever `sink` moved on.
    appended: Condvar,
}

/// Where bytes come from. Whoever holds it reads.
struct Source<R> {
    bytes: R,
    /// Bytes read at a time.
    chunk: usize,
    /// Bytes read.
    offset: u64,
    /// The start of a row, read already.
    start: Vec<u8>,
    /// How to read the rows that come next, if rows come next.
    plan: Option<RowPlan>,
    /// The number of the next block.
    ticket: u64,
    state: Reading,
}

enum Reading {
    Going,
    /// The source failed behind bytes that are still to be taken.
    Failed(std::io::Error),
    Over,
}

/// Where blocks go, in the order of the file.
#[derive(Default)]
struct Sink {
    parser: SnapshotParser,
    /// The block that comes next.
    next: u64,
    waiting: BTreeMap<u64, Finished>,
    /// Buffers of texts that were dealt with.
    spare: Vec<Vec<u8>>,
    failed: Option<SnapshotError>,
}

/// Rows to be read: the first `length` bytes of `text`, which stand at `offset`.
struct Task {
    ticket: u64,
    plan: RowPlan,
    text: Vec<u8>,
    length: usize,
    offset: u64,
}

/// A task and what came of it.
struct Finished {
    task: Task,
    block: Result<Block, SnapshotError>,
}

/// What a thread keeps from one turn to the next.
#[derive(Default)]
struct Worker {
    commas: Commas,
    buffer: Vec<u8>,
}

impl<R: Read> Feed<R> {
    fn work(&self, watch: Watch<'_>) {
        let mut worker = Worker::default();
        while self.turn(&mut worker, watch) {}
    }

    /// Reads a chunk and deals with it; whether there is more to do.
    fn turn(&self, worker: &mut Worker, watch: Watch<'_>) -> bool {
        let mut source = lock(&self.source);
        if let Reading::Over = source.state {
            return false;
        }
        let bytes = source.offset;
        let task = source.next(self, std::mem::take(&mut worker.buffer));
        drop(source);
        if let Some(task) = task {
            let block = task
                .plan
                .read(&task.text, task.length, task.offset, &mut worker.commas);
            worker.buffer = self.deliver(Finished { task, block });
        }
        let mut sink = lock(&self.sink);
        let announced = sink.parser.announced();
        if watch(ReadProgress { bytes, announced }).is_break() && sink.failed.is_none() {
            sink.failed = Some(SnapshotError::Stopped { offset: bytes });
        }
        let failed = sink.failed.is_some();
        self.appended.notify_all();
        !failed
    }

    /// Appends the block, or puts it where the thread with the block before it will find it; gives
    /// a buffer to go on with.
    fn deliver(&self, finished: Finished) -> Vec<u8> {
        let mut sink = lock(&self.sink);
        sink.waiting.insert(finished.task.ticket, finished);
        while let Some(Finished { task, block }) = sink.next_in_order() {
            let text = &task.text[..task.length];
            if let Err(error) = sink.parser.append(block, &task.plan, text) {
                sink.failed.get_or_insert(error);
            }
            sink.spare.push(task.text);
        }
        let buffer = sink.spare.pop().unwrap_or_default();
        drop(sink);
        self.appended.notify_all();
        buffer
    }

    /// The sink, once at most `waiting` blocks have still to reach it.
    fn sink_behind(&self, ticket: u64, waiting: u64) -> MutexGuard<'_, Sink> {
        let still = |sink: &mut Sink| sink.failed.is_none() && sink.next + waiting < ticket;
        let guard = self.appended.wait_while(lock(&self.sink), still);
        guard.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink {
    fn next_in_order(&mut self) -> Option<Finished> {
        if self.failed.is_some() {
            return None;
        }
        let finished = self.waiting.remove(&self.next)?;
        self.next += 1;
        Some(finished)
    }
}

impl<R: Read> Source<R> {
    fn new(bytes: R, chunk: usize) -> Self {
        let (start, plan, state) = (Vec::new(), None, Reading::Going);
        Self {
            bytes,
            chunk,
            offset: 0,
            start,
            plan,
            ticket: 0,
            state,
        }
    }

    /// Reads the next chunk. Rows are a task for whoever asked; all else is dealt with here.
    fn next(&mut self, feed: &Feed<R>, mut text: Vec<u8>) -> Option<Task> {
        self.fill(&mut text);
        let at_end = !matches!(self.state, Reading::Going);
        let is_rows = !at_end && memchr::memchr(b']', &text).is_none();
        if let Some(plan) = self.plan.as_ref().filter(|_| is_rows) {
            let length = plan.whole_rows(&text);
            if length > 0 || text.len() < LONGEST_START {
                self.start.extend_from_slice(&text[length..]);
                return (length > 0)
                    .then(|| self.task(feed, text, length))
                    .flatten();
            }
        }
        let mut sink = feed.sink_behind(self.ticket, 0);
        if sink.failed.is_some() {
            self.state = Reading::Over;
            return None;
        }
        match self.parse(&mut sink.parser, &text) {
            Ok(()) => self.plan = sink.parser.row_plan().cloned(),
            Err(error) => {
                sink.failed = Some(error);
                self.state = Reading::Over;
            }
        }
        None
    }

    fn task(&mut self, feed: &Feed<R>, mut text: Vec<u8>, length: usize) -> Option<Task> {
        let offset = self.offset - text.len() as u64;
        text.truncate(length);
        text.extend_from_slice(&[0; PADDING]);
        drop(feed.sink_behind(self.ticket, WAITING));
        let ticket = self.ticket;
        self.ticket += 1;
        let plan = self.plan.clone()?;
        Some(Task {
            ticket,
            plan,
            text,
            length,
            offset,
        })
    }

    /// Lets the parser take what is no rows, and the end.
    fn parse(&mut self, parser: &mut SnapshotParser, text: &[u8]) -> Result<(), SnapshotError> {
        match std::mem::replace(&mut self.state, Reading::Over) {
            Reading::Going => {
                self.state = Reading::Going;
                let taken = parser.push_whole_rows(text)?;
                self.start.extend_from_slice(&text[taken..]);
                Ok(())
            }
            Reading::Failed(source) => {
                parser.push(text)?;
                let offset = self.offset;
                Err(SnapshotError::Read { offset, source })
            }
            Reading::Over => parser.push(text),
        }
    }

    /// Fills `text` with the start of a row and what the source gives.
    fn fill(&mut self, text: &mut Vec<u8>) {
        let known = self.start.len();
        text.resize(known + self.chunk, 0);
        text[..known].copy_from_slice(&self.start);
        self.start.clear();
        let mut length = known;
        while length < text.len() {
            match self.bytes.read(&mut text[length..]) {
                Ok(0) => {
                    self.state = Reading::Over;
                    break;
                }
                Ok(count) => length += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.state = Reading::Failed(error);
                    break;
                }
            }
        }
        text.truncate(length);
        self.offset += (length - known) as u64;
    }
}

/// A thread that panicked leaves nothing half done that would matter: the scope panics as well.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
