//! A member of a holder into the functions below it, and what their scopes keep.

use std::collections::{HashMap, HashSet, VecDeque};

use stanch_heap_graph::{EdgeKind, EdgeName, HeapGraph, NodeKind, Ordinal};

use crate::age::Ages;
use crate::anchor::Origin;
use crate::growing_holder::MemberPlace;
use crate::scripts::{ScriptPlace, Scripts, internal_target};

/// Newcomers looked at below one member; a record with some functions in it is far smaller.
const LOOKED_AT: usize = 80;

/// Bytes by the variable that keeps them and the function whose scope has it, and one value of that variable.
pub(crate) type Captures = HashMap<(String, ScriptPlace), (u64, Ordinal)>;

/// The newcomers below one member, nearest first.
pub(crate) struct Below<'a, 'g> {
    graph: &'a HeapGraph,
    scripts: &'a Scripts<'g>,
    ages: &'a Ages<'a>,
    captured: u64,
    captures: &'a mut Captures,
}

impl<'a, 'g> Below<'a, 'g> {
    pub(crate) fn new(
        graph: &'a HeapGraph,
        scripts: &'a Scripts<'g>,
        ages: &'a Ages<'a>,
        captures: &'a mut Captures,
    ) -> Self {
        Self {
            graph,
            scripts,
            ages,
            captured: 0,
            captures,
        }
    }

    /// Bytes that the scopes of the functions met so far retain.
    pub(crate) const fn captured(&self) -> u64 {
        self.captured
    }

    /// Adds up what functions keep and returns the functions of readable code, nearest first, each place once.
    pub(crate) fn walk(&mut self, member: Ordinal) -> Vec<MemberPlace> {
        let mut seen = HashSet::from([member]);
        let mut queue = VecDeque::from([member]);
        let mut functions: Vec<MemberPlace> = Vec::new();
        let mut add = |function: Option<MemberPlace>| {
            if let Some(function) = function
                && functions.iter().all(|known| known.place != function.place)
            {
                functions.push(function);
            }
        };
        while let Some(node) = queue.pop_front() {
            if self.graph.kind(node) == NodeKind::Closure {
                add(self.function(node));
                if let Some(context) = internal_target(self.graph, node, "context") {
                    self.add_captures(node, context, &seen);
                }
            }
            for edge in self.graph.edges(node) {
                let hidden_shape = matches!(edge.name, EdgeName::Name("map" | "__proto__"));
                if edge.kind == EdgeKind::Weak || hidden_shape || seen.len() >= LOOKED_AT {
                    continue;
                }
                let newcomer = self.ages.step_of_bytes(edge.to).is_some();
                let is_function = self.graph.kind(edge.to) == NodeKind::Closure;
                if (newcomer || is_function) && seen.insert(edge.to) {
                    if newcomer {
                        queue.push_back(edge.to);
                    } else {
                        add(self.function(edge.to));
                    }
                }
            }
        }
        functions
    }

    fn function(&self, closure: Ordinal) -> Option<MemberPlace> {
        let place = self.scripts.place(closure)?;
        let name = self.graph.name(closure).to_owned();
        Origin::of_url(&place.url)
            .is_readable()
            .then_some(MemberPlace {
                place,
                name,
                count: 1,
                is_class: false,
            })
    }

    /// The class of readable code that a member is an instance of.
    pub(crate) fn class_of(&self, member: Ordinal) -> Option<MemberPlace> {
        let place = self.scripts.place(member)?;
        let name = self.graph.name(member).to_owned();
        Origin::of_url(&place.url)
            .is_readable()
            .then_some(MemberPlace {
                place,
                name,
                count: 1,
                is_class: true,
            })
    }

    fn add_captures(&mut self, closure: Ordinal, context: Ordinal, seen: &HashSet<Ordinal>) {
        if self.ages.step(context).is_none() || seen.contains(&context) {
            return;
        }
        self.captured += self.graph.retained_size(context);
        let Some(place) = self.scripts.place(closure) else {
            return;
        };
        for edge in self
            .graph
            .edges(context)
            .filter(|edge| edge.kind == EdgeKind::Context)
        {
            let EdgeName::Name(variable) = edge.name else {
                continue;
            };
            if self.ages.step_of_bytes(edge.to).is_some() {
                let entry = self
                    .captures
                    .entry((variable.to_owned(), place.clone()))
                    .or_insert((0, edge.to));
                entry.0 += self.graph.retained_size(edge.to);
            }
        }
    }
}
