//! Made-up diagnoses, one per kind of verdict that reads differently.

use stanch_diagnosis::{
    Artifact, ArtifactKind, CodeFrame, CodeLine, Diagnosis, Holder, HolderGrowth, Load, Memory,
    Objects, Phase, Remedy, Round, Sample, Site, SiteRole, Suspect, Target,
};
use stanch_leak_patterns::{Bytes, BytesPerRequest, Confidence, Pattern, Place};
use stanch_memory_verdict::{
    Answer, BytesPerRequest as Rate, Growth, Measure, Quantity, Step, Unit, Verdict, VerdictKind,
};

const KB: u64 = 1 << 10;
const MB: u64 = 1 << 20;

/// A Map that every request adds to, with a patch; a listener list beside it, and a chain without members.
pub(crate) fn leak() -> Diagnosis {
    let live = |round: u64| 5_700_000 + round * 1_500 * 1_150;
    let mut diagnosis = diagnosis(
        verdict(
            VerdictKind::Leak,
            0.9917,
            vec![
                steady_load(),
                Step {
                    question: "Does the live heap grow with the load, round after round?".into(),
                    answer: Answer::Yes(
                        "every round ends higher than the one before; by chance 1 in 120".into(),
                    ),
                    measure: per_request("live_heap_slope", 1_150.0, (1_100.0, 1_210.0)),
                },
                Step {
                    question: "Does an idle pause give it back?".into(),
                    answer: Answer::No("after 5 s without load 12 KB of 6.6 MB are gone".into()),
                    measure: Measure {
                        name: "released_in_pause",
                        value: 0.002,
                        unit: Unit::Share,
                        interval: (0.002, 0.002),
                    },
                },
            ],
        ),
        memory(live, |_| MB, |round| 78 * MB + round * 2 * MB),
    );
    diagnosis.verdict.growth = Some(Growth {
        quantity: Quantity::LiveHeap,
        bytes_per_request: Rate(1_150.0),
        interval: (Rate(1_100.0), Rate(1_210.0)),
        per_step: vec![
            Rate(1_140.0),
            Rate(1_160.0),
            Rate(1_150.0),
            Rate(f64::INFINITY),
        ],
    });
    diagnosis.suspects = vec![cache(), listeners(), chain()];
    diagnosis.artifacts = vec![Artifact {
        kind: ArtifactKind::Snapshot,
        path: "heap/3.heapsnapshot".into(),
        bytes: Bytes(21 * MB),
    }];
    diagnosis
}

/// Nothing grows.
pub(crate) fn healthy() -> Diagnosis {
    diagnosis(
        verdict(
            VerdictKind::Healthy,
            0.95,
            vec![
                steady_load(),
                flat_heap(),
                Step {
                    question: "Does garbage collection take too much of the time?".into(),
                    answer: Answer::No("2 % of the time under load".into()),
                    measure: Measure {
                        name: "gc_share",
                        value: 0.02,
                        unit: Unit::Share,
                        interval: (0.01, 0.03),
                    },
                },
            ],
        ),
        memory(
            |round| 12_300_000 + round % 3 * 9_000,
            |_| 2 * MB,
            |round| 90 * MB + round * 40 * KB,
        ),
    )
}

/// Little is alive, much is held.
pub(crate) fn retained_pages() -> Diagnosis {
    let mut diagnosis = diagnosis(
        verdict(
            VerdictKind::RetainedPages,
            0.9,
            vec![
                steady_load(),
                flat_heap(),
                Step {
                    question: "Does the process keep far more memory than it uses?".into(),
                    answer: Answer::Yes(
                        "465 MB resident beyond the 18 MB in use, 60 MB before the load".into(),
                    ),
                    measure: Measure {
                        name: "unused_resident",
                        value: 465.0 * 1_048_576.0,
                        unit: Unit::Bytes,
                        interval: (465.0 * 1_048_576.0, 465.0 * 1_048_576.0),
                    },
                },
            ],
        ),
        memory(
            |round| 16 * MB + round % 2 * 5_000,
            |_| 2 * MB,
            |round| 478 * MB + round * MB,
        ),
    );
    diagnosis.verdict.would_change =
        "Resident memory that rises further under the same load, round after round.".into();
    diagnosis
}

/// The collector works too hard in a heap that is nearly full.
pub(crate) fn gc_pressure() -> Diagnosis {
    let mut diagnosis = retained_pages();
    diagnosis.verdict.kind = VerdictKind::GcPressure;
    diagnosis.verdict.steps = vec![
        flat_heap(),
        Step {
            question: "Does garbage collection take too much of the time?".into(),
            answer: Answer::Yes("31 % of the time under load goes into it".into()),
            measure: Measure {
                name: "gc_share",
                value: 0.31,
                unit: Unit::Share,
                interval: (0.28, 0.33),
            },
        },
    ];
    diagnosis.target.heap_limit = Some(Bytes(20 * MB));
    diagnosis
}

/// Two short rounds.
pub(crate) fn not_enough_data() -> Diagnosis {
    let mut memory = memory(|round| 9 * MB + round * 30 * KB, |_| MB, |_| 70 * MB);
    memory.rounds.truncate(3);
    let mut diagnosis = diagnosis(
        verdict(
            VerdictKind::NotEnoughData,
            0.0,
            vec![
                steady_load(),
                Step {
                    question: "Does the live heap grow with the load, round after round?".into(),
                    answer: Answer::CannotTell("3 readings cannot show a rise".into()),
                    measure: per_request("live_heap_slope", 20.0, (-400.0, 600.0)),
                },
            ],
        ),
        memory,
    );
    diagnosis.verdict.smallest_seen = Rate(f64::INFINITY);
    diagnosis.verdict.would_change =
        "More readings: 3 were taken, 5 is the fewest that can show a rise.".into();
    diagnosis.notes =
        vec!["no snapshot was taken: the container has 120 MB left and one needs 300 MB".into()];
    diagnosis
}

/// A leak whose names try to leave the report.
pub(crate) fn hostile() -> Diagnosis {
    let evil =
        "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}`<script>|@root #1\u{9b}31m\r\nline\u{2028}\u{e0041}";
    let mut diagnosis = leak();
    let long = format!("{evil}{}", "x".repeat(5_000));
    diagnosis.target.command = vec![long.clone()];
    diagnosis.target.isolate = long.clone();
    diagnosis.notes = vec![long.clone()];
    diagnosis.verdict.would_change = evil.into();
    if let Some(step) = diagnosis.verdict.steps.first_mut() {
        step.question = evil.into();
        step.answer = Answer::Yes(evil.into());
    }
    diagnosis.artifacts.push(Artifact {
        kind: ArtifactKind::Samples,
        path: evil.into(),
        bytes: Bytes(1),
    });
    for suspect in &mut diagnosis.suspects {
        suspect.holder = Holder {
            name: long.clone(),
            qualified: Some(long.clone()),
            kind: long.clone(),
            location: Some(place(evil, 2, 7)),
            generated: None,
            package: Some(long.clone()),
            worker: Some(evil.into()),
        };
        suspect.path = vec![long.clone(); 40];
        suspect.reasons = vec![evil.into()];
        suspect.objects = vec![Objects {
            class: long.clone(),
            count: 1,
            bytes: Bytes(1),
        }];
        suspect.remedy.summary = evil.into();
        suspect.remedy.advice = vec![evil.into()];
        suspect.remedy.patch = Some(format!("--- a\n+++ b\n+{evil}\n+```\n"));
        suspect.frames = vec![CodeFrame {
            label: evil.into(),
            place: place(evil, 1, 3_000),
            width: 4_000,
            lines: vec![CodeLine {
                number: 1,
                text: long.clone(),
            }],
        }];
    }
    diagnosis
}

fn cache() -> Suspect {
    Suspect {
        rank: 1,
        pattern: Some(Pattern::UnboundedCache),
        confidence: Confidence::High,
        holder: Holder {
            name: "profiles".into(),
            qualified: None,
            kind: "Map".into(),
            location: Some(place("src/users.ts", 2, 7)),
            generated: Some(place("dist/users.js", 1, 113)),
            package: None,
            worker: None,
        },
        growth: HolderGrowth {
            count: vec![10, 1_510, 3_010],
            retained: vec![Bytes(9_000), Bytes(1_734_000), Bytes(3_459_000)],
            per_request: Some(BytesPerRequest(1_150.0)),
            share: 0.97,
        },
        sites: vec![Site {
            role: SiteRole::Inserts,
            place: place("src/users.ts", 6, 12),
            generated: None,
        }],
        path: vec![
            "(module) src/users.ts".into(),
            "profiles: Map".into(),
            "value: Object {id, name, bio, tags}".into(),
        ],
        objects: vec![
            Objects { class: "Object".into(), count: 1_500, bytes: Bytes(1_200_000) },
            Objects { class: "(string)".into(), count: 3_000, bytes: Bytes(410_000) },
            Objects { class: "Array".into(), count: 1_500, bytes: Bytes(48_000) },
        ],
        reasons: vec!["nothing in `src/users.ts` ever deletes from `profiles`".into()],
        frames: vec![
            CodeFrame {
                label: "declared here".into(),
                place: place("src/users.ts", 2, 7),
                width: 8,
                lines: lines(1, &["import { fetchProfile } from './db.js';", "const profiles = new Map<string, Profile>();", ""]),
            },
            CodeFrame {
                label: "inserts one entry per request".into(),
                place: place("src/users.ts", 6, 12),
                width: 3,
                lines: lines(5, &["\tconst profile = await fetchProfile(id);", "\tprofiles.set(id, profile);", "\treturn profile;"]),
            },
        ],
        remedy: Remedy {
            summary: "bound `profiles` by entries and by age".into(),
            advice: vec![
                "several processes behind one load balancer share such a cache better in Redis, with a TTL".into(),
            ],
            patch: Some(
                "--- a/src/users.ts\n+++ b/src/users.ts\n@@ -1,3 +1,4 @@\n+import { LRUCache } from 'lru-cache';\n import \
                 { fetchProfile } from './db.js';\n-const profiles = new Map<string, Profile>();\n+const profiles = new \
                 LRUCache<string, Profile>({ max: 5000, ttl: 5 * 60_000 });\n \n"
                    .into(),
            ),
        },
    }
}

fn listeners() -> Suspect {
    Suspect {
        rank: 2,
        pattern: Some(Pattern::UnremovedListener),
        confidence: Confidence::Medium,
        holder: Holder {
            name: "listeners".into(),
            qualified: Some("PriceFeed#_events.tick".into()),
            kind: "Array".into(),
            location: None,
            generated: None,
            package: Some("price-feed@2.1.0".into()),
            worker: None,
        },
        growth: HolderGrowth {
            count: vec![2, 3, 5, 8, 12, 17, 25],
            retained: vec![Bytes(400), Bytes(24_000)],
            per_request: None,
            share: 0.02,
        },
        sites: vec![Site {
            role: SiteRole::Calls,
            place: place("src/routes/quotes.ts", 41, 3),
            generated: None,
        }],
        path: vec![
            "(module) node_modules/price-feed/index.js".into(),
            "feed: PriceFeed".into(),
        ],
        objects: Vec::new(),
        reasons: Vec::new(),
        frames: vec![
            CodeFrame {
                label: "creates the handler".into(),
                place: place("src/routes/quotes.ts", 41, 19),
                width: 13,
                lines: lines(
                    40,
                    &[
                        "export function quotes(request: Request, response: Response) {",
                        "  feed.on('tick', (tick) => response.write(JSON.stringify(tick)));",
                    ],
                ),
            },
            CodeFrame {
                label: "calls into the package".into(),
                place: place("src/routes/quotes.ts", 41, 3),
                width: 7,
                lines: lines(
                    41,
                    &["  feed.on('tick', (tick) => response.write(JSON.stringify(tick)));"],
                ),
            },
        ],
        remedy: Remedy {
            summary: "remove the handler when the response closes".into(),
            advice: Vec::new(),
            patch: None,
        },
    }
}

fn chain() -> Suspect {
    Suspect {
        rank: 3,
        pattern: None,
        confidence: Confidence::Low,
        holder: Holder {
            kind: "Promise".into(),
            worker: Some("resize".into()),
            ..Holder::default()
        },
        growth: HolderGrowth {
            count: vec![0, 0],
            retained: vec![Bytes(100), Bytes(300_100)],
            per_request: Some(BytesPerRequest(100.0)),
            share: 0.01,
        },
        sites: Vec::new(),
        path: Vec::new(),
        objects: Vec::new(),
        reasons: Vec::new(),
        frames: Vec::new(),
        remedy: Remedy {
            summary: "a chain without a holder that the sources name".into(),
            ..Remedy::default()
        },
    }
}

fn diagnosis(verdict: Verdict, memory: Memory) -> Diagnosis {
    Diagnosis {
        target: Target {
            command: vec!["node".into(), "server.js".into()],
            files: Vec::new(),
            pid: Some(4_242),
            node: Some("v24.1.0".into()),
            v8: Some("13.6.233.8-node.10".into()),
            isolate: "main".into(),
            heap_limit: Some(Bytes(4_144 * MB)),
        },
        verdict,
        memory,
        load: Some(Load {
            urls: vec!["http://127.0.0.1:3000/users/1".into()],
            connections: 10,
            requests: 10_500,
            errors: 0,
            p50_ms: 1.12,
            p99_ms: 4.04,
        }),
        suspects: Vec::new(),
        artifacts: Vec::new(),
        notes: Vec::new(),
    }
}

fn verdict(kind: VerdictKind, confidence: f64, steps: Vec<Step>) -> Verdict {
    Verdict {
        kind,
        confidence,
        steps,
        growth: None,
        smallest_seen: Rate(24.4),
        would_change: "Growth that starts later, or on paths that this load does not reach.".into(),
    }
}

/// A base line and four rounds of 1,500 requests.
fn memory(
    live: impl Fn(u64) -> u64,
    external: impl Fn(u64) -> u64,
    rss: impl Fn(u64) -> u64,
) -> Memory {
    let round = |number: u64| Round {
        requests: number * 1_500,
        live_heap: Bytes(live(number)),
        external: Bytes(external(number)),
        array_buffers: Bytes(external(number) / 2),
        rss: Bytes(rss(number)),
    };
    let sample = |number: u64| Sample {
        t_ms: number * 500,
        phase: if number < 3 {
            Phase::WarmUp
        } else {
            Phase::Load
        },
        requests: number * 750,
        rss: Bytes(rss(4)),
        heap_total: Bytes(rss(4) - 60 * MB),
        heap_used: Bytes(live(4) + number % 4 * 5 * MB),
        external: Bytes(external(4)),
        array_buffers: Bytes(external(4) / 2),
    };
    Memory {
        samples: (0..11).map(sample).collect(),
        rounds: (0..5).map(round).collect(),
    }
}

fn steady_load() -> Step {
    Step {
        question: "Was there enough steady load to judge by?".into(),
        answer: Answer::Yes("6000 requests in 4 rounds".into()),
        measure: Measure {
            name: "requests",
            value: 6_000.0,
            unit: Unit::Requests,
            interval: (6_000.0, 6_000.0),
        },
    }
}

fn flat_heap() -> Step {
    Step {
        question: "Does the live heap grow with the load, round after round?".into(),
        answer: Answer::No("it moves by 9 KB, no round after the other".into()),
        measure: per_request("live_heap_slope", 0.9, (-4.0, 6.2)),
    }
}

fn per_request(name: &'static str, value: f64, interval: (f64, f64)) -> Measure {
    Measure {
        name,
        value,
        unit: Unit::BytesPerRequest,
        interval,
    }
}

fn place(file: &str, line: u32, column: u32) -> Place {
    Place {
        file: file.into(),
        line,
        column,
    }
}

fn lines(first: u32, texts: &[&str]) -> Vec<CodeLine> {
    let line = |(index, text): (u32, &&str)| CodeLine {
        number: first + index,
        text: (*text).into(),
    };
    (0..).zip(texts).map(line).collect()
}
