//! An origin → a keep-alive connection that takes one request after the other.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::task::Poll;

use http_body_util::{BodyExt, Full};
use hyper::Response;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::request::{Filled, Origin};

type Driver = http1::Connection<TokioIo<TcpStream>, Full<Bytes>>;

/// Driven by whoever uses it and by no task of its own: dropping it closes its socket at once, and an idle one costs
/// nothing.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    /// None once the connection has ended.
    driver: Option<Driver>,
}

/// Why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing listens there.
    Refused,
    /// The connection was closed before the answer was complete.
    Reset,
    /// No connection in time, an unknown host, or an answer that is no HTTP.
    Other,
}

/// Why a request was not answered, and whether the service can have seen it.
#[derive(Debug)]
pub(crate) struct Unanswered {
    pub(crate) failure: Failure,
    pub(crate) was_sent: bool,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(origin: &Origin) -> Result<Self, Failure> {
        let stream = TcpStream::connect((origin.host.as_str(), origin.port)).await;
        let stream = stream.map_err(|error| failure_of_io(&error))?;
        // A head and its body leave in two writes; waiting to merge them would be part of every latency.
        stream
            .set_nodelay(true)
            .map_err(|error| failure_of_io(&error))?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (sender, driver) = handshake.map_err(|error| failure_of(&error))?;
        Ok(Self {
            sender,
            driver: Some(driver),
        })
    }

    /// Whether it takes another request; waits until the previous one is done with.
    pub(crate) async fn is_ready(&mut self) -> bool {
        let Self { sender, driver } = self;
        drive(driver, sender.ready()).await.is_ok() && self.driver.is_some()
    }

    /// Sends a request and waits for the headers of its answer.
    pub(crate) async fn send(
        &mut self,
        request: &Filled<'_>,
    ) -> Result<Response<Incoming>, Unanswered> {
        let Self { sender, driver } = self;
        let answer = drive(driver, sender.try_send_request(request.message())).await;
        answer.map_err(|mut error| Unanswered {
            was_sent: error.take_message().is_none(),
            failure: failure_of(error.error()),
        })
    }

    /// Reads a body to its end, adding to `bytes` as it comes.
    pub(crate) async fn drain(
        &mut self,
        mut body: Incoming,
        bytes: &mut u64,
    ) -> Result<(), Failure> {
        while let Some(frame) = drive(&mut self.driver, body.frame()).await {
            let frame = frame.map_err(|error| failure_of(&error))?;
            *bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        Ok(())
    }
}

/// Carries `work` out while the connection reads and writes.
async fn drive<T>(driver: &mut Option<Driver>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        if let Some(running) = driver
            && let Poll::Ready(end) = Pin::new(running).poll(context)
        {
            // What went wrong reaches `work` by itself.
            drop(end);
            *driver = None;
        }
        work.as_mut().poll(context)
    })
    .await
}

fn failure_of(error: &hyper::Error) -> Failure {
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return Failure::Reset;
    }
    let io = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>());
    io.map_or(Failure::Other, failure_of_io)
}

fn failure_of_io(error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::ConnectionRefused => Failure::Refused,
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected
        | ErrorKind::UnexpectedEof => Failure::Reset,
        _ => Failure::Other,
    }
}
