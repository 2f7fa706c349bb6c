//! A parsed snapshot: one array per field, nodes and edges by ordinal.

use std::io::Read;
use std::ops::{ControlFlow, Range};

use crate::feed;
use crate::prefetch::prefetch;
use crate::{
    Compact, EdgeKind, Locations, NodeKind, Offsets, ReadProgress, SnapshotError, StringId, Strings,
};

/// A heap snapshot as columns. Every index in it has been checked to lie inside its table.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(crate) nodes: NodeColumns,
    pub(crate) edges: EdgeColumns,
    pub(crate) strings: Strings,
    pub(crate) locations: Locations,
    pub(crate) root: u32,
    pub(crate) extra_native_bytes: u64,
    pub(crate) node_types: Vec<String>,
}

/// The fields of the nodes, some 13 bytes for each.
#[derive(Debug, Clone, Default)]
pub struct NodeColumns {
    /// [`NodeKind::code`] of each.
    pub(crate) kind: Vec<u8>,
    pub(crate) name: Compact<3>,
    pub(crate) id: Compact<4>,
    pub(crate) self_size: Compact<2>,
    pub(crate) edges: Offsets,
    pub(crate) detachedness: Vec<(u32, u8)>,
}

/// The fields of the edges, 7 bytes for each.
#[derive(Debug, Clone, Default)]
pub struct EdgeColumns {
    pub(crate) target: Vec<Target>,
    pub(crate) name_or_index: Compact<3>,
}

/// Where an edge leads and of what kind it is, in one word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Target(u32);

impl Snapshot {
    /// Reads a whole snapshot, with all processors there are.
    ///
    /// # Errors
    /// Whatever is wrong with the bytes, and [`SnapshotError::Read`] when they cannot be had.
    pub fn read(source: impl Read + Send) -> Result<Self, SnapshotError> {
        feed::read(source, &mut |_| ControlFlow::Continue(()))
    }

    /// Reads a whole snapshot and says from time to time how far it is. The snapshot's own counts
    /// are known early: whoever has too little memory for them can break off.
    ///
    /// # Errors
    /// Those of [`read`](Self::read), and [`SnapshotError::Stopped`] after a break.
    pub fn read_watched(
        source: impl Read + Send,
        mut watch: impl FnMut(ReadProgress) -> ControlFlow<()>,
    ) -> Result<Self, SnapshotError> {
        feed::read(source, &mut watch)
    }

    /// The nodes, in file order.
    #[must_use]
    pub const fn nodes(&self) -> &NodeColumns {
        &self.nodes
    }

    /// The edges: those of node 0, then those of node 1, and so on.
    #[must_use]
    pub const fn edges(&self) -> &EdgeColumns {
        &self.edges
    }

    /// Names of nodes and edges.
    #[must_use]
    pub const fn strings(&self) -> &Strings {
        &self.strings
    }

    /// Adds a string.
    pub fn add_string(&mut self, text: &str) -> StringId {
        self.strings.push(text)
    }

    /// Adds a string that holds half a surrogate pair.
    pub fn add_utf16(&mut self, units: &[u16]) -> StringId {
        self.strings.push_utf16(units)
    }

    /// Where objects and functions were defined.
    #[must_use]
    pub const fn locations(&self) -> &Locations {
        &self.locations
    }

    /// Ordinal of the root.
    #[must_use]
    pub const fn root(&self) -> u32 {
        self.root
    }

    /// Memory outside of all nodes, in bytes.
    #[must_use]
    pub const fn extra_native_bytes(&self) -> u64 {
        self.extra_native_bytes
    }

    /// The header's names of the node types; [`NodeKind::Other`] counts in it.
    #[must_use]
    pub fn node_types(&self) -> &[String] {
        &self.node_types
    }

    /// Gives a node another name. A number that no string has reads as the empty text.
    pub fn rename(&mut self, ordinal: u32, name: StringId) {
        self.nodes.name.set(ordinal as usize, name.0.into());
    }

    /// Number of nodes.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.kind.len()
    }

    /// Number of edges.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.edges.target.len()
    }

    /// Edges of the node `ordinal`, as positions in [`EdgeColumns`].
    #[must_use]
    #[inline]
    pub fn edges_of(&self, ordinal: u32) -> Range<usize> {
        self.nodes.edges(ordinal)
    }

    /// Where the edges of the node `ordinal` lead.
    #[must_use]
    #[inline]
    pub fn targets_of(&self, ordinal: u32) -> &[Target] {
        &self.edges.target[self.nodes.edges(ordinal)]
    }
}

impl NodeColumns {
    /// What sort of thing a node is.
    #[must_use]
    #[inline]
    pub fn kind(&self, ordinal: u32) -> NodeKind {
        NodeKind::from_code(self.kind[ordinal as usize])
    }

    /// Asks for the memory that [`kind`](Self::kind) will look at.
    #[inline(always)]
    pub fn prefetch_kind(&self, ordinal: u32) {
        prefetch(&self.kind, ordinal as usize);
    }

    /// The kinds of all nodes.
    pub fn kinds(&self) -> impl ExactSizeIterator<Item = NodeKind> + '_ {
        self.kind.iter().map(|code| NodeKind::from_code(*code))
    }

    /// A node's name.
    #[must_use]
    #[inline]
    pub fn name(&self, ordinal: u32) -> StringId {
        StringId(self.name.get(ordinal as usize) as u32)
    }

    /// The names of all nodes.
    pub fn names(&self) -> impl ExactSizeIterator<Item = StringId> + '_ {
        self.name.iter().map(|name| StringId(name as u32))
    }

    /// V8's id: the same object keeps it within one inspector session.
    #[must_use]
    #[inline]
    pub fn id(&self, ordinal: u32) -> u64 {
        self.id.get(ordinal as usize)
    }

    /// A node's own size in bytes.
    #[must_use]
    #[inline]
    pub fn self_size(&self, ordinal: u32) -> u64 {
        self.self_size.get(ordinal as usize)
    }

    /// The sizes of all nodes, in bytes.
    #[must_use]
    pub const fn self_sizes(&self) -> &Compact<2> {
        &self.self_size
    }

    /// A node's edges, as positions in [`EdgeColumns`].
    #[must_use]
    #[inline]
    pub fn edges(&self, ordinal: u32) -> Range<usize> {
        self.edges.range(ordinal as usize)
    }

    /// The edges of all nodes.
    #[must_use]
    pub const fn edge_ranges(&self) -> &Offsets {
        &self.edges
    }

    /// Ordinals with a state that is not "unknown", ascending: 1 attached, 2 detached.
    #[must_use]
    pub fn detachedness(&self) -> &[(u32, u8)] {
        &self.detachedness
    }
}

impl EdgeColumns {
    /// How the source refers to the target.
    #[must_use]
    #[inline]
    pub fn kind(&self, edge: usize) -> EdgeKind {
        self.target[edge].kind()
    }

    /// Ordinal of the target.
    #[must_use]
    #[inline]
    pub fn to(&self, edge: usize) -> u32 {
        self.target[edge].to()
    }

    /// The index for an [indexed](EdgeKind::is_indexed) kind, else the number of a string.
    #[must_use]
    #[inline]
    pub fn name_or_index(&self, edge: usize) -> u32 {
        self.name_or_index.get(edge) as u32
    }

    /// Asks for the memory that [`name_or_index`](Self::name_or_index) will look at.
    #[inline(always)]
    pub fn prefetch_name(&self, edge: usize) {
        self.name_or_index.prefetch(edge);
    }

    /// Kind and target of all edges.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        &self.target
    }
}

impl Target {
    /// Bits of the target's ordinal; V8 numbers its nodes in as many.
    const BITS: u32 = 28;

    /// More nodes than this cannot be told apart.
    pub(crate) const NODES: u64 = 1 << Self::BITS;

    #[inline]
    pub(crate) const fn new(kind: EdgeKind, to: u32) -> Self {
        Self((kind as u32) << Self::BITS | to)
    }

    /// Ordinal of the target.
    #[must_use]
    #[inline]
    pub const fn to(self) -> u32 {
        self.0 & ((1 << Self::BITS) - 1)
    }

    /// How the source refers to the target.
    #[must_use]
    #[inline]
    pub fn kind(self) -> EdgeKind {
        EdgeKind::from_code(self.0 >> Self::BITS)
    }

    /// Whether the edge is of this kind.
    #[must_use]
    #[inline]
    pub fn is(self, kind: EdgeKind) -> bool {
        self.0 >> Self::BITS == kind as u32
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.kind(), self.to())
    }
}
