//! The stages from a snapshot to its graph, and which of them run side by side.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use stanch_heap_snapshot::{Compact, Snapshot};

use crate::bits::Bits;
use crate::class_names::{ClassNames, add_names};
use crate::detached::mark_detached;
use crate::distances::Distances;
use crate::dominators::dominators;
use crate::essential::Faint;
use crate::names::Names;
use crate::retainers::Retainers;
use crate::shallow::self_sizes;
use crate::tree::DominatorTree;
use crate::walk::depth_first;
use crate::weak_pairs::WeakPairs;
use crate::{GraphError, HeapGraph};

/// All that is worked out about a snapshot.
pub(crate) struct Parts {
    pub(crate) snapshot: Snapshot,
    pub(crate) pairs: WeakPairs,
    pub(crate) owned: Bits,
    pub(crate) retainers: Retainers,
    pub(crate) tree: DominatorTree,
    pub(crate) self_sizes: Compact<2>,
    pub(crate) distances: Distances,
    pub(crate) class_names: ClassNames,
}

/// Works out everything. Two threads share the work: one goes the way from the root to the
/// dominators, which is the longest; the other prepares what it needs on that way, and then does what
/// does not wait for it. Whoever is done first helps with the rest.
pub(crate) fn build(mut snapshot: Snapshot) -> Result<HeapGraph, GraphError> {
    if snapshot.node_count() == 0 {
        return Err(GraphError::NoNodes);
    }
    mark_detached(&mut snapshot);
    let names = Names::of(&snapshot);
    let tables = names.pairs.tables(&snapshot);
    let faint = Faint::new(&snapshot, &names.pairs, tables.as_ref());
    let classes = Chore::new(|| ClassNames::of(&snapshot, &names));
    let (walk, retainers) = both(
        || {
            let walk = depth_first(&snapshot, &names, faint);
            classes.attend();
            walk
        },
        || Retainers::of(&snapshot, faint),
    );
    let owned = walk.owned.clone();
    let distances = Chore::new(|| Distances::of(&snapshot, &names));
    let sizes = Chore::new(|| self_sizes(&snapshot, &names, &retainers));
    let help = || {
        distances.attend();
        sizes.attend();
    };
    let follow = || {
        let tree = DominatorTree::new(dominators(&snapshot, faint, &retainers, walk));
        help();
        tree
    };
    let (mut tree, ()) = both(follow, help);
    let self_sizes = sizes.finish();
    tree.add_up(&self_sizes);
    let (class_names, added) = classes.finish();
    let distances = distances.finish();
    add_names(&mut snapshot, &added);
    Ok(HeapGraph::from(Parts {
        snapshot,
        pairs: names.pairs,
        owned,
        retainers,
        tree,
        self_sizes,
        distances,
        class_names,
    }))
}

/// Something to be done once, by whichever thread comes first.
struct Chore<T, F> {
    begun: AtomicBool,
    work: F,
    done: OnceLock<T>,
}

impl<T, F: Fn() -> T> Chore<T, F> {
    fn new(work: F) -> Self {
        let (begun, done) = (AtomicBool::new(false), OnceLock::new());
        Self { begun, work, done }
    }

    /// Does it, unless someone else has begun to.
    fn attend(&self) {
        if !self.begun.swap(true, Ordering::Relaxed) {
            self.done.get_or_init(&self.work);
        }
    }

    /// What came of it, once nobody works on it any more.
    fn finish(self) -> T {
        self.done.into_inner().unwrap_or_else(self.work)
    }
}

/// Does two things at once.
fn both<A, B: Send>(here: impl FnOnce() -> A, there: impl FnOnce() -> B + Send) -> (A, B) {
    thread::scope(|scope| {
        let there = scope.spawn(there);
        let here = here();
        match there.join() {
            Ok(there) => (here, there),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
