//! `stanch export`: what was computed for every node, every class, and between two snapshots.

#[cfg(feature = "parquet")]
mod columns;
#[cfg(feature = "parquet")]
mod parquet;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::json;
use stanch_heap_graph::{HeapGraph, compare};

use super::analyze::read_graph;
use crate::args::ExportArgs;
use crate::exit::Exit;
use crate::ui::Ui;

const HOW_TO_GET_IT: &str =
    "to have it, build it with `cargo install --path crates/stanch --features parquet`";

/// Writes the files that were asked for.
pub(crate) fn run(args: &ExportArgs, ui: &Ui) -> Result<Exit> {
    let tables = [&args.nodes, &args.classes, &args.parquet];
    if tables.iter().all(|table| table.is_none()) && args.diff.is_none() {
        bail!(
            "nothing to export: ask for --nodes OUT.tsv, --classes OUT.json, --diff BASE OUT.json or --parquet DIR"
        );
    }
    if args.parquet.is_some() && cfg!(not(feature = "parquet")) {
        bail!("this stanch was built without Parquet; {HOW_TO_GET_IT}");
    }
    ui.phase(&format!("reading {}", args.file.display()));
    let graph = read_graph(&args.file, args.reading, ui)?;
    if let Some(path) = &args.nodes {
        to_file(path, |file| nodes(&graph, file))?;
    }
    if let Some(path) = &args.classes {
        to_file(path, |file| classes(&graph, file))?;
    }
    #[cfg(feature = "parquet")]
    if let Some(folder) = &args.parquet {
        parquet::write(&graph, folder, ui)?;
    }
    if let Some([base, path]) = args.diff.as_deref() {
        let base = read_graph(base, args.reading, ui)?;
        to_file(path, |file| diff(&base, &graph, file))?;
    }
    Ok(Exit::Clean)
}

fn to_file(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<()> {
    let write_all = || {
        let mut file = BufWriter::new(File::create(path)?);
        write(&mut file)?;
        file.flush()
    };
    write_all().with_context(|| format!("cannot write {}", path.display()))
}

fn nodes(graph: &HeapGraph, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "id\tself\tretained\tdistance\tidom\tclass")?;
    for node in graph.ordinals() {
        let class = json!(graph.class_name(node).to_string());
        let (id, size, retained) = (
            graph.id(node).0,
            graph.self_size(node),
            graph.retained_size(node),
        );
        let (distance, above) = (graph.distance(node), graph.immediate_dominator(node).0);
        writeln!(
            out,
            "{id}\t{size}\t{retained}\t{distance}\t{above}\t{class}"
        )?;
    }
    Ok(())
}

fn classes(graph: &HeapGraph, out: &mut impl Write) -> std::io::Result<()> {
    let rows: Vec<_> = graph
        .classes()
        .iter()
        .map(|class| {
            json!({"key": class.key, "name": class.name, "count": class.count, "self": class.self_size,
                "retained": class.retained_size, "distance": class.distance})
        })
        .collect();
    serde_json::to_writer(out, &rows).map_err(Into::into)
}

fn diff(base: &HeapGraph, current: &HeapGraph, out: &mut impl Write) -> std::io::Result<()> {
    let rows: Vec<_> = compare(base, current)
        .iter()
        .map(|row| {
            json!({"key": row.key, "name": row.name, "added": row.added, "removed": row.removed,
                "delta": row.count_delta(), "addedSize": row.added_size, "removedSize": row.removed_size,
                "sizeDelta": row.size_delta()})
        })
        .collect();
    serde_json::to_writer(out, &rows).map_err(Into::into)
}
