//! Turns one websocket into answers matched to their commands and events routed to their listeners.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use serde_json::value::RawValue;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use crate::error::{Disconnect, InspectorError};
use crate::target::Endpoint;
use crate::wire::{FromWorker, Incoming, WorkerAttached, WorkerDetached};
use crate::workers::Worker;

/// Sources of bundles, profiles and snapshot chunks come as one message each; the default of 64 MiB is too little.
const LARGEST_MESSAGE_BYTES: usize = 1 << 30;
/// How long the other side may take to accept a connection or to upgrade it.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Whose protocol session a message belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    /// The main thread.
    Main,
    /// A worker thread, by its nested session's id.
    Worker(Arc<str>),
}

/// The answer to a command: its result as JSON text, or why there is none.
pub(crate) type Answer = Result<Box<RawValue>, NoAnswer>;

/// Why a command has no result.
pub(crate) enum NoAnswer {
    Refused(String),
    Disconnected(Disconnect),
}

/// What a session tells the connection.
pub(crate) enum Outgoing {
    Text(String),
    Close,
}

/// Where events of some methods go.
pub(crate) struct Listener {
    route: Route,
    prefix: &'static str,
    /// Bounded: a listener that falls behind slows the socket down instead of filling our memory.
    events: mpsc::Sender<Event>,
}

/// One event.
pub(crate) struct Event {
    pub(crate) method: String,
    pub(crate) params: Box<RawValue>,
}

struct Pending {
    route: Route,
    reply: Reply,
}

enum Reply {
    To(oneshot::Sender<Answer>),
    /// The command carried a worker's message: its failure is the failure of that inner command.
    Carrier(u64),
}

/// What the connection's task and its sessions share.
pub(crate) struct Table {
    inner: Mutex<Inner>,
    closed: watch::Sender<Option<Disconnect>>,
    /// The task is over and its socket with it.
    ended: watch::Sender<bool>,
    /// Code to evaluate as the last word, however the session ends.
    farewell: Mutex<Option<&'static str>>,
}

#[derive(Default)]
struct Inner {
    next_id: u64,
    pending: HashMap<u64, Pending>,
    listeners: Vec<Listener>,
    workers: Vec<(Arc<str>, Worker)>,
}

impl Table {
    fn new() -> Self {
        Self {
            inner: Mutex::default(),
            closed: watch::Sender::new(None),
            ended: watch::Sender::new(false),
            farewell: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves an id and the place its answer will come to.
    pub(crate) fn expect(&self, route: &Route) -> (u64, oneshot::Receiver<Answer>) {
        let (reply, answer) = oneshot::channel();
        let id = self.reserve(Pending {
            route: route.clone(),
            reply: Reply::To(reply),
        });
        // Asked after the place is reserved: an end that comes later finds it and answers.
        if let Some(why) = self.disconnect().or_else(|| self.worker_end(route)) {
            self.answer(id, Err(NoAnswer::Disconnected(why)));
        }
        (id, answer)
    }

    /// Node accepts messages to a worker that ended, and never answers them.
    fn worker_end(&self, route: &Route) -> Option<Disconnect> {
        let Route::Worker(session) = route else {
            return None;
        };
        let known = self.lock().workers.iter().any(|(id, _)| id == session);
        (!known).then_some(Disconnect::WorkerExited)
    }

    /// Reserves an id for the message that carries a worker's command `inner`.
    pub(crate) fn expect_carrier(&self, inner: u64) -> u64 {
        self.reserve(Pending {
            route: Route::Main,
            reply: Reply::Carrier(inner),
        })
    }

    fn reserve(&self, pending: Pending) -> u64 {
        let mut inner = self.lock();
        inner.next_id += 1;
        let id = inner.next_id;
        inner.pending.insert(id, pending);
        id
    }

    /// Forgets a command whose caller went away.
    pub(crate) fn forget(&self, id: u64) {
        self.lock().pending.remove(&id);
    }

    /// From now on events whose method starts with `prefix` go to the receiver.
    pub(crate) fn listen(
        &self,
        route: &Route,
        prefix: &'static str,
        room: usize,
    ) -> mpsc::Receiver<Event> {
        let (events, receiver) = mpsc::channel(room);
        self.lock().listeners.push(Listener {
            route: route.clone(),
            prefix,
            events,
        });
        receiver
    }

    pub(crate) fn disconnect(&self) -> Option<Disconnect> {
        *self.closed.borrow()
    }

    /// Ends when the connection has.
    pub(crate) async fn closed(&self) -> Disconnect {
        let mut closed = self.closed.subscribe();
        match closed.wait_for(Option::is_some).await {
            Ok(why) => why.unwrap_or(Disconnect::SocketClosed),
            Err(_) => Disconnect::SocketClosed,
        }
    }

    /// Ends when the connection's task has.
    pub(crate) async fn ended(&self) {
        drop(self.ended.subscribe().wait_for(|ended| *ended).await);
    }

    pub(crate) fn workers(&self) -> Vec<(Arc<str>, Worker)> {
        self.lock().workers.clone()
    }

    pub(crate) fn forget_workers(&self) {
        self.lock().workers.clear();
    }

    pub(crate) fn set_farewell(&self, code: &'static str) {
        *self.farewell.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
    }

    fn take_farewell(&self) -> Option<&'static str> {
        self.farewell
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn answer(&self, id: u64, answer: Answer) {
        let Some(pending) = self.lock().pending.remove(&id) else {
            return;
        };
        match pending.reply {
            // A caller that went away is no error.
            Reply::To(reply) => drop(reply.send(answer)),
            Reply::Carrier(inner) if answer.is_err() => {
                self.answer(inner, Err(NoAnswer::Disconnected(Disconnect::WorkerExited)));
            }
            Reply::Carrier(_) => {}
        }
    }

    /// Takes one message in; gives the event and its listener if someone listens.
    fn take(&self, route: &Route, text: &str) -> Option<(mpsc::Sender<Event>, Event)> {
        let message = serde_json::from_str::<Incoming<'_>>(text).ok()?;
        if let Some(id) = message.id {
            let answer = match (message.error, message.result) {
                (Some(failure), _) => Err(NoAnswer::Refused(failure.message)),
                (None, Some(result)) => Ok(result.to_owned()),
                (None, None) => Ok(RawValue::NULL.to_owned()),
            };
            self.answer(id, answer);
            return None;
        }
        let (method, params) = (message.method?, message.params.unwrap_or(RawValue::NULL));
        if let Some(method) = method.strip_prefix("NodeWorker.") {
            return self.worker_event(method, params);
        }
        let mut inner = self.lock();
        inner
            .listeners
            .retain(|listener| !listener.events.is_closed());
        let listener = inner
            .listeners
            .iter()
            .find(|l| l.route == *route && method.starts_with(l.prefix))?;
        Some((
            listener.events.clone(),
            Event {
                method: method.into_owned(),
                params: params.to_owned(),
            },
        ))
    }

    fn worker_event(
        &self,
        method: &str,
        params: &RawValue,
    ) -> Option<(mpsc::Sender<Event>, Event)> {
        match method {
            "receivedMessageFromWorker" => {
                let message = serde_json::from_str::<FromWorker<'_>>(params.get()).ok()?;
                return self.take(
                    &Route::Worker(message.session_id.as_ref().into()),
                    &message.message,
                );
            }
            "attachedToWorker" => {
                let attached = serde_json::from_str::<WorkerAttached>(params.get()).ok()?;
                let info = attached.worker_info;
                let worker = Worker {
                    id: info.worker_id,
                    title: info.title,
                    url: info.url,
                };
                self.lock()
                    .workers
                    .push((attached.session_id.into(), worker));
            }
            "detachedFromWorker" => {
                let detached = serde_json::from_str::<WorkerDetached>(params.get()).ok()?;
                self.worker_gone(&detached.session_id);
            }
            _ => {}
        }
        None
    }

    fn worker_gone(&self, session: &str) {
        let mut inner = self.lock();
        inner.workers.retain(|(id, _)| &**id != session);
        let route = Route::Worker(session.into());
        inner.listeners.retain(|listener| listener.route != route);
        let ids: Vec<u64> = inner
            .pending
            .iter()
            .filter(|(_, p)| p.route == route)
            .map(|(id, _)| *id)
            .collect();
        drop(inner);
        for id in ids {
            self.answer(id, Err(NoAnswer::Disconnected(Disconnect::WorkerExited)));
        }
    }

    fn close(&self, why: Disconnect) {
        self.closed
            .send_if_modified(|closed| closed.is_none() && closed.replace(why).is_none());
        let (pending, listeners) = {
            let mut inner = self.lock();
            (
                std::mem::take(&mut inner.pending),
                std::mem::take(&mut inner.listeners),
            )
        };
        drop(listeners);
        for pending in pending.into_values() {
            if let Reply::To(reply) = pending.reply {
                drop(reply.send(Err(NoAnswer::Disconnected(why))));
            }
        }
    }
}

/// Opens the websocket and starts its task, which ends with the last sender or with the socket.
pub(crate) async fn connect(
    endpoint: &Endpoint,
) -> Result<(mpsc::UnboundedSender<Outgoing>, Arc<Table>), InspectorError> {
    let address = endpoint.address();
    let no_inspector = |detail: String| InspectorError::NotAnInspector {
        address: address.clone(),
        detail,
    };
    let unreachable = |source| InspectorError::Unreachable {
        address: address.clone(),
        source,
    };
    let tcp = timed(TcpStream::connect((endpoint.host.as_str(), endpoint.port)))
        .await
        .map_err(unreachable)?;
    let peer = tcp.peer_addr().map_err(unreachable)?;
    let tcp = tcp.into_std().map_err(unreachable)?;
    let last_word = tcp.try_clone().map_err(unreachable)?;
    let tcp = TcpStream::from_std(tcp).map_err(unreachable)?;
    // The numeric address: Node answers only to hosts that are addresses or localhost.
    let url = format!("ws://{peer}{}", endpoint.path);
    let config = WebSocketConfig::default()
        .max_message_size(Some(LARGEST_MESSAGE_BYTES))
        .max_frame_size(Some(LARGEST_MESSAGE_BYTES));
    let upgrade = tokio_tungstenite::client_async_with_config(url, tcp, Some(config));
    let socket = match tokio::time::timeout(CONNECT_LIMIT, upgrade).await {
        Ok(Ok((socket, _))) => socket,
        Ok(Err(SocketError::Http(response))) => {
            return Err(no_inspector(format!("HTTP {}", response.status())));
        }
        Ok(Err(error)) => return Err(no_inspector(error.to_string())),
        Err(_) => return Err(no_inspector("no answer".to_owned())),
    };
    let (outgoing, commands) = mpsc::unbounded_channel();
    let table = Arc::new(Table::new());
    let last_word = LastWord {
        socket: last_word,
        table: Arc::clone(&table),
    };
    tokio::spawn(run(socket, commands, Arc::clone(&table), last_word));
    Ok((outgoing, table))
}

async fn timed<T>(step: impl Future<Output = std::io::Result<T>>) -> std::io::Result<T> {
    match tokio::time::timeout(CONNECT_LIMIT, step).await {
        Ok(result) => result,
        Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
    }
}

async fn run(
    socket: WebSocketStream<TcpStream>,
    mut commands: mpsc::UnboundedReceiver<Outgoing>,
    table: Arc<Table>,
    last_word: LastWord,
) {
    let (mut sink, mut stream) = socket.split();
    let send = send_all(&mut sink, &mut commands);
    let receive = receive_all(&mut stream, &table);
    let why = tokio::select! {
        why = send => why,
        why = receive => why,
    };
    table.close(why);
    if why == Disconnect::SessionClosed {
        last_word.speak();
        // The process closes the socket once it has read the close frame; a dead one must not hold us.
        drop(tokio::time::timeout(Duration::from_millis(500), sink.close()).await);
        let rest = async { while let Some(Ok(_)) = stream.next().await {} };
        drop(tokio::time::timeout(Duration::from_millis(500), rest).await);
    }
}

async fn send_all(
    sink: &mut (impl Sink<Message, Error = SocketError> + Unpin),
    commands: &mut mpsc::UnboundedReceiver<Outgoing>,
) -> Disconnect {
    while let Some(Outgoing::Text(text)) = commands.recv().await {
        if sink.send(Message::text(text)).await.is_err() {
            return Disconnect::SocketClosed;
        }
    }
    Disconnect::SessionClosed
}

async fn receive_all(
    stream: &mut (impl Stream<Item = Result<Message, SocketError>> + Unpin),
    table: &Table,
) -> Disconnect {
    while let Some(Ok(message)) = stream.next().await {
        let Message::Text(text) = message else {
            continue;
        };
        // The process waits for us before it exits: answer by leaving at once.
        if text.starts_with(r#"{"method":"NodeRuntime.waitingForDisconnect""#) {
            table.take_farewell();
            return Disconnect::TargetExited;
        }
        if let Some((listener, event)) = table.take(&Route::Main, &text) {
            drop(listener.send(event).await);
        }
    }
    Disconnect::SocketClosed
}

/// Evaluates the farewell when the session ends by whatever way, a dropped runtime included, where nothing
/// can be awaited any more: hence a second handle on the socket and one frame written by hand.
struct LastWord {
    socket: std::net::TcpStream,
    table: Arc<Table>,
}

impl LastWord {
    fn speak(&self) {
        let Some(code) = self.table.take_farewell() else {
            return;
        };
        let text = format!(
            r#"{{"id":2147483647,"method":"Runtime.evaluate","params":{{"expression":"{code}"}}}}"#
        );
        // Nobody is left to hear of a failure; the process notices the closed socket anyway.
        drop((&self.socket).write_all(&text_frame(&text)));
    }
}

impl Drop for LastWord {
    fn drop(&mut self) {
        self.speak();
        self.table.close(Disconnect::SessionClosed);
        self.table.ended.send_replace(true);
    }
}

/// A final text frame from client to server (RFC 6455, 5.2), masked with zero, which changes nothing.
fn text_frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap_or(0);
    let mut frame = vec![0x81, 0x80 | 126];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(&text.as_bytes()[..usize::from(length)]);
    frame
}
