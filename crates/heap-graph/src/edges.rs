//! References as seen from their source and from their target.

use stanch_heap_snapshot::EdgeKind;
use std::fmt;

use crate::Ordinal;

/// A reference, seen from the node that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge<'a> {
    /// How the source refers to the target.
    pub kind: EdgeKind,
    /// Under which name or index.
    pub name: EdgeName<'a>,
    /// The target.
    pub to: Ordinal,
    /// Whether dominators see it: weak edges, the table's half of a WeakMap pair, edges to oneself
    /// and some into the page's objects do not count.
    pub essential: bool,
}

/// A reference, seen from the node it keeps alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retainer<'a> {
    /// The source.
    pub from: Ordinal,
    /// How the source refers to the target.
    pub kind: EdgeKind,
    /// Under which name or index.
    pub name: EdgeName<'a>,
    /// Whether dominators see it, as in [`Edge::essential`].
    pub essential: bool,
}

/// What a reference is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EdgeName<'a> {
    /// A property, a variable, or V8's name for a field.
    Name(&'a str),
    /// The index of an element, or of a hidden field.
    Index(u32),
}

impl fmt::Display for EdgeName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}
