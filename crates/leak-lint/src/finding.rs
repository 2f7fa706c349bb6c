//! What a rule says about a place, in data: reports and editors put it into words and colours.

use stanch_js_source::Extent;
use stanch_leak_patterns::Confidence;

/// Something that leaks, or may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// How sure it is.
    pub confidence: Confidence,
    /// One sentence: what is kept, and why.
    pub message: String,
    /// How it grows, in words: `per request, for the life of the process`.
    pub growth: Option<&'static str>,
    /// The place to look at first.
    pub place: Label,
    /// Further places: the holder, the line that makes it grow, where it would have been released.
    pub labels: Vec<Label>,
    /// Ways out, the best first.
    pub fixes: Vec<Fix>,
}

/// A place and what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub extent: Extent,
    /// A few words, without a full stop.
    pub text: String,
    /// The path of the file that it is in; none for the finding's own.
    pub file: Option<String>,
}

/// A change of the text that ends a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as a command: `Keep the handler in a constant`.
    pub title: String,
    /// What it may change beside the leak.
    pub safety: Safety,
    /// The changes, ascending and without overlap.
    pub edits: Vec<Edit>,
}

/// What a fix may change beside the leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Safety {
    /// Nothing: it may be applied without a look.
    Safe,
    /// Behaviour that a person has to agree to.
    Unsafe,
    /// Shown only.
    Display,
}

/// A part of the text and what takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The first byte that goes.
    pub start: u32,
    /// The first byte that stays.
    pub end: u32,
    /// What comes there.
    pub text: String,
}

impl Label {
    /// A place in the finding's own file.
    pub fn new(extent: Extent, text: impl Into<String>) -> Self {
        Self {
            extent,
            text: text.into(),
            file: None,
        }
    }

    /// A place in another file of the project, by its path.
    pub fn in_file(file: impl Into<String>, extent: Extent, text: impl Into<String>) -> Self {
        Self {
            file: Some(file.into()),
            ..Self::new(extent, text)
        }
    }
}

/// Whether nothing is said yet of the place of a finding by its rule.
pub(crate) fn is_new(findings: &[Finding], finding: &Finding) -> bool {
    findings
        .iter()
        .all(|known| known.rule != finding.rule || known.place.extent != finding.place.extent)
}
