//! A variable into whether what it holds is large: a request, a body, rows, the contents of a file, a parsed document.

mod calls;

use oxc_ast::AstKind;
use oxc_ast::ast::{BindingPattern, Expression, TSSignature, TSType, TSTypeName};
use oxc_semantic::{AstNodes, NodeId, SymbolId};
use stanch_js_source::{ParsedSource, bare, literal_text};

use crate::facts::lifetime::is_exchange_of;
use crate::facts::listeners::member;
use crate::file::{File, argument, method, parent};
use crate::project::{FileIndex, Project};
use calls::of_call;

/// What makes a value large, in words that a finding says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bulk {
    /// A request, a response or their context, with socket, headers and body.
    Exchange,
    /// What a request carried, a file has, a query gave, or what is made from these.
    Contents,
}

impl Bulk {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Exchange => "a request with its socket, headers and body",
            Self::Contents => "contents that were read, parsed or collected",
        }
    }
}

/// Variables that are made from others are followed this far.
const DEEPEST: u32 = 10;

/// Names of parameters that are requests, responses or contexts of one call.
const EXCHANGES: &[&str] = &[
    "req", "request", "res", "response", "reply", "ctx", "_req", "_res",
];
/// Properties under which requests, answers of databases and documents have what is large in them.
const LARGE: &[&str] = &[
    "body",
    "rawBody",
    "rows",
    "file",
    "files",
    "buffer",
    "payload",
    "content",
    "contents",
    "text",
    "html",
    "history",
    "data",
    "records",
    "items",
    "item",
    "entries",
    "chunks",
    "pages",
    "lines",
    "documents",
    "image",
];
/// Methods that only collections of many have.
const OF_MANY: &[&str] = &[
    "map",
    "filter",
    "some",
    "every",
    "reduce",
    "forEach",
    "find",
    "findIndex",
    "flatMap",
    "sort",
    "join",
    "get",
    "has",
];

/// Those of them that go through all there is.
const OF_LISTS: &[&str] = &[
    "map", "filter", "some", "every", "reduce", "forEach", "flatMap",
];
/// Lists that records of people, tenants and settings have: a few short words.
const SHORT_LISTS: &[&str] = &[
    "roles",
    "permissions",
    "scopes",
    "tags",
    "groups",
    "emails",
    "addresses",
    "features",
    "flags",
    "teams",
    "labels",
    "locales",
];

/// Whether an expression that a function gives back is large, as far as its own file tells.
pub(crate) fn is_large<'a>(parsed: &ParsedSource<'a>, given: &'a Expression<'a>) -> bool {
    let text = Text {
        parsed,
        project: None,
    };
    match bare(given) {
        Expression::ObjectExpression(literal) => literal.properties.iter().any(|property| {
            property
                .as_property()
                .is_some_and(|property| is_contents(text, &property.value))
        }),
        given => is_contents(text, given),
    }
}

fn is_contents<'a>(text: Text<'_, 'a>, value: &'a Expression<'a>) -> bool {
    of_value(text, value, None, DEEPEST) == Some(Bulk::Contents)
}

/// A file, alone or in its project.
#[derive(Clone, Copy)]
struct Text<'s, 'a> {
    parsed: &'s ParsedSource<'a>,
    /// None while the file is summed up.
    project: Option<(&'s Project, FileIndex)>,
}

impl<'s, 'a> Text<'s, 'a> {
    fn of(file: &File<'s, 'a>) -> Self {
        Self {
            parsed: file.parsed,
            project: Some((file.project, file.index)),
        }
    }

    fn nodes(self) -> &'s AstNodes<'a> {
        self.parsed.semantic().nodes()
    }

    fn kind(self, node: NodeId) -> AstKind<'a> {
        self.nodes().kind(node)
    }

    fn parent(self, node: NodeId) -> NodeId {
        parent(self.parsed, node)
    }

    fn variable(self, expression: &Expression<'a>) -> Option<SymbolId> {
        self.parsed.variable_of(expression)
    }

    /// Whether a callee is a function of the project that gives something large.
    fn gives_much(self, callee: &Expression<'a>) -> bool {
        self.project.is_some_and(|(project, file)| {
            project.gives_much(&project.meaning(file, &self.parsed.value(callee)))
        })
    }
}

/// Whether, and why, a variable holds something large; one that is emptied again does not for long.
pub(crate) fn bulk(file: &File<'_, '_>, variable: SymbolId) -> Option<Bulk> {
    let file = Text::of(file);
    if is_let_go(file, variable) {
        return None;
    }
    of_variable(file, variable, DEEPEST)
}

fn of_variable(file: Text<'_, '_>, variable: SymbolId, deeper: u32) -> Option<Bulk> {
    let deeper = deeper.checked_sub(1)?;
    let scoping = file.parsed.semantic().scoping();
    if scoping.symbol_scope_id(variable) == scoping.root_scope_id() {
        return None;
    }
    let declaration = scoping.symbol_declaration(variable);
    match file.kind(declaration) {
        AstKind::FormalParameter(parameter) => {
            let name = parameter.pattern.get_identifier_name()?;
            let annotation = parameter.type_annotation.as_ref();
            if annotation.is_some_and(|it| {
                is_of_bytes(&it.type_annotation) || has_bytes(file, &it.type_annotation)
            }) {
                return Some(Bulk::Contents);
            }
            let is_context = name != "ctx" || is_used_as_context(file, variable);
            (EXCHANGES.contains(&name.as_str()) && is_context).then_some(Bulk::Exchange)
        }
        AstKind::VariableDeclarator(declarator) => {
            let annotation = declarator.type_annotation.as_ref();
            if annotation.is_some_and(|it| is_of_chunks(&it.type_annotation)) {
                return Some(Bulk::Contents);
            }
            let init = declarator.init.as_ref()?;
            match &declarator.id {
                BindingPattern::BindingIdentifier(_) => {
                    of_value(file, init, Some(variable), deeper)
                }
                BindingPattern::ObjectPattern(object) => {
                    let taken = object.properties.iter().find(|property| {
                        let bound = property.value.get_binding_identifier();
                        bound.and_then(|bound| bound.symbol_id.get()) == Some(variable)
                    })?;
                    let name = taken.key.static_name()?;
                    let is_of_request = is_exchange_of(file.parsed, init) && name == "body";
                    let is_of_answer = name == "rows"
                        || (LARGE.contains(&name.as_ref()) || is_used_as_many(file, variable))
                            && of_value(file, init, None, deeper).is_some();
                    (is_of_request || is_of_answer).then_some(Bulk::Contents)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a type is a list of bytes: what came chunk by chunk.
fn is_of_chunks(written: &TSType<'_>) -> bool {
    matches!(written, TSType::TSArrayType(list) if is_of_bytes(&list.element_type))
}

/// Whether a type is one of bytes: the contents of a file, of a body.
fn is_of_bytes(written: &TSType<'_>) -> bool {
    let TSType::TSTypeReference(typed) = written else {
        return false;
    };
    match &typed.type_name {
        TSTypeName::IdentifierReference(name) => {
            matches!(
                name.name.as_str(),
                "Buffer" | "Uint8Array" | "ArrayBuffer" | "Blob"
            )
        }
        // An upload of multer: `Express.Multer.File`.
        TSTypeName::QualifiedName(name) => {
            name.right.name == "File"
                && matches!(&name.left, TSTypeName::QualifiedName(of) if of.right.name == "Multer")
        }
        TSTypeName::ThisExpression(_) => false,
    }
}

/// Whether a type of the file is one of objects that have bytes in them: an upload, a message with its payload.
fn has_bytes<'a>(file: Text<'_, 'a>, written: &TSType<'a>) -> bool {
    let TSType::TSTypeReference(typed) = written else {
        return false;
    };
    let TSTypeName::IdentifierReference(name) = &typed.type_name else {
        return false;
    };
    let scoping = file.parsed.semantic().scoping();
    let declared = name
        .reference_id
        .get()
        .and_then(|reference| scoping.get_reference(reference).symbol_id());
    let members = match declared.map(|it| file.kind(scoping.symbol_declaration(it))) {
        Some(AstKind::TSInterfaceDeclaration(interface)) => &interface.body.body,
        Some(AstKind::TSTypeAliasDeclaration(alias)) => match &alias.type_annotation {
            TSType::TSTypeLiteral(literal) => &literal.members,
            _ => return false,
        },
        _ => return false,
    };
    members.iter().any(|member| match member {
        TSSignature::TSPropertySignature(property) => {
            let typed = property.type_annotation.as_ref();
            typed.is_some_and(|it| {
                is_of_bytes(&it.type_annotation) || is_of_chunks(&it.type_annotation)
            })
        }
        _ => false,
    })
}

/// Whether a parameter called `ctx` is what koa hands to its handlers.
fn is_used_as_context(file: Text<'_, '_>, variable: SymbolId) -> bool {
    properties_read(file, variable).any(|name| {
        matches!(
            name,
            "body"
                | "request"
                | "response"
                | "req"
                | "res"
                | "state"
                | "status"
                | "params"
                | "query"
                | "path"
                | "method"
                | "throw"
        )
    })
}

/// The properties of a variable that the file reads.
fn properties_read<'f, 'a>(
    file: Text<'f, 'a>,
    variable: SymbolId,
) -> impl Iterator<Item = &'a str> + use<'f, 'a> {
    let scoping = file.parsed.semantic().scoping();
    scoping
        .get_resolved_references(variable)
        .filter_map(
            move |reference| match file.kind(file.parent(reference.node_id())) {
                AstKind::StaticMemberExpression(member) => Some(member.property.name.as_str()),
                _ => None,
            },
        )
}

fn of_value<'a>(
    file: Text<'_, 'a>,
    value: &'a Expression<'a>,
    holder: Option<SymbolId>,
    deeper: u32,
) -> Option<Bulk> {
    let deeper = deeper.checked_sub(1)?;
    match bare(value) {
        Expression::AwaitExpression(awaited) => of_value(file, &awaited.argument, holder, deeper),
        Expression::Identifier(_) => of_variable(file, file.variable(value)?, deeper),
        Expression::CallExpression(call) => of_call(file, call, holder, deeper),
        Expression::NewExpression(new) => {
            let Expression::Identifier(class) = bare(&new.callee) else {
                return None;
            };
            let from = new.arguments.first()?.as_expression()?;
            let is_collection = matches!(class.name.as_str(), "Map" | "Set" | "Uint8Array");
            let made = is_collection.then(|| of_value(file, from, None, deeper))?;
            made.map(|_| Bulk::Contents)
        }
        Expression::ArrayExpression(list) => {
            let is_filled = list.elements.is_empty()
                && holder.is_some_and(|holder| is_filled_by_a_stream(file, holder));
            is_filled.then_some(Bulk::Contents)
        }
        Expression::LogicalExpression(either) => of_value(file, &either.left, holder, deeper),
        other => {
            let (object, name) = member(other)?;
            if is_exchange_of(file.parsed, object)
                && matches!(name, "body" | "rawBody" | "file" | "files")
            {
                return Some(Bulk::Contents);
            }
            let is_item = name.bytes().all(|digit| digit.is_ascii_digit());
            // A part of a document is a document, until it is an item of one.
            let whole = of_value(file, object, None, deeper)?;
            (whole == Bulk::Contents && !is_item && !is_small(name)).then_some(Bulk::Contents)
        }
    }
}

/// Properties that are numbers, names and the like.
fn is_small(name: &str) -> bool {
    matches!(
        name,
        "length"
            | "size"
            | "byteLength"
            | "id"
            | "_id"
            | "name"
            | "title"
            | "type"
            | "status"
            | "count"
            | "key"
    )
}

/// Whether an array gets its elements from a stream: chunk by chunk.
fn is_filled_by_a_stream(file: Text<'_, '_>, holder: SymbolId) -> bool {
    let scoping = file.parsed.semantic().scoping();
    scoping.get_resolved_references(holder).any(|reference| {
        let node = reference.node_id();
        let is_pushed = matches!(file.kind(file.parent(node)), AstKind::StaticMemberExpression(member) if member.property.name == "push");
        is_pushed && is_in_a_reader(file, node)
    })
}

fn is_in_a_reader(file: Text<'_, '_>, node: NodeId) -> bool {
    file.nodes()
        .ancestor_ids(node)
        .any(|around| match file.kind(around) {
            AstKind::CallExpression(call) => {
                method(call).is_some_and(|(_, name)| matches!(name, "on" | "addListener"))
                    && matches!(
                        argument(call, 0).and_then(literal_text),
                        Some("data" | "readable" | "row" | "record")
                    )
            }
            AstKind::ForOfStatement(each) => each.r#await,
            _ => false,
        })
}

fn is_used_as_many(file: Text<'_, '_>, holder: SymbolId) -> bool {
    let scoping = file.parsed.semantic().scoping();
    properties_read(file, holder).any(|name| OF_MANY.contains(&name) || LARGE.contains(&name))
        || has_a_list(file, holder)
        || scoping.get_resolved_references(holder).any(|reference| {
            matches!(
                file.kind(file.parent(reference.node_id())),
                AstKind::ForOfStatement(_) | AstKind::SpreadElement(_)
            )
        })
}

/// Whether a property of a variable is used as only a list is: `job.attachments.map(…)`.
fn has_a_list(file: Text<'_, '_>, holder: SymbolId) -> bool {
    let scoping = file.parsed.semantic().scoping();
    let mut uses = scoping.get_resolved_references(holder);
    uses.any(|reference| {
        let property = file.parent(reference.node_id());
        let whole = file.parent(property);
        match (file.kind(property), file.kind(whole)) {
            (AstKind::StaticMemberExpression(list), AstKind::StaticMemberExpression(method)) => {
                !SHORT_LISTS.contains(&list.property.name.as_str())
                    && OF_LISTS.contains(&method.property.name.as_str())
                    && matches!(file.kind(file.parent(whole)), AstKind::CallExpression(_))
            }
            _ => false,
        }
    })
}

/// Whether a variable is set to nothing again: `chunks = null`.
fn is_let_go(file: Text<'_, '_>, variable: SymbolId) -> bool {
    let scoping = file.parsed.semantic().scoping();
    scoping.symbol_is_mutated(variable)
        && scoping
            .get_resolved_references(variable)
            .filter(|reference| reference.is_write())
            .any(
                |reference| match file.kind(file.parent(reference.node_id())) {
                    AstKind::AssignmentExpression(assignment) => match bare(&assignment.right) {
                        Expression::NullLiteral(_) => true,
                        Expression::Identifier(name) => name.name == "undefined",
                        Expression::ArrayExpression(list) => list.elements.is_empty(),
                        Expression::StringLiteral(text) => text.value.is_empty(),
                        _ => false,
                    },
                    _ => false,
                },
            )
}
