//! Functions that a text writes into who keeps them after the call that made them: a timer, a collection of the module, a
//! variable of the module, a registry of finalizers.

use oxc_ast::ast::{
    AssignmentExpression, AssignmentTarget, CallExpression, Expression, ObjectPropertyKind,
};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_js_source::{HolderRef, Initializer, bare, is_function};

use crate::facts::entries::{add_entries, add_members};
use crate::facts::fate::{Fate, call_at, uses, way};
use crate::facts::heard::is_a_connection;
use crate::facts::keys::constant;
use crate::facts::lifetime::{Life, life_of};
use crate::file::{File, argument, callee_name, method};
use crate::summary::LONG_MS;

/// A function that somebody keeps.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) function: NodeId,
    /// Where it is written, or handed over where it has a name.
    pub(crate) place: Span,
    pub(crate) by: Keeper,
    /// The collection that it is put into, where a name leads there.
    pub(crate) collection: Option<HolderRef>,
}

/// Who keeps a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keeper {
    /// A timer, for so many milliseconds.
    Timer(u64),
    /// A collection of the module, by its name.
    Collection(String),
    /// A variable, or a field, that holds one at a time.
    Single(String),
    /// A `FinalizationRegistry`, for as long as the object lives whose end it waits for.
    Finalizer {
        /// The expression of that object.
        target: Span,
    },
    /// An interval that goes on after the call that starts it.
    Interval,
    /// A connection that listens with it until it closes.
    Connection,
    /// A function of the project that keeps what it is given for this parameter.
    Callee(String),
    /// An object that somebody puts into a collection.
    Object,
}

impl Keeper {
    /// Whether other functions of the same scope are kept beside it, which need what they capture.
    pub(crate) const fn keeps_others(&self) -> bool {
        matches!(self, Self::Interval | Self::Connection | Self::Object)
    }

    /// Whether it keeps a function for as long as something is under way, of which there may be few at a time.
    pub(crate) const fn is_in_use(&self) -> bool {
        matches!(self, Self::Interval | Self::Connection)
    }
}

/// A minute: what goes sooner is a delay and no leak.
const SHORTEST_MS: u64 = LONG_MS;

/// All functions of a file that are kept beyond the call that makes them.
pub(crate) fn kept<'a>(file: &File<'_, 'a>) -> Vec<Kept> {
    let mut found = Vec::new();
    for (node, call) in file.calls() {
        if file.function_around(*node).is_some() {
            by_call(file, *node, call, &mut found);
        }
    }
    for (node, assignment) in file.assignments() {
        if file.function_around(*node).is_none() {
            continue;
        }
        if let Some(by) = by_assignment(file, assignment) {
            functions_in(file, &assignment.right, DEEPEST, &mut |function, place| {
                found.push(Kept {
                    function,
                    place,
                    by: by.clone(),
                    collection: collection_of(&by),
                });
            });
        }
    }
    add_entries(file, &mut found);
    add_members(file, &mut found);
    found
}

/// The variable whose collection keeps a function.
fn collection_of(by: &Keeper) -> Option<HolderRef> {
    match by {
        Keeper::Collection(name) => Some(HolderRef::variable(name)),
        _ => None,
    }
}

fn by_call<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &'a CallExpression<'a>,
    found: &mut Vec<Kept>,
) {
    let mut add = |value: &'a Expression<'a>, by: Keeper| {
        functions_in(file, value, DEEPEST, &mut |function, place| {
            found.push(Kept {
                function,
                place,
                by: by.clone(),
                collection: collection_of(&by),
            });
        });
    };
    if let Some(ms) = delay(file, call)
        && let Some(callback) = argument(call, 0)
    {
        if ms >= SHORTEST_MS {
            add(callback, Keeper::Timer(ms));
        }
        return;
    }
    if callee_name(call) == Some("setInterval") {
        if let Some(callback) = argument(call, 0)
            && goes_on(file, node, callback.span())
        {
            add(callback, Keeper::Interval);
        }
        return;
    }
    if let Some((object, "on" | "addListener" | "addEventListener")) = method(call) {
        if let Some(listener) = argument(call, 1)
            && is_a_connection(file, object)
        {
            add(listener, Keeper::Connection);
        }
        return;
    }
    if let Some((object, name)) = method(call) {
        let value = match name {
            "set" => argument(call, 1),
            "push" | "add" | "unshift" => argument(call, 0),
            "register" if is_registry(file, object) => {
                if let (Some(target), Some(held)) = (argument(call, 0), argument(call, 1)) {
                    let target = target.span();
                    add(held, Keeper::Finalizer { target });
                }
                return;
            }
            _ => None,
        };
        if let Some(value) = value {
            let mut holds_one = false;
            functions_in(file, value, DEEPEST, &mut |_, _| holds_one = true);
            if holds_one && is_collection_of_module(file, object) {
                add(value, Keeper::Collection(file.written(object)));
            }
            return;
        }
    }
    for at in 0..call.arguments.len() {
        if let Some(value) = argument(call, at)
            && may_hold_a_function(value)
            && file.keeps_what_it_is_given(&call.callee, at)
        {
            add(value, Keeper::Callee(file.written(&call.callee)));
        }
    }
}

/// The delay of `setTimeout`, where it is known.
fn delay<'a>(file: &File<'_, 'a>, call: &'a CallExpression<'a>) -> Option<u64> {
    if callee_name(call) != Some("setTimeout") {
        return None;
    }
    let delay = argument(call, 1)?;
    let known = file.parsed.whole_number(delay);
    known.or_else(|| {
        file.project
            .long_time(file.index, &file.parsed.value(delay))
    })
}

/// Whether neither an interval's own function ends it, nor the code that starts it.
fn goes_on(file: &File<'_, '_>, interval: NodeId, callback: Span) -> bool {
    let Fate::Variable(id) = way(file, interval).fate else {
        return true;
    };
    let around = file.function_around(interval);
    let scoping = file.parsed.semantic().scoping();
    !scoping.get_resolved_references(id).any(|used| {
        let node = used.node_id();
        used.is_read()
            && (callback.contains_inclusive(file.kind(node).span())
                || file.function_around(node) == around && !is_unreferenced(file, node))
    })
}

/// `heartbeat.unref()` ends nothing.
fn is_unreferenced(file: &File<'_, '_>, name: NodeId) -> bool {
    matches!(file.kind(file.parent(name)), AstKind::StaticMemberExpression(member)
        if member.property.name == "unref")
}

fn is_registry<'a>(file: &File<'_, 'a>, object: &'a Expression<'a>) -> bool {
    let Some(variable) = file.variable(object) else {
        return false;
    };
    let scoping = file.parsed.semantic().scoping();
    match file.kind(scoping.symbol_declaration(variable)) {
        AstKind::VariableDeclarator(declarator) => match declarator.init.as_ref().map(bare) {
            Some(Expression::NewExpression(new)) => {
                matches!(bare(&new.callee), Expression::Identifier(name) if name.name == "FinalizationRegistry")
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether an expression is a variable of the module that holds a collection: one that its entries do not go from by
/// themselves, and that is not taken over and emptied as a whole.
fn is_collection_of_module<'a>(file: &File<'_, 'a>, object: &'a Expression<'a>) -> bool {
    let Some(variable) = file.variable(object) else {
        return false;
    };
    let scoping = file.parsed.semantic().scoping();
    if scoping.symbol_scope_id(variable) != scoping.root_scope_id()
        || scoping.symbol_is_mutated(variable)
    {
        return false;
    }
    let holder = HolderRef::variable(scoping.symbol_name(variable));
    let is_weak = matches!(
        file.parsed
            .declaration(&holder)
            .map(|declared| declared.initializer),
        Some(Initializer::WeakMap | Initializer::WeakSet | Initializer::EventEmitter) | None
    );
    !is_weak && !is_taken_out(file, &file.written(object))
}

/// Whether what a collection has is taken out to be used: a list that is drained, or entries that are taken and called.
pub(super) fn is_taken_out(file: &File<'_, '_>, collection: &str) -> bool {
    let calls_on = |wanted: &str| {
        let calls = file.calls().iter().filter(|(_, call)| {
            method(call)
                .is_some_and(|(object, name)| name == wanted && file.written(object) == collection)
        });
        calls.map(|(node, _)| *node).collect::<Vec<_>>()
    };
    if !calls_on("splice").is_empty() {
        return true;
    }
    // `const f = waiting.get(id); waiting.delete(id); f(…)`
    let deleting = calls_on("delete");
    calls_on("get").into_iter().any(|got| {
        let around = file.function_around(got);
        let is_named = matches!(file.kind(file.parent(got)), AstKind::VariableDeclarator(_));
        is_named
            && deleting
                .iter()
                .any(|deleted| file.function_around(*deleted) == around)
    })
}

fn by_assignment<'a>(
    file: &File<'_, 'a>,
    assignment: &'a AssignmentExpression<'a>,
) -> Option<Keeper> {
    if let AssignmentTarget::AssignmentTargetIdentifier(name) = &assignment.left {
        let scoping = file.parsed.semantic().scoping();
        let variable = scoping
            .get_reference(name.reference_id.get()?)
            .symbol_id()?;
        let is_of_module = scoping.symbol_scope_id(variable) == scoping.root_scope_id();
        return is_of_module.then(|| Keeper::Single(name.name.to_string()));
    }
    let member = assignment.left.as_member_expression()?;
    let object = member.object();
    match member.static_property_name() {
        None => matches!(life_of(file, object), Life::Process(_))
            .then(|| is_collection_of_module(file, object))
            .filter(|is_one| *is_one)
            .map(|_| Keeper::Collection(file.written(object))),
        Some(_) => Some(Keeper::Single(
            file.slice(assignment.left.span()).to_owned(),
        )),
    }
}

/// Wrappings that are looked into: literals, calls that are given a function.
pub(super) const DEEPEST: u32 = 4;

/// Each function that a value is, has in it, or was made with.
pub(super) fn functions_in<'a>(
    file: &File<'_, 'a>,
    value: &'a Expression<'a>,
    deeper: u32,
    add: &mut impl FnMut(NodeId, Span),
) {
    let Some(deeper) = deeper.checked_sub(1) else {
        return;
    };
    match bare(value) {
        Expression::ArrowFunctionExpression(arrow) => add(arrow.node_id.get(), arrow.span),
        Expression::FunctionExpression(function) => add(function.node_id.get(), function.span),
        Expression::Identifier(_) => {
            if let Some(function) = file.callable(value)
                && !matches!(file.kind(function), AstKind::Class(_))
            {
                add(function, value.span());
            } else if let Some(literal @ Expression::ObjectExpression(_)) =
                constant(file, value).map(bare)
            {
                functions_in(file, literal, deeper, add);
            }
        }
        Expression::ObjectExpression(literal) => {
            for property in &literal.properties {
                if let ObjectPropertyKind::ObjectProperty(property) = property {
                    functions_in(file, &property.value, deeper, add);
                }
            }
        }
        Expression::ArrayExpression(list) => {
            for element in list
                .elements
                .iter()
                .filter_map(|element| element.as_expression())
            {
                functions_in(file, element, deeper, add);
            }
        }
        // `debounce(f)`, `cron.schedule('…', f)`: what a call is given, its result keeps. Not so what is mapped or filtered.
        Expression::CallExpression(call) => {
            let runs_at_once = method(call).is_some_and(|(_, name)| {
                matches!(
                    name,
                    "map"
                        | "filter"
                        | "reduce"
                        | "find"
                        | "some"
                        | "every"
                        | "sort"
                        | "flatMap"
                        | "then"
                        | "from"
                        | "bind"
                )
            });
            if runs_at_once {
                return;
            }
            for at in 0..call.arguments.len() {
                if let Some(given) = argument(call, at)
                    && matches!(
                        given,
                        Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_)
                    )
                {
                    functions_in(file, given, deeper, add);
                }
            }
        }
        _ => {}
    }
}

fn may_hold_a_function(value: &Expression<'_>) -> bool {
    matches!(
        value,
        Expression::ArrowFunctionExpression(_)
            | Expression::FunctionExpression(_)
            | Expression::ObjectExpression(_)
    )
}

/// Whether a function is done when the call is in which it is made: it is handed to what runs it at once, or only called there.
pub(crate) fn is_over(file: &File<'_, '_>, start: u32) -> bool {
    let mut functions = file.nodes_of([AstType::Function, AstType::ArrowFunctionExpression]);
    let Some(function) = functions
        .find(|node| node.kind().span().start == start && is_function(node.kind()))
        .map(|node| node.id())
    else {
        return false;
    };
    let around = file.function_around(function);
    let (only_called, calls) = match way(file, function).fate {
        Fate::Variable(name) => (
            uses(file, name)
                .iter()
                .all(|(used, _)| is_callee(file, *used)),
            file.parsed.calls_of(function),
        ),
        Fate::Given { call, .. } => {
            let runs = call_at(file, call).and_then(method);
            return runs.is_some_and(|(_, name)| AT_ONCE.contains(&name));
        }
        _ => return false,
    };
    let is_there = |call: &NodeId| file.function_around(*call) == around;
    only_called && calls.iter().all(is_there)
}

/// Methods of arrays, which run a function before they give their result.
const AT_ONCE: &[&str] = &[
    "map",
    "filter",
    "some",
    "every",
    "forEach",
    "find",
    "findIndex",
    "findLast",
    "flatMap",
    "reduce",
    "sort",
    "toSorted",
    "from",
];

fn is_callee(file: &File<'_, '_>, name: NodeId) -> bool {
    matches!(file.kind(file.parent(name)), AstKind::CallExpression(call)
        if call.callee.span() == file.kind(name).span())
}
