//! Dominators and retained sizes of random graphs against their definition.

use proptest::prelude::*;
use stanch_heap_graph::{EdgeKind, HeapGraph, NodeKind, Ordinal};
use stanch_heap_snapshot::testing::HeapSketch;

/// A heap of synthetic nodes, so that neither ownership nor the page's marks come into play. Some
/// edges are weak. Every node gets an edge from an earlier one, or stays without; what only a
/// cycle holds is a rule of its own and tested apart.
fn heaps() -> impl Strategy<Value = HeapSketch> {
    (2_u32..24).prop_flat_map(|nodes| {
        let edges = prop::collection::vec((0..nodes, 0..nodes, prop::bool::weighted(0.15)), 0..60);
        let holders = prop::collection::vec(
            prop::option::weighted(0.9, any::<prop::sample::Index>()),
            nodes as usize - 1,
        );
        (edges, holders, Just(nodes))
            .prop_map(|(edges, holders, nodes)| draw(nodes, &edges, &holders))
    })
}

fn draw(
    nodes: u32,
    edges: &[(u32, u32, bool)],
    holders: &[Option<prop::sample::Index>],
) -> HeapSketch {
    let mut sketch = HeapSketch::new();
    for node in 1..nodes {
        sketch.node(NodeKind::Synthetic, "", 1 << node);
    }
    for (node, holder) in (1..).zip(holders) {
        if let Some(holder) = holder {
            sketch.edge(
                holder.index(node as usize) as u32,
                EdgeKind::Internal,
                "x",
                node,
            );
        }
    }
    for &(from, to, weak) in edges {
        let kind = if weak {
            EdgeKind::Weak
        } else {
            EdgeKind::Internal
        };
        sketch.edge(from, kind, "x", to);
    }
    sketch
}

/// What the root reaches without passing `removed`; nodes that nothing holds count as its children.
fn reached(graph: &HeapGraph, removed: Option<Ordinal>) -> Vec<bool> {
    let mut reached = vec![false; graph.node_count()];
    let held = |node: Ordinal| graph.retainers(node).any(|retainer| retainer.essential);
    let orphans = graph.ordinals().filter(|node| !held(*node));
    let mut open: Vec<Ordinal> = orphans.chain([graph.root()]).collect();
    while let Some(node) = open.pop() {
        if Some(node) == removed || reached[node.index()] {
            continue;
        }
        reached[node.index()] = true;
        open.extend(
            graph
                .edges(node)
                .filter(|edge| edge.essential)
                .map(|edge| edge.to),
        );
    }
    reached
}

proptest! {
    #[test]
    fn what_a_node_retains_is_what_falls_away_without_it(sketch in heaps()) {
        let graph = HeapGraph::build(sketch.snapshot()?)?;
        let all = reached(&graph, None);
        for node in graph.ordinals().filter(|node| *node != graph.root() && all[node.index()]) {
            let rest = reached(&graph, Some(node));
            // Sizes are distinct powers of two, so a sum names its members.
            let lost = graph.ordinals().filter(|other| all[other.index()] && !rest[other.index()]);
            let lost: u64 = lost.map(|other| graph.self_size(other)).sum();
            prop_assert_eq!(graph.retained_size(node), lost);
        }
        for node in graph.ordinals().filter(|node| !all[node.index()]) {
            prop_assert_eq!(graph.immediate_dominator(node), graph.root());
        }
    }

    #[test]
    fn the_preorder_has_each_subtree_behind_its_node(sketch in heaps()) {
        let graph = HeapGraph::build(sketch.snapshot()?)?;
        let order = graph.dominator_preorder();
        let mut path = Vec::new();
        for &node in order {
            while path.last().is_some_and(|last| *last != graph.immediate_dominator(node)) {
                path.pop();
            }
            prop_assert!(node == graph.root() || !path.is_empty());
            path.push(node);
        }
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        prop_assert!(sorted.into_iter().eq(graph.ordinals()));
    }
}
