//! Command-line arguments into one run of a command and its exit code.

mod allocator;
mod args;
mod commands;
mod exit;
mod explain;
mod find;
mod output;
mod partial;
mod ui;

use std::process::ExitCode;

use clap::Parser;
use stanch_inspector::InspectorError;

use crate::args::{Cli, ColorWhen, Command};
use crate::exit::Exit;
use crate::ui::Ui;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    set_colors(cli.output.color);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return failed(
                &anyhow::Error::from(error).context("cannot start the asynchronous runtime"),
            );
        }
    };
    let ui = Ui::new(&cli.output);
    let result = runtime.block_on(until_interrupted(dispatch(&cli, &ui)));
    ui.done();
    // Helper threads of a measurement that was cut short have nothing left to say.
    runtime.shutdown_background();
    match result {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => failed(&error),
    }
}

async fn dispatch(cli: &Cli, ui: &Ui) -> anyhow::Result<Exit> {
    let output = &cli.output;
    match &cli.command {
        Command::Demo(args) => commands::demo::run(args, output, ui).await,
        Command::Find(args) => commands::find::run(args, output, ui).await,
        Command::Analyze(args) => {
            end_on_interrupt();
            commands::analyze::run(args, output, ui)
        }
        Command::Snapshot(args) => commands::snapshot::run(args, output, ui).await,
        Command::Export(args) => {
            end_on_interrupt();
            commands::export::run(args, ui)
        }
        Command::Lint(args) => {
            end_on_interrupt();
            commands::lint::run(args, output, ui)
        }
        // The only way there is to serve needs no word.
        Command::Lsp(args::LspArgs { stdio: _ }) => commands::lsp::run().await,
        Command::Explain(args) => commands::explain::run(args, output),
    }
}

/// Dropping the command's future ends what it started: the load, the session, the child process.
async fn until_interrupted(
    command: impl Future<Output = anyhow::Result<Exit>>,
) -> anyhow::Result<Exit> {
    tokio::select! {
        result = command => result,
        _ = interrupted() => Ok(Exit::Interrupted),
    }
}

/// For commands that compute without ever waiting: all that they leave is files that are not complete.
fn end_on_interrupt() {
    tokio::spawn(async {
        if interrupted().await.is_ok() {
            let _none_is_begun = partial::remove_all();
            std::process::exit(Exit::Interrupted.code().into());
        }
    });
}

async fn interrupted() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

fn set_colors(when: ColorWhen) {
    match when {
        ColorWhen::Auto => {}
        ColorWhen::Always => anstream::ColorChoice::Always.write_global(),
        ColorWhen::Never => anstream::ColorChoice::Never.write_global(),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    anstream::eprintln!("{style}error:{style:#} {}", chain(error));
    if let Some(InspectorError::NotLoopback { .. }) = error.downcast_ref() {
        anstream::eprintln!("To attach to another machine all the same, give --allow-remote.");
    }
    ExitCode::from(Exit::Failed.code())
}

/// The error and its causes in one sentence; a cause that the sentence already names is left out.
fn chain(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}
