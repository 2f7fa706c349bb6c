//! A plan → requests sent over keep-alive connections, counted as they end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::connection::{Connection, Failure};
use crate::exchange::{Limits, Outcome, exchange};
use crate::request::{Compiled, Origin};
use crate::run::Run;
use crate::tally::Tally;
use crate::template::Values;
use crate::{LoadError, LoadReport, Pace, Plan};

const FIRST_BACKOFF: Duration = Duration::from_millis(10);
const LONGEST_BACKOFF: Duration = Duration::from_millis(160);

/// Load on a service, run after run. Dropping it closes its connections.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    requests: Vec<Target>,
    pace: Pace,
    timeout: Duration,
    hold: Duration,
    seed: u64,
    sequence: AtomicU64,
    /// Idle connections: those of each worker, one per origin.
    idle: Vec<Mutex<Vec<Option<Connection>>>>,
    tally: Mutex<Tally>,
}

#[derive(Debug)]
struct Target {
    request: Compiled,
    /// Which of the distinct origins it goes to.
    origin: usize,
}

impl Load {
    /// Checks the plan; nothing is sent yet.
    ///
    /// # Errors
    /// Says what the plan lacks, or which header of a request cannot be sent.
    pub fn new(plan: Plan) -> Result<Self, LoadError> {
        plan.check()?;
        let mut origins: Vec<Origin> = Vec::new();
        let mut requests = Vec::new();
        for request in &plan.requests {
            let request = Compiled::new(request)?;
            let known = origins.iter().position(|origin| *origin == request.origin);
            let origin = known.unwrap_or_else(|| {
                origins.push(request.origin.clone());
                origins.len() - 1
            });
            requests.push(Target { request, origin });
        }
        let no_connections = || Mutex::new(origins.iter().map(|_| None).collect());
        let shared = Shared {
            requests,
            pace: plan.pace,
            timeout: plan.timeout,
            hold: plan.hold,
            seed: plan.seed,
            sequence: AtomicU64::new(0),
            idle: (0..plan.connections).map(|_| no_connections()).collect(),
            tally: Mutex::new(Tally::new()),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Sends requests for this long. Those under way at the end get up to 200 ms more, then they are dropped.
    ///
    /// Connections stay open for the next run. Dropping the future stops the load at once and closes the connections
    /// of the requests under way; what was counted stays counted. Needs a tokio runtime with time and I/O, on which
    /// the load runs in tasks of its own, whatever the caller does meanwhile.
    pub async fn run_for(&self, length: Duration) {
        let _running = Running::begin(&self.shared);
        let run = Arc::new(Run::new(self.shared.pace, length));
        let mut workers = JoinSet::new();
        for index in 0..self.shared.idle.len() {
            workers.spawn(work(Arc::clone(&self.shared), Arc::clone(&run), index));
        }
        while workers.join_next().await.is_some() {}
    }

    /// What came of all requests so far, while a run goes on too.
    #[must_use]
    pub fn report(&self) -> LoadReport {
        lock(&self.shared.tally).report()
    }

    /// Completed requests per second over about the last second; 0 when nothing ran of late.
    #[must_use]
    pub fn rate(&self) -> f64 {
        lock(&self.shared.tally).rate()
    }

    /// Closes all idle connections. A run that goes on keeps those that it uses, and a later one opens new ones.
    pub async fn close(&self) {
        for connections in &self.shared.idle {
            lock(connections).fill_with(|| None);
        }
    }
}

/// Counts the time of a run, to whatever end it comes.
struct Running<'a>(&'a Shared);

impl<'a> Running<'a> {
    fn begin(shared: &'a Shared) -> Self {
        lock(&shared.tally).begin();
        Self(shared)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        lock(&self.0.tally).end();
    }
}

async fn work(shared: Arc<Shared>, run: Arc<Run>, worker: usize) {
    let limits = Limits {
        timeout: shared.timeout,
        hold: shared.hold,
        cut: run.cut(),
    };
    let mut backoff = FIRST_BACKOFF;
    while let Some(due) = run.next_due().await {
        let outcome = shared.one(worker, limits).await;
        lock(&shared.tally).add(&outcome, due);
        if let Outcome::Failed(Failure::Refused | Failure::Reset | Failure::Other) = outcome {
            // A service that is down or restarting is not to be hammered at.
            sleep_until((Instant::now() + backoff).min(run.deadline())).await;
            backoff = (backoff * 2).min(LONGEST_BACKOFF);
        } else {
            backoff = FIRST_BACKOFF;
        }
    }
}

impl Shared {
    async fn one(&self, worker: usize, limits: Limits) -> Outcome {
        let index = self.sequence.fetch_add(1, Ordering::Relaxed);
        let target = &self.requests[(index % self.requests.len() as u64) as usize];
        let Some(request) = target.request.fill(Values::new(self.seed, index + 1)) else {
            return Outcome::Failed(Failure::Other);
        };
        let idle = &self.idle[worker];
        // Out of the slot while in use: whoever drops this future closes this connection and no other.
        let mut slot = lock(idle)[target.origin].take();
        let outcome = exchange(&mut slot, &request, limits).await;
        lock(idle)[target.origin] = slot;
        outcome
    }
}

/// Counts and idle connections are whole at every moment, so a panic elsewhere does not spoil them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
