//! Small heaps, drawn, with the numbers they must have.

use stanch_heap_graph::{
    EdgeKind, EdgeName, HeapGraph, Location, NodeId, NodeKind, Ordinal, compare,
};
use stanch_heap_snapshot::testing::HeapSketch;

type Outcome = Result<(), Box<dyn std::error::Error>>;

const ROOT: u32 = HeapSketch::ROOT;

fn graph(sketch: &HeapSketch) -> Result<HeapGraph, Box<dyn std::error::Error>> {
    Ok(HeapGraph::build(sketch.snapshot()?)?)
}

/// A heap with one global object under the root, as a JavaScript program has it.
fn program() -> (HeapSketch, u32) {
    let mut sketch = HeapSketch::new();
    let global = sketch.node(NodeKind::Object, "global", 10);
    sketch.edge(ROOT, EdgeKind::Shortcut, "global", global);
    (sketch, global)
}

fn retained(graph: &HeapGraph) -> Vec<u64> {
    graph
        .ordinals()
        .map(|node| graph.retained_size(node))
        .collect()
}

fn self_sizes(graph: &HeapGraph) -> Vec<u64> {
    graph.ordinals().map(|node| graph.self_size(node)).collect()
}

fn distances(graph: &HeapGraph) -> Vec<i32> {
    graph.ordinals().map(|node| graph.distance(node)).collect()
}

fn dominators(graph: &HeapGraph) -> Vec<u32> {
    graph
        .ordinals()
        .map(|node| graph.immediate_dominator(node).0)
        .collect()
}

/// ```text
/// root ▶ global(10) ─a▶ A(1) ─c▶ C(4)
///                   └b▶ B(2) ─c▶ C(4) ─d▶ D(8)
/// ```
#[test]
fn a_shared_object_is_dominated_from_above_the_fork() -> Outcome {
    let (mut sketch, global) = program();
    let [a, b, c, d] = [("A", 1), ("B", 2), ("C", 4), ("D", 8)]
        .map(|(name, size)| sketch.node(NodeKind::Object, name, size));
    sketch.edge(global, EdgeKind::Property, "a", a);
    sketch.edge(global, EdgeKind::Property, "b", b);
    sketch.edge(a, EdgeKind::Property, "c", c);
    sketch.edge(b, EdgeKind::Property, "c", c);
    sketch.edge(c, EdgeKind::Property, "d", d);
    sketch.set_extra_native_bytes(100);
    let graph = graph(&sketch)?;
    assert_eq!(dominators(&graph), [0, 0, 1, 1, 1, 4]);
    assert_eq!(retained(&graph), [25, 25, 1, 2, 12, 8]);
    assert_eq!(distances(&graph), [100_000_000, 1, 2, 2, 3, 4]);
    assert_eq!(graph.total_size(), 125);
    let below: Vec<Ordinal> = graph.dominated_children(Ordinal(global)).collect();
    assert_eq!(below, [a, b, c].map(Ordinal));
    let order: Vec<u32> = graph
        .dominator_preorder()
        .iter()
        .map(|node| node.0)
        .collect();
    assert_eq!(order, [0, 1, 2, 4, 5, 3]);
    assert_eq!(graph.dominated_span(Ordinal(global)), 1..6);
    assert!(graph.dominates(Ordinal(global), Ordinal(c)));
    assert!(!graph.dominates(Ordinal(a), Ordinal(c)));
    let from: Vec<u32> = graph
        .retainers(Ordinal(c))
        .map(|retainer| retainer.from.0)
        .collect();
    assert_eq!(from, [a, b]);
    Ok(())
}

/// ```text
/// root ▶ global ─element 3▶ A ─weak "w"▶ B     B, with a location
/// ```
#[test]
fn edges_keep_their_names_and_kinds() -> Outcome {
    let (mut sketch, global) = program();
    let a = sketch.node(NodeKind::Object, "A", 1);
    let b = sketch.node(NodeKind::Object, "B", 1);
    sketch.element(global, 3, a);
    sketch.edge(a, EdgeKind::Weak, "w", b);
    sketch.location(b, 5, 0, 17);
    let graph = graph(&sketch)?;
    let edges: Vec<_> = graph
        .edges(Ordinal(global))
        .map(|edge| (edge.kind, edge.name, edge.to.0, edge.essential))
        .collect();
    assert_eq!(edges, [(EdgeKind::Element, EdgeName::Index(3), a, true)]);
    let retainers: Vec<_> = graph
        .retainers(Ordinal(b))
        .map(|edge| (edge.kind, edge.name, edge.from.0, edge.essential))
        .collect();
    assert_eq!(retainers, [(EdgeKind::Weak, EdgeName::Name("w"), a, false)]);
    assert_eq!(
        graph.location(Ordinal(b)),
        Some(Location {
            script_id: 5,
            line: 0,
            column: 17
        })
    );
    assert_eq!(graph.location(Ordinal(a)), None);
    assert_eq!(graph.class_key(Ordinal(b)), "5,0,17,B");
    assert_eq!(graph.class_key(Ordinal(a)), ",A");
    assert_eq!(graph.find_by_id(NodeId(7)), Some(Ordinal(b)));
    assert_eq!(graph.find_by_id(NodeId(6)), None);
    // Nothing but the weak edge leads to B.
    assert_eq!(
        (
            graph.distance(Ordinal(b)),
            graph.immediate_dominator(Ordinal(b))
        ),
        (-5, Ordinal(ROOT))
    );
    Ok(())
}

/// ```text
/// root ▶ global     A ◀▶ B, and B ▶ C ◀ global     D alone ▶ E ◀ global
/// ```
#[test]
fn what_nothing_holds_hangs_on_the_root() -> Outcome {
    let (mut sketch, global) = program();
    let [a, b, c, d, e] =
        ["A", "B", "C", "D", "E"].map(|name| sketch.node(NodeKind::Object, name, 1));
    sketch.edge(a, EdgeKind::Property, "b", b);
    sketch.edge(b, EdgeKind::Property, "a", a);
    // C and E are page-owned, A, B and D are not: their hold on them counts for nothing.
    sketch.edge(b, EdgeKind::Property, "c", c);
    sketch.edge(d, EdgeKind::Property, "e", e);
    sketch.edge(global, EdgeKind::Property, "c", c);
    sketch.edge(global, EdgeKind::Property, "e", e);
    let graph = graph(&sketch)?;
    assert_eq!(dominators(&graph), [0, 0, 0, 0, 1, 0, 1]);
    assert_eq!(retained(&graph)[global as usize], 12);
    Ok(())
}

/// ```text
/// root ─element▶ S ▶ C      A ◀▶ B ▶ C      D ▶ D, D ▶ E ◀ S       (no global object)
/// ```
#[test]
fn an_orphan_counts_as_a_holder_but_a_clique_does_not() -> Outcome {
    let mut sketch = HeapSketch::new();
    let [s, a, b, c, d, e] =
        ["S", "A", "B", "C", "D", "E"].map(|name| sketch.node(NodeKind::Synthetic, name, 1));
    sketch.element(ROOT, 1, s);
    for (from, to) in [(s, c), (a, b), (b, a), (b, c), (d, d), (d, e), (s, e)] {
        sketch.edge(from, EdgeKind::Internal, "x", to);
    }
    let graph = graph(&sketch)?;
    // C stays under S although the clique holds it too; E goes up to the root, since D, which
    // nothing but itself holds, is taken for a child of the root.
    let [above_c, above_e] = [c, e].map(|node| graph.immediate_dominator(Ordinal(node)).0);
    assert_eq!((above_c, above_e), (s, ROOT));
    assert_eq!(distances(&graph), [0, 1, -5, -5, 2, -5, 2]);
    Ok(())
}

/// ```text
/// root ▶ global ─▶ map(id 3) ─internal▶ table ─pair▶ V ◀pair─ K ◀ global
/// ```
#[test]
fn a_weak_map_value_hangs_on_its_key_and_is_as_far_as_the_farther() -> Outcome {
    let (mut sketch, global) = program();
    let [holder, map, table, key, value] =
        ["H", "WeakMap", "", "K", "V"].map(|name| sketch.node(NodeKind::Object, name, 1));
    sketch.edge(global, EdgeKind::Property, "map", map);
    sketch.edge(map, EdgeKind::Internal, "table", table);
    sketch.edge(global, EdgeKind::Property, "holder", holder);
    sketch.edge(holder, EdgeKind::Property, "key", key);
    let pair = |number| {
        format!(
            "{number} / part of key (K @{}) -> value (V @{}) pair in WeakMap (table @{})",
            key * 2 + 1,
            value * 2 + 1,
            table * 2 + 1
        )
    };
    sketch.edge(table, EdgeKind::Internal, &pair(2), value);
    sketch.edge(key, EdgeKind::Internal, &pair(11), value);
    let graph = graph(&sketch)?;
    assert_eq!(graph.immediate_dominator(Ordinal(value)), Ordinal(key));
    let halves: Vec<bool> = graph
        .retainers(Ordinal(value))
        .map(|half| half.essential)
        .collect();
    assert_eq!(halves, [false, true]);
    assert_eq!(graph.distance(Ordinal(value)), 4);
    Ok(())
}

/// ```text
/// root ▶ global ─▶ A(1) ─▶ array(100) ─▶ hidden(1000)
///              ├─▶ B(2) ─▶ shared array(200) ◀─ A
///              └─▶ array(400), of the global itself
/// root ─element▶ (GC roots) ─▶ array(800)
/// ```
#[test]
fn a_helper_gives_its_size_to_its_only_owner() -> Outcome {
    let (mut sketch, global) = program();
    let a = sketch.node(NodeKind::Object, "A", 1);
    let b = sketch.node(NodeKind::Object, "B", 2);
    let own = sketch.node(NodeKind::Array, "", 100);
    let deep = sketch.node(NodeKind::Hidden, "", 1000);
    let shared = sketch.node(NodeKind::Array, "", 200);
    let globals = sketch.node(NodeKind::Array, "", 400);
    let group = sketch.node(NodeKind::Synthetic, "(GC roots)", 0);
    let rooted = sketch.node(NodeKind::Array, "", 800);
    let internal = [
        (global, a),
        (global, b),
        (a, own),
        (own, deep),
        (a, shared),
        (b, shared),
        (global, globals),
        (group, rooted),
    ];
    for (from, to) in internal {
        sketch.edge(from, EdgeKind::Internal, "x", to);
    }
    sketch.element(ROOT, 1, group);
    let with_program = graph(&sketch)?;
    assert_eq!(
        self_sizes(&with_program),
        [0, 410, 1101, 2, 0, 0, 200, 0, 0, 800]
    );
    assert_eq!(with_program.raw_self_size(Ordinal(own)), 100);
    assert_eq!(retained(&with_program)[a as usize], 1101);
    assert_eq!(with_program.distance(Ordinal(rooted)), 100_000_002);
    Ok(())
}

/// ```text
/// root ─element▶ (GC roots) ─▶ A(1) ─▶ array(100)       as with exposed internals
/// ```
#[test]
fn without_a_global_object_sizes_stay_where_v8_put_them() -> Outcome {
    let mut sketch = HeapSketch::new();
    let group = sketch.node(NodeKind::Synthetic, "(GC roots)", 0);
    let a = sketch.node(NodeKind::Object, "A", 1);
    let array = sketch.node(NodeKind::Array, "", 100);
    sketch.element(ROOT, 1, group);
    sketch.element(group, 1, a);
    sketch.edge(a, EdgeKind::Internal, "elements", array);
    let graph = graph(&sketch)?;
    assert_eq!(self_sizes(&graph), [0, 0, 1, 100]);
    assert_eq!(distances(&graph), [0, 1, 2, 3]);
    Ok(())
}

/// ```text
/// root ▶ global ─▶ N1 native, detached ─▶ N2 native ─▶ A object ─▶ N3 native
///              └─▶ N4 native, attached ─▶ N5 native ◀─ N1
/// ```
#[test]
fn detached_spreads_over_native_nodes_only() -> Outcome {
    let (mut sketch, global) = program();
    let [n1, n2, n3, n4, n5] =
        ["N1", "N2", "N3", "N4", "N5"].map(|name| sketch.node(NodeKind::Native, name, 1));
    let a = sketch.node(NodeKind::Object, "A", 1);
    for (from, to) in [
        (global, n1),
        (n1, n2),
        (n2, a),
        (a, n3),
        (global, n4),
        (n4, n5),
        (n1, n5),
    ] {
        sketch.edge(from, EdgeKind::Internal, "x", to);
    }
    sketch.set_detachedness(n1, 2);
    sketch.set_detachedness(n4, 1);
    let graph = graph(&sketch)?;
    let names = [n1, n2, n3, n4, n5].map(|node| graph.name(Ordinal(node)));
    assert_eq!(names, ["Detached N1", "Detached N2", "N3", "N4", "N5"]);
    assert_eq!(graph.class_name(Ordinal(n1)), "Detached N1");
    Ok(())
}

/// ```text
/// root ▶ global ─▶ List(1) ─▶ List(2) ─▶ Item(4) ─▶ List(8)
///              └─▶ List(16)
/// ```
#[test]
fn a_class_counts_what_it_holds_once() -> Outcome {
    let (mut sketch, global) = program();
    let outer = sketch.node(NodeKind::Object, "List", 1);
    let inner = sketch.node(NodeKind::Object, "List", 2);
    let item = sketch.node(NodeKind::Object, "Item", 4);
    let innermost = sketch.node(NodeKind::Object, "List", 8);
    let other = sketch.node(NodeKind::Object, "List", 16);
    for (from, to) in [
        (global, outer),
        (outer, inner),
        (inner, item),
        (item, innermost),
        (global, other),
    ] {
        sketch.edge(from, EdgeKind::Property, "x", to);
    }
    let graph = graph(&sketch)?;
    let rows: Vec<_> = graph
        .classes()
        .into_iter()
        .map(|row| {
            (
                row.key,
                row.count,
                row.self_size,
                row.retained_size,
                row.distance,
            )
        })
        .collect();
    let expected = [
        (",global", 1, 10, 41, 1),
        (",List", 4, 27, 31, 2),
        (",Item", 1, 4, 12, 4),
    ];
    assert_eq!(
        rows,
        expected.map(|(key, count, own, held, distance)| (
            key.to_owned(),
            count,
            own,
            held,
            distance
        ))
    );
    Ok(())
}

/// Before: A @3, A @5, Gone @7, B @9. After: A @5 (grown), A @11, B @9, New @13.
#[test]
fn a_comparison_counts_who_came_and_went() -> Outcome {
    let heap = |objects: &[(&str, u64, u64)]| {
        let mut sketch = HeapSketch::new();
        for (name, id, size) in objects {
            let node = sketch.node(NodeKind::Object, name, *size);
            sketch.set_id(node, *id);
            sketch.edge(ROOT, EdgeKind::Shortcut, name, node);
        }
        graph(&sketch)
    };
    let base = heap(&[("A", 3, 1), ("A", 5, 1), ("Gone", 7, 8), ("B", 9, 9)])?;
    let current = heap(&[("A", 5, 50), ("A", 11, 2), ("B", 9, 9), ("New", 13, 4)])?;
    let changes: Vec<_> = compare(&base, &current)
        .into_iter()
        .map(|row| {
            (
                row.key.clone(),
                row.added,
                row.removed,
                row.count_delta(),
                row.size_delta(),
            )
        })
        .collect();
    let expected = [
        (",A", 1, 1, 0, 1),
        (",Gone", 0, 1, -1, -8),
        (",New", 1, 0, 1, 4),
    ];
    assert_eq!(
        changes,
        expected.map(|(key, added, removed, count, size)| (
            key.to_owned(),
            added,
            removed,
            count,
            size
        ))
    );
    assert_eq!(compare(&base, &base), []);
    Ok(())
}

#[test]
fn a_global_object_that_stands_twice_is_visited_twice() -> Outcome {
    let (mut sketch, global) = program();
    let value = sketch.node(NodeKind::Object, "V", 1);
    let half = "1 / part of key (K @9) -> value (V @5) pair in WeakMap (table @99)";
    sketch.edge(global, EdgeKind::Internal, half, value);
    assert_eq!(distances(&graph(&sketch)?), [100_000_000, 1, -5]);
    sketch.element(ROOT, 1, global);
    assert_eq!(distances(&graph(&sketch)?), [100_000_000, 1, 2]);
    Ok(())
}

/// ```text
/// root ▶ global ─▶ (map descriptors) ─1▶ A, ─"4"▶ B, ─hidden 7▶ C, ─"8"▶ D, ─"enum"▶ E
///              └─▶ system / NativeContext ─sloppy_function_map▶ F
/// ```
#[test]
fn some_of_v8s_own_edges_bring_nothing_nearer() -> Outcome {
    let (mut sketch, global) = program();
    let [a, b, c, d, e, f] =
        ["A", "B", "C", "D", "E", "F"].map(|name| sketch.node(NodeKind::Object, name, 1));
    let descriptors = sketch.node(NodeKind::Array, "(map descriptors)", 1);
    let context = sketch.node(NodeKind::Hidden, "system / NativeContext", 1);
    sketch.edge(global, EdgeKind::Internal, "map", descriptors);
    sketch.edge(global, EdgeKind::Internal, "context", context);
    sketch.element(descriptors, 1, a);
    sketch.edge(descriptors, EdgeKind::Internal, "4", b);
    sketch.hidden(descriptors, 7, c);
    sketch.edge(descriptors, EdgeKind::Internal, "8", d);
    sketch.edge(descriptors, EdgeKind::Internal, "enum", e);
    sketch.edge(context, EdgeKind::Internal, "sloppy_function_map", f);
    let graph = graph(&sketch)?;
    let found = [a, b, c, d, e, f].map(|node| graph.distance(Ordinal(node)));
    assert_eq!(found, [3, -5, -5, 3, 3, -5]);
    Ok(())
}

/// Before: two objects {a}. After: two objects {b}. By the interfaces of the later snapshot the
/// earlier objects are just `Object`, but the earlier one alone called them `{a}`.
#[test]
fn the_base_is_grouped_by_the_current_interfaces() -> Outcome {
    let heap = |property: &str, first_id: u64| {
        let mut sketch = HeapSketch::new();
        for id in [first_id, first_id + 2] {
            let node = sketch.node(NodeKind::Object, "Object", 8);
            sketch.set_id(node, id);
            sketch.edge(ROOT, EdgeKind::Shortcut, "x", node);
            sketch.edge(node, EdgeKind::Property, property, ROOT);
        }
        graph(&sketch)
    };
    let changes = compare(&heap("a", 11)?, &heap("b", 21)?);
    let changes = changes
        .into_iter()
        .map(|row| (row.key, row.name, row.added, row.removed));
    let expected = [(",Object", "{a}", 0, 2), (",{b}", "{b}", 2, 0)];
    let expected =
        expected.map(|(key, name, added, removed)| (key.into(), name.into(), added, removed));
    assert_eq!(
        changes.collect::<Vec<(String, String, u64, u64)>>(),
        expected
    );
    Ok(())
}

/// ```text
/// root ▶ global ─▶ text(24) ─▶ system / ExternalStringData(5000), native
///              └─▶ handle(8) ─▶ Node / Handle(60), native
/// ```
#[test]
fn of_native_nodes_only_string_data_has_an_owner() -> Outcome {
    let (mut sketch, global) = program();
    let text = sketch.node(NodeKind::String, "text", 24);
    let data = sketch.node(NodeKind::Native, "system / ExternalStringData", 5000);
    let handle = sketch.node(NodeKind::Object, "Handle", 8);
    let native = sketch.node(NodeKind::Native, "Node / Handle", 60);
    for (from, to) in [
        (global, text),
        (text, data),
        (global, handle),
        (handle, native),
    ] {
        sketch.edge(from, EdgeKind::Internal, "x", to);
    }
    assert_eq!(self_sizes(&graph(&sketch)?), [0, 10, 5024, 0, 8, 60]);
    Ok(())
}
