//! Evidence → decision: walks the tree of questions, and stops as soon as it is safe.

use crate::evidence::Evidence;
use crate::holding::{Courses, Holding, courses, growth, holding};
use crate::pressure::{Pressure, pressure};
use crate::resident::{Resident, resident};
use crate::thresholds as at;
use crate::traffic::{Traffic, measured_requests, traffic};
use crate::verdict::{
    Answer, BytesPerRequest, Decision, Growth, Measure, Need, Quantity, Step, Unit, Verdict,
    VerdictKind,
};
use crate::wording::{bytes, whole};

/// Judges what was measured so far: a verdict, or the one measurement that is missing most.
///
/// Ask after every reading. A round is only asked for while [`Limits::rounds_left`](crate::Limits::rounds_left) is
/// above 0, and the same pause is not asked for twice, so the dialogue ends.
#[must_use]
pub fn decide(evidence: &Evidence) -> Decision {
    if let Err(problem) = evidence.check() {
        let step = Step {
            question: "Do the readings come from one run?".to_owned(),
            answer: Answer::No(problem.to_string()),
            measure: Measure {
                name: "readings",
                value: evidence.readings.len() as f64,
                unit: Unit::Ratio,
                interval: (0.0, 0.0),
            },
        };
        return unknown(vec![step], f64::INFINITY, problem.to_string());
    }
    let (load, step) = traffic(evidence);
    let mut steps = vec![step];
    match load {
        Traffic::None => {
            return unknown(
                steps,
                f64::INFINITY,
                "Requests that complete: none did. Check the address and the service's answers."
                    .to_owned(),
            );
        }
        Traffic::Young if evidence.limits.rounds_left > 0 => return next_round(evidence, 1.0),
        Traffic::Young => {
            return unknown(
                steps,
                f64::INFINITY,
                format!(
                    "More readings: {} were taken, {} is the fewest that can show a rise.",
                    evidence.readings.len(),
                    at::FEWEST_READINGS
                ),
            );
        }
        Traffic::Steady | Traffic::Changed => {}
    }
    let courses = courses(evidence);
    let smallest = smallest_seen(evidence, &courses);
    let requests = measured_requests(&evidence.readings);
    match holding(evidence, &courses, &mut steps) {
        Holding::Grows {
            kind,
            growth,
            doubt,
        } => Decision::Decided(grown(requests, kind, growth, doubt, steps, smallest)),
        Holding::Open(need, why) => open(evidence, need, why, steps, smallest),
        Holding::Settling => Decision::Decided(settling(&courses, steps, smallest)),
        _ if load == Traffic::Changed => changed(evidence, steps, smallest),
        still => unaccounted(evidence, &still, steps, smallest),
    }
}

/// Heap and buffers hold still: resident memory and the collector are asked about.
fn unaccounted(
    evidence: &Evidence,
    still: &Holding,
    mut steps: Vec<Step>,
    smallest: f64,
) -> Decision {
    match resident(evidence, &mut steps) {
        Resident::Grows { growth, doubt } => {
            return Decision::Decided(grown(
                measured_requests(&evidence.readings),
                VerdictKind::NativeGrowth,
                growth,
                doubt,
                steps,
                smallest,
            ));
        }
        Resident::Open(need, why) => return open(evidence, need, why, steps, smallest),
        Resident::Retained => {
            let change =
                "Resident memory that rises further under the same load, round after round."
                    .to_owned();
            return Decision::Decided(verdict(
                VerdictKind::RetainedPages,
                0.9,
                steps,
                smallest,
                change,
            ));
        }
        Resident::Normal => {}
    }
    let kind = match (pressure(evidence, &mut steps), still) {
        (Pressure::High, _) => VerdictKind::GcPressure,
        (Pressure::Low, Holding::Settled) => VerdictKind::WarmUp,
        (Pressure::Low, _) => VerdictKind::Healthy,
    };
    let change = match kind {
        VerdictKind::GcPressure => {
            "A run in which collection takes less of the time, or requests leave less garbage."
                .to_owned()
        }
        _ => format!(
            "Growth that starts later, on paths this load does not reach, or below {} per request.",
            bytes(smallest)
        ),
    };
    Decision::Decided(verdict(
        kind,
        calm_confidence(evidence),
        steps,
        smallest,
        change,
    ))
}

/// Flat readings under a load that changed may hide what the busier rounds would have shown.
fn changed(evidence: &Evidence, steps: Vec<Step>, smallest: f64) -> Decision {
    if evidence.limits.rounds_left > 0 {
        return next_round(evidence, 1.0);
    }
    unknown(
        steps,
        smallest,
        "Rounds of one load: the traffic changed while it was measured.".to_owned(),
    )
}

/// Asks for what is needed if it can be had; says what is missing if not.
fn open(evidence: &Evidence, need: Need, why: String, steps: Vec<Step>, smallest: f64) -> Decision {
    match need {
        Need::Round { .. } if evidence.limits.rounds_left == 0 => unknown(
            steps,
            smallest,
            format!(
                "More rounds: {why}. A steady leak from {} per request on would have been seen.",
                bytes(smallest)
            ),
        ),
        Need::Round { stretch } => next_round(evidence, stretch),
        Need::Pause { .. } => Decision::More(need),
    }
}

/// Asks for a round: longer where that was wished, up to [`at::LONGEST_ROUND`] times the first one's requests, and of
/// another length than the last in any case (see [`at::ROUND_LENGTHS`]).
fn next_round(evidence: &Evidence, wish: f64) -> Decision {
    let mut lengths = evidence
        .readings
        .windows(2)
        .map(|pair| (pair[1].requests - pair[0].requests) as f64);
    let done = lengths.len();
    let (first, last) = (
        lengths.next().unwrap_or(1.0).max(1.0),
        lengths.next_back().unwrap_or(1.0).max(1.0),
    );
    let longer = wish.min((at::LONGEST_ROUND * first / last).max(1.0));
    let length = |round: usize| at::ROUND_LENGTHS[round % at::ROUND_LENGTHS.len()];
    let turn = if done == 0 {
        1.0
    } else {
        length(done) / length(done - 1)
    };
    Decision::More(Need::Round {
        stretch: longer * turn,
    })
}

/// Bytes per request of the smallest steady heap leak that the courses exclude.
fn smallest_seen(evidence: &Evidence, courses: &Courses) -> f64 {
    let requests = measured_requests(&evidence.readings) as f64;
    let window = courses.heap.requests.min(requests);
    if window > 0.0 {
        courses.heap.visible / window
    } else {
        f64::INFINITY
    }
}

/// None of some sixty recorded services that were called healthy after four rounds leaks: by the rule of three at most
/// one in twenty, doubled here because other services and loads are not these. Each further flat round halves the rest.
fn calm_confidence(evidence: &Evidence) -> f64 {
    let beyond = evidence
        .readings
        .len()
        .saturating_sub(at::FEWEST_READINGS)
        .min(6);
    1.0 - 0.1 * 0.5f64.powi(i32::try_from(beyond).unwrap_or(0))
}

fn grown(
    requests: u64,
    kind: VerdictKind,
    growth: Growth,
    doubt: f64,
    steps: Vec<Step>,
    smallest: f64,
) -> Verdict {
    let change = match kind {
        VerdictKind::NativeGrowth => {
            "Resident memory that stops rising under the same load.".to_owned()
        }
        _ => format!(
            "Rounds of the same load that add less than {} per request, an idle pause that gives the memory back, or a bound of the holder beyond these {} requests.",
            bytes(smallest),
            whole(requests)
        ),
    };
    // A chance of one in 40,000 is still measured on one machine, under one load.
    Verdict {
        growth: Some(growth),
        ..verdict(kind, (1.0 - doubt).min(0.999), steps, smallest, change)
    }
}

fn settling(courses: &Courses, steps: Vec<Step>, smallest: f64) -> Verdict {
    let (quantity, course) = if courses.heap.gained >= courses.external.gained {
        (Quantity::LiveHeap, &courses.heap)
    } else {
        (Quantity::External, &courses.external)
    };
    let change =
        "Steps that stop shrinking: a longer run, or a longer warm-up before it.".to_owned();
    Verdict {
        growth: Some(growth(quantity, course)),
        ..verdict(VerdictKind::WarmUp, 0.7, steps, smallest, change)
    }
}

fn unknown(steps: Vec<Step>, smallest: f64, missing: String) -> Decision {
    Decision::Decided(verdict(
        VerdictKind::NotEnoughData,
        0.5,
        steps,
        smallest,
        missing,
    ))
}

fn verdict(
    kind: VerdictKind,
    confidence: f64,
    steps: Vec<Step>,
    smallest: f64,
    would_change: String,
) -> Verdict {
    Verdict {
        kind,
        confidence,
        steps,
        growth: None,
        smallest_seen: BytesPerRequest(smallest),
        would_change,
    }
}
