//! Findings of a range into quick fixes, and a text into the one edit of all its safe fixes.

use std::collections::HashMap;

use lsp_types::{
    CodeAction, CodeActionContext, CodeActionKind, CodeActionOrCommand, DocumentChanges, OneOf,
    OptionalVersionedTextDocumentIdentifier, Range, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};
use stanch_leak_lint::{Fix, Safety};

use crate::client::Client;
use crate::diagnostic::Making;
use crate::document::Document;

/// The kind of the action that applies all safe fixes, as editors are told to run it when a file is saved.
pub(crate) const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.stanch");

/// What can be done about the findings of a range.
pub(crate) fn actions(
    making: &Making<'_>,
    range: Range,
    context: &CodeActionContext,
) -> Vec<CodeActionOrCommand> {
    let mut actions = Vec::new();
    if wants(context, &CodeActionKind::QUICKFIX) {
        actions.extend(quick_fixes(making, range));
    }
    // It changes what is not in the range: only for those who ask for it.
    if context.only.is_some() && wants(context, &FIX_ALL) {
        actions.extend(fix_all(making));
    }
    actions
        .into_iter()
        .map(CodeActionOrCommand::CodeAction)
        .collect()
}

/// Whether a kind, or one that it belongs to, is asked for.
fn wants(context: &CodeActionContext, kind: &CodeActionKind) -> bool {
    let Some(only) = &context.only else {
        return true;
    };
    only.iter().any(|wanted| {
        let rest = kind.as_str().strip_prefix(wanted.as_str());
        rest.is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('.') || wanted.as_str().is_empty()
        })
    })
}

fn quick_fixes(making: &Making<'_>, range: Range) -> Vec<CodeAction> {
    let mut actions = Vec::new();
    for finding in making.document.findings() {
        let place = making.document.place(&finding.place);
        if place.end < range.start || range.end < place.start {
            continue;
        }
        let diagnostic = making.of(finding);
        let fixes = finding
            .fixes
            .iter()
            .filter(|fix| fix.safety != Safety::Display);
        actions.extend(fixes.map(|fix| CodeAction {
            title: title(fix),
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: Some(vec![diagnostic.clone()]),
            edit: Some(workspace_edit(
                making.client,
                making.uri,
                making.document,
                edits(making.document, fix),
            )),
            is_preferred: Some(fix.safety == Safety::Safe),
            ..CodeAction::default()
        }));
    }
    actions
}

fn title(fix: &Fix) -> String {
    match fix.safety {
        Safety::Safe => fix.title.clone(),
        Safety::Unsafe | Safety::Display => {
            format!("{} (may change more than the leak)", fix.title)
        }
    }
}

fn edits(document: &Document, fix: &Fix) -> Vec<TextEdit> {
    let edits = fix.edits.iter();
    let edits =
        edits.map(|edit| TextEdit::new(document.range(edit.start, edit.end), edit.text.clone()));
    edits.collect()
}

fn fix_all(making: &Making<'_>) -> Option<CodeAction> {
    Some(CodeAction {
        title: "Apply all safe fixes of stanch".to_owned(),
        kind: Some(FIX_ALL),
        edit: Some(all_safe_fixes(making)?),
        ..CodeAction::default()
    })
}

/// The text's safe fixes as one edit; none where there are none.
pub(crate) fn all_safe_fixes(making: &Making<'_>) -> Option<WorkspaceEdit> {
    let document = making.document;
    let fixed = making
        .folder
        .fixed(document.path.as_deref()?, document.text())?;
    let edit = difference(document, &fixed);
    Some(workspace_edit(
        making.client,
        making.uri,
        document,
        vec![edit],
    ))
}

/// What has to change in between what stays at both ends.
fn difference(document: &Document, fixed: &str) -> TextEdit {
    let text = document.text();
    let same = |pair: &(char, char)| pair.0 == pair.1;
    let start: usize = text
        .chars()
        .zip(fixed.chars())
        .take_while(same)
        .map(|(character, _)| character.len_utf8())
        .sum();
    let (rest, fixed_rest) = (&text[start..], &fixed[start..]);
    let end: usize = rest
        .chars()
        .rev()
        .zip(fixed_rest.chars().rev())
        .take_while(same)
        .map(|(character, _)| character.len_utf8())
        .sum();
    let range = document.lines.range(start, text.len() - end);
    TextEdit::new(range, fixed_rest[..fixed_rest.len() - end].to_owned())
}

fn workspace_edit(
    client: Client,
    uri: &Uri,
    document: &Document,
    edits: Vec<TextEdit>,
) -> WorkspaceEdit {
    if !client.versioned_edits {
        return WorkspaceEdit::new(HashMap::from([(uri.clone(), edits)]));
    }
    let edit = TextDocumentEdit {
        text_document: OptionalVersionedTextDocumentIdentifier {
            uri: uri.clone(),
            version: Some(document.version),
        },
        edits: edits.into_iter().map(OneOf::Left).collect(),
    };
    WorkspaceEdit {
        document_changes: Some(DocumentChanges::Edits(vec![edit])),
        ..WorkspaceEdit::default()
    }
}
