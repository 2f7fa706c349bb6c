//! The graph of one snapshot: everything that can be said about a node by its ordinal.

use std::ops::Range;
use std::sync::OnceLock;

use stanch_heap_snapshot::{Compact, NodeKind, Snapshot, StringId, Strings};

use crate::bits::Bits;
use crate::build::{Parts, build};
use crate::class_names::ClassNames;
use crate::class_table::{ClassRow, classes};
use crate::distances::Distances;
use crate::essential::is_essential;
use crate::retainers::{Retainers, Sources};
use crate::tree::DominatorTree;
use crate::weak_pairs::WeakPairs;
use crate::wide_nodes::WideNodes;
use crate::{Edge, EdgeName, GraphError, NodeId, Ordinal, Retainer};

/// A heap with its retainers, dominators, sizes, distances and classes.
///
/// An [`Ordinal`] is good for the graph it came from; one beyond its nodes makes a method panic.
#[derive(Debug)]
pub struct HeapGraph {
    snapshot: Snapshot,
    pairs: WeakPairs,
    /// Nodes that belong to the program, not to a debugger looking at it.
    owned: Bits,
    retainers: Retainers,
    wide_nodes: WideNodes,
    tree: DominatorTree,
    self_sizes: Compact<2>,
    distances: Distances,
    class_names: ClassNames,
    by_id: OnceLock<Vec<Ordinal>>,
}

/// Where a function, or the constructor of an object, begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// V8's number of the script, good within its process only.
    pub script_id: u32,
    /// Line, counted from 0.
    pub line: u32,
    /// Column in UTF-16 units, counted from 0.
    pub column: u32,
}

impl HeapGraph {
    /// Works out everything about a snapshot.
    ///
    /// # Errors
    /// When there is no node.
    pub fn build(snapshot: Snapshot) -> Result<Self, GraphError> {
        build(snapshot)
    }

    /// The columns that it was built from, but for the names of native nodes that are detached. Strings
    /// made for those and for classes stand behind the file's own.
    #[must_use]
    pub const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Number of nodes.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.snapshot.node_count()
    }

    /// Number of edges.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.snapshot.edge_count()
    }

    /// The root, which dominates all.
    #[must_use]
    pub const fn root(&self) -> Ordinal {
        Ordinal(self.snapshot.root())
    }

    /// All nodes in the order of the file.
    pub fn ordinals(&self) -> impl ExactSizeIterator<Item = Ordinal> + DoubleEndedIterator + use<> {
        (0..self.node_count() as u32).map(Ordinal)
    }

    /// The node's id.
    #[must_use]
    pub fn id(&self, node: Ordinal) -> NodeId {
        NodeId(self.snapshot.nodes().id(node.0))
    }

    /// What sort of thing the node is.
    #[must_use]
    pub fn kind(&self, node: Ordinal) -> NodeKind {
        self.snapshot.nodes().kind(node.0)
    }

    /// The node's own name: a constructor, a function, a string's first 1,024 units. Native nodes
    /// that are detached have `Detached ` before it.
    #[must_use]
    pub fn name(&self, node: Ordinal) -> &str {
        self.snapshot
            .strings()
            .get(self.snapshot.nodes().name(node.0))
    }

    /// The node's own size in bytes, with that of the helper objects only it uses; those have 0.
    #[must_use]
    pub fn self_size(&self, node: Ordinal) -> u64 {
        self.self_sizes.get(node.index())
    }

    /// The node's own size in bytes, as V8 wrote it.
    #[must_use]
    pub fn raw_self_size(&self, node: Ordinal) -> u64 {
        self.snapshot.nodes().self_size(node.0)
    }

    /// Bytes that would be freed with this node: its self size and all that it dominates.
    #[must_use]
    pub fn retained_size(&self, node: Ordinal) -> u64 {
        self.tree.retained(node)
    }

    /// Steps from the nearest global object; 100,000,000 and more for what only the system holds,
    /// −5 for what nothing holds.
    #[must_use]
    pub fn distance(&self, node: Ordinal) -> i32 {
        self.distances.get(node.index())
    }

    /// The last node that every path from the root to this one passes; the root's is the root.
    #[must_use]
    pub fn immediate_dominator(&self, node: Ordinal) -> Ordinal {
        self.tree.above(node)
    }

    /// The nodes whose immediate dominator this one is, ascending. The root is not its own child.
    pub fn dominated_children(&self, node: Ordinal) -> impl ExactSizeIterator<Item = Ordinal> + '_ {
        self.tree.children(node).into_iter()
    }

    /// All nodes in an order in which each node comes before those it dominates, and these directly
    /// behind it. Folds over the dominator tree are one pass: forward from the root down, backward
    /// from the leaves up.
    #[must_use]
    pub fn dominator_preorder(&self) -> &[Ordinal] {
        &self.tree.order
    }

    /// Where a node and all that it dominates stand in the
    /// [preorder](Self::dominator_preorder); the node itself is first.
    #[must_use]
    pub fn dominated_span(&self, node: Ordinal) -> Range<usize> {
        self.tree.span(node)
    }

    /// Whether every way from the root to `below` leads through `above`. A node dominates itself.
    #[must_use]
    pub fn dominates(&self, above: Ordinal, below: Ordinal) -> bool {
        self.tree.span(above).contains(&self.tree.position(below))
    }

    /// The node's references, in the order of the file.
    pub fn edges(
        &self,
        node: Ordinal,
    ) -> impl ExactSizeIterator<Item = Edge<'_>> + DoubleEndedIterator {
        let edges = self.snapshot.edges_of(node.0);
        edges.map(move |edge| self.edge(node, edge))
    }

    /// The references from one node to another, in the order of the file; quick even where `from`
    /// has very many.
    pub fn edges_between(
        &self,
        from: Ordinal,
        to: Ordinal,
    ) -> impl ExactSizeIterator<Item = Edge<'_>> + DoubleEndedIterator {
        let edges = self.wide_nodes.edges(&self.snapshot, from.0, to.0);
        edges.into_iter().map(move |edge| self.edge(from, edge))
    }

    /// The references to the node, by ascending source.
    pub fn retainers(
        &self,
        node: Ordinal,
    ) -> impl ExactSizeIterator<Item = Retainer<'_>> + DoubleEndedIterator {
        let sources = self.retainer_sources(node);
        (0..sources.len()).map(move |at| self.retainer_at(node, &sources, at))
    }

    /// The nodes that refer to this one, once for each reference and ascending: what can be told of
    /// [`retainers`](Self::retainers) without looking for the references among all that those nodes have.
    #[must_use]
    pub fn retainer_sources(&self, node: Ordinal) -> Vec<Ordinal> {
        match self.retainers.of_node(node.0) {
            Sources::Few(sources) => sources
                .iter()
                .map(|source| Ordinal(source.node()))
                .collect(),
            Sources::Crowd(sources) => sources.nodes().map(Ordinal).collect(),
        }
    }

    /// One of the [`retainers`](Self::retainers) of a node, by its place among
    /// [their sources](Self::retainer_sources).
    #[must_use]
    pub fn retainer_at(&self, node: Ordinal, sources: &[Ordinal], at: usize) -> Retainer<'_> {
        let from = sources[at];
        let before = sources[..at].iter().rev();
        let earlier = before.take_while(|other| **other == from).count();
        self.retainer(from.0, node.0, earlier)
    }

    /// How many references to the node there are.
    #[must_use]
    pub fn retainer_count(&self, node: Ordinal) -> usize {
        match self.retainers.of_node(node.0) {
            Sources::Few(sources) => sources.len(),
            Sources::Crowd(sources) => sources.len(),
        }
    }

    /// Where the function, or the object's constructor, begins; for other nodes mostly unknown.
    #[must_use]
    pub fn location(&self, node: Ordinal) -> Option<Location> {
        let row = self.snapshot.locations().get(node.0)?;
        Some(Location {
            script_id: row.script_id,
            line: row.line,
            column: row.column,
        })
    }

    /// The node's class: its constructor, `{a, b}` for plain objects of a frequent shape, or its
    /// sort in parentheses.
    #[must_use]
    pub fn class_name(&self, node: Ordinal) -> &str {
        self.snapshot
            .strings()
            .get(self.class_names.get(node.index()))
    }

    /// The key of the node's class, as in [`ClassRow::key`].
    #[must_use]
    pub fn class_key(&self, node: Ordinal) -> String {
        let name = self.class_name(node);
        match self
            .location(node)
            .filter(|_| self.kind(node) == NodeKind::Object)
        {
            Some(Location {
                script_id,
                line,
                column,
            }) => format!("{script_id},{line},{column},{name}"),
            None => format!(",{name}"),
        }
    }

    /// The class table, in the order in which first instances stand in the file. Made anew with
    /// each call, in two passes over all nodes.
    #[must_use]
    pub fn classes(&self) -> Vec<ClassRow> {
        classes(self, self.class_names.iter(), &[])
            .into_iter()
            .map(|class| class.row)
            .collect()
    }

    /// The whole heap in bytes, with memory outside of all nodes.
    #[must_use]
    pub fn total_size(&self) -> u64 {
        self.retained_size(self.root())
            .saturating_add(self.snapshot.extra_native_bytes())
    }

    /// The node with this id, the first if there are several. The first call sorts all ids.
    #[must_use]
    pub fn find_by_id(&self, id: NodeId) -> Option<Ordinal> {
        let by_id = self.by_id.get_or_init(|| {
            let mut nodes: Vec<Ordinal> = self.ordinals().collect();
            nodes.sort_by_key(|node| self.id(*node));
            nodes
        });
        let at = by_id.partition_point(|node| self.id(*node) < id);
        by_id.get(at).copied().filter(|node| self.id(*node) == id)
    }

    pub(crate) const fn strings(&self) -> &Strings {
        self.snapshot.strings()
    }

    pub(crate) const fn class_names(&self) -> &ClassNames {
        &self.class_names
    }

    pub(crate) const fn tree(&self) -> &DominatorTree {
        &self.tree
    }

    fn edge(&self, from: Ordinal, edge: usize) -> Edge<'_> {
        let target = self.snapshot.edges().targets()[edge];
        Edge {
            kind: target.kind(),
            name: self.edge_name(edge),
            to: Ordinal(target.to()),
            essential: self.is_essential(from.0, edge),
        }
    }

    fn is_essential(&self, from: u32, edge: usize) -> bool {
        is_essential(&self.snapshot, &self.pairs, &self.owned, from, edge)
    }

    /// The reference from one node to another that has `earlier` such references before it.
    fn retainer(&self, from: u32, to: u32, earlier: usize) -> Retainer<'_> {
        let edge = self.wide_nodes.edge(&self.snapshot, from, to, earlier);
        // Retainers are edges, so there is one.
        let edge = edge.unwrap_or(self.snapshot.edges_of(from).start);
        Retainer {
            from: Ordinal(from),
            kind: self.snapshot.edges().kind(edge),
            name: self.edge_name(edge),
            essential: self.is_essential(from, edge),
        }
    }

    fn edge_name(&self, edge: usize) -> EdgeName<'_> {
        let name = self.snapshot.edges().name_or_index(edge);
        if self.snapshot.edges().kind(edge).is_indexed() {
            EdgeName::Index(name)
        } else {
            EdgeName::Name(self.snapshot.strings().get(StringId(name)))
        }
    }
}

impl From<Parts> for HeapGraph {
    fn from(parts: Parts) -> Self {
        Self {
            snapshot: parts.snapshot,
            pairs: parts.pairs,
            owned: parts.owned,
            retainers: parts.retainers,
            wide_nodes: WideNodes::default(),
            tree: parts.tree,
            self_sizes: parts.self_sizes,
            distances: parts.distances,
            class_names: parts.class_names,
            by_id: OnceLock::new(),
        }
    }
}
