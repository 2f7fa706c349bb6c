//! A series → how surely it rises: Mann and Kendall's test, exact for the short series of a run.

/// Up to here the exact distribution; beyond, the normal one is right to three digits.
const EXACT_UP_TO: usize = 60;

/// The outcome of the test for a rise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rise {
    /// Rising pairs minus falling pairs.
    pub(crate) score: i64,
    /// Score over the number of pairs, −1 to 1.
    pub(crate) tau: f64,
    /// Chance that a series without trend scores at least this high.
    pub(crate) p: f64,
}

/// Tests `values`, taken in order, for a rise. Ties count neither way, which only makes the test more careful.
pub(crate) fn rise(values: &[f64]) -> Rise {
    let mut score = 0i64;
    for (index, early) in values.iter().enumerate() {
        for late in &values[index + 1..] {
            score += i64::from(late > early) - i64::from(late < early);
        }
    }
    let pairs = pairs(values.len());
    let tau = if pairs == 0 {
        0.0
    } else {
        score as f64 / pairs as f64
    };
    Rise {
        score,
        tau,
        p: chance_of(score, values.len()),
    }
}

/// The smallest score that a series of `length` without trend reaches with a chance of at most `level`; beyond the
/// number of pairs when even a perfect rise is not that rare.
pub(crate) fn critical_score(length: usize, level: f64) -> i64 {
    let pairs = pairs(length) as i64;
    // Scores of one length all have the parity of the number of pairs.
    (0..=pairs)
        .filter(|score| (score - pairs) % 2 == 0)
        .find(|&score| chance_of(score, length) <= level)
        .unwrap_or(pairs + 2)
}

const fn pairs(length: usize) -> usize {
    length * length.saturating_sub(1) / 2
}

fn chance_of(score: i64, length: usize) -> f64 {
    if length < 2 {
        return 1.0;
    }
    if length > EXACT_UP_TO {
        return normal_chance(score, length as f64);
    }
    // A score of S means (pairs − S) / 2 falling pairs at most; their number is that of a permutation's inversions.
    let inversions = (pairs(length) as i64 - score).div_euclid(2);
    if inversions < 0 {
        return 0.0;
    }
    inversion_chances(length)
        .iter()
        .take(inversions as usize + 1)
        .sum::<f64>()
        .min(1.0)
}

/// Chance of exactly k inversions in a random order of `length` values, for every k.
fn inversion_chances(length: usize) -> Vec<f64> {
    let mut chances = vec![1.0];
    for size in 2..=length {
        // The size-th value goes before 0..size−1 of the others, each place equally likely.
        let mut next = vec![0.0; chances.len() + size - 1];
        for (inversions, chance) in chances.iter().enumerate() {
            for place in 0..size {
                next[inversions + place] += chance / size as f64;
            }
        }
        chances = next;
    }
    chances
}

fn normal_chance(score: i64, length: f64) -> f64 {
    let deviation = (length * (length - 1.0) * (2.0 * length + 5.0) / 18.0).sqrt();
    // One step towards zero: the score is a whole number, the bell is not.
    let z = (score as f64 - (score.signum() as f64)) / deviation;
    upper_tail(z)
}

/// Chance above `z` under the bell: erfc by its continued fraction far out, by its series near the middle.
fn upper_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - upper_tail(-z);
    }
    let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if z > 2.5 {
        let fraction = (1..=40)
            .rev()
            .fold(z, |below, step| z + f64::from(step) / below);
        return density / fraction;
    }
    let (mut term, mut sum) = (z, z);
    for step in 1..60 {
        term *= z * z / (2.0 * f64::from(step) + 1.0);
        sum += term;
    }
    0.5 - density * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[f64], score: i64, p: f64) {
        let rise = rise(values);
        assert_eq!(rise.score, score, "{values:?}");
        assert!(
            (rise.p - p).abs() < 1e-9,
            "{values:?}: {} is not {p}",
            rise.p
        );
    }

    #[test]
    fn five_rising_readings_are_one_in_120() {
        check(&[1.0, 2.0, 3.0, 4.0, 5.0], 10, 1.0 / 120.0);
        check(&[1.0, 3.0, 2.0, 4.0, 5.0], 8, 5.0 / 120.0);
        check(&[5.0, 4.0, 3.0, 2.0, 1.0], -10, 1.0);
        check(&[1.0, 2.0, 3.0], 3, 1.0 / 6.0);
        check(&[7.0], 0, 1.0);
        check(&[2.0, 2.0, 2.0], 0, 0.5);
    }

    #[test]
    fn exact_chances_equal_counting_all_orders() {
        let mut counts = std::collections::BTreeMap::new();
        permutations(&mut vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 0, &mut |order| {
            *counts.entry(rise(order).score).or_insert(0u32) += 1
        });
        for &score in counts.keys() {
            let at_least: u32 = counts.range(score..).map(|(_, count)| count).sum();
            assert!(
                (chance_of(score, 6) - f64::from(at_least) / 720.0).abs() < 1e-12,
                "{score}"
            );
        }
    }

    fn permutations(values: &mut Vec<f64>, from: usize, visit: &mut impl FnMut(&[f64])) {
        if from == values.len() {
            return visit(values);
        }
        for other in from..values.len() {
            values.swap(from, other);
            permutations(values, from + 1, visit);
            values.swap(from, other);
        }
    }

    #[test]
    fn critical_scores_are_the_tables() {
        assert_eq!(critical_score(5, 0.025), 10);
        assert_eq!(critical_score(5, 0.05), 8);
        assert_eq!(critical_score(8, 0.025), 18);
        assert_eq!(
            critical_score(3, 0.025),
            5,
            "three readings are never enough"
        );
    }

    #[test]
    fn the_bell_meets_the_exact_chances() {
        let table = [
            (0.0, 0.5),
            (0.5, 0.308_537_5),
            (1.0, 0.158_655_3),
            (1.96, 0.024_997_9),
            (2.4, 0.008_197_5),
            (2.6, 0.004_661_2),
            (4.0, 0.000_031_67),
        ];
        for (z, tail) in table {
            assert!(
                (upper_tail(z) - tail).abs() < 2e-7,
                "{z}: {}",
                upper_tail(z)
            );
        }
        assert!((normal_chance(400, 60.0) - chance_of(400, 60)).abs() < 1e-3);
    }
}
