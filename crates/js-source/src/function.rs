//! A position into the function V8 means by it.

use oxc_ast::ast::{BindingPattern, Expression, MethodDefinitionKind};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;

use crate::parse::ParsedSource;
use crate::text::{Extent, Position};
use crate::tree::{Tree, is_function, key_name};

/// What sort of function it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FunctionKind {
    /// A declaration or expression with the word `function`.
    Function,
    /// An arrow function.
    Arrow,
    /// A method of a class or an object literal.
    Method,
    /// A getter or setter.
    Accessor,
    /// A class's constructor.
    Constructor,
}

/// A function's name and place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FunctionRef {
    /// Its own name, else that of the variable, property, field or method it is the value of.
    pub name: Option<String>,
    /// The class it is a method of.
    pub class: Option<String>,
    /// Where V8 says it is: its parameter list, or the start of an arrow function.
    pub position: Position,
    /// All of its text.
    pub extent: Extent,
}

impl FunctionRef {
    /// `Class.name`, `name`, or `(anonymous)`.
    pub fn label(&self) -> String {
        let name = self.name.as_deref().unwrap_or("(anonymous)");
        match &self.class {
            Some(class) => format!("{class}.{name}"),
            None => name.to_string(),
        }
    }
}

/// A function with its surroundings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionInfo {
    /// Its name and place.
    pub function: FunctionRef,
    /// What sort of function it is.
    pub kind: FunctionKind,
    /// The names its parameters bind, in order.
    pub parameters: Vec<String>,
    /// The functions around it, innermost first.
    pub enclosing: Vec<FunctionRef>,
}

impl ParsedSource<'_> {
    /// The function at the place V8 gives for it, else the innermost around that position; `None`
    /// at module level.
    pub fn function_at(&self, position: Position) -> Option<FunctionInfo> {
        let tree = &self.tree;
        let function = tree.function_node_at(position)?;
        let parameters = tree
            .parameters(function)
            .into_iter()
            .flat_map(|parameters| parameters.iter_bindings())
            .flat_map(BindingPattern::get_binding_identifiers)
            .map(|identifier| identifier.name.to_string())
            .collect();
        let enclosing = tree
            .nodes()
            .ancestor_ids(function)
            .filter(|id| is_function(tree.kind(*id)))
            .map(|id| tree.function_ref(id))
            .collect();
        Some(FunctionInfo {
            function: tree.function_ref(function),
            kind: tree.function_kind(function),
            parameters,
            enclosing,
        })
    }
}

impl<'a> ParsedSource<'a> {
    /// The expressions that a function returns, in the order of the text; without those of the functions inside it.
    pub fn results_of(&self, function: NodeId) -> Vec<&'a Expression<'a>> {
        let tree = &self.tree;
        if let AstKind::ArrowFunctionExpression(arrow) = tree.kind(function)
            && let Some(value) = arrow.body.as_expression()
        {
            return vec![value];
        }
        let within = tree.span(function);
        let returned = tree
            .nodes_of([AstType::ReturnStatement])
            .filter_map(|node| match node.kind() {
                AstKind::ReturnStatement(returned) if within.contains_inclusive(returned.span) => {
                    let value = returned.argument.as_ref()?;
                    (tree.function_around(node.id()) == Some(function)).then_some(value)
                }
                _ => None,
            });
        returned.collect()
    }
}

impl ParsedSource<'_> {
    /// Name and place of the function at a node.
    pub fn function_ref(&self, function: NodeId) -> FunctionRef {
        self.tree.function_ref(function)
    }

    /// The name of the class, or constructor function, whose instances V8 places here.
    pub fn class_at(&self, position: Position) -> Option<String> {
        let class = self.tree.owner_with_constructor_at(position)?;
        self.tree.own_or_assigned_name(class)
    }
}

impl<'a> Tree<'a> {
    /// The function node V8 places there, else the innermost around the position.
    pub(crate) fn function_node_at(&self, position: Position) -> Option<NodeId> {
        let offset = self.source.offset(position)?;
        let mut around: Option<NodeId> = None;
        for node in self.callables() {
            if !is_function(self.kind(*node)) {
                continue;
            }
            let span = self.span(*node);
            // Of functions that start alike, as in `a => b => c`, V8 tells them apart exactly.
            if self.function_start(*node) == offset {
                return Some(*node);
            }
            // Nodes come parents first: a later one around the offset lies deeper.
            if span.start <= offset && offset < span.end {
                around = Some(*node);
            }
        }
        around
    }

    /// A function's name and place; for a field definition, those of its initialiser, of which V8
    /// makes a function too.
    pub(crate) fn function_ref(&self, function: NodeId) -> FunctionRef {
        let kind = self.kind(function);
        let parent = self.parent(function).map(|parent| self.kind(parent));
        let is_member = matches!(kind, AstKind::PropertyDefinition(_))
            || matches!(
                parent,
                Some(AstKind::MethodDefinition(_) | AstKind::PropertyDefinition(_))
            );
        let class = if is_member {
            self.class_around(function)
                .and_then(|class| self.own_or_assigned_name(class))
        } else {
            None
        };
        FunctionRef {
            name: match kind {
                AstKind::PropertyDefinition(field) => {
                    key_name(&field.key).map(|name| name.into_owned())
                }
                _ => self.own_or_assigned_name(function),
            },
            class,
            position: self.position(self.function_start(function)),
            extent: self.extent(self.span(function)),
        }
    }

    fn function_kind(&self, function: NodeId) -> FunctionKind {
        if matches!(self.kind(function), AstKind::ArrowFunctionExpression(_)) {
            return FunctionKind::Arrow;
        }
        match self.parent(function).map(|parent| self.kind(parent)) {
            Some(AstKind::MethodDefinition(method)) => match method.kind {
                MethodDefinitionKind::Constructor => FunctionKind::Constructor,
                MethodDefinitionKind::Method => FunctionKind::Method,
                MethodDefinitionKind::Get | MethodDefinitionKind::Set => FunctionKind::Accessor,
            },
            Some(AstKind::ObjectProperty(property)) => match property.kind {
                oxc_ast::ast::PropertyKind::Init if property.method => FunctionKind::Method,
                oxc_ast::ast::PropertyKind::Init => FunctionKind::Function,
                _ => FunctionKind::Accessor,
            },
            _ => FunctionKind::Function,
        }
    }
}
