//! A depth-first numbering and the retainers into semidominators.
//!
//! A semidominator is the highest ancestor from which a number can be reached around its parent. They
//! are found from the last number to the first, by Lengauer and Tarjan's compression of the ways up
//! (*A Fast Algorithm for Finding Dominators in a Flowgraph*, 1979).

use stanch_heap_snapshot::{Snapshot, prefetch};

use crate::bits::Bits;
use crate::essential::Faint;
use crate::floors::Floors;
use crate::retainers::{CrowdSources, Retainers, Source, Sources};
use crate::walk::Walk;

/// Sources of a crowd that are asked how far up they reach before the others are looked at.
const FEW: usize = 64;

/// The nodes to which the root has an essential edge.
fn below_root(snapshot: &Snapshot, faint: Faint<'_>) -> Bits {
    let root = snapshot.root();
    let mut below = Bits::new(snapshot.node_count());
    for (edge, target) in snapshot.edges_of(root).zip(snapshot.targets_of(root)) {
        if !faint.has(root, edge, *target) {
            below.insert(target.to());
        }
    }
    below
}

/// Edges to nodes of the page from nodes of the page that were numbered behind it; there are few such
/// nodes.
fn strays(snapshot: &Snapshot, faint: Faint<'_>, walk: &Walk) -> Vec<Stray> {
    let late = walk.node.iter().skip(walk.last_owned as usize + 1);
    let late = late.filter(|node| walk.owned.has(**node));
    let strays = late.flat_map(|&node| {
        let from = walk.number[node as usize];
        let edges = snapshot.edges_of(node).zip(snapshot.targets_of(node));
        let edges = edges.filter(move |(edge, target)| !faint.has(node, *edge, **target));
        edges.map(move |(_, target)| Stray {
            to: target.to(),
            from,
        })
    });
    let mut strays: Vec<Stray> = strays.collect();
    strays.sort_unstable();
    strays
}

/// The search's state.
pub(crate) struct Semidominators<'a> {
    snapshot: &'a Snapshot,
    faint: Faint<'a>,
    retainers: &'a Retainers,
    walk: &'a Walk,
    links: Vec<Link>,
    floors: Floors,
    below_root: Bits,
    strays: Vec<Stray>,
    path: Vec<u32>,
}

/// An edge to a node of the page from one that was numbered behind the page.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Stray {
    to: u32,
    from: u32,
}

/// A number's place in the forest of those dealt with.
#[derive(Debug, Clone, Copy)]
struct Link {
    /// An ancestor. If it was not dealt with yet it is the forest's root, and not part of it.
    up: u32,
    /// The least semidominator from here up to below that ancestor.
    least: u32,
}

/// A number whose semidominator is not its parent.
#[derive(Debug)]
pub(crate) struct Far {
    pub(crate) number: u32,
    pub(crate) semidominator: u32,
}

impl<'a> Semidominators<'a> {
    pub(crate) fn new(
        snapshot: &'a Snapshot,
        faint: Faint<'a>,
        retainers: &'a Retainers,
        walk: &'a Walk,
    ) -> Self {
        let parents = walk.parent.iter();
        let link = |parent: &u32| Link {
            up: *parent,
            least: *parent,
        };
        Self {
            snapshot,
            faint,
            retainers,
            walk,
            links: parents.map(link).collect(),
            floors: Floors::new(walk.node.len()),
            below_root: below_root(snapshot, faint),
            strays: strays(snapshot, faint, walk),
            path: Vec::new(),
        }
    }

    /// Finds all semidominators; those that are not the parent, by descending number.
    pub(crate) fn run(mut self) -> Vec<Far> {
        let mut far = Vec::new();
        for number in (2..self.walk.node.len() as u32).rev() {
            self.look_ahead(number);
            if number == self.walk.last_owned {
                // What is not the page's has no say there.
                self.floors.forget();
            }
            let semidominator = self.semidominator(number);
            self.floors.lower(number, semidominator);
            if semidominator != self.walk.parent[number as usize] {
                self.links[number as usize].least = semidominator;
                far.push(Far {
                    number,
                    semidominator,
                });
            }
        }
        far
    }

    /// Asks for the memory that numbers soon to come will need.
    #[inline(always)]
    fn look_ahead(&self, number: u32) {
        const NEAR: usize = 8;
        let number = number as usize;
        if let Some(&node) = number
            .checked_sub(2 * NEAR)
            .and_then(|at| self.walk.node.get(at))
        {
            self.retainers.prefetch_range(node);
        }
        if let Some(&node) = number
            .checked_sub(NEAR)
            .and_then(|at| self.walk.node.get(at))
        {
            prefetch(self.retainers.few(), self.retainers.place(node));
        }
    }

    #[inline(always)]
    fn semidominator(&mut self, number: u32) -> u32 {
        let parent = self.walk.parent[number as usize];
        match self.retainers.of_node(self.walk.node[number as usize]) {
            Sources::Few([_]) => parent,
            Sources::Few(sources) => self.of_few(number, parent, sources),
            Sources::Crowd(sources) => self.of_crowd(number, parent, sources),
        }
    }

    #[inline(always)]
    fn of_few(&mut self, number: u32, parent: u32, sources: &[Source]) -> u32 {
        let last = self.last_strong(number);
        let mut least = parent;
        for source in sources.iter().filter(|source| !source.is_faint()) {
            least = least.min(self.reach(number, last, source.node()));
        }
        least
    }

    /// Like [`of_few`](Self::of_few), but not every source is asked how far up it reaches: mostly
    /// the first few show as much as any could.
    #[inline(never)]
    fn of_crowd(&mut self, number: u32, parent: u32, sources: CrowdSources<'_>) -> u32 {
        let node = self.walk.node[number as usize];
        if self.below_root.has(node) {
            return 1;
        }
        let mut least = self.of_strays(number, node).min(parent);
        let last = self.last_strong(number);
        for source in sources.nodes().take(FEW) {
            if self.is_strong(source, node, sources) {
                least = least.min(self.reach(number, last, source));
            }
        }
        // Most crowds are held from all over the program. No semidominator that could still be met is
        // less than this, and of the numbers less than this there is only the root's.
        if least <= 2 && self.floors.lowest() >= least {
            return least;
        }
        let mut farthest = number;
        for source in sources.nodes() {
            match self.walk.number[source as usize] {
                0 => {}
                from if from > last => {}
                from if from > number => farthest = farthest.max(from),
                from if self.is_strong(source, node, sources) => least = least.min(from),
                _ => {}
            }
        }
        // What is on the way up from a source has a number between the two.
        let floor = self.floors.between(number, farthest);
        for source in sources.nodes() {
            if least <= floor {
                break;
            }
            let from = self.walk.number[source as usize];
            if from > number && from <= last && self.is_strong(source, node, sources) {
                least = least.min(self.least(from, number));
            }
        }
        least
    }

    /// How far up strays reach around the parent of `number`.
    fn of_strays(&mut self, number: u32, node: u32) -> u32 {
        let first = self.strays.partition_point(|stray| stray.to < node);
        let mut least = u32::MAX;
        for at in first..self.strays.len() {
            let Stray { to, from } = self.strays[at];
            if to != node {
                break;
            }
            let reached = if from < number {
                from
            } else {
                self.least(from, number)
            };
            least = least.min(reached);
        }
        least
    }

    /// Whether an edge from one of a crowd's sources counts.
    fn is_strong(&self, source: u32, to: u32, sources: CrowdSources<'_>) -> bool {
        if !sources.has_faint(source) {
            return true;
        }
        let edges = self
            .snapshot
            .edges_of(source)
            .zip(self.snapshot.targets_of(source));
        let mut edges = edges.filter(|(_, target)| target.to() == to);
        edges.any(|(edge, target)| !self.faint.has(source, edge, *target))
    }

    /// The last number whose edges to `number` count; a few beyond may count too.
    #[inline(always)]
    fn last_strong(&self, number: u32) -> u32 {
        if self.walk.owned.has(self.walk.node[number as usize]) {
            self.walk.last_owned
        } else {
            u32::MAX
        }
    }

    /// How far up an edge from `source` reaches around the parent of `number`.
    #[inline(always)]
    fn reach(&mut self, number: u32, last: u32, source: u32) -> u32 {
        let from = self.walk.number[source as usize];
        // Nodes that were never reached have no say, nor has a debugger.
        if from == 0 || from > last && !self.walk.owned.has(source) {
            return u32::MAX;
        }
        if from < number {
            from
        } else {
            self.least(from, number)
        }
    }

    /// The least semidominator on the way up from `from`, over numbers above `bound`.
    #[inline(always)]
    fn least(&mut self, from: u32, bound: u32) -> u32 {
        let link = self.links[from as usize];
        if link.up <= bound {
            return link.least;
        }
        self.compress(from, bound)
    }

    #[inline(never)]
    fn compress(&mut self, from: u32, bound: u32) -> u32 {
        let mut at = from;
        let mut above = self.links[at as usize];
        while above.up > bound {
            self.path.push(at);
            at = above.up;
            above = self.links[at as usize];
        }
        while let Some(at) = self.path.pop() {
            let link = &mut self.links[at as usize];
            above = Link {
                up: above.up,
                least: above.least.min(link.least),
            };
            *link = above;
        }
        above.least
    }
}
