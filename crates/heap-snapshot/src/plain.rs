//! Rows written the plain way, digits and commas only, into numbers, without a branch per digit.
//!
//! A column at a time: what one number needs stays in registers for the next.

use std::ops::Range;

use crate::commas::Borders;

/// Rows whose commas are known; every number ends at a comma.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlainRows<'a> {
    /// The text of the rows and at least [`PADDING`] bytes behind it, whatever they are.
    padded: &'a [u8],
    borders: Borders<'a>,
    /// Numbers per row.
    fields: usize,
}

/// Rows dealt with at a time: their columns stay in the processor's nearest cache.
pub(crate) const STRETCH: usize = 512;

/// Numbers of one field of that many rows.
pub(crate) type Stretch = [u64; STRETCH];

/// Bytes that must be readable behind the last row.
pub(crate) const PADDING: usize = 8;

/// Becomes something other than 0 when a number was not plain: a sign, a space, too many digits.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Oddity(u64);

impl<'a> PlainRows<'a> {
    /// The rows of a text of which the borders are known; none if too few bytes are behind it.
    pub(crate) const fn new(padded: &'a [u8], borders: Borders<'a>, fields: usize) -> Option<Self> {
        if padded.len() < borders.text_length() + PADDING || fields == 0 {
            return None;
        }
        Some(Self {
            padded,
            borders,
            fields,
        })
    }

    /// Numbers per row.
    pub(crate) const fn fields(&self) -> usize {
        self.fields
    }

    /// How many rows there are.
    pub(crate) const fn len(&self) -> usize {
        (self.borders.places().len() - 1) / self.fields
    }

    /// Position of the comma behind a row.
    pub(crate) const fn end(&self, row: usize) -> usize {
        self.borders.places()[(row + 1) * self.fields] as usize
    }

    /// The numbers of one field of some rows, put into the first of `numbers`.
    #[inline(always)]
    pub(crate) fn column<'n>(
        &self,
        field: usize,
        rows: &Range<usize>,
        numbers: &'n mut Stretch,
        odd: &mut Oddity,
    ) -> &'n mut [u64] {
        let mut shifts: Stretch = [0; STRETCH];
        let (numbers, shifts) = (&mut numbers[..rows.len()], &mut shifts[..rows.len()]);
        let is_long = if field + 1 == self.fields {
            self.load(field, rows, numbers, shifts, |rows, end| {
                rows.before_line_end(end)
            })
        } else {
            self.load(field, rows, numbers, shifts, |_, end| end)
        };
        if is_long {
            self.read_long(field, rows, numbers, odd);
        } else {
            odd.0 |= convert(numbers, shifts);
        }
        numbers
    }

    /// The eight bytes from the start of every number of a field, and by how much they have to be
    /// shifted for the number's last digit to be the highest byte; whether some number does not have
    /// 1 to 8 bytes.
    #[expect(
        unsafe_code,
        reason = "without its checks it takes a third of the time: `cargo bench --bench parsing rows`"
    )]
    #[inline(always)]
    fn load(
        &self,
        field: usize,
        rows: &Range<usize>,
        words: &mut [u64],
        shifts: &mut [u64],
        end_of: impl Fn(&Self, u32) -> u32,
    ) -> bool {
        let places = self.borders.places();
        assert!(field < self.fields && rows.end <= self.len() && words.len() <= rows.len());
        let mut at = rows.start * self.fields + field;
        let mut is_long = false;
        for (word, shift) in words.iter_mut().zip(shifts) {
            // SAFETY: `words` has as many rows as `rows`, whose end is at most `len`; so there are
            // places up to the end of each row, and `field` is below `fields`.
            let (before, end) =
                unsafe { (*places.get_unchecked(at), *places.get_unchecked(at + 1)) };
            let start = before.wrapping_add(1);
            let length = end_of(self, end).wrapping_sub(start);
            is_long |= length.wrapping_sub(1) >= 8;
            *shift = u64::from(64_u32.wrapping_sub(8 * length));
            // SAFETY: `start` is 0 or behind the place of a comma, so at most the text's length, and
            // `new` saw to it that eight bytes follow. A word may stand at any address.
            let bytes = unsafe {
                self.padded
                    .as_ptr()
                    .add(start as usize)
                    .cast::<u64>()
                    .read_unaligned()
            };
            *word = u64::from_le(bytes);
            at += self.fields;
        }
        is_long
    }

    /// The end of a number, without the line's end that V8 up to 12 puts before a row's last comma.
    #[expect(unsafe_code, reason = "see `load`")]
    #[inline(always)]
    fn before_line_end(&self, comma: u32) -> u32 {
        // SAFETY: it is the place of a comma, and so inside the text.
        let last = unsafe { *self.padded.get_unchecked(comma.saturating_sub(1) as usize) };
        comma.wrapping_sub(u32::from(last == b'\n'))
    }

    /// Numbers of up to 16 digits; all others are odd.
    #[inline(never)]
    fn read_long(&self, field: usize, rows: &Range<usize>, numbers: &mut [u64], odd: &mut Oddity) {
        for (number, row) in numbers.iter_mut().zip(rows.clone()) {
            let at = row * self.fields + field;
            let (before, end) = (self.borders.places()[at], self.borders.places()[at + 1]);
            let (start, end) = (before.wrapping_add(1) as usize, end as usize);
            let text = self.padded.get(start..end).unwrap_or_default();
            let digits = match text {
                [digits @ .., b'\n'] if field + 1 == self.fields => digits,
                digits => digits,
            };
            odd.note_if(digits.is_empty() || digits.len() > 16);
            let (high, low) = digits.split_at(digits.len().saturating_sub(8));
            *number = few_digits(high, odd) * 100_000_000 + few_digits(low, odd);
        }
    }
}

/// The number in at most eight digits.
fn few_digits(digits: &[u8], odd: &mut Oddity) -> u64 {
    let mut word = [b'0'; 8];
    let Some(place) = word.len().checked_sub(digits.len()) else {
        odd.note_if(true);
        return 0;
    };
    word[place..].copy_from_slice(digits);
    let mut number = [u64::from_le_bytes(word)];
    odd.0 |= convert(&mut number, &[0]);
    number[0]
}

impl Oddity {
    /// What nobody tried to read.
    pub(crate) const ODD: Self = Self(1);

    /// Whether all numbers were plain.
    pub(crate) const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Notes something that is not plain if `is_odd`.
    pub(crate) fn note_if(&mut self, is_odd: bool) {
        self.0 |= u64::from(is_odd);
    }
}

/// Turns words of digits, each shifted to the left by so many bits, into numbers; not 0 if one of
/// the bytes that stay is no digit.
#[inline(always)]
fn convert(words: &mut [u64], shifts: &[u64]) -> u64 {
    let mut odd = 0;
    for (word, shift) in words.iter_mut().zip(shifts) {
        // The first digit is the lowest byte. Moved up, the last one is the highest, below stand zeros.
        let digits = (*word ^ 0x3030_3030_3030_3030) << (shift & 63);
        odd |= digits | ((digits & 0x7f7f_7f7f_7f7f_7f7f) + 0x7676_7676_7676_7676);
        // Neighbours into numbers below 100, these into numbers below 10,000, these into one.
        let tens = digits & 0x00ff_00ff_00ff_00ff;
        let pairs = (tens << 3) + (tens << 1) + (digits >> 8 & 0x00ff_00ff_00ff_00ff);
        let hundreds = pairs & 0x0000_ffff_0000_ffff;
        let fours = (hundreds << 6)
            + (hundreds << 5)
            + (hundreds << 2)
            + (pairs >> 16 & 0x0000_ffff_0000_ffff);
        *word = (fours & 0xffff_ffff) * 10_000 + (fours >> 32);
    }
    odd & 0x8080_8080_8080_8080
}

#[cfg(test)]
mod tests {
    use super::{Oddity, PlainRows, STRETCH};
    use crate::commas::Commas;

    fn rows(text: &str) -> Option<Vec<[u64; 2]>> {
        let padded = format!("{text}12345678");
        let mut commas = Commas::default();
        let borders = commas.find(text.as_bytes());
        let rows = PlainRows::new(padded.as_bytes(), borders, 2)?;
        let mut odd = Oddity::default();
        let (mut first, mut last) = ([0; STRETCH], [0; STRETCH]);
        rows.column(0, &(0..rows.len()), &mut first, &mut odd);
        rows.column(1, &(0..rows.len()), &mut last, &mut odd);
        let numbers = first
            .into_iter()
            .zip(last)
            .map(|(first, last)| [first, last]);
        let numbers = numbers.take(rows.len());
        odd.is_none().then(|| numbers.collect())
    }

    #[test]
    fn numbers_of_every_length_are_read() {
        let mut number = 0_u64;
        for digit in [9, 1, 0, 8, 7, 2, 6, 5, 3, 4, 1, 0, 9, 9, 0, 7] {
            number = number * 10 + digit;
            assert_eq!(
                rows(&format!("{number},0,7,{number}\n,")),
                Some(vec![[number, 0], [7, number]])
            );
        }
        assert_eq!(rows("00000001,0000000000000001,"), Some(vec![[1, 1]]));
        assert_eq!(rows(""), Some(vec![]));
    }

    #[test]
    fn what_is_not_plain_is_noted() {
        for text in [
            "-1,2,",
            "1,+2,",
            "1, 2,",
            "1 ,2,",
            "1\n,2,",
            ",2,",
            "1,,",
            "1,\n,",
            "1.5,2,",
            "1,a,",
            "1,:,",
            "1,/,",
            "1,\u{7f},",
            "é,1,",
            "1,12345678901234567,",
            "1,12345678901x,",
            "x2345678901,1,",
        ] {
            assert_eq!(rows(text), None, "{text}");
        }
    }
}
