//! A variable that a kept function captures, or that is beside it in its scope, into why it is kept without need.

use std::collections::HashSet;

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::{CapturedScope, bare, literal_text};

use crate::facts::bulk::{Bulk, bulk};
use crate::facts::kept::{Keeper, Kept, is_over};
use crate::file::{File, argument};

/// Why a variable is kept by a function.
pub(super) enum Why {
    /// Another function of the scope uses it.
    Sibling(Span),
    /// The function reads parts of it.
    ForAPart(Bulk),
    /// The function uses it, long after its time.
    PastItsTime(Bulk),
    /// It is what the function takes the place of, which keeps what it took the place of, and so on.
    Predecessor,
    /// It is the very object whose end the function waits for.
    OwnTarget,
}

/// Why a function keeps a variable of a scope around it without need; none where it needs it, or where one of those beside it
/// does, which are kept too.
pub(super) fn reason<'a>(
    file: &File<'_, 'a>,
    kept: &Kept,
    scope: &CapturedScope,
    variable: SymbolId,
    own: Span,
    beside: &HashSet<u32>,
) -> Option<Why> {
    match &kept.by {
        Keeper::Finalizer { target } => {
            return is_named_by(file, variable, *target).then_some(Why::OwnTarget);
        }
        Keeper::Single(holder) => {
            return is_predecessor(file, variable, holder, kept, own).then_some(Why::Predecessor);
        }
        _ => {}
    }
    let large = bulk(file, variable)?;
    let used = uses_in(file, variable, own);
    let scope_symbol = scope.variables.iter().find(|captured| {
        let scoping = file.parsed.semantic().scoping();
        captured.extent.start == scoping.symbol_span(variable).start
    })?;
    // `{ page: (at) => rows.slice(at), count: () => rows.length }`
    let is_needed_beside = scope_symbol.captured_by.iter().any(|function| {
        let other = Span::new(function.extent.start, function.extent.end);
        other.start != own.start
            && beside.contains(&other.start)
            && !(uses_in(file, variable, other).iter()).all(|node| is_read_for_a_part(file, *node))
    });
    if is_needed_beside {
        return None;
    }
    if used.is_empty() {
        // Requests and responses go with their handler's other listeners only when those go.
        if large == Bulk::Exchange {
            return None;
        }
        let sibling = scope_symbol.captured_by.iter().find(|function| {
            !(function.extent.start <= own.start && own.end <= function.extent.end)
        })?;
        // What goes on beside it needs its variables as long as that does.
        if kept.by.keeps_others()
            && !(scope_symbol.captured_by.iter())
                .all(|function| is_over(file, function.extent.start))
        {
            return None;
        }
        return Some(Why::Sibling(Span::new(
            sibling.extent.start,
            sibling.extent.end,
        )));
    }
    if kept.by.is_in_use() && large == Bulk::Exchange {
        return None;
    }
    if used.iter().all(|node| is_read_for_a_part(file, *node)) {
        return Some(Why::ForAPart(large));
    }
    let is_past = matches!(kept.by, Keeper::Timer(ms) if ms >= LONG_MS);
    (is_past && large == Bulk::Exchange).then_some(Why::PastItsTime(large))
}

/// Ten minutes: no answer takes that long.
const LONG_MS: u64 = 600_000;

/// Where the code of a function uses a variable.
fn uses_in(file: &File<'_, '_>, variable: SymbolId, own: Span) -> Vec<NodeId> {
    let scoping = file.parsed.semantic().scoping();
    scoping
        .get_resolved_references(variable)
        .map(|reference| reference.node_id())
        .filter(|node| own.contains_inclusive(file.kind(*node).span()))
        .collect()
}

/// Properties with values that are as large as what they are of.
const LARGE: &[&str] = &[
    "body", "rows", "file", "files", "buffer", "data", "content", "contents", "text", "html",
    "socket", "raw", "app",
];

/// Whether a variable is used at a node to read a property of it that is a number, a name or the like.
fn is_read_for_a_part(file: &File<'_, '_>, node: NodeId) -> bool {
    let Some(whole) = path_from(file, node) else {
        return false;
    };
    if is_header_or_application(file, node, whole) {
        return true;
    }
    let name = match file.kind(whole) {
        AstKind::StaticMemberExpression(member) => member.property.name.as_str(),
        _ => "",
    };
    if LARGE.contains(&name) {
        return false;
    }
    let span = file.kind(whole).span();
    match file.kind(file.parent(whole)) {
        // A method of it needs it.
        AstKind::CallExpression(call) => bare(&call.callee).span() != span,
        AstKind::AssignmentExpression(assignment) => assignment.left.span() != span,
        AstKind::UpdateExpression(_) => false,
        AstKind::ForOfStatement(each) => bare(&each.right).span() != span,
        AstKind::SpreadElement(_) | AstKind::ComputedMemberExpression(_) => false,
        _ => true,
    }
}

/// Whether what is read of a request is a header, `req.get('host')`, or the application, which lives anyway: `req.app.locals`.
fn is_header_or_application(file: &File<'_, '_>, node: NodeId, whole: NodeId) -> bool {
    let path = file.slice(file.kind(whole).span());
    let Some((_, path)) = path.split_once('.') else {
        return false;
    };
    let is_of_request = matches!(file.kind(node), AstKind::IdentifierReference(name)
        if matches!(name.name.as_str(), "req" | "request" | "ctx" | "_req"));
    let is_header = || {
        matches!(path, "get" | "header" | "headers.get")
            && matches!(file.kind(file.parent(whole)), AstKind::CallExpression(call)
                if argument(call, 0).is_some_and(|name| literal_text(name).is_some()))
    };
    is_of_request && (path.starts_with("app.") || is_header())
}

/// The longest chain of properties from a name on: `req.headers.host` from `req`.
pub(super) fn path_from(file: &File<'_, '_>, node: NodeId) -> Option<NodeId> {
    let mut at = node;
    loop {
        let parent = file.parent(at);
        let inner = file.kind(at).span();
        let is_of = match file.kind(parent) {
            AstKind::StaticMemberExpression(member) => bare(&member.object).span() == inner,
            AstKind::ComputedMemberExpression(member) => {
                bare(&member.object).span() == inner && member.static_property_name().is_some()
            }
            AstKind::ChainExpression(_) => true,
            _ => false,
        };
        if !is_of {
            return (at != node).then_some(at);
        }
        at = parent;
    }
}

fn is_named_by(file: &File<'_, '_>, variable: SymbolId, expression: Span) -> bool {
    let scoping = file.parsed.semantic().scoping();
    scoping
        .get_resolved_references(variable)
        .any(|reference| file.kind(reference.node_id()).span() == expression)
}

/// Whether a variable has what was in the holder before the function was put there: a chain that never ends.
fn is_predecessor<'a>(
    file: &File<'_, 'a>,
    variable: SymbolId,
    holder: &str,
    kept: &Kept,
    own: Span,
) -> bool {
    let scoping = file.parsed.semantic().scoping();
    let AstKind::VariableDeclarator(declarator) = file.kind(scoping.symbol_declaration(variable))
    else {
        return false;
    };
    let Some(init) = &declarator.init else {
        return false;
    };
    let from = file.written(bare(init));
    if from == holder && !holder.contains('.') {
        // What a method is wrapped with once, as by a decorator, is no chain; a variable of the module may become one:
        // `report = (err) => { inner(err); … }` is a chain where the function, or one beside it, uses what was there; not
        // where the same function has put something new there first.
        let around = file
            .function_around(kept.function)
            .map(|function| file.kind(function).span());
        return !file.assignments().iter().any(|(_, other)| {
            let whole = other.right.span();
            file.slice(other.left.span()) == holder
                && !whole.contains_inclusive(own)
                && around.is_some_and(|around| around.contains_inclusive(whole))
        });
    }
    // `next.undo = () => { this.state = before; }` with `this.state = next` after it; in `object[name]` it is another place
    // each time, as where methods are wrapped.
    let Some((object, _)) = holder.rsplit_once('.').filter(|_| !from.ends_with(']')) else {
        return false;
    };
    let is_used = !uses_in(file, variable, own).is_empty();
    let around = file
        .function_around(kept.function)
        .map(|function| file.kind(function).span());
    is_used
        && !object.contains('.')
        && file.assignments().iter().any(|(node, assignment)| {
            file.slice(assignment.left.span()) == from
                && matches!(bare(&assignment.right), Expression::Identifier(name) if name.name == object)
                && around.is_some_and(|around| around.contains_inclusive(file.kind(*node).span()))
        })
}
