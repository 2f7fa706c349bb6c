//! The fields of a file's classes into what they are set to, and where.

use oxc_ast::ast::{Expression, PropertyKey};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use rustc_hash::FxHashMap;
use stanch_js_source::bare;

use crate::facts::lifetime::is_constructor;
use crate::facts::listeners::member;
use crate::file::File;
use crate::project::Calls;

/// Where the fields of the file's classes get their values.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a> {
    /// By class, or constructor function, and name: what is assigned, and where.
    assigned: FxHashMap<(Option<NodeId>, &'a str), Vec<Assigned<'a>>>,
}

/// A value that a field gets, and the node that gives it.
type Assigned<'a> = (NodeId, &'a Expression<'a>);

impl<'a> Fields<'a> {
    pub(crate) fn of(file: &File<'_, 'a>) -> Self {
        let mut fields = Self::default();
        for node in file.nodes_of([AstType::AssignmentExpression, AstType::PropertyDefinition]) {
            match node.kind() {
                AstKind::AssignmentExpression(assignment) => {
                    let name = match assignment.left.as_member_expression() {
                        Some(member)
                            if matches!(bare(member.object()), Expression::ThisExpression(_)) =>
                        {
                            match member {
                                oxc_ast::ast::MemberExpression::PrivateFieldExpression(field) => {
                                    Some(field.field.name.as_str())
                                }
                                member => member.static_property_name(),
                            }
                        }
                        _ => None,
                    };
                    if let Some(name) = name {
                        let class = file.parsed.class_around(node.id());
                        let all = fields.assigned.entry((class, name)).or_default();
                        all.push((node.id(), &assignment.right));
                    }
                }
                AstKind::PropertyDefinition(field) => {
                    if let (Some(value), Some(name)) = (&field.value, key(&field.key)) {
                        let class = file.parsed.class_around(node.id());
                        let all = fields.assigned.entry((class, name)).or_default();
                        all.push((node.id(), value));
                    }
                }
                _ => {}
            }
        }
        fields
    }

    /// What a field is set to, and where.
    pub(crate) fn assigned<'f>(
        &'f self,
        class: Option<NodeId>,
        name: &'f str,
    ) -> &'f [Assigned<'a>] {
        self.assigned.get(&(class, name)).map_or(&[], Vec::as_slice)
    }
}

/// The name of a key that is written out.
pub(crate) fn key<'a>(key: &PropertyKey<'a>) -> Option<&'a str> {
    match key {
        PropertyKey::StaticIdentifier(name) => Some(name.name.as_str()),
        PropertyKey::PrivateIdentifier(name) => Some(name.name.as_str()),
        PropertyKey::StringLiteral(name) => Some(name.value.as_str()),
        _ => None,
    }
}

/// Whether an expression is an element of what a field of the instance holds.
pub(crate) fn is_an_element_of_a_field(expression: &Expression<'_>) -> bool {
    let Expression::ComputedMemberExpression(element) = bare(expression) else {
        return false;
    };
    member(&element.object)
        .is_some_and(|(owner, _)| matches!(bare(owner), Expression::ThisExpression(_)))
}

/// Whether a field is filled once, in an instance of which the program makes one when it starts.
pub(crate) fn is_of_the_program<'a>(
    file: &File<'_, 'a>,
    class: NodeId,
    field: &'a Expression<'a>,
) -> bool {
    let Some((Expression::ThisExpression(this), name)) = member(field) else {
        return false;
    };
    let is_class = matches!(file.kind(class), AstKind::Class(_));
    let owner = match is_class {
        true => Some(class),
        // A constructor function, whose prototype has the methods.
        false => file.parsed.instance_owner(this.node_id.get()),
    };
    let is_filled_once = match file.fields().assigned(is_class.then_some(class), name) {
        [(node, _)] => match file.function_around(*node) {
            Some(function) => is_constructor(file, function) || Some(function) == owner,
            None => true,
        },
        _ => false,
    };
    is_filled_once && owner.is_some_and(|owner| file.calls_of(owner) == Calls::Once)
}
