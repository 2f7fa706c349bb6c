//! Memory readings of a service under load → a verdict, with every question that led to it.
//!
//! For whoever drives the load: take a [`Reading`] after each round of requests (load stopped, garbage collected),
//! ask [`decide`] after every one, and do what [`Need`] says until a [`Verdict`] comes back. The verdict carries the
//! questions it asked in order, the measured answers with their intervals, how fast memory grows, and the smallest
//! leak that the run could have seen.
//!
//! The crate knows no heaps, sockets, clocks or files: numbers go in, a decision comes out, and the same numbers give
//! the same decision on every machine.
//!
//! ```
//! use stanch_memory_verdict::{Decision, Evidence, Limits, Reading, VerdictKind, decide};
//!
//! // 1,500 requests a round, 1,150 bytes kept by each of them.
//! let readings = (0..5u64).map(|round| Reading {
//!     requests: round * 1_500,
//!     at_ms: round * 2_300,
//!     live_heap: 5_700_000 + round * 1_500 * 1_150,
//!     heap_total: 24_000_000,
//!     external: 1_800_000,
//!     array_buffers: 11_000,
//!     rss: 80_000_000,
//! });
//! let evidence = Evidence {
//!     readings: readings.collect(),
//!     limits: Limits { rounds_left: 8, heap_limit: None },
//!     ..Evidence::default()
//! };
//! let Decision::Decided(verdict) = decide(&evidence) else { panic!("five steady readings are enough") };
//! assert_eq!(verdict.kind, VerdictKind::Leak);
//! assert_eq!(verdict.growth.map(|growth| growth.bytes_per_request.0.round()), Some(1_150.0));
//! ```
//!
//! Limits: a cache whose bound is far beyond the measured requests looks like a leak while it fills, unless a
//! [`ReleaseHint`] says that its source evicts. A leak in another isolate (a worker thread) is not in these numbers.
//! Memory that only grows on paths the load does not reach is not seen at all.

mod course;
mod decide;
mod evidence;
mod holding;
mod mann_kendall;
mod pressure;
mod release;
mod resident;
mod theil_sen;
mod thresholds;
mod traffic;
mod verdict;
mod wording;

pub use decide::decide;
pub use evidence::{Evidence, EvidenceError, Lifetime, Limits, LoadSample, Reading, ReleaseHint};
pub use verdict::{
    Answer, BytesPerRequest, Decision, Growth, Measure, Need, Quantity, Step, Unit, Verdict,
    VerdictKind,
};
