//! A function that reads parts of something large, into one that has only these parts: they are read before it is made.

use oxc_ast::AstKind;
use oxc_semantic::NodeId;
use oxc_span::GetSpan;

use super::Capture;
use super::reasons::{Why, path_from};
use crate::facts::kept::Kept;
use crate::file::File;
use crate::finding::{Fix, Safety};
use crate::fix::Change;

/// What the function reads is read before it is made.
pub(super) fn fix<'a>(file: &File<'_, 'a>, kept: &Kept, capture: &Capture) -> Option<Fix> {
    let Why::ForAPart(_) = capture.why else {
        return None;
    };
    let own = file.kind(kept.function).span();
    let scoping = file.parsed.semantic().scoping();
    let nodes: Vec<NodeId> = scoping
        .get_resolved_references(capture.variable)
        .map(|reference| reference.node_id())
        .collect();
    // As long as another function uses it too, the scope keeps it.
    let home = scoping.get_node_id(scoping.symbol_scope_id(capture.variable));
    let declares = file.function_around_or_self(home);
    let is_used_beside = nodes.iter().any(|node| {
        !own.contains_inclusive(file.kind(*node).span()) && file.function_around(*node) != declares
    });
    if is_used_beside || kept.place != own {
        return None;
    }
    let mut change = Change::of(file);
    let mut names: Vec<(String, String)> = Vec::new();
    for node in nodes {
        if !own.contains_inclusive(file.kind(node).span()) {
            continue;
        }
        let whole = path_from(file, node)?;
        let span = file.kind(whole).span();
        let read = file.slice(span).to_owned();
        let known = names.iter().find(|(text, _)| *text == read);
        let name = match known {
            Some((_, name)) => name.clone(),
            None => {
                let name = change.fresh(kept.function, &name_of(file, whole))?;
                change.before(kept.function, format!("const {name} = {read};"))?;
                names.push((read, name.clone()));
                name
            }
        };
        let is_shorthand = matches!(file.kind(file.parent(whole)), AstKind::ObjectProperty(property) if property.shorthand);
        if is_shorthand {
            return None;
        }
        change.replace(span, name);
    }
    let title = format!("Read what is needed of `{}` before", capture.name);
    change.done(title, Safety::Unsafe)
}

/// A name for what a chain of properties gives: its last one.
fn name_of(file: &File<'_, '_>, whole: NodeId) -> String {
    let name = match file.kind(whole) {
        AstKind::StaticMemberExpression(member) => Some(member.property.name.to_string()),
        AstKind::ComputedMemberExpression(member) => member
            .static_property_name()
            .map(|name| name.as_str().to_owned()),
        _ => None,
    };
    let mut out = String::new();
    let mut starts_word = false;
    for character in name.unwrap_or_default().chars() {
        if character.is_ascii_alphanumeric() || character == '_' || character == '$' {
            if starts_word && !out.is_empty() {
                out.push(character.to_ascii_uppercase());
            } else {
                out.push(character);
            }
            starts_word = false;
        } else {
            starts_word = true;
        }
    }
    let is_name = out
        .chars()
        .next()
        .is_some_and(|first| !first.is_ascii_digit());
    if is_name { out } else { "value".to_owned() }
}
