//! A position in a text into the page of the rule that speaks there.

use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position};
use stanch_lint_project::page_of;

use crate::document::Document;

/// The findings at a position, each with the page of its rule; none where nothing is found.
pub(crate) fn hover(document: &Document, position: Position) -> Option<Hover> {
    let at = |range: &lsp_types::Range| range.start <= position && position <= range.end;
    let mut parts = Vec::new();
    let mut shown = None;
    for finding in document.findings() {
        let range = document.place(&finding.place);
        if !at(&range) {
            continue;
        }
        shown.get_or_insert(range);
        let growth = finding.growth.map(|growth| format!(" ({growth})"));
        let growth = growth.unwrap_or_default();
        let page = page_of(finding.rule).unwrap_or_default();
        parts.push(format!(
            "**stanch**: {}{growth}\n\n---\n\n{page}",
            finding.message
        ));
    }
    Some(Hover {
        range: Some(shown?),
        contents: HoverContents::Markup(MarkupContent {
            kind: MarkupKind::Markdown,
            value: parts.join("\n\n---\n\n"),
        }),
    })
}
