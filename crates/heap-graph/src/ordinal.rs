//! The two ways to name a node.

use std::fmt;

/// A node's position in its snapshot. Good within one graph only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ordinal(
    /// Counted from 0.
    pub u32,
);

/// V8's id of an object. The same object keeps it across the snapshots of one inspector session;
/// in files of other sessions the same number means something else.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct NodeId(
    /// As V8 wrote it.
    pub u64,
);

impl Ordinal {
    /// The ordinal as an index into a column.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
}
