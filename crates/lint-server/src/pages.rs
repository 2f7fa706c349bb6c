//! The pages of the rules into files that an editor can open.

use std::fs;
use std::path::{Path, PathBuf};

use lsp_types::Uri;
use stanch_lint_project::page_of;

use crate::uri;

/// A folder with the page of each rule.
#[derive(Debug)]
pub struct Pages {
    folder: Option<PathBuf>,
}

impl Pages {
    /// Pages that are written into this folder when somebody may want to open them.
    #[must_use]
    pub fn of(folder: PathBuf) -> Self {
        Self {
            folder: Some(folder),
        }
    }

    /// No files: pages are only shown where the editor asks for one.
    #[must_use]
    pub fn nowhere() -> Self {
        Self { folder: None }
    }

    /// Where the page of a rule is; none where it cannot be written.
    pub(crate) fn link(&self, rule: &str) -> Option<Uri> {
        let file = self.folder.as_ref()?.join(format!("{rule}.md"));
        let page = page_of(rule)?;
        let is_there = fs::read_to_string(&file).is_ok_and(|text| text == page);
        if !is_there {
            write(&file, page).ok()?;
        }
        uri::of_path(&file)
    }
}

fn write(file: &Path, page: &str) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, page)
}
