//! Loaders that serve all requests.

use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use stanch_leak_patterns::Confidence;

use super::packages::{LOADER, is_without};
use super::{bound_to, finding, is_cleared, is_cleared_elsewhere, is_kept};
use crate::facts::holders::{Lifetime, of_instances};
use crate::file::{File, method};
use crate::finding::Finding;

/// What is said of them.
pub(super) fn loaders<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    for node in file.nodes_of([AstType::NewExpression]) {
        let AstKind::NewExpression(new) = node.kind() else {
            continue;
        };
        let is_loader = file
            .parsed
            .import_of(&new.callee)
            .is_some_and(|(module, _)| module == LOADER.module);
        if !is_loader || !lasts(file, node.id()) || !is_without(&new.arguments, LOADER.caps) {
            continue;
        }
        let is_emptied = match bound_to(file, node.id()) {
            Some(variable) => is_cleared(file, variable) || is_cleared_elsewhere(file, variable),
            None => is_something_cleared(file),
        };
        if !is_emptied {
            let place = file.extent(new.span);
            findings.push(finding("DataLoader", Confidence::High, place));
        }
    }
}

/// Whether the file clears anything, or another one all of something, which may be a loader in a field.
fn is_something_cleared(file: &File<'_, '_>) -> bool {
    let mut calls = file.calls().iter();
    let clears = calls.any(|(_, call)| method(call).is_some_and(|(_, name)| name == "clear"));
    clears || file.project.is_mentioned("clearAll")
}

/// Whether what a `new` makes lives as long as the process: it is made once, or for a field of the one instance of a class.
fn lasts(file: &File<'_, '_>, new: NodeId) -> bool {
    let is_of_the_one = || {
        file.parsed
            .class_around(new)
            .is_some_and(|class| of_instances(file, class) == Lifetime::Process)
    };
    match file.function_around(new) {
        None => file.parsed.class_around(new).is_none() || is_of_the_one(),
        Some(_) => is_kept(file, new) && is_of_the_one(),
    }
}
