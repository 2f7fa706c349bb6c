//! Nodes into classes: how many there are of each and what they hold.

use std::collections::HashMap;

use stanch_heap_snapshot::{NodeKind, StringId};

use crate::interfaces::exact;
use crate::{HeapGraph, Ordinal};

/// One class of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassRow {
    /// What tells the class apart: `scriptId,line,column,Name` for objects whose constructor's
    /// place is known, `,Name` for all else. Script ids differ between processes.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// Instances with a self size above 0; others are in no row.
    pub count: u64,
    /// Their self sizes together, in bytes.
    pub self_size: u64,
    /// What they keep alive together, in bytes. Instances that another instance dominates are
    /// counted once.
    pub retained_size: u64,
    /// The least distance of any instance.
    pub distance: i32,
}

/// A class and its instances.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) row: ClassRow,
    /// Ordinals, ascending.
    pub(crate) members: Vec<u32>,
}

/// The classes of a graph, in the order in which their first instances stand in the snapshot.
///
/// `name_of` gives each node's class name as an index into the graph's strings, and behind them
/// into `further`.
pub(crate) fn classes(graph: &HeapGraph, name_of: &[StringId], further: &[String]) -> Vec<Class> {
    let mut keys = Keys::new(graph, further);
    let mut of_node = Vec::with_capacity(graph.node_count());
    for ordinal in graph.ordinals() {
        let class = keys.class(ordinal, name_of[ordinal.index()]);
        of_node.push(class);
    }
    let mut classes: Vec<Class> = Vec::new();
    let mut position: Vec<Option<usize>> = vec![None; keys.rows.len()];
    for ordinal in graph
        .ordinals()
        .filter(|ordinal| graph.self_size(*ordinal) > 0)
    {
        let class = of_node[ordinal.index()] as usize;
        let at = *position[class].get_or_insert_with(|| {
            let (key, name) = keys.rows[class].clone();
            let row = ClassRow {
                key,
                name,
                count: 0,
                self_size: 0,
                retained_size: 0,
                distance: i32::MAX,
            };
            classes.push(Class {
                row,
                members: Vec::new(),
            });
            classes.len() - 1
        });
        let Class { row, members } = &mut classes[at];
        row.count += 1;
        row.self_size = row.self_size.saturating_add(graph.self_size(ordinal));
        row.distance = row.distance.min(graph.distance(ordinal));
        members.push(ordinal.0);
    }
    add_retained(graph, &of_node, &position, &mut classes);
    last_of_each_key(classes)
}

/// Sums up the instances that have no instance of the same class above them in the dominator tree.
fn add_retained(
    graph: &HeapGraph,
    of_node: &[u32],
    position: &[Option<usize>],
    classes: &mut [Class],
) {
    let ends = subtree_ends(graph);
    // Classes on the way down to the current node, with the place where their subtree ends.
    let mut open: Vec<(usize, u32)> = Vec::new();
    let mut seen = vec![false; position.len()];
    for (at, ordinal) in (0..).zip(graph.dominator_preorder()) {
        while let Some((class, _)) = open.pop_if(|(_, end)| *end <= at) {
            seen[class] = false;
        }
        let class = of_node[ordinal.index()] as usize;
        if seen[class] || graph.self_size(*ordinal) == 0 {
            continue;
        }
        if let Some(row) = position[class] {
            let retained = &mut classes[row].row.retained_size;
            *retained = retained.saturating_add(graph.retained_size(*ordinal));
            seen[class] = true;
            open.push((class, ends[at as usize]));
        }
    }
}

/// For each place in the dominator preorder the place behind its subtree.
fn subtree_ends(graph: &HeapGraph) -> Vec<u32> {
    let preorder = graph.dominator_preorder();
    let mut place = vec![0_u32; preorder.len()];
    for (at, ordinal) in (0..).zip(preorder) {
        place[ordinal.index()] = at;
    }
    let mut ends: Vec<u32> = (1..=preorder.len() as u32).collect();
    for at in (1..preorder.len()).rev() {
        let dominator = graph.immediate_dominator(preorder[at]);
        let end = ends[at];
        let above = &mut ends[place[dominator.index()] as usize];
        *above = (*above).max(end);
    }
    ends
}

/// Two classes can have one key: functions and objects constructed by `Function`, for one. The
/// table then shows the later one, in the earlier one's place.
fn last_of_each_key(classes: Vec<Class>) -> Vec<Class> {
    let mut kept: Vec<Class> = Vec::with_capacity(classes.len());
    let mut known: HashMap<String, usize> = HashMap::new();
    for class in classes {
        match known.get(&class.row.key) {
            Some(&at) => kept[at] = class,
            None => {
                known.insert(class.row.key.clone(), kept.len());
                kept.push(class);
            }
        }
    }
    kept
}

/// Numbers the classes while going through the nodes.
struct Keys<'a> {
    graph: &'a HeapGraph,
    further: &'a [String],
    by_name: HashMap<StringId, u32>,
    by_place: HashMap<(u32, u32, u32, StringId), u32>,
    by_key: HashMap<String, u32>,
    /// Key and name of each class.
    rows: Vec<(String, String)>,
}

impl<'a> Keys<'a> {
    fn new(graph: &'a HeapGraph, further: &'a [String]) -> Self {
        let (by_name, by_place, by_key) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self {
            graph,
            further,
            by_name,
            by_place,
            by_key,
            rows: Vec::new(),
        }
    }

    fn class(&mut self, ordinal: Ordinal, name: StringId) -> u32 {
        let location = match self.graph.kind(ordinal) {
            NodeKind::Object => self.graph.location(ordinal),
            _ => None,
        };
        let next = self.rows.len() as u32;
        let Some(place) = location else {
            let class = *self.by_name.entry(name).or_insert(next);
            if class == next {
                self.rows
                    .push((format!(",{}", self.exact(name)), self.text(name).to_owned()));
            }
            return class;
        };
        let place = (place.script_id, place.line, place.column, name);
        if let Some(class) = self.by_place.get(&place) {
            return *class;
        }
        // Here the key decides, however many strings have the text of the name.
        let key = format!("{},{},{},{}", place.0, place.1, place.2, self.exact(name));
        let class = *self.by_key.entry(key.clone()).or_insert(next);
        if class == next {
            self.rows.push((key, self.text(name).to_owned()));
        }
        self.by_place.insert(place, class);
        class
    }

    fn text(&self, name: StringId) -> &str {
        let strings = self.graph.strings();
        match (name.0 as usize).checked_sub(strings.len()) {
            Some(at) => &self.further[at],
            None => strings.get(name),
        }
    }

    fn exact(&self, name: StringId) -> std::borrow::Cow<'_, str> {
        let strings = self.graph.strings();
        if strings.utf16(name).is_some() {
            exact(strings, name)
        } else {
            self.text(name).into()
        }
    }
}
