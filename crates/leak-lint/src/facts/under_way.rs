//! What is put in somewhere into the kind of operation that it stands for.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::bare;

use crate::facts::fate::{Fate, uses};
use crate::facts::insertions::Insertion;
use crate::facts::keys::constant;
use crate::file::{File, method};

/// Names of what ends waiting, and of what waits.
const RESOLVERS: &[&str] = &[
    "resolve", "reject", "done", "cb", "callback", "deferred", "resolver", "settle", "fulfill",
];

/// What is under way, by what is kept of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// What somebody waits with: a promise's functions, a callback.
    Resolver,
    /// A promise.
    Promise,
    /// What can end it.
    Controller,
    /// A mark that it is under way.
    Mark,
}

/// What is kept of an operation, if that is what an insertion is about.
pub(crate) fn kept<'a>(file: &File<'_, 'a>, insertion: &Insertion<'a>) -> Option<Kept> {
    let stored = insertion.values.first().copied().or(insertion.key)?;
    Some(kind_of(file, stored, 4).unwrap_or(Kept::Mark))
}

fn kind_of<'a>(file: &File<'_, 'a>, stored: &Expression<'a>, deeper: u32) -> Option<Kept> {
    let deeper = deeper.checked_sub(1)?;
    match bare(stored) {
        Expression::ObjectExpression(object) => object.properties.iter().find_map(|property| {
            let property = property.as_property()?;
            let name = property.key.static_name()?;
            if RESOLVERS.contains(&&*name) {
                return Some(Kept::Resolver);
            }
            kind_of(file, &property.value, deeper)
        }),
        // `[resolve, reject]`
        Expression::ArrayExpression(list) => {
            let mut parts = list.elements.iter().filter_map(|it| it.as_expression());
            parts
                .find_map(|part| kind_of(file, part, deeper).filter(|kind| *kind == Kept::Resolver))
        }
        Expression::Identifier(name) if RESOLVERS.contains(&name.name.as_str()) => {
            Some(Kept::Resolver)
        }
        Expression::Identifier(_) => {
            let value = constant(file, stored).or_else(|| given_before(file, stored));
            let known = value.and_then(|value| kind_of(file, value, deeper));
            known.or_else(|| is_waited_for(file, stored).then_some(Kept::Promise))
        }
        Expression::NewExpression(new) => match bare(&new.callee) {
            Expression::Identifier(class) if class.name == "Promise" => Some(Kept::Promise),
            Expression::Identifier(class) if class.name == "AbortController" => {
                Some(Kept::Controller)
            }
            _ => None,
        },
        Expression::CallExpression(call) => match method(call) {
            Some((_, "then" | "catch" | "finally")) => Some(Kept::Promise),
            Some((_, "withResolvers")) => Some(Kept::Resolver),
            Some(_) => None,
            None => match bare(&call.callee) {
                Expression::Identifier(callee)
                    if matches!(
                        callee.name.as_str(),
                        "deferred" | "defer" | "createDeferred" | "pDefer"
                    ) =>
                {
                    Some(Kept::Resolver)
                }
                _ => maker_of(file, stored).map(|_| Kept::Promise),
            },
        },
        _ => None,
    }
}

/// What a variable that is used here was given last in the same function: `let call = calls.get(key); if (!call) { call = … }`.
fn given_before<'a>(file: &File<'_, 'a>, used: &Expression<'a>) -> Option<&'a Expression<'a>> {
    let variable = file.variable(used)?;
    let scoping = file.parsed.semantic().scoping();
    let around = file.function_around(used.node_id());
    let writes = scoping
        .get_resolved_references(variable)
        .filter(|it| it.is_write());
    let assigned = writes.filter_map(|write| match file.kind(file.parent(write.node_id())) {
        AstKind::AssignmentExpression(assignment) => Some((write.node_id(), assignment)),
        _ => None,
    });
    let before = assigned.filter(|(write, assignment)| {
        assignment.span.end < used.span().start && file.function_around(*write) == around
    });
    let last = before.max_by_key(|(_, assignment)| assignment.span.start)?;
    Some(&last.1.right)
}

/// Whether somebody waits for what a variable holds: it is a promise.
fn is_waited_for<'a>(file: &File<'_, 'a>, named: &Expression<'a>) -> bool {
    file.variable(named).is_some_and(|variable| {
        uses(file, variable).iter().any(|(_, way)| {
            way.awaited
                || matches!(
                    way.fate,
                    Fate::Asked {
                        method: "then" | "catch" | "finally",
                        ..
                    }
                )
        })
    })
}

/// The async function of the file whose call gives the promise that is stored: `(async () => { … })()`.
pub(crate) fn maker_of<'a>(file: &File<'_, 'a>, stored: &Expression<'a>) -> Option<NodeId> {
    let made = match bare(stored) {
        named @ Expression::Identifier(_) => {
            constant(file, named).or_else(|| given_before(file, named))?
        }
        other => other,
    };
    let Expression::CallExpression(call) = bare(made) else {
        return None;
    };
    let callee = bare(&call.callee);
    let function = match callee {
        Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_) => {
            callee.node_id()
        }
        callee => file.parsed.callee_of(callee)?,
    };
    is_async(file, function).then_some(function)
}

/// Whether a function is written as an async one.
pub(crate) fn is_async(file: &File<'_, '_>, function: NodeId) -> bool {
    match file.kind(function) {
        AstKind::Function(function) => function.r#async,
        AstKind::ArrowFunctionExpression(arrow) => arrow.r#async,
        _ => false,
    }
}
