//! The few inspector protocol messages, as they are on the wire.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A command to the process.
#[derive(Serialize)]
pub(crate) struct Command<'a, P> {
    pub(crate) id: u64,
    pub(crate) method: &'a str,
    pub(crate) params: P,
}

/// Parameters of commands that take none.
#[derive(Serialize)]
pub(crate) struct NoParams {}

/// Any message from the process: an answer has `id`, an event has `method`.
#[derive(Deserialize)]
pub(crate) struct Incoming<'a> {
    pub(crate) id: Option<u64>,
    #[serde(borrow)]
    pub(crate) method: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) params: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) result: Option<&'a RawValue>,
    pub(crate) error: Option<Failure>,
}

/// Why a command was refused.
#[derive(Deserialize, Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
}

/// Any result that is not looked at.
#[derive(Deserialize)]
pub(crate) struct Ignored {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Evaluate<'a> {
    pub(crate) expression: &'a str,
    pub(crate) return_by_value: bool,
    #[serde(rename = "includeCommandLineAPI")]
    pub(crate) include_command_line_api: bool,
    pub(crate) silent: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallFunctionOn<'a> {
    pub(crate) object_id: &'a str,
    pub(crate) function_declaration: &'a str,
    pub(crate) return_by_value: bool,
    pub(crate) silent: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Evaluated {
    pub(crate) result: RemoteObject,
    pub(crate) exception_details: Option<ExceptionDetails>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RemoteObject {
    pub(crate) value: Option<serde_json::Value>,
    pub(crate) object_id: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct ExceptionDetails {
    pub(crate) text: String,
    pub(crate) exception: Option<Exception>,
}

#[derive(Deserialize)]
pub(crate) struct Exception {
    pub(crate) description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeapUsage {
    pub(crate) used_size: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TakeHeapSnapshot {
    pub(crate) report_progress: bool,
}

#[derive(Deserialize)]
pub(crate) struct SnapshotChunk<'a> {
    #[serde(borrow)]
    pub(crate) chunk: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
pub(crate) struct SnapshotCount {
    pub(crate) done: u64,
    pub(crate) total: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartSampling {
    pub(crate) sampling_interval: u64,
}

#[derive(Deserialize)]
pub(crate) struct SamplingResult {
    pub(crate) profile: WireProfile,
}

#[derive(Deserialize)]
pub(crate) struct WireProfile {
    pub(crate) head: WireSample,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireSample {
    pub(crate) call_frame: WireFrame,
    pub(crate) self_size: f64,
    pub(crate) children: Vec<WireSample>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireFrame {
    pub(crate) function_name: String,
    pub(crate) script_id: String,
    pub(crate) url: String,
    pub(crate) line_number: i64,
    pub(crate) column_number: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScriptParsed {
    pub(crate) script_id: String,
    pub(crate) url: String,
    #[serde(rename = "sourceMapURL", default)]
    pub(crate) source_map_url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScriptId<'a> {
    pub(crate) script_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScriptSource {
    pub(crate) script_source: String,
}

#[derive(Serialize)]
pub(crate) struct Enabled {
    pub(crate) enabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnableWorkers {
    pub(crate) wait_for_debugger_on_start: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToWorker<'a> {
    pub(crate) session_id: &'a str,
    pub(crate) message: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FromWorker<'a> {
    #[serde(borrow)]
    pub(crate) session_id: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) message: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkerAttached {
    pub(crate) session_id: String,
    pub(crate) worker_info: WorkerInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkerInfo {
    pub(crate) worker_id: String,
    pub(crate) title: String,
    pub(crate) url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkerDetached {
    pub(crate) session_id: String,
}

/// One line of `GET /json/list`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedTarget {
    pub(crate) web_socket_debugger_url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToWorkerSession<'a> {
    pub(crate) session_id: &'a str,
}

/// The part of `v8.getHeapStatistics()` and `getHeapSpaceStatistics()` a snapshot's cost follows from.
#[derive(Deserialize)]
pub(crate) struct HeapShape {
    /// Bytes in use.
    pub(crate) used: u64,
    /// Those in spaces of large objects: much memory, few nodes.
    pub(crate) large: u64,
    /// `process.availableMemory()`, on versions that have it.
    pub(crate) available: Option<u64>,
}
