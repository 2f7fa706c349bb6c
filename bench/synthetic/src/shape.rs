//! A node's number into what the node is and where its edges lead.
//!
//! After a few dozen fixed nodes come blocks of eight, each one record of a service:
//!
//! ```text
//! record ─name──▶ string        record ─items────▶ Array ──▶ elements ──▶ many names and records
//!        ─id────▶ number               ─handler──▶ closure ──▶ context ──▶ other blocks
//!        ─label─▶ concatenated string
//! ```
//!
//! A wide map holds every fourth record, which holds the next three. Every 64th record is not held
//! so, but by a linked list of thousands: dominators become deep there. Three of four further edges
//! stay near, the others lead anywhere: what is near in a heap was often made together.

use crate::names::name;

/// Nodes of one record.
pub(crate) const BLOCK: u64 = 8;
/// Classes of records.
const CLASSES: u64 = 12;
/// Nodes before the first block.
pub(crate) const FIXED: u64 = PER_CLASS + 4 * CLASSES;

const ROOT: u64 = 0;
const GC_ROOTS: u64 = 1;
const GLOBAL: u64 = 2;
const STORE: u64 = 3;
const MAP: u64 = 4;
const TABLE: u64 = 5;
const MODULE_CONTEXT: u64 = 6;
const ARRAY_PROTOTYPE: u64 = 7;
const FUNCTION_PROTOTYPE: u64 = 8;
const SHAPE_OF_SHAPES: u64 = 9;
const STRING_SHAPE: u64 = 10;
const NUMBER_SHAPE: u64 = 11;
const ARRAY_SHAPE: u64 = 12;
const CLOSURE_SHAPE: u64 = 13;
const CONTEXT_SHAPE: u64 = 14;
const SCOPE_INFO: u64 = 15;
/// Here the classes begin: for each its shape, prototype, code and constructor.
const PER_CLASS: u64 = 16;

/// A record hands over to the list every so many blocks.
const LISTED: u64 = 64;
/// So many blocks from the beginning of one list to that of the next.
const LIST: u64 = 1 << 20;
/// Neighbours are at most so many blocks away.
const NEAR: u64 = 512;

/// Node types by position in `snapshot.meta`.
#[derive(Clone, Copy)]
pub(crate) enum NodeKind {
    Array = 1,
    String = 2,
    Object = 3,
    Code = 4,
    Closure = 5,
    Number = 7,
    Synthetic = 9,
    Concatenated = 10,
    Shape = 14,
}

/// Edge types by position in `snapshot.meta`.
#[derive(Clone, Copy)]
pub(crate) enum EdgeKind {
    Context = 0,
    Element = 1,
    Property = 2,
    Internal = 3,
    Hidden = 4,
    Shortcut = 5,
    Weak = 6,
}

/// A node without its edges.
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    /// Position in the table of strings.
    pub(crate) name: u64,
    /// Bytes.
    pub(crate) self_size: u64,
}

/// An edge without its source.
pub(crate) struct Edge {
    pub(crate) kind: EdgeKind,
    /// Position in the table of strings, or the index itself for elements and hidden edges.
    pub(crate) label: u64,
    /// Number of the target.
    pub(crate) to: u64,
}

/// The whole heap: its size is all there is to it.
#[derive(Clone, Copy)]
pub(crate) struct Heap {
    pub(crate) blocks: u64,
}

/// What each node of a block is, in order.
#[derive(Clone, Copy)]
enum Slot {
    Record,
    Name,
    Id,
    Items,
    Elements,
    Handler,
    Context,
    Label,
}

impl Heap {
    pub(crate) const fn new(blocks: u64) -> Self {
        Self { blocks }
    }

    pub(crate) const fn nodes(self) -> u64 {
        FIXED + self.blocks * BLOCK
    }

    /// The node of this number.
    pub(crate) fn node(self, number: u64) -> Node {
        if number < FIXED {
            return fixed_node(number, self);
        }
        let (block, slot) = place(number);
        let random = hash(block);
        let (kind, name, self_size) = match slot {
            Slot::Record => (NodeKind::Object, class_name(block), 48 + random % 5 * 8),
            Slot::Name => (NodeKind::String, own_string(block), 16 + random % 9 * 8),
            Slot::Id => (NodeKind::Number, name("heap number"), 12),
            Slot::Items => (NodeKind::Object, name("Array"), 16),
            Slot::Elements => {
                let size = 16 + elements(block) * 8;
                (NodeKind::Array, name("(object elements)"), size)
            }
            Slot::Handler => (NodeKind::Closure, name("onMessage") + random % 4, 64),
            Slot::Context => (NodeKind::Object, name("system / Context"), 40),
            Slot::Label => (NodeKind::Concatenated, name("(concatenated string)"), 32),
        };
        Node {
            kind,
            name,
            self_size,
        }
    }

    /// Hands the edges of the node to `each`, in file order.
    pub(crate) fn edges(self, number: u64, each: &mut impl FnMut(Edge)) {
        if number < FIXED {
            return fixed_edges(number, self, each);
        }
        let (block, slot) = place(number);
        let own = |slot: Slot| node_of(block, slot);
        let mut edge = |kind, label, to| each(Edge { kind, label, to });
        use EdgeKind::{Context, Element, Internal, Property};
        match slot {
            Slot::Record => self.record_edges(block, each),
            Slot::Name => edge(Internal, name("map"), STRING_SHAPE),
            Slot::Id => edge(Internal, name("map"), NUMBER_SHAPE),
            Slot::Items => {
                edge(Property, name("length"), own(Slot::Id));
                edge(Property, name("__proto__"), ARRAY_PROTOTYPE);
                edge(Internal, name("elements"), own(Slot::Elements));
                edge(Internal, name("map"), ARRAY_SHAPE);
            }
            Slot::Elements => {
                edge(Internal, name("map"), ARRAY_SHAPE);
                for index in 0..elements(block) {
                    let random = hash(block * 64 + index);
                    let slot = if random.is_multiple_of(2) {
                        Slot::Name
                    } else {
                        Slot::Record
                    };
                    edge(Element, index, node_of(self.other(block, random), slot));
                }
            }
            Slot::Handler => {
                edge(Internal, name("context"), own(Slot::Context));
                edge(Property, name("__proto__"), FUNCTION_PROTOTYPE);
                edge(Internal, name("shared"), class_node(block) + 2);
                edge(Internal, name("feedback_cell"), class_node(block) + 2);
                edge(Internal, name("map"), CLOSURE_SHAPE);
            }
            Slot::Context => {
                let random = hash(!block);
                let cached = node_of(self.other(block, random), Slot::Items);
                let logged = node_of(self.other(block, random >> 8), Slot::Handler);
                edge(Context, name("owner"), own(Slot::Record));
                edge(Context, name("cache"), cached);
                edge(Context, name("log"), logged);
                edge(Internal, name("scope_info"), SCOPE_INFO);
                edge(Internal, name("previous"), MODULE_CONTEXT);
                edge(Internal, name("map"), CONTEXT_SHAPE);
            }
            Slot::Label => {
                let second = node_of(self.other(block, hash(block) >> 8), Slot::Name);
                edge(Internal, name("first"), own(Slot::Name));
                edge(Internal, name("second"), second);
                edge(Internal, name("map"), STRING_SHAPE);
            }
        }
    }

    fn record_edges(self, block: u64, each: &mut impl FnMut(Edge)) {
        let own = |slot: Slot| node_of(block, slot);
        let mut edge = |kind, label, to| each(Edge { kind, label, to });
        use EdgeKind::{Internal, Property, Weak};
        edge(Property, name("__proto__"), class_node(block) + 1);
        edge(Property, name("id"), own(Slot::Id));
        edge(Property, name("name"), own(Slot::Name));
        edge(Property, name("items"), own(Slot::Items));
        edge(Property, name("handler"), own(Slot::Handler));
        edge(Property, name("label"), own(Slot::Label));
        let random = hash(block ^ LIST);
        if random.is_multiple_of(2) {
            let peer = node_of(self.other(block, random >> 8), Slot::Record);
            edge(Property, name("peer"), peer);
        }
        if random.is_multiple_of(32) {
            let seen = node_of(self.other(block, random >> 16), Slot::Record);
            edge(Weak, name("observer"), seen);
        }
        if is_in_map(block) {
            let children = (1..4).map(|child| (child, block + child));
            for (child, other) in children {
                if other < self.blocks && !is_listed(other) {
                    edge(
                        Property,
                        name("child1") + child - 1,
                        node_of(other, Slot::Record),
                    );
                }
            }
        }
        let next = block + LISTED;
        if is_listed(block) && next < self.blocks && !begins_list(next) {
            edge(Property, name("next"), node_of(next, Slot::Record));
        }
        edge(Internal, name("map"), class_node(block));
    }

    /// A block to refer to: near in three of four cases, and never one in a list, which would no
    /// longer hold alone what comes after.
    fn other(self, block: u64, random: u64) -> u64 {
        let far = random >> 3;
        let other = if (random >> 1).is_multiple_of(4) {
            far % self.blocks
        } else {
            (block + self.blocks + far % (2 * NEAR) - NEAR.min(self.blocks)) % self.blocks
        };
        other - u64::from(is_listed(other))
    }
}

/// Where a closure and a record were made: script, line and column.
pub(crate) fn location(block: u64) -> [u64; 3] {
    let class = block_class(block);
    [100 + class, 10 + class * 7, hash(block) % 4 * 12]
}

/// Numbers of the block's nodes that have a location.
pub(crate) const fn located(block: u64) -> [u64; 2] {
    [node_of(block, Slot::Record), node_of(block, Slot::Handler)]
}

/// The string that only this block has, as it stands in the file.
pub(crate) fn string_of(block: u64) -> String {
    match block % 16 {
        3 => format!("\"/caf\\u00e9/{block}?q=\\\"x\\\"\""),
        9 => format!("\"Zoë — {block}\\n\""),
        _ => format!("\"record-{block:x}\""),
    }
}

fn fixed_node(number: u64, heap: Heap) -> Node {
    let (kind, name, self_size) = match number {
        ROOT => (NodeKind::Synthetic, name(""), 0),
        GC_ROOTS => (NodeKind::Synthetic, name("(GC roots)"), 0),
        GLOBAL => (NodeKind::Object, name("global / "), 40),
        STORE => (NodeKind::Object, name("Store"), 32),
        MAP => (NodeKind::Object, name("Map"), 32),
        TABLE => (NodeKind::Array, name(""), 16 + heap.blocks.div_ceil(4) * 24),
        MODULE_CONTEXT => (NodeKind::Object, name("system / Context"), 64),
        ARRAY_PROTOTYPE => (NodeKind::Object, name("Array"), 32),
        FUNCTION_PROTOTYPE => (NodeKind::Closure, name(""), 64),
        SHAPE_OF_SHAPES..=CONTEXT_SHAPE => (NodeKind::Shape, name("system / Map"), 80),
        SCOPE_INFO => (NodeKind::Code, name("system / ScopeInfo"), 48),
        _ => {
            let (class, part) = ((number - PER_CLASS) / 4, (number - PER_CLASS) % 4);
            match part {
                0 => (NodeKind::Shape, name("system / Map"), 80),
                1 => (NodeKind::Object, name("Session") + class, 56),
                2 => (NodeKind::Code, name("SharedFunctionInfo"), 56),
                _ => (NodeKind::Closure, name("Session") + class, 64),
            }
        }
    };
    Node {
        kind,
        name,
        self_size,
    }
}

fn fixed_edges(number: u64, heap: Heap, each: &mut impl FnMut(Edge)) {
    let mut edge = |kind, label, to| each(Edge { kind, label, to });
    use EdgeKind::{Context, Element, Hidden, Internal, Property, Shortcut};
    match number {
        ROOT => {
            edge(Element, 1, GC_ROOTS);
            edge(Shortcut, name("global"), GLOBAL);
        }
        // All that is not reached from the program's own objects.
        GC_ROOTS => (GLOBAL..FIXED).for_each(|to| edge(Element, to, to)),
        GLOBAL => edge(Property, name("store"), STORE),
        STORE => edge(Property, name("records"), MAP),
        MAP => edge(Internal, name("table"), TABLE),
        TABLE => {
            let held = (0..heap.blocks).filter(|&block| is_in_map(block) || begins_list(block));
            for (entry, block) in (0..).zip(held) {
                edge(Hidden, 3 * entry, node_of(block, Slot::Name));
                edge(Hidden, 3 * entry + 1, node_of(block, Slot::Record));
            }
        }
        MODULE_CONTEXT => {
            edge(Context, name("store"), STORE);
            edge(Internal, name("scope_info"), SCOPE_INFO);
            edge(Internal, name("map"), CONTEXT_SHAPE);
        }
        PER_CLASS.. if (number - PER_CLASS) % 4 == 3 => {
            edge(Property, name("prototype"), number - 2);
            edge(Internal, name("shared"), number - 1);
            edge(Internal, name("map"), CLOSURE_SHAPE);
        }
        PER_CLASS.. if (number - PER_CLASS) % 4 == 1 => {
            edge(Property, name("constructor"), number + 2);
        }
        SHAPE_OF_SHAPES => {}
        _ => edge(Internal, name("map"), SHAPE_OF_SHAPES),
    }
}

fn place(number: u64) -> (u64, Slot) {
    let slot = match (number - FIXED) % BLOCK {
        0 => Slot::Record,
        1 => Slot::Name,
        2 => Slot::Id,
        3 => Slot::Items,
        4 => Slot::Elements,
        5 => Slot::Handler,
        6 => Slot::Context,
        _ => Slot::Label,
    };
    ((number - FIXED) / BLOCK, slot)
}

const fn node_of(block: u64, slot: Slot) -> u64 {
    FIXED + block * BLOCK + slot as u64
}

const fn is_listed(block: u64) -> bool {
    block % LISTED == LISTED - 1
}

const fn begins_list(block: u64) -> bool {
    block % LIST == LISTED - 1
}

const fn is_in_map(block: u64) -> bool {
    block.is_multiple_of(4)
}

fn elements(block: u64) -> u64 {
    3 + hash(block) % 42
}

/// Some classes have many more records than others.
fn block_class(block: u64) -> u64 {
    let random = hash(block) >> 32;
    (random % CLASSES).min(random / CLASSES % CLASSES)
}

fn class_node(block: u64) -> u64 {
    PER_CLASS + 4 * block_class(block)
}

fn class_name(block: u64) -> u64 {
    name("Session") + block_class(block)
}

fn own_string(block: u64) -> u64 {
    crate::names::NAMES.len() as u64 + block
}

/// Neighbouring numbers into unrelated ones (the finisher of SplitMix64).
const fn hash(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
