//! A chain of `pipe` calls into a pipeline, or into an end at the response's close.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;

use super::code::{Code, chain_root, is_function, method_call};
use super::edits::Edits;
use super::opened::{Opened, opened};
use super::pipeline;
use super::response::Response;
use super::unclosed_stream::close_constant;

/// `a`, `b` and `c` of `a.pipe(b).pipe(c)`.
pub(crate) struct Chain<'a> {
    pub(crate) stages: Vec<&'a Expression<'a>>,
    /// One of the calls has options, such as `{ end: false }`.
    has_options: bool,
}

impl<'a> Chain<'a> {
    pub(crate) fn of(expression: &'a Expression<'a>) -> Option<Self> {
        let Expression::CallExpression(call) = expression else {
            return None;
        };
        let pipe = method_call(call)?;
        if pipe.method != "pipe" {
            return None;
        }
        let target = pipe.arguments.first()?.as_expression()?;
        let mut chain = Self::of(pipe.object).unwrap_or_else(|| Self {
            stages: vec![pipe.object],
            has_options: false,
        });
        chain.stages.push(target);
        chain.has_options |= pipe.arguments.len() > 1;
        Some(chain)
    }
}

/// Edits for a statement that is a chain of pipes.
pub(crate) fn piped(
    code: &Code<'_, '_>,
    statement: NodeId,
    chain: &Chain<'_>,
    edits: &mut Edits<'_>,
) -> Option<()> {
    let target = chain.stages.last()?;
    let answered = code.response_around(statement);
    match answered.filter(|response| code.slice(target.span()) == response.text) {
        Some(response) => to_response(code, statement, chain, &response, edits),
        None => beside(code, statement, chain, edits),
    }
}

fn to_response(
    code: &Code<'_, '_>,
    statement: NodeId,
    chain: &Chain<'_>,
    response: &Response,
    edits: &mut Edits<'_>,
) -> Option<()> {
    let [source, between @ .., _] = &chain.stages[..] else {
        return None;
    };
    if let Some(symbol) = code.symbol(source)
        && has_error_handler(code, symbol)
    {
        // It answers errors itself: `pipeline` would destroy the response before that is sent.
        return between
            .is_empty()
            .then(|| close_constant(code, symbol, edits))?;
    }
    let is_own =
        is_own(code, source, response) && between.iter().all(|stage| opened(stage).is_some());
    if !is_own || chain.has_options {
        return None;
    }
    pipeline::write(code, statement, &chain.stages, edits)
}

/// A stream of the request's own that is piped from or into one that lives longer.
fn beside(
    code: &Code<'_, '_>,
    statement: NodeId,
    chain: &Chain<'_>,
    edits: &mut Edits<'_>,
) -> Option<()> {
    let [source, target] = chain.stages[..] else {
        return None;
    };
    let response = code.response(statement)?;
    let statement = code.statement(statement)?;
    let handler = code.kind(response.handler).span();
    let outlives = |stage: &Expression<'_>| {
        let symbol = code.symbol(chain_root(stage));
        let declared = symbol.map(|symbol| code.scoping().symbol_span(symbol));
        code.is_steady(stage) && declared.is_none_or(|span| !handler.contains_inclusive(span))
    };
    let made_here = |stage: &Expression<'_>| {
        let symbol = code.symbol(stage)?;
        let (declaration, made) = code.constant(symbol)?;
        let is_here = handler.contains_inclusive(code.kind(declaration).span())
            && matches!(made, Expression::NewExpression(_))
            && opened(made) == Some(Opened::Stream);
        (is_here && code.stays(symbol)).then_some(symbol)
    };
    let cleanup = match (made_here(source), made_here(target)) {
        // To end the source takes it off the target, after all that was written.
        (Some(symbol), None) if outlives(target) && is_written_before(code, symbol, &response) => {
            format!("{}.end()", code.slice(source.span()))
        }
        // A target that closes is unpiped.
        (None, Some(_)) if outlives(source) => format!("{}.destroy()", code.slice(target.span())),
        _ => return None,
    };
    statement.write_below(edits, &response.at_close(&cleanup));
    Some(())
}

/// Whether nothing is written to the stream once the response is over: that would be an error.
fn is_written_before(code: &Code<'_, '_>, symbol: SymbolId, response: &Response) -> bool {
    code.calls_on(symbol, "write").iter().all(|(call, _)| {
        let Some(function) = code.function_around(*call) else {
            return false;
        };
        if function == response.handler {
            return true;
        }
        let Some(AstKind::CallExpression(around)) =
            code.parent(function).map(|node| code.kind(node))
        else {
            return false;
        };
        method_call(around).is_some_and(|around| {
            let event = around
                .arguments
                .first()
                .map(|event| code.slice(event.span()));
            matches!(around.method, "on" | "once")
                && code.slice(around.object.span()) == response.text
                && event.is_some_and(|event| event.contains("finish"))
        })
    })
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

/// Whether a stream's errors are dealt with.
pub(crate) fn has_error_handler(code: &Code<'_, '_>, symbol: SymbolId) -> bool {
    ["on", "once"].iter().any(|method| {
        code.calls_on(symbol, method).iter().any(|(_, arguments)| {
            arguments
                .first()
                .is_some_and(|event| code.slice(event.span()).contains("error"))
        })
    })
}
