//! Measurements as plain data: into a file that is kept, and into the README's figures.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::heaps::Facts;
use super::machine::Machine;
use super::table;
use super::tools::Tool;
use crate::figures::Figures;

const FIGURES: Figures = Figures {
    page: "bench/README.md",
    results: "bench/results.json",
    begin: "<!-- figures: written by `cargo xtask bench --record`, do not edit -->\n",
    end: "<!-- end of figures -->\n",
};

/// One session of the benchmark.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) date: String,
    pub(crate) machine: Machine,
    pub(crate) versions: BTreeMap<String, String>,
    pub(crate) files: Vec<FileRow>,
}

/// All runs on one file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FileRow {
    pub(crate) name: String,
    pub(crate) facts: Facts,
    pub(crate) tools: Vec<ToolRow>,
}

/// All runs of one tool on one file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ToolRow {
    pub(crate) tool: Tool,
    pub(crate) runs: Vec<Run>,
    /// How it failed, if it did; it is not run again on the file then.
    pub(crate) failure: Option<String>,
}

/// One whole process.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) wall_us: u64,
    pub(crate) user_us: u64,
    pub(crate) system_us: u64,
    /// Processor time of all other processes meanwhile.
    pub(crate) others_us: u64,
    /// Largest resident memory.
    pub(crate) peak_bytes: u64,
}

impl Results {
    /// Of all cores' time during the runs, what other processes took, in percent.
    pub(crate) fn others_percent(&self) -> f64 {
        let tools = self.files.iter().flat_map(|file| &file.tools);
        others_percent(&self.machine, tools.flat_map(|tool| &tool.runs))
    }
}

/// Of all cores' time during runs, what other processes took, in percent.
pub(crate) fn others_percent<'r>(machine: &Machine, runs: impl Iterator<Item = &'r Run>) -> f64 {
    let (mut others, mut all) = (0.0, 0.0);
    for run in runs {
        others += run.others_us as f64;
        all += run.wall_us as f64 * machine.cores as f64;
    }
    if all > 0.0 { others / all * 100.0 } else { 0.0 }
}

impl ToolRow {
    pub(crate) const fn new(tool: Tool) -> Self {
        Self {
            tool,
            runs: Vec::new(),
            failure: None,
        }
    }
}

impl Run {
    pub(crate) fn wall_seconds(&self) -> f64 {
        self.wall_us as f64 / 1e6
    }

    pub(crate) fn cpu_seconds(&self) -> f64 {
        (self.user_us + self.system_us) as f64 / 1e6
    }

    pub(crate) fn peak_megabytes(&self) -> f64 {
        self.peak_bytes as f64 / 1e6
    }
}

/// Keeps what was measured, and shows it in bench/README.md.
pub(crate) fn record(project: &Path, results: &Results) -> Result<()> {
    FIGURES.record(project, results, &table::render(results))
}

#[cfg(test)]
mod tests {
    use super::{FIGURES, Results};
    use crate::bench::table;

    #[test]
    fn the_readme_has_the_figures_that_were_measured() -> anyhow::Result<()> {
        FIGURES.compare::<Results>(table::render)
    }
}
