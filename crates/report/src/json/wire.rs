//! The shape of `stanch.diagnosis/1`: fields may be added, never renamed or removed.

use serde::Serialize;
use stanch_diagnosis::{
    Artifact, ArtifactKind, CodeFrame, CodeLine, Diagnosis, Holder, HolderGrowth, Load, Memory,
    Objects, Phase, Remedy, Round, Sample, Site, Suspect, Target,
};
use stanch_leak_patterns::Place;
use stanch_memory_verdict::{Growth, Measure, Step, Verdict};

use crate::advice;
use crate::forecast;

/// The whole report.
#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    schema: &'static str,
    tool: WireTool,
    target: WireTarget<'a>,
    verdict: WireVerdict<'a>,
    memory: WireMemory,
    load: Option<WireLoad<'a>>,
    suspects: Vec<WireSuspect<'a>>,
    advice: Vec<String>,
    notes: &'a [String],
    artifacts: WireArtifacts<'a>,
}

impl<'a> Report<'a> {
    /// The wire form of a diagnosis.
    pub(super) fn of(diagnosis: &'a Diagnosis) -> Self {
        Self {
            schema: "stanch.diagnosis/1",
            tool: WireTool {
                name: "stanch",
                version: env!("CARGO_PKG_VERSION"),
            },
            target: WireTarget::of(&diagnosis.target),
            verdict: WireVerdict::of(diagnosis),
            memory: WireMemory::of(&diagnosis.memory),
            load: diagnosis.load.as_ref().map(WireLoad::of),
            suspects: diagnosis.suspects.iter().map(WireSuspect::of).collect(),
            advice: advice::flags(diagnosis),
            notes: &diagnosis.notes,
            artifacts: WireArtifacts::of(&diagnosis.artifacts),
        }
    }
}

#[derive(Debug, Serialize)]
struct WireTool {
    name: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct WireTarget<'a> {
    command: &'a [String],
    files: &'a [String],
    pid: Option<u32>,
    node: Option<&'a str>,
    v8: Option<&'a str>,
    isolate: &'a str,
    heap_limit: Option<u64>,
}

impl<'a> WireTarget<'a> {
    fn of(target: &'a Target) -> Self {
        Self {
            command: &target.command,
            files: &target.files,
            pid: target.pid,
            node: target.node.as_deref(),
            v8: target.v8.as_deref(),
            isolate: &target.isolate,
            heap_limit: target.heap_limit.map(|limit| limit.0),
        }
    }
}

#[derive(Debug, Serialize)]
struct WireVerdict<'a> {
    kind: &'static str,
    confidence: Option<f64>,
    steps: Vec<WireStep<'a>>,
    growth: Option<WireGrowth>,
    /// Bytes per request; null without requests.
    smallest_seen: Option<f64>,
    would_change: &'a str,
    forecast: Option<WireForecast>,
}

impl<'a> WireVerdict<'a> {
    fn of(diagnosis: &'a Diagnosis) -> Self {
        let verdict: &'a Verdict = &diagnosis.verdict;
        Self {
            kind: verdict.kind.id(),
            confidence: finite(verdict.confidence),
            steps: verdict.steps.iter().map(WireStep::of).collect(),
            growth: verdict.growth.as_ref().map(WireGrowth::of),
            smallest_seen: finite(verdict.smallest_seen.0),
            would_change: &verdict.would_change,
            forecast: forecast::until_full(diagnosis).map(|forecast| WireForecast {
                heap_limit: forecast.limit.0,
                requests: forecast.requests,
                requests_per_second: forecast.pace.and_then(|pace| finite(pace.rate)),
                seconds: forecast.pace.and_then(|pace| finite(pace.seconds)),
            }),
        }
    }
}

#[derive(Debug, Serialize)]
struct WireStep<'a> {
    question: &'a str,
    answer: &'static str,
    detail: &'a str,
    measure: WireMeasure,
}

impl<'a> WireStep<'a> {
    fn of(step: &'a Step) -> Self {
        Self {
            question: &step.question,
            answer: step.answer.word(),
            detail: step.answer.detail(),
            measure: WireMeasure::of(&step.measure),
        }
    }
}

#[derive(Debug, Serialize)]
struct WireMeasure {
    name: &'static str,
    value: Option<f64>,
    unit: &'static str,
    interval: [Option<f64>; 2],
}

impl WireMeasure {
    fn of(measure: &Measure) -> Self {
        Self {
            name: measure.name,
            value: finite(measure.value),
            unit: measure.unit.id(),
            interval: [finite(measure.interval.0), finite(measure.interval.1)],
        }
    }
}

#[derive(Debug, Serialize)]
struct WireGrowth {
    quantity: &'static str,
    bytes_per_request: Option<f64>,
    interval: [Option<f64>; 2],
    per_step: Vec<Option<f64>>,
}

impl WireGrowth {
    fn of(growth: &Growth) -> Self {
        Self {
            quantity: growth.quantity.id(),
            bytes_per_request: finite(growth.bytes_per_request.0),
            interval: [finite(growth.interval.0.0), finite(growth.interval.1.0)],
            per_step: growth.per_step.iter().map(|step| finite(step.0)).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct WireForecast {
    heap_limit: u64,
    requests: u64,
    requests_per_second: Option<f64>,
    seconds: Option<f64>,
}

#[derive(Debug, Serialize)]
struct WireMemory {
    samples: Vec<WireSample>,
    rounds: Vec<WireRound>,
}

impl WireMemory {
    fn of(memory: &Memory) -> Self {
        Self {
            samples: memory.samples.iter().map(WireSample::of).collect(),
            rounds: memory.rounds.iter().map(WireRound::of).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct WireSample {
    t_ms: u64,
    phase: &'static str,
    requests: u64,
    rss: u64,
    heap_total: u64,
    heap_used: u64,
    external: u64,
    array_buffers: u64,
}

impl WireSample {
    const fn of(sample: &Sample) -> Self {
        Self {
            t_ms: sample.t_ms,
            phase: match sample.phase {
                Phase::WarmUp => "warm-up",
                Phase::Load => "load",
                Phase::Pause => "pause",
            },
            requests: sample.requests,
            rss: sample.rss.0,
            heap_total: sample.heap_total.0,
            heap_used: sample.heap_used.0,
            external: sample.external.0,
            array_buffers: sample.array_buffers.0,
        }
    }
}

#[derive(Debug, Serialize)]
struct WireRound {
    requests: u64,
    live_heap: u64,
    external: u64,
    array_buffers: u64,
    rss: u64,
}

impl WireRound {
    const fn of(round: &Round) -> Self {
        Self {
            requests: round.requests,
            live_heap: round.live_heap.0,
            external: round.external.0,
            array_buffers: round.array_buffers.0,
            rss: round.rss.0,
        }
    }
}

#[derive(Debug, Serialize)]
struct WireLoad<'a> {
    urls: &'a [String],
    connections: u32,
    requests: u64,
    errors: u64,
    latency_ms: WireLatency,
}

#[derive(Debug, Serialize)]
struct WireLatency {
    p50: Option<f64>,
    p99: Option<f64>,
}

impl<'a> WireLoad<'a> {
    fn of(load: &'a Load) -> Self {
        Self {
            urls: &load.urls,
            connections: load.connections,
            requests: load.requests,
            errors: load.errors,
            latency_ms: WireLatency {
                p50: finite(load.p50_ms),
                p99: finite(load.p99_ms),
            },
        }
    }
}

#[derive(Debug, Serialize)]
struct WireSuspect<'a> {
    rank: u32,
    pattern: Option<&'static str>,
    confidence: &'static str,
    holder: WireHolder<'a>,
    growth: WireHolderGrowth,
    sites: Vec<WireSite<'a>>,
    path: &'a [String],
    objects: Vec<WireObjects<'a>>,
    reasons: &'a [String],
    frames: Vec<WireFrame<'a>>,
    remedy: WireRemedy<'a>,
}

impl<'a> WireSuspect<'a> {
    fn of(suspect: &'a Suspect) -> Self {
        Self {
            rank: suspect.rank,
            pattern: suspect.pattern.map(stanch_leak_patterns::Pattern::id),
            confidence: suspect.confidence.id(),
            holder: WireHolder::of(&suspect.holder),
            growth: WireHolderGrowth::of(&suspect.growth),
            sites: suspect.sites.iter().map(WireSite::of).collect(),
            path: &suspect.path,
            objects: suspect.objects.iter().map(WireObjects::of).collect(),
            reasons: &suspect.reasons,
            frames: suspect.frames.iter().map(WireFrame::of).collect(),
            remedy: WireRemedy::of(suspect, &suspect.remedy),
        }
    }
}

#[derive(Debug, Serialize)]
struct WirePlace<'a> {
    file: &'a str,
    line: u32,
    column: u32,
}

impl<'a> WirePlace<'a> {
    fn of(place: &'a Place) -> Self {
        Self {
            file: &place.file,
            line: place.line,
            column: place.column,
        }
    }
}

#[derive(Debug, Serialize)]
struct WireHolder<'a> {
    name: &'a str,
    qualified: Option<&'a str>,
    kind: &'a str,
    location: Option<WirePlace<'a>>,
    generated: Option<WirePlace<'a>>,
    package: Option<&'a str>,
    worker: Option<&'a str>,
}

impl<'a> WireHolder<'a> {
    fn of(holder: &'a Holder) -> Self {
        Self {
            name: &holder.name,
            qualified: holder.qualified.as_deref(),
            kind: &holder.kind,
            location: holder.location.as_ref().map(WirePlace::of),
            generated: holder.generated.as_ref().map(WirePlace::of),
            package: holder.package.as_deref(),
            worker: holder.worker.as_deref(),
        }
    }
}

#[derive(Debug, Serialize)]
struct WireHolderGrowth {
    count: Vec<u64>,
    retained_bytes: Vec<u64>,
    bytes_per_request: Option<f64>,
    share: Option<f64>,
}

impl WireHolderGrowth {
    fn of(growth: &HolderGrowth) -> Self {
        Self {
            count: growth.count.clone(),
            retained_bytes: growth.retained.iter().map(|bytes| bytes.0).collect(),
            bytes_per_request: growth.per_request.and_then(|rate| finite(rate.0)),
            share: finite(growth.share),
        }
    }
}

#[derive(Debug, Serialize)]
struct WireSite<'a> {
    role: &'static str,
    location: WirePlace<'a>,
    generated: Option<WirePlace<'a>>,
}

impl<'a> WireSite<'a> {
    fn of(site: &'a Site) -> Self {
        Self {
            role: site.role.id(),
            location: WirePlace::of(&site.place),
            generated: site.generated.as_ref().map(WirePlace::of),
        }
    }
}

#[derive(Debug, Serialize)]
struct WireObjects<'a> {
    class: &'a str,
    count: u64,
    bytes: u64,
}

impl<'a> WireObjects<'a> {
    fn of(objects: &'a Objects) -> Self {
        Self {
            class: &objects.class,
            count: objects.count,
            bytes: objects.bytes.0,
        }
    }
}

#[derive(Debug, Serialize)]
struct WireFrame<'a> {
    label: &'a str,
    location: WirePlace<'a>,
    width: u32,
    lines: Vec<WireLine<'a>>,
}

#[derive(Debug, Serialize)]
struct WireLine<'a> {
    number: u32,
    text: &'a str,
}

impl<'a> WireFrame<'a> {
    fn of(frame: &'a CodeFrame) -> Self {
        let line = |line: &'a CodeLine| WireLine {
            number: line.number,
            text: &line.text,
        };
        Self {
            label: &frame.label,
            location: WirePlace::of(&frame.place),
            width: frame.width,
            lines: frame.lines.iter().map(line).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct WireRemedy<'a> {
    summary: &'a str,
    advice: &'a [String],
    pattern_doc: Option<String>,
    patch: Option<&'a str>,
}

impl<'a> WireRemedy<'a> {
    fn of(suspect: &Suspect, remedy: &'a Remedy) -> Self {
        Self {
            summary: &remedy.summary,
            advice: &remedy.advice,
            pattern_doc: suspect
                .pattern
                .map(|pattern| format!("stanch explain {pattern}")),
            patch: remedy.patch.as_deref(),
        }
    }
}

#[derive(Debug, Serialize)]
struct WireArtifacts<'a> {
    snapshots: Vec<WireArtifact<'a>>,
    samples: Vec<WireArtifact<'a>>,
}

#[derive(Debug, Serialize)]
struct WireArtifact<'a> {
    path: &'a str,
    bytes: u64,
}

impl<'a> WireArtifacts<'a> {
    fn of(artifacts: &'a [Artifact]) -> Self {
        let of_kind = |kind| {
            let matching = artifacts
                .iter()
                .filter(move |artifact| artifact.kind == kind);
            matching
                .map(|artifact| WireArtifact {
                    path: &artifact.path,
                    bytes: artifact.bytes.0,
                })
                .collect()
        };
        Self {
            snapshots: of_kind(ArtifactKind::Snapshot),
            samples: of_kind(ArtifactKind::Samples),
        }
    }
}

/// JSON has no infinity: what is none becomes null.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
