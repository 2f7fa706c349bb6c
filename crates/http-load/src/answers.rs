//! A URL → whether an HTTP server answers there.

use std::time::Duration;

use tokio::time::timeout;

use crate::Request;
use crate::connection::Connection;
use crate::request::Compiled;
use crate::template::Values;

const PATIENCE: Duration = Duration::from_secs(1);

/// Whether an HTTP server answers a GET of this URL within a second, whatever the status. A URL that cannot be
/// requested has no answer.
pub async fn answers(url: &str) -> bool {
    let Ok(request) = Request::new("GET", url).and_then(|request| Compiled::new(&request)) else {
        return false;
    };
    let Some(filled) = request.fill(Values::new(0, 1)) else {
        return false;
    };
    let asked = timeout(PATIENCE, async {
        let mut connection = Connection::open(filled.origin()).await.ok()?;
        connection.send(&filled).await.ok()
    });
    matches!(asked.await, Ok(Some(_)))
}
