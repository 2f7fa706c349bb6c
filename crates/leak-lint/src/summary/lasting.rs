//! Functions into whether what they give lives as long as the process: the one instance there is.

use oxc_ast::ast::{
    AssignmentExpression, AssignmentTarget, Expression, IdentifierReference, MemberExpression,
};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::{Value, bare, is_function};

use super::{Scan, Summary};
use crate::facts::reconnects::is_reset_at_the_end;
use crate::file::{argument, method};

/// A function that gives back a field of its instance, `this.ready` or `(this.ready ??= start())`.
struct GivesField<'a> {
    function: u32,
    node: NodeId,
    /// As written.
    field: &'a str,
}

impl<'a> Scan<'_, 'a> {
    /// Marks the functions all of whose results last, or are always the same field of the instance.
    pub(super) fn lasting(&self, summary: &mut Summary) {
        let mut others = rustc_hash::FxHashSet::default();
        let mut not_new = rustc_hash::FxHashSet::default();
        let mut fields = Vec::new();
        let mut put = Vec::new();
        for node in self.parsed.nodes_of([
            AstType::ReturnStatement,
            AstType::ArrowFunctionExpression,
            AstType::AssignmentExpression,
        ]) {
            let (function, given) = match node.kind() {
                AstKind::ReturnStatement(given) => (self.place(node.id()), given.argument.as_ref()),
                AstKind::ArrowFunctionExpression(arrow) => match arrow.get_expression() {
                    Some(given) => (Some(arrow.span.start), Some(given)),
                    None => continue,
                },
                AstKind::AssignmentExpression(assignment) => {
                    put.extend(own_field(&assignment.left).map(|_| (node.id(), assignment)));
                    continue;
                }
                _ => continue,
            };
            let (Some(function), Some(given)) = (function, given) else {
                continue;
            };
            if makes_a_function(given) {
                summary.gives_new_function.insert(function);
            } else {
                not_new.insert(function);
            }
            if self.lasts(given) {
                summary.lasting.insert(function);
            } else if let Some(field) = self.given_field(given) {
                let node = node.id();
                fields.push(GivesField {
                    function,
                    node,
                    field,
                });
            } else {
                others.insert(function);
            }
        }
        for gives in fields {
            if self.has_one_value(&gives, &put) {
                summary.lasting_fields.insert(gives.function);
            } else {
                others.insert(gives.function);
            }
        }
        summary
            .gives_new_function
            .retain(|function| !not_new.contains(function));
        for lasting in [&mut summary.lasting, &mut summary.lasting_fields] {
            lasting.retain(|function| !others.contains(function));
        }
    }

    fn given_field(&self, given: &Expression<'a>) -> Option<&'a str> {
        let field = match bare(given) {
            Expression::AssignmentExpression(first) if first.operator.is_logical() => {
                own_field(&first.left)?
            }
            given => field_of_this(given.as_member_expression()?)?,
        };
        Some(self.parsed.text().slice(field.start, field.end))
    }

    /// Whether a field gets its value once: in the constructor, or where it is asked for first, as in
    /// `if (!this.ready) this.ready = start(); return this.ready;`.
    fn has_one_value(
        &self,
        gives: &GivesField<'_>,
        put: &[(NodeId, &AssignmentExpression<'a>)],
    ) -> bool {
        let class = self.parsed.class_around(gives.node);
        let mut puts = put.iter().filter(|(node, put)| {
            let left = put.left.span();
            self.parsed.text().slice(left.start, left.end) == gives.field
                && self.parsed.class_around(*node) == class
        });
        puts.all(|(node, put)| {
            put.operator.is_logical()
                || self.is_in_constructor(*node)
                || self.is_in_branch_on(*node, gives.field)
        })
    }

    fn is_in_constructor(&self, node: NodeId) -> bool {
        let function = self.parsed.function_around(node);
        function.is_some_and(|function| {
            matches!(self.kind(self.parent(function)), AstKind::MethodDefinition(method)
                if method.kind.is_constructor())
        })
    }

    /// Whether a node is reached only where a name has no value: `if (!this.ready) …`.
    fn is_in_branch_on(&self, node: NodeId, name: &str) -> bool {
        let around = self.parsed.semantic().nodes().ancestor_kinds(node);
        let mut around = around.take_while(|kind| !is_function(*kind));
        around.any(|kind| {
            let AstKind::IfStatement(branch) = kind else {
                return false;
            };
            let empty = match bare(&branch.test) {
                Expression::UnaryExpression(not) => &not.argument,
                Expression::BinaryExpression(test) if bare(&test.right).is_null_or_undefined() => {
                    &test.left
                }
                _ => return false,
            };
            let asked = empty.span();
            self.parsed.text().slice(asked.start, asked.end) == name
        })
    }

    /// Whether an expression is a variable of the module or a static field, or gives it its first value: `shared ??= new X()`.
    fn lasts(&self, given: &Expression<'a>) -> bool {
        match bare(given) {
            Expression::Identifier(name) => {
                self.is_lasting_name(name) || self.is_a_lasting_entry(given)
            }
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

    /// Whether a local name is what a table of the module has or gets, and nothing takes it out of there:
    /// `const known = all.get(name)`, `all.set(name, made)`.
    fn is_a_lasting_entry(&self, name: &Expression<'a>) -> bool {
        let Some(variable) = self.parsed.variable_of(name) else {
            return false;
        };
        let scoping = self.parsed.semantic().scoping();
        let AstKind::VariableDeclarator(declarator) =
            self.kind(scoping.symbol_declaration(variable))
        else {
            return false;
        };
        let got = match declarator.init.as_ref().map(bare) {
            Some(Expression::CallExpression(call)) => {
                method(call).filter(|(_, name)| *name == "get")
            }
            _ => None,
        };
        if got.is_some_and(|(table, _)| self.is_a_lasting_table(table)) {
            return true;
        }
        let mut uses = scoping.get_resolved_references(variable);
        uses.any(|used| match self.kind(self.parent(used.node_id())) {
            AstKind::CallExpression(call) => {
                let is_value = argument(call, 1)
                    .is_some_and(|value| value.span() == self.kind(used.node_id()).span());
                is_value
                    && method(call).is_some_and(|(table, name)| {
                        name == "set" && self.is_a_lasting_table(table)
                    })
            }
            _ => false,
        })
    }

    fn is_a_lasting_table(&self, table: &Expression<'a>) -> bool {
        let Expression::Identifier(name) = bare(table) else {
            return false;
        };
        let exports = format!("export const {}", name.name);
        self.is_lasting_name(name)
            && !self.takes_out_of(table)
            && !self.parsed.text().text().contains(&exports)
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
            .filter(|write| !is_reset_at_the_end(self.parsed, *write))
            .collect();
        let is_let_go = writes.iter().any(|write| {
            matches!(self.kind(self.parent(*write)), AstKind::AssignmentExpression(assignment)
                if matches!(bare(&assignment.right), Expression::NullLiteral(_))
                    || self.parsed.text().slice(assignment.right.span().start, assignment.right.span().end) == "undefined")
        });
        writes.len() > 1 || is_let_go
    }
}

/// The place of `this.name`, if an assignment sets that.
fn own_field(target: &AssignmentTarget<'_>) -> Option<Span> {
    field_of_this(target.as_member_expression()?)
}

fn field_of_this(member: &MemberExpression<'_>) -> Option<Span> {
    let is_own = matches!(bare(member.object()), Expression::ThisExpression(_));
    (is_own && !matches!(member, MemberExpression::ComputedMemberExpression(_)))
        .then(|| member.span())
}

/// Whether an expression is a new function each time: one that is written there, or what `bind` gives.
fn makes_a_function(given: &Expression<'_>) -> bool {
    match bare(given) {
        Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_) => true,
        Expression::CallExpression(call) => method(call).is_some_and(|(_, name)| name == "bind"),
        _ => false,
    }
}
