//! What grows between the heap snapshots given as arguments, in the order in which they were taken.

use std::error::Error;
use std::fs::File;
use std::io::BufReader;

use stanch_heap_graph::HeapGraph;
use stanch_heap_growth::Series;
use stanch_heap_snapshot::Snapshot;

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let Some((last, earlier)) = files.split_last() else {
        return Err("usage: growth FIRST.heapsnapshot … LAST.heapsnapshot".into());
    };
    let mut series = Series::new();
    for file in earlier {
        series.add(&read(file)?, 0);
    }
    for holder in series.growth(&read(last)?, 0).holders.iter().take(5) {
        let name = holder
            .headline
            .anchor
            .as_ref()
            .map_or("(runtime)".to_owned(), |anchor| anchor.qualified());
        let pattern = holder.pattern.map_or("no pattern", |pattern| pattern.id());
        println!(
            "{name}: {} · {pattern} ({}) · {:.0} %",
            holder.class,
            holder.confidence,
            holder.share * 100.0
        );
        println!(
            "    members {:?}, bytes {:?}: {}",
            holder.count, holder.retained, holder.reason
        );
        for step in &holder.path {
            println!("    {} {}", step.name, step.class);
        }
        for place in holder.places.iter().take(3) {
            println!(
                "    {} at {}:{}",
                place.name,
                place.place.url,
                place.place.line + 1
            );
        }
    }
    Ok(())
}

fn read(file: &str) -> Result<HeapGraph, Box<dyn Error>> {
    let snapshot = Snapshot::read(BufReader::new(File::open(file)?))?;
    Ok(HeapGraph::build(snapshot)?)
}
