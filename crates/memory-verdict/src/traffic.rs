//! Readings → whether there was load to judge by, and the same load throughout.

use crate::evidence::{Evidence, Reading};
use crate::thresholds as at;
use crate::verdict::{Answer, Measure, Step, Unit};
use crate::wording::{rounds, whole};

/// What the load was like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// Requests were completed in every round, at rates of one size.
    Steady,
    /// Two rounds or more, and not one request.
    None,
    /// The newest rounds had far fewer requests per second than the ones before: what they show is an idle service.
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
    } else if dried_up(readings) {
        let why = format!(
            "{} requests in {}, but the newest brought a fraction of what came before",
            whole(requests),
            rounds(taken)
        );
        (Traffic::Changed, Answer::CannotTell(why))
    } else {
        (
            Traffic::Steady,
            Answer::Yes(format!("{} requests in {}", whole(requests), rounds(taken))),
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

/// Whether the newest rounds, as many as make a flat tail, were far calmer than the busiest before them. Rounds that
/// got busier, or a slow one among others, are no reason to doubt: everything is counted per request.
fn dried_up(readings: &[Reading]) -> bool {
    let rate = |pair: &[Reading]| {
        (pair[1].requests - pair[0].requests) as f64
            / pair[1].at_ms.saturating_sub(pair[0].at_ms).max(1) as f64
    };
    let rates: Vec<f64> = readings.windows(2).map(rate).collect();
    let (before, newest) = rates.split_at(rates.len().saturating_sub(at::FLAT_ROUNDS));
    let top = |rates: &[f64]| rates.iter().copied().fold(0.0, f64::max);
    top(newest) * at::TRAFFIC_FACTOR < top(before)
}
