//! What must hold for any readings.

use proptest::prelude::*;
use stanch_memory_verdict::{Decision, Evidence, Limits, Reading, VerdictKind, decide};

fn readings(steps: &[i64], per_round: u64, base: u64) -> Vec<Reading> {
    let mut live_heap = base as i64;
    (0..=steps.len())
        .map(|round| {
            live_heap = (live_heap + round.checked_sub(1).map_or(0, |step| steps[step])).max(0);
            let live_heap = live_heap as u64;
            let at_ms = round as u64 * 2_300;
            Reading {
                requests: round as u64 * per_round,
                at_ms,
                live_heap,
                heap_total: 1 << 28,
                external: 2 << 20,
                array_buffers: 0,
                rss: 1 << 29,
            }
        })
        .collect()
}

fn judge(readings: Vec<Reading>, rounds_left: u32) -> Decision {
    decide(&Evidence {
        readings,
        limits: Limits {
            rounds_left,
            heap_limit: None,
        },
        ..Evidence::default()
    })
}

fn kind(decision: &Decision) -> Option<VerdictKind> {
    match decision {
        Decision::Decided(verdict) => Some(verdict.kind),
        Decision::More(_) => None,
    }
}

proptest! {
    #[test]
    fn a_constant_on_top_changes_nothing(steps in prop::collection::vec(-400_000i64..900_000, 1..13), per_round in 1u64..20_000, more in 0u64..200_000_000, left in 0u32..12) {
        let base = 20_000_000;
        let raised: Vec<Reading> = readings(&steps, per_round, base)
            .into_iter()
            .map(|reading| Reading { live_heap: reading.live_heap + more, heap_total: reading.heap_total + more, rss: reading.rss + more, ..reading })
            .collect();
        prop_assert_eq!(kind(&judge(readings(&steps, per_round, base), left)), kind(&judge(raised, left)));
    }

    /// Kilobytes over a dozen requests or over thousands: the kind depends on bytes and rounds, the rate on requests.
    #[test]
    fn the_rate_scales_with_the_requests(step in 300_000i64..3_000_000, per_round in 10u64..2_000, factor in 2u64..9) {
        let rate = |per_round| match judge(readings(&[step; 6], per_round, 5_000_000), 6) {
            Decision::Decided(verdict) => verdict.growth.map(|growth| growth.bytes_per_request.0 * per_round as f64),
            Decision::More(_) => None,
        };
        let (one, other) = (rate(per_round), rate(per_round * factor));
        prop_assert!(one.is_some());
        prop_assert!((one.unwrap_or(0.0) - other.unwrap_or(1.0)).abs() < 1.0, "{:?} {:?}", one, other);
    }

    /// A leak that was called stays one when the same goes on.
    #[test]
    fn more_of_the_same_does_not_unsay_a_leak(step in 270_000i64..5_000_000, rounds in 4usize..9, per_round in 1u64..5_000) {
        if kind(&judge(readings(&vec![step; rounds], per_round, 5_000_000), 5)) == Some(VerdictKind::Leak) {
            prop_assert_eq!(kind(&judge(readings(&vec![step; rounds + 1], per_round, 5_000_000), 4)), Some(VerdictKind::Leak));
        }
    }

    /// A faster leak is a leak where a slower one is.
    #[test]
    fn faster_growth_is_no_less_a_leak(step in 100_000i64..2_000_000, noise in prop::collection::vec(-30_000i64..30_000, 8), faster in 1.1f64..20.0) {
        let series = |step: f64| noise.iter().map(|noise| step as i64 + noise).collect::<Vec<_>>();
        if kind(&judge(readings(&series(step as f64), 3_000, 5_000_000), 4)) == Some(VerdictKind::Leak) {
            prop_assert_eq!(kind(&judge(readings(&series(step as f64 * faster), 3_000, 5_000_000), 4)), Some(VerdictKind::Leak));
        }
    }

    /// With the rounds spent there is an answer, at most one pause away; and numbers that are shown are numbers.
    #[test]
    fn the_dialogue_ends(steps in prop::collection::vec(-4_000_000i64..9_000_000, 0..13), per_round in 0u64..20_000) {
        let mut evidence = Evidence { readings: readings(&steps, per_round, 20_000_000), ..Evidence::default() };
        let mut decision = decide(&evidence);
        if let (Decision::More(stanch_memory_verdict::Need::Pause { ms }), Some(last)) = (&decision, evidence.readings.last()) {
            evidence.pause = Some(Reading { at_ms: last.at_ms + ms, ..*last });
            decision = decide(&evidence);
        }
        let Decision::Decided(verdict) = decision else { return Err(TestCaseError::fail(format!("{decision:?}"))) };
        prop_assert!((0.0..=1.0).contains(&verdict.confidence));
        prop_assert!(!verdict.smallest_seen.0.is_nan());
        prop_assert!(verdict.steps.iter().all(|step| step.measure.value.is_finite()));
    }
}
