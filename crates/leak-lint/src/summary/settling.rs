//! Promises that a file puts under a name into whether they settle by themselves, and which names every part of the program can
//! reach.

use oxc_ast::ast::{
    AssignmentTarget, BindingPattern, Expression, MemberExpression, NewExpression, PropertyKey,
};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use stanch_js_source::{bare, literal_text};

use super::{Scan, Summary};
use crate::facts::settlement::{settles_by_itself, waits_for_an_event};
use crate::file::{argument, method};

impl<'a> Scan<'_, 'a> {
    /// Notes names that get promises: those that settle by themselves, and those that a plugin puts on its application.
    pub(super) fn promised(&self, summary: &mut Summary) {
        for node in self
            .parsed
            .nodes_of([AstType::NewExpression, AstType::CallExpression])
        {
            self.promised_at(node.id(), node.kind(), summary);
        }
    }

    fn promised_at(&self, node: NodeId, kind: AstKind<'a>, summary: &mut Summary) {
        match kind {
            AstKind::NewExpression(new) if is_promise(new) => {
                if settles_by_itself(self.parsed, new) {
                    summary.settling.extend(self.name_of(node).map(Into::into));
                } else if waits_for_an_event(self.parsed, new)
                    && let Some(function) = self.giver(node)
                {
                    summary.waits.insert(function);
                }
            }
            // `app.decorate('closing', closing)`
            AstKind::CallExpression(call)
                if method(call).is_some_and(|(_, name)| name == "decorate") =>
            {
                let name = argument(call, 0).and_then(literal_text);
                let value = argument(call, 1).and_then(|value| self.made(value));
                if let (Some(name), Some(value)) = (name, value)
                    && is_promise(value)
                    && !settles_by_itself(self.parsed, value)
                {
                    summary.plugged.insert(name.into());
                }
            }
            _ => {}
        }
    }

    /// What a value, or the constant that it names, is made by.
    fn made<'b>(&self, value: &'b Expression<'a>) -> Option<&'b NewExpression<'a>>
    where
        'a: 'b,
    {
        let made = match value {
            Expression::Identifier(name) => {
                let scoping = self.parsed.semantic().scoping();
                let reference = scoping.get_reference(name.reference_id.get()?);
                let declared = scoping.symbol_declaration(reference.symbol_id()?);
                match self.kind(declared) {
                    AstKind::VariableDeclarator(declarator) => bare(declarator.init.as_ref()?),
                    _ => return None,
                }
            }
            value => value,
        };
        match made {
            Expression::NewExpression(new) => Some(new),
            _ => None,
        }
    }

    /// The function that gives back what a node makes, at once or as a variable.
    fn giver(&self, node: NodeId) -> Option<u32> {
        let parent = crate::file::parent(self.parsed, node);
        let variable = match self.kind(parent) {
            AstKind::ReturnStatement(_) => return self.place(parent),
            AstKind::ArrowFunctionExpression(arrow) => return Some(arrow.span.start),
            AstKind::VariableDeclarator(declarator) => {
                declarator.id.get_binding_identifier()?.symbol_id.get()?
            }
            AstKind::AssignmentExpression(assignment) => match &assignment.left {
                AssignmentTarget::AssignmentTargetIdentifier(name) => {
                    let scoping = self.parsed.semantic().scoping();
                    let reference = scoping.get_reference(name.reference_id.get()?);
                    reference.symbol_id()?
                }
                _ => return None,
            },
            _ => return None,
        };
        let scoping = self.parsed.semantic().scoping();
        let mut used = scoping.get_resolved_references(variable);
        used.find_map(|used| {
            let parent = crate::file::parent(self.parsed, used.node_id());
            let is_given = matches!(self.kind(parent), AstKind::ReturnStatement(_));
            is_given.then(|| self.place(parent)).flatten()
        })
    }

    /// The variable, field or property that gets what a node makes.
    fn name_of(&self, node: NodeId) -> Option<String> {
        match self.kind(crate::file::parent(self.parsed, node)) {
            AstKind::VariableDeclarator(declarator) => match &declarator.id {
                BindingPattern::BindingIdentifier(name) => Some(name.name.to_string()),
                _ => None,
            },
            AstKind::AssignmentExpression(assignment) => {
                let member = assignment.left.as_member_expression()?;
                match member {
                    MemberExpression::PrivateFieldExpression(own) => {
                        Some(own.field.name.to_string())
                    }
                    member => member.static_property_name().map(ToOwned::to_owned),
                }
            }
            AstKind::ObjectProperty(property) => name_of_key(&property.key),
            AstKind::PropertyDefinition(field) => name_of_key(&field.key),
            _ => None,
        }
    }
}

fn is_promise(new: &NewExpression<'_>) -> bool {
    matches!(bare(&new.callee), Expression::Identifier(class) if class.name == "Promise")
}

/// A key as it is named where it is read; a private one without its `#`.
fn name_of_key(key: &PropertyKey<'_>) -> Option<String> {
    match key {
        PropertyKey::PrivateIdentifier(own) => Some(own.name.to_string()),
        key => key.static_name().map(Into::into),
    }
}
