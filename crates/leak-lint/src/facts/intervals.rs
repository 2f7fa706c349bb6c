//! An interval into why nothing ends it: who has its id, who clears it, and whether the code that starts it runs again.

use oxc_ast::AstKind;
use oxc_ast::ast::{AssignmentTarget, CallExpression, Expression};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::{bare, is_function};

use crate::facts::fate::{Fate, call_at, is_test, uses, way};
use crate::facts::guard::is_guarded;
use crate::facts::heard::{heard_by, misses_the_end};
use crate::facts::interval_fields::{of_field, runs_within};
use crate::facts::left_ticking::{dropped_stop, left_by_what_it_runs, ways_out};
use crate::facts::lifetime::is_exchange;
use crate::facts::listeners::member;
use crate::facts::paths::{LeftOpen, worst};
use crate::facts::platform::is_called;
use crate::facts::repeats::{Repeats, is_told_once, repeats};
use crate::facts::streams::event_of;
use crate::facts::timers::clears_timers;
use crate::file::{File, argument, method};
use crate::project::{Calls, Heat};

/// Why an interval goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endless {
    /// Nothing can clear it, and it is started by something hot.
    OutOfReach(Heat),
    /// An effect of a component starts it and gives no cleanup.
    Effect,
    /// A component starts it where it is rendered on a server, which never unmounts it.
    Rendered,
    /// Only its own function clears it, on some condition; the end of the connection does not.
    OnlyByItself(Span),
    /// It clears itself when it has succeeded, and not when it has failed.
    AfterFailure(Span),
    /// The next one takes its place in the field, and it is lost.
    Overwritten,
    /// It is cleared on other ways out of the function that starts it.
    LeftOn(LeftOpen),
    /// It is cleared when something is heard that does not come when the client goes away.
    Unheard(Span),
    /// It is cleared when a promise is fulfilled, and not when it is rejected.
    AfterRejection(Span),
    /// A method clears it that nobody calls.
    NobodyStops(Span),
}

/// Why the interval that a call starts never ends; none if something ends it, or may.
pub(crate) fn endless<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &'a CallExpression<'a>,
) -> Option<Endless> {
    match handle(file, node) {
        Handle::Nobody => started_again(file, node, &call.callee),
        Handle::Variable(variable) => of_variable(file, node, call, variable),
        Handle::Field(field) => of_field(file, node, call, &field),
        Handle::Entry { of, key } => {
            is_under_the_same_key(file, node, of, key).then_some(Endless::Overwritten)
        }
        Handle::Somebody => None,
    }
}

/// Who has an interval's id.
enum Handle<'a> {
    Nobody,
    Variable(SymbolId),
    /// A field of `this`, as written.
    Field(String),
    /// A table, under a key.
    Entry {
        of: &'a Expression<'a>,
        key: &'a Expression<'a>,
    },
    Somebody,
}

fn handle<'a>(file: &File<'_, 'a>, node: NodeId) -> Handle<'a> {
    let mut at = node;
    loop {
        let way = way(file, at);
        match way.fate {
            Fate::Dropped => return Handle::Nobody,
            Fate::Asked {
                call,
                method: "unref" | "ref",
            } => at = call,
            Fate::Variable(variable) => return Handle::Variable(variable),
            Fate::Stored => {
                let AstKind::AssignmentExpression(assignment) =
                    file.kind(file.nodes().parent_id(way.whole))
                else {
                    return Handle::Somebody;
                };
                if let AssignmentTarget::ComputedMemberExpression(entry) = &assignment.left {
                    return Handle::Entry {
                        of: &entry.object,
                        key: &entry.expression,
                    };
                }
                return field_of_this(file, &assignment.left)
                    .map_or(Handle::Somebody, Handle::Field);
            }
            // A map that only the file knows, and that clears nothing.
            Fate::Given { call, at: 1 } if is_only_kept(file, call) => return Handle::Nobody,
            Fate::Given { call, at: 1 } => {
                let set = call_at(file, call);
                let of = set.and_then(method).filter(|(_, name)| *name == "set");
                let key = set.and_then(|set| argument(set, 0));
                return match (of, key) {
                    (Some((of, _)), Some(key)) => Handle::Entry { of, key },
                    _ => Handle::Somebody,
                };
            }
            _ => return Handle::Somebody,
        }
    }
}

/// Whether a handler puts one interval after the other under a key that is the same each time, or that the client chooses, and
/// does not look at what is there.
fn is_under_the_same_key<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    of: &'a Expression<'a>,
    key: &'a Expression<'a>,
) -> bool {
    let Some(function) = file.function_around(node) else {
        return false;
    };
    let Some((_, _)) = member(key) else {
        return false;
    };
    let root = std::iter::successors(Some(key), |at| member(at).map(|(of, _)| of)).last();
    let Some(variable) = root.and_then(|root| file.variable(root)) else {
        return false;
    };
    let scoping = file.parsed.semantic().scoping();
    let declared = scoping.symbol_declaration(variable);
    let home = file
        .nodes()
        .ancestor_ids(declared)
        .find(|around| is_function(file.kind(*around)));
    let is_given = matches!(file.kind(declared), AstKind::FormalParameter(_));
    // The connection around, or what a request says.
    let is_the_same = match home {
        Some(home) if home == function => {
            is_given && root.is_some_and(|root| is_exchange(file, root))
        }
        Some(_) => is_given,
        None => false,
    };
    let name = file.slice(of.span());
    let text = file.slice(file.kind(function).span());
    is_the_same && is_told_again(file, function) && text.matches(name).count() == 1
}

/// Whether a call puts something into a map of the module that no other file can reach, in a file that clears no timer.
fn is_only_kept(file: &File<'_, '_>, call: NodeId) -> bool {
    let Some((map, "set")) = call_at(file, call).and_then(method) else {
        return false;
    };
    let Expression::Identifier(name) = map else {
        return false;
    };
    let scoping = file.parsed.semantic().scoping();
    let is_of_module = file
        .variable(map)
        .is_some_and(|map| scoping.symbol_scope_id(map) == scoping.root_scope_id());
    let clears = || {
        file.calls()
            .iter()
            .any(|(call, _)| clears_timers(file, *call))
    };
    is_of_module && !file.exported_locals().contains(name.name.as_str()) && !clears()
}

fn field_of_this(file: &File<'_, '_>, target: &AssignmentTarget<'_>) -> Option<String> {
    let member = target.as_member_expression()?;
    let is_this = matches!(bare(member.object()), Expression::ThisExpression(_));
    is_this.then(|| file.slice(target.span()).to_owned())
}

/// Hot code, or an effect, starts it.
pub(super) fn started_again<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    callee: &'a Expression<'a>,
) -> Option<Endless> {
    if is_guarded(file, node, callee) {
        return None;
    }
    if is_in_effect(file, node) {
        return Some(Endless::Effect);
    }
    let heat = file.heat(node)?;
    let sure = heat == Heat::Handler
        || is_called_by_handler(file, node)
        || file.function_around(node).is_some_and(|function| {
            file.is_surely_hot(function) || file.is_hot_for_each_key(function)
        });
    Some(Endless::OutOfReach(if sure { Heat::Handler } else { heat }))
}

/// Whether a handler of the file calls the function around a node, and no condition lets it do so once only.
fn is_called_by_handler<'a>(file: &File<'_, 'a>, node: NodeId) -> bool {
    let Some(function) = file.function_around(node) else {
        return false;
    };
    file.parsed.calls_of(function).iter().any(|called| {
        call_at(file, *called).is_some_and(|call| {
            file.heat(*called) == Some(Heat::Handler) && !is_guarded(file, *called, &call.callee)
        })
    })
}

/// Functions of React whose function runs again whenever what it depends on changes.
const EFFECTS: &[&str] = &["useEffect", "useLayoutEffect", "useInsertionEffect"];

fn is_in_effect(file: &File<'_, '_>, node: NodeId) -> bool {
    let Some(function) = file.function_around(node) else {
        return false;
    };
    matches!(way(file, function).fate, Fate::Given { call, at: 0 }
        if call_at(file, call).is_some_and(|call| EFFECTS.iter().any(|name| is_called(call, name))))
}

fn of_variable<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &'a CallExpression<'a>,
    variable: SymbolId,
) -> Option<Endless> {
    let mut clears = Vec::new();
    for (used, way) in uses(file, variable) {
        match way.fate {
            Fate::Given { call, .. } if clears_timers(file, call) => clears.push(call),
            Fate::Asked {
                method: "unref" | "ref" | "hasRef" | "refresh",
                ..
            }
            | Fate::Dropped => {}
            _ if is_test(file, used) => {}
            _ => return None,
        }
    }
    if clears.is_empty() {
        return started_again(file, node, &call.callee);
    }
    let own = argument(call, 0)?.span();
    let within = |clear: &NodeId| own.contains_inclusive(file.kind(*clear).span());
    if !clears.iter().all(within) {
        if is_replaced_by_the_next(file, node, call, variable, &clears) {
            return Some(Endless::Overwritten);
        }
        return left_running(file, node, variable, &clears);
    }
    if let Some(failure) = failure_that_goes_on(file, node, own, &clears) {
        return (file.frequency(node) != Calls::Once).then_some(Endless::AfterFailure(failure));
    }
    file.heat(node)?;
    end_that_forgets(file, node, own).map(Endless::OnlyByItself)
}

/// Whether a handler that runs again and again gives each interval to a variable of the functions around it, without clearing
/// the one that is there: `socket.on('watch', () => { timer = setInterval(…); })`.
fn is_replaced_by_the_next<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &'a CallExpression<'a>,
    variable: SymbolId,
    clears: &[NodeId],
) -> bool {
    let scoping = file.parsed.semantic().scoping();
    let home = file.function_around(scoping.symbol_declaration(variable));
    let Some(function) = file.function_around(node).filter(|own| Some(*own) != home) else {
        return false;
    };
    let is_cleared = || {
        clears
            .iter()
            .any(|clear| runs_within(file, *clear, function))
    };
    is_told_again(file, function) && !is_cleared() && !is_guarded(file, node, &call.callee)
}

/// Whether a function is a handler that one emitter or application calls more than once.
fn is_told_again(file: &File<'_, '_>, function: NodeId) -> bool {
    file.is_handler(function)
        && !is_told_once(file, function)
        && matches!(file.kind(file.parent(function)), AstKind::CallExpression(call)
            if method(call).is_some_and(|(_, name)| name != "once"))
}

/// The way on which an interval of hot code goes on that is cleared on others.
fn left_running(
    file: &File<'_, '_>,
    node: NodeId,
    variable: SymbolId,
    clears: &[NodeId],
) -> Option<Endless> {
    let function = file.function_around(node)?;
    match repeats(file, node) {
        Repeats::PerRequest | Repeats::PerCall => {}
        Repeats::Unknown => {
            return left_by_what_it_runs(file, function, node, variable, clears)
                .map(Endless::LeftOn);
        }
        Repeats::Never => return None,
    }
    let around: Vec<NodeId> = clears
        .iter()
        .filter_map(|clear| file.function_around(*clear))
        .collect();
    if around.iter().all(|around| *around == function) {
        return worst(&ways_out(file, function, node, variable, clears)).map(Endless::LeftOn);
    }
    if let Some(rejected) = around
        .iter()
        .map(|around| after_success_only(file, *around))
        .collect::<Option<Vec<Span>>>()
    {
        return rejected.first().copied().map(Endless::AfterRejection);
    }
    let stop = given_up(file, function, &around).or_else(|| dropped_stop(file, function, &around));
    if let Some(stop) = stop {
        return Some(Endless::NobodyStops(stop));
    }
    let heard = around.iter().map(|around| heard_by(file, *around));
    let heard = heard.collect::<Option<Vec<_>>>()?.concat();
    misses_the_end(file, &heard).map(Endless::Unheard)
}

/// The property of what a function gives back by which its callers would clear the interval, if the project reads none of
/// that name: `{ get, set, stop: () => clearInterval(timer) }`.
fn given_up(file: &File<'_, '_>, function: NodeId, clears: &[NodeId]) -> Option<Span> {
    if !file.is_surely_hot(function) {
        return None;
    }
    let mut first = None;
    for clear in clears {
        let property = file.nodes().parent_id(*clear);
        let AstKind::ObjectProperty(stop) = file.kind(property) else {
            return None;
        };
        let literal = file.nodes().parent_id(property);
        let is_given = matches!(way(file, literal).fate, Fate::Returned(own) if own == function);
        let name = stop.key.static_name()?;
        if !is_given || file.project.is_mentioned(&name) {
            return None;
        }
        first = first.or(Some(stop.key.span()));
    }
    first
}

/// The call that hands a function to a promise, to run when that is fulfilled, and to nobody else.
fn after_success_only(file: &File<'_, '_>, function: NodeId) -> Option<Span> {
    let Fate::Given { call, at: 0 } = way(file, function).fate else {
        return None;
    };
    let then = call_at(file, call)?;
    let (promise, "then") = method(then)? else {
        return None;
    };
    // What was caught before is fulfilled.
    let catches = matches!(promise, Expression::CallExpression(before)
        if method(before).is_some_and(|(_, name)| matches!(name, "catch" | "finally")));
    // Another function for when it is rejected clears nothing: it would be one of those asked about.
    (!catches && then.arguments.len() <= 2).then_some(then.span)
}

/// Where the interval's function tells its caller that it has failed, and does not clear the interval, as it does where it
/// tells of success.
fn failure_that_goes_on(
    file: &File<'_, '_>,
    node: NodeId,
    own: Span,
    clears: &[NodeId],
) -> Option<Span> {
    let clears: Vec<Span> = clears
        .iter()
        .map(|clear| file.kind(*clear).span())
        .collect();
    let function = file.function_around(node)?;
    let scoping = file.parsed.semantic().scoping();
    let told = file.calls_within(own).filter(|(_, call)| {
        let given = file
            .variable(&call.callee)
            .map(|callee| scoping.symbol_declaration(callee));
        given.is_some_and(|declared| {
            matches!(file.kind(declared), AstKind::FormalParameter(_))
                && file.function_around(declared) == Some(function)
        })
    });
    let is_cleared = |told: NodeId| {
        let around = file
            .nodes()
            .ancestor_ids(told)
            .map(|around| file.kind(around));
        let mut blocks = around.filter_map(|kind| match kind {
            AstKind::BlockStatement(block) => Some(block.span),
            AstKind::FunctionBody(body) => Some(body.span),
            _ => None,
        });
        blocks
            .next()
            .is_some_and(|block| clears.iter().any(|clear| block.contains_inclusive(*clear)))
    };
    let (cleared, kept): (Vec<_>, Vec<_>) = told.partition(|(node, _)| is_cleared(*node));
    let callee = |call: &CallExpression<'_>| file.slice(call.callee.span()).to_owned();
    let failure = kept.iter().find(|(_, call)| {
        let fails = argument(call, 0).is_some_and(|given| match given {
            Expression::NewExpression(new) => file.slice(new.callee.span()).ends_with("Error"),
            given => matches!(file.slice(given.span()), "err" | "error"),
        });
        fails
            && cleared
                .iter()
                .any(|(_, other)| callee(other) == callee(call))
    });
    failure.map(|(_, call)| call.span)
}

/// The listener for the end of something that the interval's function uses: it is there, and does not clear the interval.
fn end_that_forgets(file: &File<'_, '_>, node: NodeId, own: Span) -> Option<Span> {
    let function = file.function_around(node)?;
    file.calls().iter().find_map(|(listening, call)| {
        let (object, "on" | "once" | "addListener" | "addEventListener") = method(call)? else {
            return None;
        };
        let ends = matches!(
            event_of(file, *listening, 0),
            Some("close" | "end" | "disconnect" | "finish")
        );
        let emitter = file.variable(object)?;
        let is_used = uses(file, emitter)
            .iter()
            .any(|(used, _)| own.contains_inclusive(file.kind(*used).span()));
        let is_here = file.function_around(*listening) == Some(function);
        (ends && is_used && is_here).then_some(call.span)
    })
}
