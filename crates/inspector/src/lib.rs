//! Turns one Node process into a session that measures it over the V8 inspector protocol.
//!
//! For callers who want numbers and snapshots of a live process. [`Launch`] starts a command with an
//! inspector on loopback and gives a [`Service`]; [`attach`] turns a [`Target`] (a pid, an address, an
//! announced [`Endpoint`]) into a [`Session`], which forces garbage collection, reads memory, streams
//! heap snapshots, samples allocations, lists scripts and reaches worker threads.
//!
//! ```no_run
//! # async fn run() -> Result<(), stanch_inspector::InspectorError> {
//! use stanch_inspector::{ChildOutput, Launch};
//! let launch = Launch::new("node").arg("server.js").output(ChildOutput::Keep);
//! let service = launch.start().await?;
//! let session = service.attach().await?;
//! let live = session.collect_garbage().await?;
//! println!("{} bytes live", live.heap_used);
//! session.close().await;
//! service.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Sizes are bytes. One websocket serves the whole series, so object ids of several snapshots agree.
//! It needs Linux (`/proc`). It does not know what a leak is and never looks inside a snapshot.

mod attach;
mod collections;
mod connection;
mod discovery;
mod error;
mod free_memory;
mod headroom;
mod identity;
mod launch;
mod memory;
mod output;
mod process;
mod sampling;
mod scripts;
mod servers;
mod service;
mod session;
mod snapshot;
mod target;
mod wire;
mod workers;

pub use attach::{attach, attach_with};
pub use collections::Collections;
pub use error::{Disconnect, InspectorError};
pub use free_memory::{FreeMemory, free_memory};
pub use headroom::{Headroom, Limiter};
pub use launch::{ChildOutput, Launch};
pub use memory::{LiveHeap, MemoryUsage};
pub use output::{OutputLine, OutputLines, Stream};
pub use process::{ListeningPort, listening_ports_of};
pub use sampling::{AllocationNode, CallFrame, SamplingProfile};
pub use scripts::Script;
pub use servers::{HttpProtocol, HttpServer};
pub use service::Service;
pub use session::{Exposure, Session, Timeouts, Versions};
pub use snapshot::{SnapshotProgress, SnapshotTaken};
pub use target::{AllowRemote, Endpoint, Target};
pub use workers::Worker;
