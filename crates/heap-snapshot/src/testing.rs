//! Small heaps for tests, drawn node by node and written as a snapshot.
//!
//! Meant for the tests of this crate and of those that build on it.

use std::fmt::Write;

use crate::{EdgeKind, NodeKind, Snapshot, SnapshotError};

/// A heap under construction. Node 0 is the root, synthetic and nameless; ids are 1, 3, 5, …
/// unless set. Ordinals are given out in the order of the calls.
#[derive(Debug, Clone)]
pub struct HeapSketch {
    nodes: Vec<Node>,
    locations: Vec<[u32; 4]>,
    extra_native_bytes: u64,
}

#[derive(Debug, Clone)]
struct Node {
    kind: NodeKind,
    name: String,
    id: u64,
    self_size: u64,
    detachedness: u8,
    edges: Vec<Edge>,
}

#[derive(Debug, Clone)]
struct Edge {
    kind: EdgeKind,
    name: Name,
    to: u32,
}

#[derive(Debug, Clone)]
enum Name {
    Text(String),
    Index(u32),
}

impl Default for HeapSketch {
    fn default() -> Self {
        Self::new()
    }
}

impl HeapSketch {
    /// Ordinal of the root.
    pub const ROOT: u32 = 0;

    /// A heap with nothing but its root.
    #[must_use]
    pub fn new() -> Self {
        let mut sketch = Self {
            nodes: Vec::new(),
            locations: Vec::new(),
            extra_native_bytes: 0,
        };
        sketch.node(NodeKind::Synthetic, "", 0);
        sketch
    }

    /// Adds a node of `self_size` bytes and gives its ordinal.
    pub fn node(&mut self, kind: NodeKind, name: &str, self_size: u64) -> u32 {
        let ordinal = self.nodes.len() as u32;
        let id = u64::from(ordinal) * 2 + 1;
        let (name, edges) = (name.to_owned(), Vec::new());
        self.nodes.push(Node {
            kind,
            name,
            id,
            self_size,
            detachedness: 0,
            edges,
        });
        ordinal
    }

    /// Gives a node another id.
    pub fn set_id(&mut self, node: u32, id: u64) {
        self.nodes[node as usize].id = id;
    }

    /// Gives a node a state towards the page: 1 attached, 2 detached.
    pub fn set_detachedness(&mut self, node: u32, state: u8) {
        self.nodes[node as usize].detachedness = state;
    }

    /// Adds an edge named by a text. For an indexed kind use [`element`](Self::element).
    pub fn edge(&mut self, from: u32, kind: EdgeKind, name: &str, to: u32) {
        self.push(
            from,
            Edge {
                kind,
                name: Name::Text(name.to_owned()),
                to,
            },
        );
    }

    /// Adds an `element` edge, named by a number.
    pub fn element(&mut self, from: u32, index: u32, to: u32) {
        self.push(
            from,
            Edge {
                kind: EdgeKind::Element,
                name: Name::Index(index),
                to,
            },
        );
    }

    /// Adds a `hidden` edge, named by a number.
    pub fn hidden(&mut self, from: u32, index: u32, to: u32) {
        self.push(
            from,
            Edge {
                kind: EdgeKind::Hidden,
                name: Name::Index(index),
                to,
            },
        );
    }

    /// Says where a node was defined; line and column count from 0.
    pub fn location(&mut self, node: u32, script_id: u32, line: u32, column: u32) {
        self.locations.push([node, script_id, line, column]);
    }

    /// Sets the memory outside of all nodes, in bytes.
    pub fn set_extra_native_bytes(&mut self, bytes: u64) {
        self.extra_native_bytes = bytes;
    }

    /// The snapshot's text, as V8 lays it out.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut strings = Vec::new();
        let mut nodes = Vec::new();
        let mut edges = Vec::new();
        for node in &self.nodes {
            let name = number_of(&mut strings, &node.name);
            let kind = node_type(node.kind);
            let (id, size, count, state) =
                (node.id, node.self_size, node.edges.len(), node.detachedness);
            nodes.push(format!("{kind},{name},{id},{size},{count},{state}"));
            for edge in &node.edges {
                let name = match &edge.name {
                    Name::Text(text) => number_of(&mut strings, text),
                    Name::Index(index) => *index as usize,
                };
                edges.push(format!(
                    "{},{name},{}",
                    edge_type(edge.kind),
                    edge.to * NODE_FIELDS
                ));
            }
        }
        let place =
            |row: &[u32; 4]| format!("{},{},{},{}", row[0] * NODE_FIELDS, row[1], row[2], row[3]);
        let locations: Vec<String> = self.locations.iter().map(place).collect();
        let strings: Vec<String> = strings
            .iter()
            .map(|text| serde_json::Value::from(*text).to_string())
            .collect();
        let mut json = self.header(edges.len());
        for (section, rows) in [
            ("nodes", nodes),
            ("edges", edges),
            ("locations", locations),
            ("strings", strings),
        ] {
            // Writing to a String cannot fail.
            let _ = write!(json, ",\n\"{section}\":[{}]", rows.join("\n,"));
        }
        json.push('}');
        json
    }

    /// The sketch, written and read back.
    ///
    /// # Errors
    /// Those of the parser, for a sketch with an edge to a node it does not have.
    pub fn snapshot(&self) -> Result<Snapshot, SnapshotError> {
        Snapshot::read(self.to_json().as_bytes())
    }

    fn push(&mut self, from: u32, edge: Edge) {
        self.nodes[from as usize].edges.push(edge);
    }

    fn header(&self, edges: usize) -> String {
        let quote = |name: &'static str| format!("\"{name}\"");
        let node_types: Vec<String> = NodeKind::named().map(|(name, _)| quote(name)).collect();
        let edge_types: Vec<String> = EdgeKind::named().map(|(name, _)| quote(name)).collect();
        format!(
            concat!(
                r#"{{"snapshot":{{"meta":{{"node_fields":["type","name","id","self_size","edge_count","detachedness"],"#,
                r#""node_types":[[{}],"string","number","number","number","number"],"#,
                r#""edge_fields":["type","name_or_index","to_node"],"#,
                r#""edge_types":[[{}],"string_or_number","node"],"#,
                r#""location_fields":["object_index","script_id","line","column"]}},"#,
                r#""node_count":{},"edge_count":{},"extra_native_bytes":{}}}"#
            ),
            node_types.join(","),
            edge_types.join(","),
            self.nodes.len(),
            edges,
            self.extra_native_bytes,
        )
    }
}

/// Numbers per node in what a sketch writes.
const NODE_FIELDS: u32 = 6;

fn number_of<'a>(strings: &mut Vec<&'a str>, text: &'a str) -> usize {
    strings
        .iter()
        .position(|known| *known == text)
        .unwrap_or_else(|| {
            strings.push(text);
            strings.len() - 1
        })
}

fn node_type(kind: NodeKind) -> usize {
    NodeKind::named()
        .position(|(_, named)| named == kind)
        .unwrap_or(0)
}

fn edge_type(kind: EdgeKind) -> usize {
    EdgeKind::named()
        .position(|(_, named)| named == kind)
        .unwrap_or(0)
}
