//! A script's text into lines: positions as V8 counts them to byte offsets and back.

use std::sync::{Arc, OnceLock};

use oxc_semantic::Stats;
use stanch_leak_patterns::Place;

/// A position in a script, the way V8 and source maps count: line and column from 0, the column
/// in UTF-16 units. The derived order is the order in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, counted from 0.
    pub line: u32,
    /// The column in UTF-16 units, counted from 0.
    pub column: u32,
}

impl Position {
    /// A position from a line and a column that both count from 0.
    pub fn new(line: u32, column: u32) -> Self {
        Self { line, column }
    }

    /// The same position in a named file, counted from 1 as editors do.
    pub fn place(self, file: impl Into<String>) -> Place {
        Place {
            file: file.into(),
            line: self.line + 1,
            column: self.column + 1,
        }
    }
}

impl From<&Place> for Position {
    fn from(place: &Place) -> Self {
        Self {
            line: place.line.saturating_sub(1),
            column: place.column.saturating_sub(1),
        }
    }
}

/// A stretch of a script: byte offsets into [`SourceText::text`], and the same as positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Extent {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
    /// The position of the first byte.
    pub from: Position,
    /// The position after the last byte.
    pub to: Position,
}

impl Extent {
    /// The line it starts on, counted from 1.
    pub fn line(&self) -> u32 {
        self.from.line + 1
    }

    /// The column it starts at in UTF-16 units, counted from 1.
    pub fn column(&self) -> u32 {
        self.from.column + 1
    }

    /// Whether the other stretch lies inside this one.
    pub fn contains(&self, other: &Extent) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// A script's path and text with a table of its lines.
///
/// A byte order mark is taken off: Node does so before V8 counts columns. Add
/// [`SourceText::mark_bytes`] to an offset to get the offset in the file. Lines end at LF, CR,
/// CRLF, U+2028 and U+2029, which is V8's rule. A hashbang line counts as a line. CommonJS modules
/// need no correction: Node compiles them as functions without a textual wrapper.
#[derive(Debug, Clone)]
pub struct SourceText(Arc<Content>);

#[derive(Debug)]
struct Content {
    path: String,
    text: String,
    /// Asked for only where something is found.
    line_starts: OnceLock<Vec<u32>>,
    mark_bytes: u32,
    ascii: bool,
    /// How many nodes and names it has, once it was parsed.
    stats: OnceLock<Stats>,
}

const BYTE_ORDER_MARK: &str = "\u{feff}";

impl Default for SourceText {
    /// An empty text of no file.
    fn default() -> Self {
        Self::new("", "")
    }
}

impl SourceText {
    /// Takes a script's path (or URL; its extension decides the dialect) and its text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        let mut mark_bytes = 0;
        if text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len());
            mark_bytes = BYTE_ORDER_MARK.len() as u32;
        }
        let ascii = text.is_ascii();
        Self(Arc::new(Content {
            path: path.into(),
            text,
            line_starts: OnceLock::new(),
            mark_bytes,
            ascii,
            stats: OnceLock::new(),
        }))
    }

    fn line_starts(&self) -> &[u32] {
        let starts = || line_starts(&self.0.text);
        self.0.line_starts.get_or_init(starts)
    }

    pub(crate) fn stats(&self) -> Option<Stats> {
        self.0.stats.get().copied()
    }

    pub(crate) fn remember(&self, stats: Stats) {
        self.0.stats.get_or_init(|| stats);
    }

    /// Whether it is the very same text, not only an equal one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The path or URL it was given with.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The text without its byte order mark.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Bytes the byte order mark took in the file: 3 or 0.
    pub fn mark_bytes(&self) -> u32 {
        self.0.mark_bytes
    }

    /// How many lines there are; an empty text has one.
    pub fn line_count(&self) -> u32 {
        self.line_starts().len() as u32
    }

    /// The text of a line counted from 0, without its terminator; `None` past the end.
    pub fn line(&self, line: u32) -> Option<&str> {
        let start = *self.line_starts().get(line as usize)? as usize;
        let end = self
            .line_starts()
            .get(line as usize + 1)
            .map_or(self.0.text.len(), |end| *end as usize);
        let text = self.0.text.get(start..end)?;
        Some(text.trim_end_matches(['\n', '\r', '\u{2028}', '\u{2029}']))
    }

    /// The byte offset of a position. A column past the line's end gives the line's end; a line
    /// past the last gives `None`. A column inside a surrogate pair gives the pair's start.
    pub fn offset(&self, position: Position) -> Option<u32> {
        let start = *self.line_starts().get(position.line as usize)?;
        let line = self.line(position.line)?;
        if self.0.ascii {
            return Some(start + position.column.min(line.len() as u32));
        }
        let mut units = 0;
        for (bytes, character) in line.char_indices() {
            units += character.len_utf16() as u32;
            if units > position.column {
                return Some(start + bytes as u32);
            }
        }
        Some(start + line.len() as u32)
    }

    /// The position of a byte offset; an offset past the end gives the end.
    pub fn position(&self, offset: u32) -> Position {
        let offset = offset.min(self.0.text.len() as u32);
        let line = self.line_starts().partition_point(|start| *start <= offset) - 1;
        let start = self.line_starts()[line];
        let column = if self.0.ascii {
            offset - start
        } else {
            utf16_units(&self.0.text, start as usize, offset as usize)
        };
        Position {
            line: line as u32,
            column,
        }
    }

    /// Two byte offsets as an extent.
    pub fn extent(&self, start: u32, end: u32) -> Extent {
        Extent {
            start,
            end,
            from: self.position(start),
            to: self.position(end),
        }
    }

    /// The text between two byte offsets; empty where they do not cut the text at characters.
    pub fn slice(&self, start: u32, end: u32) -> &str {
        self.0
            .text
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }
}

fn utf16_units(text: &str, start: usize, mut end: usize) -> u32 {
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let units: usize = text[start..end].chars().map(char::len_utf16).sum();
    units as u32
}

fn line_starts(text: &str) -> Vec<u32> {
    let bytes = text.as_bytes();
    let mut starts = vec![0];
    for index in memchr::memchr3_iter(b'\n', b'\r', 0xE2, bytes) {
        let next = match bytes[index] {
            b'\n' => index + 1,
            b'\r' if bytes.get(index + 1) != Some(&b'\n') => index + 1,
            // U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
            0xE2 if matches!(
                bytes.get(index + 1..index + 3),
                Some([0x80, 0xA8] | [0x80, 0xA9])
            ) =>
            {
                index + 3
            }
            _ => continue,
        };
        starts.push(next as u32);
    }
    starts
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn check(text: &str, line: u32, column: u32, rest: &str) {
        let source = SourceText::new("a.js", text);
        let position = Position::new(line, column);
        let offset = source.offset(position).unwrap();
        assert!(
            source.text()[offset as usize..].starts_with(rest),
            "{:?} does not start with {rest:?}",
            &source.text()[offset as usize..]
        );
        assert_eq!(source.position(offset), position);
    }

    #[test]
    fn positions_and_offsets_agree() {
        check("let a;\nlet b;", 1, 4, "b;");
        check("let a;\r\nlet b;", 1, 4, "b;");
        check("let a;\rlet b;", 1, 4, "b;");
        check("let a;\u{2028}let b;", 1, 4, "b;");
        check("\u{feff}let a;", 0, 4, "a;");
        check("#!/usr/bin/env node\nlet a;", 1, 4, "a;");
        check("let s = '😀é', b;", 0, 15, "b;");
    }

    #[test]
    fn what_lies_past_the_end() {
        let source = SourceText::new("a.js", "ab\n");
        assert_eq!(source.offset(Position::new(0, 9)), Some(2));
        assert_eq!(source.offset(Position::new(1, 0)), Some(3));
        assert_eq!(source.offset(Position::new(2, 0)), None);
        assert_eq!(source.position(99), Position::new(1, 0));
        assert_eq!(source.line(0), Some("ab"));
        assert_eq!(source.line_count(), 2);
    }

    #[test]
    fn the_mark_is_counted_for_edits_only() {
        let source = SourceText::new("a.js", "\u{feff}x");
        assert_eq!((source.text(), source.mark_bytes()), ("x", 3));
    }

    #[test]
    fn places_count_from_one() {
        let position = Position::new(1, 6);
        let place = position.place("a.js");
        assert_eq!(place.to_string(), "a.js:2:7");
        assert_eq!(Position::from(&place), position);
    }
}
