//! The requests that a run counts: driven by us, or by somebody else and counted inside the service.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use stanch_http_load::{Load, LoadReport};
use stanch_inspector::Session;

/// Counts requests that node:http starts to serve, without keeping any of them.
const COUNT: &str = "(() => { const key = Symbol.for('stanch.requests'); if (globalThis[key]) return 0; \
    const channel = process.getBuiltinModule('node:diagnostics_channel'); const state = { n: 0 }; \
    state.add = () => { state.n++; }; channel.subscribe('http.server.request.start', state.add); \
    Object.defineProperty(globalThis, key, { value: state, configurable: true, enumerable: false }); return 0; })()";
const READ: &str = "globalThis[Symbol.for('stanch.requests')]?.n ?? 0";
const REMOVE: &str = "(() => { const key = Symbol.for('stanch.requests'); const state = globalThis[key]; \
    if (state) { process.getBuiltinModule('node:diagnostics_channel').unsubscribe('http.server.request.start', state.add); \
    delete globalThis[key]; } return 0; })()";

/// Where the requests come from. Clones are the same traffic.
#[derive(Clone)]
pub(crate) enum Traffic {
    /// We send them.
    Driven(Arc<Load>),
    /// Somebody else sends them; the service's own count tells how many.
    Counted {
        session: Session,
        seen: Arc<AtomicU64>,
    },
}

impl Traffic {
    /// Traffic that somebody else drives.
    pub(crate) async fn counted(session: &Session) -> Result<Self> {
        session.evaluate(COUNT).await?;
        Ok(Self::Counted {
            session: session.clone(),
            seen: Arc::default(),
        })
    }

    /// Whether somebody else drives it.
    pub(crate) fn is_driven_elsewhere(&self) -> bool {
        matches!(self, Self::Counted { .. })
    }

    /// Lets `length` of traffic pass.
    pub(crate) async fn run_for(&self, length: Duration) {
        match self {
            Self::Driven(load) => {
                load.run_for(length).await;
            }
            Self::Counted { .. } => tokio::time::sleep(length).await,
        }
    }

    /// Requests completed as far as known without asking anybody.
    pub(crate) fn requests(&self) -> u64 {
        match self {
            Self::Driven(load) => load.report().completed(),
            Self::Counted { seen, .. } => seen.load(Ordering::Relaxed),
        }
    }

    /// Requests completed.
    pub(crate) async fn requests_now(&self) -> Result<u64> {
        if let Self::Counted { session, seen } = self {
            let value = session.evaluate(READ).await?;
            seen.store(value.as_u64().unwrap_or(0), Ordering::Relaxed);
        }
        Ok(self.requests())
    }

    /// Requests per second of late.
    pub(crate) fn rate(&self) -> f64 {
        match self {
            Self::Driven(load) => load.rate(),
            Self::Counted { .. } => 0.0,
        }
    }

    /// Fails when the service gives nothing but errors, or nothing at all.
    pub(crate) fn check(&self, silent: bool) -> Result<()> {
        let Self::Driven(load) = self else {
            return Ok(());
        };
        let report = load.report();
        if report.only_errors() {
            bail!(
                "the service answers only errors: {report}\nCheck the URL, or give headers, method and body with --url, --header and --body."
            );
        }
        if silent {
            bail!("the service completes no request any more: {report}");
        }
        Ok(())
    }

    /// What the load came to; none where somebody else drove it.
    pub(crate) fn report(&self) -> Option<LoadReport> {
        match self {
            Self::Driven(load) => Some(load.report()),
            Self::Counted { .. } => None,
        }
    }

    /// Closes connections, and takes the counter out again.
    pub(crate) async fn end(&self) {
        match self {
            Self::Driven(load) => load.close().await,
            // The process may be gone already; then so is the counter.
            Self::Counted { session, .. } => drop(session.evaluate(REMOVE).await),
        }
    }
}
