//! A Map, Set or object that gains entries into a bound on it.

use oxc_ast::ast::{Argument, Expression};
use stanch_js_source::with_parsed;

use super::code::{Code, is_plain_chain, last_name, method_call};
use super::drained::{Drained, drained};
use super::edits::Edits;
use super::{Ailment, Cause, patch};
use crate::model::{Remedy, SiteRole};
use oxc_span::GetSpan;

pub(crate) fn remedy(ailment: &Ailment<'_>) -> Remedy {
    let inserts = ailment.causes(SiteRole::Inserts);
    let drained = drained(ailment);
    let is_ordered = matches!(ailment.class, "Map" | "Set");
    let diff = if is_ordered && drained.is_none() {
        patch(&inserts, |code, cause, edits| {
            bound(ailment, code, cause, edits)
        })
        .whole()
    } else {
        None
    };
    let mut advice = Vec::new();
    if diff.is_some() {
        advice.push(
            "1,000 is a start: choose the bound by how many entries are worth their memory. What \
             must not be lost belongs in a database."
                .to_owned(),
        );
    }
    let summary = summary(ailment, drained.as_ref());
    let is_list = drained.as_ref().is_some_and(|drained| !drained.is_bound);
    advice.extend(drained.map(|drained| drained.sentence));
    if !is_list {
        advice.push(lru_cache(ailment.class));
        advice.push(
            "When several processes need the same entries, keep them in Redis with a TTL on each \
             key."
                .to_owned(),
        );
    }
    advice.push(weak_map(ailment));
    Remedy {
        summary,
        advice,
        patch: diff,
    }
}

fn summary(ailment: &Ailment<'_>, drained: Option<&Drained>) -> String {
    let name = ailment.name;
    match (drained, ailment.class) {
        (
            Some(Drained {
                is_bound: false, ..
            }),
            _,
        ) => format!("Take each entry out of `{name}` again in every case, also after an error."),
        (_, "Map" | "Set") => {
            format!("Bound `{name}`: let its oldest entry go once it holds more than 1,000.")
        }
        (_, "Array") => format!("Bound `{name}`, or keep its entries in a Map with a bound."),
        _ => {
            format!("Make `{name}` a Map and bound it: let its oldest entry go with each new one.")
        }
    }
}

/// Behind `profiles.set(id, profile);`: the oldest entry goes when there are too many.
fn bound(
    ailment: &Ailment<'_>,
    code: &Code<'_, '_>,
    cause: &Cause<'_>,
    edits: &mut Edits<'_>,
) -> Option<()> {
    let (node, call) = code.call(cause.extent)?;
    let insertion = method_call(call)?;
    let oldest = match (ailment.class, insertion.method) {
        ("Map", "set") => "keys",
        ("Set", "add") => "values",
        _ => return None,
    };
    let statement = code.followed(node)?;
    let is_registry = insertion.arguments.iter().any(is_awaited);
    if is_registry || !is_holder(ailment, code, cause, insertion.object) {
        return None;
    }
    let holder = code.slice(insertion.object.span());
    // The iterator's type says that it may be at its end; it is not, for something was just added.
    let sure = if code.is_typescript() { "!" } else { "" };
    statement.write_below(
        edits,
        &[format!(
            "if ({holder}.size > 1_000) {holder}.delete({holder}.{oldest}().next().value{sure})"
        )],
    );
    Some(())
}

/// Whether an entry stands for something that goes on, such as a connection or a callback: to drop
/// it before its end would break that.
fn is_awaited(argument: &Argument<'_>) -> bool {
    match argument {
        Argument::ArrowFunctionExpression(_) | Argument::FunctionExpression(_) => true,
        argument => argument
            .as_expression()
            .and_then(last_name)
            .is_some_and(|name| {
                OBJECTS.contains(&name.as_str()) || CALLBACKS.contains(&name.as_str())
            }),
    }
}

/// Names under which services keep those who wait for an answer.
const CALLBACKS: &[&str] = &[
    "resolve", "reject", "callback", "cb", "done", "next", "timer", "timeout",
];

/// Whether the expression is the holder, and may be written again.
pub(crate) fn is_holder(
    ailment: &Ailment<'_>,
    code: &Code<'_, '_>,
    cause: &Cause<'_>,
    object: &Expression<'_>,
) -> bool {
    is_plain_chain(object)
        && ailment
            .is_grown_by(code, cause)
            .unwrap_or_else(|| last_name(object).as_deref() == Some(ailment.source_name()))
}

fn lru_cache(class: &str) -> String {
    let how = match class {
        "Map" => "`new LRUCache({ max: 1_000, ttl: 60_000 })` in the place of `new Map()`",
        "Set" => "`new LRUCache({ max: 1_000 })` with `true` for each value",
        _ => "`new LRUCache({ max: 1_000, ttl: 60_000 })`",
    };
    format!("The package `lru-cache` keeps what is in use and lets entries expire: {how}.")
}

/// Names under which services keep objects that come and go.
const OBJECTS: &[&str] = &[
    "req",
    "request",
    "res",
    "response",
    "reply",
    "ctx",
    "context",
    "socket",
    "ws",
    "client",
    "connection",
    "conn",
    "stream",
];

fn weak_map(ailment: &Ailment<'_>) -> String {
    let weak = if ailment.class == "Set" {
        "WeakSet"
    } else {
        "WeakMap"
    };
    let keyed = ailment.causes.iter().find_map(|cause| {
        let name = with_parsed(cause.text, |parsed| {
            let code = Code::new(parsed);
            let (_, call) = code.call(cause.extent)?;
            last_name(call.arguments.first()?.as_expression()?)
        })?;
        OBJECTS.contains(&name.as_str()).then_some(name)
    });
    match keyed {
        Some(key) => format!(
            "Its keys are objects (`{key}`): a {weak} lets go of an entry as soon as nothing else \
             refers to its key."
        ),
        None => format!(
            "When the keys are objects that others own, a {weak} lets go of an entry together \
             with its key."
        ),
    }
}
