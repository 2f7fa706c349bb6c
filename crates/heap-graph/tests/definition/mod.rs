//! A graph's raw facts into every number by its definition, slowly: what the engine must agree with.
//!
//! Only what the file says is taken from the graph: kinds, names, ids, sizes and edges. The rest is
//! worked out here anew, each node on its own, without the engine's algorithms.

pub(crate) mod classes;
pub(crate) mod draft;
mod facts;

use std::collections::BTreeSet;

use facts::{Facts, Link, Step};
use stanch_heap_graph::{EdgeKind, HeapGraph, NodeKind, Ordinal};

/// What only the system's roots reach is this far away.
const SYSTEM: i32 = 100_000_000;
/// What nothing reaches.
const UNREACHABLE: i32 = -5;

/// The numbers of one graph, by ordinal.
#[derive(Debug)]
struct Definition {
    self_size: Vec<u64>,
    dominator: Vec<usize>,
    retained: Vec<u64>,
    distance: Vec<i32>,
}

/// Compares all numbers of a graph; the error names the first node and field that differ.
pub(crate) fn check(graph: &HeapGraph) -> Result<(), String> {
    let facts = Facts::of(graph);
    let essential = essential_links(&facts);
    check_links(graph, &facts, &essential)?;
    let definition = Definition::of(&facts, &essential);
    for node in graph.ordinals() {
        let at = node.index();
        let same = |field: &str, ours: String, defined: String| {
            let sentence = || format!("node {at}: {field} is {ours}, by definition {defined}");
            if ours == defined {
                Ok(())
            } else {
                Err(sentence())
            }
        };
        let text = |number: u64| number.to_string();
        same(
            "self size",
            text(graph.self_size(node)),
            text(definition.self_size[at]),
        )?;
        same(
            "immediate dominator",
            graph.immediate_dominator(node).0.to_string(),
            definition.dominator[at].to_string(),
        )?;
        same(
            "retained size",
            text(graph.retained_size(node)),
            text(definition.retained[at]),
        )?;
        same(
            "distance",
            graph.distance(node).to_string(),
            definition.distance[at].to_string(),
        )?;
    }
    check_tree(graph)?;
    classes::check(graph)
}

impl Definition {
    fn of(facts: &Facts, essential: &[Vec<bool>]) -> Self {
        let self_size = self_sizes(facts);
        let (dominator, lost) = dominators(facts, essential);
        let total = self_size.iter().sum();
        let sum = |nodes: &BTreeSet<usize>| nodes.iter().map(|node| self_size[*node]).sum();
        let mut retained: Vec<u64> = lost.iter().map(sum).collect();
        retained[facts.root] = total;
        Self {
            dominator,
            retained,
            distance: distances(facts),
            self_size,
        }
    }
}

/// Nodes reachable from the page's own roots.
fn page_owned(facts: &Facts) -> Vec<bool> {
    let is_seed = |link: &&Link| match link.kind {
        EdgeKind::Shortcut => true,
        EdgeKind::Element => facts.is_document_trees(link.to),
        _ => false,
    };
    let seeds = facts.links[facts.root].iter().filter(is_seed);
    facts.reach(seeds.map(|link| link.to).collect(), |_, link| {
        link.kind != EdgeKind::Weak
    })
}

/// For each node and each of its edges, whether dominators see it.
fn essential_links(facts: &Facts) -> Vec<Vec<bool>> {
    let owned = page_owned(facts);
    let of_node = |from: usize| {
        let links = facts.links[from].iter();
        let essential = |link: &Link| {
            let is_tables_half = link.kind == EdgeKind::Internal
                && link.half().is_some_and(|half| half.table == facts.id[from]);
            let from_outside = owned[link.to] && !owned[from];
            let is_shortcut = link.kind == EdgeKind::Shortcut;
            !is_tables_half
                && link.kind != EdgeKind::Weak
                && link.to != from
                && (from == facts.root || !is_shortcut && !from_outside)
        };
        links.map(essential).collect()
    };
    (0..facts.len()).map(of_node).collect()
}

/// A helper gives its size to the only node from which helpers lead to it, if it is one.
fn self_sizes(facts: &Facts) -> Vec<u64> {
    let mut sizes = facts.raw_size.clone();
    let mut children = facts.links[facts.root].iter();
    if !children.any(|link| facts.is_user_root(link.to)) {
        return sizes;
    }
    let helper: Vec<bool> = (0..facts.len())
        .map(|node| is_helper(facts, node))
        .collect();
    let mut owners = vec![BTreeSet::new(); facts.len()];
    for owner in (0..facts.len()).filter(|node| !helper[*node]) {
        let reached = facts.reach(vec![owner], |from, link| {
            (from == owner || helper[from]) && helper[link.to] && link.kind != EdgeKind::Weak
        });
        for node in (0..facts.len()).filter(|node| reached[*node] && *node != owner) {
            owners[node].insert(owner);
        }
    }
    for (node, owners) in owners.iter().enumerate() {
        let mut owners = owners.iter();
        let (Some(&owner), None) = (owners.next(), owners.next()) else {
            continue;
        };
        if owner != facts.root && facts.kind[owner] != NodeKind::Synthetic {
            sizes[owner] += sizes[node];
            sizes[node] = 0;
        }
    }
    sizes
}

fn is_helper(facts: &Facts, node: usize) -> bool {
    match facts.kind[node] {
        NodeKind::Hidden | NodeKind::Array => true,
        NodeKind::Native => facts.name[node] == "system / ExternalStringData",
        _ => false,
    }
}

/// Each node's immediate dominator, and the nodes that fall away without it, itself included.
fn dominators(facts: &Facts, essential: &[Vec<bool>]) -> (Vec<usize>, Vec<BTreeSet<usize>>) {
    let mut held = vec![false; facts.len()];
    for (links, essential) in facts.links.iter().zip(essential) {
        for (link, _) in links
            .iter()
            .zip(essential)
            .filter(|(_, essential)| **essential)
        {
            held[link.to] = true;
        }
    }
    // Orphans count as children of the root.
    let mut starts = vec![facts.root];
    starts.extend((0..facts.len()).filter(|node| !held[*node]));
    let reach_without = |removed: Option<usize>| {
        let starts = starts.iter().copied();
        let starts = starts.filter(|node| Some(*node) != removed).collect();
        facts.reach_by(starts, |from, at, link| {
            essential[from][at] && Some(link.to) != removed
        })
    };
    let all = reach_without(None);
    let lost = |node: usize| -> BTreeSet<usize> {
        if node == facts.root || !all[node] {
            // What only a clique holds is a child of the root, and holds nothing.
            return [node].into();
        }
        let rest = reach_without(Some(node));
        (0..facts.len())
            .filter(|it| all[*it] && !rest[*it])
            .collect()
    };
    let lost: Vec<BTreeSet<usize>> = (0..facts.len()).map(lost).collect();
    let immediate = |node: usize| {
        let above = (0..facts.len()).filter(|it| *it != node && lost[*it].contains(&node));
        // The nearest of those above is the one that all others are above of, too.
        above.min_by_key(|it| lost[*it].len()).unwrap_or(facts.root)
    };
    ((0..facts.len()).map(immediate).collect(), lost)
}

/// Breadth first from the global objects, then from the root.
fn distances(facts: &Facts) -> Vec<i32> {
    let children = facts.links[facts.root].iter().map(|link| link.to);
    let users: Vec<usize> = children.filter(|node| facts.is_user_root(*node)).collect();
    let mut distance = vec![UNREACHABLE; facts.len()];
    for &node in &users {
        distance[node] = 1;
    }
    let of_root = if users.is_empty() { 0 } else { SYSTEM };
    let mut waiting_halves = BTreeSet::new();
    walk(facts, users, &mut distance, &mut waiting_halves);
    distance[facts.root] = of_root;
    walk(facts, vec![facts.root], &mut distance, &mut waiting_halves);
    distance
}

fn walk<'a>(
    facts: &'a Facts,
    mut queue: Vec<usize>,
    distance: &mut [i32],
    waiting_halves: &mut BTreeSet<&'a str>,
) {
    let mut next = 0;
    while next < queue.len() {
        let from = queue[next];
        next += 1;
        for link in &facts.links[from] {
            if link.kind == EdgeKind::Weak || distance[link.to] != UNREACHABLE {
                continue;
            }
            let counts = match facts.step(from, link) {
                Step::Yes => true,
                Step::No => false,
                Step::SecondTime => link.half().is_some_and(|half| {
                    waiting_halves.remove(half.entry) || !waiting_halves.insert(half.entry)
                }),
            };
            if !counts {
                continue;
            }
            distance[link.to] = distance[from] + 1;
            queue.push(link.to);
        }
    }
}

/// The edges as their target sees them, and which of them dominators see.
fn check_links(graph: &HeapGraph, facts: &Facts, essential: &[Vec<bool>]) -> Result<(), String> {
    let mut retainers = vec![Vec::new(); facts.len()];
    for (from, links) in facts.links.iter().enumerate() {
        for (at, link) in links.iter().enumerate() {
            retainers[link.to].push((from, essential[from][at]));
        }
        let ours = graph.edges(Ordinal(from as u32)).map(|edge| edge.essential);
        if !ours.eq(essential[from].iter().copied()) {
            return Err(format!(
                "node {from}: not the essential edges it has by definition"
            ));
        }
    }
    for (to, retainers) in retainers.into_iter().enumerate() {
        let ours = graph.retainers(Ordinal(to as u32));
        let ours = ours.map(|retainer| (retainer.from.index(), retainer.essential));
        if !ours.eq(retainers) {
            return Err(format!(
                "node {to}: not the retainers that the edges give it"
            ));
        }
    }
    Ok(())
}

/// The three views on the dominator tree are of one tree.
fn check_tree(graph: &HeapGraph) -> Result<(), String> {
    let mut path: Vec<Ordinal> = Vec::new();
    let mut seen = BTreeSet::new();
    for &node in graph.dominator_preorder() {
        let above = graph.immediate_dominator(node);
        while path.last().is_some_and(|last| *last != above) {
            path.pop();
        }
        if !seen.insert(node) || (path.is_empty() && node != graph.root()) {
            return Err(format!("node {}: not in its place in the preorder", node.0));
        }
        path.push(node);
    }
    if seen.len() != graph.node_count() {
        return Err("the preorder lacks nodes".to_owned());
    }
    for node in graph.ordinals() {
        let below = graph
            .ordinals()
            .filter(|other| *other != graph.root() && graph.immediate_dominator(*other) == node);
        if !graph.dominated_children(node).eq(below) {
            return Err(format!("node {}: not the children it dominates", node.0));
        }
    }
    Ok(())
}
