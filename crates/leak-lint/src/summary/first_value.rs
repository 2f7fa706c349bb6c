//! A call into whether it gives a variable of the module, or a static field, its first value, and so is made once:
//! `if (!cache) cache = create();`.

use oxc_ast::AstKind;
use oxc_ast::ast::{
    AssignmentExpression, AssignmentTarget, Expression, IfStatement, MemberExpression, Statement,
};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use oxc_syntax::operator::{AssignmentOperator, BinaryOperator, LogicalOperator, UnaryOperator};
use stanch_js_source::{Value, bare, is_function};

use super::Scan;

/// What there is one of, however often the code around it runs.
#[derive(Clone, Copy)]
enum Only<'a> {
    /// A variable of the module.
    Variable(SymbolId),
    /// A static field, as it is written: `Pool.shared`, or `this.shared` in a static method.
    Field(&'a str),
}

impl<'a> Scan<'_, 'a> {
    /// Whether an assignment is made only as long as its target, of which there is one, has no value.
    pub(super) fn is_first_value(
        &self,
        node: NodeId,
        assignment: &AssignmentExpression<'a>,
    ) -> bool {
        let Some(only) = self.only(&assignment.left) else {
            return false;
        };
        match assignment.operator {
            AssignmentOperator::LogicalNullish | AssignmentOperator::LogicalOr => true,
            AssignmentOperator::Assign => self.is_asked_for(node, only, assignment.span),
            _ => false,
        }
    }

    fn only(&self, target: &AssignmentTarget<'a>) -> Option<Only<'a>> {
        let AssignmentTarget::AssignmentTargetIdentifier(name) = target else {
            let member = target.as_member_expression()?;
            let is_named = !matches!(member, MemberExpression::ComputedMemberExpression(_));
            let is_static =
                is_named && matches!(self.parsed.value(member.object()), Value::Class(_));
            return is_static.then(|| Only::Field(self.written(member.span())));
        };
        let scoping = self.parsed.semantic().scoping();
        let symbol = scoping
            .get_reference(name.reference_id.get()?)
            .symbol_id()?;
        let is_of_module = scoping.symbol_scope_id(symbol) == scoping.root_scope_id();
        is_of_module.then_some(Only::Variable(symbol))
    }

    fn written(&self, place: Span) -> &'a str {
        self.parsed.text().slice(place.start, place.end)
    }

    /// Whether what is around a node, or before it in its function, lets it be reached only where that is empty.
    fn is_asked_for(&self, node: NodeId, only: Only<'a>, assigned: Span) -> bool {
        let nodes = self.parsed.semantic().nodes();
        let around = nodes.ancestor_kinds(node);
        let mut around = around.take_while(|kind| !is_function(*kind));
        around.any(|kind| match kind {
            AstKind::IfStatement(branch) => {
                branch.consequent.span().contains_inclusive(assigned)
                    && self.is_empty(&branch.test, only)
            }
            AstKind::LogicalExpression(either) => {
                matches!(
                    either.operator,
                    LogicalOperator::Or | LogicalOperator::Coalesce
                ) && either.right.span().contains_inclusive(assigned)
                    && self.is_it(&either.left, only)
            }
            AstKind::FunctionBody(body) => self.leaves_before(&body.statements, only, assigned),
            AstKind::BlockStatement(block) => self.leaves_before(&block.body, only, assigned),
            _ => false,
        })
    }

    /// `if (cache) return cache;` before a place.
    fn leaves_before(&self, list: &[Statement<'a>], only: Only<'a>, place: Span) -> bool {
        list.iter()
            .take_while(|statement| statement.span().end <= place.start)
            .any(|statement| match statement {
                Statement::IfStatement(branch) => {
                    returns(branch) && self.is_full(&branch.test, only)
                }
                _ => false,
            })
    }

    /// `!cache`, `cache == null`, `cache === undefined`, `typeof cache === 'undefined'`.
    fn is_empty(&self, test: &Expression<'a>, only: Only<'a>) -> bool {
        match bare(test) {
            Expression::UnaryExpression(not) if not.operator == UnaryOperator::LogicalNot => {
                self.is_it(&not.argument, only)
            }
            Expression::BinaryExpression(test) => {
                matches!(
                    test.operator,
                    BinaryOperator::Equality | BinaryOperator::StrictEquality
                ) && self.is_compared(&test.left, &test.right, only)
            }
            _ => false,
        }
    }

    /// `cache`, `cache != null`, `cache !== undefined`.
    fn is_full(&self, test: &Expression<'a>, only: Only<'a>) -> bool {
        match bare(test) {
            Expression::BinaryExpression(test) => {
                matches!(
                    test.operator,
                    BinaryOperator::Inequality | BinaryOperator::StrictInequality
                ) && self.is_compared(&test.left, &test.right, only)
            }
            test => self.is_it(test, only),
        }
    }

    fn is_compared(&self, one: &Expression<'a>, other: &Expression<'a>, only: Only<'a>) -> bool {
        match bare(one) {
            Expression::UnaryExpression(of) if of.operator == UnaryOperator::Typeof => {
                self.is_it(&of.argument, only)
            }
            one => self.is_it(one, only) && bare(other).is_null_or_undefined(),
        }
    }

    fn is_it(&self, expression: &Expression<'a>, only: Only<'a>) -> bool {
        match only {
            Only::Variable(variable) => self.parsed.variable_of(bare(expression)) == Some(variable),
            Only::Field(name) => {
                bare(expression).is_member_expression()
                    && self.written(bare(expression).span()) == name
            }
        }
    }
}

fn returns(branch: &IfStatement<'_>) -> bool {
    match &branch.consequent {
        Statement::ReturnStatement(_) | Statement::ThrowStatement(_) => true,
        Statement::BlockStatement(block) => matches!(
            block.body.last(),
            Some(Statement::ReturnStatement(_) | Statement::ThrowStatement(_))
        ),
        _ => false,
    }
}
