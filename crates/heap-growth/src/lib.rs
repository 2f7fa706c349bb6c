//! Turns a series of heap graphs of one process into the holders that grow, each with its name, path and pattern.
//!
//! For the diagnosis, which joins it with the sources. The main types are [`Series`], which takes the graphs one by
//! one and keeps of each only what identity needs, and [`GrowingHolder`], what comes out.
//!
//! A newcomer is an object that the first snapshot does not have and the last one has. Its holder is the nearest
//! object above it, in the dominator tree, that is no newcomer. Backing stores count as part of their owner.
//!
//! ```
//! use stanch_heap_graph::HeapGraph;
//! use stanch_heap_growth::Series;
//! # fn graph() -> Result<HeapGraph, Box<dyn std::error::Error>> {
//! #     let json = r#"{"snapshot":{"meta":{"node_fields":["type","name","id","self_size","edge_count"],
//! #       "node_types":[["synthetic","object"],"string","number","number","number"],
//! #       "edge_fields":["type","name_or_index","to_node"],"edge_types":[["property"],"string_or_number","node"]},
//! #       "node_count":1,"edge_count":0},"nodes":[0,0,1,0,0],"edges":[],"strings":[""]}"#;
//! #     let snapshot = stanch_heap_snapshot::Snapshot::read(json.as_bytes())?;
//! #     Ok(HeapGraph::build(snapshot)?)
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut series = Series::new();
//! series.add(&graph()?, 0);
//! let growth = series.growth(&graph()?, 1_500);
//! assert!(growth.holders.is_empty(), "nothing grew between two equal heaps");
//! # Ok(())
//! # }
//! ```
//!
//! Limits: ids must come from one inspector session; graphs of two sessions share none, and everything would be a
//! newcomer. It knows no sockets, no source texts and no formats.

mod age;
mod anchor;
mod below;
mod counts;
mod ends;
mod gone;
mod group;
mod growing_holder;
mod headline;
mod held;
mod members;
mod path;
mod pattern;
mod scripts;
mod series;
mod suspect;
mod trail;
mod traits;

pub use anchor::{Anchor, BlockSlot, Origin, symbol_description};
pub use growing_holder::{Capture, ClassCount, GrowingHolder, Growth, MemberPlace, Step};
pub use headline::Headline;
pub use held::holders_of_memory;
pub use scripts::{ScriptPlace, Scripts};
pub use series::Series;
