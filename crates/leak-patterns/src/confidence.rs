//! How sure a statement is, in three words.

use std::fmt;

/// How sure a suspect or a finding is, from weakest to strongest.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Confidence {
    /// Worth a look; other readings are as likely.
    Low,
    /// The likeliest reading, with evidence against the others missing.
    Medium,
    /// Every measure agrees.
    High,
}

impl Confidence {
    /// The word used in reports: `high`, `medium` or `low`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}
