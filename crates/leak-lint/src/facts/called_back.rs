//! What a callback is given that is open, or what callbacks have to close, into the return on which nobody does: old ways of
//! writing, where each step has a function of its own and `if (error) return done(error);` in front.

use oxc_ast::AstKind;
use oxc_ast::ast::CallExpression;
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};

use crate::facts::fate::{Fate, uses, way};
use crate::facts::left_open::Left;
use crate::facts::lent::LENDS;
use crate::facts::paths::{Exit, LeftOpen};
use crate::facts::platform::outside;
use crate::facts::streams::{Deed, Kind, Used, callback, deeds, deeds_of_client};
use crate::facts::timers::parameter;
use crate::file::{File, callee_name};

/// A connection that a pool lends to a callback, or a file that is opened for one: how it stays open.
pub(crate) fn called_back<'a>(
    file: &File<'_, 'a>,
    call: &CallExpression<'a>,
) -> Option<(Kind, Left)> {
    let is_lent = match callee_name(call)? {
        "open" => false,
        name if LENDS.contains(&name) => true,
        _ => return None,
    };
    let (function, _) = callback(file, call)?;
    let given = file.parsed.parameters(function)?;
    let failure = parameter(given, 0)?;
    let opened = parameter(given, 1)?;
    let (kind, deeds) = if is_lent {
        let is_given_back = |(_, own): &(NodeId, crate::facts::fate::Way<'_>)| {
            matches!(
                own.fate,
                Fate::Asked {
                    method: "release",
                    ..
                }
            )
        };
        if !uses(file, opened).iter().any(is_given_back) {
            return None;
        }
        (Kind::Lent, deeds_of_client(file, opened))
    } else {
        outside(file, &call.callee).filter(|found| found.is("fs", "open"))?;
        (Kind::Number, deeds(file, opened))
    };
    let at = left_by_callbacks(file, function, Some(failure), &deeds)?;
    let exit = Exit::Return;
    Some((kind, Left::On(LeftOpen { exit, at })))
}

/// The return of a callback that is told of a failure and closes nothing, where what comes after it does. `failure` is what tells
/// the outermost function that nothing was opened.
pub(crate) fn left_by_callbacks(
    file: &File<'_, '_>,
    function: NodeId,
    failure: Option<SymbolId>,
    deeds: &[Used],
) -> Option<Span> {
    let ends: Vec<&Used> = deeds
        .iter()
        .filter(|used| used.deed != Deed::Nothing)
        .collect();
    if ends.is_empty() || ends.iter().any(|used| used.deed != Deed::Closes) {
        return None;
    }
    let mut open = vec![function];
    while let Some(function) = open.pop() {
        let mut closes = Vec::new();
        for used in &ends {
            match step(file, function, used.node)? {
                Step::Here => closes.push(used.span),
                Step::Within { inner, call } => {
                    closes.push(call);
                    if !open.contains(&inner) {
                        open.push(inner);
                    }
                }
                Step::Elsewhere => {}
            }
        }
        let own = file.parsed.parameters(function);
        let own = own.and_then(|given| parameter(given, 0));
        let tells = own.filter(|own| failure != Some(*own) && is_a_failure(file, *own));
        if let Some(left) = tells.and_then(|tells| returned_on(file, function, tells, &closes)) {
            return Some(left);
        }
    }
    None
}

/// How a function comes to a place.
enum Step {
    /// It is in its own code.
    Here,
    /// It is in a function that its own code hands to this call.
    Within { inner: NodeId, call: Span },
    /// It is in a function beside.
    Elsewhere,
}

/// None where nobody knows when the function runs that the place is in.
fn step(file: &File<'_, '_>, function: NodeId, node: NodeId) -> Option<Step> {
    let whole = file.kind(function).span();
    if !whole.contains_inclusive(file.kind(node).span()) {
        return Some(Step::Elsewhere);
    }
    let functions = std::iter::successors(file.function_around(node), |inner| {
        file.function_around(*inner)
    });
    let Some(inner) = functions.take_while(|inner| *inner != function).last() else {
        return Some(Step::Here);
    };
    match way(file, inner).fate {
        Fate::Given { call, .. } => Some(Step::Within {
            inner,
            call: file.kind(call).span(),
        }),
        _ => None,
    }
}

/// Whether a parameter is one of failures, by its name.
fn is_a_failure(file: &File<'_, '_>, parameter: SymbolId) -> bool {
    let name = file.parsed.semantic().scoping().symbol_name(parameter);
    matches!(name, "err" | "error" | "e" | "er")
}

/// The return in a branch on a failure, in front of what closes, and without closing.
fn returned_on(
    file: &File<'_, '_>,
    function: NodeId,
    failure: SymbolId,
    closes: &[Span],
) -> Option<Span> {
    let asked = uses(file, failure);
    let branches = asked.iter().filter_map(|(used, _)| {
        let span = file.kind(*used).span();
        let mut around = file.nodes().ancestor_ids(*used);
        let branch = around.find_map(|around| match file.kind(around) {
            AstKind::IfStatement(branch) => Some((around, branch)),
            _ => None,
        });
        branch.filter(|(node, branch)| {
            branch.test.span().contains_inclusive(span)
                && file.function_around(*node) == Some(function)
        })
    });
    branches
        .map(|(_, branch)| branch.consequent.span())
        .find(|then| {
            let text = file.slice(*then);
            let leaves = text.contains("return");
            let is_closed = closes.iter().any(|close| then.contains_inclusive(*close));
            leaves && !is_closed && closes.iter().any(|close| close.start > then.end)
        })
}
