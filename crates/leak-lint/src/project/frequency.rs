//! Handlers and calls of all files into how often each function runs.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use stanch_js_source::{ClassKind, Value};

use super::given::Called;
use super::meaning::{DEEPEST, Meaning, Site};
use super::names::Key;
use super::part::Part;
use super::view::View;
use super::{FileIndex, Project};
use crate::summary::{Call, Place, Taken, Times, Under, WHOLE, When};

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

/// Methods that NestJS calls once in the life of a provider, which is as long as that of the application.
const LIFECYCLE: &[&str] = &[
    "onModuleInit",
    "onApplicationBootstrap",
    "onModuleDestroy",
    "beforeApplicationShutdown",
    "onApplicationShutdown",
    "afterInit",
];

/// What a file says of how often functions run, its own and those of others.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Running {
    /// Run for each request, message or tick.
    handlers: Vec<Key>,
    /// The same, of those that get a message, a job, an event or the arguments of an operation.
    consumers: Vec<Key>,
    /// Called for ever: by an interval, or in a loop that has no end.
    ticking: Vec<Key>,
    /// Run again because of themselves: a timer or an event that they wait for calls them.
    rearmed: Vec<Key>,
    /// Take a request.
    served: Vec<Key>,
    /// Called as often as others want.
    unknown: Vec<Key>,
    /// The same, as long as nobody in the project imports the file.
    exported: Vec<Key>,
    /// Called at module level.
    started: Vec<Key>,
    /// Classes of which a container of dependencies makes one instance.
    singletons: Vec<Key>,
    /// Methods that a call of a base class's runs, by that; ascending.
    overrides: Vec<(Key, Key)>,
    /// Which of the file's functions call what; ascending.
    calls: Vec<(Key, Key)>,
    /// Those of them that no condition keeps from being made when the caller runs.
    unconditional: Vec<(Key, Key)>,
    /// Those that are made for some of what the caller is called with.
    asked: Vec<(Key, Key)>,
    /// Those that are made for each new key of a table.
    keyed: Vec<(Key, Key)>,
    /// Functions, and those inside them; ascending.
    nested: Vec<(Key, Key)>,
    /// Called for what they do: the caller drops what they give back.
    dropped: Vec<Key>,
    /// The same where the caller does not even wait for it.
    lost: Vec<Key>,
    /// Called for what they give back.
    taken: Vec<Key>,
    /// Which of the file's functions drop what which others give back; ascending.
    left: Vec<(Key, Key)>,
}

impl Running {
    pub(super) fn of(view: View<'_>, called: &mut Called<'_>, file: FileIndex) -> Self {
        let mut running = Self::default();
        let summary = view.own(file);
        let run_by = |value: &Value| {
            let site = view.run_by_value(file, value)?;
            Some(view.key(site))
        };
        running.handlers = summary.handlers.iter().filter_map(run_by).collect();
        running.served = summary.served.iter().filter_map(run_by).collect();
        let consumers = summary.consumers.iter();
        let consumers = consumers.flat_map(|consumer| view.all_run(file, consumer));
        running.consumers = consumers.map(|site| view.key(site)).collect();
        let mut later = Vec::new();
        for call in &summary.calls {
            if let Some(callee) = called.run(call.callee) {
                let callee = view.key(callee);
                let caller = call.place.map(|start| view.key(Site { file, start }));
                running.add(call, caller, callee);
                later.extend(
                    caller
                        .filter(|_| call.when == When::Later && call.under == Under::NoCondition)
                        .map(|it| (it, callee)),
                );
            }
        }
        running
            .unknown
            .extend(summary.escaping.iter().filter_map(run_by));
        let exports = summary.exports.iter();
        let exports = exports.flat_map(|(name, value)| match value {
            Value::Object(literal) if &**name == WHOLE => {
                let each = summary.objects.get(literal).into_iter().flatten();
                each.map(|(_, value)| value).collect()
            }
            value => vec![value],
        });
        running.exported = exports.filter_map(run_by).collect();
        running.add_methods(view, file);
        let key = |start: u32| view.key(Site { file, start });
        let nested = summary.nested.iter();
        running.nested = nested
            .map(|(inner, outer)| (key(*outer), key(*inner)))
            .collect();
        for calls in [
            &mut running.calls,
            &mut running.unconditional,
            &mut running.asked,
            &mut running.keyed,
            &mut running.nested,
            &mut running.left,
        ] {
            calls.sort_unstable();
            calls.dedup();
        }
        running.rearm(&later);
        running
    }

    /// Finds what leads back to itself through a call that comes later: a function that connects again when the connection
    /// is lost, one that sets a timer which calls it. Only the file's own functions are followed, and only where no condition
    /// stands between: who tries again until the program has started runs no more after that.
    fn rearm(&mut self, later: &[(Key, Key)]) {
        let mut rearmed = FxHashSet::default();
        for (from, to) in later {
            let mut open = vec![*to];
            let mut seen = FxHashSet::default();
            while let Some(next) = open.pop() {
                if next.file == from.file && seen.insert(next) {
                    open.extend(called_by(&self.unconditional, next));
                }
            }
            if seen.contains(from) {
                rearmed.extend([*from, *to]);
            }
        }
        self.rearmed = rearmed.into_iter().collect();
        self.rearmed.sort_unstable();
    }

    /// Methods can be called through any name.
    fn add_methods(&mut self, view: View<'_>, file: FileIndex) {
        let summary = view.own(file);
        let classes = summary.classes.values();
        // Of what is written as a type, the classes have the methods.
        let classes = classes.filter(|shape| shape.kind != ClassKind::Interface);
        let members = classes.flat_map(|shape| shape.members.iter().chain(&shape.statics));
        // `module.exports = { f }` exports f, whose callers are followed.
        let whole = summary.exports.iter().find(|(name, _)| &**name == WHOLE);
        let exported =
            |literal: u32| matches!(whole, Some((_, Value::Object(it))) if *it == literal);
        let objects = summary.objects.iter();
        let properties = objects.filter(|(literal, _)| !exported(**literal));
        let properties = properties.flat_map(|(_, properties)| properties);
        for (name, method) in members.chain(properties) {
            if let Some(site) = view.function(file, method) {
                let run = match LIFECYCLE.contains(&&**name) {
                    true => &mut self.started,
                    false => &mut self.unknown,
                };
                run.push(view.key(site));
            }
        }
        let site = |start: &u32| Site {
            file,
            start: *start,
        };
        let singletons = summary.singletons.iter().map(site);
        let named = summary.singles.iter();
        let named = named.filter_map(|class| view.run_by_value(file, class));
        self.singletons = singletons.chain(named).map(|site| view.key(site)).collect();
        self.overrides = view.overrides(file);
        for (method, decorator) in &summary.decorated_methods {
            let by = view.run_by_value(file, decorator);
            for function in by.into_iter().flat_map(|by| view.replaced_by(by)) {
                let call = (view.key(site(method)), view.key(function));
                self.calls.push(call);
                self.unconditional.push(call);
            }
        }
        // The tables have no order, and one that stays is compared.
        self.unknown.sort_unstable();
        self.started.sort_unstable();
        for (class, shape) in &summary.classes {
            if shape.kind == ClassKind::Interface {
                continue;
            }
            let site = |start| Site { file, start };
            let own = shape.constructor.map(site);
            let base = shape.extends.as_ref();
            let base = base.and_then(|base| view.run_by_value(file, base));
            for run in own.into_iter().chain(base) {
                let call = (view.key(site(*class)), view.key(run));
                self.calls.push(call);
                self.unconditional.push(call);
            }
        }
    }

    fn add(&mut self, call: &Call, caller: Option<Key>, callee: Key) {
        match call.result {
            Taken::Dropped => {
                self.dropped.push(callee);
                self.lost.push(callee);
            }
            Taken::Awaited => self.dropped.push(callee),
            Taken::Used => self.taken.push(callee),
        }
        match call.times {
            Times::Again => self.ticking.push(callee),
            Times::Unknown => self.unknown.push(callee),
            Times::Once => {
                self.started.push(callee);
                return;
            }
            Times::AsWritten => {}
        }
        let Some(caller) = caller else {
            self.started.push(callee);
            return;
        };
        self.calls.push((caller, callee));
        if call.result != Taken::Used {
            self.left.push((caller, callee));
        }
        match call.under {
            Under::NoCondition => self.unconditional.push((caller, callee)),
            Under::Asked => self.asked.push((caller, callee)),
            Under::NewKey => self.keyed.push((caller, callee)),
            Under::Condition => {}
        }
    }
}

/// What a function calls, in a list of calls.
fn called_by(calls: &[(Key, Key)], function: Key) -> impl Iterator<Item = Key> {
    let first = calls.partition_point(|(caller, _)| *caller < function);
    let rest = calls[first..].iter();
    rest.take_while(move |(caller, _)| *caller == function)
        .map(|(_, callee)| *callee)
}

/// The functions of a project by how often they run.
#[derive(Debug, Clone, Default)]
pub(super) struct Frequencies(FxHashMap<Key, Ways>);

/// Who calls a function, directly or through others; each is a bit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ways(u16);

impl Ways {
    /// A framework, an emitter or a timer, directly.
    const HANDLER: Self = Self(1);
    /// A handler, or what one calls.
    const CALLED: Self = Self(2);
    /// Others, as often as they want.
    const UNKNOWN: Self = Self(4);
    /// The code of a module.
    const STARTED: Self = Self(8);
    /// What hands it a message, a job, an event or the arguments of an operation.
    const CONSUMER: Self = Self(16);
    /// A handler, or what one calls, under no condition.
    const SURELY: Self = Self(32);
    /// Somebody who drops its result.
    const DROPPED: Self = Self(128);
    /// Somebody who takes its result.
    const TAKEN: Self = Self(256);
    /// Somebody who drops its result and does not wait for it.
    const LOST: Self = Self(512);
    /// Something that takes a request, or a clock or a loop without an end, under no condition.
    const SERVES: Self = Self(1024);
    /// A handler, or what one calls, for each new key of a table.
    const KEYED: Self = Self(2048);
    /// Somebody who runs again and again, and drops its result.
    const LEFT: Self = Self(4096);
    /// A container of dependencies, once, whoever else names the class.
    const SINGLE: Self = Self(8192);
    /// Others, who may do whatever they want with its result.
    const BY_OTHERS: Self = Self(Self::UNKNOWN.0 | Self::TAKEN.0);

    /// Something that goes on for ever: what it hands over is the program's own.
    const TICK: Self = Self(64);

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether nobody in the project decides how often it runs.
    fn is_driven(self) -> bool {
        self.has(Self::HANDLER) || self.has(Self::TICK)
    }

    /// How what a function calls is called, if it is called so.
    fn through(self) -> Self {
        let by_handler = self.is_driven().then_some(Self::CALLED.0);
        let same = Self::CALLED.0 | Self::STARTED.0;
        let unknown = if self.has(Self::SINGLE) {
            0
        } else {
            Self::UNKNOWN.0
        };
        Self(self.0 & (same | unknown) | by_handler.unwrap_or_default())
    }

    /// How what it makes is called: whoever gets it, there is one for each time that the function runs.
    fn within(self) -> Self {
        let is_hot = self.is_driven() || self.has(Self::CALLED);
        if is_hot { Self::CALLED } else { Self(0) }
    }

    /// How what it calls under no condition is called beside that.
    fn surely_through(self) -> Self {
        let is_sure = self.is_driven() || self.has(Self::SURELY);
        let surely = if is_sure { Self::SURELY.0 } else { 0 };
        let ticked = if self.has(Self::TICK) {
            Self::SERVES.0
        } else {
            0
        };
        Self(surely | ticked | self.0 & (Self::SERVES.0 | Self::KEYED.0))
    }

    /// How what it calls for each new key of a table is called beside that.
    fn for_each_key(self) -> Self {
        let is_sure = self.is_driven() || self.has(Self::SURELY) || self.has(Self::KEYED);
        if is_sure { Self::KEYED } else { Self(0) }
    }
}

impl Frequencies {
    /// What all files say; `is_imported` says of which files others of the project name.
    pub(super) fn of(parts: &[Arc<Part>], is_imported: impl Fn(FileIndex) -> bool) -> Self {
        let mut reach = Reach::default();
        for (file, part) in parts.iter().enumerate() {
            let running = &part.running;
            reach.all(&running.handlers, Ways::HANDLER);
            let consumer = Ways(Ways::HANDLER.0 | Ways::CONSUMER.0);
            reach.all(&running.consumers, consumer);
            reach.all(&running.ticking, Ways::TICK);
            reach.all(&running.rearmed, Ways::CALLED);
            let served = Ways::CALLED.0 | Ways::SURELY.0 | Ways::SERVES.0;
            reach.all(&running.served, Ways(served));
            reach.all(&running.unknown, Ways::BY_OTHERS);
            reach.all(&running.started, Ways::STARTED);
            reach.all(&running.singletons, Ways(Ways::STARTED.0 | Ways::SINGLE.0));
            reach.all(&running.dropped, Ways::DROPPED);
            reach.all(&running.lost, Ways::LOST);
            reach.all(&running.taken, Ways::TAKEN);
            // What nobody in the project imports is for others.
            if !is_imported(FileIndex(file)) {
                reach.all(&running.exported, Ways::BY_OTHERS);
            }
        }
        let all = parts.iter().flat_map(|part| &part.running.overrides);
        let mut overrides: Vec<(Key, Key)> = all.copied().collect();
        overrides.sort_unstable();
        while let Some(function) = reach.open.pop() {
            let ways = reach.ways.get(&function).copied().unwrap_or_default();
            for method in called_by(&overrides, function) {
                reach.one(method, ways);
            }
            let running = &parts[function.file.0].running;
            for callee in called_by(&running.calls, function) {
                reach.one(callee, ways.through());
            }
            for surely in [&running.unconditional, &running.asked] {
                for callee in called_by(surely, function) {
                    reach.one(callee, ways.surely_through());
                }
            }
            for callee in called_by(&running.keyed, function) {
                reach.one(callee, ways.for_each_key());
            }
            for inner in called_by(&running.nested, function) {
                reach.one(inner, ways.within());
            }
        }
        let mut ways = reach.ways;
        for part in parts {
            for (caller, callee) in &part.running.left {
                let caller = ways.get(caller).copied().unwrap_or_default();
                if caller.is_driven() || caller.has(Ways::CALLED) {
                    ways.entry(*callee).or_default().0 |= Ways::LEFT.0;
                }
            }
        }
        Self(ways)
    }

    fn ways(&self, function: Key) -> Ways {
        self.0.get(&function).copied().unwrap_or_default()
    }

    /// How often the function, or the class's constructor, is called.
    fn of_function(&self, function: Key) -> Calls {
        let ways = self.ways(function);
        if ways.is_driven() || ways.has(Ways::CALLED) {
            Calls::Again
        } else if ways.has(Ways::SINGLE) || ways.has(Ways::STARTED) && !ways.has(Ways::UNKNOWN) {
            Calls::Once
        } else {
            Calls::Unknown
        }
    }

    /// How it comes to run again and again, if it does.
    fn heat(&self, function: Key) -> Option<Heat> {
        let ways = self.ways(function);
        if ways.is_driven() {
            Some(Heat::Handler)
        } else {
            ways.has(Ways::CALLED).then_some(Heat::Called)
        }
    }
}

/// Functions that were reached, and those from where it still goes on.
#[derive(Default)]
struct Reach {
    ways: FxHashMap<Key, Ways>,
    open: Vec<Key>,
}

impl Reach {
    fn all(&mut self, functions: &[Key], way: Ways) {
        for function in functions {
            self.one(*function, way);
        }
    }

    fn one(&mut self, function: Key, ways: Ways) {
        if ways == Ways::default() {
            return;
        }
        let known = self.ways.entry(function).or_default();
        let all = Ways(known.0 | ways.0);
        if *known != all {
            *known = all;
            self.open.push(function);
        }
    }
}

impl Project {
    /// How often a function is called, or a class constructed.
    pub(crate) fn calls_of(&self, site: Site) -> Calls {
        self.frequencies.of_function(self.view().key(site))
    }

    /// How a function comes to run again and again, if it does.
    pub(crate) fn heat(&self, site: Site) -> Option<Heat> {
        self.frequencies.heat(self.view().key(site))
    }

    /// Whether a function or class runs whenever some handler does.
    pub(crate) fn is_surely_hot(&self, site: Site) -> bool {
        let ways = self.frequencies.ways(self.view().key(site));
        ways.is_driven() || ways.has(Ways::SURELY)
    }

    /// Whether a function or class runs for each new key of a table from which entries are taken as well.
    pub(crate) fn is_hot_for_each_key(&self, site: Site) -> bool {
        let ways = self.frequencies.ways(self.view().key(site));
        ways.has(Ways::KEYED)
    }

    /// Whether a function takes a request, or runs whenever one that does runs, or what goes on for ever.
    pub(crate) fn is_surely_served(&self, site: Site) -> bool {
        let ways = self.frequencies.ways(self.view().key(site));
        ways.has(Ways::SERVES)
    }

    /// Whether all who call a function are seen, and all of them drop what it gives back.
    pub(crate) fn is_result_dropped(&self, site: Site) -> bool {
        let ways = self.frequencies.ways(self.view().key(site));
        ways.has(Ways::DROPPED) && !ways.has(Ways::TAKEN) && !ways.is_driven()
    }

    /// Whether somebody who runs again and again drops what a function gives back, whatever others do.
    pub(crate) fn is_left_again(&self, site: Site) -> bool {
        let ways = self.frequencies.ways(self.view().key(site));
        ways.has(Ways::LEFT)
    }

    /// Whether a caller of a function neither takes what it gives back nor waits for it, whatever others do.
    pub(crate) fn is_dropped_by_a_caller(&self, site: Site) -> bool {
        let ways = self.frequencies.ways(self.view().key(site));
        ways.has(Ways::LOST)
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
        let ways = self.frequencies.ways(self.view().key(function));
        if ways.has(Ways::CONSUMER) {
            return Some(vec!["message"]);
        }
        ways.has(Ways::HANDLER).then(Vec::new)
    }
}

impl View<'_> {
    /// The function that a value of a file is.
    pub(super) fn function(self, file: FileIndex, value: &Value) -> Option<Site> {
        if self.is_of_others(file, value) {
            return None;
        }
        match self.meaning(file, value) {
            Meaning::Function(site) => Some(site),
            _ => None,
        }
    }

    /// What runs when a value of a file is called; of an object, its methods.
    fn all_run(self, file: FileIndex, value: &Value) -> Vec<Site> {
        if self.is_of_others(file, value) {
            return Vec::new();
        }
        let meaning = self.meaning(file, value);
        let Meaning::Object(site) = meaning else {
            return self.run_by(meaning).into_iter().collect();
        };
        let methods = self.properties(site).iter();
        let each = methods.filter_map(|(_, method)| self.run_by(self.meaning(site.file, method)));
        each.collect()
    }

    /// The function or class whose code runs when a value of a file is called or constructed.
    pub(super) fn run_by_value(self, file: FileIndex, value: &Value) -> Option<Site> {
        if self.is_of_others(file, value) {
            return None;
        }
        self.run_by(self.meaning(file, value))
    }

    /// The function or class whose code runs when this is called or constructed.
    pub(super) fn run_by(self, meaning: Meaning) -> Option<Site> {
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
