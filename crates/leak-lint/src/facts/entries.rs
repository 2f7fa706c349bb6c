//! Functions that are put into the containers of a file: fields of the one instance there is, properties of the application,
//! lists in tables; and those that leave again with the work they belong to.

use oxc_ast::ast::{AssignmentTarget, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{ReleaseKind, bare};

use crate::facts::holders::{Container, Holder, Lifetime};
use crate::facts::insertions::Insertion;
use crate::facts::kept::{DEEPEST, Keeper, Kept, functions_in, is_taken_out};
use crate::facts::keys::{Domain, domain_in};
use crate::facts::letting_go::{Fate, fate};
use crate::facts::lifetime::{is_constructor, is_exchange};
use crate::facts::listeners::ADDS;
use crate::facts::settlement::executor_around;
use crate::file::{File, method};
use crate::project::Calls;

/// Adds the functions that are kept in containers, but for those that are known already.
pub(super) fn add_entries(file: &File<'_, '_>, found: &mut Vec<Kept>) {
    for (holder, insertions) in file.filled() {
        for insertion in insertions {
            if !outlives_the_call(file, holder, insertion) {
                continue;
            }
            let mut entries = functions_of(file, holder, insertion);
            entries.retain(|entry| !found.iter().any(|kept| kept.function == entry.function));
            if !entries.is_empty() && stay(file, holder, insertion) {
                found.append(&mut entries);
            }
        }
    }
}

/// Adds the functions that objects have which somebody puts into a collection: what a function gives back, and what a
/// constructor sets.
pub(super) fn add_members(file: &File<'_, '_>, found: &mut Vec<Kept>) {
    let stored = file.project.stored_of(file.index);
    if stored.is_empty() {
        return;
    }
    let is_stored = |node: NodeId| stored.contains(&file.kind(node).span().start);
    for node in file.nodes_of([
        AstType::ReturnStatement,
        AstType::ArrowFunctionExpression,
        AstType::AssignmentExpression,
    ]) {
        let given = match node.kind() {
            AstKind::ReturnStatement(given) => {
                let function = file.function_around(node.id());
                let is_its = function.is_some_and(is_stored);
                given.argument.as_ref().filter(|_| is_its)
            }
            AstKind::ArrowFunctionExpression(arrow) => {
                arrow.get_expression().filter(|_| is_stored(node.id()))
            }
            AstKind::AssignmentExpression(assignment) => {
                let is_its = is_own_field(&assignment.left)
                    && file.parsed.class_around(node.id()).is_some_and(is_stored)
                    && (file.function_around(node.id()))
                        .is_some_and(|function| is_constructor(file, function));
                is_its.then_some(&assignment.right)
            }
            _ => None,
        };
        if let Some(given) = given {
            functions_in(file, given, DEEPEST, &mut |function, place| {
                found.push(Kept {
                    function,
                    place,
                    by: Keeper::Object,
                    collection: None,
                });
            });
        }
    }
}

fn is_own_field(target: &AssignmentTarget<'_>) -> bool {
    target
        .as_member_expression()
        .is_some_and(|member| matches!(bare(member.object()), Expression::ThisExpression(_)))
}

/// Whether a container lives on when the function is done that fills it: that of the process, or of an instance that nobody
/// makes for each request and whose method collects more and more.
fn outlives_the_call<'a>(
    file: &File<'_, 'a>,
    holder: &Holder<'a>,
    insertion: &Insertion<'a>,
) -> bool {
    if holder.lifetime != Lifetime::Instance {
        return holder.lifetime == Lifetime::Process;
    }
    let (Some(class), Some(method)) = (
        file.parsed.class_around(insertion.node),
        file.function_around(insertion.node),
    ) else {
        return false;
    };
    let is_collected = match insertion.key {
        Some(key) => matches!(domain_in(file, holder, key), Domain::Unbounded(_)),
        None => true,
    };
    is_collected && !is_constructor(file, method) && file.calls_of(class) == Calls::Unknown
}

fn functions_of<'a>(
    file: &File<'_, 'a>,
    holder: &Holder<'a>,
    insertion: &Insertion<'a>,
) -> Vec<Kept> {
    let mut found = Vec::new();
    for value in insertion.values.iter().copied().chain(insertion.key) {
        functions_in(file, value, DEEPEST, &mut |function, place| {
            found.push(Kept {
                function,
                place,
                by: Keeper::Collection(holder.written.clone()),
                collection: Some(holder.reference.clone()),
            });
        });
    }
    found
}

/// Whether entries are not taken out to be called, and lists in a table not emptied.
fn stay<'a>(file: &File<'_, 'a>, holder: &Holder<'a>, insertion: &Insertion<'a>) -> bool {
    if is_taken_out(file, &holder.written) {
        return false;
    }
    match fate(file, holder, insertion.nested) {
        Fate::InOthersHands => false,
        Fate::LetGo(_) if insertion.nested => false,
        // A list or a set from which another function takes something is a queue, or lasts as long as what is waited for.
        Fate::LetGo(releases) => {
            let here = file.function_around(insertion.node);
            matches!(holder.container, Container::Map | Container::Object)
                || (releases.iter()).all(|release| file.function_around(release.node) == here)
        }
        _ => true,
    }
}

/// Whether the function that puts another into a collection takes something out again before the request is over: further
/// down, in a `finally`, when the response is closed. A connection may last for hours.
pub(crate) fn leaves_with_its_call(file: &File<'_, '_>, kept: &Kept) -> bool {
    let Some(collection) = &kept.collection else {
        return false;
    };
    let Some(maker) = maker(file, kept.function) else {
        return false;
    };
    let own = file.kind(kept.function).span();
    let mut releases = file.parsed.releases(collection).into_iter();
    releases.any(|release| {
        let place = file.kind(release.node).span();
        release.kind == ReleaseKind::Delete
            && !own.contains_inclusive(place)
            && match file.function_around(release.node) {
                Some(around) if around == maker => own.end <= place.start,
                Some(around) => {
                    file.function_around(around) == Some(maker) && hears_an_answer(file, around)
                }
                None => false,
            }
    })
}

/// Whether a function listens to a request or a response.
fn hears_an_answer(file: &File<'_, '_>, function: NodeId) -> bool {
    let AstKind::CallExpression(call) = file.kind(file.parent(function)) else {
        return false;
    };
    method(call).is_some_and(|(emitter, name)| ADDS.contains(&name) && is_exchange(file, emitter))
}

/// The function in which another is made, that around it where the first is the executor of a promise.
fn maker(file: &File<'_, '_>, function: NodeId) -> Option<NodeId> {
    match executor_around(file, function) {
        Some(executor) => file.function_around(executor),
        None => file.function_around(function),
    }
}
