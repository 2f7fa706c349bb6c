//! A promise → whether its rejection has a handler, and if not, how it was lost.

use oxc_ast::ast::{Argument, Expression, NewExpression, Statement};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::bare;

use crate::facts::fate::{Fate, Way, call_at, uses, way};
use crate::facts::paths::body_of;
use crate::facts::turns::is_loop;
use crate::file::{File, argument, callee_name, method};

/// How a promise is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) how: How,
    /// Where.
    pub(crate) at: Span,
}

/// How a promise comes to have no handler for its rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// Nobody takes it.
    Dropped,
    /// `void` throws it away on purpose.
    Voided,
    /// What `then` makes of it is dropped.
    Chained,
    /// A function returns it that is called by what ignores results: an emitter, `forEach`, a timer.
    Ignored,
    /// It is awaited, but only after something else was.
    Late,
    /// A caller in another file drops what the function gives back.
    ByCaller,
}

/// Methods whose function argument is called again and again, and its result ignored.
const IGNORE_RESULTS: &[&str] = &[
    // events, DOM
    "on",
    "once",
    "addListener",
    "prependListener",
    "prependOnceListener",
    "addEventListener",
    // ECMAScript: Array, Map, Set
    "forEach",
    // Node.js
    "nextTick",
];
/// Functions of the platform that do the same.
const IGNORE_RESULTS_GLOBALLY: &[&str] = &[
    "setTimeout",
    "setInterval",
    "setImmediate",
    "queueMicrotask",
];

/// Functions, calls and variables that a promise is followed through.
const DEEPEST: u32 = 8;

/// How the promise that an expression makes is lost; none if its rejection is handled, or may be.
pub(crate) fn lost(file: &File<'_, '_>, promise: NodeId) -> Option<Lost> {
    follow(file, promise, DEEPEST)
}

fn follow(file: &File<'_, '_>, promise: NodeId, deeper: u32) -> Option<Lost> {
    let deeper = deeper.checked_sub(1)?;
    let Way {
        fate,
        whole,
        awaited,
    } = way(file, promise);
    let at = file.kind(promise).span();
    if awaited {
        return awaited_in_vain(file, whole, deeper);
    }
    match fate {
        Fate::Dropped => Some(Lost {
            how: how_dropped(file, whole),
            at,
        }),
        Fate::Asked { call, method } => {
            let arguments = call_at(file, call)?.arguments.len();
            let goes_on = match method {
                "then" => arguments < 2,
                "catch" => arguments == 0,
                "finally" => true,
                _ => false,
            };
            let lost = if goes_on {
                follow(file, call, deeper)
            } else {
                None
            }?;
            Some(match lost.how {
                How::Dropped => Lost {
                    how: How::Chained,
                    ..lost
                },
                _ => lost,
            })
        }
        Fate::Returned(function) => returned(file, function, deeper),
        Fate::Variable(variable) => kept(file, promise, variable),
        Fate::Element(array) => match way(file, array).fate {
            Fate::Given { call, .. } => gathered(file, call, deeper),
            _ => None,
        },
        // `Promise.resolve(work())` is the same promise.
        Fate::Given { call, at: 0 } if is_resolved(file, call) => follow(file, call, deeper),
        Fate::Given { call, at: 0 } => gathered_later(file, call),
        _ => None,
    }
}

fn is_resolved(file: &File<'_, '_>, call: NodeId) -> bool {
    call_at(file, call)
        .and_then(method)
        .is_some_and(|(class, name)| {
            name == "resolve"
                && matches!(class, Expression::Identifier(class) if class.name == "Promise")
        })
}

/// Whether an expression is a promise that is never rejected, as it is written: `work().catch(log)`, `Promise.allSettled(…)`.
pub(crate) fn never_rejects(promise: &Expression<'_>) -> bool {
    let promise = bare(promise);
    let call = match promise {
        Expression::CallExpression(call) => call,
        // `new Promise((resolve) => setTimeout(resolve, ms))`
        Expression::NewExpression(new) => return is_resolved_only(new),
        // `await null` waits for a turn.
        other => return other.is_literal(),
    };
    match method(call) {
        Some((object, "resolve")) => {
            call.arguments.is_empty()
                && matches!(object, Expression::Identifier(object) if object.name == "Promise")
        }
        Some((_, "catch")) => !call.arguments.is_empty(),
        Some((_, "then")) => call.arguments.len() == 2,
        Some((_, "allSettled")) => true,
        _ => false,
    }
}

/// Whether a promise's function takes what fulfils it and no more, and does nothing but start a timer.
fn is_resolved_only(new: &NewExpression<'_>) -> bool {
    let executor = new.arguments.first().and_then(Argument::as_expression);
    let is_promise =
        matches!(bare(&new.callee), Expression::Identifier(class) if class.name == "Promise");
    match executor.map(bare) {
        Some(Expression::ArrowFunctionExpression(arrow)) => {
            let is_timer = arrow.get_expression().is_some_and(|value| {
                matches!(bare(value), Expression::CallExpression(call)
                    if matches!(callee_name(call), Some("setTimeout" | "setImmediate")))
            });
            is_promise && is_timer && arrow.params.items.len() == 1
        }
        _ => false,
    }
}

/// Whether a call is of a function of the file that handles all that may fail in what it waits for.
pub(crate) fn handles_its_failures<'a>(file: &File<'_, 'a>, promise: &Expression<'a>) -> bool {
    let Expression::CallExpression(call) = bare(promise) else {
        return false;
    };
    let Some(function) = file.parsed.callee_of(&call.callee) else {
        return false;
    };
    let Some(body) = body_of(file, function) else {
        return false;
    };
    let is_async = crate::facts::under_way::is_async(file, function);
    let [Statement::TryStatement(attempt)] = body.statements.as_slice() else {
        return false;
    };
    let Some(handler) = &attempt.handler else {
        return false;
    };
    let fails = |part: Span| {
        file.nodes_of([AstType::ThrowStatement, AstType::AwaitExpression])
            .any(|node| part.contains_inclusive(node.kind().span()))
    };
    let last = attempt.finalizer.as_ref().map(|last| last.span);
    is_async && !fails(handler.span) && !last.is_some_and(fails)
}

fn how_dropped(file: &File<'_, '_>, whole: NodeId) -> How {
    match file.kind(file.nodes().parent_id(whole)) {
        AstKind::UnaryExpression(_) => How::Voided,
        _ => How::Dropped,
    }
}

/// `Promise.all([…])` rejects with its promises; `allSettled` never does.
fn gathered(file: &File<'_, '_>, call: NodeId, deeper: u32) -> Option<Lost> {
    let (object, name) = method(call_at(file, call)?)?;
    let gathers = matches!(object, Expression::Identifier(object) if object.name == "Promise")
        && matches!(name, "all" | "race" | "any");
    if gathers {
        follow(file, call, deeper)
    } else {
        None
    }
}

/// A promise that a function returns: lost where its callers lose it.
fn returned(file: &File<'_, '_>, function: NodeId, deeper: u32) -> Option<Lost> {
    let at = file.kind(function).span();
    let ignored = Some(Lost {
        how: How::Ignored,
        at,
    });
    match way(file, function).fate {
        Fate::Given { call, .. } if ignores_results(file, call) => return ignored,
        Fate::Given { call, .. } => {
            return match method(call_at(file, call)?) {
                Some((_, "map" | "flatMap")) => match way(file, call).fate {
                    Fate::Given { call, .. } => gathered(file, call, deeper),
                    Fate::Dropped => ignored,
                    _ => None,
                },
                _ => None,
            };
        }
        _ => {}
    }
    // `(async () => { … })()`
    let parent = file.parent(function);
    if call_at(file, parent).is_some_and(|call| call.callee.span().contains_inclusive(at)) {
        return follow(file, parent, deeper);
    }
    let calls = file.parsed.calls_of(function).iter();
    let lost = calls.filter_map(|call| follow(file, *call, deeper)).next();
    lost.or_else(|| {
        let is_handed = || is_handed_to_who_ignores(file, function);
        is_handed().then_some(ignored).flatten()
    })
    .or_else(|| {
        file.is_dropped_by_a_caller(function).then_some(Lost {
            how: How::ByCaller,
            at,
        })
    })
}

/// Whether a function is given by its name to something that does not look at what it returns: `input.on('file', this.onFile)`.
fn is_handed_to_who_ignores(file: &File<'_, '_>, function: NodeId) -> bool {
    file.calls().iter().any(|(node, call)| {
        let named = |given: &Expression<'_>| {
            matches!(bare(given), Expression::Identifier(_)) || bare(given).is_member_expression()
        };
        ignores_results(file, *node)
            && (0..2).any(|at| {
                argument(call, at)
                    .is_some_and(|given| named(given) && file.function_of(given) == Some(function))
            })
    })
}

/// Whether a call hands its function to something that does not look at what it returns.
fn ignores_results(file: &File<'_, '_>, call: NodeId) -> bool {
    let Some(call) = call_at(file, call) else {
        // `new Promise(async (resolve) => { … })`
        return matches!(file.kind(call), AstKind::NewExpression(new)
            if matches!(bare(&new.callee), Expression::Identifier(class) if class.name == "Promise"));
    };
    match method(call) {
        Some((_, name)) => IGNORE_RESULTS.contains(&name),
        None => matches!(&call.callee, Expression::Identifier(callee)
            if IGNORE_RESULTS_GLOBALLY.contains(&callee.name.as_str()) && file.variable(&call.callee).is_none()),
    }
}

/// A promise that is awaited in an async function: its rejection becomes that of the function, which a caller may lose.
fn awaited_in_vain(file: &File<'_, '_>, awaited: NodeId, deeper: u32) -> Option<Lost> {
    let function = file.function_around(awaited)?;
    let is_generator = matches!(file.kind(function), AstKind::Function(own) if own.generator);
    if is_generator || is_caught(file, function, awaited) {
        return None;
    }
    returned(file, function, deeper)
}

/// A promise that is put in a list which is awaited only after something else was: `uploads.push(pipeline(…))`.
fn gathered_later(file: &File<'_, '_>, pushed: NodeId) -> Option<Lost> {
    let push = call_at(file, pushed)?;
    let (list, "push") = method(push)? else {
        return None;
    };
    let variable = file.variable(list)?;
    let mut gathered = None;
    for (_, way) in uses(file, variable) {
        match way.fate {
            Fate::Asked { method: "push", .. } | Fate::Read { .. } => {}
            Fate::Given { call, at: 0 } if gathers_all(file, call) && gathered.is_none() => {
                gathered = Some(call);
            }
            _ => return None,
        }
    }
    let gathered = gathered.filter(|all| way(file, *all).awaited)?;
    let function = file.function_around(gathered)?;
    // The loop of the same function in which it is put there, or nothing.
    let turns = file
        .nodes()
        .ancestor_ids(pushed)
        .take_while(|around| *around != function)
        .filter(|around| is_loop(file.kind(*around)))
        .map(|around| file.kind(around).span())
        .last();
    let (end, first) = (push.span.end, file.kind(gathered).span().start);
    let waits = file.nodes_of([AstType::AwaitExpression]).any(|node| {
        let AstKind::AwaitExpression(awaited) = node.kind() else {
            return false;
        };
        let span = awaited.span;
        let is_between = span.start > end && span.end < first;
        let is_beside = turns.is_some_and(|turns| turns.contains_inclusive(span));
        (is_between || is_beside)
            && !span.contains_inclusive(push.span)
            && file.function_around(node.id()) == Some(function)
    });
    waits.then_some(Lost {
        how: How::Late,
        at: push.span,
    })
}

/// `Promise.all(list)`, and `Promise.allSettled(list)`.
fn gathers_all(file: &File<'_, '_>, call: NodeId) -> bool {
    call_at(file, call)
        .and_then(method)
        .is_some_and(|(object, name)| {
            matches!(object, Expression::Identifier(object) if object.name == "Promise")
                && matches!(name, "all" | "allSettled")
        })
}

/// Whether a `try` with a `catch` is around the node, in the same function.
fn is_caught(file: &File<'_, '_>, function: NodeId, node: NodeId) -> bool {
    let span = file.kind(node).span();
    let mut around = file
        .nodes()
        .ancestor_ids(node)
        .take_while(|around| *around != function);
    around.any(|around| {
        matches!(file.kind(around), AstKind::TryStatement(attempt)
            if attempt.handler.is_some() && attempt.block.span.contains_inclusive(span))
    })
}

/// A promise of which every use makes another that is lost: `sent.then(done);`.
fn chained_only(file: &File<'_, '_>, uses: &[(NodeId, Way<'_>)]) -> Option<Lost> {
    let lost = uses.iter().map(|(node, way)| match way.fate {
        Fate::Asked {
            method: "then" | "finally",
            ..
        } => follow(file, *node, 2),
        _ => None,
    });
    lost.collect::<Option<Vec<_>>>()?.into_iter().next()
}

/// A promise in a variable: lost if nobody looks at it, or only after something else was awaited.
fn kept(file: &File<'_, '_>, promise: NodeId, variable: SymbolId) -> Option<Lost> {
    let at = file.kind(promise).span();
    let uses = uses(file, variable);
    if uses.is_empty() {
        let is_local = file.function_around(promise).is_some();
        return is_local.then_some(Lost {
            how: How::Dropped,
            at,
        });
    }
    let function = file.function_around(promise);
    if let Some(lost) = chained_only(file, &uses) {
        return Some(lost);
    }
    let is_only_awaited = uses
        .iter()
        .all(|(node, way)| way.awaited && file.function_around(*node) == function);
    if !is_only_awaited {
        return None;
    }
    let first = uses
        .iter()
        .map(|(_, way)| file.kind(way.whole).span().start)
        .min()?;
    let waits_before = file
        .nodes_of([AstType::AwaitExpression, AstType::ForOfStatement])
        .any(|node| {
            let span = node.kind().span();
            let waits = match node.kind() {
                AstKind::AwaitExpression(_) => true,
                AstKind::ForOfStatement(turns) => turns.r#await,
                _ => false,
            };
            waits
                && span.start > at.end
                && span.start < first
                && file.function_around(node.id()) == function
        });
    waits_before.then_some(Lost { how: How::Late, at })
}
