//! Messages of an editor into diagnostics, quick fixes and explanations of the linter.
//!
//! For `stanch lsp`: [`serve_stdio`] speaks the language server protocol over stdin and stdout until the editor says that it
//! ends. [`serve`] does so over any connection, such as one in memory.
//!
//! ```
//! use lsp_server::{Connection, Message, Notification};
//! use stanch_lint_server::{Pages, serve};
//!
//! let (server, editor) = Connection::memory();
//! let ended = std::thread::spawn(move || serve(&server, &Pages::nowhere()));
//! editor.sender.send(Message::Notification(Notification::new("exit".to_owned(), ()))).unwrap();
//! drop(editor);
//! assert!(ended.join().unwrap().is_err(), "it ended before it had begun");
//! ```
//!
//! What a project is, and what is found in a text, it leaves to `stanch-lint-project`; it knows no terminal.

mod action;
mod client;
mod diagnostic;
mod document;
mod folder;
mod hover;
mod pages;
mod position;
mod server;
mod uri;

use std::thread;

use lsp_server::{Connection, ProtocolError};

pub use pages::Pages;

/// Bytes of the serving thread's stack: parser and rules call themselves once for each level of the code.
const STACK: usize = 256 << 20;

/// Why the server ended before its time.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The other side does not keep to the protocol, or has gone.
    #[error("the editor does not keep to the protocol: {0}")]
    Protocol(#[from] ProtocolError),
    /// A message is not of the shape that its name promises.
    #[error("a message that cannot be read: {0}")]
    Message(#[from] serde_json::Error),
    /// The other side has gone without a word.
    #[error("the editor has gone without ending the session")]
    Gone,
    /// A thread cannot be started, or stdin and stdout cannot be used.
    #[error("stdin and stdout cannot be served: {0}")]
    Streams(#[from] std::io::Error),
    /// A mistake of our own.
    #[error("the server has ended by a mistake of its own")]
    Panicked,
}

/// Serves an editor over stdin and stdout until it ends the session. `pages` are where the editor opens a rule's page.
///
/// # Errors
/// When the editor does not keep to the protocol, or goes without a word.
pub fn serve_stdio(pages: Pages) -> Result<(), ServerError> {
    let (connection, threads) = Connection::stdio();
    let serving = thread::Builder::new()
        .name("lsp".to_owned())
        .stack_size(STACK)
        .spawn(move || serve(&connection, &pages))?;
    let served = serving.join().map_err(|_| ServerError::Panicked)?;
    // The writer ends once everything is out; the reader ends with the editor.
    if served.is_ok() {
        threads.join()?;
    }
    served
}

/// Serves an editor over a connection until it ends the session.
///
/// # Errors
/// When the editor does not keep to the protocol, or goes without a word.
pub fn serve(connection: &Connection, pages: &Pages) -> Result<(), ServerError> {
    let (id, params) = connection.initialize_start()?;
    let params: lsp_types::InitializeParams = serde_json::from_value(params)?;
    connection.initialize_finish(id, serde_json::to_value(server::capabilities())?)?;
    server::Server::new(connection, pages, &params).run()
}
