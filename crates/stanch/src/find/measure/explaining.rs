//! A leak's snapshots and sources into whether the verdict stands, or more has to be seen.

use anyhow::Result;
use stanch_diagnosis::Phase;
use stanch_heap_growth::Growth;
use stanch_memory_verdict::{Lifetime, ReleaseHint, Verdict};

use super::{Culprit, Explained, Measurement};
use crate::find::isolate::is_explained_by_snapshots;

/// Rounds that show whether a holder which lets go by time does so; the pause after them shows the rest.
const EXPIRY_ROUNDS: u32 = 2;
/// Holders of a true leak account for nine tenths of its growth and more; a quarter leaves room for what hangs elsewhere.
const EXPLAINED: f64 = 0.25;

impl Measurement<'_> {
    /// Completes a leak's snapshots, and asks the sources whether they evict.
    pub(super) async fn explain(
        &mut self,
        culprit: &Culprit,
        verdict: &Verdict,
        hint: &impl Fn(&Growth) -> Option<ReleaseHint>,
    ) -> Result<Explained> {
        // Loading and reading leave out workers that have ended, the culprit perhaps among them.
        let Some(index) = self.index_of(culprit) else {
            return Ok(Explained::Reopened);
        };
        if !is_explained_by_snapshots(verdict.kind) || !self.isolates[index].may_snapshot() {
            return Ok(Explained::Fully);
        }
        // After a pause nothing has come since the last one: a step without requests would look like no growth.
        if self.isolates[index].requests_at_last() != Some(self.traffic.requests()) {
            self.take_snapshot(index).await?;
        }
        if !self.isolates[index].may_snapshot() {
            // Sampling has begun this moment: one round shows it what stays.
            self.load(self.round, Phase::Load).await?;
            return Ok(Explained::Fully);
        }
        let index = loop {
            let Some(index) = self.index_of(culprit) else {
                return Ok(Explained::Reopened);
            };
            let isolate = &self.isolates[index];
            if isolate.has_series() || !isolate.may_snapshot() {
                break index;
            }
            self.load(self.args.round, Phase::Load).await?;
            self.read_all().await?;
            if let Some(index) = self.index_of(culprit) {
                self.take_snapshot(index).await?;
            }
        };
        let isolate = &mut self.isolates[index];
        if !isolate.has_series() || isolate.evidence.release_expected.is_some() {
            return Ok(Explained::Fully);
        }
        let growth = isolate.growth()?;
        let expected = hint(&growth).or_else(|| {
            let unexplained = is_unexplained(&growth, verdict, isolate.requests_in_series());
            unexplained.then_some(ReleaseHint {
                bound_entries: None,
                lifetime: Some(Lifetime::Unknown),
            })
        });
        let Some(expected) = expected else {
            return Ok(Explained::Fully);
        };
        isolate.evidence.release_expected = Some(expected);
        let further = match expected.lifetime {
            _ if expected.bound_entries.is_some() => self.args.max_rounds,
            Some(Lifetime::Aged(_) | Lifetime::Unstated) => self.args.max_rounds,
            // The pause that follows tells.
            Some(Lifetime::Timed(_)) => 0,
            Some(Lifetime::Unknown) | None => EXPIRY_ROUNDS,
        };
        self.last_round = self.args.max_rounds.min(self.rounds_done + further);
        self.ui
            .phase("what grows may be let go again: measuring longer before calling it a leak");
        Ok(Explained::Reopened)
    }
}

/// Whether the memory grew by far more than any holder gained: then the readings may have met a service that was getting
/// faster, or a busier moment of what comes and goes.
#[expect(clippy::cast_precision_loss, reason = "a coarse share")]
fn is_unexplained(growth: &Growth, verdict: &Verdict, requests: u64) -> bool {
    let rate = verdict
        .growth
        .as_ref()
        .map_or(0.0, |growth| growth.bytes_per_request.0);
    let held: u64 = growth
        .holders
        .iter()
        .map(|holder| holder.steady_bytes)
        .sum();
    (held as f64) < EXPLAINED * rate * requests as f64
}
