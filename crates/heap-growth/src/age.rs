//! The last graph and the earlier ids into every node's age and, for backing stores, the object that owns them.

use stanch_heap_graph::{EdgeKind, HeapGraph, NodeKind, Ordinal};

use crate::series::Census;

/// When every node of the last graph was born, and whose part it is.
#[derive(Debug)]
pub(crate) struct Ages {
    /// 0 for a node of the first snapshot, else the number of the first snapshot that has it.
    born: Vec<u8>,
    /// The object whose backing store a node is, or the node itself.
    owner: Vec<Ordinal>,
    /// The newcomer below whose holder a newcomer hangs; for other nodes the node itself.
    top: Vec<Ordinal>,
    snapshots: usize,
    /// Position of each node in the dominator tree's preorder, and the position behind its last descendant.
    enter: Vec<u32>,
    leave: Vec<u32>,
}

impl Ages {
    /// Ages of a graph without earlier ones: every node was there from the first.
    pub(crate) fn settled(graph: &HeapGraph) -> Self {
        Self::from_births(vec![0; graph.node_count()], 1, graph)
    }

    pub(crate) fn of(earlier: &[Census], graph: &HeapGraph) -> Self {
        Self::from_births(births(earlier, graph), earlier.len() + 1, graph)
    }

    fn from_births(born: Vec<u8>, snapshots: usize, graph: &HeapGraph) -> Self {
        let mut owner: Vec<Ordinal> = graph.ordinals().collect();
        let mut top = owner.clone();
        // Dominators come before what they dominate, so one pass settles owners and tops.
        for &node in graph.dominator_preorder() {
            let above = graph.immediate_dominator(node);
            if above == node {
                continue;
            }
            let settled_above = born[index(above)] == 0 || owner[index(above)] != above;
            if graph.kind(node) == NodeKind::Synthetic {
                // The twins of native handles get new ids each time; what they hold hangs on what holds them.
                owner[index(node)] = owner[index(above)];
            } else if is_store(graph, node)
                && (settled_above || born[index(node)] == 0)
                && holds(graph, above, node)
            {
                owner[index(node)] = owner[index(above)];
            } else if born[index(node)] > 0 && !settled_above {
                top[index(node)] = top[index(above)];
            }
        }
        let (enter, leave) = spans(graph);
        Self {
            born,
            owner,
            top,
            snapshots,
            enter,
            leave,
        }
    }

    /// Whether every way from the root to `below` leads through `above`.
    pub(crate) fn dominates(&self, above: Ordinal, below: Ordinal) -> bool {
        (self.enter[index(above)]..self.leave[index(above)]).contains(&self.enter[index(below)])
    }

    /// Number of steps between snapshots.
    pub(crate) fn steps(&self) -> usize {
        self.snapshots - 1
    }

    /// The step in which a newcomer was born, from 0; none for old objects and for backing stores of old objects.
    pub(crate) fn step(&self, node: Ordinal) -> Option<usize> {
        let born = usize::from(self.born[index(node)]);
        (born > 0 && self.owner[index(node)] == node).then(|| born - 1)
    }

    /// The step in which a node's bytes came, backing stores of old objects included.
    pub(crate) fn step_of_bytes(&self, node: Ordinal) -> Option<usize> {
        usize::from(self.born[index(node)]).checked_sub(1)
    }

    /// The object whose backing store `node` is, or `node`.
    pub(crate) fn owner(&self, node: Ordinal) -> Ordinal {
        self.owner[index(node)]
    }

    /// The outermost newcomer above and including a newcomer.
    pub(crate) fn top(&self, node: Ordinal) -> Ordinal {
        self.top[index(node)]
    }

    /// Whether `node` was there at the first snapshot or stores what such a node holds.
    pub(crate) fn is_settled(&self, node: Ordinal) -> bool {
        self.step(node).is_none()
    }
}

fn spans(graph: &HeapGraph) -> (Vec<u32>, Vec<u32>) {
    let mut enter = vec![0; graph.node_count()];
    let mut leave = vec![0; graph.node_count()];
    for (position, &node) in (0_u32..).zip(graph.dominator_preorder()) {
        enter[index(node)] = position;
        leave[index(node)] = position + 1;
    }
    for &node in graph.dominator_preorder().iter().rev() {
        let above = index(graph.immediate_dominator(node));
        leave[above] = leave[above].max(leave[index(node)]);
    }
    (enter, leave)
}

fn births(earlier: &[Census], graph: &HeapGraph) -> Vec<u8> {
    let last = u8::try_from(earlier.len()).unwrap_or(u8::MAX);
    graph
        .ordinals()
        .map(|ordinal| {
            let id = graph.id(ordinal).0;
            let first = earlier.iter().position(|census| census.has(id));
            first
                .and_then(|step| u8::try_from(step).ok())
                .unwrap_or(last)
        })
        .collect()
}

/// Whether a node is the memory in which V8 keeps another object's entries, elements or properties.
///
/// V8 replaces it by a larger one as the owner grows, so its own age says nothing.
pub(crate) fn is_store(graph: &HeapGraph, node: Ordinal) -> bool {
    match graph.kind(node) {
        NodeKind::Array => true,
        NodeKind::Hidden | NodeKind::Native => matches!(
            graph.name(node),
            "system / PropertyArray"
                | "system / EphemeronHashTable"
                | "system / ArrayList"
                | "system / FixedArray"
        ),
        _ => false,
    }
}

fn holds(graph: &HeapGraph, from: Ordinal, to: Ordinal) -> bool {
    graph
        .retainers(to)
        .any(|retainer| retainer.from == from && retainer.kind != EdgeKind::Weak)
}

pub(crate) fn index(ordinal: Ordinal) -> usize {
    ordinal.0 as usize
}
