//! A class into what its members stand for.

use oxc_ast::AstKind;
use oxc_ast::ast::{
    BindingPattern, ClassElement, FormalParameter, MethodDefinitionKind, TSSignature,
};
use oxc_semantic::NodeId;

use crate::parse::ParsedSource;
use crate::tree::{MOST_NAMES, Tree, key_name};
use crate::value::Value;

/// A class, an interface, or a constructor function with its prototype, by what its members stand for.
#[derive(Debug, Clone, Default)]
pub struct ClassShape {
    /// What it is.
    pub kind: ClassKind,
    /// The interfaces that it says it implements.
    pub implements: Vec<Value>,
    /// What it extends.
    pub extends: Option<Value>,
    /// Its constructor.
    pub constructor: Option<u32>,
    /// Methods, getters' functions and fields of the instances, by name.
    pub members: Vec<(Box<str>, Value)>,
    /// The same of the class itself.
    pub statics: Vec<(Box<str>, Value)>,
}

/// What can be done with a class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ClassKind {
    /// It has instances.
    #[default]
    Whole,
    /// Only what extends it has.
    Abstract,
    /// It is an interface, or a type that is written like one: only what implements it has.
    Interface,
}

impl ClassShape {
    /// Whether another class stands for it: it has no instances of its own.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.kind != ClassKind::Whole
    }
}

impl ParsedSource<'_> {
    /// The shape of the class that starts at this node.
    pub fn class_shape(&self, class: NodeId) -> ClassShape {
        self.tree.class_shape(class)
    }
}

impl<'a> Tree<'a> {
    fn class_shape(&self, node: NodeId) -> ClassShape {
        let mut shape = ClassShape::default();
        if let AstKind::Class(class) = self.kind(node) {
            shape.extends = class
                .heritage_expression()
                .map(|heritage| self.value(heritage, MOST_NAMES));
            if class.r#abstract {
                shape.kind = ClassKind::Abstract;
            }
            let implements = class.implements.iter();
            let implements =
                implements.map(|it| self.value_of_type_name(&it.expression, MOST_NAMES));
            shape.implements = implements.filter(|it| *it != Value::Unknown).collect();
            for element in &class.body.body {
                self.add_element(element, &mut shape);
            }
        } else if let AstKind::TSInterfaceDeclaration(interface) = self.kind(node) {
            shape.kind = ClassKind::Interface;
            shape.extends = interface
                .extends
                .first()
                .map(|base| self.value_of_type_name(&base.type_name, MOST_NAMES));
            self.add_signatures(&interface.body.body, &mut shape);
        } else if let AstKind::TSTypeLiteral(literal) = self.kind(node) {
            shape.kind = ClassKind::Interface;
            self.add_signatures(&literal.members, &mut shape);
        }
        shape
    }

    /// What the properties of a type stand for, where their own types tell: `orders: OrderService`.
    fn add_signatures(&self, signatures: &[TSSignature<'a>], shape: &mut ClassShape) {
        for signature in signatures {
            let TSSignature::TSPropertySignature(property) = signature else {
                continue;
            };
            let typed = property.type_annotation.as_ref();
            let value = typed.map(|annotation| self.value_of_type(annotation));
            if let (Some(value), Some(name)) = (
                value.filter(|value| *value != Value::Unknown && *value != Value::Array),
                key_name(&property.key),
            ) {
                shape.members.push((name.into(), value));
            }
        }
    }

    fn add_element(&self, element: &ClassElement<'a>, shape: &mut ClassShape) {
        match element {
            ClassElement::MethodDefinition(method) => {
                let start = method.value.span.start;
                if method.kind == MethodDefinitionKind::Constructor {
                    shape.constructor = Some(start);
                    for parameter in &method.value.params.items {
                        self.add_parameter_property(parameter, shape);
                    }
                    return;
                }
                let Some(name) = key_name(&method.key) else {
                    return;
                };
                let value = match method.kind {
                    MethodDefinitionKind::Get => Value::Result(Box::new(Value::Function(start))),
                    _ => Value::Function(start),
                };
                shape.of(method.r#static).push((name.into(), value));
            }
            ClassElement::PropertyDefinition(field) => {
                let Some(name) = key_name(&field.key) else {
                    return;
                };
                let given = field
                    .value
                    .as_ref()
                    .map(|value| self.value(value, MOST_NAMES));
                let typed = field.type_annotation.as_ref();
                let value = given
                    .filter(|value| *value != Value::Unknown)
                    .or_else(|| typed.map(|annotation| self.value_of_type(annotation)));
                let value = value.unwrap_or(Value::Unknown);
                shape.of(field.r#static).push((name.into(), value));
            }
            _ => {}
        }
    }

    /// `constructor(private readonly store: Store)` declares a field.
    fn add_parameter_property(&self, parameter: &FormalParameter<'a>, shape: &mut ClassShape) {
        let is_field = parameter.accessibility.is_some() || parameter.readonly;
        let BindingPattern::BindingIdentifier(name) = &parameter.pattern else {
            return;
        };
        let value = match (&parameter.type_annotation, &parameter.initializer) {
            _ if !is_field => return,
            (Some(annotation), _) => self.value_of_type(annotation),
            (None, Some(default)) => self.value(default, MOST_NAMES),
            (None, None) => return,
        };
        shape.members.push((name.name.as_str().into(), value));
    }
}

impl ClassShape {
    fn of(&mut self, is_static: bool) -> &mut Vec<(Box<str>, Value)> {
        if is_static {
            &mut self.statics
        } else {
            &mut self.members
        }
    }
}
