//! Small heaps, one for each rule that decides what counts, with the numbers they must have.

use stanch_heap_graph::{EdgeKind, HeapGraph, NodeKind, Ordinal};
use stanch_heap_snapshot::testing::HeapSketch;

type Outcome = Result<(), Box<dyn std::error::Error>>;

const ROOT: u32 = HeapSketch::ROOT;

fn graph(sketch: &HeapSketch) -> Result<HeapGraph, Box<dyn std::error::Error>> {
    Ok(HeapGraph::build(sketch.snapshot()?)?)
}

/// A heap with one global object of 10 bytes under the root.
fn program() -> (HeapSketch, u32) {
    let mut sketch = HeapSketch::new();
    let global = sketch.node(NodeKind::Object, "global", 10);
    sketch.edge(ROOT, EdgeKind::Shortcut, "global", global);
    (sketch, global)
}

fn dominator(graph: &HeapGraph, node: u32) -> u32 {
    graph.immediate_dominator(Ordinal(node)).0
}

/// ```text
/// root ▶ global ─a▶ A ─KIND▶ B
///              └─b▶ C ─▶ B
/// ```
/// A strong edge from A lifts B up to the global object; one that does not count leaves it to C.
#[test]
fn only_essential_edges_lift_a_dominator() -> Outcome {
    let check = |kind: EdgeKind, name: &str, essential: bool| -> Outcome {
        let (mut sketch, global) = program();
        let [a, b, c] = ["A", "B", "C"].map(|name| sketch.node(NodeKind::Object, name, 1));
        sketch.edge(global, EdgeKind::Property, "a", a);
        sketch.edge(global, EdgeKind::Property, "c", c);
        sketch.edge(c, EdgeKind::Property, "b", b);
        if kind == EdgeKind::Element {
            sketch.element(a, 7, b);
        } else if kind == EdgeKind::Hidden {
            sketch.hidden(a, 7, b);
        } else {
            sketch.edge(a, kind, name, b);
        }
        let expected = if essential { global } else { c };
        assert_eq!(dominator(&graph(&sketch)?, b), expected, "{kind:?} {name}");
        Ok(())
    };
    for kind in [
        EdgeKind::Context,
        EdgeKind::Element,
        EdgeKind::Property,
        EdgeKind::Internal,
        EdgeKind::Hidden,
        EdgeKind::Invisible,
    ] {
        check(kind, "x", true)?;
    }
    check(EdgeKind::Weak, "x", false)?;
    // From other nodes than the root a shortcut does not count.
    check(EdgeKind::Shortcut, "x", false)?;
    // A is @5. The half whose table it is does not count; every other edge of that form does.
    let half = |value: &str, table| {
        format!("3 / part of key (K @9) -> value ({value} @7) pair in WeakMap (table @{table})")
    };
    check(EdgeKind::Internal, &half("V", 5), false)?;
    check(EdgeKind::Internal, &half("V", 6), true)?;
    check(EdgeKind::Property, &half("V", 5), true)?;
    for line_break in ["\n", "\r", "\u{2028}", "\u{2029}"] {
        let value = format!("one{line_break}two");
        check(EdgeKind::Internal, &half(&value, 5), true)?;
    }
    let half = half("V", 5);
    check(EdgeKind::Internal, &half[1..], true)?;
    check(EdgeKind::Internal, &format!("{half}."), true)
}

/// ```text
/// root ─element▶ A ─▶ A          A has no other holder
/// ```
#[test]
fn a_self_edge_holds_nothing() -> Outcome {
    let mut sketch = HeapSketch::new();
    let a = sketch.node(NodeKind::Object, "A", 1);
    sketch.edge(ROOT, EdgeKind::Weak, "a", a);
    sketch.edge(a, EdgeKind::Property, "self", a);
    let graph = graph(&sketch)?;
    // Held by nothing it is a child of the root, and walked from there.
    assert_eq!(
        (dominator(&graph, a), graph.retained_size(Ordinal(a))),
        (ROOT, 1)
    );
    assert!(graph.edges(Ordinal(a)).all(|edge| !edge.essential));
    Ok(())
}

/// ```text
/// root ─shortcut▶ global ─▶ A ─▶ B ◀─ S(synthetic) ◀─element 1─ root
///                         weak ▶ C ◀───┘
/// ```
#[test]
fn a_debugger_holds_nothing_of_the_page() -> Outcome {
    let (mut sketch, global) = program();
    let [a, b, c] = ["A", "B", "C"].map(|name| sketch.node(NodeKind::Object, name, 1));
    let outside = sketch.node(NodeKind::Synthetic, "(Global handles)", 0);
    sketch.element(ROOT, 1, outside);
    sketch.edge(global, EdgeKind::Property, "a", a);
    sketch.edge(a, EdgeKind::Property, "b", b);
    sketch.edge(a, EdgeKind::Weak, "c", c);
    sketch.element(outside, 1, b);
    sketch.element(outside, 2, c);
    let graph = graph(&sketch)?;
    // B is the page's own; C is not, for weak edges do not make it so.
    assert_eq!([b, c].map(|node| dominator(&graph, node)), [a, outside]);
    Ok(())
}

/// ```text
/// root ─element 1▶ (Document DOM trees) ─▶ div ◀─ (Global handles) ◀─element 2─ root
/// ```
#[test]
fn document_trees_are_the_pages_own() -> Outcome {
    let check = |name: &str, above: u32, distance: i32| -> Outcome {
        let mut sketch = HeapSketch::new();
        let trees = sketch.node(NodeKind::Synthetic, name, 0);
        let outside = sketch.node(NodeKind::Synthetic, "(Global handles)", 0);
        let div = sketch.node(NodeKind::Native, "<div>", 8);
        sketch.element(ROOT, 1, trees);
        sketch.element(ROOT, 2, outside);
        sketch.element(trees, 1, div);
        sketch.element(outside, 1, div);
        let graph = graph(&sketch)?;
        assert_eq!(dominator(&graph, div), above, "{name}");
        assert_eq!(graph.distance(Ordinal(div)), distance, "{name}");
        Ok(())
    };
    check("(Document DOM trees)", 1, 2)?;
    check("(Other trees)", ROOT, 2)
}

/// ```text
/// root ▶ global ─▶ A(1) ─▶ x(100) ─▶ y(200) ◀─ z(400) ◀─ B(2) ◀─ global     x, y, z: arrays
///                  A ─weak▶ w(800) ◀─ B      A ─shortcut▶ v(1600) ◀─ B      w, v: arrays
/// root ─element▶ S(synthetic) ─▶ u(3200)      root ─internal▶ t(6400)
/// ```
#[test]
fn a_helper_with_two_owners_keeps_its_size() -> Outcome {
    let (mut sketch, global) = program();
    let a = sketch.node(NodeKind::Object, "A", 1);
    let b = sketch.node(NodeKind::Object, "B", 2);
    let [x, y, z, w, v, u, t] =
        [100, 200, 400, 800, 1600, 3200, 6400].map(|size| sketch.node(NodeKind::Array, "", size));
    let s = sketch.node(NodeKind::Synthetic, "(Stack roots)", 0);
    for (from, kind, to) in [
        (global, EdgeKind::Property, a),
        (global, EdgeKind::Property, b),
        (a, EdgeKind::Internal, x),
        (x, EdgeKind::Internal, y),
        (b, EdgeKind::Internal, z),
        (z, EdgeKind::Internal, y),
        (a, EdgeKind::Weak, w),
        (b, EdgeKind::Internal, w),
        (a, EdgeKind::Shortcut, v),
        (b, EdgeKind::Internal, v),
        (s, EdgeKind::Internal, u),
        (ROOT, EdgeKind::Internal, t),
    ] {
        sketch.edge(from, kind, "x", to);
    }
    sketch.element(ROOT, 1, s);
    let graph = graph(&sketch)?;
    let sizes = [a, b, x, y, z, w, v, u, t].map(|node| graph.self_size(Ordinal(node)));
    // A owns x, B owns z and w. Both lead to y and v; the root and synthetic nodes own nothing.
    assert_eq!(sizes, [101, 1202, 0, 200, 0, 0, 1600, 3200, 6400]);
    Ok(())
}

/// ```text
/// root ▶ global ─▶ A(1) ─▶ x ─▶ y ─▶ z(100)      B(2) ─▶ x      x, y, z: hidden
/// ```
/// That x has two owners is known of z, too, however late the second one is met.
#[test]
fn several_owners_are_passed_on() -> Outcome {
    let (mut sketch, global) = program();
    let a = sketch.node(NodeKind::Object, "A", 1);
    let [x, y, z] = [0, 0, 100].map(|size| sketch.node(NodeKind::Hidden, "", size));
    let b = sketch.node(NodeKind::Object, "B", 2);
    for (from, to) in [(global, a), (a, x), (x, y), (y, z), (global, b), (b, x)] {
        sketch.edge(from, EdgeKind::Internal, "x", to);
    }
    let graph = graph(&sketch)?;
    assert_eq!(
        [a, b, z].map(|node| graph.self_size(Ordinal(node))),
        [1, 2, 100]
    );
    Ok(())
}

/// ```text
/// root ▶ global ─▶ A(2^47) ─▶ B(2^47) ─▶ C(5 GiB)
/// ```
#[test]
fn sizes_go_beyond_32_bits() -> Outcome {
    const LARGEST: u64 = 1 << 47;
    let (mut sketch, global) = program();
    let a = sketch.node(NodeKind::Object, "A", LARGEST);
    let b = sketch.node(NodeKind::Object, "A", LARGEST);
    let c = sketch.node(NodeKind::Native, "system / JSArrayBufferData", 5 << 30);
    sketch.edge(global, EdgeKind::Property, "a", a);
    sketch.edge(a, EdgeKind::Property, "b", b);
    sketch.edge(b, EdgeKind::Internal, "backing_store", c);
    sketch.set_extra_native_bytes(1 << 40);
    let graph = graph(&sketch)?;
    let retained = [c, b, a].map(|node| graph.retained_size(Ordinal(node)));
    let whole = 2 * LARGEST + (5 << 30);
    assert_eq!(retained, [5 << 30, LARGEST + (5 << 30), whole]);
    assert_eq!(graph.total_size(), whole + 10 + (1 << 40));
    let row = graph.classes().into_iter().find(|row| row.name == "A");
    assert_eq!(
        row.map(|row| (row.count, row.self_size)),
        Some((2, 2 * LARGEST))
    );
    Ok(())
}

/// A node of each kind, all named `<p class=x>`.
#[test]
fn a_class_is_a_constructor_or_a_sort() -> Outcome {
    let check = |kind, class: &str, key: &str| -> Outcome {
        let mut sketch = HeapSketch::new();
        let node = sketch.node(kind, "<p class=x>", 1);
        sketch.location(node, 3, 4, 5);
        let graph = graph(&sketch)?;
        let found = (
            graph.class_name(Ordinal(node)),
            graph.class_key(Ordinal(node)),
        );
        assert_eq!(found, (class, key.to_owned()), "{kind:?}");
        Ok(())
    };
    check(NodeKind::Object, "<p>", "3,4,5,<p>")?;
    for (kind, class) in [
        (NodeKind::Native, "<p>"),
        (NodeKind::Hidden, "(system)"),
        (NodeKind::Code, "(compiled code)"),
        (NodeKind::Closure, "Function"),
        (NodeKind::RegExp, "RegExp"),
        (NodeKind::Array, "(array)"),
        (NodeKind::String, "(string)"),
        (NodeKind::Number, "(number)"),
        (NodeKind::Synthetic, "(synthetic)"),
        (NodeKind::ConsString, "(concatenated string)"),
        (NodeKind::SlicedString, "(sliced string)"),
        (NodeKind::Symbol, "(symbol)"),
        (NodeKind::BigInt, "(bigint)"),
        (NodeKind::ObjectShape, "(object shape)"),
        (NodeKind::WasmObject, "(wasm object)"),
    ] {
        check(kind, class, &format!(",{class}"))?;
    }
    Ok(())
}

/// ```text
/// root ─▶ A ◀▶ B ─▶ C ─▶ A      every node in a cycle, the root too
/// ```
#[test]
fn cycles_end() -> Outcome {
    let mut sketch = HeapSketch::new();
    let [a, b, c] = ["A", "B", "C"].map(|name| sketch.node(NodeKind::Object, name, 1));
    for (from, to) in [(ROOT, a), (a, b), (b, a), (b, c), (c, a), (c, ROOT)] {
        sketch.edge(from, EdgeKind::Property, "x", to);
    }
    let graph = graph(&sketch)?;
    let retained = [a, b, c].map(|node| graph.retained_size(Ordinal(node)));
    assert_eq!(retained, [3, 2, 1]);
    let found = [ROOT, a, b, c].map(|node| graph.distance(Ordinal(node)));
    // A is a global object, since it is a child of the root and not synthetic; so the root is met
    // as a node like others first, and gets its own distance afterwards.
    assert_eq!(found, [100_000_000, 1, 2, 3]);
    Ok(())
}

/// ```text
/// top ─shortcut▶ global(10)      top ─▶ array(100)       top is the root, last in the file
/// ```
#[test]
fn the_root_may_stand_anywhere_and_be_anything() -> Outcome {
    let (mut sketch, global) = program();
    let array = sketch.node(NodeKind::Array, "", 100);
    let top = sketch.node(NodeKind::Object, "top", 1);
    sketch.edge(top, EdgeKind::Shortcut, "global", global);
    sketch.edge(top, EdgeKind::Internal, "x", array);
    let place = format!("\"root_index\":{},\"node_count\"", top * 6);
    let text = sketch.to_json().replacen("\"node_count\"", &place, 1);
    let snapshot = stanch_heap_snapshot::Snapshot::read(text.as_bytes())?;
    let graph = HeapGraph::build(snapshot)?;
    assert_eq!(graph.root(), Ordinal(top));
    assert_eq!(
        [global, array].map(|node| dominator(&graph, node)),
        [top, top]
    );
    // Whatever the root is, it owns nothing.
    assert_eq!(
        [top, array].map(|node| graph.self_size(Ordinal(node))),
        [1, 100]
    );
    assert_eq!(graph.retained_size(Ordinal(top)), 111);
    Ok(())
}

#[test]
fn the_root_may_be_alone() -> Outcome {
    let alone = graph(&HeapSketch::new())?;
    assert_eq!((alone.node_count(), alone.total_size()), (1, 0));
    assert_eq!(alone.classes(), []);
    Ok(())
}
