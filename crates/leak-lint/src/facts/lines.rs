//! A file that readline reads into where the loop over its lines is left early: readline then only pauses it, and it stays open.

use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};

use crate::facts::fate::{Fate, call_at, uses, way};
use crate::facts::platform::outside;
use crate::facts::streams::event_of;
use crate::file::File;

/// The interface of node:readline that a stream is the input of.
pub(crate) fn read_by_lines(file: &File<'_, '_>, stream: NodeId) -> Option<NodeId> {
    let given = way(file, stream);
    let interface = match given.fate {
        Fate::Given { call, at: 0 } => call,
        _ => {
            let property = file.nodes().parent_id(given.whole);
            let AstKind::ObjectProperty(input) = file.kind(property) else {
                return None;
            };
            if input.key.static_name().is_none_or(|name| name != "input") {
                return None;
            }
            match way(file, file.nodes().parent_id(property)).fate {
                Fate::Given { call, at: 0 } => call,
                _ => return None,
            }
        }
    };
    let is_of_readline = outside(file, &call_at(file, interface)?.callee)
        .is_some_and(|found| found.is("readline", "createInterface"));
    is_of_readline.then_some(interface)
}

/// The statement that leaves the loop over an interface's lines before the last of them, if the loop is all that has the
/// interface.
pub(crate) fn leaves_the_lines(
    file: &File<'_, '_>,
    function: NodeId,
    interface: NodeId,
) -> Option<(NodeId, Span)> {
    let found = way(file, interface);
    let whole = match found.fate {
        Fate::Iterated => found.whole,
        Fate::Variable(lines) => {
            // Closing it does no more than leaving the loop does.
            let mut used = uses(file, lines)
                .into_iter()
                .map(|(_, way)| way)
                .filter(|way| {
                    !matches!(
                        way.fate,
                        Fate::Asked {
                            method: "close",
                            ..
                        }
                    )
                });
            let only = used.next().filter(|_| used.next().is_none())?;
            matches!(only.fate, Fate::Iterated).then_some(only.whole)?
        }
        _ => return None,
    };
    let turns = file.nodes().parent_id(whole);
    let AstKind::ForOfStatement(each) = file.kind(turns) else {
        return None;
    };
    if file.function_around(turns) != Some(function) {
        return None;
    }
    let body = each.body.span();
    file.nodes_of([AstType::ReturnStatement, AstType::BreakStatement])
        .find_map(|node| {
            let span = node.kind().span();
            let leaves = body.contains_inclusive(span)
                && match node.kind() {
                    AstKind::ReturnStatement(_) => {
                        file.function_around(node.id()) == Some(function)
                    }
                    AstKind::BreakStatement(stop) => {
                        stop.label.is_none() && what_it_breaks(file, node.id()) == Some(turns)
                    }
                    _ => false,
                };
            leaves.then_some((node.id(), span))
        })
}

/// Where a listener for lines closes their interface, if nothing destroys what it reads: readline only pauses that.
pub(crate) fn closes_the_lines(file: &File<'_, '_>, interface: NodeId) -> Option<Span> {
    let Fate::Variable(lines) = way(file, interface).fate else {
        return None;
    };
    let mut closes = None;
    let mut listeners = Vec::new();
    for (_, used) in uses(file, lines) {
        let Fate::Asked { call, method } = used.fate else {
            return None;
        };
        let whole = file.kind(call).span();
        match method {
            "close" => closes = Some(whole),
            "on" | "once" if event_of(file, call, 0) == Some("line") => listeners.push(whole),
            "on" | "once" => {}
            _ => return None,
        }
    }
    let closes = closes?;
    let mut listeners = listeners.into_iter();
    listeners
        .any(|listener| listener.contains_inclusive(closes))
        .then_some(closes)
}

/// The loop or `switch` that a `break` without a label leaves.
fn what_it_breaks(file: &File<'_, '_>, stop: NodeId) -> Option<NodeId> {
    file.nodes().ancestor_ids(stop).find(|around| {
        matches!(
            file.kind(*around),
            AstKind::ForOfStatement(_)
                | AstKind::ForInStatement(_)
                | AstKind::ForStatement(_)
                | AstKind::WhileStatement(_)
                | AstKind::DoWhileStatement(_)
                | AstKind::SwitchStatement(_)
        )
    })
}
