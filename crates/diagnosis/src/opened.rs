//! Sampled allocations into the calls that open what only the runtime holds.
//!
//! A socket whose handlers have all run hangs on its handle alone: no variable and no function of the service is left
//! on the way to it. Who allocated it is then the only trace of who opened it.

use stanch_js_source::{Position, with_parsed};

use crate::allocated::Allocation;
use crate::model::SiteRole;
use crate::sources::Sources;
use crate::trace::Found;

/// Functions of Node's whose result has to be closed, under the names their frames have on a stack.
const OPENING: [&str; 26] = [
    "connect",
    "createConnection",
    "Socket",
    "TLSSocket",
    "get",
    "request",
    "ClientRequest",
    "fetch",
    "WebSocket",
    "EventSource",
    "createSocket",
    "createReadStream",
    "createWriteStream",
    "ReadStream",
    "WriteStream",
    "open",
    "openSync",
    "opendir",
    "opendirSync",
    "watch",
    "createInterface",
    "spawn",
    "fork",
    "exec",
    "execFile",
    "Worker",
];
/// Calls named for one holder.
const CALLS: usize = 3;
/// Part of the first call's bytes that makes another one worth naming, as a divisor.
const WORTH: u64 = 4;

/// The calls that opened most of what stays, most first.
pub(crate) fn opened<'a>(allocations: &[Allocation], sources: &'a Sources) -> Vec<Found<'a>> {
    let opens = |allocation: &&Allocation| {
        let called = allocation.called.as_deref();
        called.is_some_and(|called| OPENING.contains(&called))
    };
    let mut opening: Vec<&Allocation> = allocations.iter().filter(opens).collect();
    opening.sort_by_key(|allocation| std::cmp::Reverse(allocation.bytes));
    let most = opening.first().map_or(0, |first| first.bytes);
    opening.retain(|allocation| allocation.bytes * WORTH >= most);
    opening
        .into_iter()
        .filter_map(|allocation| call(allocation, sources))
        .take(CALLS)
        .collect()
}

/// The call itself where the function has one of that name, else the function.
fn call<'a>(allocation: &Allocation, sources: &'a Sources) -> Option<Found<'a>> {
    let at = Position::new(allocation.line, allocation.column);
    let located = sources.locate(&allocation.url, at)?;
    with_parsed(located.text, |parsed| {
        let calls = parsed.calls_in(located.position);
        let call = calls
            .into_iter()
            .find(|call| call.method == allocation.called);
        let extent = match &call {
            Some(call) => call.extent,
            None => parsed.function_at(located.position)?.function.extent,
        };
        Some(Found {
            role: SiteRole::Opens,
            extent,
            text: located.text,
            script: located.script,
            function: Some(located.position),
            call,
        })
    })
}
