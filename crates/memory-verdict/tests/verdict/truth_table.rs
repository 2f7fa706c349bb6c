//! Made-up services → the whole decision as text: one line per kind and noise.

use stanch_memory_verdict::{
    Decision, Evidence, Lifetime, Limits, Need, Reading, ReleaseHint, VerdictKind, decide,
};

use super::synthetic::{Service, Shape};

/// What is done, the service, the verdict that must come out.
fn rows() -> Vec<(&'static str, Service, VerdictKind)> {
    use VerdictKind::{
        BufferLeak, GcPressure, Healthy, Leak, NativeGrowth, NotEnoughData, RetainedPages, WarmUp,
    };
    let with = |heap: Vec<Shape>| Service {
        heap,
        ..Service::quiet()
    };
    let buffers = |external: Vec<Shape>| Service {
        external,
        ..Service::quiet()
    };
    let native = |native: Vec<Shape>| Service {
        native,
        ..Service::quiet()
    };
    let slow = |heap: Vec<Shape>| Service {
        heap,
        per_round: 12.0,
        ..Service::quiet()
    };
    let hint = |bound, lifetime| {
        Some(ReleaseHint {
            bound_entries: bound,
            lifetime,
        })
    };
    let expiring = Shape::Expiring {
        rate: 500.0,
        life_ms: 14_000.0,
        sweep_ms: 1_000.0,
    };
    vec![
        ("quiet", Service::quiet(), Healthy),
        (
            "150 B kept by each of 1,500 requests",
            with(vec![Shape::Leak(150.0)]),
            Leak,
        ),
        (
            "1 KB kept by each request",
            with(vec![Shape::Leak(1_024.0)]),
            Leak,
        ),
        (
            "200 KB kept by each of 12 requests",
            slow(vec![Shape::Leak(200e3)]),
            Leak,
        ),
        (
            "5 KB kept by each of 12 requests",
            slow(vec![Shape::Leak(5e3)]),
            Leak,
        ),
        (
            "200 B kept by each of 12 requests",
            slow(vec![Shape::Leak(200.0)]),
            Healthy,
        ),
        (
            "1 KB kept in a table that doubles",
            with(vec![Shape::TableLeak(1_024.0)]),
            Leak,
        ),
        (
            "1 KB kept, after a warm-up of 4 MB",
            with(vec![
                Shape::Leak(1_024.0),
                Shape::Converging {
                    height: 4e6,
                    requests: 1_500.0,
                },
            ]),
            Leak,
        ),
        (
            "lazy tables of 3 MB",
            with(vec![Shape::Converging {
                height: 3e6,
                requests: 900.0,
            }]),
            WarmUp,
        ),
        (
            "caches that fill through all rounds",
            with(vec![Shape::Converging {
                height: 40e6,
                requests: 9_000.0,
            }]),
            WarmUp,
        ),
        (
            "a bound reached in two rounds",
            with(vec![Shape::Filling {
                height: 5e6,
                requests: 3_000.0,
            }]),
            WarmUp,
        ),
        (
            "a bound reached in seven, known",
            Service {
                hint: hint(Some(10_000), None),
                ..with(vec![Shape::Filling {
                    height: 5e6,
                    requests: 10_000.0,
                }])
            },
            WarmUp,
        ),
        (
            "a bound out of reach, known",
            Service {
                hint: hint(Some(1_000_000), None),
                ..with(vec![Shape::Leak(800.0)])
            },
            NotEnoughData,
        ),
        (
            "a bound that does not hold",
            Service {
                hint: hint(Some(500), None),
                ..with(vec![Shape::Leak(800.0)])
            },
            Leak,
        ),
        (
            "entries that live 14 s, known",
            Service {
                hint: hint(None, Some(Lifetime::Timed(15_000))),
                ..with(vec![expiring])
            },
            Healthy,
        ),
        (
            "entries that live 4 s",
            with(vec![Shape::Expiring {
                rate: 500.0,
                life_ms: 4_000.0,
                sweep_ms: 1_000.0,
            }]),
            Healthy,
        ),
        (
            "V8's own tables, few requests",
            Service {
                per_round: 120.0,
                ..with(vec![Shape::Wobble {
                    rate: 270.0,
                    requests: 700.0,
                }])
            },
            Healthy,
        ),
        (
            "a live heap that jumps by 2 MB",
            with(vec![Shape::Churning(2e6)]),
            Healthy,
        ),
        (
            "64 KB buffers kept",
            buffers(vec![Shape::Leak(65_536.0)]),
            BufferLeak,
        ),
        (
            "buffers kept, with their wrappers",
            Service {
                heap: vec![Shape::Leak(200.0)],
                ..buffers(vec![Shape::Leak(4_096.0)])
            },
            BufferLeak,
        ),
        (
            "as much heap as buffers kept",
            Service {
                heap: vec![Shape::Leak(3_000.0)],
                ..buffers(vec![Shape::Leak(4_096.0)])
            },
            Leak,
        ),
        (
            "buffers that come and go",
            buffers(vec![Shape::Churning(30e6)]),
            Healthy,
        ),
        (
            "2 KB malloced and kept",
            native(vec![Shape::Leak(2_048.0)]),
            NativeGrowth,
        ),
        (
            "32 KB malloced and kept",
            native(vec![Shape::Leak(32_768.0)]),
            NativeGrowth,
        ),
        (
            "arenas that fill up to 400 MB",
            native(vec![Shape::Converging {
                height: 400e6,
                requests: 1_500.0,
            }]),
            RetainedPages,
        ),
        (
            "200 KB of garbage a request, a third of the time in collection",
            Service {
                gc_share: 0.33,
                garbage: 200e3,
                ..Service::quiet()
            },
            GcPressure,
        ),
        (
            "2 MB of garbage a request, collected in a twentieth of the time",
            Service {
                gc_share: 0.05,
                garbage: 2e6,
                ..Service::quiet()
            },
            GcPressure,
        ),
        (
            "ordinary garbage, whose collection waits for busy cores",
            Service {
                gc_share: 0.45,
                ..Service::quiet()
            },
            Healthy,
        ),
        (
            "no requests",
            Service {
                per_round: 0.0,
                ..Service::quiet()
            },
            NotEnoughData,
        ),
    ]
}

#[test]
fn truth_table() {
    let mut table = String::new();
    for (name, service, expected) in rows() {
        let mut outcomes = Vec::new();
        for noise in [0.0, 15e3, 30e3] {
            let (verdict, rounds) = Service {
                noise,
                ..service.clone()
            }
            .judge(11);
            let rate = verdict.growth.as_ref().map_or(String::new(), |growth| {
                format!(" {}", growth.bytes_per_request)
            });
            outcomes.push(format!("{} in {rounds}{rate}", verdict.kind.id()));
            assert_eq!(
                verdict.kind, expected,
                "{name}, noise {noise}: {verdict:#?}"
            );
        }
        outcomes.dedup();
        table.push_str(&format!("{name}\n    {}\n", outcomes.join("\n    ")));
    }
    insta::assert_snapshot!(table);
}

/// The verdict of readings that are given one by one: requests, live heap in KB.
fn check(readings: &[(u64, u64)], rounds_left: u32, expected: Result<VerdictKind, &str>) {
    let readings = readings
        .iter()
        .enumerate()
        .map(|(index, &(requests, kilobytes))| Reading {
            requests,
            at_ms: index as u64 * 2_300,
            live_heap: kilobytes * 1_024,
            heap_total: 20 << 20,
            external: 2 << 20,
            array_buffers: 0,
            rss: 80 << 20,
        });
    let limits = Limits {
        rounds_left,
        heap_limit: None,
    };
    let outcome = match decide(&Evidence {
        readings: readings.collect(),
        limits,
        ..Evidence::default()
    }) {
        Decision::Decided(verdict) => Ok(verdict.kind),
        Decision::More(need) => Err(format!("{need:?}")),
    };
    assert_eq!(outcome.as_ref().copied().map_err(String::as_str), expected);
}

#[test]
fn too_little_is_said_to_be_too_little() {
    let more = Err("Round { stretch: 1.0 }");
    check(&[], 12, more);
    check(&[(0, 5_000)], 12, more);
    check(
        &[(0, 5_000), (1_500, 9_000), (3_000, 13_000), (4_500, 17_000)],
        0,
        Ok(VerdictKind::NotEnoughData),
    );
    check(
        &[(0, 5_000), (0, 5_000), (0, 5_000)],
        9,
        Ok(VerdictKind::NotEnoughData),
    );
    check(&[(9, 5_000), (3, 5_000)], 9, Ok(VerdictKind::NotEnoughData));
    // Busy rounds, then an idle service: flat says nothing.
    let dried_up = [
        (0, 5_000),
        (1_500, 5_900),
        (3_000, 6_800),
        (3_001, 6_800),
        (3_002, 6_800),
        (3_003, 6_800),
    ];
    check(&dried_up, 0, Ok(VerdictKind::NotEnoughData));
}

#[test]
fn what_expires_may_rise_as_unevenly_as_the_load() {
    // A sliding window of three seconds, while the machine becomes free in the last round.
    let recorded = [
        (647, 10_500),
        (3_834, 11_861),
        (8_463, 13_024),
        (14_952, 14_236),
        (20_484, 17_010),
        (25_417, 13_268),
        (58_503, 33_879),
    ];
    let readings: Vec<Reading> = recorded
        .iter()
        .zip(0..)
        .map(|(&(requests, kilobytes), index)| Reading {
            requests,
            at_ms: index * 2_300,
            live_heap: kilobytes * 1_024,
            heap_total: 60 << 20,
            external: 2 << 20,
            array_buffers: 0,
            rss: 120 << 20,
        })
        .collect();
    let last = readings[readings.len() - 1];
    let check = |pause: Option<u64>, expected: Result<VerdictKind, u64>| {
        let pause = pause.map(|kilobytes| Reading {
            at_ms: last.at_ms + 6_000,
            live_heap: kilobytes * 1_024,
            ..last
        });
        let decision = decide(&Evidence {
            readings: readings.clone(),
            pause,
            release_expected: Some(ReleaseHint {
                bound_entries: None,
                lifetime: Some(Lifetime::Timed(4_500)),
            }),
            ..Evidence::default()
        });
        let outcome = match decision {
            Decision::Decided(verdict) => Ok(verdict.kind),
            Decision::More(Need::Pause { ms }) => Err(ms),
            Decision::More(Need::Round { .. }) => Err(0),
        };
        assert_eq!(outcome, expected, "{pause:?}");
    };
    check(None, Err(5_500));
    check(Some(9_000), Ok(VerdictKind::Healthy));
    check(Some(33_000), Ok(VerdictKind::NotEnoughData));
}
