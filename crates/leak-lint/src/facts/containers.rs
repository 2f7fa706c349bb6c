//! A call into whether it asks a container of services for one that others have too.

use oxc_ast::AstKind;
use oxc_ast::ast::{CallExpression, Expression};
use oxc_semantic::NodeId;

use crate::facts::lifetime::is_exchange;
use crate::facts::listeners::{ADDS, REMOVES, member};
use crate::file::{File, method};
use crate::project::Meaning;

/// Packages whose containers make services and hand them out.
const PACKAGES: &[&str] = &[
    "awilix",
    "tsyringe",
    "inversify",
    "typedi",
    "@fastify/awilix",
];
/// Under which names requests have a container of their own: awilix-express, awilix-koa, @fastify/awilix.
const OF_REQUESTS: &[&str] = &["scope", "diScope", "container"];
/// What else is done with something that is only listened to.
const LOOKS: &[&str] = &[
    "setMaxListeners",
    "getMaxListeners",
    "listenerCount",
    "listeners",
];

/// Whether a call gets a service out of a container, and its function only listens to that: somebody else has it as well, who
/// makes it tell something.
pub(crate) fn is_shared_service<'a>(file: &File<'_, 'a>, call: &'a CallExpression<'a>) -> bool {
    let Some((container, "resolve" | "get")) = method(call) else {
        return false;
    };
    is_a_container(file, container) && is_only_listened_to(file, call.node_id.get())
}

fn is_a_container<'a>(file: &File<'_, 'a>, container: &'a Expression<'a>) -> bool {
    if let Some((owner, name)) = member(container)
        && is_exchange(file, owner)
    {
        return OF_REQUESTS.contains(&name);
    }
    match file.meaning(container) {
        Meaning::Result(of) | Meaning::Instance(of) => is_of_a_package(&of),
        found => is_of_a_package(&found),
    }
}

fn is_of_a_package(meaning: &Meaning) -> bool {
    matches!(meaning, Meaning::Outside { module, .. } if PACKAGES.contains(&&**module))
}

fn is_only_listened_to(file: &File<'_, '_>, got: NodeId) -> bool {
    let listens = |parent: AstKind<'_>| match parent {
        AstKind::StaticMemberExpression(member) => {
            let name = member.property.name.as_str();
            [ADDS, REMOVES, LOOKS]
                .iter()
                .any(|names| names.contains(&name))
        }
        _ => false,
    };
    match file.kind(file.parent(got)) {
        AstKind::VariableDeclarator(declarator) => {
            let named = declarator.id.get_binding_identifier();
            let Some(variable) = named.and_then(|named| named.symbol_id.get()) else {
                return false;
            };
            let scoping = file.parsed.semantic().scoping();
            let mut uses = scoping.get_resolved_references(variable);
            uses.all(|used| listens(file.kind(file.parent(used.node_id()))))
        }
        parent => listens(parent),
    }
}
