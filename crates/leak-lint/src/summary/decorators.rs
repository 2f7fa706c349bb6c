//! Methods with decorators, and the functions that decorators put in the place of methods: who calls the one runs the other.

use oxc_ast::ast::Expression;
use oxc_ast::{AstKind, AstType};
use oxc_span::GetSpan;
use stanch_js_source::{Value, bare, is_function};

use super::{Scan, Summary};

impl<'a> Scan<'_, 'a> {
    pub(super) fn decorated_methods(&self, summary: &mut Summary) {
        for node in self.parsed.nodes_of([AstType::MethodDefinition]) {
            let AstKind::MethodDefinition(method) = node.kind() else {
                continue;
            };
            for decorator in &method.decorators {
                let name = match bare(&decorator.expression) {
                    Expression::CallExpression(made) => bare(&made.callee),
                    name => name,
                };
                let by = self.parsed.value(name);
                if matches!(
                    by,
                    Value::Function(_) | Value::Import { .. } | Value::Variable(_)
                ) {
                    summary
                        .decorated_methods
                        .push((method.value.span.start, by));
                }
            }
        }
        for node in self.parsed.nodes_of([AstType::AssignmentExpression]) {
            let AstKind::AssignmentExpression(put) = node.kind() else {
                continue;
            };
            // `descriptor.value = async function (…args) { … }`
            let target = put.left.as_member_expression();
            let Some(target) = target.filter(|it| it.static_property_name() == Some("value"))
            else {
                continue;
            };
            let given = match bare(&put.right) {
                Expression::FunctionExpression(function) => function.span,
                Expression::ArrowFunctionExpression(arrow) => arrow.span,
                _ => continue,
            };
            let variable = self.parsed.variable_of(bare(target.object()));
            let is_given =
                variable.is_some_and(|it| self.parsed.parameter_of_variable(it).is_some());
            let nodes = self.parsed.semantic().nodes();
            let around = nodes.ancestor_kinds(node.id());
            let outermost = around.filter(|kind| is_function(*kind)).last();
            if let (true, Some(outermost)) = (is_given, outermost) {
                let outermost = outermost.span().start;
                summary.replaces.push((outermost, given.start));
            }
        }
    }
}
