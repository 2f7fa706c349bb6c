//! Essential edges into a depth-first numbering of the nodes, and into the nodes that the page owns.
//!
//! The page owns what its global objects and documents reach over any edge that is not weak. Walking
//! there first finds nearly all of it on the way: only what lies behind edges that do not count for
//! dominators has to be looked up on its own.

use stanch_heap_snapshot::{EdgeKind, Snapshot, Target, prefetch};

use crate::bits::Bits;
use crate::essential::Faint;
use crate::names::Names;

/// A depth-first numbering: the root has number 1, and 0 stands for "none".
#[derive(Debug)]
pub(crate) struct Walk {
    /// The number of each node.
    pub(crate) number: Vec<u32>,
    /// The node of each number; a filler at 0.
    pub(crate) node: Vec<u32>,
    /// The number from which each number was reached.
    pub(crate) parent: Vec<u32>,
    /// The nodes that belong to the program, not to a debugger looking at it.
    pub(crate) owned: Bits,
    /// Owned nodes have numbers up to this, but for a few.
    pub(crate) last_owned: u32,
}

/// Numbers all nodes that the root reaches. A node without an essential retainer counts as a child
/// of the root; nodes that only keep each other alive get no number.
pub(crate) fn depth_first(snapshot: &Snapshot, names: &Names, faint: Faint<'_>) -> Walk {
    let mut search = Search::new(snapshot, faint);
    let root = snapshot.root();
    search.give_number(root, 1);
    let targets = snapshot.targets_of(root);
    for target in targets
        .iter()
        .filter(|target| is_page_seed(snapshot, names, **target))
    {
        match target.to() {
            to if to == root => search.behind_faint.push(to),
            to => search.walk_from(to),
        }
    }
    let last_owned = search.node.len() as u32 - 1;
    let owned = search.owned();
    search.owned = Some(owned);
    search.visited.insert(root);
    for (edge, target) in snapshot.edges_of(root).zip(targets) {
        if !target.is(EdgeKind::Weak) && !faint.is_half(root, edge, *target) {
            search.walk_from(target.to());
        }
    }
    search.walk_orphans();
    let Search {
        number,
        node,
        parent,
        owned,
        ..
    } = search;
    let owned = owned.unwrap_or_default();
    Walk {
        number,
        node,
        parent,
        owned,
        last_owned,
    }
}

fn is_page_seed(snapshot: &Snapshot, names: &Names, target: Target) -> bool {
    match target.kind() {
        EdgeKind::Shortcut => true,
        EdgeKind::Element => names.is_document_trees(snapshot, target.to()),
        _ => false,
    }
}

struct Search<'a> {
    snapshot: &'a Snapshot,
    faint: Faint<'a>,
    visited: Bits,
    number: Vec<u32>,
    node: Vec<u32>,
    parent: Vec<u32>,
    path: Vec<Step>,
    /// What the page owns, once it was walked.
    owned: Option<Bits>,
    /// Nodes of the page behind edges that do not count.
    behind_faint: Vec<u32>,
}

/// A node on the way from the root, and the edges that were not looked at.
struct Step {
    next: u32,
    end: u32,
    number: u32,
}

impl<'a> Search<'a> {
    fn new(snapshot: &'a Snapshot, faint: Faint<'a>) -> Self {
        let nodes = snapshot.node_count();
        let (mut node, mut parent) = (Vec::with_capacity(nodes + 1), Vec::with_capacity(nodes + 1));
        node.push(0);
        parent.push(0);
        Self {
            snapshot,
            faint,
            visited: Bits::new(nodes),
            number: vec![0; nodes],
            node,
            parent,
            path: Vec::new(),
            owned: None,
            behind_faint: Vec::new(),
        }
    }

    fn give_number(&mut self, node: u32, parent: u32) -> u32 {
        let number = self.node.len() as u32;
        self.number[node as usize] = number;
        self.node.push(node);
        self.parent.push(parent);
        number
    }

    /// Walks from a child of the root.
    fn walk_from(&mut self, start: u32) {
        // The root itself is left open while the page is walked, to notice edges to it.
        if start == self.snapshot.root() || self.visited.has(start) {
            return;
        }
        self.enter(start, 1);
        let targets = self.snapshot.edges().targets();
        while let Some(step) = self.path.last_mut() {
            let (mut next, end, number) = (step.next, step.end, step.number);
            let mut child = None;
            while next < end {
                let target = targets[next as usize];
                next += 1;
                if !self.visited.has(target.to()) {
                    step.next = next;
                    child = Some((next as usize - 1, target));
                    break;
                }
            }
            match child {
                Some((edge, target)) => {
                    if self.leads_on(number, edge, target) {
                        self.enter(target.to(), number);
                    }
                }
                None => drop(self.path.pop()),
            }
        }
    }

    #[inline(always)]
    fn enter(&mut self, node: u32, parent: u32) {
        self.visited.insert(node);
        let number = self.give_number(node, parent);
        let edges = self.snapshot.edges_of(node);
        prefetch(self.snapshot.edges().targets(), edges.start);
        self.path.push(Step {
            next: edges.start as u32,
            end: edges.end as u32,
            number,
        });
    }

    /// Whether an edge to a node without a number is essential.
    #[inline(always)]
    fn leads_on(&mut self, number: u32, edge: usize, target: Target) -> bool {
        if target.is(EdgeKind::Weak) {
            return false;
        }
        let (from, to) = (self.node[number as usize], target.to());
        let is_faint = target.is(EdgeKind::Shortcut) || self.faint.is_half(from, edge, target);
        match &self.owned {
            None if is_faint || to == self.snapshot.root() => {
                self.behind_faint.push(to);
                false
            }
            None => true,
            Some(owned) => !is_faint && (!owned.has(to) || owned.has(from)),
        }
    }

    /// What the page owns: all that was walked so far, and what it holds by other edges.
    fn owned(&mut self) -> Bits {
        let mut owned = self.visited.clone();
        let mut open = std::mem::take(&mut self.behind_faint);
        while let Some(node) = open.pop() {
            if !owned.has(node) {
                owned.insert(node);
                let targets = self.snapshot.targets_of(node).iter();
                open.extend(
                    targets
                        .filter(|target| !target.is(EdgeKind::Weak))
                        .map(|target| target.to()),
                );
            }
        }
        owned
    }

    /// Walks from the nodes that no essential edge leads to, in the order of the file.
    fn walk_orphans(&mut self) {
        let nodes = self.snapshot.node_count() as u32;
        let left: Vec<u32> = self.visited.missing(nodes).collect();
        let mut held = Bits::new(if left.is_empty() { 0 } else { nodes as usize });
        // A node that was walked has no essential edge to one that was not.
        for &from in &left {
            for (edge, target) in self
                .snapshot
                .edges_of(from)
                .zip(self.snapshot.targets_of(from))
            {
                if self.is_essential(from, edge, *target) {
                    held.insert(target.to());
                }
            }
        }
        for node in left {
            if !held.has(node) {
                self.walk_from(node);
            }
        }
    }

    fn is_essential(&self, from: u32, edge: usize, target: Target) -> bool {
        let debugger_hold = |owned: &Bits| owned.has(target.to()) && !owned.has(from);
        !self.faint.has(from, edge, target) && !self.owned.as_ref().is_some_and(debugger_hold)
    }
}
