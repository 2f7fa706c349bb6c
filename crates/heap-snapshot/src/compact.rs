//! Columns of numbers that are small but for a few: narrow cells, and the few beside them.

use std::fmt;

use rustc_hash::FxHashMap;

use crate::prefetch::prefetch;

/// A column of whole numbers in cells of `BYTES` bytes, at most 4. A number that does not fit its
/// cell is kept beside the cells, at the price of a search.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Compact<const BYTES: usize> {
    cells: Vec<[u8; BYTES]>,
    /// Rows whose cell is full, with their numbers.
    wide: FxHashMap<u32, u64>,
}

impl<const BYTES: usize> Compact<BYTES> {
    /// The cell of a number that stands beside the cells.
    const FULL: u64 = (1 << (8 * BYTES)) - 1;

    /// A column in which every row is 0.
    #[must_use]
    pub fn zeros(rows: usize) -> Self {
        Self {
            cells: vec![[0; BYTES]; rows],
            wide: FxHashMap::default(),
        }
    }

    /// Number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The number in a row.
    #[must_use]
    #[inline]
    pub fn get(&self, row: usize) -> u64 {
        match number(self.cells[row]) {
            full if full == Self::FULL => self.beside(row),
            cell => cell,
        }
    }

    /// Asks for the memory that [`get`](Self::get) will look at.
    #[inline(always)]
    pub fn prefetch(&self, row: usize) {
        prefetch(&self.cells, row);
    }

    /// The numbers in the order of the rows.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        (0..self.len()).map(|row| self.get(row))
    }

    /// Puts a number into a row.
    #[inline]
    pub fn set(&mut self, row: usize, value: u64) {
        if value >= Self::FULL || number(self.cells[row]) == Self::FULL {
            self.set_beside(row, value);
        }
        self.cells[row] = cell(value.min(Self::FULL));
    }

    /// Makes room for so many more rows.
    pub fn reserve_exact(&mut self, rows: usize) {
        self.cells.reserve_exact(rows);
    }

    /// Adds a row.
    #[inline]
    pub fn push(&mut self, value: u64) {
        if value >= Self::FULL {
            self.wide.insert(self.cells.len() as u32, value);
        }
        self.cells.push(cell(value.min(Self::FULL)));
    }

    /// Adds rows, and gives the highest of their numbers.
    #[inline(always)]
    pub fn extend(&mut self, values: &[u64]) -> u64 {
        let highest = values.iter().copied().max().unwrap_or(0);
        if highest >= Self::FULL {
            values.iter().for_each(|value| self.push(*value));
        } else {
            self.cells.extend(values.iter().map(|value| cell(*value)));
        }
        highest
    }

    /// Moves the rows of `other` behind these.
    pub fn append(&mut self, other: &mut Self) {
        let before = self.cells.len() as u32;
        self.cells.append(&mut other.cells);
        let wide = other.wide.drain();
        self.wide
            .extend(wide.map(|(row, value)| (row + before, value)));
    }

    #[cold]
    fn beside(&self, row: usize) -> u64 {
        self.wide.get(&(row as u32)).copied().unwrap_or(Self::FULL)
    }

    #[cold]
    fn set_beside(&mut self, row: usize, value: u64) {
        if value >= Self::FULL {
            self.wide.insert(row as u32, value);
        } else {
            self.wide.remove(&(row as u32));
        }
    }
}

impl<const BYTES: usize> fmt::Debug for Compact<BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<const BYTES: usize> FromIterator<u64> for Compact<BYTES> {
    fn from_iter<I: IntoIterator<Item = u64>>(values: I) -> Self {
        let values = values.into_iter();
        let mut column = Self::default();
        column.reserve_exact(values.size_hint().0);
        values.for_each(|value| column.push(value));
        column
    }
}

#[inline(always)]
const fn cell<const BYTES: usize>(value: u64) -> [u8; BYTES] {
    let [first, second, third, fourth, ..] = value.to_le_bytes();
    let mut cell = [0; BYTES];
    cell.copy_from_slice([first, second, third, fourth].split_at(BYTES).0);
    cell
}

#[inline(always)]
const fn number<const BYTES: usize>(cell: [u8; BYTES]) -> u64 {
    let mut bytes = [0; 8];
    bytes.split_at_mut(BYTES).0.copy_from_slice(&cell);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::Compact;

    fn check<const BYTES: usize>() {
        let full = (1_u64 << (8 * BYTES)) - 1;
        let values = [0, 1, full - 1, full, full + 1, 7, u64::MAX, 12];
        let (mut column, mut more) = (Compact::<BYTES>::default(), Compact::default());
        column.push(0);
        assert_eq!(column.extend(&values[1..3]), full - 1);
        column.push(values[3]);
        assert_eq!(more.extend(&values[4..]), u64::MAX);
        column.append(&mut more);
        assert!(column.iter().eq(values), "{column:?}");
        assert!(more.is_empty());
        let mut set = Compact::<BYTES>::zeros(values.len());
        for row in [4, 0, 7, 6, 1, 2, 3, 5] {
            set.set(row, values[row]);
        }
        assert_eq!(set, column);
        for row in 0..values.len() {
            set.set(row, 3);
        }
        assert_eq!(set, [3; 8].into_iter().collect());
    }

    #[test]
    fn numbers_come_back_whatever_their_size() {
        check::<1>();
        check::<2>();
        check::<3>();
        check::<4>();
    }
}
