//! The last graph and the earlier ids into every node's age and, for backing stores, the object that owns them.

use stanch_heap_graph::{EdgeKind, HeapGraph, NodeKind, Ordinal};

use crate::series::Census;

/// When every node of the last graph was born, and whose part it is.
#[derive(Debug)]
pub(crate) struct Ages<'g> {
    graph: &'g HeapGraph,
    /// 0 for a node of the first snapshot, else the number of the first snapshot that has it; empty if all are 0.
    born: Vec<u8>,
    /// The object whose backing store a node is, or the node itself; empty if that is to be found out when asked.
    owner: Vec<Ordinal>,
    /// The newcomer below whose holder a newcomer hangs; for other nodes the node itself; empty without newcomers.
    top: Vec<Ordinal>,
    snapshots: usize,
}

impl<'g> Ages<'g> {
    /// Ages of a graph without earlier ones: every node was there from the first.
    pub(crate) fn settled(graph: &'g HeapGraph) -> Self {
        let (born, owner, top) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            graph,
            born,
            owner,
            top,
            snapshots: 1,
        }
    }

    pub(crate) fn of(earlier: &[Census], graph: &'g HeapGraph) -> Self {
        Self::from_births(births(earlier, graph), earlier.len() + 1, graph)
    }

    fn from_births(born: Vec<u8>, snapshots: usize, graph: &'g HeapGraph) -> Self {
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
        Self {
            graph,
            born,
            owner,
            top,
            snapshots,
        }
    }

    /// Whether every way from the root to `below` leads through `above`.
    pub(crate) fn dominates(&self, above: Ordinal, below: Ordinal) -> bool {
        self.graph.dominates(above, below)
    }

    /// Number of steps between snapshots.
    pub(crate) fn steps(&self) -> usize {
        self.snapshots - 1
    }

    /// The step in which a newcomer was born, from 0; none for old objects and for backing stores of old objects.
    pub(crate) fn step(&self, node: Ordinal) -> Option<usize> {
        let step = self.step_of_bytes(node)?;
        (self.owner(node) == node).then_some(step)
    }

    /// The step in which a node's bytes came, backing stores of old objects included.
    pub(crate) fn step_of_bytes(&self, node: Ordinal) -> Option<usize> {
        let born = self.born.get(index(node)).copied().unwrap_or(0);
        usize::from(born).checked_sub(1)
    }

    /// The object whose backing store `node` is, or `node`.
    pub(crate) fn owner(&self, node: Ordinal) -> Ordinal {
        match self.owner.get(index(node)) {
            Some(owner) => *owner,
            None => settled_owner(self.graph, node),
        }
    }

    /// The outermost newcomer above and including a newcomer.
    pub(crate) fn top(&self, node: Ordinal) -> Ordinal {
        self.top.get(index(node)).copied().unwrap_or(node)
    }

    /// Whether `node` was there at the first snapshot or stores what such a node holds.
    pub(crate) fn is_settled(&self, node: Ordinal) -> bool {
        self.step(node).is_none()
    }
}

/// The object whose backing store `node` is, or `node`, where all nodes are old.
fn settled_owner(graph: &HeapGraph, node: Ordinal) -> Ordinal {
    let mut owner = node;
    loop {
        let above = graph.immediate_dominator(owner);
        let is_part = graph.kind(owner) == NodeKind::Synthetic
            || is_store(graph, owner) && holds(graph, above, owner);
        if above == owner || !is_part {
            return owner;
        }
        owner = above;
    }
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
    let mut edges = graph.edges_between(from, to);
    edges.any(|edge| edge.kind != EdgeKind::Weak)
}

pub(crate) fn index(ordinal: Ordinal) -> usize {
    ordinal.0 as usize
}
