//! What left each object that is still there: newcomers that took the place of others are no growth.

use rustc_hash::FxHashMap;
use stanch_heap_graph::{HeapGraph, NodeKind, Ordinal};

use crate::age::{Ages, index};

/// Bytes and dominators of the first snapshot's objects, in the order of their ids: 8 bytes a node.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// Own bytes, at most 4 GiB; 0 for what is no data of the program.
    bytes: Vec<u32>,
    /// Where the immediate dominator stands in this order.
    above: Vec<u32>,
}

impl Held {
    /// `by_id` are the graph's nodes, their ids ascending.
    pub(crate) fn of(graph: &HeapGraph, by_id: &[Ordinal]) -> Self {
        let mut place = vec![0_u32; by_id.len()];
        for (at, node) in (0_u32..).zip(by_id) {
            place[index(*node)] = at;
        }
        let is_data = |node| {
            !matches!(
                graph.kind(node),
                NodeKind::Code | NodeKind::ObjectShape | NodeKind::Synthetic
            )
        };
        let bytes_of = |node: &Ordinal| match is_data(*node) {
            true => u32::try_from(graph.self_size(*node)).unwrap_or(u32::MAX),
            false => 0,
        };
        let above_of = |node: &Ordinal| place[index(graph.immediate_dominator(*node))];
        Self {
            bytes: by_id.iter().map(bytes_of).collect(),
            above: by_id.iter().map(above_of).collect(),
        }
    }

    /// Bytes that each object of the last graph has lost since: of what is gone, with all that hung below it.
    ///
    /// `ids` are the first snapshot's, ascending.
    pub(crate) fn lost(
        &self,
        ids: &[u64],
        last: &HeapGraph,
        ages: &Ages<'_>,
    ) -> FxHashMap<Ordinal, u64> {
        let mut now: Vec<Option<Ordinal>> = vec![None; ids.len()];
        for node in last.ordinals() {
            if let Ok(at) = ids.binary_search(&last.id(node).0) {
                now[at] = Some(node);
            }
        }
        let mut above = self.above.clone();
        let mut lost: FxHashMap<Ordinal, u64> = FxHashMap::default();
        for (at, bytes) in self.bytes.iter().enumerate() {
            if *bytes == 0 || now[at].is_some() {
                continue;
            }
            if let Some(survivor) = nearest_survivor(&mut above, &now, at) {
                *lost.entry(ages.owner(survivor)).or_default() += u64::from(*bytes);
            }
        }
        lost
    }
}

/// The nearest object above one that is gone that is still there; shortens the ways it has gone for those that follow.
fn nearest_survivor(above: &mut [u32], now: &[Option<Ordinal>], gone: usize) -> Option<Ordinal> {
    let mut survivor = gone;
    while now[survivor].is_none() {
        let next = above[survivor] as usize;
        if next == survivor {
            return None;
        }
        survivor = next;
    }
    let mut at = gone;
    while at != survivor {
        at = std::mem::replace(&mut above[at], u32::try_from(survivor).ok()?) as usize;
    }
    now[survivor]
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a sketch that cannot be built fails its test"
)]
mod tests {
    use stanch_heap_snapshot::testing::HeapSketch;

    use super::*;

    /// A cache and a list, of 8 bytes each, with the entries of these numbers; an entry has 100 bytes and 10 below it.
    fn heap(cached: &[u32], listed: &[u32]) -> HeapGraph {
        let mut sketch = HeapSketch::new();
        let cache = sketch.node(NodeKind::Object, "Cache", 8);
        let list = sketch.node(NodeKind::Object, "List", 8);
        for (holder, entries) in [(cache, cached), (list, listed)] {
            sketch.element(HeapSketch::ROOT, holder, holder);
            for number in entries {
                let entry = sketch.node(NodeKind::Object, "Entry", 100);
                let detail = sketch.node(NodeKind::Object, "Detail", 10);
                sketch.set_id(entry, u64::from(100 + number * 4));
                sketch.set_id(detail, u64::from(102 + number * 4));
                sketch.element(holder, *number, entry);
                sketch.element(entry, 0, detail);
            }
        }
        HeapGraph::build(sketch.snapshot().unwrap()).unwrap()
    }

    #[test]
    fn what_is_gone_counts_against_what_held_it() {
        let check = |before: (&[u32], &[u32]), now: (&[u32], &[u32]), expected: [u64; 2]| {
            let (first, last) = (heap(before.0, before.1), heap(now.0, now.1));
            let mut by_id: Vec<Ordinal> = first.ordinals().collect();
            by_id.sort_by_key(|node| first.id(*node));
            let ids: Vec<u64> = by_id.iter().map(|node| first.id(*node).0).collect();
            let lost = Held::of(&first, &by_id).lost(&ids, &last, &Ages::settled(&last));
            let of = |class: &str| {
                let holder = last.ordinals().find(|node| last.name(*node) == class);
                lost.get(&holder.unwrap()).copied().unwrap_or(0)
            };
            assert_eq!([of("Cache"), of("List")], expected, "{before:?} {now:?}");
        };
        check((&[1, 2], &[3]), (&[1, 2], &[3]), [0, 0]);
        check((&[1, 2], &[3]), (&[2, 4], &[3, 5]), [110, 0]);
        check((&[1, 2], &[3]), (&[], &[]), [220, 110]);
        // What another one holds now is not gone.
        check((&[1, 2], &[3]), (&[], &[1, 2, 3]), [0, 0]);
    }
}
