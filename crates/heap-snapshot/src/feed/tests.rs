//! What several threads make of small chunks, held against what one makes of the whole.

use std::io::Read;
use std::ops::ControlFlow;

use super::{ReadProgress, read_in_chunks};
use crate::testing::HeapSketch;
use crate::{EdgeKind, NodeKind, SnapshotParser};

/// A snapshot whose rows are many times longer than the chunks it is read in.
fn text() -> String {
    let mut sketch = HeapSketch::new();
    for at in 0..300_u32 {
        let size = 1 << (at % 40);
        let node = sketch.node(NodeKind::Object, &format!("Class{}", at % 7), size);
        sketch.edge(at / 2, EdgeKind::Property, &format!("p{}", at % 50), node);
        sketch.element(node, at.wrapping_mul(0x0123_4567), at / 3);
        sketch.location(node, at % 3, at, at % 11);
    }
    sketch.to_json()
}

fn read(text: &[u8], chunk: usize) -> String {
    let snapshot = read_in_chunks(text, chunk, &mut |_| ControlFlow::Continue(()));
    format!("{:?}", snapshot.map_err(|error| error.to_string()))
}

/// Compares what became of a text, in short: a whole snapshot is too long to be shown.
fn same(found: &str, expected: &str, what: &str) {
    let short = |text: &str| text.chars().take(200).collect::<String>();
    assert!(
        found == expected,
        "{what}: {} for {}",
        short(found),
        short(expected)
    );
}

fn pushed(text: &[u8]) -> String {
    let mut parser = SnapshotParser::new();
    let snapshot = parser.push(text).and_then(|()| parser.finish());
    format!("{:?}", snapshot.map_err(|error| error.to_string()))
}

#[test]
fn several_threads_read_what_one_does() {
    let text = text();
    let whole = pushed(text.as_bytes());
    assert!(whole.starts_with("Ok"), "{whole}");
    for chunk in (1..200).chain([1000, 4096, 5000, 1 << 20]) {
        same(
            &read(text.as_bytes(), chunk),
            &whole,
            &format!("chunks of {chunk}"),
        );
    }
}

#[test]
fn several_threads_refuse_what_one_does_and_for_the_first_reason() {
    let text = text();
    for at in (0..text.len()).step_by(97) {
        for byte in *b"x,] 9" {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = byte;
            // Something else is wrong further on.
            let later = (at + 700).min(bytes.len() - 1);
            bytes[later] = b'?';
            same(&read(&bytes, 64), &pushed(&bytes), &format!("byte {at}"));
        }
    }
    for length in (0..text.len()).step_by(53) {
        let cut = &text.as_bytes()[..length];
        same(&read(cut, 64), &pushed(cut), &format!("{length} bytes"));
    }
}

#[test]
fn rows_with_white_space_are_read_in_turn() {
    let text = text();
    let spaced = text.replace(',', " ,\n ");
    same(
        &read(spaced.as_bytes(), 64),
        &pushed(text.as_bytes()),
        "spaced",
    );
    let wide = text.replacen(
        "\"edges\":[",
        &format!("\"edges\":[{}", " ".repeat(9000)),
        1,
    );
    same(&read(wide.as_bytes(), 64), &pushed(text.as_bytes()), "wide");
}

#[test]
fn whoever_watches_learns_the_counts_and_can_stop() {
    let text = text();
    let mut seen = Vec::new();
    let mut watch = |progress: ReadProgress| {
        seen.push(progress);
        match progress.announced {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    };
    let stopped = read_in_chunks(text.as_bytes(), 64, &mut watch);
    let sentence = stopped.map_err(|error| error.to_string()).err();
    let sentence = sentence.unwrap_or_default();
    assert!(
        sentence.starts_with("reading the snapshot was stopped"),
        "{sentence}"
    );
    let announced = seen.last().and_then(|progress| progress.announced);
    assert_eq!(announced.map(|it| (it.nodes, it.edges)), Some((301, 600)));
    assert!(
        seen.iter().all(|progress| progress.bytes < 4000),
        "{seen:?}"
    );
}

#[test]
fn a_source_that_fails_is_told_from_a_bad_snapshot() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("unplugged"))
        }
    }
    let text = text();
    for length in [0, 10, 5000, 9000] {
        let source = text.as_bytes()[..length].chain(Broken);
        let snapshot = read_in_chunks(source, 64, &mut |_| ControlFlow::Continue(()));
        let expected = format!("reading the snapshot failed at byte {length}");
        assert_eq!(
            snapshot.err().map(|error| error.to_string()),
            Some(expected)
        );
    }
}
