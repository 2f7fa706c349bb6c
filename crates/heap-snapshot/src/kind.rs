//! The type names a snapshot's header lists, into small enums.

/// What sort of thing a node is, by the name V8 gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// `hidden`: V8's own bookkeeping.
    Hidden,
    /// `array`: a backing store, not a JavaScript array.
    Array,
    /// `string`
    String,
    /// `object`: a JavaScript object, arrays and maps included.
    Object,
    /// `code`
    Code,
    /// `closure`: a JavaScript function.
    Closure,
    /// `regexp`
    RegExp,
    /// `number`: a boxed number.
    Number,
    /// `native`: something of the embedder, outside V8's heap.
    Native,
    /// `synthetic`: the root and the groups under it, made by the snapshot writer.
    Synthetic,
    /// `concatenated string`
    ConsString,
    /// `sliced string`
    SlicedString,
    /// `symbol`
    Symbol,
    /// `bigint`
    BigInt,
    /// `object shape`: hidden classes and their tables.
    ObjectShape,
    /// `wasm object`
    WasmObject,
    /// A type this crate has no name for: its position in [`Snapshot::node_types`](crate::Snapshot::node_types).
    Other(u8),
}

/// How one node refers to another, by the name V8 gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EdgeKind {
    /// `context`: a variable of a function's scope.
    Context,
    /// `element`: an indexed element; named by a number.
    Element,
    /// `property`: a named property.
    Property,
    /// `internal`: a field of V8's own; not reachable from JavaScript.
    Internal,
    /// `hidden`: like internal, named by a number.
    Hidden,
    /// `shortcut`: from the root it marks the user's global objects.
    Shortcut,
    /// `weak`: keeps nothing alive.
    Weak,
    /// `invisible`: never written by V8, but known to readers of its files.
    Invisible,
    /// A type this crate has no name for; it counts as a strong edge with a text name.
    Other,
}

const NODE_KINDS: [(&str, NodeKind); 16] = [
    ("hidden", NodeKind::Hidden),
    ("array", NodeKind::Array),
    ("string", NodeKind::String),
    ("object", NodeKind::Object),
    ("code", NodeKind::Code),
    ("closure", NodeKind::Closure),
    ("regexp", NodeKind::RegExp),
    ("number", NodeKind::Number),
    ("native", NodeKind::Native),
    ("synthetic", NodeKind::Synthetic),
    ("concatenated string", NodeKind::ConsString),
    ("sliced string", NodeKind::SlicedString),
    ("symbol", NodeKind::Symbol),
    ("bigint", NodeKind::BigInt),
    ("object shape", NodeKind::ObjectShape),
    ("wasm object", NodeKind::WasmObject),
];

const EDGE_KINDS: [(&str, EdgeKind); 8] = [
    ("context", EdgeKind::Context),
    ("element", EdgeKind::Element),
    ("property", EdgeKind::Property),
    ("internal", EdgeKind::Internal),
    ("hidden", EdgeKind::Hidden),
    ("shortcut", EdgeKind::Shortcut),
    ("weak", EdgeKind::Weak),
    ("invisible", EdgeKind::Invisible),
];

impl NodeKind {
    /// The kinds that have a name of their own, in V8's order.
    pub(crate) fn named() -> impl Iterator<Item = (&'static str, Self)> {
        NODE_KINDS.into_iter()
    }

    /// V8's name of the type; empty for [`NodeKind::Other`], whose name the header knows.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        let known = NODE_KINDS.into_iter().find(|(_, kind)| *kind == self);
        known.map_or("", |(name, _)| name)
    }

    /// The kind in one byte, for tables by kind. Positions of unknown types, as a header can list them,
    /// are below 240.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Hidden => 0,
            Self::Array => 1,
            Self::String => 2,
            Self::Object => 3,
            Self::Code => 4,
            Self::Closure => 5,
            Self::RegExp => 6,
            Self::Number => 7,
            Self::Native => 8,
            Self::Synthetic => 9,
            Self::ConsString => 10,
            Self::SlicedString => 11,
            Self::Symbol => 12,
            Self::BigInt => 13,
            Self::ObjectShape => 14,
            Self::WasmObject => 15,
            Self::Other(position) => NODE_KINDS.len() as u8 + position,
        }
    }

    /// The kind of a [`code`](Self::code).
    #[inline]
    pub(crate) const fn from_code(code: u8) -> Self {
        const NAMED: u8 = NODE_KINDS.len() as u8;
        match code {
            0..NAMED => NODE_KINDS[code as usize].1,
            _ => Self::Other(code - NAMED),
        }
    }

    /// So many types a header can list.
    pub(crate) const OTHERS: usize = 256 - NODE_KINDS.len();

    /// The kind of a type name at `position` of the header's list.
    pub(crate) fn of(name: &str, position: u8) -> Self {
        let known = NODE_KINDS.into_iter().find(|(known, _)| *known == name);
        known.map_or(Self::Other(position), |(_, kind)| kind)
    }
}

impl EdgeKind {
    /// The kinds that have a name of their own, in V8's order.
    pub(crate) fn named() -> impl Iterator<Item = (&'static str, Self)> {
        EDGE_KINDS.into_iter()
    }

    /// The kind with this discriminant.
    #[inline]
    pub(crate) fn from_code(code: u32) -> Self {
        EDGE_KINDS
            .get(code as usize)
            .map_or(Self::Other, |(_, kind)| *kind)
    }

    /// The kind of a type name.
    pub(crate) fn of(name: &str) -> Self {
        let known = EDGE_KINDS.into_iter().find(|(known, _)| *known == name);
        known.map_or(Self::Other, |(_, kind)| kind)
    }

    /// V8's name of the type; empty for [`EdgeKind::Other`].
    #[must_use]
    pub fn type_name(self) -> &'static str {
        let known = EDGE_KINDS.into_iter().find(|(_, kind)| *kind == self);
        known.map_or("", |(name, _)| name)
    }

    /// Whether edges of this kind are named by a number instead of a text.
    #[must_use]
    pub const fn is_indexed(self) -> bool {
        matches!(self, Self::Element | Self::Hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::{EdgeKind, NodeKind};

    #[test]
    fn kinds_come_back_from_their_codes() {
        let others = (0..NodeKind::OTHERS as u8).map(NodeKind::Other);
        for kind in NodeKind::named().map(|(_, kind)| kind).chain(others) {
            assert_eq!(NodeKind::from_code(kind.code()), kind);
        }
        for kind in EdgeKind::named()
            .map(|(_, kind)| kind)
            .chain([EdgeKind::Other])
        {
            assert_eq!(EdgeKind::from_code(kind as u32), kind);
        }
    }
}
