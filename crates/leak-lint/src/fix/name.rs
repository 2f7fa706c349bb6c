//! A wanted name into one that nothing else has.

use oxc_semantic::{NodeId, ScopeId, SymbolId};

use crate::file::File;

/// `wanted`, or that with a number, such that a declaration in `scope` hides nothing that is used there and is hidden by
/// nothing inside.
pub(super) fn free(
    file: &File<'_, '_>,
    scope: ScopeId,
    wanted: &str,
    given_away: &[String],
) -> String {
    let candidates = std::iter::once(wanted.to_owned())
        .chain((2_u32..).map(|number| format!("{wanted}{number}")));
    let mut free = candidates.filter(|name| {
        !given_away.iter().any(|given| given == name) && !is_taken(file, scope, name)
    });
    free.next().unwrap_or_default()
}

fn is_taken(file: &File<'_, '_>, scope: ScopeId, name: &str) -> bool {
    let scoping = file.parsed.semantic().scoping();
    let undeclared = scoping
        .root_unresolved_references()
        .keys()
        .any(|undeclared| undeclared.as_str() == name);
    let is_near = |own: ScopeId| {
        own == scope
            || scoping.scope_is_descendant_of(own, scope)
            || scoping.scope_is_descendant_of(scope, own)
    };
    let mut declared = scoping
        .symbol_ids()
        .filter(|symbol| scoping.symbol_name(*symbol) == name);
    undeclared
        || declared.any(|symbol| is_near(scoping.symbol_scope_id(symbol)))
        || file
            .new_names
            .borrow()
            .iter()
            .any(|(own, new)| new == name && is_near(*own))
}

/// Whether the name of a variable means that variable at a node.
pub(crate) fn is_seen(file: &File<'_, '_>, node: NodeId, variable: SymbolId) -> bool {
    let scoping = file.parsed.semantic().scoping();
    let name = scoping.symbol_name(variable);
    let scope = file.nodes().get_node(node).scope_id();
    let seen = scoping.scope_ancestors(scope).find_map(|scope| {
        let mut own = scoping.iter_bindings_in(scope);
        own.find(|own| scoping.symbol_name(*own) == name)
    });
    seen == Some(variable)
}

/// The name of a handler for an event: `onPrice` for `price`.
pub(crate) fn for_event(event: &str) -> String {
    let mut name = String::from("on");
    let words = event.split(|character: char| !character.is_ascii_alphanumeric());
    for word in words.filter(|word| !word.is_empty()) {
        let mut characters = word.chars();
        name.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(characters.as_str());
    }
    // `on` by itself is the name of what registers.
    if name == "on" {
        name.push_str("Event");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::for_event;

    #[test]
    fn handlers_are_named_after_their_event() {
        assert_eq!(for_event("price"), "onPrice");
        assert_eq!(for_event("secure-connect"), "onSecureConnect");
        assert_eq!(for_event("SIGTERM"), "onSIGTERM");
        assert_eq!(for_event("*"), "onEvent");
    }
}
