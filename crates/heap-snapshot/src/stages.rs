//! Single steps of parsing, for those who measure them.

use std::sync::Arc;

use crate::Section;
use crate::cell::Targets;
use crate::commas::Commas;
use crate::header;
use crate::plain::PADDING;
use crate::plan::RowPlan;

/// Which way a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As on any processor.
    Portable,
    /// As on this one.
    Fastest,
}

/// The text of edges in a heap of so many nodes, and what is found in it.
#[derive(Debug)]
pub struct EdgeRows {
    text: Vec<u8>,
    length: usize,
    plan: RowPlan,
    commas: Commas,
}

impl EdgeRows {
    /// Rows with a comma behind each number, of a snapshot with this header.
    ///
    /// # Errors
    /// What is wrong with the header.
    pub fn new(header: &str, mut text: Vec<u8>, nodes: usize) -> Result<Self, String> {
        let header = Arc::new(header::read(header.as_bytes())?);
        let length = text.len();
        text.extend_from_slice(&[0; PADDING]);
        let targets = Targets::new(header.nodes.fields, nodes);
        let section = Section::Edges;
        let plan = RowPlan {
            section,
            header,
            targets,
        };
        let commas = Commas::default();
        Ok(Self {
            text,
            length,
            plan,
            commas,
        })
    }

    /// Finds all commas, and says how many there are.
    pub fn find_commas(&mut self, way: Way) -> usize {
        let text = &self.text[..self.length];
        let borders = match way {
            Way::Portable => self.commas.find_portable(text),
            Way::Fastest => self.commas.find(text),
        };
        borders.places().len() - 1
    }

    /// Reads the rows, whose commas must have been found, and says how many there are; none if they
    /// are not plain.
    #[must_use]
    pub fn read_rows(&self, way: Way) -> Option<usize> {
        let borders = self.commas.borders();
        let block = match way {
            Way::Portable => self.plan.read_plain_portable(&self.text, borders, 0),
            Way::Fastest => self.plan.read_plain(&self.text, borders, 0),
        };
        block.map(|block| block.len())
    }
}
