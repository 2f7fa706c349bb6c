//! A call into whether it gives a variable of the module its first value, and so is made once: `if (!cache) cache = create();`.

use oxc_ast::AstKind;
use oxc_ast::ast::{AssignmentExpression, AssignmentTarget, Expression, IfStatement, Statement};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use oxc_syntax::operator::{AssignmentOperator, BinaryOperator, LogicalOperator, UnaryOperator};
use stanch_js_source::{bare, is_function};

use super::Scan;

impl<'a> Scan<'_, 'a> {
    /// Whether an assignment is made only as long as its variable, one of the module's, has no value.
    pub(super) fn is_first_value(
        &self,
        node: NodeId,
        assignment: &AssignmentExpression<'a>,
    ) -> bool {
        let Some(variable) = self.variable_of_module(&assignment.left) else {
            return false;
        };
        match assignment.operator {
            AssignmentOperator::LogicalNullish | AssignmentOperator::LogicalOr => true,
            AssignmentOperator::Assign => self.is_asked_for(node, variable, assignment.span),
            _ => false,
        }
    }

    fn variable_of_module(&self, target: &AssignmentTarget<'a>) -> Option<SymbolId> {
        let AssignmentTarget::AssignmentTargetIdentifier(name) = target else {
            return None;
        };
        let scoping = self.parsed.semantic().scoping();
        let symbol = scoping
            .get_reference(name.reference_id.get()?)
            .symbol_id()?;
        let is_of_module = scoping.symbol_scope_id(symbol) == scoping.root_scope_id();
        is_of_module.then_some(symbol)
    }

    /// Whether what is around a node, or before it in its function, lets it be reached only where the variable is empty.
    fn is_asked_for(&self, node: NodeId, variable: SymbolId, assigned: Span) -> bool {
        let nodes = self.parsed.semantic().nodes();
        let around = nodes.ancestor_kinds(node);
        let mut around = around.take_while(|kind| !is_function(*kind));
        around.any(|kind| match kind {
            AstKind::IfStatement(branch) => {
                branch.consequent.span().contains_inclusive(assigned)
                    && self.is_empty(&branch.test, variable)
            }
            AstKind::LogicalExpression(either) => {
                matches!(
                    either.operator,
                    LogicalOperator::Or | LogicalOperator::Coalesce
                ) && either.right.span().contains_inclusive(assigned)
                    && self.is_it(&either.left, variable)
            }
            AstKind::FunctionBody(body) => self.leaves_before(&body.statements, variable, assigned),
            AstKind::BlockStatement(block) => self.leaves_before(&block.body, variable, assigned),
            _ => false,
        })
    }

    /// `if (cache) return cache;` before a place.
    fn leaves_before(&self, list: &[Statement<'a>], variable: SymbolId, place: Span) -> bool {
        list.iter()
            .take_while(|statement| statement.span().end <= place.start)
            .any(|statement| match statement {
                Statement::IfStatement(branch) => {
                    returns(branch) && self.is_full(&branch.test, variable)
                }
                _ => false,
            })
    }

    /// `!cache`, `cache == null`, `cache === undefined`, `typeof cache === 'undefined'`.
    fn is_empty(&self, test: &Expression<'a>, variable: SymbolId) -> bool {
        match bare(test) {
            Expression::UnaryExpression(not) if not.operator == UnaryOperator::LogicalNot => {
                self.is_it(&not.argument, variable)
            }
            Expression::BinaryExpression(test) => {
                matches!(
                    test.operator,
                    BinaryOperator::Equality | BinaryOperator::StrictEquality
                ) && self.is_compared(&test.left, &test.right, variable)
            }
            _ => false,
        }
    }

    /// `cache`, `cache != null`, `cache !== undefined`.
    fn is_full(&self, test: &Expression<'a>, variable: SymbolId) -> bool {
        match bare(test) {
            Expression::BinaryExpression(test) => {
                matches!(
                    test.operator,
                    BinaryOperator::Inequality | BinaryOperator::StrictInequality
                ) && self.is_compared(&test.left, &test.right, variable)
            }
            test => self.is_it(test, variable),
        }
    }

    fn is_compared(
        &self,
        one: &Expression<'a>,
        other: &Expression<'a>,
        variable: SymbolId,
    ) -> bool {
        match bare(one) {
            Expression::UnaryExpression(of) if of.operator == UnaryOperator::Typeof => {
                self.is_it(&of.argument, variable)
            }
            one => self.is_it(one, variable) && bare(other).is_null_or_undefined(),
        }
    }

    fn is_it(&self, expression: &Expression<'a>, variable: SymbolId) -> bool {
        self.parsed.variable_of(bare(expression)) == Some(variable)
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
