//! A parsed snapshot: one array per field, nodes and edges by ordinal.

use std::io::Read;

use crate::{EdgeKind, NodeKind, SnapshotError, SnapshotParser, StringId, Strings};

/// A heap snapshot as columns. Every index in it has been checked to lie inside its table.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The nodes, in file order.
    pub nodes: NodeColumns,
    /// The edges: those of node 0, then those of node 1, and so on.
    pub edges: EdgeColumns,
    /// Names of nodes and edges.
    pub strings: Strings,
    /// Where objects and functions were defined; sorted by node, one row per node at most.
    pub locations: Vec<LocationRow>,
    /// Ordinal of the root.
    pub root: u32,
    /// Memory outside of all nodes, in bytes.
    pub extra_native_bytes: u64,
    /// The header's names of the node types; [`NodeKind::Other`] counts in it.
    pub node_types: Vec<String>,
}

/// One array per field of a node; all but `first_edge` and `detachedness` have a row per node.
#[derive(Debug, Clone, Default)]
pub struct NodeColumns {
    /// What sort of thing it is.
    pub kind: Vec<NodeKind>,
    /// Its name.
    pub name: Vec<StringId>,
    /// V8's id: the same object keeps it within one inspector session.
    pub id: Vec<u64>,
    /// Its own size in bytes.
    pub self_size: Vec<u64>,
    /// Edges of node `n` are `first_edge[n]..first_edge[n + 1]`; one row more than nodes.
    pub first_edge: Vec<u32>,
    /// Ordinals with a state that is not "unknown", ascending: 1 attached, 2 detached.
    pub detachedness: Vec<(u32, u8)>,
}

/// One array per field of an edge; all of one length.
#[derive(Debug, Clone, Default)]
pub struct EdgeColumns {
    /// How the source refers to the target.
    pub kind: Vec<EdgeKind>,
    /// The index for an [indexed](EdgeKind::is_indexed) kind, else the number of a string.
    pub name_or_index: Vec<u32>,
    /// Ordinal of the target.
    pub to: Vec<u32>,
}

/// Where an object's constructor, or a function, begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocationRow {
    /// The node.
    pub ordinal: u32,
    /// V8's number of the script, good within its process only.
    pub script_id: u32,
    /// Line, counted from 0.
    pub line: u32,
    /// Column in UTF-16 units, counted from 0.
    pub column: u32,
}

impl Snapshot {
    /// Reads a whole snapshot.
    ///
    /// # Errors
    /// Whatever is wrong with the bytes, and [`SnapshotError::Read`] when they cannot be had.
    pub fn read(mut source: impl Read) -> Result<Self, SnapshotError> {
        const CHUNK: usize = 256 * 1024;
        let mut parser = SnapshotParser::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            match source.read(&mut chunk) {
                Ok(0) => return parser.finish(),
                Ok(length) => parser.push(&chunk[..length])?,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) => {
                    let offset = parser.offset();
                    return Err(SnapshotError::Read { offset, source });
                }
            }
        }
    }

    /// Number of nodes.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.kind.len()
    }

    /// Number of edges.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.edges.kind.len()
    }

    /// Edges of the node `ordinal`, as positions in [`EdgeColumns`].
    #[must_use]
    pub fn edges_of(&self, ordinal: u32) -> std::ops::Range<usize> {
        let node = ordinal as usize;
        self.nodes.first_edge[node] as usize..self.nodes.first_edge[node + 1] as usize
    }
}
