//! What `stanch export --parquet` writes, read back and held against the graph and the other tables.

#![expect(dead_code, reason = "the bench has more tools than these tests need")]

mod bench;
mod node;
mod program;

use std::error::Error;
use std::fs::{self, File};
use std::iter::repeat_n;
use std::path::Path;
use std::process::{Command, Stdio};

use parquet::basic::{LogicalType, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};
use stanch_heap_graph::{HeapGraph, Ordinal};
use stanch_heap_snapshot::testing::HeapSketch;
use stanch_heap_snapshot::{EdgeKind, NodeKind, Snapshot};

use bench::{Bench, Outcome, entries};

const TABLES: [&str; 4] = ["nodes", "edges", "strings", "locations"];

#[test]
fn a_small_heap_as_tables() -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    // root ─cache─▶ Map ─[7]─▶ User, whose class begins at 12:5 of script 3; ─▶ a page's node, detached
    let mut sketch = HeapSketch::new();
    let map = sketch.node(NodeKind::Object, "Map", 16);
    let user = sketch.node(NodeKind::Object, "User", 40);
    let page = sketch.node(NodeKind::Native, "Div \"é\"", 5_000_000_000);
    sketch.edge(HeapSketch::ROOT, EdgeKind::Shortcut, "cache", map);
    sketch.element(map, 7, user);
    sketch.edge(map, EdgeKind::Weak, "page", page);
    sketch.location(user, 3, 11, 4);
    sketch.set_detachedness(page, 2);
    bench.write("kept.heapsnapshot", sketch.to_json())?;
    export(&bench)?;
    let check = |table: &str, expected: &[&str]| -> Outcome {
        assert_eq!(rows(&bench, table)?, expected, "{table}");
        Ok(())
    };
    let text_of = |number: i64| -> Result<String, Box<dyn Error>> {
        Ok(rows(&bench, "strings")?[usize::try_from(number)?].clone())
    };
    let graph = graph(&bench)?;
    let name = |node: u32| i64::from(graph.snapshot().nodes().name(node).0);
    assert_eq!(
        text_of(name(page))?,
        format!("{{number: {}, text: \"Detached Div \"é\"\"}}", name(page))
    );
    let id = |node: u32| graph.id(Ordinal(node)).0;
    let edge_name = |edge: usize| graph.snapshot().edges().name_or_index(edge);
    check(
        "nodes",
        &[
            &format!(
                "{{ordinal: 0, id: {}, kind: \"synthetic\", name: {}, self_size: 0, raw_self_size: 0, retained_size: 5000000056, distance: {}, immediate_dominator: 0, class: \"{}\", detachedness: null}}",
                id(0),
                name(0),
                graph.distance(Ordinal(0)),
                graph.class_name(Ordinal(0))
            ),
            &format!(
                "{{ordinal: 1, id: {}, kind: \"object\", name: {}, self_size: 16, raw_self_size: 16, retained_size: 56, distance: {}, immediate_dominator: 0, class: \"Map\", detachedness: null}}",
                id(1),
                name(1),
                graph.distance(Ordinal(1))
            ),
            &format!(
                "{{ordinal: 2, id: {}, kind: \"object\", name: {}, self_size: 40, raw_self_size: 40, retained_size: 40, distance: {}, immediate_dominator: 1, class: \"User\", detachedness: null}}",
                id(2),
                name(2),
                graph.distance(Ordinal(2))
            ),
            &format!(
                "{{ordinal: 3, id: {}, kind: \"native\", name: {}, self_size: 5000000000, raw_self_size: 5000000000, retained_size: 5000000000, distance: {}, immediate_dominator: 0, class: \"{}\", detachedness: \"detached\"}}",
                id(3),
                name(3),
                graph.distance(Ordinal(3)),
                graph.class_name(Ordinal(3))
            ),
        ],
    )?;
    check(
        "edges",
        &[
            &format!(
                "{{from_node: 0, to_node: 1, kind: \"shortcut\", name: {}, index: null}}",
                edge_name(0)
            ),
            "{from_node: 1, to_node: 2, kind: \"element\", name: null, index: 7}",
            &format!(
                "{{from_node: 1, to_node: 3, kind: \"weak\", name: {}, index: null}}",
                edge_name(2)
            ),
        ],
    )?;
    check(
        "locations",
        &["{node: 2, script_id: 3, line_number: 12, column_number: 5}"],
    )
}

#[test]
fn a_real_heap_as_tables() -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    let script = "require('v8').writeHeapSnapshot('kept.heapsnapshot')";
    let status = Command::new(&bench.node)
        .args(["-e", script])
        .current_dir(bench.work())
        .status()?;
    assert!(status.success(), "{status}");
    export(&bench)?;
    let graph = graph(&bench)?;
    assert_nodes(&bench, &graph)?;
    let snapshot = graph.snapshot();
    let edges = graph.ordinals().flat_map(|from| {
        let range = snapshot.edges_of(from.0);
        repeat_n(from, range.len()).zip(range)
    });
    let edges = edges.map(|(from, edge)| {
        let (kind, to) = (snapshot.edges().kind(edge), snapshot.edges().to(edge));
        let number = snapshot.edges().name_or_index(edge);
        let called = if kind.is_indexed() {
            format!("name: null, index: {number}")
        } else {
            format!("name: {number}, index: null")
        };
        format!(
            "{{from_node: {}, to_node: {to}, kind: \"{}\", {called}}}",
            from.0,
            kind.type_name()
        )
    });
    assert_rows(&bench, "edges", edges)?;
    let strings = snapshot.strings().iter();
    let strings =
        strings.map(|(number, text)| format!("{{number: {}, text: \"{text}\"}}", number.0));
    assert_rows(&bench, "strings", strings)?;
    let locations = graph.ordinals().filter_map(|node| {
        let place = graph.location(node)?;
        let (line, column) = (place.line + 1, place.column + 1);
        Some(format!(
            "{{node: {}, script_id: {}, line_number: {line}, column_number: {column}}}",
            node.0, place.script_id
        ))
    });
    assert_rows(&bench, "locations", locations)
}

/// The nodes by the graph, and by what the same run wrote as tab-separated values.
fn assert_nodes(bench: &Bench, graph: &HeapGraph) -> Outcome {
    let text = fs::read_to_string(bench.work().join("nodes.tsv"))?;
    let nodes = graph.ordinals().zip(text.lines().skip(1)).map(|(node, line)| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [id, size, retained, distance, above, class] = cells[..] else {
            return line.to_owned();
        };
        let class: String = serde_json::from_str(class).unwrap_or_default();
        format!(
            "{{ordinal: {}, id: {id}, kind: \"{}\", name: {}, self_size: {size}, raw_self_size: {}, \
             retained_size: {retained}, distance: {distance}, immediate_dominator: {above}, class: \"{class}\", \
             detachedness: {}}}",
            node.0,
            graph.kind(node).type_name(),
            graph.snapshot().nodes().name(node.0).0,
            graph.raw_self_size(node),
            detachedness(graph, node),
        )
    });
    assert_rows(bench, "nodes", nodes)
}

fn detachedness(graph: &HeapGraph, node: Ordinal) -> &'static str {
    let states = graph.snapshot().nodes().detachedness();
    let state = states.binary_search_by_key(&node.0, |(ordinal, _)| *ordinal);
    match state.map(|at| states[at].1) {
        Ok(1) => "\"attached\"",
        Ok(2) => "\"detached\"",
        _ => "null",
    }
}

#[test]
fn the_document_has_the_columns() -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    bench.write("kept.heapsnapshot", HeapSketch::new().to_json())?;
    export(&bench)?;
    let document = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/parquet.md"
    ))?;
    for table in TABLES {
        let title = format!("## {table}.parquet\n");
        let section = document.split(&title).nth(1).ok_or(title)?;
        let section = section.split("\n## ").next().unwrap_or_default();
        let documented: Vec<String> = section
            .lines()
            .filter_map(|line| {
                let mut cells = line.strip_prefix("| `")?.split(" | ");
                let name = cells.next()?.trim_end_matches('`');
                Some(format!("{name}: {}", cells.next()?))
            })
            .collect();
        assert_eq!(columns(&bench, table)?, documented, "{table}");
    }
    Ok(())
}

/// Names and types of the columns, as the document writes them.
fn columns(bench: &Bench, table: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let reader = open(bench, table)?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let columns = schema.columns().iter().map(|column| {
        let kind = match (column.physical_type(), column.logical_type_ref()) {
            (Physical::BYTE_ARRAY, Some(LogicalType::String)) => "STRING".to_owned(),
            (physical, _) => physical.to_string(),
        };
        let null = if column.self_type().is_optional() {
            " or null"
        } else {
            ""
        };
        format!("{}: {kind}{null}", column.name())
    });
    Ok(columns.collect())
}

#[test]
fn what_fails_leaves_nothing() -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    bench.write("kept.heapsnapshot", HeapSketch::new().to_json())?;
    let check = |folder: &str, words: &[&str]| -> Outcome {
        let arguments = ["export", "kept.heapsnapshot", "--parquet", folder];
        start(&bench, &arguments)?.assert_refused(words);
        Ok(())
    };
    check(
        "kept.heapsnapshot",
        &["cannot make the folder kept.heapsnapshot"],
    )?;
    // A folder has the name of the file that is written last.
    fs::create_dir_all(bench.work().join("out/locations.parquet"))?;
    check("out", &["cannot write out/locations.parquet"])?;
    assert_eq!(entries(&bench.work().join("out"))?, ["locations.parquet"]);
    Ok(())
}

/// `stanch export` of `kept.heapsnapshot` into `out` and `nodes.tsv`.
fn export(bench: &Bench) -> Outcome {
    let arguments = [
        "export",
        "kept.heapsnapshot",
        "--parquet",
        "out",
        "--nodes",
        "nodes.tsv",
    ];
    let ended = start(bench, &arguments)?;
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let mut names = entries(&bench.work().join("out"))?;
    names.sort();
    let mut expected = TABLES.map(|table| format!("{table}.parquet"));
    expected.sort();
    assert_eq!(names, expected);
    Ok(())
}

/// The build that has the feature: a release build lacks it.
fn start(bench: &Bench, arguments: &[&str]) -> Result<bench::Ended, Box<dyn Error>> {
    let program = Path::new(env!("CARGO_BIN_EXE_stanch"));
    bench
        .start_program(program, Stdio::null(), "export", arguments)?
        .end()
}

fn graph(bench: &Bench) -> Result<HeapGraph, Box<dyn Error>> {
    let file = File::open(bench.work().join("kept.heapsnapshot"))?;
    Ok(HeapGraph::build(Snapshot::read(file)?)?)
}

fn assert_rows(bench: &Bench, table: &str, expected: impl Iterator<Item = String>) -> Outcome {
    let (mut rows, mut count) = (rows(bench, table)?.into_iter(), 0);
    for expected in expected {
        assert_eq!(rows.next(), Some(expected), "row {count} of {table}");
        count += 1;
    }
    assert_eq!(rows.next(), None, "{table} has {count} rows");
    assert!(count > 0, "{table} is not empty");
    Ok(())
}

fn rows(bench: &Bench, table: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let reader = open(bench, table)?;
    let rows = reader
        .get_row_iter(None)?
        .map(|row| row.map(|row| row.to_string()));
    Ok(rows.collect::<Result<_, _>>()?)
}

fn open(bench: &Bench, table: &str) -> Result<SerializedFileReader<File>, Box<dyn Error>> {
    let path = bench.work().join("out").join(format!("{table}.parquet"));
    Ok(SerializedFileReader::new(File::open(path)?)?)
}
