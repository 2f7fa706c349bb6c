//! `cargo xtask precision`: the corpus, published packages and mended leaks into how right the linter is.
//!
//! `docs/precision.md` has the figures of the last `--record`; a test holds it to the results and labels that are checked in.
//! fixtures/packages/README.md says what the lists of packages are.

mod judged;
mod lists;
mod measure;
mod registry;
mod results;
mod table;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, ensure};

use crate::cargo_checks;
use crate::ledger::Step;
use crate::npm::Npm;
use lists::Lists;
use measure::Linter;
use registry::Registry;
use results::{Corpus, Results};

/// Labelled cases: the heading of their table, and their folder.
const CORPORA: [(&str, &str); 4] = [
    ("The labelled corpus", "fixtures/corpus"),
    (
        "A second one, by somebody who saw no rule",
        "fixtures/second-corpus",
    ),
    (
        "A third one, by others who saw no rule",
        "fixtures/third-corpus",
    ),
    (
        "A fourth one, which no rule has seen",
        "fixtures/untouched-corpus",
    ),
];

/// Options of `cargo xtask precision`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only the labelled cases, which need no network
    #[arg(long)]
    corpus: bool,
    /// Measure nothing: what was recorded, under the labels of today
    #[arg(long, conflicts_with = "corpus")]
    recorded: bool,
    /// Write the figures into docs/precision.md and fixtures/packages/results.json
    #[arg(long)]
    record: bool,
}

/// Downloads what is missing, lints, prints the tables and what is wrong with them.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = cargo_checks::project()?;
    let lists = Lists::read(project)?;
    let mut results = Results::read(project).unwrap_or_default();
    if !options.recorded {
        let linter = Linter::build()?;
        results.corpora = corpora(project, &linter)?;
        if !options.corpus {
            let registry = Registry::open(&project.join(".cache/packages"), &Npm::find()?)?;
            results.packages = linter.packages(&lists.packages, &registry)?;
            results.pairs = linter.pairs(&lists.pairs, &registry)?;
        }
    }
    println!("{}", table::render(&results, &lists));
    if options.record {
        results.record(project, &lists)?;
    }
    let wrong = judged::complaints(&results, &lists);
    for complaint in &wrong {
        eprintln!("{complaint}");
    }
    Ok(ExitCode::from(u8::from(!wrong.is_empty())))
}

/// Holds the recorded figures of the labelled cases to what the rules say of them today.
pub(crate) fn compare_corpora(project: &Path) -> Result<Step> {
    let (measured, recorded) = (
        corpora(project, &Linter::build()?)?,
        Results::read(project)?.corpora,
    );
    ensure!(
        measured == recorded,
        "the rules say something else of the labelled cases than docs/precision.md records; if that is meant: `cargo xtask precision --corpus --record`"
    );
    let cases: u32 = measured
        .iter()
        .map(|corpus| corpus.counted.leaky + corpus.counted.silent)
        .sum();
    Ok(Step::Done(format!("{cases} cases as recorded")))
}

fn corpora(project: &Path, linter: &Linter) -> Result<Vec<Corpus>> {
    let measured = CORPORA.map(|(title, folder)| {
        Ok(Corpus {
            title: title.to_owned(),
            counted: linter.corpus(&project.join(folder))?,
        })
    });
    measured.into_iter().collect()
}
