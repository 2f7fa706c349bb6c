//! A path, or `-`, into the bytes of a snapshot: as they are, or decompressed while they are read.
//!
//! What a file is its first bytes say, whatever its name.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, ErrorKind, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use flate2::bufread::MultiGzDecoder;
use stanch_heap_snapshot::SnapshotError;

/// Bytes of a compressed file that are read at a time; larger reads go past the buffer.
const PIECE: usize = 128 << 10;
/// Half of what the formats begin with tells them apart: a snapshot begins with `{`.
const START: u64 = 2;
/// Bytes that are read to see whether bad text comes from bad compressed data.
const LOOK_AHEAD: u64 = 1 << 30;
/// `zstd --ultra --long=31`: the largest window there is, as a power of two. Its memory is taken only
/// as far as the data fill it.
const LARGEST_WINDOW: u32 = 31;

/// The bytes of a snapshot.
pub(crate) struct Input {
    name: String,
    length: Option<u64>,
    taken: Taken,
    format: Format,
    bytes: Box<dyn Read + Send>,
}

/// How many bytes of the file were taken so far: compressed ones, where it is compressed.
#[derive(Clone, Default)]
pub(crate) struct Taken(Arc<AtomicU64>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Plain,
    Gzip,
    Zstd,
}

impl Input {
    /// Opens the file, or the standard input for `-`, and looks at its first bytes.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            let name = "the standard input".to_owned();
            // Past the buffer of `std`, which is smaller than what is read here at a time.
            let file = io::stdin().as_fd().try_clone_to_owned();
            return file
                .and_then(|file| Self::of(File::from(file), name))
                .context("cannot read the standard input");
        }
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
        Self::of(file, name).with_context(|| format!("cannot read {}", path.display()))
    }

    fn of(mut file: File, name: String) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let length = metadata.is_file().then_some(metadata.len());
        let mut start = Vec::new();
        (&mut file).take(START).read_to_end(&mut start)?;
        let format = Format::of(&start);
        let taken = Taken::default();
        let metered = Metered {
            bytes: BufReader::with_capacity(PIECE, Cursor::new(start).chain(file)),
            taken: taken.clone(),
        };
        let bytes: Box<dyn Read + Send> = match format {
            Format::Plain => Box::new(metered),
            Format::Gzip => Box::new(MultiGzDecoder::new(metered)),
            Format::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(metered)?;
                decoder.window_log_max(LARGEST_WINDOW)?;
                Box::new(decoder)
            }
        };
        Ok(Self {
            name,
            length,
            taken,
            format,
            bytes,
        })
    }

    /// What messages call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Bytes that there are to be [taken](Self::taken), where that is known.
    pub(crate) const fn length(&self) -> Option<u64> {
        self.length
    }

    /// Bytes of the text, where that is known: not of what is still to be decompressed.
    pub(crate) fn text_length(&self) -> Option<u64> {
        self.length.filter(|_| self.format == Format::Plain)
    }

    /// Tells how far reading is, also while somebody else has the input.
    pub(crate) fn taken(&self) -> Taken {
        self.taken.clone()
    }

    /// What a failed reading comes from: text may be no snapshot because the compressed data are damaged,
    /// which shows only at the checksum behind them.
    pub(crate) fn blame(&mut self, error: SnapshotError) -> anyhow::Error {
        let is_text = self.format != Format::Plain && !matches!(error, SnapshotError::Read { .. });
        let rest = is_text.then(|| io::copy(&mut self.take(LOOK_AHEAD), &mut io::sink()));
        match rest {
            Some(Err(damage)) => damage.into(),
            _ => error.into(),
        }
    }

    /// An error of the decoder as a sentence that says where in the file it is.
    fn explain(&self, error: io::Error) -> io::Error {
        let is_of_the_system = error.raw_os_error().is_some();
        if self.format == Format::Plain
            || is_of_the_system
            || error.kind() == ErrorKind::Interrupted
        {
            return error;
        }
        let (format, at) = (self.format, self.taken.bytes());
        let sentence = if error.kind() == ErrorKind::UnexpectedEof {
            format!("the {format} data are cut off at byte {at} of the compressed input")
        } else {
            format!(
                "the {format} data are damaged before byte {at} of the compressed input: {error}"
            )
        };
        io::Error::new(error.kind(), sentence)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buffer).map_err(|error| self.explain(error))
    }
}

impl Taken {
    /// Their number.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Format {
    fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b] => Self::Gzip,
            // A frame, or a skippable one as parallel compressors put first.
            [0x28, 0xb5] | [0x50..=0x5f, 0x2a] => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// A file that counts what is taken from it, not what was read ahead.
struct Metered {
    bytes: BufReader<Chain<Cursor<Vec<u8>>, File>>,
    taken: Taken,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        self.taken.add(count);
        Ok(count)
    }
}

impl BufRead for Metered {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.bytes.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.bytes.consume(count);
        self.taken.add(count);
    }
}
