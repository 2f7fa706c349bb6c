//! One tool and one file into the time and memory of one whole process.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use wait4::Wait4;

use super::machine::CpuClock;
use super::results::Run;
use super::tools::{Tool, Toolbox};

/// Bytes read at a time to bring a file into the page cache.
const PIECE: usize = 1 << 20;
/// Characters quoted from a tool that failed.
const QUOTED: usize = 300;

/// Runs the tool once on a heap. The inner error says how the tool itself failed.
pub(crate) fn once(
    toolbox: &Toolbox,
    tool: Tool,
    file: &Path,
) -> Result<std::result::Result<Run, String>> {
    // Another tool's memory may have pushed it out.
    read_through(file)?;
    let ended = process(toolbox.command(tool, file)?, &toolbox.output())
        .with_context(|| format!("cannot start {}", tool.name()))?;
    remove_siblings(file)?;
    let is_fine = ended.status.code().is_some_and(|code| tool.is_fine(code));
    if !is_fine || ended.said.trim().is_empty() && tool != Tool::DevTools {
        return Ok(Err(ended.failure()));
    }
    Ok(Ok(ended.run))
}

/// A process that has ended.
pub(crate) struct Ended {
    pub(crate) run: Run,
    pub(crate) status: ExitStatus,
    /// All that it wrote.
    pub(crate) said: String,
}

impl Ended {
    /// How it ended, and the last it said.
    pub(crate) fn failure(&self) -> String {
        let said = &self.said;
        let from = said.floor_char_boundary(said.len().saturating_sub(QUOTED));
        let last = said[from..].trim().replace('\n', " ");
        format!("ended with {}: {last}", self.status)
    }
}

/// Runs a command to its end, and measures it whole. What it writes goes to `output`.
pub(crate) fn process(mut command: Command, output: &Path) -> Result<Ended> {
    let sink = File::create(output)?;
    command
        .stdin(Stdio::null())
        .stdout(sink.try_clone()?)
        .stderr(sink);
    let machine = CpuClock::start()?;
    let began = Instant::now();
    let child = command.spawn()?;
    let ended = child.wait4()?;
    let wall = began.elapsed();
    let own = ended.rusage.utime + ended.rusage.stime;
    let others = machine.used()?.saturating_sub(own);
    Ok(Ended {
        run: Run {
            wall_us: microseconds(wall),
            user_us: microseconds(ended.rusage.utime),
            system_us: microseconds(ended.rusage.stime),
            others_us: microseconds(others),
            peak_bytes: ended.rusage.maxrss,
        },
        status: ended.status,
        said: String::from_utf8_lossy(&fs::read(output)?).into_owned(),
    })
}

fn read_through(file: &Path) -> Result<()> {
    let mut opened = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    let mut piece = vec![0; PIECE];
    while opened.read(&mut piece)? > 0 {}
    Ok(())
}

/// An index that a tool left beside the file would make its next run another one.
fn remove_siblings(file: &Path) -> Result<()> {
    let folder = file.parent().context("a heap lies in a folder")?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path != file {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
