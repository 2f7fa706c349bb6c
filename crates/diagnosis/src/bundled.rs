//! Names in a bundle into the names that its originals have.
//!
//! A bundler puts the service and its packages into one script and may shorten every name. V8 knows that script only; the
//! source map knows which name belongs to whom and what it was called.

use stanch_heap_growth::{Anchor, GrowingHolder, Headline, MemberPlace, Origin, ScriptPlace};
use stanch_js_source::{HolderRef, Position, SourceText, with_parsed};

use crate::place::position;
use crate::sources::{Script, Sources};

/// The holder under the names of the originals; none where no script on its path is a bundle.
pub(crate) fn unbundled(holder: &GrowingHolder, sources: &Sources) -> Option<GrowingHolder> {
    let places = holder.names.iter().filter_map(Anchor::script);
    let members = holder.places.iter().map(|member| &member.place);
    places
        .chain(members)
        .any(|place| bundle(place, sources).is_some())
        .then(|| {
            let mut found = holder.clone();
            for name in &mut found.names {
                let Some((before, now)) = rename(name, sources) else {
                    continue;
                };
                let mut steps = found.path.iter_mut();
                if let Some(step) = steps.find(|step| step.name == before) {
                    step.name = now;
                }
            }
            let origin = |name: &Anchor| origin(name, sources);
            found.headline = Headline::of(&found.names, found.pattern, origin);
            found.places = own_places(holder, sources);
            found
        })
}

/// The script at a place, if it was compiled from several files.
fn bundle<'a>(place: &ScriptPlace, sources: &'a Sources) -> Option<&'a Script> {
    let script = sources.script(&place.url)?;
    (script.originals().nth(1).is_some()).then_some(script)
}

/// Whose code a name is in, by the file in which it was written.
fn origin(name: &Anchor, sources: &Sources) -> Origin {
    let written = name
        .script()
        .and_then(|place| Some((place, bundle(place, sources)?)))
        .and_then(|(place, _)| origin_at(place, sources));
    written.unwrap_or_else(|| name.origin())
}

fn origin_at(place: &ScriptPlace, sources: &Sources) -> Option<Origin> {
    let located = sources.locate(&place.url, position(place))?;
    // Names of files are relative to the service's folder, where `node_modules` may be the first part.
    Some(Origin::of_url(&format!("/{}", located.text.path())))
}

/// Where members lead, the service's own functions before those that its packages made.
fn own_places(holder: &GrowingHolder, sources: &Sources) -> Vec<MemberPlace> {
    let is_own = |member: &&MemberPlace| origin_at(&member.place, sources) == Some(Origin::User);
    let own: Vec<MemberPlace> = holder
        .further_places
        .iter()
        .filter(is_own)
        .cloned()
        .collect();
    match own.is_empty() {
        true => holder.places.clone(),
        false => own,
    }
}

/// Gives a name the spelling of its original and the place where the original declares it; says what a variable was
/// called before and now.
fn rename(name: &mut Anchor, sources: &Sources) -> Option<(String, String)> {
    match name {
        Anchor::Property { object, .. } => rename(object, sources),
        Anchor::Variable { name, seen_by } => {
            let (original, place) = original_variable(name, seen_by, sources)?;
            *seen_by = place;
            Some((std::mem::replace(name, original.clone()), original))
        }
        Anchor::Field {
            name,
            class,
            constructor,
        } => {
            let original = original_field(class, name, constructor, sources);
            if let Some(original) = original_class(constructor, sources) {
                *class = original;
            }
            let original = original?;
            let before = std::mem::replace(name, original.clone());
            Some((format!(".{before}"), format!(".{original}")))
        }
        Anchor::Instance { class, constructor } => {
            if let Some(original) = original_class(constructor, sources) {
                *class = original;
            }
            None
        }
        Anchor::Export { .. }
        | Anchor::BlockVariable { .. }
        | Anchor::Global { .. }
        | Anchor::ModuleExports { .. } => None,
    }
}

/// What a variable of a bundle was called, and where in the bundle it is declared.
fn original_variable(
    name: &str,
    seen_by: &ScriptPlace,
    sources: &Sources,
) -> Option<(String, ScriptPlace)> {
    let script = bundle(seen_by, sources)?;
    let holder = HolderRef::Variable {
        name: name.to_owned(),
        inside: Some(position(seen_by)),
    };
    let declaration = with_parsed(&script.text, |parsed| parsed.declaration(&holder))?;
    let declared = declaration.name.from;
    let original = sources.locate(&seen_by.url, declared)?;
    let spelling = identifier_at(original.text, original.position)?;
    let place = ScriptPlace {
        line: declared.line,
        column: declared.column,
        ..seen_by.clone()
    };
    Some((spelling, place))
}

/// What a private field of a class in a bundle was called. Others keep their names, which may be asked for by name.
fn original_field(
    class: &str,
    name: &str,
    constructor: &ScriptPlace,
    sources: &Sources,
) -> Option<String> {
    let script = bundle(constructor, sources).filter(|_| name.starts_with('#'))?;
    let holder = HolderRef::Field {
        class: Some(class.to_owned()),
        name: name.to_owned(),
        constructor: Some(position(constructor)),
    };
    let declaration = with_parsed(&script.text, |parsed| parsed.declaration(&holder))?;
    let original = sources.locate(&constructor.url, declaration.name.from)?;
    let at = original.text.offset(original.position)? as usize;
    let rest = original.text.text().get(at..)?.strip_prefix('#')?;
    let after = original
        .text
        .position(u32::try_from(original.text.text().len() - rest.len()).ok()?);
    Some(format!("#{}", identifier_at(original.text, after)?))
}

fn original_class(constructor: &ScriptPlace, sources: &Sources) -> Option<String> {
    bundle(constructor, sources)?;
    let located = sources.locate(&constructor.url, position(constructor))?;
    with_parsed(located.text, |parsed| parsed.class_at(located.position))
}

/// The identifier that starts at a position.
fn identifier_at(text: &SourceText, position: Position) -> Option<String> {
    let start = text.offset(position)?;
    let rest = text.text().get(start as usize..)?;
    let is_part = |letter: &char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    let identifier: String = rest.chars().take_while(is_part).collect();
    let begins_one = identifier
        .chars()
        .next()
        .is_some_and(|letter| !letter.is_numeric());
    begins_one.then_some(identifier)
}
