//! `function (a) { … }` into `(a) => { … }`, where nothing in it asks for what a function of its own has.

use oxc_ast::AstKind;
use oxc_span::Span;
use stanch_js_source::{SourceText, with_parsed};

use super::{Rewrite, has_its_own};

pub(crate) fn without_function_expressions(source: &SourceText) -> Option<SourceText> {
    let mut rewrite = Rewrite::new();
    with_parsed(source, |parsed| {
        let nodes = parsed.semantic().nodes();
        for node in nodes.iter() {
            let AstKind::Function(function) = node.kind() else {
                continue;
            };
            let is_value = matches!(
                nodes.parent_kind(node.id()),
                AstKind::CallExpression(_)
                    | AstKind::NewExpression(_)
                    | AstKind::VariableDeclarator(_)
                    | AstKind::ReturnStatement(_)
            );
            let Some(body) = &function.body else { continue };
            let named = function.id.is_some() || function.generator;
            if !function.is_expression() || !is_value || named || has_its_own(parsed, function.span)
            {
                continue;
            }
            // What is called on the spot may not lose its parentheses' meaning.
            if matches!(nodes.parent_kind(node.id()), AstKind::CallExpression(call) if call.span.start == function.span.start)
            {
                continue;
            }
            let head = if function.r#async { "async " } else { "" };
            let parameters = function.params.span;
            rewrite.replace(Span::new(function.span.start, parameters.start), head);
            rewrite.insert(body.span.start, "=> ");
        }
    });
    rewrite.done(source, source.path())
}
