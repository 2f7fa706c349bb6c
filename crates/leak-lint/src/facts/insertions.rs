//! A holder into the places that fill it after start-up: their keys, their values, and how often they run.

use oxc_ast::AstKind;
use oxc_ast::ast::{AssignmentTarget, Expression};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{Extent, FoundBy, SiteRole, Value, bare, is_function};

use crate::facts::checks::is_filled_when_empty;
use crate::facts::holders::{Container, Holder, container_of, table_of_containers};
use crate::facts::keys::is_exchange;
use crate::facts::listeners::ADDS;
use crate::facts::streams::event_of;
use crate::file::{File, argument, method};
use crate::project::Calls;

/// A place that fills a holder.
#[derive(Debug, Clone)]
pub(crate) struct Insertion<'a> {
    pub(crate) node: NodeId,
    /// The name or the call where a finding points.
    pub(crate) extent: Extent,
    /// The key, or the member of a set; none where a value is added at an end.
    pub(crate) key: Option<&'a Expression<'a>>,
    /// What is kept under the key, or added.
    pub(crate) values: Vec<&'a Expression<'a>>,
    /// It fills a container that is kept in the holder.
    pub(crate) nested: bool,
    pub(crate) frequency: Calls,
    /// It is in a handler of requests or of connections.
    pub(crate) serves: bool,
    pub(crate) role: SiteRole,
}

/// The places that fill a holder and may run after the module was loaded, in the order of the text.
pub(crate) fn insertions<'a>(file: &File<'_, 'a>, holder: &Holder<'a>) -> Vec<Insertion<'a>> {
    let sites = file.parsed.growth_sites(&holder.reference);
    let has_containers = holder.is_table
        || sites.iter().filter(|site| !site.nested).any(|site| {
            let parts = parts(file, site.node, holder.container);
            let values = parts.map_or_else(Vec::new, |(_, values)| values);
            values.into_iter().any(|value| is_container(file, value))
        });
    let fillers = file.fillers();
    let found = sites.into_iter().filter_map(|site| {
        let frequency = file.frequency(site.node);
        // By its name alone only a property of the application is meant: `req.app.locals.seen`.
        if frequency == Calls::Once
            || site.found_by == FoundBy::Name && !holder.written.contains('.')
            || site.found_by == FoundBy::Name && holder.written.starts_with("this.")
            || is_in_a_filler(file, site.node)
            || site.nested && holder.is_table && is_in_a_field(file, site.node, &holder.written)
            || !site.nested && is_filled_when_empty(file, site.node, &holder.written)
        {
            return None;
        }
        let (key, values) = match (site.nested, holder.container) {
            (false, container) => parts(file, site.node, container)?,
            // What is in it may be a store that looks after itself.
            (true, _) if !has_containers => return None,
            (true, _) => parts_of_any(file, site.node)?,
        };
        Some(Insertion {
            node: site.node,
            extent: site.extent,
            key,
            values,
            nested: site.nested,
            frequency,
            serves: serves(file, site.node),
            role: site.role,
        })
    });
    let mut found: Vec<_> = found.collect();
    let given = fillers.iter().filter(|filler| {
        matches!(holder.container, Container::Map | Container::Object)
            && filler.fills(file, holder)
            && file.frequency(filler.call) != Calls::Once
    });
    found.extend(given.map(|filler| Insertion {
        node: filler.call,
        extent: filler.extent,
        key: Some(filler.key),
        values: Vec::new(),
        nested: false,
        frequency: file.frequency(filler.call),
        serves: serves(file, filler.call),
        role: SiteRole::Inserts,
    }));
    found
}

/// Whether a place fills a container that an object has under a name: `state.users.set(…)`. That is a holder of its own.
fn is_in_a_field(file: &File<'_, '_>, node: NodeId, object: &str) -> bool {
    let filled = match file.kind(node) {
        AstKind::CallExpression(call) => method(call).map(|(of, _)| of.span()),
        AstKind::AssignmentExpression(assignment) => assignment
            .left
            .as_member_expression()
            .map(|member| member.object().span()),
        AstKind::UpdateExpression(update) => update
            .argument
            .as_member_expression()
            .map(|member| member.object().span()),
        _ => None,
    };
    let name = filled.and_then(|filled| {
        let written = file.slice(filled).strip_prefix(object)?;
        written.strip_prefix('.')
    });
    name.is_some_and(|name| name.chars().all(|one| one.is_alphanumeric() || one == '_'))
}

/// Whether a place is in a function that fills what it is given: what it puts in is known where it is called.
fn is_in_a_filler(file: &File<'_, '_>, node: NodeId) -> bool {
    file.project.has_fillers()
        && file.function_around(node).is_some_and(|function| {
            let start = file.kind(function).span().start;
            let fills = file.project.fills(file.index, &Value::Function(start));
            !fills.is_empty()
        })
}

/// Whether a value is a container, or a variable that is given one.
fn is_container<'a>(file: &File<'_, 'a>, value: &Expression<'a>) -> bool {
    if container_of(value).is_some() || table_of_containers(value).is_some() {
        return true;
    }
    let Some(variable) = file.variable(value) else {
        return false;
    };
    let scoping = file.parsed.semantic().scoping();
    let first = match file.kind(scoping.symbol_declaration(variable)) {
        AstKind::VariableDeclarator(declarator) => declarator.init.as_ref(),
        _ => None,
    };
    first.is_some_and(|first| container_of(first).is_some() || table_of_containers(first).is_some())
        || scoping.get_resolved_references(variable).any(|used| {
            matches!(file.kind(file.parent(used.node_id())),
                AstKind::AssignmentExpression(assignment)
                    if used.is_write()
                        && (container_of(&assignment.right).is_some()
                            || table_of_containers(&assignment.right).is_some()))
        })
}

/// Whether a node is in a function that handles requests or connections, by its parameters.
fn serves(file: &File<'_, '_>, node: NodeId) -> bool {
    let mut around = file.nodes().ancestor_ids(node);
    around.any(|around| serves_itself(file, around) || connects(file, around))
}

/// Whether a node is a function that a server calls for each connection: `io.on('connection', (socket) => …)`.
fn connects(file: &File<'_, '_>, node: NodeId) -> bool {
    is_function(file.kind(node)) && heard_event(file, node) == Some("connection")
}

/// Whether a node is such a function.
pub(crate) fn serves_itself(file: &File<'_, '_>, node: NodeId) -> bool {
    let parameters = match file.kind(node) {
        AstKind::Function(function) => &function.params,
        AstKind::ArrowFunctionExpression(arrow) => &arrow.params,
        _ => return false,
    };
    let heard = heard_event(file, node);
    file.is_handler(node)
        && heard.is_none_or(|event| !OF_STREAMS.contains(&event))
        && parameters.items.iter().any(|parameter| {
            let name = parameter.pattern.get_identifier_name();
            let is_plain = name.is_some_and(|name| CALLED_SO.contains(&name.as_str()));
            is_exchange(file, parameter)
                && (is_plain || heard.is_none_or(|event| OF_SERVERS.contains(&event)))
        })
}

/// What streams and processes tell of themselves, be it called `res` where it is heard: `stream.on('data', (c) => …)`.
const OF_STREAMS: &[&str] = &[
    "data", "line", "row", "record", "entry", "chunk", "result", "readable", "end", "close",
    "error", "exit",
];
/// What servers of Node.js tell of each request, and workers.
const OF_SERVERS: &[&str] = &[
    "fetch",
    "request",
    "upgrade",
    "connect",
    "connection",
    "stream",
    "checkContinue",
    "checkExpectation",
];
/// What nobody calls anything else than a request or its context: of a bot's messages, of an event that hands it on.
const CALLED_SO: &[&str] = &["req", "request", "ctx", "context"];

/// The event that an emitter tells a function: `'data'` of `stream.on('data', (chunk) => …)`.
fn heard_event<'a>(file: &File<'_, 'a>, function: NodeId) -> Option<&'a str> {
    let registration = file.parent(function);
    let AstKind::CallExpression(call) = file.kind(registration) else {
        return None;
    };
    method(call).filter(|(_, name)| ADDS.contains(name))?;
    event_of(file, registration, 0)
}

type Parts<'a> = (Option<&'a Expression<'a>>, Vec<&'a Expression<'a>>);

/// Key and values of what is done to such a container; none where that does not fill it.
fn parts<'a>(file: &File<'_, 'a>, node: NodeId, container: Container) -> Option<Parts<'a>> {
    match (file.kind(node), container) {
        (AstKind::CallExpression(call), _) => {
            let name = bare(&call.callee)
                .as_member_expression()?
                .static_property_name()?;
            let given = || {
                let given = (0..call.arguments.len()).filter_map(|at| {
                    let given = call.arguments.get(at)?;
                    given.as_expression().map(bare).or(match given {
                        oxc_ast::ast::Argument::SpreadElement(spread) => {
                            Some(bare(&spread.argument))
                        }
                        _ => None,
                    })
                });
                given.collect::<Vec<_>>()
            };
            match (name, container) {
                // The third argument of a cache's `set` is how long the entry lives.
                ("set", Container::Map) if call.arguments.len() < 3 => {
                    Some((argument(call, 0), argument(call, 1).into_iter().collect()))
                }
                ("assign", Container::Object) => {
                    let mut given = given().into_iter().skip(1);
                    given.find_map(|given| replaced(given, container))
                }
                ("add", Container::Set) => Some((argument(call, 0), Vec::new())),
                ("push" | "unshift", Container::Array) => Some((None, given())),
                ("splice", Container::Array) => Some((None, given().split_off(2))),
                _ => None,
            }
        }
        (AstKind::AssignmentExpression(assignment), _) => match &assignment.left {
            AssignmentTarget::ComputedMemberExpression(member) => match container {
                Container::Object => Some((
                    Some(bare(&member.expression)),
                    vec![bare(&assignment.right)],
                )),
                // `list[list.length] = one`
                Container::Array if file.slice(member.expression.span()).ends_with(".length") => {
                    Some((None, vec![bare(&assignment.right)]))
                }
                _ => None,
            },
            // `list = [...list, one]`, `table = { ...table, [key]: one }`
            _ => replaced(bare(&assignment.right), container),
        },
        (AstKind::UpdateExpression(update), Container::Object) => {
            match update.argument.as_member_expression()? {
                oxc_ast::ast::MemberExpression::ComputedMemberExpression(member) => {
                    Some((Some(bare(&member.expression)), Vec::new()))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// What a copy that takes the holder's place has besides.
fn replaced<'a>(value: &'a Expression<'a>, container: Container) -> Option<Parts<'a>> {
    match (value, container) {
        (Expression::ArrayExpression(array), Container::Array) => {
            let added = array
                .elements
                .iter()
                .filter_map(|element| element.as_expression());
            Some((None, added.map(bare).collect()))
        }
        (Expression::CallExpression(call), Container::Array) => {
            let given = (0..call.arguments.len()).filter_map(|at| argument(call, at));
            Some((None, given.collect()))
        }
        (Expression::ObjectExpression(object), Container::Object) => {
            object.properties.iter().find_map(|property| {
                let property = property.as_property()?;
                let key = property.key.as_expression().filter(|_| property.computed)?;
                Some((Some(bare(key)), vec![bare(&property.value)]))
            })
        }
        _ => None,
    }
}

/// The same for a container whose kind only the way of filling tells.
fn parts_of_any<'a>(file: &File<'_, 'a>, node: NodeId) -> Option<Parts<'a>> {
    [
        Container::Map,
        Container::Set,
        Container::Array,
        Container::Object,
    ]
    .into_iter()
    .find_map(|container| parts(file, node, container))
}
