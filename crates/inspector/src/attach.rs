//! Turns a target into a session; opens the inspector of a running process by SIGUSR1 where it must.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::discovery::discover;
use crate::error::InspectorError;
use crate::identity;
use crate::process;
use crate::session::{OpenedBy, Session, Timeouts};
use crate::target::{AllowRemote, Endpoint, Target, check_host};

/// The inspector opens 5 to 6 ms after the signal; a loaded machine takes longer.
const OPEN_LIMIT: Duration = Duration::from_secs(3);
/// Between looks at the listening ports.
const POLL: Duration = Duration::from_millis(5);

/// Attaches with the default timeouts.
///
/// # Errors
/// As [`attach_with`].
pub async fn attach(target: &Target, remote: AllowRemote) -> Result<Session, InspectorError> {
    attach_with(target, remote, Timeouts::default()).await
}

/// Connects to the target's inspector. A pid's inspector is opened by SIGUSR1 when it is not open yet, and
/// closed again by [`Session::close`] or when the last clone of the session goes.
///
/// # Errors
/// The address is not this machine's and not allowed; nothing answers there; the process is not Node, not
/// ours, or does not open its inspector: each says what to do instead.
pub async fn attach_with(
    target: &Target,
    remote: AllowRemote,
    timeouts: Timeouts,
) -> Result<Session, InspectorError> {
    let (endpoint, opened) = match target {
        Target::Pid(pid) => open_by_pid(*pid).await?,
        Target::Address { host, port } => {
            check_host(host, *port, remote)?;
            (located(discover(host, *port).await?), OpenedBy::Others)
        }
        Target::Endpoint(endpoint) => {
            check_host(&endpoint.host, endpoint.port, remote)?;
            (located(endpoint.clone()), OpenedBy::Others)
        }
    };
    Session::open(endpoint, timeouts, opened).await
}

/// Adds the process behind a local address.
fn located(mut endpoint: Endpoint) -> Endpoint {
    let local = check_host(&endpoint.host, endpoint.port, AllowRemote::No).is_ok();
    if endpoint.pid.is_none() && local {
        endpoint.pid = process::owner_of_port(endpoint.port);
    }
    endpoint
}

async fn open_by_pid(pid: u32) -> Result<(Endpoint, OpenedBy), InspectorError> {
    let node = identity::check(pid)?;
    let before = process::listening_ports_of(pid);
    if before
        .iter()
        .any(|listening| listening.port() == node.inspector_port)
    {
        if let Ok(endpoint) = endpoint_at(pid, node.inspector_port).await {
            return Ok((endpoint, OpenedBy::Others));
        }
    } else if node.inspector_port != 0
        && process::port_in_use(pid, node.inspector_port)
        && !node.announced
    {
        let holder = process::owner_of_port(node.inspector_port);
        let holder = holder.map_or_else(
            || "another process".to_owned(),
            |pid| format!("process {pid}"),
        );
        return Err(InspectorError::PortTaken {
            pid,
            port: node.inspector_port,
            holder,
        });
    }
    // Started with an inspector on a port we cannot foresee (0): ask the ports before sending a signal.
    if node.announced
        && let Some(endpoint) = first_inspector(pid, &before).await
    {
        return Ok((endpoint, OpenedBy::Others));
    }
    identity::wait_until_signal_is_caught(&node).await?;
    identity::still_the_same(&node)?;
    let target = Pid::from_raw(i32::try_from(pid).unwrap_or_default());
    kill(target, Signal::SIGUSR1).map_err(|_| InspectorError::NoSuchProcess { pid })?;
    wait_for_inspector(pid, &before).await
}

async fn wait_for_inspector(
    pid: u32,
    before: &[process::ListeningPort],
) -> Result<(Endpoint, OpenedBy), InspectorError> {
    let started = Instant::now();
    while started.elapsed() < OPEN_LIMIT {
        let mut now = process::listening_ports_of(pid);
        now.retain(|port| !before.contains(port));
        if let Some(endpoint) = first_inspector(pid, &now).await {
            return Ok((endpoint, OpenedBy::Us));
        }
        if !process::lives(pid) {
            return Err(InspectorError::NoSuchProcess { pid });
        }
        tokio::time::sleep(POLL).await;
    }
    // Nothing new: it may have been open all along, where nobody could have looked for it.
    match first_inspector(pid, before).await {
        Some(endpoint) => Ok((endpoint, OpenedBy::Others)),
        None => Err(InspectorError::SignalIgnored {
            pid,
            waited: OPEN_LIMIT,
        }),
    }
}

async fn first_inspector(pid: u32, ports: &[process::ListeningPort]) -> Option<Endpoint> {
    for listening in ports {
        if let Ok(endpoint) = endpoint_at(pid, listening.port()).await {
            return Some(endpoint);
        }
    }
    None
}

async fn endpoint_at(pid: u32, port: u16) -> Result<Endpoint, InspectorError> {
    let listening = process::listening_ports_of(pid)
        .into_iter()
        .find(|listening| listening.port() == port);
    // An inspector on a chosen interface answers there only; one on all interfaces answers on loopback.
    let ip = listening
        .map(|listening| listening.address.ip())
        .filter(|ip| !ip.is_unspecified());
    let host = ip.map_or_else(|| "127.0.0.1".to_owned(), |ip| ip.to_string());
    let mut endpoint = discover(&host, port).await?;
    endpoint.pid = Some(pid);
    Ok(endpoint)
}
