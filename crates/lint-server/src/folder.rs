//! A folder that an editor has open into the project that it holds.

use std::path::{Path, PathBuf};

use stanch_lint_project::{Fixing, LintError, Looked, Noticed, Request, Session};

use crate::client::Settings;

/// What an edit means for other files of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// Nothing.
    AsBefore,
    /// They are to be looked at again.
    Concerned,
}

/// A folder with its project, if that could be opened.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    session: Option<Session>,
}

impl Folder {
    /// Opens the project; what stands in its way comes beside the folder, which then has nothing to say.
    pub(crate) fn open(path: PathBuf, settings: &Settings) -> (Self, Option<LintError>) {
        let request = Request {
            here: path.clone(),
            config: settings.config.clone(),
            select: settings.select.clone(),
            ignore: settings.ignore.clone(),
            ..Request::default()
        };
        let (session, error) = match Session::open(request) {
            Ok(session) => (Some(session), None),
            Err(error) => (None, Some(error)),
        };
        (Self { path, session }, error)
    }

    /// What is to be said of a text, and whether it may change what is said of others.
    pub(crate) fn look(&mut self, path: &Path, text: &str) -> Option<(Looked, Others)> {
        let session = self.session.as_mut()?;
        let before = session.changes();
        let looked = session.look(path, text);
        let others = if session.changes() == before {
            Others::AsBefore
        } else {
            Others::Concerned
        };
        Some((looked, others))
    }

    /// Takes a file over from the disk.
    pub(crate) fn notice(&mut self, path: &Path) -> Noticed {
        let session = self.session.as_mut();
        session.map_or(Noticed::Nothing, |session| session.notice(path))
    }

    /// Takes in files that were made, and lets go of those that were deleted.
    pub(crate) fn refresh(&mut self) -> Result<Others, LintError> {
        let Some(session) = self.session.as_mut() else {
            return Ok(Others::AsBefore);
        };
        let before = session.changes();
        session.refresh()?;
        Ok(if session.changes() == before {
            Others::AsBefore
        } else {
            Others::Concerned
        })
    }

    /// Whether a file is one of the project's.
    pub(crate) fn has(&self, path: &Path) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.has(path))
    }

    /// The text with its safe fixes.
    pub(crate) fn fixed(&self, path: &Path, text: &str) -> Option<String> {
        self.session.as_ref()?.fixed(path, text, Fixing::Safe)
    }

    /// The absolute path of a file that findings call so.
    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}
