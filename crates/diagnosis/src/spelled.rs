//! Holders in blocks and under symbols, of which the heap has no names, into holders with the names that the source
//! gives them.

use std::borrow::Cow;

use stanch_heap_growth::{Anchor, BlockSlot, GrowingHolder, ScriptPlace, symbol_description};
use stanch_js_source::{BlockValue, with_parsed};

use crate::bundled::unbundled;
use crate::place::position;
use crate::sources::Sources;

/// The holder with every name that the sources tell.
pub(crate) fn spelled<'a>(holder: &'a GrowingHolder, sources: &Sources) -> Cow<'a, GrowingHolder> {
    if let Some(holder) = unbundled(holder, sources) {
        return Cow::Owned(with_names(holder, sources));
    }
    let anchors = [
        holder.headline.anchor.as_ref(),
        holder.headline.user_anchor.as_ref(),
    ];
    if !anchors.into_iter().flatten().any(is_nameless) {
        return Cow::Borrowed(holder);
    }
    Cow::Owned(with_names(holder.clone(), sources))
}

fn with_names(mut named: GrowingHolder, sources: &Sources) -> GrowingHolder {
    for anchor in [&mut named.headline.anchor, &mut named.headline.user_anchor]
        .into_iter()
        .flatten()
    {
        if let Some((before, name)) = spell(anchor, sources) {
            let mut steps = named.path.iter_mut();
            if let Some(step) = steps.find(|step| step.name == before) {
                step.name = name;
            }
        }
    }
    named
}

fn is_nameless(anchor: &Anchor) -> bool {
    match anchor {
        Anchor::BlockVariable { .. } => true,
        Anchor::Field { name, .. } => symbol_description(name).is_some(),
        Anchor::Property { object, .. } => is_nameless(object),
        _ => false,
    }
}

/// Gives the innermost part of an anchor its name, and says what a path calls it before and after.
fn spell(anchor: &mut Anchor, sources: &Sources) -> Option<(String, String)> {
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
            Some((BlockSlot::NAMELESS.to_owned(), name))
        }
        Anchor::Field {
            name, constructor, ..
        } => {
            let key = symbol_key(symbol_description(name)?, constructor, sources)?;
            let before = format!(".{name}");
            name.clone_from(&key);
            Some((before, key))
        }
        _ => None,
    }
}

/// The variable of the symbol: in the class's own file, else in another of the service, from where the class has it.
fn symbol_key(description: &str, class: &ScriptPlace, sources: &Sources) -> Option<String> {
    let own = sources
        .locate(&class.url, position(class))
        .map(|located| located.text);
    let others = sources.own_texts().map(|(text, _)| text);
    own.into_iter()
        .chain(others)
        .find_map(|text| with_parsed(text, |parsed| parsed.symbol_key(description)))
}
