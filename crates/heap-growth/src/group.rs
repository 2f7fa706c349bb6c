//! Newcomers, grouped by the settled object under which they accumulate and the slot on which they hang.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use rustc_hash::FxHashMap;
use stanch_heap_graph::{EdgeKind, EdgeName, HeapGraph, NodeKind, Ordinal, Retainer};

use crate::age::{Ages, index};
use crate::scripts::is_block_context;

/// An owner with more newly filled properties than this is used as a dictionary: its properties are entries.
const DICTIONARY_SLOTS: usize = 8;
/// Tops of a group that are looked at one by one; enough for shares of a percent, and bounded on a huge leak.
const SAMPLE: usize = 400;
/// Groups that are named; smaller ones are lifted to what holds their owners, so that a thousand small lists count as one.
const NAMED_GROUPS: usize = 100;
/// How often a small group may be lifted: list → record → map is two.
const LIFTS: usize = 3;
/// Newcomers crossed on the way from a shared newcomer to the settled objects that hold it.
const CROSSED: usize = 60;
/// Part of a shared group that has to hang on an object for it to count as one of its holders.
const HOLDER_SHARE: u64 = 4;

/// How newcomers hang on their holder.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Slot {
    /// As one of many entries, elements or properties.
    Members,
    /// In one variable or property, which is replaced or has a chain behind it.
    Named(String),
    /// In a field of V8's own, such as a promise's reactions.
    Internal,
    /// By nothing but the runtime: handles, timers, requests under way. Each class is a group of its own.
    Rooted(String),
    /// Not directly: several objects below the holder share them.
    Shared,
}

/// Newcomers that accumulate at one place.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) owner: Ordinal,
    pub(crate) slot: Slot,
    /// Bytes that came in each step.
    pub(crate) bytes: Vec<u64>,
    /// Outermost newcomers, those of each step counted.
    pub(crate) counts: Vec<u64>,
    pub(crate) tops: Vec<Ordinal>,
}

impl Group {
    fn empty(owner: Ordinal, slot: Slot, steps: usize) -> Self {
        Self {
            owner,
            slot,
            bytes: vec![0; steps],
            counts: vec![0; steps],
            tops: Vec::new(),
        }
    }

    fn add(&mut self, top: Ordinal, step: usize, bytes: &[u64]) {
        for (sum, more) in self.bytes.iter_mut().zip(bytes) {
            *sum += more;
        }
        self.counts[step] += 1;
        self.tops.push(top);
    }

    pub(crate) fn total(&self) -> u64 {
        self.bytes.iter().sum()
    }

    /// Leaves `part` of `whole` of the bytes of each step.
    fn scale(&mut self, part: u64, whole: u64) {
        for bytes in &mut self.bytes {
            let scaled = u128::from(*bytes) * u128::from(part) / u128::from(whole);
            *bytes = u64::try_from(scaled).unwrap_or(*bytes);
        }
    }

    /// An evenly spread part of the tops.
    pub(crate) fn sample(&self) -> impl Iterator<Item = Ordinal> + '_ {
        let stride = self.tops.len().div_ceil(SAMPLE).max(1);
        self.tops.iter().copied().step_by(stride)
    }

    pub(crate) fn absorb(&mut self, other: Self) {
        for (sum, more) in self.bytes.iter_mut().zip(&other.bytes) {
            *sum += more;
        }
        for (sum, more) in self.counts.iter_mut().zip(&other.counts) {
            *sum += more;
        }
        self.tops.extend(other.tops);
    }
}

/// All groups, the one with most bytes first, and the bytes that were left out because others had gone for them.
///
/// `lost` are the bytes that each settled object has lost since the first snapshot.
pub(crate) fn groups(
    graph: &HeapGraph,
    ages: &Ages<'_>,
    lost: &FxHashMap<Ordinal, u64>,
) -> (Vec<Group>, u64) {
    let mut found = Grouping {
        graph,
        ages,
        bytes_of_top: vec![0; graph.node_count() * ages.steps()],
        groups: BTreeMap::new(),
    };
    found.weigh();
    found.place_tops();
    found.join_dictionaries();
    let replaced = found.take_off(lost);
    found.resolve_shared();
    let mut groups: Vec<Group> = found
        .groups
        .into_values()
        .filter(|group| is_data(graph, group.owner))
        .collect();
    for _ in 0..LIFTS {
        groups = lift_small(graph, ages, groups);
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.total()));
    (groups, replaced)
}

struct Grouping<'a> {
    graph: &'a HeapGraph,
    ages: &'a Ages<'a>,
    /// What hangs on each top by the step it came in: `steps` values a node.
    bytes_of_top: Vec<u64>,
    groups: BTreeMap<(Ordinal, Slot), Group>,
}

impl Grouping<'_> {
    fn group(&mut self, owner: Ordinal, slot: Slot) -> &mut Group {
        let steps = self.ages.steps();
        self.groups
            .entry((owner, slot.clone()))
            .or_insert_with(|| Group::empty(owner, slot, steps))
    }

    /// Every newcomer's bytes, added to its top; those of a backing store go to its owner.
    fn weigh(&mut self) {
        for node in self
            .graph
            .ordinals()
            .filter(|&node| is_data(self.graph, node))
        {
            let Some(step) = self.ages.step_of_bytes(node) else {
                continue;
            };
            let bytes = self.graph.self_size(node);
            if self.ages.step(node).is_some() {
                let top = index(self.ages.top(node));
                self.bytes_of_top[top * self.ages.steps() + step] += bytes;
            } else if bytes > 0 {
                let owner = self.ages.owner(node);
                self.group(owner, Slot::Members).bytes[step] += bytes;
            }
        }
    }

    fn place_tops(&mut self) {
        for top in self.graph.ordinals() {
            let Some(step) = self.ages.step(top) else {
                continue;
            };
            if self.ages.top(top) != top || !is_data(self.graph, top) {
                continue;
            }
            let below = self.ages.owner(self.graph.immediate_dominator(top));
            let (owner, slot) = match self.slot(below, top) {
                _ if below == self.graph.root() => (below, self.rooted_slot(top)),
                Some(slot) => (start_of_chain(self.graph, self.ages, below, top), slot),
                None => (below, Slot::Shared),
            };
            let bytes = self.bytes_of_top(top).to_vec();
            self.group(owner, slot).add(top, step, &bytes);
        }
    }

    fn bytes_of_top(&self, top: Ordinal) -> &[u64] {
        let steps = self.ages.steps();
        &self.bytes_of_top[index(top) * steps..][..steps]
    }

    fn slot(&self, owner: Ordinal, top: Ordinal) -> Option<Slot> {
        let mut best = None;
        for retainer in self.graph.retainers(top) {
            if self.ages.owner(retainer.from) != owner || retainer.kind == EdgeKind::Weak {
                continue;
            }
            let slot = slot_of(self.graph, &retainer, owner);
            // A property is also seen as an unnamed edge from the object's property store.
            if best.is_none() || matches!(slot, Slot::Named(_)) {
                best = Some(slot);
            }
        }
        best
    }

    /// Several roots that hold one newcomer tell nothing unless a settled object is among its holders.
    fn rooted_slot(&self, top: Ordinal) -> Slot {
        let held_by_data = self.graph.retainers(top).any(|retainer| {
            retainer.essential
                && is_data(self.graph, retainer.from)
                && self.graph.kind(retainer.from) != NodeKind::Synthetic
        });
        if held_by_data {
            Slot::Shared
        } else {
            Slot::Rooted(self.graph.name(top).to_owned())
        }
    }

    fn join_dictionaries(&mut self) {
        let mut named: BTreeMap<Ordinal, Vec<Slot>> = BTreeMap::new();
        for (owner, slot) in self.groups.keys() {
            if matches!(slot, Slot::Named(_)) {
                named.entry(*owner).or_default().push(slot.clone());
            }
        }
        for (owner, slots) in named {
            if slots.len() <= DICTIONARY_SLOTS {
                continue;
            }
            for slot in slots {
                if let Some(group) = self.groups.remove(&(owner, slot)) {
                    self.group(owner, Slot::Members).absorb(group);
                }
            }
        }
    }

    /// Takes off each group its part of what its owner has lost: a full cache exchanges its entries and does not grow.
    ///
    /// A variable or property whose value is replaced has nothing new before the last step, which its steady growth
    /// shows; what it has lost lessens only the part that the owner's other groups must answer for.
    fn take_off(&mut self, lost: &FxHashMap<Ordinal, u64>) -> u64 {
        let mut came: FxHashMap<Ordinal, u64> = FxHashMap::default();
        for ((owner, _), group) in &self.groups {
            *came.entry(*owner).or_default() += group.total();
        }
        let mut replaced = 0;
        for ((owner, slot), group) in &mut self.groups {
            let (Some(lost), came) = (lost.get(owner), came[owner]) else {
                continue;
            };
            if !matches!(slot, Slot::Named(_) | Slot::Rooted(_)) && came > 0 {
                let before = group.total();
                group.scale(came.saturating_sub(*lost), came);
                replaced += before - group.total();
            }
        }
        replaced
    }

    /// Newcomers that several objects hold are given to each object that holds a good part of them.
    fn resolve_shared(&mut self) {
        let shared: Vec<(Ordinal, Slot)> = self
            .groups
            .keys()
            .filter(|(_, slot)| *slot == Slot::Shared)
            .cloned()
            .collect();
        for key in shared {
            let Some(group) = self.groups.remove(&key) else {
                continue;
            };
            let holders = self.holders_of(&group);
            if holders.is_empty() {
                self.leave_rooted(key.0, &group);
            }
            for ((owner, slot), part) in holders {
                self.group(owner, slot).absorb(part);
            }
        }
    }

    /// Newcomers without a common holder stay where the roots hold them, by class.
    fn leave_rooted(&mut self, owner: Ordinal, group: &Group) {
        for &top in &group.tops {
            let Some(step) = self.ages.step(top) else {
                continue;
            };
            let bytes = self.bytes_of_top(top).to_vec();
            let class = self.graph.name(top).to_owned();
            self.group(owner, Slot::Rooted(class))
                .add(top, step, &bytes);
        }
    }

    fn holders_of(&self, group: &Group) -> Vec<((Ordinal, Slot), Group)> {
        let mut parts: HashMap<(Ordinal, Slot), Group> = HashMap::new();
        let mut sampled_bytes = 0;
        for top in group.sample() {
            let Some(step) = self.ages.step(top) else {
                continue;
            };
            let bytes = self.bytes_of_top(top);
            sampled_bytes += bytes.iter().sum::<u64>();
            for (owner, slot) in self.settled_above(top) {
                let part = parts
                    .entry((owner, slot.clone()))
                    .or_insert_with(|| Group::empty(owner, slot, self.ages.steps()));
                part.add(top, step, bytes);
            }
        }
        let mut holders: Vec<_> = parts
            .into_iter()
            .filter(|(_, part)| part.total() * HOLDER_SHARE >= sampled_bytes)
            .collect();
        holders.sort_by_key(|((owner, _), _)| *owner);
        let scale = group.total().max(1) as f64 / sampled_bytes.max(1) as f64;
        for (_, part) in &mut holders {
            for value in part.bytes.iter_mut().chain(part.counts.iter_mut()) {
                *value = scaled(*value, scale);
            }
        }
        holders
    }

    /// The settled objects that keep `top` alive, directly or through other newcomers.
    fn settled_above(&self, top: Ordinal) -> HashSet<(Ordinal, Slot)> {
        let mut found = HashSet::new();
        let mut seen = HashSet::from([top]);
        let mut queue = VecDeque::from([top]);
        while let Some(node) = queue.pop_front() {
            for retainer in self.graph.retainers(node) {
                if !retainer.essential || !is_data(self.graph, retainer.from) {
                    continue;
                }
                if self.graph.kind(retainer.from) == NodeKind::Synthetic {
                    continue;
                }
                if self.ages.is_settled(retainer.from) {
                    let owner =
                        start_of_chain(self.graph, self.ages, self.ages.owner(retainer.from), node);
                    found.insert((owner, slot_of(self.graph, &retainer, owner)));
                } else if seen.len() < CROSSED && seen.insert(retainer.from) {
                    queue.push_back(retainer.from);
                }
            }
        }
        found
    }
}

fn slot_of(graph: &HeapGraph, retainer: &Retainer<'_>, owner: Ordinal) -> Slot {
    match (&retainer.kind, &retainer.name) {
        _ if retainer.from != owner => Slot::Members,
        (EdgeKind::Context | EdgeKind::Property, EdgeName::Name(name)) => {
            Slot::Named((*name).to_owned())
        }
        // A block's scope has values without names.
        (EdgeKind::Hidden, EdgeName::Index(number)) if is_block_context(graph, owner) => {
            Slot::Named(number.to_string())
        }
        (EdgeKind::Context | EdgeKind::Property | EdgeKind::Element, _) => Slot::Members,
        _ => Slot::Internal,
    }
}

/// Linked lists grow at their end: what holds the newest link is the second newest, and the holder is what holds the first.
fn start_of_chain(graph: &HeapGraph, ages: &Ages, link: Ordinal, newcomer: Ordinal) -> Ordinal {
    let alike =
        |node| graph.kind(node) == graph.kind(newcomer) && graph.name(node) == graph.name(newcomer);
    if !alike(link) || graph.name(link) == "Object" || graph.name(link) == "Array" {
        return link;
    }
    let mut start = link;
    loop {
        let above = ages.owner(graph.immediate_dominator(start));
        if above == start {
            return link;
        }
        start = above;
        if !alike(start) {
            return start;
        }
    }
}

/// Code, shapes and V8's roots come and go with optimisation and with the inspector; they are no data of the program.
fn is_data(graph: &HeapGraph, node: Ordinal) -> bool {
    !matches!(graph.kind(node), NodeKind::Code | NodeKind::ObjectShape)
}

fn lift_small(graph: &HeapGraph, ages: &Ages, mut groups: Vec<Group>) -> Vec<Group> {
    groups.sort_by_key(|group| std::cmp::Reverse(group.total()));
    if groups.len() <= NAMED_GROUPS {
        return groups;
    }
    let small = groups.split_off(NAMED_GROUPS);
    let mut lifted: BTreeMap<Ordinal, Group> = BTreeMap::new();
    for group in small {
        let above = ages.owner(graph.immediate_dominator(group.owner));
        let start = if above == graph.root() {
            group.owner
        } else {
            above
        };
        let into = lifted
            .entry(start)
            .or_insert_with(|| Group::empty(start, Slot::Members, ages.steps()));
        into.absorb(group);
    }
    for (owner, group) in lifted {
        match groups
            .iter_mut()
            .find(|known| known.owner == owner && known.slot == Slot::Members)
        {
            Some(known) => known.absorb(group),
            None => groups.push(group),
        }
    }
    groups
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate from a sample; byte counts stay far below 2^53"
)]
fn scaled(value: u64, scale: f64) -> u64 {
    (value as f64 * scale).round() as u64
}
