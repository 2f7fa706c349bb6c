//! Functions that run again and again: for each request, message or event, and what they call.

use std::collections::{HashMap, HashSet};

use oxc_ast::AstKind;
use oxc_ast::ast::{Expression, FormalParameters, PropertyKey};
use oxc_semantic::NodeId;

use stanch_js_source::{bare, is_function, literal_text};

use crate::file::{File, argument, method};

/// Methods under which frameworks take handlers of requests: express, koa, fastify, hono, restify, `ws`, `net`.
const ROUTES: &[&str] = &[
    "get", "post", "put", "patch", "delete", "del", "head", "options", "all", "use", "route",
    "addHook", "param",
];
/// Events that come once for each unit of work.
const WORK: &[&str] = &[
    "request",
    "connection",
    "secureConnection",
    "session",
    "stream",
    "message",
    "upgrade",
    "connect",
    "job",
    "fetch",
    "checkContinue",
];
/// Functions of packages and of Node whose function argument runs for each request.
const SERVERS: &[&str] = &["createServer", "createSecureServer", "serve", "listen"];
/// Options under which frameworks and consumers of queues take a handler: fastify, hapi, kafkajs.
const HANDLER_OPTIONS: &[&str] = &["handler", "eachMessage", "eachBatch", "fetch"];
/// Names that people give to the parameters of handlers; the first of each, then the second.
const HANDLERS: &[(&[&str], &[&str])] = &[
    (
        &["req", "request", "_req"],
        &["res", "response", "reply", "rep", "_res", "h"],
    ),
    (&["ctx", "context", "c"], &["next"]),
];

/// The functions of a file by how often they run.
#[derive(Debug, Default)]
pub(crate) struct Hot {
    /// Called by a framework or an emitter.
    handlers: HashSet<NodeId>,
    /// Called by a handler, or by what one calls.
    called: HashSet<NodeId>,
}

/// How a function comes to run again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heat {
    /// A framework or an emitter calls it for each request or message.
    Handler,
    /// A handler calls it.
    Called,
}

impl Hot {
    pub(crate) fn of(file: &File<'_, '_>) -> Self {
        let handlers = handlers(file);
        let called = reached(file, &handlers);
        Self { handlers, called }
    }

    /// Whether a function, or one around it, is hot.
    pub(crate) fn at_function(&self, file: &File<'_, '_>, function: NodeId) -> bool {
        self.handlers.contains(&function)
            || self.called.contains(&function)
            || self.at(file, function).is_some()
    }

    /// How the code at a node comes to run again and again, if it does: it or a function around it is hot.
    pub(crate) fn at(&self, file: &File<'_, '_>, node: NodeId) -> Option<Heat> {
        let mut around = file.function_around(node);
        let mut heat = None;
        while let Some(function) = around {
            if self.handlers.contains(&function) {
                return Some(Heat::Handler);
            }
            if self.called.contains(&function) {
                heat = Some(Heat::Called);
            }
            around = file.function_around(function);
        }
        heat
    }
}

fn handlers(file: &File<'_, '_>) -> HashSet<NodeId> {
    let mut found = HashSet::new();
    for (_, call) in file.calls() {
        let takes_handlers = match method(call) {
            Some((_, name)) if ROUTES.contains(&name) => true,
            Some((_, "on" | "addListener" | "addEventListener")) => argument(call, 0)
                .and_then(literal_text)
                .is_some_and(|event| WORK.contains(&event)),
            Some((_, name)) => SERVERS.contains(&name),
            None => {
                matches!(bare(&call.callee), Expression::Identifier(callee) if SERVERS.contains(&callee.name.as_str()))
            }
        };
        if takes_handlers {
            let arguments = (0..call.arguments.len()).filter_map(|at| argument(call, at));
            found.extend(arguments.filter_map(|argument| file.callable(argument)));
        }
    }
    for node in file.nodes().iter() {
        let parameters = match node.kind() {
            kind if is_said_to_be_hot(file, node.id(), kind) => {
                found.insert(node.id());
                continue;
            }
            AstKind::Function(function) => &function.params,
            AstKind::ArrowFunctionExpression(arrow) => &arrow.params,
            AstKind::ObjectProperty(property)
                if HANDLER_OPTIONS
                    .iter()
                    .any(|name| is_named(&property.key, name)) =>
            {
                found.extend(file.callable(&property.value));
                continue;
            }
            _ => continue,
        };
        if has_names_of_a_handler(parameters) {
            found.insert(node.id());
        }
    }
    found
}

/// Whether the project's configuration names this function.
fn is_said_to_be_hot(file: &File<'_, '_>, node: NodeId, kind: AstKind<'_>) -> bool {
    let said = &file.options.hot_functions;
    !said.is_empty() && is_function(kind) && said.contains(&file.parsed.function_ref(node).label())
}

fn is_named(key: &PropertyKey<'_>, name: &str) -> bool {
    key.static_name().is_some_and(|own| own == name)
}

fn has_names_of_a_handler(parameters: &FormalParameters<'_>) -> bool {
    let name = |at: usize| {
        let parameter = parameters.items.get(at)?;
        parameter.pattern.get_identifier_name()
    };
    HANDLERS.iter().any(|(first, second)| {
        let has = |at, names: &[&str]| name(at).is_some_and(|name| names.contains(&name.as_str()));
        has(0, first) && has(1, second)
    })
}

/// The functions that others call, from `roots` on, as far as the file shows.
fn reached(file: &File<'_, '_>, roots: &HashSet<NodeId>) -> HashSet<NodeId> {
    let mut calls: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
    for (node, call) in file.calls() {
        if let (Some(from), Some(to)) = (file.function_around(*node), file.callable(&call.callee)) {
            calls.entry(from).or_default().push(to);
        }
    }
    let mut reached = HashSet::new();
    let mut open: Vec<NodeId> = roots.iter().copied().collect();
    while let Some(function) = open.pop() {
        for called in calls.get(&function).into_iter().flatten() {
            if !roots.contains(called) && reached.insert(*called) {
                open.push(*called);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use stanch_js_source::SourceText;

    use crate::options::Options;

    /// Whether the interval of that text counts as started again and again.
    fn check(hot: &str, text: &str, expected: bool) {
        let options = Options {
            hot_functions: BTreeSet::from([hot.to_owned()]),
            in_full: BTreeSet::from(["uncleared-interval".to_owned()]),
            ..Options::default()
        };
        let source = SourceText::new("poll.ts", text);
        let found = crate::lint_under(&source, &options, |rule| rule.id == "uncleared-interval");
        assert_eq!(!found.is_empty(), expected, "{hot} in {text}");
    }

    #[test]
    fn functions_that_the_configuration_names_are_hot() {
        let text =
            "function poll(job) { setInterval(() => job.look(), 1000); } globalThis.poll = poll;";
        check("poll", text, true);
        check("poll2", text, false);
        let text = "class Jobs { start(job) { setInterval(() => job.look(), 1000); } }";
        check("Jobs.start", text, true);
        check("start", text, false);
    }
}
