//! This machine into a Chromium that the tests can start: found, or installed where we may.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::ledger::Step;
use crate::run;

/// What distributions call it.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

const HOW_TO_GET_IT: &str = "no Chromium on the PATH: install Debian's package `chromium`, or another \
     Chromium or Chrome under one of the names chromium, chromium-browser, google-chrome, chrome";

/// Sets `browser` to a binary that has answered with its version.
pub(crate) fn find(browser: &mut Option<PathBuf>) -> Result<Step> {
    if !cfg!(target_os = "linux") {
        return Ok(Step::Elsewhere(
            "Chromium is driven on Linux only".to_owned(),
        ));
    }
    let (path, how) = match on_path() {
        Some(path) => (path, "found"),
        None => match install().and_then(|()| on_path().ok_or(HOW_TO_GET_IT.to_owned())) {
            Ok(path) => (path, "installed"),
            Err(why) => return Ok(Step::Missing(why)),
        },
    };
    match run::captured(Command::new(&path).arg("--version")) {
        Ok(version) => {
            *browser = Some(path);
            Ok(Step::Done(format!("{version}, {how}")))
        }
        Err(error) => Ok(Step::Missing(format!("{error:#}; {HOW_TO_GET_IT}"))),
    }
}

fn on_path() -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .find(|path| path.is_file())
}

/// Installs Debian's package where that needs no question: as root, with apt-get.
fn install() -> Result<(), String> {
    let is_root = run::captured(Command::new("id").arg("-u")).is_ok_and(|id| id == "0");
    if !is_root || !Path::new("/usr/bin/apt-get").exists() {
        return Err(HOW_TO_GET_IT.to_owned());
    }
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("/usr/bin/apt-get");
        command
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive");
        run::captured(&mut command)
            .map(drop)
            .map_err(|error| format!("chromium cannot be installed: {error:#}"))
    };
    apt(&["update", "--quiet=2"])?;
    apt(&[
        "install",
        "--quiet=2",
        "--yes",
        "--no-install-recommends",
        "chromium",
    ])
}
