//! The lines that wait for a promise or a timer into what each does, and what would end it.

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, CallExpression};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{SourceText, with_parsed};

use super::code::{Code, is_at, last_name, method_call};
use super::{Ailment, Cause};

/// A sentence for each line that tells something; for a promise without such lines, those that its
/// file has.
pub(crate) fn advice(ailment: &Ailment<'_>) -> Vec<String> {
    let mut advice: Vec<String> = ailment.causes.iter().filter_map(about).collect();
    if let Some((_, text)) = ailment.holder
        && advice.is_empty()
    {
        advice.extend(waiting_on(ailment.source_name(), text));
    }
    advice.dedup();
    advice
}

fn about(cause: &Cause<'_>) -> Option<String> {
    with_parsed(cause.text, |parsed| {
        let code = Code::new(parsed);
        let place = super::place(cause);
        if let Some((node, call)) = code.call(cause.extent) {
            return unref(&code, node, &place)
                .or_else(|| race(&code, node, call, &place))
                .or_else(|| then(&code, call, &place))
                .or_else(|| resolver(&code, call, &place));
        }
        let is_new = code.nodes().any(|(_, kind)| {
            matches!(kind, AstKind::NewExpression(new) if is_at(new.span, cause.extent))
        });
        is_new.then(|| {
            format!(
                "{place} makes a promise that only an answer settles: reject it after a while, \
                 say when `AbortSignal.timeout(5_000)` aborts, and drop its resolver then."
            )
        })
    })
}

/// The first line of a function that races a promise or adds a callback to it.
fn waiting_on(promise: &str, text: &SourceText) -> Option<String> {
    with_parsed(text, |parsed| {
        let code = Code::new(parsed);
        code.nodes().find_map(|(node, kind)| {
            let AstKind::CallExpression(call) = kind else {
                return None;
            };
            code.function_around(node)?;
            let place = format!("{}:{}", text.path(), code.line(call.span.start));
            let quoted = format!("`{promise}`");
            race(&code, node, call, &place)
                .or_else(|| then(&code, call, &place))
                .filter(|sentence| sentence.contains(&quoted))
        })
    })
}

/// `waiting.set(id, resolve)`
fn resolver(code: &Code<'_, '_>, call: &CallExpression<'_>, place: &str) -> Option<String> {
    let insertion = method_call(call)?;
    let stored = last_name(insertion.arguments.last()?.as_expression()?)?;
    matches!(
        stored.as_str(),
        "resolve" | "reject" | "callback" | "cb" | "done"
    )
    .then(|| {
        let holder = code.slice(insertion.object.span());
        format!(
            "{place} keeps `{stored}` until an answer comes: take it out of `{holder}` also when \
             nobody waits any longer, in the `finally` of whoever waited."
        )
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
