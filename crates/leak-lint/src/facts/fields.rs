//! The fields of a file's classes into what they are set to, and where.

use oxc_ast::AstKind;
use oxc_ast::ast::{Expression, PropertyKey};
use oxc_semantic::NodeId;
use rustc_hash::FxHashMap;
use stanch_js_source::bare;

use crate::file::File;

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
        for node in file.nodes().iter() {
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
