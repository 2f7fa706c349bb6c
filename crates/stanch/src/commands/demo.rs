//! `stanch demo`: a bundled service that leaks, found live.

use std::fs;

use anyhow::{Context, Result};
use clap::Parser;
use stanch_diagnosis::Diagnosis;
use stanch_leak_patterns::Pattern;

use super::find;
use crate::args::{Cli, Command, DemoArgs, OutputArgs};
use crate::exit::Exit;
use crate::output;
use crate::ui::Ui;

/// Writes the service to a temporary folder and runs `find` on it.
pub(crate) async fn run(args: &DemoArgs, output_args: &OutputArgs, ui: &Ui) -> Result<Exit> {
    let pattern: Pattern = args
        .pattern
        .as_deref()
        .unwrap_or(Pattern::UnboundedCache.id())
        .parse()?;
    let folder = tempfile::Builder::new()
        .prefix("stanch-demo-")
        .tempdir()
        .context("cannot make a temporary folder")?;
    let app = folder.path().join("app.js");
    fs::write(&app, service(pattern)).with_context(|| format!("cannot write {}", app.display()))?;
    ui.remark(&format!(
        "A small service that leaks, {}: finding out where takes some 15 seconds.",
        app.display()
    ));
    let cli = Cli::try_parse_from([
        "stanch".as_ref(),
        "find".as_ref(),
        "--warmup=1s".as_ref(),
        "--round=1s".as_ref(),
        "--sources".as_ref(),
        folder.path().as_os_str(),
        "--".as_ref(),
        "node".as_ref(),
        app.as_os_str(),
    ])?;
    let Command::Find(find_args) = cli.command else {
        return Ok(Exit::Failed);
    };
    let diagnosis = on_one_screen(find::investigate(&find_args, ui).await?);
    ui.done();
    output::write(&diagnosis, output_args)?;
    Ok(find::exit_of(diagnosis.verdict.kind))
}

/// The first suspect and its patch: `stanch find` says more of the same run.
fn on_one_screen(mut diagnosis: Diagnosis) -> Diagnosis {
    diagnosis.notes.clear();
    diagnosis.verdict.would_change.clear();
    diagnosis.suspects.truncate(1);
    for suspect in &mut diagnosis.suspects {
        suspect.objects.clear();
        suspect.reasons.clear();
        suspect.remedy.advice.clear();
    }
    diagnosis
}

fn service(pattern: Pattern) -> &'static str {
    match pattern {
        Pattern::UnboundedCache => include_str!("../demo/unbounded-cache.js"),
        Pattern::UnremovedListener => include_str!("../demo/unremoved-listener.js"),
        Pattern::ClosureCapture => include_str!("../demo/closure-capture.js"),
        Pattern::UnclosedStream => include_str!("../demo/unclosed-stream.js"),
        Pattern::PendingAsync => include_str!("../demo/pending-async.js"),
        Pattern::UnboundedLog => include_str!("../demo/unbounded-log.js"),
    }
}
