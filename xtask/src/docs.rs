//! `cargo xtask docs`: what the linter's rules say of themselves into docs/rules/.

use std::process::ExitCode;

use anyhow::Result;

use crate::cargo_checks;
use crate::run;

/// Lets the test that compares the pages write them.
pub(crate) fn run() -> Result<ExitCode> {
    run::shown(
        cargo_checks::cargo()
            .args(["test", "--quiet", "--package", "stanch-leak-lint"])
            .args(["--test", "pages"])
            .env("STANCH_WRITE_PAGES", "1"),
    )?;
    Ok(ExitCode::SUCCESS)
}
