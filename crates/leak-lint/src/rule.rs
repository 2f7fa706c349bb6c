//! What a rule is: an id, the pattern it belongs to, its documentation, and the check itself.

use stanch_leak_patterns::Pattern;

use crate::file::File;
use crate::finding::Finding;

/// One thing that leaks, named after what is wrong.
#[derive(Debug)]
pub struct Rule {
    /// The id used in configuration, suppressions and reports, such as `unguarded-pipe`.
    pub id: &'static str,
    /// The pattern it belongs to.
    pub pattern: Pattern,
    /// Whether it runs without being asked for.
    pub on: On,
    /// Its page, in Markdown: what it does, why it leaks, an example, what to use instead, how safe its fix is, what is not
    /// flagged, references.
    pub page: &'static str,
    pub(crate) check: fn(&File<'_, '_>, &mut Vec<Finding>),
}

/// When a rule runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Always.
    Always,
    /// Always, but only what is found with high confidence.
    WhenSure,
    /// When it is selected.
    WhenAsked,
}

impl Rule {
    /// The first sentence of the page: what the rule finds.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        let body = self.page.split_once("\n\n").map_or("", |(_, body)| body);
        body.split_once("\n\n")
            .map_or(body, |(first, _)| first)
            .trim()
    }
}
