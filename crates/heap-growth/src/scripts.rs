//! One graph into the scripts that its functions, contexts and instances come from.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use stanch_heap_graph::{EdgeKind, EdgeName, HeapGraph, NodeKind, Ordinal};

use crate::anchor::Origin;

/// A position in a script as V8 counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScriptPlace {
    /// V8's number of the script; only valid within its process.
    pub script_id: u32,
    /// The script's URL or path, as V8 knows it; empty when unknown.
    pub url: String,
    /// Line, counted from 0.
    pub line: u32,
    /// Column in UTF-16 units, counted from 0.
    pub column: u32,
}

/// Where functions, contexts and instances of one heap were written.
#[derive(Debug)]
pub struct Scripts<'g> {
    graph: &'g HeapGraph,
    urls: HashMap<u32, String>,
    /// Whose code the scripts of `urls` are.
    origins: HashMap<u32, Origin>,
    /// For each context, a function that closes over it.
    functions: HashMap<Ordinal, Ordinal>,
}

impl<'g> Scripts<'g> {
    /// Looks at every function of `graph` once.
    #[must_use]
    pub fn of(graph: &'g HeapGraph) -> Self {
        let mut scripts = Self {
            graph,
            urls: HashMap::new(),
            origins: HashMap::new(),
            functions: HashMap::new(),
        };
        for closure in graph
            .ordinals()
            .filter(|&ordinal| graph.kind(ordinal) == NodeKind::Closure)
        {
            scripts.add(closure);
        }
        scripts.add_outer_contexts();
        scripts
    }

    fn add(&mut self, closure: Ordinal) {
        let Some(location) = self.graph.location(closure) else {
            return;
        };
        if let Some(context) = internal_target(self.graph, closure, "context") {
            // The outermost function says most about a context, so the first in the script's order is kept.
            let graph = self.graph;
            let first = self.functions.entry(context).or_insert(closure);
            let position = |node| graph.location(node).map(|place| (place.line, place.column));
            if position(closure) < position(*first) {
                *first = closure;
            }
        }
        if !self.urls.contains_key(&location.script_id)
            && let Some(url) = self.url_of(closure)
        {
            let origin = Origin::of_url(&url);
            self.origins.insert(location.script_id, origin);
            self.urls.insert(location.script_id, url);
        }
    }

    /// Contexts in which no function was created directly, but around which others were.
    fn add_outer_contexts(&mut self) {
        let known: Vec<(Ordinal, Ordinal)> = self
            .functions
            .iter()
            .map(|(context, function)| (*context, *function))
            .collect();
        for (context, function) in known {
            let mut inner = context;
            while let Some(outer) = internal_target(self.graph, inner, "previous") {
                if self.graph.kind(outer) != NodeKind::Object || self.functions.contains_key(&outer)
                {
                    break;
                }
                self.functions.insert(outer, function);
                inner = outer;
            }
        }
    }

    fn url_of(&self, closure: Ordinal) -> Option<String> {
        let shared = internal_target(self.graph, closure, "shared")?;
        // Named after both of its uses up to V8 12, after one since.
        let script = internal_target(self.graph, shared, "script_or_debug_info")
            .or_else(|| internal_target(self.graph, shared, "script"))?;
        let name = self.graph.name(script);
        (!name.is_empty() && !name.starts_with("system / ")).then(|| name.to_owned())
    }

    /// Where the function, or the constructor of the instance, `node` was written.
    #[must_use]
    pub fn place(&self, node: Ordinal) -> Option<ScriptPlace> {
        let location = self.graph.location(node)?;
        let url = self
            .urls
            .get(&location.script_id)
            .cloned()
            .unwrap_or_default();
        Some(ScriptPlace {
            script_id: location.script_id,
            url,
            line: location.line,
            column: location.column,
        })
    }

    /// A function that sees the variables of `context`.
    #[must_use]
    pub fn function_in(&self, context: Ordinal) -> Option<ScriptPlace> {
        self.place(*self.functions.get(&context)?)
    }

    /// URLs or paths of scripts that readers can open, in order.
    #[must_use]
    pub fn readable_urls(&self) -> Vec<String> {
        let readable = self
            .urls
            .values()
            .filter(|url| Origin::of_url(url).is_readable());
        let mut urls: Vec<String> = readable.cloned().collect();
        urls.sort_unstable();
        urls.dedup();
        urls
    }

    /// Whose code the function, instance or context `node` is.
    #[must_use]
    pub fn origin(&self, node: Ordinal) -> &Origin {
        static UNKNOWN: Origin = Origin::Unknown;
        let written = if is_context(self.graph, node) {
            self.functions.get(&node).copied()
        } else {
            Some(node)
        };
        let place = written.and_then(|node| self.graph.location(node));
        let origin = place.and_then(|place| self.origins.get(&place.script_id));
        origin.unwrap_or(&UNKNOWN)
    }
}

/// Whether `node` is a scope's variables: V8 calls them contexts.
pub(crate) fn is_context(graph: &HeapGraph, node: Ordinal) -> bool {
    graph.kind(node) != NodeKind::Hidden && graph.name(node).starts_with("system / Context")
}

/// Whether a context is a block's: V8 names the variables of all others.
pub(crate) fn is_block_context(graph: &HeapGraph, node: Ordinal) -> bool {
    is_context(graph, node) && graph.edges(node).all(|edge| edge.kind != EdgeKind::Context)
}

/// The target of the internal edge called `name`.
pub(crate) fn internal_target(graph: &HeapGraph, from: Ordinal, name: &str) -> Option<Ordinal> {
    graph
        .edges(from)
        .find(|edge| {
            edge.kind == EdgeKind::Internal
                && matches!(edge.name, EdgeName::Name(text) if text == name)
        })
        .map(|edge| edge.to)
}
