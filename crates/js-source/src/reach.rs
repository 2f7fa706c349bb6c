//! Members and calls into what they reach: the root of a member chain, the function a call runs.

use oxc_ast::AstKind;
use oxc_ast::ast::{AssignmentTarget, ClassElement, Expression, ObjectPropertyKind};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;

use crate::holder::Root;
use crate::owner::Owner;
use crate::tree::{Tree, bare, key_name, member_name, member_object};

impl<'a> Tree<'a> {
    /// The call whose callee is this member (through chains and parentheses).
    pub(crate) fn call_of_method(&self, member: NodeId) -> Option<NodeId> {
        let span = self.span(member);
        let parent = self.parent_past_wrappers(member)?;
        match self.kind(parent) {
            AstKind::CallExpression(call) if call.callee.span().contains_inclusive(span) => {
                Some(parent)
            }
            _ => None,
        }
    }

    /// The root and the names of a member chain such as `this.a.b`; `None` where a name depends
    /// on a value.
    pub(crate) fn root_and_path(&self, node: NodeId) -> Option<(Root, Vec<String>)> {
        let mut names = Vec::new();
        let mut kind = self.kind(node);
        while let Some(object) = member_object(kind) {
            names.push(member_name(kind)?.into_owned());
            kind = AstKind::from_expression(bare(object));
        }
        names.reverse();
        let root = match kind {
            AstKind::IdentifierReference(identifier) => {
                match self.symbol_of_reference(identifier) {
                    Some(symbol) => Root::Symbol(symbol),
                    None => Root::Undeclared(identifier.name.to_string()),
                }
            }
            AstKind::ThisExpression(this) => match self.owner_at(this.node_id.get())? {
                Owner::Instance(class) => Root::Instance(self.family(class)),
                Owner::Class(class) => Root::Symbol(self.symbol_of_class(class)?),
                Owner::Object(symbol) => Root::Symbol(symbol),
            },
            _ => return None,
        };
        Some((root, names))
    }

    fn symbol_of_class(&self, class: NodeId) -> Option<oxc_semantic::SymbolId> {
        let AstKind::Class(node) = self.kind(class) else {
            return None;
        };
        if let Some(id) = &node.id {
            return id.symbol_id.get();
        }
        match self.kind(self.parent_past_wrappers(class)?) {
            AstKind::VariableDeclarator(declarator) => {
                declarator.id.get_binding_identifier()?.symbol_id.get()
            }
            _ => None,
        }
    }

    /// The function in this file that a callee names: `f`, `this.m`, `api.m`, `f.bind(…)`.
    pub(crate) fn callee_node(&self, callee: &Expression<'a>) -> Option<NodeId> {
        if let Some(function) = self.callable(callee) {
            return Some(function);
        }
        let callee = bare(callee);
        let member = callee.as_member_expression()?;
        if matches!(
            member.static_property_name(),
            Some("call" | "apply" | "bind")
        ) {
            return self.callee_node(member.object());
        }
        let node = AstKind::from_expression(callee).node_id();
        let name = member_name(self.kind(node))?;
        match bare(member.object()) {
            Expression::ThisExpression(this) => match self.owner_at(this.node_id.get())? {
                Owner::Instance(owner) | Owner::Class(owner) => self
                    .family(owner)
                    .into_iter()
                    .find_map(|owner| self.method(owner, &name)),
                Owner::Object(_) => None,
            },
            object => {
                let symbol = self.symbol_of(object)?;
                let declaration = self.scoping().symbol_declaration(symbol);
                let AstKind::VariableDeclarator(declarator) = self.kind(declaration) else {
                    return self.method(declaration, &name);
                };
                match bare(declarator.init.as_ref()?) {
                    Expression::ObjectExpression(literal) => {
                        self.method(literal.node_id.get(), &name)
                    }
                    Expression::NewExpression(new) => {
                        self.method(self.callable(&new.callee)?, &name)
                    }
                    _ => None,
                }
            }
        }
    }

    /// The function of that name in a class body, an object literal, or on a prototype.
    pub(crate) fn method(&self, owner: NodeId, name: &str) -> Option<NodeId> {
        match self.kind(owner) {
            AstKind::Class(class) => class.body.body.iter().find_map(|element| match element {
                ClassElement::MethodDefinition(method)
                    if key_name(&method.key).as_deref() == Some(name) =>
                {
                    Some(method.value.node_id.get())
                }
                ClassElement::PropertyDefinition(field)
                    if key_name(&field.key).as_deref() == Some(name) =>
                {
                    self.callable(field.value.as_ref()?)
                }
                _ => None,
            }),
            AstKind::ObjectExpression(literal) => {
                literal
                    .properties
                    .iter()
                    .find_map(|property| match property {
                        ObjectPropertyKind::ObjectProperty(property)
                            if key_name(&property.key).as_deref() == Some(name) =>
                        {
                            self.callable(&property.value)
                        }
                        _ => None,
                    })
            }
            AstKind::Function(_) => self.prototype_method(owner, name),
            _ => None,
        }
    }

    fn prototype_method(&self, owner: NodeId, name: &str) -> Option<NodeId> {
        self.nodes().iter().find_map(|node| {
            let function = match node.kind() {
                AstKind::AssignmentExpression(assignment) => {
                    let AssignmentTarget::StaticMemberExpression(member) = &assignment.left else {
                        return None;
                    };
                    if member.property.name.as_str() != name {
                        return None;
                    }
                    self.callable(&assignment.right)?
                }
                AstKind::ObjectProperty(property)
                    if key_name(&property.key).as_deref() == Some(name) =>
                {
                    self.callable(&property.value)?
                }
                _ => return None,
            };
            let is_its = self.is_function_of(function, owner);
            is_its.then_some(function)
        })
    }

    /// Whether `this` in the function is an instance of the owner.
    fn is_function_of(&self, function: NodeId, owner: NodeId) -> bool {
        let Some(body) = self.nodes().iter().find(|node| {
            self.parent(node.id()) == Some(function)
                && matches!(node.kind(), AstKind::FunctionBody(_))
        }) else {
            return false;
        };
        self.owner_at(body.id()) == Some(Owner::Instance(owner))
    }

    /// All calls in the file that run this function.
    pub(crate) fn calls_of(&self, function: NodeId) -> Vec<NodeId> {
        let mut calls = Vec::new();
        for node in self.nodes().iter() {
            if let AstKind::CallExpression(call) = node.kind()
                && self.callee_node(&call.callee) == Some(function)
            {
                calls.push(node.id());
            }
        }
        calls
    }
}
