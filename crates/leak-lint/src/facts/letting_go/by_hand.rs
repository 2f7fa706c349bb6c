//! Releases into whether anybody makes them: not where the process ends, nor by a route that waits for a person, nor in a
//! function that nobody calls.

use oxc_ast::ast::Expression;
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{Release, is_function};

use crate::facts::holders::Holder;
use crate::file::{File, method};
use crate::project::Calls;

/// Signals and events with which a process ends.
const LAST: &[&str] = &[
    "SIGTERM",
    "SIGINT",
    "SIGQUIT",
    "exit",
    "beforeExit",
    "disconnect",
];

/// Whether a container is emptied when the process ends, or by a route of its own that throws everything away unread: that is
/// for people to call, and nobody does as long as nothing is wrong.
pub(super) fn is_by_hand(file: &File<'_, '_>, holder: &Holder<'_>, release: &Release) -> bool {
    let Some(function) = file.function_around(release.node) else {
        return false;
    };
    let AstKind::CallExpression(call) = file.kind(file.parent(function)) else {
        return false;
    };
    let told = crate::file::argument(call, 0).and_then(stanch_js_source::literal_text);
    match (method(call), told) {
        (Some((Expression::Identifier(of), "on" | "once")), Some(event)) => {
            of.name == "process" && LAST.contains(&event)
        }
        (Some((_, "delete" | "post" | "put" | "get")), Some(path)) => {
            path.starts_with('/') && is_all_there_is(file, holder, function, release)
        }
        _ => false,
    }
}

/// Whether a container is emptied, unread, by a function that other files call by such routes only.
pub(super) fn is_asked_for_by_hand(
    file: &File<'_, '_>,
    holder: &Holder<'_>,
    release: &Release,
) -> bool {
    let Some(function) = file.function_around(release.node) else {
        return false;
    };
    let Some(name) = name_for_others(file, function) else {
        return false;
    };
    file.project.is_imported(file.index)
        && file.project.is_a_service()
        && file.project.is_mentioned_by_hand_only(file.index, &name)
        && is_all_there_is(file, holder, function, release)
        && !is_named_again(file, function, &name)
}

/// Whether a function names a container in one place only.
fn is_all_there_is(
    file: &File<'_, '_>,
    holder: &Holder<'_>,
    function: NodeId,
    release: &Release,
) -> bool {
    let within = file.kind(function).span();
    let text = file.slice(within);
    let name = holder.written.rsplit(['.', '#']).next().unwrap_or_default();
    let is_whole = |at: usize| {
        let is_part = |letter: Option<char>| {
            letter.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '$'))
        };
        !is_part(text[..at].chars().next_back()) && !is_part(text[at + name.len()..].chars().next())
    };
    let named = text.match_indices(name).filter(|(at, _)| is_whole(*at));
    // `log = []` in a branch of what else the route does is no reset.
    let is_statement = file.function_around(release.node) == Some(function)
        && !file
            .nodes()
            .ancestor_kinds(release.node)
            .take_while(|around| !is_function(*around))
            .any(|around| matches!(around, AstKind::IfStatement(_)));
    !name.is_empty() && named.count() == 1 && is_statement
}

/// Whether code is in a function that no file of the program mentions: `reset` for the tests.
pub(super) fn is_never_called(file: &File<'_, '_>, node: NodeId) -> bool {
    let Some(function) = file.function_around(node) else {
        return false;
    };
    let Some(own) = name_for_others(file, function) else {
        return false;
    };
    file.project.is_imported(file.index)
        && file.project.calls_of(file.site(function)) == Calls::Unknown
        && file.parsed.calls_of(function).is_empty()
        && file.project.is_a_service()
        && !is_named_again(file, function, &own)
        && !file.project.is_mentioned_elsewhere(file.index, &own)
}

/// The name by which other files call a function, where it is one that they may.
fn name_for_others(file: &File<'_, '_>, function: NodeId) -> Option<String> {
    let is_for_others = match file.kind(file.parent(function)) {
        AstKind::MethodDefinition(method) => !method.kind.is_constructor(),
        AstKind::ObjectProperty(_) | AstKind::AssignmentExpression(_) => true,
        AstKind::ExportDeclaration(_) => true,
        AstKind::VariableDeclarator(_) => true,
        _ => matches!(file.kind(function), AstKind::Function(own) if own.id.is_some()),
    };
    let name = file.parsed.function_ref(function).name?;
    let own = name.rsplit(['.', '#']).next().unwrap_or(&name);
    is_for_others.then(|| own.to_owned())
}

/// Whether its own file uses a function by its name, to call it or to hand it on.
fn is_named_again(file: &File<'_, '_>, function: NodeId, name: &str) -> bool {
    let within = file.kind(function).span();
    file.nodes_of([
        AstType::IdentifierReference,
        AstType::StaticMemberExpression,
        AstType::PrivateFieldExpression,
    ])
    .any(|node| {
        let (span, is_it) = match node.kind() {
            AstKind::IdentifierReference(used) => (used.span, used.name == name),
            AstKind::StaticMemberExpression(member) => (member.span, member.property.name == name),
            AstKind::PrivateFieldExpression(member) => (member.span, member.field.name == name),
            _ => return false,
        };
        is_it && !within.contains_inclusive(span) && !is_for_export(file, node.id())
    })
}

/// `exports.reset = …`, `module.exports = { reset }`: others may use it then.
fn is_for_export(file: &File<'_, '_>, node: NodeId) -> bool {
    let span = file.kind(node).span();
    file.nodes()
        .ancestor_kinds(node)
        .take(3)
        .any(|around| match around {
            AstKind::AssignmentExpression(assignment) => {
                let target = file.slice(assignment.left.span());
                assignment.left.span().contains_inclusive(span)
                    || target.starts_with("module.exports")
                    || target.starts_with("exports")
            }
            AstKind::ExportSpecifier(_) => true,
            _ => false,
        })
}
