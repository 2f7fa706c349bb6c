//! A folder with a package lock into installed packages, at most once per content of the lock.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::ledger::Step;
use crate::run;

/// What to do when node or npm is missing or too old.
const HOW_TO_GET_NODE: &str =
    "install Node.js 20 or newer with npm (nodejs.org, or your system's `nodejs` and `npm`)";

/// The oldest Node that the test tooling itself runs on.
const OLDEST_MAJOR: u32 = 20;

/// node and npm as found on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Npm {
    /// Node's version, such as `v20.20.2`.
    pub(crate) node: String,
    /// Its first number.
    pub(crate) node_major: u32,
    /// Its binary, links resolved.
    pub(crate) node_binary: PathBuf,
}

impl Npm {
    /// Looks for both on the PATH; the error says what to install.
    pub(crate) fn find() -> Result<Self> {
        let version_of = |program: &str| {
            run::captured(Command::new(program).arg("--version"))
                .with_context(|| format!("{program} does not run: {HOW_TO_GET_NODE}"))
        };
        let node = version_of("node")?;
        version_of("npm")?;
        let Some(node_major) = major_of(&node) else {
            bail!("`node --version` printed `{node}`: {HOW_TO_GET_NODE}");
        };
        if node_major < OLDEST_MAJOR {
            bail!("node is {node}: {HOW_TO_GET_NODE}");
        }
        let node_binary =
            run::captured(Command::new("node").args(["-p", "process.execPath"]))?.into();
        Ok(Self {
            node,
            node_major,
            node_binary,
        })
    }

    /// Installs what `folder/package-lock.json` names, unless exactly that lock was installed
    /// before. Install scripts of packages do not run: no test needs one.
    pub(crate) fn install(&self, folder: &Path) -> Result<Step> {
        let lock = folder.join("package-lock.json");
        let wanted = fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
        // The stamp lies among the packages, so that it goes when they go.
        let stamp = folder.join("node_modules/.installed-lock.json");
        if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(Step::Done("installed before".to_owned()));
        }
        let ci = run::captured(
            Command::new("npm")
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .arg("--loglevel=error")
                .current_dir(folder),
        );
        match ci {
            Ok(_) => {
                fs::write(&stamp, &wanted)
                    .with_context(|| format!("cannot write {}", stamp.display()))?;
                Ok(Step::Done("installed from the lock file".to_owned()))
            }
            Err(error) => Ok(Step::Missing(format!(
                "packages cannot be fetched: {error:#}"
            ))),
        }
    }
}

/// The first number of a version such as `v20.20.2`.
pub(crate) fn major_of(version: &str) -> Option<u32> {
    version
        .trim_start_matches('v')
        .split('.')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::major_of;

    #[test]
    fn a_major_is_the_first_number() {
        let check = |version, expected| assert_eq!(major_of(version), expected);
        check("v20.20.2", Some(20));
        check("26.10.0", Some(26));
        check("", None);
        check("vX", None);
    }
}
