//! Nodes into classes: how many there are of each and what they hold.

use std::borrow::Cow;

use rustc_hash::FxHashMap as HashMap;
use stanch_heap_snapshot::{NodeKind, StringId};

use crate::interfaces::{Text, exact};
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
    /// As the row's key, but unlike for names that only read the same.
    pub(crate) key: String,
    pub(crate) row: ClassRow,
    /// Ordinals, ascending.
    pub(crate) members: Vec<u32>,
}

/// The classes of a graph, in the order in which their first instances stand in the snapshot.
///
/// `name_of` gives each node's class name as an index into the graph's strings, and behind them
/// into `further`.
pub(crate) fn classes(
    graph: &HeapGraph,
    name_of: impl Iterator<Item = StringId>,
    further: &[Text],
) -> Vec<Class> {
    let mut keys = Keys::new(graph, further);
    let of_node = graph.ordinals().zip(name_of);
    let of_node: Vec<u32> = of_node
        .map(|(ordinal, name)| keys.class(ordinal, name))
        .collect();
    let mut classes: Vec<Class> = Vec::new();
    let mut position: Vec<Option<usize>> = vec![None; keys.rows.len()];
    for ordinal in graph
        .ordinals()
        .filter(|ordinal| graph.self_size(*ordinal) > 0)
    {
        let class = of_node[ordinal.index()] as usize;
        let at = *position[class].get_or_insert_with(|| {
            let Named { key, place, name } = keys.rows[class].clone();
            let row = ClassRow {
                key: format!("{place},{name}"),
                name,
                count: 0,
                self_size: 0,
                retained_size: 0,
                distance: i32::MAX,
            };
            classes.push(Class {
                key,
                row,
                members: Vec::new(),
            });
            classes.len() - 1
        });
        let Class { row, members, .. } = &mut classes[at];
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
    let tree = graph.tree();
    // Classes on the way down to the current node, with the place where their subtree ends.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut seen = vec![false; position.len()];
    for (at, ordinal) in tree.order.iter().enumerate() {
        while let Some((class, _)) = open.pop_if(|(_, end)| *end <= at) {
            seen[class] = false;
        }
        let class = of_node[ordinal.index()] as usize;
        if seen[class] || graph.self_size(*ordinal) == 0 {
            continue;
        }
        if let Some(row) = position[class] {
            let retained = &mut classes[row].row.retained_size;
            *retained = retained.saturating_add(tree.retained_at(at));
            seen[class] = true;
            open.push((class, tree.end_at(at)));
        }
    }
}

/// Two classes can have one key: functions and objects constructed by `Function`, for one. The
/// table then shows the later one, in the earlier one's place.
fn last_of_each_key(classes: Vec<Class>) -> Vec<Class> {
    let mut kept: Vec<Class> = Vec::with_capacity(classes.len());
    let mut known: HashMap<String, usize> = HashMap::default();
    for class in classes {
        match known.get(&class.key) {
            Some(&at) => kept[at] = class,
            None => {
                known.insert(class.key.clone(), kept.len());
                kept.push(class);
            }
        }
    }
    kept
}

/// Numbers the classes while going through the nodes.
struct Keys<'a> {
    graph: &'a HeapGraph,
    further: &'a [Text],
    by_name: HashMap<StringId, u32>,
    by_place: HashMap<((u32, u32, u32), StringId), u32>,
    by_key: HashMap<String, u32>,
    /// The classes so far.
    rows: Vec<Named>,
}

#[derive(Clone)]
struct Named {
    key: String,
    /// The key without the name and the comma before it.
    place: String,
    name: String,
}

impl<'a> Keys<'a> {
    fn new(graph: &'a HeapGraph, further: &'a [Text]) -> Self {
        let (by_name, by_place, by_key) =
            (HashMap::default(), HashMap::default(), HashMap::default());
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
        let Some(at) = location else {
            let class = *self.by_name.entry(name).or_insert(next);
            if class == next {
                self.add(String::new(), name);
            }
            return class;
        };
        let at = (at.script_id, at.line, at.column);
        if let Some(class) = self.by_place.get(&(at, name)) {
            return *class;
        }
        // Here the key decides, however many strings have the text of the name.
        let place = format!("{},{},{}", at.0, at.1, at.2);
        let key = format!("{place},{}", self.exact(name));
        let class = *self.by_key.entry(key).or_insert(next);
        if class == next {
            self.add(place, name);
        }
        self.by_place.insert((at, name), class);
        class
    }

    fn add(&mut self, place: String, name: StringId) {
        let key = format!("{place},{}", self.exact(name));
        let strings = self.graph.strings();
        let name = match self.further_name(name) {
            Some(text) => &text.shown,
            None => strings.get(name),
        };
        let name = name.to_owned();
        self.rows.push(Named { key, place, name });
    }

    fn exact(&self, name: StringId) -> Cow<'_, str> {
        match self.further_name(name) {
            Some(text) => text.exact(),
            None => exact(self.graph.strings(), name),
        }
    }

    fn further_name(&self, name: StringId) -> Option<&'a Text> {
        let at = (name.0 as usize).checked_sub(self.graph.strings().len())?;
        self.further.get(at)
    }
}
