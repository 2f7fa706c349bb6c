//! The six leak patterns and their ids: the one vocabulary of the live half and the static half.

use std::fmt;
use std::str::FromStr;

/// One of the six ways in which a Node service keeps what it no longer needs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Pattern {
    /// Entries of a Map, Set, object, memoizer or session store.
    UnboundedCache,
    /// Handlers on a long-lived emitter or EventTarget.
    UnremovedListener,
    /// Big values kept by a small closure that lives long.
    ClosureCapture,
    /// Streams, sockets, descriptors and their buffers, never destroyed.
    UnclosedStream,
    /// Timers never cleared, promises never settled.
    PendingAsync,
    /// Request, response or error records in an array or a string.
    UnboundedLog,
}

/// Text that is none of the six pattern ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPattern(
    /// The text as it was given.
    pub String,
);

impl Pattern {
    /// All six, in the order in which documents list them.
    pub const ALL: [Self; 6] = [
        Self::UnboundedCache,
        Self::UnremovedListener,
        Self::ClosureCapture,
        Self::UnclosedStream,
        Self::PendingAsync,
        Self::UnboundedLog,
    ];

    /// The id used in reports, rules, file names and on the command line.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::UnboundedCache => "unbounded-cache",
            Self::UnremovedListener => "unremoved-listener",
            Self::ClosureCapture => "closure-capture",
            Self::UnclosedStream => "unclosed-stream",
            Self::PendingAsync => "pending-async",
            Self::UnboundedLog => "unbounded-log",
        }
    }

    /// What accumulates, as the end of the sentence "It keeps …".
    #[must_use]
    pub const fn accumulates(self) -> &'static str {
        match self {
            Self::UnboundedCache => "entries that nothing ever evicts",
            Self::UnremovedListener => "handlers that nothing ever removes",
            Self::ClosureCapture => "values that only a stored closure still refers to",
            Self::UnclosedStream => "streams or sockets that nothing ever destroys",
            Self::PendingAsync => "timers or promises that never end",
            Self::UnboundedLog => "records that nothing ever drops",
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl FromStr for Pattern {
    type Err = UnknownPattern;

    fn from_str(text: &str) -> Result<Self, UnknownPattern> {
        Self::ALL
            .into_iter()
            .find(|pattern| pattern.id() == text)
            .ok_or_else(|| UnknownPattern(text.to_owned()))
    }
}

impl fmt::Display for UnknownPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no leak pattern; the six are ", self.0)?;
        for (index, pattern) in Pattern::ALL.into_iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{pattern}")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownPattern {}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn every_id_parses_back_to_its_pattern() {
        for pattern in Pattern::ALL {
            assert_eq!(pattern.id().parse(), Ok(pattern));
        }
    }

    #[test]
    fn an_unknown_id_names_the_six() {
        let message = match "cache".parse::<Pattern>() {
            Ok(pattern) => format!("parsed as {pattern}"),
            Err(error) => error.to_string(),
        };
        assert!(message.starts_with("`cache` is no leak pattern; the six are unbounded-cache, "));
    }
}
