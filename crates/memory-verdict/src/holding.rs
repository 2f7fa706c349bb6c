//! Live heap and external memory → does something accumulate?

use crate::course::{Course, Restless, Shape, course};
use crate::evidence::{Evidence, LoadSample, Reading};
use crate::release::{Confirmed, confirm};
use crate::theil_sen::Point;
use crate::thresholds as at;
use crate::verdict::{
    Answer, BytesPerRequest, Growth, Measure, Need, Quantity, Step, Unit, VerdictKind,
};
use crate::wording::{bytes, chance, rounds};

/// What the two quantities say together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Holding {
    /// It accumulates.
    Grows {
        /// `Leak` or `BufferLeak`.
        kind: VerdictKind,
        /// How fast.
        growth: Growth,
        /// Chance that this is none.
        doubt: f64,
    },
    /// Not decided; this measurement would help, for this reason.
    Open(Need, String),
    /// Shrinking steps until the last round.
    Settling,
    /// It rose and stopped.
    Settled,
    /// It rises, but an idle pause gives it back.
    Working,
    /// Nothing accumulates.
    Still,
}

/// Courses of both quantities.
pub(crate) struct Courses {
    /// Of the live heap.
    pub(crate) heap: Course,
    /// Of external memory.
    pub(crate) external: Course,
}

/// Growth before a flat tail worth calling a warm-up rather than nothing.
const WARMED_UP: f64 = 1024.0 * 1024.0;

/// The courses of live heap and external memory.
pub(crate) fn courses(evidence: &Evidence) -> Courses {
    let points = |of: fn(&Reading) -> u64| -> Vec<Point> {
        let readings = evidence.readings.iter();
        readings
            .map(|reading| Point {
                requests: reading.requests as f64,
                bytes: of(reading) as f64,
            })
            .collect()
    };
    // The used heap falls at every collection, that says nothing; external memory falls when buffers are let go.
    let heap = Restless {
        wander: at::HEAP_WANDER,
        swing: 0.0,
    };
    let external = Restless {
        wander: at::EXTERNAL_WANDER,
        swing: external_swing(&evidence.under_load),
    };
    Courses {
        heap: course(&points(|reading| reading.live_heap), heap),
        external: course(&points(|reading| reading.external), external),
    }
}

/// The upper quarter of the falls between two samples.
fn external_swing(samples: &[LoadSample]) -> f64 {
    let falls = samples
        .windows(2)
        .map(|pair| pair[0].external.saturating_sub(pair[1].external) as f64);
    let mut falls: Vec<f64> = falls.collect();
    falls.sort_by(f64::total_cmp);
    falls.get(falls.len() * 3 / 4).copied().unwrap_or(0.0)
}

/// Asks the growth questions; their steps are appended to `steps`.
pub(crate) fn holding(evidence: &Evidence, courses: &Courses, steps: &mut Vec<Step>) -> Holding {
    let heap = (Quantity::LiveHeap, &courses.heap);
    let external = (Quantity::External, &courses.external);
    // Objects around a buffer are small beside it: external memory leads when it grows more than twice as fast.
    let buffers_lead =
        rises(&courses.external) && courses.heap.line.slope < courses.external.line.slope / 2.0;
    let mut order = if buffers_lead {
        [external, heap]
    } else {
        [heap, external]
    };
    if !buffers_lead && !rises(&courses.heap) && rises(&courses.external) {
        order = [external, heap];
    }
    let mut released = false;
    for (quantity, course) in order {
        steps.push(growth_step(quantity, course));
        if is_irregular_at_the_end(evidence, course) {
            // What expires follows the load as that gets faster and slower: if it goes in a pause, nothing was kept.
            match confirm(evidence, course, steps) {
                Confirmed::Released => released = true,
                Confirmed::Open(pause @ Need::Pause { .. }, why) => {
                    return Holding::Open(pause, why);
                }
                Confirmed::Open(Need::Round { .. }, _) | Confirmed::Kept(_) => {}
            }
            continue;
        }
        if !rises(course) {
            continue;
        }
        match confirm(evidence, course, steps) {
            Confirmed::Kept(doubt) => return grows(quantity, course, doubt),
            Confirmed::Released => released = true,
            Confirmed::Open(need, why) => return Holding::Open(need, why),
        }
    }
    if released {
        Holding::Working
    } else {
        unrisen(evidence, courses)
    }
}

/// Whether all rounds came to a rise that is no even one, of something that its code lets go of after a time.
fn is_irregular_at_the_end(evidence: &Evidence, course: &Course) -> bool {
    let expires = evidence
        .release_expected
        .is_some_and(|hint| hint.lifetime.is_some());
    evidence.limits.rounds_left == 0
        && course.shape == Shape::Unclear
        && course.chance <= at::RISE_CHANCE
        && expires
}

/// Neither rises for certain.
fn unrisen(evidence: &Evidence, courses: &Courses) -> Holding {
    let both = [
        (Quantity::LiveHeap, &courses.heap),
        (Quantity::External, &courses.external),
    ];
    let spent = evidence.limits.rounds_left == 0;
    for (quantity, course) in both {
        match course.shape {
            Shape::Shrinking if spent && course.pace < at::SETTLES => return Holding::Settling,
            Shape::Shrinking => {
                return round(
                    at::STRETCH,
                    format!("{} still grows, by shrinking steps", name(quantity)),
                );
            }
            // A rise that chance explains, or that is smaller than any leak we would name: as good as flat.
            Shape::Unclear if spent && course.chance > at::RISE_CHANCE => {}
            Shape::Unclear => {
                let stretch = if course.chance <= 0.05 {
                    at::STRETCH
                } else {
                    1.0
                };
                return round(
                    stretch,
                    format!(
                        "{} moves, but not enough or not evenly enough to decide",
                        name(quantity)
                    ),
                );
            }
            Shape::Flat | Shape::Even | Shape::Uneven => {}
        }
    }
    if both.iter().any(|(_, course)| course.before > WARMED_UP) {
        Holding::Settled
    } else {
        Holding::Still
    }
}

fn round(stretch: f64, why: String) -> Holding {
    Holding::Open(Need::Round { stretch }, why)
}

fn rises(course: &Course) -> bool {
    matches!(course.shape, Shape::Even | Shape::Uneven)
}

fn grows(quantity: Quantity, course: &Course, doubt: f64) -> Holding {
    let kind = if quantity == Quantity::LiveHeap {
        VerdictKind::Leak
    } else {
        VerdictKind::BufferLeak
    };
    Holding::Grows {
        kind,
        growth: growth(quantity, course),
        doubt,
    }
}

/// The growth of a course, as the verdict carries it.
pub(crate) fn growth(quantity: Quantity, course: &Course) -> Growth {
    Growth {
        quantity,
        bytes_per_request: BytesPerRequest(course.line.slope),
        interval: (
            BytesPerRequest(course.line.interval.0),
            BytesPerRequest(course.line.interval.1),
        ),
        per_step: course.rates.iter().copied().map(BytesPerRequest).collect(),
    }
}

fn growth_step(quantity: Quantity, course: &Course) -> Step {
    let after = rounds(course.rates.len());
    let rate = format!("{} per request", bytes(course.line.slope));
    let answer = match course.shape {
        Shape::Flat if course.before > WARMED_UP => Answer::No(format!(
            "it gained {} and then stopped: flat for {after}",
            bytes(course.before)
        )),
        Shape::Flat => Answer::No(format!(
            "flat for {after}, within {}",
            bytes(course.visible)
        )),
        Shape::Even => Answer::Yes(format!(
            "{rate}, in even steps over {after}; by chance {}",
            chance(course.chance)
        )),
        Shape::Uneven => Answer::Yes(format!(
            "{rate}, in uneven steps over {after}; by chance {}",
            chance(course.chance)
        )),
        Shape::Shrinking => {
            Answer::CannotTell(format!("{rate} over {after}, but the steps shrink"))
        }
        Shape::Unclear => Answer::CannotTell(format!(
            "{} over {after}: too little or too irregular",
            bytes(course.gained)
        )),
    };
    Step {
        question: format!(
            "Does the {} grow with the load, round after round?",
            name(quantity)
        ),
        answer,
        measure: Measure {
            name: if quantity == Quantity::LiveHeap {
                "live_heap_slope"
            } else {
                "external_slope"
            },
            value: course.line.slope,
            unit: Unit::BytesPerRequest,
            interval: course.line.interval,
        },
    }
}

/// In a sentence.
fn name(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::LiveHeap => "live heap",
        Quantity::External => "external memory",
        Quantity::Rss => "resident memory",
    }
}
