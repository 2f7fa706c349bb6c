//! Scripts as V8 ran them, with their source maps, into the files that a reader knows.

use std::collections::BTreeMap;

use stanch_js_source::{Position, SourceMapIndex, SourceText};
use stanch_leak_patterns::Place;

/// The texts that a diagnosis may need, by the URL or path that V8 knows each script by.
#[derive(Debug, Default)]
pub struct Sources {
    scripts: BTreeMap<String, Script>,
}

/// One script.
#[derive(Debug)]
pub struct Script {
    /// Its text as V8 ran it, under the name that reports give it.
    pub text: SourceText,
    /// The npm package it belongs to, `name@version`.
    pub package: Option<String>,
    /// Where it was written, if it was compiled from something else.
    pub origin: Option<Compiled>,
}

/// What a script was compiled from.
#[derive(Debug)]
pub struct Compiled {
    /// From positions in the script to positions in the originals.
    pub map: SourceMapIndex,
    /// The originals by the path that the map gives them, each under the name that reports give it.
    pub originals: BTreeMap<String, SourceText>,
}

/// A position in the file that a reader knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Located<'a> {
    pub(crate) text: &'a SourceText,
    pub(crate) position: Position,
    pub(crate) script: &'a Script,
}

impl Sources {
    /// Adds the script that V8 knows as `url`.
    pub fn insert(&mut self, url: impl Into<String>, script: Script) {
        self.scripts.insert(url.into(), script);
    }

    /// `name@version` of a package, if one of its scripts is there.
    pub(crate) fn package_version(&self, name: &str) -> Option<String> {
        let packages = self
            .scripts
            .values()
            .filter_map(|script| script.package.as_deref());
        packages
            .into_iter()
            .find(|package| {
                package
                    .rsplit_once('@')
                    .is_some_and(|(known, _)| known == name)
            })
            .map(str::to_owned)
    }

    /// Whether the script `url` is there.
    #[must_use]
    pub fn contains(&self, url: &str) -> bool {
        self.scripts.contains_key(url)
    }

    /// The script that V8 knows as `url`.
    pub(crate) fn script(&self, url: &str) -> Option<&Script> {
        self.scripts.get(url)
    }

    /// Where a position in the script `url` was written.
    pub(crate) fn locate(&self, url: &str, position: Position) -> Option<Located<'_>> {
        let script = self.scripts.get(url)?;
        let original = script.origin.as_ref().and_then(|compiled| {
            let original = compiled.map.original(position)?;
            let text = compiled.originals.get(&original.source)?;
            Some(Located {
                text,
                position: original.position,
                script,
            })
        });
        Some(original.unwrap_or(Located {
            text: &script.text,
            position,
            script,
        }))
    }

    /// The texts of the service's own code, as written.
    pub(crate) fn own_texts(&self) -> impl Iterator<Item = (&SourceText, &Script)> {
        self.scripts
            .values()
            .filter(|script| script.package.is_none())
            .flat_map(|script| script.originals().map(move |text| (text, script)))
    }
}

impl Script {
    /// The texts as written: the originals, or the script itself where it was compiled from nothing.
    pub(crate) fn originals(&self) -> impl Iterator<Item = &SourceText> {
        let compiled = self
            .origin
            .as_ref()
            .filter(|compiled| !compiled.originals.is_empty());
        let itself = compiled.is_none().then_some(&self.text);
        compiled
            .into_iter()
            .flat_map(|compiled| compiled.originals.values())
            .chain(itself)
    }

    /// The place in the script that V8 runs, where `text` is an original of it.
    pub(crate) fn generated(&self, text: &SourceText, position: Position) -> Option<Place> {
        let compiled = self.origin.as_ref()?;
        let (source, _) = compiled
            .originals
            .iter()
            .find(|(_, original)| original.path() == text.path())?;
        let generated = compiled.map.generated(source, position)?;
        Some(generated.place(self.text.path()))
    }
}
