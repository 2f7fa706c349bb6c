//! Why the biggest object of a class is alive: one of the shortest paths to it from a global object.
//!
//! ```text
//! cargo run --release -p stanch-heap-graph --example path -- FILE.heapsnapshot CLASS
//! ```
//!
//! In the place of a class `@ID` names one object.

use std::fs::File;

use stanch_heap_graph::{EdgeKind, HeapGraph, NodeId, Ordinal};
use stanch_heap_snapshot::Snapshot;

const USAGE: &str = "usage: path FILE.heapsnapshot CLASS|@ID";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (file, wanted) = (
        arguments.next().ok_or(USAGE)?,
        arguments.next().ok_or(USAGE)?,
    );
    let graph = HeapGraph::build(Snapshot::read(File::open(file)?)?)?;
    let node = match wanted.strip_prefix('@') {
        Some(id) => graph.find_by_id(NodeId(id.parse()?)),
        None => biggest_of(&graph, &wanted),
    };
    let node = node.ok_or_else(|| format!("there is no {wanted}"))?;
    for line in path(&graph, node).iter().rev() {
        println!("{line}");
    }
    println!("holds {} bytes", graph.retained_size(node));
    Ok(())
}

fn biggest_of(graph: &HeapGraph, class: &str) -> Option<Ordinal> {
    graph
        .ordinals()
        .filter(|node| graph.class_name(*node) == class)
        .max_by_key(|node| graph.retained_size(*node))
}

/// From the object upwards: at each step the retainer that is nearest to a global object.
fn path(graph: &HeapGraph, node: Ordinal) -> Vec<String> {
    let mut lines = Vec::new();
    let mut node = node;
    loop {
        let object = format!("{} {}", graph.class_name(node), graph.id(node));
        let retainers = graph
            .retainers(node)
            .filter(|retainer| retainer.kind != EdgeKind::Weak);
        let nearer = retainers.filter(|retainer| {
            let distance = graph.distance(retainer.from);
            distance >= 0 && distance < graph.distance(node)
        });
        let nearest = nearer.min_by_key(|retainer| graph.distance(retainer.from));
        let Some(retainer) = nearest else {
            lines.push(object);
            return lines;
        };
        lines.push(format!("{}: {object}", retainer.name));
        node = retainer.from;
    }
}
