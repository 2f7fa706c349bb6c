//! Turns `/proc` into the facts attaching needs: process trees, listening ports, what a process is.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use procfs::process::{FDTarget, Process, Stat};

/// A TCP port on which a process listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListeningPort {
    /// Address and port; an unspecified address means every interface.
    pub address: SocketAddr,
    /// The process that holds the socket.
    pub pid: u32,
}

impl ListeningPort {
    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

/// TCP ports on which a process of this machine listens, its inspector's among them, by address; empty when
/// it is gone or not ours to look at.
pub fn listening_ports_of(pid: u32) -> Vec<ListeningPort> {
    let Some(process) = open(pid) else {
        return Vec::new();
    };
    let Ok(descriptors) = process.fd() else {
        return Vec::new();
    };
    let sockets: HashSet<u64> = descriptors
        .filter_map(|descriptor| match descriptor.ok()?.target {
            FDTarget::Socket(inode) => Some(inode),
            _ => None,
        })
        .collect();
    let mut ports: Vec<ListeningPort> = listeners(&process)
        .filter(|(_, inode)| sockets.contains(inode))
        .map(|(address, _)| ListeningPort { address, pid })
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Whether anything in the process's network namespace listens on loopback's `port`.
pub(crate) fn port_in_use(pid: u32, port: u16) -> bool {
    open(pid).is_some_and(|process| listeners(&process).any(|(address, _)| address.port() == port))
}

/// The process on this machine that listens on `port`, if it is ours to look at.
pub(crate) fn owner_of_port(port: u16) -> Option<u32> {
    let Ok(processes) = procfs::process::all_processes() else {
        return None;
    };
    let inodes: HashSet<u64> = listeners(&Process::myself().ok()?)
        .filter(|(address, _)| address.port() == port)
        .map(|(_, inode)| inode)
        .collect();
    if inodes.is_empty() {
        return None;
    }
    processes.flatten().find_map(|process| {
        let holds = process
            .fd()
            .ok()?
            .flatten()
            .any(|fd| matches!(fd.target, FDTarget::Socket(i) if inodes.contains(&i)));
        holds.then(|| u32::try_from(process.pid).ok()).flatten()
    })
}

/// `root`, its descendants and the members of the process group it leads, in order of their pids.
pub(crate) fn tree(root: u32) -> Vec<u32> {
    let stats = stats();
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for stat in &stats {
        children.entry(stat.ppid).or_default().push(stat.pid);
    }
    let root = i32::try_from(root).unwrap_or(-1);
    let mut queue: Vec<i32> = stats
        .iter()
        .filter(|s| s.pid == root || s.pgrp == root)
        .map(|s| s.pid)
        .collect();
    let mut seen: HashSet<i32> = queue.iter().copied().collect();
    while let Some(pid) = queue.pop() {
        for child in children.get(&pid).into_iter().flatten() {
            if seen.insert(*child) {
                queue.push(*child);
            }
        }
    }
    let mut pids: Vec<u32> = seen
        .into_iter()
        .filter_map(|pid| u32::try_from(pid).ok())
        .collect();
    pids.sort_unstable();
    pids
}

/// Whether a living process belongs to the group led by `leader`; dead ones nobody reaped do not count.
pub(crate) fn group_lives(leader: u32) -> bool {
    let leader = i32::try_from(leader).unwrap_or(-1);
    stats()
        .iter()
        .any(|stat| stat.pgrp == leader && !matches!(stat.state, 'Z' | 'X'))
}

/// Whether the process runs (a dead one nobody reaped does not).
pub(crate) fn lives(pid: u32) -> bool {
    open(pid)
        .and_then(|process| process.stat().ok())
        .is_some_and(|stat| !matches!(stat.state, 'Z' | 'X'))
}

pub(crate) fn open(pid: u32) -> Option<Process> {
    Process::new(i32::try_from(pid).ok()?).ok()
}

fn stats() -> Vec<Stat> {
    let Ok(processes) = procfs::process::all_processes() else {
        return Vec::new();
    };
    processes
        .flatten()
        .filter_map(|process| process.stat().ok())
        .collect()
}

/// Listening sockets of the process's network namespace: address and inode.
fn listeners(process: &Process) -> impl Iterator<Item = (SocketAddr, u64)> + use<> {
    let v4 = process.tcp().unwrap_or_default();
    let v6 = process.tcp6().unwrap_or_default();
    v4.into_iter()
        .chain(v6)
        .filter(|entry| entry.state == procfs::net::TcpState::Listen)
        .map(|entry| (entry.local_address, entry.inode))
}
