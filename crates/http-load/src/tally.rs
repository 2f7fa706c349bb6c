//! Outcomes → counts, latencies and the rate of late.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::time::Instant;

use crate::connection::Failure;
use crate::exchange::{End, Outcome};
use crate::recent::Recent;
use crate::{Latency, LoadReport};

/// Longest latency that is told apart, in microseconds.
const LONGEST_US: u64 = 3_600_000_000;

/// Everything that is counted, over all runs.
#[derive(Debug)]
pub(crate) struct Tally {
    statuses: BTreeMap<u16, u64>,
    left: u64,
    timeouts: u64,
    cut: u64,
    refused: u64,
    reset: u64,
    failed: u64,
    bytes: u64,
    latencies: Histogram<u64>,
    recent: Recent,
    elapsed: Duration,
    /// How many runs are going on, and since when at least one is.
    running: usize,
    since: Instant,
}

impl Tally {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            statuses: BTreeMap::new(),
            left: 0,
            timeouts: 0,
            cut: 0,
            refused: 0,
            reset: 0,
            failed: 0,
            bytes: 0,
            latencies: latencies(),
            recent: Recent::new(now),
            elapsed: Duration::ZERO,
            running: 0,
            since: now,
        }
    }

    /// A run begins.
    pub(crate) fn begin(&mut self) {
        if self.running == 0 {
            self.since = Instant::now();
            self.recent = Recent::new(self.since);
        }
        self.running += 1;
    }

    /// A run is over.
    pub(crate) fn end(&mut self) {
        self.running -= 1;
        if self.running == 0 {
            self.elapsed += self.since.elapsed();
        }
    }

    /// Counts what came of a request that was due at `due`.
    pub(crate) fn add(&mut self, outcome: &Outcome, due: Instant) {
        match *outcome {
            Outcome::Answered {
                status,
                bytes,
                end,
                at,
            } => {
                *self.statuses.entry(status).or_default() += 1;
                self.left += u64::from(end == End::Left);
                self.bytes += bytes;
                self.completed(due, at);
            }
            Outcome::TimedOut { at } => {
                self.timeouts += 1;
                self.completed(due, at);
            }
            Outcome::Cut => {
                self.cut += 1;
                self.recent.add(Instant::now());
            }
            Outcome::Unsent => {}
            Outcome::Failed(Failure::Refused) => self.refused += 1,
            Outcome::Failed(Failure::Reset) => self.reset += 1,
            Outcome::Failed(Failure::Other) => self.failed += 1,
        }
    }

    fn completed(&mut self, due: Instant, at: Instant) {
        let latency = at.saturating_duration_since(due).as_micros();
        self.latencies
            .saturating_record(u64::try_from(latency).unwrap_or(u64::MAX));
        // Not `at`: an answer that was left counts at its headers, which may be longer ago than the rate looks back.
        self.recent.add(Instant::now());
    }

    /// Completed requests per second of late.
    pub(crate) fn rate(&self) -> f64 {
        self.recent.per_second(Instant::now())
    }

    /// As it stands.
    pub(crate) fn report(&self) -> LoadReport {
        let running = if self.running > 0 {
            self.since.elapsed()
        } else {
            Duration::ZERO
        };
        let at = |quantile| Duration::from_micros(self.latencies.value_at_quantile(quantile));
        LoadReport {
            statuses: self.statuses.clone(),
            left: self.left,
            timeouts: self.timeouts,
            cut: self.cut,
            refused: self.refused,
            reset: self.reset,
            failed: self.failed,
            bytes: self.bytes,
            latency: Latency {
                p50: at(0.5),
                p90: at(0.9),
                p99: at(0.99),
                max: at(1.0),
            },
            elapsed: self.elapsed + running,
        }
    }
}

fn latencies() -> Histogram<u64> {
    #[expect(
        clippy::expect_used,
        reason = "fails for bounds out of order or more than 5 digits only"
    )]
    Histogram::new_with_bounds(1, LONGEST_US, 3).expect("constant bounds in order")
}
