//! A `this` into the class, constructor function or object literal it belongs to.

use oxc_ast::AstKind;
use oxc_ast::ast::{AssignmentTarget, BindingPattern, Expression, MethodDefinitionKind};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;

use crate::tree::{Tree, argument, bare, member_name, member_object};

/// What `this` is inside some code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// An instance of this class or constructor function, or this object literal.
    Instance(NodeId),
    /// This class itself: static methods, fields and blocks.
    Class(NodeId),
    /// The object in this variable: `api.add = function () { this… }`.
    Object(SymbolId),
}

impl<'a> Tree<'a> {
    /// Whose `this` it is at a node; `None` at module level.
    pub(crate) fn owner_at(&self, node: NodeId) -> Option<Owner> {
        let mut child = node;
        while let Some(parent) = self.parent(child) {
            match self.kind(parent) {
                AstKind::Function(_) if !self.is_bound_to_outer_this(parent) => {
                    return Some(self.owner_of_function(parent));
                }
                AstKind::PropertyDefinition(field) if field.key.span() != self.span(child) => {
                    let class = self.class_around(parent)?;
                    return Some(if field.r#static {
                        Owner::Class(class)
                    } else {
                        Owner::Instance(class)
                    });
                }
                AstKind::StaticBlock(_) => return Some(Owner::Class(self.class_around(parent)?)),
                _ => child = parent,
            }
        }
        None
    }

    /// Whether the `this` at a node is whatever a function that was handed over is called on: `app.get('/', function () {
    /// this… })`.
    pub(crate) fn is_given_this(&self, node: NodeId) -> bool {
        let Some(Owner::Instance(function)) = self.owner_at(node) else {
            return false;
        };
        let handed_to = self
            .parent_past_wrappers(function)
            .map(|node| self.kind(node));
        matches!(self.kind(function), AstKind::Function(_))
            && matches!(handed_to, Some(AstKind::CallExpression(_)))
    }

    /// The innermost class around a node.
    pub(crate) fn class_around(&self, node: NodeId) -> Option<NodeId> {
        self.nodes()
            .ancestor_ids(node)
            .find(|id| matches!(self.kind(*id), AstKind::Class(_)))
    }

    fn is_bound_to_outer_this(&self, function: NodeId) -> bool {
        let Some(member) = self.parent_past_wrappers(function) else {
            return false;
        };
        if member_name(self.kind(member)).as_deref() != Some("bind") {
            return false;
        }
        let call = self.parent(member).map(|call| self.kind(call));
        matches!(call, Some(AstKind::CallExpression(call))
            if matches!(argument(&call.arguments, 0).map(bare), Some(Expression::ThisExpression(_))))
    }

    /// The parent, not counting parentheses and TypeScript wrappers.
    pub(crate) fn parent_past_wrappers(&self, node: NodeId) -> Option<NodeId> {
        self.nodes().ancestor_ids(node).find(|id| {
            !matches!(
                self.kind(*id),
                AstKind::ParenthesizedExpression(_)
                    | AstKind::TSAsExpression(_)
                    | AstKind::TSSatisfiesExpression(_)
                    | AstKind::TSNonNullExpression(_)
                    | AstKind::TSTypeAssertion(_)
                    | AstKind::ChainExpression(_)
            )
        })
    }

    pub(crate) fn owner_of_function(&self, function: NodeId) -> Owner {
        let itself = Owner::Instance(function);
        let Some(parent) = self.parent_past_wrappers(function) else {
            return itself;
        };
        match self.kind(parent) {
            AstKind::MethodDefinition(method) => match self.class_around(parent) {
                Some(class) if method.r#static => Owner::Class(class),
                Some(class) => Owner::Instance(class),
                None => itself,
            },
            AstKind::ObjectProperty(_) => self.owner_of_literal(parent).unwrap_or(itself),
            AstKind::AssignmentExpression(assignment) => {
                self.owner_of_assigned(&assignment.left).unwrap_or(itself)
            }
            _ => itself,
        }
    }

    /// `F.prototype.m = function…` belongs to F, `api.m = function…` to the variable `api`.
    fn owner_of_assigned(&self, target: &AssignmentTarget<'a>) -> Option<Owner> {
        let object = match target {
            AssignmentTarget::StaticMemberExpression(member) => &member.object,
            AssignmentTarget::ComputedMemberExpression(member) => &member.object,
            _ => return None,
        };
        if let Some(constructor) = self.constructor_of_prototype(object) {
            return Some(Owner::Instance(constructor));
        }
        match bare(object) {
            Expression::ThisExpression(this) => self.owner_at(this.node_id.get()),
            object => {
                let symbol = self.symbol_of(object)?;
                // `var proto = F.prototype; proto.m = function…`
                let declared = self.kind(self.scoping().symbol_declaration(symbol));
                if let AstKind::VariableDeclarator(declarator) = declared
                    && let Some(init) = &declarator.init
                    && let Some(constructor) = self.constructor_of_prototype(init)
                {
                    return Some(Owner::Instance(constructor));
                }
                Some(Owner::Object(symbol))
            }
        }
    }

    /// `F.prototype = { m() {} }` and `Object.assign(F.prototype, { m() {} })` belong to F, other
    /// literals to themselves.
    fn owner_of_literal(&self, property: NodeId) -> Option<Owner> {
        let literal = self.parent(property)?;
        let itself = Some(Owner::Instance(literal));
        let Some(parent) = self.parent_past_wrappers(literal) else {
            return itself;
        };
        let prototype = match self.kind(parent) {
            AstKind::AssignmentExpression(assignment) => assignment
                .left
                .as_member_expression()
                .filter(|member| member.static_property_name() == Some("prototype"))
                .and_then(|member| self.callable(member.object())),
            AstKind::CallExpression(call) => {
                argument(&call.arguments, 0).and_then(|first| self.constructor_of_prototype(first))
            }
            _ => None,
        };
        prototype.map(Owner::Instance).or(itself)
    }

    /// The function or class F of `F.prototype`.
    fn constructor_of_prototype(&self, expression: &Expression<'a>) -> Option<NodeId> {
        let member = bare(expression).as_member_expression()?;
        if member.static_property_name() != Some("prototype") {
            return None;
        }
        self.callable(member.object())
    }

    /// Classes and constructor functions of that name, in the order of the text.
    pub(crate) fn classes_named(&self, name: &str) -> Vec<NodeId> {
        self.callables()
            .iter()
            .copied()
            .filter(|id| match self.kind(*id) {
                AstKind::Class(_) | AstKind::Function(_) => {
                    self.own_or_assigned_name(*id).as_deref() == Some(name)
                }
                _ => false,
            })
            .collect()
    }

    /// The class with the constructor at this function node, or the function itself.
    pub(crate) fn class_of_constructor(&self, function: NodeId) -> NodeId {
        let method = self.parent(function).map(|parent| self.kind(parent));
        match method {
            Some(AstKind::MethodDefinition(_)) => self.class_around(function).unwrap_or(function),
            _ => function,
        }
    }

    /// The class's constructor, or the constructor function itself.
    pub(crate) fn constructor_of(&self, owner: NodeId) -> Option<NodeId> {
        match self.kind(owner) {
            AstKind::Class(class) => class.body.body.iter().find_map(|element| match element {
                oxc_ast::ast::ClassElement::MethodDefinition(method)
                    if method.kind == MethodDefinitionKind::Constructor =>
                {
                    Some(method.value.node_id.get())
                }
                _ => None,
            }),
            AstKind::Function(_) => Some(owner),
            _ => None,
        }
    }

    /// The class with those it extends and those that extend it in this file: they share fields.
    pub(crate) fn family(&self, owner: NodeId) -> Vec<NodeId> {
        let links = self.bases();
        let mut family = vec![owner];
        let mut base = owner;
        while let Some((_, next)) = links.iter().find(|(derived, _)| *derived == base)
            && !family.contains(next)
        {
            family.push(*next);
            base = *next;
        }
        let mut derived = vec![owner];
        while let Some(class) = derived.pop() {
            for (next, _) in links.iter().filter(|(_, base)| *base == class) {
                if !family.contains(next) {
                    family.push(*next);
                    derived.push(*next);
                }
            }
        }
        family
    }

    /// A function's or class's own name, else that of the variable, property or key it is put in.
    pub(crate) fn own_or_assigned_name(&self, node: NodeId) -> Option<String> {
        let own = match self.kind(node) {
            AstKind::Function(function) => function.name(),
            AstKind::Class(class) => class.name(),
            _ => None,
        };
        match own {
            Some(own) => Some(own.to_string()),
            None => self.assigned_name(node),
        }
    }

    /// The name of the variable, property or key a value is put in.
    pub(crate) fn assigned_name(&self, node: NodeId) -> Option<String> {
        let parent = self.parent_past_wrappers(node)?;
        match self.kind(parent) {
            AstKind::VariableDeclarator(declarator) => match &declarator.id {
                BindingPattern::BindingIdentifier(identifier) => Some(identifier.name.to_string()),
                _ => None,
            },
            AstKind::MethodDefinition(method) => {
                crate::tree::key_name(&method.key).map(|name| name.into_owned())
            }
            AstKind::PropertyDefinition(field) => {
                crate::tree::key_name(&field.key).map(|name| name.into_owned())
            }
            AstKind::ObjectProperty(property) => {
                crate::tree::key_name(&property.key).map(|name| name.into_owned())
            }
            AstKind::AssignmentExpression(assignment) => {
                let target = crate::tree::target_node(&assignment.left)?;
                match self.kind(target) {
                    AstKind::IdentifierReference(identifier) => Some(identifier.name.to_string()),
                    kind if member_object(kind).is_some() => {
                        self.member_name(kind).map(|name| name.into_owned())
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
