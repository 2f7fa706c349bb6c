//! Essential edges into the tree of immediate dominators.
//!
//! Lengauer and Tarjan's algorithm, the variant with path compression only: O(m log n) on any
//! graph. Iterative algorithms go quadratic on doubly linked lists, and semi-NCA does on a long
//! queue whose members are listed elsewhere too; both shapes are everyday ones in a leaking heap.
//! T. Lengauer, R. E. Tarjan: A Fast Algorithm for Finding Dominators in a Flowgraph, 1979.

use stanch_heap_snapshot::Snapshot;

use crate::bits::Bits;
use crate::retainers::Retainers;

/// Who dominates whom.
#[derive(Debug)]
pub(crate) struct Dominators {
    /// The immediate dominator of each node; the root's is the root.
    pub(crate) immediate: Vec<u32>,
    /// All nodes, each behind its dominator; the root first.
    pub(crate) order: Vec<u32>,
}

/// Finds the immediate dominators.
///
/// A node without an essential retainer counts as a child of the root, and so do its references.
/// Nodes that only keep each other alive become children of the root too, but what they refer to
/// keeps its dominator.
pub(crate) fn dominators(
    snapshot: &Snapshot,
    essential: &Bits,
    retainers: &Retainers,
) -> Dominators {
    let walk = Walk::depth_first(snapshot, essential, retainers);
    let of_number = Semidominators::new(&walk).run(essential, retainers);
    let root = snapshot.root;
    let mut immediate = vec![root; snapshot.node_count()];
    for (number, &node) in walk.node.iter().enumerate().skip(2) {
        immediate[node as usize] = walk.node[of_number[number] as usize];
    }
    let mut order = walk.node;
    order.remove(0);
    order.extend(
        (0..)
            .zip(&walk.number)
            .filter(|(_, number)| **number == 0)
            .map(|(node, _)| node),
    );
    Dominators { immediate, order }
}

/// A depth-first numbering: the root has number 1, and 0 stands for "none".
struct Walk {
    /// The number of each node.
    number: Vec<u32>,
    /// The node of each number; a filler at 0.
    node: Vec<u32>,
    /// The number from which each number was reached.
    parent: Vec<u32>,
}

impl Walk {
    fn depth_first(snapshot: &Snapshot, essential: &Bits, retainers: &Retainers) -> Self {
        let nodes = snapshot.node_count();
        let mut walk = Self {
            number: vec![0; nodes],
            node: Vec::with_capacity(nodes + 1),
            parent: Vec::with_capacity(nodes + 1),
        };
        walk.node.push(0);
        walk.parent.push(0);
        walk.from(snapshot, essential, snapshot.root, 0);
        for node in 0..nodes as u32 {
            let unreached = walk.number[node as usize] == 0;
            let held = || {
                let mut held = retainers
                    .of_node(node)
                    .map(|at| retainers.edge[at] as usize);
                held.any(|edge| essential.has(edge))
            };
            if unreached && !held() {
                walk.from(snapshot, essential, node, 1);
            }
        }
        walk
    }

    fn from(&mut self, snapshot: &Snapshot, essential: &Bits, start: u32, parent: u32) {
        let mut path = vec![(self.give_number(start, parent), snapshot.edges_of(start))];
        while let Some((number, edges)) = path.last_mut() {
            let number = *number;
            let next = edges.find(|edge| {
                essential.has(*edge) && self.number[snapshot.edges.to[*edge] as usize] == 0
            });
            match next {
                Some(edge) => {
                    let to = snapshot.edges.to[edge];
                    path.push((self.give_number(to, number), snapshot.edges_of(to)));
                }
                None => {
                    path.pop();
                }
            }
        }
    }

    fn give_number(&mut self, node: u32, parent: u32) -> u32 {
        let number = self.node.len() as u32;
        self.number[node as usize] = number;
        self.node.push(node);
        self.parent.push(parent);
        number
    }
}

/// The algorithm's state, all by number.
struct Semidominators<'a> {
    walk: &'a Walk,
    semi: Vec<u32>,
    /// The forest of numbers already dealt with; 0 at its roots.
    ancestor: Vec<u32>,
    /// The number with the least semidominator between here and the forest's root.
    label: Vec<u32>,
    /// Linked lists of the numbers that have this one as semidominator.
    bucket: Vec<u32>,
    next_in_bucket: Vec<u32>,
    path: Vec<u32>,
}

impl<'a> Semidominators<'a> {
    fn new(walk: &'a Walk) -> Self {
        let count = walk.node.len() as u32;
        let zeros = vec![0; count as usize];
        Self {
            walk,
            semi: (0..count).collect(),
            ancestor: zeros.clone(),
            label: (0..count).collect(),
            bucket: zeros.clone(),
            next_in_bucket: zeros,
            path: Vec::new(),
        }
    }

    /// The immediate dominator of each number from 2 on.
    fn run(mut self, essential: &Bits, retainers: &Retainers) -> Vec<u32> {
        let count = self.walk.node.len() as u32;
        let mut immediate = vec![1; count as usize];
        for number in (2..count).rev() {
            let semi = self.semidominator(number, essential, retainers);
            self.semi[number as usize] = semi;
            self.next_in_bucket[number as usize] = self.bucket[semi as usize];
            self.bucket[semi as usize] = number;
            let parent = self.walk.parent[number as usize];
            self.ancestor[number as usize] = parent;
            let mut member = std::mem::take(&mut self.bucket[parent as usize]);
            while member != 0 {
                let least = self.least(member);
                let later = self.semi[least as usize] < self.semi[member as usize];
                immediate[member as usize] = if later { least } else { parent };
                member = self.next_in_bucket[member as usize];
            }
        }
        for number in 2..count as usize {
            if immediate[number] != self.semi[number] {
                immediate[number] = immediate[immediate[number] as usize];
            }
        }
        immediate
    }

    fn semidominator(&mut self, number: u32, essential: &Bits, retainers: &Retainers) -> u32 {
        let walk = self.walk;
        let mut semi = number;
        let mut held = false;
        for at in retainers.of_node(walk.node[number as usize]) {
            if !essential.has(retainers.edge[at] as usize) {
                continue;
            }
            held = true;
            let from = walk.number[retainers.from[at] as usize];
            // Nodes that were never reached have no say.
            if from != 0 {
                let least = self.least(from);
                semi = semi.min(self.semi[least as usize]);
            }
        }
        if held { semi } else { 1 }
    }

    /// The number with the least semidominator on the way up from `number`, its root excluded.
    fn least(&mut self, number: u32) -> u32 {
        if self.ancestor[number as usize] == 0 {
            return number;
        }
        let mut at = number;
        while self.ancestor[self.ancestor[at as usize] as usize] != 0 {
            self.path.push(at);
            at = self.ancestor[at as usize];
        }
        while let Some(at) = self.path.pop() {
            let up = self.ancestor[at as usize] as usize;
            let label = self.label[up];
            if self.semi[label as usize] < self.semi[self.label[at as usize] as usize] {
                self.label[at as usize] = label;
            }
            self.ancestor[at as usize] = self.ancestor[up];
        }
        self.label[number as usize]
    }
}
