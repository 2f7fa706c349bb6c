//! The edges turned around: for each node, who refers to it.

use stanch_heap_snapshot::Snapshot;

/// Edges by target, in the order of the file.
#[derive(Debug)]
pub(crate) struct Retainers {
    /// Retainers of node `n` are `first[n]..first[n + 1]`.
    pub(crate) first: Vec<u32>,
    /// The source of each.
    pub(crate) from: Vec<u32>,
    /// The edge of each, as a position in the snapshot.
    pub(crate) edge: Vec<u32>,
}

impl Retainers {
    /// Sorts the edges by target.
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let (nodes, edges) = (snapshot.node_count(), snapshot.edge_count());
        let mut first = vec![0_u32; nodes + 1];
        for &to in &snapshot.edges.to {
            first[to as usize + 1] += 1;
        }
        for node in 0..nodes {
            first[node + 1] += first[node];
        }
        let mut next = first.clone();
        let mut from = vec![0; edges];
        let mut edge = vec![0; edges];
        for source in 0..nodes as u32 {
            for at in snapshot.edges_of(source) {
                let slot = &mut next[snapshot.edges.to[at] as usize];
                from[*slot as usize] = source;
                edge[*slot as usize] = at as u32;
                *slot += 1;
            }
        }
        Self { first, from, edge }
    }

    /// Positions of a node's retainers in `from` and `edge`.
    pub(crate) fn of_node(&self, node: u32) -> std::ops::Range<usize> {
        self.first[node as usize] as usize..self.first[node as usize + 1] as usize
    }
}
