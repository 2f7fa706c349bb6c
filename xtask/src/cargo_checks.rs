//! The workspace into the results of formatter, linter, release build and tests.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::ledger::Step;
use crate::run;

/// What the tests cover beyond the default features; the release build goes without.
const OPTIONAL: &str = "stanch/parquet";

/// `cargo fmt --check`.
pub(crate) fn format() -> Result<Step> {
    run::shown(cargo().args(["fmt", "--all", "--check"]))?;
    Ok(Step::Done(String::new()))
}

/// Clippy over everything, warnings being errors.
pub(crate) fn lint() -> Result<Step> {
    run::shown(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--features",
        OPTIONAL,
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))?;
    Ok(Step::Done(String::new()))
}

/// The binary as users get it; tests of whole services run it. `binary` is set to its path.
pub(crate) fn release_build(binary: &mut Option<PathBuf>) -> Result<Step> {
    run::shown(cargo().args(["build", "--release", "--package", "stanch"]))?;
    let path = target_directory()?
        .join("release")
        .join(format!("stanch{}", env::consts::EXE_SUFFIX));
    let size = path
        .metadata()
        .with_context(|| format!("{} was not built", path.display()))?
        .len();
    *binary = Some(path);
    #[expect(
        clippy::cast_precision_loss,
        reason = "one decimal of megabytes is shown"
    )]
    let megabytes = size as f64 / 1_048_576.0;
    Ok(Step::Done(format!("{megabytes:.1} MB")))
}

/// All tests with `variables` in their environment.
pub(crate) fn tests(variables: &[(String, OsString)]) -> Result<Step> {
    let mut command = cargo();
    command
        .args([
            "test",
            "--workspace",
            "--features",
            OPTIONAL,
            "--no-fail-fast",
        ])
        .envs(variables.iter().cloned());
    counted(&mut command)
}

/// Runs a `cargo test` on our own screen and counts what it says of its tests.
pub(crate) fn counted(command: &mut Command) -> Result<Step> {
    command.stdout(Stdio::piped());
    let line = run::line_of(command);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    let mut counts = Counts::default();
    if let Some(stdout) = child.stdout.take() {
        let mut screen = std::io::stdout();
        for text in BufReader::new(stdout).lines() {
            let text = text?;
            counts.add(&text);
            writeln!(screen, "{text}")?;
        }
    }
    let status = child.wait()?;
    let Counts {
        passed,
        failed,
        ignored,
    } = counts;
    let summary = format!("{passed} tests passed, {failed} failed, {ignored} ignored");
    if !status.success() {
        bail!("{summary}; `{line}` ended with {status}");
    }
    if passed == 0 {
        bail!("no test has run");
    }
    Ok(Step::Done(summary))
}

/// Where cargo puts what it builds.
pub(crate) fn target_directory() -> Result<PathBuf> {
    #[derive(serde::Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let text =
        run::captured(cargo().args(["metadata", "--format-version=1", "--no-deps", "--quiet"]))?;
    let metadata: Metadata = serde_json::from_str(&text)?;
    Ok(metadata.target_directory)
}

/// The project's root folder.
pub(crate) fn project() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask has no parent folder")
}

/// The cargo that runs us, in the project's root.
pub(crate) fn cargo() -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    command
}

/// Sums over the result lines of all test binaries.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Counts {
    /// Adds a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; …`; others say nothing.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        let words: Vec<&str> = result.split([' ', ';']).collect();
        for pair in words.windows(2) {
            let &[number, what] = pair else { continue };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    fn check(lines: &[&str], expected: [u64; 3]) {
        let mut counts = Counts::default();
        for line in lines {
            counts.add(line);
        }
        assert_eq!([counts.passed, counts.failed, counts.ignored], expected);
    }

    #[test]
    fn result_lines_add_up() {
        check(
            &[
                "running 3 tests",
                "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s",
                "9 passed, said a test",
                "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            ],
            [4, 2, 1],
        );
    }
}
