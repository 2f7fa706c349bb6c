//! `(a) => b` into `function (a) { return b }`.

use oxc_ast::AstKind;
use oxc_ast::ast::ArrowFunctionBody;
use oxc_span::{GetSpan, Span};
use stanch_js_source::{SourceText, with_parsed};

use super::{Rewrite, has_its_own};

pub(crate) fn without_arrows(source: &SourceText) -> Option<SourceText> {
    let mut rewrite = Rewrite::new();
    with_parsed(source, |parsed| {
        let mut closings = Vec::new();
        for node in parsed.semantic().nodes().iter() {
            let AstKind::ArrowFunctionExpression(arrow) = node.kind() else {
                continue;
            };
            if has_its_own(parsed, arrow.span) || arrow.type_parameters.is_some() {
                continue;
            }
            let parameters = arrow.params.span;
            let head = if arrow.r#async {
                "async function "
            } else {
                "function "
            };
            rewrite.replace(Span::new(arrow.span.start, parameters.start), head);
            let text = source.slice(parameters.start, parameters.end);
            if !text.starts_with('(') {
                rewrite.insert(parameters.start, "(");
                rewrite.insert(parameters.end, ")");
            }
            let after = arrow
                .return_type
                .as_ref()
                .map_or(parameters.end, |it| it.span.end);
            let body = arrow.body.span();
            let gap = source.slice(after, body.start);
            // The arrow goes, comments and line ends beside it stay.
            let arrow_at = after + gap.find("=>").unwrap_or_default() as u32;
            rewrite.replace(Span::new(arrow_at, arrow_at + 2), "");
            if !matches!(arrow.body, ArrowFunctionBody::FunctionBody(_)) {
                rewrite.replace(Span::new(arrow_at + 2, body.start), " { return ");
                closings.push(body.end);
                // Lines that the gap had come back behind the expression.
                let lines = source.slice(arrow_at, body.start).matches('\n').count();
                if lines > 0 {
                    rewrite.insert(body.start, "(".to_owned() + &"\n".repeat(lines));
                    rewrite.insert(body.end, ")");
                }
            }
        }
        for end in closings {
            rewrite.insert(end, " }");
        }
    });
    rewrite.done(source, source.path())
}
