//! A series of graphs, folded one by one into what tells newcomers from old objects.

use stanch_heap_graph::HeapGraph;

use crate::age::Ages;
use crate::suspect::{self, Growth};

/// Snapshots of one inspector session in the order in which they were taken.
///
/// Of every graph but the last only the ids are kept: 8 bytes a node.
#[derive(Debug, Default)]
pub struct Series {
    earlier: Vec<Census>,
}

/// The ids in one snapshot, and how many requests the process had served by then.
#[derive(Debug)]
pub(crate) struct Census {
    /// Ascending.
    pub(crate) ids: Vec<u64>,
    pub(crate) requests: u64,
}

impl Series {
    /// A series without snapshots.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the next snapshot, which `requests` requests had preceded; 0 throughout when that is unknown.
    pub fn add(&mut self, graph: &HeapGraph, requests: u64) {
        let mut ids: Vec<u64> = graph
            .ordinals()
            .map(|ordinal| graph.id(ordinal).0)
            .collect();
        ids.sort_unstable();
        self.earlier.push(Census { ids, requests });
    }

    /// Number of snapshots taken in.
    #[must_use]
    pub fn len(&self) -> usize {
        self.earlier.len()
    }

    /// Whether no snapshot was taken in yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.earlier.is_empty()
    }

    /// The part of the first snapshot's ids that `last` still has, 0 to 1.
    ///
    /// Objects of one process keep their ids, so a low share says that the snapshots do not belong together.
    #[must_use]
    pub fn common_share(&self, last: &HeapGraph) -> f64 {
        let Some(first) = self.earlier.first() else {
            return 1.0;
        };
        let kept = last
            .ordinals()
            .filter(|&ordinal| first.has(last.id(ordinal).0))
            .count();
        #[expect(clippy::cast_precision_loss, reason = "a share for people")]
        let share = kept as f64 / first.ids.len().max(1) as f64;
        share
    }

    /// What has grown in `last` since the first snapshot, the most steadily growing first.
    #[must_use]
    pub fn growth(&self, last: &HeapGraph, requests: u64) -> Growth {
        if self.earlier.is_empty() {
            return Growth::default();
        }
        let ages = Ages::of(&self.earlier, last);
        suspect::rank(last, &ages, &self.spans(requests))
    }

    /// Requests between each snapshot and the one before it; 1 each when they are unknown, so that steps weigh alike.
    fn spans(&self, requests: u64) -> Vec<u64> {
        let counts = self
            .earlier
            .iter()
            .map(|census| census.requests)
            .chain([requests]);
        let counts: Vec<u64> = counts.collect();
        let spans: Vec<u64> = counts
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]))
            .collect();
        if spans.contains(&0) {
            vec![1; spans.len()]
        } else {
            spans
        }
    }
}

impl Census {
    pub(crate) fn has(&self, id: u64) -> bool {
        self.ids.binary_search(&id).is_ok()
    }
}
