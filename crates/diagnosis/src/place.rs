//! A holder's name from the heap into its reference in a source text, and the text that declares it.

use stanch_heap_growth::{Anchor, BlockSlot, ScriptPlace};
use stanch_js_source::{
    Declaration, HolderRef, ImportedName, Initializer, Position, SourceText, with_parsed,
};

use crate::sources::{Script, Sources};

/// A holder as one text names it.
#[derive(Debug, Clone)]
pub(crate) struct Named<'a> {
    pub(crate) holder: HolderRef,
    pub(crate) text: &'a SourceText,
    pub(crate) script: &'a Script,
    /// Where the text declares it; for a property perhaps only where its object is declared.
    pub(crate) declaration: Option<Declaration>,
}

/// Imports followed from file to file; re-exports seldom go through more.
const IMPORTS: usize = 4;

/// Finds the text that declares what `anchor` names.
pub(crate) fn named<'a>(anchor: &Anchor, sources: &'a Sources) -> Option<Named<'a>> {
    let mut found = match anchor.script() {
        Some(place) => in_script(anchor, place, sources),
        None => in_any_script(anchor, sources),
    }?;
    if let Some(given) = given_elsewhere(&found, sources) {
        return Some(given);
    }
    for _ in 0..IMPORTS {
        match exporter(&found, sources) {
            Some(further) => found = further,
            None => break,
        }
    }
    Some(found)
}

/// Where a property is given to an object that another file declares: a plugin's `app.decorate('seen', {})`.
///
/// Only names tell that it is this property, so the one file that does it is believed, and no one of several.
fn given_elsewhere<'a>(found: &Named<'a>, sources: &'a Sources) -> Option<Named<'a>> {
    let is_property = matches!(found.holder, HolderRef::Property { .. });
    if !is_property || with_parsed(found.text, |parsed| parsed.declaration(&found.holder)).is_some()
    {
        return None;
    }
    let mut given = sources.own_texts().filter_map(|(text, script)| {
        let declaration = with_parsed(text, |parsed| parsed.given_property(&found.holder))?;
        Some(Named {
            holder: unplaced(&found.holder),
            text,
            script,
            declaration: Some(declaration),
        })
    });
    let only = given.next()?;
    given.next().is_none().then_some(only)
}

/// Where an imported holder is exported from, if that file is known: the variable there is the same one.
fn exporter<'a>(found: &Named<'a>, sources: &'a Sources) -> Option<Named<'a>> {
    let HolderRef::Variable { name, .. } = &found.holder else {
        return None;
    };
    if !matches!(
        found.declaration.as_ref()?.initializer,
        Initializer::Import { .. }
    ) {
        return None;
    }
    let imports = with_parsed(found.text, |parsed| parsed.imports());
    let import = imports
        .into_iter()
        .find(|import| import.local.as_ref() == Some(name))?;
    let (text, script) = sources.own_texts().find(|(text, _)| {
        text.path() != found.text.path() && leads_to(&import.module, found.text.path(), text.path())
    })?;
    let exports = with_parsed(text, |parsed| parsed.exported_names());
    let exported = match &import.imported {
        ImportedName::Named(picked) => picked.as_str(),
        ImportedName::Default => "default",
        ImportedName::Module => "module.exports",
    };
    let local = exports
        .into_iter()
        .find(|export| export.name == exported)?
        .local?;
    let holder = HolderRef::variable(local);
    let declaration = declaration(&holder, text);
    declaration.is_some().then_some(Named {
        holder,
        text,
        script,
        declaration,
    })
}

/// Whether what a file imports means the file `path`: `./cache` of `src/app.js` is `src/cache.ts` or
/// `src/cache/index.js`, and no `cache` of another folder.
pub(crate) fn leads_to(module: &str, importing: &str, path: &str) -> bool {
    if !module.starts_with('.') {
        return false;
    }
    let folder = importing.rsplit_once('/').map_or("", |(folder, _)| folder);
    let meant = format!("{folder}/{module}");
    let (meant, found) = (parts(&meant), parts(path));
    let outside = meant.iter().take_while(|part| **part == "..").count();
    let is_meant = |meant: &[&str]| match outside {
        0 => found == meant,
        // What lies outside of the service's folder goes by its whole path.
        _ => path.starts_with('/') && found.ends_with(&meant[outside..]),
    };
    is_meant(&meant) || is_meant(&[meant.as_slice(), &["index"]].concat())
}

/// The folders and the name of a file without its extension, which an import may leave out or give as compiled.
fn parts(path: &str) -> Vec<&str> {
    const EXTENSIONS: [&str; 8] = ["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"];
    let bare = match path.rsplit_once('.') {
        Some((bare, extension)) if EXTENSIONS.contains(&extension) => bare,
        _ => path,
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in bare.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts
}

fn in_script<'a>(anchor: &Anchor, place: &ScriptPlace, sources: &'a Sources) -> Option<Named<'a>> {
    let located = sources.locate(&place.url, position(place))?;
    let holder = holder_ref(anchor, located.position);
    let declaration = declaration(&holder, located.text);
    if declaration.is_some() {
        return Some(Named {
            holder,
            text: located.text,
            script: located.script,
            declaration,
        });
    }
    // A bundler may have moved the function that we came by into another original.
    let elsewhere = located.script.originals().find_map(|text| {
        let declaration = declaration_by_name(anchor, text)?;
        Some((text, declaration))
    });
    match elsewhere {
        Some((text, (holder, declaration))) => Some(Named {
            holder,
            text,
            script: located.script,
            declaration: Some(declaration),
        }),
        None => Some(Named {
            holder,
            text: located.text,
            script: located.script,
            declaration: None,
        }),
    }
}

fn in_any_script<'a>(anchor: &Anchor, sources: &'a Sources) -> Option<Named<'a>> {
    sources.own_texts().find_map(|(text, script)| {
        let (holder, declaration) = declaration_by_name(anchor, text)?;
        Some(Named {
            holder,
            text,
            script,
            declaration: Some(declaration),
        })
    })
}

fn declaration_by_name(anchor: &Anchor, text: &SourceText) -> Option<(HolderRef, Declaration)> {
    let holder = unplaced(&holder_ref(anchor, Position::new(0, 0)));
    let declaration = declaration(&holder, text)?;
    Some((holder, declaration))
}

/// The same holder without a position, which is only good in one text.
pub(crate) fn unplaced(holder: &HolderRef) -> HolderRef {
    match holder {
        HolderRef::Variable { name, .. } => HolderRef::variable(name.clone()),
        HolderRef::Field { class, name, .. } => HolderRef::Field {
            class: class.clone(),
            name: name.clone(),
            constructor: None,
        },
        HolderRef::Property { object, name } => unplaced(object).property(name.clone()),
        HolderRef::Global { name } => HolderRef::global(name.clone()),
    }
}

/// What a text calls it: `cache`, `store.cache`; none where instances have it under names of their own.
pub(crate) fn written(holder: &HolderRef) -> Option<String> {
    match holder {
        HolderRef::Variable { name, .. } => Some(name.clone()),
        HolderRef::Property { object, name } => Some(format!("{}.{name}", written(object)?)),
        HolderRef::Field { .. } | HolderRef::Global { .. } => None,
    }
}

fn declaration(holder: &HolderRef, text: &SourceText) -> Option<Declaration> {
    with_parsed(text, |parsed| {
        let mut reference = holder;
        loop {
            if let Some(found) = parsed.declaration(reference) {
                return Some(found);
            }
            let HolderRef::Property { object, .. } = reference else {
                return None;
            };
            reference = object;
        }
    })
}

fn holder_ref(anchor: &Anchor, at: Position) -> HolderRef {
    match anchor {
        Anchor::Variable { name, .. } => HolderRef::Variable {
            name: name.clone(),
            inside: Some(at),
        },
        Anchor::Export { name, .. } => HolderRef::variable(name.clone()),
        // Its name is not known: nothing is called that.
        Anchor::BlockVariable { .. } => HolderRef::variable(BlockSlot::NAMELESS),
        Anchor::Field { name, class, .. } => HolderRef::Field {
            class: Some(class.clone()),
            name: name.clone(),
            constructor: Some(at),
        },
        Anchor::Instance { class, .. } => HolderRef::Variable {
            name: class.clone(),
            inside: Some(at),
        },
        Anchor::Property { name, object } => holder_ref(object, at).property(name.clone()),
        Anchor::Global { name } => HolderRef::global(name.clone()),
        Anchor::ModuleExports { .. } => HolderRef::variable("module").property("exports"),
    }
}

/// V8's position of a place.
pub(crate) fn position(place: &ScriptPlace) -> Position {
    Position::new(place.line, place.column)
}
