//! `stanch find`: a service under load, its verdict, and the holders that grow.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use stanch_diagnosis::{
    Diagnosis, Join, Load, Memory, Round, Sample, Target, allocated, join, release_hint,
};
use stanch_heap_growth::Growth;
use stanch_http_load::{Load as HttpLoad, Pace, Plan};
use stanch_leak_patterns::Bytes;
use stanch_memory_verdict::VerdictKind;

use crate::args::{FindArgs, LoadArgs, MeasureArgs, OutputArgs};
use crate::exit::Exit;
use crate::find::{
    Folder, Measured, Measurement, SnapshotPolicy, Subject, Traffic, explain, load_allocating,
    load_live, load_scripts, own_allocations, private_folder,
};
use crate::output;
use crate::ui::Ui;

/// Investigates, reports, and says by the exit code what was found.
pub(crate) async fn run(args: &FindArgs, output: &OutputArgs, ui: &Ui) -> Result<Exit> {
    let diagnosis = investigate(args, ui).await?;
    ui.done();
    if let Some(save) = &args.save {
        crate::find::save_samples(save, &diagnosis)?;
    }
    output::write(&diagnosis, output)?;
    Ok(exit_of(diagnosis.verdict.kind))
}

/// Starts or attaches, measures, explains; whatever was started is ended on every way out.
pub(crate) async fn investigate(args: &FindArgs, ui: &Ui) -> Result<Diagnosis> {
    let folder = Folder::of_sources(args.sources.as_deref(), &args.command)?;
    if let Some(save) = &args.save {
        private_folder(save)?;
    }
    ui.phase("starting the service");
    let subject = Subject::prepare(args, ui).await?;
    let diagnosed = match diagnose(&subject, args, &folder, ui).await {
        Ok(diagnosis) => Ok(diagnosis),
        Err(error) => Err(explain(error, subject.service.as_ref()).await),
    };
    subject.end().await;
    diagnosed
}

/// What scripts learn from a verdict.
pub(crate) fn exit_of(kind: VerdictKind) -> Exit {
    match kind {
        VerdictKind::Leak | VerdictKind::BufferLeak | VerdictKind::NativeGrowth => Exit::Found,
        VerdictKind::NotEnoughData => Exit::Undecided,
        VerdictKind::RetainedPages
        | VerdictKind::GcPressure
        | VerdictKind::WarmUp
        | VerdictKind::Healthy => Exit::Clean,
    }
}

async fn diagnose(
    subject: &Subject,
    args: &FindArgs,
    folder: &Folder,
    ui: &Ui,
) -> Result<Diagnosis> {
    let versions = subject.session.versions().await?;
    let traffic = match args.load.no_load {
        true => Traffic::counted(&subject.session).await?,
        false => Traffic::Driven(Arc::new(HttpLoad::new(plan(
            subject,
            &args.load,
            &args.measure,
        ))?)),
    };
    let mut measurement = Measurement::new(
        &subject.session,
        traffic,
        &args.measure,
        args.save.clone(),
        ui,
    )
    .await?;
    let hint = |growth: &Growth| release_hint(growth, &load_scripts(growth, folder));
    let measured = measurement.run(hint).await;
    measurement.traffic().end().await;
    let measured = measured?;
    ui.phase("reading the sources");
    let load = load_of(subject, &args.load, measurement.traffic());
    let target = Target {
        command: args.command.clone(),
        files: Vec::new(),
        pid: subject.session.pid().or(Some(versions.pid)),
        node: Some(versions.node),
        v8: Some(versions.v8),
        isolate: measured.isolate.name.clone(),
        heap_limit: measured.isolate.heap_limit.map(Bytes),
    };
    assemble(measured, subject, target, load, folder).await
}

fn plan(subject: &Subject, load: &LoadArgs, measure: &MeasureArgs) -> Plan {
    let pace = load
        .rate
        .map_or(Pace::ClosedLoop, |rate| Pace::Rate(f64::from(rate)));
    Plan {
        requests: subject.requests.clone(),
        connections: load.connections as usize,
        pace,
        seed: measure.seed,
        ..Plan::default()
    }
}

async fn assemble(
    measured: Measured,
    subject: &Subject,
    target: Target,
    load: Option<Load>,
    folder: &Folder,
) -> Result<Diagnosis> {
    let Measured {
        isolate,
        verdict,
        growth,
    } = measured;
    let mut notes = subject.notes.clone();
    if let SnapshotPolicy::Never(why) = &isolate.snapshots {
        notes.push(why.clone());
    }
    let is_leak = matches!(verdict.kind, VerdictKind::Leak | VerdictKind::BufferLeak);
    let suspects = match growth.filter(|_| is_leak) {
        Some(growth) => {
            let mut sources = load_scripts(&growth, folder);
            if subject.service.is_some() {
                load_live(&isolate.session, &growth, folder, &mut sources).await?;
            }
            let requests = isolate.requests_in_series();
            let worker = (isolate.name != "main").then(|| isolate.name.clone());
            let under = Join {
                requests,
                worker,
                allocations: own_allocations(&isolate.session).await.unwrap_or_default(),
            };
            join(&growth, &sources, &under)
        }
        None if is_leak && !isolate.may_snapshot() => {
            let allocations = own_allocations(&isolate.session).await?;
            let sources = load_allocating(&allocations, folder);
            allocated(&allocations, &sources, &Join::default())
        }
        None => Vec::new(),
    };
    let memory = Memory {
        samples: samples(&isolate),
        rounds: rounds(&isolate),
    };
    Ok(Diagnosis {
        target,
        verdict,
        memory,
        load,
        suspects,
        artifacts: isolate.artifacts,
        notes,
    })
}

fn load_of(subject: &Subject, args: &LoadArgs, traffic: &Traffic) -> Option<Load> {
    let report = traffic.report()?;
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    Some(Load {
        urls: subject.urls.clone(),
        connections: args.connections,
        requests: report.completed(),
        errors: report.errors(),
        p50_ms: milliseconds(report.latency.p50),
        p99_ms: milliseconds(report.latency.p99),
    })
}

fn samples(isolate: &crate::find::Isolate) -> Vec<Sample> {
    let samples = isolate.samples.iter();
    samples
        .map(|(sample, phase)| Sample {
            t_ms: sample.at_ms,
            phase: *phase,
            requests: sample.requests,
            rss: Bytes(sample.rss),
            heap_total: Bytes(sample.heap_total),
            heap_used: Bytes(sample.heap_used),
            external: Bytes(sample.external),
            array_buffers: Bytes(sample.array_buffers),
        })
        .collect()
}

fn rounds(isolate: &crate::find::Isolate) -> Vec<Round> {
    let first = isolate
        .evidence
        .readings
        .first()
        .map_or(0, |reading| reading.requests);
    let readings = isolate.evidence.readings.iter();
    readings
        .map(|reading| Round {
            requests: reading.requests - first,
            live_heap: Bytes(reading.live_heap),
            external: Bytes(reading.external),
            array_buffers: Bytes(reading.array_buffers),
            rss: Bytes(reading.rss),
        })
        .collect()
}
