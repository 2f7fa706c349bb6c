//! A handler that is added again and again into one that is taken off when its request is over.

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, Expression, FormalParameters};
use oxc_span::{GetSpan, Span};
use stanch_js_source::with_parsed;

use super::code::{Code, MethodCall, method_call};
use super::edits::Edits;
use super::statement::Statement;
use super::{Ailment, Cause, patch, place};
use crate::model::{Remedy, SiteRole};

pub(crate) fn remedy(ailment: &Ailment<'_>) -> Remedy {
    let name = ailment.name;
    let registrations = ailment.causes(SiteRole::Registers);
    let patched = patch(&registrations, |code, cause, edits| {
        take_off(code, cause, edits)
    });
    let mut advice = Vec::new();
    for cause in &registrations {
        advice.extend(removals_in_vain(cause));
    }
    let is_target = registrations
        .iter()
        .any(|cause| callee(cause).contains("addEventListener"));
    if patched.diff.is_some() {
        advice.push(
            "The patch waits for 'close' of the response: that of the request may never come once \
             its body has been read."
                .to_owned(),
        );
        advice.extend(super::by_hand(&patched.left));
    } else if name == "process" {
        advice.push(
            "Register on `process` once, where the module is loaded, and keep what the handler \
             has to visit in a Set from which it is deleted again."
                .to_owned(),
        );
    } else {
        advice.push(
            "Let the function that adds the handler return another that takes it off, and call \
             that when the request, socket or object is done."
                .to_owned(),
        );
    }
    advice.extend(one_size(is_target));
    advice.extend(registrations.first().and_then(|cause| raised_limit(cause)));
    let summary = match patched.diff {
        Some(_) => format!("Take the handler off `{name}` when the response closes."),
        None => format!("Take each handler off `{name}` again when what it serves is over."),
    };
    Remedy {
        summary,
        advice,
        patch: patched.diff,
    }
}

fn one_size(is_target: bool) -> Option<String> {
    Some(if is_target {
        "`addEventListener` takes `{ signal }`: to abort that signal takes the handler off. \
         `{ once: true }` helps only where the event comes."
            .to_owned()
    } else {
        "`once` takes a handler off only when the event comes: one that waits for an event that \
         may never come is kept like any other."
            .to_owned()
    })
}

fn callee(cause: &Cause<'_>) -> String {
    let text = cause.text.slice(cause.extent.start, cause.extent.end);
    text.split('(').next().unwrap_or_default().to_owned()
}

/// The handler becomes a constant where it is none yet, and goes when the response does.
fn take_off(code: &Code<'_, '_>, cause: &Cause<'_>, edits: &mut Edits<'_>) -> Option<()> {
    let (node, call) = code.call(cause.extent)?;
    let registration = method_call(call)?;
    let removing = match registration.method {
        "on" | "once" | "prependListener" | "prependOnceListener" => "off",
        "addListener" => "removeListener",
        "addEventListener" => "removeEventListener",
        _ => return None,
    };
    let statement = code.lone(node)?;
    let response = code.response(statement.node)?;
    let emitter = code.slice(registration.object.span());
    let [event, handler, rest @ ..] = registration.arguments else {
        return None;
    };
    let (event, handler) = (event.as_expression()?, handler.as_expression()?);
    // Node takes the socket off a response before its 'close'.
    let is_fit = code.is_steady(registration.object)
        && !is_part_of(emitter, &response.text)
        && is_constant(code, event)
        && is_plain(rest);
    if !is_fit {
        return None;
    }
    let taken_off = match hoist(code, &statement, event, handler, edits)? {
        Handler::Named => code.slice(handler.span()).to_owned(),
        Handler::Hoisted(name) => name,
    };
    let event = code.slice(event.span());
    let cleanup = format!("{emitter}.{removing}({event}, {taken_off})");
    statement.write_below(edits, &response.at_close(&cleanup));
    Some(())
}

fn is_part_of(chain: &str, root: &str) -> bool {
    chain == root
        || chain
            .strip_prefix(root)
            .is_some_and(|rest| rest.starts_with('.'))
}

/// Options that do not matter for taking the handler off: all but `capture`.
fn is_plain(options: &[Argument<'_>]) -> bool {
    match options {
        [] => true,
        [Argument::ObjectExpression(options)] => options.properties.iter().all(|property| {
            matches!(property, oxc_ast::ast::ObjectPropertyKind::ObjectProperty(property)
                if property.key.static_name().is_some_and(|name| name != "capture"))
        }),
        _ => false,
    }
}

fn is_constant(code: &Code<'_, '_>, event: &Expression<'_>) -> bool {
    match event {
        Expression::StringLiteral(_) => true,
        Expression::TemplateLiteral(template) => template.expressions.is_empty(),
        // A constant of the module, or a member of one.
        event => code.is_steady_chain(event),
    }
}

enum Handler {
    /// It has a name under which it can be taken off.
    Named,
    /// It got one.
    Hoisted(String),
}

/// Gives a handler without a name one, in a constant above the statement.
fn hoist(
    code: &Code<'_, '_>,
    statement: &Statement<'_>,
    event: &Expression<'_>,
    handler: &Expression<'_>,
    edits: &mut Edits<'_>,
) -> Option<Handler> {
    let is_hoistable = match handler {
        _ if code.is_steady_chain(handler) => return Some(Handler::Named),
        Expression::ArrowFunctionExpression(arrow) => keeps_types(code, &arrow.params),
        Expression::FunctionExpression(function) => keeps_types(code, &function.params),
        // A bound function, or what a factory made.
        Expression::CallExpression(_) => true,
        _ => false,
    };
    if !is_hoistable {
        return None;
    }
    let scope = code.scope(statement.node);
    let name = code.free_name(&handler_name(code, event), &[scope], &mut edits.names);
    let text = dedented(code, statement, handler.span());
    statement.write_above(edits, &format!("const {name} = {text}"));
    edits.replace(handler.span().start, handler.span().end, name.clone());
    Some(Handler::Hoisted(name))
}

/// TypeScript takes the types of an inline handler's parameters from the call that it stands in.
fn keeps_types(code: &Code<'_, '_>, parameters: &FormalParameters<'_>) -> bool {
    !code.is_typescript()
        || parameters.rest.is_none()
            && parameters
                .items
                .iter()
                .all(|parameter| parameter.type_annotation.is_some())
}

/// `onConfigChanged` for `'config:changed'`, `onTick` for `Events.TICK`.
fn handler_name(code: &Code<'_, '_>, event: &Expression<'_>) -> String {
    let text = code.slice(event.span());
    let last = match event {
        Expression::StringLiteral(literal) => literal.value.as_str(),
        _ => text.rsplit('.').next().unwrap_or(text),
    };
    let words = last.split(|character: char| !character.is_ascii_alphanumeric());
    let mut name = "on".to_owned();
    for word in words.filter(|word| !word.is_empty()) {
        let (first, rest) = word.split_at(1);
        name.push_str(&first.to_ascii_uppercase());
        match word.chars().any(|character| character.is_ascii_lowercase()) {
            true => name.push_str(rest),
            false => name.push_str(&rest.to_ascii_lowercase()),
        }
    }
    if name == "on" {
        "onEvent".to_owned()
    } else {
        name
    }
}

/// The text with its further lines moved left as far as the statement stands left of it.
fn dedented(code: &Code<'_, '_>, statement: &Statement<'_>, span: Span) -> String {
    let source = code.parsed.text();
    let text = code.slice(span);
    let line = source
        .line(source.position(span.start).line)
        .unwrap_or_default();
    let indent = &line[..line.len() - line.trim_start().len()];
    match indent.strip_prefix(statement.indent) {
        // The lines of a template are its value.
        Some(further) if !further.is_empty() && !text.contains('`') => {
            let (here, there) = (format!("\n{indent}"), format!("\n{}", statement.indent));
            text.replace(&here, &there)
        }
        _ => text.to_owned(),
    }
}

/// Calls that mean to take a handler off, but hand over a new function that was never registered.
fn removals_in_vain(cause: &Cause<'_>) -> Option<String> {
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

/// `setMaxListeners` next to the registration only keeps Node from warning.
fn raised_limit(cause: &Cause<'_>) -> Option<String> {
    with_parsed(cause.text, |parsed| {
        let calls = parsed.calls();
        let raised = calls
            .iter()
            .find(|call| call.method.as_deref() == Some("setMaxListeners"))?;
        let at = Cause {
            extent: raised.extent,
            ..*cause
        };
        Some(format!(
            "{} raises the limit, which only silences Node's warning about this.",
            place(&at)
        ))
    })
}
