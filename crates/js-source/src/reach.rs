//! Members and calls into what they reach: the root of a member chain, the function a call runs.

use oxc_ast::ast::{ClassElement, Expression, ObjectPropertyKind};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::holder::Root;
use crate::owner::Owner;
use crate::tree::{Tree, bare, is_function, key_name, member_object};

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
            names.push(self.member_name(kind)?.into_owned());
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
        let name = self.member_name(self.kind(node))?;
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
        let methods = self.index().prototype_methods.get(&owner)?;
        let found = methods.iter().find(|(method, _)| method == name);
        found.map(|(_, function)| *function)
    }

    /// All calls in the file that run this function, in the order of the text.
    pub(crate) fn calls_of(&self, function: NodeId) -> &[NodeId] {
        let calls = self.calls.get_or_init(|| {
            let mut calls: FxHashMap<NodeId, Vec<NodeId>> = FxHashMap::default();
            for node in self.nodes_of([AstType::CallExpression]) {
                if let AstKind::CallExpression(call) = node.kind()
                    && let Some(callee) = self.callee_node(&call.callee)
                {
                    calls.entry(callee).or_default().push(node.id());
                }
            }
            calls
        });
        calls.get(&function).map_or(&[], Vec::as_slice)
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| self.build_index())
    }

    fn build_index(&self) -> Index {
        let mut index = Index::default();
        for node in self.nodes_of([
            AstType::Class,
            AstType::ThisExpression,
            AstType::Function,
            AstType::NewExpression,
            AstType::StaticMemberExpression,
            AstType::PrivateFieldExpression,
            AstType::ComputedMemberExpression,
        ]) {
            match node.kind() {
                AstKind::Class(class) => {
                    if let Some(base) = class.heritage_expression().and_then(|h| self.callable(h)) {
                        index.bases.push((node.id(), base));
                    }
                }
                AstKind::ThisExpression(_) => {
                    if let Some(owner) = self.owner_at(node.id()) {
                        let of_owner = index.this_nodes.entry(owner).or_default();
                        of_owner.push(node.id());
                    }
                }
                AstKind::Function(function) if function.is_expression() => {
                    if let Owner::Instance(owner) = self.owner_of_function(node.id())
                        && owner != node.id()
                        && matches!(self.kind(owner), AstKind::Function(_))
                        && let Some(name) = self.own_or_assigned_name(node.id())
                    {
                        let name = self.assigned_name(node.id()).unwrap_or(name);
                        let methods = index.prototype_methods.entry(owner).or_default();
                        methods.push((name, node.id()));
                    }
                }
                AstKind::NewExpression(new) => {
                    let class = self.callable(&new.callee);
                    index.constructions.push((node.id(), class));
                }
                kind if member_object(kind).is_some() => {
                    if let Some(name) = self.member_name(kind) {
                        index
                            .members
                            .entry(name.into_owned())
                            .or_default()
                            .push(node.id());
                    }
                }
                _ => {}
            }
        }
        index
    }

    /// All members of that name, a private one with its `#`, in the order of the text.
    pub(crate) fn members_named(&self, name: &str) -> &[NodeId] {
        self.index().members.get(name).map_or(&[], Vec::as_slice)
    }

    /// All places where something is constructed, in the order of the text, with the class where it is in the file.
    pub(crate) fn constructions(&self) -> &[(NodeId, Option<NodeId>)] {
        &self.index().constructions
    }

    /// The classes with those they extend, where both are in the file.
    pub(crate) fn bases(&self) -> &[(NodeId, NodeId)] {
        &self.index().bases
    }

    /// Each `this` in the file that is one of these, in the order of the text.
    pub(crate) fn this_of(&self, owners: impl IntoIterator<Item = Owner>) -> Vec<NodeId> {
        let index = &self.index().this_nodes;
        let mut seen = FxHashSet::default();
        let owners = owners.into_iter().filter(|owner| seen.insert(*owner));
        let mut nodes: Vec<NodeId> = owners
            .filter_map(|owner| index.get(&owner))
            .flatten()
            .copied()
            .collect();
        nodes.sort_unstable();
        nodes
    }

    /// Each `this` in the file that is an instance of anything, in the order of the text.
    pub(crate) fn this_of_instances(&self) -> Vec<NodeId> {
        let owners = self.index().this_nodes.keys().copied();
        self.this_of(owners.filter(|owner| matches!(owner, Owner::Instance(_))))
    }

    /// All functions and classes of the file, in the order of the text.
    pub(crate) fn callables(&self) -> &[NodeId] {
        self.callables.get_or_init(|| {
            let nodes = self.nodes_of([
                AstType::Class,
                AstType::Function,
                AstType::ArrowFunctionExpression,
            ]);
            let found = nodes.filter(|node| match node.kind() {
                AstKind::Class(_) => true,
                kind => is_function(kind),
            });
            found.map(|node| node.id()).collect()
        })
    }
}

/// What is gathered in one pass over a file, because questions ask for it again and again.
#[derive(Default)]
pub(crate) struct Index {
    members: FxHashMap<String, Vec<NodeId>>,
    /// With the class, where it is in the file.
    constructions: Vec<(NodeId, Option<NodeId>)>,
    bases: Vec<(NodeId, NodeId)>,
    this_nodes: FxHashMap<Owner, Vec<NodeId>>,
    /// The methods that a constructor function's prototype gets by assignment.
    prototype_methods: FxHashMap<NodeId, Vec<(String, NodeId)>>,
}
