//! Rate of the load, live heap and V8's limit → when the heap is full.

use stanch_diagnosis::{Diagnosis, Phase, Sample};
use stanch_leak_patterns::Bytes;
use stanch_memory_verdict::{Quantity, VerdictKind};

use crate::number::{float, whole};

/// When the service will have used up its heap if it goes on like this.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Forecast {
    /// V8's limit.
    pub(crate) limit: Bytes,
    /// Requests until then.
    pub(crate) requests: u64,
    /// Requests per second and seconds until then; none when the readings do not tell the rate.
    pub(crate) pace: Option<Pace>,
}

/// The load's rate, and how long it takes to the limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pace {
    /// Requests per second.
    pub(crate) rate: f64,
    /// Seconds until the limit.
    pub(crate) seconds: f64,
}

/// The forecast of a heap leak; none when the heap does not leak or its limit is unknown.
pub(crate) fn until_full(diagnosis: &Diagnosis) -> Option<Forecast> {
    let growth = diagnosis.verdict.growth.as_ref()?;
    if diagnosis.verdict.kind != VerdictKind::Leak || growth.quantity != Quantity::LiveHeap {
        return None;
    }
    let per_request = growth.bytes_per_request.0;
    let limit = diagnosis.target.heap_limit?;
    let live = diagnosis.memory.rounds.last()?.live_heap;
    let room = limit.0.checked_sub(live.0)?;
    if !(per_request.is_finite() && per_request > 0.0) {
        return None;
    }
    let requests = float(room) / per_request;
    let pace = rate(&diagnosis.memory.samples).map(|rate| Pace {
        rate,
        seconds: requests / rate,
    });
    Some(Forecast {
        limit,
        requests: whole(requests),
        pace,
    })
}

/// Requests per second over the stretches under load; none when nothing was measured there.
pub(crate) fn rate(samples: &[Sample]) -> Option<f64> {
    let (mut requests, mut milliseconds) = (0, 0);
    for pair in samples.windows(2) {
        let [before, now] = pair else { continue };
        if before.phase == Phase::Load && now.phase == Phase::Load {
            requests += now.requests.saturating_sub(before.requests);
            milliseconds += now.t_ms.saturating_sub(before.t_ms);
        }
    }
    (requests > 0 && milliseconds > 0).then(|| float(requests) * 1_000.0 / float(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::rate;
    use stanch_diagnosis::{Phase, Sample};
    use stanch_leak_patterns::Bytes;

    const fn sample(t_ms: u64, phase: Phase, requests: u64) -> Sample {
        let zero = Bytes(0);
        Sample {
            t_ms,
            phase,
            requests,
            rss: zero,
            heap_total: zero,
            heap_used: zero,
            external: zero,
            array_buffers: zero,
        }
    }

    #[test]
    fn only_stretches_under_load_count() {
        let samples = [
            sample(0, Phase::WarmUp, 0),
            sample(1_000, Phase::Load, 9_000),
            sample(2_000, Phase::Load, 10_500),
            sample(9_000, Phase::Pause, 10_500),
            sample(10_000, Phase::Load, 10_500),
            sample(11_000, Phase::Load, 12_000),
        ];
        assert_eq!(rate(&samples), Some(1_500.0));
        assert_eq!(rate(&samples[..1]), None);
    }
}
