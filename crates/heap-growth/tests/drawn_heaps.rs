//! Small series of heaps, drawn by hand: which holder grows, what it is called, and which pattern it is.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use stanch_heap_graph::HeapGraph;
use stanch_heap_growth::{GrowingHolder, Series};
use stanch_heap_snapshot::testing::HeapSketch;
use stanch_heap_snapshot::{EdgeKind, NodeKind};
use stanch_leak_patterns::{Confidence, Pattern};

/// A module `app.js` with one variable, drawn with as many newcomers as each snapshot has.
///
/// ```text
/// root ─shortcut─▶ global
/// root ─▶ (GC roots) ─▶ handler() ─context─▶ Context ─<variable>─▶ what `draw` adds
///                          └─shared─▶ (function info) ─script─▶ "app.js"
/// ```
struct Module {
    sketch: HeapSketch,
    context: u32,
}

impl Module {
    fn new(file: &str) -> Self {
        let mut sketch = HeapSketch::new();
        let global = sketch.node(NodeKind::Object, "global", 32);
        let roots = sketch.node(NodeKind::Synthetic, "(GC roots)", 0);
        let handler = sketch.node(NodeKind::Closure, "handler", 64);
        let context = sketch.node(NodeKind::Object, "system / Context", 48);
        let shared = sketch.node(NodeKind::Code, "handler", 56);
        let script = sketch.node(NodeKind::Code, file, 144);
        sketch.edge(HeapSketch::ROOT, EdgeKind::Shortcut, "global", global);
        sketch.element(HeapSketch::ROOT, 1, roots);
        sketch.element(roots, 1, handler);
        sketch.edge(handler, EdgeKind::Internal, "context", context);
        sketch.edge(handler, EdgeKind::Internal, "shared", shared);
        sketch.edge(shared, EdgeKind::Internal, "script_or_debug_info", script);
        sketch.location(handler, 7, 4, 20);
        Self { sketch, context }
    }

    fn variable(&mut self, name: &str, kind: NodeKind, class: &str) -> u32 {
        let node = self.sketch.node(kind, class, 32);
        self.sketch
            .edge(self.context, EdgeKind::Context, name, node);
        node
    }
}

/// The fastest growing holder of three snapshots with 10, 110 and 210 members.
fn grown(file: &str, draw: impl Fn(&mut Module, u32)) -> Option<GrowingHolder> {
    let graph = |members| {
        let mut module = Module::new(file);
        draw(&mut module, members);
        let snapshot = module
            .sketch
            .snapshot()
            .expect("a drawn heap is well-formed");
        HeapGraph::build(snapshot).expect("a drawn heap holds together")
    };
    let mut series = Series::new();
    series.add(&graph(10), 0);
    series.add(&graph(110), 1_000);
    series.growth(&graph(210), 2_000).holders.into_iter().next()
}

fn check(what: &str, draw: impl Fn(&mut Module, u32), name: &str, pattern: Pattern) {
    let holder = grown("/srv/app.js", draw).unwrap_or_else(|| panic!("{what}: nothing grows"));
    let found = holder
        .headline
        .anchor
        .as_ref()
        .map(stanch_heap_growth::Anchor::qualified);
    assert_eq!(found.as_deref(), Some(name), "{what}");
    assert_eq!(holder.pattern, Some(pattern), "{what}");
    assert_eq!(
        holder.count.last(),
        Some(&210),
        "{what}: members, old ones included"
    );
}

fn record(sketch: &mut HeapSketch) -> u32 {
    sketch.node(NodeKind::Object, "Object", 400)
}

#[test]
fn a_map_is_named_after_its_variable() {
    // profiles ─▶ Map ─table─▶ (array) ─▶ record …
    let draw = |module: &mut Module, members| {
        let map = module.variable("profiles", NodeKind::Object, "Map");
        let table = module.sketch.node(NodeKind::Array, "", 16);
        module.sketch.edge(map, EdgeKind::Internal, "table", table);
        for _ in 0..members {
            let value = record(&mut module.sketch);
            module.sketch.edge(table, EdgeKind::Internal, "1", value);
        }
    };
    check("map", draw, "profiles", Pattern::UnboundedCache);
}

#[test]
fn an_array_of_records_is_a_log() {
    // history ─▶ Array ─0…n─▶ record
    let draw = |module: &mut Module, members| {
        let array = module.variable("history", NodeKind::Object, "Array");
        for index in 0..members {
            let value = record(&mut module.sketch);
            module.sketch.element(array, index, value);
        }
    };
    check("array", draw, "history", Pattern::UnboundedLog);
}

#[test]
fn handlers_of_an_emitter_are_listeners_of_its_variable() {
    // prices ─▶ EventEmitter ─_events─▶ Object ─tick─▶ Array ─▶ handler …
    let draw = |module: &mut Module, members| {
        let emitter = module.variable("prices", NodeKind::Object, "EventEmitter");
        let events = module.sketch.node(NodeKind::Object, "Object", 56);
        let handlers = module.sketch.node(NodeKind::Object, "Array", 16);
        module
            .sketch
            .edge(emitter, EdgeKind::Property, "_events", events);
        module
            .sketch
            .edge(events, EdgeKind::Property, "tick", handlers);
        for index in 0..members {
            let handler = module.sketch.node(NodeKind::Closure, "onTick", 300);
            module.sketch.location(handler, 7, 9, 30);
            module.sketch.element(handlers, index, handler);
        }
    };
    let holder = grown("/srv/app.js", draw).expect("the handlers grow");
    assert_eq!(holder.pattern, Some(Pattern::UnremovedListener));
    let names: Vec<&str> = holder.path.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names[..3], ["prices", "._events", ".tick"]);
    assert_eq!(
        holder
            .places
            .first()
            .map(|place| (place.place.line, place.count)),
        Some((9, 200))
    );
}

#[test]
fn stored_functions_that_keep_variables_are_captures() {
    // retries ─▶ Array ─▶ closure ─context─▶ Context ─order─▶ big
    let draw = |module: &mut Module, members| {
        let array = module.variable("retries", NodeKind::Object, "Array");
        for index in 0..members {
            let closure = module.sketch.node(NodeKind::Closure, "", 64);
            let scope = module.sketch.node(NodeKind::Object, "system / Context", 40);
            let big = record(&mut module.sketch);
            module.sketch.location(closure, 7, 12, 16);
            module.sketch.element(array, index, closure);
            module
                .sketch
                .edge(closure, EdgeKind::Internal, "context", scope);
            module.sketch.edge(scope, EdgeKind::Context, "order", big);
        }
    };
    check("captures", draw, "retries", Pattern::ClosureCapture);
    let captured = grown("/srv/app.js", draw).and_then(|holder| holder.capture);
    assert_eq!(
        captured.map(|capture| capture.variable),
        Some("order".to_owned())
    );
}

#[test]
fn ports_that_nobody_closes_are_streams() {
    // lines ─▶ Set ─table─▶ MessagePort …
    let draw = |module: &mut Module, members| {
        let set = module.variable("lines", NodeKind::Object, "Set");
        let table = module.sketch.node(NodeKind::Array, "", 16);
        module.sketch.edge(set, EdgeKind::Internal, "table", table);
        for _ in 0..members {
            let port = module.sketch.node(NodeKind::Object, "MessagePort", 144);
            module.sketch.edge(table, EdgeKind::Internal, "1", port);
        }
    };
    check("ports", draw, "lines", Pattern::UnclosedStream);
}

#[test]
fn functions_that_a_package_made_are_entries() {
    // compiled ─▶ Map ─table─▶ closure written in `file` …
    let draw = |file: &'static str| {
        move |module: &mut Module, members: u32| {
            let map = module.variable("compiled", NodeKind::Object, "Map");
            let sketch = &mut module.sketch;
            let table = sketch.node(NodeKind::Array, "", 16);
            sketch.edge(map, EdgeKind::Internal, "table", table);
            let shared = sketch.node(NodeKind::Code, "template", 56);
            let script = sketch.node(NodeKind::Code, file, 144);
            sketch.element(HeapSketch::ROOT, 9, shared);
            sketch.edge(shared, EdgeKind::Internal, "script_or_debug_info", script);
            for _ in 0..members {
                let template = sketch.node(NodeKind::Closure, "template", 400);
                sketch.location(template, 8, 3, 10);
                sketch.edge(template, EdgeKind::Internal, "shared", shared);
                sketch.edge(table, EdgeKind::Internal, "1", template);
            }
        }
    };
    let of_package = draw("/srv/node_modules/templates/index.js");
    check("templates", of_package, "compiled", Pattern::UnboundedCache);
    let of_service = draw("/srv/jobs.js");
    check("jobs", of_service, "compiled", Pattern::ClosureCapture);
}

#[test]
fn what_came_once_is_no_growth() {
    // pool ─▶ Array, filled between the first two snapshots and never again
    let draw = |module: &mut Module, members: u32| {
        let array = module.variable("pool", NodeKind::Object, "Array");
        for index in 0..members.min(110) {
            let value = record(&mut module.sketch);
            module.sketch.element(array, index, value);
        }
    };
    assert!(grown("/srv/app.js", draw).is_none());
}

#[test]
fn what_takes_the_place_of_others_is_no_growth() {
    // recent ─▶ Array with the newest 150 of all records; names ─▶ Array with all of the small ones
    let draw = |module: &mut Module, members: u32| {
        let recent = module.variable("recent", NodeKind::Object, "Array");
        for number in members..members + 150 {
            let value = record(&mut module.sketch);
            module.sketch.set_id(value, 100_001 + 2 * u64::from(number));
            module.sketch.element(recent, number, value);
        }
        let names = module.variable("names", NodeKind::Object, "Array");
        for number in 0..members {
            let name = module.sketch.node(NodeKind::Object, "Name", 24);
            module.sketch.set_id(name, 200_001 + 2 * u64::from(number));
            module.sketch.element(names, number, name);
        }
    };
    check("window", draw, "names", Pattern::UnboundedLog);
    let share = grown("/srv/app.js", draw).map(|holder| holder.share);
    assert_eq!(share, Some(1.0), "the window's records are not counted");
}

#[test]
fn an_instance_that_only_a_collection_holds_is_called_by_its_class() {
    // services ─▶ Map ─▶ Object ─value─▶ Settings, a class of the service ─_events─▶ Object ─tick─▶ Array ─▶ handler …
    let draw = |module: &mut Module, members| {
        let sketch = &mut module.sketch;
        let map = sketch.node(NodeKind::Object, "Map", 32);
        sketch.edge(module.context, EdgeKind::Context, "services", map);
        let entry = sketch.node(NodeKind::Object, "Object", 32);
        let settings = sketch.node(NodeKind::Object, "Settings", 64);
        let events = sketch.node(NodeKind::Object, "Object", 56);
        let handlers = sketch.node(NodeKind::Object, "Array", 16);
        sketch.edge(map, EdgeKind::Internal, "table", entry);
        sketch.edge(entry, EdgeKind::Property, "value", settings);
        sketch.location(settings, 7, 2, 10);
        sketch.edge(settings, EdgeKind::Property, "_events", events);
        sketch.edge(events, EdgeKind::Property, "tick", handlers);
        for index in 0..members {
            let handler = sketch.node(NodeKind::Closure, "onTick", 300);
            sketch.location(handler, 7, 9, 30);
            sketch.element(handlers, index, handler);
        }
    };
    let anchor = grown("/srv/app.js", draw).and_then(|holder| holder.headline.anchor);
    let anchor = anchor.expect("the class has a name");
    assert_eq!(anchor.qualified(), "Settings");
    assert_eq!(anchor.script().map(|place| place.line), Some(2));
}

#[test]
fn a_package_is_told_from_the_service() {
    let draw = |module: &mut Module, members| {
        let map = module.variable("cache", NodeKind::Object, "Set");
        for _ in 0..members {
            let value = record(&mut module.sketch);
            module.sketch.edge(map, EdgeKind::Internal, "table", value);
        }
    };
    let holder = grown("/srv/node_modules/memo/index.js", draw).expect("the cache grows");
    let origin = holder.headline.anchor.map(|anchor| anchor.origin());
    assert_eq!(
        origin,
        Some(stanch_heap_growth::Origin::Package("memo".to_owned()))
    );
    assert!(holder.confidence > Confidence::Low);
}
