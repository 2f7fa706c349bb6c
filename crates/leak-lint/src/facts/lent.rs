//! What a variable holds into whether a pool lends it, and gets it back with all that listens to it.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;
use stanch_js_source::bare;

use crate::facts::lifetime::{Life, life_of};
use crate::file::{File, method};

/// Methods of pools that lend a connection, which has a method `release`: pg, mysql2, generic-pool and their kind.
pub(crate) const LENDS: &[&str] = &["connect", "acquire", "getConnection", "reserve", "checkout"];

/// Whether a variable gets its value from a pool that is older than the call which asks it, and gives it back.
pub(crate) fn is_lent_by_a_pool<'a>(
    file: &File<'_, 'a>,
    value: &'a Expression<'a>,
    variable: SymbolId,
) -> bool {
    let made = match bare(value) {
        Expression::AwaitExpression(awaited) => bare(&awaited.argument),
        made => made,
    };
    let Expression::CallExpression(call) = made else {
        return false;
    };
    let is_lent = method(call).is_some_and(|(pool, name)| {
        LENDS.contains(&name)
            && matches!(
                life_of(file, pool),
                Life::Process(_)
                    | Life::Given { .. }
                    | Life::Instance { .. }
                    | Life::HandedToInstance { .. }
            )
    });
    let scoping = file.parsed.semantic().scoping();
    is_lent
        && scoping.get_resolved_references(variable).any(|reference| {
            matches!(file.kind(file.parent(reference.node_id())), AstKind::StaticMemberExpression(member) if member.property.name == "release")
        })
}

/// What a variable gets that is declared without a value, if it gets one only.
pub(crate) fn only_value<'a>(
    file: &File<'_, 'a>,
    variable: SymbolId,
) -> Option<&'a Expression<'a>> {
    let scoping = file.parsed.semantic().scoping();
    let mut writes = scoping
        .get_resolved_references(variable)
        .filter(|reference| reference.is_write());
    let only = writes.next()?.node_id();
    match (file.kind(file.parent(only)), writes.next()) {
        (AstKind::AssignmentExpression(assignment), None) => Some(&assignment.right),
        _ => None,
    }
}

/// Whether a function is what a lender is handed, to run with what it lends.
pub(crate) fn is_run_by_a_lender(file: &File<'_, '_>, function: NodeId) -> bool {
    let AstKind::CallExpression(call) = file.kind(file.parent(function)) else {
        return false;
    };
    let own = file.kind(function).span();
    let mut arguments = call.arguments.iter();
    let position = arguments.position(|argument| argument.span().contains_inclusive(own));
    position
        .and_then(|position| u32::try_from(position).ok())
        .is_some_and(|position| file.project.lends(file.meaning(&call.callee), position))
}
