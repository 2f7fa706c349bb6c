//! A place into whether a condition lets it be reached once only: what a call remembers, it asks first.

use oxc_ast::AstKind;
use oxc_ast::ast::{Expression, Statement};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_js_source::{bare, is_function};

use crate::facts::lifetime::is_exchange;
use crate::facts::listeners::member;
use crate::facts::repeats::is_told_once;
use crate::file::{File, method};

/// Whether the code at a node runs the first time only, as far as conditions of the functions around it tell: a flag that it
/// sets, a collection that it asks and fills, the listeners that are there already. Functions that a framework or an emitter
/// calls end the search: what let them be installed once says nothing of how often they run. What only a request remembers is
/// none of these, unless the listener is its own: `emitter` is what is listened to.
pub(crate) fn is_guarded<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    emitter: &'a Expression<'a>,
) -> bool {
    let emitter = file.written(emitter);
    let mut at = node;
    loop {
        let around = file.function_around(at);
        let asker = Asker {
            function: around,
            emitter: &emitter,
        };
        if conditions(file, at, around)
            .into_iter()
            .any(|condition| is_remembered(file, condition, asker))
        {
            return true;
        }
        match around {
            Some(function) if !file.is_handler(function) || is_told_once(file, function) => {
                at = function;
            }
            _ => return false,
        }
    }
}

/// Who asks a condition.
#[derive(Clone, Copy)]
struct Asker<'e> {
    /// The function that it stands in.
    function: Option<NodeId>,
    /// What is listened to, as written.
    emitter: &'e str,
}

/// The conditions, within one function, under which a node is reached: branches around it, and early returns before it.
fn conditions<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    function: Option<NodeId>,
) -> Vec<&'a Expression<'a>> {
    let place = file.kind(node).span();
    let mut found = Vec::new();
    for around in file.nodes().ancestor_ids(node) {
        if Some(around) == function {
            break;
        }
        match file.kind(around) {
            AstKind::IfStatement(branch) if !branch.test.span().contains_inclusive(place) => {
                found.push(&branch.test);
            }
            AstKind::ConditionalExpression(branch)
                if !branch.test.span().contains_inclusive(place) =>
            {
                found.push(&branch.test);
            }
            AstKind::LogicalExpression(either) if either.right.span().contains_inclusive(place) => {
                found.push(&either.left);
            }
            AstKind::FunctionBody(body) => early_returns(&body.statements, place, &mut found),
            AstKind::BlockStatement(block) => early_returns(&block.body, place, &mut found),
            kind if is_function(kind) => break,
            _ => {}
        }
    }
    found
}

fn early_returns<'a>(
    statements: &'a [Statement<'a>],
    place: Span,
    found: &mut Vec<&'a Expression<'a>>,
) {
    for statement in statements {
        if statement.span().end > place.start {
            break;
        }
        if let Statement::IfStatement(branch) = statement
            && leaves(&branch.consequent)
        {
            found.push(&branch.test);
        }
    }
}

/// Whether a statement ends with leaving the function or the turn of the loop.
pub(crate) fn leaves(statement: &Statement<'_>) -> bool {
    match statement {
        Statement::ReturnStatement(_)
        | Statement::ThrowStatement(_)
        | Statement::ContinueStatement(_) => true,
        Statement::BlockStatement(block) => block.body.last().is_some_and(leaves),
        _ => false,
    }
}

/// What a socket has as long as it waits for its connection, which it does once.
const CONNECTING: &[&str] = &["connecting", "_connecting", "pending"];

/// Whether a condition asks for what the same function also sets.
fn is_remembered<'a>(file: &File<'_, 'a>, condition: &'a Expression<'a>, asker: Asker<'_>) -> bool {
    let function = asker.function;
    match bare(condition) {
        Expression::UnaryExpression(not) => is_remembered(file, &not.argument, asker),
        Expression::LogicalExpression(both) => {
            is_remembered(file, &both.left, asker) || is_remembered(file, &both.right, asker)
        }
        Expression::BinaryExpression(compared) => {
            is_remembered(file, &compared.left, asker)
                || is_remembered(file, &compared.right, asker)
        }
        Expression::Identifier(_) => is_set_variable(file, condition, asker),
        Expression::CallExpression(call) => match method(call) {
            Some((_, "listenerCount" | "listeners" | "eventNames" | "rawListeners")) => true,
            Some((object, "has" | "get" | "includes" | "some")) => {
                is_filled(file, object, function)
            }
            _ => false,
        },
        other => match member(other) {
            Some((object, "length" | "size")) => is_remembered(file, object, asker),
            Some((_, name)) if CONNECTING.contains(&name) => true,
            Some(_) => is_set_member(file, other, asker),
            None => other.as_member_expression().is_some_and(|member| {
                is_filled(file, member.object(), function) || is_set_member(file, other, asker)
            }),
        },
    }
}

/// Whether a variable outlives the function and gets a value in it, or is what a collection has that the function fills.
fn is_set_variable<'a>(file: &File<'_, 'a>, name: &Expression<'a>, asker: Asker<'_>) -> bool {
    let (Some(variable), Some(function)) = (file.variable(name), asker.function) else {
        return false;
    };
    let scoping = file.parsed.semantic().scoping();
    let within = file.kind(function).span();
    let is_inside = |node: NodeId| within.contains_inclusive(file.kind(node).span());
    let declaration = scoping.symbol_declaration(variable);
    if !is_inside(declaration) {
        let mut references = scoping.get_resolved_references(variable);
        return references.any(|reference| reference.is_write() && is_inside(reference.node_id()));
    }
    let AstKind::VariableDeclarator(declarator) = file.kind(declaration) else {
        return false;
    };
    let Some(init) = &declarator.init else {
        return false;
    };
    match bare(init) {
        Expression::CallExpression(call) => match method(call) {
            Some((object, "get" | "has" | "find")) => is_filled(file, object, Some(function)),
            _ => false,
        },
        Expression::ComputedMemberExpression(member) => {
            is_filled(file, &member.object, Some(function))
        }
        init => member(init).is_some() && is_set_member(file, init, asker),
    }
}

/// Whether the function, or what it calls with the same words, adds to a collection.
fn is_filled<'a>(
    file: &File<'_, 'a>,
    collection: &Expression<'a>,
    function: Option<NodeId>,
) -> bool {
    let Some(function) = function else {
        return false;
    };
    let within = file.kind(function).span();
    let collection = file.written(collection);
    let adds = file.calls_within(within).any(|(_, call)| {
        method(call).is_some_and(|(object, name)| {
            matches!(name, "add" | "set" | "push") && file.written(object) == collection
        })
    });
    let assigns = || {
        file.assignments().iter().any(|(_, assignment)| {
            within.contains_inclusive(assignment.span)
                && assignment
                    .left
                    .as_member_expression()
                    .is_some_and(|member| file.written(member.object()) == collection)
        })
    };
    adds || assigns()
}

/// Whether the function assigns to a member that is written like this one, of something that outlives the function.
fn is_set_member<'a>(file: &File<'_, 'a>, asked: &'a Expression<'a>, asker: Asker<'_>) -> bool {
    let Some(function) = asker.function else {
        return false;
    };
    if let Some(member) = asked.as_member_expression() {
        let object = bare(member.object());
        let is_of_emitter = file.written(object).starts_with(asker.emitter);
        if is_exchange(file, object) && !is_of_emitter {
            return false;
        }
    }
    let within = file.kind(function).span();
    let asked = file.written(asked);
    file.assignments().iter().any(|(_, assignment)| {
        within.contains_inclusive(assignment.span) && file.slice(assignment.left.span()) == asked
    })
}
