//! Files that a run leaves on disk on request, readable by their owner only.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use stanch_diagnosis::Diagnosis;

/// A snapshot that is being written: it gets its name when it is complete, and is removed if it never is.
pub(crate) struct SnapshotFile {
    path: PathBuf,
    partial: PathBuf,
    writer: BufWriter<File>,
}

impl SnapshotFile {
    /// Starts writing. Heap snapshots hold secrets, so only the owner may read the file.
    pub(crate) fn create(path: PathBuf) -> Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = path.with_file_name(name);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)
            .with_context(|| format!("cannot write {}", partial.display()))?;
        Ok(Self {
            path,
            partial,
            writer: BufWriter::with_capacity(1 << 20, file),
        })
    }

    /// Appends a piece.
    pub(crate) fn write(&mut self, chunk: &[u8]) -> std::io::Result<()> {
        self.writer.write_all(chunk).map_err(|error| {
            std::io::Error::new(
                error.kind(),
                format!("cannot write {}: {error}", self.partial.display()),
            )
        })
    }

    /// Completes the file under its own name.
    pub(crate) fn finish(mut self) -> Result<PathBuf> {
        let path = self.path.clone();
        self.writer
            .flush()
            .with_context(|| format!("cannot write {}", self.partial.display()))?;
        fs::rename(&self.partial, &path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for SnapshotFile {
    fn drop(&mut self) {
        // After `finish` there is nothing under this name any more.
        drop(fs::remove_file(&self.partial));
    }
}

/// Keeps the readings as the JSON report has them.
pub(crate) fn save_samples(folder: &Path, diagnosis: &Diagnosis) -> Result<()> {
    let path = folder.join("diagnosis.json");
    fs::write(&path, stanch_report::json(diagnosis))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Makes a folder that only its owner can look into, unless it is there already.
pub(crate) fn private_folder(folder: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))
}
