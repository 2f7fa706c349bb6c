//! A growing holder's source into what it says about letting go.

use stanch_heap_growth::Growth;
use stanch_js_source::{HolderRef, Initializer, Release, ReleaseKind, with_parsed};
use stanch_memory_verdict::ReleaseHint;

use crate::place::{Named, named, unplaced};
use crate::sources::Sources;

/// Holders with a smaller part of the newcomers do not decide what the verdict is about.
const DECISIVE_SHARE: f64 = 0.15;

/// Whether the sources of what grows most show that it evicts; then more has to be seen before growth is a leak.
///
/// None as soon as one decisive holder shows no release at all: that one keeps growing whatever the others do.
#[must_use]
pub fn release_hint(growth: &Growth, sources: &Sources) -> Option<ReleaseHint> {
    let mut combined: Option<ReleaseHint> = None;
    for holder in growth
        .holders
        .iter()
        .filter(|holder| holder.share >= DECISIVE_SHARE)
    {
        let anchors = [holder.anchor.as_ref(), holder.user_anchor.as_ref()];
        let hints = anchors
            .into_iter()
            .flatten()
            .filter_map(|anchor| hint(&named(anchor, sources)?, sources));
        let hint = hints.reduce(stricter)?;
        combined = Some(combined.map_or(hint, |known| stricter(known, hint)));
    }
    combined
}

/// Time after which an eviction that names neither bound nor period should have shown itself.
const UNNAMED_PERIOD_MS: u64 = 6_000;

/// What one holder's declaration and the code around it say.
fn hint(named: &Named<'_>, sources: &Sources) -> Option<ReleaseHint> {
    if let Some(declaration) = &named.declaration
        && let Initializer::Bounded { max, ttl_ms, .. } = &declaration.initializer
    {
        return Some(ReleaseHint {
            bound_entries: *max,
            sweep_period_ms: *ttl_ms,
        });
    }
    let mut releases = with_parsed(named.text, |parsed| parsed.releases(&named.holder));
    if releases.is_empty() && !matches!(named.holder, HolderRef::Variable { .. }) {
        let elsewhere = unplaced(&named.holder);
        let texts = sources
            .own_texts()
            .filter(|(text, _)| text.path() != named.text.path());
        releases = texts
            .flat_map(|(text, _)| with_parsed(text, |parsed| parsed.releases(&elsewhere)))
            .collect();
    }
    releases
        .iter()
        .filter(|release| lets_go(release))
        .map(of_release)
        .reduce(stricter)
}

/// Taking single handlers off, or closing, is what each user of the holder does; it bounds nothing by itself.
fn lets_go(release: &Release) -> bool {
    let evicts = !matches!(
        release.kind,
        ReleaseKind::Off | ReleaseKind::Close | ReleaseKind::RemoveAll
    );
    let at_start = release.function.is_none() && release.period_ms.is_none();
    evicts && !at_start && !release.nested
}

fn of_release(release: &Release) -> ReleaseHint {
    let unnamed = release.bound.is_none() && release.period_ms.is_none();
    ReleaseHint {
        bound_entries: release.bound,
        sweep_period_ms: release.period_ms.or(unnamed.then_some(UNNAMED_PERIOD_MS)),
    }
}

fn stricter(a: ReleaseHint, b: ReleaseHint) -> ReleaseHint {
    ReleaseHint {
        bound_entries: a.bound_entries.max(b.bound_entries),
        sweep_period_ms: a.sweep_period_ms.max(b.sweep_period_ms),
    }
}
