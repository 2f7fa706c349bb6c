//! Sockets into those that the process opened and those that came in.
//!
//! A service that talks to a server in its own process has both ends of every connection in its heap. The end that was
//! accepted only mirrors the one that was opened, and never closed, elsewhere.

use stanch_heap_graph::{EdgeName, HeapGraph, NodeKind, Ordinal};

use crate::traits::has_property;

/// Part of the sockets that have to be opened ones for the others to be taken for their mirrors, as a divisor: a
/// process that connects to itself has as many of one sort as of the other, a busy server next to none.
const MIRRORED: usize = 4;

/// Leaves accepted ends out where opened ones are among the members.
pub(crate) fn without_accepted_ends(graph: &HeapGraph, members: Vec<Ordinal>) -> Vec<Ordinal> {
    let ends: Vec<Option<End>> = members.iter().map(|member| end(graph, *member)).collect();
    let sockets = ends.iter().flatten().count();
    let opened = ends.iter().filter(|end| **end == Some(End::Opened)).count();
    if opened == sockets || opened * MIRRORED < sockets {
        return members;
    }
    let pairs = members.into_iter().zip(ends);
    pairs
        .filter(|(_, end)| *end != Some(End::Accepted))
        .map(|(member, _)| member)
        .collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Opened,
    Accepted,
}

/// Which end of a connection a member is, or the handle of: `server` is set on sockets that one has accepted.
fn end(graph: &HeapGraph, member: Ordinal) -> Option<End> {
    let of_handle = || property(graph, member, "<symbol owner_symbol>");
    let socket = if has_property(graph, member, &["_server"]) {
        member
    } else {
        of_handle().filter(|&owner| has_property(graph, owner, &["_server"]))?
    };
    let server = property(graph, socket, "_server")?;
    Some(if graph.kind(server) == NodeKind::Object {
        End::Accepted
    } else {
        End::Opened
    })
}

fn property(graph: &HeapGraph, node: Ordinal, name: &str) -> Option<Ordinal> {
    let edge = graph
        .edges(node)
        .find(|edge| matches!(edge.name, EdgeName::Name(text) if text == name))?;
    Some(edge.to)
}
