//! One isolate of one process, over one websocket: commands in, measured answers out.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::{Mutex, mpsc};

use crate::collections::GcCounter;
use crate::connection::{self, NoAnswer, Outgoing, Route, Table};
use crate::error::{Disconnect, InspectorError};
use crate::process;
use crate::target::Endpoint;
use crate::wire::{
    CallFunctionOn, Command, Enabled, Evaluate, Evaluated, Ignored, NoParams, ToWorker,
};

/// The kernel closes a dying process's sockets before it marks the process dead.
const DYING: Duration = Duration::from_millis(300);

/// How long answers may take before the process counts as blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Anything the process answers at once when its JavaScript thread is free.
    pub call: Duration,
    /// One forced garbage collection.
    pub collect: Duration,
    /// Between two signs of life of a snapshot; the whole may take as long as it needs.
    pub snapshot_stall: Duration,
}

impl Default for Timeouts {
    /// 30 s, 120 s (a forced collection took 820 ms at 188 MB; heaps grow to tens of GB), 180 s.
    fn default() -> Self {
        Self {
            call: Duration::from_secs(30),
            collect: Duration::from_secs(120),
            snapshot_stall: Duration::from_secs(180),
        }
    }
}

/// What runs in the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// Node's, with its `v`: `v20.20.2`.
    pub node: String,
    /// V8's.
    pub v8: String,
    /// The pid the process sees itself, which differs from ours inside a container.
    pub pid: u32,
    /// `x64`, `arm64`, …
    pub arch: String,
}

/// Who can reach the inspector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// Only this machine.
    Loopback,
    /// Other machines too: whoever reaches the port controls the process. Node prints no warning.
    Network(IpAddr),
    /// The listening socket is not ours to look at.
    Unknown,
}

/// Who opened the inspector: we close only what we opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenedBy {
    Us,
    Others,
}

/// A connection to one isolate: the main thread or one worker thread. Clones share the connection; it ends
/// with [`Session::close`] or with the last clone. Calls may run at the same time; the process answers one
/// after the other.
#[derive(Clone)]
pub struct Session {
    outgoing: mpsc::UnboundedSender<Outgoing>,
    pub(crate) table: Arc<Table>,
    pub(crate) route: Route,
    pub(crate) timeouts: Timeouts,
    endpoint: Endpoint,
    pub(crate) gc: Arc<Mutex<GcCounter>>,
    /// We started this isolate's allocation sampler.
    pub(crate) sampling: Arc<AtomicBool>,
}

impl Session {
    pub(crate) async fn open(
        endpoint: Endpoint,
        timeouts: Timeouts,
        opened: OpenedBy,
    ) -> Result<Self, InspectorError> {
        let (outgoing, table) = connection::connect(&endpoint).await?;
        if opened == OpenedBy::Us {
            table.set_farewell("process._debugEnd()");
        }
        let (gc, sampling) = Default::default();
        let session = Self {
            outgoing,
            table,
            route: Route::Main,
            timeouts,
            endpoint,
            gc,
            sampling,
        };
        // Otherwise an exiting process would wait for us for ever.
        let notify = Enabled { enabled: true };
        let told = session.call::<_, Ignored>(
            "NodeRuntime.notifyWhenWaitingForDisconnect",
            notify,
            "attaching",
        );
        match told.await {
            Ok(_) | Err(InspectorError::Refused { .. }) => Ok(session),
            Err(error) => Err(error),
        }
    }

    /// The same connection, but another isolate.
    pub(crate) fn on_route(&self, route: Route) -> Self {
        Self {
            route,
            gc: Arc::default(),
            sampling: Arc::default(),
            ..self.clone()
        }
    }

    /// The process, when it is on this machine and was found.
    pub fn pid(&self) -> Option<u32> {
        self.endpoint.pid
    }

    /// The inspector's host:port, fit to be shown.
    pub fn address(&self) -> String {
        self.endpoint.address()
    }

    /// Who else can reach this inspector.
    pub fn exposure(&self) -> Exposure {
        let Some(pid) = self.endpoint.pid else {
            return Exposure::Unknown;
        };
        let sockets = process::listening_ports_of(pid);
        let socket = sockets
            .iter()
            .find(|socket| socket.port() == self.endpoint.port);
        match socket.map(|socket| socket.address.ip().to_canonical()) {
            None => Exposure::Unknown,
            Some(ip) if ip.is_loopback() => Exposure::Loopback,
            Some(ip) => Exposure::Network(ip),
        }
    }

    /// Versions of Node and V8, pid and architecture.
    ///
    /// # Errors
    /// The process does not answer, or the connection ended.
    pub async fn versions(&self) -> Result<Versions, InspectorError> {
        let doing = "reading the versions";
        let value = self
            .value(
                "[process.version,process.versions.v8,process.pid,process.arch]",
                doing,
            )
            .await?;
        let (node, v8, pid, arch) = decode(value, doing)?;
        Ok(Versions {
            node,
            v8,
            pid,
            arch,
        })
    }

    /// Evaluates an expression in the global scope and gives its value, which must fit into JSON.
    ///
    /// # Errors
    /// [`InspectorError::Threw`] when the code throws; and as for every call.
    pub async fn evaluate(&self, expression: &str) -> Result<Value, InspectorError> {
        self.value(expression, "evaluating an expression").await
    }

    /// Ends when the connection does, saying why.
    pub async fn disconnected(&self) -> Disconnect {
        self.refine(self.table.closed().await).await
    }

    /// Takes back what we put into the process, closes its inspector if we opened it, and disconnects. On a
    /// worker's session only the worker's counter goes. Errors do not matter any more, so there are none.
    pub async fn close(&self) {
        self.gc.lock().await.stop(self).await;
        if self.sampling.load(Ordering::Acquire) {
            drop(self.stop_sampling().await);
        }
        if self.route == Route::Main {
            self.detach_workers().await;
            drop(self.outgoing.send(Outgoing::Close));
            drop(tokio::time::timeout(Duration::from_secs(2), self.table.ended()).await);
        }
    }

    /// Sends a command and waits for its result, at most as long as an ordinary call may take.
    pub(crate) async fn call<P: Serialize, R: DeserializeOwned>(
        &self,
        method: &'static str,
        params: P,
        doing: &'static str,
    ) -> Result<R, InspectorError> {
        self.call_within(self.timeouts.call, method, params, doing)
            .await
    }

    /// The same for commands without parameters whose result is not looked at.
    pub(crate) async fn order(
        &self,
        method: &'static str,
        doing: &'static str,
    ) -> Result<(), InspectorError> {
        self.call::<_, Ignored>(method, NoParams {}, doing)
            .await
            .map(drop)
    }

    pub(crate) async fn call_within<P: Serialize, R: DeserializeOwned>(
        &self,
        limit: Duration,
        method: &'static str,
        params: P,
        doing: &'static str,
    ) -> Result<R, InspectorError> {
        let answer = tokio::time::timeout(limit, self.raw_call(method, params, doing)).await;
        let json = answer.map_err(|_| InspectorError::Timeout {
            doing,
            waited: limit,
        })??;
        serde_json::from_str(json.get()).map_err(|error| bad_answer(doing, &error))
    }

    /// Sends a command and waits for its result without a limit.
    pub(crate) async fn raw_call<P: Serialize>(
        &self,
        method: &'static str,
        params: P,
        doing: &'static str,
    ) -> Result<Box<RawValue>, InspectorError> {
        let (id, answer) = self.table.expect(&self.route);
        let _forget = Forget {
            table: &self.table,
            id,
        };
        let text = encode(&Command { id, method, params }, doing)?;
        let text = match &self.route {
            Route::Main => text,
            Route::Worker(session) => {
                let params = ToWorker {
                    session_id: session,
                    message: &text,
                };
                let carrier = self.table.expect_carrier(id);
                encode(
                    &Command {
                        id: carrier,
                        method: "NodeWorker.sendMessageToWorker",
                        params,
                    },
                    doing,
                )?
            }
        };
        // A closed channel means a closed table, which answers by itself.
        drop(self.outgoing.send(Outgoing::Text(text)));
        match answer.await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(NoAnswer::Refused(message))) => Err(InspectorError::Refused { doing, message }),
            Ok(Err(NoAnswer::Disconnected(why))) => Err(self.lost(why, doing).await),
            Err(_) => Err(self.lost(Disconnect::SocketClosed, doing).await),
        }
    }

    /// Evaluates and gives the value.
    pub(crate) async fn value(
        &self,
        expression: &str,
        doing: &'static str,
    ) -> Result<Value, InspectorError> {
        let evaluated = self.evaluate_as(expression, doing, Keep::Value).await?;
        Ok(evaluated.value.unwrap_or(Value::Null))
    }

    /// Evaluates and gives a handle on the object, which lives until the connection ends.
    pub(crate) async fn object(
        &self,
        expression: &str,
        doing: &'static str,
    ) -> Result<String, InspectorError> {
        let evaluated = self.evaluate_as(expression, doing, Keep::Object).await?;
        evaluated
            .object_id
            .ok_or_else(|| bad_answer(doing, &"no object"))
    }

    async fn evaluate_as(
        &self,
        expression: &str,
        doing: &'static str,
        keep: Keep,
    ) -> Result<crate::wire::RemoteObject, InspectorError> {
        let params = Evaluate {
            expression,
            return_by_value: keep == Keep::Value,
            // Only expressions that need it pay for the console's helpers being put on the global object.
            include_command_line_api: expression.contains("require("),
            silent: true,
        };
        unwrap_evaluated(self.call("Runtime.evaluate", params, doing).await?, doing)
    }

    /// Calls a method, given as a function's source, on an object kept before; gives its value.
    pub(crate) async fn call_on(
        &self,
        object: &str,
        function: &str,
        doing: &'static str,
    ) -> Result<Value, InspectorError> {
        let params = CallFunctionOn {
            object_id: object,
            function_declaration: function,
            return_by_value: true,
            silent: true,
        };
        let result = unwrap_evaluated(
            self.call("Runtime.callFunctionOn", params, doing).await?,
            doing,
        )?;
        Ok(result.value.unwrap_or(Value::Null))
    }

    /// The error for a connection that ended, with the better reason if the process is gone.
    pub(crate) async fn lost(&self, why: Disconnect, doing: &'static str) -> InspectorError {
        InspectorError::Disconnected {
            doing,
            why: self.refine(why).await,
        }
    }

    async fn refine(&self, why: Disconnect) -> Disconnect {
        let (Disconnect::SocketClosed, Some(pid)) = (why, self.endpoint.pid) else {
            return why;
        };
        let started = Instant::now();
        while process::lives(pid) {
            if started.elapsed() > DYING {
                return why;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Disconnect::TargetExited
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("endpoint", &self.endpoint)
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Value,
    Object,
}

/// Takes a command out of the table when its caller stops waiting.
struct Forget<'a> {
    table: &'a Table,
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.table.forget(self.id);
    }
}

/// Reads a value as what the caller expects.
pub(crate) fn decode<T: DeserializeOwned>(
    value: Value,
    doing: &'static str,
) -> Result<T, InspectorError> {
    serde_json::from_value(value).map_err(|error| bad_answer(doing, &error))
}

pub(crate) fn bad_answer(doing: &'static str, detail: &dyn std::fmt::Display) -> InspectorError {
    InspectorError::BadAnswer {
        doing,
        detail: detail.to_string(),
    }
}

fn encode<P: Serialize>(
    command: &Command<'_, P>,
    doing: &'static str,
) -> Result<String, InspectorError> {
    serde_json::to_string(command).map_err(|error| bad_answer(doing, &error))
}

fn unwrap_evaluated(
    evaluated: Evaluated,
    doing: &'static str,
) -> Result<crate::wire::RemoteObject, InspectorError> {
    let Some(details) = evaluated.exception_details else {
        return Ok(evaluated.result);
    };
    let text = details
        .exception
        .and_then(|exception| exception.description)
        .unwrap_or(details.text);
    let message = text.lines().next().unwrap_or_default().to_owned();
    Err(InspectorError::Threw { doing, message })
}
