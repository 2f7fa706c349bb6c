//! First bytes and keys of a file that is no heap snapshot, into what it is instead.

use std::fmt;

/// What a file is that was taken for a heap snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// `.cpuprofile`: where time went.
    CpuProfile,
    /// `.heapprofile`: sampled allocations.
    SamplingHeapProfile,
    /// Trace events, as Chrome and `--trace-events-enabled` write them.
    Trace,
    /// A JSON object without a `snapshot` section.
    OtherJson,
    /// A JSON array.
    JsonArray,
    /// A web page or other markup, often an error page saved in place of a download.
    Markup,
    /// Compressed with gzip.
    Gzip,
    /// Compressed with Zstandard.
    Zstandard,
    /// A zip archive.
    Zip,
    /// Anything else.
    Unknown,
}

impl Foreign {
    /// Judges by the first byte that is not white space.
    pub(crate) const fn by_first_byte(byte: u8) -> Self {
        match byte {
            b'<' => Self::Markup,
            b'[' => Self::JsonArray,
            0x1f => Self::Gzip,
            0x28 => Self::Zstandard,
            b'P' => Self::Zip,
            _ => Self::Unknown,
        }
    }

    /// Judges by a key of the outermost object, met before any `snapshot` section.
    pub(crate) fn by_key(key: &[u8]) -> Option<Self> {
        match key {
            b"nodes" | b"timeDeltas" | b"startTime" | b"endTime" => Some(Self::CpuProfile),
            b"head" => Some(Self::SamplingHeapProfile),
            b"traceEvents" => Some(Self::Trace),
            _ => None,
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CpuProfile => "it looks like a CPU profile (.cpuprofile)",
            Self::SamplingHeapProfile => "it looks like a sampling heap profile (.heapprofile)",
            Self::Trace => "it looks like a trace event file",
            Self::OtherJson => "it is JSON without a `snapshot` section",
            Self::JsonArray => "it is a JSON array",
            Self::Markup => "it looks like HTML or XML",
            Self::Gzip => "it looks gzip-compressed; decompress it first",
            Self::Zstandard => "it looks zstd-compressed; decompress it first",
            Self::Zip => "it looks like a zip archive; unpack it first",
            Self::Unknown => "it does not start with `{`",
        })
    }
}
