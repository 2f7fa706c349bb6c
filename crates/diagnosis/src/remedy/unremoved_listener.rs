//! A handler that is added again and again into one that is taken off when its request is over.

use oxc_ast::ast::{Argument, Expression, FormalParameters};
use oxc_span::{GetSpan, Span};

use super::code::{Code, method_call};
use super::edits::Edits;
use super::statement::Statement;
use super::{Ailment, Cause, listening, patch, unclosed_stream};
use crate::model::{Remedy, SiteRole};

pub(crate) fn remedy(ailment: &Ailment<'_>) -> Remedy {
    let name = ailment.name;
    let registrations = ailment.causes(SiteRole::Registers);
    if registrations.is_empty()
        && let Some(remedy) = unclosed_stream::of_pipes(ailment)
    {
        return remedy;
    }
    let patched = patch(&registrations, take_off);
    let mut advice = listening::vain_removals(&registrations);
    if patched.diff.is_some() {
        advice.push(
            "The patch waits for 'close' of the response: that of the request may never come once \
             its body has been read."
                .to_owned(),
        );
        advice.extend(super::by_hand(&patched.left));
    } else {
        advice.push(listening::ending(&registrations));
    }
    advice.extend(listening::caveat(&registrations));
    advice.extend(listening::raised_limit(&registrations));
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
