//! Nodes that belong to the program, not to a debugger looking at it.

use stanch_heap_snapshot::{EdgeKind, Snapshot};

use crate::bits::Bits;
use crate::graph::is_document_trees;

/// What is reachable over strong edges from the global objects and the document trees, which the
/// root marks with shortcut edges and names.
pub(crate) fn page_owned(snapshot: &Snapshot) -> Bits {
    let mut owned = Bits::new(snapshot.node_count());
    let mut open = Vec::new();
    for edge in snapshot.edges_of(snapshot.root) {
        let to = snapshot.edges.to[edge];
        let seed = match snapshot.edges.kind[edge] {
            EdgeKind::Shortcut => true,
            EdgeKind::Element => is_document_trees(snapshot, to),
            _ => false,
        };
        if seed {
            owned.insert(to as usize);
            open.push(to);
        }
    }
    while let Some(node) = open.pop() {
        for edge in snapshot.edges_of(node) {
            let to = snapshot.edges.to[edge];
            if snapshot.edges.kind[edge] != EdgeKind::Weak && !owned.has(to as usize) {
                owned.insert(to as usize);
                open.push(to);
            }
        }
    }
    owned
}
