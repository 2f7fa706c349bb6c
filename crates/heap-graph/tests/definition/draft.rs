//! Any bytes into a small heap that holds a bit of everything.

use stanch_heap_graph::{EdgeKind, NodeKind};
use stanch_heap_snapshot::testing::HeapSketch;

const NODE_KINDS: [NodeKind; 12] = [
    NodeKind::Object,
    NodeKind::Hidden,
    NodeKind::Array,
    NodeKind::Synthetic,
    NodeKind::Native,
    NodeKind::Object,
    NodeKind::Closure,
    NodeKind::String,
    NodeKind::Code,
    NodeKind::RegExp,
    NodeKind::ObjectShape,
    NodeKind::Symbol,
];

/// Names that some rule is about, and names that none is.
const NODE_NAMES: [&str; 10] = [
    "A",
    "List",
    "Object",
    "(Document DOM trees)",
    "system / NativeContext",
    "(map descriptors)",
    "system / ExternalStringData",
    "<div id=\"a b\">",
    "",
    "\u{1f600}",
];

const EDGE_KINDS: [EdgeKind; 10] = [
    EdgeKind::Property,
    EdgeKind::Internal,
    EdgeKind::Element,
    EdgeKind::Weak,
    EdgeKind::Shortcut,
    EdgeKind::Hidden,
    EdgeKind::Context,
    EdgeKind::Property,
    EdgeKind::Internal,
    EdgeKind::Invisible,
];

const EDGE_NAMES: [&str; 8] = [
    "a",
    "b",
    "__proto__",
    "sloppy_function_map",
    "4",
    "1",
    "b,c",
    "map",
];

/// The bytes, one choice each; 0 when there are none left.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn next(&mut self) -> usize {
        self.0.next().copied().unwrap_or(0).into()
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.next() % list.len()]
    }

    fn below(&mut self, limit: u32) -> u32 {
        let wide = self.next() << 8 | self.next();
        wide as u32 % limit
    }
}

/// A heap of at most `most` nodes. Nine of ten nodes get an edge from an earlier one, so that most
/// are reachable; all bytes that are left become edges from anywhere to anywhere: parallel ones,
/// self loops, cycles, and several from the root.
pub(crate) fn sketch(bytes: &[u8], most: u32) -> HeapSketch {
    let mut choices = Choices(bytes.iter());
    let mut sketch = HeapSketch::new();
    let nodes = 1 + choices.below(most);
    let first_id = 1 + 2 * (choices.next() as u64 % 4);
    // Ids need not rise with the nodes.
    let swap = choices.next() as u32 % 4;
    let id = |node: u32| first_id + 2 * u64::from(node ^ swap);
    for node in 1..nodes {
        let kind = choices.of(&NODE_KINDS);
        let name = choices.of(&NODE_NAMES);
        let size = match choices.next() {
            255 => 5 << 30,
            small => small as u64 / 2,
        };
        sketch.node(kind, name, size);
        sketch.set_id(node, id(node));
        match choices.next() {
            0..6 => sketch.location(node, 7, 0, node % 3),
            6..30 => sketch.set_detachedness(node, (node % 3) as u8),
            30..230 => {
                let holder = choices.below(node);
                edge(&mut sketch, &mut choices, &id, (holder, node));
            }
            _ => {}
        }
    }
    while choices.0.len() > 0 {
        let ends = (choices.below(nodes), choices.below(nodes));
        edge(&mut sketch, &mut choices, &id, ends);
    }
    sketch
}

fn edge(
    sketch: &mut HeapSketch,
    choices: &mut Choices<'_>,
    id: &impl Fn(u32) -> u64,
    (from, to): (u32, u32),
) {
    let kind = choices.of(&EDGE_KINDS);
    let choice = choices.next();
    match kind {
        EdgeKind::Element => sketch.element(from, choice as u32 % 9, to),
        EdgeKind::Hidden => sketch.hidden(from, choice as u32 % 9, to),
        EdgeKind::Internal if choice > 128 => {
            let half = half(choice, id(from), id(to));
            sketch.edge(from, kind, &half, to);
        }
        _ => sketch.edge(from, kind, EDGE_NAMES[choice % EDGE_NAMES.len()], to),
    }
}

/// The name of one half of a WeakMap entry: mostly that of the source's own table.
fn half(choice: usize, from: u64, to: u64) -> String {
    let table = if choice.is_multiple_of(3) { from } else { 5 };
    // Several values under one name: each second one of them counts.
    let value = to % 8;
    let text = if choice.is_multiple_of(7) {
        "two\nlines"
    } else {
        "K"
    };
    format!(
        "{choice} / part of key ({text} @3) -> value (V @{value}) pair in WeakMap (table @{table})"
    )
}
