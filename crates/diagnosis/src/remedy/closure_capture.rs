//! Stored functions that keep big values into functions that capture what they use.

use oxc_ast::AstKind;
use oxc_ast::ast::StaticMemberExpression;
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::{Position, with_parsed};

use super::code::{Code, is_at, is_function};
use super::edits::Edits;
use super::{Ailment, Cause, patch};
use crate::model::{Remedy, SiteRole};

pub(crate) fn remedy(ailment: &Ailment<'_>) -> Remedy {
    let name = ailment.name;
    let mut captures = ailment.causes(SiteRole::Captures);
    captures.extend(ailment.causes(SiteRole::Registers));
    captures.extend(ailment.causes(SiteRole::Inserts));
    captures.extend(ailment.causes(SiteRole::Appends));
    let patched = patch(&captures, |code, cause, edits| {
        hoist(code, ailment.captured?, cause, edits)
    });
    let mut advice: Vec<String> = Vec::new();
    if let Some(variable) = ailment.captured {
        advice.extend(captures.iter().find_map(|cause| wrapped(variable, cause)));
        if advice.is_empty() {
            advice.extend(captures.iter().find_map(|cause| sibling(variable, cause)));
        }
        if advice.is_empty() && patched.diff.is_none() {
            advice.push(format!(
                "Read what the function needs of `{variable}` into constants before it is made, \
                 and use those in it."
            ));
        }
    }
    let binds = |cause: &&&Cause<'_>| {
        cause
            .text
            .slice(cause.extent.start, cause.extent.end)
            .contains(".bind(")
    };
    if let Some(cause) = captures.iter().find(binds) {
        advice.push(format!(
            "`bind` at {} keeps its receiver and all arguments: bind an id rather than an object.",
            super::place(cause)
        ));
    }
    if patched.diff.is_some() {
        advice.extend(super::by_hand(&patched.left));
    }
    if ailment.holder.is_some() {
        advice.push(format!(
            "`{name}` gains functions all the same: take each out again when it has served."
        ));
    }
    let summary = summary(ailment, patched.diff.as_deref());
    Remedy {
        summary,
        advice,
        patch: patched.diff,
    }
}

fn summary(ailment: &Ailment<'_>, diff: Option<&str>) -> String {
    let name = ailment.name;
    match (ailment.captured, diff) {
        (Some(variable), Some(_)) => format!(
            "Let the functions that `{name}` keeps capture what they read of `{variable}`, not \
             all of it."
        ),
        (Some(variable), None) => format!(
            "Make the functions that `{name}` keeps in a place where they do not capture \
             `{variable}`."
        ),
        (None, _) => format!("Let the functions that `{name}` keeps capture only what they use."),
    }
}

/// The stored function.
fn stored(code: &Code<'_, '_>, cause: &Cause<'_>) -> Option<NodeId> {
    let text = code.parsed.text();
    let exact = cause.function.and_then(|position| text.offset(position));
    let whole = code.nodes().find(|(_, kind)| {
        is_function(*kind)
            && match exact {
                Some(offset) => start(*kind) == offset,
                None => is_at(kind.span(), cause.extent),
            }
    });
    if let Some((node, _)) = whole {
        return Some(node);
    }
    // Of a call or an assignment, the only function that is not inside another.
    let extent = Span::new(cause.extent.start, cause.extent.end);
    let mut outermost = code.nodes().filter(|(node, kind)| {
        is_function(*kind)
            && extent.contains_inclusive(kind.span())
            && code
                .function_around(*node)
                .is_none_or(|around| !extent.contains_inclusive(code.kind(around).span()))
    });
    let first = outermost.next()?;
    outermost.next().is_none().then_some(first.0)
}

/// Where V8 says a function is.
fn start(kind: AstKind<'_>) -> u32 {
    match kind {
        AstKind::Function(function) => function.params.span.start,
        kind => kind.span().start,
    }
}

fn position(code: &Code<'_, '_>, function: NodeId) -> Position {
    code.parsed.text().position(start(code.kind(function)))
}

/// `const orderId = order.id;` before the statement, and `orderId` in the function.
fn hoist(
    code: &Code<'_, '_>,
    variable: &str,
    cause: &Cause<'_>,
    edits: &mut Edits<'_>,
) -> Option<()> {
    let function = stored(code, cause)?;
    let statement = code.statement(code.parent(function)?)?;
    let symbol = captured_alone(code, variable, function)?;
    if code.scoping().symbol_span(symbol).end > statement.span.start {
        return None;
    }
    let reads = reads(code, symbol, code.kind(function).span())?;
    let property = reads.first()?.property.name.as_str();
    if reads.iter().any(|read| read.property.name != property) || is_written(code, property) {
        return None;
    }
    let wish = format!("{variable}{}", capitalised(property));
    let scopes: Vec<_> = reads
        .iter()
        .map(|read| code.scope(read.node_id.get()))
        .collect();
    let name = code.free_name(&wish, &scopes, &mut edits.names);
    statement.write_above(edits, &format!("const {name} = {variable}.{property}"));
    for read in reads {
        edits.replace(read.span.start, read.span.end, name.clone());
    }
    Some(())
}

/// The variable of that name, provided that the function is the only one that captures it: it is
/// made in the variable's own function, where nothing assigns to the variable again.
fn captured_alone(code: &Code<'_, '_>, variable: &str, function: NodeId) -> Option<SymbolId> {
    let is_expression = match code.kind(function) {
        AstKind::ArrowFunctionExpression(_) => true,
        AstKind::Function(function) => function.is_expression(),
        _ => false,
    };
    let at = position(code, function);
    let scope = code.parsed.captured_with(variable, Some(at))?;
    let captured = scope
        .variables
        .iter()
        .find(|captured| captured.name == variable)?;
    let is_only = captured.captured_by.len() == 1 && captured.is_captured_at(at);
    let symbol = code.binding(code.scope(code.parent(function)?), variable)?;
    let is_same = is_at(code.scoping().symbol_span(symbol), captured.extent);
    let is_fit = is_expression
        && is_only
        && is_same
        && !scope.has_eval
        && scope.function.is_some()
        && !code.scoping().symbol_is_mutated(symbol);
    is_fit.then_some(symbol)
}

/// All uses of the variable inside the function, provided that each only reads a property of it.
fn reads<'a>(
    code: &Code<'_, 'a>,
    symbol: SymbolId,
    inside: Span,
) -> Option<Vec<&'a StaticMemberExpression<'a>>> {
    let uses = code.references(symbol);
    let uses = uses.filter(|node| inside.contains_inclusive(code.kind(*node).span()));
    uses.map(|node| {
        let member = code.parent(node)?;
        let AstKind::StaticMemberExpression(read) = code.kind(member) else {
            return None;
        };
        let is_object = read.object.span() == code.kind(node).span() && !read.optional;
        (is_object && is_read(code, member)).then_some(read)
    })
    .collect()
}

/// Whether the member's value is used, and nothing is done to the object that it belongs to.
fn is_read(code: &Code<'_, '_>, member: NodeId) -> bool {
    let span = code.kind(member).span();
    match code.parent(member).map(|parent| code.kind(parent)) {
        // A method would lose its object.
        Some(AstKind::CallExpression(call)) => call.callee.span() != span,
        Some(AstKind::TaggedTemplateExpression(tagged)) => tagged.tag.span() != span,
        Some(AstKind::AssignmentExpression(assignment)) => assignment.left.span() != span,
        Some(AstKind::UnaryExpression(unary)) => {
            unary.operator != oxc_syntax::operator::UnaryOperator::Delete
        }
        Some(
            AstKind::UpdateExpression(_)
            | AstKind::ChainExpression(_)
            | AstKind::ForInStatement(_)
            | AstKind::ForOfStatement(_)
            | AstKind::ArrayAssignmentTarget(_)
            | AstKind::AssignmentTargetPropertyProperty(_)
            | AstKind::AssignmentTargetWithDefault(_)
            | AstKind::AssignmentTargetRest(_),
        )
        | None => false,
        Some(_) => true,
    }
}

/// Whether the file changes a property of that name of anything: to read it early may differ then.
fn is_written(code: &Code<'_, '_>, property: &str) -> bool {
    code.nodes().any(|(node, kind)| match kind {
        AstKind::StaticMemberExpression(member) => {
            member.property.name == property
                && match code.parent(node).map(|parent| code.kind(parent)) {
                    Some(AstKind::AssignmentExpression(assignment)) => {
                        assignment.left.span() == member.span
                    }
                    Some(AstKind::UpdateExpression(_)) => true,
                    _ => false,
                }
        }
        _ => false,
    })
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    match characters.next() {
        Some(first) => format!("{}{}", first.to_uppercase(), characters.as_str()),
        None => String::new(),
    }
}

/// A stored function that calls what it captured: each new one keeps the one before it.
fn wrapped(variable: &str, cause: &Cause<'_>) -> Option<String> {
    with_parsed(cause.text, |parsed| {
        let code = Code::new(parsed);
        let function = stored(&code, cause)?;
        let inside = code.kind(function).span();
        let is_called = code.nodes().any(|(_, kind)| {
            matches!(kind, AstKind::CallExpression(call)
                if inside.contains_inclusive(call.span) && code.slice(call.callee.span()) == variable)
        });
        is_called.then(|| {
            format!(
                "The function at {}:{} calls `{variable}`: where that is the function before it, \
                 they form a chain that only grows. Keep one function, and what changes beside it.",
                cause.text.path(),
                code.line(inside.start)
            )
        })
    })
}

/// Another function of the same scope, because of which the stored one keeps the variable.
fn sibling(variable: &str, cause: &Cause<'_>) -> Option<String> {
    with_parsed(cause.text, |parsed| {
        let code = Code::new(parsed);
        let at = position(&code, stored(&code, cause)?);
        let scope = parsed.captured_with(variable, Some(at))?;
        let captured = scope
            .variables
            .iter()
            .find(|captured| captured.name == variable)?;
        let guilty = captured
            .captured_by
            .iter()
            .find(|function| function.position != at)?;
        let line = guilty.position.line + 1;
        let name = guilty
            .name
            .as_ref()
            .map_or_else(|| "the function".to_owned(), |name| format!("`{name}`"));
        let whose = if captured.is_captured_at(at) {
            "also"
        } else {
            "alone"
        };
        Some(format!(
            "{name} at {}:{line} {whose} captures `{variable}`; functions made in one scope share \
             what any of them captures. Make the stored one in a function of its own, which is \
             given only what it needs.",
            cause.text.path()
        ))
    })
}
