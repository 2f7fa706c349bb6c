//! The lines that add handlers into what ends them, and what does not.

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, ClassElement};
use oxc_span::GetSpan;
use stanch_js_source::with_parsed;

use super::code::{Code, MethodCall, method_call};
use super::{Cause, place};

/// Removals in the same files that remove nothing.
pub(crate) fn vain_removals(registrations: &[&Cause<'_>]) -> Vec<String> {
    let mut found: Vec<String> = registrations
        .iter()
        .filter_map(|cause| vain_removal(cause))
        .collect();
    found.dedup();
    found
}

/// Where the handlers are to be taken off.
pub(crate) fn ending(registrations: &[&Cause<'_>]) -> String {
    if let Some(method) = registrations.iter().find_map(|cause| disposer(cause)) {
        return format!(
            "{method} is the place to take it off: keep the handler in a field until then."
        );
    }
    if registrations
        .iter()
        .any(|cause| callee(cause).starts_with("process."))
    {
        return "Register on `process` once, where the module is loaded, and keep what the handler \
                has to visit in a Set from which it is deleted again."
            .to_owned();
    }
    "Let the function that adds the handler return another that takes it off, and call that when \
     the request, socket or object is done."
        .to_owned()
}

/// Methods that end an object.
const DISPOSERS: &[&str] = &[
    "dispose",
    "close",
    "destroy",
    "stop",
    "end",
    "disconnect",
    "unsubscribe",
];

/// The method that ends the object whose class registers the handler.
fn disposer(cause: &Cause<'_>) -> Option<String> {
    with_parsed(cause.text, |parsed| {
        let code = Code::new(parsed);
        let (node, _) = code.call(cause.extent)?;
        let class = code
            .ancestors(node)
            .find_map(|around| match code.kind(around) {
                AstKind::ClassBody(body) => Some(body),
                _ => None,
            })?;
        class.body.iter().find_map(|element| {
            let ClassElement::MethodDefinition(method) = element else {
                return None;
            };
            let name = method.key.static_name()?;
            let line = code.line(method.span.start);
            let is_disposer = DISPOSERS.contains(&name.as_ref()) && !method.r#static;
            is_disposer.then(|| format!("`{name}` at {}:{line}", cause.text.path()))
        })
    })
}

/// What does not help as much as it seems to.
pub(crate) fn caveat(registrations: &[&Cause<'_>]) -> Option<String> {
    let calls = |method: &str| {
        registrations
            .iter()
            .any(|cause| callee(cause).ends_with(method))
    };
    if calls("addEventListener") {
        return Some(
            "`addEventListener` takes `{ signal }`: to abort that signal takes the handler off. \
             `{ once: true }` helps only where the event comes."
                .to_owned(),
        );
    }
    (calls("once") || calls("prependOnceListener")).then(|| {
        "`once` takes a handler off only when the event comes: one that waits for an event that \
         may never come is kept like any other."
            .to_owned()
    })
}

fn callee(cause: &Cause<'_>) -> String {
    let text = cause.text.slice(cause.extent.start, cause.extent.end);
    text.split('(').next().unwrap_or_default().to_owned()
}

/// Calls that mean to take a handler off, but hand over a new function that was never registered.
fn vain_removal(cause: &Cause<'_>) -> Option<String> {
    with_parsed(cause.text, |parsed| {
        let code = Code::new(parsed);
        let (_, call) = code.call(cause.extent)?;
        let emitter = code.slice(method_call(call)?.object.span());
        let (line, method) = code.nodes().find_map(|(_, kind)| {
            let AstKind::CallExpression(call) = kind else {
                return None;
            };
            let removal = method_call(call)?;
            let is_vain = code.slice(removal.object.span()) == emitter && is_fresh(&removal);
            is_vain.then(|| (code.line(call.span.start), removal.method))
        })?;
        Some(format!(
            "{}:{line} takes nothing off: its `{emitter}.{method}` gets a new function. Keep the \
             one that was added, and hand over that.",
            cause.text.path()
        ))
    })
}

fn is_fresh(removal: &MethodCall<'_>) -> bool {
    let removes = matches!(
        removal.method,
        "off" | "removeListener" | "removeEventListener"
    );
    removes
        && match removal.arguments.get(1) {
            Some(Argument::ArrowFunctionExpression(_) | Argument::FunctionExpression(_)) => true,
            Some(Argument::CallExpression(call)) => {
                method_call(call).is_some_and(|call| call.method == "bind")
            }
            _ => false,
        }
}

/// `setMaxListeners` next to a registration only keeps Node from warning.
pub(crate) fn raised_limit(registrations: &[&Cause<'_>]) -> Option<String> {
    let cause = registrations.first()?;
    let calls = with_parsed(cause.text, |parsed| parsed.calls());
    let raised = calls
        .iter()
        .find(|call| call.method.as_deref() == Some("setMaxListeners"))?;
    let at = Cause {
        extent: raised.extent,
        ..**cause
    };
    Some(format!(
        "{} raises the limit, which only silences Node's warning about this.",
        place(&at)
    ))
}
