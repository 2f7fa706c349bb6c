//! The pinned list of Node versions into binaries in the project's cache.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::ledger::Step;
use crate::npm::{Npm, major_of};
use crate::run;

/// Binaries by the first number of their version.
pub(crate) type NodeBinaries = BTreeMap<u32, PathBuf>;

/// The files that pin the versions; npm aliases give each major its own folder.
const PINS: [&str; 2] = ["package.json", "package-lock.json"];

/// Installs the pinned versions into `cache`, and adds them to `binaries` once each has answered
/// with its version.
pub(crate) fn fetch(
    npm: &Npm,
    pins: &Path,
    cache: &Path,
    binaries: &mut NodeBinaries,
) -> Result<Step> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(Step::Elsewhere(
            "prebuilt Node versions are for Linux on x64 only".to_owned(),
        ));
    }
    fs::create_dir_all(cache).with_context(|| format!("cannot make {}", cache.display()))?;
    for name in PINS {
        fs::copy(pins.join(name), cache.join(name))
            .with_context(|| format!("cannot copy {name} from {}", pins.display()))?;
    }
    let installed = match npm.install(cache)? {
        Step::Done(how) => how,
        other => return Ok(other),
    };
    let mut versions = Vec::new();
    for folder in folders_of(&cache.join("package.json"))? {
        let binary = cache.join("node_modules").join(folder).join("bin/node");
        let version = run::captured(Command::new(&binary).arg("--version"))?;
        let Some(major) = major_of(&version) else {
            bail!("{} printed `{version}` as its version", binary.display());
        };
        versions.push(version);
        binaries.insert(major, binary);
    }
    Ok(Step::Done(format!("{}, {installed}", versions.join(" "))))
}

fn folders_of(package: &Path) -> Result<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Package {
        dependencies: BTreeMap<String, String>,
    }
    let text = fs::read_to_string(package)?;
    let package: Package = serde_json::from_str(&text)
        .with_context(|| format!("{} has no dependencies", package.display()))?;
    Ok(package.dependencies.into_keys().collect())
}
