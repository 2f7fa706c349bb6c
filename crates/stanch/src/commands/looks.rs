//! Looks at snapshot files: what an analysis has found, kept for the next look at the same files.
//!
//! What a look needs is some kilobytes, whatever the size of the snapshots. It lies in the user's cache folder, where it
//! may be deleted at any time. An entry counts only for the very files that it was made from, by the very program.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};
use stanch_heap_growth::Growth;

/// The first bytes of an entry; the number is the format's.
const MAGIC: &[u8] = b"stanch analysis 1\n";
/// Bytes of the checksum behind them.
const CHECKSUM: usize = 4;
/// Entries kept; of more the oldest go. Some kilobytes each, and nobody looks at so many heaps in turn.
const ENTRIES: usize = 200;
const EXTENSION: &str = "stanch-analysis";

/// A folder of analyses.
#[derive(Debug)]
pub(crate) struct Looks {
    folder: PathBuf,
}

/// What an analysis was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    files: Vec<Identity>,
    /// Requests between two snapshots, as they were given.
    requests: Option<u64>,
    /// Another build may find something else in the same files.
    program: Identity,
}

/// A file in the state in which it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    path: PathBuf,
    bytes: u64,
    /// Nanoseconds since 1970.
    modified: u128,
}

#[derive(Serialize, Deserialize)]
struct Entry<'a, G> {
    origin: std::borrow::Cow<'a, Origin>,
    growth: G,
}

impl Origin {
    /// None for what cannot be looked at twice: the standard input, a pipe.
    pub(crate) fn of(files: &[PathBuf], requests: Option<u64>) -> Option<Self> {
        let files = files.iter().map(|file| Identity::of(file));
        Some(Self {
            files: files.collect::<Option<_>>()?,
            requests,
            program: Identity::of(&std::env::current_exe().ok()?)?,
        })
    }

    /// The entry's name: the same files in another state replace what was kept of them.
    fn file_name(&self) -> String {
        let mut hash = crc32fast::Hasher::new();
        for file in &self.files {
            hash.update(file.path.as_os_str().as_encoded_bytes());
            hash.update(&[0]);
        }
        let name = self.files.last().and_then(|file| file.path.file_stem());
        let name = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        format!("{name}-{:08x}.{EXTENSION}", hash.finalize())
    }
}

impl Identity {
    fn of(file: &Path) -> Option<Self> {
        let metadata = fs::metadata(file).ok().filter(fs::Metadata::is_file)?;
        let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self {
            path: file.canonicalize().ok()?,
            bytes: metadata.len(),
            modified: modified.as_nanos(),
        })
    }
}

impl Looks {
    /// The folder of the user's caches; none where there is no such folder.
    pub(crate) fn of_user() -> Option<Self> {
        let caches = etcetera::choose_base_strategy().ok()?.cache_dir();
        Some(Self {
            folder: caches.join("stanch"),
        })
    }

    /// What was found the last time, if the files are as they were. Whatever is wrong with an entry, it is as if it were
    /// not there.
    pub(crate) fn kept(&self, origin: &Origin) -> Option<Growth> {
        let bytes = fs::read(self.folder.join(origin.file_name())).ok()?;
        let (checksum, text) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<CHECKSUM>()?;
        if u32::from_le_bytes(*checksum) != crc32fast::hash(text) {
            return None;
        }
        let entry: Entry<'_, Growth> = serde_json::from_slice(text).ok()?;
        (*entry.origin == *origin).then_some(entry.growth)
    }

    /// Keeps what was found. An entry comes to be as a whole or not at all.
    pub(crate) fn keep(&self, origin: &Origin, growth: &Growth) -> Result<()> {
        let text = serde_json::to_vec(&Entry {
            origin: std::borrow::Cow::Borrowed(origin),
            growth,
        })?;
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(MAGIC)?;
            file.write_all(&crc32fast::hash(&text).to_le_bytes())?;
            file.write_all(&text)?;
            file.persist(self.folder.join(origin.file_name()))?;
            self.make_room()
        };
        write().with_context(|| format!("cannot keep the analysis in {}", self.folder.display()))
    }

    /// Removes the oldest entries of too many.
    fn make_room(&self) -> std::io::Result<()> {
        let mut entries: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let path = entry.path();
            if path
                .extension()
                .is_some_and(|extension| extension == EXTENSION)
            {
                entries.push((entry.metadata()?.modified()?, path));
            }
        }
        entries.sort();
        for (_, path) in entries.iter().rev().skip(ENTRIES) {
            match fs::remove_file(path) {
                // Another run was quicker.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                result => result?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a folder that cannot be written fails its test"
)]
mod tests {
    use super::*;

    fn growth(bytes: u64) -> Growth {
        Growth {
            newcomer_bytes: bytes,
            scripts: vec!["file:///srv/app.js".to_owned()],
            ..Growth::default()
        }
    }

    /// A cache, and a snapshot file with what it is known by.
    fn cache() -> (tempfile::TempDir, Looks, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.heapsnapshot");
        fs::write(&file, "one").unwrap();
        let looks = Looks {
            folder: folder.path().join("cache"),
        };
        (folder, looks, file)
    }

    fn bytes(looks: &Looks, file: &Path) -> Option<u64> {
        let origin = Origin::of(&[file.to_owned()], None)?;
        looks.kept(&origin).map(|growth| growth.newcomer_bytes)
    }

    #[test]
    fn only_the_same_files_are_looked_at_again() {
        let (_folder, looks, file) = cache();
        assert_eq!(bytes(&looks, &file), None);
        let origin = Origin::of(std::slice::from_ref(&file), None).unwrap();
        looks.keep(&origin, &growth(7)).unwrap();
        assert_eq!(bytes(&looks, &file), Some(7));
        let other = Origin::of(&[file.clone(), file.clone()], None).unwrap();
        assert!(looks.kept(&other).is_none(), "other files");
        let asked = Origin::of(std::slice::from_ref(&file), Some(5)).unwrap();
        assert!(looks.kept(&asked).is_none(), "another question");
        fs::write(&file, "changed").unwrap();
        assert_eq!(bytes(&looks, &file), None, "the file has changed");
        let changed = Origin::of(std::slice::from_ref(&file), None).unwrap();
        looks.keep(&changed, &growth(8)).unwrap();
        assert_eq!(fs::read_dir(&looks.folder).unwrap().count(), 1);
        assert_eq!(bytes(&looks, &file), Some(8));
    }

    #[test]
    fn a_damaged_entry_is_none() {
        let (_folder, looks, file) = cache();
        let origin = Origin::of(std::slice::from_ref(&file), None).unwrap();
        looks.keep(&origin, &growth(7)).unwrap();
        let entry = looks.folder.join(origin.file_name());
        let whole = fs::read(&entry).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&entry, &damaged).unwrap();
            assert_eq!(bytes(&looks, &file), None, "byte {at}");
            fs::write(&entry, &whole[..at]).unwrap();
            assert_eq!(bytes(&looks, &file), None, "cut at {at}");
        }
        fs::write(&entry, &whole).unwrap();
        assert_eq!(bytes(&looks, &file), Some(7));
    }

    #[test]
    fn old_entries_make_room() {
        let (folder, looks, _) = cache();
        for number in 0..ENTRIES + 3 {
            let file = folder.path().join(format!("{number}.heapsnapshot"));
            fs::write(&file, "").unwrap();
            let origin = Origin::of(&[file], None).unwrap();
            looks.keep(&origin, &growth(1)).unwrap();
        }
        assert_eq!(fs::read_dir(&looks.folder).unwrap().count(), ENTRIES);
    }

    #[test]
    fn what_cannot_be_read_twice_is_not_kept() {
        assert_eq!(Origin::of(&[PathBuf::from("-")], None), None);
        assert_eq!(Origin::of(&[PathBuf::from("/dev/stdin")], None), None);
    }
}
