//! Rounds of load with forced garbage collection after each, until every isolate's memory is understood.

mod explaining;
mod loading;
mod snapshotting;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use stanch_diagnosis::Phase;
use stanch_heap_growth::Growth;
use stanch_inspector::{Session, Worker};
use stanch_leak_patterns::Bytes;
use stanch_memory_verdict::{Decision, Need, Reading, ReleaseHint, Verdict};
use tokio::time::Instant;

use super::isolate::{Isolate, is_explained_by_snapshots};
use super::isolates::{is_end_of_worker, isolates, renew};
use super::pace::Pace;
use super::traffic::Traffic;
use crate::args::MeasureArgs;
use crate::ui::{Status, Ui};

/// One round may not be longer than this, however small the growth.
const LONGEST_ROUND: Duration = Duration::from_secs(30);

/// What the run came to.
pub(crate) struct Measured {
    /// The isolate that the verdict is about.
    pub(crate) isolate: Isolate,
    pub(crate) verdict: Verdict,
    /// What grew; none where no snapshots were taken.
    pub(crate) growth: Option<Growth>,
}

/// Whether a verdict stands once the sources were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Explained {
    Fully,
    /// The question is open again: entries are let go, or the worker that leaked has ended.
    Reopened,
}

/// The isolate that a verdict is about: a worker thread's, or the main thread's.
type Culprit = Option<Worker>;

/// One run over all isolates of a process.
pub(crate) struct Measurement<'a> {
    session: Session,
    args: &'a MeasureArgs,
    save: Option<PathBuf>,
    ui: &'a Ui,
    traffic: Traffic,
    isolates: Vec<Isolate>,
    started: Instant,
    round: Duration,
    rounds_done: u32,
    silent_rounds: u32,
    pace: Pace,
    /// The round after which to stop undecided.
    last_round: u32,
}

impl<'a> Measurement<'a> {
    /// Prepares every isolate that `--worker` asks for.
    pub(crate) async fn new(
        session: &Session,
        traffic: Traffic,
        args: &'a MeasureArgs,
        save: Option<PathBuf>,
        ui: &'a Ui,
    ) -> Result<Self> {
        Ok(Self {
            session: session.clone(),
            args,
            save,
            ui,
            traffic,
            isolates: isolates(session, args).await?,
            started: Instant::now(),
            round: args.round,
            rounds_done: 0,
            silent_rounds: 0,
            pace: Pace::full(),
            last_round: args.max_rounds,
        })
    }

    /// The traffic, for the report.
    pub(crate) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Measures until the verdict stands. `hint` reads from a leak's snapshots whether its source evicts.
    pub(crate) async fn run(
        &mut self,
        hint: impl Fn(&Growth) -> Option<ReleaseHint>,
    ) -> Result<Measured> {
        let started = self.started;
        self.each(async |isolate| {
            isolate.evidence.warm_up = Some(isolate.read(0, millis(started)).await?);
            Ok(())
        })
        .await?;
        self.load(self.args.warmup, Phase::WarmUp).await?;
        renew(&mut self.isolates, &self.session, self.args).await?;
        self.read_all().await?;
        self.each(async |isolate| match isolate.may_snapshot() {
            true => Ok(()),
            false => isolate.start_sampling().await,
        })
        .await?;
        loop {
            self.load(self.round, Phase::Load).await?;
            self.rounds_done += 1;
            self.read_all().await?;
            self.snapshot_growing().await?;
            // What the sources say can open the question again, and the answer may need no further round.
            while let Some((culprit, verdict)) = self.decide().await? {
                let explained = match self.explain(&culprit, &verdict, &hint).await {
                    Err(error) if let Some(index) = self.index_of(&culprit) => {
                        self.leave_out(index, error)?;
                        Explained::Reopened
                    }
                    explained => explained?,
                };
                if explained == Explained::Fully
                    && let Some(index) = self.index_of(&culprit)
                {
                    return self.measured(index, verdict);
                }
            }
        }
    }

    /// Where the isolate of a worker, or of the main thread, stands now: others before it may have ended.
    fn index_of(&self, culprit: &Culprit) -> Option<usize> {
        self.isolates
            .iter()
            .position(|isolate| isolate.worker == *culprit)
    }

    fn measured(&mut self, culprit: usize, verdict: Verdict) -> Result<Measured> {
        let isolate = self.isolates.swap_remove(culprit);
        let is_series = isolate.snapshots_taken() > 1;
        let growth = is_series.then(|| isolate.growth()).transpose()?;
        Ok(Measured {
            isolate,
            verdict,
            growth,
        })
    }

    async fn read_all(&mut self) -> Result<()> {
        let requests = self.traffic.requests_now().await?;
        let started = self.started;
        let readings = self
            .each(async |isolate| isolate.read(requests, millis(started)).await)
            .await?;
        for (isolate, reading) in self.isolates.iter_mut().zip(apart(readings)) {
            self.ui.detail(&format!(
                "{}: reading {} after {requests} requests: live heap {}, external {}, rss {}",
                isolate.name,
                isolate.evidence.readings.len(),
                Bytes(reading.live_heap),
                Bytes(reading.external),
                Bytes(reading.rss),
            ));
            isolate.evidence.readings.push(reading);
        }
        if let Some(kept) = self.isolates.iter().filter_map(Isolate::kept_last).max() {
            self.pace.adapt(kept);
        }
        Ok(())
    }

    /// Does something with every isolate. A worker that has ended is measured no further.
    async fn each<T>(&mut self, work: impl AsyncFn(&mut Isolate) -> Result<T>) -> Result<Vec<T>> {
        let mut results = Vec::new();
        while let Some(isolate) = self.isolates.get_mut(results.len()) {
            match work(isolate).await {
                Ok(result) => results.push(result),
                Err(error) => self.leave_out(results.len(), error)?,
            }
        }
        Ok(results)
    }

    /// Goes on without an isolate that could not be reached, if it was a worker that has ended.
    fn leave_out(&mut self, index: usize, error: anyhow::Error) -> Result<()> {
        if !is_end_of_worker(&error) || self.isolates.len() == 1 {
            return Err(error);
        }
        let gone = self.isolates.remove(index);
        self.ui.detail(&format!("{} has ended", gone.name));
        Ok(())
    }

    /// The verdict, once no isolate needs another measurement or one of them leaks.
    async fn decide(&mut self) -> Result<Option<(Culprit, Verdict)>> {
        let rounds_left = self.last_round.saturating_sub(self.rounds_done);
        let mut clean = None;
        let mut needs = Vec::new();
        for isolate in &mut self.isolates {
            match isolate.decide(rounds_left) {
                Decision::Decided(verdict) if is_explained_by_snapshots(verdict.kind) => {
                    return Ok(Some((isolate.worker.clone(), verdict)));
                }
                Decision::Decided(verdict) => {
                    clean = clean.or_else(|| Some((isolate.worker.clone(), verdict)));
                }
                Decision::More(need) => needs.push(need),
            }
        }
        match longest(&needs) {
            None => Ok(clean),
            Some(Need::Round { stretch }) => {
                self.round = self
                    .round
                    .mul_f64(stretch.clamp(0.5, 2.0))
                    .min(LONGEST_ROUND);
                Ok(None)
            }
            Some(Need::Pause { ms }) => {
                self.pause(Duration::from_millis(ms)).await?;
                // With the pause's reading the same question is asked again before any further load.
                Box::pin(self.decide()).await
            }
        }
    }

    async fn pause(&mut self, length: Duration) -> Result<()> {
        self.ui
            .status(&self.status(Phase::Pause, Instant::now() + length));
        // Between rounds nothing is sent; what others send goes on.
        tokio::time::sleep(length).await;
        let requests = self.traffic.requests_now().await?;
        let started = self.started;
        self.each(async |isolate| {
            isolate.evidence.pause = Some(isolate.read(requests, millis(started)).await?);
            Ok(())
        })
        .await?;
        Ok(())
    }

    fn status(&self, phase: Phase, until: Instant) -> Status {
        Status {
            phase,
            round: self.rounds_done + 1,
            max_rounds: self.args.max_rounds,
            requests_per_second: self.traffic.rate(),
            live_heap: self.isolates[0]
                .evidence
                .readings
                .iter()
                .map(|reading| reading.live_heap)
                .collect(),
            left: until.saturating_duration_since(Instant::now()),
        }
    }
}

/// Resident memory is the whole process's: each isolate's readings go without what the others have reserved.
fn apart(mut readings: Vec<Reading>) -> Vec<Reading> {
    let reserved = |reading: &Reading| reading.heap_total + reading.external;
    let all: u64 = readings.iter().map(reserved).sum();
    for reading in &mut readings {
        reading.rss = reading.rss.saturating_sub(all - reserved(reading));
    }
    readings
}

/// A pause answers more than a round, and a longer one more than a shorter one.
fn longest(needs: &[Need]) -> Option<Need> {
    needs.iter().copied().max_by(|a, b| {
        let weight = |need: &Need| match need {
            Need::Round { stretch } => *stretch,
            #[expect(clippy::cast_precision_loss, reason = "only compared")]
            Need::Pause { ms } => 1_000.0 + *ms as f64,
        };
        weight(a).total_cmp(&weight(b))
    })
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
