//! One isolate of the process under measurement: its readings, its snapshots, its decision.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use stanch_diagnosis::{Artifact, ArtifactKind};
use stanch_heap_graph::HeapGraph;
use stanch_heap_growth::{Growth, Series};
use stanch_heap_snapshot::SnapshotParser;
use stanch_inspector::{Collections, LiveHeap, MemoryUsage, Session, SnapshotProgress, Worker};
use stanch_leak_patterns::Bytes;
use stanch_memory_verdict::{Decision, Evidence, Limits, LoadSample, Reading, VerdictKind, decide};

use super::save::SnapshotFile;

/// Growth since the last reading that makes a snapshot worth its pause: above what idle heaps move by.
const NOTICEABLE: u64 = 48 << 10;
/// The same per request; clean services measured at most 16, slow leaks start at 150.
const NOTICEABLE_PER_REQUEST: f64 = 20.0;
/// Bytes between two samples: at 32 KB a leak of 1 MB is located, at 512 KB it is invisible.
const SAMPLING_INTERVAL: u64 = 32 << 10;
/// Snapshots of a series: two would tell what grew, the third tells steady growth from a one-time fill.
const SERIES: usize = 3;

/// The main thread or a worker thread.
pub(crate) struct Isolate {
    /// `main`, or the worker's title.
    pub(crate) name: String,
    /// The worker thread; none for the main thread.
    pub(crate) worker: Option<Worker>,
    pub(crate) session: Session,
    pub(crate) evidence: Evidence,
    pub(crate) samples: Vec<(LoadSample, stanch_diagnosis::Phase)>,
    pub(crate) heap_limit: Option<u64>,
    /// Resident memory that our snapshots have left behind.
    resident_by_snapshots: u64,
    /// Collections that we forced.
    forced: Collections,
    series: Series,
    /// The first snapshot came after this many requests.
    first_at: u64,
    last: Option<(HeapGraph, u64)>,
    pub(crate) snapshots: SnapshotPolicy,
    pub(crate) artifacts: Vec<Artifact>,
}

/// Whether snapshots may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SnapshotPolicy {
    /// When memory grows.
    WhenGrowing,
    /// Not at all, and why.
    Never(String),
}

impl Isolate {
    pub(crate) fn new(
        worker: Option<Worker>,
        session: Session,
        heap_limit: Option<u64>,
        snapshots: SnapshotPolicy,
    ) -> Self {
        let name = match &worker {
            Some(worker) => format!("worker {}: {}", worker.id, worker.title),
            None => "main".to_owned(),
        };
        Self {
            name,
            worker,
            session,
            evidence: Evidence::default(),
            samples: Vec::new(),
            heap_limit,
            resident_by_snapshots: 0,
            forced: Collections::default(),
            series: Series::new(),
            first_at: 0,
            last: None,
            snapshots,
            artifacts: Vec::new(),
        }
    }

    /// Forces garbage collection; its time is not the service's.
    pub(crate) async fn collect_garbage(&mut self) -> Result<LiveHeap> {
        // Node before 18.15 counts no collections; the verdict then goes without.
        let before = self.session.collections().await.unwrap_or_default();
        let live = self.session.collect_garbage().await?;
        let after = self.session.collections().await.unwrap_or_default();
        self.forced.total += after.total.saturating_sub(before.total);
        self.forced.count += after.count.saturating_sub(before.count);
        self.forced.major += after.major.saturating_sub(before.major);
        self.forced.freed += after.freed.saturating_sub(before.freed);
        Ok(live)
    }

    /// The garbage collection that the service itself caused.
    pub(crate) async fn own_collections(&self) -> Collections {
        let all = self.session.collections().await.unwrap_or_default();
        Collections {
            total: all.total.saturating_sub(self.forced.total),
            count: all.count.saturating_sub(self.forced.count),
            major: all.major.saturating_sub(self.forced.major),
            freed: all.freed.saturating_sub(self.forced.freed),
        }
    }

    /// Forces garbage collection and reads what stayed.
    pub(crate) async fn read(&mut self, requests: u64, at_ms: u64) -> Result<Reading> {
        let live = self.collect_garbage().await?;
        let after = self.session.memory().await?;
        Ok(Reading {
            requests,
            at_ms,
            live_heap: live.heap_used,
            heap_total: after.heap_total,
            external: after.external,
            array_buffers: after.array_buffers,
            rss: after.rss.saturating_sub(self.resident_by_snapshots),
        })
    }

    pub(crate) fn add_sample(
        &mut self,
        memory: MemoryUsage,
        collected: Collections,
        requests: u64,
        at_ms: u64,
        phase: stanch_diagnosis::Phase,
    ) {
        let sample = LoadSample {
            at_ms,
            heap_used: memory.heap_used,
            heap_total: memory.heap_total,
            rss: memory.rss.saturating_sub(self.resident_by_snapshots),
            external: memory.external,
            array_buffers: memory.array_buffers,
            gc_ms: collected.total.as_secs_f64() * 1e3,
            freed: collected.freed,
            requests,
        };
        self.samples.push((sample, phase));
        if phase == stanch_diagnosis::Phase::Load {
            self.evidence.under_load.push(sample);
        }
    }

    /// What the readings so far say.
    pub(crate) fn decide(&mut self, rounds_left: u32) -> Decision {
        self.evidence.limits = Limits {
            rounds_left,
            heap_limit: self.heap_limit,
        };
        decide(&self.evidence)
    }

    /// Whether the newest reading shows growth that a snapshot could explain.
    pub(crate) fn is_growing(&self) -> bool {
        let [.., before, now] = self.evidence.readings.as_slice() else {
            return false;
        };
        let requests = now.requests.saturating_sub(before.requests).max(1);
        let grown = |before: u64, now: u64| {
            let bytes = now.saturating_sub(before);
            #[expect(clippy::cast_precision_loss, reason = "a coarse threshold")]
            let rate = bytes as f64 / requests as f64;
            bytes > NOTICEABLE && rate > NOTICEABLE_PER_REQUEST
        };
        grown(before.live_heap, now.live_heap) || grown(before.external, now.external)
    }

    /// Bytes of heap and buffers that the newest round left behind; none before the first round.
    pub(crate) fn kept_last(&self) -> Option<u64> {
        let [.., before, now] = self.evidence.readings.as_slice() else {
            return None;
        };
        Some((now.live_heap + now.external).saturating_sub(before.live_heap + before.external))
    }

    /// Snapshots taken so far.
    pub(crate) fn snapshots_taken(&self) -> usize {
        self.series.len() + usize::from(self.last.is_some())
    }

    /// Whether the series is long enough to tell steady growth from a one-time fill.
    pub(crate) fn has_series(&self) -> bool {
        self.snapshots_taken() >= SERIES
    }

    /// Samples allocations from now on, in the place of snapshots.
    pub(crate) async fn start_sampling(&mut self) -> Result<()> {
        Ok(self.session.start_sampling(SAMPLING_INTERVAL).await?)
    }

    /// Whether snapshots of this isolate may be taken.
    pub(crate) fn may_snapshot(&self) -> bool {
        self.snapshots == SnapshotPolicy::WhenGrowing
    }

    /// Takes the next snapshot of the series; it is parsed while it arrives.
    pub(crate) async fn take_snapshot(
        &mut self,
        requests: u64,
        save: Option<PathBuf>,
        progress: impl FnMut(SnapshotProgress),
    ) -> Result<()> {
        let resident = self.session.memory().await?.rss;
        let mut parser = SnapshotParser::new();
        let mut file = save.map(SnapshotFile::create).transpose()?;
        let taken = self
            .session
            .take_snapshot(
                |chunk| -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
                    if let Some(file) = &mut file {
                        file.write(chunk)?;
                    }
                    Ok(parser.push(chunk)?)
                },
                progress,
            )
            .await?;
        if let Some(file) = file {
            let path = file.finish()?;
            self.artifacts.push(Artifact {
                kind: ArtifactKind::Snapshot,
                path: path.display().to_string(),
                bytes: Bytes(taken.bytes),
            });
        }
        let graph = HeapGraph::build(parser.finish()?)
            .context("the snapshot that Node sent does not hold together")?;
        // Node keeps much of what the snapshot took; the verdict is about the service.
        let raised = self.session.memory().await?.rss.saturating_sub(resident);
        self.resident_by_snapshots += raised;
        match self.last.replace((graph, requests)) {
            Some((previous, at)) => self.series.add(&previous, at),
            None => {
                self.first_at = requests;
                // Beside the snapshots, for what they do not lead back to the sources; it is no loss where it is
                // refused.
                drop(self.start_sampling().await);
            }
        }
        Ok(())
    }

    /// Requests completed by the newest snapshot.
    pub(crate) fn requests_at_last(&self) -> Option<u64> {
        self.last.as_ref().map(|(_, at)| *at)
    }

    /// Requests completed between the first and the newest snapshot.
    pub(crate) fn requests_in_series(&self) -> u64 {
        self.last
            .as_ref()
            .map_or(0, |(_, at)| at.saturating_sub(self.first_at))
    }

    /// What has grown between the first and the newest snapshot.
    pub(crate) fn growth(&self) -> Result<Growth> {
        let Some((last, requests)) = self.last.as_ref().filter(|_| !self.series.is_empty()) else {
            bail!("too few snapshots were taken")
        };
        Ok(self.series.growth(last, *requests))
    }
}

/// Whether a verdict names memory that snapshots can explain.
pub(crate) fn is_explained_by_snapshots(kind: VerdictKind) -> bool {
    matches!(kind, VerdictKind::Leak | VerdictKind::BufferLeak)
}
