//! What the caller measured: readings between the rounds, samples under load, an idle pause, what is left to spend.

use thiserror::Error;

/// Memory after a round of load: the load has stopped, garbage collection was forced until the heap stood still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// Requests completed since the start of measuring, cumulative.
    pub requests: u64,
    /// Milliseconds since any fixed moment; the same one for readings and samples.
    pub at_ms: u64,
    /// Bytes of `heapUsed` after the forced collection.
    pub live_heap: u64,
    /// Bytes V8 has reserved for the heap.
    pub heap_total: u64,
    /// Bytes outside the heap that V8 accounts for, `array_buffers` among them.
    pub external: u64,
    /// Bytes of array buffers and Buffers.
    pub array_buffers: u64,
    /// Resident bytes of the whole process.
    pub rss: u64,
}

/// Memory while the load runs; several per round.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LoadSample {
    /// Milliseconds on the same clock as [`Reading::at_ms`].
    pub at_ms: u64,
    /// Bytes used in the heap, garbage included.
    pub heap_used: u64,
    /// Bytes V8 has reserved for the heap.
    pub heap_total: u64,
    /// Resident bytes of the whole process.
    pub rss: u64,
    /// Bytes outside the heap that V8 accounts for.
    pub external: u64,
    /// Bytes of array buffers and Buffers.
    pub array_buffers: u64,
    /// Milliseconds spent in garbage collection since the process started, cumulative.
    pub gc_ms: f64,
    /// Bytes of heap that garbage collection has freed since the process started, cumulative; 0 throughout when unknown.
    pub freed: u64,
    /// Requests completed since the start of measuring, cumulative.
    pub requests: u64,
}

/// What the caller can still spend, and the ceiling of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Rounds of load that may still be run.
    pub rounds_left: u32,
    /// Bytes the heap may grow to before V8 gives up; `None` when unknown.
    pub heap_limit: Option<u64>,
}

/// What the source code of the growing holder says about letting go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReleaseHint {
    /// Entries after which it evicts.
    pub bound_entries: Option<u64>,
    /// How long entries stay at most, if that is known.
    pub lifetime: Option<Lifetime>,
}

/// How long entries stay at most, and what ends their stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// A timer lets them go after so many milliseconds, also while the service idles.
    Timed(u64),
    /// The code that uses the holder lets go of what is older than so many milliseconds.
    Aged(u64),
    /// Something lets them go now and then; when is not known.
    Unknown,
    /// A bound or an age limits them whose number is not known: what stays within it grows evenly up to there.
    Unstated,
}

impl Lifetime {
    /// Milliseconds, where they are known.
    #[must_use]
    pub const fn ms(self) -> Option<u64> {
        match self {
            Self::Timed(ms) | Self::Aged(ms) => Some(ms),
            Self::Unknown | Self::Unstated => None,
        }
    }
}

/// Everything known when [`decide`](crate::decide) is asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evidence {
    /// A reading from before the first request, if one was taken; tells what the load raised.
    pub warm_up: Option<Reading>,
    /// The baseline after the warm-up first, then one per round.
    pub readings: Vec<Reading>,
    /// Samples taken while the rounds ran, oldest first.
    pub under_load: Vec<LoadSample>,
    /// The newest reading after an idle pause. Its `requests` say after which round the pause was.
    pub pause: Option<Reading>,
    /// Set when the code of the growing holder shows eviction: a leak is then called only after all rounds.
    pub release_expected: Option<ReleaseHint>,
    /// Isolates of the process beside this one: its workers, or the main thread and other workers.
    pub other_isolates: u32,
    /// What is left to spend.
    pub limits: Limits,
}

/// Numbers that cannot come from one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EvidenceError {
    /// A cumulative count went down.
    #[error(
        "reading {index} counts {requests} requests, fewer than the {before} before it: the count must be cumulative"
    )]
    RequestsFell {
        /// Position in `readings`.
        index: usize,
        /// Requests counted there.
        requests: u64,
        /// Requests counted one reading earlier.
        before: u64,
    },
    /// Readings out of order.
    #[error(
        "reading {index} was taken at {at_ms} ms, before the one in front of it at {before} ms"
    )]
    TimeFell {
        /// Position in `readings`.
        index: usize,
        /// Its time, milliseconds.
        at_ms: u64,
        /// The time of the reading before, milliseconds.
        before: u64,
    },
}

impl Evidence {
    /// Whether the readings can come from one run.
    ///
    /// # Errors
    /// [`EvidenceError`] when a cumulative count or the clock goes backwards between two readings.
    pub fn check(&self) -> Result<(), EvidenceError> {
        for (index, pair) in self.readings.windows(2).enumerate() {
            let [before, now] = pair else { continue };
            let index = index + 1;
            if now.requests < before.requests {
                return Err(EvidenceError::RequestsFell {
                    index,
                    requests: now.requests,
                    before: before.requests,
                });
            }
            if now.at_ms < before.at_ms {
                return Err(EvidenceError::TimeFell {
                    index,
                    at_ms: now.at_ms,
                    before: before.at_ms,
                });
            }
        }
        Ok(())
    }
}
