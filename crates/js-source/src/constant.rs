//! Expressions into the constant numbers they always give, such as `60 * 1000` or `MAX`.

use oxc_ast::AstKind;
use oxc_ast::ast::{BindingPattern, Expression, ObjectPropertyKind};
use oxc_semantic::NodeId;
use oxc_syntax::operator::{BinaryOperator, LogicalOperator, UnaryOperator};

use crate::owner::Owner;
use crate::tree::{Tree, argument, bare, key_name, target_node};

/// Names that stand for names that stand for names: past this depth nobody means a constant.
const DEEPEST: u32 = 12;

impl<'a> Tree<'a> {
    /// The number an expression gives. A default counts: `Number(process.env.MAX) || 500` is 500.
    pub(crate) fn number(&self, expression: &Expression<'a>) -> Option<f64> {
        self.fold(expression, DEEPEST)
    }

    /// The same as a whole, non-negative number.
    pub(crate) fn whole_number(&self, expression: &Expression<'a>) -> Option<u64> {
        let number = self.number(expression)?;
        (number.is_finite() && number >= 0.0).then_some(number as u64)
    }

    fn fold(&self, expression: &Expression<'a>, depth: u32) -> Option<f64> {
        let depth = depth.checked_sub(1)?;
        match bare(expression) {
            Expression::NumericLiteral(literal) => Some(literal.value),
            Expression::UnaryExpression(unary) => {
                let value = self.fold(&unary.argument, depth)?;
                match unary.operator {
                    UnaryOperator::UnaryNegation => Some(-value),
                    UnaryOperator::UnaryPlus => Some(value),
                    _ => None,
                }
            }
            Expression::BinaryExpression(binary) => {
                let left = self.fold(&binary.left, depth)?;
                let right = self.fold(&binary.right, depth)?;
                arithmetic(binary.operator, left, right)
            }
            Expression::LogicalExpression(logical) => match logical.operator {
                LogicalOperator::And => None,
                _ => self
                    .fold(&logical.left, depth)
                    .or_else(|| self.fold(&logical.right, depth)),
            },
            Expression::StringLiteral(literal) => literal.value.trim().parse().ok(),
            Expression::CallExpression(call) => {
                let converts = matches!(
                    call.callee_name(),
                    Some("Number" | "parseInt" | "parseFloat")
                );
                let first = argument(&call.arguments, 0).filter(|_| converts)?;
                self.fold(first, depth)
            }
            name => self.fold_name(name, depth),
        }
    }

    fn fold_name(&self, name: &Expression<'a>, depth: u32) -> Option<f64> {
        match name {
            Expression::Identifier(identifier) => {
                let symbol = self.symbol_of_reference(identifier)?;
                if self.scoping().symbol_is_mutated(symbol) {
                    return None;
                }
                let declaration = self.scoping().symbol_declaration(symbol);
                self.fold_binding(declaration, depth)
            }
            Expression::StaticMemberExpression(member) => {
                self.fold_member(&member.object, member.property.name.as_str(), depth)
            }
            Expression::PrivateFieldExpression(member) => {
                let name = format!("#{}", member.field.name);
                self.fold_member(&member.object, &name, depth)
            }
            _ => None,
        }
    }

    fn fold_binding(&self, declaration: NodeId, depth: u32) -> Option<f64> {
        match self.kind(declaration) {
            AstKind::VariableDeclarator(declarator) => {
                if !matches!(declarator.id, BindingPattern::BindingIdentifier(_)) {
                    return None;
                }
                self.fold(declarator.init.as_ref()?, depth)
            }
            AstKind::FormalParameter(parameter) => {
                self.fold(parameter.initializer.as_deref()?, depth)
            }
            _ => None,
        }
    }

    /// `LIMITS.users` of a literal, `this.max` of a field that is set to a constant once.
    fn fold_member(&self, object: &Expression<'a>, name: &str, depth: u32) -> Option<f64> {
        match bare(object) {
            Expression::Identifier(identifier) => {
                let symbol = self.symbol_of_reference(identifier)?;
                let declaration = self.kind(self.scoping().symbol_declaration(symbol));
                let AstKind::VariableDeclarator(declarator) = declaration else {
                    return None;
                };
                let Expression::ObjectExpression(literal) = bare(declarator.init.as_ref()?) else {
                    return None;
                };
                literal
                    .properties
                    .iter()
                    .find_map(|property| match property {
                        ObjectPropertyKind::ObjectProperty(property)
                            if key_name(&property.key).as_deref() == Some(name) =>
                        {
                            self.fold(&property.value, depth)
                        }
                        _ => None,
                    })
            }
            Expression::ThisExpression(this) => {
                self.fold_field(self.owner_at(this.node_id.get())?, name, depth)
            }
            _ => None,
        }
    }

    fn fold_field(&self, owner: Owner, name: &str, depth: u32) -> Option<f64> {
        let mut values = self
            .nodes()
            .iter()
            .filter_map(|node| self.value_of_field(node.id(), owner, name));
        let only = values.next()?;
        // Two assignments: no constant.
        if values.next().is_some() {
            return None;
        }
        self.fold(only, depth)
    }

    /// The value, if the node is this field's definition or an assignment to it.
    fn value_of_field(&self, node: NodeId, owner: Owner, name: &str) -> Option<&'a Expression<'a>> {
        match self.kind(node) {
            AstKind::PropertyDefinition(field)
                if self.key_name(&field.key).as_deref() == Some(name) =>
            {
                let class = self.class_around(node)?;
                let its = if field.r#static {
                    Owner::Class(class)
                } else {
                    Owner::Instance(class)
                };
                field.value.as_ref().filter(|_| its == owner)
            }
            AstKind::AssignmentExpression(assignment) => {
                let target = target_node(&assignment.left)?;
                let its = self.member_name(self.kind(target)).as_deref() == Some(name)
                    && self.owner_at(node) == Some(owner);
                its.then_some(&assignment.right)
            }
            _ => None,
        }
    }
}

fn arithmetic(operator: BinaryOperator, left: f64, right: f64) -> Option<f64> {
    Some(match operator {
        BinaryOperator::Addition => left + right,
        BinaryOperator::Subtraction => left - right,
        BinaryOperator::Multiplication => left * right,
        BinaryOperator::Division => left / right,
        BinaryOperator::Remainder => left % right,
        BinaryOperator::Exponential => left.powf(right),
        BinaryOperator::ShiftLeft => f64::from((left as i32).wrapping_shl(right as u32)),
        _ => return None,
    })
}
