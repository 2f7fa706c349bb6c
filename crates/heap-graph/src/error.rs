//! Why a snapshot could not become a graph.

/// What is wrong with a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// There is no node, so there is no root.
    #[error("the snapshot holds no nodes")]
    NoNodes,
}
