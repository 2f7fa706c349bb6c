//! A started command: its processes, ports, inspectors, output, and its end.

use std::collections::HashSet;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::ChildStdin;
use tokio::sync::{mpsc, watch};

use crate::attach::attach;
use crate::error::InspectorError;
use crate::output::{Log, OutputLines};
use crate::process::{self, ListeningPort};
use crate::session::Session;
use crate::target::{AllowRemote, Endpoint, Target};

/// How long processes may take to end after SIGTERM before they are killed.
const TERM_LIMIT: Duration = Duration::from_secs(2);
/// How long after its port opened an announcement may take to be read, on a busy machine.
const ANNOUNCE_DELAY: Duration = Duration::from_millis(500);
/// Between looks at `/proc`: other members of the group are not our children, nothing tells us of their end.
const GROUP_POLL: Duration = Duration::from_millis(10);

/// A service we started. Dropping it kills its whole process group.
pub struct Service {
    group: Arc<Group>,
    log: Arc<Log>,
    endpoints: watch::Receiver<Vec<Endpoint>>,
    exit: watch::Receiver<Option<ExitStatus>>,
    /// Kept open, never written to.
    _stdin: Option<ChildStdin>,
    /// Processes that listen and were waited for, but announced nothing: no Node.
    silent: Mutex<HashSet<u32>>,
}

impl Service {
    pub(crate) fn new(
        group: Arc<Group>,
        log: Arc<Log>,
        endpoints: watch::Receiver<Vec<Endpoint>>,
        exit: watch::Receiver<Option<ExitStatus>>,
        stdin: Option<ChildStdin>,
    ) -> Self {
        Self {
            group,
            log,
            endpoints,
            exit,
            _stdin: stdin,
            silent: Mutex::default(),
        }
    }

    /// The started command's pid; the Node process may be a descendant.
    pub fn pid(&self) -> u32 {
        self.group.leader
    }

    /// Every inspector announced so far, in order: a package manager's, the service's, cluster workers'.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.endpoints.borrow().clone()
    }

    /// The inspector of the process that serves: the one that listens on a port of its own; else the newest
    /// that still runs. Ask after the service is ready, or a package manager may be all there is; best after
    /// [`Service::listening_ports`], which waits for what is being announced.
    pub fn app_endpoint(&self) -> Endpoint {
        let endpoints = self.endpoints();
        let serving: HashSet<u32> = self.ports_now().into_iter().map(|port| port.pid).collect();
        let serves = |endpoint: &&Endpoint| endpoint.pid.is_some_and(|pid| serving.contains(&pid));
        let lives = |endpoint: &&Endpoint| endpoint.pid.is_some_and(process::lives);
        let newest = endpoints.iter().rev();
        let chosen = newest
            .clone()
            .find(serves)
            .or_else(|| newest.clone().find(lives))
            .or(endpoints.last());
        // `Launch::start` gives a service only after an announcement, so there is always one.
        chosen.cloned().unwrap_or_else(Endpoint::nowhere)
    }

    /// Attaches to the process that serves, see [`Service::app_endpoint`].
    ///
    /// # Errors
    /// As [`crate::attach`].
    pub async fn attach(&self) -> Result<Session, InspectorError> {
        self.settle().await;
        attach(&Target::from(self.app_endpoint()), AllowRemote::No).await
    }

    /// TCP ports on which processes of the service listen, without inspectors, by address.
    pub async fn listening_ports(&self) -> Vec<ListeningPort> {
        self.settle().await
    }

    /// Node opens its inspector a moment before we have read its announcement: until then the port looks like
    /// the service's own. Gives the service's ports once all that listen have announced themselves.
    async fn settle(&self) -> Vec<ListeningPort> {
        let mut endpoints = self.endpoints.clone();
        let announced = async {
            loop {
                // Ports first: an inspector that opens in between is not among them.
                let ports = self.all_ports();
                let known: HashSet<u32> = endpoints
                    .borrow_and_update()
                    .iter()
                    .filter_map(Endpoint::pid)
                    .collect();
                let silent = self.silent().clone();
                let all = ports
                    .iter()
                    .all(|port| known.contains(&port.pid) || silent.contains(&port.pid));
                if all || endpoints.changed().await.is_err() {
                    return self.without_inspectors(ports);
                }
            }
        };
        if let Ok(ports) = tokio::time::timeout(ANNOUNCE_DELAY, announced).await {
            return ports;
        }
        let ports = self.ports_now();
        self.silent().extend(ports.iter().map(|port| port.pid));
        ports
    }

    fn silent(&self) -> MutexGuard<'_, HashSet<u32>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ports_now(&self) -> Vec<ListeningPort> {
        self.without_inspectors(self.all_ports())
    }

    fn all_ports(&self) -> Vec<ListeningPort> {
        process::tree(self.pid())
            .into_iter()
            .flat_map(process::listening_ports_of)
            .collect()
    }

    fn without_inspectors(&self, mut ports: Vec<ListeningPort>) -> Vec<ListeningPort> {
        let inspectors: HashSet<u16> = self.endpoints.borrow().iter().map(Endpoint::port).collect();
        ports.retain(|port| !inspectors.contains(&port.port()));
        ports.sort_unstable();
        ports
    }

    /// The last lines the service wrote to both streams, oldest first, at most 40.
    pub fn last_lines(&self) -> Vec<String> {
        self.log.last_lines()
    }

    /// The kept lines and everything the service writes from now on.
    pub fn output(&self) -> OutputLines {
        self.log.subscribe()
    }

    /// How the started command ended, or none while it runs.
    pub fn exited(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Waits for the started command to end. None if its status was lost.
    pub async fn exit(&self) -> Option<ExitStatus> {
        let mut exit = self.exit.clone();
        exit.wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|status| *status)
    }

    /// Ends all its processes: SIGTERM, and SIGKILL for those that are there after two seconds.
    pub async fn stop(&self) {
        self.group.signal(Signal::SIGTERM);
        if tokio::time::timeout(TERM_LIMIT, self.group.ended())
            .await
            .is_err()
        {
            self.group.signal(Signal::SIGKILL);
            drop(tokio::time::timeout(TERM_LIMIT, self.group.ended()).await);
        }
        drop(tokio::time::timeout(TERM_LIMIT, self.exit()).await);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.group.signal(Signal::SIGKILL);
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service")
            .field("pid", &self.pid())
            .field("exited", &self.exited())
            .finish_non_exhaustive()
    }
}

/// The process group of one started command.
pub(crate) struct Group {
    leader: u32,
    /// Set once no member is left: from then on the system may give the id to strangers.
    gone: AtomicBool,
}

impl Group {
    pub(crate) fn new(leader: u32) -> Self {
        Self {
            leader,
            gone: AtomicBool::new(leader == 0),
        }
    }

    /// The leader's pid is free again; the group's id only lives on through other members.
    pub(crate) fn leader_reaped(&self) {
        if !process::group_lives(self.leader) {
            self.gone.store(true, Ordering::Release);
        }
    }

    fn signal(&self, signal: Signal) {
        if self.gone.load(Ordering::Acquire) {
            return;
        }
        if let Ok(leader) = i32::try_from(self.leader) {
            // ESRCH: the last member ended meanwhile, which is what we wanted.
            let _ = killpg(Pid::from_raw(leader), signal);
        }
    }

    async fn ended(&self) {
        while process::group_lives(self.leader) {
            tokio::time::sleep(GROUP_POLL).await;
        }
    }
}

/// Adds to each announced endpoint the process that listens there.
pub(crate) async fn collect_endpoints(
    root: u32,
    mut announced: mpsc::UnboundedReceiver<Endpoint>,
    found: watch::Sender<Vec<Endpoint>>,
) {
    while let Some(mut endpoint) = announced.recv().await {
        let listens = |pid: &u32| {
            process::listening_ports_of(*pid)
                .iter()
                .any(|port| port.port() == endpoint.port)
        };
        endpoint.pid = process::tree(root).into_iter().find(listens);
        found.send_modify(|endpoints| endpoints.push(endpoint));
    }
}
