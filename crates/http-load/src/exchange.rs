//! A request and a connection → what came of it.

use std::time::Duration;

use hyper::Response;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use crate::connection::{Connection, Failure};
use crate::request::Filled;

/// What came of one request.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    /// An answer, read to its end or left.
    Answered {
        status: u16,
        bytes: u64,
        end: End,
        at: Instant,
    },
    /// Sent, but no headers in time.
    TimedOut { at: Instant },
    /// Sent, and the run ended before its headers came.
    Cut,
    /// The run ended before it could be sent.
    Unsent,
    /// No answer.
    Failed(Failure),
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// All of it was read.
    Read,
    /// It was still going on when the load left.
    Left,
}

/// How long an exchange may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) hold: Duration,
    /// When whatever is under way is dropped.
    pub(crate) cut: Instant,
}

enum Progress {
    Unsent,
    Sent,
}

/// Sends the request over the connection in `slot`, or over a new one, and leaves the connection there if it stays
/// usable. Dropping the future closes the connection and nothing else.
pub(crate) async fn exchange(
    slot: &mut Option<Connection>,
    request: &Filled<'_>,
    limits: Limits,
) -> Outcome {
    let patience = Instant::now() + limits.timeout;
    let mut progress = Progress::Unsent;
    let headers = headers(slot.take(), request, &mut progress);
    match timeout_at(patience.min(limits.cut), headers).await {
        Ok(Ok((connection, response))) => read(slot, connection, response, limits).await,
        Ok(Err(failure)) => Outcome::Failed(failure),
        Err(_) => match progress {
            Progress::Sent if patience <= limits.cut => Outcome::TimedOut { at: Instant::now() },
            Progress::Sent => Outcome::Cut,
            Progress::Unsent if patience <= limits.cut => Outcome::Failed(Failure::Other),
            Progress::Unsent => Outcome::Unsent,
        },
    }
}

async fn headers(
    kept: Option<Connection>,
    request: &Filled<'_>,
    progress: &mut Progress,
) -> Result<(Connection, Response<Incoming>), Failure> {
    if let Some(mut connection) = kept
        && connection.is_ready().await
    {
        *progress = Progress::Sent;
        match connection.send(request).await {
            Ok(response) => return Ok((connection, response)),
            // A service may close a connection between two requests, and the news can cross with the next request.
            Err(error)
                if error.failure == Failure::Reset && (request.is_safe() || !error.was_sent) => {}
            Err(error) => return Err(error.failure),
        }
        *progress = Progress::Unsent;
    }
    let mut connection = Connection::open(request.origin()).await?;
    *progress = Progress::Sent;
    let response = connection
        .send(request)
        .await
        .map_err(|error| error.failure)?;
    Ok((connection, response))
}

async fn read(
    slot: &mut Option<Connection>,
    mut connection: Connection,
    response: Response<Incoming>,
    limits: Limits,
) -> Outcome {
    let status = response.status().as_u16();
    let headers_at = Instant::now();
    let leave = (headers_at + limits.hold).min(limits.cut);
    let mut bytes = 0;
    let drained = timeout_at(leave, connection.drain(response.into_body(), &mut bytes)).await;
    match drained {
        Ok(Ok(())) => {
            *slot = Some(connection);
            Outcome::Answered {
                status,
                bytes,
                end: End::Read,
                at: Instant::now(),
            }
        }
        Ok(Err(failure)) => Outcome::Failed(failure),
        Err(_) => Outcome::Answered {
            status,
            bytes,
            end: End::Left,
            at: headers_at,
        },
    }
}
