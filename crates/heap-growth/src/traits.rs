//! One newcomer into what it is, as far as that tells patterns apart.

use stanch_heap_graph::{EdgeKind, EdgeName, HeapGraph, NodeKind, Ordinal};

use crate::age::Ages;
use crate::anchor::Origin;
use crate::scripts::{Scripts, internal_target, is_context};

/// What a member of a holder is, by what it tells about the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Trait {
    Timer,
    Listener,
    /// Half of a promise that nobody has settled: a reaction, a resolver, a suspended function.
    Pending,
    Promise,
    /// A request or response of node:http or http2.
    Exchange,
    Stream,
    /// One end of a channel between threads.
    Port,
    Function,
    /// A function of Node's own, or its scope.
    RuntimeFunction,
    Context,
    Text,
    Buffer,
    Data,
}

pub(crate) fn trait_of(
    graph: &HeapGraph,
    scripts: &Scripts<'_>,
    ages: &Ages,
    member: Ordinal,
) -> Trait {
    let runtime = !scripts.origin(member).is_readable();
    match (graph.kind(member), graph.name(member)) {
        (NodeKind::Object, "Timeout" | "Immediate" | "TimersList") if runtime => Trait::Timer,
        (NodeKind::Object, "Listener" | "ResistStopPropagationListener") if runtime => {
            Trait::Listener
        }
        (NodeKind::Hidden, "system / PromiseReaction")
        | (NodeKind::Object, "Generator" | "AsyncGenerator") => Trait::Pending,
        (NodeKind::Object, "Promise") if is_pending(graph, member) => Trait::Pending,
        (NodeKind::Object, "Promise") => Trait::Promise,
        (
            NodeKind::Object,
            "IncomingMessage" | "ServerResponse" | "Http2ServerRequest" | "Http2ServerResponse",
        ) => Trait::Exchange,
        (NodeKind::Object, "MessagePort" | "BroadcastChannel") if runtime => Trait::Port,
        (NodeKind::Object, _) if is_handle(graph, member) => Trait::Stream,
        (NodeKind::Object | NodeKind::Native, name) if is_buffer(name) => Trait::Buffer,
        (NodeKind::Closure, _) if is_resolver(graph, member) => Trait::Pending,
        (NodeKind::Closure, _) if is_runtime(graph, scripts, member) => Trait::RuntimeFunction,
        (NodeKind::Closure, _) => Trait::Function,
        _ if is_context(graph, member) && *scripts.origin(member) == Origin::Runtime => {
            Trait::RuntimeFunction
        }
        _ if is_context(graph, member) => Trait::Context,
        (NodeKind::Object, _)
            if has_property(graph, member, &["_readableState", "_writableState"]) =>
        {
            if has_property(graph, member, &["httpVersion", "statusMessage", "_header"]) {
                Trait::Exchange
            } else {
                Trait::Stream
            }
        }
        (NodeKind::Object, _) => trait_of_record(graph, ages, member),
        _ if is_text(graph, member) => Trait::Text,
        _ => Trait::Data,
    }
}

/// A record is what the thing in it is: `{resolve, reject}` is a promise, `{socket}` a stream, `{fn}` a function.
fn trait_of_record(graph: &HeapGraph, ages: &Ages, record: Ordinal) -> Trait {
    let whole = graph.retained_size(record);
    for edge in graph
        .edges(record)
        .filter(|edge| edge.kind == EdgeKind::Property)
    {
        if ages.step(edge.to).is_none() || matches!(edge.name, EdgeName::Name("__proto__")) {
            continue;
        }
        let value = edge.to;
        match (graph.kind(value), graph.name(value)) {
            (NodeKind::Closure, _) if is_resolver(graph, value) => return Trait::Pending,
            (NodeKind::Object, "Object") if has_resolver(graph, value) => return Trait::Pending,
            (NodeKind::Object, "IncomingMessage" | "ServerResponse") => return Trait::Exchange,
            (NodeKind::Object, _)
                if has_property(graph, value, &["_readableState", "_writableState"])
                    && graph.retained_size(value) * 2 > whole =>
            {
                return Trait::Stream;
            }
            (NodeKind::Object, "Timeout") if graph.retained_size(value) * 2 > whole => {
                return Trait::Timer;
            }
            _ => {}
        }
    }
    Trait::Data
}

/// Whether an object is what `Promise.withResolvers` gives, or a copy of it.
fn has_resolver(graph: &HeapGraph, deferred: Ordinal) -> bool {
    graph.edges(deferred).any(|edge| {
        edge.kind == EdgeKind::Property
            && graph.kind(edge.to) == NodeKind::Closure
            && is_resolver(graph, edge.to)
    })
}

/// Whether `node` or what it wraps is a handle of the event loop: a socket, a file, a watcher.
fn is_handle(graph: &HeapGraph, node: Ordinal) -> bool {
    const NO_HANDLES: [&str; 4] = ["Worker", "MessagePort", "Timeout", "Immediate"];
    let is_wrapped = |object: Ordinal| {
        !NO_HANDLES.contains(&graph.name(object))
            && graph
                .retainers(object)
                .any(|retainer| matches!(retainer.name, EdgeName::Name("native_to_javascript")))
    };
    is_wrapped(node)
        || graph.edges(node).any(|edge| {
            let names_handle = matches!(edge.name, EdgeName::Name(name) if name == "_handle" || name.contains("kHandle"));
            names_handle && is_wrapped(edge.to)
        })
}

/// Whether a function, or the function that a bound one calls, is Node's own.
fn is_runtime(graph: &HeapGraph, scripts: &Scripts<'_>, closure: Ordinal) -> bool {
    let is_target = |name: &EdgeName<'_>| matches!(name, EdgeName::Name("bound_function"));
    let target = graph
        .edges(closure)
        .find(|edge| is_target(&edge.name))
        .map(|edge| edge.to);
    *scripts.origin(target.unwrap_or(closure)) == Origin::Runtime
}

fn is_buffer(name: &str) -> bool {
    matches!(
        name,
        "ArrayBuffer" | "Buffer" | "Uint8Array" | "FastBuffer" | "SharedArrayBuffer"
    ) || name.starts_with("system / JSArrayBufferData")
}

fn is_pending(graph: &HeapGraph, promise: Ordinal) -> bool {
    graph
        .edges(promise)
        .any(|edge| graph.name(edge.to) == "system / PromiseReaction")
}

/// V8's own resolve and reject functions: they have no place in any script and their scope holds the promise.
fn is_resolver(graph: &HeapGraph, closure: Ordinal) -> bool {
    graph.location(closure).is_none()
        && internal_target(graph, closure, "context").is_some_and(|context| {
            is_context(graph, context)
                && graph.edges(context).any(|edge| {
                    graph.kind(edge.to) == NodeKind::Object && graph.name(edge.to) == "Promise"
                })
        })
}

pub(crate) fn has_property(graph: &HeapGraph, node: Ordinal, names: &[&str]) -> bool {
    graph.edges(node).any(|edge| {
        edge.kind == EdgeKind::Property
            && matches!(edge.name, EdgeName::Name(name) if names.contains(&name))
    })
}

pub(crate) fn is_text(graph: &HeapGraph, node: Ordinal) -> bool {
    matches!(
        graph.kind(node),
        NodeKind::String
            | NodeKind::SlicedString
            | NodeKind::ConsString
            | NodeKind::Number
            | NodeKind::BigInt
    )
}
