//! Which edges keep their target alive on their own: the only ones dominators see.

use stanch_heap_snapshot::{EdgeKind, Snapshot, StringId};

use crate::bits::Bits;
use crate::page_owned::page_owned;
use crate::weak_pairs::WeakPairs;

/// The essential edges, by their position in the snapshot.
pub(crate) fn essential_edges(snapshot: &Snapshot, pairs: &WeakPairs) -> Bits {
    let owned = page_owned(snapshot);
    let mut essential = Bits::new(snapshot.edge_count());
    for from in 0..snapshot.node_count() as u32 {
        let id = snapshot.nodes.id[from as usize];
        for edge in snapshot.edges_of(from) {
            let to = snapshot.edges.to[edge];
            let kind = snapshot.edges.kind[edge];
            // The value of a WeakMap entry lives as long as the map and the key do. Of the two
            // edges to it the key's says more, so the table's is left out.
            let table_half = kind == EdgeKind::Internal
                && pairs
                    .get(StringId(snapshot.edges.name_or_index[edge]))
                    .is_some_and(|pair| pair.table == id);
            if table_half || kind == EdgeKind::Weak || from == to {
                continue;
            }
            // A debugger's hold on the program's objects must not move their dominators. The root
            // is neither; its shortcuts mark the global objects.
            let debugger_hold = owned.has(to as usize) && !owned.has(from as usize);
            if from != snapshot.root && (kind == EdgeKind::Shortcut || debugger_hold) {
                continue;
            }
            essential.insert(edge);
        }
    }
    essential
}
