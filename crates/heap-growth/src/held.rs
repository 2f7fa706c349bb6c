//! One graph into the objects that hold most of its memory: where a single snapshot says something may have piled up.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use stanch_heap_graph::{HeapGraph, NodeId, NodeKind, Ordinal};
use stanch_leak_patterns::Confidence;

use crate::age::{Ages, is_store};
use crate::anchor::{Anchor, anchors};
use crate::growing_holder::{ClassCount, GrowingHolder, Growth};
use crate::headline::Headline;
use crate::path::path_of;
use crate::scripts::Scripts;
use crate::trail::Trails;

/// Holders reported.
const HOLDERS: usize = 10;
/// An object holds a pile, rather than one big thing, if no single part has more than this share of it.
const PILE_PART: f64 = 0.5;
/// The least part of the heap worth a line.
const LEAST_SHARE: f64 = 0.01;

/// The objects under which most memory piles up, most first. Nothing is said of growth: counts and sizes have one value.
#[must_use]
pub fn holders_of_memory(graph: &HeapGraph) -> Growth {
    let scripts = Scripts::of(graph);
    let ages = Ages::settled(graph);
    let trails = Trails {
        graph,
        scripts: &scripts,
        ages: &ages,
    };
    let total = graph.retained_size(graph.root());
    let mut piles = piles(graph, &ages, total);
    piles.sort_by_key(|&node| (std::cmp::Reverse(graph.retained_size(node)), node));
    let mut holders = Vec::new();
    for piles in piles.chunks(HOLDERS) {
        holders.extend(named(&trails, piles, total));
        if holders.len() >= HOLDERS {
            break;
        }
    }
    holders.truncate(HOLDERS);
    Growth {
        holders,
        newcomer_bytes: total,
        scripts: scripts.readable_urls(),
    }
}

/// Names piles, on two threads: each search goes through hundreds of thousands of objects.
fn named(trails: &Trails<'_>, piles: &[Ordinal], total: u64) -> Vec<GrowingHolder> {
    let jobs = piles.iter().map(|pile| (*pile, OnceLock::new()));
    let jobs: Vec<(Ordinal, OnceLock<Option<GrowingHolder>>)> = jobs.collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((pile, found)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            found.get_or_init(|| holder(trails, *pile, total));
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
    let found = jobs.into_iter().filter_map(|(_, found)| found.into_inner());
    found.flatten().collect()
}

/// The objects that are worth a line. What hangs on something smaller is not looked at.
fn piles(graph: &HeapGraph, ages: &Ages, total: u64) -> Vec<Ordinal> {
    let order = graph.dominator_preorder();
    let mut piles = Vec::new();
    let mut at = 0;
    while let Some(&node) = order.get(at) {
        if share(graph.retained_size(node), total) < LEAST_SHARE {
            at = graph.dominated_span(node).end;
            continue;
        }
        if is_pile(graph, ages, node) {
            piles.push(node);
        }
        at += 1;
    }
    piles
}

fn is_pile(graph: &HeapGraph, ages: &Ages, node: Ordinal) -> bool {
    let is_object = matches!(graph.kind(node), NodeKind::Object | NodeKind::Closure);
    is_object && {
        let parts = parts(graph, ages, node).into_iter();
        let biggest = parts.map(|part| graph.retained_size(part)).max();
        share(biggest.unwrap_or(0), graph.retained_size(node)) < PILE_PART
    }
}

/// What `node` holds, its own stores seen through.
fn parts(graph: &HeapGraph, ages: &Ages, node: Ordinal) -> Vec<Ordinal> {
    let mut open = vec![node];
    let mut found = Vec::new();
    while let Some(next) = open.pop() {
        for child in graph.dominated_children(next) {
            if is_store(graph, child) && ages.owner(child) == node {
                open.push(child);
            } else {
                found.push(child);
            }
        }
    }
    found
}

fn holder(trails: &Trails<'_>, node: Ordinal, total: u64) -> Option<GrowingHolder> {
    let graph = trails.graph;
    let trail = trails.from(node);
    let anchors = anchors(trails, &trail);
    let headline = Headline::of(&anchors, None, Anchor::origin);
    headline.anchor.as_ref()?;
    let parts = parts(graph, trails.ages, node);
    Some(GrowingHolder {
        id: NodeId(graph.id(node).0),
        class: graph.name(node).to_owned(),
        headline,
        names: anchors,
        path: path_of(graph, &trail),
        count: vec![parts.len() as u64],
        retained: vec![graph.retained_size(node)],
        steady_bytes: 0,
        share: share(graph.retained_size(node), total),
        classes: classes(graph, &parts),
        places: Vec::new(),
        further_places: Vec::new(),
        capture: None,
        pattern: None,
        confidence: Confidence::Low,
        reason: "one snapshot shows what an object holds, not whether it grows: take a second one later in the same session"
            .to_owned(),
    })
}

fn classes(graph: &HeapGraph, parts: &[Ordinal]) -> Vec<ClassCount> {
    let mut rows: Vec<ClassCount> = Vec::new();
    for &part in parts {
        let class = graph.class_name(part);
        match rows.iter_mut().find(|row| row.class == class) {
            Some(row) => {
                row.count += 1;
                row.bytes += graph.retained_size(part);
            }
            None => rows.push(ClassCount {
                class: class.to_owned(),
                count: 1,
                bytes: graph.retained_size(part),
            }),
        }
    }
    rows.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.class.cmp(&b.class)));
    rows.truncate(8);
    rows
}

#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}
