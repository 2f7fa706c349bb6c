//! Files that a run leaves on disk on request, readable by their owner only.

use std::fs;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use stanch_diagnosis::Diagnosis;

use crate::partial::PartialFile;

/// zstd's own default. The process stands still while it writes, and waits for us.
const ZSTD_LEVEL: i32 = 3;

/// A snapshot that is being written: it gets its name when it is complete, and is removed if it never
/// is. A name that ends in `.zst` or `.gz` has it compressed.
pub(crate) enum SnapshotFile {
    Plain(PartialFile),
    Gzip(GzEncoder<PartialFile>),
    Zstd(zstd::Encoder<'static, PartialFile>),
}

impl SnapshotFile {
    /// Starts writing.
    pub(crate) fn create(path: PathBuf) -> Result<Self> {
        let ending = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        let file = PartialFile::create(path)?;
        Ok(match ending.as_ref().and_then(|ending| ending.to_str()) {
            Some("gz") => Self::Gzip(GzEncoder::new(file, Compression::fast())),
            Some("zst") => {
                let mut encoder = zstd::Encoder::new(file, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
            _ => Self::Plain(file),
        })
    }

    /// Appends a piece.
    pub(crate) fn write(&mut self, chunk: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Plain(file) => file.write_all(chunk),
            Self::Gzip(encoder) => encoder.write_all(chunk),
            Self::Zstd(encoder) => encoder.write_all(chunk),
        }
    }

    /// Completes the file under its own name.
    pub(crate) fn finish(self) -> Result<PathBuf> {
        let file = match self {
            Self::Plain(file) => file,
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Zstd(encoder) => encoder.finish()?,
        };
        let path = file.path().to_owned();
        file.finish()?;
        Ok(path)
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
