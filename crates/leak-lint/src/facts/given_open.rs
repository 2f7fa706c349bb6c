//! Calls into what functions of the project give them that is open, and clients into whether each is made for one question.

use oxc_ast::AstKind;
use oxc_ast::ast::CallExpression;
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};

use crate::facts::fate::{Fate, uses, way};
use crate::facts::repeats::{Repeats, repeats};
use crate::facts::settlement::executor_around;
use crate::facts::streams::event_of;
use crate::facts::waiting::runs_once_by_its_name;
use crate::file::File;
use crate::project::Calls;
use crate::summary::Opened;

/// What a call gives that is open, by a function of the project, if a variable gets it.
pub(crate) fn gives<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
) -> Option<Opened> {
    let is_taken = matches!(
        file.kind(file.parent(node)),
        AstKind::AwaitExpression(_) | AstKind::VariableDeclarator(_)
    );
    if !is_taken || !file.project.has_openers() {
        return None;
    }
    let opens = file.project.opens(file.meaning(&call.callee)).iter();
    let mut whole = opens.filter(|opens| opens.part.is_none());
    whole.next().map(|opens| opens.what)
}

/// Whether a client is made to ask it something about what its function was given, with nobody else who could close it: there is
/// one for each call, however often others call.
pub(crate) fn is_made_for_a_question(file: &File<'_, '_>, node: NodeId) -> bool {
    let Some(inner) = file.function_around(node) else {
        return false;
    };
    let function = match executor_around(file, node) {
        Some(_) => file.function_around(inner).unwrap_or(inner),
        None => inner,
    };
    let Fate::Variable(client) = way(file, node).fate else {
        return false;
    };
    if repeats(file, node) != Repeats::Unknown
        || file.calls_of(function) == Calls::Once
        || runs_once_by_its_name(file, function)
    {
        return false;
    }
    let Some(given) = file.parsed.parameters(function) else {
        return false;
    };
    let scoping = file.parsed.semantic().scoping();
    let names = given
        .items
        .iter()
        .flat_map(|parameter| parameter.pattern.get_binding_identifiers());
    let parts = names.filter_map(|name| name.symbol_id.get());
    let named: Vec<Span> = parts
        .flat_map(|part| scoping.get_resolved_references(part))
        .map(|used| file.kind(used.node_id()).span())
        .collect();
    let mut asks = false;
    for (_, used) in uses(file, client) {
        let Fate::Asked { call, method } = used.fate else {
            return false;
        };
        let whole = file.kind(call).span();
        match method {
            "on" | "once" | "addListener" => {
                let event = event_of(file, call, 0);
                if !matches!(
                    event,
                    Some("error" | "close" | "end" | "connect" | "goaway")
                ) {
                    return false;
                }
            }
            "subscribe" | "consume" | "psubscribe" | "run" => return false,
            _ => asks |= named.iter().any(|part| whole.contains_inclusive(*part)),
        }
    }
    asks
}
