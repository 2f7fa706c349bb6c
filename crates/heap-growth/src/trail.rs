//! From a holder upward: the chain of retainers that a reader of the sources understands best.
//!
//! The shortest path is often not the cause: it runs through Node's timers and V8's tables. Here every step has a
//! price, low for what has a name in the sources, and the cheapest chain to a variable of the service wins.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use stanch_heap_graph::{EdgeKind, EdgeName, HeapGraph, NodeKind, Ordinal, Retainer};

use crate::age::{Ages, is_store};
use crate::anchor::{BlockSlot, Origin};
use crate::scripts::{Scripts, is_block_context, is_context};

/// Nodes that one search may visit: a fraction of a second, and far more than a named holder needs.
const VISITED: usize = 200_000;

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
    pub(crate) ages: &'a Ages,
}

/// Where a search may end, and what that adds to its price.
enum End {
    Here(u32),
    Further,
}

impl Trails<'_> {
    /// The cheapest trail from `holder` to a variable, export or global of the service; else of a package; else to a root.
    pub(crate) fn from(&self, holder: Ordinal) -> Trail {
        let mut prices = HashMap::from([(holder, 0_u32)]);
        let mut came_by: HashMap<Ordinal, Link> = HashMap::new();
        let mut queue = BinaryHeap::from([(Reverse(0_u32), holder)]);
        let mut best: Option<(u32, Link)> = None;
        while let Some((Reverse(price), node)) = queue.pop() {
            if best.as_ref().is_some_and(|(end, _)| *end <= price) || prices.len() > VISITED {
                break;
            }
            if prices[&node] < price {
                continue;
            }
            for retainer in self.graph.retainers(node) {
                let Some((link, step)) = self.link(node, &retainer) else {
                    continue;
                };
                // What only the holder keeps alive cannot be what keeps the holder alive.
                if self.ages.dominates(holder, link.from) {
                    continue;
                }
                let reached = price + step;
                if let End::Here(extra) = self.end(&link)
                    && best.as_ref().is_none_or(|(end, _)| reached + extra < *end)
                {
                    best = Some((reached + extra, link.clone()));
                }
                if self.is_dead_end(&link)
                    || prices
                        .get(&link.from)
                        .is_some_and(|known| *known <= reached)
                {
                    continue;
                }
                prices.insert(link.from, reached);
                queue.push((Reverse(reached), link.from));
                came_by.insert(link.from, link);
            }
        }
        best.map_or_else(Trail::default, |(_, last)| trail_to(holder, last, &came_by))
    }

    fn link(&self, to: Ordinal, retainer: &Retainer<'_>) -> Option<(Link, u32)> {
        let from = retainer.from;
        // V8's roots hold what the program's globals also hold by edges that dominators do not count.
        let counts = retainer.essential || self.graph.kind(from) == NodeKind::Synthetic;
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
        let (kind, price) = self.kind_and_price(to, retainer);
        Some((Link { from, to, kind }, price))
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
                kind: self.kind_and_price(top, &retainer).0,
            })
            .next()
    }

    fn kind_and_price(&self, to: Ordinal, retainer: &Retainer<'_>) -> (LinkKind, u32) {
        let from = retainer.from;
        match (&retainer.kind, &retainer.name) {
            (EdgeKind::Context, EdgeName::Name(name)) => {
                (LinkKind::Variable((*name).to_owned()), 1)
            }
            (EdgeKind::Property, EdgeName::Name(name)) => self.property(from, name),
            (EdgeKind::Hidden, EdgeName::Index(_)) if is_block_context(self.graph, from) => {
                (LinkKind::BlockVariable(self.block_slot(from, to)), 1)
            }
            (EdgeKind::Element, _) => (LinkKind::Entry, 2),
            (EdgeKind::Internal, EdgeName::Name("value"))
                if self.graph.name(from) == "system / Cell" =>
            {
                self.export(from)
                    .map_or((LinkKind::Internal("value".to_owned()), 6), |link| {
                        (link, 1)
                    })
            }
            (_, name) => {
                let text = match name {
                    EdgeName::Name(text) => (*text).to_owned(),
                    EdgeName::Index(number) => number.to_string(),
                };
                let price = self.internal_price(from, to, &text);
                (LinkKind::Internal(text), price)
            }
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

    fn internal_price(&self, from: Ordinal, to: Ordinal, name: &str) -> u32 {
        if is_store(self.graph, from) || is_store(self.graph, to) {
            1
        } else if is_weak_pair(name) {
            12
        } else if is_context(self.graph, to) {
            3
        } else {
            6
        }
    }

    fn property(&self, from: Ordinal, name: &str) -> (LinkKind, u32) {
        let global = self.graph.kind(from) == NodeKind::Object && {
            let class = self.graph.name(from);
            class == "global" || class.starts_with("global ") || class == "globalThis"
        };
        if global {
            return (LinkKind::Global(name.to_owned()), 2);
        }
        if name == "exports"
            && self.graph.name(from) == "Module"
            && let Some(file) = self
                .text_property(from, "filename")
                .or_else(|| self.text_property(from, "id"))
        {
            return (LinkKind::ModuleExports(file), 1);
        }
        let price = match name {
            "__proto__" | "constructor" | "prototype" | "parent" | "children" => 30,
            _ if name.starts_with('<') => 6,
            _ => 1,
        };
        (LinkKind::Property(name.to_owned()), price)
    }

    fn text_property(&self, from: Ordinal, name: &str) -> Option<String> {
        let edge = self
            .graph
            .edges(from)
            .find(|edge| matches!(edge.name, EdgeName::Name(text) if text == name))?;
        let is_text = self.graph.kind(edge.to) == NodeKind::String;
        is_text.then(|| self.graph.name(edge.to).to_owned())
    }

    /// Exported variables live in cells that the module's table of exports lists behind their names.
    fn export(&self, cell: Ordinal) -> Option<LinkKind> {
        let (_, name) = self.export_entry(cell)?;
        Some(LinkKind::Export(name))
    }

    /// The table of exports that lists `cell`, and the name there. Modules that import it list it without a name.
    fn export_entry(&self, cell: Ordinal) -> Option<(Ordinal, String)> {
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
            is_name.then(|| (table, self.graph.name(key).to_owned()))
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
    fn end(&self, link: &Link) -> End {
        match &link.kind {
            LinkKind::Variable(_) | LinkKind::BlockVariable(_) => {
                match self.scripts.origin(link.from) {
                    Origin::User => End::Here(0),
                    Origin::Package(_) => End::Here(40),
                    Origin::Runtime | Origin::Unknown => End::Here(60),
                }
            }
            LinkKind::Export(_) => {
                let module = self
                    .module_context(link.from)
                    .map_or(Origin::Unknown, |context| self.scripts.origin(context));
                End::Here(if matches!(module, Origin::Package(_)) {
                    40
                } else {
                    0
                })
            }
            // Everything hangs on some built-in function in the end.
            LinkKind::Global(_) if self.is_runtime_function(link.to) => End::Further,
            LinkKind::Global(_) => End::Here(4),
            LinkKind::ModuleExports(file) => End::Here(if Origin::of_url(file) == Origin::User {
                4
            } else {
                44
            }),
            _ if self.graph.kind(link.from) == NodeKind::Synthetic => End::Here(100),
            _ => End::Further,
        }
    }

    fn is_runtime_function(&self, node: Ordinal) -> bool {
        self.graph.kind(node) == NodeKind::Closure && !self.scripts.origin(node).is_readable()
    }

    /// Beyond these a trail says nothing more about the holder.
    fn is_dead_end(&self, link: &Link) -> bool {
        match &link.kind {
            // Node's own modules hold, and are held by, everything.
            LinkKind::Variable(_) | LinkKind::BlockVariable(_) => matches!(
                self.scripts.origin(link.from),
                Origin::User | Origin::Runtime
            ),
            LinkKind::Export(_) | LinkKind::Global(_) | LinkKind::ModuleExports(_) => true,
            _ => self.graph.kind(link.from) == NodeKind::Synthetic,
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

fn trail_to(holder: Ordinal, last: Link, came_by: &HashMap<Ordinal, Link>) -> Trail {
    let mut links = vec![last];
    while let Some(link) = links.last()
        && link.to != holder
        && let Some(next) = came_by.get(&link.to)
    {
        links.push(next.clone());
    }
    links.reverse();
    Trail { links }
}
