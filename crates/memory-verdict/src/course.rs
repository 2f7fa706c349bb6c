//! One quantity's readings → its course: flat, rising evenly or unevenly, shrinking steps, or not to be told yet.

use crate::mann_kendall::rise;
use crate::theil_sen::{Line, Point, line, median};
use crate::thresholds as at;

/// What a quantity did over the rounds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Course {
    /// Which way it goes.
    pub(crate) shape: Shape,
    /// First reading of the window the shape was seen in.
    pub(crate) since: usize,
    /// Line through the window.
    pub(crate) line: Line,
    /// Chance of a rise like the window's without any trend.
    pub(crate) chance: f64,
    /// Bytes gained by the window, along the line.
    pub(crate) gained: f64,
    /// Requests in the window.
    pub(crate) requests: f64,
    /// Bytes per request of each round in the window.
    pub(crate) rates: Vec<f64>,
    /// Bytes gained before the window.
    pub(crate) before: f64,
    /// Rate of the window's later half over that of its earlier half.
    pub(crate) pace: f64,
    /// Growth over the window, in bytes, that would not have passed as this shape.
    pub(crate) visible: f64,
}

/// The ways a series can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Does not rise.
    Flat,
    /// Rises by steps of one size.
    Even,
    /// Rises, by steps that differ.
    Uneven,
    /// Rises by ever smaller steps.
    Shrinking,
    /// Moves, too little or too irregularly to say.
    Unclear,
}

/// How much a quantity moves without accumulating.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Restless {
    /// Bytes between two readings.
    pub(crate) wander: f64,
    /// Bytes it falls at once while the load runs, over and over: memory that comes and goes.
    pub(crate) swing: f64,
}

/// The course of `points`.
pub(crate) fn course(points: &[Point], restless: Restless) -> Course {
    let window = |since: usize| Window::new(points, since, restless);
    if points.len() >= at::FEWEST_READINGS {
        if let Some(flat) = longest(points, at::FLAT_ROUNDS + 1, |since| window(since).is_flat()) {
            return window(flat).course(Shape::Flat);
        }
        if let Some(even) = longest(points, at::FEWEST_READINGS, |since| window(since).is_even()) {
            return window(even).course(Shape::Even);
        }
        if let Some(uneven) = longest(points, at::NATIVE_READINGS, |since| {
            window(since).is_uneven()
        }) {
            return window(uneven).course(Shape::Uneven);
        }
    }
    let whole = window(0);
    let shape = if whole.shrinks() {
        Shape::Shrinking
    } else {
        Shape::Unclear
    };
    whole.course(shape)
}

/// The earliest start for which `holds`, leaving at least `fewest` readings.
fn longest(points: &[Point], fewest: usize, holds: impl Fn(usize) -> bool) -> Option<usize> {
    (0..=points.len().checked_sub(fewest)?).find(|&since| holds(since))
}

/// The readings from one on.
struct Window<'a> {
    points: &'a [Point],
    since: usize,
    /// Bytes gained and requests completed in front of the window.
    before: (f64, f64),
    restless: Restless,
    line: Line,
    rates: Vec<f64>,
}

impl<'a> Window<'a> {
    fn new(all: &'a [Point], since: usize, restless: Restless) -> Self {
        let points = &all[since..];
        let rates = points
            .windows(2)
            .filter(|pair| pair[1].requests > pair[0].requests);
        let rates = rates
            .map(|pair| (pair[1].bytes - pair[0].bytes) / (pair[1].requests - pair[0].requests))
            .collect();
        let ends = all.get(since).zip(all.first());
        let before = ends.map_or((0.0, 0.0), |(start, first)| {
            (start.bytes - first.bytes, start.requests - first.requests)
        });
        Self {
            points,
            since,
            before,
            restless,
            line: line(points),
            rates,
        }
    }

    fn requests(&self) -> f64 {
        self.points
            .last()
            .zip(self.points.first())
            .map_or(0.0, |(last, first)| last.requests - first.requests)
    }

    fn gained(&self) -> f64 {
        self.line.slope * self.requests()
    }

    fn chance(&self) -> f64 {
        rise(&self.bytes()).p
    }

    fn bytes(&self) -> Vec<f64> {
        self.points.iter().map(|point| point.bytes).collect()
    }

    /// Bytes within which a window counts as flat: each end may be off by the wander, plus a rate below one object.
    fn flat_band(&self) -> f64 {
        2.0 * self.restless.wander + at::SMALLEST_RATE * self.requests()
    }

    fn is_flat(&self) -> bool {
        let Some((last, first)) = self.points.last().zip(self.points.first()) else {
            return false;
        };
        let quiet =
            self.gained() <= self.flat_band() && last.bytes - first.bytes <= self.flat_band();
        (quiet && !self.goes_on_rising()) || self.is_noise()
    }

    /// A tail within the band that gains half of what the rounds before it did: a small leak caught in calm rounds.
    fn goes_on_rising(&self) -> bool {
        let before = self.before.0 > self.flat_band() && self.line.slope > at::SMALLEST_RATE;
        before && self.line.slope > at::STILL_GROWS * self.before.0 / self.before.1.max(1.0)
    }

    /// A service that moves more than others, up and down alike: the later half stays within what the earlier reached.
    fn is_noise(&self) -> bool {
        if self.points.len() <= at::NOISY_ROUNDS || self.chance() < at::NO_RISE_CHANCE {
            return false;
        }
        let bytes = self.bytes();
        let (early, late) = bytes.split_at(bytes.len() / 2);
        let top = early.iter().copied().fold(f64::MIN, f64::max);
        median(late) <= top
            && late
                .last()
                .is_some_and(|last| *last <= top + self.restless.wander)
    }

    /// Rises beyond chance, beyond the smallest leak worth the name and beyond its own scatter.
    fn rises(&self, chance: f64) -> bool {
        let rise = rise(&self.bytes());
        rise.p <= chance
            && rise.tau > at::RISE_TAU
            && self.line.interval.0 > 0.0
            && self.line.slope > at::SMALLEST_RATE
            && self.gained() > self.smallest_rise()
    }

    fn smallest_rise(&self) -> f64 {
        at::SMALLEST_RISE
            .max(5.0 * self.restless.wander)
            .max(at::SCATTERS * self.line.scatter)
    }

    fn is_even(&self) -> bool {
        let plain = self.is_plain() && self.gained() > at::SWINGS * self.restless.swing;
        let slight =
            self.points.len() >= at::SLIGHT_READINGS && self.requests() >= at::FEW_REQUESTS;
        let enough = plain || slight;
        enough
            && self.rises(at::RISE_CHANCE)
            && self.steps_alike()
            && self.pace() >= at::KEEPS_PACE
            && !self.shrinks()
    }

    fn is_uneven(&self) -> bool {
        // Lazy compilation and random keys of a small set give uneven steps too, for the first thousands of requests.
        let enough = self.is_plain() || self.requests() >= at::MANY_REQUESTS;
        enough && self.rises(at::UNEVEN_CHANCE) && self.pace() >= at::STILL_GROWS && !self.shrinks()
    }

    /// Stands out so far that few readings are enough.
    fn is_plain(&self) -> bool {
        self.gained() > at::PLAIN_RISES * self.smallest_rise()
    }

    /// Every round's step is near the typical one, give or take what the quantity wanders by itself.
    fn steps_alike(&self) -> bool {
        let typical = median(&self.rates);
        self.points.windows(2).all(|pair| {
            let requests = pair[1].requests - pair[0].requests;
            let step = pair[1].bytes - pair[0].bytes;
            let (low, high) = (
                typical * requests / at::EVEN_FACTOR,
                typical * requests * at::EVEN_FACTOR,
            );
            step >= low - self.restless.wander && step <= high + self.restless.wander && step > 0.0
        })
    }

    /// Later rate over earlier rate: 1 for a straight line, 0 for what has stopped.
    fn pace(&self) -> f64 {
        let middle = self.points.len() / 2;
        let rate = |points: &[Point]| {
            points
                .last()
                .zip(points.first())
                .map_or(0.0, |(last, first)| {
                    (last.bytes - first.bytes) / (last.requests - first.requests).max(1.0)
                })
        };
        let (early, late) = (rate(&self.points[..=middle]), rate(&self.points[middle..]));
        if early <= 0.0 {
            f64::INFINITY
        } else {
            late / early
        }
    }

    /// Whether the steps get smaller: a slower later half, and a last step below the typical one.
    fn shrinks(&self) -> bool {
        let Some(last) = self.rates.last() else {
            return false;
        };
        let falling: Vec<f64> = self.rates.iter().map(|rate| -rate).collect();
        let slower = self.pace() < at::KEEPS_PACE && *last < median(&self.rates);
        let steadily = self.rates.len() >= 4 && rise(&falling).p <= 0.05 && self.pace() < 0.95;
        slower || steadily
    }

    fn course(self, shape: Shape) -> Course {
        let visible = match shape {
            // Growth of just the band is missed half of the time: the wander goes on top.
            Shape::Flat => {
                (self.flat_band() + self.restless.wander).max(at::SCATTERS * self.line.scatter)
            }
            _ => self.smallest_rise(),
        };
        Course {
            shape,
            since: self.since,
            chance: self.chance(),
            gained: self.gained(),
            requests: self.requests(),
            before: self.before.0,
            pace: self.pace(),
            visible,
            line: self.line,
            rates: self.rates,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps in KB per round of 1,500 requests.
    fn check(steps: &[f64], shape: Shape) {
        let mut points = vec![Point {
            requests: 0.0,
            bytes: 5e6,
        }];
        for (index, step) in steps.iter().enumerate() {
            let bytes = points[index].bytes + step * 1024.0;
            points.push(Point {
                requests: (index as f64 + 1.0) * 1_500.0,
                bytes,
            });
        }
        assert_eq!(
            course(
                &points,
                Restless {
                    wander: at::HEAP_WANDER,
                    swing: 0.0
                }
            )
            .shape,
            shape,
            "{steps:?}"
        );
    }

    #[test]
    fn steps_tell_the_shape() {
        check(&[10.0, -20.0, 30.0, 5.0], Shape::Flat);
        check(&[900.0, 10.0, -30.0, 25.0, 0.0], Shape::Flat);
        check(&[300.0, 310.0, 290.0, 305.0], Shape::Even);
        check(&[900.0, 500.0, 300.0, 310.0, 290.0, 305.0], Shape::Even);
        check(&[800.0, 560.0, 390.0, 270.0], Shape::Shrinking);
        check(&[100.0, 2_000.0, 150.0, 900.0], Shape::Unclear);
        check(
            &[100.0, 2_000.0, 150.0, 900.0, 100.0, 1_800.0, 200.0, 1_500.0],
            Shape::Uneven,
        );
        check(
            &[1_000.0, -1_000.0, 900.0, -850.0, 950.0, -1_000.0, 100.0],
            Shape::Flat,
        );
        check(&[300.0, 310.0, 290.0], Shape::Unclear);
    }

    #[test]
    fn what_swings_under_load_is_not_decided_early() {
        let points: Vec<Point> = (0..5)
            .map(|round| Point {
                requests: f64::from(round) * 100.0,
                bytes: f64::from(round) * 4e6,
            })
            .collect();
        let shape = |swing| {
            course(
                &points,
                Restless {
                    wander: at::EXTERNAL_WANDER,
                    swing,
                },
            )
            .shape
        };
        assert_eq!(shape(1e6), Shape::Even);
        assert_eq!(shape(30e6), Shape::Unclear);
    }
}
