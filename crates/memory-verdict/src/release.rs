//! A rise → a leak, memory that an idle pause gives back, or the measurement that tells them apart.

use crate::course::{Course, Shape};
use crate::evidence::{Evidence, Lifetime, Reading};
use crate::thresholds as at;
use crate::verdict::{Answer, Measure, Need, Step, Unit};
use crate::wording::{bytes, duration, share, whole};

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
    let rounds = |stretch, why| Some(Confirmed::Open(Need::Round { stretch }, why));
    if let Some(bound) = hint.bound_entries {
        if evidence.limits.rounds_left > 0 {
            let why = format!(
                "the holder evicts after {} entries: all rounds are needed",
                whole(bound)
            );
            return rounds(at::STRETCH, why);
        }
        if course.requests < at::BEYOND_BOUND * bound as f64 {
            let why = format!(
                "the holder evicts after {} entries and has seen {} requests: load it with more",
                whole(bound),
                whole(course.requests as u64)
            );
            return rounds(at::LONGEST_ROUND, why);
        }
    }
    match hint.lifetime? {
        Lifetime::Timed(ms) if ms + AFTER_MS > at::LONGEST_NAMED_PAUSE_MS => {
            let why = format!(
                "its code lets entries go after {}, longer than this run waits",
                duration(ms)
            );
            rounds(1.0, why)
        }
        Lifetime::Aged(ms)
            if (elapsed(&evidence.readings) as f64) < at::BEYOND_BOUND * ms as f64 =>
        {
            let why = format!(
                "its code lets go of entries older than {}: only a longer run can tell",
                duration(ms)
            );
            rounds(at::STRETCH, why)
        }
        Lifetime::Unstated if evidence.limits.rounds_left > 0 => {
            let why = "its code has a limit whose number is not known: all rounds are needed";
            rounds(at::STRETCH, why.to_owned())
        }
        Lifetime::Unknown if evidence.limits.rounds_left > 0 => {
            let why = "its code lets entries go, at a time that it does not say";
            rounds(at::STRETCH, why.to_owned())
        }
        _ => None,
    }
}

/// Timers run late on a busy machine.
const AFTER_MS: u64 = 1_000;

/// How long the idle pause has to be, if one is needed at all.
fn pause_needed(evidence: &Evidence, course: &Course) -> Option<u64> {
    let lifetime = evidence.release_expected.and_then(|hint| hint.lifetime);
    let few = course.line.slope < at::WOBBLE_RATE && course.requests < at::MANY_REQUESTS;
    match (lifetime, course.shape) {
        (Some(Lifetime::Timed(ms)), _) => Some((ms + AFTER_MS).max(at::SHORTEST_PAUSE_MS)),
        (Some(Lifetime::Unknown), _) => Some(at::UNNAMED_PERIOD_MS + AFTER_MS),
        (None, _) if evidence.release_expected.is_some() => Some(at::LONGEST_PAUSE_MS),
        // A sweep that made the steps uneven comes at least once in the time they were measured in.
        (_, Shape::Uneven) => {
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
