//! A heap's graph into Parquet: nodes, edges, strings, locations. `docs/parquet.md` has the columns.

use std::fs;
use std::iter::repeat_n;
use std::path::Path;

use anyhow::Result;
use stanch_heap_graph::{HeapGraph, Ordinal};
use stanch_heap_snapshot::{EdgeKind, NodeKind, Snapshot};

use super::columns::{Coding, Column, Table};
use crate::find::private_folder;
use crate::partial::finish_all;
use crate::ui::Ui;

/// Writes the four files into a folder, which is made if it is not there. They get their names when
/// all are complete.
pub(crate) fn write(graph: &HeapGraph, folder: &Path, ui: &Ui) -> Result<()> {
    let is_new = !folder.exists();
    private_folder(folder)?;
    let tables = [nodes(graph), edges(graph), strings(graph), locations(graph)];
    let written: Result<Vec<_>> = tables
        .into_iter()
        .map(|table| {
            ui.phase(&format!("writing {}", table.file_name()));
            table.write(folder)
        })
        .collect();
    let written = written.and_then(finish_all);
    if written.is_err() && is_new {
        // It stays if there is something in it, which is not ours then.
        drop(fs::remove_dir(folder));
    }
    written
}

fn nodes(graph: &HeapGraph) -> Table<'_> {
    let snapshot = graph.snapshot();
    let columns = snapshot.nodes();
    let each = || graph.ordinals();
    let names = columns.names().map(|name| i64::from(name.0));
    Table::new(
        "nodes",
        graph.node_count(),
        vec![
            Column::int32("ordinal", Coding::Delta, each().map(ordinal)),
            Column::int64(
                "id",
                Coding::Delta,
                each().map(|node| long(graph.id(node).0)),
            ),
            Column::text("kind", Coding::Dictionary, node_kinds(snapshot)),
            Column::int64("name", Coding::Dictionary, names),
            sizes("self_size", graph, HeapGraph::self_size),
            sizes("raw_self_size", graph, HeapGraph::raw_self_size),
            sizes("retained_size", graph, HeapGraph::retained_size),
            Column::int32(
                "distance",
                Coding::Dictionary,
                each().map(|node| graph.distance(node)),
            ),
            Column::int32(
                "immediate_dominator",
                Coding::Delta,
                each().map(|node| ordinal(graph.immediate_dominator(node))),
            ),
            Column::text(
                "class",
                Coding::Dictionary,
                each().map(|node| graph.class_name(node)),
            ),
            Column::text_or_null("detachedness", Coding::Dictionary, detachedness(graph)),
        ],
    )
}

fn sizes<'a>(
    name: &'static str,
    graph: &'a HeapGraph,
    size: impl Fn(&'a HeapGraph, Ordinal) -> u64 + 'a,
) -> Column<'a> {
    let sizes = graph.ordinals().map(move |node| long(size(graph, node)));
    Column::int64(name, Coding::Dictionary, sizes)
}

fn node_kinds(snapshot: &Snapshot) -> impl Iterator<Item = &str> {
    snapshot.nodes().kinds().map(|kind| match kind {
        NodeKind::Other(position) => snapshot
            .node_types()
            .get(usize::from(position))
            .map_or("", String::as_str),
        known => known.type_name(),
    })
}

fn detachedness(graph: &HeapGraph) -> impl Iterator<Item = Option<&str>> {
    let mut known = graph.snapshot().nodes().detachedness().iter().peekable();
    graph.ordinals().map(move |node| {
        let (_, state) = known.next_if(|(ordinal, _)| *ordinal == node.0)?;
        match state {
            1 => Some("attached"),
            2 => Some("detached"),
            _ => None,
        }
    })
}

fn edges(graph: &HeapGraph) -> Table<'_> {
    let snapshot = graph.snapshot();
    let columns = snapshot.edges();
    let sources = graph
        .ordinals()
        .flat_map(|node| repeat_n(ordinal(node), snapshot.edges_of(node.0).len()));
    let targets = columns.targets().iter();
    let kinds = targets.clone().map(|target| match target.kind() {
        EdgeKind::Other => "other",
        known => known.type_name(),
    });
    let called = |wanted: Called| {
        (0..graph.edge_count()).map(move |edge| {
            let is_indexed = columns.kind(edge).is_indexed();
            (is_indexed == (wanted == Called::ByIndex))
                .then(|| i64::from(columns.name_or_index(edge)))
        })
    };
    Table::new(
        "edges",
        graph.edge_count(),
        vec![
            Column::int32("from_node", Coding::Delta, sources),
            Column::int32(
                "to_node",
                Coding::Delta,
                targets.clone().map(|target| ordinal(Ordinal(target.to()))),
            ),
            Column::text("kind", Coding::Dictionary, kinds),
            Column::int64_or_null("name", Coding::Dictionary, called(Called::ByName)),
            Column::int64_or_null("index", Coding::Delta, called(Called::ByIndex)),
        ],
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Called {
    ByName,
    ByIndex,
}

fn strings(graph: &HeapGraph) -> Table<'_> {
    let strings = graph.snapshot().strings();
    let numbers = strings.iter().map(|(number, _)| i64::from(number.0));
    let texts = strings.iter().map(|(_, text)| text);
    Table::new(
        "strings",
        strings.len(),
        vec![
            Column::int64("number", Coding::Delta, numbers),
            Column::text("text", Coding::Plain, texts),
        ],
    )
}

/// Lines and columns count from 1, as in all that stanch writes.
fn locations(graph: &HeapGraph) -> Table<'_> {
    let rows = graph.snapshot().locations();
    let nodes = rows.iter().map(|row| ordinal(Ordinal(row.ordinal)));
    let scripts = rows.iter().map(|row| i64::from(row.script_id));
    let lines = rows.iter().map(|row| i64::from(row.line) + 1);
    let columns = rows.iter().map(|row| i64::from(row.column) + 1);
    Table::new(
        "locations",
        rows.len(),
        vec![
            Column::int32("node", Coding::Delta, nodes),
            Column::int64("script_id", Coding::Dictionary, scripts),
            Column::int64("line_number", Coding::Dictionary, lines),
            Column::int64("column_number", Coding::Dictionary, columns),
        ],
    )
}

/// Snapshots have at most 2^28 nodes.
const fn ordinal(node: Ordinal) -> i32 {
    node.0.cast_signed()
}

/// No size and no id of V8 comes near the limit, but a file may say what it likes.
fn long(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
