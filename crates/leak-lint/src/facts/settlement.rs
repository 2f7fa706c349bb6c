//! The executor of a promise into the places where it is settled, and whether it gives up by itself.

use oxc_ast::AstKind;
use oxc_ast::ast::{BindingPattern, Expression};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_js_source::bare;

use crate::facts::listeners::Added;
use crate::file::File;

/// The function that a promise was given, if a node stands in one.
pub(crate) fn executor_around(file: &File<'_, '_>, node: NodeId) -> Option<NodeId> {
    let function = file.function_around(node)?;
    match file.kind(file.parent(function)) {
        AstKind::NewExpression(new) if matches!(bare(&new.callee), Expression::Identifier(name) if name.name == "Promise") => {
            Some(function)
        }
        _ => None,
    }
}

/// Where the functions that a promise's executor is given are used.
pub(crate) fn settles(file: &File<'_, '_>, executor: NodeId) -> Vec<Span> {
    let parameters = match file.kind(executor) {
        AstKind::Function(function) => &function.params,
        AstKind::ArrowFunctionExpression(arrow) => &arrow.params,
        _ => return Vec::new(),
    };
    let scoping = file.parsed.semantic().scoping();
    let variables = parameters
        .items
        .iter()
        .filter_map(|parameter| match &parameter.pattern {
            BindingPattern::BindingIdentifier(name) => name.symbol_id.get(),
            _ => None,
        });
    variables
        .flat_map(|variable| scoping.get_resolved_references(variable))
        .map(|reference| file.kind(reference.node_id()).span())
        .collect()
}

/// Whether a promise that waits for an event also has a timer that settles it, without taking the listener off.
pub(crate) fn gives_up_waiting<'a>(file: &File<'_, 'a>, added: &Added<'a>) -> bool {
    let Some(executor) = executor_around(file, added.node) else {
        return false;
    };
    let within = file.kind(executor).span();
    file.calls_within(within).any(|(node, call)| {
        file.function_around(*node) == Some(executor)
            && matches!(bare(&call.callee), Expression::Identifier(name) if name.name == "setTimeout")
    })
}
