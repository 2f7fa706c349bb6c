//! A method that registers on a field of its instance into whether it lets itself be called again, on the same field.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::bare;

use crate::facts::fields::key;
use crate::facts::lifetime::is_constructor;
use crate::facts::listeners::{Added, member};
use crate::facts::platform::declared_by;
use crate::facts::removal::is_for_once;
use crate::file::{File, method};

/// Whether a method has a function of its own that calls the method again later, as one that reconnects does, and listens to
/// a field that only the constructor fills: it is the same one each time. A listener that is there for one event is gone when it
/// is the one that calls.
pub(crate) fn is_called_again_by_itself<'a>(
    file: &File<'_, 'a>,
    function: NodeId,
    added: &Added<'a>,
) -> bool {
    let Some((owner, field)) = member(added.emitter) else {
        return false;
    };
    if is_constructor(file, function)
        || !is_the_instance(file, owner)
        || !is_filled_by_the_constructor(file, field)
    {
        return false;
    }
    let Some(name) = name_of_method(file, function) else {
        return false;
    };
    let within = file.kind(function).span();
    file.calls_within(within).any(|(node, call)| {
        !(is_for_once(file, added) && added.call.span.contains_inclusive(call.span))
            && file.function_around(*node) != Some(function)
            && method(call)
                .is_some_and(|(object, called)| called == name && is_the_instance(file, object))
    })
}

/// Whether an expression is `this`, or a variable for it: `var self = this`.
fn is_the_instance<'a>(file: &File<'_, 'a>, expression: &Expression<'a>) -> bool {
    let is_this =
        |expression: &Expression<'a>| matches!(bare(expression), Expression::ThisExpression(_));
    is_this(expression) || declared_by(file, expression).is_some_and(is_this)
}

/// The name under which a class, or a prototype, has a function.
fn name_of_method<'a>(file: &File<'_, 'a>, function: NodeId) -> Option<&'a str> {
    match file.kind(file.parent(function)) {
        AstKind::MethodDefinition(method) => key(&method.key),
        AstKind::PropertyDefinition(field) => key(&field.key),
        AstKind::AssignmentExpression(assignment) => {
            let left = assignment.left.as_member_expression()?;
            let (_, owner) = member(left.object())?;
            (owner == "prototype").then(|| left.static_property_name())?
        }
        _ => None,
    }
}

/// Whether a field gets its value once in the file, where an instance is made.
fn is_filled_by_the_constructor(file: &File<'_, '_>, field: &str) -> bool {
    let fills = |node: NodeId| match file.kind(node) {
        AstKind::PropertyDefinition(property) => {
            property.value.is_some() && key(&property.key) == Some(field)
        }
        AstKind::AssignmentExpression(assignment) => match assignment.left.as_member_expression() {
            Some(oxc_ast::ast::MemberExpression::PrivateFieldExpression(private)) => {
                private.field.name == field
            }
            Some(left) => left.static_property_name() == Some(field),
            None => false,
        },
        _ => false,
    };
    let mut filled = file
        .nodes()
        .iter()
        .map(oxc_semantic::AstNode::id)
        .filter(|node| fills(*node));
    let (Some(place), None) = (filled.next(), filled.next()) else {
        return false;
    };
    matches!(file.kind(place), AstKind::PropertyDefinition(_))
        || file.function_around(place).is_some_and(|function| {
            is_constructor(file, function) || is_a_constructor_function(file, function)
        })
}

/// Whether a declared function has a prototype that the file fills.
fn is_a_constructor_function(file: &File<'_, '_>, function: NodeId) -> bool {
    let AstKind::Function(declared) = file.kind(function) else {
        return false;
    };
    let named = declared.id.as_ref().and_then(|name| name.symbol_id.get());
    named.is_some_and(|named| {
        let scoping = file.parsed.semantic().scoping();
        scoping.get_resolved_references(named).any(|reference| {
            matches!(file.kind(file.parent(reference.node_id())), AstKind::StaticMemberExpression(member) if member.property.name == "prototype")
        })
    })
}
