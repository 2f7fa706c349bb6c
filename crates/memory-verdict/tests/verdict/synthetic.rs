//! Seeds and shapes → services made of numbers, driven through the same dialogue as a real one.

use stanch_memory_verdict::{
    Decision, Evidence, Limits, LoadSample, Need, Reading, ReleaseHint, Verdict, decide,
};

use super::recording::ROUNDS;

/// Knuth's linear congruential generator: the tests need the same numbers everywhere.
pub(crate) struct Random(u64);

impl Random {
    /// A stream of its own for each seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66_D123_4567);
        random.unit();
        random
    }

    /// Evenly in 0..1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1u32 << 31)
    }

    /// Evenly between the two.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    /// Every order of magnitude equally often.
    pub(crate) fn magnitude(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    /// A bell of deviation 1 (twelve uniform numbers).
    pub(crate) fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// Bytes a quantity holds after so many requests and milliseconds, on top of its base.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// So many per request.
    Leak(f64),
    /// The same, kept in a hash table that doubles: a step of a quarter of what it holds at each doubling.
    TableLeak(f64),
    /// So many per request, of which single requests bring most.
    LumpyLeak(f64),
    /// Comes closer and closer to `height`, `requests` being the time constant.
    Converging { height: f64, requests: f64 },
    /// Rises evenly up to `height` and stays: a bounded cache.
    Filling { height: f64, requests: f64 },
    /// Entries live for `life_ms`, swept every `sweep_ms`, `rate` bytes per millisecond of load.
    Expiring {
        rate: f64,
        life_ms: f64,
        sweep_ms: f64,
    },
    /// Up and down by about so many bytes, each reading by itself.
    Churning(f64),
    /// Up and down, each reading near the one before.
    Drifting(f64),
    /// What few requests do to V8's own tables: `rate` bytes each, less and less, gone in an idle pause.
    Wobble { rate: f64, requests: f64 },
}

/// A service: its shapes and how noisy its readings are.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) heap: Vec<Shape>,
    pub(crate) external: Vec<Shape>,
    pub(crate) native: Vec<Shape>,
    /// Deviation of a live-heap reading, bytes; buffers wander by a tenth, resident memory by forty times as much.
    pub(crate) noise: f64,
    /// Requests in a round of two seconds.
    pub(crate) per_round: f64,
    /// Share of the time under load spent collecting garbage.
    pub(crate) gc_share: f64,
    /// Bytes of garbage that each request leaves.
    pub(crate) garbage: f64,
    pub(crate) hint: Option<ReleaseHint>,
}

impl Service {
    /// Flat, quiet, 1,500 requests a round.
    pub(crate) fn quiet() -> Self {
        Self {
            heap: vec![],
            external: vec![],
            native: vec![],
            noise: 15e3,
            per_round: 1_500.0,
            gc_share: 0.02,
            garbage: 20e3,
            hint: None,
        }
    }

    /// The whole dialogue: the verdict, and the rounds of load it took.
    pub(crate) fn judge(&self, seed: u64) -> (Verdict, usize) {
        let mut run = Run {
            service: self,
            random: Random::new(seed),
            requests: 0.0,
            now: 3_000.0,
            loaded: 3_000.0,
            idle: 0.0,
            drift: [0.0; 3],
        };
        let mut evidence = Evidence {
            release_expected: self.hint,
            ..Evidence::default()
        };
        evidence.readings.push(run.reading());
        let mut length = 2_000.0;
        loop {
            let rounds = evidence.readings.len() - 1;
            evidence.limits = Limits {
                rounds_left: ROUNDS - rounds as u32,
                heap_limit: None,
            };
            match decide(&evidence) {
                Decision::Decided(verdict) => return (verdict, rounds),
                Decision::More(Need::Round { stretch }) => {
                    length *= stretch;
                    run.round(length, &mut evidence);
                }
                Decision::More(Need::Pause { ms }) => {
                    run.idle = ms as f64;
                    run.now += ms as f64;
                    evidence.pause = Some(run.reading());
                    run.idle = 0.0;
                }
            }
        }
    }
}

struct Run<'a> {
    service: &'a Service,
    random: Random,
    requests: f64,
    now: f64,
    loaded: f64,
    idle: f64,
    drift: [f64; 3],
}

impl Run<'_> {
    fn round(&mut self, length: f64, evidence: &mut Evidence) {
        let jitter = self.random.between(0.85, 1.15);
        let gc = |at: f64| at * self.service.gc_share;
        for sample in 1..5 {
            let at = self.now + length * f64::from(sample) / 5.0;
            let reading = self.reading();
            evidence.under_load.push(LoadSample {
                at_ms: at as u64,
                heap_used: reading.live_heap * 3 / 2,
                heap_total: reading.heap_total * 2,
                rss: reading.rss,
                external: reading.external,
                array_buffers: reading.array_buffers,
                gc_ms: gc(at),
                freed: (self.requests * self.service.garbage) as u64,
                requests: self.requests as u64,
            });
        }
        self.requests += (self.service.per_round * length / 2_000.0 * jitter).round();
        self.now += length + 300.0;
        self.loaded += length;
        let reading = self.reading();
        evidence.readings.push(reading);
    }

    fn reading(&mut self) -> Reading {
        let service = self.service;
        let noise = service.noise;
        let heap = 6e6 + self.total(&service.heap, 0) + noise * self.random.bell();
        let external = 2e6 + self.total(&service.external, 1) + noise / 10.0 * self.random.bell();
        let native = 45e6 + self.total(&service.native, 2) + noise * 40.0 * self.random.bell();
        let heap_total = heap * 1.5 + 4e6;
        let whole = |bytes: f64| bytes.max(0.0) as u64;
        Reading {
            requests: self.requests as u64,
            at_ms: self.now as u64,
            live_heap: whole(heap),
            heap_total: whole(heap_total),
            external: whole(external),
            array_buffers: whole(external - 1e6),
            rss: whole(native + heap_total + external),
        }
    }

    fn total(&mut self, shapes: &[Shape], quantity: usize) -> f64 {
        shapes.iter().map(|shape| self.held(*shape, quantity)).sum()
    }

    fn held(&mut self, shape: Shape, quantity: usize) -> f64 {
        match shape {
            Shape::Leak(rate) => rate * self.requests,
            Shape::TableLeak(rate) => {
                let doubled = 2f64.powf((self.requests / 700.0).max(1.0).log2().floor()) * 700.0;
                0.75 * rate * self.requests + 0.25 * rate * doubled
            }
            Shape::LumpyLeak(rate) => {
                rate * self.requests + rate * 0.15 * self.service.per_round * self.random.bell()
            }
            Shape::Converging { height, requests } => {
                height * (1.0 - (-self.requests / requests).exp())
            }
            Shape::Filling { height, requests } => height * (self.requests / requests).min(1.0),
            Shape::Expiring {
                rate,
                life_ms,
                sweep_ms,
            } => {
                let swept = self.now.rem_euclid(sweep_ms);
                rate * (life_ms + swept).min(self.loaded)
                    * (1.0 - self.idle / (life_ms + swept)).max(0.0)
            }
            Shape::Churning(size) => size * self.random.unit(),
            Shape::Drifting(size) => {
                self.drift[quantity] = 0.7 * self.drift[quantity] + 0.7 * self.random.bell();
                size * self.drift[quantity]
            }
            Shape::Wobble { rate, requests } => {
                if self.idle > 0.0 {
                    0.0
                } else {
                    rate * requests * (1.0 - (-self.requests / requests).exp())
                }
            }
        }
    }
}
