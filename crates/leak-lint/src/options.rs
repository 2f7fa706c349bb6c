//! What people say of their project, which no text shows: names that the rules take their word for.

use std::collections::BTreeSet;

/// Names from a project's configuration. The default says nothing about any project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Collections that are bounded by what only people know: a variable `routes`, or a field `Registry.routes` or
    /// `this.routes`. What grows there is no finding.
    pub known_bounded: BTreeSet<String>,
    /// Names of variables and fields (`bus`, `this.hub`), of classes (`MessageHub`) or of the functions that make one, which
    /// are emitters that live as long as the process although no text shows it.
    pub emitters: BTreeSet<String>,
    /// Functions, or methods as `Class.method`, that run again and again although nothing in the project calls them so.
    pub hot_functions: BTreeSet<String>,
    /// Ids of rules whose every finding is wanted, also of those that say only what they are sure of ([`On::WhenSure`]).
    ///
    /// [`On::WhenSure`]: crate::On::WhenSure
    pub in_full: BTreeSet<String>,
}

impl Options {
    /// Options that say nothing.
    pub(crate) const NONE: &'static Self = &Self {
        known_bounded: BTreeSet::new(),
        emitters: BTreeSet::new(),
        hot_functions: BTreeSet::new(),
        in_full: BTreeSet::new(),
    };
}
