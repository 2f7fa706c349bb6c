//! Samples under load → does garbage collection cost too much?

use crate::evidence::{Evidence, LoadSample};
use crate::theil_sen::median;
use crate::thresholds as at;
use crate::verdict::{Answer, Measure, Step, Unit};
use crate::wording::{bytes, share};

/// How hard the collector works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressure {
    /// It takes a share of the time that requests feel.
    High,
    /// It does not, or nobody measured.
    Low,
}

/// Asks for the collector's share of the wall time under load.
pub(crate) fn pressure(evidence: &Evidence, steps: &mut Vec<Step>) -> Pressure {
    let shares = gc_shares(evidence);
    let busy = median(&shares);
    let full = fullness(evidence);
    let garbage = garbage(evidence);
    let (pressure, answer) = if shares.is_empty() {
        (
            Pressure::Low,
            Answer::CannotTell("no samples were taken while the load ran".to_owned()),
        )
    } else if busy >= at::GC_SHARE_FULL_HEAP && full > at::FULL_HEAP {
        (
            Pressure::High,
            Answer::Yes(format!(
                "{} of the time under load, with the heap {} full",
                share(busy),
                share(full)
            )),
        )
    } else if (busy >= at::GC_SHARE_FELT && garbage >= at::MUCH_GARBAGE)
        || (busy >= at::GC_SHARE && garbage >= at::SOME_GARBAGE)
    {
        (
            Pressure::High,
            Answer::Yes(format!(
                "{} of the time under load, for {} of garbage that each request leaves",
                share(busy),
                bytes(garbage)
            )),
        )
    } else {
        (
            Pressure::Low,
            Answer::No(format!("{} of the time under load", share(busy))),
        )
    };
    let range = shares
        .iter()
        .copied()
        .fold((f64::MAX, 0.0f64), |(low, high), part| {
            (low.min(part), high.max(part))
        });
    steps.push(Step {
        question: "Does garbage collection take too much of the time?".to_owned(),
        answer,
        measure: Measure {
            name: "gc_share",
            value: busy,
            unit: Unit::Share,
            interval: if shares.is_empty() { (0.0, 1.0) } else { range },
        },
    });
    pressure
}

/// Collection time over wall time, once per round: pairs of samples with a reading between them hold forced
/// collections and are left out.
fn gc_shares(evidence: &Evidence) -> Vec<f64> {
    let round_of = |sample: &LoadSample| {
        evidence
            .readings
            .partition_point(|reading| reading.at_ms < sample.at_ms)
    };
    let samples = &evidence.under_load;
    let mut shares = Vec::new();
    for of_round in samples.chunk_by(|one, next| round_of(one) == round_of(next)) {
        let (Some(first), Some(last)) = (of_round.first(), of_round.last()) else {
            continue;
        };
        let wall = last.at_ms.saturating_sub(first.at_ms) as f64;
        if wall > 0.0 {
            shares.push(((last.gc_ms - first.gc_ms) / wall).clamp(0.0, 1.0));
        }
    }
    shares
}

/// Bytes of garbage per request over all rounds; what the forced collections freed is the rounds' last garbage and left
/// out. 0 when nobody measured it.
fn garbage(evidence: &Evidence) -> f64 {
    let samples = &evidence.under_load;
    let ends = samples.first().zip(samples.last());
    ends.map_or(0.0, |(first, last)| {
        let requests = last.requests.saturating_sub(first.requests).max(1);
        last.freed.saturating_sub(first.freed) as f64 / requests as f64
    })
}

/// How full the heap is under load, of its limit; 0 when the limit is unknown. What V8 has reserved is no measure: with
/// 300 MB of live objects it is always nearly full, and grows when asked.
fn fullness(evidence: &Evidence) -> f64 {
    evidence.limits.heap_limit.map_or(0.0, |limit| {
        let used: Vec<f64> = evidence
            .under_load
            .iter()
            .map(|sample| sample.heap_used as f64)
            .collect();
        median(&used) / limit.max(1) as f64
    })
}
