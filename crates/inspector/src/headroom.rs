//! Whether a snapshot fits into the memory that is left, before it is taken.

use std::time::Duration;

use crate::error::InspectorError;
use crate::free_memory::{FreeMemory, free_memory};
use crate::memory::V8_MODULE;
use crate::session::{Session, decode};
use crate::wire::HeapShape;

/// 5.9 million nodes lived in 188 MB of small objects; bigger objects make fewer nodes, so this overestimates.
const HEAP_BYTES_PER_NODE: u64 = 32;
/// Peak of resident memory while a snapshot is taken was 280 to 850 bytes per node.
const PEAK_BYTES_PER_NODE: u64 = 900;
/// Those 5.9 million nodes stopped HTTP answers for 20 to 31 s.
const STALL_PER_NODE: Duration = Duration::from_micros(5);

/// What a snapshot would cost, and what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headroom {
    /// Nodes the snapshot will have, estimated high.
    pub estimated_nodes: u64,
    /// Bytes the process may need on top of what it has.
    pub needed: u64,
    /// How long it may stand still.
    pub stall: Duration,
    /// Bytes that are free, and who says so; none when nobody can tell.
    pub free: Option<(u64, Limiter)>,
}

impl Headroom {
    /// Whether what is free covers what is needed. Unknown counts as no: a service killed for its memory is
    /// worse than a snapshot not taken.
    pub fn is_enough(&self) -> bool {
        self.free.is_some_and(|(free, _)| free >= self.needed)
    }
}

/// What limits the memory of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limiter {
    /// Its control group (a container's limit).
    ControlGroup,
    /// The machine.
    Host,
    /// What the process says itself, where we cannot look.
    Reported,
}

impl Session {
    /// What a snapshot of this isolate would cost now, against the memory that is free.
    ///
    /// # Errors
    /// The process does not answer, or the connection ended.
    pub async fn headroom(&self) -> Result<Headroom, InspectorError> {
        let doing = "estimating a snapshot's cost";
        let code = format!(
            "(v8=>({{used:v8.getHeapStatistics().used_heap_size,large:v8.getHeapSpaceStatistics()\
             .filter(s=>s.space_name.includes('large_object')).reduce((t,s)=>t+s.space_used_size,0),\
             available:process.availableMemory?process.availableMemory():null}}))({V8_MODULE})"
        );
        let shape: HeapShape = decode(self.value(&code, doing).await?, doing)?;
        let nodes = shape.used.saturating_sub(shape.large) / HEAP_BYTES_PER_NODE;
        let free = match self.pid().and_then(free_memory) {
            Some(FreeMemory::ControlGroup(bytes)) => Some((bytes, Limiter::ControlGroup)),
            Some(FreeMemory::Host(bytes)) => Some((bytes, Limiter::Host)),
            None => shape.available.map(|bytes| (bytes, Limiter::Reported)),
        };
        Ok(Headroom {
            estimated_nodes: nodes,
            needed: nodes * PEAK_BYTES_PER_NODE,
            stall: STALL_PER_NODE * u32::try_from(nodes).unwrap_or(u32::MAX),
            free,
        })
    }
}
