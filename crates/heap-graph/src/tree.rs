//! Immediate dominators by number into the tree they make, laid out so that each node stands before
//! what it dominates and that directly behind it.
//!
//! In this order sums over subtrees are one pass over neighbouring memory.

use std::ops::Range;

use stanch_heap_snapshot::Compact;

use crate::Ordinal;
use crate::dominators::Dominators;

/// The dominator tree, by position.
#[derive(Debug)]
pub(crate) struct DominatorTree {
    /// The node at each position.
    pub(crate) order: Vec<Ordinal>,
    /// The position of each node.
    position: Vec<u32>,
    /// The position of the immediate dominator; the root's is 0.
    above: Vec<u32>,
    /// How many nodes stand behind each that it dominates.
    below: Compact<2>,
    /// Bytes of the node and all that it dominates.
    retained: Compact<3>,
}

impl DominatorTree {
    /// The tree, without sizes.
    pub(crate) fn new(dominators: Dominators) -> Self {
        let Dominators { node, immediate } = dominators;
        let (starts, ends) = spans(&immediate);
        let mut order = vec![Ordinal(0); node.len() - 1];
        for (node, start) in node.iter().zip(&starts).skip(1) {
            order[*start as usize] = Ordinal(*node);
        }
        drop(node);
        let mut above = vec![0; order.len()];
        for (immediate, start) in immediate.iter().zip(&starts).skip(1) {
            above[*start as usize] = starts[*immediate as usize];
        }
        drop(immediate);
        let mut below = Compact::zeros(order.len());
        for (start, end) in starts.iter().zip(ends).skip(1) {
            below.set(*start as usize, u64::from(end - start - 1));
        }
        let mut position = starts;
        position.truncate(order.len());
        for (at, node) in (0..).zip(&order) {
            position[node.index()] = at;
        }
        let retained = Compact::default();
        Self {
            order,
            position,
            above,
            below,
            retained,
        }
    }

    /// Sums up what each node retains.
    pub(crate) fn add_up(&mut self, self_sizes: &Compact<2>) {
        let sizes = self.order.iter().map(|node| self_sizes.get(node.index()));
        let mut retained: Compact<3> = sizes.collect();
        for at in (1..self.order.len()).rev() {
            let dominator = self.above[at] as usize;
            let sum = retained.get(dominator).saturating_add(retained.get(at));
            retained.set(dominator, sum);
        }
        self.retained = retained;
    }

    /// Where a node stands, and all that it dominates behind it.
    pub(crate) fn span(&self, node: Ordinal) -> Range<usize> {
        let start = self.position(node);
        start..self.end_at(start)
    }

    /// Where a node stands.
    pub(crate) fn position(&self, node: Ordinal) -> usize {
        self.position[node.index()] as usize
    }

    /// The node that immediately dominates `node`; of the root, itself.
    pub(crate) fn above(&self, node: Ordinal) -> Ordinal {
        self.order[self.above[self.position(node)] as usize]
    }

    pub(crate) fn retained(&self, node: Ordinal) -> u64 {
        self.retained_at(self.position(node))
    }

    /// Bytes retained by the node at a position.
    pub(crate) fn retained_at(&self, position: usize) -> u64 {
        self.retained.get(position)
    }

    /// The position behind the subtree of the node at a position.
    pub(crate) fn end_at(&self, position: usize) -> usize {
        position + 1 + self.below.get(position) as usize
    }

    /// The nodes right below one, ascending.
    pub(crate) fn children(&self, node: Ordinal) -> Vec<Ordinal> {
        let Range { start, end } = self.span(node);
        let mut children = Vec::new();
        let mut at = start + 1;
        while at < end {
            children.push(self.order[at]);
            at = self.end_at(at);
        }
        children.sort_unstable();
        children
    }
}

/// The first position of each number's subtree, and the one behind it.
fn spans(immediate: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut sizes = vec![1_u32; immediate.len()];
    for number in (2..immediate.len()).rev() {
        sizes[immediate[number] as usize] += sizes[number];
    }
    // The place for the next subtree below each number; when all have one, the end of its own.
    let mut ends = vec![0; immediate.len()];
    ends[1] = 1;
    for number in 2..immediate.len() {
        let place = &mut ends[immediate[number] as usize];
        let start = *place;
        *place += sizes[number];
        ends[number] = start + 1;
    }
    let mut starts = sizes;
    for (start, end) in starts.iter_mut().zip(&ends).skip(1) {
        *start = end - *start;
    }
    (starts, ends)
}
