//! A folder into the time that an edit of one of its files takes: `cargo run --release --example relint -- FOLDER`.
//!
//! The project is opened once. Then files from all over it get a line more, one after the other, and each is looked at again.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use stanch_lint_project::{Ignoring, Looked, Request, Session};

/// Edits that are measured.
const EDITS: usize = 101;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("which folder?")?;
    let here = Path::new(&folder).canonicalize()?;
    let start = Instant::now();
    let mut session = Session::open(Request {
        here,
        ignoring: Ignoring::Nothing,
        ..Request::default()
    })?;
    println!(
        "{} files opened in {:.0?}",
        session.files(),
        start.elapsed()
    );
    let paths: Vec<PathBuf> = session.paths().map(Path::to_owned).collect();
    let step = (paths.len() / EDITS).max(1);
    let mut times: Vec<Duration> = Vec::new();
    for path in paths.iter().step_by(step).take(EDITS) {
        let text = fs::read_to_string(path)?;
        let edited = format!("export const added = new Map();\n{text}");
        let start = Instant::now();
        let looked = session.look(path, &edited);
        if matches!(looked, Looked::Checked(_)) {
            times.push(start.elapsed());
        }
    }
    times.sort();
    let at = |part: usize| {
        times
            .get(times.len() * part / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{} edits: median {:.1?}, 90 % within {:.1?}, longest {:.1?}",
        times.len(),
        at(50),
        at(90),
        at(99)
    );
    Ok(())
}
