//! How many steps each node is away from the program's global objects.

use std::collections::HashSet;

use stanch_heap_snapshot::{EdgeKind, NodeKind, Snapshot, StringId};

use crate::graph::{ids_of, is_user_root};
use crate::weak_pairs::WeakPairs;

/// The distance of what cannot be reached.
pub(crate) const UNREACHABLE: i32 = -5;
/// The root's distance when there are global objects to start from: what only it reaches is the
/// system's own.
const SYSTEM: i32 = 100_000_000;

/// Steps from the nearest global object, by node.
pub(crate) fn distances(snapshot: &Snapshot, pairs: &WeakPairs) -> Vec<i32> {
    let mut search = Search {
        snapshot,
        pairs,
        distances: vec![UNREACHABLE; snapshot.node_count()],
        native_context: ids_of(&snapshot.strings, "system / NativeContext"),
        function_map: ids_of(&snapshot.strings, "sloppy_function_map"),
        map_descriptors: ids_of(&snapshot.strings, "(map descriptors)"),
        met_halves: HashSet::new(),
    };
    let roots = snapshot
        .edges_of(snapshot.root)
        .map(|edge| snapshot.edges.to[edge]);
    // One global object may stand here several times. That is meant: its second visit meets the
    // halves of WeakMap entries a second time.
    let roots: Vec<u32> = roots.filter(|node| is_user_root(snapshot, *node)).collect();
    let root_distance = if roots.is_empty() { 0 } else { SYSTEM };
    for &node in &roots {
        search.distances[node as usize] = 1;
    }
    search.breadth_first(roots);
    search.distances[snapshot.root as usize] = root_distance;
    search.breadth_first(vec![snapshot.root]);
    search.distances
}

struct Search<'a> {
    snapshot: &'a Snapshot,
    pairs: &'a WeakPairs,
    distances: Vec<i32>,
    native_context: Vec<StringId>,
    function_map: Vec<StringId>,
    map_descriptors: Vec<StringId>,
    /// Entries of WeakMaps of which one half was met.
    met_halves: HashSet<u32>,
}

impl Search<'_> {
    fn breadth_first(&mut self, mut queue: Vec<u32>) {
        let snapshot = self.snapshot;
        let mut at = 0;
        while let Some(&node) = queue.get(at) {
            at += 1;
            let distance = self.distances[node as usize] + 1;
            for edge in snapshot.edges_of(node) {
                let to = snapshot.edges.to[edge];
                if snapshot.edges.kind[edge] == EdgeKind::Weak
                    || self.distances[to as usize] != UNREACHABLE
                    || !self.counts(node, edge)
                {
                    continue;
                }
                self.distances[to as usize] = distance;
                queue.push(to);
            }
        }
    }

    /// Whether a step over this edge brings the target nearer.
    fn counts(&mut self, from: u32, edge: usize) -> bool {
        let kind = self.snapshot.edges.kind[edge];
        let from = from as usize;
        let name = StringId(self.snapshot.edges.name_or_index[edge]);
        let source_name = self.snapshot.nodes.name[from];
        match self.snapshot.nodes.kind[from] {
            NodeKind::Hidden
                if !kind.is_indexed()
                    && self.function_map.contains(&name)
                    && self.native_context.contains(&source_name) =>
            {
                return false;
            }
            NodeKind::Array if self.map_descriptors.contains(&source_name) => {
                return is_no_descriptor(self.index(edge));
            }
            _ => {}
        }
        if kind != EdgeKind::Internal {
            return true;
        }
        // The value of a WeakMap entry is as far as the farther of map and key: the first half met
        // does not count, the second does.
        match self.pairs.get(name) {
            Some(pair) if !self.met_halves.remove(&pair.entry) => {
                self.met_halves.insert(pair.entry);
                false
            }
            _ => true,
        }
    }

    /// The number an edge's name starts with.
    fn index(&self, edge: usize) -> Option<i64> {
        let name = self.snapshot.edges.name_or_index[edge];
        if self.snapshot.edges.kind[edge].is_indexed() {
            return Some(name.into());
        }
        leading_number(self.snapshot.strings.get(StringId(name)))
    }
}

/// Maps share arrays of descriptors, so an entry need not belong to the map it is reached from.
/// The array starts with two fields of its own; of the triples behind them the second slots refer
/// on.
const fn is_no_descriptor(index: Option<i64>) -> bool {
    match index {
        Some(index) => index < 2 || index % 3 != 1,
        None => true,
    }
}

/// What JavaScript's `parseInt(text, 10)` gives.
fn leading_number(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    Some(sign * digits[..end].parse::<i64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::{is_no_descriptor, leading_number};

    #[test]
    fn names_are_read_as_javascript_reads_numbers() {
        let check = |text, number| assert_eq!(leading_number(text), number, "{text:?}");
        check("17", Some(17));
        check(" 17x", Some(17));
        check("-3", Some(-3));
        check("+3", Some(3));
        check("", None);
        check("x", None);
        check("-", None);
    }

    #[test]
    fn of_a_descriptor_array_the_second_slots_are_left_out() {
        let kept: Vec<i64> = (0..9)
            .filter(|index| is_no_descriptor(Some(*index)))
            .collect();
        assert_eq!(kept, [0, 1, 2, 3, 5, 6, 8]);
        assert!(is_no_descriptor(None));
    }
}
