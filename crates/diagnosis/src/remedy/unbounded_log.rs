//! An array or string that only gains records into a bound on it.

use oxc_ast::AstKind;
use oxc_ast::ast::{
    Argument, ArrayExpressionElement, AssignmentExpression, CallExpression, Expression,
};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use oxc_syntax::operator::AssignmentOperator;

use super::code::{Code, is_at, is_plain_chain, method_call};
use super::drained::drained;
use super::edits::Edits;
use super::unbounded_cache::is_holder;
use super::{Ailment, Cause, patch};
use crate::model::{Remedy, SiteRole};
use stanch_js_source::with_parsed;

pub(crate) fn remedy(ailment: &Ailment<'_>) -> Remedy {
    let name = ailment.name;
    let appends = ailment.causes(SiteRole::Appends);
    let drained = drained(ailment);
    let diff = match drained {
        Some(_) => None,
        None => patch(&appends, |code, cause, edits| {
            bound(ailment, code, cause, edits)
        })
        .whole(),
    };
    let summary = if is_text(ailment) {
        format!("Bound `{name}`: keep only the end of it.")
    } else if ailment.class == "Array" {
        format!("Bound `{name}`: let its oldest record go once it holds more than 1,000.")
    } else {
        format!("Bound `{name}`: let the oldest of its records go.")
    };
    let mut advice = Vec::new();
    if ailment.class != "Array" && !is_text(ailment) && appends.is_empty() {
        advice.push(
            "In a chain of records, cut the link to the one before at a certain depth, or keep \
             the records in an array that is bounded."
                .to_owned(),
        );
    }
    advice.extend(exchanges(&appends));
    advice.extend(drained.map(|drained| drained.sentence));
    if diff.is_some() {
        let bound = if is_text(ailment) {
            "1,000,000 characters"
        } else {
            "1,000"
        };
        advice.push(format!(
            "{bound} is a start: keep as many as are ever read."
        ));
    }
    advice.push(
        "Records that must all be kept belong outside the process: a logger that writes to \
         stdout, a file, a database."
            .to_owned(),
    );
    Remedy {
        summary,
        advice,
        patch: diff,
    }
}

fn is_text(ailment: &Ailment<'_>) -> bool {
    ailment.class.to_ascii_lowercase().contains("string")
}

fn bound(
    ailment: &Ailment<'_>,
    code: &Code<'_, '_>,
    cause: &Cause<'_>,
    edits: &mut Edits<'_>,
) -> Option<()> {
    let (node, kind) = code.nodes().find(|(_, kind)| {
        matches!(
            kind,
            AstKind::CallExpression(_) | AstKind::AssignmentExpression(_)
        ) && is_at(kind.span(), cause.extent)
    })?;
    let statement = code.followed(node)?;
    let line = match kind {
        AstKind::CallExpression(call) if ailment.class == "Array" => {
            after_push(ailment, code, cause, call)?
        }
        AstKind::AssignmentExpression(assignment) => {
            after_assignment(ailment, code, cause, assignment)?
        }
        _ => return None,
    };
    statement.write_below(edits, &[line]);
    Some(())
}

fn after_push(
    ailment: &Ailment<'_>,
    code: &Code<'_, '_>,
    cause: &Cause<'_>,
    call: &CallExpression<'_>,
) -> Option<String> {
    let call = method_call(call)?;
    if !is_holder(ailment, code, cause, call.object) {
        return None;
    }
    let log = code.slice(call.object.span());
    let is_single = matches!(call.arguments, [only] if !matches!(only, Argument::SpreadElement(_)));
    Some(match (call.method, is_single) {
        ("push", true) => format!("if ({log}.length > 1_000) {log}.shift()"),
        ("push", false) => {
            format!("if ({log}.length > 1_000) {log}.splice(0, {log}.length - 1_000)")
        }
        ("unshift", _) => format!("if ({log}.length > 1_000) {log}.length = 1_000"),
        _ => return None,
    })
}

/// `log += line`, `list = [...list, record]`, `list = list.concat(records)`.
fn after_assignment(
    ailment: &Ailment<'_>,
    code: &Code<'_, '_>,
    cause: &Cause<'_>,
    assignment: &AssignmentExpression<'_>,
) -> Option<String> {
    let target = code.slice(assignment.left.span());
    if ailment.is_grown_by(code, cause) == Some(false) || !is_plain_target(target) {
        return None;
    }
    let is_list = ailment.class == "Array" && assignment.operator == AssignmentOperator::Assign;
    let is_chain = target.rsplit(['.']).next() == Some(ailment.source_name());
    if !is_chain {
        return None;
    }
    if is_list && grows_at_end(code, target, &assignment.right) {
        return Some(format!(
            "if ({target}.length > 1_000) {target} = {target}.slice(-1_000)"
        ));
    }
    // Half of it goes at once: to cut a long string costs a copy of it.
    let is_appended = is_text(ailment) && assignment.operator == AssignmentOperator::Addition;
    is_appended
        .then(|| format!("if ({target}.length > 1_000_000) {target} = {target}.slice(-500_000)"))
}

/// Names with dots between them.
fn is_plain_target(target: &str) -> bool {
    target
        .chars()
        .all(|character| character.is_alphanumeric() || matches!(character, '_' | '$' | '.' | '#'))
}

fn grows_at_end(code: &Code<'_, '_>, target: &str, value: &Expression<'_>) -> bool {
    let is_target = |expression: &Expression<'_>| {
        is_plain_chain(expression) && code.slice(expression.span()) == target
    };
    match value {
        Expression::ArrayExpression(array) => matches!(
            array.elements.first(),
            Some(ArrayExpressionElement::SpreadElement(first)) if is_target(&first.argument)
        ),
        Expression::CallExpression(call) => {
            method_call(call).is_some_and(|call| call.method == "concat" && is_target(call.object))
        }
        _ => false,
    }
}

/// A record that has the request or the response itself in it keeps sockets, buffers and all.
fn exchanges(appends: &[&Cause<'_>]) -> Option<String> {
    const NAMES: &[&str] = &["req", "request", "res", "response", "reply", "ctx"];
    appends.iter().find_map(|cause| {
        with_parsed(cause.text, |parsed| {
            let code = Code::new(parsed);
            let mut kept: Vec<&str> = Vec::new();
            for (node, kind) in code.nodes() {
                if let AstKind::IdentifierReference(name) = kind
                    && NAMES.contains(&name.name.as_str())
                    && cause.extent.start <= name.span.start
                    && name.span.end <= cause.extent.end
                    && is_whole_value(&code, node)
                    && !kept.contains(&name.name.as_str())
                {
                    kept.push(name.name.as_str());
                }
            }
            let names = kept
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>();
            (!names.is_empty()).then(|| {
                format!(
                    "{} keeps {} whole, with socket and buffers: store a summary, such as method, \
                     URL and status.",
                    super::place(cause),
                    names.join(" and ")
                )
            })
        })
    })
}

/// Whether a name is a value of the record rather than something that a value is read from.
fn is_whole_value(code: &Code<'_, '_>, node: NodeId) -> bool {
    let Some(parent) = code.parent(node) else {
        return false;
    };
    match code.kind(parent) {
        AstKind::ObjectProperty(property) => property.value.span() == code.kind(node).span(),
        AstKind::ArrayExpression(_) => true,
        AstKind::CallExpression(call) => {
            method_call(call).is_some_and(|call| matches!(call.method, "push" | "unshift"))
                && call.callee.span() != code.kind(node).span()
        }
        _ => false,
    }
}
