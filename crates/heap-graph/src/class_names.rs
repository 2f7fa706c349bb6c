//! A class name for each node: what its constructor is called, or what sort of thing it is.

use std::collections::HashMap;

use stanch_heap_snapshot::{NodeKind, Snapshot, StringId};

use crate::interfaces::PlainObjects;

/// The class name of each node. Names that the snapshot does not have are added to its strings.
pub(crate) fn class_names(snapshot: &mut Snapshot) -> Vec<StringId> {
    let mut names = Names {
        added: HashMap::new(),
    };
    let mut classes = Vec::with_capacity(snapshot.node_count());
    // Added first, so that these four differ from anything a constructor is called.
    for fixed in ["(system)", "(compiled code)", "Function", "RegExp"] {
        names.add(snapshot, fixed);
    }
    for node in 0..snapshot.node_count() {
        let class = names.of_node(snapshot, node);
        classes.push(class);
    }
    let plain = PlainObjects::of(snapshot);
    let interfaces = plain.interfaces(&snapshot.strings);
    let matches = plain.matches(&snapshot.strings, &interfaces);
    let interfaces: Vec<StringId> = interfaces
        .iter()
        .map(|interface| interface.name.push_to(&mut snapshot.strings))
        .collect();
    for (node, shape) in plain.objects {
        if let Some(interface) = matches[shape as usize] {
            classes[node as usize] = interfaces[interface as usize];
        }
    }
    classes
}

/// Names made up for classes; each is added to the strings once, even if they have it already.
struct Names {
    added: HashMap<String, StringId>,
}

impl Names {
    fn of_node(&mut self, snapshot: &mut Snapshot, node: usize) -> StringId {
        match snapshot.nodes.kind[node] {
            NodeKind::Hidden => self.add(snapshot, "(system)"),
            NodeKind::Code => self.add(snapshot, "(compiled code)"),
            NodeKind::Closure => self.add(snapshot, "Function"),
            NodeKind::RegExp => self.add(snapshot, "RegExp"),
            NodeKind::Object | NodeKind::Native => {
                let name = snapshot.nodes.name[node];
                match tag(snapshot.strings.get(name)) {
                    Some(tag) => self.add(snapshot, &tag),
                    None => name,
                }
            }
            kind => {
                let class = format!("({})", type_name(snapshot, kind));
                self.add(snapshot, &class)
            }
        }
    }

    fn add(&mut self, snapshot: &mut Snapshot, name: &str) -> StringId {
        if let Some(id) = self.added.get(name) {
            return *id;
        }
        let id = snapshot.strings.push(name);
        self.added.insert(name.to_owned(), id);
        id
    }
}

/// `<div id="a">` is a `<div>`.
fn tag(name: &str) -> Option<String> {
    const DETACHED: &str = "Detached ";
    let start = match name.strip_prefix(DETACHED) {
        Some(rest) if rest.starts_with('<') => DETACHED.len(),
        _ if name.starts_with('<') => 0,
        _ => return None,
    };
    Some(match name[start..].find(' ') {
        Some(space) => format!("{}>", &name[..start + space]),
        None => name.to_owned(),
    })
}

fn type_name(snapshot: &Snapshot, kind: NodeKind) -> &str {
    match kind {
        NodeKind::Other(position) => snapshot
            .node_types
            .get(usize::from(position))
            .map_or("unknown", String::as_str),
        named => named.type_name(),
    }
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn tags_lose_their_attributes() {
        let check = |name, expected: Option<&str>| assert_eq!(tag(name).as_deref(), expected);
        check("div", None);
        check("<div>", Some("<div>"));
        check("<div id=\"a b\">", Some("<div>"));
        check("Detached <div id=\"a\">", Some("Detached <div>"));
        check("Detached <div>", Some("Detached <div>"));
        check("Detached Socket", None);
    }
}
