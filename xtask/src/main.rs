//! Arguments of `cargo xtask` into one of the project's own chores.
//!
//! `cargo xtask test` fetches what the tests need and runs every check; CONTRIBUTING.md says more.

mod bench;
mod cargo_checks;
mod chromium;
mod docs;
mod figures;
mod fuzz;
mod ledger;
mod node_versions;
mod npm;
mod oracle_snapshots;
mod precision;
mod run;
mod sanitizer;
mod test;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Chores of the stanch project")]
enum Chore {
    /// Fetch what the tests need, then run every check
    Test(test::Options),
    /// Measure this program and other heap tools side by side (long)
    Bench(bench::Options),
    /// Write docs/rules/ from what the linter's rules say of themselves
    Docs,
    /// Hold the linter against labelled cases, published packages and mended leaks
    Precision(precision::Options),
    /// Measure this program's linter and others side by side
    BenchLint(bench::lint::Options),
}

fn main() -> ExitCode {
    let outcome = match Chore::parse() {
        Chore::Test(options) => test::run(&options),
        Chore::Bench(options) => bench::run(&options),
        Chore::Docs => docs::run(),
        Chore::Precision(options) => precision::run(&options),
        Chore::BenchLint(options) => bench::lint::run(&options),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cargo xtask: {error:#}");
            ExitCode::from(2)
        }
    }
}
