//! Bytes into a file that gets its name when it is complete, and is gone if it never is.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};

/// Bytes written at a time.
const PIECE: usize = 1 << 20;

/// The files that are being written in this process.
static OPEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A file that is being written. Heaps hold secrets, so only its owner may read it.
#[derive(Debug)]
pub(crate) struct PartialFile {
    path: PathBuf,
    partial: PathBuf,
    writer: BufWriter<File>,
}

impl PartialFile {
    /// Starts writing, under a name of its own beside `path`.
    pub(crate) fn create(path: PathBuf) -> Result<Self> {
        let is_in_the_way = fs::metadata(&path).is_ok_and(|there| !there.is_file());
        ensure!(
            !is_in_the_way,
            "cannot write {}: it is there already, and no regular file",
            path.display()
        );
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = path.with_file_name(name);
        let mut open = files();
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)
            .with_context(|| format!("cannot write {}", partial.display()))?;
        open.insert(partial.clone());
        Ok(Self {
            path,
            partial,
            writer: BufWriter::with_capacity(PIECE, file),
        })
    }

    /// The name that it will get.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Completes the file under its own name.
    pub(crate) fn finish(self) -> Result<()> {
        finish_all(vec![self])
    }

    fn failed(&self, error: &std::io::Error) -> std::io::Error {
        let sentence = format!("cannot write {}: {error}", self.partial.display());
        std::io::Error::new(error.kind(), sentence)
    }
}

/// Completes files that are good together only: none gets its name before all are written.
pub(crate) fn finish_all(mut files: Vec<PartialFile>) -> Result<()> {
    for file in &mut files {
        file.flush()?;
    }
    for file in &files {
        // Whoever removes what is partial must not do so halfway through this.
        let open = self::files();
        fs::rename(&file.partial, &file.path)
            .with_context(|| format!("cannot write {}", file.path.display()))?;
        drop(open);
    }
    Ok(())
}

/// Removes all files that are being written, for the way out on which nothing is dropped. While the
/// result is kept, no other is begun or completed.
pub(crate) fn remove_all() -> impl Sized {
    let open = files();
    for partial in open.iter() {
        // A file that is gone already is as good.
        drop(fs::remove_file(partial));
    }
    open
}

impl Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.writer
            .write(bytes)
            .map_err(|error| self.failed(&error))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.writer.flush().map_err(|error| self.failed(&error))
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        let mut open = files();
        // After `finish` there is nothing under this name any more.
        drop(fs::remove_file(&self.partial));
        open.remove(&self.partial);
    }
}

/// Nothing panics while it holds the set.
fn files() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::path::Path;

    use super::{PartialFile, finish_all, remove_all};

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn begin(path: &Path) -> Result<PartialFile, Box<dyn std::error::Error>> {
        let mut file = PartialFile::create(path.to_owned())?;
        file.write_all(b"text")?;
        Ok(file)
    }

    /// One test, since the files that are being written are those of the whole process.
    #[test]
    fn a_name_means_a_whole_file() -> Outcome {
        let folder = tempfile::tempdir()?;
        let names = || -> std::io::Result<usize> { Ok(fs::read_dir(folder.path())?.count()) };
        let paths = ["one", "other"].map(|name| folder.path().join(name));

        drop(begin(&paths[0])?);
        assert_eq!(names()?, 0, "what is given up is gone");

        let files = vec![begin(&paths[0])?, begin(&paths[1])?];
        assert!(!paths[0].exists() && !paths[1].exists());
        finish_all(files)?;
        assert_eq!(
            (names()?, fs::read(&paths[1])?.as_slice()),
            (2, &b"text"[..])
        );

        let file = begin(&paths[0])?;
        drop(remove_all());
        assert_eq!(
            names()?,
            2,
            "the interrupted file is gone, the one before it stays"
        );
        assert!(file.finish().is_err(), "nothing is left to be named");

        let in_the_way = folder.path().join("folder");
        fs::create_dir(&in_the_way)?;
        assert!(PartialFile::create(in_the_way).is_err());
        Ok(())
    }
}
