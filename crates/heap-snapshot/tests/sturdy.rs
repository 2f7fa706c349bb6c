//! Broken, lying and strange files in; a snapshot or a sentence with a place out.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot read its seeds has failed"
)]

use stanch_heap_snapshot::testing::HeapSketch;
use stanch_heap_snapshot::{EdgeKind, NodeKind, Snapshot, SnapshotError, SnapshotParser};

/// A snapshot with every section that V8 writes, and some that nobody does.
fn text() -> String {
    let mut sketch = HeapSketch::new();
    let map = sketch.node(NodeKind::Object, "Map", 1 << 40);
    let text = sketch.node(NodeKind::String, "é \"b\"\n\u{1f600}", 24);
    sketch.edge(HeapSketch::ROOT, EdgeKind::Shortcut, "global", map);
    sketch.element(map, 7, text);
    sketch.edge(text, EdgeKind::Weak, "Map", map);
    sketch.location(map, 12, 3, 4);
    sketch.set_detachedness(text, 2);
    let traces = concat!(
        r#""trace_function_infos":[1,2,3],"#,
        r#""trace_tree":[1,0,0,0,[2,1,5,{"]":"}\"\\"},[]]],"#,
        r#""samples":[0,1e3,-2.5],"other":null,"last":"text""#
    );
    let json = sketch.to_json();
    json.replacen("\"locations\"", &format!("{traces},\n\"locations\""), 1)
}

fn read(bytes: &[u8]) -> Result<Snapshot, SnapshotError> {
    Snapshot::read(bytes)
}

/// The ids of all nodes.
fn ids(snapshot: &Snapshot) -> Vec<u64> {
    let nodes = 0..snapshot.node_count() as u32;
    nodes.map(|node| snapshot.nodes().id(node)).collect()
}

/// Where all edges lead.
fn targets(snapshot: &Snapshot) -> Vec<u32> {
    let targets = snapshot.edges().targets().iter();
    targets.map(|target| target.to()).collect()
}

/// The text with one part exchanged, once.
fn changed(from: &str, to: &str) -> Vec<u8> {
    let text = text();
    assert!(text.contains(from), "the text has no {from}");
    text.replacen(from, to, 1).into_bytes()
}

/// The sentence some bytes are refused with. It has to say where.
fn refusal(bytes: &[u8]) -> String {
    let Err(error) = read(bytes) else {
        return "no refusal".to_owned();
    };
    let sentence = error.to_string();
    let place = place_in(&sentence);
    assert!(
        place.is_some_and(|place| place <= bytes.len() as u64),
        "{sentence}: no place in a file of {} bytes",
        bytes.len()
    );
    sentence
}

/// The number behind the word `byte`. A file without any bytes has no place to tell.
fn place_in(sentence: &str) -> Option<u64> {
    if sentence.starts_with("the file is empty") {
        return Some(0);
    }
    let digits = sentence.split("byte ").nth(1)?;
    let end = digits.find(|it: char| !it.is_ascii_digit());
    digits[..end.unwrap_or(digits.len())].parse().ok()
}

fn check(from: &str, to: &str, sentence: &str) {
    let refusal = refusal(&changed(from, to));
    let to: String = to.chars().take(80).collect();
    assert!(refusal.contains(sentence), "{from} → {to}: {refusal}");
}

/// What chunks of one size make of some bytes.
fn in_chunks(bytes: &[u8], size: usize) -> Result<Snapshot, SnapshotError> {
    let mut parser = SnapshotParser::new();
    for chunk in bytes.chunks(size) {
        parser.push(chunk)?;
    }
    parser.finish()
}

#[test]
fn every_cut_is_told_whatever_section_it_is_in() {
    let text = text();
    assert!(read(text.as_bytes()).is_ok());
    for length in 1..text.len() {
        let found = read(&text.as_bytes()[..length]);
        assert!(
            matches!(found, Err(SnapshotError::Truncated { offset, .. }) if offset == length as u64),
            "{length} bytes gave {found:?}"
        );
    }
}

#[test]
fn any_exchanged_byte_gives_a_snapshot_or_a_sentence() {
    let text = text().into_bytes();
    let others = b"\0\t\n \"\\,-.019:E[]eu{}\x7f\x80\xc3\xff";
    for at in 0..text.len() {
        for other in others {
            let mut bytes = text.clone();
            bytes[at] = *other;
            refusal(&bytes);
        }
        let mut without = text.clone();
        without.remove(at);
        refusal(&without);
        let mut twice = text.clone();
        twice.insert(at, text[at]);
        refusal(&twice);
    }
}

#[test]
fn a_broken_file_is_refused_the_same_way_in_chunks_of_any_size() {
    let text = text();
    let mut files: Vec<Vec<u8>> = ["", " ", "\u{feff}{", "{\"a\":1}", "[]", "{\"snapshot\":[}"]
        .map(|text| text.as_bytes().to_vec())
        .into();
    files.push(format!("{{\"{}\":1}}", "k".repeat(200)).into_bytes());
    // One digit more, a comma less, and a letter, everywhere.
    for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
        for insert in ["9", "x", "]"] {
            files.push(format!("{}{insert}{}", &text[..at], &text[at..]).into_bytes());
        }
    }
    for bytes in files {
        let whole = refusal(&bytes);
        for size in [1, 2, 7, 64] {
            let found = in_chunks(&bytes, size);
            let found = found.err().map(|error| error.to_string());
            let found = found.unwrap_or_else(|| "no refusal".to_owned());
            let shown = String::from_utf8_lossy(&bytes);
            assert_eq!(found, whole, "chunks of {size}: {shown}");
        }
    }
}

/// What the fuzzer once found, or begins with: a broken number in a field that nobody needs was among it.
#[test]
fn seeds_of_the_fuzzer_read_the_same_in_one_chunk_and_in_many() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/parse");
    for entry in std::fs::read_dir(folder).expect("the repository has seeds") {
        let path = entry.expect("a folder that can be listed").path();
        let bytes = std::fs::read(&path).expect("a seed that can be read");
        let described = |snapshot: Result<Snapshot, SnapshotError>| match snapshot {
            Ok(snapshot) => format!("{:?}", ids(&snapshot)),
            Err(error) => error.to_string(),
        };
        let whole = described(read(&bytes));
        assert_eq!(
            whole,
            described(in_chunks(&bytes, 33)),
            "{}",
            path.display()
        );
    }
}

#[test]
fn counts_that_lie_are_told_from_what_is_there() {
    for announced in ["0", "2", "4", "1152921504606846976", "18446744073709551615"] {
        let nodes = format!("announces {announced} nodes, found 3");
        check(
            "\"node_count\":3",
            &format!("\"node_count\":{announced}"),
            &nodes,
        );
        let edges = format!("announces {announced} edges, found 3");
        check(
            "\"edge_count\":3",
            &format!("\"edge_count\":{announced}"),
            &edges,
        );
    }
    // The edge counts of single nodes.
    let sum = |count: u64| format!("the sum of edge_count announces {count} edges, found 3");
    check("[9,0,1,0,1,0", "[9,0,1,0,0,0", &sum(2));
    check("[9,0,1,0,1,0", "[9,0,1,0,4,0", &sum(6));
    check(
        "[9,0,1,0,1,0",
        "[9,0,1,0,1152921504606846976,0",
        "more edges than",
    );
    // Wrapping around 64 bits must not make them right again.
    let text = [
        ("[9,0,1,0,1,0", "[9,0,1,0,8,0"),
        ("1099511627776,1,0", "1099511627776,18446744073709551609,0"),
        ("24,1,2]", "24,2,2]"),
    ]
    .into_iter()
    .fold(text(), |text, (row, lie)| {
        assert!(text.contains(row), "the text has no {row}");
        text.replacen(row, lie, 1)
    });
    let sentence = refusal(text.as_bytes());
    assert!(sentence.contains("more edges than"), "{sentence}");
    for lie in ["-1", "1.5", "1e3", "\"3\"", "18446744073709551616"] {
        check(
            "\"node_count\":3",
            &format!("\"node_count\":{lie}"),
            "in the snapshot section",
        );
    }
}

#[test]
fn what_is_no_whole_number_is_refused() {
    for word in [
        "-1", "-", "+1", ".5", "NaN", "null", "true", "\"1\"", "[1]", "{}", "x",
    ] {
        let row = format!("[{word},0,1,0,1,0");
        check("[9,0,1,0,1,0", &row, "in nodes: expected a number, found `");
        let row = format!("[9,{word},1,0,1,0");
        check("[9,0,1,0,1,0", &row, "in nodes: expected a number, found `");
    }
    for word in ["1.5", "1e3", "1E3", "1x", "1-", "1\"", "0x1"] {
        let row = format!("[9,0,{word},0,1,0");
        check(
            "[9,0,1,0,1,0",
            &row,
            "in nodes: expected a digit, `,` or `]`, found `",
        );
    }
    check(
        "\n,1,7,12",
        "\n,1,7,-12",
        "in edges: expected a number, found `-`",
    );
    check(
        "[6,12,3,4]",
        "[6,12,3.0,4]",
        "in locations: expected a digit",
    );
    check(
        "\n,1,7,12",
        "\n,1,7",
        "in edges: expected the remaining fields of the last row",
    );
    check(
        "\n,1,7,12",
        "\n,1,7,12,",
        "in edges: expected a number, found `,`",
    );
    check(
        "\n,1,7,12",
        "\n,,1,7,12",
        "in edges: expected a number, found `,`",
    );
}

#[test]
fn huge_numbers_are_refused_where_they_stand() {
    for digits in [20, 400, 100_000] {
        let number = "9".repeat(digits);
        let row = format!("[9,0,{number},0,1,0");
        check("[9,0,1,0,1,0", &row, "in nodes: a number");
        check(
            "\n,1,7,12",
            &format!("\n,1,7,{number}"),
            "in edges: a number",
        );
    }
    for number in [
        "18446744073709551616",
        "18446744073709551619",
        "18446744073709551620",
    ] {
        let row = format!("[9,0,{number},0,1,0");
        check("[9,0,1,0,1,0", &row, "in nodes: a number");
    }
    // As an id, the largest that fit are taken.
    let largest = u64::MAX - 15;
    let snapshot = read(&changed("[9,0,1,0,1,0", &format!("[9,0,{largest},0,1,0")));
    assert_eq!(snapshot.ok().map(|it| it.nodes().id(0)), Some(largest));
    check(
        "\n,1,7,12",
        "\n,1,4294967296,12",
        "expected a number that fits 32 bits",
    );
    check("\n,1,7,12", "\n,1,7,4294967308", "to_node is 4294967308");
    // 6 × this is 12 in 64 bits.
    check("\n,1,7,12", "\n,1,7,3074457345618258604", "to_node is");
    check("[6,12,3,4]", "[6,12,4294967296,4]", "line is 4294967296");
}

#[test]
fn places_off_the_grid_are_refused() {
    for place in [1, 5, 11, 13, 17, 18, 24, u32::MAX] {
        let sentence = format!("to_node is {place}, expected a multiple of 6 below 18");
        check("\n,1,7,12", &format!("\n,1,7,{place}"), &sentence);
        let sentence = format!("object_index is {place}, expected a multiple of 6 below 18");
        check("[6,12,3,4]", &format!("[{place},12,3,4]"), &sentence);
        let sentence = format!("root_index is {place}, expected a multiple of 6 below 18");
        let header = format!("\"root_index\":{place},\"node_count\"");
        check("\"node_count\"", &header, &sentence);
    }
}

#[test]
fn a_heap_without_nodes_has_no_root() {
    let header = text();
    let end = header.find("\"nodes\"").unwrap_or(0);
    let header = header[..end].replace("_count\":3", "_count\":0");
    let bytes = format!("{header}\"nodes\":[],\"edges\":[],\"strings\":[]}}");
    let sentence = refusal(bytes.as_bytes());
    assert!(sentence.contains("root_index is 0"), "{sentence}");
}

#[test]
fn types_that_meta_does_not_list_are_refused_and_new_names_are_kept() {
    check(
        "[9,0,1,0,1,0",
        "[16,0,1,0,1,0",
        "in nodes: type is 16, expected a number below 16",
    );
    // One past the last of `edge_types` is the type that readers add.
    check(
        "\n,1,7,12",
        "\n,9,7,12",
        "in edges: type is 9, expected a number below 9",
    );
    let snapshot = read(&changed("\"synthetic\"", "\"gizmo\""));
    let found = snapshot.map(|it| (it.nodes().kind(0), it.node_types()[9].clone()));
    assert_eq!(found.ok(), Some((NodeKind::Other(9), "gizmo".to_owned())));
    let snapshot = read(&changed("\"shortcut\"", "\"loop\""));
    assert_eq!(
        snapshot.ok().map(|it| it.edges().kind(0)),
        Some(EdgeKind::Other)
    );
}

#[test]
fn only_nodes_edges_and_strings_are_needed() {
    let whole = read(text().as_bytes()).ok();
    let whole = whole.map(|it| (ids(&it), targets(&it), it.extra_native_bytes()));
    let json = text();
    let place = |key: &str| json.find(key).unwrap_or(0);
    let (before, behind) = (place("\"trace_function"), place("\"strings\""));
    let bare = format!("{}{}", &json[..before], &json[behind..]);
    let bare = bare
        .replace(",\"detachedness\"", "")
        .replace(",0\n,", "\n,")
        .replace(
            ",\"location_fields\":[\"object_index\",\"script_id\",\"line\",\"column\"]",
            "",
        )
        .replace(
            "\"node_count\":3,\"edge_count\":3,\"extra_native_bytes\":0",
            "\"x\":0",
        );
    // Rows of five, without the last field.
    let bare = bare
        .replace("[9,0,1,0,1,0", "[9,0,1,0,1")
        .replace(",2],", "],")
        .replace(",1,1,12]", ",1,1,10]")
        .replace(",6\n", ",5\n")
        .replace(",12\n", ",10\n")
        .replace(",6]", ",5]");
    let found = read(bare.as_bytes());
    let found = found.map(|it| (ids(&it), targets(&it), it.extra_native_bytes()));
    assert_eq!(
        found.map_err(|error| format!("{error} in {bare}")).ok(),
        whole
    );
}

#[test]
fn each_section_stands_once_and_a_comma_only_before_one() {
    let text = text();
    let sentence = refusal(text.trim_end_matches('}').replace("\n", "").as_bytes());
    assert!(sentence.ends_with("expected `,` or `}`"), "{sentence}");
    let sentence = refusal(format!("{},}}", text.trim_end_matches('}')).as_bytes());
    assert!(
        sentence.ends_with("expected a key, found `}`"),
        "{sentence}"
    );
    for key in ["snapshot", "nodes", "edges", "locations", "strings"] {
        let start = text.find(&format!("\"{key}\":")).unwrap_or(0);
        let value = match key {
            "snapshot" => "{}",
            _ => "[]",
        };
        let end = text.len() - 1;
        let bytes = format!("{},\"{key}\":{value}}}", &text[..end]);
        assert!(start > 0, "{key}");
        let sentence = refusal(bytes.as_bytes());
        let expected = "expected each section once, found one a second time";
        assert!(sentence.ends_with(expected), "{key}: {sentence}");
    }
}

#[test]
fn sections_in_another_order_are_read_or_named() {
    let text = text();
    let section = |key: &str, next: &str| {
        let start = text.find(key).unwrap_or(0);
        let end = text.find(next).unwrap_or(text.len() - 1);
        text[start..end]
            .trim_end_matches([',', '\n', '}'])
            .to_owned()
    };
    let header = section("\"snapshot\"", "\"nodes\"") + "}";
    let nodes = section("\"nodes\":[9", "\"edges\"");
    let edges = section("\"edges\":[", "\"trace_function_infos\"");
    let places = section("\"locations\":[", "\"strings\"");
    let strings = section("\"strings\":[", "\"no such key\"");
    let file = |sections: [&str; 5]| format!("{{{}}}", sections.join(","));
    let shown = |text: &str| read(text.as_bytes()).map(|it| (targets(&it), it.strings().len()));
    let usual = shown(&file([&header, &nodes, &edges, &places, &strings]));
    let usual = usual.map_err(|error| error.to_string());
    assert_eq!(usual, Ok((vec![1, 2, 1], 4)));
    for other in [
        [&header, &strings, &nodes, &edges, &places],
        [&header, &nodes, &places, &strings, &edges],
    ] {
        let text = file(other.map(String::as_str));
        assert_eq!(shown(&text).map_err(|error| error.to_string()), usual);
    }
    for (order, sentence) in [
        (
            [&header, &edges, &nodes, &places, &strings],
            "expected `nodes` before `edges`",
        ),
        (
            [&header, &places, &nodes, &edges, &strings],
            "expected `nodes` before `locations`",
        ),
        (
            [&nodes, &header, &edges, &places, &strings],
            "this is no heap snapshot",
        ),
        (
            [&strings, &header, &nodes, &edges, &places],
            "expected a `strings` section",
        ),
    ] {
        let refusal = refusal(file(order.map(String::as_str)).as_bytes());
        assert!(refusal.contains(sentence), "{refusal}");
    }
}

#[test]
fn marks_and_wide_characters_at_the_start_are_refused() {
    let text = text();
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, sentence) in [
        (
            ["\u{feff}".as_bytes(), text.as_bytes()].concat(),
            "(byte 0)",
        ),
        ([b"\xff\xfe".as_slice(), &wide].concat(), "(byte 0)"),
        (
            wide,
            "byte 1, in the outermost object: expected a key or `}`",
        ),
    ] {
        let refusal = refusal(&bytes);
        assert!(refusal.contains(sentence), "{refusal}");
    }
}

#[test]
fn depth_costs_nothing_and_is_no_danger() {
    const DEPTH: usize = 1_000_000;
    let nested = |open: &str, close: &str| open.repeat(DEPTH) + &close.repeat(DEPTH);
    for value in [nested("[", "]"), nested("{\"a\":[", "]}")] {
        let bytes = changed("\"nodes\":", &format!("\"trace_tree\":{value},\"nodes\":"));
        assert!(read(&bytes).is_ok());
        let bytes = changed("\"nodes\":", &format!("\"trace_tree\":{}", &value[..DEPTH]));
        let sentence = refusal(&bytes);
        assert!(sentence.ends_with("in a section of no interest here: expected its end"));
    }
    // The snapshot section alone is parsed as a tree, as far as it is used.
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bytes = changed("\"meta\":{", &format!("\"meta\":{{\"x\":{deep},"));
    assert!(read(&bytes).is_ok());
    let types = format!("\"node_types\":[{deep},[");
    check("\"node_types\":[[", &types, "recursion limit exceeded");
    let long = format!("\"meta\":{{\"x\":\"{}\",", "x".repeat(2 << 20));
    check(
        "\"meta\":{",
        &long,
        "in the snapshot section: expected at most 1048576 bytes",
    );
}

#[test]
fn layouts_that_cannot_be_followed_are_refused() {
    for (from, to, sentence) in [
        ("\"id\",", "", "expected `id` among node_fields"),
        (
            "\"to_node\"]",
            "\"to\"]",
            "expected `to_node` among edge_fields",
        ),
        ("\"line\",", "", "expected `line` among location_fields"),
        (
            "\"node_types\":[[",
            "\"node_types\":[[],[",
            "type names at node_types[0]",
        ),
        ("\"hidden\",\"array\"", "1,2", "type names at node_types[0]"),
        (
            "\"node_fields\":[",
            "\"node_fields\":[[],",
            "expected meta with fields and types",
        ),
        ("\"meta\":{", "\"meta\":[{", "in the snapshot section"),
        ("\"meta\"", "\"beta\"", "missing field `meta`"),
        (
            "\"node_count\"",
            "\"edge_count\":1,\"node_count\"",
            "duplicate field",
        ),
    ] {
        check(from, to, sentence);
    }
    let names: Vec<String> = (0..300).map(|number| format!("\"t{number}\"")).collect();
    let names = format!("\"node_types\":[[{},", names.join(","));
    check("\"node_types\":[[", &names, "at most 240 type names");
}

#[test]
fn texts_are_refused_only_for_what_cannot_be_read() {
    check("\"Map\"", "\"M\\qp\"", "in strings: expected one of");
    check(
        "\"Map\"",
        "\"M\\u12\"",
        "in strings: expected a hexadecimal digit, found `\"`",
    );
    check("\"Map\"", "Map", "in strings: expected a string, found `M`");
    check("\"Map\"", "7", "in strings: expected a string, found `7`");
    check(
        "\"Map\"\n,",
        "\"Map\"\n",
        "in strings: expected `,` or `]`, found `\"`",
    );
    // A half of a surrogate pair stays where it stood.
    let found = read(&changed("\"Map\"", r#""\ud83d\n\ude00x""#));
    let name = found.map(|it| it.strings().utf16(it.nodes().name(1)).map(<[u16]>::to_vec));
    assert_eq!(name.ok(), Some(Some(vec![0xd83d, 0x0a, 0xde00, 0x78])));
    let mut bytes = text().into_bytes();
    let at = text().rfind("Map").unwrap_or(0);
    for other in [0, 0x0a, 0x80, 0xc3, 0xed, 0xff] {
        bytes[at] = other;
        let strings = read(&bytes).map(|it| it.strings().len());
        assert_eq!(strings.ok(), Some(4), "byte {other}");
    }
}
