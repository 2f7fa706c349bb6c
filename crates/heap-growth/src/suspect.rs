//! Groups of newcomers into growing holders: named, with path, members and pattern, the steadiest growth first.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;
use stanch_heap_graph::{HeapGraph, Ordinal};
use stanch_leak_patterns::Confidence;

use crate::age::Ages;
use crate::anchor::{Anchor, anchors};
use crate::counts::{counts, running_sum, steady};
use crate::group::{Group, Slot, groups};
use crate::growing_holder::{GrowingHolder, Growth, Step};
use crate::headline::Headline;
use crate::members;
use crate::path::path;
use crate::pattern::{self, Shape};
use crate::scripts::Scripts;
use crate::trail::{LinkKind, Trail, Trails};

/// Groups looked at closely; all further ones together hold next to nothing.
const CLOSELY: usize = 40;
/// The least part of all newcomers' bytes that makes a holder worth a line.
const LEAST_SHARE: f64 = 0.01;
/// The same for a holder without name, pattern or place: V8's and Node's own odds and ends.
const LEAST_NAMELESS_SHARE: f64 = 0.1;

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

#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        (part as f64 / whole as f64).min(1.0)
    }
}
