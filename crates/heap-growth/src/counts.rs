//! A group into its members and bytes at each snapshot.

use stanch_heap_graph::{EdgeKind, EdgeName, HeapGraph, NodeKind, Ordinal};

use crate::group::{Group, Slot};
use crate::members::Members;
use crate::trail::Trails;

/// Members at each snapshot, old ones included.
pub(crate) fn counts(trails: &Trails<'_>, group: &Group, members: &Members) -> Vec<u64> {
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
pub(crate) fn running_sum(steps: &[u64]) -> Vec<u64> {
    let mut sum = 0;
    let rest = steps.iter().map(|step| {
        sum += step;
        sum
    });
    std::iter::once(0).chain(rest).collect()
}

/// What would have come at the slowest step's rate all the time: one-time growth falls out.
pub(crate) fn steady(bytes: &[u64], spans: &[u64]) -> u64 {
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
