//! Ranges that follow one another, such as the edges of each node, in a little over two bytes each.

use crate::prefetch::prefetch;

/// Rows per block: with these a block is half a cache line.
const ROWS: usize = 14;

/// Consecutive ranges that start at 0. A look at one costs a single access to memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offsets {
    blocks: Vec<Block>,
    /// Blocks too long for steps of 16 bits, by position.
    long: Vec<(u32, [u32; ROWS])>,
    rows: usize,
    end: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(32))]
struct Block {
    /// Where the first range starts.
    base: u32,
    /// How far behind that each range ends; the last is [`LONG`] if that cannot be said.
    steps: [u16; ROWS],
}

const LONG: u16 = u16::MAX;

impl Offsets {
    /// Number of ranges.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no ranges.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Where the last range ends.
    #[must_use]
    pub const fn end(&self) -> u32 {
        self.end
    }

    /// The range of a row.
    #[must_use]
    #[inline]
    pub fn range(&self, row: usize) -> std::ops::Range<usize> {
        let (at, within) = (row / ROWS, row % ROWS);
        let block = &self.blocks[at];
        if block.steps[ROWS - 1] == LONG {
            return self.long_range(at, within);
        }
        let start = if within == 0 {
            0
        } else {
            block.steps[within - 1]
        };
        let base = block.base as usize;
        base + usize::from(start)..base + usize::from(block.steps[within])
    }

    /// Asks for the memory that [`range`](Self::range) will look at.
    #[inline(always)]
    pub fn prefetch(&self, row: usize) {
        prefetch(&self.blocks, row / ROWS);
    }

    /// Makes room for so many more ranges.
    pub fn reserve_exact(&mut self, rows: usize) {
        self.blocks.reserve_exact(rows / ROWS + 1);
    }

    /// Adds a range of this length, which must end below 2^32.
    #[inline]
    pub fn push(&mut self, length: u32) {
        let within = self.rows % ROWS;
        if within == 0 {
            let (base, steps) = (self.end, [0; ROWS]);
            self.blocks.push(Block { base, steps });
        }
        self.rows += 1;
        self.end += length;
        let at = self.blocks.len() - 1;
        let block = &mut self.blocks[at];
        let step = self.end - block.base;
        if step >= LONG.into() || block.steps[ROWS - 1] == LONG {
            self.push_long(at, within);
            return;
        }
        // Rows that are not there yet are empty.
        for later in &mut block.steps[within..] {
            *later = step as u16;
        }
    }

    /// Adds ranges of these lengths.
    pub fn extend(&mut self, lengths: &[u32]) {
        self.blocks.reserve(lengths.len() / ROWS + 1);
        lengths.iter().for_each(|length| self.push(*length));
    }

    #[cold]
    fn push_long(&mut self, at: usize, within: usize) {
        let block = &mut self.blocks[at];
        if block.steps[ROWS - 1] != LONG {
            let ends = block.steps.map(|step| block.base + u32::from(step));
            self.long.push((at as u32, ends));
            block.steps[ROWS - 1] = LONG;
        }
        if let Some((_, ends)) = self.long.last_mut() {
            ends[within..].fill(self.end);
        }
    }

    #[cold]
    fn long_range(&self, at: usize, within: usize) -> std::ops::Range<usize> {
        let found = self
            .long
            .binary_search_by_key(&(at as u32), |(block, _)| *block);
        let Ok(found) = found else { return 0..0 };
        let ends = &self.long[found].1;
        let start = if within == 0 {
            self.blocks[at].base
        } else {
            ends[within - 1]
        };
        start as usize..ends[within] as usize
    }
}

impl FromIterator<u32> for Offsets {
    fn from_iter<I: IntoIterator<Item = u32>>(lengths: I) -> Self {
        let lengths = lengths.into_iter();
        let mut offsets = Self::default();
        offsets.reserve_exact(lengths.size_hint().0);
        lengths.for_each(|length| offsets.push(length));
        offsets
    }
}

#[cfg(test)]
mod tests {
    use super::Offsets;

    #[test]
    fn ranges_follow_one_another() {
        let check = |lengths: &[u32]| {
            let offsets: Offsets = lengths.iter().copied().collect();
            let mut start = 0;
            for (row, length) in lengths.iter().enumerate() {
                let end = start + *length as usize;
                assert_eq!(offsets.range(row), start..end, "row {row} of {lengths:?}");
                start = end;
            }
            assert_eq!(
                (offsets.len(), offsets.end() as usize),
                (lengths.len(), start)
            );
        };
        check(&[]);
        check(&[3]);
        check(&[0; 40]);
        check(&[5; 29]);
        let most = u32::from(super::LONG);
        check(&[most - 1, 0, 0, 1]);
        check(&[most, 7]);
        for long in 0..33 {
            let mut lengths: Vec<u32> = (0..33).map(|row| row % 4).collect();
            lengths[long] = 1 << 20;
            check(&lengths);
            lengths[32 - long] = 1 << 30;
            check(&lengths);
        }
    }
}
