//! One heap snapshot's columns into retainers, dominators, retained sizes, distances and classes.
//!
//! For whoever asks what a heap holds and why. The main type is [`HeapGraph`], built from a
//! [`Snapshot`](stanch_heap_snapshot::Snapshot); nodes are named by their [`Ordinal`]. Every number
//! is the one Chrome DevTools shows for the same file; [`compare`] is its comparison view.
//!
//! ```
//! use stanch_heap_graph::HeapGraph;
//! use stanch_heap_snapshot::{EdgeKind, NodeKind, testing::HeapSketch};
//!
//! // root ─▶ cache ─▶ user
//! let mut sketch = HeapSketch::new();
//! let cache = sketch.node(NodeKind::Object, "Map", 16);
//! let user = sketch.node(NodeKind::Object, "User", 40);
//! sketch.edge(HeapSketch::ROOT, EdgeKind::Shortcut, "cache", cache);
//! sketch.edge(cache, EdgeKind::Property, "first", user);
//!
//! let graph = HeapGraph::build(sketch.snapshot()?)?;
//! let user = graph.ordinals().nth(2).ok_or("no third node")?;
//! let cache = graph.immediate_dominator(user);
//! assert_eq!(graph.name(cache), "Map");
//! assert_eq!(graph.retained_size(cache), 56);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/biggest.rs` prints the ten objects of a file that hold the most, `examples/path.rs` why the
//! biggest object of a class is alive.
//!
//! # Limits
//! * Whole snapshots only, in memory: [`memory_needed`] tells how much before it is taken.
//! * Sizes are 64-bit; DevTools wraps a single size at 4 GiB.
//! * It compares two graphs by object id, which is sound only for snapshots of one inspector
//!   session. It knows nothing of series of snapshots, nor of leaks.

#![deny(missing_docs)]

mod bits;
mod build;
mod class_names;
mod class_table;
mod compare;
mod detached;
mod distances;
mod dominators;
mod edges;
mod error;
mod essential;
mod floors;
mod graph;
mod interfaces;
mod memory;
mod names;
mod ordinal;
mod retainers;
mod semidominators;
mod shallow;
#[doc(hidden)]
pub mod stages;
mod tree;
mod walk;
mod weak_pairs;
mod wide_nodes;

pub use class_table::ClassRow;
pub use compare::{ClassChange, compare};
pub use edges::{Edge, EdgeName, Retainer};
pub use error::GraphError;
pub use graph::{HeapGraph, Location};
pub use memory::memory_needed;
pub use ordinal::{NodeId, Ordinal};
pub use stanch_heap_snapshot::{EdgeKind, NodeKind};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
