//! How hard the load runs: at full speed, or in bursts when the service keeps so much that the heap would fill up.
//!
//! A fast service that keeps 20 KB per request fills gigabytes in a few rounds: the readings would say no more than
//! with a hundredth of it, but each snapshot would take minutes, and the service might die. Rounds keep their length,
//! so that what expires has the same time to expire.

use std::time::Duration;

/// What a round may leave behind: twenty times and more what idle heaps move by, and little to take a snapshot of.
const ROUND_KEEPS: f64 = 2.0 * MEGABYTE;
/// Growth of the heap, garbage included, that is worth a forced collection in the warm-up.
const SUSPICIOUS: u64 = 6 << 20;
/// One burst and the rest after it.
const BURST: Duration = Duration::from_millis(250);
/// Shorter bursts would not let every connection finish a request.
const SHORTEST: Duration = Duration::from_millis(5);
const MEGABYTE: f64 = 1_048_576.0;

/// Part of the time in which load runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pace {
    busy: f64,
}

/// Memory that stayed after garbage collection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) bytes: u64,
    /// The time of full-speed load that left it.
    pub(crate) during: Duration,
}

impl Pace {
    pub(crate) const fn full() -> Self {
        Self { busy: 1.0 }
    }

    pub(crate) fn is_full(self) -> bool {
        self.busy >= 1.0
    }

    /// The next burst of at most `left` and the rest after it.
    pub(crate) fn burst(self, left: Duration) -> (Duration, Duration) {
        let whole = BURST.min(left);
        let busy = whole.mul_f64(self.busy).max(SHORTEST).min(whole);
        (busy, whole - busy)
    }

    /// Whether so much growth, garbage included, is worth a closer look.
    pub(crate) const fn is_suspicious(self, grown: u64) -> bool {
        grown > SUSPICIOUS
    }

    /// Slows down if rounds of this length at full speed would keep too much; says whether it did.
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    pub(crate) fn slow_down(&mut self, kept: Kept, round: Duration) -> bool {
        let per_second = kept.bytes as f64 / kept.during.as_secs_f64().max(1e-3);
        let expected = per_second * round.as_secs_f64();
        if expected <= ROUND_KEEPS * 2.0 {
            return false;
        }
        self.busy = (ROUND_KEEPS / expected).clamp(least(), 1.0);
        true
    }

    /// Moves towards rounds that leave the wanted amount, after one that left `kept` bytes.
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    pub(crate) fn adapt(&mut self, kept: u64) {
        let kept = kept as f64;
        if kept > ROUND_KEEPS * 2.0 || (self.busy < 1.0 && kept < ROUND_KEEPS / 2.0) {
            // One round can be off by an order of magnitude, when something expired in it.
            let factor = (ROUND_KEEPS / kept.max(1.0)).clamp(0.02, 4.0);
            self.busy = (self.busy * factor).clamp(least(), 1.0);
        }
    }
}

fn least() -> f64 {
    SHORTEST.as_secs_f64() / BURST.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Kept, Pace};

    #[test]
    fn a_modest_leak_is_loaded_at_full_speed() {
        let mut pace = Pace::full();
        let kept = Kept {
            bytes: 1 << 20,
            during: Duration::from_secs(1),
        };
        assert!(!pace.slow_down(kept, Duration::from_secs(2)));
        pace.adapt(2 << 20);
        assert!(pace.is_full());
    }

    #[test]
    fn a_fast_leak_is_loaded_in_bursts_of_the_wanted_size() {
        let mut pace = Pace::full();
        let kept = Kept {
            bytes: 40 << 20,
            during: Duration::from_secs(1),
        };
        assert!(pace.slow_down(kept, Duration::from_secs(2)));
        let (busy, idle) = pace.burst(Duration::from_secs(2));
        assert_eq!(busy + idle, Duration::from_millis(250));
        assert!(
            (busy.as_secs_f64() - 0.006_25).abs() < 1e-6,
            "2 MB of 80 MB a round: {busy:?}"
        );
    }

    #[test]
    fn bursts_grow_again_when_little_stays() {
        let mut pace = Pace { busy: 0.05 };
        pace.adapt(1 << 19);
        assert_eq!(pace, Pace { busy: 0.2 });
        pace.adapt(0);
        pace.adapt(0);
        assert!(pace.is_full());
    }
}
