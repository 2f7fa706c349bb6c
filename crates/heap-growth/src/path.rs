//! A trail into the steps that a reader sees, the outermost name first.

use stanch_heap_graph::{HeapGraph, NodeKind};

use crate::age::is_store;
use crate::anchor::BlockSlot;
use crate::group::{Group, Slot};
use crate::growing_holder::Step;
use crate::trail::{LinkKind, Trail, is_weak_pair};

/// The steps to the holder and to its newcomers.
pub(crate) fn path(
    graph: &HeapGraph,
    group: &Group,
    trail: &Trail,
    typical: Option<&str>,
) -> Vec<Step> {
    let mut steps = path_of(graph, trail);
    if let Some(class) = typical.filter(|_| group.slot != Slot::Internal) {
        steps.push(Step {
            name: "[newcomers]".to_owned(),
            class: class.to_owned(),
        });
    }
    steps
}

/// A trail as its reader sees it, outermost first: V8's stores and repetitions are left out.
pub(crate) fn path_of(graph: &HeapGraph, trail: &Trail) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for link in trail.links.iter().rev() {
        let through_store = is_store(graph, link.to) || is_store(graph, link.from);
        let name = match &link.kind {
            LinkKind::Variable(name) | LinkKind::Export(name) => name.clone(),
            LinkKind::BlockVariable(_) => BlockSlot::NAMELESS.to_owned(),
            LinkKind::Property(name) => format!(".{name}"),
            LinkKind::Global(name) => format!("globalThis.{name}"),
            LinkKind::ModuleExports(file) => format!("module.exports of {file}"),
            LinkKind::Entry => "[…]".to_owned(),
            LinkKind::Internal(_) if through_store => continue,
            LinkKind::Internal(name) if is_weak_pair(name) => "(value of a WeakMap)".to_owned(),
            LinkKind::Internal(_) if graph.kind(link.from) == NodeKind::Synthetic => {
                "(root)".to_owned()
            }
            LinkKind::Internal(name) => format!("({name})"),
        };
        if is_store(graph, link.to) {
            continue;
        }
        let step = Step {
            name,
            class: graph.class_name(link.to).to_owned(),
        };
        if steps.last() != Some(&step) {
            steps.push(step);
        }
    }
    steps
}
