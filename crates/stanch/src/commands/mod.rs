//! One file per command: arguments in, exit code out.

pub(crate) mod analyze;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod find;
mod input;
pub(crate) mod lint;
mod looks;
pub(crate) mod lsp;
mod room;
pub(crate) mod snapshot;
