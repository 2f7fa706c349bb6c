//! Functions that run again and again: for each request, message or tick.

use oxc_ast::AstKind;
use oxc_ast::ast::{
    Argument, CallExpression, Expression, FormalParameters, MethodDefinition, PropertyKey,
};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{ImportedName, ParsedSource, Value, bare, is_function, literal_text};

use crate::file::{argument, method};
use crate::options::Options;

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
    "data",
    "checkContinue",
];
/// Functions of packages and of Node whose function argument runs for each request.
const SERVERS: &[&str] = &["createServer", "createSecureServer", "serve", "listen"];
/// Options under which frameworks and consumers of queues take a handler: fastify, hapi, kafkajs.
const HANDLER_OPTIONS: &[&str] = &["handler", "eachMessage", "eachBatch", "fetch"];
/// Decorators of methods that a framework calls for each request, message or tick: NestJS and type-graphql.
const DECORATORS: &[&str] = &[
    "Get",
    "Post",
    "Put",
    "Patch",
    "Delete",
    "Options",
    "Head",
    "All",
    "Sse",
    "MessagePattern",
    "EventPattern",
    "SubscribeMessage",
    "GrpcMethod",
    "OnEvent",
    "Process",
    "Cron",
    "Interval",
    "Query",
    "Mutation",
    "Subscription",
    "ResolveField",
];
/// Classes of packages whose instances call the function that they are given for each job.
const PROCESSORS: &[(&str, &str)] = &[("bullmq", "Worker"), ("bee-queue", "default")];
/// Methods of queues and channels that take what handles each message or job: amqplib, bull, pg-boss, nats.
const CONSUMES: &[&str] = &["consume", "process", "work"];
/// Methods of gateways that NestJS calls for each connection.
const OF_GATEWAYS: &[&str] = &["handleConnection", "handleDisconnect"];
/// Under which names GraphQL servers look up what they call for each operation.
const OPERATIONS: &[&str] = &["Query", "Mutation", "Subscription"];
/// Names that people give to the parameters of handlers; the first of each, then the second.
const HANDLERS: &[(&[&str], &[&str])] = &[
    (
        &["req", "request", "_req"],
        &["res", "response", "reply", "rep", "_res", "h"],
    ),
    (&["ctx", "context", "c"], &["next"]),
];

/// The functions that a framework, an emitter or a queue calls for each unit of work.
pub(crate) fn handlers(parsed: &ParsedSource<'_>, options: &Options) -> Vec<Value> {
    let mut found = Vec::new();
    for node in parsed.semantic().nodes().iter() {
        match node.kind() {
            kind if is_function(kind) && is_said_to_be_hot(parsed, options, node.id()) => {
                found.push(Value::Function(kind.span().start));
            }
            AstKind::CallExpression(call) if takes_handlers(call) => {
                let arguments = call.arguments.iter().filter_map(Argument::as_expression);
                // The routes of a handler may come as a list.
                let values = arguments.flat_map(|argument| match bare(argument) {
                    Expression::ArrayExpression(list) => {
                        let elements = list.elements.iter();
                        let elements = elements.filter_map(|element| element.as_expression());
                        elements.map(|element| parsed.value(element)).collect()
                    }
                    argument => vec![parsed.value(argument)],
                });
                found.extend(values.filter(may_be_function));
            }
            AstKind::ObjectProperty(property)
                if HANDLER_OPTIONS
                    .iter()
                    .any(|name| is_named(&property.key, name)) =>
            {
                found.push(parsed.value(&property.value));
            }
            AstKind::Function(function) if has_names_of_a_handler(&function.params) => {
                found.push(Value::Function(function.span.start));
            }
            AstKind::ArrowFunctionExpression(arrow) if has_names_of_a_handler(&arrow.params) => {
                found.push(Value::Function(arrow.span.start));
            }
            AstKind::NewExpression(new) => {
                let class = parsed.import_of(&new.callee);
                if class.is_some_and(|class| is_processor(&class)) {
                    let arguments = new.arguments.iter().filter_map(Argument::as_expression);
                    let values = arguments.map(|argument| parsed.value(argument));
                    found.extend(values.filter(may_be_function));
                }
            }
            AstKind::MethodDefinition(method)
                if is_decorated(method) || is_of_a_gateway(parsed, node.id(), method) =>
            {
                found.push(Value::Function(method.value.span.start));
            }
            AstKind::ObjectProperty(property)
                if OPERATIONS.iter().any(|name| is_named(&property.key, name)) =>
            {
                resolvers(&property.value, &mut found);
            }
            _ => {}
        }
    }
    found
}

/// Whether the project's configuration names this function.
fn is_said_to_be_hot(parsed: &ParsedSource<'_>, options: &Options, function: NodeId) -> bool {
    let said = &options.hot_functions;
    !said.is_empty() && said.contains(&parsed.function_ref(function).label())
}

fn takes_handlers(call: &CallExpression<'_>) -> bool {
    match method(call) {
        Some((_, name)) if ROUTES.contains(&name) || CONSUMES.contains(&name) => true,
        Some((_, "on" | "addListener" | "addEventListener")) => argument(call, 0)
            .and_then(literal_text)
            .is_some_and(|event| WORK.contains(&event)),
        Some((_, name)) => SERVERS.contains(&name),
        None => {
            matches!(bare(&call.callee), Expression::Identifier(callee) if SERVERS.contains(&callee.name.as_str()))
        }
    }
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

fn is_decorated(method: &MethodDefinition<'_>) -> bool {
    method.decorators.iter().any(|decorator| {
        let name = match bare(&decorator.expression) {
            Expression::CallExpression(call) => bare(&call.callee),
            other => other,
        };
        matches!(name, Expression::Identifier(name) if DECORATORS.contains(&name.name.as_str()))
    })
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
