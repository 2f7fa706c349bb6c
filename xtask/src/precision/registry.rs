//! Pinned versions in the npm registry into folders, at most once each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::npm::Npm;
use crate::run;

/// Where packages are kept.
pub(crate) struct Registry {
    cache: PathBuf,
}

/// Which files of a package are wanted.
#[derive(Clone, Copy)]
pub(crate) enum Part<'p> {
    All,
    /// All but these files and folders.
    Without(&'p [String]),
    /// Those of one folder.
    Only(&'p str),
}

impl Registry {
    /// `npm` shows that there is one.
    pub(crate) fn open(cache: &Path, _npm: &Npm) -> Result<Self> {
        fs::create_dir_all(cache).with_context(|| format!("cannot make {}", cache.display()))?;
        Ok(Self {
            cache: cache.to_owned(),
        })
    }

    /// The folder of a version; no script of it runs. What `part` leaves out is removed after it was downloaded: whoever
    /// changes the lists removes the cache.
    pub(crate) fn folder(
        &self,
        (name, version, integrity): (&str, &str, &str),
        part: Part<'_>,
    ) -> Result<PathBuf> {
        #[derive(Deserialize)]
        struct Packed {
            filename: String,
            integrity: String,
        }
        let folder = self
            .cache
            .join(format!("{}@{version}", name.replace('/', "__")));
        if folder.exists() {
            return Ok(folder);
        }
        eprintln!("==> {name}@{version}");
        let text = run::captured(
            Command::new("npm")
                .args(["pack", "--json", "--ignore-scripts", "--loglevel=error"])
                .arg(format!("{name}@{version}"))
                .current_dir(&self.cache),
        )?;
        let packed: Vec<Packed> = serde_json::from_str(&text)
            .with_context(|| format!("npm pack of {name}@{version} printed no list"))?;
        let [packed] = packed.as_slice() else {
            bail!(
                "npm pack of {name}@{version} made {} archives",
                packed.len()
            );
        };
        if packed.integrity != integrity {
            bail!("{name}@{version} is {}, not {integrity}", packed.integrity);
        }
        self.unpack(&packed.filename, &folder, part)
            .with_context(|| format!("cannot unpack {name}@{version}"))?;
        Ok(folder)
    }

    /// The folder gets its name when it is complete.
    fn unpack(&self, archive: &str, folder: &Path, part: Part<'_>) -> Result<()> {
        let archive = self.cache.join(archive);
        let unpacked = self.cache.join(".unpacked");
        if unpacked.exists() {
            fs::remove_dir_all(&unpacked)?;
        }
        fs::create_dir(&unpacked)?;
        run::captured(
            Command::new("tar")
                .arg("-xzf")
                .arg(&archive)
                .args(["--strip-components=1", "-C"])
                .arg(&unpacked),
        )?;
        fs::remove_file(&archive)?;
        part.trim(&unpacked)?;
        fs::rename(&unpacked, folder)?;
        Ok(())
    }
}

impl Part<'_> {
    fn trim(self, package: &Path) -> Result<()> {
        match self {
            Part::All => {}
            Part::Without(copies) => {
                for copy in copies {
                    match copy.strip_prefix('*') {
                        Some(ending) => remove_ending(package, ending)?,
                        None => remove(&package.join(copy))?,
                    }
                }
            }
            Part::Only(folder) => {
                let kept = package.with_extension("kept");
                fs::rename(package.join(folder), &kept)?;
                fs::remove_dir_all(package)?;
                let place = package.join(folder);
                fs::create_dir_all(place.parent().context("a folder inside the package")?)?;
                fs::rename(kept, place)?;
            }
        }
        Ok(())
    }
}

/// Removes the files below a folder whose names end so.
fn remove_ending(folder: &Path, ending: &str) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_ending(&path, ending)?;
        } else if path.to_string_lossy().ends_with(ending) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    removed.with_context(|| format!("{} is to be left out, and is not there", path.display()))
}
