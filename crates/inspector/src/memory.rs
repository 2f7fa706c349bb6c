//! Memory of one isolate: what the process reports, and what is live after forced collection.

use serde::Deserialize;

use crate::error::InspectorError;
use crate::session::{Session, decode};
use crate::wire::{HeapUsage, Ignored, NoParams};

/// One collection can leave what finalizers and weak callbacks let go: 216 KB were seen on Node 20.
const MOST_COLLECTIONS: u32 = 3;

/// `process.memoryUsage()`, in bytes. `rss` is the whole process, the others are the isolate's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemoryUsage {
    /// Resident memory.
    pub rss: u64,
    /// Memory V8 has for its heap.
    pub heap_total: u64,
    /// The part of it in use, garbage included.
    pub heap_used: u64,
    /// Memory of C++ objects tied to JavaScript ones, array buffers included.
    pub external: u64,
    /// Memory of `ArrayBuffer`s, `Buffer`s included.
    pub array_buffers: u64,
}

/// What forced collection left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveHeap {
    /// Bytes of heap in use after the last collection.
    pub heap_used: u64,
    /// Collections it took until that number stood still.
    pub collections: u32,
}

impl Session {
    /// Memory now.
    ///
    /// # Errors
    /// The process does not answer, or the connection ended.
    pub async fn memory(&self) -> Result<MemoryUsage, InspectorError> {
        let doing = "reading the memory usage";
        decode(self.value("process.memoryUsage()", doing).await?, doing)
    }

    /// Collects garbage until the heap in use moves by less than 0.1 %, at most three times. The process
    /// stands still meanwhile: 390 to 820 ms each at 188 MB.
    ///
    /// # Errors
    /// The process does not answer, or the connection ended.
    pub async fn collect_garbage(&self) -> Result<LiveHeap, InspectorError> {
        let doing = "collecting garbage";
        let mut before = None;
        let mut collections = 0;
        loop {
            let limit = self.timeouts.collect;
            self.call_within::<_, Ignored>(
                limit,
                "HeapProfiler.collectGarbage",
                NoParams {},
                doing,
            )
            .await?;
            collections += 1;
            let usage: HeapUsage = self
                .call_within(limit, "Runtime.getHeapUsage", NoParams {}, doing)
                .await?;
            let heap_used = whole_bytes(usage.used_size);
            let settled =
                before.is_some_and(|before: u64| before.abs_diff(heap_used) < heap_used / 1000);
            if settled || collections == MOST_COLLECTIONS {
                return Ok(LiveHeap {
                    heap_used,
                    collections,
                });
            }
            before = Some(heap_used);
        }
    }

    /// The size at which V8 gives up with "heap out of memory" (`--max-old-space-size`), in bytes.
    ///
    /// # Errors
    /// The process does not answer, or the connection ended.
    pub async fn heap_limit(&self) -> Result<u64, InspectorError> {
        let doing = "reading the heap limit";
        let code = format!("{V8_MODULE}.getHeapStatistics().heap_size_limit");
        decode(self.value(&code, doing).await?, doing)
    }
}

/// Node's own `v8` module: without a module system on versions that have `getBuiltinModule`, else by the
/// console's `require`.
pub(crate) const V8_MODULE: &str =
    "(process.getBuiltinModule?process.getBuiltinModule('node:v8'):require('node:v8'))";

/// The protocol has only floating point numbers, even for bytes.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes are whole, positive and far below 2^53"
)]
pub(crate) fn whole_bytes(size: f64) -> u64 {
    size as u64
}
