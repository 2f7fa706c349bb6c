//! Turns what can go wrong on the way to a measurement into sentences that say what to do next.

use std::error::Error;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a process could not be started, reached or measured.
///
/// No text holds the websocket path: whoever knows it controls the process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectorError {
    /// The program to start does not exist.
    #[error("there is no command `{program}`: check its spelling and PATH")]
    NoSuchCommand {
        /// As it was given.
        program: String,
    },
    /// The program exists but could not be started.
    #[error("`{program}` could not be started: {source}")]
    CannotStart {
        /// As it was given.
        program: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The command ended before a Node process opened its inspector.
    #[error("the command ended ({status}) before a Node process opened its inspector{}", tail(.last_lines))]
    ExitedEarly {
        /// How it ended.
        status: ExitStatus,
        /// The last lines it wrote, oldest first.
        last_lines: Vec<String>,
    },
    /// The command runs, but no Node process in it announced an inspector.
    #[error(
        "no Node process of the command opened its inspector within {} s: is it a Node service, and does \
         its stderr reach us?{}", .waited.as_secs(), tail(.last_lines)
    )]
    NoInspector {
        /// How long it was waited for.
        waited: Duration,
        /// The last lines it wrote, oldest first.
        last_lines: Vec<String>,
    },
    /// The text names no target.
    #[error("`{text}` is no target: give a pid, host:port or ws://host:port/…")]
    BadTarget {
        /// As it was given, without a websocket path.
        text: String,
    },
    /// The target's address is not on this machine.
    #[error(
        "{host} is not this machine, and an inspector gives full control to whoever reaches it: forward \
         the port with `ssh -L {port}:127.0.0.1:{port} {host}` and use 127.0.0.1:{port}, or allow remote \
         targets explicitly"
    )]
    NotLoopback {
        /// The refused host.
        host: String,
        /// Its port.
        port: u16,
    },
    /// Nothing accepts connections at the address.
    #[error(
        "nothing answers at {address} ({source}): is the process running, and was it started with --inspect?"
    )]
    Unreachable {
        /// host:port.
        address: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Something answers at the address, but it is no inspector.
    #[error(
        "{address} does not speak the inspector protocol ({detail}): give the port that --inspect printed"
    )]
    NotAnInspector {
        /// host:port.
        address: String,
        /// What it answered instead.
        detail: String,
    },
    /// No process has that pid.
    #[error("there is no process {pid}")]
    NoSuchProcess {
        /// As it was given.
        pid: u32,
    },
    /// The process exists but is no Node process: a signal might kill it.
    #[error("process {pid} ({name}) is not Node: give the pid of the node process itself")]
    NotNode {
        /// The process.
        pid: u32,
        /// Its executable's file name.
        name: String,
    },
    /// The process belongs to another user.
    #[error("process {pid} belongs to user {owner}: run as that user (sudo -u) to look at it")]
    OtherUser {
        /// The process.
        pid: u32,
        /// Its owner's numeric id.
        owner: u32,
    },
    /// The process lives in another network namespace, so its inspector cannot be reached from here.
    #[error(
        "process {pid} runs in another network namespace (a container): run this inside it, for example \
         through `docker exec` or `nsenter -n -t {pid}`"
    )]
    OtherNetwork {
        /// The process.
        pid: u32,
    },
    /// The process does not catch SIGUSR1, which would kill it.
    #[error(
        "process {pid} does not catch SIGUSR1, and sending it would kill it (started with \
         --disable-sigusr1, or still starting?): start it with --inspect=127.0.0.1:0 and give host:port"
    )]
    SignalNotCaught {
        /// The process.
        pid: u32,
    },
    /// The port on which the process would open its inspector is in use.
    #[error(
        "process {pid} would open its inspector on port {port}, which {holder} already uses: free it, or \
         start the service with --inspect-port=0"
    )]
    PortTaken {
        /// The process.
        pid: u32,
        /// Node's default, or what --inspect-port says.
        port: u16,
        /// Who has it, in words.
        holder: String,
    },
    /// SIGUSR1 was sent, but no inspector opened.
    #[error(
        "process {pid} got SIGUSR1 but opened no inspector within {} ms: it handles that signal itself, is \
         blocked in a synchronous call, or runs under --permission; start it with --inspect=127.0.0.1:0 \
         (and --allow-inspector) and give host:port", .waited.as_millis()
    )]
    SignalIgnored {
        /// The process.
        pid: u32,
        /// How long it was waited for.
        waited: Duration,
    },
    /// An answer did not come in time.
    #[error(
        "the process did not answer within {} s while {doing}: its JavaScript thread is blocked or stopped; \
         try again when it is less busy", .waited.as_secs()
    )]
    Timeout {
        /// What was being done.
        doing: &'static str,
        /// The limit that passed.
        waited: Duration,
    },
    /// The connection ended in the middle of something.
    #[error("{why} while {doing}")]
    Disconnected {
        /// What was being done.
        doing: &'static str,
        /// What ended it.
        why: Disconnect,
    },
    /// The inspector refused a command.
    #[error("the inspector refused {doing}: {message}")]
    Refused {
        /// What was being done.
        doing: &'static str,
        /// The inspector's words.
        message: String,
    },
    /// Evaluated code threw.
    #[error("the process threw while {doing}: {message}")]
    Threw {
        /// What was being done.
        doing: &'static str,
        /// First line of the exception.
        message: String,
    },
    /// An answer that does not fit the protocol.
    #[error("the inspector's answer while {doing} could not be read: {detail}")]
    BadAnswer {
        /// What was being done.
        doing: &'static str,
        /// What was wrong with it.
        detail: String,
    },
    /// Someone else's allocation sampler runs in the process.
    #[error(
        "another client samples allocations in this process already; there is one sampler per isolate and \
         stopping it would end theirs: close the other tool first"
    )]
    SamplerTaken,
    /// No worker thread has that id (any more).
    #[error("there is no worker thread {id}: list the workers again")]
    NoSuchWorker {
        /// As it was given.
        id: String,
    },
    /// The receiver of the snapshot failed.
    #[error("the snapshot could not be kept: {source}")]
    Sink {
        /// What the receiver said.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// What ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disconnect {
    /// The process ended or is about to: it only waited for us to let go.
    TargetExited,
    /// The worker thread ended; the process goes on.
    WorkerExited,
    /// The other side closed the socket, or it broke.
    SocketClosed,
    /// We closed the session ourselves.
    SessionClosed,
}

impl std::fmt::Display for Disconnect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TargetExited => "the process exited",
            Self::WorkerExited => "the worker thread exited",
            Self::SocketClosed => "the inspector's socket was closed",
            Self::SessionClosed => "the session was closed",
        })
    }
}

fn tail(lines: &[String]) -> String {
    if lines.is_empty() {
        return "; it printed nothing".to_owned();
    }
    format!("; its last lines:\n  {}", lines.join("\n  "))
}
