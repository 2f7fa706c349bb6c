//! A text into the places of its commas.
//!
//! Two thirds of a snapshot are numbers between commas. Finding the commas first, 64 bytes at a time,
//! frees the reading of each number from waiting for the end of the one before it.

#[cfg(target_arch = "x86_64")]
use crate::wide;

/// Places of commas, kept between texts so that no text pays for the memory anew.
#[derive(Debug, Default)]
pub(crate) struct Commas {
    places: Vec<u32>,
    count: usize,
    /// Length of the text.
    text: usize,
}

/// Where the numbers of a text begin and end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Borders<'a> {
    /// First the place before the text, counted with wrapping; then commas, each below `text`.
    places: &'a [u32],
    text: usize,
}

/// Places are written this many at a time, whether a word of the mask has so many bits or not.
const STRIDE: usize = 8;

impl Commas {
    /// Finds the commas of `text`, which must be shorter than 4 GiB.
    pub(crate) fn find(&mut self, text: &[u8]) -> Borders<'_> {
        #[cfg(target_arch = "x86_64")]
        if wide::is_avx2_here() {
            self.prepare(text);
            avx2::find(self, text);
            return self.borders();
        }
        self.find_portable(text)
    }

    /// Like [`find`](Self::find), as on any processor.
    pub(crate) fn find_portable(&mut self, text: &[u8]) -> Borders<'_> {
        self.prepare(text);
        self.find_with(text, portable_mask);
        self.borders()
    }

    /// What was found last.
    pub(crate) fn borders(&self) -> Borders<'_> {
        Borders {
            places: &self.places[..self.count],
            text: self.text,
        }
    }

    fn prepare(&mut self, text: &[u8]) {
        let needed = text.len() + 1 + STRIDE;
        if self.places.len() < needed {
            self.places.resize(needed, 0);
        }
        self.places[0] = u32::MAX;
        self.count = 1;
        self.text = text.len();
    }

    #[inline(always)]
    fn find_with(&mut self, text: &[u8], mask: impl Fn(&[u8; 64]) -> u64) {
        let (blocks, rest) = text.as_chunks::<64>();
        let mut base = 0;
        for block in blocks {
            self.add(base, mask(block));
            base += 64;
        }
        let mut last = [0; 64];
        last[..rest.len()].copy_from_slice(rest);
        self.add(base, mask(&last));
    }

    #[inline(always)]
    fn add(&mut self, base: u32, mut mask: u64) {
        let found = mask.count_ones() as usize;
        let mut at = self.count;
        // Always one stride, mostly two: fewer mispredicted ends than a loop over the bits.
        loop {
            for slot in &mut self.places[at..at + STRIDE] {
                *slot = base + mask.trailing_zeros();
                mask &= mask.wrapping_sub(1);
            }
            at += STRIDE;
            if at >= self.count + found {
                break;
            }
        }
        self.count += found;
    }
}

impl<'a> Borders<'a> {
    /// The place before the text, counted with wrapping, and all commas. There is at least the first,
    /// and the others are below [`text_length`](Self::text_length).
    pub(crate) const fn places(self) -> &'a [u32] {
        self.places
    }

    /// Length of the text.
    pub(crate) const fn text_length(self) -> usize {
        self.text
    }
}

/// Bit `n` is set if byte `n` is a comma; for processors without a faster way.
fn portable_mask(block: &[u8; 64]) -> u64 {
    const COMMAS: u64 = u64::from_ne_bytes([b','; 8]);
    const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
    let (words, _) = block.as_chunks::<8>();
    let mut mask = 0;
    for (at, word) in words.iter().enumerate() {
        let differs = u64::from_le_bytes(*word) ^ COMMAS;
        let zero = !(((differs & LOW) + LOW) | differs | LOW);
        // Gathers the eight top bits into one byte.
        let bits = (zero >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= bits << (8 * at);
    }
    mask
}

#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "finding commas takes less than half the time with it: `cargo bench --bench parsing commas`"
)]
mod avx2 {
    use std::arch::x86_64::{
        _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8,
    };

    use super::Commas;

    /// Only where [`is_avx2_here`](crate::wide::is_avx2_here).
    pub(super) fn find(commas: &mut Commas, text: &[u8]) {
        // SAFETY: the caller asked, so the processor has the three features.
        unsafe { find_wide(commas, text) }
    }

    #[target_feature(enable = "avx2,bmi1,popcnt")]
    fn find_wide(commas: &mut Commas, text: &[u8]) {
        let comma = _mm256_set1_epi8(b','.cast_signed());
        commas.find_with(text, |block| {
            let (halves, _) = block.as_chunks::<32>();
            let mut mask = 0;
            for (at, half) in halves.iter().enumerate() {
                // SAFETY: `half` is 32 readable bytes, and the load asks for no alignment.
                let bytes = unsafe { _mm256_loadu_si256(half.as_ptr().cast()) };
                let equal = _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, comma));
                mask |= u64::from(equal.cast_unsigned()) << (32 * at);
            }
            mask
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Commas;

    #[test]
    fn each_comma_is_found_wherever_it_stands() {
        let check = |text: &[u8]| {
            let places = (0..).zip(text).filter(|(_, byte)| **byte == b',');
            let expected: Vec<u32> = [u32::MAX]
                .into_iter()
                .chain(places.map(|(at, _)| at))
                .collect();
            let mut commas = Commas::default();
            assert_eq!(commas.find(text).places(), expected);
            assert_eq!(commas.find_portable(text).places(), expected);
        };
        check(b"");
        check(b",");
        check(&[b','; 200]);
        check(b"1,22,333\n,4444,\xac\x2d\x2b,");
        for length in 1..150 {
            let text: Vec<u8> = (0..length)
                .map(|at| {
                    if at % 7 == length % 5 {
                        b','
                    } else {
                        at as u8 | 0x80
                    }
                })
                .collect();
            check(&text);
        }
    }
}
