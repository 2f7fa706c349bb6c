//! The lines that already take something out of a holder into a sentence about them.

use stanch_js_source::{HolderRef, Limit, Release, ReleaseKind, SourceText, with_parsed};

use super::Ailment;

/// What already lets go of entries. Such a holder gets no patch: whoever takes entries out counts
/// on finding them, be it a queue, a list of those who wait, or a store with a logout.
pub(crate) struct Drained {
    /// Its size is only compared with a limit.
    pub(crate) is_bound: bool,
    pub(crate) sentence: String,
}

pub(crate) fn drained(ailment: &Ailment<'_>) -> Option<Drained> {
    let (text, release) = first_release(ailment)?;
    let at = format!("{}:{}", text.path(), release.extent.line());
    let is_bound = release.kind == ReleaseKind::BoundCheck;
    let sentence = match release.bound.as_ref().and_then(Limit::known) {
        Some(bound) if is_bound => {
            format!("{at} bounds it at {bound}: lower that if it is too much.")
        }
        None if is_bound => {
            format!("{at} compares its size with a limit: see whether that is ever met.")
        }
        _ if is_in_then(text, &release) => format!(
            "{at} takes entries out only when all goes well: put that into `finally`, so that \
             errors reach it too."
        ),
        _ => format!(
            "{at} takes entries out, but fewer than come in: see which way past it there is, such \
             as an error, a timeout, or a client that left."
        ),
    };
    Some(Drained { is_bound, sentence })
}

fn first_release<'a>(ailment: &Ailment<'a>) -> Option<(&'a SourceText, Release)> {
    let declared = ailment.holder.into_iter();
    let elsewhere = ailment.causes.iter().filter(|cause| {
        ailment
            .holder
            .is_none_or(|(_, text)| text.path() != cause.text.path())
    });
    let by_name = HolderRef::variable(ailment.source_name());
    let texts = declared
        .map(|(holder, text)| (holder.clone(), text))
        .chain(elsewhere.map(|cause| (by_name.clone(), cause.text)));
    let mut found: Vec<(&SourceText, Release)> = texts
        .flat_map(|(holder, text)| {
            let releases = with_parsed(text, |parsed| parsed.releases(&holder));
            releases.into_iter().map(move |release| (text, release))
        })
        .filter(|(_, release)| !release.nested)
        .collect();
    // A line that takes something out says more than one that compares.
    found.sort_by_key(|(_, release)| release.kind == ReleaseKind::BoundCheck);
    found.into_iter().next()
}

/// `.then((value) => { pending.delete(key); … })`
fn is_in_then(text: &SourceText, release: &Release) -> bool {
    let Some(function) = &release.function else {
        return false;
    };
    with_parsed(text, |parsed| {
        let call = parsed.call_around(function.position);
        call.is_some_and(|call| call.method.as_deref() == Some("then") && call.argument == Some(0))
    })
}
