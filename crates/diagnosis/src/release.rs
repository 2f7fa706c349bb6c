//! A growing holder's source into what it says about letting go.

use stanch_heap_growth::{GrowingHolder, Growth};
use stanch_js_source::{
    ConstructorParameter, Extent, HolderRef, Initializer, Limit, Release, ReleaseKind, SourceText,
    with_parsed,
};
use stanch_leak_patterns::Pattern;
use stanch_memory_verdict::{Lifetime, ReleaseHint};

use crate::place::{Named, named, unplaced};
use crate::sources::Sources;
use crate::spelled::spelled;
use crate::trace::sites;

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
        let holder = spelled(holder, sources);
        let anchors = [
            holder.headline.anchor.as_ref(),
            holder.headline.user_anchor.as_ref(),
        ];
        let hints = anchors.into_iter().flatten().filter_map(|anchor| {
            let named = named(anchor, sources)?;
            hint(&named, Depth::of(&holder, &named), sources)
        });
        let hint = hints
            .chain(timeouts(&holder, sources))
            .reduce(stricter)
            .and_then(within_a_peak)?;
        combined = Some(combined.map_or(hint, |known| stricter(known, hint)));
    }
    combined
}

/// What is kept longer than this is kept through any peak: it counts as kept for good.
const FOREVER_MS: u64 = 600_000;

/// The part of a hint that a peak of load can feel: a bound holds, however long entries may live below it.
fn within_a_peak(hint: ReleaseHint) -> Option<ReleaseHint> {
    let ms = hint.lifetime.and_then(Lifetime::ms);
    if ms.is_none_or(|ms| ms <= FOREVER_MS) {
        return Some(hint);
    }
    hint.bound_entries.is_some().then_some(ReleaseHint {
        lifetime: None,
        ..hint
    })
}

/// What timeouts keep they let go when they run out.
fn timeouts(holder: &GrowingHolder, sources: &Sources) -> Option<ReleaseHint> {
    if holder.pattern != Some(Pattern::PendingAsync) || holder.headline.anchor.is_some() {
        return None;
    }
    let found = sites(holder, None, sources);
    let call = found.first()?.call.as_ref()?;
    (call.method.as_deref() == Some("setTimeout")).then(|| ReleaseHint {
        bound_entries: None,
        lifetime: Some(call.delay_ms.map_or(Lifetime::Unknown, Lifetime::Timed)),
    })
}

/// What one holder's declaration and the code around it say.
fn hint(named: &Named<'_>, depth: Depth, sources: &Sources) -> Option<ReleaseHint> {
    if let Some(declaration) = &named.declaration
        && let Initializer::Bounded { max, ttl_ms, .. } = &declaration.initializer
    {
        return Some(ReleaseHint {
            bound_entries: *max,
            lifetime: ttl_ms.map(Lifetime::Timed),
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
        .filter(|release| lets_go(release, depth) && is_reached(release, sources))
        .map(|release| of_release(release, sources))
        .reduce(stricter)
}

/// Taking single handlers off, or closing, is what each user of the holder does; it bounds nothing by itself.
fn lets_go(release: &Release, depth: Depth) -> bool {
    let evicts = !matches!(
        release.kind,
        ReleaseKind::Off | ReleaseKind::Close | ReleaseKind::RemoveAll
    );
    let at_start = release.function.is_none() && release.period.is_none();
    evicts && !at_start && (depth == Depth::Values || !release.nested)
}

/// How deep in a holder what grows is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    Itself,
    /// In lists that are its values, such as a log for each key.
    Values,
}

impl Depth {
    /// What is appended to is a list; a declared Map or object has lists as its values.
    fn of(holder: &GrowingHolder, named: &Named<'_>) -> Self {
        let initializer = named
            .declaration
            .as_ref()
            .map(|declared| &declared.initializer);
        let is_list = matches!(initializer, None | Some(Initializer::Array));
        match holder.pattern {
            Some(Pattern::UnboundedLog) if !is_list || holder.class != "Array" => Self::Values,
            _ => Self::Itself,
        }
    }
}

/// Whether a release that waits to be called by its name is called at all. What a package offers, the service has to ask
/// for.
fn is_reached(release: &Release, sources: &Sources) -> bool {
    let name = release
        .function
        .as_ref()
        .and_then(|function| function.name.as_deref());
    let Some(name) = name.filter(|_| release.period.is_none() && release.bound.is_none()) else {
        return true;
    };
    let calls = |text: &SourceText| {
        let calls = with_parsed(text, |parsed| parsed.calls());
        calls.iter().any(|call| {
            let mentions = |extent: &Extent| text.slice(extent.start, extent.end).contains(name);
            call.method.as_deref() == Some(name) || call.arguments.iter().any(mentions)
        })
    };
    sources.own_texts().any(|(text, _)| calls(text))
}

fn of_release(release: &Release, sources: &Sources) -> ReleaseHint {
    let number = |limit: &Option<Limit>| known(limit.as_ref()?, sources);
    let (bound, period, age) = (
        number(&release.bound),
        number(&release.period),
        number(&release.age),
    );
    let is_bounded = release.bound.is_some() || release.kind == ReleaseKind::BoundCheck;
    let lifetime = match (&release.period, &release.age) {
        (_, Some(_)) if age.is_none() => Some(Lifetime::Unstated),
        (Some(_), _) => period.map_or(Some(Lifetime::Unstated), |period| {
            Some(Lifetime::Timed(period + age.unwrap_or(0)))
        }),
        (None, Some(_)) => age.map(Lifetime::Aged),
        (None, None) if is_bounded && bound.is_none() => Some(Lifetime::Unstated),
        (None, None) => (!is_bounded).then_some(Lifetime::Unknown),
    };
    ReleaseHint {
        bound_entries: bound,
        lifetime,
    }
}

/// The number of a limit. One that is set from outside has mostly the same name there.
fn known(limit: &Limit, sources: &Sources) -> Option<u64> {
    match limit {
        Limit::Known(number) => Some(*number),
        Limit::Named(name) => {
            let texts = || sources.own_texts().map(|(text, _)| text);
            let parameters: Vec<ConstructorParameter> = texts()
                .flat_map(|text| with_parsed(text, |parsed| parsed.constructor_parameters(name)))
                .collect();
            let given = |text: &SourceText| {
                with_parsed(text, |parsed| {
                    let given = parameters.iter().flat_map(|to| parsed.constants_given(to));
                    given.chain(parsed.constants_named(name)).max()
                })
            };
            texts().filter_map(given).max()
        }
    }
}

/// Both are waited for: the later bound, the longer life; a life that is known says more than one that is not, and one
/// that has an end somewhere may last longer than one that ends now and then.
fn stricter(a: ReleaseHint, b: ReleaseHint) -> ReleaseHint {
    let longer = |lifetime: &Lifetime| (lifetime.ms(), *lifetime == Lifetime::Unstated);
    ReleaseHint {
        bound_entries: a.bound_entries.max(b.bound_entries),
        lifetime: a.lifetime.into_iter().chain(b.lifetime).max_by_key(longer),
    }
}
