//! A process into the isolates of it that are measured: the main thread's, and those of its workers.

use anyhow::{Result, bail};
use stanch_inspector::Session;

use super::isolate::{Isolate, SnapshotPolicy};
use crate::args::MeasureArgs;

/// Worker threads measured one by one; a pool of more does the same work in each.
const WORKERS: usize = 8;

/// Those that `--worker` asks for.
pub(crate) async fn isolates(session: &Session, args: &MeasureArgs) -> Result<Vec<Isolate>> {
    let policy = || {
        if args.sampling {
            SnapshotPolicy::Never(
                "No snapshot was taken: --sampling asks for sampled allocations only.".to_owned(),
            )
        } else {
            SnapshotPolicy::WhenGrowing
        }
    };
    let mut isolates = Vec::new();
    if args.worker == "all" || args.worker == "main" {
        isolates.push(Isolate::new(
            "main".to_owned(),
            session.clone(),
            session.heap_limit().await.ok(),
            policy(),
        ));
    }
    if args.worker != "main" {
        for worker in session.workers().await?.into_iter().take(WORKERS) {
            if args.worker == "all" || worker.id == args.worker {
                let own = session.worker(&worker.id).await?;
                let limit = own.heap_limit().await.ok();
                isolates.push(Isolate::new(
                    format!("worker {}: {}", worker.id, worker.title),
                    own,
                    limit,
                    policy(),
                ));
            }
        }
    }
    if isolates.is_empty() {
        bail!(
            "there is no worker `{}`; --worker takes all, main, or the id of a worker thread that runs",
            args.worker
        );
    }
    Ok(isolates)
}
