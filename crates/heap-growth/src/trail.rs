//! From a holder upward: the chain of retainers that a reader of the sources understands best.
//!
//! The shortest path is often not the cause: it runs through Node's timers and V8's tables. Here every step has a
//! price, low for what has a name in the sources, and the cheapest chain to a variable of the service wins.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;
use stanch_heap_graph::{EdgeKind, EdgeName, HeapGraph, NodeKind, Ordinal, Retainer};

use crate::age::{Ages, is_store};
use crate::anchor::{BlockSlot, Origin};
use crate::scripts::{Scripts, is_block_context, is_context};

/// Nodes that one search may visit: a fraction of a second, and far more than a named holder needs.
const VISITED: usize = 200_000;

/// The price of the cheapest step there is.
const LEAST_STEP: u32 = 1;

/// One step of a trail: `from` holds what the step before it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) from: Ordinal,
    pub(crate) to: Ordinal,
    pub(crate) kind: LinkKind,
}

/// How an object is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkKind {
    /// By a variable of a scope.
    Variable(String),
    /// By a variable of a block's scope.
    BlockVariable(BlockSlot),
    /// By an exported variable of an ES module; `from` is the module's context.
    Export(String),
    /// By a named property.
    Property(String),
    /// By a property of the global object.
    Global(String),
    /// As what a CommonJS module exports; the module's file.
    ModuleExports(String),
    /// As an element or entry.
    Entry,
    /// By a field of V8's own.
    Internal(String),
}

/// The chain of retainers from a holder upward, the holder's own retainer first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Trail {
    pub(crate) links: Vec<Link>,
}

/// Finds trails in one graph.
#[derive(Debug)]
pub(crate) struct Trails<'a> {
    pub(crate) graph: &'a HeapGraph,
    pub(crate) scripts: &'a Scripts<'a>,
    pub(crate) ages: &'a Ages<'a>,
}

/// How an object is held, in the graph's own words: a search passes by far more than it tells of.
#[derive(Debug, Clone, Copy)]
enum Way<'g> {
    Variable(&'g str),
    BlockVariable,
    Export(&'g str),
    Property(&'g str),
    Global(&'g str),
    ModuleExports(&'g str),
    Entry,
    Internal(EdgeName<'g>),
}

/// A step of a search: `to` is held by the retainer at this place of its list.
#[derive(Debug, Clone, Copy)]
struct Came {
    to: Ordinal,
    retainer: u32,
}

/// Where a search may end, and what that adds to its price.
enum End {
    Here(u32),
    Further,
}

impl<'a> Trails<'a> {
    /// The cheapest trail from `holder` to a variable, export or global of the service; else of a package; else to a root.
    pub(crate) fn from(&self, holder: Ordinal) -> Trail {
        let start = Came {
            to: holder,
            retainer: 0,
        };
        let mut met = FxHashMap::from_iter([(holder, (0_u32, start))]);
        let mut queue = BinaryHeap::from([(Reverse(0_u32), holder)]);
        let mut best: Option<(u32, Came)> = None;
        while let Some((Reverse(price), node)) = queue.pop() {
            if best.as_ref().is_some_and(|(end, _)| *end <= price) || met.len() > VISITED {
                break;
            }
            if met[&node].0 < price {
                continue;
            }
            let sources = self.graph.retainer_sources(node);
            for (at, &from) in (0_u32..).zip(&sources) {
                let least = price + LEAST_STEP;
                let is_known = || met.get(&from).is_some_and(|(known, _)| *known <= least);
                // What only the holder keeps alive cannot be what keeps the holder alive.
                if self.ages.dominates(holder, from)
                    || best.as_ref().is_some_and(|(end, _)| *end <= least) && is_known()
                {
                    continue;
                }
                let retainer = self.graph.retainer_at(node, &sources, at as usize);
                let Some((way, step)) = self.way(node, &retainer) else {
                    continue;
                };
                let reached = price + step;
                let end = match self.end(way, from, node) {
                    End::Here(extra) => Some(reached + extra),
                    End::Further => None,
                };
                let end = end.filter(|end| best.as_ref().is_none_or(|(least, _)| end < least));
                let is_nearer = met.get(&from).is_none_or(|(known, _)| reached < *known)
                    && !self.is_dead_end(way, from);
                if end.is_none() && !is_nearer {
                    continue;
                }
                let came = Came {
                    to: node,
                    retainer: at,
                };
                if let Some(end) = end {
                    best = Some((end, came));
                }
                if is_nearer {
                    met.insert(from, (reached, came));
                    queue.push((Reverse(reached), from));
                }
            }
        }
        best.map_or_else(Trail::default, |(_, last)| {
            self.trail_to(holder, last, &met)
        })
    }

    fn trail_to(
        &self,
        holder: Ordinal,
        last: Came,
        met: &FxHashMap<Ordinal, (u32, Came)>,
    ) -> Trail {
        let mut links: Vec<Link> = self.link(last).into_iter().collect();
        while let Some(link) = links.last()
            && link.to != holder
            && let Some((_, next)) = met.get(&link.to)
        {
            links.extend(self.link(*next));
        }
        links.reverse();
        Trail { links }
    }

    fn link(&self, came: Came) -> Option<Link> {
        let Came { to, retainer } = came;
        let sources = self.graph.retainer_sources(to);
        let retainer = self.graph.retainer_at(to, &sources, retainer as usize);
        let from = retainer.from;
        let (way, _) = self.way_and_price(to, &retainer);
        let kind = self.told(way, from, to);
        Some(Link { from, to, kind })
    }

    fn told(&self, way: Way<'_>, from: Ordinal, to: Ordinal) -> LinkKind {
        match way {
            Way::Variable(name) => LinkKind::Variable(name.to_owned()),
            Way::BlockVariable => LinkKind::BlockVariable(self.block_slot(from, to)),
            Way::Export(name) => LinkKind::Export(name.to_owned()),
            Way::Property(name) => LinkKind::Property(name.to_owned()),
            Way::Global(name) => LinkKind::Global(name.to_owned()),
            Way::ModuleExports(file) => LinkKind::ModuleExports(file.to_owned()),
            Way::Entry => LinkKind::Entry,
            Way::Internal(EdgeName::Name(name)) => LinkKind::Internal(name.to_owned()),
            Way::Internal(EdgeName::Index(index)) => LinkKind::Internal(index.to_string()),
        }
    }

    /// How a retainer holds `to`, and the price of going there; none if a trail does not go there.
    fn way(&self, to: Ordinal, retainer: &Retainer<'a>) -> Option<(Way<'a>, u32)> {
        let from = retainer.from;
        // V8's roots hold what the program's globals also hold by edges that dominators do not count.
        // A WeakMap's table does not keep its values, but it is what the sources have a name for.
        let counts = retainer.essential
            || self.graph.kind(from) == NodeKind::Synthetic
            || matches!(retainer.name, EdgeName::Name(name) if is_weak_pair(name) && is_store(self.graph, from));
        if retainer.kind == EdgeKind::Weak || !counts {
            return None;
        }
        if matches!(
            self.graph.kind(from),
            NodeKind::Code | NodeKind::ObjectShape
        ) || !self.ages.is_settled(from)
        {
            return None;
        }
        Some(self.way_and_price(to, retainer))
    }

    /// The step from `top`, which a named slot of `owner` holds, to `owner`.
    pub(crate) fn slot_link(&self, owner: Ordinal, top: Ordinal) -> Option<Link> {
        self.graph
            .retainers(top)
            .filter(|retainer| retainer.from == owner)
            .filter(|retainer| {
                matches!(retainer.kind, EdgeKind::Context | EdgeKind::Property)
                    || (retainer.kind == EdgeKind::Hidden && is_block_context(self.graph, owner))
            })
            .map(|retainer| Link {
                from: owner,
                to: top,
                kind: self.told(self.way_and_price(top, &retainer).0, owner, top),
            })
            .next()
    }

    fn way_and_price(&self, to: Ordinal, retainer: &Retainer<'a>) -> (Way<'a>, u32) {
        let from = retainer.from;
        match (retainer.kind, retainer.name) {
            (EdgeKind::Context, EdgeName::Name(name)) => (Way::Variable(name), 1),
            (EdgeKind::Property, EdgeName::Name(name)) => self.property(from, name),
            // A class of a block has a name of its own.
            (EdgeKind::Hidden, EdgeName::Index(_))
                if is_block_context(self.graph, from)
                    && self.graph.kind(to) != NodeKind::Closure =>
            {
                (Way::BlockVariable, 1)
            }
            (EdgeKind::Element, _) => (Way::Entry, 2),
            (EdgeKind::Internal, EdgeName::Name("value"))
                if self.graph.name(from) == "system / Cell" =>
            {
                self.export_entry(from)
                    .map_or((Way::Internal(retainer.name), 6), |(_, name)| {
                        (Way::Export(name), 1)
                    })
            }
            (_, name) => (Way::Internal(name), self.internal_price(from, to, name)),
        }
    }

    fn block_slot(&self, context: Ordinal, value: Ordinal) -> BlockSlot {
        let class = self.graph.name(value);
        let values = self.graph.edges(context);
        let alike: Vec<Ordinal> = values
            .filter(|edge| edge.kind == EdgeKind::Hidden && self.graph.name(edge.to) == class)
            .map(|edge| edge.to)
            .collect();
        BlockSlot {
            class: class.to_owned(),
            nth: alike.iter().take_while(|other| **other != value).count(),
            of: alike.len(),
        }
    }

    fn internal_price(&self, from: Ordinal, to: Ordinal, name: EdgeName<'_>) -> u32 {
        if is_store(self.graph, from) || is_store(self.graph, to) {
            1
        } else if matches!(name, EdgeName::Name(name) if is_weak_pair(name)) {
            12
        } else if is_context(self.graph, to) {
            3
        } else {
            6
        }
    }

    fn property(&self, from: Ordinal, name: &'a str) -> (Way<'a>, u32) {
        let global = self.graph.kind(from) == NodeKind::Object && {
            let class = self.graph.name(from);
            class == "global" || class.starts_with("global ") || class == "globalThis"
        };
        if global {
            return (Way::Global(name), 2);
        }
        if name == "exports"
            && self.graph.name(from) == "Module"
            && let Some(file) = self
                .text_property(from, "filename")
                .or_else(|| self.text_property(from, "id"))
        {
            return (Way::ModuleExports(file), 1);
        }
        let price = match name {
            "__proto__" | "constructor" | "prototype" | "parent" | "children" => 30,
            _ if name.starts_with('<') => 6,
            _ => 1,
        };
        (Way::Property(name), price)
    }

    fn text_property(&self, from: Ordinal, name: &str) -> Option<&'a str> {
        let edge = self
            .graph
            .edges(from)
            .find(|edge| matches!(edge.name, EdgeName::Name(text) if text == name))?;
        let is_text = self.graph.kind(edge.to) == NodeKind::String;
        is_text.then(|| self.graph.name(edge.to))
    }

    /// Exported variables live in cells. The table of exports that lists `cell`, and the name before it there; modules that import it list it without a name.
    fn export_entry(&self, cell: Ordinal) -> Option<(Ordinal, &'a str)> {
        self.graph.retainers(cell).find_map(|retainer| {
            let table = retainer.from;
            let before = slot_number(&retainer.name)?.checked_sub(1)?;
            if !is_store(self.graph, table) {
                return None;
            }
            let mut edges = self.graph.edges(table);
            let key = edges
                .find(|edge| slot_number(&edge.name) == Some(before))?
                .to;
            let is_name = self.graph.kind(key) == NodeKind::String;
            is_name.then(|| (table, self.graph.name(key)))
        })
    }

    /// The context of the module whose export table lists `cell`.
    pub(crate) fn module_context(&self, cell: Ordinal) -> Option<Ordinal> {
        let (table, _) = self.export_entry(cell)?;
        self.graph
            .retainers(table)
            .filter(|retainer| self.graph.name(retainer.from) == "system / SourceTextModule")
            .flat_map(|module| self.graph.retainers(module.from))
            .find(|retainer| is_context(self.graph, retainer.from))
            .map(|retainer| retainer.from)
    }

    /// Ends cost more the less a reader can do about them.
    fn end(&self, way: Way<'_>, from: Ordinal, to: Ordinal) -> End {
        match way {
            Way::Variable(_) | Way::BlockVariable => match self.scripts.origin(from) {
                Origin::User => End::Here(0),
                Origin::Package(_) => End::Here(40),
                Origin::Runtime | Origin::Unknown => End::Here(60),
            },
            Way::Export(_) => {
                let module = self.module_context(from);
                let module = module.map(|context| self.scripts.origin(context));
                End::Here(match module {
                    Some(Origin::Package(_)) => 40,
                    _ => 0,
                })
            }
            // Everything hangs on some built-in function in the end.
            Way::Global(_) if self.is_runtime_function(to) => End::Further,
            Way::Global(_) => End::Here(4),
            Way::ModuleExports(file) => End::Here(if Origin::of_url(file) == Origin::User {
                4
            } else {
                44
            }),
            _ if self.graph.kind(from) == NodeKind::Synthetic => End::Here(100),
            _ => End::Further,
        }
    }

    fn is_runtime_function(&self, node: Ordinal) -> bool {
        self.graph.kind(node) == NodeKind::Closure && !self.scripts.origin(node).is_readable()
    }

    /// Beyond these a trail says nothing more about the holder.
    fn is_dead_end(&self, way: Way<'_>, from: Ordinal) -> bool {
        match way {
            // Node's own modules hold, and are held by, everything.
            Way::Variable(_) | Way::BlockVariable => {
                matches!(self.scripts.origin(from), Origin::User | Origin::Runtime)
            }
            Way::Export(_) | Way::Global(_) | Way::ModuleExports(_) => true,
            _ => self.graph.kind(from) == NodeKind::Synthetic,
        }
    }
}

/// How V8 names the edges of a WeakMap's entries.
pub(crate) fn is_weak_pair(name: &str) -> bool {
    name.contains(" / part of key (")
}

fn slot_number(name: &EdgeName<'_>) -> Option<u32> {
    match name {
        EdgeName::Index(number) => Some(*number),
        EdgeName::Name(text) => text.parse().ok(),
    }
}
