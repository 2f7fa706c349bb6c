//! Streams, sockets and watchers that stay open into their ends.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;
use stanch_js_source::with_parsed;

use super::code::{Code, chain_root, is_at, is_function, method_call};
use super::edits::Edits;
use super::opened::{Opened, opened};
use super::response::Response;
use super::{Ailment, Cause, patch, pipeline};
use crate::model::{Remedy, SiteRole};

pub(crate) fn remedy(ailment: &Ailment<'_>) -> Remedy {
    let name = ailment.name;
    let opens = ailment.causes(SiteRole::Opens);
    let patched = patch(&opens, |code, cause, edits| close(code, cause, edits));
    let uses_pipeline = patched
        .diff
        .as_deref()
        .is_some_and(|diff| diff.contains("pipeline("));
    let mut advice = Vec::new();
    let kind = opens.iter().find_map(|cause| kind(cause));
    if uses_pipeline {
        advice.push(
            "`pipeline` destroys all of its streams when one fails or closes, which `pipe` does \
             not: each client that left early kept a stream open. Where the one of \
             `node:stream/promises` is used, await it or catch its rejection."
                .to_owned(),
        );
    } else {
        advice.extend(kind.map(|kind| kind.advice().to_owned()));
        if opens.iter().any(|cause| is_pipe(cause)) {
            advice.push(
                "`pipe` ends nothing when the other side fails or closes: `pipeline` destroys \
                 both, and `unpipe` lets go of a stream that lives on."
                    .to_owned(),
            );
        }
    }
    if patched.diff.is_some() {
        advice.extend(super::by_hand(&patched.left));
    } else if advice.is_empty() {
        advice.push(
            "Destroy it on error, on timeout and when the response closes; `pipeline` of \
             `node:stream` does so for all streams given to it."
                .to_owned(),
        );
    }
    let summary = match (&patched.diff, uses_pipeline) {
        (Some(_), true) => {
            "Use `pipeline` for what goes to the response, in the place of `pipe`.".to_owned()
        }
        (Some(_), false) => format!("Close what hangs on `{name}` when the response closes."),
        (None, _) => format!(
            "Close what hangs on `{name}` in every case: at its end, on error, and when its reader goes."
        ),
    };
    Remedy {
        summary,
        advice,
        patch: patched.diff,
    }
}

fn is_pipe(cause: &Cause<'_>) -> bool {
    cause
        .text
        .slice(cause.extent.start, cause.extent.end)
        .contains(".pipe(")
}

/// What the cause opens, or what the variable whose method it calls was opened as.
fn kind(cause: &Cause<'_>) -> Option<Opened> {
    with_parsed(cause.text, |parsed| {
        let code = Code::new(parsed);
        let expression = expression(&code, cause)?;
        opened(expression.1).or_else(|| opened(code.constant(subject(&code, expression.1)?)?.1))
    })
}

/// The call or `new` that the cause is.
fn expression<'a>(code: &Code<'_, 'a>, cause: &Cause<'_>) -> Option<(NodeId, &'a Expression<'a>)> {
    code.nodes().find_map(|(node, kind)| {
        let whole = match kind {
            AstKind::ExpressionStatement(statement) => &statement.expression,
            AstKind::VariableDeclarator(declarator) => declarator.init.as_ref()?,
            _ => return None,
        };
        let mut inner = Some(whole);
        while let Some(current) = inner {
            if is_at(current.span(), cause.extent) {
                return Some((node, current));
            }
            inner = match current {
                Expression::CallExpression(call) => method_call(call).map(|call| call.object),
                _ => None,
            };
        }
        None
    })
}

/// `socket` of `socket.on('message', …)`.
fn subject<'a>(code: &Code<'_, 'a>, expression: &Expression<'a>) -> Option<SymbolId> {
    match expression {
        Expression::CallExpression(call) => code.symbol(method_call(call)?.object),
        _ => None,
    }
}

fn close(code: &Code<'_, '_>, cause: &Cause<'_>, edits: &mut Edits<'_>) -> Option<()> {
    let (whole, expression) = expression(code, cause)?;
    if let AstKind::ExpressionStatement(statement) = code.kind(whole)
        && let Some(stages) = stages(&statement.expression)
    {
        return piped(code, whole, &stages, edits);
    }
    let symbol = match code.kind(whole) {
        AstKind::VariableDeclarator(declarator) if opened(expression).is_some() => {
            declarator.id.get_binding_identifier()?.symbol_id.get()?
        }
        _ => subject(code, expression)?,
    };
    close_constant(code, symbol, edits)
}

/// `a`, `b` and `c` of `a.pipe(b).pipe(c)`.
fn stages<'a>(expression: &'a Expression<'a>) -> Option<Vec<&'a Expression<'a>>> {
    let Expression::CallExpression(call) = expression else {
        return None;
    };
    let pipe = method_call(call)?;
    if pipe.method != "pipe" || pipe.arguments.is_empty() {
        return None;
    }
    let mut all = stages(pipe.object).unwrap_or_else(|| vec![pipe.object]);
    all.push(pipe.arguments[0].as_expression()?);
    Some(all)
}

fn piped(
    code: &Code<'_, '_>,
    statement: NodeId,
    stages: &[&Expression<'_>],
    edits: &mut Edits<'_>,
) -> Option<()> {
    let [source, between @ .., target] = stages else {
        return None;
    };
    let answered = code.response_around(statement);
    if let Some(response) = answered.filter(|response| code.slice(target.span()) == response.text) {
        let is_own =
            is_own(code, source, &response) && between.iter().all(|stage| opened(stage).is_some());
        return match code
            .symbol(source)
            .filter(|symbol| has_error_handler(code, *symbol))
        {
            // It answers errors itself: `pipeline` would destroy the response before that is sent.
            Some(symbol) if between.is_empty() => close_constant(code, symbol, edits),
            Some(_) => None,
            None if is_own => pipeline::write(code, statement, stages, edits),
            None => None,
        };
    }
    let response = code.response(statement)?;
    let statement = code.statement(statement)?;
    let handler = code.kind(response.handler).span();
    let outlives = |stage: &Expression<'_>| {
        let declared = code
            .symbol(chain_root(stage))
            .map(|symbol| code.scoping().symbol_span(symbol));
        code.is_steady(stage) && declared.is_none_or(|span| !handler.contains_inclusive(span))
    };
    let made_here = |stage: &Expression<'_>| {
        let symbol = code.symbol(stage)?;
        let (declaration, made) = code.constant(symbol)?;
        let is_here = handler.contains_inclusive(code.kind(declaration).span());
        (is_here && opened(made) == Some(Opened::Stream) && code.stays(symbol)).then_some(made)
    };
    let cleanup = match (made_here(source), made_here(target)) {
        // To end the source takes it off the target, after all that was written.
        (Some(Expression::NewExpression(_)), None) if outlives(target) => {
            format!("{}.end()", code.slice(source.span()))
        }
        // A target that closes is unpiped.
        (None, Some(_)) if outlives(source) => format!("{}.destroy()", code.slice(target.span())),
        _ => return None,
    };
    between
        .is_empty()
        .then(|| statement.write_below(edits, &response.at_close(&cleanup)))
}

/// Whether the source was opened for this response, so that it may be destroyed with it.
fn is_own(code: &Code<'_, '_>, source: &Expression<'_>, response: &Response) -> bool {
    if opened(source) == Some(Opened::Stream) {
        return true;
    }
    let Some(symbol) = code.symbol(source) else {
        return false;
    };
    if code.calls_on(symbol, "pipe").len() != 1 {
        return false;
    }
    match code.constant(symbol) {
        Some((declaration, made)) => {
            let handler = code.kind(response.handler).span();
            let is_here = handler.contains_inclusive(code.kind(declaration).span());
            is_here && opened(made) == Some(Opened::Stream)
        }
        None => is_answer(code, symbol),
    }
}

/// Whether the variable is what a request to another server gave: `upstream` of
/// `http.get(url, (upstream) => …)`.
fn is_answer(code: &Code<'_, '_>, symbol: SymbolId) -> bool {
    let declaration = code.scoping().symbol_declaration(symbol);
    let around = std::iter::once(declaration).chain(code.ancestors(declaration));
    let Some(function) = around
        .into_iter()
        .find(|node| is_function(code.kind(*node)))
    else {
        return false;
    };
    let is_parameter = matches!(
        code.kind(declaration),
        AstKind::FormalParameter(_) | AstKind::BindingIdentifier(_)
    );
    let Some(parent) = code.parent(function) else {
        return false;
    };
    let AstKind::CallExpression(call) = code.kind(parent) else {
        return false;
    };
    let is_request = matches!(method_call(call), Some(call) if matches!(call.method, "get" | "request")
        && matches!(code.slice(call.object.span()), "http" | "https"));
    is_parameter && is_request && !code.scoping().symbol_is_mutated(symbol)
}

fn has_error_handler(code: &Code<'_, '_>, symbol: SymbolId) -> bool {
    ["on", "once"].iter().any(|method| {
        code.calls_on(symbol, method).iter().any(|(_, arguments)| {
            arguments
                .first()
                .is_some_and(|event| code.slice(event.span()).contains("error"))
        })
    })
}

/// Closes what a constant of the handler was opened as.
fn close_constant(code: &Code<'_, '_>, symbol: SymbolId, edits: &mut Edits<'_>) -> Option<()> {
    let (declaration, made) = code.constant(symbol)?;
    let closing = opened(made)?.closing()?;
    let pipes = code.calls_on(symbol, "pipe");
    if let [(pipe, _)] = pipes[..]
        && !has_error_handler(code, symbol)
        && let Some(statement) = code.lone(pipe)
        && let AstKind::ExpressionStatement(whole) = code.kind(statement.node)
        && let Some(stages) = stages(&whole.expression)
        && piped(code, statement.node, &stages, edits).is_some()
    {
        return Some(());
    }
    let statement = code.statement(declaration)?;
    let AstKind::VariableDeclaration(all) = code.kind(statement.node) else {
        return None;
    };
    let response = code.response(statement.node)?;
    if all.declarations.len() != 1 || !code.stays(symbol) {
        return None;
    }
    let name = code.scoping().symbol_name(symbol);
    statement.write_below(edits, &response.at_close(&format!("{name}.{closing}()")));
    Some(())
}
