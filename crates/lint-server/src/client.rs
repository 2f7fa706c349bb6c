//! What an editor can do and wants, from its first message and its settings.

use std::path::PathBuf;

use lsp_types::InitializeParams;
use serde::Deserialize;
use serde_json::Value;
use stanch_lint_project::Pick;

use crate::uri;

/// What an editor can do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    /// Edits name the version of the text that they are for.
    pub(crate) versioned_edits: bool,
    /// Diagnostics point to other places.
    pub(crate) related_places: bool,
    /// A diagnostic's code is a link.
    pub(crate) code_links: bool,
    /// It watches files when it is asked to.
    pub(crate) watches_files: bool,
}

impl Client {
    pub(crate) fn of(params: &InitializeParams) -> Self {
        let workspace = params.capabilities.workspace.as_ref();
        let edits = workspace.and_then(|it| it.workspace_edit.as_ref());
        let watching = workspace.and_then(|it| it.did_change_watched_files.as_ref());
        let text = params.capabilities.text_document.as_ref();
        let diagnostics = text.and_then(|it| it.publish_diagnostics.as_ref());
        Self {
            versioned_edits: edits.and_then(|it| it.document_changes) == Some(true),
            related_places: diagnostics.and_then(|it| it.related_information) == Some(true),
            code_links: diagnostics.and_then(|it| it.code_description_support) == Some(true),
            watches_files: watching.and_then(|it| it.dynamic_registration) == Some(true),
        }
    }
}

/// What a person may set in the editor.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Settings {
    /// The configuration, instead of the nearest.
    pub(crate) config: Option<PathBuf>,
    /// Rules that run, instead of those of the configuration.
    pub(crate) select: Vec<Pick>,
    /// Rules that do not run.
    pub(crate) ignore: Vec<Pick>,
}

impl Settings {
    /// The settings in a message: under `stanch`, or on their own.
    pub(crate) fn of(value: &Value) -> Result<Self, serde_json::Error> {
        match value.get("stanch").unwrap_or(value) {
            Value::Null => Ok(Self::default()),
            own => serde_json::from_value(own.clone()),
        }
    }
}

/// The folders that an editor has open.
pub(crate) fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    let folders = params.workspace_folders.iter().flatten();
    let folders: Vec<PathBuf> = folders.filter_map(|it| uri::to_path(&it.uri)).collect();
    if !folders.is_empty() {
        return folders;
    }
    #[expect(deprecated, reason = "older editors name one folder only, so")]
    let root = params.root_uri.as_ref();
    root.and_then(uri::to_path).into_iter().collect()
}
