//! Handlers and calls of all files into how often each function runs.

use rustc_hash::{FxHashMap, FxHashSet};
use stanch_js_source::Value;

use super::meaning::{DEEPEST, Meaning, Site};
use super::{FileIndex, Project};
use crate::facts::ends::is_script;
use crate::summary::{Call, Place, Times, Under};

/// How often a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Calls {
    /// While the module is loaded or the program starts, and not after that.
    Once,
    /// As often as others want.
    Unknown,
    /// For each request, message or event.
    Again,
}

/// How a function comes to run again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Heat {
    /// A handler calls it.
    Called,
    /// A framework, an emitter or a timer calls it for each request, message or tick.
    Handler,
}

/// The functions of a project by how often they run.
#[derive(Debug, Default)]
pub(crate) struct Frequencies {
    /// Called by a framework, an emitter or a timer.
    handlers: FxHashSet<Site>,
    /// Those of them that get a message, a job, an event or the arguments of an operation.
    consumers: FxHashSet<Site>,
    /// Called by a handler, or by what one calls.
    called: FxHashSet<Site>,
    /// Called by a handler, or by what one calls, under no condition.
    surely: FxHashSet<Site>,
    /// Called while modules are loaded, by nobody else.
    once: FxHashSet<Site>,
}

impl Frequencies {
    pub(super) fn of(project: &Project) -> Self {
        let graph = Graph::of(project);
        let mut handlers = graph.handlers;
        handlers.extend(&graph.consumers);
        let mut called = reached(&graph.calls, handlers.union(&graph.served).copied());
        called.extend(&graph.served);
        let mut surely = reached(&graph.unconditional, handlers.union(&graph.served).copied());
        surely.extend(&graph.served);
        let unknown: FxHashSet<Site> = {
            let open = graph.unknown.iter().copied();
            let reached = reached(&graph.calls, open);
            reached.into_iter().chain(graph.unknown).collect()
        };
        let started = reached(&graph.calls, graph.started.iter().copied());
        let once = started
            .into_iter()
            .chain(graph.started)
            .filter(|site| {
                !unknown.contains(site) && !handlers.contains(site) && !called.contains(site)
            })
            .collect();
        let called = called
            .into_iter()
            .filter(|site| !handlers.contains(site))
            .collect();
        Self {
            handlers,
            consumers: graph.consumers,
            called,
            surely,
            once,
        }
    }

    /// How often the function, or the class's constructor, is called.
    fn of_function(&self, site: Site) -> Calls {
        if self.handlers.contains(&site) || self.called.contains(&site) {
            Calls::Again
        } else if self.once.contains(&site) {
            Calls::Once
        } else {
            Calls::Unknown
        }
    }

    /// How it comes to run again and again, if it does.
    fn heat(&self, site: Site) -> Option<Heat> {
        if self.handlers.contains(&site) {
            Some(Heat::Handler)
        } else {
            self.called.contains(&site).then_some(Heat::Called)
        }
    }
}

/// Who calls whom.
#[derive(Default)]
struct Graph {
    calls: FxHashMap<Site, Vec<Site>>,
    /// Those of them that no condition keeps from being made when the caller runs.
    unconditional: FxHashMap<Site, Vec<Site>>,
    handlers: FxHashSet<Site>,
    consumers: FxHashSet<Site>,
    /// Take a request.
    served: FxHashSet<Site>,
    /// Called as often as others want.
    unknown: FxHashSet<Site>,
    /// Called at module level.
    started: FxHashSet<Site>,
}

impl Graph {
    fn of(project: &Project) -> Self {
        let mut graph = Self::default();
        let mut imported: FxHashSet<FileIndex> = FxHashSet::default();
        for file in project.indices() {
            // A test that calls a function says nothing of how often others do.
            if !is_script(project.path(file)) {
                imported.extend(project.files[file.0].modules.values());
            }
        }
        for file in project.indices() {
            let summary = project.summary(file);
            for handler in &summary.handlers {
                let function = project.meaning(file, handler);
                graph.handlers.extend(project.run_by(function));
            }
            for consumer in &summary.consumers {
                graph.consumers.extend(project.all_run(file, consumer));
            }
            for served in &summary.served {
                let function = project.meaning(file, served);
                graph.served.extend(project.run_by(function));
            }
            for call in &summary.calls {
                let callee = project.meaning(file, &call.callee);
                if let Some(site) = project.run_by(callee) {
                    graph.add(file, call, site);
                }
            }
            for value in &summary.escaping {
                let function = project.meaning(file, value);
                graph.unknown.extend(project.run_by(function));
            }
            // Methods can be called through any name.
            for (class, shape) in &summary.classes {
                let methods = shape.members.iter().chain(&shape.statics);
                for (_, method) in methods {
                    if let Meaning::Function(site) = project.meaning(file, method) {
                        graph.unknown.insert(site);
                    }
                }
                let class = Site {
                    file,
                    start: *class,
                };
                let own = shape.constructor.map(|start| Site { file, start });
                let base = shape.extends.as_ref();
                let base = base.and_then(|base| project.run_by(project.meaning(file, base)));
                for run in own.into_iter().chain(base) {
                    graph.calls.entry(class).or_default().push(run);
                    graph.unconditional.entry(class).or_default().push(run);
                }
            }
            for (_, method) in summary.objects.values().flatten() {
                if let Meaning::Function(site) = project.meaning(file, method) {
                    graph.unknown.insert(site);
                }
            }
            // What nobody in the project imports is for others.
            if !imported.contains(&file) {
                for (_, value) in &summary.exports {
                    let meaning = project.meaning(file, value);
                    graph.unknown.extend(project.run_by(meaning));
                }
            }
        }
        graph
    }

    fn add(&mut self, file: FileIndex, call: &Call, callee: Site) {
        match call.times {
            Times::Again => {
                self.handlers.insert(callee);
            }
            Times::Unknown => {
                self.unknown.insert(callee);
            }
            Times::Once => {
                self.started.insert(callee);
                return;
            }
            Times::AsWritten => {}
        }
        match call.place {
            Some(start) => {
                let caller = Site { file, start };
                let calls = self.calls.entry(caller).or_default();
                if !calls.contains(&callee) {
                    calls.push(callee);
                }
                if call.under == Under::NoCondition {
                    self.unconditional.entry(caller).or_default().push(callee);
                }
            }
            None => {
                self.started.insert(callee);
            }
        }
    }
}

impl Project {
    /// How often a function is called, or a class constructed.
    pub(crate) fn calls_of(&self, site: Site) -> Calls {
        self.frequencies.of_function(site)
    }

    /// How a function comes to run again and again, if it does.
    pub(crate) fn heat(&self, site: Site) -> Option<Heat> {
        self.frequencies.heat(site)
    }

    /// Whether a function or class runs whenever some handler does.
    pub(crate) fn is_surely_hot(&self, site: Site) -> bool {
        self.frequencies.handlers.contains(&site) || self.frequencies.surely.contains(&site)
    }

    /// How often the code of a function, or of a module, runs.
    pub(crate) fn calls_at(&self, file: FileIndex, place: Place) -> Calls {
        match place {
            None => Calls::Once,
            Some(start) => self.calls_of(Site { file, start }),
        }
    }

    /// The names that lead from a request or message to what a function gets for a parameter: none for all of it. None at all
    /// where it gets neither.
    pub(crate) fn lead(&self, function: Site, position: u32) -> Option<Vec<&str>> {
        let sent = &self.summary(function.file).sent;
        if let Some(names) = sent.get(&(function.start, position)) {
            return Some(names.iter().map(|name| &**name).collect());
        }
        if position > 1 {
            return None;
        }
        if self.frequencies.consumers.contains(&function) {
            return Some(vec!["message"]);
        }
        (self.heat(function) == Some(Heat::Handler)).then(Vec::new)
    }

    /// What runs when a value of a file is called; of an object, its methods.
    fn all_run(&self, file: FileIndex, value: &Value) -> Vec<Site> {
        let meaning = self.meaning(file, value);
        let Meaning::Object(site) = meaning else {
            return self.run_by(meaning).into_iter().collect();
        };
        let methods = self.summary(site.file).objects.get(&site.start);
        let methods = methods.into_iter().flatten();
        let each = methods.filter_map(|(_, method)| self.run_by(self.meaning(site.file, method)));
        each.collect()
    }

    /// The function or class whose code runs when this is called or constructed.
    pub(super) fn run_by(&self, meaning: Meaning) -> Option<Site> {
        match meaning {
            Meaning::Function(site) | Meaning::Class(site) => Some(site),
            // `module.exports = function`, called as `require('./x')()`.
            Meaning::Module(_) => match self.whole(meaning, DEEPEST) {
                Meaning::Function(site) | Meaning::Class(site) => Some(site),
                _ => None,
            },
            _ => None,
        }
    }
}

/// All functions that `roots` call, directly or through others.
fn reached(
    calls: &FxHashMap<Site, Vec<Site>>,
    roots: impl Iterator<Item = Site>,
) -> FxHashSet<Site> {
    let mut reached = FxHashSet::default();
    let mut open: Vec<Site> = roots.collect();
    while let Some(function) = open.pop() {
        for called in calls.get(&function).into_iter().flatten() {
            if reached.insert(*called) {
                open.push(*called);
            }
        }
    }
    reached
}
