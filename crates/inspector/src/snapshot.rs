//! Streams a heap snapshot out of the process, chunk by chunk, without keeping it.

use std::error::Error;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use crate::connection::Event;
use crate::error::{Disconnect, InspectorError};
use crate::session::{Session, bad_answer};
use crate::wire::{SnapshotChunk, SnapshotCount, TakeHeapSnapshot};

/// Chunks are 100 KB (Node 20, 22) or 1 MB (24, 26): enough room that a short pause of the receiver does not
/// stop the socket, little enough to stay below 64 MB.
const EVENTS_IN_FLIGHT: usize = 64;
const DOING: &str = "taking a heap snapshot";

/// How far a snapshot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotProgress {
    /// The process stands still and counts its nodes.
    Counting {
        /// Nodes done.
        done: u64,
        /// Nodes expected.
        total: u64,
    },
    /// The text arrives.
    Streaming {
        /// Bytes so far.
        bytes: u64,
    },
}

/// A snapshot that was streamed completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotTaken {
    /// Length of its text.
    pub bytes: u64,
    /// Nodes the process announced when it began: up to a tenth less than it writes.
    pub nodes: u64,
    /// From the command to the last byte.
    pub took: Duration,
}

impl Session {
    /// Takes a heap snapshot and gives its JSON text piece by piece to `sink`. All snapshots of one session
    /// use the same object ids. Ask [`Session::headroom`] first: the process stands still for the whole time
    /// and needs much memory.
    ///
    /// # Errors
    /// The sink's error; no sign of life for [`crate::Timeouts::snapshot_stall`]; the connection ended. After an
    /// error the process may still be at work on the snapshot.
    pub async fn take_snapshot<E: Into<Box<dyn Error + Send + Sync>>>(
        &self,
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
        mut progress: impl FnMut(SnapshotProgress),
    ) -> Result<SnapshotTaken, InspectorError> {
        let started = Instant::now();
        let mut taken = SnapshotTaken {
            bytes: 0,
            nodes: 0,
            took: Duration::ZERO,
        };
        let mut events = self
            .table
            .listen(&self.route, "HeapProfiler.", EVENTS_IN_FLIGHT);
        let params = TakeHeapSnapshot {
            report_progress: true,
        };
        let answer = self.raw_call("HeapProfiler.takeHeapSnapshot", params, DOING);
        tokio::pin!(answer);
        let stall = self.timeouts.snapshot_stall;
        let mut answered = false;
        loop {
            let event = tokio::select! {
                // The answer comes after the last chunk, but both may be waiting: chunks first.
                biased;
                event = tokio::time::timeout(stall, events.recv()), if !answered => event,
                result = &mut answer, if !answered => {
                    result?;
                    answered = true;
                    continue;
                }
                else => Ok(events.try_recv().ok()),
            };
            match event {
                Ok(Some(event)) => {
                    if let Some(step) = take_event(&event, &mut taken, &mut sink)? {
                        progress(step);
                    }
                }
                Ok(None) if answered => break,
                Ok(None) => {
                    let why = self.table.disconnect().unwrap_or(Disconnect::WorkerExited);
                    return Err(self.lost(why, DOING).await);
                }
                Err(_) => {
                    return Err(InspectorError::Timeout {
                        doing: DOING,
                        waited: stall,
                    });
                }
            }
        }
        if taken.bytes == 0 {
            // Seen where the process ran out of memory for the text.
            return Err(bad_answer(DOING, &"the snapshot is empty"));
        }
        taken.took = started.elapsed();
        Ok(taken)
    }
}

fn take_event<E: Into<Box<dyn Error + Send + Sync>>>(
    event: &Event,
    taken: &mut SnapshotTaken,
    sink: &mut impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<Option<SnapshotProgress>, InspectorError> {
    match event.method.as_str() {
        "HeapProfiler.addHeapSnapshotChunk" => {
            let chunk: SnapshotChunk<'_> = read(&event.params)?;
            let bytes = chunk.chunk.as_bytes();
            sink(bytes).map_err(|error| InspectorError::Sink {
                source: error.into(),
            })?;
            taken.bytes += bytes.len() as u64;
            Ok(Some(SnapshotProgress::Streaming { bytes: taken.bytes }))
        }
        "HeapProfiler.reportHeapSnapshotProgress" => {
            let count: SnapshotCount = read(&event.params)?;
            taken.nodes = count.total;
            Ok(Some(SnapshotProgress::Counting {
                done: count.done,
                total: count.total,
            }))
        }
        _ => Ok(None),
    }
}

fn read<'a, T: serde::Deserialize<'a>>(params: &'a RawValue) -> Result<T, InspectorError> {
    serde_json::from_str(params.get()).map_err(|error| bad_answer(DOING, &error))
}
