//! A collection that is raced → whether it has the next steps of several iterators, of which slow ones stay from race to race.

use oxc_ast::AstKind;
use oxc_ast::ast::{ArrayExpressionElement, Expression};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::bare;

use crate::facts::fate::{Fate, call_at, uses};
use crate::facts::turns::{is_counted, is_loop};
use crate::file::{File, argument, method};

/// A collection that is in race after race.
pub(crate) struct Steps {
    pub(crate) collection: SymbolId,
    /// What is put into it: a promise that an iterator settles when it has something, be it in an hour.
    pub(crate) step: Span,
}

/// The collection that a loop races, where it gets the next step of an iterator: `steps.set(i, iterators[i].next())`.
pub(crate) fn raced_steps<'a>(
    file: &File<'_, 'a>,
    race: NodeId,
    raced: &Expression<'a>,
) -> Option<Steps> {
    let collection = collection(file, raced)?;
    let scoping = file.parsed.semantic().scoping();
    let declared = file.kind(scoping.symbol_declaration(collection)).span();
    let is_raced_again = file
        .nodes()
        .ancestor_ids(race)
        .map(|around| file.kind(around))
        .take_while(|around| !around.span().contains_inclusive(declared))
        .any(|around| is_loop(around) && !is_counted(file, around));
    if !is_raced_again {
        return None;
    }
    let step = uses(file, collection)
        .into_iter()
        .filter_map(|(used, way)| put_in(file, used, way.fate))
        .find(|put| has_a_step(file, *put))?;
    Some(Steps { collection, step })
}

/// The variable in `steps`, `steps.values()`, `Object.values(steps)` and `[...steps]`.
fn collection<'a>(file: &File<'_, 'a>, raced: &Expression<'a>) -> Option<SymbolId> {
    match bare(raced) {
        Expression::CallExpression(call) => match (method(call)?, argument(call, 0)) {
            ((_, "values"), Some(given)) => file.variable(given),
            ((object, "values"), None) => file.variable(object),
            _ => None,
        },
        Expression::ArrayExpression(list) => match list.elements.as_slice() {
            [ArrayExpressionElement::SpreadElement(all)] => collection(file, &all.argument),
            _ => None,
        },
        other => file.variable(other),
    }
}

/// What a use of a collection puts into it.
fn put_in(file: &File<'_, '_>, used: NodeId, fate: Fate<'_>) -> Option<Span> {
    if let Fate::Asked { call, method } = fate {
        let at = match method {
            "set" => 1,
            "push" | "add" => 0,
            _ => return None,
        };
        return Some(argument(call_at(file, call)?, at)?.span());
    }
    let element = file.parent(used);
    let AstKind::ComputedMemberExpression(member) = file.kind(element) else {
        return None;
    };
    match file.kind(file.parent(element)) {
        AstKind::AssignmentExpression(put) if put.left.span() == member.span => {
            Some(put.right.span())
        }
        _ => None,
    }
}

fn has_a_step(file: &File<'_, '_>, put: Span) -> bool {
    file.calls_within(put).any(|(_, call)| {
        call.arguments.is_empty() && method(call).is_some_and(|(_, name)| name == "next")
    })
}
