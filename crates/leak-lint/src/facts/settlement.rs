//! The executor of a promise into the places where it is settled, and whether it gives up by itself.

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, BindingPattern, CallExpression, Expression, NewExpression};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_js_source::{ParsedSource, bare, literal_text};

use crate::facts::listeners::Added;
use crate::file::{File, argument, callee_name};

/// The function that a promise was given, if a node stands in one.
pub(crate) fn executor_around(file: &File<'_, '_>, node: NodeId) -> Option<NodeId> {
    let function = file.function_around(node)?;
    match file.kind(file.parent(function)) {
        AstKind::NewExpression(new) if matches!(bare(&new.callee), Expression::Identifier(name) if name.name == "Promise") => {
            Some(function)
        }
        _ => None,
    }
}

/// Where the functions that a promise's executor is given are used.
pub(crate) fn settles(file: &File<'_, '_>, executor: NodeId) -> Vec<Span> {
    let parameters = match file.kind(executor) {
        AstKind::Function(function) => &function.params,
        AstKind::ArrowFunctionExpression(arrow) => &arrow.params,
        _ => return Vec::new(),
    };
    let scoping = file.parsed.semantic().scoping();
    let variables = parameters
        .items
        .iter()
        .filter_map(|parameter| match &parameter.pattern {
            BindingPattern::BindingIdentifier(name) => name.symbol_id.get(),
            _ => None,
        });
    variables
        .flat_map(|variable| scoping.get_resolved_references(variable))
        .map(|reference| file.kind(reference.node_id()).span())
        .collect()
}

/// Whether a promise that waits for an event also has a timer that settles it, without taking the listener off.
pub(crate) fn gives_up_waiting<'a>(file: &File<'_, 'a>, added: &Added<'a>) -> bool {
    let Some(executor) = executor_around(file, added.node) else {
        return false;
    };
    let within = file.kind(executor).span();
    file.calls_within(within).any(|(node, call)| {
        file.function_around(*node) == Some(executor)
            && matches!(bare(&call.callee), Expression::Identifier(name) if name.name == "setTimeout")
    })
}

/// Events with which something begins: who waits for one hears it soon.
const BEGINS: &[&str] = &[
    "ready",
    "open",
    "opened",
    "connect",
    "connected",
    "secureConnect",
    "listening",
    "online",
    "spawn",
    "load",
    "loaded",
    "init",
    "initialized",
    "start",
    "started",
    "booted",
    "up",
];
/// Words that begin the names of functions that keep what they are given, for an event or an end.
const KEEPS: &[&str] = &[
    "on",
    "once",
    "add",
    "register",
    "subscribe",
    "before",
    "after",
    "hook",
    "push",
    "set",
    "defer",
];

/// Whether what a promise waits for ends by itself: a timer, a call that is given `resolve` for its end, an event with which
/// something begins. One that is settled by whoever keeps its resolver, or by the event of an end, may wait for ever.
pub(crate) fn settles_by_itself<'a>(parsed: &ParsedSource<'a>, new: &NewExpression<'a>) -> bool {
    let executor = new.arguments.first().and_then(Argument::as_expression);
    let (start, parameters) = match executor.map(bare) {
        Some(Expression::ArrowFunctionExpression(arrow)) => (arrow.span.start, &arrow.params),
        Some(Expression::FunctionExpression(function)) => (function.span.start, &function.params),
        _ => return false,
    };
    let scoping = parsed.semantic().scoping();
    let variables = parameters.items.iter().filter_map(|parameter| {
        let name = parameter.pattern.get_binding_identifier()?;
        name.symbol_id.get()
    });
    let mut used = variables.flat_map(|variable| scoping.get_resolved_references(variable));
    used.any(|used| runs_by_itself(parsed, used.node_id(), start))
}

/// Whether an event settles a promise, and nothing else does.
pub(crate) fn waits_for_an_event<'a>(parsed: &ParsedSource<'a>, new: &NewExpression<'a>) -> bool {
    let text = parsed.text().slice(new.span.start, new.span.end);
    let listens = ["addEventListener(", ".once(", ".on(", ".onabort"];
    // A listener for the good end stands for work that is done.
    listens.iter().any(|call| text.contains(call))
        && (text.contains("abort") || text.contains("SIG"))
        && !settles_by_itself(parsed, new)
}

/// Whether a use of what settles a promise comes about by itself: `start` is where the promise's function starts.
fn runs_by_itself(parsed: &ParsedSource<'_>, used: NodeId, start: u32) -> bool {
    let nodes = parsed.semantic().nodes();
    let mut at = used;
    loop {
        let parent = crate::file::parent(parsed, at);
        match nodes.kind(parent) {
            AstKind::CallExpression(call) if call.callee.span() == nodes.kind(at).span() => {
                // Called in a function: how does that run? In the promise's own, perhaps only if something is so already.
                let Some(around) = parsed.function_around(parent) else {
                    return false;
                };
                if nodes.kind(around).span().start == start {
                    return false;
                }
                at = around;
            }
            AstKind::CallExpression(call) if !keeps_it(call) => {
                let around = parsed.function_around(parent);
                let Some(around) = around else {
                    return false;
                };
                if nodes.kind(around).span().start == start {
                    return true;
                }
                at = around;
            }
            // `(error) => error ? reject(error) : resolve()`
            AstKind::ConditionalExpression(_) | AstKind::LogicalExpression(_) => at = parent,
            _ => return false,
        }
    }
}

/// Whether a call keeps a function for later, by its name, for anything but the beginning of something.
fn keeps_it(call: &CallExpression<'_>) -> bool {
    let Some(name) = callee_name(call) else {
        return true;
    };
    if matches!(name, "setTimeout" | "setImmediate") {
        return false;
    }
    let begins = argument(call, 0)
        .and_then(literal_text)
        .is_some_and(|event| BEGINS.contains(&event));
    let is_kept = KEEPS.iter().any(|word| {
        name.strip_prefix(word).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(|next: char| next.is_ascii_uppercase())
        })
    });
    is_kept && !begins
}

/// Whether a name says that a promise is of the beginning of something, which soon is over: `ready`, `dbConnected`.
pub(crate) fn tells_of_a_beginning(name: &str) -> bool {
    let name = name.trim_start_matches(['_', '#']).to_ascii_lowercase();
    let mut words = BEGINS.iter().filter(|word| word.len() > 4);
    words.any(|word| name.ends_with(word))
}
