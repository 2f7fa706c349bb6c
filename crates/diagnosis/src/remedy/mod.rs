//! What grows, and the lines that make it grow, into what to do about it: advice, and a patch where it can be one.

use stanch_js_source::{Extent, HolderRef, Position, SourceText};
use stanch_leak_patterns::Pattern;

use crate::model::{Remedy, SiteRole};

/// All that a remedy may look at.
pub(crate) struct Ailment<'a> {
    /// The pattern; none when the shape fits no single one.
    pub(crate) pattern: Option<Pattern>,
    /// The holder's name for people, such as `profiles` or `setInterval`.
    pub(crate) name: &'a str,
    /// The class of the growing object as the heap names it: `Map`, `Array`, `Timeout`, …
    pub(crate) class: &'a str,
    /// The package whose code holds it, `name@version`; then its sources are not ours to change.
    pub(crate) package: Option<&'a str>,
    /// How the sources name the holder, with the text that declares it.
    pub(crate) holder: Option<(&'a HolderRef, &'a SourceText)>,
    /// The lines that make it grow, in the service's own sources.
    pub(crate) causes: Vec<Cause<'a>>,
    /// The variable through which stored functions keep most.
    pub(crate) captured: Option<&'a str>,
    /// Why there is no pattern, or why this one.
    pub(crate) reason: &'a str,
}

/// A line that makes the holder grow.
pub(crate) struct Cause<'a> {
    /// The file as the reader knows it.
    pub(crate) text: &'a SourceText,
    /// The call or assignment.
    pub(crate) extent: Extent,
    pub(crate) role: SiteRole,
    /// The stored function that it hands over, where one was seen in the heap.
    pub(crate) function: Option<Position>,
}

/// The remedy for an ailment.
pub(crate) fn remedy(ailment: &Ailment<'_>) -> Remedy {
    Remedy { summary: ailment.reason.to_owned(), advice: Vec::new(), patch: None }
}
