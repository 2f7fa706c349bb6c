//! Any bytes into a snapshot or an error with its place: the same from one chunk as from many, and
//! at a cost that the number of bytes justifies. What is a snapshot can be analysed.

#![no_main]

#[path = "../../crates/heap-graph/tests/memory/counting.rs"]
mod counting;

use counting::{BUFFERS, Counting, peak};
use libfuzzer_sys::fuzz_target;
use stanch_heap_graph::HeapGraph;
use stanch_heap_snapshot::{Snapshot, SnapshotError, SnapshotParser};

#[global_allocator]
static COUNTING: Counting = Counting;

fuzz_target!(|bytes: &[u8]| {
    let (used, whole) = peak(|| Snapshot::read(bytes));
    assert!(used <= BUFFERS + 64 * bytes.len(), "{used} bytes in use");
    let pieces = in_pieces(bytes);
    match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => {
            let (whole, pieces) = (described(whole), described(pieces));
            assert_eq!(whole, pieces);
        }
        (Err(whole), Err(pieces)) => {
            assert_eq!(whole.to_string(), pieces.to_string());
            assert!(offset(&whole) <= bytes.len() as u64, "{whole}");
        }
        (whole, pieces) => {
            let [whole, pieces] = [whole, pieces].map(|it| it.err().map(|error| error.to_string()));
            panic!("in one chunk: {whole:?}, in many: {pieces:?}");
        }
    }
});

/// Pushes the bytes in chunks whose lengths follow from them, so that a finding repeats itself.
fn in_pieces(bytes: &[u8]) -> Result<Snapshot, SnapshotError> {
    let mut parser = SnapshotParser::new();
    let mut rest = bytes;
    let mut state = bytes.len() as u32 | 1;
    while !rest.is_empty() {
        state = state
            .wrapping_mul(747_796_405)
            .wrapping_add(u32::from(rest[0]) + 1);
        let wanted = 1 + (state >> 16) as usize % 40;
        let (chunk, behind) = rest.split_at(wanted.min(rest.len()));
        parser.push(chunk)?;
        rest = behind;
    }
    parser.finish()
}

/// All that a snapshot says, once analysed.
fn described(snapshot: Snapshot) -> String {
    let types = snapshot.node_types().to_vec();
    let graph = HeapGraph::build(snapshot).expect("what the parser gives fits together");
    let mut text = format!("{:?} {types:?} {}\n", graph.root(), graph.total_size());
    for node in graph.ordinals() {
        let (kind, id, name) = (graph.kind(node), graph.id(node), graph.name(node));
        let (raw, place) = (graph.raw_self_size(node), graph.location(node));
        let edges: Vec<_> = graph.edges(node).collect();
        text += &format!("{kind:?} {id} {name:?} {raw} {place:?} {edges:?}\n");
        let (own, held) = (graph.self_size(node), graph.retained_size(node));
        assert!(own <= held, "node {}: {own} bytes, {held} retained", node.0);
    }
    let classes = graph.classes();
    text + &format!("{classes:?}")
}

fn offset(error: &SnapshotError) -> u64 {
    match error {
        SnapshotError::NotASnapshot { offset, .. }
        | SnapshotError::Truncated { offset, .. }
        | SnapshotError::Unexpected { offset, .. }
        | SnapshotError::Header { offset, .. }
        | SnapshotError::Reference { offset, .. }
        | SnapshotError::Count { offset, .. }
        | SnapshotError::Missing { offset, .. }
        | SnapshotError::TooMany { offset, .. }
        | SnapshotError::Read { offset, .. } => *offset,
        _ => 0,
    }
}
