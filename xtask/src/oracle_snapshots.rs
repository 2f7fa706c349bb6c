//! The oracle's sources and a Node or Chromium binary into snapshots and the oracle's answers, in
//! the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::ledger::Step;
use crate::node_versions::NodeBinaries;
use crate::run;

/// Makes `out/MAJOR` for each binary and `out/random`, unless exactly these sources made it before
/// with the same binary.
pub(crate) fn make(oracle: &Path, binaries: &NodeBinaries, out: &Path) -> Result<Step> {
    let sources = sources_of(oracle)?;
    let mut made = Vec::new();
    let mut kept = Vec::new();
    let mut fill = |folder: String, script, binary: Option<&Path>| {
        let sources = &sources;
        let maker = Maker {
            oracle,
            sources,
            script,
            binary,
        };
        match maker.fill(&out.join(&folder))? {
            Filled::Now(version) => made.push(version),
            Filled::Before(version) => kept.push(version),
        }
        Ok::<_, anyhow::Error>(())
    };
    for (major, binary) in binaries {
        fill(major.to_string(), "make.mjs", Some(binary))?;
    }
    fill("random".to_owned(), "random.mjs", None)?;
    let part = |word: &str, versions: &[String]| {
        (!versions.is_empty()).then(|| format!("{word} {}", versions.join(" ")))
    };
    let parts = [part("made", &made), part("kept", &kept)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    Ok(Step::Done(parts.join(", ")))
}

/// Makes `out/page`, unless exactly these sources made it before with the same browser.
pub(crate) fn make_page(oracle: &Path, browser: &Path, out: &Path) -> Result<Step> {
    let maker = Maker {
        oracle,
        sources: &sources_of(oracle)?,
        script: "page.mjs",
        binary: Some(browser),
    };
    Ok(Step::Done(match maker.fill(&out.join("page"))? {
        Filled::Now(version) => format!("made {version}"),
        Filled::Before(version) => format!("kept {version}"),
    }))
}

/// What fills one folder with snapshots and answers.
struct Maker<'a> {
    oracle: &'a Path,
    sources: &'a str,
    /// Of the oracle's folder; takes the binary, if there is one, and a folder.
    script: &'a str,
    binary: Option<&'a Path>,
}

/// When a folder was filled, with the version of the binary.
enum Filled {
    Now(String),
    Before(String),
}

impl Maker<'_> {
    fn fill(&self, folder: &Path) -> Result<Filled> {
        let version = match self.binary {
            Some(binary) => run::captured(Command::new(binary).arg("--version"))?,
            None => self.script.to_owned(),
        };
        let wanted = format!("{version}\n{}", self.sources);
        let stamp = folder.join("made-from.txt");
        if fs::read_to_string(&stamp).is_ok_and(|before| before == wanted) {
            return Ok(Filled::Before(version));
        }
        // A half-made folder of an interrupted run must not pass for a whole one.
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        run::captured(
            Command::new("node")
                .arg(self.oracle.join(self.script))
                .args(self.binary)
                .arg(folder)
                .current_dir(self.oracle),
        )?;
        fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
        Ok(Filled::Now(version))
    }
}

/// Every source file of the oracle with its name, one text: the text is its own fingerprint.
fn sources_of(oracle: &Path) -> Result<String> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(oracle)? {
        let path = entry?.path();
        let is_source = path.extension().is_some_and(|extension| {
            ["mjs", "cjs", "ts", "json", "html"]
                .iter()
                .any(|kind| extension == *kind)
        });
        // What the build writes is no source; it follows from the others.
        let is_built = path
            .file_name()
            .is_some_and(|name| name == "oracle.mjs" || name == "oracle-wide.mjs");
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
