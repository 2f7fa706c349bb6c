//! `cargo xtask bench-lint`: this linter and others on the same published sources, side by side.
//!
//! The tree has the sources of the packages that `bench/lint/package.json` pins, without their own dependencies, tests,
//! bundles and declarations. Every linter is measured as a whole process, in turns.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::machine::{self, Machine};
use super::measure;
use super::results::{Run, others_percent};
use super::table::{digits, grouped, least, median, preamble};
use crate::cargo_checks;
use crate::figures::Figures;
use crate::npm::Npm;
use crate::run;

/// Options of `cargo xtask bench-lint`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Runs of each linter
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Write the figures into bench/README.md and bench/lint-results.json
    #[arg(long)]
    record: bool,
}

const FIGURES: Figures = Figures {
    page: "bench/README.md",
    results: "bench/lint-results.json",
    begin: "<!-- linters: written by `cargo xtask bench-lint --record`, do not edit -->\n",
    end: "<!-- end of linters -->\n",
};

/// Larger files are bundles.
const LARGEST: u64 = 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Linter {
    Stanch,
    Oxlint,
    Eslint,
}

impl Linter {
    const ALL: [Self; 3] = [Self::Stanch, Self::Oxlint, Self::Eslint];

    const fn name(self) -> &'static str {
        match self {
            Self::Stanch => "stanch lint, default rules",
            Self::Oxlint => "oxlint, default rules",
            Self::Eslint => "ESLint, ten core rules",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Results {
    date: String,
    machine: Machine,
    versions: BTreeMap<String, String>,
    tree: Tree,
    linters: Vec<Row>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    linter: Linter,
    runs: Vec<Run>,
}

/// What is linted.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Tree {
    files: u64,
    lines: u64,
    bytes: u64,
}

/// Makes the tree, measures, prints the table.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = cargo_checks::project()?;
    let cache = cargo_checks::target_directory()?.join("bench/lint");
    let npm = Npm::find()?;
    eprintln!("==> linters and sources, in {}", cache.display());
    super::install(&npm, &project.join("bench/lint"), &cache)?;
    let packages = pinned(project)?;
    // The tree lies where no configuration of a parent folder applies to it but ours.
    let folder = cache.join("tree");
    let tree = plant(&cache.join("node_modules"), &packages, &folder)?;
    fs::copy(
        cache.join("eslint.config.mjs"),
        folder.join("eslint.config.mjs"),
    )?;
    let mut stanch = None;
    cargo_checks::release_build(&mut stanch)?;
    let stanch = stanch.context("the release build left no binary")?;
    let command = |linter| command(linter, &stanch, &npm.node_binary, &cache, &folder);
    let mut rows: Vec<Row> = Linter::ALL
        .map(|linter| Row {
            linter,
            runs: Vec::new(),
        })
        .into();
    for turn in 0..options.runs {
        let first = usize::try_from(turn)? % rows.len();
        rows.rotate_left(first);
        for row in &mut rows {
            let ended = measure::process(command(row.linter), &cache.join("output.txt"))?;
            // 1 is what all of them say when they have findings.
            if !matches!(ended.status.code(), Some(0 | 1)) {
                bail!("{} {}", row.linter.name(), ended.failure());
            }
            let (wall, peak) = (ended.run.wall_seconds(), ended.run.peak_megabytes());
            eprintln!("    {:<28}{wall:>8.3} s{peak:>8.1} MB", row.linter.name());
            row.runs.push(ended.run);
        }
    }
    rows.sort_by_key(|row| row.linter);
    let results = Results {
        date: machine::today()?,
        machine: Machine::this()?,
        versions: versions(project, &packages, &npm)?,
        tree,
        linters: rows,
    };
    println!("{}", render(&results));
    if options.record {
        FIGURES.record(project, &results, &render(&results))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn command(linter: Linter, stanch: &Path, node: &Path, cache: &Path, tree: &Path) -> Command {
    let in_node = |script: &str| {
        let mut command = Command::new(node);
        command.arg(cache.join("node_modules").join(script));
        command
    };
    let mut command = match linter {
        Linter::Stanch => {
            let mut command = Command::new(stanch);
            command.args(["lint", "--no-ignore", "--format", "concise"]);
            command
        }
        Linter::Oxlint => {
            let mut command = in_node("oxlint/bin/oxlint");
            command.args(["--no-ignore", "--format", "unix"]);
            command
        }
        Linter::Eslint => {
            let mut command = in_node("eslint/bin/eslint.js");
            command.args(["--no-inline-config", "--no-ignore", "--format", "json"]);
            command
        }
    };
    command.arg(".").current_dir(tree);
    command
}

/// The packages and their versions.
fn pinned(project: &Path) -> Result<BTreeMap<String, String>> {
    #[derive(Deserialize)]
    struct Package {
        dependencies: BTreeMap<String, String>,
    }
    let package: Package =
        serde_json::from_slice(&fs::read(project.join("bench/lint/package.json"))?)?;
    Ok(package.dependencies)
}

/// Copies the sources of the packages into a folder of their own.
fn plant(modules: &Path, packages: &BTreeMap<String, String>, folder: &Path) -> Result<Tree> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let mut tree = Tree::default();
    for package in packages.keys().filter(|package| *package != "oxlint") {
        let mut open = vec![PathBuf::from(package)];
        while let Some(path) = open.pop() {
            for entry in fs::read_dir(modules.join(&path))? {
                let entry = entry?;
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let inner = path.join(&*name);
                let kind = entry.file_type()?;
                if kind.is_dir() && !matches!(&*name, "node_modules" | "dist" | "esm" | "test") {
                    open.push(inner);
                } else if kind.is_file() && is_source(&name) && entry.metadata()?.len() <= LARGEST {
                    let text = fs::read(entry.path())?;
                    tree.files += 1;
                    tree.bytes += u64::try_from(text.len())?;
                    let lines = text.iter().filter(|byte| **byte == b'\n').count();
                    tree.lines += u64::try_from(lines)?;
                    let target = folder.join(inner);
                    fs::create_dir_all(target.parent().unwrap_or(folder))?;
                    fs::write(&target, text)?;
                }
            }
        }
    }
    Ok(tree)
}

fn is_source(name: &str) -> bool {
    let Some((stem, extension)) = name.rsplit_once('.') else {
        return false;
    };
    let is_script = matches!(extension, "js" | "mjs" | "cjs");
    is_script && !stem.ends_with(".min")
}

fn versions(
    project: &Path,
    packages: &BTreeMap<String, String>,
    npm: &Npm,
) -> Result<BTreeMap<String, String>> {
    let mut versions = packages.clone();
    let mut commit = Command::new("git");
    commit.current_dir(project);
    let commit = run::captured(commit.args(["rev-parse", "--short=12", "HEAD"]))?;
    versions.insert("stanch".to_owned(), commit);
    versions.insert("node".to_owned(), npm.node.clone());
    Ok(versions)
}

fn render(results: &Results) -> String {
    let runs = results.linters.iter().flat_map(|row| &row.runs);
    let mut text = preamble(
        &results.date,
        &results.machine,
        others_percent(&results.machine, runs),
        &results.versions,
    );
    text += &format!(
        "\n\n{} files, {} lines, {} bytes.\n\n",
        grouped(results.tree.files),
        grouped(results.tree.lines),
        grouped(results.tree.bytes)
    );
    text += "| linter | runs | wall time, median | min – max | against stanch | CPU time | peak memory |\n";
    text += "| --- | --: | --: | --: | --: | --: | --: |\n";
    let own = results
        .linters
        .iter()
        .find(|row| row.linter == Linter::Stanch)
        .and_then(|row| median(&row.runs, Run::wall_seconds));
    for row in &results.linters {
        let Some(wall) = median(&row.runs, Run::wall_seconds) else {
            continue;
        };
        let most = -least(&row.runs, |run| -run.wall_seconds());
        let cpu = median(&row.runs, Run::cpu_seconds).unwrap_or(wall);
        let peak = median(&row.runs, Run::peak_megabytes).unwrap_or(0.0);
        let ratio = own.map_or(String::new(), |own| format!("{:.2} ×", wall / own));
        text += &format!(
            "| {} | {} | {} s | {} – {} s | {ratio} | {} s | {peak:.0} MB |\n",
            row.linter.name(),
            row.runs.len(),
            digits(wall),
            digits(least(&row.runs, Run::wall_seconds)),
            digits(most),
            digits(cpu),
        );
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{FIGURES, Results, is_source, render};

    #[test]
    fn the_readme_has_the_figures_that_were_measured() -> anyhow::Result<()> {
        FIGURES.compare::<Results>(render)
    }

    #[test]
    fn sources_are_scripts_that_people_wrote() {
        let check = |name, expected| assert_eq!(is_source(name), expected, "{name}");
        check("index.js", true);
        check("index.min.js", false);
        check("index.d.ts", false);
        check("README", false);
    }
}
