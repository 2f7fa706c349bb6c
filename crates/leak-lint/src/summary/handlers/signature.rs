//! How a function is written into what it takes: the names and types of its parameters, and what it is exported as.

use oxc_ast::AstKind;
use oxc_ast::ast::{BindingPattern, Expression, FormalParameters, TSType, TSTypeName};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{ImportedName, ParsedSource, Value, bare};

use super::is_named;

/// Names that people give to the parameters of handlers; the first of each, then the second.
const HANDLERS: &[(&[&str], &[&str])] = &[
    (
        &["req", "request", "_req"],
        &["res", "response", "reply", "rep", "_res", "h"],
    ),
    (&["ctx", "context", "c"], &["next"]),
    // A method of a gRPC service.
    (&["call"], &["callback", "cb", "done"]),
];
/// What a first parameter of that name has if a framework gives it for each request: the context of koa, a call of gRPC.
const MARKS: &[(&str, &[&str])] = &[
    ("ctx", &["body", "status", "respond"]),
    ("call", &["request", "metadata"]),
];

pub(super) fn parameters_of<'a>(kind: AstKind<'a>) -> Option<&'a FormalParameters<'a>> {
    match kind {
        AstKind::Function(function) => Some(&function.params),
        AstKind::ArrowFunctionExpression(arrow) => Some(&arrow.params),
        _ => None,
    }
}

/// The name under which a function is exported where it is written.
pub(in crate::summary) fn exported_as<'a>(
    parsed: &ParsedSource<'a>,
    function: NodeId,
) -> Option<&'a str> {
    let nodes = parsed.semantic().nodes();
    let mut around = nodes.ancestor_kinds(function);
    match (nodes.kind(function), around.next()?) {
        (AstKind::Function(own), AstKind::ExportDeclaration(_)) => {
            Some(own.id.as_ref()?.name.as_str())
        }
        (_, AstKind::VariableDeclarator(declarator)) => {
            let is_exported = around
                .take(2)
                .any(|kind| matches!(kind, AstKind::ExportDeclaration(_)));
            let name = declarator.id.get_binding_identifier()?;
            is_exported.then(|| name.name.as_str())
        }
        (_, AstKind::AssignmentExpression(assignment)) => {
            let member = assignment.left.as_member_expression()?;
            let object = bare(member.object());
            let is_exports = matches!(object, Expression::Identifier(name) if name.name == "exports")
                || object.is_specific_member_access("module", "exports");
            member.static_property_name().filter(|_| is_exports)
        }
        _ => None,
    }
}

pub(super) fn is_given_an_event(parameters: &FormalParameters<'_>) -> bool {
    let name = parameters.items.first();
    let name = name.and_then(|first| first.pattern.get_identifier_name());
    name.is_some_and(|name| matches!(name.as_str(), "event" | "evt" | "_event"))
}

/// Whether a pattern takes `req` out of what makes the context of a request: `({ req }) => ({ user: userOf(req) })`.
fn takes_apart_a_request(pattern: &BindingPattern<'_>) -> bool {
    match pattern {
        BindingPattern::ObjectPattern(object) => object
            .properties
            .iter()
            .any(|property| is_named(&property.key, "req")),
        _ => false,
    }
}

/// Whether the first parameter is taken apart into one of these.
pub(super) fn takes_apart(parameters: &FormalParameters<'_>, wanted: &[&str]) -> bool {
    let first = parameters.items.first().map(|first| &first.pattern);
    let Some(BindingPattern::ObjectPattern(object)) = first else {
        return false;
    };
    let mut keys = object.properties.iter().map(|property| &property.key);
    keys.any(|key| wanted.iter().any(|name| is_named(key, name)))
}

/// Types of requests by their frameworks: what has a parameter of one runs for each request, whoever calls it.
const REQUESTS: &[&str] = &[
    "IncomingMessage",
    "FastifyRequest",
    "NextRequest",
    "NextApiRequest",
    "Http2ServerRequest",
    "Request",
    "ParameterizedContext",
];

/// The same where the name alone says too little: the frameworks that export it.
const CONTEXTS: &[(&str, &str)] = &[
    ("hono", "Context"),
    ("koa", "Context"),
    ("elysia", "Context"),
];

pub(super) fn takes_a_request(
    parsed: &ParsedSource<'_>,
    parameters: &FormalParameters<'_>,
) -> bool {
    parameters.items.iter().any(|parameter| {
        let annotation = parameter.type_annotation.as_ref();
        match annotation.map(|annotation| &annotation.type_annotation) {
            Some(TSType::TSTypeReference(reference)) => {
                let span = reference.type_name.span();
                let written = parsed.text().slice(span.start, span.end);
                REQUESTS.contains(&written.rsplit('.').next().unwrap_or_default())
                    || is_a_context(parsed, &reference.type_name)
            }
            Some(TSType::TSTypeLiteral(_)) if takes_apart_a_request(&parameter.pattern) => true,
            Some(_) => false,
            None if takes_apart_a_request(&parameter.pattern) => true,
            None => parameter
                .pattern
                .get_identifier_name()
                .is_some_and(|name| name == "req"),
        }
    })
}

fn is_a_context(parsed: &ParsedSource<'_>, name: &TSTypeName<'_>) -> bool {
    let TSTypeName::IdentifierReference(name) = name else {
        return false;
    };
    matches!(parsed.value_of_name(name), Value::Import { module, name: ImportedName::Named(name) }
        if CONTEXTS.contains(&(&*module, name.as_str())))
}

pub(in crate::summary) fn has_names_of_a_handler(
    parsed: &ParsedSource<'_>,
    parameters: &FormalParameters<'_>,
) -> bool {
    let name = |at: usize| {
        let parameter = parameters.items.get(at)?;
        parameter.pattern.get_identifier_name()
    };
    HANDLERS.iter().any(|(first, second)| {
        let has = |at, names: &[&str]| name(at).is_some_and(|name| names.contains(&name.as_str()));
        has(0, first) && has(1, second)
    }) && !goes_on_by_itself(parsed, parameters)
}

/// `(ctx, next) => { …; next(); }`: a step of a start. What koa and hono call waits for the rest, or gives it back.
fn goes_on_by_itself(parsed: &ParsedSource<'_>, parameters: &FormalParameters<'_>) -> bool {
    let second = parameters.items.get(1);
    let next = second.and_then(|second| second.pattern.get_binding_identifier());
    let Some(symbol) = next
        .filter(|it| it.name == "next")
        .and_then(|it| it.symbol_id.get())
    else {
        return false;
    };
    let semantic = parsed.semantic();
    let nodes = semantic.nodes();
    let mut uses = semantic.scoping().get_resolved_references(symbol);
    uses.any(|used| {
        let call = nodes.parent_id(used.node_id());
        matches!(nodes.kind(call), AstKind::CallExpression(_))
            && matches!(nodes.parent_kind(call), AstKind::ExpressionStatement(_))
    })
}

/// Whether the first parameter of a function is used as what a framework gives for each request.
pub(in crate::summary) fn has_marks_of_a_handler(
    parsed: &ParsedSource<'_>,
    parameters: &FormalParameters<'_>,
) -> bool {
    let Some(first) = parameters.items.first() else {
        return false;
    };
    let BindingPattern::BindingIdentifier(name) = &first.pattern else {
        return false;
    };
    let marks = MARKS.iter().find(|(own, _)| name.name == *own);
    let (Some((_, marks)), Some(symbol)) = (marks, name.symbol_id.get()) else {
        return false;
    };
    let semantic = parsed.semantic();
    let mut uses = semantic.scoping().get_resolved_references(symbol);
    uses.any(|used| {
        matches!(semantic.nodes().parent_kind(used.node_id()), AstKind::StaticMemberExpression(member)
            if marks.contains(&member.property.name.as_str()))
    })
}
