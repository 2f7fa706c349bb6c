//! Semidominators into lower bounds of what any of them could still show.

/// The least semidominator in each stretch of numbers.
#[derive(Debug)]
pub(crate) struct Floors {
    stretches: Vec<u32>,
    lowest: u32,
}

impl Floors {
    const STRETCH: u32 = 1 << 10;

    pub(crate) fn new(numbers: usize) -> Self {
        let stretches = vec![u32::MAX; numbers / Self::STRETCH as usize + 1];
        Self {
            stretches,
            lowest: u32::MAX,
        }
    }

    /// Learns of the semidominator of a number.
    #[inline(always)]
    pub(crate) fn lower(&mut self, number: u32, semidominator: u32) {
        let floor = &mut self.stretches[(number / Self::STRETCH) as usize];
        *floor = semidominator.min(*floor);
        self.lowest = semidominator.min(self.lowest);
    }

    /// At most the least semidominator of the numbers above `start`, all of which are known, up to
    /// and including `end`.
    pub(crate) fn between(&self, start: u32, end: u32) -> u32 {
        let stretches = start / Self::STRETCH..=end / Self::STRETCH;
        let floors = &self.stretches[*stretches.start() as usize..=*stretches.end() as usize];
        floors.iter().copied().min().unwrap_or(0)
    }

    /// The least semidominator since the last call of [`forget`](Self::forget).
    pub(crate) const fn lowest(&self) -> u32 {
        self.lowest
    }

    /// Starts anew with [`lowest`](Self::lowest).
    pub(crate) const fn forget(&mut self) {
        self.lowest = u32::MAX;
    }
}
