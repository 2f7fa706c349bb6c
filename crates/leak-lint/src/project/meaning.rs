//! A value that one file shows into what it stands for in the project.

use oxc_str::CompactStr;
use stanch_js_source::{ClassShape, ImportedName, Value};

use super::view::View;
use super::{FileIndex, Project};
use crate::summary::WHOLE;

/// A function, class or literal of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Site {
    pub(crate) file: FileIndex,
    /// The byte where it starts.
    pub(crate) start: u32,
}

/// What a value stands for, with all files known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    Function(Site),
    Class(Site),
    Object(Site),
    Array,
    /// All that a file of the project exports.
    Module(FileIndex),
    /// What a package or one of Node's modules exports: the module as written, and names from there.
    Outside {
        module: CompactStr,
        path: Vec<CompactStr>,
    },
    /// A global, and names from there.
    Global(Vec<CompactStr>),
    Instance(Box<Meaning>),
    Result(Box<Meaning>),
    Member(Box<Meaning>, CompactStr),
    Parameter(Site, u32),
    Unknown,
}

impl Meaning {
    /// Whether it is what Node's module of that name exports under the path: `events` and `EventEmitter`.
    pub(crate) fn is_of_node(&self, name: &str, path: &[&str]) -> bool {
        matches!(self, Self::Outside { module, path: own }
            if module.strip_prefix("node:").unwrap_or(module) == name
                && own.iter().map(|name| &**name).eq(path.iter().copied()))
    }

    /// Whether it is the global of that name.
    pub(crate) fn is_global(&self, name: &str) -> bool {
        matches!(self, Self::Global(path) if matches!(path.as_slice(), [own] if &**own == name))
    }
}

/// The framework whose applications plugins give what all their files use.
const DECORATED: &str = "fastify";

impl Meaning {
    /// Whether it may be the application that plugins decorate: a parameter of which nothing is known, or what the framework
    /// says that it is.
    pub(super) fn may_be_an_application(&self) -> bool {
        match self {
            Self::Parameter(..) => true,
            // `request.server`
            Self::Member(of, name) => &**name == "server" && matches!(**of, Self::Parameter(..)),
            Self::Instance(of) | Self::Result(of) => {
                matches!(&**of, Self::Outside { module, .. } if &**module == DECORATED)
            }
            _ => false,
        }
    }
}

/// Values that stand for other values are followed this far: circles of imports end there.
pub(super) const DEEPEST: u32 = 24;

impl Project {
    /// What a value of a file stands for.
    pub(crate) fn meaning(&self, file: FileIndex, value: &Value) -> Meaning {
        self.view().meaning(file, value)
    }

    /// The milliseconds that a value stands for, where another file has them and they are a minute or more.
    pub(crate) fn long_time(&self, file: FileIndex, value: &Value) -> Option<u64> {
        self.long_time_of(file, value, DEEPEST)
    }

    fn long_time_of(&self, file: FileIndex, value: &Value, deeper: u32) -> Option<u64> {
        let deeper = deeper.checked_sub(1)?;
        let at = |file: FileIndex, of, name: &str| {
            let times = &self.summary(file).long_times;
            times.get(&(of, name.into())).copied()
        };
        let exported = |file: FileIndex, name: &str| {
            let value = self.view().exported_value(file, name)?;
            self.long_time_of(file, value, deeper)
        };
        match value {
            Value::Variable(name) => at(file, None, name),
            Value::Import {
                module,
                name: ImportedName::Named(name),
            } => exported(self.view().target(file, module)?, name),
            Value::Member(of, name) => match self.meaning(file, of) {
                Meaning::Object(site) => at(site.file, Some(site.start), name),
                Meaning::Module(file) => exported(file, name),
                _ => None,
            },
            _ => None,
        }
    }
}

impl View<'_> {
    /// What a value of a file stands for.
    pub(super) fn meaning(self, file: FileIndex, value: &Value) -> Meaning {
        self.resolve(file, value, DEEPEST)
    }

    /// Whether a value is, or is reached through, what the project does not declare: a global, something of a package, or what
    /// nobody knows. Most callees are; what the project declares never comes from there, and this builds no [`Meaning`].
    pub(super) fn is_of_others(self, file: FileIndex, value: &Value) -> bool {
        let mut root = value.root();
        for _ in 0..DEEPEST {
            match root {
                Value::Global(_) | Value::Array | Value::Unknown => return true,
                Value::Import { module, .. } => {
                    let is_decorated = &**module == DECORATED && self.has_decorations();
                    return !is_decorated && self.target(file, module).is_none();
                }
                Value::Parameter(..) => return self.bindings().is_none(),
                Value::Variable(name) => match self.variable(file, name) {
                    Some(first) => root = first.root(),
                    None => return true,
                },
                _ => return false,
            }
        }
        false
    }

    pub(super) fn resolve(self, file: FileIndex, value: &Value, deeper: u32) -> Meaning {
        let Some(deeper) = deeper.checked_sub(1) else {
            return Meaning::Unknown;
        };
        let site = |start: &u32| Site {
            file,
            start: *start,
        };
        match value {
            Value::Variable(name) => match self.variable(file, name) {
                Some(value) => self.resolve(file, value, deeper),
                None => Meaning::Unknown,
            },
            Value::Function(start) => Meaning::Function(site(start)),
            Value::Class(start) => Meaning::Class(site(start)),
            Value::Object(start) => Meaning::Object(site(start)),
            Value::Array => Meaning::Array,
            Value::Parameter(start, position) => self
                .argument(site(start), *position, deeper)
                .unwrap_or(Meaning::Parameter(site(start), *position)),
            Value::Global(name) => Meaning::Global(vec![name.clone()]),
            Value::Import { module, name } => self.imported(file, module, name, deeper),
            Value::Instance(of) => {
                match self.whole(self.resolve(file, of, deeper), deeper) {
                    // A value of the type that a variable, or what a function gives, is of.
                    of @ (Meaning::Object(_) | Meaning::Instance(_)) => of,
                    of => Meaning::Instance(Box::new(self.standing_for(of))),
                }
            }
            Value::Result(of) => {
                let of = self.whole(self.resolve(file, of, deeper), deeper);
                self.result(of, deeper)
            }
            Value::Member(of, name) => {
                let of = self.resolve(file, of, deeper);
                self.member(of, name, deeper)
            }
            Value::Unknown => Meaning::Unknown,
        }
    }

    /// The class that an interface or an abstract class stands for, where there is one; anything else as it is.
    fn standing_for(self, meaning: Meaning) -> Meaning {
        let class = match meaning {
            Meaning::Class(site) if self.class(site).is_some_and(ClassShape::is_open) => self
                .bindings()
                .and_then(|bindings| bindings.class(self.key(site))),
            _ => None,
        };
        class.map_or(meaning, Meaning::Class)
    }

    /// What a call gives.
    fn result(self, of: Meaning, deeper: u32) -> Meaning {
        if let Meaning::Function(site) = of
            && let Some(given) = self.returned(site)
        {
            match self.resolve(site.file, given, deeper) {
                Meaning::Unknown => {}
                given => return given,
            }
        }
        Meaning::Result(Box::new(of))
    }

    /// A module that is called, constructed or taken apart as a whole is what it replaced its exports with.
    pub(super) fn whole(self, meaning: Meaning, deeper: u32) -> Meaning {
        let Meaning::Module(file) = meaning else {
            return meaning;
        };
        [WHOLE, "default"]
            .into_iter()
            .find_map(|name| self.export(file, name, deeper))
            .unwrap_or(Meaning::Module(file))
    }

    fn imported(self, file: FileIndex, module: &str, name: &ImportedName, deeper: u32) -> Meaning {
        let Some(target) = self.target(file, module) else {
            let path = match name {
                ImportedName::Named(name) => vec![name.as_str().into()],
                ImportedName::Default | ImportedName::Module => Vec::new(),
            };
            return Meaning::Outside {
                module: module.into(),
                path,
            };
        };
        let name = match name {
            ImportedName::Module => return Meaning::Module(target),
            ImportedName::Default => "default",
            ImportedName::Named(name) => name,
        };
        match self.export(target, name, deeper) {
            Some(meaning) => meaning,
            // The default export of a CommonJS module is all of it.
            None if name == "default" => self.whole(Meaning::Module(target), deeper),
            None => self.member(Meaning::Module(target), name, deeper),
        }
    }

    fn export(self, file: FileIndex, name: &str, deeper: u32) -> Option<Meaning> {
        let deeper = deeper.checked_sub(1)?;
        if let Some(value) = self.exported_value(file, name) {
            return Some(self.resolve(file, value, deeper));
        }
        self.exports_all(file)
            .find_map(|target| self.export(target, name, deeper))
    }

    pub(super) fn member(self, of: Meaning, name: &str, deeper: u32) -> Meaning {
        let Some(deeper) = deeper.checked_sub(1) else {
            return Meaning::Unknown;
        };
        let found = match &of {
            Meaning::Module(file) => self.export(*file, name, deeper).or_else(|| {
                match self.export(*file, WHOLE, deeper)? {
                    Meaning::Module(_) => None,
                    whole => Some(self.member(whole, name, deeper)),
                }
            }),
            Meaning::Outside { module, path } => {
                let mut path = path.clone();
                path.push(name.into());
                return Meaning::Outside {
                    module: module.clone(),
                    path,
                };
            }
            Meaning::Global(path) => {
                let mut path = path.clone();
                path.push(name.into());
                return Meaning::Global(path);
            }
            Meaning::Instance(class) => match &**class {
                Meaning::Class(site) | Meaning::Function(site) => self
                    .member_of_class(*site, name, |shape| &shape.members, deeper)
                    .map(|(_, meaning)| meaning),
                _ => self.decoration_of(&of, name, deeper),
            },
            Meaning::Class(site) | Meaning::Function(site) => self
                .member_of_class(*site, name, |shape| &shape.statics, deeper)
                .map(|(_, meaning)| meaning),
            Meaning::Object(site) => {
                let value = self.property(*site, name);
                value.map(|value| self.resolve(site.file, value, deeper))
            }
            _ => self.decoration_of(&of, name, deeper),
        };
        match found {
            Some(Meaning::Unknown) | None => Meaning::Member(Box::new(of), name.into()),
            Some(meaning) => meaning,
        }
    }

    /// What a plugin gives the application under a name.
    fn decoration_of(self, of: &Meaning, name: &str, deeper: u32) -> Option<Meaning> {
        let (file, value) = of
            .may_be_an_application()
            .then(|| self.decorated(name))
            .flatten()?;
        Some(self.resolve(file, value, deeper))
    }

    /// A member of a class or of what it extends, with the class that declares it.
    pub(super) fn member_of_class(
        self,
        class: Site,
        name: &str,
        list: impl Fn(&ClassShape) -> &Vec<(Box<str>, Value)> + Copy,
        deeper: u32,
    ) -> Option<(Site, Meaning)> {
        let deeper = deeper.checked_sub(1)?;
        let shape = self.class(class)?;
        if let Some((_, value)) = list(shape).iter().find(|(own, _)| &**own == name) {
            return Some((class, self.resolve(class.file, value, deeper)));
        }
        let base = shape.extends.as_ref()?;
        match self.whole(self.resolve(class.file, base, deeper), deeper) {
            Meaning::Class(base) | Meaning::Function(base) => {
                self.member_of_class(base, name, list, deeper)
            }
            _ => None,
        }
    }
}
