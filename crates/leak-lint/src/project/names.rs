//! The places of a text that is being edited into names that stay.
//!
//! A function is known by the byte where it starts, and every letter typed above it moves that byte. What other files have
//! found out about it is kept under a name instead, which edits in front of it and behind it leave alone.

use stanch_js_source::SourceText;

use super::FileIndex;

/// A function, class or literal of the project by a name that outlives edits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) file: FileIndex,
    pub(super) name: u64,
}

/// What the bytes of one version of a text are called. No two have one name, and no name comes back for another byte.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// Ascending, the first at byte 0.
    runs: Vec<Run>,
    /// The first name that was never given.
    next: u64,
}

/// Bytes whose names follow each other, up to the next run.
#[derive(Debug, Clone, Copy)]
struct Run {
    from: u32,
    name: u64,
}

impl Run {
    fn at(self, byte: u32) -> u64 {
        self.name + u64::from(byte - self.from)
    }
}

impl Names {
    /// Names for a text that nobody has edited: its bytes' numbers.
    pub(super) fn of(text: &SourceText) -> Self {
        Self {
            runs: vec![Run { from: 0, name: 0 }],
            next: text.text().len() as u64 + 1,
        }
    }

    /// The name of a byte.
    pub(super) fn at(&self, byte: u32) -> u64 {
        let after = self.runs.partition_point(|run| run.from <= byte);
        self.runs[after.saturating_sub(1)].at(byte)
    }

    /// Names for the text after an edit: what is the same at both ends keeps its own.
    pub(super) fn after(&self, old: &SourceText, new: &SourceText) -> Self {
        let (old, new) = (old.text().as_bytes(), new.text().as_bytes());
        let before = same(old.iter(), new.iter());
        let behind = same(old[before..].iter().rev(), new[before..].iter().rev());
        let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let (start, old_end, new_end) = (
            byte(before),
            byte(old.len() - behind),
            byte(new.len() - behind),
        );
        let kept = self.runs.partition_point(|run| run.from < start);
        let mut edited = Self {
            runs: self.runs[..kept].to_vec(),
            next: self.next + u64::from(new_end - start) + 1,
        };
        if new_end > start {
            edited.add(start, self.next);
        }
        edited.add(new_end, self.at(old_end));
        let rest = self.runs.iter().filter(|run| run.from > old_end);
        for run in rest {
            edited.add(run.from - old_end + new_end, run.name);
        }
        edited
    }

    fn add(&mut self, from: u32, name: u64) {
        // Letters that are typed one after the other make one run.
        if self.runs.last().is_none_or(|last| last.at(from) != name) {
            self.runs.push(Run { from, name });
        }
    }
}

/// How many bytes are the same before the first that differs.
fn same<'t>(old: impl Iterator<Item = &'t u8>, new: impl Iterator<Item = &'t u8>) -> usize {
    old.zip(new).take_while(|(old, new)| old == new).count()
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use stanch_js_source::SourceText;

    use super::Names;

    /// Edits one text after the other; letters that stay, here those that are not written twice, keep their names.
    #[track_caller]
    fn check(first: &str, edits: &[&str]) {
        let mut source = SourceText::new("a.js", first);
        let mut names = Names::of(&source);
        let mut known: HashMap<u64, u8> = (0..).zip(first.bytes()).collect();
        for edit in edits {
            let edited = SourceText::new("a.js", *edit);
            names = names.after(&source, &edited);
            source = edited;
            let mut now = HashSet::new();
            for (at, letter) in (0..).zip(edit.bytes()) {
                let name = names.at(at);
                assert!(now.insert(name), "{first} {edits:?}: two have one name");
                let before = *known.entry(name).or_insert(letter);
                assert_eq!(before, letter, "{first} {edits:?}: a name came back");
                let stays = edits.iter().all(|edit| edit.bytes().any(|it| it == letter));
                if let Some(first) = first.bytes().position(|it| it == letter)
                    && stays
                {
                    assert_eq!(name, first as u64, "{edits:?}");
                }
            }
        }
    }

    #[test]
    fn what_stays_keeps_its_name() {
        check("abcdef", &["abc1def", "abc12def", "abc12de3f"]);
        check("abcdef", &["adef", "a12def", "12def", "12de"]);
        check("abcdef", &["", "xyz"]);
        check("abcdef", &["0abcdef", "0ab3cdef", "ab3cdef", "ab3cdef4"]);
    }
}
