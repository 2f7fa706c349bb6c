//! The timers behind promises: where they are started, who keeps their ids, and who clears them.

use oxc_ast::AstKind;
use oxc_ast::ast::{
    BindingPattern, Expression, FormalParameters, NewExpression, ObjectPropertyKind,
};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::bare;

use crate::facts::fate::{Fate, call_at, is_test, uses, way};
use crate::facts::paths::{Exit, Resource, left_open};
use crate::facts::platform::{declared_by, is_called, is_global_call, outside};
use crate::file::{File, argument, method};

/// A timer that a promise waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timer {
    /// The call that starts it.
    pub(crate) node: NodeId,
    /// Its text.
    pub(crate) call: Span,
    /// It is a promise itself: the `setTimeout` of timers/promises.
    pub(crate) is_sleep: bool,
}

/// Why a timer goes on after its race.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nobody keeps its id.
    Lost,
    /// A variable keeps its id, and nobody clears it.
    NeverCleared,
    /// A field keeps its id, which concurrent calls share.
    Shared,
    /// The sleep was given no signal.
    NoSignal,
    /// It is cleared, but not on this way out.
    SkippedBy(Span),
}

/// Calls and variables that a promise is followed through.
const DEEPEST: u32 = 6;

/// The timer that settles the promise an expression stands for.
pub(crate) fn promised_timer<'a>(file: &File<'_, 'a>, promise: &Expression<'a>) -> Option<Timer> {
    follow(file, promise, DEEPEST)
}

fn follow<'a>(file: &File<'_, 'a>, promise: &Expression<'a>, deeper: u32) -> Option<Timer> {
    let deeper = deeper.checked_sub(1)?;
    match bare(promise) {
        Expression::NewExpression(new) => {
            let executor = executor(file, new)?;
            let timer = timer_in(file, executor)?;
            let parameters = file.parsed.parameters(executor)?;
            // The work is started in it as well: then it is the work, with its own deadline.
            settles(file, &timer, executor, parameters).then_some(timer)
        }
        Expression::CallExpression(call) => {
            if let Some((object, "then" | "catch" | "finally")) = method(call) {
                return follow(file, object, deeper);
            }
            if is_sleep(file, &call.callee) {
                return Some(Timer {
                    node: call.node_id.get(),
                    call: call.span,
                    is_sleep: true,
                });
            }
            let function = file.parsed.callee_of(&call.callee)?;
            let given = waited_for(file, function).or_else(|| returned(file, function));
            follow(file, given?, deeper)
        }
        named @ Expression::Identifier(_) => follow(file, declared_by(file, named)?, deeper),
        _ => None,
    }
}

/// The one expression that a function gives back; none where it does other work first.
fn returned<'a>(file: &File<'_, 'a>, function: NodeId) -> Option<&'a Expression<'a>> {
    if let AstKind::ArrowFunctionExpression(arrow) = file.kind(function)
        && let Some(value) = arrow.get_expression()
    {
        return Some(value);
    }
    let body = crate::facts::paths::body_of(file, function)?;
    match body.statements.last()? {
        oxc_ast::ast::Statement::ReturnStatement(back) => back.argument.as_ref(),
        _ => None,
    }
}

/// What an async function waits for that does nothing else, and then fails or gives something: `await sleep(ms); throw …`.
fn waited_for<'a>(file: &File<'_, 'a>, function: NodeId) -> Option<&'a Expression<'a>> {
    use oxc_ast::ast::Statement;
    let body = crate::facts::paths::body_of(file, function)?;
    let [Statement::ExpressionStatement(waits), last] = body.statements.as_slice() else {
        return None;
    };
    let Expression::AwaitExpression(waited) = bare(&waits.expression) else {
        return None;
    };
    let is_end = match last {
        Statement::ThrowStatement(_) => true,
        Statement::ReturnStatement(given) => given
            .argument
            .as_ref()
            .is_none_or(|given| !matches!(bare(given), Expression::AwaitExpression(_))),
        _ => false,
    };
    is_end.then_some(&waited.argument)
}

/// Whether a callee is a sleep of the platform: that of timers/promises, or `setTimeout` made into one.
fn is_sleep<'a>(file: &File<'_, 'a>, callee: &Expression<'a>) -> bool {
    if outside(file, callee).is_some_and(|found| {
        found.is("timers/promises", "setTimeout") || found.is("timers/promises", "scheduler.wait")
    }) {
        return true;
    }
    match declared_by(file, callee) {
        Some(Expression::CallExpression(made)) => {
            is_called(made, "promisify")
                && argument(made, 0).is_some_and(|inner| {
                    matches!(inner, Expression::Identifier(inner) if inner.name == "setTimeout")
                })
        }
        _ => false,
    }
}

/// The function that a promise is made with.
pub(crate) fn executor<'a>(file: &File<'_, 'a>, new: &NewExpression<'a>) -> Option<NodeId> {
    if !matches!(bare(&new.callee), Expression::Identifier(class) if class.name == "Promise") {
        return None;
    }
    file.callable(new.arguments.first()?.as_expression()?)
}

/// The variable that a parameter is.
pub(crate) fn parameter(parameters: &FormalParameters<'_>, at: usize) -> Option<SymbolId> {
    match &parameters.items.get(at)?.pattern {
        BindingPattern::BindingIdentifier(name) => name.symbol_id.get(),
        _ => None,
    }
}

/// The only timer that a function starts itself.
fn timer_in(file: &File<'_, '_>, function: NodeId) -> Option<Timer> {
    let mut own = file.calls().iter().filter(|(node, call)| {
        is_global_call(file, call, "setTimeout") && file.function_around(*node) == Some(function)
    });
    let (node, call) = own.next()?;
    own.next().is_none().then_some(Timer {
        node: *node,
        call: call.span,
        is_sleep: false,
    })
}

/// Whether all that settles the promise happens in the timer: its function, or the parameter that it is given.
fn settles(
    file: &File<'_, '_>,
    timer: &Timer,
    executor: NodeId,
    parameters: &FormalParameters<'_>,
) -> bool {
    let mut uses = settlers(file, parameters).peekable();
    let _ = executor;
    uses.peek().is_some() && uses.all(|node| timer.call.contains_inclusive(file.kind(node).span()))
}

/// Where `resolve` and `reject` are used.
fn settlers<'f>(
    file: &'f File<'_, '_>,
    parameters: &FormalParameters<'_>,
) -> impl Iterator<Item = NodeId> + use<'f> {
    let scoping = file.parsed.semantic().scoping();
    let both = [parameter(parameters, 0), parameter(parameters, 1)];
    both.into_iter().flatten().flat_map(|variable| {
        scoping
            .get_resolved_references(variable)
            .map(|reference| reference.node_id())
    })
}

/// The timer of a promise that does nothing but reject after a while, made by a function that hands it out, with its id lost.
pub(crate) fn rejects_late_only<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    new: &NewExpression<'a>,
) -> Option<Timer> {
    let executor = executor(file, new)?;
    let timer = timer_in(file, executor)?;
    let parameters = file.parsed.parameters(executor)?;
    let resolves = parameter(parameters, 0)
        .is_some_and(|resolve| !file.parsed.semantic().scoping().symbol_is_unused(resolve));
    if resolves || !settles(file, &timer, executor, parameters) || !is_id_lost(file, &timer) {
        return None;
    }
    // Awaited where it is made, it is a failure that was meant to come late.
    let Fate::Returned(function) = way(file, node).fate else {
        return None;
    };
    let delay = argument(call_at(file, timer.node)?, 1)?;
    let is_fixed = matches!(delay, Expression::NumericLiteral(_));
    let is_async = match file.kind(function) {
        AstKind::Function(function) => function.r#async,
        AstKind::ArrowFunctionExpression(arrow) => arrow.r#async,
        _ => false,
    };
    (!is_fixed && !is_async).then_some(timer)
}

/// The timer of a promise that is settled by it or by some work that its function starts, and is never cleared.
pub(crate) fn raced_by_hand<'a>(
    file: &File<'_, 'a>,
    _node: NodeId,
    new: &NewExpression<'a>,
) -> Option<Timer> {
    let executor = executor(file, new)?;
    let timer = timer_in(file, executor)?;
    let parameters = file.parsed.parameters(executor)?;
    let mut within = false;
    let mut work = false;
    for node in settlers(file, parameters) {
        let span = file.kind(node).span();
        if timer.call.contains_inclusive(span) {
            within = true;
        } else {
            let is_later = file.function_around(node) != Some(executor);
            let is_handed_on = matches!(way(file, node).fate, Fate::Given { call, .. }
                if call_at(file, call).and_then(method).is_some_and(|(_, name)| matches!(name, "then" | "once" | "on")));
            work |= is_later || is_handed_on;
        }
    }
    let delay = argument(call_at(file, timer.node)?, 1)?;
    let is_lost = is_id_lost(file, &timer)
        || matches!(id_of(file, &timer), Id::Variable(variable) if clears(file, variable).is_some_and(|clears| clears.is_empty()));
    (within && work && !is_short(file, delay) && is_lost).then_some(timer)
}

/// Milliseconds that a timer may go on without being worth a word: what is gone in a second does not add up to much.
const SHORT_MS: f64 = 1_000.0;

/// Whether a delay is a constant that is short.
pub(crate) fn is_short<'a>(file: &File<'_, 'a>, delay: &Expression<'a>) -> bool {
    match bare(delay) {
        Expression::NumericLiteral(delay) => delay.value <= SHORT_MS,
        named => {
            matches!(declared_by(file, named), Some(Expression::NumericLiteral(delay)) if delay.value <= SHORT_MS)
        }
    }
}

/// Names of functions that end something: they run once in its life.
const ENDS: &[&str] = &[
    "shutdown",
    "shutDown",
    "teardown",
    "tearDown",
    "terminate",
    "dispose",
    "destroy",
    "close",
    "stop",
    "exit",
];

/// Whether a node is in a function that, by its name, ends something: `close`, `runShutdown`.
pub(crate) fn is_at_the_end(file: &File<'_, '_>, node: NodeId) -> bool {
    let around = file.function_around(node);
    let name = around.and_then(|function| {
        let start = match file.kind(function) {
            AstKind::Function(function) => function.params.span.start,
            kind => kind.span().start,
        };
        let position = file.parsed.text().position(start);
        file.parsed.function_at(position)?.function.name
    });
    name.is_some_and(|name| {
        let name = name.trim_start_matches(['_', '#']);
        ENDS.contains(&name)
            || ["Shutdown", "ShutDown", "Teardown", "TearDown"]
                .iter()
                .any(|end| name.ends_with(end))
            || ["shutdown", "shutDown", "teardown", "graceful"]
                .iter()
                .any(|begin| name.starts_with(begin))
    })
}

/// Who keeps a timer's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Id {
    Nobody,
    Variable(SymbolId),
    Field,
    Somebody,
}

/// Who keeps the id of a timer, `unref` and the like looked through.
pub(crate) fn id_of(file: &File<'_, '_>, timer: &Timer) -> Id {
    let mut node = timer.node;
    loop {
        match way(file, node).fate {
            Fate::Dropped => return Id::Nobody,
            Fate::Asked {
                call,
                method: "unref" | "ref",
            } => node = call,
            Fate::Variable(variable) => return Id::Variable(variable),
            Fate::Stored => return Id::Field,
            // What the function of a promise returns is looked at by nobody.
            Fate::Returned(function) => {
                let is_executor = matches!(way(file, function).fate, Fate::Given { call, at: 0 }
                    if matches!(file.kind(call), AstKind::NewExpression(new)
                        if matches!(bare(&new.callee), Expression::Identifier(class) if class.name == "Promise")));
                return if is_executor {
                    Id::Nobody
                } else {
                    Id::Somebody
                };
            }
            _ => return Id::Somebody,
        }
    }
}

fn is_id_lost(file: &File<'_, '_>, timer: &Timer) -> bool {
    id_of(file, timer) == Id::Nobody
}

/// The calls that clear the timer in a variable; none where somebody else may do so.
fn clears(file: &File<'_, '_>, variable: SymbolId) -> Option<Vec<NodeId>> {
    let mut found = Vec::new();
    for (node, way) in uses(file, variable) {
        match way.fate {
            Fate::Given { call, .. } if clears_timers(file, call) => found.push(call),
            Fate::Asked {
                method: "unref" | "ref" | "hasRef" | "refresh",
                ..
            }
            | Fate::Dropped => {}
            Fate::Asked {
                call,
                method: "close",
            } => found.push(call),
            _ if is_test(file, node) => {}
            _ => return None,
        }
    }
    Some(found)
}

pub(crate) fn clears_timers(file: &File<'_, '_>, call: NodeId) -> bool {
    call_at(file, call).is_some_and(|call| {
        ["clearTimeout", "clearInterval"]
            .iter()
            .any(|name| is_called(call, name))
    })
}

/// What is wrong with how a race treats a timer; none if it ends it, or somebody may.
pub(crate) fn fault(file: &File<'_, '_>, race: NodeId, timer: &Timer) -> Option<Fault> {
    if timer.is_sleep {
        return (!is_given_a_signal(file, timer)).then_some(Fault::NoSignal);
    }
    match id_of(file, timer) {
        Id::Nobody => Some(Fault::Lost),
        Id::Variable(variable) => of_variable(file, race, timer, variable),
        Id::Field => is_shared(file, race, timer).then_some(Fault::Shared),
        Id::Somebody => None,
    }
}

/// `sleep(ms, value, { signal })`, or options that may have one.
fn is_given_a_signal(file: &File<'_, '_>, timer: &Timer) -> bool {
    let Some(call) = call_at(file, timer.node) else {
        return true;
    };
    let options = call
        .arguments
        .iter()
        .skip(1)
        .filter_map(|argument| argument.as_expression());
    options
        .into_iter()
        .enumerate()
        .any(|(at, options)| match bare(options) {
            Expression::ObjectExpression(literal) => {
                literal.properties.iter().any(|property| match property {
                    ObjectPropertyKind::ObjectProperty(property) => property
                        .key
                        .static_name()
                        .is_some_and(|name| name == "signal"),
                    ObjectPropertyKind::SpreadProperty(_) => true,
                })
            }
            // The value it resolves with, then the options.
            _ => at > 0,
        })
}

fn of_variable(
    file: &File<'_, '_>,
    race: NodeId,
    timer: &Timer,
    variable: SymbolId,
) -> Option<Fault> {
    let clears = clears(file, variable)?;
    // The timer's own function needs not clear it: it is over by then.
    let clears: Vec<NodeId> = clears
        .into_iter()
        .filter(|clear| !timer.call.contains_inclusive(file.kind(*clear).span()))
        .collect();
    if clears.is_empty() {
        return Some(Fault::NeverCleared);
    }
    let function = file.function_around(race)?;
    let (own, within): (Vec<NodeId>, Vec<NodeId>) = clears
        .iter()
        .partition(|clear| file.function_around(**clear) == Some(function));
    let mut closed: Vec<Span> = own.iter().map(|clear| file.kind(*clear).span()).collect();
    for clear in within {
        match cleared_by(file, function, clear) {
            Clears::Called(calls) => closed.extend(calls),
            Clears::AfterSuccess(at) => {
                if clears.len() == 1 {
                    return Some(Fault::SkippedBy(at));
                }
                return None;
            }
            Clears::Somehow => return None,
        }
    }
    // The race may also be handed on with what clears the timer after it.
    let opened = opening_in(file, function, timer);
    let resource = Resource {
        opened: Some(opened),
        closed: &closed,
        variable: Some(variable),
    };
    let left = left_open(file, function, &resource);
    let worst = left
        .iter()
        .find(|left| matches!(left.exit, Exit::Rejection | Exit::Throw | Exit::Return))?;
    Some(Fault::SkippedBy(worst.at))
}

enum Clears {
    /// By a function of its own, which is called here.
    Called(Vec<Span>),
    /// By a handler for success only.
    AfterSuccess(Span),
    Somehow,
}

/// How the clearing in an inner function comes about.
fn cleared_by(file: &File<'_, '_>, outer: NodeId, clear: NodeId) -> Clears {
    let Some(inner) = file.function_around(clear) else {
        return Clears::Somehow;
    };
    if let Fate::Given { call, at } = way(file, inner).fate {
        let handler = call_at(file, call).and_then(method).map(|(_, name)| name);
        let arguments = call_at(file, call).map_or(0, |call| call.arguments.len());
        return match handler {
            Some("then")
                if at == 0 && arguments == 1 && file.function_around(call) == Some(outer) =>
            {
                // What follows may clear it as well.
                match way(file, call).fate {
                    Fate::Asked { .. } => Clears::Somehow,
                    _ => Clears::AfterSuccess(file.kind(call).span()),
                }
            }
            _ => Clears::Somehow,
        };
    }
    let calls = file.parsed.calls_of(inner).iter();
    let (own, others): (Vec<NodeId>, Vec<NodeId>) =
        calls.partition(|call| file.function_around(**call) == Some(outer));
    if own.is_empty() || !others.is_empty() {
        return Clears::Somehow;
    }
    Clears::Called(own.iter().map(|call| file.kind(*call).span()).collect())
}

/// The part of a function's own code that starts the timer: the promise that is made there, or the call of what makes it.
fn opening_in(file: &File<'_, '_>, function: NodeId, timer: &Timer) -> Span {
    let mut at = timer.node;
    while let Some(around) = file.function_around(at) {
        if around == function {
            break;
        }
        at = around;
    }
    // The promise around its function.
    let parent = file.nodes().parent_id(at);
    match file.kind(parent) {
        AstKind::NewExpression(new) => new.span,
        _ => file.kind(at).span(),
    }
}

/// Whether calls that run at once put their timers in one field: it is assigned by a function that waits, without the timer
/// before being cleared.
fn is_shared(file: &File<'_, '_>, race: NodeId, timer: &Timer) -> bool {
    let Some(function) = file.function_around(race) else {
        return false;
    };
    let takes_work = file
        .parsed
        .parameters(function)
        .is_some_and(|given| !given.items.is_empty());
    let mut calls = file.calls_within(file.kind(function).span());
    let clears_first = calls.any(|(_, call)| {
        clears_timers(file, call.node_id.get()) && call.span.end < timer.call.start
    });
    takes_work && !clears_first
}
