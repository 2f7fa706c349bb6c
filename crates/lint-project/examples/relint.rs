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
    let mut edits = Vec::new();
    for path in paths.iter().step_by(step).take(EDITS) {
        let text = fs::read_to_string(path)?;
        edits.push((path, format!("export const added = new Map();\n{text}")));
    }
    let mut times: Vec<Duration> = Vec::new();
    let before = worked();
    for (path, edited) in &edits {
        let start = Instant::now();
        if matches!(session.look(path, edited), Looked::Checked(_)) {
            times.push(start.elapsed());
        }
    }
    let work = worked().saturating_sub(before);
    times.sort();
    let at = |part: usize| {
        let time = times.get(times.len() * part / 100);
        time.copied().unwrap_or_default()
    };
    let (median, most, longest) = (at(50), at(90), at(99));
    println!(
        "{} edits: median {median:.1?}, 90 % within {most:.1?}, longest {longest:.1?}",
        times.len()
    );
    println!(
        "at work for {:.1?} an edit",
        work / u32::try_from(edits.len().max(1))?
    );
    Ok(())
}

/// For how long this thread has had a processor, as Linux counts it; what others are doing does not matter to that.
fn worked() -> Duration {
    let counted = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = counted.split(' ').next().and_then(|it| it.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}
