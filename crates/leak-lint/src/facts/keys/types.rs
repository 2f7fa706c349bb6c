//! Types as they are written into how many values they have, and what sort of object they stand for.

use oxc_ast::AstKind;
use oxc_ast::ast::{ClassElement, Expression, TSSignature, TSType, TSTypeName};
use oxc_semantic::SymbolId;

use super::{Domain, Thing};
use crate::file::File;

/// Types of requests, responses and their contexts: node:http, express, koa, fastify, hono, Nest, Next, tRPC, the web's.
const EXCHANGES: &[&str] = &[
    "IncomingMessage",
    "ServerResponse",
    "Request",
    "Response",
    "FastifyRequest",
    "FastifyReply",
    "Context",
    "ParameterizedContext",
    "ExecutionContext",
    "NextRequest",
    "NextResponse",
    "NextApiRequest",
    "NextApiResponse",
    "Http2ServerRequest",
    "Http2ServerResponse",
    "ClientRequest",
    "RequestContext",
];
/// Types of connections: node:net, tls, http2, ws, socket.io, pg.
const CONNECTIONS: &[&str] = &[
    "Socket",
    "TLSSocket",
    "WebSocket",
    "Duplex",
    "ServerHttp2Session",
    "Http2Session",
    "ServerHttp2Stream",
    "Connection",
    "MessagePort",
    "RTCPeerConnection",
];
/// Types whose values are functions or classes: the language's, Nest's, tsyringe's and TypeORM's.
const CODE: &[&str] = &[
    "Function",
    "Constructor",
    "Type",
    "Class",
    "ClassType",
    "Newable",
    "ObjectType",
    "InjectionToken",
    "ComponentType",
    "FunctionComponent",
    "EntityTarget",
    "Ctor",
    "AbstractConstructor",
    "ClassConstructor",
    "DynamicModule",
];
/// Last words of the names of types whose values are objects with an identity: trees, documents, messages.
const OBJECTS: &[&str] = &["Node", "Element", "Document", "Message", "Job", "Stream"];
/// Names of types followed this far.
const DEEPEST: u32 = 6;

/// How many values a type has, or that they are objects; none where the type does not tell.
pub(crate) fn domain_of_type(file: &File<'_, '_>, written: &TSType<'_>) -> Option<Domain> {
    through(file, written, DEEPEST)
}

/// Whether a variable is a parameter whose type is a class or an interface of the file, with a part that a type of a package
/// says to be the wanted object.
pub(super) fn has_part<'a>(file: &File<'_, 'a>, variable: &Expression<'a>, wanted: Thing) -> bool {
    let scoping = file.parsed.semantic().scoping();
    let declared = file.variable(variable);
    let declared = declared.map(|variable| file.kind(scoping.symbol_declaration(variable)));
    let Some(AstKind::FormalParameter(parameter)) = declared else {
        return false;
    };
    let annotation = parameter.type_annotation.as_ref();
    let own = annotation.and_then(|written| named(file, &written.type_annotation));
    let own = own.filter(|_| parameter.pattern.get_binding_identifier().is_some());
    own.is_some_and(|own| {
        let parts = parts(file.kind(scoping.symbol_declaration(own)));
        parts
            .into_iter()
            .any(|part| is_of_a_package(file, part) && thing_of_type(file, part) == Some(wanted))
    })
}

/// The types of what an object of a class or an interface has.
fn parts(declaration: AstKind<'_>) -> Vec<&TSType<'_>> {
    let annotations: Vec<_> = match declaration {
        AstKind::TSInterfaceDeclaration(shape) => shape
            .body
            .body
            .iter()
            .filter_map(|part| match part {
                TSSignature::TSPropertySignature(part) => part.type_annotation.as_ref(),
                _ => None,
            })
            .collect(),
        AstKind::Class(class) => class
            .body
            .body
            .iter()
            .flat_map(|part| match part {
                ClassElement::PropertyDefinition(part) => {
                    part.type_annotation.iter().collect::<Vec<_>>()
                }
                // `constructor(readonly request: IncomingMessage)`
                ClassElement::MethodDefinition(method) if method.kind.is_constructor() => {
                    let given = method.value.params.items.iter();
                    given
                        .filter(|part| part.readonly || part.accessibility.is_some())
                        .filter_map(|part| part.type_annotation.as_ref())
                        .collect()
                }
                _ => Vec::new(),
            })
            .collect(),
        _ => Vec::new(),
    };
    annotations
        .into_iter()
        .map(|it| &it.type_annotation)
        .collect()
}

/// What declares the name that a type is.
fn named(file: &File<'_, '_>, written: &TSType<'_>) -> Option<SymbolId> {
    let TSType::TSTypeReference(reference) = written else {
        return None;
    };
    let TSTypeName::IdentifierReference(name) = &reference.type_name else {
        return None;
    };
    let scoping = file.parsed.semantic().scoping();
    scoping.get_reference(name.reference_id.get()?).symbol_id()
}

/// Whether a type is imported from a package or from Node: one of the project may have the name of something larger.
fn is_of_a_package(file: &File<'_, '_>, written: &TSType<'_>) -> bool {
    let Some(imported) = named(file, written) else {
        return false;
    };
    let declaration = file
        .parsed
        .semantic()
        .scoping()
        .symbol_declaration(imported);
    matches!(file.kind(file.parent(declaration)), AstKind::ImportDeclaration(import)
        if !import.source.value.starts_with('.'))
}

/// What sort of object a type stands for.
pub(super) fn thing_of_type(file: &File<'_, '_>, written: &TSType<'_>) -> Option<Thing> {
    match domain_of_type(file, written)? {
        Domain::Object(thing) => Some(thing),
        _ => None,
    }
}

fn through(file: &File<'_, '_>, written: &TSType<'_>, deeper: u32) -> Option<Domain> {
    let deeper = deeper.checked_sub(1)?;
    match written {
        TSType::TSBooleanKeyword(_)
        | TSType::TSLiteralType(_)
        | TSType::TSSymbolKeyword(_)
        | TSType::TSNullKeyword(_)
        | TSType::TSUndefinedKeyword(_) => Some(Domain::Bounded),
        TSType::TSFunctionType(_) | TSType::TSConstructorType(_) => {
            Some(Domain::Object(Thing::Code))
        }
        TSType::TSTypeLiteral(_) | TSType::TSArrayType(_) | TSType::TSTupleType(_) => {
            Some(Domain::Object(Thing::Typed))
        }
        TSType::TSTypeOperatorType(operator) => match operator.operator {
            oxc_ast::ast::TSTypeOperatorOperator::Keyof => Some(Domain::Bounded),
            _ => through(file, &operator.type_annotation, deeper),
        },
        TSType::TSUnionType(union) => {
            let mut each = union.types.iter().map(|one| through(file, one, deeper));
            let first = each.next()??;
            each.try_fold(first, |all, one| Some(all.joined(one?)))
        }
        TSType::TSParenthesizedType(inner) => through(file, &inner.type_annotation, deeper),
        TSType::TSIndexedAccessType(_) => None,
        TSType::TSTypeReference(reference) => match &reference.type_name {
            TSTypeName::IdentifierReference(name) => {
                let scoping = file.parsed.semantic().scoping();
                let symbol = name
                    .reference_id
                    .get()
                    .and_then(|reference| scoping.get_reference(reference).symbol_id());
                match symbol.and_then(|symbol| declared(file, symbol, deeper)) {
                    Some(known) => known,
                    None => by_name(&name.name),
                }
            }
            TSTypeName::QualifiedName(name) => by_name(&name.right.name),
            TSTypeName::ThisExpression(_) => Some(Domain::Object(Thing::Typed)),
        },
        _ => None,
    }
}

/// What a type that the file declares says; none where another file declares it.
fn declared(file: &File<'_, '_>, symbol: SymbolId, deeper: u32) -> Option<Option<Domain>> {
    let declaration = file.parsed.semantic().scoping().symbol_declaration(symbol);
    match file.kind(declaration) {
        AstKind::TSEnumDeclaration(_) => Some(Some(Domain::Bounded)),
        AstKind::TSTypeAliasDeclaration(alias) => {
            Some(through(file, &alias.type_annotation, deeper))
        }
        AstKind::TSInterfaceDeclaration(declared) => Some(Some(
            by_name(&declared.id.name).unwrap_or(Domain::Object(Thing::Typed)),
        )),
        AstKind::Class(_) => Some(Some(Domain::Object(Thing::Typed))),
        AstKind::TSTypeParameter(_) => Some(None),
        _ => None,
    }
}

fn by_name(name: &str) -> Option<Domain> {
    let thing = if EXCHANGES.contains(&name) {
        Thing::Exchange
    } else if CONNECTIONS.contains(&name) {
        Thing::Connection
    } else if CODE.contains(&name) || name.ends_with("Constructor") {
        Thing::Code
    } else if OBJECTS.iter().any(|suffix| name.ends_with(suffix)) {
        Thing::Typed
    } else {
        return None;
    };
    Some(Domain::Object(thing))
}
