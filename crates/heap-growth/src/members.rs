//! A group of newcomers into what they are: classes, the functions among them, and what those functions keep.

use std::collections::{HashMap, HashSet, VecDeque};

use stanch_heap_graph::{EdgeKind, EdgeName, HeapGraph, NodeKind, Ordinal};

use crate::age::Ages;
use crate::anchor::Origin;
use crate::group::Group;
use crate::scripts::{ScriptPlace, Scripts, internal_target, is_context};
use crate::suspect::{Capture, ClassCount, MemberPlace};

/// Newcomers looked at below one member; a record with some functions in it is far smaller.
const LOOKED_AT: usize = 80;
/// Classes named in a report.
const CLASSES: usize = 8;

/// What a member of a holder is, by what it tells about the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Trait {
    Timer,
    Listener,
    /// Half of a promise that nobody has settled: a reaction, a resolver, a suspended function.
    Pending,
    Promise,
    /// A request or response of node:http or http2.
    Exchange,
    Stream,
    Function,
    /// A function of Node's own, or its scope.
    RuntimeFunction,
    Context,
    Text,
    Buffer,
    Data,
}

/// What the newcomers of a group are.
#[derive(Debug, Default)]
pub(crate) struct Members {
    /// All newcomers by class, most bytes first.
    pub(crate) classes: Vec<ClassCount>,
    /// Newcomers that are the state of a stream of Node's.
    pub(crate) streams: u64,
    /// Traits of the sampled members, keys of maps and plain texts left out where there is anything else.
    pub(crate) traits: HashMap<Trait, usize>,
    /// Sampled members that have a trait.
    pub(crate) sampled: usize,
    /// Part of the sampled members' bytes that hangs on functions' variables, 0 to 1.
    pub(crate) captured_share: f64,
    /// Functions and classes of readable code among the members, most frequent first.
    pub(crate) places: Vec<MemberPlace>,
    /// The variable through which functions keep most.
    pub(crate) capture: Option<Capture>,
    /// Class of the largest members, such as `{id, name}`.
    pub(crate) typical: Option<String>,
    /// Newcomers of each step that hang behind few tops, and how.
    pub(crate) linked: Option<(Vec<u64>, Linked)>,
}

/// How many newcomers can hang behind one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Linked {
    /// Each behind the one before it.
    Chain,
    /// Side by side in a replaced array or object.
    Parts,
}

/// Newcomers of each step by class.
type ClassSteps = HashMap<String, Vec<u64>>;

impl Members {
    /// Part of the sampled members that lead to a function of readable code, 0 to 1 and above.
    pub(crate) fn readable_share(&self) -> f64 {
        let functions = self.places.iter().filter(|place| !place.is_class);
        ratio(
            functions.map(|place| place.count).sum(),
            self.sampled as u64,
        )
    }

    /// Part of the sampled members that have `sought`, 0 to 1.
    pub(crate) fn share(&self, sought: Trait) -> f64 {
        ratio(
            self.traits.get(&sought).copied().unwrap_or(0) as u64,
            self.sampled as u64,
        )
    }
}

/// Looks at every top's subtree for the classes, and at a sample of the tops in detail.
pub(crate) fn look_at(
    graph: &HeapGraph,
    scripts: &Scripts<'_>,
    ages: &Ages,
    group: &Group,
) -> Members {
    let (mut classes, per_step) = classes(graph, ages, group);
    let is_stream =
        |row: &&ClassCount| matches!(row.class.as_str(), "ReadableState" | "WritableState");
    let streams = classes.iter().filter(is_stream).map(|row| row.count).sum();
    classes.truncate(CLASSES);
    let mut members = Members {
        linked: chain(graph, ages, group, &per_step),
        classes,
        streams,
        ..Members::default()
    };
    let representatives = representatives(graph, ages, group);
    let mut captured = 0;
    let mut bytes = 0;
    let mut places: HashMap<ScriptPlace, MemberPlace> = HashMap::new();
    let mut captures: HashMap<(String, ScriptPlace), (u64, Ordinal)> = HashMap::new();
    let mut typical: HashMap<String, u64> = HashMap::new();
    for &member in &representatives {
        let kind = trait_of(graph, scripts, ages, member);
        *members.traits.entry(kind).or_default() += 1;
        members.sampled += 1;
        bytes += graph.retained_size(member);
        *typical
            .entry(graph.class_name(member).to_string())
            .or_default() += graph.retained_size(member);
        let mut look = Below {
            graph,
            scripts,
            ages,
            captured: 0,
            captures: &mut captures,
        };
        if let Some(place) = look.walk(member) {
            let known = places
                .entry(place.place.clone())
                .or_insert_with(|| MemberPlace { count: 0, ..place });
            known.count += 1;
        }
        captured += look.captured.min(graph.retained_size(member));
    }
    members.captured_share = ratio(captured, bytes);
    members.places = places.into_values().collect();
    members
        .places
        .sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.place.cmp(&b.place)));
    members.capture = captures
        .into_iter()
        .max_by_key(|(key, (bytes, _))| (*bytes, key.clone()))
        .map(|((variable, function), (bytes, value))| Capture {
            variable,
            function,
            value_class: graph.class_name(value).to_string(),
            share: ratio(
                bytes,
                representatives
                    .iter()
                    .map(|&member| graph.retained_size(member))
                    .sum(),
            ),
        });
    members.typical = typical
        .into_iter()
        .max_by_key(|(class, bytes)| (*bytes, class.clone()))
        .map(|(class, _)| class);
    members
}

/// The tops that say what the group is about: texts and numbers are keys as long as there is anything else.
fn representatives(graph: &HeapGraph, ages: &Ages, group: &Group) -> Vec<Ordinal> {
    let mut sampled: Vec<Ordinal> = group.sample().collect();
    if sampled.len() <= 3 {
        // One replaced array, or the head of a chain: its parts are the members.
        let inside: Vec<Ordinal> = sampled
            .iter()
            .flat_map(|&top| parts(graph, ages, top))
            .filter(|&node| !is_text(graph, node) || sampled.iter().any(|&top| is_text(graph, top)))
            .collect();
        if inside.len() > sampled.len() {
            sampled = inside;
        }
    }
    let data: Vec<Ordinal> = sampled
        .iter()
        .copied()
        .filter(|&top| !is_text(graph, top) && graph.kind(top) != NodeKind::Array)
        .collect();
    if data.is_empty() { sampled } else { data }
}

/// The newcomers directly in `top`, seen through stores and along a chain.
fn parts(graph: &HeapGraph, ages: &Ages, top: Ordinal) -> Vec<Ordinal> {
    const ENOUGH: usize = 400;
    let mut found = Vec::new();
    let mut open = VecDeque::from([top]);
    while let Some(node) = open.pop_front() {
        for child in graph.dominated_children(node) {
            if found.len() >= ENOUGH {
                return found;
            }
            if ages.step_of_bytes(child).is_none() {
                continue;
            }
            let passed_through =
                matches!(graph.kind(child), NodeKind::Array | NodeKind::ConsString)
                    || (graph.kind(child) == graph.kind(top)
                        && graph.name(child) == graph.name(top));
            if passed_through {
                open.push_back(child);
            }
            if graph.kind(child) != NodeKind::Array {
                found.push(child);
            }
        }
    }
    found
}

fn is_text(graph: &HeapGraph, node: Ordinal) -> bool {
    matches!(
        graph.kind(node),
        NodeKind::String
            | NodeKind::SlicedString
            | NodeKind::ConsString
            | NodeKind::Number
            | NodeKind::BigInt
    )
}

fn classes(graph: &HeapGraph, ages: &Ages, group: &Group) -> (Vec<ClassCount>, ClassSteps) {
    let mut counts: HashMap<String, ClassCount> = HashMap::new();
    let mut per_step = ClassSteps::new();
    let mut open: Vec<Ordinal> = group.tops.clone();
    while let Some(node) = open.pop() {
        let class = graph.class_name(node).to_string();
        if let Some(step) = ages.step_of_bytes(node) {
            let row = counts.entry(class.clone()).or_insert_with(|| ClassCount {
                class: class.clone(),
                count: 0,
                bytes: 0,
            });
            row.count += 1;
            row.bytes += graph.self_size(node);
            if matches!(
                graph.kind(node),
                NodeKind::Object | NodeKind::Hidden | NodeKind::Closure | NodeKind::ConsString
            ) {
                per_step
                    .entry(class)
                    .or_insert_with(|| vec![0; ages.steps()])[step] += 1;
            }
        }
        open.extend(
            graph
                .dominated_children(node)
                .filter(|&child| ages.step_of_bytes(child).is_some()),
        );
    }
    let mut rows: Vec<ClassCount> = counts.into_values().collect();
    rows.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.class.cmp(&b.class)));
    (rows, per_step)
}

/// The counts of the links where few tops have many newcomers behind them: a chain, or a replaced array.
fn chain(
    graph: &HeapGraph,
    ages: &Ages,
    group: &Group,
    per_step: &ClassSteps,
) -> Option<(Vec<u64>, Linked)> {
    const MANY: u64 = 4;
    let tops = group.tops.len() as u64;
    let many = |links: &Vec<u64>| tops <= MANY && links.iter().sum::<u64>() > tops * MANY;
    let &top = group.tops.last()?;
    let spine = spine(graph, ages, top);
    let recurring = spine.get(graph.name(top)).or_else(|| {
        spine
            .iter()
            .max_by_key(|(class, counts)| (counts.iter().sum::<u64>(), (*class).clone()))
            .map(|(_, counts)| counts)
    });
    if let Some(links) = recurring.filter(|links| many(links)) {
        return Some((links.clone(), Linked::Chain));
    }
    let (_, parts) = per_step
        .iter()
        .max_by_key(|(class, counts)| (counts.iter().sum::<u64>(), (*class).clone()))?;
    many(parts).then(|| (parts.clone(), Linked::Parts))
}

/// The classes met on the way from `top` along the heaviest newcomer each time.
fn spine(graph: &HeapGraph, ages: &Ages, top: Ordinal) -> ClassSteps {
    const LONGEST: usize = 200_000;
    let mut met = ClassSteps::new();
    let mut node = top;
    for _ in 0..LONGEST {
        if let Some(step) = ages
            .step_of_bytes(node)
            .filter(|_| graph.kind(node) != NodeKind::Array)
        {
            met.entry(graph.name(node).to_owned())
                .or_insert_with(|| vec![0; ages.steps()])[step] += 1;
        }
        let heaviest = graph
            .dominated_children(node)
            .max_by_key(|&child| graph.retained_size(child));
        match heaviest.filter(|&child| ages.step_of_bytes(child).is_some()) {
            Some(child) => node = child,
            None => break,
        }
    }
    met
}

fn trait_of(graph: &HeapGraph, scripts: &Scripts<'_>, ages: &Ages, member: Ordinal) -> Trait {
    let runtime = !scripts.origin(member).is_readable();
    match (graph.kind(member), graph.name(member)) {
        (NodeKind::Object, "Timeout" | "Immediate" | "TimersList") if runtime => Trait::Timer,
        (NodeKind::Object, "Listener" | "ResistStopPropagationListener") if runtime => {
            Trait::Listener
        }
        (NodeKind::Hidden, "system / PromiseReaction")
        | (NodeKind::Object, "Generator" | "AsyncGenerator") => Trait::Pending,
        (NodeKind::Object, "Promise") if is_pending(graph, member) => Trait::Pending,
        (NodeKind::Object, "Promise") => Trait::Promise,
        (
            NodeKind::Object,
            "IncomingMessage" | "ServerResponse" | "Http2ServerRequest" | "Http2ServerResponse",
        ) => Trait::Exchange,
        (NodeKind::Object, _) if is_handle(graph, member) => Trait::Stream,
        (NodeKind::Object | NodeKind::Native, name) if is_buffer(name) => Trait::Buffer,
        (NodeKind::Closure, _) if is_resolver(graph, member) => Trait::Pending,
        (NodeKind::Closure, _) if is_runtime(graph, scripts, member) => Trait::RuntimeFunction,
        (NodeKind::Closure, _) => Trait::Function,
        _ if is_context(graph, member) && scripts.origin(member) == Origin::Runtime => {
            Trait::RuntimeFunction
        }
        _ if is_context(graph, member) => Trait::Context,
        (NodeKind::Object, _)
            if has_property(graph, member, &["_readableState", "_writableState"]) =>
        {
            if has_property(graph, member, &["httpVersion", "statusMessage", "_header"]) {
                Trait::Exchange
            } else {
                Trait::Stream
            }
        }
        (NodeKind::Object, _) => trait_of_record(graph, ages, member),
        _ if is_text(graph, member) => Trait::Text,
        _ => Trait::Data,
    }
}

/// A record is what the thing in it is: `{resolve, reject}` is a promise, `{socket}` a stream, `{fn}` a function.
fn trait_of_record(graph: &HeapGraph, ages: &Ages, record: Ordinal) -> Trait {
    let whole = graph.retained_size(record);
    for edge in graph
        .edges(record)
        .filter(|edge| edge.kind == EdgeKind::Property)
    {
        if ages.step(edge.to).is_none() || matches!(edge.name, EdgeName::Name("__proto__")) {
            continue;
        }
        let value = edge.to;
        match (graph.kind(value), graph.name(value)) {
            (NodeKind::Closure, _) if is_resolver(graph, value) => return Trait::Pending,
            (NodeKind::Object, "IncomingMessage" | "ServerResponse") => return Trait::Exchange,
            (NodeKind::Object, _)
                if has_property(graph, value, &["_readableState", "_writableState"])
                    && graph.retained_size(value) * 2 > whole =>
            {
                return Trait::Stream;
            }
            (NodeKind::Object, "Timeout") if graph.retained_size(value) * 2 > whole => {
                return Trait::Timer;
            }
            _ => {}
        }
    }
    Trait::Data
}

/// Whether `node` or what it wraps is a handle of the event loop: a socket, a file, a watcher.
fn is_handle(graph: &HeapGraph, node: Ordinal) -> bool {
    const NO_HANDLES: [&str; 4] = ["Worker", "MessagePort", "Timeout", "Immediate"];
    let is_wrapped = |object: Ordinal| {
        !NO_HANDLES.contains(&graph.name(object))
            && graph
                .retainers(object)
                .any(|retainer| matches!(retainer.name, EdgeName::Name("native_to_javascript")))
    };
    is_wrapped(node)
        || graph.edges(node).any(|edge| {
            let names_handle = matches!(edge.name, EdgeName::Name(name) if name == "_handle" || name.contains("kHandle"));
            names_handle && is_wrapped(edge.to)
        })
}

/// Whether a function, or the function that a bound one calls, is Node's own.
fn is_runtime(graph: &HeapGraph, scripts: &Scripts<'_>, closure: Ordinal) -> bool {
    let is_target = |name: &EdgeName<'_>| matches!(name, EdgeName::Name("bound_function"));
    let target = graph
        .edges(closure)
        .find(|edge| is_target(&edge.name))
        .map(|edge| edge.to);
    scripts.origin(target.unwrap_or(closure)) == Origin::Runtime
}

fn is_buffer(name: &str) -> bool {
    matches!(
        name,
        "ArrayBuffer" | "Buffer" | "Uint8Array" | "FastBuffer" | "SharedArrayBuffer"
    ) || name.starts_with("system / JSArrayBufferData")
}

fn is_pending(graph: &HeapGraph, promise: Ordinal) -> bool {
    graph
        .edges(promise)
        .any(|edge| graph.name(edge.to) == "system / PromiseReaction")
}

/// V8's own resolve and reject functions: they have no place in any script and their scope holds the promise.
fn is_resolver(graph: &HeapGraph, closure: Ordinal) -> bool {
    graph.location(closure).is_none()
        && internal_target(graph, closure, "context").is_some_and(|context| {
            is_context(graph, context)
                && graph.edges(context).any(|edge| {
                    graph.kind(edge.to) == NodeKind::Object && graph.name(edge.to) == "Promise"
                })
        })
}

fn has_property(graph: &HeapGraph, node: Ordinal, names: &[&str]) -> bool {
    graph.edges(node).any(|edge| {
        edge.kind == EdgeKind::Property
            && matches!(edge.name, EdgeName::Name(name) if names.contains(&name))
    })
}

/// The newcomers below one member, nearest first.
struct Below<'a, 'g> {
    graph: &'a HeapGraph,
    scripts: &'a Scripts<'g>,
    ages: &'a Ages,
    captured: u64,
    captures: &'a mut HashMap<(String, ScriptPlace), (u64, Ordinal)>,
}

impl Below<'_, '_> {
    /// Adds up what functions keep and returns the first function of readable code, else the member's own class.
    fn walk(&mut self, member: Ordinal) -> Option<MemberPlace> {
        let mut seen = HashSet::from([member]);
        let mut queue = VecDeque::from([member]);
        let mut function = None;
        while let Some(node) = queue.pop_front() {
            if self.graph.kind(node) == NodeKind::Closure {
                if function.is_none() {
                    function = self.function(node);
                }
                if let Some(context) = internal_target(self.graph, node, "context") {
                    self.add_captures(node, context, &seen);
                }
            }
            for edge in self.graph.edges(node) {
                let hidden_shape = matches!(edge.name, EdgeName::Name("map" | "__proto__"));
                if edge.kind == EdgeKind::Weak || hidden_shape || seen.len() >= LOOKED_AT {
                    continue;
                }
                let newcomer = self.ages.step_of_bytes(edge.to).is_some();
                let is_function = self.graph.kind(edge.to) == NodeKind::Closure;
                if (newcomer || is_function) && seen.insert(edge.to) {
                    if newcomer {
                        queue.push_back(edge.to);
                    } else if function.is_none() {
                        function = self.function(edge.to);
                    }
                }
            }
        }
        function.or_else(|| self.class_of(member))
    }

    fn function(&self, closure: Ordinal) -> Option<MemberPlace> {
        let place = self.scripts.place(closure)?;
        let name = self.graph.name(closure).to_owned();
        Origin::of_url(&place.url)
            .is_readable()
            .then_some(MemberPlace {
                place,
                name,
                count: 1,
                is_class: false,
            })
    }

    fn class_of(&self, member: Ordinal) -> Option<MemberPlace> {
        let place = self.scripts.place(member)?;
        let name = self.graph.name(member).to_owned();
        Origin::of_url(&place.url)
            .is_readable()
            .then_some(MemberPlace {
                place,
                name,
                count: 1,
                is_class: true,
            })
    }

    fn add_captures(&mut self, closure: Ordinal, context: Ordinal, seen: &HashSet<Ordinal>) {
        if self.ages.step(context).is_none() || seen.contains(&context) {
            return;
        }
        self.captured += self.graph.retained_size(context);
        let Some(place) = self.scripts.place(closure) else {
            return;
        };
        for edge in self
            .graph
            .edges(context)
            .filter(|edge| edge.kind == EdgeKind::Context)
        {
            let EdgeName::Name(variable) = edge.name else {
                continue;
            };
            if self.ages.step_of_bytes(edge.to).is_some() {
                let entry = self
                    .captures
                    .entry((variable.to_owned(), place.clone()))
                    .or_insert((0, edge.to));
                entry.0 += self.graph.retained_size(edge.to);
            }
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share for people and for coarse thresholds"
)]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
