//! A text with `{seq}` and `{rand}` in it → the bytes of one request.

use hyper::body::Bytes;

/// Largest value of `{rand}`: every smaller one is exact in JavaScript.
const LARGEST_RANDOM: u64 = (1 << 53) - 1;

/// Bytes with places to fill in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(Bytes),
    Sequence,
    Random,
}

impl Template {
    /// Finds the placeholders; everything else stays as it is.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((at, length, piece)) = next_placeholder(rest) {
            if at > 0 {
                pieces.push(Piece::Text(Bytes::copy_from_slice(&rest[..at])));
            }
            pieces.push(piece);
            rest = &rest[at + length..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(Bytes::copy_from_slice(rest)));
        }
        Self { pieces }
    }

    /// The bytes for one request.
    pub(crate) fn fill(&self, values: &mut Values) -> Bytes {
        match self.pieces.as_slice() {
            [] => Bytes::new(),
            [Piece::Text(text)] => text.clone(),
            pieces => {
                let mut filled = Vec::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => filled.extend_from_slice(text),
                        Piece::Sequence => filled.extend(values.sequence.to_string().bytes()),
                        Piece::Random => filled.extend(values.random().to_string().bytes()),
                    }
                }
                filled.into()
            }
        }
    }
}

fn next_placeholder(text: &[u8]) -> Option<(usize, usize, Piece)> {
    let find = |name: &[u8]| text.windows(name.len()).position(|window| window == name);
    let sequence = find(b"{seq}").map(|at| (at, b"{seq}".len(), Piece::Sequence));
    let random = find(b"{rand}").map(|at| (at, b"{rand}".len(), Piece::Random));
    sequence
        .into_iter()
        .chain(random)
        .min_by_key(|found| found.0)
}

/// What the placeholders of one request stand for: one number of the sequence, and a new random one each time.
#[derive(Debug)]
pub(crate) struct Values {
    sequence: u64,
    state: u64,
}

impl Values {
    /// Depends on the seed and the number alone, not on which connection sends the request or when.
    pub(crate) fn new(seed: u64, sequence: u64) -> Self {
        Self {
            sequence,
            state: mix(seed) ^ mix(sequence.wrapping_add(1)),
        }
    }

    /// The longest values there are.
    pub(crate) fn longest() -> Self {
        Self::new(0, u64::MAX)
    }

    fn random(&mut self) -> u64 {
        // SplitMix64: any state is a good one, and one step is enough.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state) & LARGEST_RANDOM
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn check(text: &str, sequence: u64, expected: &str) {
        let filled = Template::parse(text.as_bytes()).fill(&mut Values::new(1, sequence));
        assert_eq!(String::from_utf8_lossy(&filled), expected, "{text}");
    }

    #[test]
    fn the_sequence_is_filled_in_and_other_braces_stay() {
        check("", 1, "");
        check("/a", 1, "/a");
        check("/a/{seq}", 12, "/a/12");
        check("{seq}{seq}", 3, "33");
        check(r#"{"id":{seq},"of":{}}"#, 7, r#"{"id":7,"of":{}}"#);
        check("/{seq", 7, "/{seq");
    }

    #[test]
    fn random_values_differ_by_request_place_and_seed_and_repeat_with_them() {
        let template = Template::parse(b"{rand} {rand}");
        let fill = |seed, sequence| template.fill(&mut Values::new(seed, sequence));
        assert_eq!(fill(1, 1), fill(1, 1));
        assert_ne!(fill(1, 1), fill(1, 2));
        assert_ne!(fill(1, 1), fill(2, 1));
        let text = String::from_utf8(fill(1, 1).to_vec()).unwrap();
        let values: Vec<u64> = text
            .split(' ')
            .map(|value| value.parse().unwrap())
            .collect();
        assert_ne!(values[0], values[1]);
        assert!(
            values.iter().all(|value| *value <= LARGEST_RANDOM),
            "{values:?}"
        );
    }
}
