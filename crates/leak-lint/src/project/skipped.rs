//! Pairs of calls of all files into which functions are not called where something fails after another one.

use stanch_js_source::Value;

use super::meaning::Site;
use super::names::Key;
use super::part::Index;
use super::view::View;
use super::{FileIndex, Project};

/// The pairs of one file: a function that is waited for, and what the same code calls later if nothing fails.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Skipped(Vec<(Key, Key)>);

impl Skipped {
    pub(super) fn of(view: View<'_>, file: FileIndex) -> Self {
        let function = |callee: &Value| Some(view.key(view.function(file, callee)?));
        let pairs = view.own(file).skipped.iter();
        let pairs =
            pairs.filter_map(|pair| Some((function(&pair.first)?, function(&pair.second)?)));
        Self(pairs.collect())
    }

    pub(super) fn add_to(&self, all: &mut Index<Key, Key>, file: FileIndex) {
        for (first, second) in &self.0 {
            all.add(file, first, *second);
        }
    }

    pub(super) fn take_from(&self, all: &mut Index<Key, Key>, file: FileIndex) {
        for (first, _) in &self.0 {
            all.remove(file, first);
        }
    }
}

impl Project {
    /// Whether callers of a function call another later, and do not where something fails in between.
    pub(crate) fn is_skipped_after(&self, first: Site, second: Site) -> bool {
        let second = self.view().key(second);
        let later = self.skipped.get(&self.view().key(first));
        later.iter().any(|(_, later)| *later == second)
    }
}
