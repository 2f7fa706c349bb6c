//! Rounds of load with forced garbage collection after each, until every isolate's memory is understood.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use stanch_diagnosis::Phase;
use stanch_heap_growth::Growth;
use stanch_inspector::Session;
use stanch_leak_patterns::Bytes;
use stanch_memory_verdict::{Decision, Lifetime, Need, Reading, ReleaseHint, Verdict};
use tokio::time::Instant;

use super::isolate::{Isolate, SnapshotPolicy, is_explained_by_snapshots};
use super::pace::{Kept, Pace};
use super::traffic::Traffic;
use crate::args::MeasureArgs;
use crate::ui::{Status, Ui};

/// Time between two readings under load.
const SAMPLE_EVERY: Duration = Duration::from_millis(250);
/// Worker threads measured one by one; a pool of more does the same work in each.
const WORKERS: usize = 8;
/// One round may not be longer than this, however small the growth.
const LONGEST_ROUND: Duration = Duration::from_secs(30);
/// Rounds that show whether a holder which lets go by time does so; the pause after them shows the rest.
const EXPIRY_ROUNDS: u32 = 2;
/// Rounds in a row without a single finished request before the run is given up.
const SILENT_ROUNDS: u32 = 2;
/// Holders of a true leak account for nine tenths of its growth and more; a quarter leaves room for what hangs elsewhere.
const EXPLAINED: f64 = 0.25;

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
    /// They show that entries are let go: the question is open again.
    ButEvicting,
}

/// One run over all isolates of a process.
pub(crate) struct Measurement<'a> {
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
        for isolate in &mut self.isolates {
            isolate.evidence.warm_up = Some(isolate.read(0, millis(self.started)).await?);
        }
        self.load(self.args.warmup, Phase::WarmUp).await?;
        self.read_all().await?;
        for isolate in self
            .isolates
            .iter_mut()
            .filter(|isolate| !isolate.may_snapshot())
        {
            isolate.start_sampling().await?;
        }
        loop {
            self.load(self.round, Phase::Load).await?;
            self.rounds_done += 1;
            self.read_all().await?;
            self.snapshot_growing().await?;
            // What the sources say can open the question again, and the answer may need no further round.
            while let Some((culprit, verdict)) = self.decide().await? {
                if self.explain(culprit, &verdict, &hint).await? == Explained::Fully {
                    return self.measured(culprit, verdict);
                }
            }
        }
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

    /// Drives load, at full speed or in bursts, while reading memory now and then.
    async fn load(&mut self, length: Duration, phase: Phase) -> Result<()> {
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
        for isolate in &mut self.isolates {
            let memory = isolate.session.memory().await?;
            let collected = isolate.own_collections().await;
            isolate.add_sample(memory, collected, requests, millis(self.started), phase);
        }
        self.ui.status(&self.status(phase, until));
        Ok(())
    }

    /// Looks, when a warm-up's heap has grown a lot, at how much of that stays, and slows down if it is much.
    async fn keeps_too_much(&mut self, started: Instant) -> Result<bool> {
        for index in 0..self.isolates.len() {
            let isolate = &mut self.isolates[index];
            let before = isolate
                .evidence
                .warm_up
                .map_or(0, |reading| reading.live_heap + reading.external);
            let now = isolate
                .samples
                .last()
                .map_or(0, |(sample, _)| sample.heap_used + sample.external);
            if !self.pace.is_suspicious(now.saturating_sub(before)) {
                continue;
            }
            let live = isolate.collect_garbage().await?.heap_used
                + isolate.session.memory().await?.external;
            let rate = Kept {
                bytes: live.saturating_sub(before),
                during: started.elapsed(),
            };
            if self.pace.slow_down(rate, self.round) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn read_all(&mut self) -> Result<()> {
        let requests = self.traffic.requests_now().await?;
        let mut readings = Vec::new();
        for isolate in &mut self.isolates {
            readings.push(isolate.read(requests, millis(self.started)).await?);
        }
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

    /// Snapshots begin with the first noticeable growth, so that a healthy service is never stopped for one.
    async fn snapshot_growing(&mut self) -> Result<()> {
        for index in 0..self.isolates.len() {
            let isolate = &self.isolates[index];
            // The third belongs to the moment of the decision.
            if isolate.snapshots_taken() < 2
                && (isolate.snapshots_taken() > 0 || isolate.is_growing())
            {
                self.take_snapshot(index).await?;
            }
        }
        Ok(())
    }

    async fn take_snapshot(&mut self, index: usize) -> Result<()> {
        if !self.isolates[index].may_snapshot() || !self.has_headroom(index).await? {
            return Ok(());
        }
        let requests = self.traffic.requests();
        let isolate = &mut self.isolates[index];
        let number = isolate.snapshots_taken() + 1;
        let path = self.save.as_ref().map(|folder| {
            folder.join(format!(
                "{}-{number}.heapsnapshot",
                file_name(&isolate.name)
            ))
        });
        let ui = self.ui;
        isolate
            .take_snapshot(requests, path, |progress| ui.snapshot(number, progress))
            .await
    }

    async fn has_headroom(&mut self, index: usize) -> Result<bool> {
        if self.args.force {
            return Ok(true);
        }
        let isolate = &mut self.isolates[index];
        let headroom = isolate.session.headroom().await?;
        if headroom.is_enough() {
            return Ok(true);
        }
        let free = headroom.free.map_or_else(
            || "unknown".to_owned(),
            |(bytes, _)| Bytes(bytes).to_string(),
        );
        isolate.snapshots = SnapshotPolicy::Never(format!(
            "No snapshot was taken: it may need {} more memory, and free is {free}. --force takes it all the same.",
            Bytes(headroom.needed)
        ));
        isolate.start_sampling().await?;
        Ok(false)
    }

    /// The verdict, once no isolate needs another measurement or one of them leaks.
    async fn decide(&mut self) -> Result<Option<(usize, Verdict)>> {
        let rounds_left = self.last_round.saturating_sub(self.rounds_done);
        let mut clean = None;
        let mut needs = Vec::new();
        for (index, isolate) in self.isolates.iter_mut().enumerate() {
            match isolate.decide(rounds_left) {
                Decision::Decided(verdict) if is_explained_by_snapshots(verdict.kind) => {
                    return Ok(Some((index, verdict)));
                }
                Decision::Decided(verdict) => clean = clean.or(Some((index, verdict))),
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
        for isolate in &mut self.isolates {
            isolate.evidence.pause = Some(isolate.read(requests, millis(self.started)).await?);
        }
        Ok(())
    }

    /// Completes a leak's snapshots, and asks the sources whether they evict.
    async fn explain(
        &mut self,
        culprit: usize,
        verdict: &Verdict,
        hint: &impl Fn(&Growth) -> Option<ReleaseHint>,
    ) -> Result<Explained> {
        if !is_explained_by_snapshots(verdict.kind) || !self.isolates[culprit].may_snapshot() {
            return Ok(Explained::Fully);
        }
        // After a pause nothing has come since the last one: a step without requests would look like no growth.
        if self.isolates[culprit].requests_at_last() != Some(self.traffic.requests()) {
            self.take_snapshot(culprit).await?;
        }
        if !self.isolates[culprit].may_snapshot() {
            // Sampling has begun this moment: one round shows it what stays.
            self.load(self.round, Phase::Load).await?;
            return Ok(Explained::Fully);
        }
        while !self.isolates[culprit].has_series() && self.isolates[culprit].may_snapshot() {
            self.load(self.args.round, Phase::Load).await?;
            self.read_all().await?;
            self.take_snapshot(culprit).await?;
        }
        let isolate = &mut self.isolates[culprit];
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
        Ok(Explained::ButEvicting)
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

async fn isolates(session: &Session, args: &MeasureArgs) -> Result<Vec<Isolate>> {
    let policy = || {
        if args.sampling {
            SnapshotPolicy::Never(
                "No snapshot was taken: --sampling asks for sampled allocations only.".to_owned(),
            )
        } else {
            SnapshotPolicy::WhenGrowing
        }
    };
    let mut isolates = Vec::new();
    if args.worker == "all" || args.worker == "main" {
        isolates.push(Isolate::new(
            "main".to_owned(),
            session.clone(),
            session.heap_limit().await.ok(),
            policy(),
        ));
    }
    if args.worker != "main" {
        for worker in session.workers().await?.into_iter().take(WORKERS) {
            if args.worker == "all" || worker.id == args.worker {
                let own = session.worker(&worker.id).await?;
                let limit = own.heap_limit().await.ok();
                isolates.push(Isolate::new(
                    format!("worker {}: {}", worker.id, worker.title),
                    own,
                    limit,
                    policy(),
                ));
            }
        }
    }
    if isolates.is_empty() {
        bail!(
            "there is no worker `{}`; --worker takes all, main, or the id of a worker thread that runs",
            args.worker
        );
    }
    Ok(isolates)
}

fn file_name(isolate: &str) -> String {
    isolate
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(40)
        .collect()
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
