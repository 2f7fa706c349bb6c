//! Uses of all files into what is done to each holder, wherever it is declared.

use rustc_hash::FxHashMap;
use stanch_js_source::{ImportedName, Value};

use super::meaning::{Meaning, Site};
use super::{FileIndex, Project};
use crate::summary::{Op, WHOLE};

/// Something that is done to a holder, in any file of the project.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elsewhere<'p> {
    pub(crate) op: &'p Op,
    pub(crate) file: FileIndex,
}

/// Who a holder is, whatever it is called in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    /// A module's variable.
    Variable(FileIndex, Box<str>),
    /// What a module exports under that name without a variable.
    Export(FileIndex, Box<str>),
    /// A field of a class, or a property of an object literal.
    Member(Site, Box<str>),
}

/// The uses of a project by what they are uses of.
#[derive(Debug, Default)]
pub(super) struct Uses {
    of_holder: FxHashMap<Holder, Vec<Spot>>,
    /// Where only the last name is known: `rooms.get(id).members.delete(socket)` is a use of some `members`.
    of_name: FxHashMap<Box<str>, Vec<Spot>>,
}

/// A use by its file, and its place in that file's list.
#[derive(Debug, Clone, Copy)]
struct Spot {
    file: FileIndex,
    at: usize,
}

impl Uses {
    pub(super) fn of(project: &Project) -> Self {
        let mut found = Self::default();
        let mut of_parameter: FxHashMap<(Site, u32), Vec<Spot>> = FxHashMap::default();
        for file in project.indices() {
            for (at, used) in project.summary(file).uses.iter().enumerate() {
                let spot = Spot { file, at };
                if let Value::Parameter(start, position) = used.holder {
                    let function = Site { file, start };
                    of_parameter
                        .entry((function, position))
                        .or_default()
                        .push(spot);
                } else if let Some(holder) = project.holder(file, &used.holder) {
                    found.of_holder.entry(holder).or_default().push(spot);
                } else if let Value::Member(_, name) = &used.holder {
                    found.of_name.entry(name.clone()).or_default().push(spot);
                }
            }
        }
        // What a function does to a parameter is done to what it is lent.
        for file in project.indices() {
            for lent in &project.summary(file).lent {
                let Meaning::Function(function) = project.meaning(file, &lent.callee) else {
                    continue;
                };
                let Some(spots) = of_parameter.get(&(function, lent.position)) else {
                    continue;
                };
                if let Some(holder) = project.holder(file, &lent.holder) {
                    let uses = found.of_holder.entry(holder).or_default();
                    uses.extend(spots);
                }
            }
        }
        found
    }
}

impl Project {
    /// What is done to a holder in any file, its own included.
    pub(crate) fn uses_of(&self, holder: &Holder) -> impl Iterator<Item = Elsewhere<'_>> {
        let spots = self.uses.of_holder.get(holder);
        spots
            .into_iter()
            .flatten()
            .map(|spot| self.elsewhere(*spot))
    }

    /// What is done to holders of that name of which the files do not show whose they are.
    pub(crate) fn uses_named(&self, name: &str) -> impl Iterator<Item = Elsewhere<'_>> {
        let spots = self.uses.of_name.get(name);
        spots
            .into_iter()
            .flatten()
            .map(|spot| self.elsewhere(*spot))
    }

    fn elsewhere(&self, spot: Spot) -> Elsewhere<'_> {
        Elsewhere {
            op: &self.summary(spot.file).uses[spot.at].op,
            file: spot.file,
        }
    }

    /// Who a value is, as a holder; none for what is made anew at each place.
    pub(crate) fn holder(&self, file: FileIndex, value: &Value) -> Option<Holder> {
        self.holder_through(file, value, 12)
    }

    fn holder_through(&self, file: FileIndex, value: &Value, deeper: u32) -> Option<Holder> {
        let deeper = deeper.checked_sub(1)?;
        match value {
            Value::Variable(name) => {
                let first = self.summary(file).variables.get(name);
                let alias = first.filter(|first| is_alias(first));
                alias
                    .and_then(|first| self.holder_through(file, first, deeper))
                    .or_else(|| Some(Holder::Variable(file, name.clone())))
            }
            Value::Import { module, name } => {
                let target = self.target(file, module)?;
                let name = match name {
                    ImportedName::Named(name) => name,
                    ImportedName::Default => "default",
                    ImportedName::Module => WHOLE,
                };
                self.exported(target, name, deeper)
            }
            Value::Member(of, name) => match self.meaning(file, of) {
                Meaning::Module(target) => self.exported(target, name, deeper),
                Meaning::Instance(class) => match *class {
                    Meaning::Class(site) | Meaning::Function(site) => {
                        let declared =
                            self.member_of_class(site, name, |shape| &shape.members, deeper);
                        let site = declared.map_or(site, |(site, _)| site);
                        Some(Holder::Member(site, name.clone()))
                    }
                    _ => None,
                },
                Meaning::Class(site) | Meaning::Function(site) => {
                    Some(Holder::Member(site, name.clone()))
                }
                Meaning::Object(site) => {
                    let properties = self.summary(site.file).objects.get(&site.start);
                    let value = properties
                        .and_then(|all| all.iter().find(|(own, _)| own == name))
                        .map(|(_, value)| value)
                        .filter(|value| is_alias(value));
                    value
                        .and_then(|value| self.holder_through(site.file, value, deeper))
                        .or_else(|| Some(Holder::Member(site, name.clone())))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The holder that a module exports under a name.
    fn exported(&self, file: FileIndex, name: &str, deeper: u32) -> Option<Holder> {
        let deeper = deeper.checked_sub(1)?;
        let summary = self.summary(file);
        let find = |name: &str| {
            let own = summary.exports.iter().find(|(own, _)| &**own == name);
            own.map(|(_, value)| value)
        };
        if let Some(value) = find(name) {
            return if is_alias(value) {
                self.holder_through(file, value, deeper)
            } else {
                Some(Holder::Export(file, name.into()))
            };
        }
        if let Some(whole) = find(WHOLE) {
            let member = if matches!(name, "default" | WHOLE) {
                whole.clone()
            } else {
                whole.clone().member(name)
            };
            return self.holder_through(file, &member, deeper);
        }
        let others = summary.exports_all.iter();
        others
            .filter_map(|module| self.target(file, module))
            .find_map(|target| self.exported(target, name, deeper))
    }
}

/// Whether a value is another name of what is declared elsewhere.
fn is_alias(value: &Value) -> bool {
    matches!(
        value,
        Value::Variable(_) | Value::Import { .. } | Value::Member(..)
    )
}
