//! Byte offsets of a text into positions as editors count them, and back.
//!
//! The protocol has lines end at LF, CR and CRLF only, other than JavaScript, and counts columns in UTF-16 units.

use lsp_types::{Position, Range};

/// A text with a table of its lines.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    text: String,
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn of(text: String) -> Self {
        let mut starts = vec![0];
        let bytes = text.as_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            let ends = match byte {
                b'\n' => true,
                b'\r' => bytes.get(at + 1) != Some(&b'\n'),
                _ => false,
            };
            if ends {
                starts.push(at + 1);
            }
        }
        Self { text, starts }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The byte of a position; past a line's end it is the line's end, past the last line the text's.
    pub(crate) fn offset(&self, position: Position) -> usize {
        let line = position.line as usize;
        let Some(start) = self.starts.get(line).copied() else {
            return self.text.len();
        };
        let end = self.starts.get(line + 1).copied();
        let line = &self.text[start..end.unwrap_or(self.text.len())];
        let line = line.trim_end_matches(['\n', '\r']);
        let mut units = 0;
        for (at, character) in line.char_indices() {
            // Inside a surrogate pair it is the pair's start.
            units += character.len_utf16();
            if units > position.character as usize {
                return start + at;
            }
        }
        start + line.len()
    }

    /// The position of a byte.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let before = &self.text[self.starts[line]..offset];
        let column: usize = before.chars().map(char::len_utf16).sum();
        Position::new(number(line), number(column))
    }

    pub(crate) fn range(&self, start: usize, end: usize) -> Range {
        Range::new(self.position(start), self.position(end))
    }

    /// The text with another one in a range.
    pub(crate) fn changed(&self, range: Range, text: &str) -> Self {
        let (start, end) = (self.offset(range.start), self.offset(range.end));
        let (start, end) = (start.min(end), end.max(start));
        Self::of([&self.text[..start], text, &self.text[end..]].concat())
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use lsp_types::{Position, Range};

    use super::Lines;

    fn check(text: &str, (line, column): (u32, u32), rest: &str) {
        let lines = Lines::of(text.to_owned());
        let position = Position::new(line, column);
        let offset = lines.offset(position);
        assert!(text[offset..].starts_with(rest), "{:?}", &text[offset..]);
        assert_eq!(lines.position(offset), position);
    }

    #[test]
    fn columns_are_utf16_units() {
        check("let s = '😀é', b;", (0, 15), "b;");
        check("a;\r\nb;", (1, 0), "b;");
        check("a;\rb;\nc", (2, 0), "c");
        // A line of JavaScript ends there, one of an editor does not.
        check("a;\u{2028}b;", (0, 3), "b;");
    }

    #[test]
    fn what_is_out_of_reach_is_the_nearest_end() {
        let lines = Lines::of("a😀\nb".to_owned());
        assert_eq!(lines.offset(Position::new(0, 2)), 1);
        assert_eq!(lines.offset(Position::new(0, 99)), 5);
        assert_eq!(lines.offset(Position::new(9, 0)), 7);
    }

    #[test]
    fn changes_are_made_in_place() {
        let lines = Lines::of("let é = 1;\nf(é);".to_owned());
        let range = Range::new(Position::new(0, 8), Position::new(1, 2));
        assert_eq!(lines.changed(range, "2;\ng(").text(), "let é = 2;\ng(é);");
    }
}
