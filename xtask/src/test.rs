//! `cargo xtask test`: a fresh clone into fetched tools, every check, and one summary.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::cargo_checks;
use crate::chromium;
use crate::fuzz;
use crate::ledger::{Ledger, Step, Strictness};
use crate::node_versions::{self, NodeBinaries};
use crate::npm::Npm;
use crate::oracle_snapshots;
use crate::precision;
use crate::sanitizer;

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Fetch nothing: formatter, linter and the tests that need no other Node
    #[arg(long, conflicts_with = "matrix")]
    quick: bool,
    /// Run every fixture on every Node version (long)
    #[arg(long)]
    matrix: bool,
}

/// What the fetching phases leave for the tests.
#[derive(Default)]
struct Fetched {
    nodes: NodeBinaries,
    oracle: Option<PathBuf>,
    binary: Option<PathBuf>,
}

/// Runs all phases and prints the summary; an error means that no phase could start.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = cargo_checks::project()?;
    let strictness = strictness();
    if options.quick && strictness == Strictness::Strict {
        bail!("--quick leaves phases out, and with CI=true nothing is left out");
    }
    let mut ledger = Ledger::new(strictness);
    let mut fetched = Fetched::default();
    if !options.quick {
        fetch(project, &mut ledger, &mut fetched);
    }
    ledger.phase("formatting", cargo_checks::format);
    ledger.phase("clippy", cargo_checks::lint);
    if !options.quick {
        ledger.phase("release build", || {
            cargo_checks::release_build(&mut fetched.binary)
        });
    }
    let variables = variables(&fetched, options);
    ledger.phase("cargo test", || cargo_checks::tests(&variables));
    ledger.phase("labelled corpora", || precision::compare_corpora(project));
    if !options.quick {
        ledger.phase("address sanitizer", || {
            sanitizer::run(&project.join(".cache/sanitizer"))
        });
        ledger.phase("fuzz targets", || {
            fuzz::run(&project.join("fuzz"), &project.join(".cache/fuzz"))
        });
    }
    println!("{}", ledger.summary());
    Ok(ledger.exit_code())
}

fn strictness() -> Strictness {
    match env::var("CI") {
        Ok(value) if value == "true" => Strictness::Strict,
        _ => Strictness::Lenient,
    }
}

fn fetch(project: &Path, ledger: &mut Ledger, fetched: &mut Fetched) {
    let mut found = None;
    ledger.phase("node and npm", || match Npm::find() {
        Ok(npm) => {
            let version = npm.node.clone();
            found = Some(npm);
            Ok(Step::Done(version))
        }
        Err(error) => Ok(Step::Missing(format!("{error:#}"))),
    });
    let Some(npm) = found else { return };
    // Where the pinned versions cannot be had, this one still serves the tests.
    fetched
        .nodes
        .insert(npm.node_major, npm.node_binary.clone());

    ledger.phase("fixtures' packages", || {
        npm.install(&project.join("fixtures"))
    });
    let cache = project.join(".cache");
    ledger.phase("node versions", || {
        let pins = project.join("xtask/node-versions");
        node_versions::fetch(&npm, &pins, &cache.join("node"), &mut fetched.nodes)
    });
    let oracle = project.join("xtask/oracle");
    let mut has_packages = false;
    ledger.phase("oracle's packages", || {
        let step = npm.install(&oracle)?;
        has_packages = matches!(step, Step::Done(_));
        Ok(step)
    });
    if has_packages {
        let out = cache.join("oracle");
        ledger.phase("oracle's snapshots", || {
            let step = oracle_snapshots::make(&oracle, &fetched.nodes, &out)?;
            fetched.oracle = Some(out.clone());
            Ok(step)
        });
        let mut browser = None;
        ledger.phase("chromium", || chromium::find(&mut browser));
        if let Some(browser) = browser {
            ledger.phase("oracle's page", || {
                oracle_snapshots::make_page(&oracle, &browser, &out)
            });
        }
    }
}

/// How tests learn what was fetched: a variable that is missing means a test that skips itself,
/// and fails under `CI=true`.
fn variables(fetched: &Fetched, options: &Options) -> Vec<(String, OsString)> {
    let mut variables: Vec<(String, OsString)> = Vec::new();
    for (major, binary) in &fetched.nodes {
        variables.push((format!("STANCH_NODE_{major}"), binary.into()));
    }
    if let Some(folder) = &fetched.oracle {
        variables.push(("STANCH_ORACLE_DIR".to_owned(), folder.into()));
    }
    if let Some(binary) = &fetched.binary {
        variables.push(("STANCH_BIN".to_owned(), binary.into()));
    }
    if options.matrix {
        variables.push(("STANCH_MATRIX".to_owned(), "full".into()));
    }
    variables
}
