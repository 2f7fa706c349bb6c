//! The graph of one snapshot: everything that can be said about a node by its ordinal.

use std::sync::OnceLock;

use stanch_heap_snapshot::{EdgeKind, NodeKind, Snapshot, StringId, Strings};

use crate::bits::Bits;
use crate::class_names::class_names;
use crate::class_table::{ClassRow, classes};
use crate::detached::mark_detached;
use crate::distances::distances;
use crate::dominators::{Dominators, dominators};
use crate::essential::essential_edges;
use crate::retainers::Retainers;
use crate::shallow::self_sizes;
use crate::weak_pairs::WeakPairs;
use crate::{Edge, EdgeName, GraphError, NodeId, Ordinal, Retainer};

/// A heap with its retainers, dominators, sizes, distances and classes.
///
/// An [`Ordinal`] is good for the graph it came from; one beyond its nodes makes a method panic.
#[derive(Debug)]
pub struct HeapGraph {
    snapshot: Snapshot,
    essential: Bits,
    retainers: Retainers,
    dominators: Vec<u32>,
    preorder: Vec<Ordinal>,
    /// Children of node `n` in the dominator tree: `children[first_child[n]..first_child[n + 1]]`.
    first_child: Vec<u32>,
    children: Vec<Ordinal>,
    self_sizes: Vec<u64>,
    retained_sizes: Vec<u64>,
    distances: Vec<i32>,
    class_names: Vec<StringId>,
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
    /// When the columns do not fit together; those of a parser always do.
    pub fn build(mut snapshot: Snapshot) -> Result<Self, GraphError> {
        check_columns(&snapshot)?;
        mark_detached(&mut snapshot);
        let pairs = WeakPairs::find(&snapshot.strings);
        let essential = essential_edges(&snapshot, &pairs);
        let retainers = Retainers::of(&snapshot);
        let Dominators { immediate, order } = dominators(&snapshot, &essential, &retainers);
        let self_sizes = self_sizes(&snapshot);
        let mut retained_sizes = self_sizes.clone();
        for &node in order.iter().skip(1).rev() {
            let retained = retained_sizes[node as usize];
            let above = &mut retained_sizes[immediate[node as usize] as usize];
            *above = above.saturating_add(retained);
        }
        let (first_child, children) = children(snapshot.root, &immediate);
        let preorder = preorder(snapshot.root, &first_child, &children);
        let distances = distances(&snapshot, &pairs);
        let class_names = class_names(&mut snapshot);
        Ok(Self {
            snapshot,
            essential,
            retainers,
            dominators: immediate,
            preorder,
            first_child,
            children,
            self_sizes,
            retained_sizes,
            distances,
            class_names,
            by_id: OnceLock::new(),
        })
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
        Ordinal(self.snapshot.root)
    }

    /// All nodes in the order of the file.
    pub fn ordinals(&self) -> impl ExactSizeIterator<Item = Ordinal> + DoubleEndedIterator + use<> {
        (0..self.node_count() as u32).map(Ordinal)
    }

    /// The node's id.
    #[must_use]
    pub fn id(&self, node: Ordinal) -> NodeId {
        NodeId(self.snapshot.nodes.id[node.index()])
    }

    /// What sort of thing the node is.
    #[must_use]
    pub fn kind(&self, node: Ordinal) -> NodeKind {
        self.snapshot.nodes.kind[node.index()]
    }

    /// The node's own name: a constructor, a function, a string's first 1,024 units. Native nodes
    /// that are detached have `Detached ` before it.
    #[must_use]
    pub fn name(&self, node: Ordinal) -> &str {
        self.snapshot
            .strings
            .get(self.snapshot.nodes.name[node.index()])
    }

    /// The node's own size in bytes, with that of the helper objects only it uses; those have 0.
    #[must_use]
    pub fn self_size(&self, node: Ordinal) -> u64 {
        self.self_sizes[node.index()]
    }

    /// The node's own size in bytes, as V8 wrote it.
    #[must_use]
    pub fn raw_self_size(&self, node: Ordinal) -> u64 {
        self.snapshot.nodes.self_size[node.index()]
    }

    /// Bytes that would be freed with this node: its self size and all that it dominates.
    #[must_use]
    pub fn retained_size(&self, node: Ordinal) -> u64 {
        self.retained_sizes[node.index()]
    }

    /// Steps from the nearest global object; 100,000,000 and more for what only the system holds,
    /// −5 for what nothing holds.
    #[must_use]
    pub fn distance(&self, node: Ordinal) -> i32 {
        self.distances[node.index()]
    }

    /// The last node that every path from the root to this one passes; the root's is the root.
    #[must_use]
    pub fn immediate_dominator(&self, node: Ordinal) -> Ordinal {
        Ordinal(self.dominators[node.index()])
    }

    /// The nodes whose immediate dominator this one is, ascending. The root is not its own child.
    pub fn dominated_children(&self, node: Ordinal) -> impl ExactSizeIterator<Item = Ordinal> + '_ {
        children_of(&self.first_child, &self.children, node)
            .iter()
            .copied()
    }

    /// All nodes in an order in which each node comes before those it dominates, and these directly
    /// behind it. Folds over the dominator tree are one pass: forward from the root down, backward
    /// from the leaves up.
    #[must_use]
    pub fn dominator_preorder(&self) -> &[Ordinal] {
        &self.preorder
    }

    /// The node's references, in the order of the file.
    pub fn edges(
        &self,
        node: Ordinal,
    ) -> impl ExactSizeIterator<Item = Edge<'_>> + DoubleEndedIterator {
        self.snapshot.edges_of(node.0).map(|edge| Edge {
            kind: self.snapshot.edges.kind[edge],
            name: self.edge_name(edge),
            to: Ordinal(self.snapshot.edges.to[edge]),
            essential: self.essential.has(edge),
        })
    }

    /// The references to the node, by ascending source.
    pub fn retainers(
        &self,
        node: Ordinal,
    ) -> impl ExactSizeIterator<Item = Retainer<'_>> + DoubleEndedIterator {
        self.retainers.of_node(node.0).map(|at| {
            let edge = self.retainers.edge[at] as usize;
            Retainer {
                from: Ordinal(self.retainers.from[at]),
                kind: self.snapshot.edges.kind[edge],
                name: self.edge_name(edge),
                essential: self.essential.has(edge),
            }
        })
    }

    /// Where the function, or the object's constructor, begins; for other nodes mostly unknown.
    #[must_use]
    pub fn location(&self, node: Ordinal) -> Option<Location> {
        let rows = &self.snapshot.locations;
        let at = rows.binary_search_by_key(&node.0, |row| row.ordinal).ok()?;
        let row = rows[at];
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
        self.snapshot.strings.get(self.class_names[node.index()])
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
        classes(self, &self.class_names, &[])
            .into_iter()
            .map(|class| class.row)
            .collect()
    }

    /// The whole heap in bytes, with memory outside of all nodes.
    #[must_use]
    pub fn total_size(&self) -> u64 {
        self.retained_size(self.root())
            .saturating_add(self.snapshot.extra_native_bytes)
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

    pub(crate) const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(crate) const fn strings(&self) -> &Strings {
        &self.snapshot.strings
    }

    pub(crate) fn class_names(&self) -> &[StringId] {
        &self.class_names
    }

    fn edge_name(&self, edge: usize) -> EdgeName<'_> {
        let name = self.snapshot.edges.name_or_index[edge];
        if self.snapshot.edges.kind[edge].is_indexed() {
            EdgeName::Index(name)
        } else {
            EdgeName::Name(self.snapshot.strings.get(StringId(name)))
        }
    }
}

/// All strings with exactly this text; mostly one or none.
pub(crate) fn ids_of(strings: &Strings, text: &str) -> Vec<StringId> {
    strings
        .iter()
        .filter(|(_, found)| *found == text)
        .map(|(id, _)| id)
        .collect()
}

/// Whether a child of the root is a global object, and so where distances begin.
pub(crate) fn is_user_root(snapshot: &Snapshot, node: u32) -> bool {
    snapshot.nodes.kind[node as usize] != NodeKind::Synthetic || is_document_trees(snapshot, node)
}

/// Whether a node is the group of all documents, which counts as the program's own.
pub(crate) fn is_document_trees(snapshot: &Snapshot, node: u32) -> bool {
    let node = node as usize;
    let name = snapshot.nodes.name[node];
    snapshot.nodes.kind[node] == NodeKind::Synthetic
        && snapshot.strings.get(name) == "(Document DOM trees)"
}

fn children(root: u32, dominators: &[u32]) -> (Vec<u32>, Vec<Ordinal>) {
    let mut first = vec![0_u32; dominators.len() + 1];
    let below = || (0..).zip(dominators).filter(|(node, _)| *node != root);
    for (_, dominator) in below() {
        first[*dominator as usize + 1] += 1;
    }
    for node in 0..dominators.len() {
        first[node + 1] += first[node];
    }
    let mut next = first.clone();
    let mut children = vec![Ordinal(root); dominators.len() - 1];
    for (node, dominator) in below() {
        let slot = &mut next[*dominator as usize];
        children[*slot as usize] = Ordinal(node);
        *slot += 1;
    }
    (first, children)
}

fn children_of<'a>(first: &[u32], children: &'a [Ordinal], node: Ordinal) -> &'a [Ordinal] {
    &children[first[node.index()] as usize..first[node.index() + 1] as usize]
}

fn preorder(root: u32, first_child: &[u32], children: &[Ordinal]) -> Vec<Ordinal> {
    let mut order = Vec::with_capacity(children.len() + 1);
    let mut open = vec![Ordinal(root)];
    while let Some(node) = open.pop() {
        order.push(node);
        open.extend(children_of(first_child, children, node).iter().rev());
    }
    order
}

fn check_columns(snapshot: &Snapshot) -> Result<(), GraphError> {
    let (nodes, edges) = (&snapshot.nodes, &snapshot.edges);
    let (node_count, edge_count) = (nodes.kind.len(), edges.kind.len());
    if node_count == 0 {
        return Err(GraphError::NoNodes);
    }
    let lengths = [
        ("nodes.name", nodes.name.len(), node_count),
        ("nodes.id", nodes.id.len(), node_count),
        ("nodes.self_size", nodes.self_size.len(), node_count),
        ("nodes.first_edge", nodes.first_edge.len(), node_count + 1),
        ("edges.name_or_index", edges.name_or_index.len(), edge_count),
        ("edges.to", edges.to.len(), edge_count),
    ];
    for (column, found, expected) in lengths {
        if found != expected {
            return Err(GraphError::ColumnLength {
                column,
                found,
                expected,
            });
        }
    }
    let is_node = |node: u32| (node as usize) < node_count;
    let is_string = |name: u32| (name as usize) < snapshot.strings.len();
    let is_edge_name = |(kind, name): (&EdgeKind, &u32)| kind.is_indexed() || is_string(*name);
    let steps = nodes.first_edge.windows(2);
    let outside = [
        ("root", (!is_node(snapshot.root)).then_some(0)),
        (
            "nodes.name",
            nodes.name.iter().position(|name| !is_string(name.0)),
        ),
        (
            "nodes.first_edge",
            steps.into_iter().position(|step| step[0] > step[1]),
        ),
        ("nodes.first_edge", (nodes.first_edge[0] != 0).then_some(0)),
        (
            "nodes.first_edge",
            (nodes.first_edge[node_count] as usize != edge_count).then_some(node_count),
        ),
        (
            "nodes.detachedness",
            nodes
                .detachedness
                .iter()
                .position(|(node, _)| !is_node(*node)),
        ),
        ("edges.to", edges.to.iter().position(|to| !is_node(*to))),
        (
            "edges.name_or_index",
            edges
                .kind
                .iter()
                .zip(&edges.name_or_index)
                .position(|name| !is_edge_name(name)),
        ),
    ];
    for (column, row) in outside {
        if let Some(row) = row {
            return Err(GraphError::Dangling { column, row });
        }
    }
    Ok(())
}
