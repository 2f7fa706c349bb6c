//! A pace and a deadline → the moments at which requests of one run are due.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::Pace;

/// How long a request that is under way at the end of a run may go on, so that its connection stays usable.
const GRACE: Duration = Duration::from_millis(200);
/// Longer than any run, and short enough to be added to any clock.
const LONGEST: Duration = Duration::from_secs(60 * 60 * 24 * 365);
/// Timers fire up to so much late.
const TIMER_STEP: Duration = Duration::from_millis(1);

/// One stretch of load.
#[derive(Debug)]
pub(crate) struct Run {
    pace: Pace,
    begun: Instant,
    deadline: Instant,
    scheduled: AtomicU64,
}

impl Run {
    /// Begins now.
    pub(crate) fn new(pace: Pace, length: Duration) -> Self {
        let begun = Instant::now();
        Self {
            pace,
            begun,
            deadline: begun + length.min(LONGEST),
            scheduled: AtomicU64::new(0),
        }
    }

    /// When no request begins any more.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// When those that are still under way are dropped.
    pub(crate) fn cut(&self) -> Instant {
        self.deadline + GRACE
    }

    /// Waits until the next request is due and says since when it is; none when the run is over.
    pub(crate) async fn next_due(&self) -> Option<Instant> {
        let now = Instant::now();
        if now >= self.deadline {
            return None;
        }
        let Pace::Rate(rate) = self.pace else {
            return Some(now);
        };
        let index = self.scheduled.fetch_add(1, Ordering::Relaxed);
        let offset = Duration::try_from_secs_f64(index as f64 / rate).unwrap_or(LONGEST);
        let due = self.begun + offset.min(LONGEST);
        if due >= self.deadline {
            sleep_until(self.deadline).await;
            return None;
        }
        // Waking a step early and sending at once keeps the timer's coarseness out of the latencies.
        sleep_until(due - TIMER_STEP.min(offset)).await;
        Some(due.min(Instant::now()))
    }
}
