//! An interval into why nothing ends it: who has its id, who clears it, and whether the code that starts it runs again.

use oxc_ast::AstKind;
use oxc_ast::ast::{AssignmentTarget, CallExpression, Expression};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::bare;

use crate::facts::fate::{Fate, call_at, is_test, uses, way};
use crate::facts::guard::is_guarded;
use crate::facts::heard::{heard_by, misses_the_end};
use crate::facts::left_ticking::{dropped_stop, left_by_what_it_runs, ways_out};
use crate::facts::lifetime::is_constructor;
use crate::facts::paths::{LeftOpen, worst};
use crate::facts::platform::{is_called, is_global_call, outside};
use crate::facts::repeats::{Repeats, repeats};
use crate::facts::streams::event_of;
use crate::facts::timers::clears_timers;
use crate::file::{File, argument, method};
use crate::project::{Calls, Heat};
use crate::summary::Op;

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
        Handle::Nobody => started_again(file, node, call),
        Handle::Variable(variable) => of_variable(file, node, call, variable),
        Handle::Field(field) => of_field(file, node, call, &field),
        Handle::Somebody => None,
    }
}

/// Who has an interval's id.
enum Handle {
    Nobody,
    Variable(SymbolId),
    /// A field of `this`, as written.
    Field(String),
    Somebody,
}

fn handle(file: &File<'_, '_>, node: NodeId) -> Handle {
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
                return field_of_this(file, &assignment.left)
                    .map_or(Handle::Somebody, Handle::Field);
            }
            // A map that only the file knows, and that clears nothing.
            Fate::Given { call, at: 1 } if is_only_kept(file, call) => return Handle::Nobody,
            _ => return Handle::Somebody,
        }
    }
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
fn started_again<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &'a CallExpression<'a>,
) -> Option<Endless> {
    if is_guarded(file, node, &call.callee) {
        return None;
    }
    if is_in_effect(file, node) {
        return Some(Endless::Effect);
    }
    let heat = file.heat(node)?;
    let sure = heat == Heat::Handler
        || is_called_by_handler(file, node)
        || file
            .function_around(node)
            .is_some_and(|function| file.is_surely_hot(function));
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
                method: "unref" | "ref" | "hasRef",
                ..
            }
            | Fate::Dropped => {}
            _ if is_test(file, used) => {}
            _ => return None,
        }
    }
    if clears.is_empty() {
        return started_again(file, node, call);
    }
    let own = argument(call, 0)?.span();
    let within = |clear: &NodeId| own.contains_inclusive(file.kind(*clear).span());
    if !clears.iter().all(within) {
        return left_running(file, node, variable, &clears);
    }
    if let Some(failure) = failure_that_goes_on(file, node, own, &clears) {
        return (file.frequency(node) != Calls::Once).then_some(Endless::AfterFailure(failure));
    }
    file.heat(node)?;
    end_that_forgets(file, node, own).map(Endless::OnlyByItself)
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
    (!catches && then.arguments.len() == 1).then_some(then.span)
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
    let told = file.calls().iter().filter(|(_, call)| {
        let given = file
            .variable(&call.callee)
            .map(|callee| scoping.symbol_declaration(callee));
        own.contains_inclusive(call.span)
            && given.is_some_and(|declared| {
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

fn of_field<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &'a CallExpression<'a>,
    field: &str,
) -> Option<Endless> {
    let class = file.parsed.class_around(node)?;
    if is_rendered(file, class, node) {
        return Some(Endless::Rendered);
    }
    let name = field.rsplit('.').next()?;
    let mut clears: Vec<NodeId> = file
        .calls()
        .iter()
        .filter(|(clear, given)| {
            clears_timers(file, *clear)
                && argument(given, 0).is_some_and(|timer| file.slice(timer.span()).ends_with(name))
        })
        .map(|(clear, _)| *clear)
        .collect();
    let reads = is_read_otherwise(file, field, &clears);
    if clears.is_empty() {
        let elsewhere = file.uses_of_field(class, name);
        let is_cleared = reads
            || elsewhere
                .iter()
                .any(|used| matches!(used.op, Op::ClearTimer));
        return if is_cleared {
            None
        } else {
            started_again(file, node, call)
        };
    }
    if reads {
        return None;
    }
    if let Some(stop) = stopped_by_nobody(file, class, node, &clears) {
        return Some(Endless::NobodyStops(stop));
    }
    let method = outermost(file, node)?;
    // What the method calls may clear it: itself, or by another method of the class.
    clears.retain(|clear| runs_within(file, *clear, method));
    let again = is_called_from_within(file, class, method);
    (clears.is_empty() && again && !is_guarded(file, node, &call.callee))
        .then_some(Endless::Overwritten)
}

/// The method that would clear the interval of each instance that hot code makes, if the project calls none of that name.
fn stopped_by_nobody(
    file: &File<'_, '_>,
    class: NodeId,
    node: NodeId,
    clears: &[NodeId],
) -> Option<Span> {
    let AstKind::Class(shape) = file.kind(class) else {
        return None;
    };
    // What implements somebody's interface may be ended by whoever knows that.
    let is_for_others = !shape.implements.is_empty()
        || shape
            .heritage_expression()
            .is_some_and(|base| outside(file, base).is_some());
    let starts = outermost(file, node)?;
    if is_for_others || !file.is_surely_hot(starts) {
        return None;
    }
    let mut first = None;
    for clear in clears {
        let method = outermost(file, *clear)?;
        let AstKind::MethodDefinition(definition) = file.kind(file.nodes().parent_id(method))
        else {
            return None;
        };
        let name = definition.key.static_name()?;
        if file.project.is_mentioned(&name) || is_constructor(file, method) {
            return None;
        }
        first = first.or(Some(definition.key.span()));
    }
    first
}

/// Whether something looks at the field for anything but clearing it.
fn is_read_otherwise(file: &File<'_, '_>, field: &str, clears: &[NodeId]) -> bool {
    let spans: Vec<Span> = clears
        .iter()
        .map(|clear| file.kind(*clear).span())
        .collect();
    file.nodes().iter().any(|node| {
        let span = match node.kind() {
            AstKind::StaticMemberExpression(member) => member.span,
            AstKind::PrivateFieldExpression(member) => member.span,
            _ => return false,
        };
        if file.slice(span) != field || spans.iter().any(|clear| clear.contains_inclusive(span)) {
            return false;
        }
        let parent = file.nodes().parent_id(node.id());
        let is_target = matches!(file.kind(parent), AstKind::AssignmentExpression(assignment)
            if assignment.left.span() == span);
        let is_unref = matches!(file.kind(parent), AstKind::StaticMemberExpression(member)
            if matches!(member.property.name.as_str(), "unref" | "ref" | "hasRef"));
        !is_target && !is_unref
    })
}

/// Whether a component of React starts it in its constructor, or before it is mounted.
fn is_rendered(file: &File<'_, '_>, class: NodeId, node: NodeId) -> bool {
    let AstKind::Class(class) = file.kind(class) else {
        return false;
    };
    let extends = class
        .heritage_expression()
        .map(|base| file.slice(base.span()));
    let is_component = extends.is_some_and(|base| {
        let base = base.rsplit('.').next().unwrap_or(base);
        matches!(base, "Component" | "PureComponent")
    });
    let before = file
        .nodes()
        .ancestor_ids(node)
        .any(|around| match file.kind(around) {
            AstKind::MethodDefinition(method) => {
                method.kind.is_constructor()
                    || method.key.static_name().is_some_and(|name| {
                        matches!(
                            &*name,
                            "componentWillMount" | "UNSAFE_componentWillMount" | "render"
                        )
                    })
            }
            _ => false,
        });
    is_component && before
}

/// The outermost function around a node within its class: the method.
fn outermost(file: &File<'_, '_>, node: NodeId) -> Option<NodeId> {
    let functions = std::iter::successors(file.function_around(node), |inner| {
        let is_method = matches!(
            file.kind(file.nodes().parent_id(*inner)),
            AstKind::MethodDefinition(_) | AstKind::PropertyDefinition(_)
        );
        if is_method {
            None
        } else {
            file.function_around(*inner)
        }
    });
    functions.last()
}

/// Whether a node is code of a method, or of one that it calls.
fn runs_within(file: &File<'_, '_>, node: NodeId, outer: NodeId) -> bool {
    let whole = file.kind(outer).span();
    if whole.contains_inclusive(file.kind(node).span()) {
        return true;
    }
    let Some(inner) = outermost(file, node) else {
        return false;
    };
    let calls = file.parsed.calls_of(inner).iter();
    calls
        .into_iter()
        .any(|call| whole.contains_inclusive(file.kind(*call).span()))
}

/// Whether a method is called for the same instance again: by a handler or timer of its class, itself included.
fn is_called_from_within(file: &File<'_, '_>, class: NodeId, outer: NodeId) -> bool {
    let class = file.kind(class).span();
    file.parsed.calls_of(outer).iter().any(|call| {
        let is_own = class.contains_inclusive(file.kind(*call).span());
        is_own
            && std::iter::successors(file.function_around(*call), |inner| {
                file.function_around(*inner)
            })
            .any(|function| is_listener(file, function))
    })
}

fn is_listener(file: &File<'_, '_>, function: NodeId) -> bool {
    let Fate::Given { call, .. } = way(file, function).fate else {
        return false;
    };
    let Some(call) = call_at(file, call) else {
        return false;
    };
    ["on", "once", "addListener", "addEventListener"]
        .iter()
        .any(|name| method(call).is_some_and(|(_, own)| own == *name))
        || ["setTimeout", "setInterval"]
            .iter()
            .any(|name| is_global_call(file, call, name))
}
