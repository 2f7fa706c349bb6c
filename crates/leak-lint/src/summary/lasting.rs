//! Functions into whether what they give lives as long as the process: the one instance there is.

use oxc_ast::AstKind;
use oxc_ast::ast::{AssignmentTarget, Expression, IdentifierReference};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;
use stanch_js_source::{Value, bare};

use super::{Scan, Summary};

impl<'a> Scan<'_, 'a> {
    /// Marks the functions all of whose results last.
    pub(super) fn lasting(&self, summary: &mut Summary) {
        let mut others = rustc_hash::FxHashSet::default();
        for node in self.parsed.semantic().nodes().iter() {
            let (function, given) = match node.kind() {
                AstKind::ReturnStatement(given) => (self.place(node.id()), given.argument.as_ref()),
                AstKind::ArrowFunctionExpression(arrow) => match arrow.get_expression() {
                    Some(given) => (Some(arrow.span.start), Some(given)),
                    None => continue,
                },
                _ => continue,
            };
            let (Some(function), Some(given)) = (function, given) else {
                continue;
            };
            if self.lasts(given) {
                summary.lasting.insert(function);
            } else {
                others.insert(function);
            }
        }
        summary
            .lasting
            .retain(|function| !others.contains(function));
    }

    /// Whether an expression is a variable of the module or a static field, or gives it its first value: `shared ??= new X()`.
    fn lasts(&self, given: &Expression<'a>) -> bool {
        match bare(given) {
            Expression::Identifier(name) => self.is_lasting_name(name),
            Expression::AssignmentExpression(first) if first.operator.is_logical() => {
                match &first.left {
                    AssignmentTarget::AssignmentTargetIdentifier(name) => {
                        self.is_lasting_name(name)
                    }
                    target => target
                        .as_member_expression()
                        .is_some_and(|member| self.is_a_class(member.object())),
                }
            }
            member => member
                .as_member_expression()
                .is_some_and(|member| self.is_a_class(member.object())),
        }
    }

    fn is_a_class(&self, object: &Expression<'a>) -> bool {
        matches!(self.parsed.value(object), Value::Class(_))
    }

    fn is_lasting_name(&self, name: &IdentifierReference<'a>) -> bool {
        let scoping = self.parsed.semantic().scoping();
        let variable = name
            .reference_id
            .get()
            .and_then(|reference| scoping.get_reference(reference).symbol_id());
        variable.is_some_and(|variable| {
            scoping.symbol_scope_id(variable) == scoping.root_scope_id()
                && matches!(
                    self.kind(scoping.symbol_declaration(variable)),
                    AstKind::VariableDeclarator(_)
                )
                && !self.is_replaced(variable)
        })
    }

    /// Whether a variable gets one thing after another, or nothing at last.
    fn is_replaced(&self, variable: SymbolId) -> bool {
        let scoping = self.parsed.semantic().scoping();
        let writes: Vec<NodeId> = scoping
            .get_resolved_references(variable)
            .filter(|reference| reference.is_write())
            .map(|reference| reference.node_id())
            .collect();
        let is_let_go = writes.iter().any(|write| {
            matches!(self.kind(self.parent(*write)), AstKind::AssignmentExpression(assignment)
                if matches!(bare(&assignment.right), Expression::NullLiteral(_))
                    || self.parsed.text().slice(assignment.right.span().start, assignment.right.span().end) == "undefined")
        });
        writes.len() > 1 || is_let_go
    }
}
