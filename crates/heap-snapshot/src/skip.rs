//! Finds the end of any JSON value, across chunk borders and without recursion.

use crate::numbers::Progress;

/// Walks over one value. It checks brackets and quotes, not grammar.
#[derive(Debug, Default)]
pub(crate) struct Skipper {
    depth: u64,
    state: State,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Before,
    Scalar,
    Inside,
    Text,
    Escape,
}

impl Skipper {
    /// Scans `chunk`. A number or word ends before the byte that follows it.
    pub(crate) fn scan(&mut self, chunk: &[u8]) -> Progress {
        for (at, &byte) in chunk.iter().enumerate() {
            match (self.state, byte) {
                (State::Escape, _) => self.state = State::Text,
                (State::Text, b'\\') => self.state = State::Escape,
                (State::Text, b'"') if self.depth == 0 => return Progress::Done(at + 1),
                (State::Text, b'"') => self.state = State::Inside,
                (State::Text, _) => {}
                (State::Before, b' ' | b'\n' | b'\r' | b'\t') => {}
                (
                    State::Scalar | State::Before,
                    b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t',
                ) => {
                    return Progress::Done(at);
                }
                (State::Before | State::Inside, b'"') => self.state = State::Text,
                (State::Before | State::Inside, b'{' | b'[') => {
                    self.depth += 1;
                    self.state = State::Inside;
                }
                (State::Inside, b'}' | b']') => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Progress::Done(at + 1);
                    }
                }
                (State::Inside | State::Scalar, _) => {}
                (State::Before, _) => self.state = State::Scalar,
            }
        }
        Progress::More
    }
}

#[cfg(test)]
mod tests {
    use super::{Progress, Skipper};

    #[test]
    fn the_value_ends_where_it_ends_however_the_bytes_are_cut() {
        let check = |value: &str, rest: &str| {
            let text = format!("{value}{rest}");
            for chunk in 1..=text.len() {
                let mut skipper = Skipper::default();
                let mut before = 0;
                let mut end = None;
                for piece in text.as_bytes().chunks(chunk) {
                    if let Progress::Done(length) = skipper.scan(piece) {
                        end = Some(before + length);
                        break;
                    }
                    before += piece.len();
                }
                assert_eq!(end, Some(value.len()), "{text} in chunks of {chunk}");
            }
        };
        check("12", ",");
        check(" null", "}");
        check("[]", ",[]");
        check(r#"[1,[2,{"a":[]}]]"#, ",");
        check(r#"{"]":"}\"\\"}"#, "}");
        check(r#""a\"]""#, ",");
    }
}
