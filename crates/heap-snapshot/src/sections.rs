//! The sections of a snapshot as they come in, into the snapshot.

use std::sync::Arc;

use crate::cell::{Cell, HighestString, Targets};
use crate::header::Header;
use crate::places::LocationRows;
use crate::plan::{Block, RowPlan};
use crate::rows::{EdgeBlock, NodeBlock};
use crate::{EdgeColumns, Foreign, NodeColumns, Section, Snapshot, SnapshotError, Strings};

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    pub(crate) header: Option<Arc<Header>>,
    nodes: Option<NodeColumns>,
    edges: Option<EdgeColumns>,
    locations: Option<LocationRows>,
    pub(crate) strings: Option<Strings>,
    highest_string: Option<HighestString>,
}

/// What to do with a section whose key was read.
pub(crate) enum Opening {
    Rows(RowPlan),
    Strings,
    Skip,
}

impl Sections {
    /// Opens the section called `key`, which stands behind the header.
    pub(crate) fn open(
        &mut self,
        key: &[u8],
        header: &Arc<Header>,
        offset: u64,
    ) -> Result<Opening, SnapshotError> {
        let missing = |expected| SnapshotError::Missing { offset, expected };
        let section = match key {
            b"edges" if self.nodes.is_none() => return Err(missing("`nodes` before `edges`")),
            b"locations" if self.nodes.is_none() => {
                return Err(missing("`nodes` before `locations`"));
            }
            b"nodes" if self.nodes.is_none() => {
                self.nodes = Some(NodeColumns::default());
                Section::Nodes
            }
            b"edges" if self.edges.is_none() => {
                self.edges = Some(EdgeColumns::default());
                Section::Edges
            }
            b"locations" if self.locations.is_none() => {
                self.locations = Some(LocationRows::default());
                Section::Locations
            }
            b"strings" if self.strings.is_none() => {
                self.strings = Some(Strings::default());
                return Ok(Opening::Strings);
            }
            b"snapshot" | b"nodes" | b"edges" | b"locations" | b"strings" => {
                return Err(missing("each section once, found one a second time"));
            }
            _ => return Ok(Opening::Skip),
        };
        if section == Section::Locations && header.locations.is_none() {
            return Ok(Opening::Skip);
        }
        let nodes = self.nodes.as_ref().map_or(0, |nodes| nodes.kind.len());
        let targets = Targets::new(header.nodes.fields, nodes);
        let header = Arc::clone(header);
        Ok(Opening::Rows(RowPlan {
            section,
            header,
            targets,
        }))
    }

    /// Puts rows behind those that came before. `text` is what they were read from, at `offset`.
    pub(crate) fn append(
        &mut self,
        block: Result<Block, SnapshotError>,
        plan: &RowPlan,
        text: &[u8],
        offset: u64,
    ) -> Result<(), SnapshotError> {
        let (nodes, edges) = self.rows_before(plan.section);
        // Who read the rows did not know how many came before.
        let too_many = || plan.too_many(text, offset, nodes, edges);
        match block {
            Ok(block) if block.fits(nodes, edges) => {
                self.put(block);
                Ok(())
            }
            Ok(_) => Err(too_many()),
            Err(error) => {
                let other = too_many();
                Err(if other.offset() < error.offset() {
                    other
                } else {
                    error
                })
            }
        }
    }

    /// Puts the row that ends at `end`, if it is whole, behind those that came before.
    pub(crate) fn append_row(
        &mut self,
        row: Block,
        plan: &RowPlan,
        end: u64,
    ) -> Result<(), SnapshotError> {
        let (nodes, edges) = self.rows_before(plan.section);
        if !row.fits(nodes, edges) {
            return Err(plan.too_many_at(end, nodes));
        }
        self.put(row);
        Ok(())
    }

    /// The nodes and edges so far, by what the nodes say if a section of nodes is being read.
    fn rows_before(&self, section: Section) -> (u64, u64) {
        match (section, &self.nodes, &self.edges) {
            (Section::Nodes, Some(nodes), _) => (nodes.kind.len() as u64, nodes.edges.end().into()),
            (Section::Edges, _, Some(edges)) => (0, edges.target.len() as u64),
            _ => (0, 0),
        }
    }

    fn put(&mut self, block: Block) {
        match block {
            Block::Nodes(block) => self.put_nodes(block),
            Block::Edges(block) => self.put_edges(block),
            Block::Locations(rows) => {
                let locations = self.locations.get_or_insert_default();
                rows.iter().for_each(|row| locations.push(row));
            }
        }
    }

    fn put_nodes(&mut self, mut block: NodeBlock) {
        let nodes = self.nodes.get_or_insert_default();
        let before = nodes.kind.len() as u32;
        nodes.kind.append(&mut block.kind);
        nodes.name.append(&mut block.name);
        nodes.id.append(&mut block.id);
        nodes.self_size.append(&mut block.self_size);
        nodes.edges.extend(&block.edges);
        let states = block.detachedness.into_iter();
        nodes
            .detachedness
            .extend(states.map(|(at, state)| (at + before, state)));
        HighestString::raise(&mut self.highest_string, block.highest);
    }

    fn put_edges(&mut self, mut block: EdgeBlock) {
        let edges = self.edges.get_or_insert_default();
        edges.target.append(&mut block.target);
        edges.name_or_index.append(&mut block.name_or_index);
        HighestString::raise(&mut self.highest_string, block.highest);
    }

    /// Ends the input, which is `offset` bytes long.
    pub(crate) fn finish(self, offset: u64) -> Result<Snapshot, SnapshotError> {
        let what = Foreign::OtherJson;
        let header = self
            .header
            .ok_or(SnapshotError::NotASnapshot { what, offset })?;
        let missing = |expected| SnapshotError::Missing { offset, expected };
        let nodes = self.nodes.ok_or(missing("a `nodes` section"))?;
        let edges = self.edges.ok_or(missing("an `edges` section"))?;
        let strings = self.strings.ok_or(missing("a `strings` section"))?;
        check_counts(&header, &nodes, &edges, offset)?;
        check_strings(self.highest_string, &strings)?;
        let targets = Targets::new(header.nodes.fields, nodes.kind.len());
        let cell = Cell {
            section: Section::Header,
            offset,
        };
        let root = targets.ordinal(cell, "root_index", header.root_index)?;
        let locations = self.locations.unwrap_or_default();
        Ok(Snapshot {
            locations: locations.into_locations(nodes.kind.len()),
            nodes,
            edges,
            strings,
            root,
            extra_native_bytes: header.extra_native_bytes,
            node_types: header.node_types.clone(),
        })
    }
}

fn check_counts(
    header: &Header,
    nodes: &NodeColumns,
    edges: &EdgeColumns,
    offset: u64,
) -> Result<(), SnapshotError> {
    let (node_rows, edge_rows) = (nodes.kind.len() as u64, edges.target.len() as u64);
    let owned = nodes.edges.end();
    let snapshot = "the snapshot section";
    let checks = [
        (Section::Nodes, snapshot, header.node_count, node_rows),
        (Section::Edges, snapshot, header.edge_count, edge_rows),
        (
            Section::Edges,
            "the sum of edge_count",
            Some(owned.into()),
            edge_rows,
        ),
    ];
    for (section, announced_by, announced, found) in checks {
        if let Some(announced) = announced.filter(|announced| *announced != found) {
            return Err(SnapshotError::Count {
                offset,
                section,
                announced_by,
                announced,
                found,
            });
        }
    }
    Ok(())
}

fn check_strings(highest: Option<HighestString>, strings: &Strings) -> Result<(), SnapshotError> {
    let Some(HighestString {
        value,
        section,
        field,
        offset,
    }) = highest
    else {
        return Ok(());
    };
    if (value as usize) < strings.len() {
        return Ok(());
    }
    let expected = format!("a number below {}, the strings there are", strings.len());
    Err(Cell { section, offset }.reference(field, value.into(), expected))
}
