//! Files of known size into the most memory that reading and analysing them takes.
//!
//! What a file announces must not cost anything, and what it holds must cost in proportion.

mod counting;

use std::fmt::Write;

use counting::{BUFFERS, Counting, peak};
use stanch_heap_graph::HeapGraph;
use stanch_heap_snapshot::testing::HeapSketch;
use stanch_heap_snapshot::{EdgeKind, NodeKind, Snapshot};

#[global_allocator]
static COUNTING: Counting = Counting;

// One test, for the counts are the whole process's.
#[test]
fn memory_follows_what_a_file_holds() {
    lies_cost_nothing();
    rows_cost_in_proportion();
}

fn lies_cost_nothing() {
    let mut sketch = HeapSketch::new();
    let node = sketch.node(NodeKind::Object, "A", 8);
    sketch.edge(HeapSketch::ROOT, EdgeKind::Property, "a", node);
    let text = sketch.to_json();
    let lies = [
        ("\"node_count\":2", "\"node_count\":1152921504606846976"),
        ("\"edge_count\":1", "\"edge_count\":1152921504606846976"),
        ("\"node_count\":2", "\"node_count\":4000000000"),
        ("\"edge_count\":1", "\"edge_count\":4000000000"),
        ("[9,0,1,0,1,0", "[9,0,1,0,4000000000,0"),
        ("[9,0,1,0,1,0", "[9,4000000000,1,0,1,0"),
        ("\n,3,2,3,8,0,0", "\n,3,2,1152921504606846976,8,0,0"),
        ("[2,1,6", "[2,4000000000,6"),
        ("[2,1,6", "[2,2,4000000000"),
        ("[2,1,6", "[1,4000000000,6"),
    ];
    for (from, to) in lies {
        assert!(text.contains(from), "{text} has no {from}");
        let text = text.replacen(from, to, 1);
        let (bytes, _) = peak(|| Snapshot::read(text.as_bytes()).map(HeapGraph::build));
        assert!(bytes < BUFFERS, "{to}: {bytes} bytes in use");
    }
    for count in [0_u32, 1, 4_000_000_000] {
        let text = text.replacen(
            "\"node_count\"",
            &format!("\"trace_function_count\":{count},\"node_count\""),
            1,
        );
        let (bytes, read) = peak(|| Snapshot::read(text.as_bytes()).is_ok());
        assert!(read && bytes < BUFFERS, "{count}: {bytes} bytes in use");
    }
}

fn rows_cost_in_proportion() {
    // The shortest rows there are: 12 bytes per node, 6 per edge, 3 per string.
    let whole = file(Kind::Whole);
    for kind in [Kind::Whole, Kind::NodesOnly, Kind::StringsOnly] {
        let text = file(kind);
        let (bytes, snapshot) = peak(|| Snapshot::read(text.as_bytes()));
        let most = BUFFERS + 8 * text.len();
        assert!(
            bytes < most,
            "{kind:?}: {bytes} bytes for a file of {}",
            text.len()
        );
        assert_eq!(snapshot.is_ok(), kind == Kind::Whole, "{kind:?}");
    }
    let Ok(snapshot) = Snapshot::read(whole.as_bytes()) else {
        return;
    };
    let (bytes, graph) = peak(|| HeapGraph::build(snapshot));
    let most = BUFFERS + 8 * whole.len();
    assert!(
        bytes < most,
        "{bytes} bytes for the graph of {}",
        whole.len()
    );
    let (bytes, classes) = peak(|| graph.map(|graph| graph.classes().len()));
    assert!(
        bytes < most,
        "{bytes} bytes for the classes of {}",
        whole.len()
    );
    assert!(classes.is_ok_and(|classes| classes > 0));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Whole,
    /// Cut off behind the nodes.
    NodesOnly,
    /// No node and no edge, which is refused at the end.
    StringsOnly,
}

const NODES: usize = 400_000;

/// A few megabytes of rows. Each node but the last two holds the next and the one behind it.
fn file(kind: Kind) -> String {
    let header = HeapSketch::new().to_json();
    let end = header.find("\"nodes\"").unwrap_or(0);
    let mut text = header[..end].replace("\"node_count\":1,\"edge_count\":0,", "");
    text += "\"nodes\":[";
    if kind != Kind::StringsOnly {
        for node in 0..NODES {
            let edges = 2.min(NODES - 1 - node);
            let _ = write!(text, "{}3,0,{node},1,{edges},0", comma(node));
        }
    }
    if kind == Kind::NodesOnly {
        return text;
    }
    text += "],\"edges\":[";
    if kind == Kind::Whole {
        for edge in 0..NODES * 2 - 3 {
            let to = (edge / 2 + 1 + edge % 2) * 6;
            let _ = write!(text, "{}2,0,{to}", comma(edge));
        }
    }
    text += "],\"strings\":[";
    for string in 0..NODES {
        let _ = write!(text, "{}\"\"", comma(string));
    }
    text + "]}"
}

const fn comma(row: usize) -> &'static str {
    if row == 0 { "" } else { "," }
}
