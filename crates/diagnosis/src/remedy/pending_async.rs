//! Timers that are never cleared and promises that never settle into their ends.

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, BindingPattern, CallExpression, Expression, VariableDeclaration};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::with_parsed;

use super::code::{Code, is_at, method_call};
use super::edits::Edits;
use super::response::Response;
use super::{Ailment, Cause, patch};
use crate::model::{Remedy, SiteRole};

pub(crate) fn remedy(ailment: &Ailment<'_>) -> Remedy {
    let starts = ailment.causes(SiteRole::Starts);
    let patched = patch(&starts, |code, cause, edits| clear(code, cause, edits));
    let mut advice: Vec<String> = starts.iter().filter_map(|cause| about(cause)).collect();
    advice.dedup();
    advice.extend(super::by_hand(if patched.diff.is_some() {
        &patched.left
    } else {
        &[]
    }));
    let timer = starts.iter().find_map(|cause| timer(cause)).or_else(|| {
        let by_name = [ailment.name, ailment.class];
        by_name.contains(&"Timeout").then_some("setTimeout")
    });
    let name = ailment.name;
    let summary = match (timer, &patched.diff) {
        (Some("setInterval"), Some(_)) => "Clear the interval when the response closes.".to_owned(),
        (Some(_), Some(_)) => "Clear the timer when the response closes.".to_owned(),
        (Some(timer), None) => {
            format!("Clear each timer that `{timer}` starts once what it serves is over.")
        }
        _ => format!("Let every promise that waits on `{name}` settle: give it a deadline."),
    };
    if timer.is_some() {
        if patched.diff.is_none() {
            advice.push(
                "Where one object starts a timer and another knows the end, return a function that \
                 clears it. Work that many requests wait for needs one timer, not one each."
                    .to_owned(),
            );
        }
    } else if advice.is_empty() {
        advice.push(
            "`AbortSignal.timeout(5_000)` rejects after 5 s; whoever waits must then also be taken \
             out of the list or Map that would have answered it."
                .to_owned(),
        );
    }
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

/// What the line does, and what would end it.
fn about(cause: &Cause<'_>) -> Option<String> {
    with_parsed(cause.text, |parsed| {
        let code = Code::new(parsed);
        if let Some((node, call)) = code.call(cause.extent) {
            let place = super::place(cause);
            return unref(&code, node, &place)
                .or_else(|| race(&code, node, call, &place))
                .or_else(|| then(&code, call, &place));
        }
        let is_new = code.nodes().any(|(_, kind)| {
            matches!(kind, AstKind::NewExpression(new) if is_at(new.span, cause.extent))
        });
        is_new.then(|| {
            format!(
                "{} makes a promise that only an answer settles: reject it after a while, as \
                 `AbortSignal.timeout(5_000)` does, and drop its resolver then.",
                super::place(cause)
            )
        })
    })
}

fn unref(code: &Code<'_, '_>, node: NodeId, place: &str) -> Option<String> {
    let member = code.parent(node)?;
    let AstKind::StaticMemberExpression(member) = code.kind(member) else {
        return None;
    };
    (member.property.name == "unref").then(|| {
        format!("`unref()` at {place} only lets the process exit: timer and function stay.")
    })
}

/// `Promise.race([stopping, work])`
fn race(
    code: &Code<'_, '_>,
    node: NodeId,
    call: &CallExpression<'_>,
    place: &str,
) -> Option<String> {
    let race = method_call(call)?;
    let is_race = code.slice(race.object.span()) == "Promise"
        && matches!(race.method, "race" | "any" | "all" | "allSettled");
    let Some(Argument::ArrayExpression(array)) = race.arguments.first() else {
        return None;
    };
    if !is_race {
        return None;
    }
    let function = code.function_around(node)?;
    let inside = code.kind(function).span();
    let long_lived = array.elements.iter().find_map(|element| {
        let name = element.as_expression()?;
        let declared = code.scoping().symbol_span(code.symbol(name)?);
        (!inside.contains_inclusive(declared)).then(|| code.slice(name.span()))
    });
    Some(match long_lived {
        Some(name) => format!(
            "{place} races `{name}`, which outlives the call: until it settles it keeps the result \
             of every race. Race a promise made for the call, and have `{name}` settle those that \
             are still open from a Set."
        ),
        None => format!(
            "{place} waits for the slowest of its promises to let go of the others: give each a \
             deadline, as `AbortSignal.timeout(5_000)` does."
        ),
    })
}

/// `ready.then(…)`
fn then(code: &Code<'_, '_>, call: &CallExpression<'_>, place: &str) -> Option<String> {
    let then = method_call(call)?;
    matches!(then.method, "then" | "catch" | "finally").then(|| {
        let promise = code.slice(then.object.span());
        format!(
            "{place} adds a callback to `{promise}`, which keeps it until it settles: reject it \
             after a deadline, or keep what waits in a queue with a bound."
        )
    })
}
