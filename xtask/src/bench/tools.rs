//! Pinned sources and lock files into tools that are ready to run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::cargo_checks;
use crate::npm::Npm;
use crate::run;

/// A program that is measured, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Tool {
    /// `stanch analyze`
    Stanch,
    /// Chrome DevTools' heap worker in plain Node: load, then the class table.
    DevTools,
    /// `memlab analyze object-size`
    Memlab,
    /// The crate: decode, retained sizes, class groups.
    V8HeapParser,
}

impl Tool {
    pub(crate) const ALL: [Self; 4] = [
        Self::Stanch,
        Self::DevTools,
        Self::Memlab,
        Self::V8HeapParser,
    ];

    /// As the table calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Stanch => "stanch",
            Self::DevTools => "DevTools",
            Self::Memlab => "memlab",
            Self::V8HeapParser => "v8-heap-parser",
        }
    }

    /// Whether the exit code says that the file was analysed.
    pub(crate) const fn is_fine(self, code: i32) -> bool {
        match self {
            // 1 is a leak found, 3 is not enough data to decide: both are answers.
            Self::Stanch => matches!(code, 0 | 1 | 3),
            _ => code == 0,
        }
    }
}

/// All tools, installed.
pub(crate) struct Toolbox {
    node: PathBuf,
    heap_limit: String,
    stanch: PathBuf,
    devtools: PathBuf,
    memlab: PathBuf,
    v8_heap_parser: PathBuf,
    /// For what tools want to write; emptied before each run.
    scratch: PathBuf,
}

impl Toolbox {
    pub(crate) fn open(project: &Path, cache: &Path, npm: &Npm, node: &Path) -> Result<Self> {
        let peers = project.join("bench/peers");
        let devtools = cache.join("devtools");
        super::install(npm, &project.join("xtask/oracle"), &devtools)?;
        run::captured(Command::new(node).arg(devtools.join("build.mjs")))?;
        let memlab = cache.join("memlab");
        super::install(npm, &peers.join("memlab"), &memlab)?;
        let v8_heap_parser = build(cache, &peers.join("v8-heap-parser"), "peer-v8-heap-parser")?;
        let mut stanch = None;
        cargo_checks::release_build(&mut stanch)?;
        // Nothing but the machine's memory should limit the tools that run in Node.
        let megabytes = super::Machine::this()?.memory_bytes / 1_000_000 * 3 / 4;
        Ok(Self {
            node: node.to_owned(),
            heap_limit: format!("--max-old-space-size={megabytes}"),
            stanch: stanch.context("the release build left no binary")?,
            devtools: devtools.join("oracle.mjs"),
            memlab: memlab.join("node_modules/@memlab/cli/bin/memlab.js"),
            v8_heap_parser,
            scratch: cache.join("scratch"),
        })
    }

    /// The command that analyses `file` from nothing: no tool finds what it left last time.
    pub(crate) fn command(&self, tool: Tool, file: &Path) -> Result<Command> {
        if self.scratch.exists() {
            fs::remove_dir_all(&self.scratch)?;
        }
        fs::create_dir_all(&self.scratch)?;
        let in_node = |script: &Path| {
            let mut command = Command::new(&self.node);
            command.arg(&self.heap_limit).arg("--expose-gc").arg(script);
            command
        };
        let mut command = match tool {
            Tool::Stanch => {
                let mut command = Command::new(&self.stanch);
                command.arg("analyze").arg(file);
                command
            }
            Tool::DevTools => {
                let mut command = in_node(&self.devtools);
                command.arg(file);
                command
            }
            Tool::Memlab => {
                let mut command = in_node(&self.memlab);
                command
                    .args(["analyze", "object-size", "--snapshot"])
                    .arg(file);
                command.arg("--work-dir").arg(self.scratch.join("memlab"));
                command
            }
            Tool::V8HeapParser => {
                let mut command = Command::new(&self.v8_heap_parser);
                command.arg(file);
                command
            }
        };
        command.env("XDG_CACHE_HOME", self.scratch.join("cache"));
        Ok(command)
    }

    /// Where the output of a run goes.
    pub(crate) fn output(&self) -> PathBuf {
        self.scratch.join("output.txt")
    }

    /// What was measured, by name.
    pub(crate) fn versions(&self, project: &Path) -> Result<BTreeMap<String, String>> {
        let git =
            |words: &[&str]| run::captured(Command::new("git").current_dir(project).args(words));
        let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
        let changed = git(&["status", "--porcelain", "--untracked-files=no", "crates"])?;
        let commit = if changed.is_empty() {
            commit
        } else {
            format!("{commit} with changes")
        };
        let rustc = run::captured(Command::new("rustc").arg("--version"))?;
        let rustc = rustc.trim_start_matches("rustc ").to_owned();
        let pinned = |folder: &str, package: &str| pinned_version(&project.join(folder), package);
        let versions = [
            ("stanch", commit),
            ("rustc", rustc),
            (
                "node",
                run::captured(Command::new(&self.node).arg("--version"))?,
            ),
            ("typescript", pinned("bench/heaps", "typescript")?),
            (
                "chrome-devtools-frontend",
                pinned("xtask/oracle", "chrome-devtools-frontend")?,
            ),
            ("memlab", pinned("bench/peers/memlab", "memlab")?),
            (
                "v8-heap-parser",
                locked_version(
                    &project.join("bench/peers/v8-heap-parser"),
                    "v8-heap-parser",
                )?,
            ),
        ];
        Ok(versions
            .map(|(name, version)| (name.to_owned(), version))
            .into())
    }
}

/// Builds a package of bench/ as cargo's release profile has it, and returns its binary.
pub(crate) fn build(cache: &Path, package: &Path, binary: &str) -> Result<PathBuf> {
    let target = cache.join("cargo");
    let mut cargo = cargo_checks::cargo();
    cargo.args([
        "build",
        "--quiet",
        "--release",
        "--locked",
        "--manifest-path",
    ]);
    run::shown(
        cargo
            .arg(package.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&target),
    )?;
    Ok(target.join("release").join(binary))
}

/// The version that a folder's package.json pins.
fn pinned_version(folder: &Path, package: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Package {
        dependencies: BTreeMap<String, String>,
    }
    let file = folder.join("package.json");
    let mut pins: Package = serde_json::from_slice(&fs::read(&file)?)?;
    pins.dependencies
        .remove(package)
        .with_context(|| format!("{} does not pin {package}", file.display()))
}

/// The version that a folder's Cargo.lock has.
fn locked_version(folder: &Path, package: &str) -> Result<String> {
    let file = folder.join("Cargo.lock");
    let lock = fs::read_to_string(&file)?;
    let entry = format!("name = \"{package}\"\nversion = \"");
    lock.split_once(&entry)
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(version, _)| version.to_owned())
        .with_context(|| format!("{} has no {package}", file.display()))
}
