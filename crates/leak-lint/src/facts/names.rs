//! Names that something is added to: a quick look at a file that spares most of them the slow one.

use rustc_hash::FxHashSet;

use oxc_ast::ast::{AssignmentTarget, Expression, MemberExpression, Statement};
use oxc_ast::{AstKind, AstType};
use stanch_js_source::{ITSELF, bare};

use crate::file::{File, argument, method};

/// Methods that add to a map, a set or an array.
const ADDING: &[&str] = &["set", "add", "push", "unshift", "splice"];

/// The last names of everything in the file that something is added to: `items` of `this.items.push(…)`; and the names that
/// such a thing was given from another name.
pub(crate) fn grown_names<'a>(file: &File<'_, 'a>) -> FxHashSet<&'a str> {
    let mut names = FxHashSet::default();
    for node in file.nodes_of([
        AstType::CallExpression,
        AstType::AssignmentExpression,
        AstType::UpdateExpression,
    ]) {
        match node.kind() {
            AstKind::CallExpression(call) => {
                if let Some((object, name)) = method(call) {
                    if ADDING.contains(&name) {
                        names.extend(names_of(object));
                    } else if name == "assign"
                        && let Some(grown) = argument(call, 0)
                    {
                        names.extend(names_of(grown));
                    }
                }
            }
            AstKind::AssignmentExpression(assignment) => match &assignment.left {
                AssignmentTarget::ComputedMemberExpression(member) => {
                    names.extend(names_of(bare(&member.object)));
                }
                // `list = [...list, one]`, `this.list = this.list.concat(one)`
                target if is_copy_with_more(&assignment.right) => {
                    if let Some(name) = target.get_identifier_name() {
                        names.insert(name);
                    } else if let Some(member) = target.as_member_expression() {
                        names.extend(last_name(member));
                    }
                }
                _ => {}
            },
            AstKind::UpdateExpression(update) => {
                if let Some(member) = update.argument.as_member_expression()
                    && member.static_property_name().is_none()
                {
                    names.extend(names_of(bare(member.object())));
                }
            }
            _ => {}
        }
    }
    for filler in file.fillers() {
        names.extend(names_of(filler.container));
    }
    if names.is_empty() {
        return names;
    }
    // `const known = this.seen` and `const { seen } = state` lend a name.
    for node in file.nodes_of([
        AstType::VariableDeclarator,
        AstType::FormalParameter,
        AstType::MethodDefinition,
    ]) {
        let (target, given) = match node.kind() {
            AstKind::VariableDeclarator(declarator) => (&declarator.id, declarator.init.as_ref()),
            // `(url, cache = shared) => cache.set(url, …)`
            AstKind::FormalParameter(parameter) => {
                (&parameter.pattern, parameter.initializer.as_deref())
            }
            // `get series() { return (this.all ??= new Map()); }`
            AstKind::MethodDefinition(getter) if getter.kind.is_get() => {
                let is_grown = getter
                    .key
                    .name()
                    .is_some_and(|name| names.contains(name.as_ref()));
                let body = getter.value.body.as_ref().filter(|_| is_grown);
                let given = body.and_then(|body| match body.statements.last() {
                    Some(Statement::ReturnStatement(last)) => last.argument.as_ref(),
                    _ => None,
                });
                names.extend(given.into_iter().flat_map(|given| names_of(bare(given))));
                continue;
            }
            _ => continue,
        };
        let is_grown = target
            .get_identifier_name()
            .is_some_and(|name| names.contains(name.as_str()));
        if is_grown && let Some(given) = given {
            names.extend(names_of(bare(given)));
        }
    }
    names
}

fn is_copy_with_more(value: &Expression<'_>) -> bool {
    match bare(value) {
        Expression::ArrayExpression(array) => array.elements.len() > 1,
        Expression::ObjectExpression(object) => object.properties.len() > 1,
        Expression::CallExpression(call) => {
            method(call).is_some_and(|(_, name)| matches!(name, "concat" | "slice" | "assign"))
        }
        _ => false,
    }
}

fn last_name<'a>(member: &'a MemberExpression<'a>) -> Option<&'a str> {
    match member {
        MemberExpression::PrivateFieldExpression(member) => Some(member.field.name.as_str()),
        member => member.static_property_name(),
    }
}

/// The names of a chain, also of what a computed member or an entry is of: `rooms` and `history` of `rooms[name].history`.
fn names_of<'a>(expression: &'a Expression<'a>) -> Vec<&'a str> {
    let mut names = Vec::new();
    let mut at = expression;
    loop {
        at = bare(match bare(at) {
            Expression::Identifier(name) => {
                names.push(name.name.as_str());
                return names;
            }
            Expression::StaticMemberExpression(member) => {
                names.push(member.property.name.as_str());
                &member.object
            }
            Expression::PrivateFieldExpression(member) => {
                names.push(member.field.name.as_str());
                &member.object
            }
            Expression::ComputedMemberExpression(member) => &member.object,
            Expression::CallExpression(call) => &call.callee,
            // What extends a container fills itself.
            Expression::ThisExpression(_) | Expression::Super(_) => {
                names.push(ITSELF);
                return names;
            }
            Expression::AssignmentExpression(assignment) => {
                // `const all = (globalThis.all ??= [])`
                if let Some(target) = assignment.left.as_member_expression() {
                    names.extend(last_name(target));
                } else {
                    names.extend(assignment.left.get_identifier_name());
                }
                &assignment.right
            }
            Expression::LogicalExpression(logical) => &logical.left,
            _ => return names,
        });
    }
}
