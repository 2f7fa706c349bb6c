//! Thousands of seeded services: how often a healthy one is called a leak, how often a leak is found, and how soon.

use stanch_memory_verdict::{ReleaseHint, Verdict, VerdictKind};

use super::synthetic::{Random, Service, Shape};

/// Of each sort; `STANCH_SERVICES` asks for another number.
fn services() -> u64 {
    std::env::var("STANCH_SERVICES")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(2_000)
}

const ALARMS: [VerdictKind; 3] = [
    VerdictKind::Leak,
    VerdictKind::BufferLeak,
    VerdictKind::NativeGrowth,
];

fn healthy(seed: u64) -> Service {
    let random = &mut Random::new(seed);
    let per_round = random.magnitude(12.0, 20_000.0);
    let base = Service {
        per_round,
        noise: random.between(5e3, 25e3),
        ..Service::quiet()
    };
    let megabytes = |random: &mut Random| random.magnitude(0.2e6, 40e6);
    match seed % 10 {
        0 => base,
        1 => Service {
            heap: vec![Shape::Converging {
                height: megabytes(random),
                requests: per_round * random.between(0.2, 8.0),
            }],
            ..base
        },
        2 => Service {
            heap: vec![Shape::Filling {
                height: megabytes(random),
                requests: per_round * random.between(0.3, 3.0),
            }],
            ..base
        },
        3 => {
            let (life, sweep) = (random.between(1e3, 8e3), random.between(500.0, 3e3));
            Service {
                heap: vec![Shape::Expiring {
                    rate: random.magnitude(50.0, 5e3),
                    life_ms: life,
                    sweep_ms: sweep,
                }],
                ..base
            }
        }
        4 => Service {
            heap: vec![Shape::Churning(random.magnitude(0.1e6, 5e6))],
            ..base
        },
        5 => Service {
            external: vec![Shape::Churning(random.magnitude(1e6, 60e6))],
            ..base
        },
        6 => Service {
            native: vec![
                Shape::Converging {
                    height: random.magnitude(5e6, 400e6),
                    requests: per_round * random.between(0.3, 3.0),
                },
                Shape::Churning(20e6),
            ],
            ..base
        },
        7 => Service {
            heap: vec![Shape::Drifting(random.magnitude(20e3, 200e3))],
            native: vec![Shape::Drifting(random.magnitude(1e6, 10e6))],
            ..base
        },
        8 => Service {
            heap: vec![Shape::Wobble {
                rate: random.between(50.0, 270.0),
                requests: random.between(300.0, 1_500.0),
            }],
            ..base
        },
        // A bound the rounds hardly reach: only the holder's source code tells it from a leak.
        _ => {
            let requests = per_round * random.between(3.0, 20.0);
            let hint = ReleaseHint {
                bound_entries: Some(requests as u64),
                lifetime: None,
            };
            Service {
                heap: vec![Shape::Filling {
                    height: megabytes(random),
                    requests,
                }],
                hint: Some(hint),
                ..base
            }
        }
    }
}

/// A leak of 200 B to 200 KB per request that adds at least 150 KB to a first round.
fn leaky(seed: u64) -> Service {
    let random = &mut Random::new(seed);
    let rate = random.magnitude(200.0, 200e3);
    let per_round = random.magnitude(
        (150e3 / rate).max(12.0),
        (400e6 / rate).clamp(1_000.0, 20_000.0),
    );
    let base = Service {
        per_round,
        noise: random.between(5e3, 25e3),
        ..Service::quiet()
    };
    match seed % 6 {
        0 => Service {
            heap: vec![Shape::Leak(rate)],
            ..base
        },
        1 => Service {
            heap: vec![Shape::TableLeak(rate)],
            ..base
        },
        2 => Service {
            heap: vec![Shape::LumpyLeak(rate)],
            ..base
        },
        3 => Service {
            heap: vec![
                Shape::Leak(rate),
                Shape::Converging {
                    height: rate * per_round * random.unit(),
                    requests: per_round * random.between(0.2, 1.5),
                },
            ],
            ..base
        },
        4 => Service {
            external: vec![Shape::Leak(rate.max(2_000.0))],
            heap: vec![Shape::Leak(100.0)],
            ..base
        },
        _ => Service {
            heap: vec![Shape::Leak(rate), Shape::Drifting(30e3)],
            external: vec![Shape::Churning(3e6)],
            ..base
        },
    }
}

/// Judges them all; returns the verdicts `wrong` picks, and the median and the longest number of rounds.
fn census(make: fn(u64) -> Service, wrong: fn(&Verdict) -> bool) -> (Vec<String>, usize, usize) {
    let mut rounds = Vec::new();
    let mut failures = Vec::new();
    for seed in 0..services() {
        let service = make(seed);
        let (verdict, taken) = service.judge(seed);
        rounds.push(taken);
        if wrong(&verdict) {
            failures.push(format!(
                "{seed}: {} after {taken} rounds: {service:?}",
                verdict.kind.id()
            ));
        }
    }
    rounds.sort_unstable();
    (
        failures,
        rounds[rounds.len() / 2],
        rounds[rounds.len() * 9 / 10],
    )
}

#[test]
fn no_healthy_service_is_called_a_leak() {
    let (alarms, median, most) = census(healthy, |verdict| ALARMS.contains(&verdict.kind));
    println!("median {median} rounds, nine in ten within {most}");
    assert!(
        alarms.is_empty(),
        "{} alarms\n{}",
        alarms.len(),
        alarms[..alarms.len().min(12)].join("\n")
    );
    assert!(median <= 6, "healthy services take {median} rounds");
}

#[test]
fn nearly_every_leak_is_found_soon() {
    let (missed, median, most) = census(leaky, |verdict| !ALARMS.contains(&verdict.kind));
    println!(
        "missed {}, median {median} rounds, nine in ten within {most}",
        missed.len()
    );
    assert!(
        missed.len() as u64 * 100 <= services(),
        "{} missed\n{}",
        missed.len(),
        missed[..missed.len().min(12)].join("\n")
    );
    assert!(median <= 5, "leaks take {median} rounds");
}
