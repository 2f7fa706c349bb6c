//! A promise that others wait for until its function, or another one, opens it → the way on which it stays shut.

use oxc_ast::AstKind;
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;

use crate::facts::fate::{Fate, call_at, uses, way};
use crate::facts::paths::{Resource, left_open, worst};
use crate::facts::waiters::{Pending, keeping_call, mentions, outlives};
use crate::file::{File, method};

/// A promise that the next ones wait for, and that the function which made it does not fulfil on every way out.
pub(super) fn kept_locked(
    file: &File<'_, '_>,
    node: NodeId,
    maker: NodeId,
    opener: SymbolId,
) -> Option<Pending> {
    let Fate::Variable(promise) = way(file, node).fate else {
        return None;
    };
    let holder = uses(file, promise).into_iter().find_map(|(_, way)| {
        let Fate::Given { call, at: 1 } = way.fate else {
            return None;
        };
        let (holder, "set") = method(call_at(file, call)?)? else {
            return None;
        };
        outlives(file, holder).then(|| file.slice(holder.span()).to_owned())
    })?;
    let mut opened = Vec::new();
    for (used, _) in uses(file, opener) {
        let call = file.nodes().parent_id(used);
        let is_called = matches!(file.kind(call), AstKind::CallExpression(call)
            if call.callee.span() == file.kind(used).span());
        if !is_called || file.function_around(call) != Some(maker) {
            return None;
        }
        opened.push(file.kind(call).span());
    }
    let resource = Resource {
        opened: Some(file.kind(node).span()),
        closed: &opened,
        variable: None,
    };
    let left = worst(&left_open(file, maker, &resource))?;
    Some(Pending::AfterFailure(holder, left.at))
}

/// A gate that is put under a key with what opens it, and that another function opens, which callers skip when they fail.
pub(super) fn left_shut(file: &File<'_, '_>, maker: NodeId, opener: SymbolId) -> Option<Pending> {
    let used = uses(file, opener);
    let [(used, _)] = used.as_slice() else {
        return None;
    };
    let call = call_at(file, keeping_call(file, *used, maker)?)?;
    let (holder, "set") = method(call)? else {
        return None;
    };
    let name = file.slice(holder.span());
    let opens = mentions(file, name).into_iter().any(|(node, _)| {
        let takes_out = matches!(way(file, node).fate, Fate::Asked { method, .. }
            if method == "get" || method == "delete");
        let opening = file.function_around(node).filter(|_| takes_out);
        opening.is_some_and(|opening| {
            let (shut, open) = (file.site(maker), file.site(opening));
            file.project.is_skipped_after(shut, open)
        })
    });
    (opens && outlives(file, holder)).then(|| Pending::LeftShut(name.to_owned()))
}
