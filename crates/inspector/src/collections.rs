//! Garbage collections and the time they took, counted inside the process by `v8.GCProfiler`.

use std::time::Duration;

use serde::Deserialize;

use crate::error::InspectorError;
use crate::memory::{V8_MODULE, whole_bytes};
use crate::session::{Session, decode};

/// Synchronous all through: no timer, no callback, no global name. The only reference is the inspector's
/// handle, so the counter vanishes with the connection, even when we are killed.
const COUNTER: &str = "{const{GCProfiler}=V8;if(!GCProfiler)throw Error('no GCProfiler');\
    let p=new GCProfiler();p.start();\
    return{read(){const s=p.stop();p=new GCProfiler();p.start();\
    let major=0,cost=0,freed=0;for(const g of s.statistics){if(g.gcType!=='Scavenge')major++;cost+=g.cost;\
    freed+=g.beforeGC.heapStatistics.usedHeapSize-g.afterGC.heapStatistics.usedHeapSize}\
    return{cost,count:s.statistics.length,major,freed}},\
    stop(){p.stop()}}}";

/// Garbage collection since the first reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collections {
    /// Time the process stood still for it.
    pub total: Duration,
    /// Collections of every kind.
    pub count: u64,
    /// Those that were no scavenges of the young generation.
    pub major: u64,
    /// Bytes of heap they freed.
    pub freed: u64,
}

/// The counter put into one isolate.
#[derive(Default)]
pub(crate) struct GcCounter {
    object: Option<String>,
    sum: Collections,
}

#[derive(Deserialize)]
struct Reading {
    /// Microseconds.
    cost: f64,
    count: u64,
    major: u64,
    /// Bytes. Incremental steps can allocate more than they free.
    freed: f64,
}

impl GcCounter {
    pub(crate) async fn stop(&mut self, session: &Session) {
        if let Some(object) = self.object.take() {
            // It may be gone with its isolate already.
            drop(
                session
                    .call_on(
                        &object,
                        "function(){this.stop()}",
                        "removing the collection counter",
                    )
                    .await,
            );
        }
    }
}

impl Session {
    /// Time spent in garbage collection since the first call, which starts the counter and gives zero. The
    /// process keeps some 4 KB per collection until the next call: call it at least every few minutes.
    ///
    /// # Errors
    /// [`InspectorError::Threw`] on Node before 18.15, which has no such counter; and as for every call.
    pub async fn collections(&self) -> Result<Collections, InspectorError> {
        let doing = "counting garbage collections";
        let mut counter = self.gc.lock().await;
        let Some(object) = counter.object.clone() else {
            let code = format!("(()=>{})()", COUNTER.replace("V8", V8_MODULE));
            counter.object = Some(self.object(&code, doing).await?);
            return Ok(counter.sum);
        };
        let reading = self
            .call_on(&object, "function(){return this.read()}", doing)
            .await?;
        let reading: Reading = decode(reading, doing)?;
        counter.sum.total += Duration::from_secs_f64((reading.cost / 1e6).max(0.0));
        counter.sum.count += reading.count;
        counter.sum.major += reading.major;
        counter.sum.freed += whole_bytes(reading.freed.max(0.0));
        Ok(counter.sum)
    }
}
