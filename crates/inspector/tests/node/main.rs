//! Everything that needs a real Node: small services for it, and the tests by what they look at.
//! Tests end at once, with a line, where there is no Node.

mod session;

use std::error::Error;
use std::time::{Duration, Instant};

use stanch_inspector::{AllowRemote, InspectorError, Launch, Service, Session, Target, attach};

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

/// Starts `service.js` with that text.
pub(crate) async fn launched(script: &str) -> Result<Option<Service>, InspectorError> {
    if !available() {
        return Ok(None);
    }
    let folder = folder_with(script).map_err(|source| InspectorError::CannotStart {
        program: "node".into(),
        source,
    })?;
    // The folder goes when the script has been read, which is before the end of its first tick.
    let service = Launch::new("node")
        .arg("service.js")
        .cwd(folder.path())
        .start()
        .await?;
    let session = attach(&Target::from(service.app_endpoint()), AllowRemote::No).await?;
    until("the script's first tick", async || {
        session
            .evaluate("process.uptime()>0&&process.mainModule?.loaded===true")
            .await
            .map(|on| on.as_bool()?.then_some(()))
    })
    .await?;
    session.close().await;
    Ok(Some(service))
}

/// Attaches to it.
pub(crate) async fn attached(service: &Service) -> Result<Session, InspectorError> {
    attach(&Target::from(service.app_endpoint()), AllowRemote::No).await
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
