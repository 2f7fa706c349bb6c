//! Streams, sockets and watchers that stay open into their ends.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;
use stanch_js_source::with_parsed;

use super::code::{Code, is_at, method_call};
use super::edits::Edits;
use super::opened::{Opened, opened};
use super::piped::{Chain, has_error_handler, piped};
use super::{Ailment, Cause, patch};
use crate::model::{Remedy, SiteRole};

pub(crate) fn remedy(ailment: &Ailment<'_>) -> Remedy {
    let name = ailment.name;
    let opens = ailment.causes(SiteRole::Opens);
    let patched = patch(&opens, close);
    let is_pipeline = patched
        .diff
        .as_deref()
        .is_some_and(|diff| diff.contains("pipeline("));
    let mut advice = if is_pipeline {
        vec![PIPELINE.to_owned()]
    } else {
        endings(&opens)
    };
    if patched.diff.is_some() {
        advice.extend(super::by_hand(&patched.left));
    } else if advice.is_empty() {
        advice.push(ANYHOW.to_owned());
    }
    let what = match opens.iter().find_map(|cause| kind(cause)) {
        Some(kind) => format!("each {} (`{name}`)", kind.noun()),
        None => format!("what hangs on `{name}`"),
    };
    let summary = match (&patched.diff, is_pipeline) {
        (Some(_), true) => {
            "Use `pipeline` for what goes to the response, in the place of `pipe`.".to_owned()
        }
        (Some(_), false) => format!("Close {what} when the response closes."),
        (None, _) => format!(
            "Close {what} in every case: at its end, on error, and when what it serves is over."
        ),
    };
    Remedy {
        summary,
        advice,
        patch: patched.diff,
    }
}

/// The remedy for handlers that no call of the service registers: `pipe` does, on a long-lived
/// stream that it leads to or from.
pub(crate) fn of_pipes(ailment: &Ailment<'_>) -> Option<Remedy> {
    let (_, text) = ailment.holder?;
    let extents = with_parsed(text, |parsed| {
        let code = Code::new(parsed);
        let pipes = code.nodes().filter_map(|(node, kind)| {
            let AstKind::ExpressionStatement(statement) = kind else {
                return None;
            };
            let chain = Chain::of(&statement.expression)?;
            let names = |stage: &&Expression<'_>| code.slice(stage.span()) == ailment.source_name();
            let is_piped = chain.stages.iter().any(names) && code.function_around(node).is_some();
            let span = statement.expression.span();
            is_piped.then(|| text.extent(span.start, span.end))
        });
        pipes.collect::<Vec<_>>()
    });
    let cause = |extent| Cause {
        text,
        extent,
        role: SiteRole::Opens,
        function: None,
    };
    let causes: Vec<Cause<'_>> = extents.into_iter().map(cause).collect();
    (!causes.is_empty()).then(|| remedy(&Ailment { causes, ..*ailment }))
}

const PIPELINE: &str = "`pipeline` destroys all of its streams when one fails or closes, which \
    `pipe` does not: each client that left early kept a stream open. Where the one of \
    `node:stream/promises` is used, await it or catch its rejection.";
const PIPE: &str = "`pipe` ends nothing when the other side fails or closes: `pipeline` destroys \
    both, and `unpipe` lets go of a stream that lives on.";
const ANYHOW: &str = "Destroy it on error, on timeout and when the response closes; `pipeline` of \
    `node:stream` does so for all streams given to it.";

/// How the things that the causes open are closed.
fn endings(opens: &[&Cause<'_>]) -> Vec<String> {
    let kind = opens.iter().find_map(|cause| kind(cause));
    let pipe = opens.iter().any(|cause| is_pipe(cause)).then_some(PIPE);
    kind.map(Opened::advice)
        .into_iter()
        .chain(pipe)
        .map(str::to_owned)
        .collect()
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
        && let Some(chain) = Chain::of(&statement.expression)
    {
        return piped(code, whole, &chain, edits);
    }
    let symbol = match code.kind(whole) {
        AstKind::VariableDeclarator(declarator) if opened(expression).is_some() => {
            declarator.id.get_binding_identifier()?.symbol_id.get()?
        }
        _ => subject(code, expression)?,
    };
    close_constant(code, symbol, edits)
}

/// Closes what a constant of the handler was opened as.
pub(crate) fn close_constant(
    code: &Code<'_, '_>,
    symbol: SymbolId,
    edits: &mut Edits<'_>,
) -> Option<()> {
    let (declaration, made) = code.constant(symbol)?;
    let closing = opened(made)?.closing()?;
    let pipes = code.calls_on(symbol, "pipe");
    if let [(pipe, _)] = pipes[..]
        && !has_error_handler(code, symbol)
        && let Some(statement) = code.lone(pipe)
        && let AstKind::ExpressionStatement(whole) = code.kind(statement.node)
        && let Some(chain) = Chain::of(&whole.expression)
        && piped(code, statement.node, &chain, edits).is_some()
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
