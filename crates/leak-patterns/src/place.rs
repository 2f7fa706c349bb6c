//! A place in a source file.

use std::fmt;

/// A file and a position in it, the way editors and stack traces count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, relative to the sources folder where it lies in it, with `/` between folders.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column in UTF-16 units, counted from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
