//! Measurements into a file that is kept, and into the page that shows them: between two marks, where nobody edits.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Serialize, de::DeserializeOwned};

/// Where figures stand. Paths are from the project's root.
pub(crate) struct Figures {
    pub(crate) page: &'static str,
    /// What was measured, as JSON.
    pub(crate) results: &'static str,
    /// The line before the figures.
    pub(crate) begin: &'static str,
    /// The line behind them.
    pub(crate) end: &'static str,
}

impl Figures {
    /// What was recorded last.
    pub(crate) fn read<T: DeserializeOwned>(&self, project: &Path) -> Result<T> {
        let path = project.join(self.results);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("cannot read {}", path.display()))
    }

    /// Writes what was measured, and the page as `rendered` has it.
    pub(crate) fn record(
        &self,
        project: &Path,
        results: &impl Serialize,
        rendered: &str,
    ) -> Result<()> {
        let page = self.filled(project, rendered)?;
        let json = serde_json::to_string_pretty(results)? + "\n";
        fs::write(project.join(self.results), json)?;
        fs::write(project.join(self.page), page)?;
        Ok(())
    }

    /// The page with `rendered` between the marks.
    fn filled(&self, project: &Path, rendered: &str) -> Result<String> {
        let Self { begin, end, .. } = self;
        let path = project.join(self.page);
        let page =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let around = page
            .split_once(begin)
            .and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
        let (before, after) = around
            .with_context(|| format!("{} has lost the marks of its figures", path.display()))?;
        Ok(format!("{before}{begin}\n{rendered}\n\n{end}{after}"))
    }
}

#[cfg(test)]
impl Figures {
    /// Fails where the page does not show what was recorded.
    pub(crate) fn compare<T: DeserializeOwned>(
        &self,
        render: impl FnOnce(&T) -> String,
    ) -> Result<()> {
        let project = crate::cargo_checks::project()?;
        let expected = self.filled(project, &render(&self.read(project)?))?;
        anyhow::ensure!(
            fs::read_to_string(project.join(self.page))? == expected,
            "{} differs from {}, with which it reads:\n{expected}",
            self.page,
            self.results
        );
        Ok(())
    }
}
