//! Uses of all files into what is done to each holder, wherever it is declared.

use oxc_str::CompactStr;
use stanch_js_source::{Extent, ITSELF, ImportedName, Value};

use super::meaning::{Meaning, Site};
use super::names::Key;
use super::part::Index;
use super::view::View;
use super::{FileIndex, Project};
use crate::summary::{Op, Use, WHOLE};

/// Something that is done to a holder, in any file of the project.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elsewhere<'p> {
    pub(crate) op: &'p Op,
    pub(crate) file: FileIndex,
    /// It is done only when a person asks for it.
    pub(crate) is_by_hand: bool,
}

/// Who a holder is, whatever it is called in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    /// A module's variable.
    Variable(FileIndex, CompactStr),
    /// What a module exports under that name without a variable, or gives the application.
    Export(FileIndex, CompactStr),
    /// A field of a class, or a property of an object literal.
    Member(Site, CompactStr),
}

/// What a use is a use of, under names that outlive edits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Target {
    Variable(FileIndex, CompactStr),
    Export(FileIndex, CompactStr),
    Member(Key, CompactStr),
    /// Only the last name is known: `rooms.get(id).members.delete(socket)` is a use of some `members`.
    Named(CompactStr),
}

/// What a file does to holders.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// With the place in the file's list of uses.
    to: Vec<(Target, usize)>,
    /// What its functions do to their parameters, by function, position and place in that list; ascending.
    to_parameters: Vec<(Key, u32, usize)>,
    /// What it hands to functions, and as which argument.
    lent: Vec<(Target, (Key, u32))>,
}

impl Done {
    pub(super) fn of(view: View<'_>, file: FileIndex) -> Self {
        let mut done = Self::default();
        for (at, used) in view.own(file).uses.iter().enumerate() {
            if let Value::Parameter(start, position) = used.holder {
                let function = view.key(Site { file, start });
                done.to_parameters.push((function, position, at));
            } else if let Some(holder) = view.holder(file, &used.holder) {
                done.to.push((Target::of(view, holder), at));
            } else if let Value::Member(_, name) = &used.holder {
                done.to.push((Target::Named(name.clone()), at));
            }
            if let Some(class) = view.extended_container(file, used) {
                done.to
                    .push((Target::Member(view.key(class), ITSELF.into()), at));
            }
        }
        done.to_parameters.sort_unstable();
        for lent in &view.own(file).lent {
            let callee = view.own(file).callee(lent.callee);
            if let Some(function) = view.function(file, callee)
                && let Some(holder) = view.holder(file, &lent.holder)
            {
                let to = (view.key(function), lent.position);
                done.lent.push((Target::of(view, holder), to));
            }
        }
        done
    }

    /// What a function of the file does to a parameter.
    fn to_parameter(&self, function: Key, position: u32) -> impl Iterator<Item = usize> {
        let wanted = (function, position);
        let first = self
            .to_parameters
            .partition_point(|(own, at, _)| (*own, *at) < wanted);
        let rest = self.to_parameters[first..].iter();
        rest.take_while(move |(own, at, _)| (*own, *at) == wanted)
            .map(|(_, _, at)| *at)
    }
}

impl Target {
    fn of(view: View<'_>, holder: Holder) -> Self {
        match holder {
            Holder::Variable(file, name) => Self::Variable(file, name),
            Holder::Export(file, name) => Self::Export(file, name),
            Holder::Member(site, name) => Self::Member(view.key(site), name),
        }
    }
}

/// The uses of a project by what they are uses of.
#[derive(Debug, Clone, Default)]
pub(super) struct Uses {
    /// By the place in each file's list.
    of: Index<Target, usize>,
    lent: Index<Target, (Key, u32)>,
}

impl Uses {
    pub(super) fn add(&mut self, file: FileIndex, done: &Done) {
        for (target, at) in &done.to {
            self.of.add(file, target, *at);
        }
        for (target, to) in &done.lent {
            self.lent.add(file, target, *to);
        }
    }

    pub(super) fn remove(&mut self, file: FileIndex, done: &Done) {
        for (target, _) in &done.to {
            self.of.remove(file, target);
        }
        for (target, _) in &done.lent {
            self.lent.remove(file, target);
        }
    }
}

impl Project {
    /// What is done to a holder in any file, its own included; what a function does to a parameter is done to what it is
    /// lent.
    pub(crate) fn uses_of(&self, holder: &Holder) -> impl Iterator<Item = Elsewhere<'_>> {
        let target = Target::of(self.view(), holder.clone());
        let lent = self.uses.lent.get(&target).iter();
        let through = lent.flat_map(|(_, (function, position))| {
            let own = &self.parts[function.file.0].done;
            let uses = own.to_parameter(*function, *position);
            uses.map(|at| self.elsewhere(function.file, at))
        });
        self.done_to(&target).chain(through)
    }

    /// What is done to holders of that name of which the files do not show whose they are.
    pub(crate) fn uses_named(&self, name: &str) -> impl Iterator<Item = Elsewhere<'_>> {
        self.done_to(&Target::Named(name.into()))
    }

    fn done_to(&self, target: &Target) -> impl Iterator<Item = Elsewhere<'_>> + use<'_> {
        let uses = self.uses.of.get(target).iter();
        uses.map(|(file, at)| self.elsewhere(*file, *at))
    }

    fn elsewhere(&self, file: FileIndex, at: usize) -> Elsewhere<'_> {
        let used = &self.summary(file).uses[at];
        Elsewhere {
            op: &used.op,
            file,
            is_by_hand: used.is_by_hand,
        }
    }

    /// The file that declares a holder as a variable, and the variable's place in it.
    pub(crate) fn declaration(&self, holder: &Holder) -> Option<(FileIndex, Extent)> {
        let Holder::Variable(file, name) = holder else {
            return None;
        };
        let summary = self.summary(*file);
        let (start, end) = summary.declared.get(name.as_str())?;
        Some((*file, summary.text.extent(*start, *end)))
    }

    /// Whether a plugin gives the application something under this name.
    pub(crate) fn is_decorated(&self, name: &str) -> bool {
        self.view().decorated(name).is_some()
    }

    /// Who a value is, as a holder; none for what is made anew at each place.
    pub(crate) fn holder(&self, file: FileIndex, value: &Value) -> Option<Holder> {
        self.view().holder(file, value)
    }
}

impl View<'_> {
    /// Who a value is, as a holder; none for what is made anew at each place.
    pub(super) fn holder(self, file: FileIndex, value: &Value) -> Option<Holder> {
        self.holder_through(file, value, 12)
    }

    fn holder_through(self, file: FileIndex, value: &Value, deeper: u32) -> Option<Holder> {
        let deeper = deeper.checked_sub(1)?;
        match value {
            Value::Variable(name) => {
                let first = self.variable(file, name);
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
            Value::Member(of, name) => self.part(self.meaning(file, of), name, deeper),
            _ => None,
        }
    }

    /// Who the part of that name is of something.
    fn part(self, of: Meaning, name: &CompactStr, deeper: u32) -> Option<Holder> {
        if of.may_be_an_application() {
            let (file, value) = self.decorated(name)?;
            if is_alias(value) {
                return self.holder_through(file, value, deeper);
            }
            return Some(Holder::Export(file, format!("decorate {name}").into()));
        }
        match of {
            Meaning::Module(target) => self.exported(target, name, deeper),
            Meaning::Instance(class) => match *class {
                Meaning::Class(site) | Meaning::Function(site) => {
                    let declared = self.member_of_class(site, name, |shape| &shape.members, deeper);
                    let site = declared.map_or(site, |(site, _)| site);
                    Some(Holder::Member(site, name.clone()))
                }
                _ => None,
            },
            Meaning::Class(site) | Meaning::Function(site) => {
                Some(Holder::Member(site, name.clone()))
            }
            Meaning::Object(site) => {
                let value = self.property(site, name).filter(|value| is_alias(value));
                value
                    .and_then(|value| self.holder_through(site.file, value, deeper))
                    .or_else(|| Some(Holder::Member(site, name.clone())))
            }
            _ => None,
        }
    }

    /// The class of the project that extends Map, Set or Array, of whose instance an entry is taken.
    fn extended_container(self, file: FileIndex, used: &Use) -> Option<Site> {
        let takes = match &used.op {
            Op::Call { method, .. } => {
                matches!(&**method, "delete" | "clear" | "pop" | "shift" | "splice")
            }
            Op::SetLength => true,
            _ => false,
        };
        if !takes || self.is_of_others(file, &used.holder) {
            return None;
        }
        let Meaning::Instance(class) = self.meaning(file, &used.holder) else {
            return None;
        };
        let Meaning::Class(site) = *class else {
            return None;
        };
        let base = self.class(site)?.extends.as_ref()?;
        matches!(base, Value::Global(name) if matches!(&**name, "Map" | "Set" | "Array"))
            .then_some(site)
    }

    /// The holder that a module exports under a name.
    fn exported(self, file: FileIndex, name: &str, deeper: u32) -> Option<Holder> {
        let deeper = deeper.checked_sub(1)?;
        if let Some(value) = self.exported_value(file, name) {
            return if is_alias(value) {
                self.holder_through(file, value, deeper)
            } else {
                Some(Holder::Export(file, name.into()))
            };
        }
        if let Some(whole) = self.exported_value(file, WHOLE) {
            let member = if matches!(name, "default" | WHOLE) {
                whole.clone()
            } else {
                whole.clone().member(name)
            };
            return self.holder_through(file, &member, deeper);
        }
        self.exports_all(file)
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
