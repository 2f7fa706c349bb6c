//! Readings → whether there was load to judge by, and the same load throughout.

use crate::evidence::{Evidence, Reading};
use crate::thresholds as at;
use crate::verdict::{Answer, Measure, Step, Unit};
use crate::wording::rounds;

/// What the load was like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// Requests were completed in every round, at rates of one size.
    Steady,
    /// Two rounds or more, and not one request.
    None,
    /// Some rounds had far fewer requests per second than others.
    Changed,
    /// Not yet as many readings as a verdict needs.
    Young,
}

/// The first question of the tree.
pub(crate) fn traffic(evidence: &Evidence) -> (Traffic, Step) {
    let readings = &evidence.readings;
    let requests = measured_requests(readings);
    let taken = readings.len().saturating_sub(1);
    let (traffic, answer) = if taken >= 2 && requests == 0 {
        (
            Traffic::None,
            Answer::No(format!("no request was completed in {}", rounds(taken))),
        )
    } else if readings.len() < at::FEWEST_READINGS {
        let missing = at::FEWEST_READINGS - readings.len();
        (
            Traffic::Young,
            Answer::No(format!(
                "{} done, {missing} more reading(s) needed before a rise can be told from chance",
                rounds(taken)
            )),
        )
    } else if rate_factor(readings) > at::TRAFFIC_FACTOR {
        (
            Traffic::Changed,
            Answer::CannotTell(format!(
                "{requests} requests in {}, but some rounds were over {:.0} times as busy as others",
                rounds(taken),
                at::TRAFFIC_FACTOR
            )),
        )
    } else {
        (
            Traffic::Steady,
            Answer::Yes(format!(
                "{requests} requests in {}, at steady rates",
                rounds(taken)
            )),
        )
    };
    let measure = Measure {
        name: "requests",
        value: requests as f64,
        unit: Unit::Requests,
        interval: (requests as f64, requests as f64),
    };
    (
        traffic,
        Step {
            question: "Was there enough steady load to judge by?".to_owned(),
            answer,
            measure,
        },
    )
}

/// Requests completed between the first and the last reading.
pub(crate) fn measured_requests(readings: &[Reading]) -> u64 {
    readings
        .last()
        .zip(readings.first())
        .map_or(0, |(last, first)| {
            last.requests.saturating_sub(first.requests)
        })
}

/// The busiest round's requests per second over the calmest one's.
fn rate_factor(readings: &[Reading]) -> f64 {
    let rates = readings.windows(2).map(|pair| {
        (pair[1].requests - pair[0].requests) as f64
            / pair[1].at_ms.saturating_sub(pair[0].at_ms).max(1) as f64
    });
    let (low, high) = rates.fold((f64::MAX, 0.0f64), |(low, high), rate| {
        (low.min(rate), high.max(rate))
    });
    if high == 0.0 {
        1.0
    } else {
        high / low.max(f64::MIN_POSITIVE)
    }
}
