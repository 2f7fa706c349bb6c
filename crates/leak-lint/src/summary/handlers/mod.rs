//! Functions that run again and again: for each request, message or tick.

mod signature;
mod sockets;
mod wrappers;

use oxc_ast::ast::{
    Argument, CallExpression, Class, Expression, FormalParameters, MethodDefinition,
    ObjectProperty, PropertyKey,
};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{ImportedName, ParsedSource, Value, bare, is_function, literal_text};

use super::Summary;
use crate::facts::lifetime::decorator_name;
use crate::file::{argument, callee_name, method};
use crate::options::Options;
pub(super) use signature::{exported_as, has_marks_of_a_handler, has_names_of_a_handler};
use signature::{is_given_an_event, parameters_of, takes_a_request, takes_apart};
use sockets::of_sockets;
pub(crate) use wrappers::wraps_requests;

/// Methods under which frameworks take handlers of requests: express, koa, fastify, hono, restify, express-ws.
const ROUTES: &[&str] = &[
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "del",
    "head",
    "options",
    "all",
    "use",
    "route",
    "addHook",
    "param",
    "ws",
    "onError",
    "notFound",
    "setErrorHandler",
    "setNotFoundHandler",
];
/// Hooks of fastify that an application has once, or once for each route: from its documentation.
pub(crate) const HOOKS_OF_APPLICATIONS: &[&str] = &[
    "onReady",
    "onListen",
    "onClose",
    "preClose",
    "onRoute",
    "onRegister",
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
    "data",
    "checkContinue",
];
/// Functions of packages and of Node whose function argument runs for each request.
const SERVERS: &[&str] = &["createServer", "createSecureServer", "serve", "useServer"];
/// What clients of chats are told of what people write there: discord.js and node-telegram-bot-api.
const OF_CHATS: &[&str] = &["messageCreate", "interactionCreate", "callback_query"];
/// Methods under which bots take what handles each message, as a function of a `ctx`: telegraf and grammY.
const OF_BOTS: &[&str] = &["on", "command", "hears", "action"];
/// Options under which frameworks and consumers of queues take a handler: fastify, hapi, kafkajs; plugins of Apollo's server.
const HANDLER_OPTIONS: &[&str] = &["handler", "fetch", "requestDidStart"];
/// Options under which consumers of queues take what handles each message: kafkajs, sqs-consumer.
const CONSUMER_OPTIONS: &[&str] = &[
    "eachMessage",
    "eachBatch",
    "handleMessage",
    "handleMessageBatch",
];
/// Options under which servers take what makes a context for each request: Apollo and other GraphQL servers, tRPC.
const CONTEXTS: &[&str] = &["context", "createContext"];
/// What such a function is given.
const OF_CONTEXTS: &[&str] = &["req", "request", "res", "connection", "connectionParams"];
/// Names of exported functions that Next, SvelteKit and Astro call for the requests of a route.
const EXPORTED_ROUTES: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/// Methods of tRPC's procedures that take what handles each call.
const PROCEDURES: &[&str] = &["query", "mutation", "subscription"];
/// Events of a connection that are no message of the client: socket.io, `ws`, `net`.
const ENDS: &[&str] = &[
    "close",
    "disconnect",
    "disconnecting",
    "error",
    "end",
    "drain",
    "timeout",
    "finish",
    "open",
    "ready",
    "lookup",
    "pong",
    "ping",
];
/// What NestJS calls for each request, by the interface of the class.
const OF_INTERFACES: &[(&str, &str)] = &[
    ("CanActivate", "canActivate"),
    ("NestInterceptor", "intercept"),
    ("NestMiddleware", "use"),
    ("PipeTransform", "transform"),
    ("ExceptionFilter", "catch"),
];
/// Decorators of methods that a framework calls for each message or operation: NestJS and type-graphql.
const OF_MESSAGES: &[&str] = &[
    "MessagePattern",
    "EventPattern",
    "SubscribeMessage",
    "GrpcMethod",
    "GrpcStreamMethod",
    "OnEvent",
    "Process",
    "Query",
    "Mutation",
    "Subscription",
    "ResolveField",
];
/// Decorators of methods that a framework calls for each request or tick: NestJS and type-graphql.
const DECORATORS: &[&str] = &[
    "Get", "Post", "Put", "Patch", "Delete", "Options", "Head", "All", "Sse", "Cron", "Interval",
];
/// Classes of packages whose instances call the function that they are given for each job.
const PROCESSORS: &[(&str, &str)] = &[("bullmq", "Worker"), ("bee-queue", "default")];
/// Methods of queues and channels that take what handles each message or job: amqplib, bull, pg-boss, nats.
const CONSUMES: &[&str] = &["consume", "process", "work"];
/// Methods of gateways that NestJS calls for each connection.
const OF_GATEWAYS: &[&str] = &["handleConnection", "handleDisconnect"];
/// Under which names GraphQL servers look up what they call for each operation.
const OPERATIONS: &[&str] = &["Query", "Mutation", "Subscription"];

/// What kind of work a function is called for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    /// A request, a connection, a tick.
    Request,
    /// A request, by the path that it asks for.
    Route,
    /// A message, a job, an event, an operation: what it gets was sent.
    Message,
}

/// Notes the functions that a framework, an emitter or a queue calls for each unit of work.
pub(crate) fn handlers(parsed: &ParsedSource<'_>, options: &Options, summary: &mut Summary) {
    for node in parsed.nodes_of([
        AstType::Function,
        AstType::ArrowFunctionExpression,
        AstType::CallExpression,
        AstType::NewExpression,
        AstType::ObjectProperty,
        AstType::Class,
        AstType::MethodDefinition,
    ]) {
        for (function, work) in handlers_at(parsed, options, node.id(), node.kind()) {
            match work {
                Work::Message => summary.consumers.push(function.clone()),
                Work::Route => summary.served.push(function.clone()),
                Work::Request => {}
            }
            summary.handlers.push(function);
        }
        if let Some(parameters) = parameters_of(node.kind())
            && takes_a_request(parsed, parameters)
        {
            let start = node.kind().span().start;
            summary.served.push(Value::Function(start));
        }
    }
}

/// Whether the exported functions of a file are called by browsers: `'use server'` of React.
fn is_an_action(parsed: &ParsedSource<'_>, parameters: &FormalParameters<'_>) -> bool {
    let mut directives = parsed.program().directives.iter();
    !parameters.items.is_empty() && directives.any(|one| one.directive == "use server")
}

type Found = Vec<(Value, Work)>;

fn handlers_at<'a>(
    parsed: &ParsedSource<'a>,
    options: &Options,
    node: NodeId,
    kind: AstKind<'a>,
) -> Found {
    let function = || Value::Function(kind.span().start);
    match kind {
        kind if is_function(kind) && is_said_to_be_hot(parsed, options, node) => {
            vec![(function(), Work::Request)]
        }
        AstKind::CallExpression(call) => given_to_call(parsed, node, call),
        AstKind::ObjectProperty(property) => of_property(parsed, node, property),
        AstKind::Function(_) | AstKind::ArrowFunctionExpression(_) => {
            let parameters = parameters_of(kind);
            let is_named = parameters.is_some_and(|parameters| {
                has_names_of_a_handler(parsed, parameters)
                    || has_marks_of_a_handler(parsed, parameters)
            });
            let exported = exported_as(parsed, node);
            let is_route = exported.is_some_and(|name| EXPORTED_ROUTES.contains(&name));
            match (exported, parameters) {
                _ if is_named || is_route || wraps_requests(parsed, node) => {
                    vec![(function(), Work::Request)]
                }
                (Some(_), Some(parameters)) if is_an_action(parsed, parameters) => {
                    vec![(function(), Work::Message)]
                }
                (Some("handler"), Some(parameters)) if is_given_an_event(parameters) => {
                    vec![(function(), Work::Message)]
                }
                (Some("loader" | "action"), Some(parameters))
                    if takes_apart(parameters, &["request", "params"]) =>
                {
                    vec![(function(), Work::Request)]
                }
                _ => Vec::new(),
            }
        }
        AstKind::Class(class) if is_made_for_a_request(parsed, class) => {
            vec![(Value::Class(class.span.start), Work::Request)]
        }
        AstKind::NewExpression(new) => {
            let class = parsed.import_of(&new.callee);
            if !class.is_some_and(|class| is_processor(&class)) {
                return Vec::new();
            }
            let arguments = new.arguments.iter().filter_map(Argument::as_expression);
            let values = arguments.map(|argument| parsed.value(argument));
            let values = values.filter(may_be_function);
            values.map(|value| (value, Work::Message)).collect()
        }
        AstKind::MethodDefinition(method) => {
            let work = work_of_method(parsed, node, method);
            let start = method.value.span.start;
            work.map(|work| (Value::Function(start), work))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

fn given_to_call<'a>(parsed: &ParsedSource<'a>, node: NodeId, call: &CallExpression<'a>) -> Found {
    let Some(work) = work_of_call(parsed, node, call) else {
        return Vec::new();
    };
    let arguments = call.arguments.iter().filter_map(Argument::as_expression);
    let is_of_sockets = callee_name(call).is_some_and(|name| matches!(name, "ws" | "useServer"));
    // The routes of a handler may come as a list, the operations of a service as an object.
    let values = arguments.flat_map(|argument| match bare(argument) {
        Expression::ArrayExpression(list) => {
            let elements = list.elements.iter();
            let elements = elements.filter_map(|element| element.as_expression());
            elements.map(|element| parsed.value(element)).collect()
        }
        Expression::ObjectExpression(literal) if is_a_service(call) => {
            let properties = parsed.properties(literal).into_iter();
            properties.map(|(_, value)| value).collect()
        }
        argument if is_of_sockets => {
            let mut all = of_sockets(parsed, argument);
            all.push(parsed.value(argument));
            all
        }
        argument => vec![parsed.value(argument)],
    });
    let functions = values.filter(may_be_function);
    functions.map(|function| (function, work)).collect()
}

fn of_property<'a>(
    parsed: &ParsedSource<'a>,
    node: NodeId,
    property: &ObjectProperty<'a>,
) -> Found {
    let has_name = |names: &[&str]| names.iter().any(|name| is_named(&property.key, name));
    if has_name(CONSUMER_OPTIONS) {
        return vec![(parsed.value(&property.value), Work::Message)];
    }
    if has_name(HANDLER_OPTIONS) {
        return vec![(parsed.value(&property.value), Work::Request)];
    }
    if has_name(&["websocket"]) {
        let all = of_sockets(parsed, &property.value).into_iter();
        return all.map(|function| (function, Work::Request)).collect();
    }
    if has_name(CONTEXTS) && makes_a_context(&property.value) {
        return vec![(parsed.value(&property.value), Work::Request)];
    }
    let mut found = Vec::new();
    if has_name(OPERATIONS) {
        resolvers(&property.value, &mut found);
        // `{ Query: { … }, Product: { price: (product) => … } }`: fields of types.
        if let AstKind::ObjectExpression(all) = parsed.semantic().nodes().parent_kind(node) {
            let others = all.properties.iter().filter_map(|it| it.as_property());
            let others = others.filter(|it| {
                !OPERATIONS.iter().any(|name| is_named(&it.key, name))
                    && matches!(bare(&it.value), Expression::ObjectExpression(_))
            });
            for other in others {
                resolvers(&other.value, &mut found);
            }
        }
        // `{ Query: queries }`
        found.extend(Some(parsed.value(&property.value)).filter(may_be_function));
    }
    let each = found.into_iter();
    each.map(|function| (function, Work::Message)).collect()
}

/// Whether a function takes a request apart that it makes a context for.
fn makes_a_context(value: &Expression<'_>) -> bool {
    let parameters = match bare(value) {
        Expression::ArrowFunctionExpression(arrow) => &arrow.params,
        Expression::FunctionExpression(function) => &function.params,
        _ => return false,
    };
    takes_apart(parameters, OF_CONTEXTS)
}

/// Whether the project's configuration names this function.
fn is_said_to_be_hot(parsed: &ParsedSource<'_>, options: &Options, function: NodeId) -> bool {
    let said = &options.hot_functions;
    !said.is_empty() && said.contains(&parsed.function_ref(function).label())
}

fn work_of_call(
    parsed: &ParsedSource<'_>,
    node: NodeId,
    call: &CallExpression<'_>,
) -> Option<Work> {
    let event = argument(call, 0).and_then(literal_text);
    match method(call) {
        Some((_, name)) if CONSUMES.contains(&name) => Some(Work::Message),
        // redis: of the stores of pages `subscribe` takes the function alone.
        Some((_, "subscribe")) if event.is_some() && call.arguments.len() == 2 => {
            Some(Work::Message)
        }
        Some((_, name)) if OF_BOTS.contains(&name) && takes_a_ctx(call) => Some(Work::Request),
        // `container.get(Orders)`
        Some((_, "get")) if call.arguments.len() == 1 => None,
        Some((_, "addHook")) if event.is_some_and(|it| HOOKS_OF_APPLICATIONS.contains(&it)) => None,
        Some((_, name)) if ROUTES.contains(&name) => match event {
            Some(path) if path.starts_with('/') && name != "use" => Some(Work::Route),
            _ => Some(Work::Request),
        },
        Some((_, "addService")) => Some(Work::Message),
        Some((_, name)) if PROCEDURES.contains(&name) => {
            let last = call.arguments.last().and_then(Argument::as_expression)?;
            let parameters = match bare(last) {
                Expression::ArrowFunctionExpression(arrow) => &arrow.params,
                Expression::FunctionExpression(function) => &function.params,
                _ => return None,
            };
            // Of a database, `query` takes text first.
            let is_lone = parameters.items.is_empty() && call.arguments.len() == 1;
            (is_lone || takes_apart(parameters, &["input"])).then_some(Work::Message)
        }
        Some((of, "on" | "addListener" | "addEventListener")) => match event? {
            // `notification` of pg, `pmessage` of ioredis.
            "message" | "job" | "notification" | "pmessage" => Some(Work::Message),
            event if OF_CHATS.contains(&event) => Some(Work::Message),
            event if WORK.contains(&event) => Some(Work::Request),
            event if !ENDS.contains(&event) && is_a_client(parsed, node, of) => Some(Work::Message),
            _ => None,
        },
        Some((_, name)) => SERVERS.contains(&name).then_some(Work::Request),
        None => {
            let is_server = matches!(bare(&call.callee), Expression::Identifier(callee) if SERVERS.contains(&callee.name.as_str()));
            is_server.then_some(Work::Request)
        }
    }
}

/// Whether the last argument of a call is a function whose first parameter is called `ctx`.
fn takes_a_ctx(call: &CallExpression<'_>) -> bool {
    let last = call.arguments.last().and_then(Argument::as_expression);
    let parameters = match last.map(bare) {
        Some(Expression::ArrowFunctionExpression(arrow)) => &arrow.params,
        Some(Expression::FunctionExpression(function)) => &function.params,
        _ => return false,
    };
    let first = parameters.items.first();
    first
        .and_then(|first| first.pattern.get_identifier_name())
        .is_some_and(|name| name == "ctx")
}

/// Whether NestJS makes an instance for each request: `@Injectable({ scope: Scope.REQUEST })`.
fn is_made_for_a_request(parsed: &ParsedSource<'_>, class: &Class<'_>) -> bool {
    class.decorators.iter().any(|decorator| {
        let written = decorator.expression.span();
        let text = parsed.text();
        text.slice(written.start, written.end)
            .contains("Scope.REQUEST")
    })
}

fn is_a_service(call: &CallExpression<'_>) -> bool {
    method(call).is_some_and(|(_, name)| name == "addService")
}

/// Whether an emitter is what a handler of connections is given: its events are what the client sends.
fn is_a_client(parsed: &ParsedSource<'_>, node: NodeId, emitter: &Expression<'_>) -> bool {
    let Expression::Identifier(name) = emitter else {
        return false;
    };
    let nodes = parsed.semantic().nodes();
    let mut around = nodes.ancestor_kinds(node);
    name.name == "socket"
        && around.any(|kind| {
            let parameters = parameters_of(kind);
            let first = parameters.and_then(|parameters| parameters.items.first());
            let first = first.and_then(|first| first.pattern.get_identifier_name());
            first.is_some_and(|first| first == name.name)
        })
}

fn is_processor((module, name): &(String, ImportedName)) -> bool {
    PROCESSORS.iter().any(|(of, wanted)| {
        module == of
            && match name {
                ImportedName::Named(name) => name == wanted,
                ImportedName::Default | ImportedName::Module => *wanted == "default",
            }
    })
}

fn may_be_function(value: &Value) -> bool {
    matches!(
        value,
        Value::Function(_) | Value::Variable(_) | Value::Import { .. } | Value::Member(..)
    )
}

fn is_named(key: &PropertyKey<'_>, name: &str) -> bool {
    key.static_name().is_some_and(|own| own == name)
}

/// For what a framework calls a method, by its decorators, or by what its class is.
fn work_of_method(
    parsed: &ParsedSource<'_>,
    node: NodeId,
    method: &MethodDefinition<'_>,
) -> Option<Work> {
    let mut decorators = method.decorators.iter();
    let by_decorator = decorators.find_map(|decorator| {
        let name = decorator_name(&decorator.expression)?;
        if OF_MESSAGES.contains(&name) {
            Some(Work::Message)
        } else {
            let is_of_time = matches!(name, "Cron" | "Interval");
            let work = if is_of_time {
                Work::Request
            } else {
                Work::Route
            };
            DECORATORS.contains(&name).then_some(work)
        }
    });
    by_decorator
        .or_else(|| is_of_a_gateway(parsed, node, method).then_some(Work::Request))
        .or_else(|| by_class(parsed, node, method))
}

fn by_class(
    parsed: &ParsedSource<'_>,
    node: NodeId,
    method: &MethodDefinition<'_>,
) -> Option<Work> {
    let nodes = parsed.semantic().nodes();
    let class = nodes.ancestor_kinds(node).find_map(|around| match around {
        AstKind::Class(class) => Some(class),
        _ => None,
    })?;
    let heritage = class.heritage_expression();
    let extends = match heritage {
        Some(Expression::Identifier(base)) => Some(base.name.as_str()),
        _ => None,
    };
    if extends == Some("WorkerHost") && is_named(&method.key, "process") {
        return Some(Work::Message);
    }
    let mut implemented = class.implements.iter().map(|one| one.expression.span());
    let is_called = implemented.any(|span| {
        let interface = parsed.text().slice(span.start, span.end);
        OF_INTERFACES
            .iter()
            .any(|(of, name)| *of == interface && is_named(&method.key, name))
    });
    is_called.then_some(Work::Request)
}

fn is_of_a_gateway(parsed: &ParsedSource<'_>, node: NodeId, method: &MethodDefinition<'_>) -> bool {
    let nodes = parsed.semantic().nodes();
    OF_GATEWAYS.iter().any(|name| is_named(&method.key, name))
        && nodes.ancestor_kinds(node).any(|around| match around {
            AstKind::Class(class) => class.decorators.iter().any(|decorator| {
                let text = parsed.text();
                let written = decorator.expression.span();
                text.slice(written.start, written.end).contains("Gateway")
            }),
            _ => false,
        })
}

/// The functions of an object of resolvers: its methods, and those of fields that have a `subscribe` and a `resolve`.
fn resolvers(object: &Expression<'_>, found: &mut Vec<Value>) {
    let Expression::ObjectExpression(fields) = bare(object) else {
        return;
    };
    for field in fields
        .properties
        .iter()
        .filter_map(|field| field.as_property())
    {
        match bare(&field.value) {
            Expression::FunctionExpression(function) => {
                found.push(Value::Function(function.span.start));
            }
            Expression::ArrowFunctionExpression(arrow) => {
                found.push(Value::Function(arrow.span.start));
            }
            other => resolvers(other, found),
        }
    }
}

#[cfg(test)]
mod tests;
