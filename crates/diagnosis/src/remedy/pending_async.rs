//! Timers that are never cleared and promises that never settle into their ends.

use oxc_ast::AstKind;
use oxc_ast::ast::{BindingPattern, CallExpression, Expression, VariableDeclaration};
use oxc_span::GetSpan;

use super::code::{Code, method_call};
use super::edits::Edits;
use super::response::Response;
use super::{Ailment, Cause, patch, promises};
use crate::model::{Remedy, SiteRole};

pub(crate) fn remedy(ailment: &Ailment<'_>) -> Remedy {
    let starts = ailment.causes(SiteRole::Starts);
    let patched = patch(&starts, clear);
    let timer = starts.iter().find_map(|cause| timer(cause)).or_else(|| {
        let by_name = [ailment.name, ailment.class];
        by_name.contains(&"Timeout").then_some("setTimeout")
    });
    let mut advice = promises::advice(ailment);
    match (timer, &patched.diff) {
        (_, Some(_)) => advice.extend(super::by_hand(&patched.left)),
        (Some(_), None) => advice.push(
            "Where one object starts a timer and another knows the end, return a function that \
             clears it. Work that many requests wait for needs one timer, not one each."
                .to_owned(),
        ),
        (None, None) if advice.is_empty() => advice.push(
            "`AbortSignal.timeout(5_000)` aborts after 5 s; whoever waits must then also be taken \
             out of the list or Map that would have answered it."
                .to_owned(),
        ),
        (None, None) => {}
    }
    let name = ailment.name;
    let summary = match (timer, &patched.diff) {
        (Some("setInterval"), Some(_)) => "Clear the interval when the response closes.".to_owned(),
        (Some(_), Some(_)) => "Clear the timer when the response closes.".to_owned(),
        (Some(timer), None) => {
            format!("Clear each timer that `{timer}` starts once what it serves is over.")
        }
        _ => format!("Let every promise that waits on `{name}` settle: give it a deadline."),
    };
    Remedy {
        summary,
        advice,
        patch: patched.diff,
    }
}

/// `setInterval` or `setTimeout`, as the cause calls it.
fn timer(cause: &Cause<'_>) -> Option<&'static str> {
    let text = cause.text.slice(cause.extent.start, cause.extent.end);
    ["setInterval", "setTimeout"]
        .into_iter()
        .find(|name| text.starts_with(name))
}

/// Names the timer where it has no name, and clears it when the response closes.
fn clear(code: &Code<'_, '_>, cause: &Cause<'_>, edits: &mut Edits<'_>) -> Option<()> {
    let (node, call) = code.call(cause.extent)?;
    let Expression::Identifier(callee) = &call.callee else {
        return None;
    };
    let clearing = match callee.name.as_str() {
        "setInterval" => "clearInterval",
        "setTimeout" => "clearTimeout",
        _ => return None,
    };
    if code.symbol(&call.callee).is_some() || !code.is_unshadowed(node, clearing) {
        return None;
    }
    let statement = code.statement(node)?;
    let response = code.response(statement.node)?;
    // An interval has to end some time; a single timer may well be meant to outlive the response.
    if clearing == "clearTimeout" && !serves(code, call, &response) {
        return None;
    }
    let name = match code.kind(statement.node) {
        AstKind::ExpressionStatement(whole) if is_timer(&whole.expression, call) => {
            let name = code.free_name("timer", &[code.scope(statement.node)], &mut edits.names);
            edits.insert(statement.span.start, format!("const {name} = "));
            name
        }
        AstKind::VariableDeclaration(declaration) => bound(code, declaration, call)?,
        _ => return None,
    };
    statement.write_below(edits, &response.at_close(&format!("{clearing}({name})")));
    Some(())
}

/// The call itself, or `setInterval(…).unref()`, which gives the timer too.
fn is_timer(expression: &Expression<'_>, call: &CallExpression<'_>) -> bool {
    let Expression::CallExpression(whole) = expression else {
        return false;
    };
    whole.span == call.span
        || method_call(whole).is_some_and(|outer| {
            matches!(outer.method, "unref" | "ref") && is_timer(outer.object, call)
        })
}

/// The constant that the timer is bound to.
fn bound(
    code: &Code<'_, '_>,
    declaration: &VariableDeclaration<'_>,
    call: &CallExpression<'_>,
) -> Option<String> {
    let [declarator] = &declaration.declarations[..] else {
        return None;
    };
    let BindingPattern::BindingIdentifier(name) = &declarator.id else {
        return None;
    };
    let is_constant = !code.scoping().symbol_is_mutated(name.symbol_id.get()?);
    (is_constant && is_timer(declarator.init.as_ref()?, call)).then(|| name.name.to_string())
}

/// Whether the timer's function uses the request or the response.
fn serves(code: &Code<'_, '_>, call: &CallExpression<'_>, response: &Response) -> bool {
    response.parameters.iter().any(|symbol| {
        code.references(*symbol)
            .any(|node| call.span.contains_inclusive(code.kind(node).span()))
    })
}
