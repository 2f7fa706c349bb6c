//! V8 heap snapshot bytes, streamed, into typed columns.
//!
//! For whoever holds the bytes of a `.heapsnapshot` (a file, an inspector session) and wants its
//! nodes and edges as plain arrays. The main types are [`SnapshotParser`], fed chunk by chunk, and
//! the [`Snapshot`] it ends in; [`Snapshot::read`] does both for anything that implements `Read`.
//!
//! ```
//! use stanch_heap_snapshot::{NodeKind, SnapshotParser, testing::HeapSketch, EdgeKind};
//!
//! let mut sketch = HeapSketch::new();
//! let user = sketch.node(NodeKind::Object, "User", 32);
//! sketch.edge(HeapSketch::ROOT, EdgeKind::Property, "user", user);
//! let text = sketch.to_json();
//!
//! let mut parser = SnapshotParser::new();
//! for chunk in text.as_bytes().chunks(7) {
//!     parser.push(chunk)?;
//! }
//! let snapshot = parser.finish()?;
//! assert_eq!(snapshot.node_count(), 2);
//! assert_eq!(snapshot.strings().get(snapshot.nodes().name(1)), "User");
//! # Ok::<(), stanch_heap_snapshot::SnapshotError>(())
//! ```
//!
//! `examples/kinds.rs` counts the nodes of a file by kind.
//!
//! # Limits
//! * At most 2^28 nodes, which is V8's own limit, and fewer than 2^32 edges.
//! * Allocation traces, samples and scopes are stepped over, not kept.
//! * It knows nothing of retainers, dominators or leaks: `stanch-heap-graph` does.

#![deny(missing_docs)]

mod cell;
mod columns;
mod commas;
mod compact;
mod error;
mod feed;
mod foreign;
mod header;
mod kind;
mod numbers;
mod offsets;
mod parser;
mod places;
mod plain;
mod plan;
mod prefetch;
mod rows;
mod sections;
mod skip;
#[doc(hidden)]
pub mod stages;
mod string_array;
mod strings;
pub mod testing;
#[cfg(target_arch = "x86_64")]
mod wide;

pub use columns::{EdgeColumns, NodeColumns, Snapshot, Target};
pub use compact::Compact;
pub use error::{Section, SnapshotError};
pub use feed::{Announced, ReadProgress};
pub use foreign::Foreign;
pub use kind::{EdgeKind, NodeKind};
pub use offsets::Offsets;
pub use parser::SnapshotParser;
pub use places::{LocationRow, Locations};
pub use prefetch::prefetch;
pub use strings::{StringId, Strings};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
