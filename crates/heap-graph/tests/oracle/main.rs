//! Snapshots of real processes through the graph, held against DevTools' answers node by node.
//!
//! `STANCH_ORACLE_DIR` names a folder that `xtask/oracle/make.mjs`, `page.mjs` or `random.mjs` filled,
//! or one that holds such folders. Without it the test has nothing to do, which is an error under `CI=true`.

mod features;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use features::Feature;
use serde_json::Value;
use stanch_heap_graph::{HeapGraph, NodeKind, Ordinal, compare};
use stanch_heap_snapshot::Snapshot;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Differences shown per file; all are counted.
const SHOWN: usize = 10;

#[test]
fn every_number_is_the_one_devtools_shows() -> Outcome<()> {
    let strict = std::env::var("CI").is_ok_and(|ci| ci == "true");
    let Some(folder) = std::env::var_os("STANCH_ORACLE_DIR") else {
        if strict {
            return Err("STANCH_ORACLE_DIR is not set; `cargo xtask test` sets it".into());
        }
        println!("skipped: STANCH_ORACLE_DIR is not set; `cargo xtask test` makes what it names");
        return Ok(());
    };
    let mut report = Report::default();
    for folder in folders(Path::new(&folder))? {
        check_folder(&folder, &mut report)?;
    }
    println!(
        "{} snapshots, {} pairs, {} nodes compared",
        report.snapshots, report.pairs, report.nodes
    );
    if report.snapshots == 0 || report.pairs == 0 {
        return Err(format!(
            "no snapshots or no pairs of snapshots in {}",
            folder.display()
        )
        .into());
    }
    if report.differences > 0 {
        for line in &report.shown {
            println!("{line}");
        }
        return Err(format!("{} differences", report.differences).into());
    }
    if !report.missing.is_empty() {
        return Err(report.missing.join("; ").into());
    }
    if !report.wide {
        let sentence = "no snapshot has a size of 4 GiB or more";
        if strict {
            return Err(sentence.into());
        }
        println!("{sentence}; the memory for one was refused when the snapshots were made");
    }
    Ok(())
}

#[derive(Default)]
struct Report {
    /// Whether a size did not fit 32 bits.
    wide: bool,
    /// What is no longer in the snapshots of a folder.
    missing: Vec<String>,
    snapshots: usize,
    pairs: usize,
    nodes: usize,
    differences: usize,
    shown: Vec<String>,
}

/// One file's part of the report.
struct Comparison<'a> {
    report: &'a mut Report,
    file: &'a Path,
    shown: usize,
}

impl Report {
    fn of<'a>(&'a mut self, file: &'a Path) -> Comparison<'a> {
        Comparison {
            report: self,
            file,
            shown: 0,
        }
    }
}

impl Comparison<'_> {
    fn check(&mut self, place: &dyn Fn() -> String, field: &str, ours: &str, theirs: &str) {
        if ours == theirs {
            return;
        }
        self.report.differences += 1;
        self.shown += 1;
        if self.shown <= SHOWN {
            let file = self.file.display();
            let line = format!(
                "{file}: {}: {field} is {ours}, DevTools has {theirs}",
                place()
            );
            self.report.shown.push(line);
        }
    }
}

/// The folder itself and those in it.
fn folders(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut folders = vec![folder.to_owned()];
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

fn check_folder(folder: &Path, report: &mut Report) -> Outcome<()> {
    let mut graphs = BTreeMap::new();
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.sort();
    let mut found = BTreeSet::new();
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|kind| kind == "heapsnapshot"))
    {
        let bytes = fs::read(file)?;
        let graph = HeapGraph::build(Snapshot::read(bytes.as_slice())?)?;
        features::collect(&graph, &bytes, &mut found);
        report.snapshots += 1;
        report.nodes += graph.node_count();
        check_nodes(&graph, &mut report.of(&file.with_extension("nodes.tsv")))?;
        check_facts(&graph, &mut report.of(&file.with_extension("facts.tsv")))?;
        check_classes(&graph, &mut report.of(&file.with_extension("classes.json")))?;
        check_totals(&graph, &mut report.of(&file.with_extension("totals.json")))?;
        let name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        graphs.insert(name, graph);
    }
    if graphs.is_empty() {
        return Ok(());
    }
    report.missing.extend(missing_features(folder, &found));
    report.wide |= found.contains(&Feature::FourGiB);
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let Some((base, current)) = name
            .strip_suffix(".diff.json")
            .and_then(|name| name.split_once("--"))
        else {
            continue;
        };
        let (Some(base), Some(current)) = (graphs.get(base), graphs.get(current)) else {
            return Err(format!("{name}: one of the two snapshots is missing").into());
        };
        report.pairs += 1;
        check_diff(base, current, &mut report.of(file))?;
    }
    Ok(())
}

/// A comparison of snapshots that hold nothing hard proves nothing.
fn missing_features(folder: &Path, found: &BTreeSet<Feature>) -> Option<String> {
    let name = folder.file_name().and_then(|name| name.to_str());
    let wanted: &[Feature] = match name {
        Some("page") => &features::OF_PAGE,
        Some("random") => &features::OF_RANDOM,
        _ => &features::OF_NODE,
    };
    let missing: Vec<&Feature> = wanted.iter().filter(|it| !found.contains(it)).collect();
    let sentence = format!(
        "{}: no snapshot holds {missing:?} any more",
        folder.display()
    );
    (!missing.is_empty()).then_some(sentence)
}

fn check_nodes(graph: &HeapGraph, to: &mut Comparison<'_>) -> Outcome<()> {
    let columns = ["id", "self", "retained", "distance", "idom", "class"];
    check_rows(graph, to, &columns, |node| {
        [
            graph.id(node).0.to_string(),
            graph.self_size(node).to_string(),
            graph.retained_size(node).to_string(),
            graph.distance(node).to_string(),
            graph.immediate_dominator(node).0.to_string(),
            json(graph.class_name(node)),
        ]
    })
}

fn check_facts(graph: &HeapGraph, to: &mut Comparison<'_>) -> Outcome<()> {
    let columns = ["type", "name", "edges", "retainers", "location", "key"];
    check_rows(graph, to, &columns, |node| {
        let place = graph.location(node);
        [
            match graph.kind(node) {
                // A type without a kind has its name in its class.
                NodeKind::Other(_) => {
                    let class = graph.class_name(node);
                    class.trim_matches(['(', ')']).to_owned()
                }
                kind => kind.type_name().to_owned(),
            },
            json(graph.name(node)),
            graph.edges(node).len().to_string(),
            graph.retainers(node).len().to_string(),
            place.map_or(String::new(), |at| {
                format!("{}:{}:{}", at.script_id, at.line, at.column)
            }),
            json(&graph.class_key(node)),
        ]
    })
}

/// Compares a table with one row per node.
fn check_rows<const N: usize>(
    graph: &HeapGraph,
    to: &mut Comparison<'_>,
    columns: &[&str; N],
    ours: impl Fn(Ordinal) -> [String; N],
) -> Outcome<()> {
    let mut lines = BufReader::new(File::open(to.file)?).lines();
    let header = lines.next().ok_or("an empty table")??;
    to.check(
        &|| "header".to_owned(),
        "columns",
        &columns.join("\t"),
        &header,
    );
    let mut rows = 0;
    for (line, node) in lines.zip(graph.ordinals()) {
        let line = line?;
        let place = || {
            format!(
                "node {} ({} {:?})",
                node.0,
                graph.id(node),
                graph.name(node)
            )
        };
        let theirs: Vec<&str> = line.split('\t').collect();
        for ((field, ours), theirs) in columns.iter().zip(ours(node)).zip(theirs) {
            to.check(&place, field, &ours, theirs);
        }
        rows += 1;
    }
    to.check(
        &|| "table".to_owned(),
        "number of rows",
        &graph.node_count().to_string(),
        &rows.to_string(),
    );
    Ok(())
}

fn check_classes(graph: &HeapGraph, to: &mut Comparison<'_>) -> Outcome<()> {
    let ours = graph.classes().into_iter().map(|row| {
        serde_json::json!({
            "key": row.key, "name": row.name, "count": row.count, "self": row.self_size,
            "retained": row.retained_size, "distance": row.distance,
        })
    });
    check_json(ours.collect(), to)
}

fn check_diff(base: &HeapGraph, current: &HeapGraph, to: &mut Comparison<'_>) -> Outcome<()> {
    let ours = compare(base, current).into_iter().map(|row| {
        serde_json::json!({
            "key": row.key, "name": row.name, "added": row.added, "removed": row.removed,
            "delta": row.count_delta(), "added_size": row.added_size,
            "removed_size": row.removed_size, "size_delta": row.size_delta(),
        })
    });
    check_json(ours.collect(), to)
}

/// Compares two lists of objects row by row: the order is DevTools' too.
fn check_json(ours: Vec<Value>, to: &mut Comparison<'_>) -> Outcome<()> {
    let theirs: Vec<Value> = serde_json::from_reader(BufReader::new(File::open(to.file)?))?;
    let length = theirs.len().to_string();
    to.check(
        &|| "table".to_owned(),
        "number of rows",
        &ours.len().to_string(),
        &length,
    );
    for (row, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        to.check(
            &|| format!("row {row}"),
            "the class",
            &ours.to_string(),
            &theirs.to_string(),
        );
    }
    Ok(())
}

fn check_totals(graph: &HeapGraph, to: &mut Comparison<'_>) -> Outcome<()> {
    let theirs: Value = serde_json::from_reader(BufReader::new(File::open(to.file)?))?;
    let ours = serde_json::json!({
        "nodes": graph.node_count(), "total": graph.total_size(),
        "root_retained": graph.retained_size(graph.root()),
    });
    to.check(
        &|| "heap".to_owned(),
        "the totals",
        &ours.to_string(),
        &theirs.to_string(),
    );
    Ok(())
}

fn json(text: &str) -> String {
    Value::from(text).to_string()
}
