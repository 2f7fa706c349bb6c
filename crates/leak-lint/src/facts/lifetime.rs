//! An expression into how long what it names lives: the program, a connection, an instance, or the call of some function.

use oxc_ast::AstKind;
use oxc_ast::ast::{BindingPattern, Expression, FormalParameter};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::{ParsedSource, bare, is_function};

use crate::facts::containers::is_shared_service;
use crate::facts::fields::{is_an_element_of_a_field, key};
use crate::facts::lent::{is_lent_by_a_pool, is_run_by_a_lender, only_value};
use crate::facts::listeners::{member, unchained};
use crate::facts::reconnects::is_reset_at_the_end;
use crate::file::{File, method};

/// How long something lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life<'a> {
    /// As long as the program: a variable of a module, an import, `process`, a static field. The place where the file names
    /// it first, if it has one.
    Process(Option<Span>),
    /// As long as a connection, which serves many requests.
    Connection,
    /// As long as an instance of a class: a field that the class fills itself.
    Instance {
        /// The class, or the constructor function.
        class: NodeId,
    },
    /// Unknown to the class: a field that holds what its constructor was given.
    HandedToInstance {
        /// The constructor.
        constructor: NodeId,
        /// Which of its parameters.
        index: usize,
        /// Which property of what it was given; none for the whole, or where it is not known.
        property: Option<&'a str>,
    },
    /// Unknown to the function: what a parameter holds.
    Given {
        /// The function whose parameter it is.
        function: NodeId,
        /// Which of its parameters.
        index: usize,
        /// Which property of what it was given; none for the whole, or where it is not known.
        property: Option<&'a str>,
    },
    /// As long as a call of a function, which makes it.
    Call {
        /// The function.
        function: NodeId,
    },
    /// Nobody knows.
    Unknown,
}

impl<'a> Life<'a> {
    /// The function whose every call has one of its own; none for what lives longer or elsewhere.
    pub(crate) const fn function(self) -> Option<NodeId> {
        match self {
            Self::Given { function, .. } | Self::Call { function } => Some(function),
            _ => None,
        }
    }

    /// That of a property of it.
    const fn with(self, name: &'a str) -> Self {
        match self {
            Self::Given {
                function,
                index,
                property: None,
            } => Self::Given {
                function,
                index,
                property: Some(name),
            },
            Self::HandedToInstance {
                constructor,
                index,
                property: None,
            } => Self::HandedToInstance {
                constructor,
                index,
                property: Some(name),
            },
            life => life,
        }
    }
}

/// Objects of the program that no file declares, beside the DOM's: pages come and go with all that listens in them.
const GLOBALS: &[&str] = &["process", "globalThis", "global"];
/// Names that requests, responses and contexts have.
const EXCHANGES: &[&str] = &[
    "req", "request", "res", "response", "reply", "raw", "incoming", "ctx", "context", "c", "_req",
];
/// Under which requests and contexts name the application that serves them: express, koa, fastify.
const APPLICATIONS: &[&str] = &["app", "server"];
/// Methods that by convention give the one instance there is.
const SINGLETONS: &[&str] = &["getInstance", "instance", "sharedInstance", "getDefault"];

/// Names that stand for names, and members of members, that are followed.
const DEEPEST: u32 = 8;

/// How long what an expression names lives, seen from the place where it is written.
pub(crate) fn life_of<'a>(file: &File<'_, 'a>, expression: &'a Expression<'a>) -> Life<'a> {
    through(file, expression, DEEPEST)
}

fn through<'a>(file: &File<'_, 'a>, expression: &'a Expression<'a>, deeper: u32) -> Life<'a> {
    let Some(deeper) = deeper.checked_sub(1) else {
        return Life::Unknown;
    };
    if is_configured(file, expression) {
        return Life::Process(None);
    }
    match unchained(expression) {
        Expression::Identifier(name) => match file.variable(expression) {
            Some(variable) => of_variable(file, variable, expression.node_id(), deeper),
            None if GLOBALS.contains(&name.name.as_str()) => Life::Process(None),
            None => Life::Unknown,
        },
        Expression::AwaitExpression(awaited) => through(file, &awaited.argument, deeper),
        Expression::LogicalExpression(either) => through(file, &either.left, deeper),
        Expression::NewExpression(_) => made_around(file, expression.node_id()),
        Expression::CallExpression(call) => {
            if call.common_js_require().is_some() {
                return Life::Process(Some(call.span));
            }
            if let Some((class, name)) = method(call)
                && SINGLETONS.contains(&name)
                && is_of_module(file.parsed, class)
            {
                return Life::Process(None);
            }
            if file.gives_what_lasts(&call.callee) || is_shared_service(file, call) {
                return Life::Process(None);
            }
            match returned(file, call) {
                Some(given) => match through(file, given, deeper) {
                    life @ Life::Process(_) => life,
                    // One of those that the instance has: `return this.workers[next]`.
                    _ if is_an_element_of_a_field(given) => Life::Unknown,
                    _ => made_around(file, expression.node_id()),
                },
                None => made_around(file, expression.node_id()),
            }
        }
        other => match member(other) {
            Some((object, name)) => of_member(file, other, object, name, deeper),
            None => Life::Unknown,
        },
    }
}

/// Whether the project's configuration says of a name, or of a function's result, that it lives as long as the process.
fn is_configured<'a>(file: &File<'_, 'a>, expression: &'a Expression<'a>) -> bool {
    let said = &file.options.emitters;
    if said.is_empty() {
        return false;
    }
    let written = match unchained(expression) {
        Expression::CallExpression(call) => file.written(bare(&call.callee)),
        other => file.written(other),
    };
    said.contains(&written)
}

/// What a function of the file gives back, where it has one `return` at its end.
pub(crate) fn returned<'a>(
    file: &File<'_, 'a>,
    call: &'a oxc_ast::ast::CallExpression<'a>,
) -> Option<&'a Expression<'a>> {
    let function = file.parsed.callee_of(&call.callee)?;
    let body = match file.kind(function) {
        AstKind::Function(function) => function.body.as_deref(),
        AstKind::ArrowFunctionExpression(arrow) => match &arrow.body {
            oxc_ast::ast::ArrowFunctionBody::FunctionBody(body) => Some(&**body),
            given => return given.as_expression(),
        },
        _ => None,
    };
    match body?.statements.last()? {
        oxc_ast::ast::Statement::ReturnStatement(last) => last.argument.as_ref(),
        _ => None,
    }
}

fn made_around<'a>(file: &File<'_, 'a>, node: NodeId) -> Life<'a> {
    match file.function_around(node) {
        Some(function) => Life::Call { function },
        None => Life::Process(Some(file.kind(node).span())),
    }
}

/// Whether an expression is a name of the module: an import, a class, a variable.
fn is_of_module<'a>(parsed: &ParsedSource<'a>, expression: &Expression<'a>) -> bool {
    let scoping = parsed.semantic().scoping();
    parsed
        .variable_of(expression)
        .is_some_and(|variable| scoping.symbol_scope_id(variable) == scoping.root_scope_id())
}

fn of_variable<'a>(file: &File<'_, 'a>, variable: SymbolId, used: NodeId, deeper: u32) -> Life<'a> {
    let scoping = file.parsed.semantic().scoping();
    let declaration = scoping.symbol_declaration(variable);
    // Made anew where it is used: `socket = connect(); socket.on(…)`.
    if let Some(function) = assigned_around(file, variable, used) {
        return Life::Call { function };
    }
    if scoping.symbol_scope_id(variable) == scoping.root_scope_id() {
        return match is_replaced(file, variable) {
            true => Life::Unknown,
            false => Life::Process(Some(scoping.symbol_span(variable))),
        };
    }
    match file.kind(declaration) {
        AstKind::VariableDeclarator(declarator) => {
            let Some(init) = &declarator.init else {
                // An element is as old as what was handed in with it.
                if let Some(all) = iterated(file, declaration) {
                    return through(file, all, deeper);
                }
                let value = only_value(file, variable);
                let is_lent = value.is_some_and(|value| is_lent_by_a_pool(file, value, variable));
                return match is_lent {
                    true => Life::Process(None),
                    false => Life::Unknown,
                };
            };
            match &declarator.id {
                // What a pool lends goes back to it, with all that listens to it.
                BindingPattern::BindingIdentifier(_) if is_lent_by_a_pool(file, init, variable) => {
                    Life::Process(None)
                }
                BindingPattern::BindingIdentifier(_) => match through(file, init, deeper) {
                    // An alias is as old as what it stands for, but what is made here is of here.
                    Life::Unknown => Life::Unknown,
                    life => life,
                },
                BindingPattern::ObjectPattern(_) => {
                    let taken = property_of(&declarator.id, variable);
                    match taken {
                        Some(name) => of_member(file, init, init, name, deeper),
                        None => Life::Unknown,
                    }
                }
                _ => Life::Unknown,
            }
        }
        AstKind::FormalParameterRest(_) => rest(file, declaration),
        AstKind::FormalParameter(parameter) => given(file, declaration, parameter, variable),
        _ => Life::Unknown,
    }
}

/// What a loop goes through whose variable a declaration is.
fn iterated<'a>(file: &File<'_, 'a>, declarator: NodeId) -> Option<&'a Expression<'a>> {
    let declaration = file.nodes().parent_id(declarator);
    match file.kind(file.parent(declaration)) {
        AstKind::ForOfStatement(each) => Some(&each.right),
        _ => None,
    }
}

fn rest<'a>(file: &File<'_, 'a>, declaration: NodeId) -> Life<'a> {
    let function = file
        .nodes()
        .ancestor_ids(declaration)
        .find(|around| is_function(file.kind(*around)));
    match function.map(|function| (function, file.parsed.parameters(function))) {
        Some((function, Some(parameters))) => Life::Given {
            function,
            index: parameters.items.len(),
            property: None,
        },
        _ => Life::Unknown,
    }
}

/// The key under which a pattern takes a variable.
fn property_of<'a>(pattern: &'a BindingPattern<'a>, variable: SymbolId) -> Option<&'a str> {
    let BindingPattern::ObjectPattern(object) = pattern else {
        return None;
    };
    object.properties.iter().find_map(|property| {
        let bound = property.value.get_binding_identifiers();
        let takes = bound
            .iter()
            .any(|bound| bound.symbol_id.get() == Some(variable));
        if takes { key(&property.key) } else { None }
    })
}

fn given<'a>(
    file: &File<'_, 'a>,
    declaration: NodeId,
    parameter: &'a FormalParameter<'a>,
    variable: SymbolId,
) -> Life<'a> {
    let Some(function) = file
        .nodes()
        .ancestor_ids(declaration)
        .find(|around| is_function(file.kind(*around)))
    else {
        return Life::Unknown;
    };
    if is_constructor(file, function)
        && parameter.accessibility.is_some()
        && let Some(class) = file.parsed.class_around(function)
        && is_injected(file, class)
    {
        return Life::Process(Some(parameter.span));
    }
    match index_of(file, function, parameter.span) {
        Some(0) if is_run_by_a_lender(file, function) => Life::Process(None),
        Some(index) => Life::Given {
            function,
            index,
            property: property_of(&parameter.pattern, variable),
        },
        None => Life::Unknown,
    }
}

fn index_of(file: &File<'_, '_>, function: NodeId, parameter: Span) -> Option<usize> {
    let parameters = match file.kind(function) {
        AstKind::Function(function) => &function.params,
        AstKind::ArrowFunctionExpression(arrow) => &arrow.params,
        _ => return None,
    };
    let mut all = parameters.items.iter();
    all.position(|own| own.span == parameter)
}

/// Whether functions put one thing after another into a variable, or nothing at last: each lives until the next.
fn is_replaced(file: &File<'_, '_>, variable: SymbolId) -> bool {
    let scoping = file.parsed.semantic().scoping();
    if !scoping.symbol_is_mutated(variable) {
        return false;
    }
    let mut in_functions = scoping
        .get_resolved_references(variable)
        .filter(|reference| {
            reference.is_write()
                && file.function_around(reference.node_id()).is_some()
                && !is_reset_at_the_end(file.parsed, reference.node_id())
        });
    let is_let_go = |node: NodeId| match file.kind(file.parent(node)) {
        AstKind::AssignmentExpression(assignment) => {
            matches!(bare(&assignment.right), Expression::NullLiteral(_))
                || matches!(bare(&assignment.right), Expression::Identifier(name) if name.name == "undefined")
        }
        _ => false,
    };
    let first = in_functions.next().map(|reference| reference.node_id());
    first.is_some_and(|first| in_functions.next().is_some() || is_let_go(first))
}

/// The function around a use in which the variable gets a value, if it is declared outside of it.
fn assigned_around(file: &File<'_, '_>, variable: SymbolId, used: NodeId) -> Option<NodeId> {
    let scoping = file.parsed.semantic().scoping();
    if !scoping.symbol_is_mutated(variable) {
        return None;
    }
    let home = scoping.symbol_scope_id(variable);
    let home = scoping.get_node_id(home);
    let around: Vec<NodeId> = file
        .nodes()
        .ancestor_ids(used)
        .take_while(|node| *node != home)
        .filter(|node| is_function(file.kind(*node)))
        .collect();
    let mut writes = scoping
        .get_resolved_references(variable)
        .filter(|reference| reference.is_write());
    writes.find_map(|reference| {
        let function = file.function_around(reference.node_id())?;
        around.contains(&function).then_some(function)
    })
}

fn of_member<'a>(
    file: &File<'_, 'a>,
    whole: &'a Expression<'a>,
    object: &'a Expression<'a>,
    name: &'a str,
    deeper: u32,
) -> Life<'a> {
    if matches!(bare(object), Expression::ThisExpression(_)) {
        return of_field(file, whole.node_id(), name, deeper);
    }
    if is_exchange(file, object) {
        if matches!(name, "socket" | "connection") {
            return Life::Connection;
        }
        if APPLICATIONS.contains(&name) {
            return Life::Process(None);
        }
        // A request is aborted when its client leaves, or goes.
        if name == "signal" {
            return made_around(file, object.node_id());
        }
    }
    match through(file, object, deeper) {
        // `state.socket = connect(); state.socket.on(…)` is of the call, whoever keeps the state.
        life @ (Life::Process(_) | Life::Given { .. } | Life::HandedToInstance { .. }) => {
            match member_assigned_around(file, whole) {
                Some(function) => Life::Call { function },
                None => life.with(name),
            }
        }
        life => life,
    }
}

/// The function around a member expression that assigns to it.
fn member_assigned_around<'a>(file: &File<'_, 'a>, whole: &'a Expression<'a>) -> Option<NodeId> {
    let around = file.function_around(whole.node_id())?;
    let within = file.kind(around).span();
    let written = file.written(whole);
    let assigns = file.assignments().iter().any(|(_, assignment)| {
        within.contains_inclusive(assignment.span) && file.slice(assignment.left.span()) == written
    });
    assigns.then_some(around)
}

/// Whether an expression is a request, a response or a context, by its name.
pub(crate) fn is_exchange<'a>(file: &File<'_, 'a>, expression: &Expression<'a>) -> bool {
    is_exchange_of(file.parsed, expression)
}

/// The same in a text that is in no project yet.
pub(crate) fn is_exchange_of<'a>(parsed: &ParsedSource<'a>, expression: &Expression<'a>) -> bool {
    match bare(expression) {
        Expression::Identifier(name) => {
            EXCHANGES.contains(&name.name.as_str()) && !is_of_module(parsed, expression)
        }
        other => other
            .as_member_expression()
            .and_then(|member| member.static_property_name())
            .is_some_and(|name| {
                matches!(
                    name,
                    "req" | "request" | "res" | "response" | "reply" | "raw"
                )
            }),
    }
}

/// How long what a field of `this` holds lives.
fn of_field<'a>(file: &File<'_, 'a>, used: NodeId, name: &str, deeper: u32) -> Life<'a> {
    let class = file.parsed.class_around(used);
    let assigned = file.fields().assigned(class, name);
    if let Some(class) = class
        && let Some((constructor, index, parameter)) = parameter_property(file, class, name)
    {
        let given = Given {
            function: constructor,
            index,
            property: None,
        };
        return handed(file, class, given, parameter);
    }
    let here = file.function_around(used);
    // Made anew by the function that uses it.
    if let Some(function) = here
        && assigned
            .iter()
            .any(|(node, _)| file.function_around(*node) == Some(function))
        && !is_constructor(file, function)
    {
        return Life::Call { function };
    }
    let owner = class.or_else(|| outermost_function(file, used));
    let instance = owner.map_or(Life::Unknown, |class| Life::Instance { class });
    match assigned {
        [(node, value)] => {
            if is_static(file, *node) {
                return Life::Process(Some(file.kind(*node).span()));
            }
            match through(file, value, deeper) {
                life @ Life::Process(_) if file.function_around(*node).is_some() => life,
                Life::Given {
                    function,
                    index,
                    property,
                } if is_constructor(file, function) => class.map_or(instance, |class| {
                    let given = Given {
                        function,
                        index,
                        property,
                    };
                    handed(file, class, given, None)
                }),
                _ => instance,
            }
        }
        _ => instance,
    }
}

fn is_static(file: &File<'_, '_>, node: NodeId) -> bool {
    matches!(file.kind(node), AstKind::PropertyDefinition(field) if field.r#static)
}

/// What a constructor was given: one for the program where a framework makes the one instance that there is.
fn handed<'a>(
    file: &File<'_, 'a>,
    class: NodeId,
    given: Given<'a>,
    parameter: Option<Span>,
) -> Life<'a> {
    if is_injected(file, class) {
        return Life::Process(parameter);
    }
    Life::HandedToInstance {
        constructor: given.function,
        index: given.index,
        property: given.property,
    }
}

/// A parameter, or a property of what it is given.
#[derive(Debug, Clone, Copy)]
struct Given<'a> {
    function: NodeId,
    index: usize,
    property: Option<&'a str>,
}

/// Decorators of classes whose instances a container makes, one for the program, and fills with others of the kind: NestJS,
/// and what follows it; tsyringe and inversify, where what several classes are handed is one as well.
const CONTAINED: &[&str] = &[
    "Injectable",
    "injectable",
    "singleton",
    "Controller",
    "WebSocketGateway",
    "Resolver",
    "Module",
    "Processor",
    "Catch",
    "Service",
    "Singleton",
];

/// Whether a container makes the one instance of a class.
pub(crate) fn is_injected(file: &File<'_, '_>, class: NodeId) -> bool {
    let AstKind::Class(class) = file.kind(class) else {
        return false;
    };
    class.decorators.iter().any(|decorator| {
        decorator_name(&decorator.expression).is_some_and(|name| CONTAINED.contains(&name))
    })
}

/// The name of a decorator, called or not.
pub(crate) fn decorator_name<'a>(decorator: &'a Expression<'a>) -> Option<&'a str> {
    match bare(decorator) {
        Expression::Identifier(name) => Some(name.name.as_str()),
        Expression::CallExpression(call) => decorator_name(&call.callee),
        other => member(other).map(|(_, name)| name),
    }
}

pub(crate) fn is_constructor(file: &File<'_, '_>, function: NodeId) -> bool {
    matches!(file.kind(file.parent(function)), AstKind::MethodDefinition(method) if method.kind.is_constructor())
}

/// A parameter of the constructor that is a field at once: `constructor(private readonly bus: Bus)`.
fn parameter_property(
    file: &File<'_, '_>,
    class: NodeId,
    name: &str,
) -> Option<(NodeId, usize, Option<Span>)> {
    let AstKind::Class(class) = file.kind(class) else {
        return None;
    };
    let constructor = class.body.body.iter().find_map(|element| match element {
        oxc_ast::ast::ClassElement::MethodDefinition(method) if method.kind.is_constructor() => {
            Some(&method.value)
        }
        _ => None,
    })?;
    let mut parameters = constructor.params.items.iter().enumerate();
    parameters.find_map(|(index, parameter)| {
        let is_field = parameter.accessibility.is_some() || parameter.readonly;
        let own = parameter.pattern.get_identifier_name();
        (is_field && own.is_some_and(|own| own == name))
            .then(|| (constructor.node_id.get(), index, Some(parameter.span)))
    })
}

fn outermost_function(file: &File<'_, '_>, node: NodeId) -> Option<NodeId> {
    file.nodes()
        .ancestor_ids(node)
        .find(|around| matches!(file.kind(*around), AstKind::Function(_)))
}
