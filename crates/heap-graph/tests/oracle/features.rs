//! Graphs into the list of what is hard about them, so that no hard case is lost unnoticed.

use std::collections::BTreeSet;

use stanch_heap_graph::{EdgeKind, EdgeName, HeapGraph, NodeKind};

/// Something that tools get wrong, and that the snapshots therefore have to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Feature {
    /// A size that does not fit 32 bits.
    FourGiB,
    /// A node that gave its size to its owner.
    GivenAway,
    /// A root without a shortcut edge: V8's internals are exposed.
    Internals,
    /// A half of a WeakMap entry that dominators do not see.
    LeftOutHalf,
    /// A half whose name holds a line break, and so is none.
    BrokenHalf,
    /// A name cut at 1,024 UTF-16 units.
    CutName,
    /// A name with what is no text, or beyond the first 65,536 characters.
    StrangeName,
    /// An object that has its class from its properties.
    Interface,
    /// Functions that allocated, behind the edges.
    Traced,
    /// A node that left its document.
    Detached,
    /// A strong edge from a node of the debugger to one of the page.
    FromOutside,
}

/// What the snapshots of every version of Node hold together. The 4 GiB are not among them: a
/// small machine cannot make them.
pub(crate) const OF_NODE: [Feature; 8] = [
    Feature::GivenAway,
    Feature::Internals,
    Feature::LeftOutHalf,
    Feature::BrokenHalf,
    Feature::CutName,
    Feature::StrangeName,
    Feature::Interface,
    Feature::Traced,
];

/// What the snapshots of a page hold together. V8 15 marks no global objects any more, so no node
/// belongs to the page or gives its size away.
pub(crate) const OF_PAGE: [Feature; 3] = [Feature::BrokenHalf, Feature::Detached, Feature::Traced];

/// What the drawn snapshots hold together.
pub(crate) const OF_RANDOM: [Feature; 7] = [
    Feature::GivenAway,
    Feature::Internals,
    Feature::LeftOutHalf,
    Feature::BrokenHalf,
    Feature::Interface,
    Feature::Detached,
    Feature::FromOutside,
];

/// Adds what a graph, read from `bytes`, has.
pub(crate) fn collect(graph: &HeapGraph, bytes: &[u8], found: &mut BTreeSet<Feature>) {
    let mut has = |feature, it: bool| {
        if it {
            found.insert(feature);
        }
    };
    let mut from_root = graph.edges(graph.root());
    let has_shortcut = from_root.any(|edge| edge.kind == EdgeKind::Shortcut);
    has(Feature::Internals, !has_shortcut);
    has(Feature::Traced, has_functions(bytes));
    for node in graph.ordinals() {
        let (size, raw) = (graph.self_size(node), graph.raw_self_size(node));
        has(Feature::FourGiB, size > u64::from(u32::MAX));
        has(Feature::GivenAway, size < raw);
        let name = graph.name(node);
        has(Feature::CutName, name.encode_utf16().count() == 1024);
        let strange = |c: char| c == '\u{fffd}' || c > '\u{ffff}';
        has(Feature::StrangeName, name.contains(strange));
        has(Feature::Detached, name.starts_with("Detached <"));
        let interface = name == "Object" && graph.class_name(node).starts_with('{');
        has(Feature::Interface, interface);
        for edge in graph.edges(node) {
            match edge.name {
                EdgeName::Name(name)
                    if name.ends_with(')') && name.contains(") pair in WeakMap (") =>
                {
                    let halves = node_is_table(graph, node.0, name);
                    has(Feature::LeftOutHalf, halves && !edge.essential);
                    has(
                        Feature::BrokenHalf,
                        halves && edge.essential && name.contains('\n'),
                    );
                }
                _ => {
                    let outside = !edge.essential
                        && edge.to != node
                        && graph.kind(node) == NodeKind::Synthetic
                        && !matches!(edge.kind, EdgeKind::Weak | EdgeKind::Shortcut);
                    has(Feature::FromOutside, outside);
                }
            }
        }
    }
}

/// Whether the node is the table that the name of a half ends in.
fn node_is_table(graph: &HeapGraph, node: u32, name: &str) -> bool {
    let id = graph.id(stanch_heap_graph::Ordinal(node));
    name.ends_with(&format!("(table {id})"))
}

/// The header says how many functions there are; it comes first.
fn has_functions(bytes: &[u8]) -> bool {
    let header = String::from_utf8_lossy(&bytes[..bytes.len().min(1 << 14)]);
    let count = header.split("\"trace_function_count\":").nth(1);
    count.is_some_and(|rest| !rest.starts_with('0'))
}
