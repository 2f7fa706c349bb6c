//! The summaries of all files into what one file is told of the others, with a note of whom it asked.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use stanch_js_source::{ClassShape, Value};

use super::bound::Bindings;
use super::meaning::Site;
use super::names::{Key, Names};
use super::{FileIndex, Linked};
use crate::facts::ends::is_script;
use crate::summary::Summary;

/// All files, as what is to be found out about one of them sees them.
///
/// What it tells of a file to others is what [`Linked::interface`] sums up: a question that is added here belongs there too.
#[derive(Clone, Copy)]
pub(super) struct View<'p> {
    files: &'p [Arc<Linked>],
    /// None before they are known.
    bindings: Option<&'p Bindings>,
    asked: Option<&'p Asked>,
}

/// The files that were asked for something.
#[derive(Debug, Default)]
pub(super) struct Asked(RefCell<FxHashSet<FileIndex>>);

impl Asked {
    /// The files but one, in their order.
    pub(super) fn others(self, own: FileIndex) -> Vec<FileIndex> {
        let asked = self.0.into_inner().into_iter();
        let mut others: Vec<FileIndex> = asked.filter(|file| *file != own).collect();
        others.sort_unstable();
        others
    }
}

impl<'p> View<'p> {
    /// A look that leaves no note, at files of which it is not known yet what they hand each other.
    pub(super) fn of(files: &'p [Arc<Linked>]) -> Self {
        Self {
            files,
            bindings: None,
            asked: None,
        }
    }

    /// The same with what they hand each other.
    pub(super) fn with(self, bindings: &'p Bindings) -> Self {
        let bindings = Some(bindings);
        Self { bindings, ..self }
    }

    pub(super) fn noted_by<'q>(self, asked: &'q Asked) -> View<'q>
    where
        'p: 'q,
    {
        let asked = Some(asked);
        View { asked, ..self }
    }

    pub(super) fn bindings(self) -> Option<&'p Bindings> {
        self.bindings
    }

    /// Whether a file is a test, or a script that ends.
    pub(super) fn is_script(self, file: FileIndex) -> bool {
        self.files[file.0].is_script
    }

    /// What a file hands to a function, by the place in its list. Whose parameters that is for is told of each change by what
    /// the files bind.
    pub(super) fn given(self, file: FileIndex, at: usize) -> Option<&'p Value> {
        let given = self.ask(file).summary.given.get(at);
        given.map(|given| &given.value)
    }

    /// What a file gives the application, by the place in its list.
    pub(super) fn decoration(self, file: FileIndex, at: usize) -> Option<&'p Value> {
        let given = self.ask(file).summary.decorated.get(at);
        given.map(|(_, value)| value)
    }

    /// A file's summary as a whole: for the file itself only.
    pub(super) fn own(self, file: FileIndex) -> &'p Summary {
        &self.files[file.0].summary
    }

    fn ask(self, file: FileIndex) -> &'p Linked {
        if let Some(Asked(asked)) = self.asked {
            asked.borrow_mut().insert(file);
        }
        &self.files[file.0]
    }

    /// What a variable of a module holds at first.
    pub(super) fn variable(self, file: FileIndex, name: &str) -> Option<&'p Value> {
        self.ask(file).summary.variables.get(name)
    }

    /// What a module exports under a name itself.
    pub(super) fn exported_value(self, file: FileIndex, name: &str) -> Option<&'p Value> {
        let exports = &self.ask(file).summary.exports;
        let own = exports.iter().find(|(own, _)| &**own == name);
        own.map(|(_, value)| value)
    }

    /// The files of which a module exports everything.
    pub(super) fn exports_all(self, file: FileIndex) -> impl Iterator<Item = FileIndex> {
        let linked = self.ask(file);
        let modules = linked.summary.exports_all.iter();
        modules.filter_map(|module| linked.modules.get(module).copied())
    }

    /// The file of the project that a module is.
    pub(super) fn target(self, file: FileIndex, module: &str) -> Option<FileIndex> {
        self.ask(file).modules.get(module).copied()
    }

    /// A class, or a function that is used as one.
    pub(super) fn class(self, class: Site) -> Option<&'p ClassShape> {
        self.ask(class.file).summary.classes.get(&class.start)
    }

    /// What an object literal has.
    pub(super) fn properties(self, object: Site) -> &'p [(Box<str>, Value)] {
        let properties = self.ask(object.file).summary.objects.get(&object.start);
        properties.map_or(&[], Vec::as_slice)
    }

    /// What an object literal has under a name.
    pub(super) fn property(self, object: Site, name: &str) -> Option<&'p Value> {
        let mut properties = self.properties(object).iter();
        let own = properties.find(|(own, _)| &**own == name);
        own.map(|(_, value)| value)
    }

    /// What a function gives back.
    pub(super) fn returned(self, function: Site) -> Option<&'p Value> {
        self.ask(function.file).summary.returns.get(&function.start)
    }

    /// What a function puts in the place of the methods that it decorates.
    pub(super) fn replaced_by(self, decorator: Site) -> impl Iterator<Item = Site> {
        let all = self.ask(decorator.file).summary.replaces.iter();
        all.filter(move |(own, _)| *own == decorator.start)
            .map(move |(_, start)| Site {
                start: *start,
                ..decorator
            })
    }

    /// The name of a place that outlives edits.
    pub(super) fn key(self, site: Site) -> Key {
        Key {
            file: site.file,
            name: self.ask(site.file).names.at(site.start),
        }
    }
}

impl Linked {
    pub(super) fn new(
        path: String,
        summary: Arc<Summary>,
        modules: FxHashMap<Box<str>, FileIndex>,
    ) -> Self {
        Self {
            is_script: is_script(&path),
            path,
            names: Names::of(&summary.text),
            summary,
            modules,
        }
    }

    /// The file after an edit; `resolve` is asked for modules that it did not name before.
    pub(super) fn edited(
        &self,
        summary: Summary,
        resolve: impl Fn(&str) -> Option<FileIndex>,
    ) -> Self {
        let knew = |module: &str| self.summary.modules().any(|known| known == module);
        let target = |module: &str| match self.modules.get(module) {
            Some(target) => Some(*target),
            None if knew(module) => None,
            None => resolve(module),
        };
        let modules = summary.modules.iter();
        Self {
            path: self.path.clone(),
            is_script: self.is_script,
            modules: modules
                .filter_map(|module| Some((module.clone(), target(module)?)))
                .collect(),
            names: self.names.after(&self.summary.text, &summary.text),
            summary: Arc::new(summary),
        }
    }

    /// All that others can learn of the file, in one number: where it stays, they have nothing to ask again.
    pub(super) fn interface(&self) -> u64 {
        let mut walk = Walk::of(self);
        for (name, value) in &self.summary.exports {
            name.hash(&mut walk.hash);
            walk.value(value);
        }
        for (name, value) in &self.summary.decorated {
            name.hash(&mut walk.hash);
            walk.value(value);
        }
        for module in &self.summary.exports_all {
            walk.module(module);
        }
        walk.end()
    }

    /// All that the file says of a value of its own, in one number.
    pub(super) fn said_of<'l>(&'l self, value: &'l Value) -> u64 {
        let mut walk = Walk::of(self);
        walk.value(value);
        walk.end()
    }
}

/// From what a module exports to all that can be reached from there.
struct Walk<'l> {
    linked: &'l Linked,
    hash: FxHasher,
    seen: FxHashSet<Reached<'l>>,
    open: Vec<Reached<'l>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Reached<'l> {
    Variable(&'l str),
    /// A function, class or literal, by its start.
    Site(u32),
}

impl<'l> Walk<'l> {
    fn of(linked: &'l Linked) -> Self {
        Self {
            linked,
            hash: FxHasher::default(),
            seen: FxHashSet::default(),
            open: Vec::new(),
        }
    }

    fn end(mut self) -> u64 {
        while let Some(next) = self.open.pop() {
            self.follow(next);
        }
        self.hash.finish()
    }

    fn value(&mut self, value: &'l Value) {
        std::mem::discriminant(value).hash(&mut self.hash);
        match value {
            Value::Variable(name) => {
                name.hash(&mut self.hash);
                self.reach(Reached::Variable(name));
            }
            Value::Function(start) | Value::Class(start) | Value::Object(start) => {
                self.site(*start);
                self.reach(Reached::Site(*start));
            }
            Value::Parameter(start, position) => {
                self.site(*start);
                position.hash(&mut self.hash);
            }
            Value::Import { module, name } => {
                self.module(module);
                name.hash(&mut self.hash);
            }
            Value::Global(name) => name.hash(&mut self.hash),
            Value::Instance(of) | Value::Result(of) => self.value(of),
            Value::Member(of, name) => {
                name.hash(&mut self.hash);
                self.value(of);
            }
            Value::Array | Value::Unknown => {}
        }
    }

    fn reach(&mut self, next: Reached<'l>) {
        if self.seen.insert(next) {
            self.open.push(next);
        }
    }

    fn site(&mut self, start: u32) {
        self.linked.names.at(start).hash(&mut self.hash);
    }

    fn module(&mut self, module: &str) {
        module.hash(&mut self.hash);
        self.linked.modules.get(module).hash(&mut self.hash);
    }

    fn follow(&mut self, next: Reached<'l>) {
        let summary = &self.linked.summary;
        match next {
            Reached::Variable(name) => self.maybe(summary.variables.get(name)),
            Reached::Site(start) => {
                let replaces = summary.replaces.iter().filter(|(own, _)| *own == start);
                replaces.for_each(|(_, function)| self.site(*function));
                self.maybe(summary.returns.get(&start));
                self.values(summary.objects.get(&start).map_or(&[], Vec::as_slice));
                let class = summary.classes.get(&start);
                class.is_some().hash(&mut self.hash);
                if let Some(class) = class {
                    self.class(class);
                }
            }
        }
    }

    fn class(&mut self, class: &'l ClassShape) {
        class.constructor.is_some().hash(&mut self.hash);
        if let Some(constructor) = class.constructor {
            self.site(constructor);
        }
        class.kind.hash(&mut self.hash);
        self.maybe(class.extends.as_ref());
        self.values(&class.members);
        self.values(&class.statics);
    }

    fn maybe(&mut self, value: Option<&'l Value>) {
        value.is_some().hash(&mut self.hash);
        if let Some(value) = value {
            self.value(value);
        }
    }

    fn values(&mut self, values: &'l [(Box<str>, Value)]) {
        values.len().hash(&mut self.hash);
        for (name, value) in values {
            name.hash(&mut self.hash);
            self.value(value);
        }
    }
}
