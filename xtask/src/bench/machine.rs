//! The machine's own descriptions (Linux) into what a reader of the figures has to know.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::run;

/// Ticks per second of `/proc/stat`; the kernel fixes it for programs.
const TICKS: f64 = 100.0;

/// What the figures were taken on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// The processor's name.
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_bytes: u64,
    pub(crate) kernel: String,
    pub(crate) kind: Kind,
}

/// Whether others may use the same processor without being seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Virtual,
    Physical,
}

impl Machine {
    pub(crate) fn this() -> Result<Self> {
        let processors = fs::read_to_string("/proc/cpuinfo")?;
        let field = |name: &str| {
            let line = processors.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim())
        };
        let flags = field("flags").unwrap_or_default();
        let is_virtual = flags.split(' ').any(|flag| flag == "hypervisor");
        let memory = fs::read_to_string("/proc/meminfo")?;
        let kilobytes: u64 = memory
            .split_whitespace()
            .nth(1)
            .and_then(|number| number.parse().ok())
            .context("/proc/meminfo does not begin with the memory's size")?;
        Ok(Self {
            processor: field("model name").unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism()?.get(),
            memory_bytes: kilobytes * 1024,
            kernel: run::captured(Command::new("uname").arg("-sr"))?,
            kind: if is_virtual {
                Kind::Virtual
            } else {
                Kind::Physical
            },
        })
    }
}

/// The day, in UTC.
pub(crate) fn today() -> Result<String> {
    run::captured(Command::new("date").args(["-u", "+%F"]))
}

/// Processor time of all cores, from its start on.
pub(crate) struct CpuClock {
    busy_before: Duration,
}

impl CpuClock {
    pub(crate) fn start() -> Result<Self> {
        Ok(Self {
            busy_before: busy()?,
        })
    }

    /// What all processes together have used since.
    pub(crate) fn used(&self) -> Result<Duration> {
        Ok(busy()?.saturating_sub(self.busy_before))
    }
}

/// How long all cores together were not idle since the machine started.
fn busy() -> Result<Duration> {
    let text = fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = line
        .split_whitespace()
        .skip(1)
        .filter_map(|number| number.parse().ok())
        .collect();
    // user, nice, system, idle, waiting, interrupts, soft interrupts, stolen; guests are in user.
    let busy = ticks.iter().take(8).enumerate();
    let busy = busy.filter(|(column, _)| !matches!(column, 3 | 4));
    let ticks: f64 = busy.map(|(_, ticks)| ticks).sum();
    Ok(Duration::from_secs_f64(ticks / TICKS))
}
