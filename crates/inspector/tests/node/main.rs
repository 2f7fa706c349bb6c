//! Everything that needs a real Node: small services for it, and the tests by what they look at.
//! Tests end at once, with a line, where there is no Node.

mod attach;
mod launch;
mod session;

use std::error::Error;
use std::time::{Duration, Instant};

use stanch_inspector::{InspectorError, Launch, Service, Session};

/// What a test returns.
pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// A service on a port of its own choice.
pub(crate) const SERVER: &str =
    "require('http').createServer((q,r)=>r.end('ok')).listen(0,'127.0.0.1')";

/// Whether there is a Node to test with.
pub(crate) fn available() -> bool {
    let found = std::process::Command::new("node")
        .arg("--version")
        .output()
        .is_ok();
    if !found {
        eprintln!("skipped: no node in PATH");
    }
    found
}

/// A running `service.js` in a folder of its own, which must outlive it: workers ask for the working directory.
pub(crate) struct Running {
    service: Service,
    _folder: tempfile::TempDir,
}

impl std::ops::Deref for Running {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

/// Starts `service.js` with that text and waits until it has run once; none without Node.
pub(crate) async fn launched(script: &str) -> Result<Option<Running>, InspectorError> {
    if !available() {
        return Ok(None);
    }
    let unwritten = |source| InspectorError::CannotStart {
        program: "service.js".into(),
        source,
    };
    let folder = folder_with(script).map_err(unwritten)?;
    let service = Launch::new("node")
        .arg("service.js")
        .cwd(folder.path())
        .start()
        .await?;
    let session = attached(&service).await?;
    until("the script's first run", async || {
        let loaded = session
            .evaluate("globalThis.process?.mainModule?.loaded===true")
            .await?;
        Ok(loaded.as_bool().filter(|loaded| *loaded))
    })
    .await?;
    session.close().await;
    Ok(Some(Running {
        service,
        _folder: folder,
    }))
}

/// Attaches to it.
pub(crate) async fn attached(service: &Service) -> Result<Session, InspectorError> {
    service.attach().await
}

/// A folder with `service.js`.
pub(crate) fn folder_with(script: &str) -> std::io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("service.js"), script)?;
    Ok(folder)
}

/// Asks again and again until there is an answer.
pub(crate) async fn until<T>(
    what: &'static str,
    mut ask: impl AsyncFnMut() -> Result<Option<T>, InspectorError>,
) -> Result<T, InspectorError> {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if started.elapsed() > Duration::from_secs(10) {
            return Err(InspectorError::Timeout {
                doing: what,
                waited: started.elapsed(),
            });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Whether the process runs; a dead one nobody reaped does not.
pub(crate) fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with(['Z', 'X']))
}
