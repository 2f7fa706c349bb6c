//! The text of whole rows of one section into a block of columns: the plain way if it can be read
//! so, else number by number.

use std::sync::Arc;

use crate::cell::{ROW_LIMIT, Targets};
use crate::columns::Target;
use crate::commas::{Borders, Commas};
use crate::header::Header;
use crate::numbers::{NumberArray, RowSink};
use crate::plain::{Oddity, PlainRows};
use crate::rows::{EdgeBlock, Filling, NodeBlock};
#[cfg(target_arch = "x86_64")]
use crate::wide;
use crate::{LocationRow, Section, SnapshotError};

/// All it takes to read rows of one section, wherever they stand in it.
#[derive(Debug, Clone)]
pub(crate) struct RowPlan {
    pub(crate) section: Section,
    pub(crate) header: Arc<Header>,
    pub(crate) targets: Targets,
}

/// Rows of one section, read.
#[derive(Debug)]
pub(crate) enum Block {
    Nodes(NodeBlock),
    Edges(EdgeBlock),
    Locations(Vec<LocationRow>),
}

impl RowPlan {
    /// Numbers per row.
    pub(crate) fn fields(&self) -> usize {
        match (self.section, &self.header.locations) {
            (Section::Edges, _) => self.header.edges.fields,
            (Section::Locations, Some(layout)) => layout.fields,
            _ => self.header.nodes.fields,
        }
    }

    /// Where the last whole row of `text`, with the comma after it, ends.
    pub(crate) fn whole_rows(&self, text: &[u8]) -> usize {
        let commas = memchr::memchr_iter(b',', text).count();
        if commas < self.fields() {
            return 0;
        }
        let mut rest = commas % self.fields();
        let mut end = text.len();
        while let Some(comma) = memchr::memrchr(b',', &text[..end]) {
            if rest == 0 {
                return comma + 1;
            }
            rest -= 1;
            end = comma;
        }
        0
    }

    /// Reads the first `length` bytes of `text`, whole rows with the commas after them. Some bytes
    /// behind them make it faster: see [`PADDING`](crate::plain::PADDING).
    pub(crate) fn read(
        &self,
        text: &[u8],
        length: usize,
        offset: u64,
        commas: &mut Commas,
    ) -> Result<Block, SnapshotError> {
        if let Some(block) = self.read_plain(text, commas.find(&text[..length]), offset) {
            return Ok(block);
        }
        let mut array = NumberArray::behind_row(self.section, self.fields());
        let mut block = self.empty();
        self.fill(&mut block, |sink| {
            array.scan(&text[..length], offset, sink).map(drop)
        })?;
        Ok(block)
    }

    /// A block without rows.
    pub(crate) fn empty(&self) -> Block {
        match self.section {
            Section::Edges => Block::Edges(EdgeBlock::default()),
            Section::Locations => Block::Locations(Vec::new()),
            _ => Block::Nodes(NodeBlock::default()),
        }
    }

    /// Lets `scan` put rows into a block.
    pub(crate) fn fill<T>(
        &self,
        block: &mut Block,
        scan: impl FnOnce(&mut DynSink<'_>) -> Result<T, SnapshotError>,
    ) -> Result<T, SnapshotError> {
        let (header, targets) = (&*self.header, self.targets);
        match (block, &header.locations) {
            (Block::Nodes(block), _) => scan(&mut DynSink(&mut Filling {
                block,
                layout: &header.nodes,
                targets,
            })),
            (Block::Edges(block), _) => scan(&mut DynSink(&mut Filling {
                block,
                layout: &header.edges,
                targets,
            })),
            (Block::Locations(block), Some(layout)) => scan(&mut DynSink(&mut Filling {
                block,
                layout,
                targets,
            })),
            // Without a layout there is no plan for locations.
            (Block::Locations(_), None) => scan(&mut DynSink(&mut Nowhere)),
        }
    }

    /// Reads rows that are written the plain way.
    pub(crate) fn read_plain(
        &self,
        padded: &[u8],
        borders: Borders<'_>,
        offset: u64,
    ) -> Option<Block> {
        #[cfg(target_arch = "x86_64")]
        if wide::is_avx2_here() {
            return avx2::read_plain(self, padded, borders, offset);
        }
        self.read_plain_portable(padded, borders, offset)
    }

    /// Like [`read_plain`](Self::read_plain), as on any processor.
    #[inline(always)]
    pub(crate) fn read_plain_portable(
        &self,
        padded: &[u8],
        borders: Borders<'_>,
        offset: u64,
    ) -> Option<Block> {
        let (header, targets) = (&*self.header, self.targets);
        let rows = PlainRows::new(padded, borders, self.fields())?;
        let mut block = self.empty();
        let odd = match (&mut block, &header.locations) {
            (Block::Nodes(block), _) => {
                let layout = &header.nodes;
                Filling {
                    block,
                    layout,
                    targets,
                }
                .plain(rows, offset)
            }
            (Block::Edges(block), _) => {
                let layout = &header.edges;
                Filling {
                    block,
                    layout,
                    targets,
                }
                .plain(rows, offset)
            }
            (Block::Locations(block), Some(layout)) => Filling {
                block,
                layout,
                targets,
            }
            .plain(rows),
            (Block::Locations(_), None) => Oddity::ODD,
        };
        odd.is_none().then_some(block)
    }

    /// The error for the row of `text` with which there are too many nodes or edges.
    pub(crate) fn too_many(
        &self,
        text: &[u8],
        offset: u64,
        nodes: u64,
        edges: u64,
    ) -> SnapshotError {
        let mut counter = Counter {
            plan: self,
            nodes,
            edges,
        };
        let mut array = NumberArray::behind_row(self.section, self.fields());
        match array.scan(text, offset, &mut counter) {
            Err(error) => error,
            Ok(_) => self.too_many_at(offset + text.len() as u64, nodes),
        }
    }

    /// The error for the row that ends at `offset`, behind so many nodes.
    pub(crate) const fn too_many_at(&self, offset: u64, nodes: u64) -> SnapshotError {
        let (section, limit) = if nodes >= Target::NODES {
            (Section::Nodes, Target::NODES)
        } else {
            (Section::Edges, ROW_LIMIT)
        };
        SnapshotError::TooMany {
            offset,
            section,
            limit,
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "compiled for four numbers at a time it takes two thirds of the time: `cargo bench --bench parsing rows`"
)]
mod avx2 {
    use super::{Block, RowPlan};
    use crate::commas::Borders;

    /// Only where [`is_avx2_here`](crate::wide::is_avx2_here).
    pub(super) fn read_plain(
        plan: &RowPlan,
        padded: &[u8],
        borders: Borders<'_>,
        offset: u64,
    ) -> Option<Block> {
        // SAFETY: the caller asked, so the processor has the four features.
        unsafe { read_plain_wide(plan, padded, borders, offset) }
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    fn read_plain_wide(
        plan: &RowPlan,
        padded: &[u8],
        borders: Borders<'_>,
        offset: u64,
    ) -> Option<Block> {
        plan.read_plain_portable(padded, borders, offset)
    }
}

impl Block {
    /// How many rows there are.
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::Nodes(block) => block.kind.len(),
            Self::Edges(block) => block.target.len(),
            Self::Locations(rows) => rows.len(),
        }
    }

    /// Whether the rows can be numbered behind so many nodes and edges.
    pub(crate) fn fits(&self, nodes: u64, edges: u64) -> bool {
        match self {
            Self::Nodes(block) => {
                nodes + block.kind.len() as u64 <= Target::NODES
                    && edges.saturating_add(block.all_edges) <= ROW_LIMIT
            }
            Self::Edges(block) => edges + block.target.len() as u64 <= ROW_LIMIT,
            Self::Locations(_) => true,
        }
    }
}

/// Any sink, so that one scanner serves them all.
pub(crate) struct DynSink<'a>(&'a mut dyn RowSink);

impl RowSink for DynSink<'_> {
    fn row(&mut self, row: &[u64], offset: u64) -> Result<(), SnapshotError> {
        self.0.row(row, offset)
    }
}

struct Nowhere;

impl RowSink for Nowhere {
    fn row(&mut self, _: &[u64], _: u64) -> Result<(), SnapshotError> {
        Ok(())
    }
}

/// Counts nodes and edges until there are too many.
struct Counter<'a> {
    plan: &'a RowPlan,
    nodes: u64,
    edges: u64,
}

impl RowSink for Counter<'_> {
    fn row(&mut self, row: &[u64], offset: u64) -> Result<(), SnapshotError> {
        let (nodes, edges) = match self.plan.section {
            Section::Nodes => (1, row[self.plan.header.nodes.edge_count]),
            _ => (0, 1),
        };
        self.edges = self.edges.saturating_add(edges);
        if self.nodes + nodes > Target::NODES || self.edges > ROW_LIMIT {
            return Err(self.plan.too_many_at(offset, self.nodes));
        }
        self.nodes += nodes;
        Ok(())
    }
}
