//! The oracle's sources and a Node binary into snapshots and the oracle's answers, in the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::ledger::Step;
use crate::node_versions::NodeBinaries;
use crate::run;

/// Makes `out/MAJOR` for each binary, unless exactly these sources made it before with the same
/// binary.
pub(crate) fn make(oracle: &Path, binaries: &NodeBinaries, out: &Path) -> Result<Step> {
    let mut made = Vec::new();
    let mut kept = Vec::new();
    let sources = sources_of(oracle)?;
    for (major, binary) in binaries {
        let folder = out.join(major.to_string());
        let version = run::captured(Command::new(binary).arg("--version"))?;
        let wanted = format!("{version}\n{sources}");
        let stamp = folder.join("made-from.txt");
        if fs::read_to_string(&stamp).is_ok_and(|before| before == wanted) {
            kept.push(version);
            continue;
        }
        // A half-made folder of an interrupted run must not pass for a whole one.
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        run::captured(
            Command::new("node")
                .arg(oracle.join("make.mjs"))
                .arg(binary)
                .arg(&folder)
                .current_dir(oracle),
        )?;
        fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
        made.push(version);
    }
    let part = |word: &str, versions: &[String]| {
        (!versions.is_empty()).then(|| format!("{word} {}", versions.join(" ")))
    };
    let parts = [part("made", &made), part("kept", &kept)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    Ok(Step::Done(parts.join(", ")))
}

/// Every source file of the oracle with its name, one text: the text is its own fingerprint.
fn sources_of(oracle: &Path) -> Result<String> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(oracle)? {
        let path = entry?.path();
        let is_source = path.extension().is_some_and(|extension| {
            ["mjs", "cjs", "ts", "json"]
                .iter()
                .any(|kind| extension == *kind)
        });
        // What the build writes is no source; it follows from the others.
        let is_built = path.file_name().is_some_and(|name| name == "oracle.mjs");
        if is_source && !is_built {
            files.push(path);
        }
    }
    files.sort();
    let mut text = String::new();
    for file in files {
        let content =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        text += &format!("=== {}\n{content}\n", file.display());
    }
    Ok(text)
}
