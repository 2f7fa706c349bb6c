//! A place that fills a container into whether it only replaces what is there already: `if (!rooms.has(id)) return; rooms.set(id,
//! state)` adds no entry. And a container into whether another takes its place, with all that it is kept beside.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use oxc_syntax::operator::{BinaryOperator, LogicalOperator, UnaryOperator};
use stanch_js_source::{bare, is_function};

use crate::facts::guard::leaves;
use crate::facts::holders::Holder;
use crate::facts::keys::constant;
use crate::file::{File, argument, method};
use crate::project::Calls;

/// Whether a place is reached only where the container has the key.
pub(crate) fn is_an_update<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    holder: &str,
    key: &Expression<'a>,
) -> bool {
    let at = file.kind(node).span();
    let key = file.written(bare(key));
    let entry = Entry {
        file,
        holder,
        key: &key,
    };
    let mut around = file.nodes().ancestor_ids(node);
    let mut around = std::iter::from_fn(|| {
        around
            .next()
            .map(|around| file.kind(around))
            .filter(|kind| !is_function(*kind))
    });
    around.any(|kind| match kind {
        AstKind::IfStatement(branch) if branch.consequent.span().contains_inclusive(at) => {
            entry.is_there(&branch.test)
        }
        AstKind::IfStatement(branch) => {
            !branch.test.span().contains_inclusive(at) && entry.is_missing(&branch.test)
        }
        AstKind::BlockStatement(block) => entry.is_asked_before(&block.body, at),
        AstKind::FunctionBody(body) => entry.is_asked_before(&body.statements, at),
        _ => false,
    })
}

/// Whether an object gets a new container in the holder's place: `Object.assign(state, { users: new Map() })`.
pub(crate) fn is_replaced_with_others(file: &File<'_, '_>, holder: &Holder<'_>) -> bool {
    let Some((object, name)) = holder.written.rsplit_once('.') else {
        return false;
    };
    // `this.state = { users: new Map() }` in a method of its own.
    let is_made_anew = file.assignments().iter().any(|(node, assignment)| {
        let function = file.function_around(*node);
        let is_later = function.is_some_and(|function| {
            !matches!(file.kind(file.parent(function)), AstKind::MethodDefinition(method)
                if method.kind.is_constructor())
        });
        is_later
            && file.frequency(*node) != Calls::Once
            && file.slice(assignment.left.span()) == object
    });
    if is_made_anew {
        return true;
    }
    file.calls().iter().any(|(node, call)| {
        let is_assign = method(call).is_some_and(|(of, name)| {
            name == "assign" && matches!(of, Expression::Identifier(of) if of.name == "Object")
        });
        let names = |given: &Expression<'_>| match given {
            Expression::ObjectExpression(given) => given.properties.iter().any(|property| {
                let property = property.as_property();
                property.is_none_or(|one| one.key.static_name().is_some_and(|own| own == name))
            }),
            _ => true,
        };
        is_assign
            && file.frequency(*node) != Calls::Once
            && argument(call, 0).is_some_and(|first| file.slice(first.span()) == object)
            && argument(call, 1).is_some_and(names)
    })
}

/// One entry of a container, as it is written.
struct Entry<'e, 'f, 's, 'a> {
    file: &'f File<'s, 'a>,
    holder: &'e str,
    key: &'e str,
}

impl<'a> Entry<'_, '_, '_, 'a> {
    /// Whether a statement before the place leaves where there is none.
    fn is_asked_before(
        &self,
        statements: &[oxc_ast::ast::Statement<'a>],
        at: oxc_span::Span,
    ) -> bool {
        let before = statements.iter().take_while(|it| it.span().end <= at.start);
        before.into_iter().any(|statement| match statement {
            oxc_ast::ast::Statement::IfStatement(branch) => {
                leaves(&branch.consequent) && self.is_missing(&branch.test)
            }
            _ => false,
        })
    }

    fn is_there(&self, test: &Expression<'a>) -> bool {
        match bare(test) {
            Expression::LogicalExpression(both) if both.operator == LogicalOperator::And => {
                self.is_there(&both.left) || self.is_there(&both.right)
            }
            Expression::CallExpression(call) => self.is_asked(call, "has"),
            Expression::Identifier(_) => {
                matches!(constant(self.file, test).map(bare), Some(Expression::CallExpression(call))
                    if self.is_asked(call, "get"))
            }
            _ => false,
        }
    }

    fn is_missing(&self, test: &Expression<'a>) -> bool {
        match bare(test) {
            Expression::UnaryExpression(not) if not.operator == UnaryOperator::LogicalNot => {
                self.is_there(&not.argument)
            }
            Expression::LogicalExpression(either) if either.operator == LogicalOperator::Or => {
                self.is_missing(&either.left) || self.is_missing(&either.right)
            }
            Expression::BinaryExpression(comparison) => {
                matches!(
                    comparison.operator,
                    BinaryOperator::Equality | BinaryOperator::StrictEquality
                ) && bare(&comparison.right).is_null_or_undefined()
                    && matches!(bare(&comparison.left), Expression::Identifier(_))
                    && self.is_there(&comparison.left)
            }
            _ => false,
        }
    }

    fn is_asked(&self, call: &oxc_ast::ast::CallExpression<'a>, by: &str) -> bool {
        method(call).is_some_and(|(of, name)| name == by && self.file.written(of) == self.holder)
            && argument(call, 0).is_some_and(|key| self.file.written(key) == self.key)
    }
}
