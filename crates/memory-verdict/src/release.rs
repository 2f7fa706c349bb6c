//! A rise → a leak, memory that an idle pause gives back, or the measurement that tells them apart.

use crate::course::{Course, Shape};
use crate::evidence::{Evidence, Reading};
use crate::thresholds as at;
use crate::verdict::{Answer, Measure, Need, Step, Unit};
use crate::wording::{bytes, share};

/// Whether a rise may be called a leak.
pub(crate) enum Confirmed {
    /// Yes, with this chance of being wrong.
    Kept(f64),
    /// An idle pause gave it back.
    Released,
    /// Not before this.
    Open(Need, String),
}

/// Whether `course`, which rises, may be called a leak now. Steps that were asked on the way are appended to `steps`.
pub(crate) fn confirm(evidence: &Evidence, course: &Course, steps: &mut Vec<Step>) -> Confirmed {
    if let Some(open) = expected_release(evidence, course) {
        return open;
    }
    let Some(ms) = pause_needed(evidence, course) else {
        return Confirmed::Kept(course.chance);
    };
    let Some((given_back, waited)) = given_back(evidence, ms) else {
        return if evidence.pause.is_some() && evidence.limits.rounds_left > 0 {
            // One pause in the middle is enough: the next one comes when the rounds are spent.
            let why =
                "an earlier pause did not settle it: the rest of the rounds, then another pause";
            Confirmed::Open(Need::Round { stretch: 1.0 }, why.to_owned())
        } else {
            Confirmed::Open(
                Need::Pause { ms },
                "an idle pause tells a leak from entries that expire".to_owned(),
            )
        };
    };
    let part = (given_back / course.gained).clamp(0.0, 1.0);
    steps.push(pause_step(part, given_back, waited));
    if part >= at::RELEASED {
        Confirmed::Released
    } else if part > at::KEPT && evidence.limits.rounds_left > 0 {
        Confirmed::Open(
            Need::Round { stretch: 1.0 },
            "the pause gave a part back: more rounds show whether the rest stays".to_owned(),
        )
    } else {
        Confirmed::Kept(course.chance.max(part / 5.0))
    }
}

/// What the holder's own code demands before its growth may be called a leak.
fn expected_release(evidence: &Evidence, course: &Course) -> Option<Confirmed> {
    let hint = evidence.release_expected?;
    if evidence.limits.rounds_left > 0 {
        let why = "the code of the holder evicts: all rounds are needed to see whether it does";
        return Some(Confirmed::Open(
            Need::Round {
                stretch: at::STRETCH,
            },
            why.to_owned(),
        ));
    }
    let bound = hint
        .bound_entries
        .filter(|&bound| course.requests < at::BEYOND_BOUND * bound as f64)?;
    let why = format!(
        "the holder evicts after {bound} entries and has seen {:.0} requests: load it with more",
        course.requests
    );
    Some(Confirmed::Open(
        Need::Round {
            stretch: at::LONGEST_ROUND,
        },
        why,
    ))
}

/// How long the idle pause has to be, if one is needed at all.
fn pause_needed(evidence: &Evidence, course: &Course) -> Option<u64> {
    let swept = evidence
        .release_expected
        .and_then(|hint| hint.sweep_period_ms);
    if let Some(period) = swept {
        return Some((period + 1_000).clamp(at::SHORTEST_PAUSE_MS, at::LONGEST_PAUSE_MS));
    }
    let few = course.line.slope < at::WOBBLE_RATE && course.requests < at::MANY_REQUESTS;
    match course.shape {
        _ if evidence.release_expected.is_some() => Some(at::LONGEST_PAUSE_MS),
        // A sweep that made the steps uneven comes at least once in the time they were measured in.
        Shape::Uneven => {
            Some(elapsed(&evidence.readings).clamp(at::SHORTEST_PAUSE_MS, at::LONGEST_PAUSE_MS))
        }
        _ if few => Some(at::SHORTEST_PAUSE_MS),
        _ => None,
    }
}

fn elapsed(readings: &[Reading]) -> u64 {
    readings
        .last()
        .zip(readings.first())
        .map_or(0, |(last, first)| last.at_ms - first.at_ms)
}

/// Bytes of heap and external memory that a long enough pause after the last round gave back, and its length.
fn given_back(evidence: &Evidence, ms: u64) -> Option<(f64, u64)> {
    let (pause, last) = evidence.pause.zip(evidence.readings.last().copied())?;
    let waited = pause.at_ms.checked_sub(last.at_ms)?;
    if pause.requests != last.requests || waited < ms {
        return None;
    }
    let fell = (last.live_heap + last.external) as f64 - (pause.live_heap + pause.external) as f64;
    Some(((fell - at::IDLE_FLUSH).max(0.0), waited))
}

fn pause_step(part: f64, given_back: f64, waited: u64) -> Step {
    let told = format!(
        "{} after {:.1} s, {} of what was gained",
        bytes(given_back),
        waited as f64 / 1_000.0,
        share(part)
    );
    let answer = match part {
        _ if part >= at::RELEASED => Answer::Yes(told),
        _ if part > at::KEPT => Answer::CannotTell(told),
        _ => Answer::No(told),
    };
    Step {
        question: "Does an idle pause give it back?".to_owned(),
        answer,
        measure: Measure {
            name: "released_in_pause",
            value: part,
            unit: Unit::Share,
            interval: (part, part),
        },
    }
}
