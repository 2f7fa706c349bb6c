//! A holder into the place that declares it and what it starts with.

use oxc_ast::ast::{BindingPattern, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};

use crate::function::FunctionRef;
use crate::holder::{HolderRef, Pattern, Root};
use crate::initializer::Initializer;
use crate::parse::ParsedSource;
use crate::text::Extent;
use crate::tree::{Tree, argument, bare, literal_text, member_name, target_node};

/// Where a holder is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The holder's name there: what a report points at.
    pub name: Extent,
    /// The whole declarator, field, property or assignment.
    pub extent: Extent,
    /// What it starts with.
    pub initializer: Initializer,
    /// The declaration on one line, cut when long.
    pub text: String,
    /// The function around it; `None` for a module's variable and for a field definition.
    pub function: Option<FunctionRef>,
}

impl ParsedSource<'_> {
    /// Where the holder is declared. For a field: its definition, else the first assignment in
    /// the constructor, else any. For a property: the object literal's, else the first assignment.
    /// `None` when the script does not declare it.
    pub fn declaration(&self, holder: &HolderRef) -> Option<Declaration> {
        self.patterns(holder)
            .iter()
            .find_map(|pattern| self.tree.declaration(pattern))
    }
}

impl ParsedSource<'_> {
    /// Where a property is given to an object that comes from elsewhere: `app.locals.seen = {}`, fastify's
    /// `app.decorate('seen', {})`, `Object.defineProperty(app, 'seen', …)`. Only the names tell that it is this one.
    pub fn given_property(&self, holder: &HolderRef) -> Option<Declaration> {
        let HolderRef::Property { name, .. } = holder else {
            return None;
        };
        let assigned = holder
            .by_name()
            .and_then(|pattern| self.tree.declaration(&pattern));
        assigned.or_else(|| self.tree.defined_property(name))
    }
}

/// A declaring node with the span of the name in it and the initial value.
struct Found<'b, 'a> {
    node: NodeId,
    name: Span,
    value: Value<'b, 'a>,
}

enum Value<'b, 'a> {
    Expression(&'b Expression<'a>),
    Known(Initializer),
}

impl<'a> Tree<'a> {
    fn declaration(&self, pattern: &Pattern) -> Option<Declaration> {
        let found = match (&pattern.root, pattern.path.split_last()) {
            (Root::Symbol(symbol), None) => self.declaration_of_symbol(*symbol)?,
            (Root::Instance(owners), Some((name, []))) => self
                .field_definition(owners, name)
                .or_else(|| self.first_assignment(pattern, Some(owners)))
                .or_else(|| self.first_assignment(pattern, None))?,
            _ => self
                .literal_property(pattern)
                .or_else(|| self.first_assignment(pattern, None))?,
        };
        Some(self.declared(&found))
    }

    fn declared(&self, found: &Found<'_, 'a>) -> Declaration {
        let span = self.span(found.node);
        Declaration {
            name: self.extent(found.name),
            extent: self.extent(span),
            initializer: match &found.value {
                Value::Expression(value) => self.initializer(value),
                Value::Known(initializer) => initializer.clone(),
            },
            text: self.brief(span),
            function: match self.kind(found.node) {
                AstKind::PropertyDefinition(_) => None,
                _ => self
                    .function_around(found.node)
                    .map(|f| self.function_ref(f)),
            },
        }
    }

    /// The call that gives an object a property by its name.
    fn defined_property(&self, name: &str) -> Option<Declaration> {
        self.nodes_of([AstType::CallExpression]).find_map(|node| {
            let AstKind::CallExpression(call) = node.kind() else {
                return None;
            };
            let method = bare(&call.callee)
                .as_member_expression()?
                .static_property_name()?;
            let at = match method {
                "decorate" | "decorateRequest" | "decorateReply" => 0,
                "defineProperty" => 1,
                _ => return None,
            };
            let key = argument(&call.arguments, at)?;
            if literal_text(key) != Some(name) {
                return None;
            }
            let value = argument(&call.arguments, at + 1).filter(|_| at == 0);
            Some(self.declared(&Found {
                node: node.id(),
                name: key.span(),
                value: match value {
                    Some(value) => Value::Expression(value),
                    None => Value::Known(Initializer::Other),
                },
            }))
        })
    }

    fn declaration_of_symbol(&self, symbol: SymbolId) -> Option<Found<'a, 'a>> {
        let node = self.scoping().symbol_declaration(symbol);
        let name = self.scoping().symbol_span(symbol);
        let value = match self.kind(node) {
            AstKind::VariableDeclarator(declarator) => match &declarator.init {
                Some(init) if matches!(declarator.id, BindingPattern::BindingIdentifier(_)) => {
                    Value::Expression(init)
                }
                // A destructured import is still an import.
                Some(_) => Value::Known(
                    self.import_of_symbol(symbol)
                        .map_or(Initializer::Other, |(module, _)| Initializer::Import {
                            module,
                        }),
                ),
                None => match self.first_value(symbol) {
                    Some(value) => Value::Expression(value),
                    None => Value::Known(Initializer::Nothing),
                },
            },
            AstKind::Function(_) | AstKind::Class(_) => Value::Known(Initializer::Code),
            AstKind::FormalParameter(_) | AstKind::FormalParameterRest(_) => {
                Value::Known(Initializer::Parameter)
            }
            _ => Value::Known(
                self.import_of_symbol(symbol)
                    .map_or(Initializer::Other, |(module, _)| Initializer::Import {
                        module,
                    }),
            ),
        };
        Some(Found { node, name, value })
    }

    /// The first value assigned to a variable that is declared without one.
    pub(crate) fn first_value(&self, symbol: SymbolId) -> Option<&'a Expression<'a>> {
        self.references(symbol).into_iter().find_map(|reference| {
            match self.kind(self.parent(reference)?) {
                AstKind::AssignmentExpression(assignment)
                    if target_node(&assignment.left) == Some(reference) =>
                {
                    Some(&assignment.right)
                }
                _ => None,
            }
        })
    }

    fn field_definition(&self, owners: &[NodeId], name: &str) -> Option<Found<'a, 'a>> {
        self.nodes_of([
            AstType::PropertyDefinition,
            AstType::AccessorProperty,
            AstType::FormalParameter,
        ])
        .find_map(|node| {
            let (key, value) = match node.kind() {
                // A class has each private name once, be it for itself or for its instances.
                AstKind::PropertyDefinition(field)
                    if (!field.r#static || name.starts_with('#')) && !field.declare =>
                {
                    (&field.key, &field.value)
                }
                AstKind::AccessorProperty(field) if !field.r#static => (&field.key, &field.value),
                AstKind::FormalParameter(parameter) => {
                    return self.parameter_property(node.id(), parameter, owners, name);
                }
                _ => return None,
            };
            let class = self.class_around(node.id())?;
            let its = owners.is_empty() || owners.contains(&class);
            if !its || self.key_name(key).as_deref() != Some(name) {
                return None;
            }
            let value = match value {
                Some(value) => Value::Expression(value),
                // TypeScript declares the field here and fills it in the constructor.
                None => match self.assigned_in(&[class], name) {
                    Some(value) => Value::Expression(value),
                    None => Value::Known(Initializer::Nothing),
                },
            };
            Some(Found {
                node: node.id(),
                name: key.span(),
                value,
            })
        })
    }

    /// `constructor(private readonly items: Item[] = [])`
    fn parameter_property(
        &self,
        node: NodeId,
        parameter: &'a oxc_ast::ast::FormalParameter<'a>,
        owners: &[NodeId],
        name: &str,
    ) -> Option<Found<'a, 'a>> {
        if !parameter.has_modifier() {
            return None;
        }
        let identifier = parameter.pattern.get_binding_identifier()?;
        let class = self.class_around(node)?;
        let its = owners.is_empty() || owners.contains(&class);
        (its && identifier.name == name).then_some(Found {
            node,
            name: identifier.span,
            value: match parameter.initializer.as_deref() {
                Some(value) => Value::Expression(value),
                None => Value::Known(Initializer::Parameter),
            },
        })
    }

    fn assigned_in(&self, owners: &[NodeId], name: &str) -> Option<&'a Expression<'a>> {
        let pattern = Pattern::whole(Root::Instance(owners.to_vec()), vec![name.to_string()]);
        let node = self.assignments(&pattern).into_iter().next()?;
        match self.kind(node) {
            AstKind::AssignmentExpression(assignment) => Some(&assignment.right),
            _ => None,
        }
    }

    /// The first assignment to the pattern; with owners, only in their constructors.
    fn first_assignment(
        &self,
        pattern: &Pattern,
        owners: Option<&[NodeId]>,
    ) -> Option<Found<'a, 'a>> {
        let constructors: Option<Vec<NodeId>> = owners.map(|owners| {
            owners
                .iter()
                .filter_map(|owner| self.constructor_of(*owner))
                .collect()
        });
        self.assignments(pattern).into_iter().find_map(|node| {
            let AstKind::AssignmentExpression(assignment) = self.kind(node) else {
                return None;
            };
            if let Some(constructors) = &constructors
                && !self
                    .function_around(node)
                    .is_some_and(|f| constructors.contains(&f))
            {
                return None;
            }
            Some(Found {
                node,
                name: name_span(&assignment.left),
                value: Value::Expression(&assignment.right),
            })
        })
    }

    /// The assignments whose target the pattern matches, in the order of the text.
    fn assignments(&self, pattern: &Pattern) -> Vec<NodeId> {
        crate::places::uses(self, vec![pattern.clone()])
            .iter()
            .filter(|found| found.level == crate::holder::Level::Whole)
            .filter_map(|found| {
                let parent = self.parent(found.node)?;
                match self.kind(parent) {
                    AstKind::AssignmentExpression(assignment)
                        if target_node(&assignment.left) == Some(found.node) =>
                    {
                        Some(parent)
                    }
                    _ => None,
                }
            })
            .collect()
    }

    /// The property in the object literal (or static field of the class) the path leads to.
    fn literal_property(&self, pattern: &Pattern) -> Option<Found<'a, 'a>> {
        let (first, rest) = pattern.path.split_first()?;
        let object = Pattern::whole(pattern.root.clone(), vec![]);
        if let Root::Symbol(symbol) = &pattern.root {
            let declaration = self.callable_of_symbol(*symbol);
            if let (Some(class), []) = (declaration, rest)
                && let Some(found) = self.static_field(class, first)
            {
                return Some(found);
            }
            let init = match self.kind(self.scoping().symbol_declaration(*symbol)) {
                AstKind::VariableDeclarator(declarator) => declarator.init.as_ref(),
                _ => None,
            };
            if let Some(found) = init.and_then(|init| self.property_in(init, &pattern.path)) {
                return Some(found);
            }
        }
        // `exports = { items: [] }`, `state = { items: [] }` after the declaration.
        let mut prefixes = vec![(object, &pattern.path[..])];
        if !rest.is_empty() {
            let object = Pattern::whole(pattern.root.clone(), vec![first.clone()]);
            prefixes.push((object, rest));
        }
        prefixes.into_iter().find_map(|(object, path)| {
            self.assignments(&object)
                .into_iter()
                .find_map(|node| match self.kind(node) {
                    AstKind::AssignmentExpression(assignment) => {
                        self.property_in(&assignment.right, path)
                    }
                    _ => None,
                })
        })
    }

    fn property_in(&self, value: &'a Expression<'a>, path: &[String]) -> Option<Found<'a, 'a>> {
        let (first, rest) = path.split_first()?;
        let Expression::ObjectExpression(literal) = bare(value) else {
            return None;
        };
        let property = literal.properties.iter().find_map(|property| {
            property
                .as_property()
                .filter(|property| self.key_name(&property.key).as_deref() == Some(first.as_str()))
        })?;
        if !rest.is_empty() {
            return self.property_in(&property.value, rest);
        }
        Some(Found {
            node: property.node_id.get(),
            name: property.key.span(),
            value: Value::Expression(&property.value),
        })
    }

    fn static_field(&self, class: NodeId, name: &str) -> Option<Found<'a, 'a>> {
        self.nodes_of([AstType::PropertyDefinition])
            .find_map(|node| match node.kind() {
                AstKind::PropertyDefinition(field)
                    if field.r#static
                        && self.class_around(node.id()) == Some(class)
                        && self.key_name(&field.key).as_deref() == Some(name) =>
                {
                    Some(Found {
                        node: node.id(),
                        name: field.key.span(),
                        value: match &field.value {
                            Some(value) => Value::Expression(value),
                            None => Value::Known(Initializer::Nothing),
                        },
                    })
                }
                _ => None,
            })
    }
}

/// The span of the property's name in a member target, else all of it.
fn name_span(target: &oxc_ast::ast::AssignmentTarget<'_>) -> Span {
    match target {
        oxc_ast::ast::AssignmentTarget::StaticMemberExpression(member) => member.property.span,
        oxc_ast::ast::AssignmentTarget::PrivateFieldExpression(member) => member.field.span,
        target => target.span(),
    }
}

/// Whether the member's name is the one given; spares callers the borrowed text.
pub(crate) fn is_named(kind: AstKind<'_>, name: &str) -> bool {
    member_name(kind).as_deref() == Some(name)
}
