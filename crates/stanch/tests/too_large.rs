//! Snapshots that announce more than any machine has room for: refused at the start, or read all the same.

use std::error::Error;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use stanch_heap_snapshot::testing::HeapSketch;

type Outcome = Result<(), Box<dyn Error>>;

/// A snapshot of one node that says it has very many.
fn boast() -> String {
    let honest = HeapSketch::new().to_json();
    honest.replacen(
        "\"node_count\":1,\"edge_count\":0",
        "\"node_count\":200000000,\"edge_count\":4000000000",
        1,
    )
}

/// `stanch` with that snapshot on its standard input ends with 2 and says `words`, and nothing of `silence`.
fn check(arguments: &[&str], words: &[&str], silence: &str) -> Outcome {
    let program = std::env::var_os("STANCH_BIN")
        .map_or_else(|| env!("CARGO_BIN_EXE_stanch").into(), PathBuf::from);
    let mut stanch = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let written = stanch
        .stdin
        .take()
        .ok_or("no input")?
        .write_all(boast().as_bytes());
    // It need not read to the end what it refuses at the start.
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        return Err(error.into());
    }
    let ended = stanch.wait_with_output()?;
    let said = String::from_utf8(ended.stderr)?;
    assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {said}");
    for word in words {
        assert!(
            said.contains(word),
            "{arguments:?} does not say {word}: {said}"
        );
    }
    assert!(
        !said.contains(silence),
        "{arguments:?} says {silence}: {said}"
    );
    Ok(())
}

#[test]
fn what_cannot_fit_is_refused_with_figures() -> Outcome {
    let words = [
        "the standard input will not fit",
        "200000000 nodes",
        "GB of memory",
        "is free",
        "--force",
    ];
    check(&["analyze", "-"], &words, "expected")?;
    check(
        &["export", "-", "--classes", "/dev/null"],
        &words,
        "expected",
    )
}

#[test]
fn who_insists_learns_what_it_holds() -> Outcome {
    check(
        &["analyze", "--force", "-"],
        &["the snapshot section announces 200000000", "found 1"],
        "will not fit",
    )
}
