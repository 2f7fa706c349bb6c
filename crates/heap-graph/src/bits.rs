//! One bit per node or string.

/// A set of positions below a fixed bound.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bits(Vec<u64>);

/// A set of positions that knows how many of its members come before each.
#[derive(Debug)]
pub(crate) struct RankedBits {
    bits: Bits,
    /// Members before each word of the bits.
    before: Vec<u32>,
}

impl Bits {
    /// The empty set of positions below `length`.
    pub(crate) fn new(length: usize) -> Self {
        Self(vec![0; length.div_ceil(64)])
    }

    #[inline(always)]
    pub(crate) fn has(&self, at: u32) -> bool {
        self.0[at as usize / 64] >> (at % 64) & 1 != 0
    }

    #[inline(always)]
    pub(crate) fn insert(&mut self, at: u32) {
        self.0[at as usize / 64] |= 1 << (at % 64);
    }

    /// The positions below `bound` that are not in the set, ascending.
    pub(crate) fn missing(&self, bound: u32) -> impl Iterator<Item = u32> + '_ {
        let words = (0..).step_by(64).zip(&self.0);
        let holes = words.flat_map(|(base, word)| {
            let mut holes = !word;
            std::iter::from_fn(move || {
                let at = (holes != 0).then(|| base + holes.trailing_zeros());
                holes &= holes.wrapping_sub(1);
                at
            })
        });
        holes.take_while(move |at| *at < bound)
    }
}

impl RankedBits {
    pub(crate) fn new(bits: Bits) -> Self {
        let mut sum = 0;
        let before = bits.0.iter().map(|word| {
            let before = sum;
            sum += word.count_ones();
            before
        });
        let before = before.collect();
        Self { bits, before }
    }

    #[inline(always)]
    pub(crate) fn has(&self, at: u32) -> bool {
        self.bits.has(at)
    }

    /// How many members come before `at`.
    #[inline(always)]
    pub(crate) fn rank(&self, at: u32) -> usize {
        let word = self.bits.0[at as usize / 64] & ((1 << (at % 64)) - 1);
        (self.before[at as usize / 64] + word.count_ones()) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::{Bits, RankedBits};

    #[test]
    fn members_are_counted_and_the_others_found() {
        let members = [0, 3, 63, 64, 127, 128, 129, 190];
        let mut bits = Bits::new(200);
        members.iter().for_each(|at| bits.insert(*at));
        let missing: Vec<u32> = bits.missing(200).collect();
        assert!(
            missing
                .into_iter()
                .eq((0..200).filter(|at| !members.contains(at)))
        );
        let ranked = RankedBits::new(bits);
        for (rank, at) in members.into_iter().enumerate() {
            assert!(ranked.has(at));
            assert_eq!(ranked.rank(at), rank);
        }
        assert_eq!(ranked.rank(199), members.len());
    }
}
