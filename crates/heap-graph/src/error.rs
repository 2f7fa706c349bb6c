//! Why columns could not become a graph.

/// What is wrong with a snapshot's columns. A snapshot from the parser has none of these faults.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// There is no node, so there is no root.
    #[error("the snapshot holds no nodes")]
    NoNodes,
    /// Columns that describe the same rows differ in length.
    #[error("column {column} has {found} rows, expected {expected}")]
    ColumnLength {
        /// The column's path in the snapshot.
        column: &'static str,
        /// Rows it has.
        found: usize,
        /// Rows it should have.
        expected: usize,
    },
    /// An index lies outside of the table it points into.
    #[error("row {row} of column {column} points outside its table")]
    Dangling {
        /// The column's path in the snapshot.
        column: &'static str,
        /// The row.
        row: usize,
    },
}
