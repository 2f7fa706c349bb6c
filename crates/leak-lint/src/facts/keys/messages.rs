//! Parts of what was sent, and of what is made of it, into how many different values they have: of messages, addresses, and
//! requests behind calls.

use oxc_ast::AstKind;
use oxc_ast::ast::{CallExpression, Expression};
use oxc_semantic::NodeId;
use stanch_js_source::bare;

use super::value::{Depth, of};
use super::variable::constant;
use super::{Domain, Source, Thing, request};
use crate::file::{File, argument, method};

/// Messages in constants, and constants in these: followed this far.
const DEEPEST: u32 = 6;
/// Whether an expression is what a handler of requests, messages or events is given, or a part of it.
pub(super) fn is_message<'a>(file: &File<'_, 'a>, object: &Expression<'a>) -> bool {
    is_message_through(file, object, DEEPEST)
}

fn is_message_through<'a>(file: &File<'_, 'a>, part: &Expression<'a>, deeper: u32) -> bool {
    let Some(deeper) = deeper.checked_sub(1) else {
        return false;
    };
    let mut root = bare(part);
    while let Some(member) = root.as_member_expression() {
        root = bare(member.object());
    }
    let is_one = |part: &Expression<'a>| is_message_through(file, part, deeper);
    match root {
        Expression::AwaitExpression(awaited) => is_one(&awaited.argument),
        Expression::CallExpression(call) => match method(call) {
            Some((_, name)) if UNPACKS.contains(&name) => argument(call, 0).is_some_and(is_one),
            Some((of, "toString" | "json" | "text")) => is_one(of),
            _ => false,
        },
        _ => {
            let Some(symbol) = file.variable(root) else {
                return false;
            };
            let scoping = file.parsed.semantic().scoping();
            let declaration = scoping.symbol_declaration(symbol);
            match file.kind(declaration) {
                AstKind::FormalParameter(_) => file
                    .function_around(declaration)
                    .is_some_and(|function| file.is_handler(function)),
                AstKind::VariableDeclarator(declarator) => {
                    let first = declarator.init.as_ref();
                    let first = first.or_else(|| list_of_loop(file, declaration));
                    !scoping.symbol_is_mutated(symbol) && first.is_some_and(is_one)
                }
                _ => false,
            }
        }
    }
}

/// What a loop goes through: `for (const message of batch.messages)`.
fn list_of_loop<'a>(file: &File<'_, 'a>, declarator: NodeId) -> Option<&'a Expression<'a>> {
    let mut around = file.nodes().ancestor_kinds(declarator).take(2);
    around.find_map(|kind| match kind {
        AstKind::ForOfStatement(each) => Some(&each.right),
        _ => None,
    })
}

/// Methods that read a message: of JSON, and of the schemas of zod, yup and protobufjs.
const UNPACKS: &[&str] = &["parse", "safeParse", "parseAsync", "validate", "decode"];

/// `new URL(given).host`: as many as the addresses that it is made of.
pub(super) fn of_an_address<'a>(
    file: &File<'_, 'a>,
    object: &Expression<'a>,
    name: &str,
    deeper: Depth<'_>,
) -> Option<Domain> {
    if !matches!(
        name,
        "host" | "hostname" | "origin" | "pathname" | "search" | "href"
    ) {
        return None;
    }
    let Expression::NewExpression(new) = constant(file, object).map_or(bare(object), bare) else {
        return None;
    };
    let is_url = matches!(bare(&new.callee), Expression::Identifier(class) if class.name == "URL");
    let given = new.arguments.first()?.as_expression().filter(|_| is_url)?;
    match of(file, given, deeper) {
        Domain::Unbounded(_) => Some(Domain::Unbounded(Source::Url)),
        _ => None,
    }
}

/// The request or response that a call gives: `context.switchToHttp().getRequest()`.
pub(super) fn asked_of_a_request<'a>(
    file: &File<'_, 'a>,
    call: &CallExpression<'a>,
) -> Option<Domain> {
    let path = request::path(file, &call.callee)?;
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    match request::part(&names) {
        found @ Some(Domain::Object(Thing::Exchange)) if !names.is_empty() => found,
        _ => None,
    }
}
