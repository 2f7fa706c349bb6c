//! Self sizes after each helper object handed its bytes to the one object that uses it.

use stanch_heap_snapshot::{EdgeKind, NodeKind, Snapshot};

use crate::graph::{ids_of, is_user_root};

/// No owner was met.
const NOBODY: u32 = u32::MAX;
/// More than one owner was met.
const SEVERAL: u32 = u32::MAX - 1;

/// Self sizes in bytes by node: V8's hidden objects, backing stores and external string data count
/// for the one object from which they are reached, if it is one.
///
/// A snapshot that exposes internals has no user root, and keeps its sizes as they are.
pub(crate) fn self_sizes(snapshot: &Snapshot) -> Vec<u64> {
    let mut sizes = snapshot.nodes.self_size.clone();
    let mut roots = snapshot
        .edges_of(snapshot.root)
        .map(|edge| snapshot.edges.to[edge]);
    if !roots.any(|node| is_user_root(snapshot, node)) {
        return sizes;
    }
    for (node, owner) in owners(snapshot).into_iter().enumerate() {
        let given = owner != NOBODY && owner != SEVERAL && owner as usize != node;
        if !given || owner == snapshot.root {
            continue;
        }
        if snapshot.nodes.kind[owner as usize] != NodeKind::Synthetic {
            let size = std::mem::take(&mut sizes[node]);
            let total = &mut sizes[owner as usize];
            *total = total.saturating_add(size);
        }
    }
    sizes
}

fn owners(snapshot: &Snapshot) -> Vec<u32> {
    let external_data = ids_of(&snapshot.strings, "system / ExternalStringData");
    let nodes = &snapshot.nodes;
    let mut owner = Vec::with_capacity(snapshot.node_count());
    let mut open = Vec::new();
    for (node, (kind, name)) in (0..).zip(nodes.kind.iter().zip(&nodes.name)) {
        let helper = match kind {
            NodeKind::Hidden | NodeKind::Array => true,
            NodeKind::Native => external_data.contains(name),
            _ => false,
        };
        if helper {
            owner.push(NOBODY);
        } else {
            owner.push(node);
            open.push(node);
        }
    }
    // Each helper is visited twice at most: when it gets its first owner, and its second.
    while let Some(node) = open.pop() {
        let passed_on = owner[node as usize];
        for edge in snapshot.edges_of(node) {
            if snapshot.edges.kind[edge] == EdgeKind::Weak {
                continue;
            }
            let to = snapshot.edges.to[edge];
            let known = owner[to as usize];
            if known == NOBODY {
                owner[to as usize] = passed_on;
                open.push(to);
            } else if known != to && known != passed_on && known != SEVERAL {
                owner[to as usize] = SEVERAL;
                open.push(to);
            }
        }
    }
    owner
}
