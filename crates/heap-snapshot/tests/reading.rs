//! Whole files in, snapshots or clear sentences out.

use stanch_heap_snapshot::testing::HeapSketch;
use stanch_heap_snapshot::{
    EdgeKind, Foreign, LocationRow, NodeKind, Snapshot, SnapshotError, SnapshotParser, StringId,
};

/// ```text
/// root ─shortcut▶ 1 Map ─element 7▶ 2 "text" ─weak▶ 1
/// ```
fn sketch() -> HeapSketch {
    let mut sketch = HeapSketch::new();
    let map = sketch.node(NodeKind::Object, "Map", 1 << 40);
    let text = sketch.node(NodeKind::String, "a \"b\"\n", 24);
    sketch.edge(HeapSketch::ROOT, EdgeKind::Shortcut, "global", map);
    sketch.element(map, 7, text);
    sketch.edge(text, EdgeKind::Weak, "Map", map);
    sketch.location(map, 12, 3, 4);
    sketch.set_detachedness(text, 2);
    sketch.set_extra_native_bytes(99);
    sketch
}

fn read(text: &str) -> Result<Snapshot, SnapshotError> {
    Snapshot::read(text.as_bytes())
}

/// The sentence a text is refused with.
fn refusal(text: &str) -> String {
    match read(text) {
        Ok(_) => "no refusal".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// The sketch's text with one part exchanged, once.
fn changed(from: &str, to: &str) -> String {
    let text = sketch().to_json();
    assert!(text.contains(from), "{text} has no {from}");
    text.replacen(from, to, 1)
}

#[test]
fn every_field_arrives_in_its_column() -> Result<(), SnapshotError> {
    let snapshot = sketch().snapshot()?;
    let nodes = snapshot.nodes();
    let kinds: Vec<NodeKind> = nodes.kinds().collect();
    assert_eq!(
        kinds,
        [NodeKind::Synthetic, NodeKind::Object, NodeKind::String]
    );
    assert_eq!([0, 1, 2].map(|node| nodes.id(node)), [1, 3, 5]);
    assert_eq!(
        [0, 1, 2].map(|node| nodes.self_size(node)),
        [0, 1 << 40, 24]
    );
    assert_eq!([0, 1, 2].map(|node| nodes.edges(node)), [0..1, 1..2, 2..3]);
    assert_eq!(nodes.detachedness(), [(2, 2)]);
    let names: Vec<&str> = nodes
        .names()
        .map(|name| snapshot.strings().get(name))
        .collect();
    assert_eq!(names, ["", "Map", "a \"b\"\n"]);
    let edges = snapshot.edges();
    assert_eq!(
        [0, 1, 2].map(|edge| edges.kind(edge)),
        [EdgeKind::Shortcut, EdgeKind::Element, EdgeKind::Weak]
    );
    assert_eq!([0, 1, 2].map(|edge| edges.to(edge)), [1, 2, 1]);
    assert_eq!(edges.name_or_index(1), 7);
    let name = StringId(edges.name_or_index(0));
    assert_eq!(snapshot.strings().get(name), "global");
    let location = LocationRow {
        ordinal: 1,
        script_id: 12,
        line: 3,
        column: 4,
    };
    assert_eq!(snapshot.locations().get(1), Some(location));
    assert_eq!(snapshot.locations().get(0), None);
    assert_eq!(snapshot.locations().len(), 1);
    assert_eq!((snapshot.root(), snapshot.extra_native_bytes()), (0, 99));
    Ok(())
}

#[test]
fn chunks_of_any_size_give_the_same_snapshot() -> Result<(), SnapshotError> {
    let text = sketch().to_json();
    let whole = format!("{:?}", read(&text)?);
    for size in 1..text.len() {
        let mut parser = SnapshotParser::new();
        for chunk in text.as_bytes().chunks(size) {
            parser.push(chunk)?;
        }
        assert_eq!(format!("{:?}", parser.finish()?), whole, "chunks of {size}");
    }
    Ok(())
}

#[test]
fn a_file_cut_off_anywhere_says_so() {
    let text = sketch().to_json();
    for length in 1..text.len() {
        let found = read(&text[..length]);
        assert!(
            matches!(found, Err(SnapshotError::Truncated { offset, .. }) if offset == length as u64),
            "{length} bytes gave {found:?}"
        );
    }
}

#[test]
fn the_sentence_for_a_cut_names_section_and_need() {
    let check = |behind: &str, sentence: &str| {
        let text = sketch().to_json();
        let end = text.find(behind).map_or(0, |at| at + behind.len());
        let refusal = refusal(&text[..end]);
        assert!(refusal.ends_with(sentence), "{behind}: {refusal}");
    };
    check("{", "in the outermost object: expected a key or `}`");
    check(
        "{\"snap",
        "in the outermost object: expected the rest of a key",
    );
    check(
        "\"node_types\"",
        "in the snapshot section: expected its end",
    );
    check("\"nodes\"", "in the outermost object: expected `:`");
    check("\"nodes\":[9", "in nodes: expected a digit, `,` or `]`");
    check("\"edges\":[", "in edges: expected a number");
    check("\"locations\":[6,", "in locations: expected a number");
    check("\"strings\":[", "in strings: expected a string or `]`");
    check("\"global", "in strings: expected the rest of a string");
}

#[test]
fn other_files_are_recognised() {
    let check = |text: &str, foreign: Foreign| {
        let found = read(text);
        let recognised =
            matches!(found, Err(SnapshotError::NotASnapshot { what, .. }) if what == foreign);
        assert!(recognised, "{text} gave {found:?}");
    };
    check(
        r#"{"nodes":[{"id":1,"callFrame":{}}],"startTime":1}"#,
        Foreign::CpuProfile,
    );
    check(
        r#"{"head":{"callFrame":{},"selfSize":0}}"#,
        Foreign::SamplingHeapProfile,
    );
    check(r#"{"traceEvents":[]}"#, Foreign::Trace);
    check(r#"[{"ph":"X"}]"#, Foreign::JsonArray);
    check(
        r#"{"name":"left-pad","version":"1.0.0"}"#,
        Foreign::OtherJson,
    );
    check("{}", Foreign::OtherJson);
    check(&format!("{{\"{}", "k".repeat(100)), Foreign::OtherJson);
    check("\n<!DOCTYPE html>", Foreign::Markup);
    check("\u{1f}\u{8b}", Foreign::Gzip);
    check("(\u{b5}/\u{fd}", Foreign::Zstandard);
    check("hello", Foreign::Unknown);
    assert!(matches!(read(""), Err(SnapshotError::Empty)));
    assert!(matches!(read(" \n"), Err(SnapshotError::Empty)));
    let sentence = "this is no heap snapshot: it looks like HTML or XML (byte 0)";
    assert_eq!(refusal("<html>"), sentence);
}

#[test]
fn a_reference_to_nowhere_is_refused_with_its_place() {
    let check = |from: &str, to: &str, sentence: &str| {
        let refusal = refusal(&changed(from, to));
        assert!(refusal.contains(sentence), "{from} → {to}: {refusal}");
    };
    // Edge 1 goes from the map to node 2, which starts at number 12 of `nodes`.
    check(
        "\n,1,7,12",
        "\n,1,7,13",
        "in edges: to_node is 13, expected a multiple of 6 below 18",
    );
    check(
        "\n,1,7,12",
        "\n,1,7,18",
        "in edges: to_node is 18, expected a multiple of 6 below 18",
    );
    check(
        "\n,1,7,12",
        "\n,9,7,12",
        "in edges: type is 9, expected a number below 9",
    );
    check(
        "\n,1,7,12",
        "\n,2,7,12",
        "in edges: name_or_index is 7, expected a number below 4",
    );
    check(
        "\n,1,7,12",
        "\n,1,4294967296,12",
        "expected a number that fits 32 bits",
    );
    check(
        "[6,12,3,4]",
        "[7,12,3,4]",
        "in locations: object_index is 7, expected a multiple of 6",
    );
    check(
        "[9,0,1,0,1,0",
        "[16,0,1,0,1,0",
        "in nodes: type is 16, expected a number below 16",
    );
    check(
        "[9,0,1,0,1,0",
        "[9,4,1,0,1,0",
        "in nodes: name is 4, expected a number below 4",
    );
    check(
        "\"node_count\"",
        "\"root_index\":7,\"node_count\"",
        "root_index is 7, expected a multiple",
    );
    check(
        "[9,0,1,0,1,0",
        "[9,0,1,0,4294967295,0",
        "more edges than the 4294967294",
    );
    // The place is that of the comma behind the row.
    let offset = changed("\n,1,7,12", "\n,1,7,13")
        .find("\n,1,7,13")
        .unwrap_or(0)
        + 9;
    let refusal = refusal(&changed("\n,1,7,12", "\n,1,7,13"));
    assert!(refusal.starts_with(&format!("byte {offset},")), "{refusal}");
}

#[test]
fn numbers_of_rows_must_be_those_announced() {
    let check = |from: &str, to: &str, sentence: &str| {
        let refusal = refusal(&changed(from, to));
        assert!(refusal.ends_with(sentence), "{from} → {to}: {refusal}");
    };
    let most = u64::MAX;
    check(
        "\"node_count\":3",
        &format!("\"node_count\":{most}"),
        "18446744073709551615 nodes, found 3",
    );
    check(
        "\"edge_count\":3",
        "\"edge_count\":2",
        "the snapshot section announces 2 edges, found 3",
    );
    check(
        "[9,0,1,0,1,0",
        "[9,0,1,0,2,0",
        "the sum of edge_count announces 4 edges, found 3",
    );
}

#[test]
fn sections_stand_once_and_in_a_readable_order() {
    let text = sketch().to_json();
    let check = |text: &str, sentence: &str| {
        let refusal = refusal(text);
        assert!(refusal.ends_with(sentence), "{refusal}");
    };
    check(
        &text.replace("\"nodes\":", "\"knots\":"),
        "expected `nodes` before `edges`",
    );
    check(
        &text.replace("\"edges\":", "\"sides\":"),
        "expected an `edges` section",
    );
    check(
        &text.replace("\"strings\":", "\"texts\":"),
        "expected a `strings` section",
    );
    check(
        &text.replace("\"edges\":", "\"nodes\":"),
        "found one a second time",
    );
    check(
        &format!("{text}{{"),
        "expected nothing behind the last `}`, found `{`",
    );
    let header = "in the snapshot section: expected meta with fields and types, but missing field `meta` at line 1 column 2";
    check(&format!("{{\"snapshot\":{{}},{}", &text[1..]), header);
    check(
        &text.replace("\"to_node\"", "\"to\""),
        "expected `to_node` among edge_fields",
    );
}

#[test]
fn sections_of_no_interest_are_stepped_over() -> Result<(), SnapshotError> {
    let whole = format!("{:?}", sketch().snapshot()?);
    let deep = format!(
        "\"trace_tree\":{}{}",
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    for section in [
        deep.as_str(),
        "\"samples\":[1,2]",
        "\"scopes\":{\"a\":\"]}\"}",
        "\"x\":null",
    ] {
        let text = changed("\"nodes\":", &format!("{section},\"nodes\":"));
        assert_eq!(format!("{:?}", read(&text)?), whole);
    }
    let bare = changed("\"locations\"", "\"unknown\"");
    assert!(read(&bare)?.locations().is_empty());
    Ok(())
}

#[test]
fn of_two_locations_of_a_node_the_last_counts() -> Result<(), SnapshotError> {
    let mut sketch = sketch();
    sketch.location(0, 1, 1, 1);
    sketch.location(1, 5, 6, 7);
    let snapshot = sketch.snapshot()?;
    let rows = snapshot.locations().iter();
    let lines: Vec<(u32, u32)> = rows.map(|row| (row.ordinal, row.line)).collect();
    assert_eq!(lines, [(0, 1), (1, 6)]);
    Ok(())
}

#[test]
fn a_failing_source_is_told_from_a_bad_file() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("unplugged"))
        }
    }
    let text = sketch().to_json();
    let source = std::io::Read::chain(&text.as_bytes()[..10], Broken);
    let sentence = Snapshot::read(source).map_err(|error| error.to_string());
    let expected = "reading the snapshot failed at byte 10";
    assert_eq!(sentence.err().as_deref(), Some(expected));
}
