//! Completions as they happen → how many per second of late.

use std::time::Duration;

use tokio::time::Instant;

const SLOT: Duration = Duration::from_millis(100);
const SLOTS: u64 = 10;

/// Counts of the last second, a tenth of a second each.
#[derive(Debug)]
pub(crate) struct Recent {
    since: Instant,
    /// The last full second and the slot that is filling.
    counts: [(u64, u64); SLOTS as usize + 1],
}

impl Recent {
    /// Starts counting.
    pub(crate) fn new(since: Instant) -> Self {
        Self {
            since,
            counts: [(0, 0); SLOTS as usize + 1],
        }
    }

    /// Counts one.
    pub(crate) fn add(&mut self, at: Instant) {
        let slot = self.slot(at);
        let place = (slot % self.counts.len() as u64) as usize;
        let entry = &mut self.counts[place];
        if entry.0 == slot {
            entry.1 += 1;
        } else {
            *entry = (slot, 1);
        }
    }

    /// Per second over the last second, or over the time since the start if that is shorter.
    pub(crate) fn per_second(&self, now: Instant) -> f64 {
        let current = self.slot(now);
        let oldest = current.saturating_sub(SLOTS);
        let of_late = self
            .counts
            .iter()
            .filter(|(slot, _)| (oldest..=current).contains(slot));
        let count: u64 = of_late.map(|(_, count)| count).sum();
        let span =
            now.duration_since(self.since).as_secs_f64() - oldest as f64 * SLOT.as_secs_f64();
        if span > 0.0 { count as f64 / span } else { 0.0 }
    }

    fn slot(&self, at: Instant) -> u64 {
        (at.duration_since(self.since).as_millis() / SLOT.as_millis()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Completions and the question at milliseconds since the start.
    fn check(completions: impl Iterator<Item = u64>, now: u64, expected: f64) {
        let start = Instant::now();
        let mut recent = Recent::new(start);
        completions.for_each(|at| recent.add(start + Duration::from_millis(at)));
        let rate = recent.per_second(start + Duration::from_millis(now));
        assert!(
            (rate - expected).abs() < expected * 0.02 + 1e-9,
            "{rate} instead of {expected}"
        );
    }

    #[test]
    fn the_rate_is_that_of_the_last_second() {
        check(std::iter::empty(), 500, 0.0);
        check(0..500, 500, 1000.0);
        check((0..5000).step_by(2), 5000, 500.0);
        check((0..3000).chain((3000..6000).step_by(10)), 6000, 100.0);
        check(0..5000, 8000, 0.0);
        check(0..0, 0, 0.0);
    }
}
