//! From a service to measured memory and what grew in it: the stages of `stanch find`.

mod allocations;
mod isolate;
mod isolates;
mod measure;
mod pace;
mod save;
mod scripts;
mod service;
mod serving;
mod traffic;

pub(crate) use allocations::own_allocations;
pub(crate) use isolate::{Isolate, SnapshotPolicy};
pub(crate) use measure::{Measured, Measurement};
pub(crate) use save::{SnapshotFile, private_folder, save_samples};
pub(crate) use scripts::{Folder, load_allocating, load_live, load_scripts};
pub(crate) use service::{Subject, explain};
pub(crate) use traffic::Traffic;
