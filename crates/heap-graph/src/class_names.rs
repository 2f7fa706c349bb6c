//! A class name for each node: what its constructor is called, or what sort of thing it is.

use rustc_hash::FxHashMap;
use stanch_heap_snapshot::{Compact, NodeKind, Snapshot, StringId};

use crate::interfaces::{PlainObjects, Text};
use crate::names::Names;

/// The class name of each node.
#[derive(Debug)]
pub(crate) struct ClassNames {
    /// By node, a position in `names`.
    of_node: Compact<2>,
    names: Vec<StringId>,
}

/// Names that a snapshot does not have. The first stands for the number behind its last string.
pub(crate) type AddedNames = Vec<Text>;

impl ClassNames {
    /// The class names of a snapshot's nodes, and those that have to be added to its strings.
    pub(crate) fn of(snapshot: &Snapshot, known: &Names) -> (Self, AddedNames) {
        let mut naming = Naming::new(snapshot);
        let nodes = 0..snapshot.node_count() as u32;
        let mut of_node: Compact<2> = nodes.map(|node| naming.class(node).into()).collect();
        let plain = PlainObjects::of(snapshot, known);
        let interfaces = plain.interfaces(snapshot.strings());
        let matches = plain.matches(snapshot.strings(), &interfaces);
        let first = naming.names.len() as u64;
        for interface in interfaces {
            let name = naming.add(interface.name);
            naming.names.push(name);
        }
        for (node, shape) in plain.objects {
            if let Some(interface) = matches[shape as usize] {
                of_node.set(node as usize, first + u64::from(interface));
            }
        }
        let Naming { names, added, .. } = naming;
        (Self { of_node, names }, added)
    }

    /// How many names there are.
    pub(crate) const fn len(&self) -> usize {
        self.names.len()
    }

    /// The name of a node's class.
    pub(crate) fn get(&self, node: usize) -> StringId {
        self.names[self.of_node.get(node) as usize]
    }

    /// The names of all nodes' classes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = StringId> + '_ {
        self.of_node.iter().map(|class| self.names[class as usize])
    }
}

struct Naming<'a> {
    snapshot: &'a Snapshot,
    names: Vec<StringId>,
    added: AddedNames,
    /// Classes of the kinds whose name does not matter, by code.
    by_kind: [Option<u32>; 256],
    by_name: FxHashMap<StringId, u32>,
    /// Classes of names made up; each is added once, even if the strings have it already.
    by_text: FxHashMap<String, u32>,
    last: Option<(StringId, u32)>,
}

impl<'a> Naming<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let mut naming = Self {
            snapshot,
            names: Vec::new(),
            added: Vec::new(),
            by_kind: [None; 256],
            by_name: FxHashMap::default(),
            by_text: FxHashMap::default(),
            last: None,
        };
        // Added first, so that these differ from anything a constructor is called.
        for (kind, name) in [
            (NodeKind::Hidden, "(system)"),
            (NodeKind::Code, "(compiled code)"),
            (NodeKind::Closure, "Function"),
            (NodeKind::RegExp, "RegExp"),
        ] {
            let class = naming.made_up(name.to_owned());
            naming.by_kind[usize::from(kind.code())] = Some(class);
        }
        naming
    }

    fn class(&mut self, node: u32) -> u32 {
        let kind = self.snapshot.nodes().kind(node);
        if let NodeKind::Object | NodeKind::Native = kind {
            return self.by_constructor(self.snapshot.nodes().name(node));
        }
        let known = usize::from(kind.code());
        if let Some(class) = self.by_kind[known] {
            return class;
        }
        let class = self.made_up(format!("({})", type_name(self.snapshot, kind)));
        self.by_kind[known] = Some(class);
        class
    }

    fn by_constructor(&mut self, name: StringId) -> u32 {
        // Objects of one class often stand together.
        if let Some((_, class)) = self.last.filter(|(last, _)| *last == name) {
            return class;
        }
        let class = match self.by_name.get(&name) {
            Some(class) => *class,
            None => self.new_constructor(name),
        };
        self.last = Some((name, class));
        class
    }

    fn new_constructor(&mut self, name: StringId) -> u32 {
        let class = match tag(self.snapshot.strings().get(name)) {
            Some(tag) => self.made_up(tag),
            None => self.number(name),
        };
        self.by_name.insert(name, class);
        class
    }

    fn made_up(&mut self, name: String) -> u32 {
        if let Some(class) = self.by_text.get(&name) {
            return *class;
        }
        let id = self.add(Text {
            shown: name.clone(),
            utf16: None,
        });
        let class = self.number(id);
        self.by_text.insert(name, class);
        class
    }

    fn number(&mut self, name: StringId) -> u32 {
        self.names.push(name);
        self.names.len() as u32 - 1
    }

    fn add(&mut self, name: Text) -> StringId {
        self.added.push(name);
        StringId((self.snapshot.strings().len() + self.added.len()) as u32 - 1)
    }
}

/// Adds names to a snapshot's strings, which must be as many as when the names were found.
pub(crate) fn add_names(snapshot: &mut Snapshot, names: &AddedNames) {
    for name in names {
        name.push_to(snapshot);
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
            .node_types()
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
