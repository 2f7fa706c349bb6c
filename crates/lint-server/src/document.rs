//! An open text with its version into its findings, looked for once for each version.

use std::path::PathBuf;

use lsp_types::{Diagnostic, Range, TextDocumentContentChangeEvent};
use stanch_leak_lint::{Finding, Label};
use stanch_lint_project::Looked;

use crate::position::Lines;

/// The mark that SourceText takes off before it counts.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A text that an editor has open.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) path: Option<PathBuf>,
    pub(crate) version: i32,
    /// When it was opened or written in last, as the number of such messages.
    pub(crate) touched: u64,
    pub(crate) lines: Lines,
    /// What is said of this version; none where nobody has looked yet.
    pub(crate) looked: Option<Looked>,
    /// What the editor was told last, and of which version.
    pub(crate) told: Option<(i32, Vec<Diagnostic>)>,
}

impl Document {
    pub(crate) fn new(path: Option<PathBuf>, version: i32, text: String) -> Self {
        Self {
            path,
            version,
            touched: 0,
            lines: Lines::of(text),
            looked: None,
            told: None,
        }
    }

    pub(crate) fn change(&mut self, version: i32, changes: Vec<TextDocumentContentChangeEvent>) {
        for change in changes {
            self.lines = match change.range {
                Some(range) => self.lines.changed(range, &change.text),
                None => Lines::of(change.text),
            };
        }
        self.version = version;
        self.looked = None;
    }

    pub(crate) fn text(&self) -> &str {
        self.lines.text()
    }

    pub(crate) fn findings(&self) -> &[Finding] {
        match &self.looked {
            Some(Looked::Checked(findings)) => findings,
            _ => &[],
        }
    }

    /// The range of byte offsets of the linted text.
    pub(crate) fn range(&self, start: u32, end: u32) -> Range {
        let mark = if self.text().starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len_utf8()
        } else {
            0
        };
        self.lines.range(start as usize + mark, end as usize + mark)
    }

    pub(crate) fn place(&self, label: &Label) -> Range {
        self.range(label.extent.start, label.extent.end)
    }
}
