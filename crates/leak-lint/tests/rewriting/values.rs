//! A program into the expressions that may be wrapped: arguments, first values, objects of members.

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, Expression};
use oxc_span::{GetSpan, Span};
use stanch_js_source::ParsedSource;

/// Arguments and first values, without those that a tool reads by their form, such as the module of a `require`.
pub(super) fn values(parsed: &ParsedSource<'_>) -> Vec<Span> {
    let mut spans = Vec::new();
    for node in parsed.semantic().nodes().iter() {
        match node.kind() {
            AstKind::CallExpression(call) => {
                spans.extend(call.arguments.iter().filter_map(argument));
            }
            AstKind::NewExpression(new) => {
                spans.extend(new.arguments.iter().filter_map(argument));
            }
            AstKind::VariableDeclarator(declarator) => {
                let init = declarator.init.as_ref();
                let init = init.filter(|init| !init.is_require_call());
                spans.extend(init.map(GetSpan::span));
            }
            AstKind::AssignmentExpression(assignment) => spans.push(assignment.right.span()),
            _ => {}
        }
    }
    spans
}

fn argument(argument: &Argument<'_>) -> Option<Span> {
    let expression = argument.as_expression()?;
    (!matches!(expression, Expression::StringLiteral(_))).then(|| expression.span())
}

/// Objects of members that are plain names or `this`, but for those that a statement begins with: a parenthesis there
/// belongs to the line before where that has no semicolon.
pub(super) fn objects(parsed: &ParsedSource<'_>) -> Vec<Span> {
    let nodes = parsed.semantic().nodes();
    let starts: Vec<u32> = nodes
        .iter()
        .filter_map(|node| match node.kind() {
            AstKind::ExpressionStatement(statement) => Some(statement.span.start),
            _ => None,
        })
        .collect();
    let mut spans = Vec::new();
    for node in nodes.iter() {
        let AstKind::StaticMemberExpression(member) = node.kind() else {
            continue;
        };
        let is_plain = matches!(&member.object, Expression::Identifier(name) if !matches!(name.name.as_str(), "module" | "exports" | "Promise"));
        // What is assigned to may not be wrapped everywhere.
        let is_target = matches!(
            nodes.parent_kind(node.id()),
            AstKind::AssignmentExpression(_)
        );
        if is_plain && !is_target && !starts.contains(&member.object.span().start) {
            spans.push(member.object.span());
        }
    }
    spans
}
