//! The exit codes that scripts rely on.

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing was found, or nothing was asked to be found.
    Clean,
    /// A leak.
    Found,
    /// Bad usage, or it could not be done.
    Failed,
    /// Not enough data to decide.
    Undecided,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The process's exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Found => 1,
            Self::Failed => 2,
            Self::Undecided => 3,
            Self::Interrupted => 130,
        }
    }
}
