//! A heap snapshot into the class groups that the crate v8-heap-parser computes, largest first.
//!
//! The groups need dominators and retained sizes, so one call runs all of the crate's stages.

use std::error::Error;
use std::fs;

/// Groups printed.
const SHOWN: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os()
        .nth(1)
        .ok_or("usage: peer-v8-heap-parser SNAPSHOT")?;
    let graph = v8_heap_parser::decode_slice(&fs::read(file)?)?;
    let retained = graph.retained_size(graph.root_index);
    println!(
        "{} nodes, {retained} bytes retained by the root",
        graph.nodes().len()
    );
    for group in graph.get_class_groups(false).iter().take(SHOWN) {
        let name = graph
            .get_node(group.index)
            .map_or("", |node| node.class_name());
        let count = group.nodes.len();
        println!(
            "{:>12} bytes retained by {count:>8} of {name}",
            group.retained_size
        );
    }
    Ok(())
}
