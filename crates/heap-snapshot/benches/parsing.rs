//! What reading a snapshot costs, as a whole and step by step.
//!
//! ```text
//! cargo bench -p stanch-heap-snapshot
//! STANCH_BENCH_HEAP=FILE.heapsnapshot cargo bench -p stanch-heap-snapshot
//! ```

use std::fmt::Write;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use stanch_heap_snapshot::stages::{EdgeRows, Way};
use stanch_heap_snapshot::{Snapshot, SnapshotParser};

fn main() {
    divan::main();
}

/// The file that `STANCH_BENCH_HEAP` names, or a made-up heap of some 25 MB.
fn heap() -> Vec<u8> {
    let named = std::env::var_os("STANCH_BENCH_HEAP").and_then(|path| std::fs::read(path).ok());
    named.unwrap_or_else(|| made_up(200_000).into_bytes())
}

fn header(nodes: u64) -> String {
    format!(
        concat!(
            r#"{{"meta":{{"node_fields":["type","name","id","self_size","edge_count"],"#,
            r#""node_types":[["object"],"string","number","number","number"],"#,
            r#""edge_fields":["type","name_or_index","to_node"],"#,
            r#""edge_types":[["property"],"string_or_number","node"]}},"node_count":{},"edge_count":{}}}"#
        ),
        nodes,
        nodes * 6
    )
}

fn made_up(nodes: u64) -> String {
    let mut text = format!("{{\"snapshot\":{},\"nodes\":[", header(nodes));
    let row = |text: &mut String, row: &[u64]| {
        row.iter().for_each(|number| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{number},");
        });
    };
    for node in 0..nodes {
        row(
            &mut text,
            &[0, node % 40, node * 2 + 1, 16 << (node % 5), 6],
        );
    }
    text.pop();
    text += "],\"edges\":[";
    for edge in 0..nodes * 6 {
        let to = edge.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        row(&mut text, &[0, edge % 40, to % nodes * 5]);
    }
    text.pop();
    let strings: Vec<String> = (0..40).map(|name| format!("\"name{name}\"")).collect();
    text += &format!("],\"strings\":[{}]}}", strings.join(","));
    text
}

#[divan::bench]
fn read(bencher: Bencher<'_, '_>) {
    let heap = heap();
    let bytes = BytesCount::new(heap.len());
    let read = || Snapshot::read(black_box(heap.as_slice()));
    bencher.counter(bytes).bench_local(read);
}

#[divan::bench]
fn push_on_one_thread(bencher: Bencher<'_, '_>) {
    let heap = heap();
    let bytes = BytesCount::new(heap.len());
    let push = || {
        let mut parser = SnapshotParser::new();
        for chunk in heap.chunks(256 << 10) {
            parser.push(black_box(chunk))?;
        }
        parser.finish()
    };
    bencher.counter(bytes).bench_local(push);
}

/// A quarter of a megabyte of edges.
fn edges() -> EdgeRows {
    let text = made_up(NODES);
    let start = text.find("\"edges\":[").map_or(0, |at| at + 9);
    let rows = &text.as_bytes()[start..start + (256 << 10)];
    let commas: Vec<usize> = (0..rows.len()).filter(|at| rows[*at] == b',').collect();
    let whole = commas[commas.len() / 3 * 3 - 1] + 1;
    let rows = EdgeRows::new(&header(NODES), rows[..whole].to_vec(), NODES as usize);
    rows.unwrap_or_else(|problem| {
        eprintln!("{problem}");
        std::process::exit(1);
    })
}

/// Nodes of the heap whose edges are read; most of their positions have seven digits.
const NODES: u64 = 1_000_000;

#[divan::bench(args = [Way::Portable, Way::Fastest])]
fn commas(bencher: Bencher<'_, '_>, way: Way) {
    let mut rows = edges();
    let bytes = BytesCount::new(256_usize << 10);
    bencher.counter(bytes).bench_local(|| rows.find_commas(way));
}

#[divan::bench(args = [Way::Portable, Way::Fastest])]
fn rows(bencher: Bencher<'_, '_>, way: Way) {
    let mut rows = edges();
    rows.find_commas(Way::Fastest);
    let bytes = BytesCount::new(256_usize << 10);
    bencher.counter(bytes).bench_local(|| rows.read_rows(way));
}
