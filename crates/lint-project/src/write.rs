//! A file's new content into its place: all of it, or the old one stays.

use std::fs;
use std::io;
use std::path::Path;
use std::process;

use crate::error::LintError;

/// Replaces what a file holds; its permissions stay, and so does a link to it.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), LintError> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut name = real.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", process::id()));
    let partial = real.with_file_name(name);
    written(&real, &partial, content).map_err(|cause| {
        // What was never begun need not be removed.
        drop(fs::remove_file(&partial));
        LintError::File {
            what: "write",
            path: path.to_owned(),
            cause,
        }
    })
}

fn written(real: &Path, partial: &Path, content: &[u8]) -> io::Result<()> {
    fs::write(partial, content)?;
    if let Ok(about) = fs::metadata(real) {
        if about.permissions().readonly() {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
        fs::set_permissions(partial, about.permissions())?;
    }
    fs::rename(partial, real)
}
