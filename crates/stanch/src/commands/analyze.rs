//! `stanch analyze`: what grows between snapshots, or what holds the memory in one.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use stanch_diagnosis::{Diagnosis, Join, Memory, Suspect, Target, join};
use stanch_heap_graph::HeapGraph;
use stanch_heap_growth::{Growth, Series, holders_of_memory};
use stanch_heap_snapshot::Snapshot;
use stanch_memory_verdict::{Answer, BytesPerRequest, Measure, Step, Unit, Verdict, VerdictKind};

use super::input::Input;
use super::looks::{Looks, Origin};
use super::room::Room;
use crate::args::{AnalyzeArgs, OutputArgs, ReadingArgs};
use crate::exit::Exit;
use crate::find::{Folder, load_scripts};
use crate::output;
use crate::ui::Ui;

/// Under one id both snapshots of a process name one object; in two processes 4 to 9 % agree by chance.
const SAME_PROCESS: f64 = 0.5;
/// Steady growth below this is what idle heaps move by between snapshots.
const NOISE: u64 = 48 << 10;

/// Reads the snapshots and reports on them.
pub(crate) fn run(args: &AnalyzeArgs, output: &OutputArgs, ui: &Ui) -> Result<Exit> {
    let folder = Folder::of_sources(args.sources.as_deref(), &[])?;
    let growth = growth(args, ui)?;
    let diagnosis = match u64::try_from(args.files.len() - 1) {
        Ok(steps @ 1..) => several(&growth, args.requests.unwrap_or(0) * steps, &folder),
        _ => one(&growth, &folder),
    };
    let diagnosis = Diagnosis {
        target: Target {
            files: args
                .files
                .iter()
                .map(|file| file.display().to_string())
                .collect(),
            isolate: "main".to_owned(),
            ..Target::default()
        },
        ..diagnosis
    };
    ui.done();
    output::write(&diagnosis, output)?;
    Ok(if diagnosis.verdict.kind == VerdictKind::Leak {
        Exit::Found
    } else {
        Exit::Clean
    })
}

/// What the files show, or what an earlier look at the same files has shown.
fn growth(args: &AnalyzeArgs, ui: &Ui) -> Result<Growth> {
    let looks = Looks::of_user().zip(Origin::of(&args.files, args.requests));
    if let Some((looks, origin)) = looks.as_ref().filter(|_| !args.fresh)
        && let Some(growth) = looks.kept(origin)
    {
        ui.detail("these files were looked at before, and have not changed");
        return Ok(growth);
    }
    let growth = growth_anew(args, ui)?;
    if let Some((looks, origin)) = looks
        && let Err(error) = looks.keep(&origin, &growth)
    {
        ui.detail(&format!("{error:#}"));
    }
    Ok(growth)
}

fn growth_anew(args: &AnalyzeArgs, ui: &Ui) -> Result<Growth> {
    let (last, earlier) = args.files.split_last().context("no snapshot was given")?;
    let requests = args.requests.unwrap_or(0);
    let (mut series, mut served) = (Series::new(), 0);
    for file in earlier {
        series.add(&read_graph(file, args.reading, ui)?, served);
        served += requests;
    }
    let graph = read_graph(last, args.reading, ui)?;
    ui.phase("following what grows");
    if series.is_empty() {
        return Ok(holders_of_memory(&graph));
    }
    let shared = series.common_share(&graph);
    if shared < SAME_PROCESS {
        bail!(
            "the snapshots are not of one process: of the objects with the same id, {:.0} % are the same object\nTake them over one inspector session, as `stanch find --save DIR` does.",
            shared * 100.0
        );
    }
    if !series.is_in_order(&graph) {
        bail!("the snapshots are not in the order in which they were taken: name the oldest first");
    }
    Ok(series.growth(&graph, served))
}

/// Reads a snapshot from a file, or from the standard input when it is called `-`; both may be compressed.
pub(crate) fn read_graph(file: &Path, how: ReadingArgs, ui: &Ui) -> Result<HeapGraph> {
    let mut input = Input::open(file)?;
    let (name, length, taken) = (input.name().to_owned(), input.length(), input.taken());
    let mut room = Room::of(how, input.text_length());
    let start = Instant::now();
    let snapshot = Snapshot::read_watched(&mut input, |progress| {
        ui.reading(&name, taken.bytes(), length, start.elapsed());
        room.watch(progress)
    });
    room.answer()
        .with_context(|| format!("{name} will not fit"))?;
    let snapshot = snapshot
        .map_err(|error| input.blame(error))
        .with_context(|| format!("{name} cannot be read as a heap snapshot"))?;
    ui.phase("following what keeps what");
    HeapGraph::build(snapshot).with_context(|| format!("{name} does not hold together"))
}

fn several(growth: &Growth, requests: u64, folder: &Folder) -> Diagnosis {
    let sources = load_scripts(growth, folder);
    let steady = growth
        .holders
        .first()
        .map_or(0, |holder| holder.steady_bytes);
    let grows = steady > NOISE;
    let suspects = if grows {
        join(
            growth,
            &sources,
            &Join {
                requests,
                ..Join::default()
            },
        )
    } else {
        Vec::new()
    };
    diagnosis(verdict(grows, steady), suspects)
}

fn one(holders: &Growth, folder: &Folder) -> Diagnosis {
    let sources = load_scripts(holders, folder);
    diagnosis(undecided(), join(holders, &sources, &Join::default()))
}

fn diagnosis(verdict: Verdict, suspects: Vec<Suspect>) -> Diagnosis {
    Diagnosis {
        target: Target::default(),
        verdict,
        memory: Memory::default(),
        load: None,
        suspects,
        artifacts: Vec::new(),
        notes: vec![
            "Objects were matched by their ids, which are good within one inspector session."
                .to_owned(),
        ],
    }
}

#[expect(clippy::cast_precision_loss, reason = "a measure for people")]
fn verdict(grows: bool, steady: u64) -> Verdict {
    let value = steady as f64;
    let answer = if grows {
        Answer::Yes("one holder gains objects from each snapshot to the next".to_owned())
    } else {
        Answer::No("what came is no more than idle heaps move by".to_owned())
    };
    let kind = if grows {
        VerdictKind::Leak
    } else {
        VerdictKind::Healthy
    };
    Verdict {
        kind,
        // Snapshots alone cannot tell a leak from a cache that is still filling.
        confidence: 0.7,
        steps: vec![Step {
            question: "Does a holder grow from each snapshot to the next?".to_owned(),
            answer,
            measure: Measure { name: "steady_growth", value, unit: Unit::Bytes, interval: (value, value) },
        }],
        growth: None,
        smallest_seen: BytesPerRequest(f64::INFINITY),
        would_change: "Readings under load: snapshots alone cannot tell a leak from a cache that is still filling."
            .to_owned(),
    }
}

fn undecided() -> Verdict {
    Verdict {
        kind: VerdictKind::NotEnoughData,
        confidence: 0.0,
        steps: Vec::new(),
        growth: None,
        smallest_seen: BytesPerRequest(f64::INFINITY),
        would_change:
            "A second snapshot of the same process, taken later in the same inspector session."
                .to_owned(),
    }
}
