//! Sampled allocations that are still alive into suspects: where no snapshot could be taken, the functions that
//! allocate what stays are the next best thing to the holder.

use stanch_js_source::{Position, with_parsed};
use stanch_leak_patterns::{Bytes, BytesPerRequest, Confidence};

use crate::frames::frame;
use crate::join::Join;
use crate::model::{Holder, HolderGrowth, Remedy, Site, SiteRole, Suspect};
use crate::sources::Sources;

/// Functions reported.
const FUNCTIONS: usize = 3;
/// The least part of the sampled bytes worth a line.
const LEAST_SHARE: f64 = 0.05;

/// A call of the service's own code, and what was allocated in it and below it and is still alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// The script's URL or path as V8 knows it.
    pub url: String,
    /// Line of the function, counted from 0.
    pub line: u32,
    /// Column of the function in UTF-16 units, counted from 0.
    pub column: u32,
    /// Its name; empty for an anonymous function.
    pub function: String,
    /// The function of Node's that it had called by then, such as `connect`; none where it allocated by itself or
    /// through a package.
    pub called: Option<String>,
    /// Estimated bytes.
    pub bytes: u64,
}

/// The functions that allocated most of what stays, most first.
#[must_use]
pub fn allocated(allocations: &[Allocation], sources: &Sources, under: &Join) -> Vec<Suspect> {
    let whole: u64 = allocations.iter().map(|allocation| allocation.bytes).sum();
    let mut functions = by_function(allocations);
    functions.sort_by_key(|allocation| std::cmp::Reverse(allocation.bytes));
    functions.truncate(FUNCTIONS);
    let share = |allocation: &Allocation| ratio(allocation.bytes, whole);
    let worth = functions
        .iter()
        .filter(|allocation| share(allocation) >= LEAST_SHARE);
    (1..)
        .zip(worth)
        .map(|(rank, allocation)| suspect(rank, allocation, share(allocation), sources, under))
        .collect()
}

/// The same without regard to what the functions had called.
fn by_function(allocations: &[Allocation]) -> Vec<Allocation> {
    let mut functions: Vec<Allocation> = Vec::new();
    for allocation in allocations {
        let alone = Allocation {
            called: None,
            ..allocation.clone()
        };
        let is_same = |known: &&mut Allocation| {
            (&known.url, known.line, known.column) == (&alone.url, alone.line, alone.column)
        };
        match functions.iter_mut().find(is_same) {
            Some(known) => known.bytes += alone.bytes,
            None => functions.push(alone),
        }
    }
    functions
}

fn suspect(
    rank: u32,
    allocation: &Allocation,
    share: f64,
    sources: &Sources,
    under: &Join,
) -> Suspect {
    let at = Position::new(allocation.line, allocation.column);
    let located = sources.locate(&allocation.url, at);
    let function = located.as_ref().and_then(|located| {
        with_parsed(located.text, |parsed| parsed.function_at(located.position))
            .map(|info| info.function)
    });
    let name = match &function {
        _ if !allocation.function.is_empty() => allocation.function.clone(),
        Some(function) => function.label(),
        None => "(anonymous)".to_owned(),
    };
    let place = located
        .as_ref()
        .map(|located| located.position.place(located.text.path()));
    let frames = located.as_ref().zip(function.as_ref());
    let frames = frames
        .map(|(located, function)| frame(located.text, &function.extent, "allocates what stays"));
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let per_request = (under.requests > 0)
        .then(|| BytesPerRequest(allocation.bytes as f64 / under.requests as f64));
    Suspect {
        rank,
        pattern: None,
        confidence: Confidence::Low,
        holder: Holder {
            name: name.clone(),
            kind: "function".to_owned(),
            location: place.clone(),
            worker: under.worker.clone(),
            ..Holder::default()
        },
        growth: HolderGrowth { count: Vec::new(), retained: vec![Bytes(allocation.bytes)], per_request, share },
        sites: place.into_iter().map(|place| Site { role: SiteRole::Inserts, place, generated: None }).collect(),
        path: Vec::new(),
        objects: Vec::new(),
        reasons: vec!["what was allocated in it during the run, and is still alive, by sampling".to_owned()],
        frames: frames.into_iter().collect(),
        remedy: Remedy {
            summary: format!("Look for what keeps the objects that `{name}` makes: sampling tells where they come from, not who holds them."),
            advice: vec!["A snapshot names the holder: run again without --sampling, with more free memory or on a copy of the service.".to_owned()],
            patch: None,
        },
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}
