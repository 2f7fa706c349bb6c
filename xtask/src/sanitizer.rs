//! The tests of the crates with `unsafe` code, and of what they are used for, into a run under
//! AddressSanitizer: whatever reads or writes outside of its memory ends it.
//!
//! The sanitizer is a pass of the stable compiler and a library that comes with it; only its switch is
//! held back for nightly compilers, which is why this one is told to take it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo_checks;
use crate::ledger::Step;
use crate::run;

/// The unit tests, and of the others those that read broken snapshots and small heaps; the long ones
/// chew on graphs, in safe code.
const TESTS: [&str; 11] = [
    "--package",
    "stanch-heap-snapshot",
    "--package",
    "stanch-heap-graph",
    "--lib",
    "--test",
    "reading",
    "--test",
    "rules",
    "--test",
    "drawn",
];

/// Builds the tests into `target_folder` and runs them.
pub(crate) fn run(target_folder: &Path) -> Result<Step> {
    let about = run::captured(Command::new("rustc").arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("`rustc -vV` names no host")?;
    if !has_runtime()? {
        let what = format!("no AddressSanitizer comes with the compiler for {host}");
        return Ok(Step::Elsewhere(what));
    }
    let mut command = cargo_checks::cargo();
    // With a target named, build scripts and macros stay as they are.
    command
        .args(["test", "--quiet", "--target", host])
        .arg("--target-dir")
        .arg(target_folder)
        .args(TESTS)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=address");
    cargo_checks::counted(&mut command)
}

/// Whether the sanitizer's library is among the compiler's own.
fn has_runtime() -> Result<bool> {
    let folder = run::captured(Command::new("rustc").args(["--print", "target-libdir"]))?;
    let files = fs::read_dir(&folder).with_context(|| format!("cannot look into {folder}"))?;
    let mut names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
    Ok(names.any(|name| is_runtime(&name)))
}

/// `librustc-stable_rt.asan.a` on Linux, `librustc-stable_rt.asan.dylib` on macOS.
fn is_runtime(name: &str) -> bool {
    name.starts_with("librustc") && name.contains("_rt.asan.")
}

#[cfg(test)]
mod tests {
    use super::is_runtime;

    #[test]
    fn the_library_is_known_by_its_name() {
        let check = |name, expected| assert_eq!(is_runtime(name), expected, "{name}");
        check("librustc-stable_rt.asan.a", true);
        check("librustc-nightly_rt.asan.dylib", true);
        check("librustc-stable_rt.tsan.a", false);
        check("libstd-5d8c1d9e.so", false);
    }
}
