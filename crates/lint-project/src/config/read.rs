//! The text of a configuration into its table, every mistake with its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::marker::PhantomData;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::error::LintError;
use crate::near;
use crate::selection::Pick;

/// The table `lint`, as it is written.
#[derive(Debug, Default)]
pub(crate) struct Lint {
    pub(crate) select: Option<Vec<Pick>>,
    pub(crate) ignore: Vec<Pick>,
    pub(crate) exclude: Vec<String>,
    pub(crate) per_file_ignores: BTreeMap<String, Vec<Pick>>,
    pub(crate) known_bounded: BTreeSet<String>,
    pub(crate) emitters: BTreeSet<String>,
    pub(crate) hot_functions: BTreeSet<String>,
}

/// The keys of the table `lint`.
pub(crate) const LINT_KEYS: [&str; 7] = [
    "select",
    "ignore",
    "exclude",
    "per-file-ignores",
    "known-bounded",
    "emitters",
    "hot-functions",
];
/// The tables of a configuration.
const TABLES: [&str; 1] = ["lint"];

/// What `stanch.toml` says.
pub(crate) fn toml(file: &Path) -> Result<Lint, LintError> {
    let text = text(file)?;
    let all: Table<Config> = toml::from_str(&text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        let (line, column) = place(&text, word_in(&text, span, error.message()));
        mistake(file, line, column, error.message())
    })?;
    Ok(all.0.0)
}

/// What `package.json` says under its key `stanch`; none where it has no such key.
pub(crate) fn package(file: &Path) -> Result<Option<Lint>, LintError> {
    let text = text(file)?;
    let all: Package = serde_json::from_str(&text).map_err(|error| {
        let message = error.to_string();
        let end = format!(" at line {} column {}", error.line(), error.column());
        let message = message.strip_suffix(&end).unwrap_or(&message);
        mistake(file, error.line().max(1), error.column().max(1), message)
    })?;
    Ok(all.0.map(|config| config.0))
}

/// Line and column, from 1, of a text in a file; of its start where the text is nowhere.
pub(crate) fn place_of(file: &Path, part: &str) -> (usize, usize) {
    let text = fs::read_to_string(file).unwrap_or_default();
    place(&text, text.find(part).unwrap_or(0))
}

/// Where in a stretch of the text the word stands that a message puts between backticks: of a list, only the whole has a place.
fn word_in(text: &str, span: Range<usize>, message: &str) -> usize {
    let word = message.split('`').nth(1).unwrap_or_default();
    let stretch = text.get(span.clone()).unwrap_or_default();
    let at = stretch.find(&format!("'{word}'"));
    let at = at.or_else(|| stretch.find(&format!("\"{word}\"")));
    span.start + at.unwrap_or(0)
}

fn text(file: &Path) -> Result<String, LintError> {
    let text = fs::read_to_string(file).map_err(|cause| LintError::File {
        what: "read",
        path: file.to_owned(),
        cause,
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(unmarked) => unmarked.to_owned(),
        None => text,
    })
}

fn mistake(file: &Path, line: usize, column: usize, message: &str) -> LintError {
    LintError::Config {
        path: file.to_owned(),
        line,
        column,
        message: message.to_owned(),
    }
}

fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[start..].chars().count() + 1)
}

/// The tables of a configuration.
#[derive(Default)]
struct Config(Lint);

/// The part of `package.json` that is ours.
struct Package(Option<Config>);

/// A table that takes known keys only.
trait Keyed: Default {
    const KEYS: &'static [&'static str];

    /// Takes the value of one of the keys.
    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

impl Keyed for Config {
    const KEYS: &'static [&'static str] = &TABLES;

    fn take<'de, A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        self.0 = map.next_value::<Table<Lint>>()?.0;
        Ok(())
    }
}

impl Keyed for Lint {
    const KEYS: &'static [&'static str] = &LINT_KEYS;

    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "select" => self.select = Some(map.next_value()?),
            "ignore" => self.ignore = map.next_value()?,
            "exclude" => self.exclude = map.next_value()?,
            "per-file-ignores" => self.per_file_ignores = map.next_value()?,
            "known-bounded" => self.known_bounded = map.next_value()?,
            "emitters" => self.emitters = map.next_value()?,
            _ => self.hot_functions = map.next_value()?,
        }
        Ok(())
    }
}

/// Reads a table key by key, so that the place of an unknown one is known.
struct Table<T>(T);

struct TableVisitor<T>(PhantomData<T>);

impl<'de, T: Keyed> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TableVisitor(PhantomData))
    }
}

impl<'de, T: Keyed> Visitor<'de> for TableVisitor<T> {
    type Value = Table<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut table = T::default();
        while let Some(key) = map.next_key::<Key<T>>()? {
            table.take(key.name, &mut map)?;
        }
        Ok(Table(table))
    }
}

/// One of the keys of a table.
struct Key<T> {
    name: &'static str,
    table: PhantomData<T>,
}

impl<T: Keyed> FromStr for Key<T> {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = T::KEYS.iter().find(|key| **key == word);
        let name = known.ok_or_else(|| {
            let suggestion = near::suggestion(word, T::KEYS.iter().copied());
            format!("there is no key `{word}`; {suggestion}")
        })?;
        Ok(Self {
            name,
            table: PhantomData,
        })
    }
}

impl<'de, T: Keyed> Deserialize<'de> for Key<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        word.parse().map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Package {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PackageVisitor)
    }
}

struct PackageVisitor;

impl<'de> Visitor<'de> for PackageVisitor {
    type Value = Package;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the object of a package")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Package, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == "stanch" {
                found = Some(map.next_value::<Table<Config>>()?.0);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Package(found))
    }
}
