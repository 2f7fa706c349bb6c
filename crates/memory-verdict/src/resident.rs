//! Resident memory beyond heap and buffers → native growth, pages kept for nothing, or neither.

use crate::evidence::{Evidence, Reading};
use crate::mann_kendall::rise;
use crate::theil_sen::{Line, Point, line};
use crate::thresholds as at;
use crate::verdict::{Answer, BytesPerRequest, Growth, Measure, Need, Quantity, Step, Unit};
use crate::wording::{bytes, chance, rounds};

/// What resident memory says once heap and buffers are known to hold still.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Resident {
    /// Grows with the load, through all rounds.
    Grows {
        /// How fast.
        growth: Growth,
        /// Chance that it does not.
        doubt: f64,
    },
    /// May grow; only more measuring tells.
    Open(Need, String),
    /// High, raised by the load, and not growing.
    Retained,
    /// Nothing to say.
    Normal,
}

/// Asks about memory that V8 does not account for.
pub(crate) fn resident(evidence: &Evidence, steps: &mut Vec<Step>) -> Resident {
    let native = Native::of(&evidence.readings);
    let spent = evidence.limits.rounds_left == 0;
    let suspicious = native.rises(at::SUSPICION, at::NATIVE_STEP * native.rounds())
        && native.keeps_pace(at::NATIVE_PACE / 2.0);
    let proven = spent
        && native.readings() >= at::NATIVE_READINGS.min(evidence.readings.len())
        && native.rises(at::UNEVEN_CHANCE, at::SMALLEST_NATIVE_RISE)
        && native.keeps_pace(at::NATIVE_PACE);
    if suspicious && !spent {
        return Resident::Open(Need::Round { stretch: 1.0 }, "memory outside of heap and buffers rises: the allocator's own warm-up takes many rounds to tell from a leak".to_owned());
    }
    if proven {
        let Some(fell) = fell_in_pause(evidence) else {
            return Resident::Open(
                Need::Pause {
                    ms: at::SHORTEST_PAUSE_MS,
                },
                "an idle pause shows whether the allocator gives the memory back".to_owned(),
            );
        };
        if fell < at::RELEASED * native.gained() {
            steps.push(native.step(Answer::Yes(format!(
                "{} per request through all rounds; by chance {}",
                bytes(native.beyond.slope),
                chance(native.chance)
            ))));
            return Resident::Grows {
                growth: native.growth(),
                doubt: native.chance,
            };
        }
    }
    if native.rises(at::RISE_CHANCE, at::UNPROVEN_NATIVE_RISE) && native.keeps_pace(at::STILL_GROWS)
    {
        let told = format!(
            "{} over the last {}, not evenly",
            bytes(native.gained()),
            rounds(native.points.len().saturating_sub(1))
        );
        steps.push(native.step(Answer::CannotTell(told)));
        let why = "memory outside of heap and buffers rises, not steadily enough to call it growth; worker threads have heaps of their own";
        return Resident::Open(Need::Round { stretch: 1.0 }, why.to_owned());
    }
    steps.push(native.step(Answer::No(format!(
        "{} over the last {}, not steadily",
        bytes(native.gained()),
        rounds(native.points.len().saturating_sub(1))
    ))));
    retained(evidence, steps)
}

/// The later two thirds of the run: arenas and compiled code grow in the first.
struct Native {
    points: Vec<Point>,
    whole: Vec<Point>,
    beyond: Line,
    chance: f64,
}

impl Native {
    fn of(readings: &[Reading]) -> Self {
        let skip = if readings.len() > at::FEWEST_READINGS {
            readings.len() / 3
        } else {
            0
        };
        let skip = skip.min(readings.len().saturating_sub(at::FEWEST_READINGS));
        let points = |of: &dyn Fn(&Reading) -> f64| -> Vec<Point> {
            readings[skip..]
                .iter()
                .map(|reading| Point {
                    requests: reading.requests as f64,
                    bytes: of(reading),
                })
                .collect()
        };
        let beyond = points(&|reading| {
            reading.rss as f64 - reading.heap_total as f64 - reading.external as f64
        });
        let whole = points(&|reading| reading.rss as f64);
        let chance = chance_of(&beyond).max(chance_of(&whole));
        Self {
            beyond: line(&beyond),
            points: beyond,
            whole,
            chance,
        }
    }

    fn readings(&self) -> usize {
        self.points.len()
    }

    fn rounds(&self) -> f64 {
        self.points.len().saturating_sub(1) as f64
    }

    /// The smaller gain of both views: the heap giving pages back raises one of them, its growing the other.
    fn gained(&self) -> f64 {
        let gain = |points: &[Point]| {
            points
                .last()
                .zip(points.first())
                .map_or(0.0, |(last, first)| {
                    line(points).slope * (last.requests - first.requests)
                })
        };
        gain(&self.points).min(gain(&self.whole))
    }

    fn rises(&self, chance: f64, bytes: f64) -> bool {
        self.chance <= chance && self.gained() >= bytes
    }

    /// The later half grows nearly as fast as the window: a plateau does not.
    fn keeps_pace(&self, part: f64) -> bool {
        let late = line(&self.points[self.points.len() / 2..]).slope;
        late >= part * self.beyond.slope
    }

    fn growth(&self) -> Growth {
        let rates = self
            .points
            .windows(2)
            .filter(|pair| pair[1].requests > pair[0].requests);
        Growth {
            quantity: Quantity::Rss,
            bytes_per_request: BytesPerRequest(self.beyond.slope),
            interval: (
                BytesPerRequest(self.beyond.interval.0),
                BytesPerRequest(self.beyond.interval.1),
            ),
            per_step: rates
                .map(|pair| {
                    BytesPerRequest(
                        (pair[1].bytes - pair[0].bytes) / (pair[1].requests - pair[0].requests),
                    )
                })
                .collect(),
        }
    }

    fn step(&self, answer: Answer) -> Step {
        Step {
            question: "Does memory outside of heap and buffers grow with the load?".to_owned(),
            answer,
            measure: Measure {
                name: "native_slope",
                value: self.beyond.slope,
                unit: Unit::BytesPerRequest,
                interval: self.beyond.interval,
            },
        }
    }
}

fn chance_of(points: &[Point]) -> f64 {
    rise(&points.iter().map(|point| point.bytes).collect::<Vec<_>>()).p
}

fn fell_in_pause(evidence: &Evidence) -> Option<f64> {
    let (pause, last) = evidence.pause.zip(evidence.readings.last())?;
    let long_enough = pause.at_ms >= last.at_ms + at::SHORTEST_PAUSE_MS;
    (pause.requests == last.requests && long_enough).then_some(last.rss as f64 - pause.rss as f64)
}

fn retained(evidence: &Evidence, steps: &mut Vec<Step>) -> Resident {
    let Some(last) = evidence.readings.last() else {
        return Resident::Normal;
    };
    let unused =
        |reading: &Reading| reading.rss as f64 - reading.live_heap as f64 - reading.external as f64;
    let start = evidence
        .warm_up
        .as_ref()
        .or(evidence.readings.first())
        .map_or(0.0, unused);
    let (held, used) = (unused(last), (last.live_heap + last.external) as f64);
    let isolates = 1.0 + f64::from(evidence.other_isolates);
    let high = held >= at::RETAINED_BYTES * isolates
        && held >= at::RETAINED_RATIO * used
        && held >= 1.5 * start;
    let told = format!(
        "{} resident beyond the {} in use, {} before the load",
        bytes(held),
        bytes(used),
        bytes(start)
    );
    steps.push(Step {
        question: "Does the process keep far more memory than it uses?".to_owned(),
        answer: if high {
            Answer::Yes(told)
        } else {
            Answer::No(told)
        },
        measure: Measure {
            name: "unused_resident",
            value: held,
            unit: Unit::Bytes,
            interval: (held, held),
        },
    });
    if high {
        Resident::Retained
    } else {
        Resident::Normal
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Limits;

    /// Megabytes of resident memory and of the reserved heap after each of twelve rounds.
    fn check(rss: fn(u64) -> u64, heap_total: fn(u64) -> u64, grows: Option<&str>) {
        let readings = (0..13).map(|round| Reading {
            requests: round * 1_500,
            at_ms: round * 2_300,
            live_heap: 6 << 20,
            heap_total: heap_total(round) << 20,
            external: 2 << 20,
            array_buffers: 0,
            rss: rss(round) << 20,
        });
        let readings: Vec<Reading> = readings.collect();
        let pause = readings.last().map(|last| Reading {
            at_ms: last.at_ms + 4_000,
            ..*last
        });
        let evidence = Evidence {
            readings,
            pause,
            limits: Limits::default(),
            ..Evidence::default()
        };
        let outcome = match resident(&evidence, &mut Vec::new()) {
            Resident::Grows { growth, .. } => Some(growth.quantity.id()),
            Resident::Open(..) | Resident::Retained | Resident::Normal => None,
        };
        assert_eq!(outcome, grows);
    }

    #[test]
    fn each_isolate_may_keep_pages() {
        let check = |other_isolates: u32, rss: u64, expected: Resident| {
            let reading = |rss: u64| Reading {
                live_heap: 6 << 20,
                rss: rss << 20,
                ..Reading::default()
            };
            let evidence = Evidence {
                readings: vec![reading(60), reading(rss), reading(rss), reading(rss)],
                other_isolates,
                ..Evidence::default()
            };
            assert_eq!(retained(&evidence, &mut Vec::new()), expected, "{rss} MB");
        };
        check(0, 120, Resident::Normal);
        check(0, 150, Resident::Retained);
        check(1, 150, Resident::Normal);
        check(1, 280, Resident::Retained);
    }

    #[test]
    fn only_what_rises_in_both_views_grows() {
        check(|round| 90 + 4 * round, |_| 30, Some("rss"));
        // V8 gives reserved pages back to the allocator, not to the system.
        check(|_| 150, |round| 90 - 4 * round, None);
        // The heap reserves more and more.
        check(|round| 90 + 4 * round, |round| 30 + 4 * round, None);
        check(|round| 90 + 40 * round.min(3), |_| 30, None);
    }
}
