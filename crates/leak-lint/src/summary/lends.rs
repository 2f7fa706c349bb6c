//! Functions into which of their parameters they call with something that goes back to others afterwards: `withClient(run)`,
//! which gets a connection from a pool, runs what it is given with it and releases it.

use oxc_ast::AstKind;
use oxc_ast::ast::{CallExpression, Expression};
use oxc_semantic::SymbolId;
use oxc_span::GetSpan;
use stanch_js_source::{Value, bare};

use super::{Scan, Summary};
use crate::facts::lent::LENDS;
use crate::file::{argument, method};

impl<'a> Scan<'_, 'a> {
    /// Notes a call of a parameter with something that is lent.
    pub(super) fn lends(&self, call: &CallExpression<'a>, summary: &mut Summary) {
        let Expression::Identifier(_) = bare(&call.callee) else {
            return;
        };
        let Some(lent) = argument(call, 0).and_then(|given| self.parsed.variable_of(given)) else {
            return;
        };
        let callee = self.parsed.variable_of(&call.callee);
        let parameter = callee.and_then(|callee| self.parsed.parameter_of_variable(callee));
        if let Some(Value::Parameter(function, position)) = parameter
            && self.goes_back(lent)
        {
            summary.lends.insert((function, position));
        }
    }

    /// Whether a variable gets something out of a pool or a list, and the file puts that back.
    fn goes_back(&self, lent: SymbolId) -> bool {
        let scoping = self.parsed.semantic().scoping();
        let AstKind::VariableDeclarator(declarator) = self.kind(scoping.symbol_declaration(lent))
        else {
            return false;
        };
        let Some(from) = declarator.init.as_ref().and_then(taken_from) else {
            return false;
        };
        scoping.get_resolved_references(lent).any(|used| {
            let parent = self.parent(used.node_id());
            match (from, self.kind(parent)) {
                (Source::Pool, AstKind::StaticMemberExpression(member)) => {
                    member.property.name == "release"
                }
                (Source::List(list), AstKind::CallExpression(call)) => {
                    let text = self.parsed.text();
                    let written = |of: &Expression<'a>| text.slice(of.span().start, of.span().end);
                    method(call).is_some_and(|(object, name)| {
                        matches!(name, "push" | "unshift") && written(object) == written(list)
                    })
                }
                (Source::Pool, AstKind::CallExpression(call)) => {
                    method(call).is_some_and(|(_, name)| name == "release")
                }
                _ => false,
            }
        })
    }
}

/// Where something is taken from for a while.
#[derive(Clone, Copy)]
enum Source<'b, 'a> {
    /// By a method that lends.
    Pool,
    List(&'b Expression<'a>),
}

fn taken_from<'b, 'a>(value: &'b Expression<'a>) -> Option<Source<'b, 'a>> {
    match bare(value) {
        Expression::AwaitExpression(awaited) => taken_from(&awaited.argument),
        Expression::LogicalExpression(either) => taken_from(&either.left),
        Expression::CallExpression(call) => match method(call)? {
            (list, "pop" | "shift") => Some(Source::List(list)),
            (_, name) => LENDS.contains(&name).then_some(Source::Pool),
        },
        _ => None,
    }
}
