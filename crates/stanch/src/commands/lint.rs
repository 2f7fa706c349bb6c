//! `stanch lint`: the findings of a project's files, in every format, and their fixes.

use std::time::Instant;

use anyhow::{Result, bail};
use stanch_lint_project::{
    BaselineUse, Fixing, Ignoring, Named, Outcome, Reason, Request, Workspace, config_schema,
};
use stanch_report::{Color, TextStyle, findings};

use crate::args::{Format, LintArgs, OutputArgs};
use crate::exit::Exit;
use crate::output;
use crate::ui::Ui;

/// Lints, fixes if that was asked for, and reports.
pub(crate) fn run(args: &LintArgs, output: &OutputArgs, ui: &Ui) -> Result<Exit> {
    if args.rules.print_config_schema {
        output::write_result(&config_schema(), output.output.as_deref())?;
        return Ok(Exit::Clean);
    }
    let workspace = Workspace::open(request(args))?;
    match &workspace.config().file {
        Some(file) => ui.detail(&format!("configuration: {}", file.display())),
        None => ui.detail("configuration: none"),
    }
    let start = Instant::now();
    let watch = |done, files| ui.linting(done, files, start.elapsed());
    let outcome = if args.fix || args.diff {
        fix(&workspace, args, &watch, ui)?
    } else {
        workspace.lint(&watch)?
    };
    ui.done();
    say_what_was_left_out(&outcome, ui);
    if args.diff {
        let patch = findings::diff(&outcome, output::colors(output));
        output::write_result(&patch, output.output.as_deref())?;
        ui.remark(&format!(
            "{}; {} files would change",
            findings::summary(&outcome),
            outcome.fixed.len()
        ));
    } else {
        output::write_formats(output, |format, color| render(&outcome, format, color))?;
    }
    let is_left = !outcome.findings.is_empty() || args.diff && !outcome.fixed.is_empty();
    Ok(match (outcome.problems.is_empty(), is_left) {
        (false, _) => Exit::Failed,
        (true, true) => Exit::Found,
        (true, false) => Exit::Clean,
    })
}

fn request(args: &LintArgs) -> Request {
    let baseline = match (args.known.add_baseline, args.known.prune_baseline) {
        (true, _) => BaselineUse::Add,
        (false, true) => BaselineUse::Prune,
        (false, false) => BaselineUse::Obey,
    };
    Request {
        here: Default::default(),
        paths: args.paths.clone(),
        config: args.rules.config.clone(),
        select: args.rules.select.clone(),
        ignore: args.rules.ignore.clone(),
        ignoring: if args.rules.no_ignore {
            Ignoring::Nothing
        } else {
            Ignoring::Usual
        },
        since: args.known.since.clone(),
        baseline,
    }
}

/// Lints and fixes, and writes the files unless a patch is wanted.
fn fix(
    workspace: &Workspace,
    args: &LintArgs,
    watch: &(dyn Fn(usize, usize) + Sync),
    ui: &Ui,
) -> Result<Outcome> {
    let fixing = if args.unsafe_fixes {
        Fixing::Unsafe
    } else {
        Fixing::Safe
    };
    let mut outcome = workspace.lint_and_fix(fixing, watch)?;
    for file in &outcome.fixed {
        for broken in &file.broken {
            ui.remark(&format!(
                "{}:{}: the fix of {} was taken back: it does not do what it should ({:?}). Please report it.",
                file.file, broken.line, broken.rule, broken.why
            ));
        }
        for applied in &file.applied {
            let title = &applied.title;
            ui.detail(&format!("{}:{}: {title}", file.file, applied.line));
        }
    }
    outcome.fixed.retain(|file| !file.applied.is_empty());
    if !args.diff {
        Workspace::write(&outcome.fixed)?;
    }
    Ok(outcome)
}

fn render(outcome: &Outcome, format: Format, color: Color) -> Result<String> {
    Ok(match format {
        Format::Text => {
            let width = output::width();
            findings::text(outcome, &TextStyle { width, color })
        }
        Format::Concise => findings::concise(outcome),
        Format::Json => findings::json(outcome),
        Format::Sarif => findings::sarif(outcome),
        Format::Github => findings::github(outcome),
        Format::Gitlab => findings::gitlab(outcome),
        Format::Junit => findings::junit(outcome),
        Format::Agent => findings::agent(outcome),
        Format::Markdown => bail!(
            "`stanch lint` has no `--format markdown`; there are text, concise, json, sarif, github, gitlab, junit and agent"
        ),
    })
}

/// What was named and not linted is said to everybody; what lay in folders, to those who want to know.
fn say_what_was_left_out(outcome: &Outcome, ui: &Ui) {
    for skipped in &outcome.skipped {
        let line = format!("{}: not linted: {}", skipped.path.display(), skipped.reason);
        match skipped.named {
            Named::Itself => ui.remark(&line),
            Named::InFolder => ui.detail(&line),
        }
    }
    let counts = outcome.left_out();
    if !counts.is_empty() {
        let words = |(reason, count): (&Reason, &usize)| format!("{count} {}", reason.words());
        let list: Vec<String> = counts.iter().map(words).collect();
        ui.detail(&format!("left out: {}", list.join(", ")));
    }
    if outcome.checked == 0 && outcome.problems.is_empty() {
        ui.remark("There was no JavaScript or TypeScript to lint.");
    }
}
