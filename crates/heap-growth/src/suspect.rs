//! Groups of newcomers into growing holders: named, with path, members and pattern, the steadiest growth first.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;
use stanch_heap_graph::{EdgeKind, EdgeName, HeapGraph, NodeId, NodeKind, Ordinal};
use stanch_leak_patterns::{Confidence, Pattern};

use crate::age::{Ages, is_store};
use crate::anchor::{Anchor, BlockSlot, anchors};
use crate::group::{Group, Slot, groups};
use crate::headline::Headline;
use crate::members::{self, Members};
use crate::pattern::{self, Shape};
use crate::scripts::{ScriptPlace, Scripts};
use crate::trail::{LinkKind, Trail, Trails, is_weak_pair};

/// Groups looked at closely; all further ones together hold next to nothing.
const CLOSELY: usize = 40;
/// The least part of all newcomers' bytes that makes a holder worth a line.
const LEAST_SHARE: f64 = 0.01;
/// The same for a holder without name, pattern or place: V8's and Node's own odds and ends.
const LEAST_NAMELESS_SHARE: f64 = 0.1;

/// What has grown between the first snapshot and the last.
#[derive(Debug, Default)]
pub struct Growth {
    /// Holders by steady growth, most first.
    pub holders: Vec<GrowingHolder>,
    /// Bytes of all objects that came since the first snapshot, less those that took the place of others.
    pub newcomer_bytes: u64,
    /// URLs or paths of the scripts that readers can open, the service's own and its packages', in order.
    pub scripts: Vec<String>,
}

/// An object under which newcomers accumulate.
#[derive(Debug, Clone)]
pub struct GrowingHolder {
    /// Its id within the session.
    pub id: NodeId,
    /// Its class, such as `Map`.
    pub class: String,
    /// Its name in the sources, chosen from `names`.
    pub headline: Headline,
    /// All names on its path that stand in code which a reader can open, the nearest first.
    pub names: Vec<Anchor>,
    /// From the outermost name to the newcomers.
    pub path: Vec<Step>,
    /// Members at each snapshot; those of the first that are gone by the last are not counted.
    pub count: Vec<u64>,
    /// Bytes of the newcomers at each snapshot, 0 at the first.
    pub retained: Vec<u64>,
    /// Bytes that came in the steadiest way: the slowest step's rate, over the whole series.
    pub steady_bytes: u64,
    /// Its part of all newcomers' bytes, 0 to 1.
    pub share: f64,
    /// Newcomers by class, most bytes first.
    pub classes: Vec<ClassCount>,
    /// Functions and classes of readable code among the members, most frequent first: the nearest of each member, the
    /// service's own before its packages'.
    pub places: Vec<MemberPlace>,
    /// All functions of readable code that the members lead to, most frequent first.
    pub further_places: Vec<MemberPlace>,
    /// The variable through which stored functions keep most.
    pub capture: Option<Capture>,
    /// The pattern; none when the shape fits no single one.
    pub pattern: Option<Pattern>,
    /// How sure holder and pattern are.
    pub confidence: Confidence,
    /// Why this pattern, in one clause.
    pub reason: String,
}

/// Newcomers of one class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassCount {
    /// The class, as DevTools names it.
    pub class: String,
    /// How many.
    pub count: u64,
    /// Their own bytes.
    pub bytes: u64,
}

/// A function or class that members of a holder lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberPlace {
    /// Where it was written.
    pub place: ScriptPlace,
    /// Its name; empty for an anonymous function.
    pub name: String,
    /// Sampled members that lead to it.
    pub count: u64,
    /// Whether the members are instances of a class rather than lead to a function.
    pub is_class: bool,
}

/// A variable that stored functions keep alive.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// Its name.
    pub variable: String,
    /// A stored function whose scope has it; the function need not use it.
    pub function: ScriptPlace,
    /// Class of the value.
    pub value_class: String,
    /// Its part of the members' bytes, 0 to 1.
    pub share: f64,
}

/// One readable step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step {
    /// How the object is held: a name, `[…]` for entries, or what V8 calls it in brackets.
    pub name: String,
    /// Its class.
    pub class: String,
}

/// Names, reads and ranks everything that grows.
///
/// `lost` are the bytes that objects have lost since the first snapshot; newcomers in their place are no growth.
pub(crate) fn rank(
    graph: &HeapGraph,
    ages: &Ages<'_>,
    lost: &FxHashMap<Ordinal, u64>,
    spans: &[u64],
) -> Growth {
    let scripts = Scripts::of(graph);
    let trails = Trails {
        graph,
        scripts: &scripts,
        ages,
    };
    let (groups, replaced) = groups(graph, ages, lost);
    let newcomers = graph
        .ordinals()
        .filter(|&node| ages.step_of_bytes(node).is_some());
    let came: u64 = newcomers.map(|node| graph.self_size(node)).sum();
    let newcomer_bytes = came.saturating_sub(replaced);
    let mut holders: Vec<GrowingHolder> = joined_by_name(&trails, groups)
        .into_iter()
        .map(|named| holder(&trails, named, spans, newcomer_bytes))
        .filter(GrowingHolder::is_worth_a_line)
        .collect();
    holders.sort_by(|a, b| {
        b.weight()
            .cmp(&a.weight())
            .then_with(|| a.id.0.cmp(&b.id.0))
    });
    Growth {
        holders,
        newcomer_bytes,
        scripts: scripts.readable_urls(),
    }
}

impl GrowingHolder {
    /// What has neither a name nor a pattern tells a reader something only if it is much.
    fn is_worth_a_line(&self) -> bool {
        let says_something =
            self.headline.anchor.is_some() || self.pattern.is_some() || !self.places.is_empty();
        let least = if says_something {
            LEAST_SHARE
        } else {
            LEAST_NAMELESS_SHARE
        };
        self.share >= least && self.steady_bytes > 0
    }

    /// Of two holders of the same newcomers the one with a name in the sources says more.
    fn weight(&self) -> u64 {
        let named = self.headline.anchor.is_some() || !self.places.is_empty();
        if named {
            self.steady_bytes + self.steady_bytes / 4
        } else {
            self.steady_bytes
        }
    }
}

struct Named {
    group: Group,
    trail: Trail,
    anchors: Vec<Anchor>,
}

/// Groups whose owners have one and the same name in the sources are one: a list per tenant, a map per shard.
fn joined_by_name(trails: &Trails<'_>, groups: Vec<Group>) -> Vec<Named> {
    let mut known: HashMap<(Name, Slot), usize> = HashMap::new();
    let mut joined: Vec<Named> = Vec::new();
    for group in groups.into_iter().take(CLOSELY) {
        let trail = full_trail(trails, &group);
        let anchors = anchors(trails, &trail);
        let name = match anchors.first() {
            Some(anchor) => Name::Anchor(anchor.clone()),
            None => Name::Runtime(
                trails.graph.name(group.owner).to_owned(),
                path(trails.graph, &group, &trail, None),
            ),
        };
        match known.entry((name, group.slot.clone())) {
            Entry::Occupied(at) => joined[*at.get()].group.absorb(group),
            Entry::Vacant(place) => {
                place.insert(joined.len());
                joined.push(Named {
                    group,
                    trail,
                    anchors,
                });
            }
        }
    }
    joined
}

/// What makes two owners the same to a reader.
#[derive(PartialEq, Eq, Hash)]
enum Name {
    Anchor(Anchor),
    /// Without a name in the sources: the class, and the readable path.
    Runtime(String, Vec<Step>),
}

/// The trail from the slot: a named slot is its own first step.
fn full_trail(trails: &Trails<'_>, group: &Group) -> Trail {
    if holds_timers(trails.graph, group) {
        // Whatever else leads to Node's tables of timers, no variable of the sources is to blame for them.
        return Trail::default();
    }
    let mut trail = trails.from(group.owner);
    if let (Slot::Named(_), Some(&top)) = (&group.slot, group.tops.first()) {
        let first = trails.slot_link(group.owner, top);
        if let Some(link) = first {
            let complete = matches!(
                link.kind,
                LinkKind::Variable(_) | LinkKind::BlockVariable(_) | LinkKind::Global(_)
            );
            if complete {
                trail.links.clear();
            }
            trail.links.insert(0, link);
        }
    }
    trail
}

/// Whether the owner is one of Node's own tables of timers: lists by duration, kept in a plain object.
fn holds_timers(graph: &HeapGraph, group: &Group) -> bool {
    let is_timer = |top: &Ordinal| matches!(graph.name(*top), "Timeout" | "TimersList");
    let kept_by_users = matches!(graph.name(group.owner), "Array" | "Map" | "Set" | "WeakMap");
    !kept_by_users
        && !matches!(group.slot, Slot::Named(_))
        && !group.tops.is_empty()
        && group.tops.iter().all(is_timer)
}

fn holder(trails: &Trails<'_>, named: Named, spans: &[u64], newcomer_bytes: u64) -> GrowingHolder {
    let Named {
        group,
        trail,
        anchors,
    } = named;
    let graph = trails.graph;
    let members = members::look_at(graph, trails.scripts, trails.ages, &group);
    let nearest = Headline::of(&anchors, None, Anchor::origin).anchor;
    let shape = Shape {
        graph,
        group: &group,
        trail: &trail,
        anchor: nearest.as_ref(),
        members: &members,
    };
    let reading = pattern::read(&shape);
    let steady_bytes = steady(&group.bytes, spans);
    let confidence = if steady_bytes * 4 < group.total() {
        Confidence::Low
    } else {
        reading.confidence
    };
    GrowingHolder {
        id: graph.id(group.owner),
        class: class_of_holder(graph, &group),
        path: path(graph, &group, &trail, members.typical.as_deref()),
        count: counts(trails, &group, &members),
        retained: running_sum(&group.bytes),
        steady_bytes,
        share: share(group.total(), newcomer_bytes),
        headline: Headline::of(&anchors, reading.pattern, Anchor::origin),
        names: anchors,
        classes: members.classes,
        places: members.places,
        further_places: members.further_places,
        capture: members.capture,
        pattern: reading.pattern,
        confidence,
        reason: reading.reason,
    }
}

/// The class of what a reader would call the holder: for a variable, what is in it.
fn class_of_holder(graph: &HeapGraph, group: &Group) -> String {
    match (&group.slot, group.tops.last()) {
        (Slot::Named(_), Some(&top)) => graph.name(top).to_owned(),
        (Slot::Rooted(class), _) => class.clone(),
        _ => graph.name(group.owner).to_owned(),
    }
}

fn counts(trails: &Trails<'_>, group: &Group, members: &Members) -> Vec<u64> {
    if let Some((links, _)) = &members.linked {
        return running_sum(links);
    }
    let old = match group.slot {
        Slot::Members => members_of(trails, group.owner),
        _ => 0,
    };
    // A Map's keys are tops as well as its values where they are texts of their own.
    let entries = entries_per_top(trails.graph, group);
    let mut counts = running_sum(&group.counts);
    for count in &mut counts {
        *count = *count / entries + old;
    }
    counts
}

/// Old members of a container: its elements and properties, and what its stores hold, from before the first snapshot.
fn members_of(trails: &Trails<'_>, owner: Ordinal) -> u64 {
    let (graph, ages) = (trails.graph, trails.ages);
    let is_key = |node| {
        matches!(
            graph.kind(node),
            NodeKind::String | NodeKind::Number | NodeKind::Hidden
        )
    };
    let is_old = |node: Ordinal| ages.step(node).is_none() && ages.owner(node) == node;
    let in_stores = graph
        .dominated_children(owner)
        .filter(|&child| ages.owner(child) == owner)
        .flat_map(|store| graph.dominated_children(store))
        .filter(|&member| !is_key(member));
    let direct = graph.dominated_children(owner).filter(|&child| {
        graph.retainers(child).any(|retainer| {
            retainer.from == owner
                && matches!(retainer.kind, EdgeKind::Element | EdgeKind::Property)
                && retainer.name != EdgeName::Name("__proto__")
        })
    });
    in_stores
        .chain(direct)
        .filter(|&member| is_old(member))
        .count() as u64
}

fn entries_per_top(graph: &HeapGraph, group: &Group) -> u64 {
    if !matches!(graph.name(group.owner), "Map" | "Object") || group.slot != Slot::Members {
        return 1;
    }
    let texts = group
        .tops
        .iter()
        .filter(|&&top| {
            matches!(
                graph.kind(top),
                NodeKind::String | NodeKind::ConsString | NodeKind::Number
            )
        })
        .count();
    // Key and value of each entry are newcomers of their own if about half of them are texts.
    if texts * 5 >= group.tops.len() * 2 && texts * 5 <= group.tops.len() * 3 {
        2
    } else {
        1
    }
}

/// From the values of the steps to the values at the snapshots, which start at 0.
fn running_sum(steps: &[u64]) -> Vec<u64> {
    let mut sum = 0;
    let rest = steps.iter().map(|step| {
        sum += step;
        sum
    });
    std::iter::once(0).chain(rest).collect()
}

/// What would have come at the slowest step's rate all the time: one-time growth falls out.
fn steady(bytes: &[u64], spans: &[u64]) -> u64 {
    let whole: u64 = spans.iter().sum();
    let slowest = bytes
        .iter()
        .zip(spans)
        .map(|(bytes, span)| u128::from(*bytes) * u128::from(whole) / u128::from(*span))
        .min();
    slowest
        .and_then(|bytes| u64::try_from(bytes).ok())
        .unwrap_or(0)
}

fn path(graph: &HeapGraph, group: &Group, trail: &Trail, typical: Option<&str>) -> Vec<Step> {
    let mut steps = path_of(graph, trail);
    if let Some(class) = typical.filter(|_| group.slot != Slot::Internal) {
        steps.push(Step {
            name: "[newcomers]".to_owned(),
            class: class.to_owned(),
        });
    }
    steps
}

/// A trail as its reader sees it, outermost first: V8's stores and repetitions are left out.
pub(crate) fn path_of(graph: &HeapGraph, trail: &Trail) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for link in trail.links.iter().rev() {
        let through_store = is_store(graph, link.to) || is_store(graph, link.from);
        let name = match &link.kind {
            LinkKind::Variable(name) | LinkKind::Export(name) => name.clone(),
            LinkKind::BlockVariable(_) => BlockSlot::NAMELESS.to_owned(),
            LinkKind::Property(name) => format!(".{name}"),
            LinkKind::Global(name) => format!("globalThis.{name}"),
            LinkKind::ModuleExports(file) => format!("module.exports of {file}"),
            LinkKind::Entry => "[…]".to_owned(),
            LinkKind::Internal(_) if through_store => continue,
            LinkKind::Internal(name) if is_weak_pair(name) => "(value of a WeakMap)".to_owned(),
            LinkKind::Internal(_) if graph.kind(link.from) == NodeKind::Synthetic => {
                "(root)".to_owned()
            }
            LinkKind::Internal(name) => format!("({name})"),
        };
        if is_store(graph, link.to) {
            continue;
        }
        let step = Step {
            name,
            class: graph.class_name(link.to).to_owned(),
        };
        if steps.last() != Some(&step) {
            steps.push(step);
        }
    }
    steps
}

#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        (part as f64 / whole as f64).min(1.0)
    }
}
