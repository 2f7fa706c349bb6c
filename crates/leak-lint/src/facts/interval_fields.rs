//! An interval in a field of an instance → why nothing ends it.

use oxc_ast::ast::CallExpression;
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};

use crate::facts::fate::{Fate, call_at, way};
use crate::facts::guard::is_guarded;
use crate::facts::intervals::{Endless, started_again};
use crate::facts::lifetime::is_constructor;
use crate::facts::platform::{is_global_call, outside};
use crate::facts::timers::clears_timers;
use crate::file::{File, argument, method};
use crate::summary::Op;

/// Why the interval in a field never ends; none if something ends it, or may.
pub(super) fn of_field<'a>(
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
            started_again(file, node, &call.callee)
                .or_else(|| is_taken_over(file, class, node, call).then_some(Endless::Overwritten))
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

/// Whether a method that is called again for the same instance puts the next interval in the field.
fn is_taken_over<'a>(
    file: &File<'_, 'a>,
    class: NodeId,
    node: NodeId,
    call: &'a CallExpression<'a>,
) -> bool {
    outermost(file, node).is_some_and(|method| is_called_from_within(file, class, method))
        && !is_guarded(file, node, &call.callee)
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
    file.nodes_of([
        AstType::StaticMemberExpression,
        AstType::PrivateFieldExpression,
    ])
    .any(|node| {
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
            if matches!(member.property.name.as_str(), "unref" | "ref" | "hasRef" | "refresh"));
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
pub(super) fn runs_within(file: &File<'_, '_>, node: NodeId, outer: NodeId) -> bool {
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
    let call = match way(file, function).fate {
        Fate::Given { call, .. } => call,
        // `socket.onopen = () => …`
        Fate::Stored => {
            return matches!(file.kind(file.parent(function)), AstKind::AssignmentExpression(assignment)
                if assignment.left.as_member_expression().and_then(|it| it.static_property_name())
                    .is_some_and(|name| name.starts_with("on")));
        }
        _ => return false,
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
