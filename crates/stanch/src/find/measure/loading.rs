//! Load for a length of time, into samples of memory and a pace that suits how much is kept.

use std::time::Duration;

use anyhow::Result;
use stanch_diagnosis::Phase;
use tokio::time::Instant;

use super::{Measurement, millis};
use crate::find::pace::Kept;

/// Time between two readings under load.
const SAMPLE_EVERY: Duration = Duration::from_millis(250);
/// Rounds in a row without a single finished request before the run is given up.
const SILENT_ROUNDS: u32 = 2;

impl Measurement<'_> {
    /// Drives load, at full speed or in bursts, while reading memory now and then.
    pub(super) async fn load(&mut self, length: Duration, phase: Phase) -> Result<()> {
        let before = self.traffic.requests();
        let until = Instant::now() + length;
        if self.pace.is_full() {
            self.load_at_full_speed(until, phase).await?;
        }
        while Instant::now() < until {
            let (busy, idle) = self
                .pace
                .burst(until.saturating_duration_since(Instant::now()));
            self.traffic.run_for(busy).await;
            self.sample(phase, until).await?;
            tokio::time::sleep(idle).await;
        }
        if self.traffic.requests() == before && !self.traffic.is_driven_elsewhere() {
            self.silent_rounds += 1;
        } else {
            self.silent_rounds = 0;
        }
        self.traffic.check(self.silent_rounds >= SILENT_ROUNDS)
    }

    /// Returns early when the warm-up already keeps more than a round should.
    async fn load_at_full_speed(&mut self, until: Instant, phase: Phase) -> Result<()> {
        let started = Instant::now();
        let traffic = self.traffic.clone();
        let mut run = Box::pin(traffic.run_for(until.saturating_duration_since(started)));
        let mut next = started + SAMPLE_EVERY;
        loop {
            tokio::select! {
                () = &mut run => return Ok(()),
                () = tokio::time::sleep_until(next) => {
                    next += SAMPLE_EVERY;
                    self.sample(phase, until).await?;
                    if phase == Phase::WarmUp && self.keeps_too_much(started).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn sample(&mut self, phase: Phase, until: Instant) -> Result<()> {
        let requests = self.traffic.requests();
        let started = self.started;
        self.each(async |isolate| {
            let memory = isolate.session.memory().await?;
            let collected = isolate.own_collections().await;
            isolate.add_sample(memory, collected, requests, millis(started), phase);
            Ok(())
        })
        .await?;
        self.ui.status(&self.status(phase, until));
        Ok(())
    }

    /// Looks, when a warm-up's heap has grown a lot, at how much of that stays, and slows down if it is much.
    async fn keeps_too_much(&mut self, started: Instant) -> Result<bool> {
        let pace = self.pace;
        let kept = self
            .each(async |isolate| {
                let before = isolate
                    .evidence
                    .warm_up
                    .map_or(0, |reading| reading.live_heap + reading.external);
                let now = isolate
                    .samples
                    .last()
                    .map_or(0, |(sample, _)| sample.heap_used + sample.external);
                if !pace.is_suspicious(now.saturating_sub(before)) {
                    return Ok(None);
                }
                let live = isolate.collect_garbage().await?.heap_used
                    + isolate.session.memory().await?.external;
                Ok(Some(Kept {
                    bytes: live.saturating_sub(before),
                    during: started.elapsed(),
                }))
            })
            .await?;
        let mut kept = kept.into_iter().flatten();
        Ok(kept.any(|rate| self.pace.slow_down(rate, self.round)))
    }
}
