//! Whether a pid is a Node process of ours that survives SIGUSR1: asked before any signal is sent.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use procfs::process::Process;

use crate::error::InspectorError;
use crate::process;

/// Node installs its handler early in its start; later than this it never will.
const HANDLER_LIMIT: Duration = Duration::from_millis(500);
const POLL: Duration = Duration::from_millis(10);
/// SIGUSR1 is signal 10, bit 9 of the mask. Its default action ends the process.
const SIGUSR1_BIT: u64 = 1 << 9;
/// Node's own choice when nothing else is said.
const DEFAULT_PORT: u16 = 9229;
/// `node::Start(int, char**)`: exported by node itself and by programs that embed it.
const NODE_SYMBOL: &[u8] = b"_ZN4node5StartEiPPc";

/// A process that was checked.
pub(crate) struct NodeProcess {
    pid: u32,
    /// Ticks since boot: with the pid it identifies the process for good.
    start_time: u64,
    /// Where its inspector is, or would open; 0 for a free port.
    pub(crate) inspector_port: u16,
    /// It was started with its inspector open.
    pub(crate) announced: bool,
}

/// Refuses what is no Node process, another user's, or beyond our network.
pub(crate) fn check(pid: u32) -> Result<NodeProcess, InspectorError> {
    let missing = || InspectorError::NoSuchProcess { pid };
    let process = process::open(pid).ok_or_else(missing)?;
    let stat = process.stat().map_err(|_| missing())?;
    let status = process.status().map_err(|_| missing())?;
    let us = nix::unistd::geteuid().as_raw();
    if us != 0 && status.euid != us {
        return Err(InspectorError::OtherUser {
            pid,
            owner: status.euid,
        });
    }
    if !is_node(&process) {
        return Err(InspectorError::NotNode {
            pid,
            name: stat.comm,
        });
    }
    let network = |who: &str| std::fs::read_link(format!("/proc/{who}/ns/net")).ok();
    if network(&pid.to_string()) != network("self") {
        return Err(InspectorError::OtherNetwork { pid });
    }
    let (inspector_port, announced) = inspector_options(&options_of(&process));
    Ok(NodeProcess {
        pid,
        start_time: stat.starttime,
        inspector_port,
        announced,
    })
}

/// Waits a moment for Node's handler: the default action of the signal would end the process.
pub(crate) async fn wait_until_signal_is_caught(node: &NodeProcess) -> Result<(), InspectorError> {
    let started = Instant::now();
    loop {
        let status = process::open(node.pid).and_then(|process| process.status().ok());
        let status = status.ok_or(InspectorError::NoSuchProcess { pid: node.pid })?;
        if status.sigcgt & SIGUSR1_BIT != 0 {
            return Ok(());
        }
        if started.elapsed() >= HANDLER_LIMIT {
            return Err(InspectorError::SignalNotCaught { pid: node.pid });
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The pid was not given to another process meanwhile.
pub(crate) fn still_the_same(node: &NodeProcess) -> Result<(), InspectorError> {
    let stat = process::open(node.pid).and_then(|process| process.stat().ok());
    match stat {
        Some(stat) if stat.starttime == node.start_time => Ok(()),
        _ => Err(InspectorError::NoSuchProcess { pid: node.pid }),
    }
}

fn is_node(process: &Process) -> bool {
    let Ok(path) = process.exe() else {
        return false;
    };
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    // An upgraded package leaves "node (deleted)" behind.
    let name = name.strip_suffix(" (deleted)").unwrap_or(&name);
    if name == "node" || name == "nodejs" {
        return true;
    }
    // By /proc, so that a deleted or another container's executable is read too.
    contains(
        Path::new(&format!("/proc/{}/exe", process.pid)),
        NODE_SYMBOL,
    )
}

/// Looks for a byte string in a file that may be 100 MB long.
fn contains(path: &Path, wanted: &[u8]) -> bool {
    let Ok(mut file) = File::open(path) else {
        return false;
    };
    let mut buffer = vec![0; 1 << 20];
    let mut kept = 0;
    loop {
        let Ok(read @ 1..) = file.read(&mut buffer[kept..]) else {
            return false;
        };
        let filled = kept + read;
        if buffer[..filled]
            .windows(wanted.len())
            .any(|window| window == wanted)
        {
            return true;
        }
        // The string may lie across two pieces.
        kept = filled.min(wanted.len() - 1);
        buffer.copy_within(filled - kept..filled, 0);
    }
}

fn options_of(process: &Process) -> Vec<String> {
    let mut options = Vec::new();
    if let Ok(environment) = process.environ()
        && let Some(from_env) = environment.get(std::ffi::OsStr::new("NODE_OPTIONS"))
    {
        options.extend(
            from_env
                .to_string_lossy()
                .split_whitespace()
                .map(str::to_owned),
        );
    }
    // Only what stands before the script is Node's.
    let arguments = process.cmdline().unwrap_or_default();
    options.extend(
        arguments
            .into_iter()
            .skip(1)
            .take_while(|argument| argument.starts_with('-')),
    );
    options
}

/// The port of `--inspect…` options, the last wins, and whether one of them opens the inspector at the start.
fn inspector_options(options: &[String]) -> (u16, bool) {
    let mut port = DEFAULT_PORT;
    let mut opens = false;
    for option in options {
        let (name, value) = option
            .split_once('=')
            .map_or((option.as_str(), None), |(name, value)| (name, Some(value)));
        match name {
            "--inspect" | "--inspect-brk" | "--inspect-wait" => opens = true,
            "--inspect-port" | "--debug-port" => {}
            _ => continue,
        }
        let value = value.map(|value| value.rsplit_once(':').map_or(value, |(_, port)| port));
        port = value.and_then(|value| value.parse().ok()).unwrap_or(port);
    }
    (port, opens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_options(line: &str, expected: (u16, bool)) {
        let options: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        assert_eq!(inspector_options(&options), expected, "{line}");
    }

    #[test]
    fn inspector_options_are_read_as_node_does() {
        check_options("", (9229, false));
        check_options("--inspect", (9229, true));
        check_options("--inspect=127.0.0.1:0", (0, true));
        check_options("--inspect-brk=9300 --max-old-space-size=100", (9300, true));
        check_options("--inspect-port=127.0.0.1:9400", (9400, false));
        check_options("--inspect=[::1]:9229 --inspect-port=1", (1, true));
        check_options("--inspector-like=3", (9229, false));
    }

    #[test]
    fn a_string_across_two_pieces_is_found() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("binary");
        let mut bytes = vec![0; (1 << 20) - 7];
        bytes.extend_from_slice(NODE_SYMBOL);
        bytes.extend_from_slice(&[0; 100]);
        std::fs::write(&path, &bytes)?;
        assert!(contains(&path, NODE_SYMBOL));
        assert!(!contains(&path, b"_ZN4node4StopEv"));
        Ok(())
    }
}
