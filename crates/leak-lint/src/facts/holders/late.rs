//! Containers that come late, or from a base class: variables and fields that get theirs on first use, instances of classes
//! that extend Map or Set.

use oxc_ast::AstKind;
use oxc_ast::ast::{
    AssignmentExpression, AssignmentTarget, BindingPattern, Class, Expression, FormalParameter,
    ObjectExpression,
};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;
use oxc_syntax::operator::{AssignmentOperator, LogicalOperator, UnaryOperator};
use stanch_js_source::{HolderRef, ITSELF, Value, bare};

use super::container::{container_in, container_of, key_type_of};
use super::{Access, Container, Holder, Search, lifetime};
use crate::file::File;
use crate::project::{Holder as Identity, Site};

impl<'a> Search<'_, '_, 'a> {
    /// `class Prices extends Map`, `class History extends Array`: its instances are holders, which its methods fill.
    pub(super) fn extending(&mut self, node: NodeId, class: &'a Class<'a>) {
        let file = self.file;
        let Some(base @ Expression::Identifier(name)) = class.heritage_expression() else {
            return;
        };
        let container = match name.name.as_str() {
            "Map" => Container::Map,
            "Set" => Container::Set,
            "Array" => Container::Array,
            _ => return,
        };
        let name = file.parsed.function_ref(node).name;
        if file.variable(base).is_some() {
            return;
        }
        self.add(Holder {
            reference: self.field_of(node, class.span, ITSELF.to_owned()),
            written: name.unwrap_or_else(|| ITSELF.to_owned()),
            declared: file.extent(class.id.as_ref().map_or(class.span, |id| id.span)),
            container,
            lifetime: lifetime::of_instances(file, node),
            access: Access::Private,
            identity: Some(Identity::Member(file.site(node), ITSELF.into())),
            is_table: false,
            key_type: class
                .heritage_type_arguments()
                .and_then(|given| given.params.first()),
        });
    }

    /// `let cache; … cache ??= new Map()`, `let sessions = null; function start() { sessions = new Map(); }`
    pub(super) fn given_late(&mut self, assignment: &'a AssignmentExpression<'a>) {
        let file = self.file;
        let AssignmentTarget::AssignmentTargetIdentifier(name) = &assignment.left else {
            return;
        };
        if !self.grown.contains(name.name.as_str()) {
            return;
        }
        let Some(container) = container_in(file, &assignment.right) else {
            return;
        };
        let scoping = file.parsed.semantic().scoping();
        let symbol = name
            .reference_id
            .get()
            .and_then(|reference| scoping.get_reference(reference).symbol_id());
        let Some(symbol) = symbol.filter(|symbol| self.is_at_module_level(*symbol)) else {
            return;
        };
        let node = scoping.symbol_declaration(symbol);
        let AstKind::VariableDeclarator(declarator) = file.kind(node) else {
            return;
        };
        let first = declarator.init.as_ref();
        if first.is_some_and(|first| !bare(first).is_null_or_undefined()) {
            return;
        }
        let annotation = declarator.type_annotation.as_ref();
        self.add(Holder {
            reference: HolderRef::variable(name.name.as_str()),
            written: name.name.to_string(),
            declared: file.extent(declarator.id.span()),
            container,
            lifetime: super::Lifetime::Process,
            access: self.access_of_variable(node, symbol),
            identity: self.identity(&file.parsed.value_of_variable(symbol)),
            is_table: false,
            key_type: key_type_of(annotation.map(|a| &a.type_annotation), &assignment.right),
        });
    }

    /// The class, or constructor function, whose method gives a field its container where it has none:
    /// `this.byId ??= new Map()`.
    pub(super) fn of_first_use(&self, node: NodeId) -> Option<(NodeId, oxc_span::Span)> {
        let file = self.file;
        let AstKind::AssignmentExpression(assignment) = file.kind(node) else {
            return None;
        };
        if !is_for_the_missing(file, node, assignment) {
            return None;
        }
        if let Some(class) = file.parsed.class_around(node) {
            return Some((class, file.kind(class).span()));
        }
        // `Store.prototype.put = function () { this.all = this.all || {}; }`
        let owner = file.parsed.instance_owner(node)?;
        match file.kind(owner) {
            AstKind::Function(made_by) => Some((owner, made_by.params.span)),
            _ => None,
        }
    }

    /// `this.state = { users: new Map() }`, or a field of that value: what is in it are holders of the instance.
    pub(super) fn table_of_field(
        &mut self,
        node: NodeId,
        name: &str,
        object: &'a ObjectExpression<'a>,
    ) {
        let file = self.file;
        let owner = match file.kind(node) {
            AstKind::PropertyDefinition(field) if field.r#static => None,
            AstKind::PropertyDefinition(field) => {
                let class = file.parsed.class_around(node);
                let private = if field.key.is_private_identifier() {
                    "#"
                } else {
                    ""
                };
                class.map(|class| (class, file.kind(class).span(), format!("{private}{name}")))
            }
            _ => self
                .constructed_by(node)
                .map(|(owner, start)| (owner, start, name.to_owned())),
        };
        let Some((class, start, name)) = owner else {
            return;
        };
        for property in object.properties.iter().filter_map(|it| it.as_property()) {
            let (Some(own), Some(container)) =
                (property.key.static_name(), container_of(&property.value))
            else {
                continue;
            };
            if !self.grown.contains(&*own) {
                continue;
            }
            self.add(Holder {
                reference: self
                    .field_of(class, start, name.clone())
                    .property(own.as_ref()),
                written: format!("this.{name}.{own}"),
                declared: file.extent(property.key.span()),
                container,
                lifetime: lifetime::of_instances(file, class),
                access: Access::Private,
                identity: Some(Identity::Member(
                    file.site(object.node_id.get()),
                    own.as_ref().into(),
                )),
                is_table: false,
                key_type: key_type_of(None, &property.value),
            });
        }
    }

    /// What a field gets where callers give nothing else: `constructor({ store = new Map() }) { this.store = store; }`.
    pub(super) fn default_of(&self, given: &'a Expression<'a>) -> Option<&'a Expression<'a>> {
        let file = self.file;
        let symbol = file.variable(given)?;
        let scoping = file.parsed.semantic().scoping();
        let declaration = scoping.symbol_declaration(symbol);
        let AstKind::FormalParameter(parameter) = file.kind(declaration) else {
            return None;
        };
        let (default, name) = default_in(parameter, scoping.symbol_name(symbol))?;
        let is_given = self.is_given(symbol, name.as_deref())?;
        (!is_given).then_some(default)
    }

    /// Whether somebody gives a parameter, or this part of it, or options that nobody knows.
    fn is_given(&self, symbol: SymbolId, part: Option<&str>) -> Option<bool> {
        let file = self.file;
        let mut parameter = file.parsed.parameter_of_variable(symbol)?;
        while let Value::Member(of, _) = parameter {
            parameter = *of;
        }
        let Value::Parameter(start, position) = parameter else {
            return None;
        };
        let function = Site {
            file: file.index,
            start,
        };
        let mut all = file.project.given_ever(function, position);
        let is_given = all.any(|(_, given)| match (&given.property, part) {
            (Some(own), Some(name)) => **own == *name,
            (None, Some(_)) => !matches!(given.value, Value::Object(_)),
            _ => true,
        });
        Some(is_given)
    }

    /// `constructor(private readonly all = new Map())`: a field that nobody gives another one.
    pub(super) fn parameter_field(&mut self, node: NodeId, parameter: &'a FormalParameter<'a>) {
        let file = self.file;
        let is_field = parameter.accessibility.is_some() || parameter.readonly;
        let (Some(name), Some(default), true) = (
            parameter.pattern.get_binding_identifier(),
            parameter.initializer.as_deref(),
            is_field,
        ) else {
            return;
        };
        let (Some(container), Some(class)) = (
            container_in(file, default).filter(|_| self.grown.contains(name.name.as_str())),
            file.parsed.class_around(node),
        ) else {
            return;
        };
        let symbol = name.symbol_id.get();
        if symbol.and_then(|symbol| self.is_given(symbol, None)) != Some(false) {
            return;
        }
        let annotation = parameter.type_annotation.as_ref();
        self.add(Holder {
            reference: self.field_of(class, file.kind(class).span(), name.name.to_string()),
            written: format!("this.{}", name.name),
            declared: file.extent(name.span),
            container,
            lifetime: lifetime::of_instances(file, class),
            access: Access::Private,
            identity: Some(Identity::Member(
                file.site(class),
                name.name.as_str().into(),
            )),
            is_table: false,
            key_type: key_type_of(annotation.map(|a| &a.type_annotation), default),
        });
    }
}

/// What a parameter, or a part that is taken of it, is where it is missing; and the name of the part.
fn default_in<'a>(
    parameter: &'a FormalParameter<'a>,
    variable: &str,
) -> Option<(&'a Expression<'a>, Option<String>)> {
    match &parameter.pattern {
        BindingPattern::BindingIdentifier(_) => Some((parameter.initializer.as_deref()?, None)),
        BindingPattern::ObjectPattern(object) => object.properties.iter().find_map(|property| {
            let BindingPattern::AssignmentPattern(default) = &property.value else {
                return None;
            };
            let is_it = default.left.get_identifier_name()? == variable;
            let name = property.key.static_name()?.into_owned();
            is_it.then_some((&default.right, Some(name)))
        }),
        _ => None,
    }
}

/// Whether an assignment only gives a first value: `x ??= …`, `x = x || …`, `if (!x) x = …`.
pub(super) fn is_for_the_missing<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    assignment: &AssignmentExpression<'a>,
) -> bool {
    let target = file.slice(assignment.left.span());
    // Past the statement that it is, and a block.
    let around = file.nodes().ancestor_kinds(node).take(3);
    let is_asked = around.into_iter().any(|kind| match kind {
        AstKind::IfStatement(branch) => matches!(bare(&branch.test),
            Expression::UnaryExpression(not) if not.operator == UnaryOperator::LogicalNot
                && file.slice(bare(&not.argument).span()) == target),
        _ => false,
    });
    if is_asked {
        return true;
    }
    match (assignment.operator, bare(&assignment.right)) {
        (AssignmentOperator::LogicalNullish | AssignmentOperator::LogicalOr, _) => true,
        (AssignmentOperator::Assign, Expression::LogicalExpression(either)) => {
            either.operator != LogicalOperator::And && file.slice(either.left.span()) == target
        }
        _ => false,
    }
}
