//! What building a graph costs, stage by stage.
//!
//! ```text
//! STANCH_BENCH_HEAP=FILE.heapsnapshot cargo bench -p stanch-heap-graph
//! ```
//!
//! Without a file it builds a made-up heap, whose shape is far simpler than that of any program.

use std::fs::File;

use divan::Bencher;
use divan::counter::ItemsCount;
use stanch_heap_graph::stages::Stages;
use stanch_heap_graph::{EdgeKind, HeapGraph, NodeKind};
use stanch_heap_snapshot::testing::HeapSketch;
use stanch_heap_snapshot::{Snapshot, SnapshotError};

fn main() {
    divan::main();
}

fn heap() -> Snapshot {
    let heap = match std::env::var_os("STANCH_BENCH_HEAP") {
        Some(path) => match File::open(&path) {
            Ok(file) => Snapshot::read(file),
            Err(source) => Err(SnapshotError::Read { offset: 0, source }),
        },
        None => made_up(100_000).snapshot(),
    };
    match heap {
        Ok(heap) => heap,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

/// Records in a list, each with a class that all share, a text and a back reference.
fn made_up(records: u32) -> HeapSketch {
    let mut sketch = HeapSketch::new();
    let global = sketch.node(NodeKind::Object, "global", 64);
    sketch.edge(HeapSketch::ROOT, EdgeKind::Shortcut, "global", global);
    let class = sketch.node(NodeKind::ObjectShape, "system / Map", 40);
    let store = sketch.node(NodeKind::Array, "", 8);
    sketch.edge(global, EdgeKind::Property, "list", store);
    let mut random = 1_u32;
    for index in 0..records {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let record = sketch.node(NodeKind::Object, "Record", 32);
        let text = sketch.node(NodeKind::String, "text", 24);
        sketch.element(store, index, record);
        sketch.edge(record, EdgeKind::Internal, "map", class);
        sketch.edge(record, EdgeKind::Property, "text", text);
        let other = random % (2 * index + 1) + class;
        sketch.edge(record, EdgeKind::Property, "parent", other);
    }
    sketch
}

#[divan::bench]
fn all(bencher: Bencher<'_, '_>) {
    let heap = heap();
    let edges = ItemsCount::new(heap.edge_count());
    let bencher = bencher.counter(edges).with_inputs(|| heap.clone());
    bencher.bench_local_values(HeapGraph::build);
}

#[divan::bench]
fn class_table(bencher: Bencher<'_, '_>) {
    let Ok(graph) = HeapGraph::build(heap()) else {
        return;
    };
    let nodes = ItemsCount::new(graph.node_count());
    bencher.counter(nodes).bench_local(|| graph.classes());
}

macro_rules! stage {
    ($name:ident, |$stages:ident| $work:expr) => {
        #[divan::bench]
        fn $name(bencher: Bencher<'_, '_>) {
            let heap = heap();
            let edges = ItemsCount::new(heap.edge_count());
            let $stages = Stages::new(heap);
            bencher.counter(edges).bench_local(|| $work);
        }
    };
}

stage!(walk, |stages| stages.walk());
stage!(retainers, |stages| stages.retainers());
stage!(distances, |stages| stages.distances());
stage!(class_names, |stages| stages.class_names());

#[divan::bench]
fn self_sizes(bencher: Bencher<'_, '_>) {
    let heap = heap();
    let edges = ItemsCount::new(heap.edge_count());
    let stages = Stages::new(heap);
    let retainers = stages.retainers();
    let bencher = bencher.counter(edges);
    bencher.bench_local(|| stages.self_sizes(&retainers));
}

#[divan::bench]
fn dominators(bencher: Bencher<'_, '_>) {
    let heap = heap();
    let edges = ItemsCount::new(heap.edge_count());
    let stages = Stages::new(heap);
    let retainers = stages.retainers();
    let bencher = bencher.counter(edges).with_inputs(|| stages.walk());
    bencher.bench_local_values(|walk| stages.dominators(&retainers, walk));
}

#[divan::bench]
fn tree(bencher: Bencher<'_, '_>) {
    let heap = heap();
    let nodes = ItemsCount::new(heap.node_count());
    let stages = Stages::new(heap);
    let retainers = stages.retainers();
    let sizes = stages.self_sizes(&retainers);
    let bencher = bencher.counter(nodes);
    let bencher = bencher.with_inputs(|| stages.dominators(&retainers, stages.walk()));
    bencher.bench_local_values(|dominators| stages.tree(dominators, &sizes));
}
