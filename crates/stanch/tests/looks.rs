//! `stanch analyze` of the same files again: at once, and the same; anew where anything has changed.

#![expect(dead_code, reason = "the bench has more tools than these tests need")]

mod bench;
mod node;
mod program;

use std::fs;
use std::process::Command;

use bench::{Bench, Outcome, entries};

/// What stanch says with `-v` when it need not read the files.
const AGAIN: &str = "looked at before";

/// Analyses with these arguments; the report, and whether the files were read.
fn look(bench: &Bench, arguments: &[&str]) -> Result<(String, bool), Box<dyn std::error::Error>> {
    let arguments = ["analyze", "-v", "--format", "json"]
        .iter()
        .chain(arguments);
    let ended = bench.start("analyze", arguments)?.end()?;
    assert_ne!(ended.code, Some(2), "{}", ended.stderr);
    Ok((ended.stdout, !ended.stderr.contains(AGAIN)))
}

#[test]
fn a_second_look_is_the_same() -> Outcome {
    let Some(bench) = Bench::new()? else {
        return Ok(());
    };
    let script = "const { writeHeapSnapshot } = require('v8'); globalThis.kept = [];
        for (const name of ['a', 'b']) {
          for (let i = 0; i < 5000; i++) kept.push({ id: i, text: 'entry ' + i });
          writeHeapSnapshot(name + '.heapsnapshot');
        }";
    let status = Command::new(&bench.node)
        .args(["-e", script])
        .current_dir(bench.work())
        .status()?;
    assert!(status.success(), "{status}");
    for files in [
        &["a.heapsnapshot"][..],
        &["a.heapsnapshot", "b.heapsnapshot"],
        &["a.heapsnapshot", "b.heapsnapshot", "--requests", "5000"],
    ] {
        let (first, was_read) = look(&bench, files)?;
        assert!(was_read, "{files:?} for the first time");
        assert_eq!(look(&bench, files)?, (first.clone(), false), "{files:?}");
        let fresh: Vec<&str> = files.iter().chain(&["--fresh"]).copied().collect();
        assert_eq!(look(&bench, &fresh)?, (first, true), "{fresh:?}");
    }
    let caches = bench.caches().join("stanch");
    assert_eq!(entries(&caches)?.len(), 2, "one for each list of files");
    fs::remove_dir_all(&caches)?;
    assert!(look(&bench, &["a.heapsnapshot"])?.1, "the cache is gone");
    fs::copy(
        bench.work().join("b.heapsnapshot"),
        bench.work().join("a.heapsnapshot"),
    )?;
    assert!(look(&bench, &["a.heapsnapshot"])?.1, "the file has changed");
    // A cache that cannot be written costs nothing but the second look.
    fs::remove_dir_all(&caches)?;
    fs::write(&caches, "a file")?;
    assert!(look(&bench, &["a.heapsnapshot"])?.1);
    assert!(look(&bench, &["a.heapsnapshot"])?.1);
    Ok(())
}
