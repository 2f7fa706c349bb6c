//! The function that each node of a text is in.

use oxc_ast::AstKind;
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_js_source::{ParsedSource, is_function};

use super::Place;

/// The function that each node of a text is in.
pub(super) fn places(parsed: &ParsedSource<'_>) -> Vec<Place> {
    let nodes = parsed.semantic().nodes();
    let mut places: Vec<Place> = Vec::with_capacity(nodes.len());
    for (id, node) in nodes.iter_enumerated() {
        // Nodes come in the order of the tree: what is around one was there before it.
        let around = nodes.parent_id(id);
        places.push(match nodes.kind(around) {
            AstKind::Function(function) => Some(function.span.start),
            AstKind::ArrowFunctionExpression(arrow) => Some(arrow.span.start),
            kind => {
                let known = places.get(around.index()).copied().flatten();
                let is_field = matches!(kind, AstKind::PropertyDefinition(_));
                let own = is_field.then(|| place_in(parsed, around, node.kind().span()));
                own.flatten().unwrap_or(known)
            }
        });
    }
    places
}

/// The function that a node of a text is in.
pub(crate) fn place(parsed: &ParsedSource<'_>, node: NodeId) -> Place {
    let nodes = parsed.semantic().nodes();
    let mut inner = node;
    for around in nodes.ancestor_ids(node) {
        if let Some(place) = place_in(parsed, around, nodes.kind(inner).span()) {
            return place;
        }
        inner = around;
    }
    None
}

/// The place of what is directly inside a node, where the node itself decides it.
fn place_in(parsed: &ParsedSource<'_>, around: NodeId, inner: Span) -> Option<Place> {
    let nodes = parsed.semantic().nodes();
    match nodes.kind(around) {
        kind if is_function(kind) => Some(Some(kind.span().start)),
        AstKind::PropertyDefinition(field)
            if !field.r#static && field.value.is_some() && inner != field.key.span() =>
        {
            let class = nodes.ancestor_ids(around).map(|id| nodes.kind(id));
            let mut class = class.filter(|kind| matches!(kind, AstKind::Class(_)));
            Some(class.next().map(|class| class.span().start))
        }
        _ => None,
    }
}
