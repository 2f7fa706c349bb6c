//! The bytes of a JSON array of strings, in chunks of any size, into the string table.

use crate::numbers::Progress;
use crate::{Section, SnapshotError, Strings};

/// Scans the `strings` section across chunk borders.
#[derive(Debug, Default)]
pub(crate) struct StringArray {
    state: State,
    /// The current string in UTF-8, but with halves of surrogate pairs encoded like other units.
    bytes: Vec<u8>,
    /// Whether `bytes` got a half, or may have.
    halves: bool,
    /// A first half that may still meet its second one.
    high: Option<u16>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Opening,
    First,
    Next,
    Text,
    Escape,
    /// In `\uXXXX`: digits seen and their value.
    Unicode(u8, u16),
    Behind,
}

impl StringArray {
    /// What the array is waiting for.
    pub(crate) const fn expected(&self) -> &'static str {
        match self.state {
            State::Opening => "`[`",
            State::First => "a string or `]`",
            State::Next => "a string",
            State::Text => "the rest of a string",
            State::Escape => "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u",
            State::Unicode(..) => "a hexadecimal digit",
            State::Behind => "`,` or `]`",
        }
    }

    /// Scans `chunk`, which starts at `offset` of the input.
    pub(crate) fn scan(
        &mut self,
        chunk: &[u8],
        offset: u64,
        strings: &mut Strings,
    ) -> Result<Progress, SnapshotError> {
        let mut at = 0;
        while let Some(&byte) = chunk.get(at) {
            match (self.state, byte) {
                (State::Text, b'"') => {
                    self.string_ends(offset + at as u64, strings)?;
                    self.state = State::Behind;
                }
                (State::Text, b'\\') => self.state = State::Escape,
                (State::Text, _) => {
                    let plain = &chunk[at..];
                    let end = memchr::memchr2(b'"', b'\\', plain);
                    let plain = &plain[..end.unwrap_or(plain.len())];
                    self.release_high();
                    self.bytes.extend_from_slice(plain);
                    at += plain.len();
                    continue;
                }
                (State::Escape, _) => self.escape(byte, offset + at as u64)?,
                (State::Unicode(digits, value), _) => {
                    self.unicode(digits, value, byte, offset + at as u64)?;
                }
                (_, b' ' | b'\n' | b'\r' | b'\t') => {}
                (State::First | State::Next, b'"') => self.state = State::Text,
                (State::Behind, b',') => self.state = State::Next,
                (State::Opening, b'[') => self.state = State::First,
                (State::First | State::Behind, b']') => return Ok(Progress::Done(at + 1)),
                _ => return Err(self.unexpected(offset + at as u64, byte)),
            }
            at += 1;
        }
        Ok(Progress::More)
    }

    fn escape(&mut self, byte: u8, offset: u64) -> Result<(), SnapshotError> {
        let meant = match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                self.state = State::Unicode(0, 0);
                return Ok(());
            }
            _ => return Err(self.unexpected(offset, byte)),
        };
        self.release_high();
        self.bytes.push(meant);
        self.state = State::Text;
        Ok(())
    }

    fn unicode(
        &mut self,
        digits: u8,
        value: u16,
        byte: u8,
        offset: u64,
    ) -> Result<(), SnapshotError> {
        let Some(digit) = char::from(byte).to_digit(16) else {
            return Err(self.unexpected(offset, byte));
        };
        let value = value << 4 | digit as u16;
        if digits < 3 {
            self.state = State::Unicode(digits + 1, value);
            return Ok(());
        }
        self.state = State::Text;
        match (self.high.take(), value) {
            (Some(high), 0xdc00..=0xdfff) => {
                let pair =
                    0x1_0000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(value) - 0xdc00);
                self.push_unit(pair);
            }
            (high, _) => {
                if let Some(high) = high {
                    self.push_half(high);
                }
                match value {
                    0xd800..=0xdbff => self.high = Some(value),
                    0xdc00..=0xdfff => self.push_half(value),
                    _ => self.push_unit(value.into()),
                }
            }
        }
        Ok(())
    }

    fn push_unit(&mut self, unit: u32) {
        if let Some(character) = char::from_u32(unit) {
            self.bytes
                .extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn push_half(&mut self, half: u16) {
        self.halves = true;
        let low = |shift: u16| 0x80 | ((half >> shift) & 0x3f) as u8;
        self.bytes
            .extend_from_slice(&[0xe0 | (half >> 12) as u8, low(6), low(0)]);
    }

    /// What follows is no second half, so a first half waiting for one stays alone.
    fn release_high(&mut self) {
        if let Some(high) = self.high.take() {
            self.push_half(high);
        }
    }

    fn string_ends(&mut self, offset: u64, strings: &mut Strings) -> Result<(), SnapshotError> {
        const LIMIT: u64 = u32::MAX as u64;
        self.release_high();
        if strings.len() as u64 == LIMIT {
            return Err(SnapshotError::TooMany {
                offset,
                section: Section::Strings,
                limit: LIMIT,
            });
        }
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => strings.push(text),
            Err(_) if self.halves => strings.push_utf16(&units(&self.bytes)),
            Err(_) => strings.push(&String::from_utf8_lossy(&self.bytes)),
        };
        self.bytes.clear();
        self.halves = false;
        Ok(())
    }

    fn unexpected(&self, offset: u64, found: u8) -> SnapshotError {
        let section = Section::Strings;
        SnapshotError::Unexpected {
            offset,
            section,
            expected: self.expected(),
            found,
        }
    }
}

/// UTF-16 units of bytes in which halves of surrogate pairs are encoded like other units.
fn units(bytes: &[u8]) -> Vec<u16> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let valid = match std::str::from_utf8(rest) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default(),
        };
        units.extend(valid.encode_utf16());
        rest = &rest[valid.len()..];
        match *rest {
            [0xed, middle, last, ..] if middle >= 0xa0 && last & 0xc0 == 0x80 => {
                units.push(0xd000 | u16::from(middle & 0x3f) << 6 | u16::from(last & 0x3f));
                rest = &rest[3..];
            }
            [_, ..] => {
                units.push(0xfffd);
                rest = &rest[1..];
            }
            [] => {}
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::StringArray;
    use crate::numbers::Progress;
    use crate::{StringId, Strings};

    fn scan(text: &[u8], chunk: usize) -> Result<Strings, String> {
        let mut array = StringArray::default();
        let mut strings = Strings::default();
        let mut offset = 0;
        for piece in text.chunks(chunk) {
            let progress = array
                .scan(piece, offset, &mut strings)
                .map_err(|error| error.to_string())?;
            offset += piece.len() as u64;
            if let Progress::Done(_) = progress {
                return Ok(strings);
            }
        }
        Err(format!("not over, expected {}", array.expected()))
    }

    #[test]
    fn strings_are_the_same_however_the_bytes_are_cut() {
        for chunk in 1..9 {
            let check = |text: &[u8], expected: &[&str]| {
                let found = scan(text, chunk);
                let found = found
                    .as_ref()
                    .map(|strings| strings.iter().map(|(_, text)| text).collect::<Vec<_>>());
                assert_eq!(found, Ok(expected.to_vec()));
            };
            check(b"[]", &[]);
            check(br#"["","a" , "b]"]"#, &["", "a", "b]"]);
            check(
                br#"["\"\\\/\b\f\n\r\t","\u00e9\u20AC\ud83d\ude00"]"#,
                &["\"\\/\u{8}\u{c}\n\r\t", "é€😀"],
            );
            check("[\"é€😀\"]".as_bytes(), &["é€😀"]);
            check(b"[\"a\xffb\"]", &["a\u{fffd}b"]);
            check(
                br#"["\ud800","\udc00x","\ud800\ud801\udc01"]"#,
                &["\u{fffd}", "\u{fffd}x", "\u{fffd}\u{10401}"],
            );
        }
    }

    #[test]
    fn halves_of_pairs_are_kept_beside_the_text() -> Result<(), String> {
        let strings = scan(br#"["a","\ud800b","\ud801b"]"#, 100)?;
        assert_eq!(strings.get(StringId(1)), strings.get(StringId(2)));
        assert_eq!(strings.utf16(StringId(0)), None);
        assert_eq!(strings.utf16(StringId(1)), Some(&[0xd800, 0x62][..]));
        assert_eq!(strings.utf16(StringId(2)), Some(&[0xd801, 0x62][..]));
        Ok(())
    }

    #[test]
    fn what_is_no_array_of_strings_is_refused() {
        let check = |text: &str, sentence: &str| {
            assert_eq!(scan(text.as_bytes(), 2).err().as_deref(), Some(sentence))
        };
        check(
            "[1]",
            "byte 1, in strings: expected a string or `]`, found `1`",
        );
        check(
            r#"["a" "b"]"#,
            "byte 5, in strings: expected `,` or `]`, found `\"`",
        );
        check(
            r#"["a",]"#,
            "byte 5, in strings: expected a string, found `]`",
        );
        check(
            r#"["\u12g"]"#,
            "byte 6, in strings: expected a hexadecimal digit, found `g`",
        );
        check(r#"["abc"#, "not over, expected the rest of a string");
    }
}
