//! The fuzz targets into so many runs without a finding, in a bounded time.
//!
//! The instrumentation that libFuzzer needs is a pass of the stable compiler, so neither cargo-fuzz
//! nor a nightly compiler has to be there. With cargo-fuzz, and for longer,
//! `cargo fuzz run -s none parse fuzz/corpus/parse fuzz/seeds/parse` does the same.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cargo_checks;
use crate::ledger::Step;
use crate::run;

/// How long each target runs; they run side by side.
const SECONDS: u32 = 20;

/// Coverage of every branch and comparison, as libFuzzer reads it.
const INSTRUMENTATION: [&str; 8] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Ccodegen-units=1",
];

/// A target with the longest input it is given, in bytes, and its own arguments.
struct Target {
    name: &'static str,
    longest: u32,
    /// The folder of the inputs that it begins with, from the project's root.
    seeds: &'static str,
    dictionary: Option<&'static str>,
}

const TARGETS: [Target; 3] = [
    Target {
        name: "parse",
        longest: 8192,
        seeds: "fuzz/seeds/parse",
        dictionary: Some("snapshot.dict"),
    },
    Target {
        name: "graph",
        longest: 1024,
        seeds: "fuzz/seeds/graph",
        dictionary: None,
    },
    Target {
        name: "fix_validity",
        // The longest source of the corpus has some three thousand.
        longest: 4096,
        seeds: "fixtures/corpus",
        dictionary: None,
    },
];

/// Builds the targets in `fuzz` and runs all of them; what they find is kept in `cache`.
pub(crate) fn run(fuzz: &Path, cache: &Path) -> Result<Step> {
    if !cfg!(any(target_os = "linux", target_os = "macos")) {
        return Ok(Step::Elsewhere(
            "libFuzzer is built on Linux and macOS only".to_owned(),
        ));
    }
    if run::captured(Command::new("c++").arg("--version")).is_err() {
        let what = "no `c++`, which libFuzzer is built with: install g++ or clang";
        return Ok(Step::Missing(what.to_owned()));
    }
    let folder = build(fuzz, &cache.join("target"))?;
    let runs = TARGETS
        .iter()
        .map(|target| target.start(fuzz, cache, &folder));
    let runs: Vec<Run> = runs.collect::<Result<_>>()?;
    let ends: Vec<Result<String>> = runs.into_iter().map(Run::end).collect();
    let (ends, findings): (Vec<_>, Vec<_>) = ends.into_iter().partition(Result::is_ok);
    let findings = findings.into_iter().filter_map(Result::err);
    let findings: Vec<String> = findings.map(|error| format!("{error:#}")).collect();
    if !findings.is_empty() {
        bail!("{}", findings.join("\n"));
    }
    let ends: Vec<String> = ends.into_iter().flatten().collect();
    Ok(Step::Done(ends.join(", ")))
}

/// Builds all targets and gives the folder they are in.
fn build(fuzz: &Path, target_folder: &Path) -> Result<PathBuf> {
    let about = run::captured(Command::new("rustc").arg("-vV").current_dir(fuzz))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("`rustc -vV` names no host")?;
    let mut command = cargo_checks::cargo();
    // With a target named, build scripts and macros stay as they are: they link no libFuzzer.
    command
        .args(["build", "--release", "--quiet", "--target", host])
        .arg("--target-dir")
        .arg(target_folder)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", INSTRUMENTATION.join(" "))
        .current_dir(fuzz);
    run::shown(&mut command)?;
    Ok(target_folder.join(host).join("release"))
}

/// A target that is running.
struct Run {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Target {
    fn start(&self, fuzz: &Path, cache: &Path, folder: &Path) -> Result<Run> {
        let name = self.name;
        let corpus = cache.join("corpus").join(name);
        fs::create_dir_all(&corpus)?;
        let log = cache.join(format!("{name}.log"));
        let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new(folder.join(name));
        command
            .arg(format!("-max_total_time={SECONDS}"))
            .arg(format!("-max_len={}", self.longest))
            .args(["-timeout=10", "-rss_limit_mb=1024"])
            .arg(format!("-artifact_prefix={}/{name}-", cache.display()))
            .args(
                self.dictionary
                    .map(|it| format!("-dict={}", fuzz.join(it).display())),
            )
            // What is found goes to the first folder, the seeds stay as they are.
            .arg(&corpus)
            .arg(fuzz.join("..").join(self.seeds))
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out);
        let line = run::line_of(&command);
        let child = command.spawn();
        let child = child.with_context(|| format!("cannot start `{line}`"))?;
        Ok(Run { name, child, log })
    }
}

impl Run {
    /// Waits for the end and gives the number of runs; a finding is an error that says how to
    /// repeat it.
    fn end(mut self) -> Result<String> {
        let status = self.child.wait()?;
        let log = String::from_utf8_lossy(&fs::read(&self.log)?).into_owned();
        let name = self.name;
        if !status.success() {
            let told = told(&log);
            bail!(
                "{name} ended with {status}: {told} (all of it: {})",
                self.log.display()
            );
        }
        let runs = runs(&log).with_context(|| format!("{name} tells no number of runs"))?;
        Ok(format!("{name} {runs} runs"))
    }
}

/// From `Done 721433 runs in 31 second(s)`.
fn runs(log: &str) -> Option<u64> {
    let line = log
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("Done "))?;
    line.split(' ').next()?.parse().ok()
}

/// What a log says of a finding: the panic's sentence, libFuzzer's summary, and the input's file.
fn told(log: &str) -> String {
    let mut lines = Vec::new();
    let mut after_panic = false;
    for line in log.lines() {
        let of_libfuzzer = ["SUMMARY:", "artifact_prefix"]
            .iter()
            .any(|it| line.contains(it));
        if after_panic || of_libfuzzer {
            lines.push(line.trim());
        }
        after_panic = line.contains("panicked at");
    }
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use super::{runs, told};

    #[test]
    fn a_log_tells_runs_and_findings() {
        let log = "#2 INITED cov: 3\nDone 721433 runs in 31 second(s)\n";
        assert_eq!((runs(log), told(log)), (Some(721_433), String::new()));
        let log = "thread '<unnamed>' panicked at fuzz_targets/graph.rs:29:9:\nnode 3: no\nstack\n\
             SUMMARY: libFuzzer: deadly signal\nartifact_prefix='x'; Test unit written to x1\n";
        let expected = "node 3: no; SUMMARY: libFuzzer: deadly signal; \
             artifact_prefix='x'; Test unit written to x1";
        assert_eq!((runs(log), told(log).as_str()), (None, expected));
    }
}
