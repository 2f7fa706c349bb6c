//! Two graphs of one process into what came and what went, class by class.

use std::collections::{HashMap, HashSet};

use stanch_heap_snapshot::StringId;

use crate::HeapGraph;
use crate::class_table::{Class, classes};
use crate::interfaces::{PlainObjects, Text};
use crate::names::Names;

/// What happened to the objects of one class between two snapshots.
///
/// Objects are told apart by id. One that merely grew is in both snapshots and so in neither count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassChange {
    /// The class, as in [`ClassRow::key`](crate::ClassRow::key).
    pub key: String,
    /// What it is called.
    pub name: String,
    /// Objects only in the current snapshot.
    pub added: u64,
    /// Objects only in the base.
    pub removed: u64,
    /// Self sizes of those added, in bytes.
    pub added_size: u64,
    /// Self sizes of those removed, in bytes.
    pub removed_size: u64,
}

impl ClassChange {
    /// Objects added less objects removed.
    #[must_use]
    pub const fn count_delta(&self) -> i64 {
        self.added.wrapping_sub(self.removed).cast_signed()
    }

    /// Bytes added less bytes removed.
    #[must_use]
    pub const fn size_delta(&self) -> i64 {
        self.added_size
            .wrapping_sub(self.removed_size)
            .cast_signed()
    }
}

/// The classes of which objects came or went, those of the base first.
///
/// Both snapshots must come from one inspector session: ids mean nothing across sessions. The
/// base's plain objects are grouped by the interfaces of `current`.
#[must_use]
pub fn compare(base: &HeapGraph, current: &HeapGraph) -> Vec<ClassChange> {
    let before = regrouped(base, current);
    let after = classes(current, current.class_names().iter(), &[]);
    let positions: HashMap<&str, &Class> = after
        .iter()
        .map(|class| (class.key.as_str(), class))
        .collect();
    let mut met: HashSet<&str> = HashSet::new();
    let mut changes = Vec::new();
    for class in &before {
        let key = class.key.as_str();
        met.insert(key);
        changes.extend(change(
            (base, Some(class)),
            (current, positions.get(key).copied()),
        ));
    }
    for class in after
        .iter()
        .filter(|class| !met.contains(class.key.as_str()))
    {
        changes.extend(change((base, None), (current, Some(class))));
    }
    changes
}

/// The classes of `base`, its plain objects grouped by the interfaces of `current`.
fn regrouped(base: &HeapGraph, current: &HeapGraph) -> Vec<Class> {
    let interfaces = plain_objects(current).interfaces(current.strings());
    let plain = plain_objects(base);
    let matches = plain.matches(base.strings(), &interfaces);
    let further: Vec<Text> = interfaces
        .into_iter()
        .map(|interface| interface.name)
        .collect();
    let snapshot = base.snapshot();
    let mut names: Vec<StringId> = base.class_names().iter().collect();
    for (node, shape) in plain.objects {
        names[node as usize] = match matches[shape as usize] {
            Some(interface) => StringId(snapshot.strings().len() as u32 + interface),
            None => snapshot.nodes().name(node),
        };
    }
    classes(base, names.into_iter(), &further)
}

fn plain_objects(graph: &HeapGraph) -> PlainObjects {
    let snapshot = graph.snapshot();
    PlainObjects::of(snapshot, &Names::of(snapshot))
}

type Side<'a> = (&'a HeapGraph, Option<&'a Class>);

/// Merges the instances of one class by id.
fn change(before: Side<'_>, after: Side<'_>) -> Option<ClassChange> {
    let (old, new) = (by_id(before), by_id(after));
    let (mut added, mut removed) = (Sum::default(), Sum::default());
    let (mut at, mut to) = (0, 0);
    loop {
        match (old.get(at), new.get(to)) {
            (Some(gone), Some(come)) if gone.id == come.id => (at, to) = (at + 1, to + 1),
            (Some(gone), come) if come.is_none_or(|come| gone.id < come.id) => {
                removed.add(gone);
                at += 1;
            }
            (_, Some(come)) => {
                added.add(come);
                to += 1;
            }
            (_, None) => break,
        }
    }
    if added.count == 0 && removed.count == 0 {
        return None;
    }
    let row = after.1.or(before.1).map(|class| &class.row)?;
    let name = match (after.1, old.last()) {
        // A class that is gone is called what the base alone calls its newest instance.
        (None, Some(last)) => before.0.class_name(crate::Ordinal(last.node)).to_owned(),
        _ => row.name.clone(),
    };
    Some(ClassChange {
        key: row.key.clone(),
        name,
        added: added.count,
        removed: removed.count,
        added_size: added.bytes,
        removed_size: removed.bytes,
    })
}

struct Member {
    id: u64,
    node: u32,
    size: u64,
}

fn by_id((graph, class): Side<'_>) -> Vec<Member> {
    let members = class.map_or(&[][..], |class| &class.members);
    let member = |node: &u32| {
        let ordinal = crate::Ordinal(*node);
        Member {
            id: graph.id(ordinal).0,
            node: *node,
            size: graph.self_size(ordinal),
        }
    };
    let mut members: Vec<Member> = members.iter().map(member).collect();
    members.sort_by_key(|member| member.id);
    members
}

#[derive(Default)]
struct Sum {
    count: u64,
    bytes: u64,
}

impl Sum {
    const fn add(&mut self, member: &Member) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(member.size);
    }
}
