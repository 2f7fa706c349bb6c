//! What comes out: the decision, the verdict's kind, its printed questions, how fast memory grows.

use std::fmt;

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// The evidence is enough.
    Decided(Verdict),
    /// It is not; get this and ask again.
    More(Need),
}

/// The measurement that would move the decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Need {
    /// One more round of load, then a reading.
    Round {
        /// How many times as long as the last round.
        stretch: f64,
    },
    /// No load for this long, then a reading into [`Evidence::pause`](crate::Evidence::pause).
    Pause {
        /// Milliseconds.
        ms: u64,
    },
}

/// The eight answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VerdictKind {
    /// Objects in the heap accumulate with the load.
    Leak,
    /// Memory behind buffers accumulates while the heap does not, or far less.
    BufferLeak,
    /// The process grows with the load outside of everything V8 accounts for.
    NativeGrowth,
    /// Freed memory that V8 or the allocator keeps: high, but it does not grow.
    RetainedPages,
    /// Nothing accumulates; collecting the garbage costs too much.
    GcPressure,
    /// It grew and stopped, or grows by ever smaller steps.
    WarmUp,
    /// Nothing accumulates.
    Healthy,
    /// The question is open; the steps say what is missing.
    NotEnoughData,
}

impl VerdictKind {
    /// All kinds, in the order of the decision tree.
    pub const ALL: [Self; 8] = [
        Self::Leak,
        Self::BufferLeak,
        Self::NativeGrowth,
        Self::RetainedPages,
        Self::GcPressure,
        Self::WarmUp,
        Self::Healthy,
        Self::NotEnoughData,
    ];

    /// The stable id of reports and scripts.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Leak => "leak",
            Self::BufferLeak => "buffer-leak",
            Self::NativeGrowth => "native-growth",
            Self::RetainedPages => "retained-pages",
            Self::GcPressure => "gc-pressure",
            Self::WarmUp => "warm-up",
            Self::Healthy => "healthy",
            Self::NotEnoughData => "not-enough-data",
        }
    }
}

/// A rate of growth or a detection limit: bytes per completed request.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct BytesPerRequest(pub f64);

impl fmt::Display for BytesPerRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} per request", crate::wording::bytes(self.0))
    }
}

/// Which memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// `heapUsed` after forced collection.
    LiveHeap,
    /// Memory outside the heap that V8 accounts for: buffers.
    External,
    /// Resident memory beyond heap and external.
    Rss,
}

impl Quantity {
    /// The stable id of reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::LiveHeap => "live_heap",
            Self::External => "external",
            Self::Rss => "rss",
        }
    }
}

/// The verdict and all that speaks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Which of the eight.
    pub kind: VerdictKind,
    /// Between 0 and 1.
    pub confidence: f64,
    /// The questions in the order they were asked.
    pub steps: Vec<Step>,
    /// What grows and how fast; `None` when nothing is said to grow.
    pub growth: Option<Growth>,
    /// A steady heap leak of at least this rate would have been seen by this run; infinite without requests.
    pub smallest_seen: BytesPerRequest,
    /// What measurement would lead to another verdict, or what is missing.
    pub would_change: String,
}

/// One question of the decision tree, answered by a measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// In plain words, with a question mark.
    pub question: String,
    /// The answer and why.
    pub answer: Answer,
    /// The number behind it.
    pub measure: Measure,
}

/// An answer with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Yes, because.
    Yes(String),
    /// No, because.
    No(String),
    /// The measurements do not tell, because.
    CannotTell(String),
}

impl Answer {
    /// `yes`, `no` or `cannot tell`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Yes(_) => "yes",
            Self::No(_) => "no",
            Self::CannotTell(_) => "cannot tell",
        }
    }

    /// The reason, a part of a sentence.
    #[must_use]
    pub fn detail(&self) -> &str {
        match self {
            Self::Yes(why) | Self::No(why) | Self::CannotTell(why) => why,
        }
    }
}

/// The unit of a [`Measure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Bytes per completed request.
    BytesPerRequest,
    /// Bytes.
    Bytes,
    /// A part of the whole, 0 to 1.
    Share,
    /// Completed requests.
    Requests,
    /// One value over another.
    Ratio,
}

impl Unit {
    /// As it is written in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::BytesPerRequest => "bytes/request",
            Self::Bytes => "bytes",
            Self::Share => "share",
            Self::Requests => "requests",
            Self::Ratio => "ratio",
        }
    }
}

/// A measured value and the interval it lies in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// Stable name, snake case.
    pub name: &'static str,
    /// In `unit`.
    pub value: f64,
    /// Of value and interval.
    pub unit: Unit,
    /// Lower and upper end; both equal the value where nothing was estimated.
    pub interval: (f64, f64),
}

/// How fast a quantity accumulates.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    /// Which memory.
    pub quantity: Quantity,
    /// The Theil–Sen slope over cumulative requests.
    pub bytes_per_request: BytesPerRequest,
    /// Sen's interval of the slope, at least 95 %.
    pub interval: (BytesPerRequest, BytesPerRequest),
    /// The growth of each measured round.
    pub per_step: Vec<BytesPerRequest>,
}
