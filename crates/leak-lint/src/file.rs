//! One parsed file with what every rule asks of it.

use std::cell::OnceCell;

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, CallExpression, Expression};
use oxc_semantic::{AstNodes, NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::{Extent, ParsedSource, bare};

use crate::calls::HowOften;
use crate::hot::Hot;
use crate::options::Options;

/// A file under the rules.
pub(crate) struct File<'s, 'a> {
    pub(crate) parsed: &'s ParsedSource<'a>,
    /// What the project's configuration says.
    pub(crate) options: &'s Options,
    calls: OnceCell<Vec<(NodeId, &'a CallExpression<'a>)>>,
    hot: OnceCell<Hot>,
    how_often: OnceCell<HowOften>,
}

impl<'s, 'a> File<'s, 'a> {
    pub(crate) fn new(parsed: &'s ParsedSource<'a>, options: &'s Options) -> Self {
        Self {
            parsed,
            options,
            calls: OnceCell::new(),
            hot: OnceCell::new(),
            how_often: OnceCell::new(),
        }
    }

    pub(crate) fn nodes(&self) -> &AstNodes<'a> {
        self.parsed.semantic().nodes()
    }

    pub(crate) fn kind(&self, node: NodeId) -> AstKind<'a> {
        self.nodes().kind(node)
    }

    /// All calls, in the order of the text.
    pub(crate) fn calls(&self) -> &[(NodeId, &'a CallExpression<'a>)] {
        self.calls.get_or_init(|| {
            let calls = self.nodes().iter().filter_map(|node| match node.kind() {
                AstKind::CallExpression(call) => Some((node.id(), call)),
                _ => None,
            });
            calls.collect()
        })
    }

    /// Which functions run again and again.
    pub(crate) fn hot(&self) -> &Hot {
        self.hot.get_or_init(|| Hot::of(self))
    }

    /// How often functions are called.
    pub(crate) fn how_often(&self) -> &HowOften {
        self.how_often.get_or_init(|| HowOften::of_file(self))
    }

    /// The innermost function around a node, itself excluded; none at module level.
    pub(crate) fn function_around(&self, node: NodeId) -> Option<NodeId> {
        self.parsed.function_around(node)
    }

    /// The variable that an expression names.
    pub(crate) fn variable(&self, expression: &Expression<'a>) -> Option<SymbolId> {
        self.parsed.variable_of(expression)
    }

    /// The function or class that an expression is or names.
    pub(crate) fn callable(&self, expression: &Expression<'a>) -> Option<NodeId> {
        self.parsed.callable_of(expression)
    }

    pub(crate) fn extent(&self, span: Span) -> Extent {
        self.parsed.text().extent(span.start, span.end)
    }

    pub(crate) fn slice(&self, span: Span) -> &str {
        self.parsed.text().slice(span.start, span.end)
    }

    /// The text of an expression, on one line.
    pub(crate) fn written(&self, expression: &Expression<'a>) -> String {
        let words: Vec<&str> = self.slice(expression.span()).split_whitespace().collect();
        words.join(" ")
    }
}

/// Object and name of a call's method: `bus` and `on` of `bus.on(…)`.
pub(crate) fn method<'b, 'a>(
    call: &'b CallExpression<'a>,
) -> Option<(&'b Expression<'a>, &'b str)> {
    let member = bare(&call.callee).as_member_expression()?;
    Some((bare(member.object()), member.static_property_name()?))
}

/// The argument as an expression; none where it is a spread.
pub(crate) fn argument<'b, 'a>(
    call: &'b CallExpression<'a>,
    index: usize,
) -> Option<&'b Expression<'a>> {
    call.arguments
        .get(index)
        .and_then(Argument::as_expression)
        .map(bare)
}
