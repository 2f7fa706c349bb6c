//! The calls of a file into the listeners they add and take off.

use oxc_ast::ast::{CallExpression, Expression};
use oxc_semantic::NodeId;
use oxc_span::Span;
use stanch_js_source::bare;

use crate::facts::reconnects::asks_its_server;
use crate::file::{File, argument, method};

/// A call that adds a listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Added<'a> {
    pub(crate) node: NodeId,
    pub(crate) call: &'a CallExpression<'a>,
    /// What it listens to, without the calls that are chained to it: `bus` of `bus.on(…).on(…)`.
    pub(crate) emitter: &'a Expression<'a>,
    pub(crate) way: Way,
    /// What it listens for; none where the emitter has one thing to tell: `store.subscribe(f)`.
    pub(crate) event: Option<&'a Expression<'a>>,
    /// None where a promise or an iterator listens: `once(bus, 'ready')`.
    pub(crate) handler: Option<&'a Expression<'a>>,
    pub(crate) options: Option<&'a Expression<'a>>,
}

/// How a listener is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// `on`, `addListener`: for each event, until it is taken off.
    On,
    /// `once`: until the event comes.
    Once,
    /// `addEventListener` of an `EventTarget`.
    EventTarget,
    /// `subscribe`, which gives back what ends it.
    Subscription,
    /// `once` and `on` of `node:events`, with a promise or an iterator.
    Awaited,
    /// `addAbortListener`, which gives back a disposable.
    Disposable,
    /// `interceptors.request.use` of an HTTP client.
    Interceptor,
}

/// A call that takes listeners off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Removed<'a> {
    pub(crate) node: NodeId,
    pub(crate) call: &'a CallExpression<'a>,
    pub(crate) emitter: &'a Expression<'a>,
    pub(crate) method: &'a str,
    pub(crate) event: Option<&'a Expression<'a>>,
    pub(crate) handler: Option<&'a Expression<'a>>,
}

/// What a file adds and takes off.
#[derive(Debug, Default)]
pub(crate) struct Listeners<'a> {
    pub(crate) added: Vec<Added<'a>>,
    pub(crate) removed: Vec<Removed<'a>>,
}

impl<'a> Listeners<'a> {
    pub(crate) fn of(file: &File<'_, 'a>) -> Self {
        let mut found = Self::default();
        for (node, call) in file.calls() {
            found.added.extend(added(file, *node, call));
            found.removed.extend(removed(*node, call));
        }
        found
    }
}

impl Added<'_> {
    /// Where the call's name is, or the call itself: the line on which a reader looks for it.
    pub(crate) fn span(&self) -> Span {
        name_and_rest(self.call)
    }
}

/// A call from its name on, where a reader looks for it: `on(…)` of a chain over many lines.
pub(crate) fn name_and_rest(call: &CallExpression<'_>) -> Span {
    let callee = bare(&call.callee);
    let name = callee
        .as_member_expression()
        .and_then(|member| member.static_property_info());
    match name {
        Some((span, _)) => Span::new(span.start, call.span.end),
        None => call.span,
    }
}

/// Methods that take off listeners, as Node's emitters, DOM targets, sockets of clients and buses of packages name them.
pub(crate) const REMOVES: &[&str] = &[
    "off",
    "removeListener",
    "removeEventListener",
    "removeAllListeners",
    "offAny",
    "un",
    "unsubscribe",
    "removeSubscriber",
    "eject",
];

/// Methods that add one for an event.
pub(crate) const ADDS: &[&str] = &[
    "on",
    "once",
    "addListener",
    "prependListener",
    "prependOnceListener",
    "addEventListener",
    "subscribe",
];

fn added<'a>(file: &File<'_, 'a>, node: NodeId, call: &'a CallExpression<'a>) -> Option<Added<'a>> {
    let Some((object, name)) = method(call) else {
        return of_events_module(file, node, call);
    };
    let object = match name {
        "subscribe" => unpiped(object),
        _ => object,
    };
    let listener = |way, event, handler, options| Added {
        node,
        call,
        emitter: unchained(object),
        way,
        event,
        handler,
        options,
    };
    let way = match name {
        "on" | "addListener" | "prependListener" => Way::On,
        "once" | "prependOnceListener" => Way::Once,
        "addEventListener" => Way::EventTarget,
        "subscribe" => Way::Subscription,
        "use" => {
            let (client, side) = member(object)?;
            let (client, interceptors) = member(client)?;
            let is_client =
                interceptors == "interceptors" && matches!(side, "request" | "response");
            let handler = argument(call, 0).filter(|handler| may_be_a_function(handler))?;
            return is_client.then(|| Added {
                emitter: bare(client),
                ..listener(Way::Interceptor, None, Some(handler), None)
            });
        }
        _ => return of_events_module(file, node, call),
    };
    if let Some(listening) = of_events_module(file, node, call) {
        return Some(listening);
    }
    let first = argument(call, 0)?;
    match argument(call, 1) {
        Some(second) if may_be_an_event(first) && may_be_a_function(second) => {
            let is_told_of_failure = way == Way::Subscription
                && (takes_an_error(second) || asks_its_server(file, object));
            (!is_told_of_failure)
                .then(|| listener(way, Some(first), Some(second), argument(call, 2)))
        }
        // `store.subscribe(f)`; of other ways a lone function is none that Node or the DOM know.
        _ if way == Way::Subscription && is_written_function(first) => {
            Some(listener(way, None, Some(first), None))
        }
        _ => None,
    }
}

/// `once(bus, 'ready')`, `on(bus, 'row')`, `addAbortListener(signal, f)` of `node:events`.
fn of_events_module<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &'a CallExpression<'a>,
) -> Option<Added<'a>> {
    let name = file.events_function(&call.callee)?;
    let emitter = argument(call, 0)?;
    let listener = |way, event, handler| Added {
        node,
        call,
        emitter,
        way,
        event,
        handler,
        options: argument(call, 2),
    };
    match name.as_str() {
        "once" | "on" => Some(listener(Way::Awaited, Some(argument(call, 1)?), None)),
        "addAbortListener" => Some(listener(Way::Disposable, None, Some(argument(call, 1)?))),
        _ => None,
    }
}

fn removed<'a>(node: NodeId, call: &'a CallExpression<'a>) -> Option<Removed<'a>> {
    let (emitter, method) = method(call).filter(|(_, name)| REMOVES.contains(name))?;
    Some(Removed {
        node,
        call,
        emitter: unchained(emitter),
        method,
        event: argument(call, 0),
        handler: argument(call, 1),
    })
}

/// Operators of rxjs after which a subscription ends by itself, or when somebody says so; from its documentation.
const ENDS: &[&str] = &[
    "take",
    "takeUntil",
    "takeUntilDestroyed",
    "takeWhile",
    "first",
    "single",
    "last",
    "find",
    "findIndex",
    "elementAt",
    "every",
    "isEmpty",
    "toArray",
    "reduce",
    "count",
    "timeout",
    "finalize",
];

/// What is subscribed to through operators that let it go on as long as it does: `bids` of `bids.pipe(filter(…))`.
fn unpiped<'b, 'a>(object: &'b Expression<'a>) -> &'b Expression<'a> {
    let Expression::CallExpression(piped) = object else {
        return object;
    };
    let Some((source, "pipe")) = method(piped) else {
        return object;
    };
    let goes_on = |operator: &Expression<'a>| match bare(operator) {
        Expression::CallExpression(call) => {
            matches!(bare(&call.callee), Expression::Identifier(name) if !ENDS.contains(&name.name.as_str()))
        }
        _ => false,
    };
    let mut operators = (0..piped.arguments.len()).map(|at| argument(piped, at));
    match operators.all(|operator| operator.is_some_and(goes_on)) {
        true => source,
        false => object,
    }
}

/// Methods of emitters that give the emitter back.
const CHAINS: &[&str] = &[
    "on",
    "once",
    "off",
    "addListener",
    "prependListener",
    "removeListener",
    "removeAllListeners",
    "setMaxListeners",
];

/// The emitter under calls that are chained to it.
pub(crate) fn unchained<'a>(emitter: &'a Expression<'a>) -> &'a Expression<'a> {
    let mut at = bare(emitter);
    while let Expression::CallExpression(call) = at
        && let Some((object, name)) = method(call)
        && CHAINS.contains(&name)
    {
        at = bare(object);
    }
    at
}

/// Object and name of a member expression.
pub(crate) fn member<'a>(expression: &'a Expression<'a>) -> Option<(&'a Expression<'a>, &'a str)> {
    match bare(expression) {
        Expression::PrivateFieldExpression(member) => {
            Some((bare(&member.object), member.field.name.as_str()))
        }
        expression => {
            let member = expression.as_member_expression()?;
            Some((bare(member.object()), member.static_property_name()?))
        }
    }
}

fn may_be_an_event(expression: &Expression<'_>) -> bool {
    matches!(
        bare(expression),
        Expression::StringLiteral(_)
            | Expression::TemplateLiteral(_)
            | Expression::Identifier(_)
            | Expression::StaticMemberExpression(_)
            | Expression::ComputedMemberExpression(_)
            | Expression::BinaryExpression(_)
            | Expression::CallExpression(_)
    )
}

fn may_be_a_function(expression: &Expression<'_>) -> bool {
    match bare(expression) {
        Expression::Identifier(name) => name.name != "undefined",
        Expression::ArrowFunctionExpression(_)
        | Expression::FunctionExpression(_)
        | Expression::StaticMemberExpression(_)
        | Expression::ComputedMemberExpression(_)
        | Expression::PrivateFieldExpression(_)
        | Expression::CallExpression(_)
        | Expression::LogicalExpression(_)
        | Expression::AssignmentExpression(_)
        | Expression::ConditionalExpression(_) => true,
        _ => false,
    }
}

/// Whether a function is a callback that is told how a call went: `client.subscribe(topic, (err) => …)`.
fn takes_an_error(handler: &Expression<'_>) -> bool {
    let parameters = match bare(handler) {
        Expression::ArrowFunctionExpression(arrow) => &arrow.params,
        Expression::FunctionExpression(function) => &function.params,
        _ => return false,
    };
    parameters
        .items
        .first()
        .and_then(|first| first.pattern.get_identifier_name())
        .is_some_and(|name| matches!(name.as_str(), "err" | "error" | "e" | "_err"))
}

/// Whether an expression is a function that is written in its place.
pub(crate) fn is_written_function(expression: &Expression<'_>) -> bool {
    matches!(
        bare(expression),
        Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_)
    )
}
