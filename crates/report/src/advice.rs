//! Readings of a service that does not leak → the V8 flags that would help it, with the numbers that justify them.

use stanch_diagnosis::{Diagnosis, Phase, Round, Sample};
use stanch_leak_patterns::Bytes;
use stanch_memory_verdict::VerdictKind;

use crate::number::{float, percent, whole};

const MEGABYTE: u64 = 1 << 20;
/// Steps in which a heap limit is proposed: finer ones would pretend to know the next release's live heap.
const LIMIT_STEP: u64 = 64 * MEGABYTE;
/// The semi-space proposed against frequent scavenges, four times V8's own 16 MB.
const SEMI_SPACE: u64 = 64;
/// V8's young generation is up to three semi-spaces.
const SEMI_SPACES: u64 = 3;
/// A live heap beyond this part of the limit leaves V8 too little room to put collections off.
const CROWDED: f64 = 0.7;

/// A sentence per flag; empty for verdicts that no flag helps.
pub(crate) fn flags(diagnosis: &Diagnosis) -> Vec<String> {
    let Some(last) = diagnosis.memory.rounds.last() else {
        return Vec::new();
    };
    match diagnosis.verdict.kind {
        VerdictKind::RetainedPages => against_retained_pages(diagnosis, last),
        VerdictKind::GcPressure => against_pressure(diagnosis, last),
        _ => Vec::new(),
    }
}

fn against_retained_pages(diagnosis: &Diagnosis, last: &Round) -> Vec<String> {
    let limit = roomy_limit(last.live_heap);
    let today = match diagnosis.target.heap_limit {
        Some(limit) => format!("the limit is {limit} today"),
        None => "V8 takes its limit from the machine today".to_owned(),
    };
    let mut sentences = vec![
        "Nothing has to be fixed unless the container is too small for these pages.".to_owned(),
        format!(
            "`--max-old-space-size={}` makes V8 collect long before that: {} are alive, {today}.",
            limit.0 / MEGABYTE,
            last.live_heap
        ),
    ];
    if let Some(outside) = outside_the_heap(&diagnosis.memory.samples) {
        sentences.push(format!(
            "A container of {} then suffices: that limit, {outside} measured outside the heap, and a quarter to spare.",
            Bytes((limit.0 + outside.0) / 4 * 5)
        ));
    }
    sentences.push(
        "`--optimize-for-size` makes V8 hand pages back sooner and keep its young generation small, which costs speed."
            .to_owned(),
    );
    sentences
}

fn against_pressure(diagnosis: &Diagnosis, last: &Round) -> Vec<String> {
    let mut sentences = Vec::new();
    let crowded = diagnosis
        .target
        .heap_limit
        .filter(|limit| float(last.live_heap.0) > CROWDED * float(limit.0));
    if let Some(limit) = crowded {
        sentences.push(format!(
            "`--max-old-space-size={}` gives the live heap room: its {} fill {} of the {limit} limit, and the closer it \
             comes the more often everything is collected. The container has to be larger than that.",
            roomy_limit(last.live_heap).0 / MEGABYTE,
            last.live_heap,
            percent(float(last.live_heap.0) / float(limit.0)),
        ));
    }
    let churn = match churn(&diagnosis.memory.samples) {
        Some(rate) => format!("at least {}/s were allocated", Bytes(rate)),
        None => "they are allocated fast".to_owned(),
    };
    sentences.push(format!(
        "`--max-semi-space-size={SEMI_SPACE}` lets short-lived objects die cheaply: {churn} while {} stay alive. It costs up \
         to {} MB of memory.",
        last.live_heap,
        SEMI_SPACE * SEMI_SPACES
    ));
    sentences.push(
        "The lasting cure is to allocate less per request: `node --cpu-prof` shows who does."
            .to_owned(),
    );
    sentences
}

/// Twice the live heap, at least 128 MB for bursts, in steps of 64 MB: V8 needs about as much room again to collect at leisure.
fn roomy_limit(live: Bytes) -> Bytes {
    Bytes((live.0 * 2).div_ceil(LIMIT_STEP).max(2) * LIMIT_STEP)
}

/// The most that the process held beside V8's heap.
fn outside_the_heap(samples: &[Sample]) -> Option<Bytes> {
    samples
        .iter()
        .map(|sample| Bytes(sample.rss.0.saturating_sub(sample.heap_total.0)))
        .max()
}

/// Bytes allocated per second under load, as far as the samples show: what was freed between two of them is missing.
fn churn(samples: &[Sample]) -> Option<u64> {
    let (mut bytes, mut milliseconds) = (0, 0);
    for pair in samples.windows(2) {
        let [before, now] = pair else { continue };
        if before.phase == Phase::Load
            && now.phase == Phase::Load
            && now.heap_used > before.heap_used
        {
            bytes += now.heap_used.0 - before.heap_used.0;
            milliseconds += now.t_ms.saturating_sub(before.t_ms);
        }
    }
    (bytes > 0 && milliseconds > 0).then(|| whole(float(bytes) * 1_000.0 / float(milliseconds)))
}

#[cfg(test)]
mod tests {
    use super::{MEGABYTE, roomy_limit};
    use stanch_leak_patterns::Bytes;

    #[test]
    fn a_limit_leaves_as_much_room_again() {
        let check =
            |live, limit| assert_eq!(roomy_limit(Bytes(live * MEGABYTE)).0 / MEGABYTE, limit);
        check(0, 128);
        check(65, 192);
        check(64, 128);
        check(400, 832);
    }
}
