//! Worker threads: isolates of their own, reached through the main thread's connection.

use crate::connection::Route;
use crate::error::InspectorError;
use crate::session::Session;
use crate::wire::{EnableWorkers, Ignored, ToWorkerSession};

/// One worker thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Its `threadId`, as text.
    pub id: String,
    /// Its title, with the name the service gave it.
    pub title: String,
    /// The `file:` url of its script, empty for evaluated code.
    pub url: String,
}

impl Session {
    /// The worker threads that run now, in order of their start.
    ///
    /// # Errors
    /// The process does not answer, or the connection ended.
    pub async fn workers(&self) -> Result<Vec<Worker>, InspectorError> {
        let main = self.on_route(Route::Main);
        // Enabling again changes nothing: workers attached before are kept.
        let params = EnableWorkers {
            wait_for_debugger_on_start: false,
        };
        main.call::<_, Ignored>("NodeWorker.enable", params, "listing the worker threads")
            .await?;
        Ok(self
            .table
            .workers()
            .into_iter()
            .map(|(_, worker)| worker)
            .collect())
    }

    /// A session for one worker thread's isolate: the same calls, over the same connection. Its
    /// [`crate::MemoryUsage::rss`] is still the whole process's.
    ///
    /// # Errors
    /// [`InspectorError::NoSuchWorker`] when it ended or never was; and as for every call.
    pub async fn worker(&self, id: &str) -> Result<Self, InspectorError> {
        self.workers().await?;
        let found = self
            .table
            .workers()
            .into_iter()
            .find(|(_, worker)| worker.id == id);
        match found {
            Some((session, _)) => Ok(self.on_route(Route::Worker(session))),
            None => Err(InspectorError::NoSuchWorker { id: id.to_owned() }),
        }
    }

    /// Lets go of the workers.
    pub(crate) async fn detach_workers(&self) {
        for (session, _) in self.table.workers() {
            let params = ToWorkerSession {
                session_id: &session,
            };
            // A worker that ended meanwhile needs no farewell.
            drop(
                self.call::<_, Ignored>("NodeWorker.detach", params, "leaving a worker thread")
                    .await,
            );
        }
        self.table.forget_workers();
    }
}
