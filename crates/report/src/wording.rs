//! Verdict and suspects → the sentences that every format for people shares. Names stand between backticks.

use stanch_diagnosis::{Diagnosis, Holder, HolderGrowth, Suspect};
use stanch_leak_patterns::{Bytes, Pattern};
use stanch_memory_verdict::{Verdict, VerdictKind};

use crate::forecast;
use crate::number::{about, bytes, count, duration, float, percent, value};
use crate::visible::{cut, visible};

/// Columns of a name inside a sentence; longer ones are cut.
const NAME_ROOM: usize = 60;
/// Columns of a file's path, which stays whole as long as it is any use.
const PLACE_ROOM: usize = 160;

/// How a verdict is to be taken, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Something accumulates.
    Alarm,
    /// Nothing accumulates, but something is to be done.
    Advice,
    /// Nothing is to be done.
    Calm,
    /// Nobody knows yet.
    Open,
}

/// What the verdict's colour says.
pub(crate) const fn tone(kind: VerdictKind) -> Tone {
    match kind {
        VerdictKind::Leak | VerdictKind::BufferLeak | VerdictKind::NativeGrowth => Tone::Alarm,
        VerdictKind::RetainedPages | VerdictKind::GcPressure => Tone::Advice,
        VerdictKind::WarmUp | VerdictKind::Healthy => Tone::Calm,
        VerdictKind::NotEnoughData => Tone::Open,
    }
}

/// The verdict in words, for a heading.
pub(crate) const fn title(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Leak => "Memory leak",
        VerdictKind::BufferLeak => "Buffer leak",
        VerdictKind::NativeGrowth => "Native growth",
        VerdictKind::RetainedPages => "No leak: retained pages",
        VerdictKind::GcPressure => "No leak: GC pressure",
        VerdictKind::WarmUp => "No leak: warm-up",
        VerdictKind::Healthy => "No leak",
        VerdictKind::NotEnoughData => "Undecided",
    }
}

/// The verdict in one sentence, the numbers in it.
pub(crate) fn verdict(diagnosis: &Diagnosis) -> String {
    let verdict = &diagnosis.verdict;
    let rate = verdict
        .growth
        .as_ref()
        .map(|growth| bytes(growth.bytes_per_request.0));
    match (verdict.kind, rate) {
        (VerdictKind::Leak, Some(rate)) => {
            format!("Every request leaves {rate} behind in the heap, and nothing frees it.")
        }
        (VerdictKind::Leak, None) => {
            "What the service keeps in the heap grows, and nothing frees it.".to_owned()
        }
        (VerdictKind::BufferLeak, Some(rate)) => {
            format!(
                "Every request leaves {rate} of buffers behind outside the heap, and nothing frees them."
            )
        }
        (VerdictKind::BufferLeak, None) => {
            "Buffers outside the heap accumulate, and nothing frees them.".to_owned()
        }
        (VerdictKind::NativeGrowth, Some(rate)) => {
            format!(
                "The process grows by {rate} per request outside of everything that V8 accounts for."
            )
        }
        (VerdictKind::NativeGrowth, None) => {
            "The process grows outside of everything that V8 accounts for.".to_owned()
        }
        (VerdictKind::RetainedPages, _) => retained_pages(diagnosis),
        (VerdictKind::GcPressure, _) => {
            let share = verdict
                .steps
                .iter()
                .map(|step| &step.measure)
                .find(|measure| measure.name == "gc_share");
            let cost = share.map_or("too much".to_owned(), |share| {
                format!("{} of the time", percent(share.value))
            });
            format!(
                "Nothing accumulates{}, but collecting the garbage takes {cost}.",
                measured_over(diagnosis)
            )
        }
        (VerdictKind::WarmUp, _) => warm_up(diagnosis),
        (VerdictKind::Healthy, _) => match diagnosis.memory.rounds.last() {
            Some(last) => format!(
                "The live heap stays at {}{}.",
                last.live_heap,
                measured_over(diagnosis)
            ),
            None => format!("Nothing accumulates{}.", measured_over(diagnosis)),
        },
        (VerdictKind::NotEnoughData, _) => {
            format!(
                "The readings do not tell a leak from noise{}.",
                measured_over(diagnosis)
            )
        }
    }
}

/// The verdict's id and how sure it is; of what is undecided nobody can be sure.
pub(crate) fn sureness(verdict: &Verdict) -> String {
    match verdict.kind {
        VerdictKind::NotEnoughData => verdict.kind.id().to_owned(),
        kind => format!("{}, {} sure", kind.id(), percent(verdict.confidence)),
    }
}

/// What follows from the verdict, a sentence each.
pub(crate) fn consequences(diagnosis: &Diagnosis) -> Vec<String> {
    let mut sentences = Vec::new();
    match diagnosis.verdict.kind {
        VerdictKind::Leak => sentences.extend(full_heap(diagnosis)),
        VerdictKind::BufferLeak | VerdictKind::NativeGrowth => sentences.push(
            "V8's heap limit does not stop this: it goes on until the container or the host ends the process."
                .to_owned(),
        ),
        VerdictKind::NotEnoughData => sentences.push(sentence(&diagnosis.verdict.would_change)),
        VerdictKind::RetainedPages | VerdictKind::GcPressure | VerdictKind::WarmUp | VerdictKind::Healthy => {}
    }
    if tone(diagnosis.verdict.kind) != Tone::Alarm {
        sentences.extend(smallest_seen(diagnosis));
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

fn full_heap(diagnosis: &Diagnosis) -> Option<String> {
    let forecast = forecast::until_full(diagnosis)?;
    Some(match forecast.pace {
        Some(pace) => format!(
            "At {} requests/s the {} heap is full in {}, after {} more requests.",
            value(pace.rate),
            forecast.limit,
            duration(pace.seconds),
            about(forecast.requests)
        ),
        None => format!(
            "The {} heap is full after {} more requests.",
            forecast.limit,
            about(forecast.requests)
        ),
    })
}

fn smallest_seen(diagnosis: &Diagnosis) -> Option<String> {
    let smallest = diagnosis.verdict.smallest_seen.0;
    smallest.is_finite().then(|| {
        format!(
            "The smallest steady leak that this run could have seen: {} per request.",
            bytes(smallest)
        )
    })
}

/// ` over 6,000 requests in 4 rounds`, or nothing where nothing was counted.
fn measured_over(diagnosis: &Diagnosis) -> String {
    let rounds = &diagnosis.memory.rounds;
    match rounds.last() {
        Some(last) if last.requests > 0 => {
            let measured = rounds.len().saturating_sub(1);
            format!(
                " over {} requests in {measured} {}",
                count(last.requests),
                plural(measured, "round", "rounds")
            )
        }
        _ => String::new(),
    }
}

fn retained_pages(diagnosis: &Diagnosis) -> String {
    match diagnosis.memory.rounds.last() {
        Some(last) => format!(
            "The process holds {} although only {} of heap and {} of buffers are alive; the rest does not grow.",
            last.rss, last.live_heap, last.external
        ),
        None => "V8 and the allocator keep memory that the service has freed; it does not grow."
            .to_owned(),
    }
}

fn warm_up(diagnosis: &Diagnosis) -> String {
    let rounds = &diagnosis.memory.rounds;
    match (rounds.first(), rounds.last()) {
        (Some(first), Some(last)) if last.live_heap > first.live_heap => format!(
            "The live heap rose by {} to {} and settles.",
            Bytes(last.live_heap.0 - first.live_heap.0),
            last.live_heap
        ),
        _ => "Memory rose while the service warmed up, and settles.".to_owned(),
    }
}

/// The suspect in one sentence without its end: what grows, where, and how fast.
pub(crate) fn suspect(suspect: &Suspect) -> String {
    let holder = &suspect.holder;
    let (place, gain) = (whereabouts(holder), gain(suspect));
    let kind = kind(holder);
    match name(holder) {
        Some(name) => format!("{}, {} {kind}{place}, {gain}", code(name), article(&kind)),
        None => format!("An unnamed {kind}{place} {gain}"),
    }
}

/// The holder in a word or two, without backticks: `SessionStore#sessions`, or `unnamed Map`.
pub(crate) fn short_name(holder: &Holder) -> String {
    match name(holder) {
        Some(name) => plain(name, NAME_ROOM),
        None => format!("unnamed {}", kind(holder)),
    }
}

/// The fullest name there is.
pub(crate) fn name(holder: &Holder) -> Option<&str> {
    let qualified = holder.qualified.as_deref().filter(|name| !name.is_empty());
    qualified
        .or(Some(&holder.name))
        .filter(|name| !name.is_empty())
}

fn kind(holder: &Holder) -> String {
    match holder.kind.as_str() {
        "" => "object".to_owned(),
        kind => plain(kind, NAME_ROOM),
    }
}

fn whereabouts(holder: &Holder) -> String {
    let mut text = String::new();
    if let Some(place) = &holder.location {
        text.push_str(" in ");
        text.push_str(&plain(&place.to_string(), PLACE_ROOM));
    }
    if let Some(package) = &holder.package {
        text.push_str(" of the package ");
        text.push_str(&code(package));
    }
    if let Some(worker) = &holder.worker {
        text.push_str(" in the worker ");
        text.push_str(&code(worker));
    }
    text
}

/// `gains 1.0 entries per request`, or the bytes where the holder is a chain whose members cannot be counted.
fn gain(suspect: &Suspect) -> String {
    let growth = &suspect.growth;
    let members = members(suspect.pattern);
    match (
        gained(growth),
        members_per_request(growth),
        growth.per_request,
    ) {
        (_, Some(rate), _) if rate >= 0.005 => {
            format!("gains {} {members} per request", value(rate))
        }
        (Some(gained), None, _) if gained > 0 => format!("gained {} {members}", count(gained)),
        (_, _, Some(rate)) => format!("keeps {} more per request", bytes(rate.0)),
        _ => match (growth.retained.first(), growth.retained.last()) {
            (Some(first), Some(last)) if last > first => {
                format!("keeps {} more", Bytes(last.0 - first.0))
            }
            _ => "grows".to_owned(),
        },
    }
}

/// Members gained from the first snapshot to the last.
fn gained(growth: &HolderGrowth) -> Option<u64> {
    growth.count.last()?.checked_sub(*growth.count.first()?)
}

/// Members per request, by way of the bytes per request: the requests between the snapshots are not in the numbers.
fn members_per_request(growth: &HolderGrowth) -> Option<f64> {
    let bytes = growth
        .retained
        .last()?
        .0
        .checked_sub(growth.retained.first()?.0)
        .filter(|bytes| *bytes > 0)?;
    let rate = growth.per_request?.0;
    let requests = float(bytes) / rate;
    (requests.is_finite() && requests > 0.0).then_some(float(gained(growth)?) / requests)
}

/// What the members of a holder are called.
const fn members(pattern: Option<Pattern>) -> &'static str {
    match pattern {
        Some(Pattern::UnboundedCache) => "entries",
        Some(Pattern::UnremovedListener) => "listeners",
        Some(Pattern::ClosureCapture) => "closures",
        Some(Pattern::UnclosedStream) => "streams",
        Some(Pattern::PendingAsync) => "pending operations",
        Some(Pattern::UnboundedLog) => "records",
        None => "members",
    }
}

/// The row label of a holder's members: `entries`.
pub(crate) const fn members_label(pattern: Option<Pattern>) -> &'static str {
    match pattern {
        Some(Pattern::PendingAsync) => "pending",
        other => members(other),
    }
}

/// A name from outside between backticks, safe to print and not endless.
pub(crate) fn code(name: &str) -> String {
    format!("`{}`", plain(name, NAME_ROOM).replace('`', "'"))
}

/// A text from outside, safe to print and not endless.
pub(crate) fn plain(text: &str, room: usize) -> String {
    // Cut before as well: a name may be a string of megabytes, and all but its first characters go away.
    let start: String = text.chars().take(room.saturating_mul(4)).collect();
    cut(&visible(&start), room).into_owned()
}

/// `text` with a capital at its start and a full stop at its end.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut characters = text.chars();
    let Some(first) = characters.next() else {
        return String::new();
    };
    let end = if text.ends_with(['.', '!', '?', ':', '…']) {
        ""
    } else {
        "."
    };
    format!("{}{}{end}", first.to_uppercase(), characters.as_str())
}

/// `one` for one, else `many`.
pub(crate) const fn plural(number: usize, one: &'static str, many: &'static str) -> &'static str {
    if number == 1 { one } else { many }
}

fn article(noun: &str) -> &'static str {
    // No U: the names that begin with it are URL and Uint8Array, which are spoken with a consonant.
    if noun.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']) {
        "an"
    } else {
        "a"
    }
}

#[cfg(test)]
mod tests {
    use super::{article, code, members_per_request, plain, sentence};
    use stanch_diagnosis::HolderGrowth;
    use stanch_leak_patterns::{Bytes, BytesPerRequest};

    #[test]
    fn members_per_request_follow_from_the_bytes() {
        let growth = HolderGrowth {
            count: vec![10, 1_510, 3_010],
            retained: vec![Bytes(9_000), Bytes(1_734_000), Bytes(3_459_000)],
            per_request: Some(BytesPerRequest(1_150.0)),
            share: 0.97,
        };
        assert_eq!(members_per_request(&growth), Some(1.0));
        assert_eq!(
            members_per_request(&HolderGrowth {
                per_request: None,
                ..growth
            }),
            None
        );
    }

    #[test]
    fn names_cannot_leave_their_backticks() {
        assert_eq!(code("a`b\u{1b}[0m"), "`a'b\\u{1b}[0m`");
        assert!(plain(&"x".repeat(1_000_000), 60).ends_with("x…"));
    }

    #[test]
    fn fragments_become_sentences() {
        assert_eq!(
            sentence("longer rounds would help"),
            "Longer rounds would help."
        );
        assert_eq!(sentence(" "), "");
    }

    #[test]
    fn articles_follow_the_sound() {
        assert_eq!(
            (article("Map"), article("Array"), article("Uint8Array")),
            ("a", "an", "a")
        );
    }
}
