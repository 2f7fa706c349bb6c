//! `stanch lsp`: an editor at the other end of stdin and stdout, until it says that it ends.

use anyhow::{Context, Result};
use etcetera::BaseStrategy;
use stanch_lint_server::{Pages, serve_stdio};

use crate::exit::Exit;

/// Serves the editor that started us.
pub(crate) async fn run() -> Result<Exit> {
    let served = tokio::task::spawn_blocking(|| serve_stdio(pages())).await;
    served.context("the server could not be run")??;
    Ok(Exit::Clean)
}

/// The rules' pages lie in the user's caches, those of each version of this program by themselves.
fn pages() -> Pages {
    match etcetera::choose_base_strategy() {
        Ok(folders) => {
            let folder = concat!("rules-", env!("CARGO_PKG_VERSION"));
            Pages::of(folders.cache_dir().join("stanch").join(folder))
        }
        Err(_) => Pages::nowhere(),
    }
}
