//! Every number the decision rests on, with where it comes from.
//!
//! Figures marked *recorded* are from `tests/series`: readings of small HTTP services on Node 20 and 24, two shared
//! cores, 10 connections.

/// Fewest readings that can show a rise: all ten pairs of five readings rising happens by chance once in 120, four
/// readings only once in 24.
pub(crate) const FEWEST_READINGS: usize = 5;

/// One-sided chance below which a rise counts as one.
pub(crate) const RISE_CHANCE: f64 = 0.01;
/// For steps that are not even: asked of eight readings and more, since every further look is another try.
pub(crate) const UNEVEN_CHANCE: f64 = 0.001;
/// Rising minus falling pairs, as a share: below, the rise is a small part of the movement.
pub(crate) const RISE_TAU: f64 = 0.6;

/// How far the live heap wanders between two forced collections with nothing accumulating, whatever the number of
/// requests: compiled code that comes and goes, inline caches, sockets. Of 503 recorded late steps
/// of clean services half are within ±15 KB, four in five within ±46 KB; the rest are caches still filling or turning over.
pub(crate) const HEAP_WANDER: f64 = 48.0 * 1024.0;
/// The same of external memory: a receive buffer of 64 KB more or less on some of the ten connections.
pub(crate) const EXTERNAL_WANDER: f64 = 128.0 * 1024.0;
/// Growth over the whole window under which nothing is called a leak. Clean services with few requests show up to
/// 270 B per request for up to 1,500 requests on Node 20, 400 KB, but by shrinking steps; what is even is below 200 KB.
pub(crate) const SMALLEST_RISE: f64 = 256.0 * 1024.0;
/// A leak of one object per request is at least 24 B (header of two words and the slot that holds it): half of it.
pub(crate) const SMALLEST_RATE: f64 = 12.0;
/// A rise must stand out of the scatter around its own line.
pub(crate) const SCATTERS: f64 = 3.0;

/// A tail counts as flat over at least this many rounds.
pub(crate) const FLAT_ROUNDS: usize = 3;
/// Rounds after which a scatter larger than the usual wander is accepted as the service's own.
pub(crate) const NOISY_ROUNDS: usize = 6;
/// Chance above which a noisy series counts as not rising.
pub(crate) const NO_RISE_CHANCE: f64 = 0.1;

/// Even steps lie within this factor of their median: a hash table that doubles while it holds 200 B records moves
/// one round's step by up to that much.
pub(crate) const EVEN_FACTOR: f64 = 2.0;
/// The later half grows at least at this part of the earlier half's rate, or the growth is taken to shrink. Four
/// rounds of a cache of 5,000 random keys at 500 requests a round give 0.82.
pub(crate) const KEEPS_PACE: f64 = 0.85;
/// With all rounds spent, growth at this part of the whole run's rate is still growth.
pub(crate) const STILL_GROWS: f64 = 0.5;

/// With all rounds spent, steps that shrink count as a warm-up when the later half is this part of the earlier or less:
/// a small leak behind a common warm-up gives one half.
pub(crate) const SETTLES: f64 = 0.35;

/// Part of the growth that an idle pause has to give back for it to have been working memory.
pub(crate) const RELEASED: f64 = 0.5;
/// Below this part given back, the pause changed nothing: V8 itself flushes some 150 KB of code when idle.
pub(crate) const KEPT: f64 = 0.15;
/// See [`KEPT`]. Recorded: up to 148 KB on Node 24.
pub(crate) const IDLE_FLUSH: f64 = 192.0 * 1024.0;
/// Shortest useful pause: twice the usual one-second sweep.
pub(crate) const SHORTEST_PAUSE_MS: u64 = 3_000;
/// Longest pause worth waiting for when nothing says how long is enough.
pub(crate) const LONGEST_PAUSE_MS: u64 = 20_000;
/// Longest pause when the code says how long is enough: a minute is the usual life of what is kept for a while.
pub(crate) const LONGEST_NAMED_PAUSE_MS: u64 = 66_000;
/// Time after which an eviction that names neither bound nor period should have shown itself.
pub(crate) const UNNAMED_PERIOD_MS: u64 = 6_000;
/// A clean service's slope on few requests is below this rate (see [`SMALLEST_RISE`]): slower growth needs either
/// [`MANY_REQUESTS`] or a pause.
pub(crate) const WOBBLE_RATE: f64 = 300.0;
/// See [`WOBBLE_RATE`]: four rounds of 1,500 requests.
pub(crate) const MANY_REQUESTS: f64 = 6_000.0;

/// A longer round shows a small leak sooner; beyond three times the first one the caller waits too long.
pub(crate) const LONGEST_ROUND: f64 = 3.0;
/// Tried when the growth is small or shrinks.
pub(crate) const STRETCH: f64 = 1.5;

/// Resident memory moves by megabytes: arenas, pages V8 gives back late. Less than this over the run is not growth.
pub(crate) const SMALLEST_NATIVE_RISE: f64 = 8.0 * 1024.0 * 1024.0;
/// So much growth without the steadiness of a leak is an open question; less is the allocator's own.
pub(crate) const UNPROVEN_NATIVE_RISE: f64 = 32.0 * 1024.0 * 1024.0;
/// A rise this unlikely is worth a further round, not a verdict: 8 of 10 pairs of five readings rising.
pub(crate) const SUSPICION: f64 = 0.12;
/// Native growth per round that is worth spending further rounds on.
pub(crate) const NATIVE_STEP: f64 = 768.0 * 1024.0;
/// Growth of this many times the smallest one stands out so far that the fewest readings are enough: 1 MB of heap.
pub(crate) const PLAIN_RISES: f64 = 4.0;
/// Below this many requests slight growth says nothing: lazily compiled functions and small key sets that fill look the
/// same. Recorded: five clean services gained 400 to 700 KB within 708 requests, at rates nothing told from a leak's.
pub(crate) const FEW_REQUESTS: f64 = 1_500.0;
/// Memory that comes and goes under load must have gained this many of its swings to be decided as early.
pub(crate) const SWINGS: f64 = 2.0;
/// Less plain growth needs this many readings: a converging curve bends enough by then to be seen under the wander.
pub(crate) const SLIGHT_READINGS: usize = 9;
/// A bounded holder must have seen this many times its bound in requests before its growth speaks against the bound.
pub(crate) const BEYOND_BOUND: f64 = 1.5;

/// Rounds differ in length by these factors, in turn: with equal rounds, a sweep whose period is close to theirs would
/// be met a little later in its cycle each time and look like even growth.
pub(crate) const ROUND_LENGTHS: [f64; 5] = [1.0, 1.2, 0.85, 1.1, 0.95];

/// Fewest readings for native growth: chance 1 in 40,320 when all rise.
pub(crate) const NATIVE_READINGS: usize = 8;

/// The later half of native growth keeps this part of the rate: an allocator that fills its arenas slows down sooner.
pub(crate) const NATIVE_PACE: f64 = 0.7;

/// Resident memory held for nothing that is worth a word, for each isolate: more than twice a small service's whole
/// footprint. An isolate's young generation alone may keep half of it.
pub(crate) const RETAINED_BYTES: f64 = 128.0 * 1024.0 * 1024.0;
/// And at least this many times the memory in use.
pub(crate) const RETAINED_RATIO: f64 = 2.0;

/// Share of wall time in garbage collection that is much for a service that makes [`SOME_GARBAGE`]. The share alone tells
/// nothing: under a closed loop ordinary services spent 3 to 12 %, and up to 50 % where others wanted the same cores,
/// since V8's collecting threads wait for one another.
pub(crate) const GC_SHARE: f64 = 0.3;
/// Twice what any ordinary service left per request, see [`MUCH_GARBAGE`].
pub(crate) const SOME_GARBAGE: f64 = 128.0 * 1024.0;
/// Garbage per request that is far beyond answering it: of thirty services measured, ordinary ones leave 0.6 to 57 KB
/// (the most for a page of 200 records), those that copy and format whole tables per request 570 KB to 5.6 MB.
pub(crate) const MUCH_GARBAGE: f64 = 512.0 * 1024.0;
/// Less collection than this is not felt, however much garbage there is: nothing survives to be copied.
pub(crate) const GC_SHARE_FELT: f64 = 0.03;
/// With a nearly full heap half of it is a warning already.
pub(crate) const GC_SHARE_FULL_HEAP: f64 = 0.05;
/// `heapUsed` over the heap's limit above which a heap is nearly full.
pub(crate) const FULL_HEAP: f64 = 0.85;

/// Rounds this many times calmer than earlier ones are another traffic. Machines that are busy with other things make
/// factors of 8 among single rounds.
pub(crate) const TRAFFIC_FACTOR: f64 = 8.0;
