//! All strings of a snapshot in one text, by number.

use std::collections::HashMap;

/// The number of a string in a snapshot's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StringId(
    /// Position in the `strings` section.
    pub u32,
);

/// The string table: one text and the place where each string ends in it.
///
/// JavaScript strings may hold half of a surrogate pair, which no `str` can. Such a half reads as
/// U+FFFD here, as it does on a screen; [`Strings::utf16`] has the original.
#[derive(Debug, Clone, Default)]
pub struct Strings {
    text: String,
    ends: Vec<u64>,
    /// Strings with half a surrogate pair, as they were.
    halves: HashMap<u32, Box<[u16]>>,
}

impl Strings {
    /// Number of strings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no strings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The string with this number; empty if there is none, which no checked column refers to.
    #[must_use]
    pub fn get(&self, id: StringId) -> &str {
        let at = id.0 as usize;
        let Some(&end) = self.ends.get(at) else {
            return "";
        };
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start as usize..end as usize]
    }

    /// The UTF-16 units of a string that holds half a surrogate pair; `None` for all others.
    #[must_use]
    pub fn utf16(&self, id: StringId) -> Option<&[u16]> {
        self.halves.get(&id.0).map(AsRef::as_ref)
    }

    /// The strings in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (StringId, &str)> {
        (0..self.ends.len() as u32).map(|id| (StringId(id), self.get(StringId(id))))
    }

    /// Appends a string and gives its number.
    pub fn push(&mut self, text: &str) -> StringId {
        self.text.push_str(text);
        self.ends.push(self.text.len() as u64);
        StringId(self.ends.len() as u32 - 1)
    }

    /// Appends a string that holds half a surrogate pair.
    pub fn push_utf16(&mut self, units: &[u16]) -> StringId {
        let id = self.push(&String::from_utf16_lossy(units));
        self.halves.insert(id.0, units.into());
        id
    }
}
