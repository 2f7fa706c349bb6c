//! Names that a file mentions, as numbers: thousands of files mention a million of them, and all that is asked is whether.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

/// A name as the number that its letters make. Two names share one as seldom as two files share their checksum; then one
/// counts as mentioned where the other is, which keeps a rule silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(u64);

impl Name {
    pub(crate) fn of(name: &str) -> Self {
        let mut hash = FxHasher::default();
        name.hash(&mut hash);
        Self(hash.finish())
    }
}

/// The names that a file mentions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mentioned(Box<[Name]>);

impl Mentioned {
    /// All of these; they may come more than once.
    pub(crate) fn of(mut names: Vec<Name>) -> Self {
        names.sort_unstable();
        names.dedup();
        Self(names.into())
    }

    /// All of these and those, and which of those are not among these.
    pub(crate) fn parted(mut these: Vec<Name>, those: Vec<Name>) -> (Self, Self) {
        if those.is_empty() {
            return (Self::of(these), Self::default());
        }
        let known = Self::of(these.clone());
        these.extend(&those);
        let apart = those.into_iter().filter(|name| !known.has(*name));
        (Self::of(these), Self::of(apart.collect()))
    }

    pub(crate) fn has(&self, name: Name) -> bool {
        self.0.binary_search(&name).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Mentioned, Name};

    #[test]
    fn what_was_mentioned_is_known() {
        let names = ["b", "a", "b", "constructor", ""].map(Name::of);
        let mentioned = Mentioned::of(names.to_vec());
        assert!(
            ["a", "b", "constructor", ""]
                .map(Name::of)
                .iter()
                .all(|name| mentioned.has(*name))
        );
        assert!(!mentioned.has(Name::of("c")));
        assert!(!Mentioned::default().has(Name::of("a")));
    }
}
