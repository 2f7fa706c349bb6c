//! A finished diagnosis into the formats and files that were asked for.

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use stanch_diagnosis::Diagnosis;
use stanch_report::{Color, TextStyle, json, markdown, text};

use crate::args::{ColorWhen, Format, FormatTo, OutputArgs};

/// Columns below which frames and tables fall apart, and above which sentences are hard to follow.
const NARROWEST: usize = 60;
const WIDEST: usize = 140;
/// Columns of a report that goes to a file or a pipe.
const WIDTH: usize = 100;

/// Writes the diagnosis in every format asked for.
pub(crate) fn write(diagnosis: &Diagnosis, args: &OutputArgs) -> Result<()> {
    write_formats(args, |format, color| match format {
        Format::Text => Ok(text(
            diagnosis,
            &TextStyle {
                width: width(),
                color,
            },
        )),
        Format::Json => Ok(json(diagnosis)),
        Format::Markdown => Ok(markdown(diagnosis)),
        other => bail!(
            "`--format {}` is for `stanch lint`; here there are text, json and markdown",
            other.name()
        ),
    })
}

/// Writes a result in every format asked for: files first, then what goes to the standard output.
pub(crate) fn write_formats(
    args: &OutputArgs,
    render: impl Fn(Format, Color) -> Result<String>,
) -> Result<()> {
    for wanted in args.format.iter().filter(|wanted| wanted.file.is_some()) {
        write_result(
            &render(wanted.format, Color::Never)?,
            wanted.file.as_deref(),
        )?;
    }
    let stdout: Vec<&FormatTo> = args
        .format
        .iter()
        .filter(|wanted| wanted.file.is_none())
        .collect();
    if stdout.is_empty() {
        let text = render(Format::Text, colors(args))?;
        return write_result(&text, args.output.as_deref());
    }
    for wanted in stdout {
        write_result(
            &render(wanted.format, colors(args))?,
            args.output.as_deref(),
        )?;
    }
    Ok(())
}

/// Whether the result is coloured.
pub(crate) fn colors(args: &OutputArgs) -> Color {
    let wanted = match args.color {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => {
            anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
        }
    };
    if wanted && args.output.is_none() {
        Color::Always
    } else {
        Color::Never
    }
}

/// Columns of the terminal, or a width that reads well in a file.
pub(crate) fn width() -> usize {
    if !std::io::stdout().is_terminal() {
        return WIDTH;
    }
    usize::from(console::Term::stdout().size().1).clamp(NARROWEST, WIDEST)
}

/// Writes to `file`, else to the standard output; a closed pipe is nobody's mistake.
pub(crate) fn write_result(result: &str, file: Option<&Path>) -> Result<()> {
    match file {
        Some(path) => {
            fs::write(path, result).with_context(|| format!("cannot write {}", path.display()))
        }
        None => match anstream::stdout().write_all(result.as_bytes()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("cannot write to the standard output"),
        },
    }
}
