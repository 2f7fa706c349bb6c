//! Holders in blocks, of which the heap has no names, into holders with the names that the source gives them.

use std::borrow::Cow;

use stanch_heap_growth::{Anchor, BlockSlot, GrowingHolder};
use stanch_js_source::{BlockValue, with_parsed};

use crate::place::position;
use crate::sources::Sources;

/// The holder with every name that the sources tell.
pub(crate) fn spelled<'a>(holder: &'a GrowingHolder, sources: &Sources) -> Cow<'a, GrowingHolder> {
    let anchors = [holder.anchor.as_ref(), holder.user_anchor.as_ref()];
    if !anchors.into_iter().flatten().any(is_nameless) {
        return Cow::Borrowed(holder);
    }
    let mut named = holder.clone();
    for anchor in [&mut named.anchor, &mut named.user_anchor]
        .into_iter()
        .flatten()
    {
        if let Some(name) = spell(anchor, sources) {
            let steps = named.path.iter_mut();
            for step in steps
                .filter(|step| step.name == BlockSlot::NAMELESS)
                .take(1)
            {
                step.name.clone_from(&name);
            }
        }
    }
    Cow::Owned(named)
}

fn is_nameless(anchor: &Anchor) -> bool {
    match anchor {
        Anchor::BlockVariable { .. } => true,
        Anchor::Property { object, .. } => is_nameless(object),
        _ => false,
    }
}

/// Gives the innermost part of an anchor its name, and says which.
fn spell(anchor: &mut Anchor, sources: &Sources) -> Option<String> {
    match anchor {
        Anchor::Property { object, .. } => spell(object, sources),
        Anchor::BlockVariable { slot, seen_by } => {
            let located = sources.locate(&seen_by.url, position(seen_by))?;
            let value = BlockValue {
                class: &slot.class,
                nth: slot.nth,
                of: slot.of,
            };
            let name = with_parsed(located.text, |parsed| {
                parsed.block_variable(located.position, value)
            })?;
            *anchor = Anchor::Variable {
                name: name.clone(),
                seen_by: seen_by.clone(),
            };
            Some(name)
        }
        _ => None,
    }
}
