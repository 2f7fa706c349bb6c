//! Any bytes, taken for two sketches of a heap, into graphs whose every number is the defined one.

#![no_main]

#[path = "../../crates/heap-graph/tests/definition/mod.rs"]
mod definition;

use libfuzzer_sys::fuzz_target;
use stanch_heap_graph::{HeapGraph, compare};

/// Nodes of one heap: the definition takes time with their square.
const MOST: u32 = 40;

fuzz_target!(|bytes: &[u8]| {
    let (one, other) = bytes.split_at(bytes.len() / 2);
    let [base, current] = [one, other].map(checked);
    let changes = compare(&base, &current);
    if let Err(difference) = definition::classes::check_changes(&base, &current, &changes) {
        panic!("{difference}");
    }
});

fn checked(bytes: &[u8]) -> HeapGraph {
    let snapshot = definition::draft::sketch(bytes, MOST).snapshot();
    let snapshot = snapshot.expect("a sketch is written as it is read");
    let graph = HeapGraph::build(snapshot).expect("what the parser gives fits together");
    if let Err(difference) = definition::check(&graph) {
        panic!("{difference}");
    }
    let sizes: u64 = graph.ordinals().map(|node| graph.raw_self_size(node)).sum();
    assert_eq!(graph.retained_size(graph.root()), sizes);
    graph
}
