//! Variables, functions and classes of a file into others of the same meaning.

use oxc_ast::AstKind;
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::{ParsedSource, SourceText, with_parsed};

use super::Rewrite;

/// Names by which people, and rules, know what a variable is where nothing else tells.
const TELLING: [&str; 24] = [
    "req",
    "request",
    "res",
    "response",
    "reply",
    "raw",
    "ctx",
    "context",
    "socket",
    "connection",
    "stream",
    "app",
    "server",
    "router",
    "io",
    "wss",
    "ws",
    "process",
    "signal",
    "emitter",
    "bus",
    "client",
    "events",
    "queue",
];

pub(crate) fn renamed(source: &SourceText) -> Option<SourceText> {
    let mut rewrite = Rewrite::new();
    with_parsed(source, |parsed| {
        let scoping = parsed.semantic().scoping();
        for (number, symbol) in scoping.symbol_ids().enumerate() {
            if is_free_to_choose(parsed, symbol) {
                rename(parsed, symbol, &format!("another{number}"), &mut rewrite);
            }
        }
    });
    rewrite.done(source, source.path())
}

/// Whether a name is the file's own: of a variable, function or class that is declared once and not exported.
fn is_free_to_choose(parsed: &ParsedSource<'_>, symbol: SymbolId) -> bool {
    let semantic = parsed.semantic();
    let (scoping, nodes) = (semantic.scoping(), semantic.nodes());
    let declaration = scoping.symbol_declaration(symbol);
    let is_own = matches!(
        nodes.kind(declaration),
        AstKind::VariableDeclarator(_) | AstKind::Function(_) | AstKind::Class(_)
    );
    let is_exported = nodes.ancestor_kinds(declaration).take(2).any(|kind| {
        matches!(
            kind,
            AstKind::ExportDeclaration(_) | AstKind::ExportDefaultDeclaration(_)
        )
    });
    let name = scoping.symbol_name(symbol);
    let is_seen_from_outside = uses(parsed, symbol).any(|node| {
        matches!(
            nodes.parent_kind(node),
            AstKind::ExportSpecifier(_)
                | AstKind::JSXOpeningElement(_)
                | AstKind::JSXClosingElement(_)
        )
    });
    let telling = name.to_lowercase();
    is_own
        && !is_exported
        && !is_seen_from_outside
        && scoping.symbol_redeclarations(symbol).is_empty()
        && !TELLING.iter().any(|known| telling.contains(known))
}

fn uses<'p>(parsed: &'p ParsedSource<'_>, symbol: SymbolId) -> impl Iterator<Item = NodeId> + 'p {
    let references = parsed.semantic().scoping().get_resolved_references(symbol);
    references.map(|reference| reference.node_id())
}

fn rename(parsed: &ParsedSource<'_>, symbol: SymbolId, to: &str, rewrite: &mut Rewrite) {
    let (scoping, nodes) = (parsed.semantic().scoping(), parsed.semantic().nodes());
    let name = scoping.symbol_name(symbol);
    let own = scoping.symbol_span(symbol);
    let own = Span::new(own.start, own.start + name.len() as u32);
    // `const { a } = b` takes the property of that name.
    let is_short = nodes.iter().any(|node| {
        matches!(node.kind(), AstKind::BindingProperty(property) if property.shorthand && property.span.start == own.start)
    });
    rewrite.replace(
        own,
        if is_short {
            format!("{name}: {to}")
        } else {
            to.to_owned()
        },
    );
    for node in uses(parsed, symbol) {
        let span = nodes.kind(node).span();
        let parent = nodes.parent_kind(node);
        let is_short = matches!(parent, AstKind::ObjectProperty(property) if property.shorthand)
            || matches!(parent, AstKind::AssignmentTargetPropertyIdentifier(_));
        rewrite.replace(
            span,
            if is_short {
                format!("{name}: {to}")
            } else {
                to.to_owned()
            },
        );
    }
}
