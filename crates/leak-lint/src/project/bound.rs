//! What all callers hand to a function, and the classes that there are, into what a parameter or an interface stands for.
//!
//! `register(app, sessions)` gives a function of another file the service whose methods it calls, and `implements Store` makes
//! one class what everybody means by the interface. Neither shows where it is used: only all files together tell.

use rustc_hash::FxHashSet;
use stanch_js_source::{ClassKind, Value};

use super::given::Called;
use super::meaning::{Meaning, Site};
use super::names::Key;
use super::part::Index;
use super::view::{Asked, View};
use super::{FileIndex, Linked};

/// Callers that are compared: what many hand over is seldom the same.
const MOST_CALLERS: usize = 8;

/// What one file binds.
#[derive(Debug, Default)]
pub(super) struct Bound {
    /// Whose exports it rests on.
    pub(super) asked: Vec<FileIndex>,
    given: Vec<Argument>,
    classes: Vec<Standing>,
    /// What the file gives the application, by name; the place in the file's list.
    decorated: Vec<(Box<str>, usize)>,
}

/// An argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Argument {
    /// Who gets it, and as which argument.
    to: (Key, u32),
    /// The place in the file's list.
    at: usize,
}

/// A class that stands for an interface, or for an abstract class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    interface: Key,
    class: Key,
    /// The byte where the class starts.
    start: u32,
}

impl Bound {
    pub(super) fn of(view: View<'_>, file: FileIndex) -> Self {
        if view.is_script(file) {
            return Self::default();
        }
        let asked = Asked::default();
        let view = view.noted_by(&asked);
        let given = view.own(file).given.iter().enumerate();
        let given = given.filter(|(_, it)| it.property.is_none());
        let mut called = Called::of(view, file);
        let given = given.filter_map(|(at, it)| {
            let function = called.function(it.callee)?;
            Some(Argument {
                to: (view.key(function), it.position),
                at,
            })
        });
        let mut given: Vec<Argument> = given.collect();
        given.sort_unstable_by_key(|argument| (argument.to, argument.at));
        let classes = Standing::all(view, file);
        let decorated = view.own(file).decorated.iter().enumerate();
        let decorated = decorated.map(|(at, (name, _))| (name.clone(), at));
        Self {
            given,
            classes,
            decorated: decorated.collect(),
            asked: asked.others(file),
        }
    }

    /// Whether the file gives the application the same names as it did before.
    pub(super) fn decorates_the_same(&self, before: &Self) -> bool {
        self.decorated == before.decorated
    }

    /// The files whose parameters and interfaces stand for something else than what they stood for with what the file bound
    /// before; each with the file as it was.
    pub(super) fn differing(
        &self,
        file: &Linked,
        before: (&Self, &Linked),
    ) -> impl Iterator<Item = FileIndex> {
        let (own, others) = (self.told(file), before.0.told(before.1));
        let differing = own.symmetric_difference(&others);
        let files: FxHashSet<FileIndex> = differing.map(|(key, _)| key.file).collect();
        files.into_iter()
    }

    fn told(&self, file: &Linked) -> FxHashSet<(Key, Told)> {
        let given = self.given.iter().filter_map(|argument| {
            let value = &file.summary.given.get(argument.at)?.value;
            let told = Told::Given(argument.to.1, file.said_of(value));
            Some((argument.to.0, told))
        });
        let classes = self.classes.iter();
        let classes = classes.map(|it| (it.interface, Told::Class(it.class)));
        given.chain(classes).collect()
    }
}

/// What is told of a function or an interface, whatever bytes it is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Told {
    /// As which argument, and all that the file says of what it is, in one number.
    Given(u32, u64),
    Class(Key),
}

impl Standing {
    fn all(view: View<'_>, file: FileIndex) -> Vec<Self> {
        let classes = view.own(file).classes.iter();
        let mut found: Vec<Self> = classes
            .filter(|(_, shape)| shape.kind == ClassKind::Whole)
            .flat_map(|(start, shape)| {
                let stands_for = shape.implements.iter().chain(&shape.extends);
                stands_for.filter_map(|value| {
                    let Meaning::Class(interface) = view.meaning(file, value) else {
                        return None;
                    };
                    let is_whole = view.class(interface)?.kind == ClassKind::Whole;
                    (!is_whole).then(|| Self {
                        interface: view.key(interface),
                        class: view.key(Site {
                            file,
                            start: *start,
                        }),
                        start: *start,
                    })
                })
            })
            .collect();
        found.sort_unstable_by_key(|standing| (standing.interface, standing.start));
        found
    }
}

/// What all files bind.
#[derive(Debug, Clone, Default)]
pub(super) struct Bindings {
    /// By who gets them: as which argument, and the place in the list of the file that gives them.
    given: Index<Key, (u32, usize)>,
    /// By the interface: the byte where a class of that file starts.
    classes: Index<Key, u32>,
    /// By the name: the place in the list of the file that gives it.
    decorated: Index<Box<str>, usize>,
}

impl Bindings {
    pub(super) fn add(&mut self, file: FileIndex, bound: &Bound) {
        for Argument { to, at, .. } in &bound.given {
            self.given.add(file, &to.0, (to.1, *at));
        }
        for standing in &bound.classes {
            self.classes.add(file, &standing.interface, standing.start);
        }
        for (name, at) in &bound.decorated {
            self.decorated.add(file, name, *at);
        }
    }

    pub(super) fn remove(&mut self, file: FileIndex, bound: &Bound) {
        for argument in &bound.given {
            self.given.remove(file, &argument.to.0);
        }
        for standing in &bound.classes {
            self.classes.remove(file, &standing.interface);
        }
        for (name, _) in &bound.decorated {
            self.decorated.remove(file, name);
        }
    }

    /// What one file alone gives the application under a name.
    fn decorated(&self, name: &str) -> Option<(FileIndex, usize)> {
        match self.decorated.get(name) {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// What a parameter is given: by whom, and the place in that file's list.
    fn of_parameter(
        &self,
        function: Key,
        position: u32,
    ) -> impl Iterator<Item = (FileIndex, usize)> {
        let all = self.given.get(&function).iter();
        let all = all.filter(move |(_, (own, _))| *own == position);
        all.map(|(file, (_, at))| (*file, *at))
    }

    /// The one class that an interface stands for.
    pub(super) fn class(&self, interface: Key) -> Option<Site> {
        match self.classes.get(&interface) {
            [(file, start)] => Some(Site {
                file: *file,
                start: *start,
            }),
            _ => None,
        }
    }
}

impl<'p> View<'p> {
    /// Whether plugins give the application anything.
    pub(super) fn has_decorations(self) -> bool {
        self.bindings()
            .is_some_and(|bindings| !bindings.decorated.is_empty())
    }

    /// What a plugin gives the application under a name, with its file.
    pub(super) fn decorated(self, name: &str) -> Option<(FileIndex, &'p Value)> {
        let (file, at) = self.bindings()?.decorated(name)?;
        Some((file, self.decoration(file, at)?))
    }

    /// What a parameter stands for, where all callers hand over the same thing of the project.
    pub(super) fn argument(self, function: Site, position: u32, deeper: u32) -> Option<Meaning> {
        let bindings = self.bindings()?;
        let mut common: Option<Meaning> = None;
        for (at, (file, argument)) in bindings
            .of_parameter(self.key(function), position)
            .enumerate()
        {
            let value = self.given(file, argument)?;
            // A function that calls itself hands on what it was given.
            if file == function.file && *value == Value::Parameter(function.start, position) {
                continue;
            }
            let meaning = self.resolve(file, value, deeper);
            let is_other = common.as_ref().is_some_and(|common| *common != meaning);
            if at >= MOST_CALLERS || is_other || !meaning.is_of_the_project() {
                return None;
            }
            common = Some(meaning);
        }
        common
    }
}

impl Meaning {
    /// Whether its members are known: something that the project itself declares.
    fn is_of_the_project(&self) -> bool {
        match self {
            Self::Object(_) | Self::Module(_) | Self::Class(_) => true,
            Self::Instance(of) => matches!(**of, Self::Class(_) | Self::Function(_)),
            _ => false,
        }
    }
}
