//! The class table and the comparison by their definition.

use std::collections::{BTreeMap, BTreeSet};

use stanch_heap_graph::{ClassChange, HeapGraph, Ordinal};

/// Compares the class table with one made here.
pub(crate) fn check(graph: &HeapGraph) -> Result<(), String> {
    let mut wanted: BTreeMap<String, (u64, u64, u64, i32)> = BTreeMap::new();
    for node in members(graph) {
        let key = graph.class_key(node);
        let is_outermost = !above(graph, node)
            .any(|other| graph.self_size(other) > 0 && graph.class_key(other) == key);
        let row = wanted.entry(key).or_insert((0, 0, 0, i32::MAX));
        row.0 += 1;
        row.1 += graph.self_size(node);
        row.2 += if is_outermost {
            graph.retained_size(node)
        } else {
            0
        };
        row.3 = row.3.min(graph.distance(node));
    }
    let mut found = BTreeMap::new();
    for row in graph.classes() {
        let numbers = (row.count, row.self_size, row.retained_size, row.distance);
        if found.insert(row.key.clone(), numbers).is_some() {
            return Err(format!("class {}: stands twice", row.key));
        }
    }
    if found == wanted {
        return Ok(());
    }
    Err(format!("classes are {found:?}, by definition {wanted:?}"))
}

/// Compares a comparison with one made here. Plain objects are left out: which class they are in
/// is the matter of tests of its own.
pub(crate) fn check_changes(
    base: &HeapGraph,
    current: &HeapGraph,
    changes: &[ClassChange],
) -> Result<(), String> {
    let before = by_class(base);
    let after = by_class(current);
    let mut wanted = BTreeMap::new();
    for key in before.keys().chain(after.keys()) {
        let none = BTreeMap::new();
        let old = before.get(key).unwrap_or(&none);
        let new = after.get(key).unwrap_or(&none);
        let only = |these: &BTreeMap<u64, u64>, those: &BTreeMap<u64, u64>| {
            let sizes = these.iter().filter(|(id, _)| !those.contains_key(id));
            sizes.fold((0, 0), |(count, bytes), (_, size)| {
                (count + 1, bytes + size)
            })
        };
        let row = (only(new, old), only(old, new));
        if row != ((0, 0), (0, 0)) {
            wanted.insert(key.clone(), row);
        }
    }
    let rows = changes.iter().filter(|row| !is_plain(&row.key));
    let row = |row: &ClassChange| {
        let added = (row.added, row.added_size);
        (row.key.clone(), (added, (row.removed, row.removed_size)))
    };
    let found: BTreeMap<_, _> = rows.map(row).collect();
    if found == wanted {
        return Ok(());
    }
    Err(format!("changes are {found:?}, by definition {wanted:?}"))
}

/// Ids and sizes by class.
fn by_class(graph: &HeapGraph) -> BTreeMap<String, BTreeMap<u64, u64>> {
    let mut classes: BTreeMap<String, BTreeMap<u64, u64>> = BTreeMap::new();
    for node in members(graph) {
        let key = graph.class_key(node);
        if !is_plain(&key) {
            let class = classes.entry(key).or_default();
            class.insert(graph.id(node).0, graph.self_size(node));
        }
    }
    classes
}

fn is_plain(key: &str) -> bool {
    let name = key.splitn(4, ',').last().unwrap_or(key);
    key.ends_with(",Object") || key.contains('{') || name.starts_with('{')
}

fn members(graph: &HeapGraph) -> impl Iterator<Item = Ordinal> {
    graph.ordinals().filter(|node| graph.self_size(*node) > 0)
}

/// The dominators of a node, without itself.
fn above(graph: &HeapGraph, node: Ordinal) -> impl Iterator<Item = Ordinal> {
    let mut seen = BTreeSet::from([node]);
    let mut next = Some(graph.immediate_dominator(node));
    std::iter::from_fn(move || {
        let node = next.filter(|node| seen.insert(*node))?;
        next = Some(graph.immediate_dominator(node));
        Some(node)
    })
}
