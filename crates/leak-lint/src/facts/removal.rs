//! A listener into what ends it: a call that takes it off, a signal, a disposer, somebody who is given the means to.

use oxc_ast::AstKind;
use oxc_ast::ast::{Expression, ObjectPropertyKind};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::{bare, literal_text};

use crate::facts::fate::{Fate, call_at, uses, way};
use crate::facts::listeners::{ADDS, Added, REMOVES, Removed, Way, is_written_function, member};
use crate::file::{File, method};
use crate::project::Elsewhere;
use crate::summary::Op;

/// What may end a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A call of the file takes it off.
    TakenOff(NodeId),
    /// Only the listener itself takes itself off, once it has heard what it waits for.
    TakesItselfOff(NodeId),
    /// A signal that somebody may abort.
    Signal,
    /// What the registration gives back is kept, or given on.
    Disposer,
    /// Another file takes listeners for the event off that it has not added itself.
    Elsewhere,
    /// The listener is kept elsewhere too, for others to take off.
    KeptElsewhere,
}

/// What ends a listener, as far as the file tells.
pub(crate) fn ending<'a>(file: &File<'_, 'a>, added: &Added<'a>) -> Option<Ending> {
    if is_ended_by_signal(file, added) {
        return Some(Ending::Signal);
    }
    if gives_a_disposer(file, added) {
        return Some(Ending::Disposer);
    }
    let handler = added.handler.and_then(|handler| file.callable(handler));
    let own = handler.map(|handler| file.kind(handler).span());
    let removals = file.listeners().removed.iter();
    let mut itself = None;
    for removed in removals.filter(|removed| takes_off(file, removed, added)) {
        let is_own = own.is_some_and(|own| own.contains_inclusive(removed.call.span));
        if is_own
            && !added
                .handler
                .is_some_and(|handler| runs_besides(file, handler))
        {
            itself = Some(Ending::TakesItselfOff(removed.node));
        } else {
            return Some(Ending::TakenOff(removed.node));
        }
    }
    if is_taken_off_elsewhere(file, added) {
        return Some(Ending::Elsewhere);
    }
    let kept = added
        .handler
        .and_then(|handler| file.variable(handler))
        .and_then(|variable| kept_elsewhere(file, added, variable));
    kept.or(itself)
}

/// Whether a listener has a name under which other code runs it too: `finish` that a timer calls, or that a promise is given.
fn runs_besides<'a>(file: &File<'_, 'a>, handler: &Expression<'a>) -> bool {
    let (Some(name), Some(function)) = (file.variable(handler), file.callable(handler)) else {
        return false;
    };
    let own = file.kind(function).span();
    uses(file, name).into_iter().any(|(used, way)| {
        let listens = match way.fate {
            Fate::Given { call, .. } => call_at(file, call)
                .and_then(method)
                .is_some_and(|(_, name)| ADDS.contains(&name) || REMOVES.contains(&name)),
            _ => false,
        };
        !listens && !own.contains_inclusive(file.kind(used).span())
    })
}

/// Whether a removal is one of the emitter and the event, or of the very handler.
fn takes_off<'a>(file: &File<'_, 'a>, removed: &Removed<'a>, added: &Added<'a>) -> bool {
    let same = |one: Option<&'a Expression<'a>>, other: Option<&'a Expression<'a>>| matches!((one, other), (Some(one), Some(other)) if file.written(one) == file.written(other));
    if added.way == Way::Interceptor {
        return removed.method == "eject";
    }
    let named = |expression| last_name(file, expression);
    let is_same_emitter = named(removed.emitter) == named(added.emitter);
    let is_same_handler = same(removed.handler, added.handler)
        || (removed.handler.is_none() && same(removed.event, added.handler));
    let is_same_event = removed.event.is_none() || same(removed.event, added.event);
    if let (Some(theirs), Some(ours)) = (
        removed.event.and_then(literal_text),
        added.event.and_then(literal_text),
    ) && theirs != ours
        && is_same_emitter
        && removed.handler.is_some()
    {
        return false;
    }
    (is_same_emitter && (is_same_event && !is_of_another(file, removed, added) || is_same_handler))
        // The emitter under another name: `source.on(event, f)`, and `this.source.off(event, f)` in what is handed on.
        || (is_same_handler && added.handler.is_some_and(|handler| !is_written_function(handler)))
}

/// Whether a removal names a listener that the file adds somewhere else, and this one is not it.
fn is_of_another<'a>(file: &File<'_, 'a>, removed: &Removed<'a>, added: &Added<'a>) -> bool {
    let Some(named) = removed.handler.filter(|one| !is_written_function(one)) else {
        return false;
    };
    let is = |listener: &Added<'a>| {
        listener
            .handler
            .is_some_and(|handler| match file.variable(named) {
                Some(variable) => file.variable(handler) == Some(variable),
                None => member(named).is_some() && file.written(handler) == file.written(named),
            })
    };
    !is(added) && file.listeners().added.iter().any(is)
}

/// The removals of a listener, if the function that adds it, or what is written in there, has all of them.
pub(crate) fn removals_within<'a>(
    file: &File<'_, 'a>,
    added: &Added<'a>,
    function: NodeId,
) -> Option<Vec<NodeId>> {
    let handler = added.handler.and_then(|handler| file.callable(handler));
    let own = handler.map(|handler| file.kind(handler).span());
    let within = file.kind(function).span();
    let mut found = Vec::new();
    for removed in &file.listeners().removed {
        if !takes_off(file, removed, added) {
            continue;
        }
        let span = removed.call.span;
        let is_own = own.is_some_and(|own| own.contains_inclusive(span));
        if is_own || !within.contains_inclusive(span) || span.end <= added.call.span.start {
            return None;
        }
        found.push(removed.node);
    }
    (!found.is_empty()).then_some(found)
}

/// Whether a node is in a function that another gives to its caller, by itself or in an object: `{ stop: () => … }`.
pub(crate) fn is_given_back(file: &File<'_, '_>, node: NodeId, maker: NodeId) -> bool {
    let Some(inner) = file.function_around(node) else {
        return false;
    };
    let property = file.nodes().parent_id(inner);
    let given = match file.kind(property) {
        AstKind::ObjectProperty(_) => file.nodes().parent_id(property),
        _ => inner,
    };
    matches!(way(file, given).fate, Fate::Returned(function) if function == maker)
}

/// Whether another file takes off listeners of the event, and adds none that these could be.
fn is_taken_off_elsewhere<'a>(file: &File<'_, 'a>, added: &Added<'a>) -> bool {
    let event = added.event.and_then(literal_text);
    let uses = file.uses_of(added.emitter);
    let of_event = |used: &Elsewhere<'_>, methods: &[&str]| match used.op {
        Op::Call {
            method,
            event: theirs,
        } => {
            let is_same = match (theirs.as_deref(), event) {
                (Some(theirs), Some(ours)) => theirs == ours,
                _ => true,
            };
            is_same && methods.contains(&&**method)
        }
        _ => false,
    };
    let others: Vec<&Elsewhere<'_>> = uses.iter().filter(|used| used.file != file.index).collect();
    others.iter().any(|used| {
        of_event(used, REMOVES)
            && !others
                .iter()
                .any(|other| other.file == used.file && of_event(other, ADDS))
    })
}

/// The last name of what an expression names: `bus` of `this.bus` and of `options.bus`.
pub(crate) fn last_name<'a>(file: &File<'_, 'a>, expression: &'a Expression<'a>) -> String {
    match member(expression) {
        Some((_, name)) => name.to_owned(),
        None => file.written(expression),
    }
}

/// Whether the registration has a signal, unless nothing that the file shows can abort it.
fn is_ended_by_signal<'a>(file: &File<'_, 'a>, added: &Added<'a>) -> bool {
    let Some(options) = added.options else {
        return false;
    };
    let Expression::ObjectExpression(options) = bare(options) else {
        // Options that somebody else made may have one.
        return matches!(bare(options), Expression::Identifier(name) if name.name != "undefined")
            && added.way == Way::EventTarget;
    };
    options.properties.iter().any(|property| match property {
        ObjectPropertyKind::SpreadProperty(_) => true,
        ObjectPropertyKind::ObjectProperty(property) => {
            property
                .key
                .static_name()
                .is_some_and(|name| name == "signal")
                && may_be_aborted(file, &property.value, added)
        }
    })
}

/// Whether somebody may abort a signal: all but the one of a controller of the file whose `abort` is called nowhere except in
/// the listener itself.
fn may_be_aborted<'a>(file: &File<'_, 'a>, signal: &'a Expression<'a>, added: &Added<'a>) -> bool {
    let Some((controller, "signal")) = member(signal) else {
        return true;
    };
    let Some(variable) = file.variable(controller) else {
        return true;
    };
    let own = added
        .handler
        .and_then(|handler| file.callable(handler))
        .map(|handler| file.kind(handler).span());
    let scoping = file.parsed.semantic().scoping();
    let declaration = scoping.symbol_declaration(variable);
    if !matches!(file.kind(declaration), AstKind::VariableDeclarator(_)) {
        return true;
    }
    let mut uses = scoping.get_resolved_references(variable);
    uses.any(|reference| {
        let node = reference.node_id();
        let place = file.kind(node).span();
        let parent = file.parent(node);
        match file.kind(parent) {
            AstKind::StaticMemberExpression(member) if member.property.name == "signal" => false,
            AstKind::StaticMemberExpression(member) if member.property.name == "abort" => {
                !own.is_some_and(|own| own.contains_inclusive(place))
                    && !is_before_leaving(file, parent)
            }
            // Handed on, or kept.
            _ => true,
        }
    })
}

/// Whether a call is followed by leaving the loop or the function: nothing is registered then.
fn is_before_leaving(file: &File<'_, '_>, node: NodeId) -> bool {
    let block = file
        .nodes()
        .ancestor_ids(node)
        .find_map(|around| match file.kind(around) {
            AstKind::BlockStatement(block) => Some(&block.body),
            _ => None,
        });
    block.is_some_and(|body| {
        body.last().is_some_and(|last| {
            crate::facts::guard::leaves(last)
                || matches!(last, oxc_ast::ast::Statement::BreakStatement(_))
        })
    })
}

/// Whether what the registration gives back is used: a function or disposable that ends it, where the emitter gives one.
fn gives_a_disposer<'a>(file: &File<'_, 'a>, added: &Added<'a>) -> bool {
    let mut at = added.node;
    loop {
        let parent = file.parent(at);
        let here = file.kind(at).span();
        match file.kind(parent) {
            AstKind::ParenthesizedExpression(_)
            | AstKind::ChainExpression(_)
            | AstKind::TSAsExpression(_)
            | AstKind::TSNonNullExpression(_)
            | AstKind::AwaitExpression(_) => at = parent,
            AstKind::LogicalExpression(either) if either.right.span() == here => at = parent,
            // A promise or an iterator that is used is the listener itself; an emitter gives itself, to be chained.
            _ if added.way == Way::Awaited => return false,
            AstKind::ExpressionStatement(_) | AstKind::UnaryExpression(_) => return false,
            AstKind::StaticMemberExpression(chained) => {
                // `subscription = bus.subscribe(…).unsubscribe`, against `bus.on(…).on(…)`.
                return added.way == Way::Subscription
                    && !matches!(chained.property.name.as_str(), "then" | "catch" | "finally");
            }
            AstKind::ArrowFunctionExpression(_) => return !is_called_for_effect(file, parent),
            AstKind::SequenceExpression(_) => return false,
            _ => return true,
        }
    }
}

/// Whether nobody looks at what an arrow function gives: a callback of an emitter, a timer or a loop.
fn is_called_for_effect(file: &File<'_, '_>, arrow: NodeId) -> bool {
    let parent = file.parent(arrow);
    match file.kind(parent) {
        AstKind::CallExpression(call) => match method(call) {
            Some((_, name)) => {
                matches!(
                    name,
                    "forEach"
                        | "on"
                        | "once"
                        | "addListener"
                        | "addEventListener"
                        | "then"
                        | "use"
                        | "get"
                        | "post"
                        | "put"
                        | "delete"
                        | "patch"
                        | "all"
                )
            }
            None => {
                matches!(bare(&call.callee), Expression::Identifier(name) if matches!(name.name.as_str(), "setTimeout" | "setImmediate" | "setInterval" | "createServer" | "queueMicrotask"))
            }
        },
        AstKind::NewExpression(new) => {
            matches!(bare(&new.callee), Expression::Identifier(name) if name.name == "Promise")
        }
        _ => false,
    }
}

/// Whether the variable that holds a listener goes elsewhere than into registrations and calls: others may take it off.
fn kept_elsewhere<'a>(
    file: &File<'_, 'a>,
    added: &Added<'a>,
    variable: SymbolId,
) -> Option<Ending> {
    let scoping = file.parsed.semantic().scoping();
    let all = &file.listeners().added;
    let handed_to_emitters: Vec<Span> = all
        .iter()
        .filter_map(|added| added.handler.map(GetSpan::span))
        .collect();
    let mut uses = scoping.get_resolved_references(variable);
    let kept = uses.any(|reference| {
        let node = reference.node_id();
        let place = file.kind(node).span();
        if reference.is_write() || handed_to_emitters.contains(&place) {
            return false;
        }
        match file.kind(file.parent(node)) {
            AstKind::CallExpression(call) => {
                call.callee.span() != place
                    && !method(call).is_some_and(|(_, name)| REMOVES.contains(&name))
                    && !is_timer_or_promise(call)
                    && call.span != added.call.span
            }
            AstKind::NewExpression(new) => new.callee.span() != place,
            AstKind::ReturnStatement(_)
            | AstKind::ArrayExpression(_)
            | AstKind::ObjectProperty(_)
            | AstKind::VariableDeclarator(_) => true,
            // `signal.onabort = f` is the same for what has no `addEventListener`.
            AstKind::AssignmentExpression(assignment) => assignment
                .left
                .as_member_expression()
                .is_none_or(|target| file.written(target.object()) != file.written(added.emitter)),
            _ => false,
        }
    });
    kept.then_some(Ending::KeptElsewhere)
}

/// Calls that take a function to call it, and have no more to do with it.
fn is_timer_or_promise(call: &oxc_ast::ast::CallExpression<'_>) -> bool {
    match method(call) {
        Some((_, name)) => matches!(
            name,
            "then" | "catch" | "finally" | "call" | "apply" | "nextTick"
        ),
        None => matches!(bare(&call.callee), Expression::Identifier(name)
            if matches!(name.name.as_str(), "setTimeout" | "setImmediate" | "setInterval" | "queueMicrotask")),
    }
}

/// Whether the listener goes after the first time: `once`, or `{ once: true }`.
pub(crate) fn is_for_once<'a>(file: &File<'_, 'a>, added: &Added<'a>) -> bool {
    if added.way == Way::Once {
        return true;
    }
    if added.way == Way::Awaited {
        return file.events_function(&added.call.callee).as_deref() == Some("once");
    }
    let Some(Expression::ObjectExpression(options)) = added.options.map(bare) else {
        return false;
    };
    options.properties.iter().any(|property| {
        property.as_property().is_some_and(|property| {
            property
                .key
                .static_name()
                .is_some_and(|name| name == "once")
                && !matches!(&property.value, Expression::BooleanLiteral(literal) if !literal.value)
        })
    })
}
