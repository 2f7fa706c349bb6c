//! Functions into whether they only run when a person asks for it: a route that reads nothing of its request, and does one
//! thing after the other without a condition. `app.delete('/metrics', (req, res) => { metrics.reset(); res.end(); })`

use oxc_ast::ast::{BindingPattern, FormalParameters, Statement};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;
use stanch_js_source::literal_text;

use super::Scan;
use super::handlers::{exported_as, has_marks_of_a_handler, has_names_of_a_handler};
use crate::facts::lifetime::decorator_name;
use crate::file::{argument, method};

/// Methods under which frameworks take handlers of requests that change something: express, koa, fastify, hono, restify. What
/// is read by a clock's `GET` may be drained by it.
const CHANGES: &[&str] = &["delete", "del", "post", "put"];
/// The same as decorators: NestJS.
const CHANGING: &[&str] = &["Delete", "Post", "Put"];
/// What the context of a request has to answer with, or to say something: koa, hono.
const ANSWERS: &[&str] = &[
    "status", "body", "json", "text", "set", "type", "log", "logger", "header",
];
/// Statements of a route that does nothing else.
const FEW: usize = 4;

impl<'a> Scan<'_, 'a> {
    /// Notes a function that only runs when a person asks for it.
    pub(super) fn asked_by_hand(&self) {
        for node in self
            .parsed
            .nodes_of([AstType::Function, AstType::ArrowFunctionExpression])
        {
            self.asked_by_hand_at(node.id(), node.kind());
        }
    }

    fn asked_by_hand_at(&self, node: NodeId, kind: AstKind<'a>) {
        let (parameters, body) = match kind {
            AstKind::Function(function) => (&function.params, function.body.as_deref()),
            AstKind::ArrowFunctionExpression(arrow) => {
                (&arrow.params, arrow.body.as_function_body())
            }
            _ => return,
        };
        let statements = body.map(|body| &*body.statements);
        let is_plain = statements.is_some_and(|all| {
            (1..=FEW).contains(&all.len())
                && all.iter().all(|one| {
                    matches!(
                        one,
                        Statement::ExpressionStatement(_) | Statement::ReturnStatement(_)
                    )
                })
        });
        if is_plain && self.is_a_change(node, parameters) && self.asks_nothing(parameters) {
            self.by_hand.borrow_mut().insert(kind.span().start);
        }
    }

    /// Whether a framework calls a function for requests that change something.
    fn is_a_change(&self, function: NodeId, parameters: &FormalParameters<'a>) -> bool {
        match self.kind(self.parent(function)) {
            AstKind::CallExpression(call) => {
                let path = argument(call, 0).and_then(literal_text);
                method(call).is_some_and(|(_, name)| CHANGES.contains(&name))
                    && path.is_some_and(|path| path.starts_with('/') && !path.contains(':'))
            }
            AstKind::MethodDefinition(method) => {
                let mut decorators = method.decorators.iter();
                decorators.any(|decorator| {
                    decorator_name(&decorator.expression).is_some_and(|it| CHANGING.contains(&it))
                })
            }
            _ => {
                exported_as(self.parsed, function).is_some()
                    && (has_names_of_a_handler(self.parsed, parameters)
                        || has_marks_of_a_handler(self.parsed, parameters))
            }
        }
    }

    /// Whether a function reads nothing of the request that it gets.
    fn asks_nothing(&self, parameters: &FormalParameters<'a>) -> bool {
        let Some(first) = parameters.items.first() else {
            return true;
        };
        let BindingPattern::BindingIdentifier(name) = &first.pattern else {
            return false;
        };
        let own: &[&str] = match name.name.as_str() {
            "ctx" | "context" | "c" => ANSWERS,
            _ => &["log", "logger"],
        };
        name.symbol_id
            .get()
            .is_some_and(|request| self.uses_only(request, own))
    }

    fn uses_only(&self, variable: SymbolId, names: &[&str]) -> bool {
        let scoping = self.parsed.semantic().scoping();
        let mut uses = scoping.get_resolved_references(variable);
        uses.all(|used| {
            matches!(self.kind(self.parent(used.node_id())), AstKind::StaticMemberExpression(member)
                if names.contains(&member.property.name.as_str()))
        })
    }
}
