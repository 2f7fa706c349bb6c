//! How many nodes of each kind a heap snapshot holds, and how many bytes they take.
//!
//! ```text
//! cargo run --release -p stanch-heap-snapshot --example kinds -- FILE.heapsnapshot
//! ```

use std::collections::BTreeMap;
use std::fs::File;

use stanch_heap_snapshot::Snapshot;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args()
        .nth(1)
        .ok_or("usage: kinds FILE.heapsnapshot")?;
    let snapshot = Snapshot::read(File::open(file)?)?;
    let mut kinds: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (ordinal, kind) in (0..).zip(snapshot.nodes().kinds()) {
        let (nodes, bytes) = kinds.entry(kind.type_name()).or_default();
        *nodes += 1;
        *bytes += snapshot.nodes().self_size(ordinal);
    }
    println!("{:>10} {:>14}  kind", "nodes", "bytes");
    for (kind, (nodes, bytes)) in kinds {
        println!("{nodes:>10} {bytes:>14}  {kind}");
    }
    Ok(())
}
