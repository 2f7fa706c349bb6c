//! The summaries of a project's files, linked: what names stand for across files, how often functions run, and what other
//! files do with a holder.

mod bound;
#[cfg(test)]
mod edits;
mod elsewhere;
mod frequency;
mod given;
mod meaning;
mod names;
mod older;
mod overrides;
mod part;
mod skipped;
#[cfg(test)]
mod tests;
mod view;

use std::sync::{Arc, OnceLock};

use oxc_span::Span;
use rustc_hash::FxHashMap;
use stanch_js_source::{ParsedSource, SourceText, Value, with_parsed};
use stanch_leak_patterns::Confidence;

use crate::file::File;
use crate::finding::Finding;
use crate::options::Options;
use crate::rule::{On, Rule};
use crate::rules::RULES;
use crate::summary::{Callee, Name, Summary};

pub(crate) use elsewhere::{Elsewhere, Holder};
pub(crate) use frequency::{Calls, Heat};
pub(crate) use given::Receiver;
pub(crate) use meaning::{Meaning, Site};

use bound::{Bindings, Bound};
use elsewhere::Uses;
use frequency::Frequencies;
use given::Arguments;
use names::{Key, Names};
use part::{Index, Part, of_each};
use view::View;

/// A file of a project, by its position in the list that was linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileIndex(pub usize);

/// Linked summaries.
#[derive(Debug, Clone)]
pub struct Project {
    files: Vec<Arc<Linked>>,
    options: Options,
    /// What each file says parameters and interfaces stand for.
    bound: Vec<Arc<Bound>>,
    bindings: Bindings,
    /// What each file adds to all that follows.
    parts: Vec<Arc<Part>>,
    /// The files whose parts rest on a file's exports; ascending.
    readers: Vec<Vec<FileIndex>>,
    /// How many files import a file. A test that calls a function says nothing of how often others do.
    importers: Vec<u32>,
    frequencies: Frequencies,
    uses: Uses,
    arguments: Arguments,
    /// By a function that callers wait for: what they call later, and do not where something fails in between.
    skipped: Index<Key, Key>,
    /// Asked for seldom: worked out then.
    is_a_service: OnceLock<bool>,
    has_memoizers: OnceLock<bool>,
    has_fillers: OnceLock<bool>,
    has_openers: OnceLock<bool>,
    stored: OnceLock<FxHashMap<FileIndex, Vec<u32>>>,
}

#[derive(Debug)]
struct Linked {
    path: String,
    /// Whether it is a test, or a script that ends.
    is_script: bool,
    summary: Arc<Summary>,
    /// The project's own files behind the modules that this one names.
    modules: FxHashMap<Box<str>, FileIndex>,
    names: Names,
}

/// A file for a project that is linked.
#[derive(Debug)]
pub enum Joining {
    /// One that was summed up.
    New {
        /// The name that findings give it.
        path: String,
        /// What others need to know of it.
        summary: Box<Summary>,
    },
    /// One of the project that was linked before, as that knows it.
    Known(FileIndex),
}

impl Joining {
    /// What is known of the file; `before` is the project that knows it already.
    #[must_use]
    pub fn summary<'j>(&'j self, before: &'j Project) -> Option<&'j Summary> {
        match self {
            Self::New { summary, .. } => Some(summary),
            Self::Known(file) => before.files.get(file.0).map(|known| &*known.summary),
        }
    }
}

/// With what programs start to answer: node:http and the frameworks on it, hono and the web's servers, NestJS.
const STARTS_SERVERS: &[&str] = &["listen", "serve", "createServer", "NestFactory"];

impl Project {
    /// Links files by their paths and summaries. `resolve` says which file of the list a module is that a file names; none
    /// for packages and for Node's own modules.
    pub fn link(
        files: Vec<(String, Summary)>,
        options: Options,
        resolve: impl Fn(FileIndex, &str) -> Option<FileIndex>,
    ) -> Self {
        let files = files.into_iter();
        let files = files.map(|(path, summary)| (path, Arc::new(summary)));
        Self::of(files.collect(), options, resolve)
    }

    /// The project with other files than before; for the rest as [`Project::link`].
    #[must_use]
    pub fn with_files(
        &self,
        files: Vec<Joining>,
        resolve: impl Fn(FileIndex, &str) -> Option<FileIndex>,
    ) -> Self {
        let files = files.into_iter().filter_map(|joining| match joining {
            Joining::New { path, summary } => Some((path, Arc::from(summary))),
            Joining::Known(file) => {
                let known = self.files.get(file.0)?;
                Some((known.path.clone(), known.summary.clone()))
            }
        });
        Self::of(files.collect(), self.options.clone(), resolve)
    }

    /// Takes over that one of the files has changed. `resolve` is asked for modules that it has not named before.
    pub fn change(
        &mut self,
        file: FileIndex,
        summary: Summary,
        resolve: impl Fn(&str) -> Option<FileIndex>,
    ) {
        let Some(old) = self.files.get(file.0).cloned() else {
            return;
        };
        let new = Arc::new(old.edited(summary, resolve));
        let mut concerned = vec![file];
        if new.interface() != old.interface() {
            concerned.extend(&self.readers[file.0]);
        }
        let mut runs_otherwise = false;
        if old.modules != new.modules {
            self.count_imports(file, |count| count.saturating_sub(1));
            runs_otherwise = true;
        }
        self.files[file.0] = new;
        self.is_a_service = OnceLock::new();
        self.has_memoizers = OnceLock::new();
        self.has_fillers = OnceLock::new();
        self.has_openers = OnceLock::new();
        self.stored = OnceLock::new();
        if runs_otherwise {
            self.count_imports(file, |count| count + 1);
        }
        self.bind(&mut concerned, (file, &old));
        let parts = of_each(&concerned, |file| {
            Part::of(self.view(), &self.bound[file.0], file)
        });
        for (file, part) in concerned.into_iter().zip(parts) {
            runs_otherwise |= part.running != self.parts[file.0].running;
            self.replace(file, part);
        }
        if runs_otherwise {
            self.frequencies = Frequencies::of(&self.parts, |file| self.importers[file.0] > 0);
        }
    }

    /// The same project after one of its files changed. A module that the file has not named before is taken for a package.
    #[must_use]
    pub fn changed(&self, file: FileIndex, summary: Summary) -> Self {
        let mut project = self.clone();
        project.change(file, summary, |_| None);
        project
    }

    fn of(
        files: Vec<(String, Arc<Summary>)>,
        options: Options,
        resolve: impl Fn(FileIndex, &str) -> Option<FileIndex>,
    ) -> Self {
        let files = files.into_iter().enumerate().map(|(at, (path, summary))| {
            let targets = summary.modules.iter().filter_map(|module| {
                let target = resolve(FileIndex(at), module)?;
                Some((module.clone(), target))
            });
            let targets = targets.collect();
            Arc::new(Linked::new(path, summary, targets))
        });
        let files: Vec<Arc<Linked>> = files.collect();
        let all: Vec<FileIndex> = (0..files.len()).map(FileIndex).collect();
        let bound = of_each(&all, |file| Bound::of(View::of(&files), file));
        let mut bindings = Bindings::default();
        for (file, bound) in all.iter().zip(&bound) {
            bindings.add(*file, bound);
        }
        let parts = of_each(&all, |file| {
            let view = View::of(&files).with(&bindings);
            Part::of(view, &bound[file.0], file)
        });
        let mut project = Self {
            readers: vec![Vec::new(); files.len()],
            importers: vec![0; files.len()],
            files,
            options,
            bound: bound.into_iter().map(Arc::new).collect(),
            bindings,
            parts: parts.into_iter().map(Arc::new).collect(),
            frequencies: Frequencies::default(),
            uses: Uses::default(),
            arguments: Arguments::default(),
            skipped: Index::default(),
            is_a_service: OnceLock::new(),
            has_memoizers: OnceLock::new(),
            has_fillers: OnceLock::new(),
            has_openers: OnceLock::new(),
            stored: OnceLock::new(),
        };
        project.join_parts();
        project
    }

    /// Brings what all files add together, where nothing has been yet.
    fn join_parts(&mut self) {
        for file in (0..self.files.len()).map(FileIndex) {
            self.count_imports(file, |count| count + 1);
        }
        let (parts, importers) = (&self.parts, &self.importers);
        let files = || (0..parts.len()).map(FileIndex).zip(parts);
        // None of them asks the others.
        let (frequencies, arguments) = std::thread::scope(|threads| {
            let frequencies =
                threads.spawn(|| Frequencies::of(parts, |file| importers[file.0] > 0));
            let mut arguments = Arguments::default();
            for (file, part) in files() {
                arguments.add(file, &part.handed);
                self.uses.add(file, &part.done);
                part.skipped.add_to(&mut self.skipped, file);
                for asked in &part.asked {
                    self.readers[asked.0].push(file);
                }
            }
            (frequencies.join(), arguments)
        });
        self.frequencies = frequencies.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        self.arguments = arguments;
    }

    /// Takes over what these files bind from now on, and adds those that it concerns; one of them was another before.
    fn bind(&mut self, concerned: &mut Vec<FileIndex>, edited: (FileIndex, &Linked)) {
        let bound = of_each(concerned, |file| Bound::of(View::of(&self.files), file));
        let mut bound_otherwise = Vec::new();
        for (file, bound) in concerned.iter().zip(bound) {
            if !bound.decorates_the_same(&self.bound[file.0]) {
                // Any file may use it.
                bound_otherwise.extend((0..self.files.len()).map(FileIndex));
            }
            let (old, linked) = (&self.bound[file.0], &*self.files[file.0]);
            let was = if *file == edited.0 { edited.1 } else { linked };
            bound_otherwise.extend(bound.differing(linked, (old, was)));
            self.bindings.remove(*file, old);
            self.bindings.add(*file, &bound);
            self.bound[file.0] = Arc::new(bound);
        }
        for file in bound_otherwise {
            concerned.push(file);
            concerned.extend(&self.readers[file.0]);
        }
        concerned.sort_unstable();
        concerned.dedup();
    }

    /// Puts another part in the place of a file's.
    fn replace(&mut self, file: FileIndex, part: Part) {
        let part = Arc::new(part);
        let old = std::mem::replace(&mut self.parts[file.0], part.clone());
        if old.done != part.done {
            self.uses.remove(file, &old.done);
            self.uses.add(file, &part.done);
        }
        if old.handed != part.handed {
            self.arguments.remove(file, &old.handed);
            self.arguments.add(file, &part.handed);
        }
        if old.skipped != part.skipped {
            old.skipped.take_from(&mut self.skipped, file);
            part.skipped.add_to(&mut self.skipped, file);
        }
        if old.asked != part.asked {
            for asked in &old.asked {
                self.readers[asked.0].retain(|reader| *reader != file);
            }
            for asked in &part.asked {
                let readers = &mut self.readers[asked.0];
                let at = readers.partition_point(|reader| *reader < file);
                readers.insert(at, file);
            }
        }
    }

    fn count_imports(&mut self, by: FileIndex, count: impl Fn(u32) -> u32) {
        if self.files[by.0].is_script {
            return;
        }
        for target in self.files[by.0].modules.values() {
            if let Some(importers) = self.importers.get_mut(target.0) {
                *importers = count(*importers);
            }
        }
    }

    fn view(&self) -> View<'_> {
        View::of(&self.files).with(&self.bindings)
    }

    /// A project of this text alone.
    #[must_use]
    pub fn alone(source: &SourceText, options: Options) -> Self {
        let summary = Summary::of(source, &options);
        Self::link(
            vec![(source.path().to_owned(), summary)],
            options,
            |_, _| None,
        )
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// What the rules that `selects` picks find in a file, in the order of its text.
    #[must_use]
    pub fn lint(
        &self,
        file: FileIndex,
        source: &SourceText,
        selects: impl Fn(&Rule) -> bool,
    ) -> Vec<Finding> {
        with_parsed(source, |parsed| self.lint_parsed(file, parsed, selects))
    }

    pub(crate) fn lint_parsed(
        &self,
        file: FileIndex,
        parsed: &ParsedSource<'_>,
        selects: impl Fn(&Rule) -> bool,
    ) -> Vec<Finding> {
        let file = File::new(parsed, self, file);
        let mut findings = Vec::new();
        for rule in RULES.iter().filter(|rule| selects(rule)) {
            let before = findings.len();
            (rule.check)(&file, &mut findings);
            if rule.on == On::WhenSure && !self.options.in_full.contains(rule.id) {
                let found = findings.split_off(before);
                let sure = found
                    .into_iter()
                    .filter(|finding| finding.confidence == Confidence::High);
                findings.extend(sure);
            }
        }
        findings.sort_by_key(|finding| (finding.place.extent.start, finding.rule));
        findings
    }

    /// Whether a value is an object literal of the project with something in it.
    pub(crate) fn is_written_down(&self, file: FileIndex, value: &Value) -> bool {
        let Meaning::Object(literal) = self.meaning(file, value) else {
            return false;
        };
        let text = self.summary(literal.file).text.text();
        let inside = text.get(literal.start as usize + 1..).unwrap_or_default();
        !inside.trim_start().starts_with('}')
    }

    /// Whether another file of the program reads, calls or imports something of that name; tests and scripts are left out.
    pub(crate) fn is_mentioned_elsewhere(&self, file: FileIndex, name: &str) -> bool {
        let name = Name::of(name);
        let mut others = self.program().filter(|(other, _)| *other != file);
        others.any(|(_, other)| other.summary.mentioned.has(name))
    }

    /// Whether other files mention a name, and none of them but in functions that only run when a person asks for it.
    pub(crate) fn is_mentioned_by_hand_only(&self, file: FileIndex, name: &str) -> bool {
        let name = Name::of(name);
        let others = self.program().filter(|(other, _)| *other != file);
        let mut mentioning = others
            .map(|(_, other)| &other.summary)
            .filter(|summary| summary.mentioned.has(name))
            .peekable();
        mentioning.peek().is_some() && mentioning.all(|it| it.mentioned_by_hand.has(name))
    }

    /// Whether another file of the program imports a file: what nobody imports is started by others, who may ask for more.
    pub(crate) fn is_imported(&self, file: FileIndex) -> bool {
        self.importers[file.0] > 0
    }

    /// Whether a file is a test, or a script that ends, by its path.
    pub(crate) fn is_script(&self, file: FileIndex) -> bool {
        self.files[file.0].is_script
    }

    /// What the name at a place of a file calls, if something does.
    pub(crate) fn callee_at(&self, file: FileIndex, place: Span) -> Option<Callee> {
        self.files[file.0].summary.written.at(place)
    }

    /// What a file calls.
    pub(crate) fn callee(&self, file: FileIndex, callee: Callee) -> &Value {
        self.files[file.0].summary.callee(callee)
    }

    /// The modules that a file imports, as written; each once.
    pub(crate) fn modules(&self, file: FileIndex) -> impl Iterator<Item = &str> {
        self.files[file.0].summary.modules()
    }

    /// Whether the files are a program that answers requests, and no package for others to use.
    pub(crate) fn is_a_service(&self) -> bool {
        *self.is_a_service.get_or_init(|| {
            let names: Vec<Name> = STARTS_SERVERS.iter().map(|name| Name::of(name)).collect();
            self.program().any(|(_, file)| {
                let mentioned = &file.summary.mentioned;
                names.iter().any(|name| mentioned.has(*name))
            })
        })
    }

    /// The files without tests and scripts.
    fn program(&self) -> impl Iterator<Item = (FileIndex, &Arc<Linked>)> {
        let files = (0..self.files.len()).map(FileIndex).zip(&self.files);
        files.filter(|(_, file)| !file.is_script)
    }

    /// Whether any file reads, calls or takes apart a property of that name.
    pub(crate) fn is_mentioned(&self, name: &str) -> bool {
        let name = Name::of(name);
        let mut all = self.files.iter();
        all.any(|file| file.summary.mentioned.has(name))
    }

    /// Whether a file names another one as a module.
    pub(crate) fn imports(&self, by: FileIndex, file: FileIndex) -> bool {
        let mut named = self.files[by.0].modules.values();
        named.any(|named| *named == file)
    }

    pub(crate) fn path(&self, file: FileIndex) -> &str {
        &self.files[file.0].path
    }

    /// Whether nothing is known of other files.
    pub(crate) fn is_alone(&self) -> bool {
        self.files.len() == 1
    }

    fn summary(&self, file: FileIndex) -> &Summary {
        &self.files[file.0].summary
    }
}
