//! A promise whose settling is left to somebody else → who was given its `resolve`, and on which way nobody calls it.

use oxc_ast::ast::{BindingPattern, CallExpression, Expression, NewExpression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::{Value, bare, is_function};

use crate::facts::fate::{Fate, call_at, uses, way};
use crate::facts::locks::{kept_locked, left_shut};
use crate::facts::outliving::stays_pending;
use crate::facts::platform::{declared_by, is_global_call, outside};
use crate::facts::streams::event_of;
use crate::facts::threads::answers;
use crate::facts::timers::{executor, parameter};
use crate::facts::waiting_lists::in_list;
use crate::file::{File, argument, method};
use crate::project::Calls;

/// Why a promise may stay pending while somebody keeps its `resolve`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pending {
    /// Its resolver waits in a map for an answer under its key, and for nothing else.
    UnderKey(String),
    /// Its resolver waits in a list that the end of the instance does not look at.
    AfterClose(String, Span),
    /// Its resolver waits in a list that is served only where something succeeds.
    AfterFailure(String, Span),
    /// An event settles it, and another tells that the first will not come.
    WithoutEvent(Span),
    /// It waits for an event with a name of its own, which may never come.
    OwnEvent,
    /// Its resolver waits in a list for a method that its callers skip when they fail.
    HeldByFailed(String),
    /// Its resolver is kept for a function that its callers skip when they fail.
    LeftShut(String),
    /// Its resolver waits in a list that nobody serves.
    Unserved(String),
    /// Its resolver waits in a list that one event serves, while another tells that it is off again.
    ByOneEvent(String, Span),
}

/// `once(emitter, `reply:${id}`)` without a signal, on what lives longer than the call.
pub(crate) fn own_event<'a>(file: &File<'_, 'a>, call: &CallExpression<'a>) -> Option<Pending> {
    let is_once = outside(file, &call.callee).is_some_and(|found| {
        found.module == "events" && matches!(found.name.as_str(), "once" | "EventEmitter.once")
    });
    if !is_once || call.arguments.len() != 2 || !outlives(file, argument(call, 0)?) {
        return None;
    }
    depends_on_a_value(argument(call, 1)?).then_some(Pending::OwnEvent)
}

/// Whether a name is put together, rather than one of the program's.
fn depends_on_a_value(name: &Expression<'_>) -> bool {
    match name {
        Expression::TemplateLiteral(template) => !template.expressions.is_empty(),
        Expression::BinaryExpression(_) => true,
        _ => false,
    }
}

pub(super) fn outlives<'a>(file: &File<'_, 'a>, emitter: &Expression<'a>) -> bool {
    match bare(emitter) {
        Expression::ThisExpression(_) => true,
        named @ Expression::Identifier(_) => file.variable(named).is_some_and(|variable| {
            let scoping = file.parsed.semantic().scoping();
            let home = file.function_around(scoping.symbol_declaration(variable));
            scoping.symbol_scope_id(variable) == scoping.root_scope_id()
                // What a function has that runs once: a factory that the module calls.
                || home.is_some_and(|home| {
                    Some(home) != file.function_around(named.node_id())
                        && file.calls_of(home) == Calls::Once
                })
        }),
        other => other
            .as_member_expression()
            .is_some_and(|member| outlives(file, member.object())),
    }
}

/// Why the promise that `new Promise(…)` makes may stay pending.
pub(crate) fn pending<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    new: &NewExpression<'a>,
) -> Option<Pending> {
    let executor = executor(file, new)?;
    let resolve = parameter(file.parsed.parameters(executor)?, 0)?;
    let maker = file.function_around(node)?;
    if has_a_deadline(file, maker) {
        return None;
    }
    let used = settler(file, resolve, executor)?;
    if let Fate::Variable(opener) = way(file, used).fate {
        return kept_locked(file, node, maker, opener)
            .or_else(|| left_shut(file, maker, opener))
            .or_else(|| {
                kept(
                    file,
                    given_to_the_caller(file, node, maker, opener)?,
                    node,
                    maker,
                )
            });
    }
    kept(file, used, node, executor)
}

/// Why a promise may stay pending that `Promise.withResolvers()` gives together with what settles it.
pub(crate) fn pending_with_resolvers<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
) -> Option<Pending> {
    let (class, "withResolvers") = method(call)? else {
        return None;
    };
    let Fate::Apart(BindingPattern::ObjectPattern(parts)) = way(file, node).fate else {
        return None;
    };
    let maker = file.function_around(node)?;
    let is_promise = matches!(class, Expression::Identifier(class) if class.name == "Promise");
    if !is_promise || has_a_deadline(file, maker) {
        return None;
    }
    let part = |name: &str| {
        let mut parts = parts.properties.iter();
        let part = parts.find(|part| part.key.static_name().is_some_and(|own| own == name))?;
        part.value.get_binding_identifier()?.symbol_id.get()
    };
    let used = settler(file, part("resolve")?, maker)?;
    is_given_to_the_caller(file, part("promise")?, maker)
        .then(|| kept(file, used, node, maker))
        .flatten()
}

/// Why a promise may stay pending that an object has together with what settles it, where that object is kept for the answer: what
/// `deferred()` of the project gives, or `Promise.withResolvers()`.
pub(crate) fn pending_in_an_object(file: &File<'_, '_>, node: NodeId) -> Option<Pending> {
    let made = way(file, node);
    let Fate::Variable(deferred) = made.fate else {
        return None;
    };
    let maker = file.function_around(node)?;
    let mut keeping = None;
    let mut waits = false;
    for (used, own) in uses(file, deferred) {
        match own.fate {
            Fate::Read {
                property: "promise",
                node: read,
            } if file.function_around(used) == Some(maker) && is_waited_for(file, read) => {
                waits = true;
            }
            Fate::Given { .. } | Fate::Elsewhere if keeping.is_none() => keeping = Some(used),
            _ => return None,
        }
    }
    let keeping = keeping.filter(|_| waits && !made.awaited)?;
    if has_a_deadline(file, maker) {
        return None;
    }
    kept(file, keeping, node, maker)
}

/// Whether a function waits for what is read, or returns it: a promise that somebody has to settle.
fn is_waited_for(file: &File<'_, '_>, read: NodeId) -> bool {
    let promise = match file.kind(file.parent(read)) {
        AstKind::AwaitExpression(waited) => &waited.argument,
        AstKind::ReturnStatement(given) => match &given.argument {
            Some(given) => given,
            None => return false,
        },
        _ => return false,
    };
    stays_pending(&file.meaning(promise))
}

/// The one use of what settles a promise, or the function that is handed over with all of them in it: `(m) => resolve(m.body)`.
fn settler(file: &File<'_, '_>, resolve: SymbolId, home: NodeId) -> Option<NodeId> {
    let used = uses(file, resolve);
    if let [(only, _)] = used.as_slice()
        && file.function_around(*only) == Some(home)
    {
        return Some(*only);
    }
    let (first, _) = used.first()?;
    let functions = std::iter::successors(file.function_around(*first), |inner| {
        file.function_around(*inner)
    });
    let handed = functions
        .take_while(|function| *function != home)
        .last()
        .filter(|handed| file.function_around(*handed) == Some(home))?;
    let whole = file.kind(handed).span();
    let is_within = |(node, _): &(NodeId, _)| whole.contains_inclusive(file.kind(*node).span());
    used.iter().all(is_within).then_some(handed)
}

/// The one use of the variable that holds what settles a promise which its function gives to its caller.
fn given_to_the_caller(
    file: &File<'_, '_>,
    node: NodeId,
    maker: NodeId,
    opener: SymbolId,
) -> Option<NodeId> {
    let Fate::Variable(promise) = way(file, node).fate else {
        return None;
    };
    let used = settler(file, opener, maker)?;
    is_given_to_the_caller(file, promise, maker).then_some(used)
}

/// Whether all that is done with a promise is that its function waits for it or returns it.
fn is_given_to_the_caller(file: &File<'_, '_>, promise: SymbolId, maker: NodeId) -> bool {
    let used = uses(file, promise);
    !used.is_empty()
        && used.iter().all(|(_, way)| {
            way.awaited || matches!(way.fate, Fate::Returned(function) if function == maker)
        })
}

/// Who gets what settles a promise, by a use of it in that function.
fn kept(file: &File<'_, '_>, used: NodeId, node: NodeId, function: NodeId) -> Option<Pending> {
    let maker = file.function_around(node)?;
    if let Some(holder) = object_of(file, used, function) {
        return under_key_of_object(file, holder, maker);
    }
    let keeping = keeping_call(file, used, function)?;
    let call = call_at(file, keeping)?;
    match method(call)? {
        (holder, "set") if call.arguments.len() == 2 => under_key(file, holder, node, maker),
        // A function may be added to what runs it.
        (_, "add") if is_function(file.kind(used)) => None,
        (holder, "push" | "add" | "unshift") => match list_of(file, holder) {
            Some(table) => under_key(file, table, node, maker),
            None => in_list(file, holder, node, call.span),
        },
        (emitter, "once" | "on" | "addListener")
            if depends_on_a_value(argument(call, 0)?) && outlives(file, emitter) =>
        {
            Some(Pending::OwnEvent)
        }
        (emitter, "once" | "on" | "addListener") => {
            without_event(file, emitter, event_of(file, keeping, 0)?, node)
        }
        _ => None,
    }
}

/// The map that has a list under a key, which everybody joins: a variable for `waiting.get(user) ?? []`. Where the first comer
/// makes the list and does not wait, it is a lock's.
fn list_of<'a>(file: &File<'_, 'a>, list: &'a Expression<'a>) -> Option<&'a Expression<'a>> {
    let Expression::LogicalExpression(either) = bare(declared_by(file, list)?) else {
        return None;
    };
    let Expression::CallExpression(call) = bare(&either.left) else {
        return None;
    };
    match method(call)? {
        (table, "get") => Some(table),
        _ => None,
    }
}

/// The one call that is given `resolve`, by itself or in an object or a list, and nothing else happens to it.
pub(super) fn keeping_call(file: &File<'_, '_>, used: NodeId, executor: NodeId) -> Option<NodeId> {
    let mut at = used;
    loop {
        let way = way(file, at);
        if let Fate::Given { call, .. } = way.fate {
            return (file.function_around(call) == Some(executor)).then_some(call);
        }
        let parent = file.nodes().parent_id(way.whole);
        match file.kind(parent) {
            AstKind::ObjectProperty(_) => at = file.nodes().parent_id(parent),
            AstKind::ArrayExpression(_) => at = parent,
            _ => return None,
        }
    }
}

/// Whether a function starts a timer, or looks at a signal or a timeout: something else may settle what it makes.
fn has_a_deadline(file: &File<'_, '_>, function: NodeId) -> bool {
    let whole = file.kind(function).span();
    let text = file.slice(whole);
    let times = file
        .calls_within(whole)
        .any(|(_, call)| is_global_call(file, call, "setTimeout"));
    times
        || ["signal", "Signal", "timeout", "Timeout", "deadline"]
            .iter()
            .any(|word| text.contains(word))
}

/// All places of the file that name the holder, with the functions they are in.
pub(super) fn mentions(file: &File<'_, '_>, holder: &str) -> Vec<(NodeId, Span)> {
    let nodes = file.nodes_of([
        AstType::IdentifierReference,
        AstType::StaticMemberExpression,
        AstType::PrivateFieldExpression,
    ]);
    let named = nodes.filter(|node| {
        matches!(
            node.kind(),
            AstKind::IdentifierReference(_)
                | AstKind::StaticMemberExpression(_)
                | AstKind::PrivateFieldExpression(_)
        ) && file.slice(node.kind().span()) == holder
    });
    named.map(|node| (node.id(), node.kind().span())).collect()
}

/// Methods of a map that deal with one key.
const OF_ONE_KEY: &[&str] = &["set", "get", "delete", "has"];

fn under_key<'a>(
    file: &File<'_, 'a>,
    holder: &Expression<'a>,
    promise: NodeId,
    maker: NodeId,
) -> Option<Pending> {
    let within = file.kind(maker).span();
    let name = file.slice(holder.span());
    let mentioned = mentions(file, name);
    if !outlives(file, holder) || answers(file, within, &mentioned) {
        return None;
    }
    let mut takes_out = false;
    for (node, span) in mentioned {
        // Its first value.
        if matches!(file.kind(file.nodes().parent_id(node)), AstKind::AssignmentExpression(assignment)
            if assignment.left.span() == span && matches!(bare(&assignment.right), Expression::NewExpression(_)))
        {
            continue;
        }
        let Fate::Asked { method, .. } = way(file, node).fate else {
            // Whoever gets the map may settle all of them.
            let is_declaration = matches!(way(file, node).fate, Fate::Dropped);
            if is_declaration {
                continue;
            }
            return None;
        };
        let is_given_up = method == "delete"
            && within.contains_inclusive(span)
            && !is_of_failed_asking(file, node, promise, maker);
        // Whoever asks for one after the other may settle all of them: the other side has ended.
        let is_walked = method == "get" && is_in_a_walk(file, node);
        if !OF_ONE_KEY.contains(&method) || is_given_up || is_walked {
            return None;
        }
        takes_out |= matches!(method, "get" | "delete");
    }
    let exported = file.exported_locals().contains(name);
    (takes_out && !exported).then(|| Pending::UnderKey(name.to_owned()))
}

/// Whether code goes through a list that is not what its function was handed: not the answers of a batch.
fn is_in_a_walk<'a>(file: &File<'_, 'a>, node: NodeId) -> bool {
    let around = file.nodes().ancestor_kinds(node);
    let mut own = around.take_while(|kind| !is_function(*kind));
    let list = own.find_map(|kind| match kind {
        AstKind::ForOfStatement(each) => Some(&each.right),
        AstKind::ForInStatement(each) => Some(&each.right),
        _ => None,
    });
    list.is_some_and(|list| !matches!(file.parsed.value(list).root(), Value::Parameter(..)))
}

/// Whether a place is in the `catch` of a `try` of the asking function that does not wait for the promise: the question
/// could not be sent, which says nothing of an answer that does not come.
fn is_of_failed_asking(file: &File<'_, '_>, at: NodeId, promise: NodeId, maker: NodeId) -> bool {
    if file.function_around(at) != Some(maker) {
        return false;
    }
    let mut waits = vec![file.kind(promise).span()];
    if let Fate::Variable(named) = way(file, promise).fate {
        let used = uses(file, named).into_iter();
        waits.extend(used.map(|(node, _)| file.kind(node).span()));
    }
    let place = file.kind(at).span();
    let mut around = file.nodes().ancestor_kinds(at);
    let attempt = around.find_map(|around| match around {
        AstKind::TryStatement(attempt) if !attempt.block.span.contains_inclusive(place) => {
            Some(attempt)
        }
        _ => None,
    });
    attempt.is_some_and(|attempt| {
        let is_caught = attempt
            .handler
            .as_ref()
            .is_some_and(|handler| handler.span.contains_inclusive(place));
        is_caught && !(waits.iter()).any(|waited| attempt.block.span.contains_inclusive(*waited))
    })
}

/// The object under a key of which a resolver is put, by itself or in an object: `open[id] = resolve`.
fn object_of<'a>(
    file: &File<'_, 'a>,
    used: NodeId,
    executor: NodeId,
) -> Option<&'a Expression<'a>> {
    let mut at = used;
    loop {
        let way = way(file, at);
        let parent = file.nodes().parent_id(way.whole);
        match file.kind(parent) {
            AstKind::ObjectProperty(_) => at = file.nodes().parent_id(parent),
            AstKind::AssignmentExpression(assignment) => {
                let is_here = file.function_around(parent) == Some(executor);
                let member = assignment.left.as_member_expression()?;
                let is_keyed = is_here && member.static_property_name().is_none();
                return is_keyed.then(|| bare(member.object()));
            }
            _ => return None,
        }
    }
}

/// The same as for a map, of an object of which each entry is asked for and deleted by its key.
fn under_key_of_object<'a>(
    file: &File<'_, 'a>,
    holder: &Expression<'a>,
    maker: NodeId,
) -> Option<Pending> {
    let within = file.kind(maker).span();
    let name = file.slice(holder.span());
    let mentioned = mentions(file, name);
    if !outlives(file, holder) || answers(file, within, &mentioned) {
        return None;
    }
    let mut takes_out = false;
    for (node, span) in mentioned {
        match file.kind(file.nodes().parent_id(node)) {
            AstKind::ComputedMemberExpression(member) if member.object.span() == span => {
                let is_own = within.contains_inclusive(span);
                let is_deleted = matches!(
                    file.kind(file.nodes().parent_id(file.nodes().parent_id(node))),
                    AstKind::UnaryExpression(_)
                );
                if is_own && is_deleted {
                    return None;
                }
                takes_out |= !is_own;
            }
            // Its first value.
            AstKind::AssignmentExpression(first) if first.left.span() == span => {}
            _ => return None,
        }
    }
    let exported = file.exported_locals().contains(name);
    (takes_out && !exported).then(|| Pending::UnderKey(name.to_owned()))
}

/// An emitter that waits for an event of its own, and tells a failure by another one.
fn without_event<'a>(
    file: &File<'_, 'a>,
    emitter: &Expression<'a>,
    event: &str,
    node: NodeId,
) -> Option<Pending> {
    // What a constructor waits for is one promise for each instance, which goes with it.
    let in_constructor = file.function_around(node).is_some_and(|function| {
        matches!(file.kind(file.nodes().parent_id(function)),
            AstKind::MethodDefinition(method) if method.kind.is_constructor())
    });
    if in_constructor || !matches!(bare(emitter), Expression::ThisExpression(_)) {
        return None;
    }
    let class = file
        .nodes()
        .ancestor_ids(node)
        .find(|around| matches!(file.kind(*around), AstKind::Class(_)))?;
    let whole = file.kind(class).span();
    let emits: Vec<(NodeId, &CallExpression<'a>)> = file
        .calls_within(whole)
        .filter(|(_, call)| {
            method(call).is_some_and(|(object, name)| {
                name == "emit" && matches!(object, Expression::ThisExpression(_))
            })
        })
        .map(|(node, call)| (*node, *call))
        .collect();
    let settles = emits
        .iter()
        .any(|(node, _)| event_of(file, *node, 0) == Some(event));
    let fails = emits.iter().find(|(node, call)| {
        let tells = event_of(file, *node, 0).is_some_and(|other| other != event);
        let error = argument(call, 1).is_some_and(|given| {
            matches!(
                file.slice(given.span()),
                "err" | "error" | "reason" | "cause"
            )
        });
        tells && error
    })?;
    settles.then_some(Pending::WithoutEvent(fails.1.span))
}
