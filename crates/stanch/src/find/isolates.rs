//! A process into the isolates of it that are measured: the main thread's, and those of its workers.

use anyhow::{Result, bail};
use stanch_inspector::{Disconnect, InspectorError, Session, Worker};

use super::isolate::{Isolate, SnapshotPolicy};
use crate::args::MeasureArgs;

/// Worker threads measured one by one; a pool of more does the same work in each.
const WORKERS: usize = 8;

/// Those that `--worker` asks for.
pub(crate) async fn isolates(session: &Session, args: &MeasureArgs) -> Result<Vec<Isolate>> {
    let mut isolates = Vec::new();
    if args.worker == "all" || args.worker == "main" {
        let limit = session.heap_limit().await.ok();
        isolates.push(Isolate::new(None, session.clone(), limit, policy(args)));
    }
    renew(&mut isolates, session, args).await?;
    if isolates.is_empty() {
        bail!(
            "there is no worker `{}`; --worker takes all, main, or the id of a worker thread that runs",
            args.worker
        );
    }
    Ok(isolates)
}

/// Takes in the workers that have started, and leaves out those that have ended: a pool may come to be with the first
/// requests.
pub(crate) async fn renew(
    isolates: &mut Vec<Isolate>,
    session: &Session,
    args: &MeasureArgs,
) -> Result<()> {
    if args.worker == "main" {
        return Ok(());
    }
    let workers = session.workers().await?;
    let is_of = |isolate: &Isolate, worker: &Worker| isolate.worker.as_ref() == Some(worker);
    isolates.retain(|isolate| {
        isolate.worker.is_none() || workers.iter().any(|worker| is_of(isolate, worker))
    });
    for worker in workers {
        let measured = isolates.iter().filter(|isolate| isolate.worker.is_some());
        let is_meant = args.worker == "all" || worker.id == args.worker;
        let is_known = isolates.iter().any(|isolate| is_of(isolate, &worker));
        if !is_meant || is_known || measured.count() >= WORKERS {
            continue;
        }
        match session.worker(&worker.id).await {
            Ok(own) => {
                let limit = own.heap_limit().await.ok();
                isolates.push(Isolate::new(Some(worker), own, limit, policy(args)));
            }
            // It has ended since it was listed.
            Err(InspectorError::NoSuchWorker { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let others = u32::try_from(isolates.len().saturating_sub(1)).unwrap_or(u32::MAX);
    for isolate in isolates {
        isolate.evidence.other_isolates = others;
    }
    Ok(())
}

/// Whether it failed because a worker has ended, while the process goes on.
pub(crate) fn is_end_of_worker(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(InspectorError::Disconnected {
            why: Disconnect::WorkerExited,
            ..
        })
    )
}

fn policy(args: &MeasureArgs) -> SnapshotPolicy {
    if args.sampling {
        SnapshotPolicy::Never(
            "No snapshot was taken: --sampling asks for sampled allocations only.".to_owned(),
        )
    } else {
        SnapshotPolicy::WhenGrowing
    }
}
