//! How many steps each node is away from the program's global objects.

use rustc_hash::FxHashSet;
use stanch_heap_snapshot::{Compact, EdgeKind, NodeKind, Snapshot, StringId, Target, prefetch};

use crate::bits::Bits;
use crate::names::Names;

/// The distance of what cannot be reached.
const UNREACHABLE: i32 = -5;
/// The root's distance when there are global objects to start from: what only it reaches is the
/// system's own.
const SYSTEM: u64 = 100_000_000;

/// Steps from the nearest global object, by node.
#[derive(Debug)]
pub(crate) struct Distances(
    /// 0 for what cannot be reached; else 1, twice the number of steps, and 1 more if these were
    /// counted from the root.
    Compact<2>,
);

impl Distances {
    /// Searches the graph breadth first.
    pub(crate) fn of(snapshot: &Snapshot, names: &Names) -> Self {
        let nodes = snapshot.node_count();
        let mut search = Search {
            snapshot,
            names,
            codes: Compact::zeros(nodes),
            visited: Bits::new(nodes),
            met_halves: FxHashSet::default(),
        };
        let targets = snapshot.targets_of(snapshot.root()).iter();
        // One global object may stand here several times. That is meant: its second visit meets the
        // halves of WeakMap entries a second time.
        let roots = targets.map(|target| target.to());
        let roots: Vec<u32> = roots
            .filter(|node| names.is_user_root(snapshot, *node))
            .collect();
        let root_code = if roots.is_empty() {
            code(0)
        } else {
            code(0) + 1
        };
        search.breadth_first(roots, code(1));
        search.breadth_first(vec![snapshot.root()], root_code);
        Self(search.codes)
    }

    /// Steps from the nearest global object; [`SYSTEM`] and more for what only the root reaches.
    pub(crate) fn get(&self, node: usize) -> i32 {
        let code = self.0.get(node);
        let Some(steps) = code.checked_sub(1) else {
            return UNREACHABLE;
        };
        let system = if steps & 1 == 0 { 0 } else { SYSTEM };
        i32::try_from(steps / 2 + system).unwrap_or(i32::MAX)
    }
}

const fn code(steps: u64) -> u64 {
    1 + 2 * steps
}

struct Search<'a> {
    snapshot: &'a Snapshot,
    names: &'a Names,
    codes: Compact<2>,
    visited: Bits,
    /// Entries of WeakMaps of which one half was met.
    met_halves: FxHashSet<u32>,
}

/// What is left out of the references of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Nothing but one half of each WeakMap entry.
    Any,
    /// Also the map of functions.
    Context,
    /// All but certain slots.
    Descriptors,
}

impl Search<'_> {
    /// Goes on from `level`, whose nodes have the distance with this code.
    fn breadth_first(&mut self, mut level: Vec<u32>, mut code: u64) {
        let mut next = Vec::new();
        for node in &level {
            self.visited.insert(*node);
            self.codes.set(*node as usize, code);
        }
        while !level.is_empty() {
            code += 2;
            for (at, node) in level.iter().enumerate() {
                self.look_ahead(&level[at..]);
                self.look_at(*node, code, &mut next);
            }
            level.clear();
            std::mem::swap(&mut level, &mut next);
        }
    }

    /// Asks for the memory of nodes that come soon.
    #[inline(always)]
    fn look_ahead(&self, level: &[u32]) {
        const NEAR: usize = 8;
        let ranges = self.snapshot.nodes().edge_ranges();
        if let Some(node) = level.get(2 * NEAR) {
            ranges.prefetch(*node as usize);
        }
        if let Some(node) = level.get(NEAR) {
            let start = ranges.range(*node as usize).start;
            prefetch(self.snapshot.edges().targets(), start);
            self.snapshot.edges().prefetch_name(start);
            self.snapshot.nodes().prefetch_kind(*node);
        }
    }

    #[inline(always)]
    fn look_at(&mut self, node: u32, code: u64, next: &mut Vec<u32>) {
        let snapshot = self.snapshot;
        let mut rule = None;
        for (edge, target) in snapshot.edges_of(node).zip(snapshot.targets_of(node)) {
            let to = target.to();
            if self.visited.has(to) || target.is(EdgeKind::Weak) {
                continue;
            }
            let rule = *rule.get_or_insert_with(|| self.rule(node));
            if !self.counts(rule, edge, *target) {
                continue;
            }
            self.visited.insert(to);
            self.codes.set(to as usize, code);
            next.push(to);
        }
    }

    /// Which steps from a node bring the target nearer.
    #[inline(always)]
    fn rule(&self, from: u32) -> Rule {
        let (nodes, names) = (self.snapshot.nodes(), self.names);
        match nodes.kind(from) {
            NodeKind::Hidden if names.native_context.contains(&nodes.name(from)) => Rule::Context,
            NodeKind::Array if names.map_descriptors.contains(&nodes.name(from)) => {
                Rule::Descriptors
            }
            _ => Rule::Any,
        }
    }

    /// Whether a step over this edge brings the target nearer.
    #[inline(always)]
    fn counts(&mut self, rule: Rule, edge: usize, target: Target) -> bool {
        match rule {
            Rule::Context if self.is_function_map(edge, target) => false,
            Rule::Descriptors => is_no_descriptor(self.index(edge, target)),
            _ => !target.is(EdgeKind::Internal) || self.counts_internal(edge),
        }
    }

    /// The value of a WeakMap entry is as far as the farther of map and key: the first half met does
    /// not count, the second does.
    fn counts_internal(&mut self, edge: usize) -> bool {
        let name = StringId(self.snapshot.edges().name_or_index(edge));
        match self.names.pairs.get(name) {
            Some(pair) if !self.met_halves.remove(&pair.entry) => {
                self.met_halves.insert(pair.entry);
                false
            }
            _ => true,
        }
    }

    fn is_function_map(&self, edge: usize, target: Target) -> bool {
        let name = StringId(self.snapshot.edges().name_or_index(edge));
        !target.kind().is_indexed() && self.names.function_map.contains(&name)
    }

    /// The number an edge's name starts with.
    fn index(&self, edge: usize, target: Target) -> Option<i64> {
        let name = self.snapshot.edges().name_or_index(edge);
        if target.kind().is_indexed() {
            return Some(name.into());
        }
        leading_number(self.snapshot.strings().get(StringId(name)))
    }
}
/// Maps share arrays of descriptors, so an entry need not belong to the map it is reached from.
/// The array starts with two fields of its own; of the triples behind them the second slots refer
/// on.
const fn is_no_descriptor(index: Option<i64>) -> bool {
    match index {
        Some(index) => index < 2 || index % 3 != 1,
        None => true,
    }
}

/// What JavaScript's `parseInt(text, 10)` gives.
fn leading_number(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    Some(sign * digits[..end].parse::<i64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::{is_no_descriptor, leading_number};

    #[test]
    fn names_are_read_as_javascript_reads_numbers() {
        let check = |text, number| assert_eq!(leading_number(text), number, "{text:?}");
        check("17", Some(17));
        check(" 17x", Some(17));
        check("-3", Some(-3));
        check("+3", Some(3));
        check("", None);
        check("x", None);
        check("-", None);
    }

    #[test]
    fn of_a_descriptor_array_the_second_slots_are_left_out() {
        let kept: Vec<i64> = (0..9)
            .filter(|index| is_no_descriptor(Some(*index)))
            .collect();
        assert_eq!(kept, [0, 1, 2, 3, 5, 6, 8]);
        assert!(is_no_descriptor(None));
    }
}
