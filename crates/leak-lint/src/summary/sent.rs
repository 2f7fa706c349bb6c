//! Parameters with decorators into the part of a request that a framework hands them: `@Param('id') id` gets `params.id`.

use oxc_ast::ast::{Decorator, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{bare, literal_text};

use super::{Scan, Summary};
use crate::facts::lifetime::decorator_name;

/// Decorators of parameters, and what of a request they stand for: NestJS, routing-controllers, tsoa and type-graphql, from
/// their documentation.
const SENT: &[(&str, &[&str])] = &[
    ("Req", &[]),
    ("Request", &[]),
    ("Ctx", &[]),
    ("Param", &["params"]),
    ("Params", &["params"]),
    ("Path", &["params"]),
    ("PathParams", &["params"]),
    ("HostParam", &["params"]),
    ("Query", &["query"]),
    ("QueryParam", &["query"]),
    ("QueryParams", &["query"]),
    ("Body", &["body"]),
    ("BodyParam", &["body"]),
    ("Header", &["headers"]),
    ("Headers", &["headers"]),
    ("HeaderParam", &["headers"]),
    ("Cookies", &["cookies"]),
    ("CookieParam", &["cookies"]),
    ("Ip", &["ip"]),
    ("RealIP", &["ip"]),
    ("Session", &["session"]),
    ("UploadedFile", &["file"]),
    ("UploadedFiles", &["files"]),
    ("MessageBody", &["message"]),
    ("Payload", &["message"]),
    ("Args", &["message"]),
    ("Arg", &["message"]),
];

impl<'a> Scan<'_, 'a> {
    pub(super) fn sent(&self, summary: &mut Summary) {
        for node in self.parsed.nodes_of([AstType::FormalParameter]) {
            self.sent_at(node.id(), node.kind(), summary);
        }
    }

    fn sent_at(&self, node: NodeId, kind: AstKind<'a>, summary: &mut Summary) {
        let AstKind::FormalParameter(parameter) = kind else {
            return;
        };
        let Some(names) = parameter.decorators.iter().find_map(names_of) else {
            return;
        };
        let function = self.parsed.function_around(node);
        let position = function.and_then(|function| {
            let mut all = self.parsed.parameters(function)?.items.iter();
            all.position(|own| own.span == parameter.span)
        });
        if let (Some(function), Some(position)) = (function, position) {
            let start = self.kind(function).span().start;
            let position = u32::try_from(position).unwrap_or(u32::MAX);
            summary.sent.insert((start, position), names);
        }
    }
}

fn names_of(decorator: &Decorator<'_>) -> Option<Box<[Box<str>]>> {
    let name = decorator_name(&decorator.expression)?;
    let (_, lead) = SENT.iter().find(|(own, _)| *own == name)?;
    let mut names: Vec<Box<str>> = lead.iter().map(|name| (*name).into()).collect();
    if let Expression::CallExpression(call) = bare(&decorator.expression)
        && let Some(key) = call
            .arguments
            .first()
            .and_then(|first| first.as_expression())
    {
        names.extend(literal_text(key).map(Into::into));
    }
    Some(names.into())
}
