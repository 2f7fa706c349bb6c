//! The state "detached from the page" spread over native nodes, and written into their names.

use std::collections::HashMap;

use stanch_heap_snapshot::{EdgeKind, NodeKind, Snapshot, StringId};

use crate::bits::Bits;

const ATTACHED: u8 = 1;
const DETACHED: u8 = 2;

/// Puts `Detached ` before the names of native nodes that are detached, or hang on such a node and
/// on none that is attached.
///
/// Only the embedder knows the state of its objects, so it spreads over native nodes and stops at
/// JavaScript. Node says so of handles whose JavaScript side is gone.
pub(crate) fn mark_detached(snapshot: &mut Snapshot) {
    let mut marks = Marks {
        visited: Bits::new(snapshot.node_count()),
        attached: Vec::new(),
        detached: Vec::new(),
        renamed: HashMap::new(),
    };
    for (node, state) in snapshot.nodes().detachedness().to_vec() {
        marks.set(snapshot, node, state);
    }
    while let Some(node) = marks.attached.pop() {
        marks.spread(snapshot, node, ATTACHED);
    }
    while let Some(node) = marks.detached.pop() {
        marks.spread(snapshot, node, DETACHED);
    }
}

struct Marks {
    visited: Bits,
    attached: Vec<u32>,
    detached: Vec<u32>,
    /// Names with the prefix, by the name without.
    renamed: HashMap<StringId, StringId>,
}

impl Marks {
    fn spread(&mut self, snapshot: &mut Snapshot, node: u32, state: u8) {
        for edge in snapshot.edges_of(node) {
            let target = snapshot.edges().targets()[edge];
            if !matches!(
                target.kind(),
                EdgeKind::Hidden | EdgeKind::Invisible | EdgeKind::Weak
            ) {
                self.set(snapshot, target.to(), state);
            }
        }
    }

    fn set(&mut self, snapshot: &mut Snapshot, node: u32, state: u8) {
        if self.visited.has(node) {
            return;
        }
        self.visited.insert(node);
        if snapshot.nodes().kind(node) != NodeKind::Native {
            return;
        }
        match state {
            ATTACHED => self.attached.push(node),
            DETACHED => {
                let name = snapshot.nodes().name(node);
                let renamed = *self.renamed.entry(name).or_insert_with(|| {
                    let text = format!("Detached {}", snapshot.strings().get(name));
                    snapshot.add_string(&text)
                });
                snapshot.rename(node, renamed);
                self.detached.push(node);
            }
            _ => {}
        }
    }
}
