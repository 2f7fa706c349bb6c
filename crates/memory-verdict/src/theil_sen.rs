//! Points → a slope that single outliers do not bend, with Sen's interval and the scatter around the line.

use crate::mann_kendall::critical_score;

/// One reading of a quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// Cumulative completed requests.
    pub(crate) requests: f64,
    /// Bytes.
    pub(crate) bytes: f64,
}

/// A straight line through a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Line {
    /// Bytes per request.
    pub(crate) slope: f64,
    /// Sen's interval of the slope: at least 95 %, exact for the number of readings.
    pub(crate) interval: (f64, f64),
    /// Scatter around the line in bytes: the median absolute residual scaled to a standard deviation.
    pub(crate) scatter: f64,
}

/// Two-sided 5 %: the customary interval.
const TAIL: f64 = 0.025;
/// Makes the median absolute deviation of a bell-shaped scatter its standard deviation.
const MAD_TO_DEVIATION: f64 = 1.4826;

/// The line through `points`; flat and without an interval where fewer than two of them differ in requests.
pub(crate) fn line(points: &[Point]) -> Line {
    let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
    for (index, early) in points.iter().enumerate() {
        for late in points[index + 1..]
            .iter()
            .filter(|late| late.requests > early.requests)
        {
            slopes.push((late.bytes - early.bytes) / (late.requests - early.requests));
        }
    }
    slopes.sort_by(f64::total_cmp);
    let slope = median_of_sorted(&slopes);
    let residuals: Vec<f64> = points
        .iter()
        .map(|point| point.bytes - slope * point.requests)
        .collect();
    Line {
        slope,
        interval: interval(&slopes, points.len()),
        scatter: MAD_TO_DEVIATION * absolute_deviation(&residuals),
    }
}

/// The median; 0 of nothing.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    median_of_sorted(&sorted)
}

fn interval(sorted: &[f64], readings: usize) -> (f64, f64) {
    let (Some(&lowest), Some(&highest)) = (sorted.first(), sorted.last()) else {
        return (f64::NEG_INFINITY, f64::INFINITY);
    };
    // A true slope is rejected when the residuals around it score at least the critical value; that cuts the same
    // number of pair slopes off either end.
    let cut = (sorted.len() as i64 - critical_score(readings, TAIL)).div_euclid(2);
    match usize::try_from(cut) {
        Ok(cut) if cut < sorted.len() - cut => (sorted[cut], sorted[sorted.len() - 1 - cut]),
        Ok(_) => (lowest, highest),
        // Too few readings for 95 %: all there is. Four readings hold the true slope 11 times in 12.
        Err(_) => (lowest, highest),
    }
}

fn absolute_deviation(values: &[f64]) -> f64 {
    let middle = median(values);
    median(
        &values
            .iter()
            .map(|value| (value - middle).abs())
            .collect::<Vec<_>>(),
    )
}

fn median_of_sorted(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        length if length % 2 == 1 => sorted[half],
        _ => (sorted[half - 1] + sorted[half]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(bytes: &[f64]) -> Vec<Point> {
        bytes
            .iter()
            .enumerate()
            .map(|(index, &bytes)| Point {
                requests: index as f64 * 10.0,
                bytes,
            })
            .collect()
    }

    #[test]
    fn an_outlier_does_not_bend_the_line() {
        let line = line(&points(&[0.0, 100.0, 200.0, 5_000.0, 400.0, 500.0, 600.0]));
        assert!((line.slope - 10.0).abs() < 1e-9);
        assert!(line.interval.0 > 0.0 && line.interval.1 < 500.0, "{line:?}");
    }

    #[test]
    fn up_to_five_readings_span_all_pair_slopes() {
        let five = line(&points(&[0.0, 90.0, 220.0, 300.0, 400.0]));
        assert_eq!(five.interval, (8.0, 13.0));
        assert_eq!(line(&points(&[0.0, 100.0, 300.0])).interval, (10.0, 20.0));
    }

    #[test]
    fn sens_interval_holds_the_true_slope_as_often_as_it_says() {
        let mut seed = 17u64;
        let mut noise = || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as f64 / f64::from(1u32 << 31) - 0.5
        };
        let held = (0..2_000)
            .filter(|_| {
                let series: Vec<f64> = (0..9)
                    .map(|index| f64::from(index) * 10.0 + noise() * 60.0)
                    .collect();
                let (low, high) = line(&points(&series)).interval;
                low <= 1.0 && 1.0 <= high
            })
            .count();
        assert!((1_900..=1_995).contains(&held), "{held} of 2000");
    }

    #[test]
    fn nothing_to_fit_is_flat() {
        assert_eq!(line(&[]).slope, 0.0);
        assert_eq!(line(&points(&[5.0])).scatter, 0.0);
        assert_eq!(median(&[3.0, 1.0]), 2.0);
    }
}
