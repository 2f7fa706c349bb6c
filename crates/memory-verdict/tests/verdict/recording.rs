//! A recorded series → the dialogue a caller would have had with `decide`.

use stanch_memory_verdict::{
    Decision, Evidence, Lifetime, Limits, LoadSample, Need, Reading, ReleaseHint, Verdict, decide,
};

/// Rounds a caller runs at most.
pub(crate) const ROUNDS: u32 = 12;

/// One file: what the service was known to be, and what was measured.
pub(crate) struct Series {
    /// `leak`, `buffer-leak`, `native-growth`, `gc-pressure`, or `clean`.
    pub(crate) label: String,
    /// What the source code of the growing holder shows, where the run is too short for its bound.
    pub(crate) hint: Option<ReleaseHint>,
    rows: Vec<Row>,
}

enum Row {
    Start(Reading),
    Round(Reading),
    Load(LoadSample),
    Pause(Reading),
}

/// How the dialogue ended.
pub(crate) struct Outcome {
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// Rounds of load it took.
    pub(crate) rounds: usize,
    /// Milliseconds of the idle pause, if one was asked for.
    pub(crate) paused: Option<u64>,
}

/// Reads the lines of a series: `# name: value` in front, then tab-separated rows.
pub(crate) fn parse(text: &str) -> Series {
    let header = |name: &str| {
        text.lines().find_map(|line| {
            line.strip_prefix("# ")?
                .strip_prefix(name)?
                .strip_prefix(": ")
        })
    };
    let number = |name: &str| header(name).and_then(|text| text.parse().ok());
    let bound_entries = number("bound_entries");
    let lifetime = number("lifetime_ms").map(Lifetime::Timed);
    let hint = (bound_entries.is_some() || lifetime.is_some()).then_some(ReleaseHint {
        bound_entries,
        lifetime,
    });
    let label = header("label").unwrap_or("unlabelled").to_owned();
    Series {
        label,
        hint,
        rows: text.lines().filter_map(row).collect(),
    }
}

fn row(line: &str) -> Option<Row> {
    let mut fields = line.split('\t');
    let kind = fields.next()?;
    let numbers: Vec<f64> = fields.map_while(|field| field.parse().ok()).collect();
    let &[requests, at, heap, total, external, buffers, rss, gc_ms] = numbers.as_slice() else {
        return None;
    };
    let [
        requests,
        at_ms,
        heap,
        heap_total,
        external,
        array_buffers,
        rss,
    ] = [requests, at, heap, total, external, buffers, rss].map(|number| number as u64);
    let reading = Reading {
        requests,
        at_ms,
        live_heap: heap,
        heap_total,
        external,
        array_buffers,
        rss,
    };
    Some(match kind {
        "start" => Row::Start(reading),
        "reading" => Row::Round(reading),
        "pause" => Row::Pause(reading),
        "load" => Row::Load(LoadSample {
            at_ms,
            heap_used: heap,
            heap_total,
            rss,
            external,
            array_buffers,
            gc_ms,
            freed: 0,
            requests,
        }),
        _ => return None,
    })
}

impl Series {
    /// Feeds the recording to `decide` until it decides. A pause that is asked for is the next one of the recording,
    /// taken to be as long as asked; the rounds up to it are handed over with it.
    pub(crate) fn replay(&self, hint: Option<ReleaseHint>) -> Outcome {
        let mut evidence = Evidence {
            release_expected: hint,
            ..Evidence::default()
        };
        let mut paused = None;
        let mut rows = self.rows.iter();
        loop {
            let rounds = evidence.readings.len().saturating_sub(1);
            evidence.limits = Limits {
                rounds_left: ROUNDS.saturating_sub(rounds as u32),
                heap_limit: None,
            };
            let need = match decide(&evidence) {
                Decision::Decided(verdict) => {
                    return Outcome {
                        verdict,
                        rounds,
                        paused,
                    };
                }
                Decision::More(need) => need,
            };
            let pause = match need {
                Need::Round { .. } => None,
                Need::Pause { ms } => Some(ms),
            };
            paused = paused.or(pause);
            if !advance(&mut rows, &mut evidence, pause) {
                evidence.limits.rounds_left = 0;
                return last_word(evidence, paused);
            }
        }
    }
}

/// The recording is over: the last reading stands for the pause if one is asked for now.
fn last_word(mut evidence: Evidence, paused: Option<u64>) -> Outcome {
    loop {
        let rounds = evidence.readings.len() - 1;
        match (decide(&evidence), evidence.readings.last()) {
            (Decision::Decided(verdict), _) => {
                return Outcome {
                    verdict,
                    rounds,
                    paused,
                };
            }
            (Decision::More(Need::Pause { ms }), Some(last)) => {
                evidence.pause = Some(Reading {
                    at_ms: last.at_ms + ms,
                    ..*last
                });
            }
            (Decision::More(Need::Round { .. }), _) | (_, None) => evidence.limits.rounds_left = 0,
        }
    }
}

/// Takes rows up to the next reading, or up to the next pause; false at the end of the recording.
fn advance<'a>(
    rows: &mut (impl Iterator<Item = &'a Row> + Clone),
    evidence: &mut Evidence,
    pause: Option<u64>,
) -> bool {
    while let Some(row) = rows.next() {
        match (row, pause) {
            (Row::Start(reading), _) => evidence.warm_up = Some(*reading),
            (Row::Load(sample), _) => evidence.under_load.push(*sample),
            (Row::Round(reading), None) => {
                evidence.readings.push(*reading);
                return true;
            }
            (Row::Round(reading), Some(_)) => evidence.readings.push(*reading),
            (Row::Pause(reading), Some(ms)) => {
                let asked = evidence.readings.last().map_or(0, |last| last.at_ms + ms);
                // A short one says nothing about what goes later, as long as there is a longer one.
                let mut ahead = rows.clone();
                if reading.at_ms + ms / 10 < asked && ahead.any(|row| matches!(row, Row::Pause(_)))
                {
                    continue;
                }
                evidence.pause = Some(Reading {
                    at_ms: reading.at_ms.max(asked),
                    ..*reading
                });
                return true;
            }
            (Row::Pause(_), None) => {}
        }
    }
    false
}
