//! A first value into the kind of container that it is, and the type of its keys.

use oxc_ast::ast::{Expression, TSType, TSTypeName};
use stanch_js_source::bare;

use crate::file::File;

/// What keeps the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Map,
    Set,
    /// An object used as a dictionary.
    Object,
    Array,
}

/// The container that an expression makes, if it makes one.
pub(crate) fn container_of(expression: &Expression<'_>) -> Option<Container> {
    match bare(expression) {
        Expression::NewExpression(new) => match bare(&new.callee) {
            Expression::Identifier(class) => match class.name.as_str() {
                "Map" => Some(Container::Map),
                "Set" => Some(Container::Set),
                "Array" => Some(Container::Array),
                "Object" => Some(Container::Object),
                _ => None,
            },
            _ => None,
        },
        Expression::ArrayExpression(_) => Some(Container::Array),
        // One that has properties is a record, or a table that is complete.
        Expression::ObjectExpression(object) if object.properties.is_empty() => {
            Some(Container::Object)
        }
        Expression::CallExpression(call) => {
            let member = bare(&call.callee).as_member_expression()?;
            let is_object = matches!(bare(member.object()), Expression::Identifier(name) if name.name == "Object");
            (is_object && member.static_property_name() == Some("create"))
                .then_some(Container::Object)
        }
        // `globalThis.cache ??= new Map()`, `globalThis.cache || new Map()`
        Expression::AssignmentExpression(assignment) => container_of(&assignment.right),
        Expression::LogicalExpression(logical) => container_of(&logical.right),
        _ => None,
    }
}

/// Caches of packages that keep everything unless an option says otherwise, and these options; from their documentation.
const CACHES: &[(&str, &[&str])] = &[
    ("node-cache", &["stdTTL", "maxKeys"]),
    ("keyv", &["ttl", "store"]),
];

/// The container that an expression makes, caches of packages that nothing limits included.
pub(super) fn container_in<'a>(file: &File<'_, 'a>, value: &Expression<'a>) -> Option<Container> {
    container_of(value).or_else(|| is_a_cache_without_limit(file, value).then_some(Container::Map))
}

fn is_a_cache_without_limit<'a>(file: &File<'_, 'a>, value: &Expression<'a>) -> bool {
    let Expression::NewExpression(new) = bare(value) else {
        return false;
    };
    let Some((module, _)) = file.parsed.import_of(&new.callee) else {
        return false;
    };
    let Some((_, limits)) = CACHES.iter().find(|(own, _)| *own == module) else {
        return false;
    };
    new.arguments.iter().all(|given| match given.as_expression().map(bare) {
        Some(Expression::ObjectExpression(options)) => options.properties.iter().all(|option| {
            let Some(option) = option.as_property() else {
                return false;
            };
            let is_limit = option.key.static_name().is_none_or(|name| limits.contains(&&*name));
            // Zero is for ever.
            !is_limit || matches!(bare(&option.value), Expression::NumericLiteral(number) if number.value == 0.0)
        }),
        _ => false,
    })
}

/// Something that is made with containers in it, at any depth: `{ lobby: { history: [] } }`, `new Map([['lobby', new Set()]])`.
/// What is in it may grow.
pub(crate) fn table_of_containers(expression: &Expression<'_>) -> Option<Container> {
    let object = match bare(expression) {
        Expression::ObjectExpression(object) => object,
        Expression::NewExpression(new) => {
            let container = container_of(expression)?;
            let entries = new.arguments.first()?.as_expression()?;
            return has_entries_of_containers(entries).then_some(container);
        }
        Expression::CallExpression(call) => {
            let is_made = call
                .callee
                .is_specific_member_access("Object", "fromEntries");
            let entries = call.arguments.first()?.as_expression()?;
            let has_some = is_made && has_entries_of_containers(entries);
            return has_some.then_some(Container::Object);
        }
        _ => return None,
    };
    let mut values = object
        .properties
        .iter()
        .filter_map(|property| property.as_property());
    let has_containers = values.any(|property| {
        container_of(&property.value).is_some() || table_of_containers(&property.value).is_some()
    });
    has_containers.then_some(Container::Object)
}

/// Whether entries have containers as their values: `[['a', new Set()]]`, `names.map((name) => [name, new Set()])`.
fn has_entries_of_containers(entries: &Expression<'_>) -> bool {
    let is_entry = |entry: &Expression<'_>| {
        let Expression::ArrayExpression(entry) = bare(entry) else {
            return false;
        };
        let value = entry
            .elements
            .get(1)
            .and_then(|value| value.as_expression());
        value.is_some_and(|value| container_of(value).is_some())
    };
    match bare(entries) {
        Expression::ArrayExpression(list) => list
            .elements
            .iter()
            .any(|entry| entry.as_expression().is_some_and(is_entry)),
        Expression::CallExpression(call) => {
            let made = call.arguments.last().and_then(|last| last.as_expression());
            matches!(made.map(bare), Some(Expression::ArrowFunctionExpression(each))
                if each.body.as_expression().is_some_and(is_entry))
        }
        _ => false,
    }
}

/// The type of the keys of a map, the members of a set, the properties of a dictionary or the elements of an array, from the
/// annotation or else from the value's own type arguments.
pub(super) fn key_type_of<'a>(
    annotation: Option<&'a TSType<'a>>,
    value: &'a Expression<'a>,
) -> Option<&'a TSType<'a>> {
    annotation.and_then(key_of_type).or_else(|| {
        let Expression::NewExpression(new) = bare(value) else {
            return None;
        };
        new.type_arguments.as_ref()?.params.first()
    })
}

fn key_of_type<'a>(written: &'a TSType<'a>) -> Option<&'a TSType<'a>> {
    match written {
        TSType::TSTypeReference(reference) => {
            let TSTypeName::IdentifierReference(name) = &reference.type_name else {
                return None;
            };
            let has_keys = matches!(
                name.name.as_str(),
                "Map" | "Set" | "Record" | "ReadonlyMap" | "ReadonlySet" | "Partial" | "Array"
            );
            let first = reference.type_arguments.as_ref()?.params.first()?;
            if name.name == "Partial" {
                return key_of_type(first);
            }
            has_keys.then_some(first)
        }
        TSType::TSArrayType(array) => Some(&array.element_type),
        TSType::TSTypeLiteral(literal) => literal.members.iter().find_map(|member| match member {
            oxc_ast::ast::TSSignature::TSIndexSignature(index) => {
                let parameter = &index.parameter;
                Some(&parameter.type_annotation.type_annotation)
            }
            _ => None,
        }),
        TSType::TSMappedType(mapped) => Some(&mapped.constraint),
        TSType::TSUnionType(union) => union.types.iter().find_map(key_of_type),
        TSType::TSTypeOperatorType(operator) => key_of_type(&operator.type_annotation),
        _ => None,
    }
}
