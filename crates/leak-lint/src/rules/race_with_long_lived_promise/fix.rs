//! A race between one call and a promise of the module into a call that is given a signal.

use oxc_ast::AstKind;
use oxc_ast::ast::{ArrayExpression, CallExpression, Expression};
use oxc_span::{GetSpan, Span};
use stanch_js_source::bare;

use crate::file::File;
use crate::finding::{Fix, Safety};
use crate::fix::Change;

/// The promise as a signal, which the only other racer is given.
pub(super) fn fix<'a>(
    file: &File<'_, 'a>,
    race: &CallExpression<'a>,
    racers: &ArrayExpression<'a>,
    promise: &Expression<'a>,
) -> Option<Fix> {
    let variable = file.variable(promise)?;
    let scoping = file.parsed.semantic().scoping();
    let declaration = scoping.symbol_declaration(variable);
    let AstKind::VariableDeclarator(declarator) = file.kind(declaration) else {
        return None;
    };
    let Expression::NewExpression(made) = bare(declarator.init.as_ref()?) else {
        return None;
    };
    let [executor] = made.arguments.as_slice() else {
        return None;
    };
    let Expression::ArrowFunctionExpression(executor) = bare(executor.as_expression()?) else {
        return None;
    };
    let waits = executor.body.as_expression()?.span();
    let resolve = executor
        .params
        .items
        .first()?
        .pattern
        .get_binding_identifier()?;
    let uses = scoping.get_resolved_references(resolve.symbol_id.get()?);
    let uses: Vec<Span> = uses.map(|it| file.kind(it.node_id()).span()).collect();
    let ([only], [_, _]) = (uses.as_slice(), racers.elements.as_slice()) else {
        return None;
    };
    let mut others = racers.elements.iter().filter_map(|it| it.as_expression());
    let Expression::CallExpression(work) =
        bare(others.find(|it| bare(it).span() != promise.span())?)
    else {
        return None;
    };
    let name = scoping.symbol_name(variable);
    let before = file.slice(Span::new(waits.start, only.start));
    let after = file.slice(Span::new(only.end, waits.end));
    let mut change = Change::of(file);
    change.replace(made.span, "new AbortController()");
    change.after(declaration, format!("{before}() => {name}.abort(){after};"))?;
    let comma = if work.arguments.is_empty() { "" } else { ", " };
    let call = file.slice(work.span).strip_suffix(')')?;
    change.replace(
        race.span,
        format!("{call}{comma}{{ signal: {name}.signal }})"),
    );
    change.done(
        "Give the work a signal instead of racing it",
        Safety::Display,
    )
}
