//! A promise into whether it is settled with the answer of a server: `new Promise((resolve) => http.get(url, resolve))`.

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, CallExpression, Expression, NewExpression};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{ImportedName, ParsedSource, Value, bare, literal_text};

use crate::file::{argument, callee_name};

/// Events of a client's leaving, as they are written.
const ENDS: &[&str] = &["'close'", "'aborted'", "\"close\"", "\"aborted\""];

/// Whether a promise is settled with the answer of a server, as the one argument of the function that http hands it to.
pub(crate) fn waits_for_an_answer<'a>(parsed: &ParsedSource<'a>, new: &NewExpression<'a>) -> bool {
    let is_promise =
        matches!(bare(&new.callee), Expression::Identifier(class) if class.name == "Promise");
    let executor = new.arguments.first().and_then(Argument::as_expression);
    let Some(executor) = executor.filter(|_| is_promise).map(bare) else {
        return false;
    };
    let parameters = match executor {
        Expression::ArrowFunctionExpression(arrow) => &arrow.params,
        Expression::FunctionExpression(function) => &function.params,
        _ => return false,
    };
    let resolve = parameters.items.first();
    let resolve = resolve.and_then(|resolve| resolve.pattern.get_binding_identifier());
    let Some(resolve) = resolve.and_then(|name| name.symbol_id.get()) else {
        return false;
    };
    let within = executor.span();
    let text = parsed.text().slice(within.start, within.end);
    // Whoever listens for the client's leaving may end the request.
    let is_ended = ENDS.iter().any(|end| text.contains(end));
    let scoping = parsed.semantic().scoping();
    let mut used = scoping.get_resolved_references(resolve);
    let only = used.next().map(|used| used.node_id());
    !is_ended && used.next().is_none() && only.is_some_and(|only| gets_an_answer(parsed, only))
}

/// Whether a use of `resolve` hands it to http, or calls it with what its function is given by http.
fn gets_an_answer(parsed: &ParsedSource<'_>, resolve: NodeId) -> bool {
    let nodes = parsed.semantic().nodes();
    let parent = nodes.parent_id(resolve);
    let AstKind::CallExpression(call) = nodes.kind(parent) else {
        return false;
    };
    if asks(parsed, call) {
        return true;
    }
    let Some(function) = parsed.function_around(parent) else {
        return false;
    };
    let given = match nodes.kind(function) {
        AstKind::ArrowFunctionExpression(arrow) => arrow.params.items.first(),
        AstKind::Function(function) => function.params.items.first(),
        _ => None,
    };
    let given = given.and_then(|first| first.pattern.get_binding_identifier());
    let is_handed_on = matches!((argument(call, 0), given), (Some(Expression::Identifier(handed)), Some(given))
        if handed.name == given.name);
    is_handed_on
        && matches!(nodes.parent_kind(function), AstKind::CallExpression(asking) if asks(parsed, asking))
}

/// Whether a call asks a server over http, and is given what gets the answer last.
fn asks<'a>(parsed: &ParsedSource<'a>, call: &CallExpression<'a>) -> bool {
    let asks = match callee_name(call) {
        Some("get" | "request") => true,
        // `request.on('response', resolve)`
        Some("on" | "once") => argument(call, 0).and_then(literal_text) == Some("response"),
        _ => false,
    };
    if !asks {
        return false;
    }
    let is_head = call.arguments.iter().any(|given| {
        given.as_expression().is_some_and(|given| {
            matches!(bare(given), Expression::ObjectExpression(options)
            if options.properties.iter().any(|option| option.as_property().is_some_and(|option| {
                option.key.static_name().is_some_and(|name| name == "method")
                    && literal_text(&option.value) == Some("HEAD")
            })))
        })
    });
    let module = module_of(parsed, &call.callee);
    !is_head
        && module.is_some_and(|module| {
            let module = module.strip_prefix("node:").unwrap_or(&module);
            matches!(module, "http" | "https" | "follow-redirects")
        })
}

/// The module that what an expression names comes from.
pub(crate) fn module_of<'a>(
    parsed: &ParsedSource<'a>,
    expression: &Expression<'a>,
) -> Option<String> {
    let value = parsed.value(expression);
    let imported = match value.root() {
        Value::Variable(name) => {
            let scoping = parsed.semantic().scoping();
            let variable = scoping.get_root_binding(name.as_str().into())?;
            parsed.first_value(variable).root().clone()
        }
        root => root.clone(),
    };
    match imported {
        Value::Import { module, .. } => Some(module.to_string()),
        _ => None,
    }
}

/// The module that an expression comes from, without its `node:`, and what it exports under which names: `Client` of `pg`.
pub(crate) fn exported<'a>(
    parsed: &ParsedSource<'a>,
    expression: &Expression<'a>,
) -> Option<(String, String)> {
    let mut names = Vec::new();
    let mut value = parsed.value(expression);
    loop {
        value = match value {
            Value::Member(of, name) => {
                names.push(name.to_string());
                *of
            }
            Value::Variable(name) => {
                let scoping = parsed.semantic().scoping();
                let variable = scoping.get_root_binding(name.as_str().into())?;
                match parsed.first_value(variable) {
                    Value::Variable(_) => return None,
                    first => first,
                }
            }
            Value::Import { module, name } => {
                if let ImportedName::Named(name) = name {
                    names.push(name);
                }
                names.reverse();
                let module = module.strip_prefix("node:").unwrap_or(&module).to_owned();
                return Some((module, names.join(".")));
            }
            _ => return None,
        };
    }
}
