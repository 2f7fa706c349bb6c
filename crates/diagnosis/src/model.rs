//! The finished diagnosis as plain data: what every report prints.

use stanch_leak_patterns::{Bytes, BytesPerRequest, Confidence, Pattern, Place};
use stanch_memory_verdict::Verdict;

/// Everything that one run found out.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// The process that was looked at, or the files that were read.
    pub target: Target,
    /// Leak or not, and the questions that led there.
    pub verdict: Verdict,
    /// The readings behind the verdict; empty when only files were read.
    pub memory: Memory,
    /// The load that was driven; none when somebody else drove it or files were read.
    pub load: Option<Load>,
    /// What grows, the likeliest cause first.
    pub suspects: Vec<Suspect>,
    /// Files that the run has left on disk on request.
    pub artifacts: Vec<Artifact>,
    /// What the reader should know about how this was measured, a sentence each.
    pub notes: Vec<String>,
}

/// The process that was looked at.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// The command that started it; empty for an attached process or for files.
    pub command: Vec<String>,
    /// Snapshot files, when those were analysed instead of a process.
    pub files: Vec<String>,
    /// Its process id.
    pub pid: Option<u32>,
    /// Node's version, such as `v24.1.0`.
    pub node: Option<String>,
    /// V8's version, such as `13.6.233.8-node.10`.
    pub v8: Option<String>,
    /// `main`, or the worker's title.
    pub isolate: String,
    /// V8's limit of the heap, from which the time to the crash follows.
    pub heap_limit: Option<Bytes>,
}

/// The course of the memory.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// Readings while the run went on, in order of time.
    pub samples: Vec<Sample>,
    /// Readings after forced garbage collection, one per round; the first is the base line.
    pub rounds: Vec<Round>,
}

/// What was going on when a sample was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Load before the base line.
    WarmUp,
    /// Load of a measured round.
    Load,
    /// No load, waiting for sweeps and timeouts.
    Pause,
}

/// One reading of `process.memoryUsage()` without garbage collection.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Milliseconds since the run began.
    pub t_ms: u64,
    /// What was going on.
    pub phase: Phase,
    /// Requests completed since the run began.
    pub requests: u64,
    /// Resident memory of the process.
    pub rss: Bytes,
    /// V8's heap as reserved.
    pub heap_total: Bytes,
    /// V8's heap in use, garbage included.
    pub heap_used: Bytes,
    /// Memory outside the heap that objects in it own.
    pub external: Bytes,
    /// The part of `external` that is ArrayBuffers and Buffers.
    pub array_buffers: Bytes,
}

/// One reading after forced garbage collection.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// Requests completed since the base line.
    pub requests: u64,
    /// Heap in use after garbage collection.
    pub live_heap: Bytes,
    /// External memory after garbage collection.
    pub external: Bytes,
    /// ArrayBuffers after garbage collection.
    pub array_buffers: Bytes,
    /// Resident memory.
    pub rss: Bytes,
}

/// The load that was driven.
#[derive(Debug, Clone, Default)]
pub struct Load {
    /// `METHOD URL` or just the URL for GET.
    pub urls: Vec<String>,
    /// Connections kept open.
    pub connections: u32,
    /// Requests completed, warm-up included.
    pub requests: u64,
    /// Requests without a response, and responses of status 500 and above.
    pub errors: u64,
    /// Median latency in milliseconds.
    pub p50_ms: f64,
    /// 99th percentile of the latency in milliseconds.
    pub p99_ms: f64,
}

/// A holder that grows.
#[derive(Debug, Clone)]
pub struct Suspect {
    /// Position in the list, from 1.
    pub rank: u32,
    /// The pattern; none when the shape fits no single one.
    pub pattern: Option<Pattern>,
    /// How sure holder and pattern are.
    pub confidence: Confidence,
    /// The variable, field or emitter that grows.
    pub holder: Holder,
    /// How it grows.
    pub growth: HolderGrowth,
    /// The lines that make it grow.
    pub sites: Vec<Site>,
    /// From the root to the newcomers, one readable step each.
    pub path: Vec<String>,
    /// The newcomers by class, biggest first.
    pub objects: Vec<Objects>,
    /// Why the newcomers stay alive, and what else was seen, a sentence each.
    pub reasons: Vec<String>,
    /// The declaration and the sites with the code around them.
    pub frames: Vec<CodeFrame>,
    /// What to do about it.
    pub remedy: Remedy,
}

/// The variable, field or emitter that grows.
#[derive(Debug, Clone, Default)]
pub struct Holder {
    /// Its name as written at its declaration.
    pub name: String,
    /// The name with its owner in front, such as `SessionStore#sessions`, where it has one.
    pub qualified: Option<String>,
    /// The class of the growing object, such as `Map`.
    pub kind: String,
    /// Where it is declared, in the original source.
    pub location: Option<Place>,
    /// The same place in the script that Node runs, where a source map led elsewhere.
    pub generated: Option<Place>,
    /// The npm package it lives in, `name@version`.
    pub package: Option<String>,
    /// The worker thread it lives in.
    pub worker: Option<String>,
}

/// How a holder grew over the series of snapshots.
#[derive(Debug, Clone, Default)]
pub struct HolderGrowth {
    /// Members at each snapshot.
    pub count: Vec<u64>,
    /// Bytes that its newcomers alone retain at each snapshot.
    pub retained: Vec<Bytes>,
    /// The same per request; none when the number of requests is unknown.
    pub per_request: Option<BytesPerRequest>,
    /// Its part of all newcomers' bytes, 0 to 1.
    pub share: f64,
}

/// What a line does to the holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SiteRole {
    /// Puts an entry into a Map, Set or object.
    Inserts,
    /// Adds a handler to an emitter.
    Registers,
    /// Creates the closure that keeps the value.
    Captures,
    /// Opens a stream, socket or file.
    Opens,
    /// Starts a timer or a promise.
    Starts,
    /// Appends to an array or a string.
    Appends,
    /// Calls into the package whose holder grows.
    Calls,
}

impl SiteRole {
    /// The word used in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Inserts => "inserts",
            Self::Registers => "registers",
            Self::Captures => "captures",
            Self::Opens => "opens",
            Self::Starts => "starts",
            Self::Appends => "appends",
            Self::Calls => "calls",
        }
    }
}

/// A line that makes the holder grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// What it does.
    pub role: SiteRole,
    /// Where, in the original source.
    pub place: Place,
    /// The same place in the script that Node runs, where a source map led elsewhere.
    pub generated: Option<Place>,
}

/// Newcomers of one class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objects {
    /// Class name as DevTools shows it.
    pub class: String,
    /// How many.
    pub count: u64,
    /// Their own bytes, without what they retain.
    pub bytes: Bytes,
}

/// A few lines of source around a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFrame {
    /// What the reader sees here, such as `declared here` or `inserts one entry per request`.
    pub label: String,
    /// The place that the label is about.
    pub place: Place,
    /// Columns that the label underlines, at least 1.
    pub width: u32,
    /// The lines, in order.
    pub lines: Vec<CodeLine>,
}

/// One line of a code frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeLine {
    /// Its number, from 1.
    pub number: u32,
    /// Its text without the line end, tabs kept.
    pub text: String,
}

/// What to do about a suspect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remedy {
    /// One imperative sentence, or the reason why no pattern is given.
    pub summary: String,
    /// More advice, a sentence each.
    pub advice: Vec<String>,
    /// A unified diff against the sources, where the remedy can be one.
    pub patch: Option<String>,
}

/// A file that the run has left on disk on request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// What it is.
    pub kind: ArtifactKind,
    /// Its path as it was given or made.
    pub path: String,
    /// Its size.
    pub bytes: Bytes,
}

/// Kinds of files that a run leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtifactKind {
    /// A V8 heap snapshot.
    Snapshot,
    /// The readings as JSON.
    Samples,
}
