//! Rows written the plain way, digits and commas only, into numbers, without a branch per digit.
//!
//! A column at a time: what one number needs stays in registers for the next.

use std::ops::Range;

/// Rows whose commas are known; every number ends at a comma.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlainRows<'a> {
    /// The text of the rows and at least [`PADDING`] bytes behind it, whatever they are.
    pub(crate) padded: &'a [u8],
    /// For each number the place before it, counted from 0 with wrapping; and the last comma.
    pub(crate) borders: &'a [u32],
    /// Numbers per row.
    pub(crate) fields: usize,
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

impl PlainRows<'_> {
    /// How many rows there are.
    pub(crate) const fn len(&self) -> usize {
        (self.borders.len() - 1) / self.fields
    }

    /// Position of the comma behind a row.
    pub(crate) const fn end(&self, row: usize) -> usize {
        self.borders[(row + 1) * self.fields] as usize
    }

    /// The numbers of one field of some rows, put into the first of `numbers`.
    pub(crate) fn column<'n>(
        &self,
        field: usize,
        rows: &Range<usize>,
        numbers: &'n mut Stretch,
        odd: &mut Oddity,
    ) -> &'n mut [u64] {
        let mut shifts: Stretch = [0; STRETCH];
        let (numbers, shifts) = (&mut numbers[..rows.len()], &mut shifts[..rows.len()]);
        let first = rows.start * self.fields + field;
        // V8 up to 12 ends a row's line before the comma.
        let is_long = if field + 1 == self.fields {
            let line_ends = |end: usize| end > 0 && self.padded[end - 1] == b'\n';
            self.load(first, numbers, shifts, |end| {
                end - usize::from(line_ends(end))
            })
        } else {
            self.load(first, numbers, shifts, |end| end)
        };
        if is_long {
            self.read_long(field, rows, numbers, odd);
        } else {
            odd.0 |= eight_digits(numbers, shifts);
        }
        numbers
    }

    /// The eight bytes from the start of every number of a field, and by how much they have to be
    /// shifted for the number's last digit to be the highest byte; whether some number does not have
    /// 1 to 8 bytes.
    #[inline(always)]
    fn load(
        &self,
        first: usize,
        words: &mut [u64],
        shifts: &mut [u64],
        end_of: impl Fn(usize) -> usize,
    ) -> bool {
        let last = self.padded.len().saturating_sub(PADDING);
        let mut is_long = self.padded.len() < PADDING;
        let mut at = first;
        for (word, shift) in words.iter_mut().zip(shifts) {
            let (start, end) = self.span(at);
            let length = end_of(end).wrapping_sub(start);
            is_long |= length.wrapping_sub(1) >= 8;
            *shift = 64_usize.wrapping_sub(8 * length) as u64 & 63;
            let bytes = self
                .padded
                .get(start.min(last)..)
                .and_then(|rest| rest.first_chunk());
            *word = u64::from_le_bytes(*bytes.unwrap_or(&[0; 8]));
            at += self.fields;
        }
        is_long
    }

    /// Where a number starts and ends.
    #[inline(always)]
    fn span(&self, at: usize) -> (usize, usize) {
        let borders = self.borders.get(at..).and_then(|rest| rest.first_chunk());
        let [before, end] = *borders.unwrap_or(&[0, 0]);
        (before.wrapping_add(1) as usize, end as usize)
    }

    /// Numbers of up to 16 digits; all others are odd.
    #[inline(never)]
    fn read_long(&self, field: usize, rows: &Range<usize>, numbers: &mut [u64], odd: &mut Oddity) {
        for (number, row) in numbers.iter_mut().zip(rows.clone()) {
            let (start, end) = self.span(row * self.fields + field);
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
fn eight_digits(words: &mut [u64], shifts: &[u64]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if avx2::is_here() {
        return avx2::convert(words, shifts);
    }
    convert(words, shifts)
}

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

#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "four numbers at a time take a third of the time of one: `cargo bench --bench parsing`"
)]
mod avx2 {
    /// Whether this processor has what [`convert`] uses.
    pub(super) fn is_here() -> bool {
        is_x86_feature_detected!("avx2")
    }

    /// Only behind [`is_here`].
    pub(super) fn convert(words: &mut [u64], shifts: &[u64]) -> u64 {
        // SAFETY: the caller asked `is_here`, so the processor has the feature.
        unsafe { convert_wide(words, shifts) }
    }

    #[target_feature(enable = "avx2")]
    fn convert_wide(words: &mut [u64], shifts: &[u64]) -> u64 {
        super::convert(words, shifts)
    }
}

#[cfg(test)]
mod tests {
    use super::{Oddity, PlainRows, STRETCH};
    use crate::commas::Commas;

    fn rows(text: &str) -> Option<Vec<[u64; 2]>> {
        let padded = format!("{text}12345678");
        let mut commas = Commas::default();
        let borders = commas.find(text.as_bytes());
        let rows = PlainRows {
            padded: padded.as_bytes(),
            borders,
            fields: 2,
        };
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
