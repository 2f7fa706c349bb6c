//! Why an object is alive: one of the shortest paths to it from a global object.
//!
//! ```text
//! cargo run --example path -- FILE.heapsnapshot ID
//! ```

use std::fs::File;

use stanch_heap_graph::{EdgeKind, HeapGraph, NodeId, Ordinal};
use stanch_heap_snapshot::Snapshot;

const USAGE: &str = "usage: path FILE.heapsnapshot ID";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or(USAGE)?;
    let id: u64 = arguments
        .next()
        .ok_or(USAGE)?
        .trim_start_matches('@')
        .parse()?;
    let graph = HeapGraph::build(Snapshot::read(File::open(file)?)?)?;
    let node = graph
        .find_by_id(NodeId(id))
        .ok_or("no object has this id")?;
    for line in path(&graph, node).iter().rev() {
        println!("{line}");
    }
    Ok(())
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
