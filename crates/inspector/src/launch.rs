//! Turns a command into a running service whose Node processes have their inspector open on loopback.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::error::InspectorError;
use crate::output::{Log, Stream};
use crate::service::{Group, Service, collect_endpoints};

/// Port 0: the system picks a free one, and Node prints it.
const INSPECT: &str = "--inspect=127.0.0.1:0";
/// Package managers and transpilers may work for a while before the service's own process starts.
const ANNOUNCE_LIMIT: Duration = Duration::from_secs(30);
/// How long an ended child's last words may take to arrive.
const DRAIN_LIMIT: Duration = Duration::from_millis(300);

/// What happens to what the service writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildOutput {
    /// Both streams go line by line to our stderr, without Node's notices about the inspector.
    PassThrough,
    /// The last lines are kept and new ones offered to listeners, nothing is shown.
    Keep,
}

/// A command to start with an inspector.
#[derive(Debug, Clone)]
pub struct Launch {
    /// A program's name or path: node itself, or anything that starts node (npm, npx, sh).
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its working directory; ours if none.
    pub cwd: Option<PathBuf>,
    /// Variables added to our environment.
    pub env: Vec<(OsString, OsString)>,
    /// What happens to its output.
    pub output: ChildOutput,
}

impl Launch {
    /// A command without arguments whose output is kept.
    pub fn new(program: impl Into<OsString>) -> Self {
        let program = program.into();
        Self {
            program,
            args: Vec::new(),
            cwd: None,
            env: Vec::new(),
            output: ChildOutput::Keep,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn cwd(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cwd = Some(folder.into());
        self
    }

    /// Sets one environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Chooses what happens to the output.
    #[must_use]
    pub fn output(mut self, output: ChildOutput) -> Self {
        self.output = output;
        self
    }

    /// Starts the command in a process group of its own and waits until a Node process in it has opened its
    /// inspector. A package manager counts: the service's own process may open its inspector later.
    ///
    /// # Errors
    /// No such command, it cannot be started, it ended early, or nothing opened an inspector in 30 s.
    pub async fn start(&self) -> Result<Service, InspectorError> {
        let mut child = self.spawn()?;
        let pid = child.id().unwrap_or_default();
        let (announced, announcements) = mpsc::unbounded_channel();
        let log = Arc::new(Log::new(self.output, announced));
        let readers = read_output(&mut child, &log);
        let (found, endpoints) = watch::channel(Vec::new());
        tokio::spawn(collect_endpoints(pid, announcements, found));
        let stdin = child.stdin.take();
        let group = Arc::new(Group::new(pid));
        let exit = watch_exit(child, Arc::clone(&group));
        let service = Service::new(
            group,
            Arc::clone(&log),
            endpoints.clone(),
            exit.clone(),
            stdin,
        );
        wait_for_inspector(endpoints, exit, readers, &log).await?;
        Ok(service)
    }

    fn spawn(&self) -> Result<Child, InspectorError> {
        let mut command = Command::new(&self.program);
        let mut options = None;
        if is_node(&self.program) {
            command.arg(INSPECT);
        } else {
            options = Some(self.node_options());
        }
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(options) = options {
            command.env("NODE_OPTIONS", options);
        }
        if let Some(folder) = &self.cwd {
            command.current_dir(folder);
        }
        // An open but silent stdin: some development servers leave when theirs ends.
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        command.spawn().map_err(|source| self.cannot_start(source))
    }

    fn cannot_start(&self, source: std::io::Error) -> InspectorError {
        let program = self.program.to_string_lossy().into_owned();
        let folder_is_there = self.cwd.as_deref().is_none_or(Path::is_dir);
        if source.kind() == std::io::ErrorKind::NotFound && folder_is_there {
            return InspectorError::NoSuchCommand { program };
        }
        InspectorError::CannotStart { program, source }
    }

    fn node_options(&self) -> OsString {
        let own = self
            .env
            .iter()
            .rev()
            .find(|(name, _)| name == "NODE_OPTIONS")
            .map(|(_, value)| value.clone());
        let mut options = own
            .or_else(|| std::env::var_os("NODE_OPTIONS"))
            .unwrap_or_default();
        if !options.is_empty() {
            options.push(" ");
        }
        options.push(INSPECT);
        options
    }
}

fn is_node(program: &OsStr) -> bool {
    Path::new(program)
        .file_name()
        .is_some_and(|name| name == "node" || name == "nodejs")
}

fn read_output(child: &mut Child, log: &Arc<Log>) -> Vec<JoinHandle<()>> {
    let mut readers = Vec::new();
    if let Some(pipe) = child.stdout.take() {
        readers.push(tokio::spawn(Arc::clone(log).read(Stream::Stdout, pipe)));
    }
    if let Some(pipe) = child.stderr.take() {
        readers.push(tokio::spawn(Arc::clone(log).read(Stream::Stderr, pipe)));
    }
    readers
}

fn watch_exit(
    mut child: Child,
    group: Arc<Group>,
) -> watch::Receiver<Option<std::process::ExitStatus>> {
    let (sender, exit) = watch::channel(None);
    tokio::spawn(async move {
        if let Ok(status) = child.wait().await {
            group.leader_reaped();
            let _ = sender.send(Some(status));
        }
    });
    exit
}

async fn wait_for_inspector(
    mut endpoints: watch::Receiver<Vec<crate::target::Endpoint>>,
    mut exit: watch::Receiver<Option<std::process::ExitStatus>>,
    readers: Vec<JoinHandle<()>>,
    log: &Log,
) -> Result<(), InspectorError> {
    let announced = async {
        if endpoints.wait_for(|found| !found.is_empty()).await.is_err() {
            // Both output streams were closed without a word: only the exit or the limit can tell more.
            std::future::pending::<()>().await;
        }
    };
    let status = tokio::select! {
        () = announced => return Ok(()),
        status = exit.wait_for(Option::is_some) => status.ok().and_then(|status| *status),
        () = tokio::time::sleep(ANNOUNCE_LIMIT) => None,
    };
    let Some(status) = status else {
        return Err(InspectorError::NoInspector {
            waited: ANNOUNCE_LIMIT,
            last_lines: log.last_lines(),
        });
    };
    let drained = async {
        for reader in readers {
            drop(reader.await);
        }
    };
    drop(tokio::time::timeout(DRAIN_LIMIT, drained).await);
    Err(InspectorError::ExitedEarly {
        status,
        last_lines: log.last_lines(),
    })
}
