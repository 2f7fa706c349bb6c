//! Strings that name one half of a WeakMap entry, into the map's id and the entry.
//!
//! V8 writes the value of a WeakMap entry twice, as a reference from the key and as one from the
//! map's table, under names that differ in a leading number only:
//! `7 / part of key (K @5) -> value (V @9) pair in WeakMap (table @3)`.

use rustc_hash::{FxHashMap, FxHashSet};
use stanch_heap_snapshot::{Snapshot, StringId};

use crate::bits::Bits;

/// The pair names among a snapshot's strings.
#[derive(Debug, Default)]
pub(crate) struct WeakPairs {
    /// Most strings are none; this keeps the map out of the way.
    known: Bits,
    pairs: FxHashMap<u32, WeakPair>,
    /// Numbers of entries, by the part of the name that both halves share.
    entries: FxHashMap<Box<str>, u32>,
}

/// What a pair name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WeakPair {
    /// Id of the map's table.
    pub(crate) table: u64,
    /// The same number for both halves of an entry.
    pub(crate) entry: u32,
}

impl WeakPairs {
    /// No pairs among so many strings.
    pub(crate) fn new(strings: usize) -> Self {
        Self {
            known: Bits::new(strings),
            ..Self::default()
        }
    }

    /// Adds a string, if it names a pair.
    pub(crate) fn add(&mut self, id: StringId, text: &str) {
        let Some((entry, table)) = parse(text) else {
            return;
        };
        let next = self.entries.len() as u32;
        let entry = *self.entries.entry(entry.into()).or_insert(next);
        self.known.insert(id.0);
        self.pairs.insert(id.0, WeakPair { table, entry });
    }

    /// The pair a string names.
    #[inline]
    pub(crate) fn get(&self, id: StringId) -> Option<WeakPair> {
        if self.known.has(id.0) {
            self.pairs.get(&id.0).copied()
        } else {
            None
        }
    }

    /// The nodes with the id of a table, as bits; none if no string names a pair.
    pub(crate) fn tables(&self, snapshot: &Snapshot) -> Option<Bits> {
        if self.pairs.is_empty() {
            return None;
        }
        let ids: FxHashSet<u64> = self.pairs.values().map(|pair| pair.table).collect();
        let mut tables = Bits::new(snapshot.node_count());
        let nodes = (0..snapshot.node_count() as u32)
            .filter(|node| ids.contains(&snapshot.nodes().id(*node)));
        nodes.for_each(|node| tables.insert(node));
        Some(tables)
    }
}

/// Splits a pair name into the part both halves share and the id of the table.
fn parse(name: &str) -> Option<(&str, u64)> {
    let shared = name.trim_start_matches(|c: char| c.is_ascii_digit());
    if shared.len() == name.len() {
        return None;
    }
    let rest = shared.strip_prefix(" / part of key (")?.strip_suffix(')')?;
    let (rest, table) = trailing_id(rest)?;
    let rest = rest.strip_suffix(") pair in WeakMap (table")?;
    let (key_and_value, _) = trailing_id(rest)?;
    let breaks = ['\n', '\r', '\u{2028}', '\u{2029}'];
    if key_and_value.contains(breaks) || !has_arrow(key_and_value) {
        return None;
    }
    Some((shared, table))
}

/// Cuts ` @N` off the end.
fn trailing_id(text: &str) -> Option<(&str, u64)> {
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
    // Digits past 64 bits are an id that no node has.
    let id = match &text[before.len()..] {
        "" => return None,
        digits => digits.parse().unwrap_or(u64::MAX),
    };
    Some((before.strip_suffix(" @")?, id))
}

/// Whether a key with its id and the start of a value stand in the text.
fn has_arrow(text: &str) -> bool {
    text.match_indices(") -> value (")
        .any(|(at, _)| trailing_id(&text[..at]).is_some())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_whole_pair_names_count() {
        let check = |name: &str, table: Option<u64>| {
            assert_eq!(parse(name).map(|(_, table)| table), table, "{name:?}");
        };
        let tail = "pair in WeakMap (table @3)";
        check(
            &format!("7 / part of key (K @5) -> value (V @9) {tail}"),
            Some(3),
        );
        check(
            &format!("7 / part of key ( @5) -> value ( @9) {tail}"),
            Some(3),
        );
        check(
            &format!("7 / part of key (a) -> value (K @5) -> value (V @9) {tail}"),
            Some(3),
        );
        check(
            &format!("12 / part of key (é @5) -> value (V\u{b} @9) {tail}"),
            Some(3),
        );
        check(
            &format!(" / part of key (K @5) -> value (V @9) {tail}"),
            None,
        );
        check(
            &format!("x7 / part of key (K @5) -> value (V @9) {tail}"),
            None,
        );
        check(
            &format!("7 / part of key (K @) -> value (V @9) {tail}"),
            None,
        );
        check(&format!("7 / part of key (K @5) -> value (V) {tail}"), None);
        check(
            &format!("7 / part of key (K @5) -> value (V @9) {tail}."),
            None,
        );
        for line_break in ["\n", "\r", "\u{2028}", "\u{2029}"] {
            check(
                &format!("7 / part of key (K @5) -> value (V{line_break} @9) {tail}"),
                None,
            );
            check(
                &format!("7 / part of key (K{line_break} @5) -> value (V @9) {tail}"),
                None,
            );
        }
    }

    #[test]
    fn both_halves_share_all_but_the_number() {
        let half = |number| {
            format!("{number} / part of key (K @5) -> value (V @9) pair in WeakMap (table @3)")
        };
        let (key, table) = (half(7), half(12));
        assert_eq!(parse(&key), parse(&table));
        assert_ne!(parse(&key), None);
    }
}
