//! A node into the response that the function around it answers, and the line that cleans up after it.

use oxc_ast::AstKind;
use oxc_ast::ast::{BindingPattern, FormalParameters};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;

use super::code::{Code, is_function};

/// A response in scope.
pub(crate) struct Response {
    /// How the code reaches Node's ServerResponse: `res`, `reply.raw`, `ctx.res`.
    pub(crate) text: String,
    /// The parameters that stand for the request and the response.
    pub(crate) parameters: Vec<SymbolId>,
    /// The function that answers.
    pub(crate) handler: NodeId,
    /// Something was awaited before: the client may be gone already.
    may_be_over: bool,
}

impl<'a> Code<'_, 'a> {
    /// The response that the function which the node stands in answers itself. Functions inside it
    /// do not count: they may run at any time, also long after the response.
    pub(crate) fn response(&self, node: NodeId) -> Option<Response> {
        self.response_of(self.function_around(node)?, node)
    }

    /// The response of the nearest function around the node that answers one.
    pub(crate) fn response_around(&self, node: NodeId) -> Option<Response> {
        let functions = self
            .ancestors(node)
            .filter(|around| is_function(self.kind(*around)));
        functions
            .into_iter()
            .find_map(|function| self.response_of(function, node))
    }

    fn response_of(&self, handler: NodeId, node: NodeId) -> Option<Response> {
        let parameters = match self.kind(handler) {
            AstKind::Function(function) => &function.params,
            AstKind::ArrowFunctionExpression(arrow) => &arrow.params,
            _ => return None,
        };
        let (text, parameters) = self.response_parameter(parameters)?;
        let scope = self.scope(node);
        let is_untouched = parameters.iter().all(|symbol| {
            let name = self.scoping().symbol_name(*symbol);
            self.binding(scope, name) == Some(*symbol) && !self.scoping().symbol_is_mutated(*symbol)
        });
        is_untouched.then(|| Response {
            may_be_over: self.waits_before(handler, node),
            text,
            parameters,
            handler,
        })
    }

    fn response_parameter(&self, all: &FormalParameters<'a>) -> Option<(String, Vec<SymbolId>)> {
        let named: Vec<(&str, SymbolId)> = all
            .items
            .iter()
            .map_while(|parameter| match &parameter.pattern {
                BindingPattern::BindingIdentifier(name) => {
                    Some((name.name.as_str(), name.symbol_id.get()?))
                }
                _ => None,
            })
            .collect();
        // A `res` that no request precedes is what a client got, or the result of something else.
        let exchange = named.windows(2).find_map(|pair| {
            let [(request, first), (response, second)] = pair else {
                return None;
            };
            if !request.to_ascii_lowercase().contains("req") {
                return None;
            }
            match *response {
                "res" | "response" => Some((response.to_string(), vec![*second, *first])),
                "reply" => Some(("reply.raw".to_owned(), vec![*second, *first])),
                _ => None,
            }
        });
        exchange.or_else(|| match named[..] {
            [("ctx", context), ..] if self.uses_koa() => {
                Some(("ctx.res".to_owned(), vec![context]))
            }
            _ => None,
        })
    }

    fn uses_koa(&self) -> bool {
        let imports = self.parsed.imports();
        let koa = |module: &str| module.starts_with("koa") || module.starts_with("@koa/");
        imports.iter().any(|import| koa(&import.module))
    }

    /// Whether the function awaits something before it reaches the node, or at it.
    fn waits_before(&self, function: NodeId, node: NodeId) -> bool {
        let end = self.kind(node).span().end;
        self.nodes().any(|(other, kind)| {
            let waits = match kind {
                AstKind::AwaitExpression(_) | AstKind::YieldExpression(_) => true,
                AstKind::ForOfStatement(each) => each.r#await,
                _ => false,
            };
            waits && kind.span().start < end && self.function_around(other) == Some(function)
        })
    }
}

impl Response {
    /// The lines, without their ends, that run an expression once the response is over.
    pub(crate) fn at_close(&self, cleanup: &str) -> Vec<String> {
        let text = &self.text;
        let at_close = format!("{text}.once('close', () => {cleanup})");
        if self.may_be_over {
            // 'close' has been emitted already where the client left while the function waited.
            return vec![
                format!("if ({text}.destroyed) {cleanup}"),
                format!("else {at_close}"),
            ];
        }
        vec![at_close]
    }
}
