//! The scope or class that has a container into how long the container lives.

use oxc_ast::ast::{Class, ExportDefaultDeclarationKind, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_js_source::{ParsedSource, bare};

use crate::file::File;
use crate::project::Calls;

/// How long a holder lives, from longest to shortest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lifetime {
    /// Until the process ends.
    Process,
    /// As long as the function that sees it, which something outlasts its call with.
    Closure,
    /// As long as the instance that has it; how long that is, the file does not say.
    Instance,
}

/// Decorators of containers of dependencies that make one instance for the application: NestJS, typedi, tsyringe, inversify,
/// TypeORM's subscribers, LoopBack, from their documentation.
const SINGLETONS: &[&str] = &[
    "Injectable",
    "Controller",
    "Resolver",
    "WebSocketGateway",
    "Service",
    "singleton",
    "Singleton",
    "JsonController",
    "EventSubscriber",
    "Catch",
    "Processor",
];
/// What their options say when there is one instance for each use or request instead.
const SHORT_SCOPES: &[&str] = &["REQUEST", "TRANSIENT", "transient", "Request", "Transient"];

/// How long the variables of a function live that functions in it use; none if it is called for each request.
pub(super) fn of_closure(file: &File<'_, '_>, function: NodeId) -> Option<Lifetime> {
    match file.calls_of(function) {
        Calls::Once => Some(Lifetime::Process),
        Calls::Unknown => Some(Lifetime::Closure),
        Calls::Again => None,
    }
}

/// How long the instances of a class or constructor function live.
pub(crate) fn of_instances(file: &File<'_, '_>, class: NodeId) -> Lifetime {
    let is_one = matches!(file.kind(class), AstKind::Class(own) if is_singleton(file.parsed, own));
    if is_one || is_made_for_good(file, class) || file.calls_of(class) == Calls::Once {
        Lifetime::Process
    } else {
        Lifetime::Instance
    }
}

/// Whether a container of dependencies makes one instance of a class, by its decorators.
pub(crate) fn is_singleton(parsed: &ParsedSource<'_>, class: &Class<'_>) -> bool {
    class.decorators.iter().any(|decorator| {
        let (name, place) = match bare(&decorator.expression) {
            Expression::CallExpression(call) => (bare(&call.callee), call.span),
            other => (other, Span::default()),
        };
        let text = parsed.text().slice(place.start, place.end);
        let is_one =
            matches!(name, Expression::Identifier(name) if SINGLETONS.contains(&name.name.as_str()));
        is_one && !SHORT_SCOPES.iter().any(|scope| text.contains(scope))
    })
}

/// Whether some instance is made once: at module level, as the module's export, or for a static field.
fn is_made_for_good(file: &File<'_, '_>, class: NodeId) -> bool {
    file.nodes_of([AstType::NewExpression]).any(|node| {
        let AstKind::NewExpression(new) = node.kind() else {
            return false;
        };
        let is_it = file.callable(&new.callee) == Some(class)
            || matches!(bare(&new.callee), Expression::ThisExpression(_))
                && file.parsed.class_around(node.id()) == Some(class);
        is_it && (file.frequency(node.id()) == Calls::Once || is_kept_as_the_one(file, node.id()))
    }) || is_default_instance(file, class)
}

/// `export default new (class { … })()`.
fn is_default_instance(file: &File<'_, '_>, class: NodeId) -> bool {
    let span = file.kind(class).span();
    let mut around = file.nodes().ancestor_kinds(class);
    around.any(|around| match around {
        AstKind::ExportDefaultDeclaration(export) => {
            matches!(&export.declaration, ExportDefaultDeclarationKind::NewExpression(new)
                if new.callee.span().contains_inclusive(span))
        }
        _ => false,
    })
}

/// `Pool.instance ??= new Pool()`, `if (!instance) instance = new Pool()`: made once, whenever that is.
fn is_kept_as_the_one(file: &File<'_, '_>, new: NodeId) -> bool {
    let parent = file.parent(new);
    let AstKind::AssignmentExpression(assignment) = file.kind(parent) else {
        return false;
    };
    let target = file.slice(assignment.left.span());
    let name = target.rsplit(['.', '#']).next().unwrap_or(target);
    let plain = name.trim_start_matches('_').to_ascii_lowercase();
    plain.ends_with("instance") || plain == "singleton"
}
