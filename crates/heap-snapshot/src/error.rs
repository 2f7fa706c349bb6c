//! What can be wrong with the bytes of a snapshot, with the place and what was expected there.

use std::fmt;

use crate::Foreign;

/// Why bytes could not be read as a heap snapshot. Offsets count bytes from the start of the input.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// There were no bytes, or only white space.
    #[error("the file is empty; expected a heap snapshot")]
    Empty,
    /// The input is something else.
    #[error("this is no heap snapshot: {what} (byte {offset})")]
    NotASnapshot {
        /// What it is instead.
        what: Foreign,
        /// Where that showed.
        offset: u64,
    },
    /// The input ends before the snapshot does.
    #[error("the snapshot is cut off at byte {offset}, in {section}: expected {expected}")]
    Truncated {
        /// Length of the input.
        offset: u64,
        /// The part that was being read.
        section: Section,
        /// What should have come next.
        expected: &'static str,
    },
    /// A byte that cannot stand where it stands.
    #[error("byte {offset}, in {section}: expected {expected}, found {}", Shown(*found))]
    Unexpected {
        /// Where the byte is.
        offset: u64,
        /// The part that was being read.
        section: Section,
        /// What should have stood there.
        expected: &'static str,
        /// The byte.
        found: u8,
    },
    /// The `snapshot` section does not describe a layout this reader can follow.
    #[error("byte {offset}, in the snapshot section: {problem}")]
    Header {
        /// End of the section.
        offset: u64,
        /// What is missing or wrong.
        problem: String,
    },
    /// A number refers to something that is not there.
    #[error("byte {offset}, in {section}: {field} is {value}, expected {expected}")]
    Reference {
        /// Just behind the row with the number.
        offset: u64,
        /// The part the number stands in.
        section: Section,
        /// The field's name.
        field: &'static str,
        /// The number.
        value: u64,
        /// What it should have been.
        expected: String,
    },
    /// A section does not hold as many rows as announced.
    #[error("byte {offset}: {announced_by} announces {announced} {section}, found {found}")]
    Count {
        /// Where the input ends.
        offset: u64,
        /// The part with too many or too few rows.
        section: Section,
        /// Who announced the number.
        announced_by: &'static str,
        /// Rows announced.
        announced: u64,
        /// Rows found.
        found: u64,
    },
    /// A section that every snapshot has is not there, or not where it has to be.
    #[error("byte {offset}: expected {expected}")]
    Missing {
        /// Where its absence showed.
        offset: u64,
        /// What is missing.
        expected: &'static str,
    },
    /// More than this reader's columns can number.
    #[error("byte {offset}: more {section} than the {limit} this reader can number")]
    TooMany {
        /// Where the limit was passed.
        offset: u64,
        /// What there is too much of.
        section: Section,
        /// The most there can be.
        limit: u64,
    },
    /// Whoever watched the reading broke it off.
    #[error("reading the snapshot was stopped at byte {offset}")]
    Stopped {
        /// Bytes read before.
        offset: u64,
    },
    /// The bytes could not be had.
    #[error("reading the snapshot failed at byte {offset}")]
    Read {
        /// Bytes read before.
        offset: u64,
        /// What the source said.
        #[source]
        source: std::io::Error,
    },
}

impl SnapshotError {
    /// Where the input is wrong, in bytes from its start; its end if something is missing.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::NotASnapshot { offset, .. }
            | Self::Truncated { offset, .. }
            | Self::Unexpected { offset, .. }
            | Self::Header { offset, .. }
            | Self::Reference { offset, .. }
            | Self::Count { offset, .. }
            | Self::Missing { offset, .. }
            | Self::TooMany { offset, .. }
            | Self::Stopped { offset }
            | Self::Read { offset, .. } => *offset,
        }
    }
}

/// A part of a snapshot file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The object that holds the others.
    Outermost,
    /// `snapshot`: layout and counts.
    Header,
    /// `nodes`
    Nodes,
    /// `edges`
    Edges,
    /// `locations`
    Locations,
    /// `strings`
    Strings,
    /// A section this reader steps over.
    Skipped,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Outermost => "the outermost object",
            Self::Header => "the snapshot section",
            Self::Nodes => "nodes",
            Self::Edges => "edges",
            Self::Locations => "locations",
            Self::Strings => "strings",
            Self::Skipped => "a section of no interest here",
        })
    }
}

/// A byte as an error message shows it.
struct Shown(u8);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_ascii_graphic() {
            write!(f, "`{}`", char::from(self.0))
        } else {
            write!(f, "byte 0x{:02x}", self.0)
        }
    }
}
