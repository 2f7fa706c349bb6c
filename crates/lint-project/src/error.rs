//! Why a folder could not be linted at all.

use std::path::PathBuf;

use thiserror::Error;

/// Why a folder could not be linted; what is wrong with single files is in the outcome instead.
#[derive(Debug, Error)]
pub enum LintError {
    /// A path of the request does not exist or cannot be looked at.
    #[error("cannot lint {path}: {cause}", path = .path.display())]
    Path {
        /// The path as it was given.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A file that belongs to the project cannot be read or written.
    #[error("cannot {what} {path}: {cause}", path = .path.display())]
    File {
        /// `read` or `write`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The configuration says what it cannot.
    #[error("{path}:{line}:{column}: {message}", path = .path.display())]
    Config {
        /// The configuration's file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What is wrong, and what was probably meant.
        message: String,
    },
    /// Two of the paths have configurations of their own.
    #[error(
        "{one} and {other} both apply: lint their folders one after the other, or name one with --config",
        one = .one.display(), other = .other.display()
    )]
    TwoConfigs {
        /// The configuration of one path.
        one: PathBuf,
        /// The configuration of another.
        other: PathBuf,
    },
    /// The baseline is not one.
    #[error("{path}: {message}; `--add-baseline` writes a new one", path = .path.display())]
    Baseline {
        /// The baseline's file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Git does not say what changed.
    #[error("--since {since}: {message}")]
    Git {
        /// The commit that was named.
        since: String,
        /// What git says.
        message: String,
    },
    /// No threads to work on.
    #[error("cannot start the threads that lint: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}
