//! A type into what its values stand for: an instance of a class, what a function gives, an object with parts of known types.

use oxc_ast::ast::{
    BindingPattern, TSSignature, TSType, TSTypeAnnotation, TSTypeLiteral, TSTypeName,
    TSTypeParameterInstantiation, TSTypeQuery,
};

use crate::tree::{MOST_NAMES, Tree};
use crate::value::Value;

impl<'a> Tree<'a> {
    /// An instance of the class, or of the library's type, that an annotation names.
    pub(crate) fn value_of_type(&self, annotation: &TSTypeAnnotation<'a>) -> Value {
        self.instance_of_type(&annotation.type_annotation, MOST_NAMES)
    }

    /// What a type alias stands for: an instance of that is a value of the type.
    pub(crate) fn value_of_alias(&self, named: &TSType<'a>, names: u32) -> Value {
        match self.instance_of_type(named, names) {
            Value::Instance(of) => *of,
            other => other,
        }
    }

    /// Whether a type tells what a pattern takes of a parameter. Of a type that is written in place only what has a type of
    /// its own: callers tell the rest.
    pub(crate) fn tells(
        &self,
        named: &TSType<'a>,
        pattern: &BindingPattern<'a>,
        name: &str,
    ) -> bool {
        let TSType::TSTypeLiteral(literal) = named else {
            return true;
        };
        let BindingPattern::ObjectPattern(object) = pattern else {
            return false;
        };
        let taken = object.properties.iter().find_map(|property| {
            let is_it = property.value.get_identifier_name()? == name;
            is_it.then(|| property.key.static_name()).flatten()
        });
        taken.is_some_and(|taken| {
            literal.members.iter().any(|member| match member {
                TSSignature::TSPropertySignature(property) => {
                    let typed = property.type_annotation.as_ref();
                    property.key.static_name().is_some_and(|own| own == taken)
                        && typed.is_some_and(|typed| self.value_of_type(typed) != Value::Unknown)
                }
                _ => false,
            })
        })
    }

    pub(crate) fn instance_of_type(&self, named: &TSType<'a>, names: u32) -> Value {
        let Some(names) = names.checked_sub(1) else {
            return Value::Unknown;
        };
        match named {
            TSType::TSArrayType(_) | TSType::TSTupleType(_) => Value::Array,
            TSType::TSTypeLiteral(literal) if has_named_types(literal) => {
                Value::Instance(Box::new(Value::Class(literal.span.start)))
            }
            TSType::TSTypeQuery(query) => self.value_of_query(query, names),
            // `Timeout | undefined`
            TSType::TSUnionType(union) => self.first_instance(&union.types, names),
            TSType::TSIntersectionType(both) => self.first_instance(&both.types, names),
            TSType::TSTypeReference(reference) => {
                let given = reference.type_arguments.as_deref();
                match self.value_of_type_name(&reference.type_name, names) {
                    Value::Unknown => Value::Unknown,
                    Value::Global(name) => self
                        .value_of_utility(&name, given, names)
                        .unwrap_or_else(|| Value::Instance(Box::new(Value::Global(name)))),
                    class => Value::Instance(Box::new(class)),
                }
            }
            _ => Value::Unknown,
        }
    }

    fn first_instance(&self, types: &[TSType<'a>], names: u32) -> Value {
        let each = types.iter().map(|one| self.instance_of_type(one, names));
        let mut known = each.filter(|value| *value != Value::Unknown);
        known.next().unwrap_or(Value::Unknown)
    }

    /// What the types of TypeScript itself stand for that are made of others; none for those of libraries.
    fn value_of_utility(
        &self,
        name: &str,
        given: Option<&TSTypeParameterInstantiation<'a>>,
        names: u32,
    ) -> Option<Value> {
        let first = given.and_then(|given| given.params.first());
        let query = match first {
            Some(TSType::TSTypeQuery(query)) => Some(query),
            _ => None,
        };
        match name {
            "Array" => Some(Value::Array),
            "Promise" | "Readonly" | "Partial" | "Required" | "NonNullable" | "Awaited" => {
                let of = first.map(|of| self.instance_of_type(of, names));
                Some(of.unwrap_or(Value::Unknown))
            }
            "ReturnType" => {
                let of = query.map(|query| self.value_of_query(query, names));
                Some(of.map_or(Value::Unknown, |of| Value::Result(Box::new(of))))
            }
            "InstanceType" => {
                let of = query.map(|query| self.value_of_query(query, names));
                Some(of.map_or(Value::Unknown, |of| Value::Instance(Box::new(of))))
            }
            _ => None,
        }
    }

    /// What `typeof make` names.
    fn value_of_query(&self, query: &TSTypeQuery<'a>, names: u32) -> Value {
        match query.expr_name.as_ts_type_name() {
            Some(name) => self.value_of_type_name(name, names),
            None => Value::Unknown,
        }
    }

    pub(crate) fn value_of_type_name(&self, name: &TSTypeName<'a>, names: u32) -> Value {
        match name {
            TSTypeName::IdentifierReference(identifier) => self.value_of_name(identifier, names),
            TSTypeName::QualifiedName(qualified) => {
                match self.value_of_type_name(&qualified.left, names) {
                    Value::Unknown => Value::Unknown,
                    left => left.member(&qualified.right.name),
                }
            }
            TSTypeName::ThisExpression(_) => Value::Unknown,
        }
    }
}

/// Whether a type that is written in place has a part of a type with a name: others stand for nothing.
fn has_named_types(literal: &TSTypeLiteral<'_>) -> bool {
    literal.members.iter().any(|member| match member {
        TSSignature::TSPropertySignature(property) => {
            let typed = property.type_annotation.as_ref();
            typed.is_some_and(|typed| {
                matches!(
                    typed.type_annotation,
                    TSType::TSTypeReference(_) | TSType::TSUnionType(_)
                )
            })
        }
        _ => false,
    })
}
