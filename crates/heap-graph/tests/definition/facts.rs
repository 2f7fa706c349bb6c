//! What the file says about nodes and edges, copied out of a graph.

use stanch_heap_graph::{EdgeKind, EdgeName, HeapGraph, NodeKind};

/// Nodes and their edges, by ordinal.
pub(super) struct Facts {
    pub(super) root: usize,
    pub(super) kind: Vec<NodeKind>,
    pub(super) name: Vec<String>,
    pub(super) id: Vec<u64>,
    pub(super) raw_size: Vec<u64>,
    pub(super) links: Vec<Vec<Link>>,
}

pub(super) struct Link {
    pub(super) kind: EdgeKind,
    pub(super) name: Name,
    pub(super) to: usize,
}

pub(super) enum Name {
    Text(String),
    Index(u32),
}

/// One of the two halves of a WeakMap entry, as an edge's name tells.
pub(super) struct Half<'a> {
    /// What both halves share.
    pub(super) entry: &'a str,
    /// Id of the map's table.
    pub(super) table: u64,
}

impl Facts {
    pub(super) fn of(graph: &HeapGraph) -> Self {
        let mut facts = Self {
            root: graph.root().index(),
            kind: Vec::new(),
            name: Vec::new(),
            id: Vec::new(),
            raw_size: Vec::new(),
            links: Vec::new(),
        };
        for node in graph.ordinals() {
            facts.kind.push(graph.kind(node));
            facts.name.push(graph.name(node).to_owned());
            facts.id.push(graph.id(node).0);
            facts.raw_size.push(graph.raw_self_size(node));
            let links = graph.edges(node).map(|edge| Link {
                kind: edge.kind,
                name: match edge.name {
                    EdgeName::Name(text) => Name::Text(text.to_owned()),
                    EdgeName::Index(index) => Name::Index(index),
                },
                to: edge.to.index(),
            });
            facts.links.push(links.collect());
        }
        facts
    }

    pub(super) fn len(&self) -> usize {
        self.kind.len()
    }

    pub(super) fn is_document_trees(&self, node: usize) -> bool {
        self.kind[node] == NodeKind::Synthetic && self.name[node] == "(Document DOM trees)"
    }

    pub(super) fn is_user_root(&self, node: usize) -> bool {
        self.kind[node] != NodeKind::Synthetic || self.is_document_trees(node)
    }

    /// The nodes that `starts` reach over links that `follows`, the starts among them.
    pub(super) fn reach(
        &self,
        starts: Vec<usize>,
        follows: impl Fn(usize, &Link) -> bool,
    ) -> Vec<bool> {
        self.reach_by(starts, |from, _, link| follows(from, link))
    }

    /// The same, where `follows` also gets the link's position among those of its node.
    pub(super) fn reach_by(
        &self,
        starts: Vec<usize>,
        follows: impl Fn(usize, usize, &Link) -> bool,
    ) -> Vec<bool> {
        let mut reached = vec![false; self.len()];
        let mut open = starts;
        while let Some(node) = open.pop() {
            if std::mem::replace(&mut reached[node], true) {
                continue;
            }
            let links = self.links[node].iter().enumerate();
            let links = links.filter(|(at, link)| follows(node, *at, link));
            open.extend(links.map(|(_, link)| link.to));
        }
        reached
    }

    /// Whether a step over this link brings its target nearer.
    pub(super) fn step(&self, from: usize, link: &Link) -> Step {
        let is_of_context = self.kind[from] == NodeKind::Hidden
            && self.name[from] == "system / NativeContext"
            && matches!(&link.name, Name::Text(text) if text == "sloppy_function_map");
        if is_of_context {
            return Step::No;
        }
        if self.kind[from] == NodeKind::Array && self.name[from] == "(map descriptors)" {
            return match link.number() {
                Some(number) if number >= 2 && number % 3 == 1 => Step::No,
                _ => Step::Yes,
            };
        }
        if link.kind == EdgeKind::Internal && link.half().is_some() {
            return Step::SecondTime;
        }
        Step::Yes
    }
}

/// Whether a link brings its target nearer to the global objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Yes,
    No,
    /// A half of a WeakMap entry counts when the other one was met before.
    SecondTime,
}

impl Link {
    fn number(&self) -> Option<u32> {
        match &self.name {
            Name::Index(index) => Some(*index),
            // A name that only begins with digits counts as their number, as in JavaScript.
            Name::Text(text) => {
                let rest = text.trim_start_matches(|it: char| it.is_ascii_digit());
                text[..text.len() - rest.len()].parse().ok()
            }
        }
    }

    /// What the name says, if it is that of a half.
    pub(super) fn half(&self) -> Option<Half<'_>> {
        let Name::Text(text) = &self.name else {
            return None;
        };
        let (number, rest) = text.split_once(" / part of key (")?;
        let entry = &text[number.len()..];
        let (middle, table) = rest.rsplit_once(" pair in WeakMap (table @")?;
        let table = table.strip_suffix(')')?.parse().ok()?;
        let is_number = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
        let has_break = middle.contains(['\n', '\r', '\u{2028}', '\u{2029}']);
        (is_number && !has_break).then_some(Half { entry, table })
    }
}
