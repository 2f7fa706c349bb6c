//! A series of graphs, folded one by one into what tells newcomers from old objects.

use std::hash::{DefaultHasher, Hash, Hasher};

use stanch_heap_graph::{HeapGraph, NodeKind, Ordinal};

use crate::age::Ages;
use crate::gone::Held;
use crate::growing_holder::Growth;
use crate::suspect;

/// Snapshots of one inspector session in the order in which they were taken.
///
/// Of every graph but the last only the ids are kept, and of the first also short marks of the names and what held what:
/// 8 to 18 bytes a node.
#[derive(Debug, Default)]
pub struct Series {
    earlier: Vec<Census>,
    /// A mark of each object of the first snapshot, in the order of its ids.
    marks: Vec<Option<Mark>>,
    /// What the first snapshot's objects held.
    held: Held,
}

/// A hash of an object's sort and name, short because only the share of equal ones counts.
type Mark = u16;

/// The ids in one snapshot, and how many requests the process had served by then.
#[derive(Debug)]
pub(crate) struct Census {
    /// Ascending.
    pub(crate) ids: Vec<u64>,
    pub(crate) requests: u64,
}

impl Series {
    /// A series without snapshots.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the next snapshot, which `requests` requests had preceded; 0 throughout when that is unknown.
    pub fn add(&mut self, graph: &HeapGraph, requests: u64) {
        let mut nodes: Vec<Ordinal> = graph.ordinals().collect();
        nodes.sort_unstable_by_key(|node| graph.id(*node));
        if self.earlier.is_empty() {
            self.marks = nodes.iter().map(|node| mark(graph, *node)).collect();
            self.held = Held::of(graph, &nodes);
        }
        let ids = nodes.iter().map(|node| graph.id(*node).0).collect();
        self.earlier.push(Census { ids, requests });
    }

    /// Number of snapshots taken in.
    #[must_use]
    pub fn len(&self) -> usize {
        self.earlier.len()
    }

    /// Whether no snapshot was taken in yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.earlier.is_empty()
    }

    /// Of the objects and functions whose id both the first snapshot and `last` have, the part that is the same, 0 to 1.
    ///
    /// V8 numbers objects anew in each process: two processes share most ids, of start-up objects above all, but next
    /// to none of them means the same object (measured: 100 % agree in one process, 4 to 9 % in two, even of one
    /// program).
    #[must_use]
    pub fn common_share(&self, last: &HeapGraph) -> f64 {
        let Some(first) = self.earlier.first() else {
            return 1.0;
        };
        let (mut common, mut same) = (0_u32, 0_u32);
        for node in last.ordinals() {
            let Ok(at) = first.ids.binary_search(&last.id(node).0) else {
                continue;
            };
            if let Some(before) = self.marks[at] {
                common += 1;
                same += u32::from(mark(last, node) == Some(before));
            }
        }
        f64::from(same) / f64::from(common.max(1))
    }

    /// Whether each snapshot, `last` included, is younger than the one before it: V8 counts ids upwards.
    #[must_use]
    pub fn is_in_order(&self, last: &HeapGraph) -> bool {
        let earlier = self.earlier.iter().map(|census| census.ids.last().copied());
        let newest = last.ordinals().map(|node| last.id(node).0).max();
        earlier.chain([newest]).is_sorted()
    }

    /// What has grown in `last` since the first snapshot, the most steadily growing first.
    #[must_use]
    pub fn growth(&self, last: &HeapGraph, requests: u64) -> Growth {
        let Some(first) = self.earlier.first() else {
            return Growth::default();
        };
        let ages = Ages::of(&self.earlier, last);
        let lost = self.held.lost(&first.ids, last, &ages);
        suspect::rank(last, &ages, &lost, &self.spans(requests))
    }

    /// Requests between each snapshot and the one before it; 1 each when they are unknown, so that steps weigh alike.
    fn spans(&self, requests: u64) -> Vec<u64> {
        let counts = self
            .earlier
            .iter()
            .map(|census| census.requests)
            .chain([requests]);
        let counts: Vec<u64> = counts.collect();
        let spans: Vec<u64> = counts
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]))
            .collect();
        if spans.contains(&0) {
            vec![1; spans.len()]
        } else {
            spans
        }
    }
}

/// What tells one object from another under the same id; texts and V8's own records change theirs as they live.
fn mark(graph: &HeapGraph, node: Ordinal) -> Option<Mark> {
    let kind = graph.kind(node);
    if !matches!(kind, NodeKind::Object | NodeKind::Closure) {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    (kind == NodeKind::Closure, graph.name(node)).hash(&mut hasher);
    let [low, high, ..] = hasher.finish().to_le_bytes();
    Some(Mark::from_le_bytes([low, high]))
}

impl Census {
    pub(crate) fn has(&self, id: u64) -> bool {
        self.ids.binary_search(&id).is_ok()
    }
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a sketch that cannot be built fails its test"
)]
mod tests {
    use stanch_heap_snapshot::testing::HeapSketch;

    use super::*;

    /// The heap of a process in which objects of these classes were born one after another.
    fn heap(classes: &[&str]) -> HeapGraph {
        let mut sketch = HeapSketch::new();
        for class in classes {
            let node = sketch.node(NodeKind::Object, class, 16);
            sketch.element(HeapSketch::ROOT, node, node);
        }
        HeapGraph::build(sketch.snapshot().unwrap()).unwrap()
    }

    #[test]
    fn one_process_keeps_what_its_ids_name() {
        let check = |first: &[&str], last: &[&str], expected: f64| {
            let mut series = Series::new();
            series.add(&heap(first), 0);
            let share = series.common_share(&heap(last));
            assert!(
                (share - expected).abs() < 1e-9,
                "{first:?} {last:?}: {share}"
            );
        };
        check(&["A", "B", "C", "D"], &["A", "B", "C", "D", "E"], 1.0);
        check(&["A", "B", "C", "D"], &["A", "B"], 1.0);
        check(&["A", "B", "C", "D"], &["W", "X", "Y", "D"], 0.25);
        check(&["A"], &[], 0.0);
    }

    #[test]
    fn later_snapshots_have_higher_ids() {
        let check = |first: &[&str], last: &[&str], expected: bool| {
            let mut series = Series::new();
            series.add(&heap(first), 0);
            assert_eq!(series.is_in_order(&heap(last)), expected);
        };
        check(&["A"], &["A", "B"], true);
        check(&["A"], &["A"], true);
        check(&["A", "B"], &["A"], false);
    }
}
