//! The bytes of a JSON array of whole numbers, in chunks of any size, into rows of a fixed length.

use crate::{Section, SnapshotError};

/// Takes the rows of one section.
pub(crate) trait RowSink {
    /// Takes one row; `offset` is the place just behind it.
    fn row(&mut self, row: &[u64], offset: u64) -> Result<(), SnapshotError>;
}

/// How far a scanner came in a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It wants the next chunk.
    More,
    /// Its value ended; so many bytes of the chunk belonged to it.
    Done(usize),
}

/// How far a scan of rows came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowProgress {
    /// It wants the next chunk.
    More,
    /// A row ended; so many bytes were taken with it.
    Row(usize),
    /// The array ended; so many bytes of the chunk belonged to it.
    Done(usize),
}

/// Scans one array of numbers across chunk borders.
#[derive(Debug)]
pub(crate) struct NumberArray {
    section: Section,
    row: Vec<u64>,
    filled: usize,
    number: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before `[`.
    Opening,
    /// Behind `[`: a number or the end.
    First,
    /// Behind a comma: a number.
    Next,
    /// In a number.
    Digits,
    /// Behind a number and white space: a comma or the end.
    Behind,
}

impl NumberArray {
    /// An array whose rows have `fields` numbers each.
    pub(crate) fn new(section: Section, fields: usize) -> Self {
        Self {
            section,
            row: vec![0; fields],
            filled: 0,
            number: 0,
            state: State::Opening,
        }
    }

    /// An array that stands behind the comma after a row.
    pub(crate) fn behind_row(section: Section, fields: usize) -> Self {
        Self {
            state: State::Next,
            ..Self::new(section, fields)
        }
    }

    /// Whether a row comes next, or the end.
    pub(crate) fn is_at_row(&self) -> bool {
        self.filled == 0 && matches!(self.state, State::First | State::Next)
    }

    /// Goes on behind rows that someone else took, with the comma after them.
    pub(crate) const fn pass_rows(&mut self) {
        self.state = State::Next;
    }

    /// What the array is waiting for.
    pub(crate) const fn expected(&self) -> &'static str {
        match self.state {
            State::Opening => "`[`",
            State::First => "a number",
            State::Next => "a number",
            State::Digits => "a digit, `,` or `]`",
            State::Behind => "`,` or `]`",
        }
    }

    /// Scans `chunk`, which starts at `offset` of the input, to its end or that of the array.
    pub(crate) fn scan(
        &mut self,
        chunk: &[u8],
        offset: u64,
        sink: &mut impl RowSink,
    ) -> Result<Progress, SnapshotError> {
        let mut at = 0;
        loop {
            match self.scan_row(&chunk[at..], offset + at as u64, sink)? {
                RowProgress::More => return Ok(Progress::More),
                RowProgress::Row(taken) => at += taken,
                RowProgress::Done(taken) => return Ok(Progress::Done(at + taken)),
            }
        }
    }

    /// Like [`scan`](Self::scan), but stops behind the comma after a row.
    pub(crate) fn scan_row(
        &mut self,
        chunk: &[u8],
        offset: u64,
        sink: &mut impl RowSink,
    ) -> Result<RowProgress, SnapshotError> {
        let mut at = 0;
        while let Some(&byte) = chunk.get(at) {
            let here = offset + at as u64;
            match byte {
                b'0'..=b'9' => {
                    at = self.digits(chunk, at, offset)?;
                    continue;
                }
                b',' if matches!(self.state, State::Digits | State::Behind) => {
                    self.number_ends(here, sink)?;
                    self.state = State::Next;
                    if self.filled == 0 {
                        return Ok(RowProgress::Row(at + 1));
                    }
                }
                b' ' | b'\n' | b'\r' | b'\t' => {
                    if self.state == State::Digits {
                        self.state = State::Behind;
                    }
                }
                b'[' if self.state == State::Opening => self.state = State::First,
                b']' if !matches!(self.state, State::Opening | State::Next) => {
                    if self.state != State::First {
                        self.number_ends(here, sink)?;
                    }
                    self.whole_rows(here)?;
                    return Ok(RowProgress::Done(at + 1));
                }
                _ => return Err(self.unexpected(here, byte)),
            }
            at += 1;
        }
        Ok(RowProgress::More)
    }

    /// Takes the digits from `at` on and gives the position behind them.
    fn digits(&mut self, chunk: &[u8], at: usize, offset: u64) -> Result<usize, SnapshotError> {
        match self.state {
            State::First | State::Next => self.number = 0,
            State::Digits => {}
            State::Opening | State::Behind => {
                return Err(self.unexpected(offset + at as u64, chunk[at]));
            }
        }
        self.state = State::Digits;
        let mut number = self.number;
        let mut end = at;
        while let Some(digit) = chunk
            .get(end)
            .map(|byte| byte.wrapping_sub(b'0'))
            .filter(|d| *d < 10)
        {
            if number > (u64::MAX - 9) / 10 {
                return Err(self.too_large(offset + end as u64));
            }
            number = number * 10 + u64::from(digit);
            end += 1;
        }
        self.number = number;
        Ok(end)
    }

    fn number_ends(&mut self, offset: u64, sink: &mut impl RowSink) -> Result<(), SnapshotError> {
        self.row[self.filled] = self.number;
        self.filled += 1;
        if self.filled == self.row.len() {
            self.filled = 0;
            sink.row(&self.row, offset)?;
        }
        Ok(())
    }

    fn whole_rows(&self, offset: u64) -> Result<(), SnapshotError> {
        if self.filled == 0 {
            return Ok(());
        }
        Err(SnapshotError::Unexpected {
            offset,
            section: self.section,
            expected: "the remaining fields of the last row",
            found: b']',
        })
    }

    fn unexpected(&self, offset: u64, found: u8) -> SnapshotError {
        SnapshotError::Unexpected {
            offset,
            section: self.section,
            expected: self.expected(),
            found,
        }
    }

    fn too_large(&self, offset: u64) -> SnapshotError {
        SnapshotError::Reference {
            offset,
            section: self.section,
            field: "a number",
            value: u64::MAX,
            expected: "one that fits 64 bits".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NumberArray, Progress, RowSink};
    use crate::{Section, SnapshotError};

    #[derive(Default)]
    struct Rows(Vec<Vec<u64>>);

    impl RowSink for Rows {
        fn row(&mut self, row: &[u64], _: u64) -> Result<(), SnapshotError> {
            self.0.push(row.to_vec());
            Ok(())
        }
    }

    fn scan(text: &str, chunk: usize) -> Result<Vec<Vec<u64>>, String> {
        let mut array = NumberArray::new(Section::Nodes, 2);
        let mut rows = Rows::default();
        let mut offset = 0;
        for piece in text.as_bytes().chunks(chunk) {
            let progress = array
                .scan(piece, offset, &mut rows)
                .map_err(|error| error.to_string())?;
            offset += piece.len() as u64;
            if let Progress::Done(_) = progress {
                return Ok(rows.0);
            }
        }
        Err(format!("not over, expected {}", array.expected()))
    }

    #[test]
    fn rows_are_the_same_however_the_bytes_are_cut() {
        for chunk in 1..12 {
            let check = |text, rows: &[[u64; 2]]| {
                let rows = rows.iter().map(|row| row.to_vec()).collect();
                assert_eq!(scan(text, chunk), Ok(rows));
            };
            check("[]", &[]);
            check(" [ ] ", &[]);
            check("[1,2]", &[[1, 2]]);
            check(
                "[10,0\n,345 , 18446744073709551609]",
                &[[10, 0], [345, 18_446_744_073_709_551_609]],
            );
        }
    }

    #[test]
    fn what_is_no_array_of_whole_rows_is_refused() {
        let check = |text, sentence: &str| assert_eq!(scan(text, 3), Err(sentence.to_owned()));
        check("{", "byte 0, in nodes: expected `[`, found `{`");
        check("[1,-2]", "byte 3, in nodes: expected a number, found `-`");
        check(
            "[1.5,2]",
            "byte 2, in nodes: expected a digit, `,` or `]`, found `.`",
        );
        check("[1 2]", "byte 3, in nodes: expected `,` or `]`, found `2`");
        check("[1,]", "byte 3, in nodes: expected a number, found `]`");
        check(
            "[1,2,3]",
            "byte 6, in nodes: expected the remaining fields of the last row, found `]`",
        );
        check("[1,2", "not over, expected a digit, `,` or `]`");
        check(
            "[99999999999999999999,1]",
            "byte 20, in nodes: a number is 18446744073709551615, expected one that fits 64 bits",
        );
    }
}
