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
    if opened * MIRRORED < sockets {
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

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a sketch that cannot be built fails its test"
)]
mod tests {
    use stanch_heap_graph::{EdgeKind, HeapGraph, NodeKind, Ordinal};
    use stanch_heap_snapshot::testing::HeapSketch;

    use super::without_accepted_ends;

    /// Members by a letter each: `o` is a socket that was opened, `a` one that was accepted, `O` and `A` are the
    /// handles of such, and everything else is a record.
    fn check(members: &str, expected: &str) {
        let mut sketch = HeapSketch::new();
        let server = sketch.node(NodeKind::Object, "Server", 100);
        let null = sketch.node(NodeKind::Hidden, "null", 0);
        let drawn: Vec<(Ordinal, char)> = members
            .chars()
            .map(|letter| {
                let of = if letter.eq_ignore_ascii_case(&'a') {
                    server
                } else {
                    null
                };
                let socket = sketch.node(NodeKind::Object, "Socket", 400);
                let member = match letter {
                    'o' | 'a' => socket,
                    _ => sketch.node(NodeKind::Object, "TCP", 32),
                };
                match letter {
                    'o' | 'a' => sketch.edge(socket, EdgeKind::Property, "_server", of),
                    'O' | 'A' => {
                        sketch.edge(socket, EdgeKind::Property, "_server", of);
                        let owner = "<symbol owner_symbol>";
                        sketch.edge(member, EdgeKind::Property, owner, socket);
                    }
                    _ => {}
                }
                (Ordinal(member), letter)
            })
            .collect();
        let graph = HeapGraph::build(sketch.snapshot().unwrap()).unwrap();
        let nodes = drawn.iter().map(|(node, _)| *node).collect();
        let stay = without_accepted_ends(&graph, nodes);
        let letters: String = drawn
            .iter()
            .filter(|(node, _)| stay.contains(node))
            .map(|(_, letter)| letter)
            .collect();
        assert_eq!(letters, expected, "of {members}");
    }

    #[test]
    fn accepted_ends_mirror_as_many_opened_ones() {
        check("oaoaoa", "ooo");
        check("OAOA", "OO");
        check("oA", "o");
        check("oooa", "ooo");
    }

    #[test]
    fn a_server_has_accepted_ends_alone() {
        check("aaa", "aaa");
        check("AAA", "AAA");
        check("ooo", "ooo");
    }

    #[test]
    fn a_few_opened_ends_mirror_no_busy_server() {
        check("oaaaa", "oaaaa");
        check("oaaa", "o");
    }

    #[test]
    fn what_is_no_socket_stays_and_does_not_count() {
        check("...", "...");
        check("", "");
        check("o.a..", "o...");
        check("a.....", "a.....");
    }
}
