//! The ten objects of a heap snapshot that hold the most memory.
//!
//! ```text
//! cargo run --release -p stanch-heap-graph --example biggest -- FILE.heapsnapshot
//! ```

use std::cmp::Reverse;
use std::fs::File;

use stanch_heap_graph::{HeapGraph, NodeKind, Ordinal};
use stanch_heap_snapshot::Snapshot;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args()
        .nth(1)
        .ok_or("usage: biggest FILE.heapsnapshot")?;
    let graph = HeapGraph::build(Snapshot::read(File::open(file)?)?)?;
    // The root and the groups under it hold everything, which says nothing.
    let told = |node: &Ordinal| graph.kind(*node) != NodeKind::Synthetic;
    let mut nodes: Vec<Ordinal> = graph.ordinals().filter(told).collect();
    nodes.sort_by_key(|node| Reverse(graph.retained_size(*node)));
    println!("{:>14} {:>12}  object", "retained", "self");
    for node in nodes.into_iter().take(10) {
        let (retained, own) = (graph.retained_size(node), graph.self_size(node));
        println!(
            "{retained:>14} {own:>12}  {} {}",
            graph.class_name(node),
            graph.id(node)
        );
    }
    println!("{:>14} {:>12}  in all", graph.total_size(), "");
    Ok(())
}
