//! `cargo xtask bench`: pinned heaps and tools into a table of times and memory, side by side.
//!
//! Every tool is measured as a whole process on the same file, in turns, so that a machine that
//! becomes slower or faster meanwhile does so for all of them. `bench/README.md` says what the
//! figures mean, and has those of the last `--record`.

mod heaps;
pub(crate) mod lint;
mod machine;
mod measure;
mod results;
mod table;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::cargo_checks;
use crate::ledger::Step;
use crate::npm::Npm;
use heaps::{Heap, Kitchen};
use machine::Machine;
use results::{FileRow, Results, Run, ToolRow};
use tools::{Tool, Toolbox};

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// One run, and not the 2 GB heap
    #[arg(long, conflicts_with_all = ["runs", "record"])]
    quick: bool,
    /// Runs of each tool on each file
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Runs of each other tool on the 2 GB heap, where each takes minutes [default: as --runs]
    #[arg(long, value_name = "N")]
    peer_runs: Option<u32>,
    /// Also stream a synthetic snapshot of this size, which only this program is measured on
    #[arg(long, value_name = "MEGABYTES")]
    synthetic: Option<u64>,
    /// Where heaps and tools are kept [default: bench in cargo's target folder]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Write the figures into bench/README.md and bench/results.json
    #[arg(long)]
    record: bool,
}

/// What the options come to.
struct Plan {
    runs: u32,
    peer_runs: u32,
    heaps: Vec<Heap>,
}

/// Makes what is missing, measures, prints the table.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = cargo_checks::project()?;
    let cache = match &options.cache {
        Some(folder) => std::path::absolute(folder)?,
        None => cargo_checks::target_directory()?.join("bench"),
    };
    let npm = Npm::find()?;
    eprintln!("==> tools and heaps, in {}", cache.display());
    let kitchen = Kitchen::open(project, &cache, &npm)?;
    let toolbox = Toolbox::open(project, &cache, &npm, kitchen.node())?;
    let plan = Plan::of(options);
    let mut results = Results {
        date: machine::today()?,
        machine: Machine::this()?,
        versions: toolbox.versions(project)?,
        files: Vec::new(),
    };
    for heap in &plan.heaps {
        let made = kitchen.make(heap)?;
        eprintln!("==> {}, {} bytes", heap.name(), made.facts.bytes);
        let mut row = FileRow {
            name: heap.name(),
            facts: made.facts,
            tools: Vec::new(),
        };
        measure_all(&plan, heap, &made.file, &toolbox, &mut row)?;
        results.files.push(row);
        kitchen.drop_if_large(heap)?;
    }
    println!("{}", table::render(&results));
    if options.record {
        results::record(project, &results)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Plan {
    fn of(options: &Options) -> Self {
        let mut heaps = vec![Heap::SmallService, Heap::TypeScript { megabytes: 425 }];
        if !options.quick {
            heaps.push(Heap::TypeScript { megabytes: 2000 });
        }
        if let Some(megabytes) = options.synthetic {
            heaps.push(Heap::Synthetic { megabytes });
        }
        let runs = if options.quick { 1 } else { options.runs };
        let peer_runs = options.peer_runs.unwrap_or(runs);
        Self {
            runs,
            peer_runs,
            heaps,
        }
    }

    fn runs_of(&self, tool: Tool, heap: &Heap) -> u32 {
        match (tool, heap) {
            (Tool::Stanch, _) => self.runs,
            (_, Heap::Synthetic { .. }) => 0,
            (_, Heap::TypeScript { megabytes: 1000.. }) => self.peer_runs.min(self.runs),
            _ => self.runs,
        }
    }
}

/// Every tool in turns. The turn begins with another tool each time.
fn measure_all(
    plan: &Plan,
    heap: &Heap,
    file: &Path,
    toolbox: &Toolbox,
    row: &mut FileRow,
) -> Result<()> {
    let takes_part = |tool: &Tool| plan.runs_of(*tool, heap) > 0;
    let mut contenders: Vec<ToolRow> = Tool::ALL
        .into_iter()
        .filter(takes_part)
        .map(ToolRow::new)
        .collect();
    for turn in 0..plan.runs {
        let first = usize::try_from(turn)? % contenders.len();
        contenders.rotate_left(first);
        for contender in &mut contenders {
            if turn >= plan.runs_of(contender.tool, heap) || contender.failure.is_some() {
                continue;
            }
            match measure::once(toolbox, contender.tool, file)? {
                Ok(run) => {
                    eprintln!("    {:<16}{}", contender.tool.name(), line_of(&run));
                    contender.runs.push(run);
                }
                Err(why) if contender.tool == Tool::Stanch => bail!("stanch {why}"),
                Err(why) => {
                    eprintln!("    {:<16}{why}", contender.tool.name());
                    contender.failure = Some(why);
                }
            }
        }
    }
    contenders.sort_by_key(|contender| contender.tool);
    row.tools = contenders;
    Ok(())
}

fn line_of(run: &Run) -> String {
    format!(
        "{:>8.3} s, {:>8.3} s of CPU, {:>7.1} MB",
        run.wall_seconds(),
        run.cpu_seconds(),
        run.peak_megabytes()
    )
}

/// Copies the files of a folder, not its folders: packages are installed beside the copies.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let copy = to.join(entry.file_name());
            fs::copy(entry.path(), &copy)
                .with_context(|| format!("cannot write {}", copy.display()))?;
        }
    }
    Ok(())
}

/// Copies the folder and installs what its lock file names.
fn install(npm: &Npm, from: &Path, to: &Path) -> Result<()> {
    copy_files(from, to)?;
    match npm.install(to)? {
        Step::Done(_) => Ok(()),
        Step::Missing(what) | Step::Elsewhere(what) => bail!("{}: {what}", from.display()),
    }
}
