//! The JSON of the `snapshot` section into field positions and counts.

use serde::Deserialize;
use serde_json::Value;

use crate::{EdgeKind, NodeKind};

/// What the `snapshot` section says about the sections behind it.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) nodes: NodeLayout,
    pub(crate) edges: EdgeLayout,
    /// Absent in files that carry no locations.
    pub(crate) locations: Option<LocationLayout>,
    /// Announced, not to be trusted.
    pub(crate) node_count: Option<u64>,
    /// Announced, not to be trusted.
    pub(crate) edge_count: Option<u64>,
    pub(crate) root_index: u64,
    pub(crate) extra_native_bytes: u64,
    pub(crate) node_types: Vec<String>,
}

/// Where in a row of `nodes` each field stands.
#[derive(Debug)]
pub(crate) struct NodeLayout {
    pub(crate) fields: usize,
    pub(crate) kind: usize,
    pub(crate) name: usize,
    pub(crate) id: usize,
    pub(crate) self_size: usize,
    pub(crate) edge_count: usize,
    pub(crate) detachedness: Option<usize>,
    /// The kind of each type number.
    pub(crate) kinds: Vec<NodeKind>,
    /// The codes of the kinds; behind those there are, anything.
    pub(crate) codes: [u8; 256],
}

/// Where in a row of `edges` each field stands.
#[derive(Debug)]
pub(crate) struct EdgeLayout {
    pub(crate) fields: usize,
    pub(crate) kind: usize,
    pub(crate) name_or_index: usize,
    pub(crate) to_node: usize,
    /// The kind of each type number.
    pub(crate) kinds: Vec<EdgeKind>,
    /// The same; behind those there are, anything.
    pub(crate) by_number: [EdgeKind; 256],
    /// All bits for those named by a string, none for those named by an index.
    pub(crate) is_named: [u64; 256],
}

/// Where in a row of `locations` each field stands.
#[derive(Debug)]
pub(crate) struct LocationLayout {
    pub(crate) fields: usize,
    pub(crate) object_index: usize,
    pub(crate) script_id: usize,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

#[derive(Deserialize)]
struct Wire {
    meta: WireMeta,
    node_count: Option<u64>,
    edge_count: Option<u64>,
    root_index: Option<u64>,
    extra_native_bytes: Option<u64>,
}

#[derive(Deserialize)]
struct WireMeta {
    node_fields: Vec<String>,
    // One entry per field: a list of names for `type`, a word for the others.
    node_types: Vec<Value>,
    edge_fields: Vec<String>,
    edge_types: Vec<Value>,
    #[serde(default)]
    location_fields: Vec<String>,
}

/// Reads the section; the error is a sentence without its place.
pub(crate) fn read(json: &[u8]) -> Result<Header, String> {
    let wire: Wire = serde_json::from_slice(json)
        .map_err(|error| format!("expected meta with fields and types, but {error}"))?;
    let meta = wire.meta;
    let (nodes, node_types) = node_layout(&meta.node_fields, &meta.node_types)?;
    Ok(Header {
        nodes,
        edges: edge_layout(&meta.edge_fields, &meta.edge_types)?,
        locations: location_layout(&meta.location_fields)?,
        node_count: wire.node_count,
        edge_count: wire.edge_count,
        root_index: wire.root_index.unwrap_or(0),
        extra_native_bytes: wire.extra_native_bytes.unwrap_or(0),
        node_types,
    })
}

fn node_layout(fields: &[String], types: &[Value]) -> Result<(NodeLayout, Vec<String>), String> {
    let kind = position("node_fields", fields, "type")?;
    let names = type_names("node_types", types, kind)?;
    let kinds = names.iter().zip(0..);
    let kinds: Vec<NodeKind> = kinds.map(|(name, at)| NodeKind::of(name, at)).collect();
    let code = |at: usize| kinds.get(at).map_or(0, |kind| kind.code());
    let layout = NodeLayout {
        codes: std::array::from_fn(code),
        fields: fields.len(),
        kind,
        name: position("node_fields", fields, "name")?,
        id: position("node_fields", fields, "id")?,
        self_size: position("node_fields", fields, "self_size")?,
        edge_count: position("node_fields", fields, "edge_count")?,
        detachedness: fields.iter().position(|field| field == "detachedness"),
        kinds,
    };
    Ok((layout, names))
}

fn edge_layout(fields: &[String], types: &[Value]) -> Result<EdgeLayout, String> {
    let kind = position("edge_fields", fields, "type")?;
    let names = type_names("edge_types", types, kind)?;
    // Readers append a type of their own to the list; a file may use its number.
    let kinds = names
        .iter()
        .map(|name| EdgeKind::of(name))
        .chain([EdgeKind::Invisible]);
    let kinds: Vec<EdgeKind> = kinds.collect();
    let by_number = |at: usize| kinds.get(at).copied().unwrap_or(EdgeKind::Other);
    Ok(EdgeLayout {
        by_number: std::array::from_fn(by_number),
        is_named: std::array::from_fn(|at| {
            if by_number(at).is_indexed() {
                0
            } else {
                u64::MAX
            }
        }),
        fields: fields.len(),
        kind,
        name_or_index: position("edge_fields", fields, "name_or_index")?,
        to_node: position("edge_fields", fields, "to_node")?,
        kinds,
    })
}

fn location_layout(fields: &[String]) -> Result<Option<LocationLayout>, String> {
    if fields.is_empty() {
        return Ok(None);
    }
    Ok(Some(LocationLayout {
        fields: fields.len(),
        object_index: position("location_fields", fields, "object_index")?,
        script_id: position("location_fields", fields, "script_id")?,
        line: position("location_fields", fields, "line")?,
        column: position("location_fields", fields, "column")?,
    }))
}

fn position(list: &str, fields: &[String], wanted: &str) -> Result<usize, String> {
    let found = fields.iter().position(|field| field == wanted);
    found.ok_or_else(|| format!("expected `{wanted}` among {list}"))
}

fn type_names(list: &str, types: &[Value], at: usize) -> Result<Vec<String>, String> {
    const MOST: usize = NodeKind::OTHERS;
    let problem = || format!("expected a list of at most {MOST} type names at {list}[{at}]");
    let names = types
        .get(at)
        .and_then(Value::as_array)
        .ok_or_else(problem)?;
    if names.is_empty() || names.len() > MOST {
        return Err(problem());
    }
    let texts = names.iter().map(|name| name.as_str().map(str::to_owned));
    texts.collect::<Option<_>>().ok_or_else(problem)
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::{EdgeKind, NodeKind};

    const EDGES: &str = r#""edge_fields":["to_node","type","name_or_index"],"edge_types":["node",["weak","loop"],"string_or_number"]"#;

    #[test]
    fn fields_are_found_by_name_in_any_order() -> Result<(), String> {
        let json = format!(
            r#"{{"meta":{{"node_fields":["id","edge_count","type","extra","name","self_size"],
            "node_types":["number","number",["object","gizmo"],"number","string","number"],{EDGES}}},
            "node_count":1,"edge_count":2,"root_index":6}}"#
        );
        let header = read(json.as_bytes())?;
        let nodes = &header.nodes;
        let at = [
            nodes.id,
            nodes.edge_count,
            nodes.kind,
            nodes.name,
            nodes.self_size,
        ];
        assert_eq!((nodes.fields, at), (6, [0, 1, 2, 4, 5]));
        assert_eq!(nodes.kinds, [NodeKind::Object, NodeKind::Other(1)]);
        assert_eq!(
            header.edges.kinds,
            [EdgeKind::Weak, EdgeKind::Other, EdgeKind::Invisible]
        );
        assert_eq!((header.root_index, header.locations.is_none()), (6, true));
        Ok(())
    }

    #[test]
    fn a_missing_field_is_named() {
        let check = |json: &str, sentence: &str| {
            let problem = read(json.as_bytes()).err().unwrap_or_default();
            assert!(problem.contains(sentence), "{problem}");
        };
        let nodes = r#""node_fields":["type","name","id","self_size"],"node_types":[["object"]]"#;
        check(
            &format!(r#"{{"meta":{{{nodes},{EDGES}}}}}"#),
            "expected `edge_count` among node_fields",
        );
        check(r#"{"meta":{}}"#, "missing field `node_fields`");
        let words = r#""node_fields":["type"],"node_types":["object"]"#;
        check(
            &format!(r#"{{"meta":{{{words},{EDGES}}}}}"#),
            "type names at node_types[0]",
        );
        check("[1]", "expected meta with fields and types");
    }
}
