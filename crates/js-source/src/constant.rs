//! Expressions into the constant numbers they always give, such as `60 * 1000` or `MAX`.

use oxc_ast::AstKind;
use oxc_ast::ast::{BindingPattern, Expression, ObjectPropertyKind};
use oxc_syntax::operator::{BinaryOperator, LogicalOperator, UnaryOperator};

use crate::tree::{Tree, argument, bare, key_name};

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
                if !converts {
                    return None;
                }
                self.fold(argument(&call.arguments, 0)?, depth)
            }
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

    fn fold_binding(&self, declaration: oxc_semantic::NodeId, depth: u32) -> Option<f64> {
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

    fn fold_field(&self, owner: crate::owner::Owner, name: &str, depth: u32) -> Option<f64> {
        let mut found = None;
        for node in self.nodes().iter() {
            let value = match node.kind() {
                AstKind::PropertyDefinition(field)
                    if key_name(&field.key).as_deref() == Some(name) =>
                {
                    field.value.as_ref()
                }
                AstKind::AssignmentExpression(assignment)
                    if crate::tree::target_node(&assignment.left).is_some_and(|target| {
                        crate::tree::member_name(self.kind(target)).as_deref() == Some(name)
                    }) =>
                {
                    Some(&assignment.right)
                }
                _ => continue,
            };
            let is_static =
                matches!(node.kind(), AstKind::PropertyDefinition(field) if field.r#static);
            let its = match node.kind() {
                AstKind::PropertyDefinition(_) => self.class_around(node.id()).map(|class| {
                    if is_static {
                        crate::owner::Owner::Class(class)
                    } else {
                        crate::owner::Owner::Instance(class)
                    }
                }),
                _ => self.owner_at(node.id()),
            };
            if its != Some(owner) {
                continue;
            }
            // Two assignments: no constant.
            if found.is_some() {
                return None;
            }
            found = value;
        }
        self.fold(found?, depth)
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
