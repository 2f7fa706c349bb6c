//! Messages in the order in which they come into answers; texts are linted when nothing else waits.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::notification::{self, Notification as _};
use lsp_types::request::{self, Request as _};
use lsp_types::{
    CodeActionOptions, CodeActionParams, CodeActionProviderCapability, ExecuteCommandOptions,
    ExecuteCommandParams, FileSystemWatcher, GlobPattern, HoverParams, HoverProviderCapability,
    InitializeParams, MessageType, OneOf, PublishDiagnosticsParams, Registration,
    ServerCapabilities, TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions,
    TextDocumentSyncSaveOptions, Uri, WorkspaceFoldersServerCapabilities,
    WorkspaceServerCapabilities,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use stanch_lint_project::{Noticed, PROJECT_FILES};

use crate::ServerError;
use crate::action;
use crate::client::{self, Client, Settings};
use crate::diagnostic::{Making, SOURCE};
use crate::document::Document;
use crate::folder::{Folder, Others};
use crate::hover;
use crate::pages::Pages;
use crate::uri;

/// The files that may belong to a project.
const SOURCES: &str = "**/*.{js,mjs,cjs,jsx,ts,mts,cts,tsx,vue,svelte}";
/// The command that applies the safe fixes of a text, whose URI is its argument.
const FIX_ALL_COMMAND: &str = "stanch.fixAll";

/// The first message's answer: what this server can do.
pub(crate) fn capabilities() -> Value {
    let capabilities = ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Options(
            TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::INCREMENTAL),
                save: Some(TextDocumentSyncSaveOptions::Supported(true)),
                ..TextDocumentSyncOptions::default()
            },
        )),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![lsp_types::CodeActionKind::QUICKFIX, action::FIX_ALL]),
            ..CodeActionOptions::default()
        })),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: vec![FIX_ALL_COMMAND.to_owned()],
            ..ExecuteCommandOptions::default()
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        ..ServerCapabilities::default()
    };
    serde_json::json!({
        "capabilities": capabilities,
        "serverInfo": { "name": SOURCE, "version": env!("CARGO_PKG_VERSION") },
    })
}

/// A session with an editor.
pub(crate) struct Server<'c> {
    connection: &'c Connection,
    pages: &'c Pages,
    client: Client,
    settings: Settings,
    folders: Vec<Folder>,
    /// By what their URIs say; those without a look are waiting for one.
    documents: BTreeMap<String, (Uri, Document)>,
    /// Texts that were opened or written in so far.
    touched: u64,
    incoming: Receiver<Message>,
    waiting: VecDeque<Message>,
    asked: i32,
}

impl<'c> Server<'c> {
    pub(crate) fn new(
        connection: &'c Connection,
        pages: &'c Pages,
        params: &InitializeParams,
    ) -> Self {
        let mut server = Self {
            connection,
            pages,
            client: Client::of(params),
            settings: Settings::default(),
            folders: Vec::new(),
            documents: BTreeMap::new(),
            touched: 0,
            incoming: incoming(connection),
            waiting: VecDeque::new(),
            asked: 0,
        };
        let options = params.initialization_options.clone().unwrap_or_default();
        server.take_settings(&options);
        for folder in client::folders(params) {
            server.open_folder(folder);
        }
        server
    }

    pub(crate) fn run(mut self) -> Result<(), ServerError> {
        self.watch_files();
        loop {
            let Some(message) = self.next_message()? else {
                continue;
            };
            match message {
                Message::Request(request) => {
                    if request.method == request::Shutdown::METHOD {
                        self.send(Response::new_ok(request.id, Value::Null));
                        return self.end();
                    }
                    self.answer(request);
                }
                Message::Notification(notification) => self.take_notice(notification)?,
                // Answers to what we asked for need nothing further.
                Message::Response(_) => {}
            }
        }
    }

    /// After the answer to `shutdown` there is nothing to do but to wait for `exit`.
    fn end(mut self) -> Result<(), ServerError> {
        loop {
            let message = match self.waiting.pop_front() {
                Some(message) => message,
                None => self.incoming.recv().map_err(|_| ServerError::Gone)?,
            };
            match message {
                Message::Notification(it) if it.method == notification::Exit::METHOD => {
                    return Ok(());
                }
                Message::Request(request) => {
                    let code = ErrorCode::InvalidRequest as i32;
                    let words = "the session has ended".to_owned();
                    self.send(Response::new_err(request.id, code, words));
                }
                Message::Notification(_) | Message::Response(_) => {}
            }
        }
    }

    /// The next message; without one, a text is linted that waits for it.
    fn next_message(&mut self) -> Result<Option<Message>, ServerError> {
        // What was cancelled, or edited again, meanwhile needs no work: everything that is there is taken first.
        self.waiting.extend(self.incoming.try_iter());
        if self.waiting.is_empty() {
            if self.look_at_one() {
                return Ok(None);
            }
            self.waiting
                .push_back(self.incoming.recv().map_err(|_| ServerError::Gone)?);
            self.waiting.extend(self.incoming.try_iter());
        }
        self.drop_cancelled();
        Ok(self.waiting.pop_front())
    }

    /// Answers the requests among the waiting messages that a later one cancels.
    fn drop_cancelled(&mut self) {
        let cancelled: Vec<RequestId> = self
            .waiting
            .iter()
            .filter_map(|message| match message {
                Message::Notification(it) if it.method == notification::Cancel::METHOD => {
                    let id = it.params.get("id")?;
                    serde_json::from_value(id.clone()).ok()
                }
                _ => None,
            })
            .collect();
        if cancelled.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        for message in waiting {
            match message {
                Message::Request(request) if cancelled.contains(&request.id) => {
                    let code = ErrorCode::RequestCanceled as i32;
                    self.send(Response::new_err(request.id, code, "cancelled".to_owned()));
                }
                other => self.waiting.push_back(other),
            }
        }
    }

    fn send(&self, message: impl Into<Message>) {
        // An editor that has gone is noticed where its next message is waited for.
        drop(self.connection.sender.send(message.into()));
    }

    fn ask<T: Serialize>(&mut self, method: &str, params: T) {
        self.asked += 1;
        let id = RequestId::from(self.asked);
        self.send(Request::new(id, method.to_owned(), params));
    }

    fn say(&self, kind: MessageType, message: String) {
        let params = lsp_types::ShowMessageParams { typ: kind, message };
        let method = notification::ShowMessage::METHOD.to_owned();
        self.send(Notification::new(method, params));
    }

    fn watch_files(&mut self) {
        if !self.client.watches_files {
            return;
        }
        let names = PROJECT_FILES.iter().map(|name| format!("**/{name}"));
        let watchers = names
            .chain([SOURCES.to_owned()])
            .map(|glob| FileSystemWatcher {
                glob_pattern: GlobPattern::String(glob),
                kind: None,
            })
            .collect();
        let method = notification::DidChangeWatchedFiles::METHOD;
        let registration = Registration {
            id: "stanch-project-files".to_owned(),
            method: method.to_owned(),
            register_options: serde_json::to_value(
                lsp_types::DidChangeWatchedFilesRegistrationOptions { watchers },
            )
            .ok(),
        };
        let params = lsp_types::RegistrationParams {
            registrations: vec![registration],
        };
        self.ask(request::RegisterCapability::METHOD, params);
    }

    fn answer(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let result = match method.as_str() {
            request::CodeActionRequest::METHOD => parsed(params).map(|it| self.code_actions(&it)),
            request::HoverRequest::METHOD => parsed(params).map(|it| self.hover(&it)),
            request::ExecuteCommand::METHOD => parsed(params).map(|it| self.execute(&it)),
            other => {
                let words = format!("`{other}` is not served");
                Err((ErrorCode::MethodNotFound, words))
            }
        };
        let response = match result {
            Ok(value) => Response::new_ok(id, value),
            Err((code, words)) => Response::new_err(id, code as i32, words),
        };
        self.send(response);
    }

    fn take_notice(&mut self, notification: Notification) -> Result<(), ServerError> {
        let Notification { method, params } = notification;
        match method.as_str() {
            notification::DidOpenTextDocument::METHOD => {
                self.opened(serde_json::from_value(params)?)
            }
            notification::DidChangeTextDocument::METHOD => {
                self.changed(serde_json::from_value(params)?);
            }
            notification::DidSaveTextDocument::METHOD => {
                self.saved(&serde_json::from_value(params)?);
            }
            notification::DidCloseTextDocument::METHOD => {
                self.closed(serde_json::from_value(params)?)
            }
            notification::DidChangeConfiguration::METHOD => {
                let settings = params.get("settings").cloned().unwrap_or_default();
                if self.take_settings(&settings) {
                    self.reopen();
                }
            }
            notification::DidChangeWatchedFiles::METHOD => {
                self.files_changed(&serde_json::from_value(params)?);
            }
            notification::DidChangeWorkspaceFolders::METHOD => {
                self.folders_changed(&serde_json::from_value(params)?);
            }
            // Unknown notices are to be passed over.
            _ => {}
        }
        Ok(())
    }

    fn opened(&mut self, params: lsp_types::DidOpenTextDocumentParams) {
        let text = params.text_document;
        let mut document = Document::new(uri::to_path(&text.uri), text.version, text.text);
        self.touched += 1;
        document.touched = self.touched;
        let key = text.uri.as_str().to_owned();
        self.documents.insert(key, (text.uri, document));
    }

    fn changed(&mut self, params: lsp_types::DidChangeTextDocumentParams) {
        let text = params.text_document;
        if let Some((_, document)) = self.documents.get_mut(text.uri.as_str()) {
            document.change(text.version, params.content_changes);
            self.touched += 1;
            document.touched = self.touched;
        }
    }

    fn closed(&mut self, params: lsp_types::DidCloseTextDocumentParams) {
        let uri = params.text_document.uri;
        self.documents.remove(uri.as_str());
        self.publish(uri, None, Vec::new());
    }

    /// Takes settings over; says whether they are others than before.
    fn take_settings(&mut self, value: &Value) -> bool {
        match Settings::of(value) {
            Ok(settings) if settings == self.settings => false,
            Ok(settings) => {
                self.settings = settings;
                true
            }
            Err(error) => {
                self.say(
                    MessageType::ERROR,
                    format!("stanch: the editor's settings: {error}"),
                );
                false
            }
        }
    }

    fn files_changed(&mut self, params: &lsp_types::DidChangeWatchedFilesParams) {
        let is_of_project = |path: &Path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| PROJECT_FILES.contains(&name))
        };
        let changes = params.changes.iter();
        let paths: Vec<PathBuf> = changes.filter_map(|it| uri::to_path(&it.uri)).collect();
        if paths.iter().any(|path| is_of_project(path)) {
            self.reopen();
            return;
        }
        let mut moved = false;
        for path in &paths {
            let is_open = |(_, document): &(Uri, Document)| document.path.as_ref() == Some(path);
            // Of a file that is open the editor's text counts; whether there is a file, the disk says.
            let is_open = self.documents.values().any(is_open);
            let Some(folder) = self.folder_of_mut(path) else {
                continue;
            };
            if is_open && folder.has(path) == path.exists() {
                continue;
            }
            match folder.notice(path) {
                Noticed::Taken => self.look_again(),
                Noticed::OtherFiles => moved = true,
                Noticed::Nothing => {}
            }
        }
        if moved {
            self.refresh();
        }
    }

    /// Takes in files that were made, and lets go of those that were deleted.
    fn refresh(&mut self) {
        let mut others = Others::AsBefore;
        let mut problems = Vec::new();
        for folder in &mut self.folders {
            match folder.refresh() {
                Ok(Others::AsBefore) => {}
                Ok(Others::Concerned) => others = Others::Concerned,
                Err(error) => problems.push(format!("stanch: {error}")),
            }
        }
        for problem in problems {
            self.say(MessageType::ERROR, problem);
        }
        if others == Others::Concerned {
            self.look_again();
        }
    }

    /// A text that is saved for the first time is a file of the project from now on.
    fn saved(&mut self, params: &lsp_types::DidSaveTextDocumentParams) {
        let Some(path) = uri::to_path(&params.text_document.uri) else {
            return;
        };
        let is_new = |folder: &Folder| !folder.has(&path);
        if self.folder_of(&path).is_some_and(is_new) {
            self.refresh();
        }
    }

    fn folders_changed(&mut self, params: &lsp_types::DidChangeWorkspaceFoldersParams) {
        for gone in &params.event.removed {
            let path = uri::to_path(&gone.uri);
            self.folders
                .retain(|folder| Some(&folder.path) != path.as_ref());
        }
        for path in params
            .event
            .added
            .iter()
            .filter_map(|it| uri::to_path(&it.uri))
        {
            self.open_folder(path);
        }
        self.look_again();
    }

    /// Reads what the projects say of themselves again.
    fn reopen(&mut self) {
        for folder in std::mem::take(&mut self.folders) {
            self.open_folder(folder.path);
        }
        self.look_again();
    }

    fn open_folder(&mut self, path: PathBuf) {
        let (folder, error) = Folder::open(path, &self.settings);
        if let Some(error) = error {
            self.say(MessageType::ERROR, format!("stanch: {error}"));
        }
        self.folders.push(folder);
    }

    fn look_again(&mut self) {
        for (_, document) in self.documents.values_mut() {
            document.looked = None;
        }
    }

    /// Lints the text that was written in last of those that wait for it and publishes what it found; none is waiting where
    /// it says no.
    fn look_at_one(&mut self) -> bool {
        let waiting = self.documents.iter();
        let waiting = waiting.filter(|(_, (_, document))| document.looked.is_none());
        let last = waiting.max_by_key(|(_, (_, document))| document.touched);
        let Some(key) = last.map(|(key, _)| key.clone()) else {
            return false;
        };
        self.look_at(&key);
        let diagnostics = self.making(&key).map(|making| making.all());
        if let Some((uri, document)) = self.documents.get_mut(&key) {
            let told = (document.version, diagnostics.unwrap_or_default());
            if document.told.as_ref() != Some(&told) {
                document.told = Some(told.clone());
                let uri = uri.clone();
                self.publish(uri, Some(told.0), told.1);
            }
        }
        true
    }

    fn look_at(&mut self, key: &str) {
        let Some((_, document)) = self.documents.get_mut(key) else {
            return;
        };
        let nothing = stanch_lint_project::Looked::Checked(Vec::new());
        let Some(path) = document.path.clone() else {
            document.looked = Some(nothing);
            return;
        };
        let text = document.text().to_owned();
        if self.folder_of(&path).is_none() {
            // A file of its own: what its folder says of itself holds for it.
            let around = path.parent().unwrap_or(&path).to_owned();
            self.open_folder(around);
        }
        let folder = self.folder_of_mut(&path);
        let looked = folder.and_then(|folder| folder.look(&path, &text));
        let (looked, others) = looked.unwrap_or((nothing, Others::AsBefore));
        if others == Others::Concerned {
            self.look_again();
        }
        if let Some((_, document)) = self.documents.get_mut(key) {
            document.looked = Some(looked);
        }
    }

    fn folder_of_mut(&mut self, path: &Path) -> Option<&mut Folder> {
        let around = self.folders.iter_mut();
        let around = around.filter(|it| path.starts_with(&it.path));
        around.max_by_key(|folder| folder.path.components().count())
    }

    /// The innermost open folder around a file.
    fn folder_of(&self, path: &Path) -> Option<&Folder> {
        let around = self.folders.iter().filter(|it| path.starts_with(&it.path));
        around.max_by_key(|folder| folder.path.components().count())
    }

    fn making(&self, key: &str) -> Option<Making<'_>> {
        let (uri, document) = self.documents.get(key)?;
        Some(Making {
            uri,
            document,
            folder: self.folder_of(document.path.as_deref()?)?,
            client: self.client,
            pages: self.pages,
        })
    }

    /// What there is to say of a text, as it is now.
    fn looked_at(&mut self, uri: &Uri) -> Option<Making<'_>> {
        let key = uri.as_str();
        if self.documents.get(key)?.1.looked.is_none() {
            self.look_at(key);
        }
        self.making(key)
    }

    fn publish(&self, uri: Uri, version: Option<i32>, diagnostics: Vec<lsp_types::Diagnostic>) {
        let params = PublishDiagnosticsParams::new(uri, diagnostics, version);
        let method = notification::PublishDiagnostics::METHOD.to_owned();
        self.send(Notification::new(method, params));
    }

    fn code_actions(&mut self, params: &CodeActionParams) -> Value {
        let actions = match self.looked_at(&params.text_document.uri) {
            Some(making) => action::actions(&making, params.range, &params.context),
            None => Vec::new(),
        };
        serde_json::to_value(actions).unwrap_or_default()
    }

    fn hover(&mut self, params: &HoverParams) -> Value {
        let at = &params.text_document_position_params;
        let making = self.looked_at(&at.text_document.uri);
        let hover = making.and_then(|making| hover::hover(making.document, at.position));
        serde_json::to_value(hover).unwrap_or_default()
    }

    fn execute(&mut self, params: &ExecuteCommandParams) -> Value {
        let uri = params.arguments.first().and_then(Value::as_str);
        let uri: Option<Uri> = uri.and_then(|uri| uri.parse().ok());
        if params.command != FIX_ALL_COMMAND {
            return Value::Null;
        }
        let edit = uri.and_then(|uri| {
            self.looked_at(&uri)
                .and_then(|making| action::all_safe_fixes(&making))
        });
        if let Some(edit) = edit {
            let params = lsp_types::ApplyWorkspaceEditParams {
                label: Some("Safe fixes of stanch".to_owned()),
                edit,
            };
            self.ask(request::ApplyWorkspaceEdit::METHOD, params);
        }
        Value::Null
    }
}

/// Takes messages in as they come, also while a text is linted: a later one may make an earlier one needless.
fn incoming(connection: &Connection) -> Receiver<Message> {
    let (sender, messages) = channel();
    let receiver = connection.receiver.clone();
    thread::spawn(move || {
        for message in receiver {
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    messages
}

fn parsed<T: DeserializeOwned>(params: Value) -> Result<T, (ErrorCode, String)> {
    serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}
