//! An interval that a function starts and clears into the ways on which it goes on: out of the function itself, or because those
//! who could clear it do not.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::bare;

use crate::facts::fate::{Fate, way};
use crate::facts::paths::{Exit, LeftOpen, Resource, left_open};
use crate::file::File;

/// The ways out of its function on which an interval goes on.
pub(crate) fn ways_out(
    file: &File<'_, '_>,
    function: NodeId,
    node: NodeId,
    variable: SymbolId,
    clears: &[NodeId],
) -> Vec<LeftOpen> {
    let closed: Vec<Span> = clears
        .iter()
        .map(|clear| file.kind(*clear).span())
        .collect();
    let resource = Resource {
        opened: Some(file.kind(node).span()),
        closed: &closed,
        variable: Some(variable),
    };
    left_open(file, function, &resource)
}

/// The same of a function that runs what it is given for as long as the interval ticks: it is there to be called with one piece
/// of work after the other, whoever does that, and any of them may fail.
pub(crate) fn left_by_what_it_runs(
    file: &File<'_, '_>,
    function: NodeId,
    node: NodeId,
    variable: SymbolId,
    clears: &[NodeId],
) -> Option<LeftOpen> {
    if !clears
        .iter()
        .all(|clear| file.function_around(*clear) == Some(function))
    {
        return None;
    }
    let scoping = file.parsed.semantic().scoping();
    let is_given_work = |callee: &Expression<'_>| {
        let named = match bare(callee) {
            Expression::Identifier(name) => name.reference_id.get(),
            _ => None,
        };
        let given = named.and_then(|name| scoping.get_reference(name).symbol_id());
        given.is_some_and(|given| {
            let declared = scoping.symbol_declaration(given);
            matches!(file.kind(declared), AstKind::FormalParameter(_))
                && file.function_around(declared) == Some(function)
        })
    };
    let left = ways_out(file, function, node, variable, clears);
    left.into_iter().find(|left| {
        let mut calls = file.calls_within(left.at);
        left.exit == Exit::Rejection && calls.any(|(_, call)| is_given_work(&call.callee))
    })
}

/// The function that would clear the interval, if it is what a function gives back, and all who call that drop it, or somebody
/// does who calls it again and again.
pub(crate) fn dropped_stop(
    file: &File<'_, '_>,
    function: NodeId,
    clears: &[NodeId],
) -> Option<Span> {
    if !file.is_result_dropped(function) && !file.is_left_again(function) {
        return None;
    }
    let is_given =
        |stop: &NodeId| matches!(way(file, *stop).fate, Fate::Returned(own) if own == function);
    let first = clears.first().filter(|_| clears.iter().all(is_given))?;
    let stop = file.kind(*first).span();
    let end = file.slice(stop).find('\n');
    let end = end.and_then(|end| u32::try_from(end).ok());
    Some(end.map_or(stop, |end| Span::new(stop.start, stop.start + end)))
}
