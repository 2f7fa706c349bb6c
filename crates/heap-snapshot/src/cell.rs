//! One number of a row into what a column holds, or into the error that names its place.

use crate::{Section, SnapshotError};

/// Edges, and rows of any other section but the nodes, stay below this, so that columns of `u32` can
/// hold one past the last.
pub(crate) const ROW_LIMIT: u64 = u32::MAX as u64 - 1;

/// The place of a row, for errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) section: Section,
    pub(crate) offset: u64,
}

/// The largest string number used so far; checked once the strings are known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HighestString {
    pub(crate) value: u32,
    pub(crate) section: Section,
    pub(crate) field: &'static str,
    pub(crate) offset: u64,
}

/// Turns positions in the `nodes` array into ordinals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Targets {
    /// Numbers per node.
    fields: u64,
    /// Nodes there are.
    nodes: u64,
    /// Times the odd part of `fields` this is 1, in 64 bits.
    inverse: u64,
}

impl Targets {
    pub(crate) fn new(fields: usize, nodes: usize) -> Self {
        let (fields, nodes) = (fields as u64, nodes as u64);
        let odd = fields >> fields.trailing_zeros();
        // Newton's iteration: each step doubles the number of right bits, of which `odd` has three.
        let mut inverse = odd;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        }
        Self {
            fields,
            nodes,
            inverse,
        }
    }

    /// The ordinal of the node that starts at `index` of the `nodes` array, or no ordinal at all: a
    /// number not below the number of nodes.
    #[inline(always)]
    pub(crate) const fn quotient(&self, index: u64) -> u64 {
        // An exact division is a multiplication; what is not divisible comes out huge.
        index
            .wrapping_mul(self.inverse)
            .rotate_right(self.fields.trailing_zeros())
    }

    /// Whether [`quotient`](Self::quotient) gave an ordinal.
    #[inline(always)]
    pub(crate) const fn has(&self, ordinal: u64) -> bool {
        ordinal < self.nodes
    }

    /// The ordinal of the node that starts at `index` of the `nodes` array.
    pub(crate) fn ordinal(
        &self,
        cell: Cell,
        field: &'static str,
        index: u64,
    ) -> Result<u32, SnapshotError> {
        let Self { fields, nodes, .. } = *self;
        let ordinal = self.quotient(index);
        if self.has(ordinal) {
            return Ok(ordinal as u32);
        }
        let expected = format!("a multiple of {fields} below {}", nodes * fields);
        Err(cell.reference(field, index, expected))
    }
}

impl Cell {
    pub(crate) fn small(self, field: &'static str, value: u64) -> Result<u32, SnapshotError> {
        u32::try_from(value)
            .map_err(|_| self.reference(field, value, "a number that fits 32 bits".to_owned()))
    }

    /// The entry for a type number in the list that meta gives.
    pub(crate) fn kind<T: Copy>(self, value: u64, kinds: &[T]) -> Result<T, SnapshotError> {
        let known = usize::try_from(value)
            .ok()
            .and_then(|at| kinds.get(at))
            .copied();
        known.ok_or_else(|| {
            let expected = format!("a number below {}, the types that meta lists", kinds.len());
            self.reference("type", value, expected)
        })
    }

    pub(crate) fn too_many(self, limit: u64) -> SnapshotError {
        let Self { section, offset } = self;
        SnapshotError::TooMany {
            offset,
            section,
            limit,
        }
    }

    pub(crate) fn reference(
        self,
        field: &'static str,
        value: u64,
        expected: String,
    ) -> SnapshotError {
        let Self { section, offset } = self;
        SnapshotError::Reference {
            offset,
            section,
            field,
            value,
            expected,
        }
    }
}

impl HighestString {
    /// Keeps the larger of two, the earlier of equals.
    pub(crate) fn raise(highest: &mut Option<Self>, other: Option<Self>) {
        if let Some(other) = other
            && highest.is_none_or(|highest| other.value > highest.value)
        {
            *highest = Some(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Targets};
    use crate::Section;

    #[test]
    fn only_multiples_below_the_end_are_ordinals() {
        let cell = Cell {
            section: Section::Edges,
            offset: 0,
        };
        for fields in 1..20 {
            let targets = Targets::new(fields, 10);
            for index in (0..300).chain(u64::MAX - 300..=u64::MAX) {
                let found = targets.ordinal(cell, "to_node", index).ok();
                let is_ordinal = index % fields as u64 == 0 && index / (fields as u64) < 10;
                let expected = is_ordinal.then(|| (index / fields as u64) as u32);
                assert_eq!(found, expected, "{index} / {fields}");
            }
        }
    }
}
