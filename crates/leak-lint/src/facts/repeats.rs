//! A place into whether it is reached again and again while the process lives, for rules on what outlives each time.

use oxc_ast::AstKind;
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::literal_text;

use crate::facts::lifetime::{Life, life_of};
use crate::facts::reconnects::reconnects;
use crate::file::{File, argument, method};
use crate::project::{Calls, Heat};

/// Whether a place is reached again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// While the program starts, and not after that.
    Never,
    /// For each request, message or connection.
    PerRequest,
    /// For each call of a function that is called again and again.
    PerCall,
    /// As often as others want, whom the file does not show.
    Unknown,
}

/// How often a place is reached.
pub(crate) fn repeats(file: &File<'_, '_>, node: NodeId) -> Repeats {
    match file.heat(node) {
        Some(Heat::Handler) => return Repeats::PerRequest,
        Some(Heat::Called) => return Repeats::PerCall,
        None => {}
    }
    match file.frequency(node) {
        Calls::Again => Repeats::PerCall,
        Calls::Once => Repeats::Never,
        Calls::Unknown if is_about_a_request(file, node) => Repeats::PerRequest,
        Calls::Unknown => Repeats::Unknown,
    }
}

/// Whether a handler stands between a registration and the function that has the emitter: one emitter, many calls.
pub(crate) fn is_called_again_within(file: &File<'_, '_>, function: NodeId, home: NodeId) -> bool {
    let mut at = Some(function);
    while let Some(around) = at {
        if around == home {
            return false;
        }
        let is_handed_to_a_call = matches!(
            file.kind(file.parent(around)),
            AstKind::CallExpression(_) | AstKind::MethodDefinition(_) | AstKind::ObjectProperty(_)
        );
        // The executor of a promise runs at once, however often the loop around it turns.
        if is_handed_to_a_call && file.is_handler(around) && !is_told_once(file, around) {
            return true;
        }
        at = file.function_around(around);
    }
    false
}

/// Whether a handler is one of an event that an emitter has once.
pub(crate) fn is_told_once(file: &File<'_, '_>, handler: NodeId) -> bool {
    let AstKind::CallExpression(call) = file.kind(file.parent(handler)) else {
        return false;
    };
    let Some((emitter, name)) = method(call) else {
        return false;
    };
    match argument(call, 0).and_then(literal_text) {
        Some("connect" | "open" | "ready") => name == "once" || !reconnects(file, emitter),
        // A server has these for each client, what a function made to ask one has them once.
        Some("upgrade" | "session" | "stream" | "response") => {
            matches!(life_of(file, emitter), Life::Call { .. })
        }
        _ => name == "once",
    }
}

/// Names of parameters that hold the request of one call, or its response.
const OF_A_REQUEST: &[&str] = &["req", "request", "res", "response", "reply", "ctx"];
/// Types of such parameters: Node, express, koa, fastify, Next and the web's own.
const REQUEST_TYPES: &[&str] = &[
    "Request",
    "Response",
    "IncomingMessage",
    "ServerResponse",
    "FastifyRequest",
    "FastifyReply",
    "NextApiRequest",
    "NextRequest",
];

/// Whether a function around a node is given a request: it is called for each, by whomever.
pub(crate) fn is_about_a_request(file: &File<'_, '_>, node: NodeId) -> bool {
    let mut at = file.function_around(node);
    while let Some(function) = at {
        if let Some(parameters) = file.parsed.parameters(function) {
            let mut all = parameters.items.iter();
            let is_given = all.any(|parameter| {
                let name = parameter.pattern.get_identifier_name();
                let is_named =
                    name.is_some_and(|name| OF_A_REQUEST.contains(&name.as_str()) && name != "ctx");
                let is_typed = parameter
                    .type_annotation
                    .as_ref()
                    .is_some_and(|annotation| {
                        let written = file.slice(annotation.type_annotation.span());
                        let name = written.split('<').next().unwrap_or_default();
                        REQUEST_TYPES.contains(&name.rsplit('.').next().unwrap_or_default())
                    });
                is_named || is_typed
            });
            if is_given {
                return true;
            }
        }
        at = file.function_around(function);
    }
    false
}
