//! Rows of numbers into columns, each reference checked as far as what came before allows.

use crate::header::{EdgeLayout, LocationLayout, NodeLayout};
use crate::numbers::RowSink;
use crate::{EdgeColumns, LocationRow, NodeColumns, Section, SnapshotError, StringId};

/// Ordinals and edge numbers stay below this, so that columns of `u32` can hold one past the last.
const LIMIT: u64 = u32::MAX as u64 - 1;

/// The largest string number used so far; checked once the strings are known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HighestString {
    pub(crate) value: u32,
    pub(crate) section: Section,
    pub(crate) field: &'static str,
    pub(crate) offset: u64,
}

/// Fills [`NodeColumns`].
pub(crate) struct NodeRows<'a> {
    pub(crate) layout: &'a NodeLayout,
    pub(crate) nodes: &'a mut NodeColumns,
    pub(crate) strings: &'a mut Option<HighestString>,
}

/// Fills [`EdgeColumns`].
pub(crate) struct EdgeRows<'a> {
    pub(crate) layout: &'a EdgeLayout,
    pub(crate) targets: Targets,
    pub(crate) edges: &'a mut EdgeColumns,
    pub(crate) strings: &'a mut Option<HighestString>,
}

/// Fills the locations.
pub(crate) struct LocationRows<'a> {
    pub(crate) layout: &'a LocationLayout,
    pub(crate) targets: Targets,
    pub(crate) locations: &'a mut Vec<LocationRow>,
}

/// Turns positions in the `nodes` array into ordinals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Targets {
    /// Numbers per node.
    pub(crate) fields: u64,
    /// Nodes there are.
    pub(crate) nodes: u64,
}

impl RowSink for NodeRows<'_> {
    fn row(&mut self, row: &[u64], offset: u64) -> Result<(), SnapshotError> {
        let cell = Cell {
            section: Section::Nodes,
            offset,
        };
        let layout = self.layout;
        let nodes = &mut *self.nodes;
        let kind = row[layout.kind];
        let known = usize::try_from(kind)
            .ok()
            .and_then(|kind| layout.kinds.get(kind));
        let known = *known.ok_or_else(|| cell.no_type(kind, layout.kinds.len()))?;
        let name = cell.small("name", row[layout.name])?;
        raise(self.strings, name, cell, "name");
        let first = nodes.first_edge.last().copied().unwrap_or(0);
        let behind = u64::from(first).saturating_add(row[layout.edge_count]);
        if behind > LIMIT {
            return Err(SnapshotError::TooMany {
                offset,
                section: Section::Edges,
                limit: LIMIT,
            });
        }
        if nodes.kind.len() as u64 == LIMIT {
            return Err(SnapshotError::TooMany {
                offset,
                section: Section::Nodes,
                limit: LIMIT,
            });
        }
        let state = layout.detachedness.map_or(0, |at| row[at] & 3);
        if state != 0 {
            nodes
                .detachedness
                .push((nodes.kind.len() as u32, state as u8));
        }
        nodes.kind.push(known);
        nodes.name.push(StringId(name));
        nodes.id.push(row[layout.id]);
        nodes.self_size.push(row[layout.self_size]);
        nodes.first_edge.push(behind as u32);
        Ok(())
    }
}

impl RowSink for EdgeRows<'_> {
    fn row(&mut self, row: &[u64], offset: u64) -> Result<(), SnapshotError> {
        let cell = Cell {
            section: Section::Edges,
            offset,
        };
        let layout = self.layout;
        let kind = row[layout.kind];
        let known = usize::try_from(kind)
            .ok()
            .and_then(|kind| layout.kinds.get(kind));
        let known = *known.ok_or_else(|| cell.no_type(kind, layout.kinds.len()))?;
        let name = cell.small("name_or_index", row[layout.name_or_index])?;
        if !known.is_indexed() {
            raise(self.strings, name, cell, "name_or_index");
        }
        let to = self.targets.ordinal(cell, "to_node", row[layout.to_node])?;
        self.edges.kind.push(known);
        self.edges.name_or_index.push(name);
        self.edges.to.push(to);
        Ok(())
    }
}

impl RowSink for LocationRows<'_> {
    fn row(&mut self, row: &[u64], offset: u64) -> Result<(), SnapshotError> {
        let cell = Cell {
            section: Section::Locations,
            offset,
        };
        let layout = self.layout;
        self.locations.push(LocationRow {
            ordinal: self
                .targets
                .ordinal(cell, "object_index", row[layout.object_index])?,
            script_id: cell.small("script_id", row[layout.script_id])?,
            line: cell.small("line", row[layout.line])?,
            column: cell.small("column", row[layout.column])?,
        });
        Ok(())
    }
}

impl Targets {
    /// The ordinal of the node that starts at `index` of the `nodes` array.
    pub(crate) fn ordinal(
        self,
        cell: Cell,
        field: &'static str,
        index: u64,
    ) -> Result<u32, SnapshotError> {
        let Self { fields, nodes } = self;
        let ordinal = index / fields;
        if ordinal < nodes && ordinal * fields == index {
            return Ok(ordinal as u32);
        }
        let expected = format!("a multiple of {fields} below {}", nodes * fields);
        Err(cell.reference(field, index, expected))
    }
}

/// The place of a row, for errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) section: Section,
    pub(crate) offset: u64,
}

impl Cell {
    fn small(self, field: &'static str, value: u64) -> Result<u32, SnapshotError> {
        u32::try_from(value)
            .map_err(|_| self.reference(field, value, "a number that fits 32 bits".to_owned()))
    }

    fn no_type(self, value: u64, types: usize) -> SnapshotError {
        self.reference(
            "type",
            value,
            format!("a number below {types}, the types that meta lists"),
        )
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

fn raise(highest: &mut Option<HighestString>, value: u32, cell: Cell, field: &'static str) {
    if highest.is_none_or(|highest| value > highest.value) {
        let Cell { section, offset } = cell;
        *highest = Some(HighestString {
            value,
            section,
            field,
            offset,
        });
    }
}
