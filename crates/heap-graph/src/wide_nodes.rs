//! Nodes with very many edges into an index that finds an edge by its target.
//!
//! Who asks for the retainers of all members of an array of a million would otherwise look through
//! the whole array for each.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;
use stanch_heap_snapshot::Snapshot;

/// Fewer edges than this are looked through one by one.
const MANY: usize = 512;

/// The edges of a node as (target, edge), sorted.
type ByTarget = Arc<[(u32, u32)]>;

/// Indexes of the nodes that were asked for.
#[derive(Debug, Default)]
pub(crate) struct WideNodes(Mutex<FxHashMap<u32, ByTarget>>);

impl WideNodes {
    /// The edge from one node to another that has `earlier` such edges before it.
    pub(crate) fn edge(
        &self,
        snapshot: &Snapshot,
        from: u32,
        to: u32,
        earlier: usize,
    ) -> Option<usize> {
        let edges = snapshot.edges_of(from);
        if edges.len() < MANY {
            let mut found = edges
                .zip(snapshot.targets_of(from))
                .filter(|(_, target)| target.to() == to);
            return found.nth(earlier).map(|(edge, _)| edge);
        }
        let index = self.index(snapshot, from);
        let first = index.partition_point(|(target, _)| *target < to);
        let found = index
            .get(first + earlier)
            .filter(|(target, _)| *target == to);
        found.map(|(_, edge)| *edge as usize)
    }

    /// The edges from one node to another, in the order of the file.
    pub(crate) fn edges(&self, snapshot: &Snapshot, from: u32, to: u32) -> Vec<usize> {
        let edges = snapshot.edges_of(from);
        if edges.len() < MANY {
            let found = edges
                .zip(snapshot.targets_of(from))
                .filter(|(_, target)| target.to() == to);
            return found.map(|(edge, _)| edge).collect();
        }
        let index = self.index(snapshot, from);
        let first = index.partition_point(|(target, _)| *target < to);
        let found = index[first..]
            .iter()
            .take_while(|(target, _)| *target == to);
        found.map(|(_, edge)| *edge as usize).collect()
    }

    fn index(&self, snapshot: &Snapshot, from: u32) -> ByTarget {
        let mut indexes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = indexes.entry(from).or_insert_with(|| {
            let edges = snapshot.edges_of(from).zip(snapshot.targets_of(from));
            let mut index: Vec<(u32, u32)> = edges
                .map(|(edge, target)| (target.to(), edge as u32))
                .collect();
            index.sort_unstable();
            index.into()
        });
        Arc::clone(index)
    }
}
