//! Which edges keep their target alive on their own: the only ones dominators see.

use stanch_heap_snapshot::{EdgeKind, Snapshot, StringId, Target};

use crate::bits::Bits;
use crate::weak_pairs::WeakPairs;

/// The part of the rule that looks at nothing but the edge and its source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Faint<'a> {
    snapshot: &'a Snapshot,
    pairs: &'a WeakPairs,
    /// The tables of WeakMaps.
    tables: Option<&'a Bits>,
}

impl<'a> Faint<'a> {
    pub(crate) const fn new(
        snapshot: &'a Snapshot,
        pairs: &'a WeakPairs,
        tables: Option<&'a Bits>,
    ) -> Self {
        Self {
            snapshot,
            pairs,
            tables,
        }
    }

    /// Whether an edge keeps nothing alive on its own, whatever it leads to.
    #[inline(always)]
    pub(crate) fn has(&self, from: u32, edge: usize, target: Target) -> bool {
        target.is(EdgeKind::Weak)
            || target.to() == from
            || target.is(EdgeKind::Shortcut) && from != self.snapshot.root()
            || self.is_half(from, edge, target)
    }

    /// The value of a WeakMap entry lives as long as the map and the key do. Of the two edges to it
    /// the key's says more, so the table's is left out.
    #[inline(always)]
    pub(crate) fn is_half(&self, from: u32, edge: usize, target: Target) -> bool {
        self.tables.is_some_and(|tables| tables.has(from))
            && is_half(self.snapshot, self.pairs, from, edge, target)
    }
}

/// Whether an edge counts for dominators, once it is known which nodes are `owned` by the page.
pub(crate) fn is_essential(
    snapshot: &Snapshot,
    pairs: &WeakPairs,
    owned: &Bits,
    from: u32,
    edge: usize,
) -> bool {
    let target = snapshot.edges().targets()[edge];
    // A debugger's hold on the program's objects must not move their dominators. The root is
    // neither; its shortcuts mark the global objects.
    let debugger_hold = || owned.has(target.to()) && !owned.has(from) && from != snapshot.root();
    let faint = Faint::new(snapshot, pairs, None).has(from, edge, target);
    !(faint || debugger_hold() || is_half(snapshot, pairs, from, edge, target))
}

fn is_half(snapshot: &Snapshot, pairs: &WeakPairs, from: u32, edge: usize, target: Target) -> bool {
    target.is(EdgeKind::Internal)
        && pairs
            .get(StringId(snapshot.edges().name_or_index(edge)))
            .is_some_and(|pair| pair.table == snapshot.nodes().id(from))
}
