//! The stages of building a graph, one at a time, for those who measure them.

use stanch_heap_snapshot::{Compact, Snapshot};

use crate::bits::Bits;
use crate::class_names::ClassNames;
use crate::distances::Distances;
use crate::dominators::{Dominators, dominators};
use crate::essential::Faint;
use crate::names::Names;
use crate::retainers::Retainers;
use crate::shallow::self_sizes;
use crate::tree::DominatorTree;
use crate::walk::{Walk, depth_first};

/// A snapshot, and what its strings and ids say.
#[derive(Debug)]
pub struct Stages {
    snapshot: Snapshot,
    names: Names,
    tables: Option<Bits>,
}

/// What the stage made.
#[derive(Debug)]
pub struct Walked(Walk);

/// What the stage made.
#[derive(Debug)]
pub struct Turned(Retainers);

/// What the stage made.
#[derive(Debug)]
pub struct Dominated(Dominators);

impl Stages {
    /// The strings that rules refer to.
    #[must_use]
    pub fn new(snapshot: Snapshot) -> Self {
        let names = Names::of(&snapshot);
        let tables = names.pairs.tables(&snapshot);
        Self {
            snapshot,
            names,
            tables,
        }
    }

    /// The depth-first walk.
    #[must_use]
    pub fn walk(&self) -> Walked {
        Walked(depth_first(&self.snapshot, &self.names, self.faint()))
    }

    /// The edges turned around.
    #[must_use]
    pub fn retainers(&self) -> Turned {
        Turned(Retainers::of(&self.snapshot, self.faint()))
    }

    /// The immediate dominators.
    #[must_use]
    pub fn dominators(&self, retainers: &Turned, walk: Walked) -> Dominated {
        let faint = self.faint();
        Dominated(dominators(&self.snapshot, faint, &retainers.0, walk.0))
    }

    /// The dominator tree with retained sizes; gives the root's.
    #[must_use]
    pub fn tree(&self, dominators: Dominated, sizes: &Compact<2>) -> u64 {
        let mut tree = DominatorTree::new(dominators.0);
        tree.add_up(sizes);
        tree.retained_at(0)
    }

    /// The distances from global objects; gives the root's.
    #[must_use]
    pub fn distances(&self) -> i32 {
        let distances = Distances::of(&self.snapshot, &self.names);
        distances.get(self.snapshot.root() as usize)
    }

    /// The self sizes after helper objects handed theirs over.
    #[must_use]
    pub fn self_sizes(&self, retainers: &Turned) -> Compact<2> {
        self_sizes(&self.snapshot, &self.names, &retainers.0)
    }

    /// The class names; gives how many there are.
    #[must_use]
    pub fn class_names(&self) -> usize {
        ClassNames::of(&self.snapshot, &self.names).0.len()
    }

    const fn faint(&self) -> Faint<'_> {
        Faint::new(&self.snapshot, &self.names.pairs, self.tables.as_ref())
    }
}
