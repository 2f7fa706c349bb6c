//! What is put in for something under way into the ways on which it stays.

use oxc_ast::AstKind;
use oxc_ast::ast::{CallExpression, Expression, Statement};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_js_source::{Release, ReleaseKind, bare, is_function};

use crate::facts::answers::is_in_an_answer;
use crate::facts::every_way::{is_in_a_catch, is_on_every_way, is_passed_by_an_error};
use crate::facts::guard::leaves;
use crate::facts::holders::{Container, Holder};
use crate::facts::insertions::Insertion;
use crate::facts::keys::{Domain, Source, constant, domain};
use crate::facts::letting_go::{Fate, fate, is_after_failure};
use crate::facts::paths::{Exit, Resource, left_open};
use crate::facts::platform::declared_by;
use crate::facts::rejections::never_rejects;
use crate::facts::under_way::{Kept, is_async, maker_of};
use crate::file::{File, argument, callee_name, method};
use crate::project::Calls;

/// Ways of ending that the text shows.
pub(crate) const AFTER_REJECTION: &str = "the promise is rejected";
pub(crate) const OVER: &str = "what it stands for is over";
pub(crate) const NULLED: &str = "it is over, as null: its key is not deleted";
pub(crate) const FAILED: &str = "what it waits for fails";
pub(crate) const BETWEEN: &str = "a caller fails in between";
pub(crate) const BY_ANOTHER_WAY: &str = "the function returns or throws before";

/// The way of ending on which the entry stays, with what to say of the releases there are.
pub(crate) fn leak<'a>(
    file: &File<'_, 'a>,
    holder: &Holder<'a>,
    insertion: &Insertion<'a>,
    kept: Kept,
    releases: &[Release],
) -> Option<(&'static str, &'static str)> {
    if is_only_set_to_null(file, holder, insertion, kept, releases) {
        return Some((NULLED, "takes what is there, and leaves its key"));
    }
    // Most of what is put in anywhere stays on no way: that is asked first, since it is told fastest.
    let found = way(file, insertion, kept, releases)?;
    let is_ended_otherwise = is_on_a_clock(file, insertion.node, releases)
        || matches!(fate(file, holder, false), Fate::InOthersHands);
    (!is_ended_otherwise).then_some(found)
}

/// Whether all that is done about the entries of an object is that null or undefined takes their places, under keys of which each
/// is a new one: of something that waits for an answer, or under a number that counts up.
fn is_only_set_to_null<'a>(
    file: &File<'_, 'a>,
    holder: &Holder<'a>,
    insertion: &Insertion<'a>,
    kept: Kept,
    releases: &[Release],
) -> bool {
    let is_set = |release: &Release| {
        release.kind == ReleaseKind::Delete
            && matches!(file.kind(release.node), AstKind::AssignmentExpression(_))
    };
    holder.container == Container::Object
        && !releases.is_empty()
        && releases.iter().all(is_set)
        && insertion.key.is_some_and(|key| match domain(file, key) {
            Domain::Unbounded(Source::Serial) => true,
            Domain::Bounded => false,
            _ => kept == Kept::Resolver,
        })
}

/// The same by the text of the releases alone.
fn way<'a>(
    file: &File<'_, 'a>,
    insertion: &Insertion<'a>,
    kept: Kept,
    releases: &[Release],
) -> Option<(&'static str, &'static str)> {
    let deletes: Vec<&Release> = releases
        .iter()
        .filter(|release| release.kind == ReleaseKind::Delete)
        .collect();
    let own = file.function_around(insertion.node);
    let sweeps = releases.iter().any(|release| {
        // What an interval runs that puts entries in as well takes its own out, and sweeps up after nobody.
        release.period.is_some() && file.function_around(release.node) != own
            || matches!(
                release.kind,
                ReleaseKind::Reassign
                    | ReleaseKind::Filter
                    | ReleaseKind::Shift
                    | ReleaseKind::Pop
                    | ReleaseKind::Splice
                    | ReleaseKind::BoundCheck
            )
    });
    let clears = releases
        .iter()
        .any(|release| release.kind == ReleaseKind::Clear);
    if deletes.is_empty() {
        // Emptied at the end of the program only.
        let is_emptied = clears && kept != Kept::Controller;
        let is_again = insertion.frequency == Calls::Again || kept == Kept::Controller;
        let is_certain = is_again || makes_it(file, insertion);
        return (is_certain
            && !sweeps
            && !is_emptied
            && kept != Kept::Mark
            && kept != Kept::Promise)
            .then_some((OVER, "only all at once"));
    }
    if matches!(kept, Kept::Resolver | Kept::Promise)
        && !sweeps
        && deletes
            .iter()
            .all(|release| is_passed_by_a_settled_one(file, release.node))
    {
        return Some((
            "a branch settles it and returns",
            "not on the branch that returns before",
        ));
    }
    if sweeps || clears {
        return None;
    }
    let function = file.function_around(insertion.node)?;
    if is_on_another_branch(file, insertion, &deletes) {
        return None;
    }
    if is_async(file, function) && leaves_before(file, function, insertion, &deletes) {
        return Some((BY_ANOTHER_WAY, "only further down"));
    }
    if deletes
        .iter()
        .all(|release| is_passed_by_a_failure(file, release.node))
    {
        return Some((FAILED, "only after success"));
    }
    if deletes
        .iter()
        .all(|release| is_passed_by_an_error(file, release.node, &deletes))
    {
        return Some((FAILED, "only after success"));
    }
    if is_skipped_by_its_maker(file, insertion, &deletes) {
        return Some((AFTER_REJECTION, "not on every way out"));
    }
    // That the question could not be sent says nothing of an answer that does not come.
    let ends = |release: &&Release| {
        is_on_every_way(file, release.node, function)
            && !(kept == Kept::Resolver && is_in_a_catch(file, release.node))
    };
    if deletes.iter().any(ends) {
        return None;
    }
    if deletes.iter().all(|release| {
        file.function_around(release.node).is_some_and(|ending| {
            let (begun, ended) = (file.site(function), file.site(ending));
            file.project.is_skipped_after(begun, ended)
        })
    }) {
        return Some((BETWEEN, "only when all goes well"));
    }
    let is_of_this_one = |release: &&Release| {
        let then = file.function_around(release.node);
        let around = then.and_then(|then| file.function_around(then));
        kept == Kept::Promise
            || kept == Kept::Mark
                && around == Some(function)
                && (insertion.key).is_some_and(|key| is_key_of(file, release.node, key))
    };
    if deletes
        .iter()
        .all(|release| is_after_success(file, release.node) && is_of_this_one(release))
    {
        return Some((AFTER_REJECTION, "only after success"));
    }
    // A mark: put in, and taken out further down under the same key.
    if is_async(file, function) && is_own(file, function, insertion, &deletes) {
        let opened = file.kind(insertion.node).span();
        let mut exits = exits_before(file, function, Some(opened), &deletes);
        if exits.any(|exit| exit == Exit::Rejection) {
            return Some((BY_ANOTHER_WAY, "only at the end"));
        }
    }
    let is_answer = |release: &&Release| is_in_an_answer(file, release.node);
    let answers = deletes.iter().any(is_answer)
        && deletes
            .iter()
            .all(|release| is_answer(release) || is_in_a_catch(file, release.node));
    (answers && kept == Kept::Resolver).then_some(("no answer comes", "only when an answer comes"))
}

/// Whether the async function whose promise is put in takes the entry out itself, and not on every way out.
fn is_skipped_by_its_maker<'a>(
    file: &File<'_, 'a>,
    insertion: &Insertion<'a>,
    deletes: &[&Release],
) -> bool {
    let stored = insertion.values.first();
    let Some(maker) = stored.and_then(|stored| maker_of(file, stored)) else {
        return false;
    };
    let is_within = |release: &&Release| file.function_around(release.node) == Some(maker);
    if !deletes.iter().all(is_within) {
        return false;
    }
    exits_before(file, maker, None, deletes)
        .any(|exit| matches!(exit, Exit::Rejection | Exit::Throw))
}

/// The ways out of a function that come by none of these places, from where the entry is put in.
fn exits_before(
    file: &File<'_, '_>,
    function: NodeId,
    opened: Option<Span>,
    deletes: &[&Release],
) -> impl Iterator<Item = Exit> {
    let closed = deletes.iter().map(|release| decided(file, release.node));
    let closed: Vec<Span> = closed.collect();
    let resource = Resource {
        opened,
        closed: &closed,
        variable: None,
    };
    let left = left_open(file, function, &resource);
    left.into_iter().map(|left| left.exit)
}

/// Where it is decided that an entry goes: the deletion, or what the `finally` around it asks first. `if (next) next(); else
/// turns.delete(key);` is thought of on every way.
fn decided(file: &File<'_, '_>, delete: NodeId) -> Span {
    let own = file.kind(delete).span();
    let mut asked = own;
    let around = file.nodes().ancestor_kinds(delete);
    for kind in around.take_while(|kind| !is_function(*kind)) {
        match kind {
            AstKind::IfStatement(choice) => asked = choice.test.span(),
            AstKind::TryStatement(attempt) => {
                let last = attempt.finalizer.as_ref();
                let is_last = last.is_some_and(|last| last.span.contains_inclusive(own));
                return if is_last { asked } else { own };
            }
            _ => {}
        }
    }
    own
}

/// Whether a function that takes the entry out again returns or throws on a way that does not come by there.
fn leaves_before<'a>(
    file: &File<'_, 'a>,
    function: NodeId,
    insertion: &Insertion<'a>,
    deletes: &[&Release],
) -> bool {
    if !is_own(file, function, insertion, deletes) {
        return false;
    }
    let opened = file.kind(insertion.node).span();
    exits_before(file, function, Some(opened), deletes)
        .any(|exit| matches!(exit, Exit::Return | Exit::Throw))
}

/// Whether the function that puts the entry in takes it out further down, under the same key.
fn is_own<'a>(
    file: &File<'_, 'a>,
    function: NodeId,
    insertion: &Insertion<'a>,
    deletes: &[&Release],
) -> bool {
    deletes.iter().all(|release| {
        file.function_around(release.node) == Some(function)
            && release.extent.start > insertion.extent.start
            && insertion
                .key
                .is_some_and(|key| is_key_of(file, release.node, key))
    })
}

/// Whether the branch that puts the entry in leaves the function, and it is taken out further down: a count that is started again
/// when it is high enough.
fn is_on_another_branch(
    file: &File<'_, '_>,
    insertion: &Insertion<'_>,
    deletes: &[&Release],
) -> bool {
    if is_in_the_other_branch(file, insertion.node, deletes) {
        return true;
    }
    let mut around = file.nodes().ancestor_kinds(insertion.node);
    let branch = around.find_map(|kind| match kind {
        AstKind::BlockStatement(block) => Some(block),
        _ => None,
    });
    branch.is_some_and(|branch| {
        let leaves = matches!(
            branch.body.last(),
            Some(Statement::ReturnStatement(_) | Statement::ThrowStatement(_))
        );
        let is_in = |release: &&Release| {
            branch
                .span
                .contains_inclusive(file.kind(release.node).span())
        };
        leaves && !deletes.iter().any(is_in)
    })
}

/// Whether entries are put in where a condition holds, and taken out where it does not: a state, and nothing under way.
fn is_in_the_other_branch(file: &File<'_, '_>, insertion: NodeId, deletes: &[&Release]) -> bool {
    let own = file.kind(insertion).span();
    let around = file.nodes().ancestor_kinds(insertion);
    let mut around = around.take_while(|kind| !is_function(*kind));
    around.any(|kind| {
        let AstKind::IfStatement(choice) = kind else {
            return false;
        };
        let Some(otherwise) = &choice.alternate else {
            return false;
        };
        let (then, otherwise) = (choice.consequent.span(), otherwise.span());
        let other = match then.contains_inclusive(own) {
            true => otherwise,
            false => then,
        };
        !deletes.is_empty()
            && deletes
                .iter()
                .all(|release| other.contains_inclusive(file.kind(release.node).span()))
    })
}

/// Whether what somebody waits with is made where it is put in: in a promise's executor, or by a call there.
pub(crate) fn makes_it<'a>(file: &File<'_, 'a>, insertion: &Insertion<'a>) -> bool {
    let function = file.function_around(insertion.node);
    let stored = insertion.values.first().copied().or(insertion.key);
    let awaited = function.is_some_and(|function| is_async(file, function));
    function.is_some_and(|function| is_executor(file, function))
        || awaited && stored.is_some_and(|stored| constant(file, stored).is_some())
}

/// Whether a function is what a promise is made with.
fn is_executor(file: &File<'_, '_>, function: NodeId) -> bool {
    matches!(file.kind(file.parent(function)), AstKind::NewExpression(new)
        if matches!(bare(&new.callee), Expression::Identifier(class) if class.name == "Promise"))
}

/// Whether a branch before a deletion settles what the entry stands for, and returns: `if (error) { call.reject(error); return; }`.
fn is_passed_by_a_settled_one(file: &File<'_, '_>, delete: NodeId) -> bool {
    let Some(function) = file.function_around(delete) else {
        return false;
    };
    let at = file.kind(delete).span();
    file.calls().iter().any(|(node, call)| {
        call.span.end < at.start
            && file.function_around(*node) == Some(function)
            && settles(file, call)
            && file
                .nodes()
                .ancestor_kinds(*node)
                .take_while(|around| !is_function(*around))
                .any(|around| match around {
                    AstKind::BlockStatement(block) => {
                        block.span.end <= at.start
                            && matches!(
                                block.body.last(),
                                Some(oxc_ast::ast::Statement::ReturnStatement(_))
                            )
                    }
                    // `if (error) return reject(error);`
                    AstKind::ReturnStatement(_) => true,
                    _ => false,
                })
    })
}

/// Whether a call settles a promise: by a method of what is kept of it, or by what its executor was given.
fn settles<'a>(file: &File<'_, 'a>, call: &CallExpression<'a>) -> bool {
    if let Some((_, name)) = method(call) {
        return matches!(name, "reject" | "resolve");
    }
    let scoping = file.parsed.semantic().scoping();
    file.variable(&call.callee).is_some_and(|callee| {
        let declared = scoping.symbol_declaration(callee);
        matches!(file.kind(declared), AstKind::FormalParameter(_))
            && file
                .function_around(declared)
                .is_some_and(|function| is_executor(file, function))
    })
}

/// Whether a deletion is in a callback that leaves before it where it is told of a failure: `if (err) return done(err);`.
fn is_passed_by_a_failure(file: &File<'_, '_>, delete: NodeId) -> bool {
    let Some(function) = file.function_around(delete) else {
        return false;
    };
    let parameters = match file.kind(function) {
        AstKind::Function(function) => &function.params,
        AstKind::ArrowFunctionExpression(arrow) => &arrow.params,
        _ => return false,
    };
    let told = parameters.items.first();
    let told = told.and_then(|first| first.pattern.get_binding_identifier());
    let Some(failure) = told
        .filter(|name| matches!(name.name.as_str(), "err" | "error" | "e" | "er" | "ex"))
        .and_then(|name| name.symbol_id.get())
    else {
        return false;
    };
    let is_handed = matches!(file.kind(file.parent(function)), AstKind::CallExpression(_));
    let at = file.kind(delete).span();
    let scoping = file.parsed.semantic().scoping();
    is_handed
        && scoping.get_resolved_references(failure).any(|used| {
            let branch = file
                .nodes()
                .ancestor_kinds(used.node_id())
                .find_map(|kind| match kind {
                    AstKind::IfStatement(branch) => Some(branch),
                    _ => None,
                });
            let asked = file.kind(used.node_id()).span();
            branch.is_some_and(|branch| {
                branch.span.end <= at.start
                    && branch.test.span().contains_inclusive(asked)
                    && leaves(&branch.consequent)
            })
        })
}

/// Whether a deletion is of the entry under this key.
fn is_key_of<'a>(file: &File<'_, 'a>, delete: NodeId, key: &Expression<'a>) -> bool {
    let key = file.written(key);
    match file.kind(delete) {
        AstKind::CallExpression(call) => {
            argument(call, 0).is_some_and(|given| file.written(given) == key)
        }
        AstKind::UnaryExpression(unary) => match bare(&unary.argument) {
            Expression::ComputedMemberExpression(member) => {
                file.written(bare(&member.expression)) == key
            }
            _ => false,
        },
        _ => false,
    }
}

/// Functions that give up by themselves, and undo what they are told to.
const CLOCKS: &[&str] = &["pTimeout", "withTimeout", "timeout", "finally"];

/// Whether the code around an insertion sees to it that the entry goes after a time: a timer whose function takes it out, or
/// something that nobody can look into.
fn is_on_a_clock(file: &File<'_, '_>, node: NodeId, releases: &[Release]) -> bool {
    let functions: Vec<NodeId> = file
        .nodes()
        .ancestor_ids(node)
        .filter(|around| is_function(file.kind(*around)))
        .collect();
    functions.iter().take(2).enumerate().any(|(out, function)| {
        // A promise's executor is part of the function around it; of a factory nothing but its own timers is.
        let is_part = out == 0 || functions.first().is_some_and(|own| is_executor(file, *own));
        let within = file.kind(*function).span();
        file.calls_within(within).any(|(_, call)| {
            let Some(name) = callee_name(call) else {
                return false;
            };
            let is_timer = matches!(name, "setTimeout" | "setInterval");
            is_part && CLOCKS.contains(&name)
                || is_timer && argument(call, 0).is_none_or(|run| releases_in(file, run, releases))
        })
    })
}

/// Whether a function that is handed over takes entries out, or calls one that does, or is not known.
fn releases_in<'a>(file: &File<'_, 'a>, run: &Expression<'a>, releases: &[Release]) -> bool {
    let known = file.callable(run).or_else(|| file.parsed.callee_of(run));
    let Some(function) = known else {
        return true;
    };
    let is_in = |function: NodeId| {
        let within = file.kind(function).span();
        releases
            .iter()
            .any(|release| within.contains_inclusive(file.kind(release.node).span()))
    };
    let within = file.kind(function).span();
    is_in(function)
        || file
            .calls_within(within)
            .any(|(_, call)| file.parsed.callee_of(&call.callee).is_some_and(is_in))
}

/// Whether a promise is what handling a failure has left: `work.then(() => {}, () => {})`, `work.catch(log)`.
fn is_never_rejected<'a>(file: &File<'_, 'a>, promise: &Expression<'a>) -> bool {
    never_rejects(declared_by(file, promise).unwrap_or(promise))
}

/// Whether code runs only when a promise is fulfilled: in the first function that a `then` is given. What the second does is
/// another release.
fn is_after_success(file: &File<'_, '_>, node: NodeId) -> bool {
    file.nodes().ancestor_ids(node).any(|around| {
        let own = file.kind(around);
        is_function(own)
            && matches!(file.kind(file.parent(around)), AstKind::CallExpression(call)
                if method(call).is_some_and(|(promise, name)| name == "then" && !is_never_rejected(file, promise))
                    && argument(call, 0).is_some_and(|first| first.span() == own.span()))
    }) && !is_after_failure(file, node)
}
