//! What a snapshot says of itself, and how long its file is, into the memory that it will take.

use stanch_heap_snapshot::Announced;

/// Bytes per node at the peak, in tenths. Columns of the snapshot have 1 (kind), 3 (name), 4 (id),
/// 2 (self size) and 2.3 (edges); turned edges 2.3 more. While dominators are found there are also
/// three numbers of the depth-first walk and a link of two, 20 in all; a third of the nodes have two
/// more of 4. Sizes, distances and classes are made meanwhile, 2 each, with what it takes to find
/// them: a byte or two, and some bit sets.
const NODE_TENTHS: u64 = 470;
/// Bytes per edge, in tenths: 4 (target and kind) and 3 (name); turned around, 4 for every second
/// edge, and between 1 and 2 for those that lead to a node which very many refer to.
const EDGE_TENTHS: u64 = 98;
/// The program, its buffers for reading, and what the allocator keeps.
const BASE: u64 = 8 << 20;
/// Bytes of strings per node, where nothing else tells: 40 heaps of small services and a page, of Node 18 to 26,
/// have 8 to 15; heaps of millions of records have fewer, 1 to 2. Only a heap full of different long texts has
/// many more.
const STRINGS_PER_NODE: u64 = 10;
/// Numbers of a row that mostly have one digit, with all commas.
const NODE_ROW: u64 = 8;
const EDGE_ROW: u64 = 6;
/// No row is shorter: five fields of a node, three of an edge.
const SHORTEST_NODE: u64 = 10;
const SHORTEST_EDGE: u64 = 6;

/// The most memory, in bytes, that reading a snapshot and [building](crate::HeapGraph::build) its
/// graph will take: an estimate. It was within a tenth of what was measured for heaps of 6 MB to
/// 10 GB.
///
/// `text` is the length of the snapshot's text, where it is known. What is not taken up by nodes and
/// edges is counted as strings; and of a snapshot that announces more than its text can hold no more
/// is believed than that. Without it strings are counted as so many bytes per node as most heaps have.
#[must_use]
pub fn memory_needed(announced: Announced, text: Option<u64>) -> u64 {
    let room = text.unwrap_or(u64::MAX);
    let nodes = announced.nodes.min(room / SHORTEST_NODE);
    let edges = announced.edges.min(room / SHORTEST_EDGE);
    let rows = nodes
        .saturating_mul(NODE_ROW + 2 * digits(nodes))
        .saturating_add(edges.saturating_mul(EDGE_ROW + digits(nodes.saturating_mul(6))));
    let strings = match text {
        Some(text) => text.saturating_sub(rows),
        None => nodes.saturating_mul(STRINGS_PER_NODE),
    };
    let columns = nodes
        .saturating_mul(NODE_TENTHS)
        .saturating_add(edges.saturating_mul(EDGE_TENTHS))
        / 10;
    columns.saturating_add(strings).saturating_add(BASE)
}

/// Digits of most numbers up to this one.
const fn digits(highest: u64) -> u64 {
    match highest.checked_ilog10() {
        Some(digits) => digits as u64 + 1,
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use stanch_heap_snapshot::Announced;

    use super::{BASE, memory_needed};

    #[test]
    fn more_is_needed_for_more() {
        let needed = |nodes, edges, text| memory_needed(Announced { nodes, edges }, text) - BASE;
        assert_eq!(needed(0, 0, None), 0);
        assert_eq!(needed(1000, 0, None), 47_000 + 10_000);
        assert_eq!(needed(1000, 10_000, None), 57_000 + 98_000);
        let rows = 1000 * (8 + 2 * 4) + 10_000 * (6 + 4);
        assert_eq!(needed(1000, 10_000, Some(rows + 5_000)), 150_000);
    }

    #[test]
    fn a_text_is_not_believed_to_hold_more_than_it_can() {
        let (nodes, edges) = (u64::MAX, u64::MAX);
        let lie = Announced { nodes, edges };
        assert!(memory_needed(lie, Some(1000)) < BASE + 7 * 1000);
        assert!(memory_needed(lie, None) > 1 << 60);
        let modest = Announced { nodes: 0, edges: 0 };
        assert_eq!(memory_needed(modest, Some(1000)), BASE + 1000);
    }
}
