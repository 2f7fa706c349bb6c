//! Rows of numbers into blocks of columns, each reference checked as far as what came before allows.

use std::ops::Range;

use crate::cell::{Cell, HighestString, ROW_LIMIT, Targets};
use crate::columns::Target;
use crate::header::{EdgeLayout, LocationLayout, NodeLayout};
use crate::numbers::RowSink;
use crate::plain::{Oddity, PlainRows, STRETCH, Stretch};
use crate::{Compact, LocationRow, Section, SnapshotError};

/// Some nodes in a row.
#[derive(Debug, Default)]
pub(crate) struct NodeBlock {
    pub(crate) kind: Vec<u8>,
    pub(crate) name: Compact<3>,
    pub(crate) id: Compact<4>,
    pub(crate) self_size: Compact<2>,
    /// Number of edges of each.
    pub(crate) edges: Vec<u32>,
    /// Number of edges of all.
    pub(crate) all_edges: u64,
    /// Positions in the block with a state that is not "unknown".
    pub(crate) detachedness: Vec<(u32, u8)>,
    pub(crate) highest: Option<HighestString>,
}

/// Some edges in a row.
#[derive(Debug, Default)]
pub(crate) struct EdgeBlock {
    pub(crate) target: Vec<Target>,
    pub(crate) name_or_index: Compact<3>,
    pub(crate) highest: Option<HighestString>,
}

/// Takes rows for a block.
pub(crate) struct Filling<'a, Block, Layout> {
    pub(crate) block: &'a mut Block,
    pub(crate) layout: &'a Layout,
    pub(crate) targets: Targets,
}

impl RowSink for Filling<'_, NodeBlock, NodeLayout> {
    fn row(&mut self, row: &[u64], offset: u64) -> Result<(), SnapshotError> {
        let cell = Cell {
            section: Section::Nodes,
            offset,
        };
        let (layout, block) = (self.layout, &mut *self.block);
        let kind = cell.kind(row[layout.kind], &layout.kinds)?;
        let name = cell.small("name", row[layout.name])?;
        block.all_edges = block.all_edges.saturating_add(row[layout.edge_count]);
        if block.all_edges > ROW_LIMIT {
            let cell = Cell {
                section: Section::Edges,
                offset,
            };
            return Err(cell.too_many(ROW_LIMIT));
        }
        block.raise(name.into(), || offset);
        block.note_states(&[layout.detachedness.map_or(0, |at| row[at])]);
        block.kind.push(kind.code());
        block.name.push(name.into());
        block.id.push(row[layout.id]);
        block.self_size.push(row[layout.self_size]);
        block.edges.push(row[layout.edge_count] as u32);
        Ok(())
    }
}

impl RowSink for Filling<'_, EdgeBlock, EdgeLayout> {
    fn row(&mut self, row: &[u64], offset: u64) -> Result<(), SnapshotError> {
        let cell = Cell {
            section: Section::Edges,
            offset,
        };
        let (layout, block) = (self.layout, &mut *self.block);
        let kind = cell.kind(row[layout.kind], &layout.kinds)?;
        let name = cell.small("name_or_index", row[layout.name_or_index])?;
        let to = self.targets.ordinal(cell, "to_node", row[layout.to_node])?;
        if !kind.is_indexed() {
            block.raise(name.into(), || offset);
        }
        block.target.push(Target::new(kind, to));
        block.name_or_index.push(name.into());
        Ok(())
    }
}

impl RowSink for Filling<'_, Vec<LocationRow>, LocationLayout> {
    fn row(&mut self, row: &[u64], offset: u64) -> Result<(), SnapshotError> {
        let cell = Cell {
            section: Section::Locations,
            offset,
        };
        let layout = self.layout;
        let object = row[layout.object_index];
        self.block.push(LocationRow {
            ordinal: self.targets.ordinal(cell, "object_index", object)?,
            script_id: cell.small("script_id", row[layout.script_id])?,
            line: cell.small("line", row[layout.line])?,
            column: cell.small("column", row[layout.column])?,
        });
        Ok(())
    }
}

impl Filling<'_, NodeBlock, NodeLayout> {
    /// Takes rows that start at `offset`; whether all were plain and in order.
    #[inline(always)]
    pub(crate) fn plain(&mut self, rows: PlainRows<'_>, offset: u64) -> Oddity {
        let (layout, block) = (self.layout, &mut *self.block);
        block.reserve(rows.len());
        let mut odd = Oddity::default();
        let mut numbers: Stretch = [0; STRETCH];
        let used = [
            layout.kind,
            layout.name,
            layout.id,
            layout.self_size,
            layout.edge_count,
            layout.detachedness.unwrap_or(layout.kind),
        ];
        let unused = unused(rows.fields(), &used);
        for stretch in stretches(rows.len()) {
            for field in &unused {
                rows.column(*field, &stretch, &mut numbers, &mut odd);
            }
            if let Some(at) = layout.detachedness {
                block.note_states(rows.column(at, &stretch, &mut numbers, &mut odd));
            }
            let kinds = rows.column(layout.kind, &stretch, &mut numbers, &mut odd);
            let unknown = highest_of(kinds) >= layout.kinds.len() as u64;
            block
                .kind
                .extend(kinds.iter().map(|kind| layout.codes[*kind as usize % 256]));
            let names = rows.column(layout.name, &stretch, &mut numbers, &mut odd);
            let highest = block.name.extend(names);
            block.raise(highest, || {
                offset + rows.end(stretch.start + first(names, highest)) as u64
            });
            block
                .id
                .extend(rows.column(layout.id, &stretch, &mut numbers, &mut odd));
            let sizes = rows.column(layout.self_size, &stretch, &mut numbers, &mut odd);
            block.self_size.extend(sizes);
            let counts = rows.column(layout.edge_count, &stretch, &mut numbers, &mut odd);
            for edges in &*counts {
                block.all_edges = block.all_edges.saturating_add(*edges);
            }
            block.edges.extend(counts.iter().map(|edges| *edges as u32));
            odd.note_if(unknown || highest > u64::from(u32::MAX));
        }
        odd.note_if(block.all_edges > ROW_LIMIT);
        odd
    }
}

impl Filling<'_, EdgeBlock, EdgeLayout> {
    /// Takes rows that start at `offset`; whether all were plain and in order.
    #[inline(always)]
    pub(crate) fn plain(&mut self, rows: PlainRows<'_>, offset: u64) -> Oddity {
        let (layout, block, targets) = (self.layout, &mut *self.block, self.targets);
        block.target.reserve_exact(rows.len());
        block.name_or_index.reserve_exact(rows.len());
        let mut odd = Oddity::default();
        let (mut kinds, mut numbers): (Stretch, Stretch) = ([0; STRETCH], [0; STRETCH]);
        let unused = unused(
            rows.fields(),
            &[layout.kind, layout.name_or_index, layout.to_node],
        );
        for stretch in stretches(rows.len()) {
            for field in &unused {
                rows.column(*field, &stretch, &mut numbers, &mut odd);
            }
            let kinds = rows.column(layout.kind, &stretch, &mut kinds, &mut odd);
            odd.note_if(highest_of(kinds) >= layout.kinds.len() as u64);
            let indices = rows.column(layout.to_node, &stretch, &mut numbers, &mut odd);
            let mut outside = false;
            block
                .target
                .extend(kinds.iter().zip(indices).map(|(kind, index)| {
                    let to = targets.quotient(*index);
                    outside |= !targets.has(to);
                    Target::new(
                        layout.by_number[*kind as usize % 256],
                        to as u32 % Target::NODES as u32,
                    )
                }));
            let names = rows.column(layout.name_or_index, &stretch, &mut numbers, &mut odd);
            let highest = block.name_or_index.extend(names);
            odd.note_if(outside || highest > u64::from(u32::MAX));
            // Indices are no names.
            for (name, kind) in names.iter_mut().zip(kinds) {
                *name &= layout.is_named[*kind as usize % 256];
            }
            let highest = highest_of(names);
            block.raise(highest, || {
                offset + rows.end(stretch.start + first(names, highest)) as u64
            });
        }
        odd
    }
}

impl Filling<'_, Vec<LocationRow>, LocationLayout> {
    /// Takes rows; whether all were plain and in order.
    #[inline(always)]
    pub(crate) fn plain(&mut self, rows: PlainRows<'_>) -> Oddity {
        let (layout, targets) = (self.layout, self.targets);
        self.block.reserve_exact(rows.len());
        let mut odd = Oddity::default();
        let mut columns: [Stretch; 4] = [[0; STRETCH]; 4];
        let fields = [
            layout.object_index,
            layout.script_id,
            layout.line,
            layout.column,
        ];
        let unused = unused(rows.fields(), &fields);
        for stretch in stretches(rows.len()) {
            for field in &unused {
                rows.column(*field, &stretch, &mut columns[0], &mut odd);
            }
            for (column, field) in columns.iter_mut().zip(fields) {
                rows.column(field, &stretch, column, &mut odd);
            }
            let [nodes, scripts, lines, places] = &columns;
            for at in 0..stretch.len() {
                let ordinal = targets.quotient(nodes[at]);
                let (script, line, place) = (scripts[at], lines[at], places[at]);
                odd.note_if(!targets.has(ordinal) || (script | line | place) > u64::from(u32::MAX));
                self.block.push(LocationRow {
                    ordinal: ordinal as u32,
                    script_id: script as u32,
                    line: line as u32,
                    column: place as u32,
                });
            }
        }
        odd
    }
}

/// Fields whose numbers nobody needs: they have to be numbers all the same, so that a broken file is refused.
fn unused(fields: usize, used: &[usize]) -> Vec<usize> {
    (0..fields).filter(|field| !used.contains(field)).collect()
}

fn stretches(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows)
        .step_by(STRETCH)
        .map(move |start| start..(start + STRETCH).min(rows))
}

#[inline(always)]
fn highest_of(numbers: &[u64]) -> u64 {
    numbers.iter().copied().max().unwrap_or(0)
}

/// Where a number stands first.
fn first(numbers: &[u64], wanted: u64) -> usize {
    numbers
        .iter()
        .position(|number| *number == wanted)
        .unwrap_or(0)
}

impl NodeBlock {
    fn reserve(&mut self, rows: usize) {
        self.kind.reserve_exact(rows);
        self.name.reserve_exact(rows);
        self.id.reserve_exact(rows);
        self.self_size.reserve_exact(rows);
        self.edges.reserve_exact(rows);
    }

    /// Notes the states of the nodes that come next.
    fn note_states(&mut self, states: &[u64]) {
        if states.iter().all(|state| *state & 3 == 0) {
            return;
        }
        for (at, state) in (self.kind.len() as u32..).zip(states) {
            if state & 3 != 0 {
                self.detachedness.push((at, *state as u8 & 3));
            }
        }
    }

    fn raise(&mut self, value: u64, offset: impl FnOnce() -> u64) {
        if self
            .highest
            .is_none_or(|highest| value > highest.value.into())
        {
            let (section, field) = (Section::Nodes, "name");
            self.highest = Some(HighestString {
                value: value as u32,
                section,
                field,
                offset: offset(),
            });
        }
    }
}

impl EdgeBlock {
    fn raise(&mut self, value: u64, offset: impl FnOnce() -> u64) {
        if self
            .highest
            .is_none_or(|highest| value > highest.value.into())
        {
            let (section, field) = (Section::Edges, "name_or_index");
            self.highest = Some(HighestString {
                value: value as u32,
                section,
                field,
                offset: offset(),
            });
        }
    }
}
