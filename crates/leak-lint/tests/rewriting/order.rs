//! A program into itself with the functions that it declares at its end, the last one first.

use oxc_ast::ast::Statement;
use oxc_span::{GetSpan, Span};
use stanch_js_source::{SourceText, with_parsed};

use super::Rewrite;

pub(crate) fn functions_last(source: &SourceText) -> Option<SourceText> {
    let mut rewrite = Rewrite::new();
    with_parsed(source, |parsed| {
        let program = parsed.program();
        let functions: Vec<Span> = program
            .body
            .iter()
            .filter(|statement| matches!(statement, Statement::FunctionDeclaration(_)))
            .map(GetSpan::span)
            .collect();
        let mut end = String::new();
        for span in functions.iter().rev() {
            end.push('\n');
            end.push_str(source.slice(span.start, span.end));
        }
        for span in functions {
            rewrite.replace(span, "");
        }
        if !end.is_empty() {
            rewrite.insert(source.text().len() as u32, end);
        }
    });
    rewrite.done(source, source.path())
}
