//! One external command into its output, or an error that quotes the command and what it said.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Runs it with its output on our own screen.
pub(crate) fn shown(command: &mut Command) -> Result<()> {
    let line = line_of(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// Runs it and returns what it wrote to stdout, without the line end; what it wrote to either
/// stream comes with the error when it fails.
pub(crate) fn captured(command: &mut Command) -> Result<String> {
    let line = line_of(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let said = format!("{}\n{}", stdout.trim(), stderr.trim());
        bail!("`{line}` ended with {}: {}", output.status, said.trim());
    }
    Ok(stdout.trim_end().to_owned())
}

/// The command as one would type it, for messages.
pub(crate) fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
