//! The two ends of a chain of pipes: which descriptor or socket it begins with, and whether a client that goes away ends it early.

use oxc_ast::AstKind;
use oxc_ast::ast::{BindingPattern, CallExpression, Expression};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::bare;

use crate::facts::fate::{Fate, call_at, uses, way};
use crate::facts::heard::{heard_by, misses_the_end};
use crate::facts::platform::{declared_by, is_called, outside};
use crate::facts::streams::{Deed, Kind, asks_a_server, deeds, event_of, gives_a_body, opens};
use crate::file::{File, argument, method};
use crate::project::Meaning;
use crate::summary::Opened;

/// What a chain of pipes begins with.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// What opens it.
    pub(crate) opened: Span,
    /// The variable that holds it.
    pub(crate) variable: Option<SymbolId>,
    /// What ends it when it is ended: the request of an answer, the process of an output.
    owner: Option<SymbolId>,
}

/// Methods that open a descriptor, a socket or a cursor that holds a connection: `fs` and cloud storages; GridFS of mongodb.
pub(crate) const OPENS: &[&str] = &[
    "createReadStream",
    "openDownloadStream",
    "openDownloadStreamByName",
];
/// Methods that do so on what a query builder, driver or http client gives: knex, mysql2, mongoose, got.
const OPENS_ON_RESULT: &[&str] = &["stream", "cursor"];
/// Properties of an answer that are its stream: clients of S3, fetch and undici, Azure.
pub(crate) const BODIES: &[&str] = &["Body", "body", "readableStreamBody"];

/// Packages whose queries give their rows as a stream, which holds the connection of the query.
pub(crate) const QUERY_STREAMS: &[&str] = &["pg-query-stream", "pg-cursor"];

/// What the expression before `.pipe` begins with, if it holds something that has to be closed. Transforms in between change
/// nothing.
pub(crate) fn source<'a>(file: &File<'_, 'a>, before: &Expression<'a>) -> Option<Source> {
    match bare(before) {
        Expression::CallExpression(call) => {
            if let Some((before, "pipe" | "on" | "once")) = method(call) {
                return source(file, before);
            }
            let opened = opener(file, before)?;
            Some(Source {
                opened,
                variable: None,
                owner: None,
            })
        }
        Expression::AwaitExpression(_) => None,
        named @ Expression::Identifier(_) => {
            let variable = file.variable(named)?;
            let (opened, owner) = held(file, variable)?;
            Some(Source {
                opened,
                variable: Some(variable),
                owner,
            })
        }
        other => {
            let (opened, owner) = member(file, other)?;
            Some(Source {
                opened,
                variable: None,
                owner,
            })
        }
    }
}

/// The call that opens what an expression is.
fn opener<'a>(file: &File<'_, 'a>, expression: &Expression<'a>) -> Option<Span> {
    let Expression::CallExpression(call) = bare(expression) else {
        return None;
    };
    let opens_it = match method(call) {
        Some((_, name)) if OPENS.contains(&name) => true,
        Some((object, name)) if OPENS_ON_RESULT.contains(&name) => {
            matches!(object, Expression::CallExpression(_))
                || outside(file, &call.callee).is_some_and(|found| found.is("got", "stream"))
        }
        // `client.query(new QueryStream(…))`
        Some((_, "query")) => argument(call, 0).is_some_and(|query| match query {
            Expression::NewExpression(new) => outside(file, &new.callee)
                .is_some_and(|found| QUERY_STREAMS.contains(&found.module.as_str())),
            _ => false,
        }),
        // `Readable.fromWeb(answer.body)`
        Some((_, "fromWeb")) => argument(call, 0).is_some_and(|web| member(file, web).is_some()),
        _ => {
            opens(file, call.node_id.get()) == Some(Kind::Reader)
                || OPENS.iter().any(|name| is_called(call, name))
                || outside(file, &call.callee)
                    .is_some_and(|found| found.module == "request" && found.name.is_empty())
        }
    };
    // It has the files open that it packs, one after the other.
    let packs = outside(file, &call.callee).is_some_and(|found| found.is("tar-fs", "pack"));
    if opens_it || packs || gives_a_reader(file, expression) {
        return Some(call.span);
    }
    None
}

/// Whether a function of the project gives a file that it opens, or something else that is open.
fn gives_a_reader<'a>(file: &File<'_, 'a>, call: &Expression<'a>) -> bool {
    if matches!(call, Expression::CallExpression(call) if is_given(file, call, None)) {
        return true;
    }
    let Meaning::Result(of) = file.meaning(call) else {
        return false;
    };
    of.is_of_node("fs", &["createReadStream"])
}

/// Whether what a call gives, or that part of it, is something open that a function of the project made.
fn is_given<'a>(file: &File<'_, 'a>, call: &CallExpression<'a>, part: Option<&str>) -> bool {
    file.project.has_openers() && {
        let mut opens = file.project.opens(file.meaning(&call.callee)).iter();
        opens.any(|opens| {
            opens.part.as_deref() == part && matches!(opens.what, Opened::Source | Opened::Answer)
        })
    }
}

/// What a variable holds, and what ends that as well.
fn held(file: &File<'_, '_>, variable: SymbolId) -> Option<(Span, Option<SymbolId>)> {
    let scoping = file.parsed.semantic().scoping();
    let declaration = scoping.symbol_declaration(variable);
    match file.kind(declaration) {
        AstKind::VariableDeclarator(declarator) => {
            if let BindingPattern::ObjectPattern(parts) = &declarator.id {
                let mut parts = parts.properties.iter();
                let taken = parts.find(|part| {
                    let name = part.value.get_binding_identifier();
                    name.and_then(|name| name.symbol_id.get()) == Some(variable)
                })?;
                return part(file, declarator.init.as_ref()?, &taken.key.static_name()?);
            }
            let init = declarator.init.as_ref();
            if let Some(found) = init.and_then(|init| value(file, init)) {
                return Some(found);
            }
            if init.is_some_and(|init| !matches!(bare(init), Expression::NullLiteral(_))) {
                return None;
            }
            assigned(file, variable)
        }
        AstKind::FormalParameter(_) => {
            answer(file, declaration, variable).or_else(|| handed(file, declaration))
        }
        _ => None,
    }
}

/// A parameter for which a caller opens a file: nobody but the function has it.
fn handed(file: &File<'_, '_>, parameter: NodeId) -> Option<(Span, Option<SymbolId>)> {
    let function = file.function_around(parameter)?;
    let span = file.kind(parameter).span();
    let given = file.parsed.parameters(function)?;
    let position = given.items.iter().position(|own| own.span == span)?;
    file.is_given_an_open_file(function, position)
        .then_some((span, None))
}

fn value<'a>(file: &File<'_, 'a>, init: &Expression<'a>) -> Option<(Span, Option<SymbolId>)> {
    match bare(init) {
        Expression::CallExpression(call) => match method(call) {
            Some((before, "on" | "once")) => value(file, before),
            _ => opener(file, init).map(|opened| (opened, None)),
        },
        Expression::AwaitExpression(waited) => {
            let Expression::CallExpression(call) = bare(&waited.argument) else {
                return None;
            };
            is_given(file, call, None).then_some((call.span, None))
        }
        named @ Expression::Identifier(_) => {
            // Another name of it, and no circle of names.
            let alias = file.variable(named)?;
            let scoping = file.parsed.semantic().scoping();
            let is_before = scoping.symbol_span(alias).end <= named.span().start;
            (is_before && !scoping.symbol_is_mutated(alias))
                .then(|| held(file, alias))
                .flatten()
        }
        other => member(file, other),
    }
}

/// All that is assigned to a variable opens something, or is none.
fn assigned(file: &File<'_, '_>, variable: SymbolId) -> Option<(Span, Option<SymbolId>)> {
    let scoping = file.parsed.semantic().scoping();
    let mut opened = None;
    for reference in scoping
        .get_resolved_references(variable)
        .filter(|it| it.is_write())
    {
        let AstKind::AssignmentExpression(assignment) =
            file.kind(file.nodes().parent_id(reference.node_id()))
        else {
            return None;
        };
        match bare(&assignment.right) {
            Expression::NullLiteral(_) => {}
            right => opened = Some(value(file, right)?),
        }
    }
    opened
}

/// `object.Body` of an answer that was waited for; `child.stdout`; `answer.data` of axios.
fn member<'a>(
    file: &File<'_, 'a>,
    expression: &Expression<'a>,
) -> Option<(Span, Option<SymbolId>)> {
    let member = bare(expression).as_member_expression()?;
    let name = member.static_property_name()?;
    let holder = file.variable(member.object());
    let promised = holder.and_then(|holder| promised(file, holder));
    let made = match bare(member.object()) {
        Expression::AwaitExpression(waited) => bare(&waited.argument),
        object => match promised {
            Some(call) => call,
            None => declared_by(file, object)?,
        },
    };
    let (waited, call) = match made {
        call if promised.is_some() => (true, call),
        Expression::AwaitExpression(waited) => (true, bare(&waited.argument)),
        other => (
            matches!(bare(member.object()), Expression::AwaitExpression(_)),
            other,
        ),
    };
    let Expression::CallExpression(call) = call else {
        return None;
    };
    let is_child = outside(file, &call.callee).is_some_and(|found| found.module == "child_process");
    let found = match name {
        "stdout" | "stderr" if is_child => true,
        _ if BODIES.contains(&name) => waited,
        "data" if waited && asks_for_a_stream(file, call) => true,
        _ => false,
    };
    let found = found || waited && is_given(file, call, Some(name));
    found.then_some((call.span, holder.filter(|_| is_child)))
}

/// What gives the promise whose value a parameter is: `request(…)` of `request(…).then((answer) => …)`.
fn promised<'a>(file: &File<'_, 'a>, variable: SymbolId) -> Option<&'a Expression<'a>> {
    let declared = file
        .parsed
        .semantic()
        .scoping()
        .symbol_declaration(variable);
    let AstKind::FormalParameter(_) = file.kind(declared) else {
        return None;
    };
    let function = file.function_around(declared)?;
    let first = crate::facts::timers::parameter(file.parsed.parameters(function)?, 0);
    let Fate::Given { call, at: 0 } = way(file, function).fate else {
        return None;
    };
    let (promise, "then") = method(call_at(file, call)?)? else {
        return None;
    };
    (first == Some(variable)).then_some(promise)
}

/// `const { body } = await request(…)`
fn part<'a>(
    file: &File<'_, 'a>,
    init: &Expression<'a>,
    name: &str,
) -> Option<(Span, Option<SymbolId>)> {
    let Expression::AwaitExpression(waited) = bare(init) else {
        return None;
    };
    let Expression::CallExpression(call) = bare(&waited.argument) else {
        return None;
    };
    let is_body = is_given(file, call, Some(name))
        || BODIES.contains(&name)
            && (gives_a_body(file, &call.callee)
                || is_called(call, "fetch")
                || is_called(call, "send"));
    (is_body || name == "data" && asks_for_a_stream(file, call)).then_some((call.span, None))
}

/// `responseType: 'stream'` of axios.
fn asks_for_a_stream(file: &File<'_, '_>, call: &CallExpression<'_>) -> bool {
    let written = file.slice(call.span);
    written.contains("'stream'") || written.contains("\"stream\"")
}

/// The answer that a request's function is given, and the request.
fn answer(
    file: &File<'_, '_>,
    parameter: NodeId,
    variable: SymbolId,
) -> Option<(Span, Option<SymbolId>)> {
    let function = file.function_around(parameter)?;
    let given = file.parsed.parameters(function)?;
    if crate::facts::timers::parameter(given, 0) != Some(variable) {
        return None;
    }
    let Fate::Given { call, .. } = way(file, function).fate else {
        return None;
    };
    let asked = call_at(file, call)?;
    let request = if asks_a_server(file, &asked.callee) {
        call
    } else {
        let (object, "on" | "once") = method(asked)? else {
            return None;
        };
        if event_of(file, call, 0) != Some("response") {
            return None;
        }
        let Expression::CallExpression(made) = declared_by(file, object).unwrap_or(object) else {
            return None;
        };
        asks_a_server(file, &made.callee).then_some(made.node_id.get())?
    };
    let owner = match way(file, request).fate {
        Fate::Variable(owner) => Some(owner),
        _ => None,
    };
    Some((file.kind(request).span(), owner))
}

impl Source {
    /// Whether somebody ends it, or gets it: its variable is closed or handed on, what it belongs to is ended, or a signal that
    /// it was opened with may be aborted.
    pub(crate) fn is_guarded(&self, file: &File<'_, '_>) -> bool {
        let opening = file
            .calls()
            .iter()
            .find(|(_, call)| call.span == self.opened);
        if opening.is_some_and(|(_, call)| is_given_a_signal(call)) {
            return true;
        }
        let variable = self.variable.is_some_and(|variable| {
            deeds(file, variable).iter().any(|used| {
                let closes = used.deed == Deed::Closes && !is_too_late(file, used.node);
                closes || used.deed == Deed::HandsOver || is_unpiped(file, used.node)
            })
        });
        let owner = self.owner.is_some_and(|owner| {
            uses(file, owner).iter().any(|(_, way)| {
                matches!(
                    way.fate,
                    Fate::Asked {
                        method: "destroy" | "abort" | "kill",
                        ..
                    }
                )
            })
        });
        variable || owner
    }
}

/// Whether one of a call's arguments is an object with a `signal`.
fn is_given_a_signal(call: &CallExpression<'_>) -> bool {
    let given = call
        .arguments
        .iter()
        .filter_map(|given| given.as_expression());
    given.into_iter().any(|given| match bare(given) {
        Expression::ObjectExpression(options) => options.properties.iter().any(|option| {
            option
                .as_property()
                .and_then(|option| option.key.static_name())
                .is_some_and(|name| name == "signal")
        }),
        _ => false,
    })
}

/// Whether something is done only when the response was sent to its end.
fn is_too_late(file: &File<'_, '_>, node: NodeId) -> bool {
    let function = file.function_around(node);
    let heard = function.and_then(|function| heard_by(file, function));
    heard.is_some_and(|heard| misses_the_end(file, &heard).is_some())
}

fn is_unpiped(file: &File<'_, '_>, node: NodeId) -> bool {
    matches!(
        way(file, node).fate,
        Fate::Asked {
            method: "unpipe",
            ..
        }
    )
}

/// Names of what answers a request.
const RESPONSES: &[&str] = &["res", "response", "reply", "rep", "raw"];
/// What only a response has.
const OF_RESPONSES: &[&str] = &[
    "writeHead",
    "setHeader",
    "headersSent",
    "sendStatus",
    "statusCode",
    "status",
    "hijack",
    "sendFile",
    "attachment",
    "respond",
];

/// The name of a response that an expression is, if it is one: by its name, or by what the function does with its parameter.
pub(crate) fn response<'b, 'a>(
    file: &File<'_, 'a>,
    destination: &'b Expression<'a>,
) -> Option<&'b str> {
    let Expression::Identifier(identifier) = destination else {
        let name = destination.as_member_expression()?.static_property_name()?;
        return RESPONSES.contains(&name).then_some(name);
    };
    let name = identifier.name.as_str();
    let Some(variable) = file.variable(destination) else {
        return RESPONSES.contains(&name).then_some(name);
    };
    let scoping = file.parsed.semantic().scoping();
    let is_given = match file.kind(scoping.symbol_declaration(variable)) {
        AstKind::FormalParameter(_) => true,
        AstKind::VariableDeclarator(declarator) => {
            declarator.id.get_binding_identifier().is_none()
                || declarator
                    .init
                    .as_ref()
                    .is_some_and(|init| bare(init).is_member_expression())
        }
        _ => false,
    };
    let acts_as_one = || {
        uses(file, variable).iter().any(|(_, way)| match way.fate {
            Fate::Asked { method, .. } => OF_RESPONSES.contains(&method),
            Fate::Read { property, .. } => OF_RESPONSES.contains(&property),
            _ => false,
        })
    };
    (is_given && (RESPONSES.contains(&name) || acts_as_one())).then_some(name)
}

/// The upload that a pipe brings into a file or to another server: the request, and what is left open when it is aborted.
pub(crate) fn upload<'a>(
    file: &File<'_, 'a>,
    source: &Expression<'a>,
    destination: &Expression<'a>,
) -> Option<Source> {
    let request = bare(source);
    let is_request = matches!(request, Expression::Identifier(name) if matches!(name.name.as_str(), "req" | "request"))
        && file.variable(request).is_some_and(|variable| {
            let scoping = file.parsed.semantic().scoping();
            matches!(
                file.kind(scoping.symbol_declaration(variable)),
                AstKind::FormalParameter(_)
            )
        });
    if !is_request {
        return None;
    }
    let opened_by = |expression: &Expression<'a>| -> Option<Span> {
        let Expression::CallExpression(call) = bare(expression) else {
            return None;
        };
        let is_open = opens(file, call.node_id.get()) == Some(Kind::Writer)
            || asks_a_server(file, &call.callee);
        is_open.then_some(call.span)
    };
    let variable = file.variable(destination);
    let opened = opened_by(declared_by(file, destination).unwrap_or(destination))?;
    Some(Source {
        opened,
        variable,
        owner: None,
    })
}

/// Whether somebody watches the request for its being aborted, or the file is destroyed.
pub(crate) fn is_watched(file: &File<'_, '_>, request: SymbolId, upload: &Source) -> bool {
    let watches = uses(file, request).iter().any(|(_, way)| match way.fate {
        Fate::Asked {
            call,
            method: "on" | "once" | "addListener",
        } => {
            matches!(event_of(file, call, 0), Some("aborted" | "close"))
        }
        _ => false,
    });
    let destroyed = upload.variable.is_some_and(|variable| {
        uses(file, variable).iter().any(|(_, way)| match way.fate {
            Fate::Asked { method, .. } => matches!(method, "destroy" | "abort" | "close"),
            Fate::Given { call, .. } => {
                !call_at(file, call).is_some_and(|call| is_called(call, "pipe"))
            }
            Fate::Returned(_) | Fate::Stored => true,
            _ => false,
        })
    });
    watches || destroyed
}

/// Whether a function hands its streams to something that destroys them: `finished` and its likes, or a `pipeline` of the source.
pub(crate) fn has_caretaker(
    file: &File<'_, '_>,
    function: NodeId,
    source: Option<&Source>,
) -> bool {
    let within = file.kind(function).span();
    let has = |pipeline: Span| match source {
        Some(source) => {
            let used = source.variable.map(|variable| uses(file, variable));
            let mut used = used.into_iter().flatten();
            pipeline.contains_inclusive(source.opened)
                || used.any(|(node, _)| pipeline.contains_inclusive(file.kind(node).span()))
        }
        None => true,
    };
    file.calls_within(within).any(|(_, call)| {
        is_caretaker(call) || PIPELINES.iter().any(|name| is_called(call, name)) && has(call.span)
    })
}

/// Functions that destroy the streams they are given when one of them ends early.
const PIPELINES: &[&str] = &["pipeline", "pump"];

fn is_caretaker(call: &CallExpression<'_>) -> bool {
    [
        "finished",
        "eos",
        "onFinished",
        "onHeaders",
        "addAbortSignal",
    ]
    .iter()
    .any(|name| is_called(call, name))
}
