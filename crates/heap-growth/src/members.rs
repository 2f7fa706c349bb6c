//! A group of newcomers into what they are: classes, the functions among them, and what those functions keep.

use std::collections::{HashMap, VecDeque};

use stanch_heap_graph::{HeapGraph, NodeKind, Ordinal};

use crate::age::Ages;
use crate::anchor::Origin;
use crate::below::Below;
use crate::ends::without_accepted_ends;
use crate::group::Group;
use crate::growing_holder::{Capture, ClassCount, MemberPlace};
use crate::scripts::{ScriptPlace, Scripts};
use crate::traits::{Trait, is_text, trait_of};

/// Classes named in a report.
const CLASSES: usize = 8;

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
    /// All functions of readable code that the members lead to, most frequent first.
    pub(crate) further_places: Vec<MemberPlace>,
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
    let representatives = without_accepted_ends(graph, representatives(graph, ages, group));
    let mut captured = 0;
    let mut bytes = 0;
    let mut places = Places::default();
    let mut further_places = Places::default();
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
        let mut look = Below::new(graph, scripts, ages, &mut captures);
        let functions = look.walk(member);
        let own = functions
            .iter()
            .find(|function| is_own(function))
            .or(functions.first());
        if let Some(place) = own.cloned().or_else(|| look.class_of(member)) {
            places.count(place);
        }
        for function in functions {
            further_places.count(function);
        }
        captured += look.captured().min(graph.retained_size(member));
    }
    members.captured_share = ratio(captured, bytes);
    members.places = places.most_frequent_first();
    members.further_places = further_places.most_frequent_first();
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

fn is_own(function: &MemberPlace) -> bool {
    Origin::of_url(&function.place.url) == Origin::User
}

/// Places and how many members lead to each.
#[derive(Default)]
struct Places(HashMap<ScriptPlace, MemberPlace>);

impl Places {
    fn count(&mut self, place: MemberPlace) {
        let known = self
            .0
            .entry(place.place.clone())
            .or_insert_with(|| MemberPlace { count: 0, ..place });
        known.count += 1;
    }

    fn most_frequent_first(self) -> Vec<MemberPlace> {
        let mut places: Vec<MemberPlace> = self.0.into_values().collect();
        places.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.place.cmp(&b.place)));
        places
    }
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
