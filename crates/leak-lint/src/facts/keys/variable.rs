//! A variable or parameter into how many different values it has.

use oxc_ast::AstKind;
use oxc_ast::ast::{BindingPattern, Expression, IdentifierReference};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;
use stanch_js_source::{ParsedSource, Value, bare};

use super::types::domain_of_type;
use super::value::{Depth, named, of, property};
use super::{Domain, Source, Thing, handed, request, says_few};
use crate::file::{File, argument, method};
use crate::project::Site;
use crate::summary::wraps_requests;

pub(super) fn variable<'a>(
    file: &File<'_, 'a>,
    name: &IdentifierReference<'a>,
    deeper: Depth<'_>,
) -> Domain {
    let text = name.name.as_str();
    let scoping = file.parsed.semantic().scoping();
    let symbol = name
        .reference_id
        .get()
        .and_then(|reference| scoping.get_reference(reference).symbol_id());
    let Some(symbol) = symbol else {
        return if matches!(text, "undefined" | "NaN" | "__filename" | "__dirname") {
            Domain::Bounded
        } else {
            Domain::Unknown
        };
    };
    // A variable's values are asked for wherever it is used, by its own assignments too: once is enough.
    if let Some(known) = file.domains.borrow().get(&symbol) {
        return *known;
    }
    file.domains.borrow_mut().insert(symbol, Domain::Unknown);
    let found = of_symbol(file, symbol, text, deeper);
    file.domains.borrow_mut().insert(symbol, found);
    found
}

fn of_symbol(file: &File<'_, '_>, symbol: SymbolId, text: &str, deeper: Depth<'_>) -> Domain {
    let scoping = file.parsed.semantic().scoping();
    let declaration = scoping.symbol_declaration(symbol);
    match file.kind(declaration) {
        AstKind::VariableDeclarator(declarator) => match &declarator.id {
            BindingPattern::BindingIdentifier(_) => {
                if let Some(annotation) = &declarator.type_annotation
                    && let Some(known) = domain_of_type(file, &annotation.type_annotation)
                {
                    return known;
                }
                or_named(assigned(file, symbol, declaration, deeper), text)
            }
            // `const [, token] = header.split(' ')`
            BindingPattern::ArrayPattern(_) => {
                let found = match &declarator.init {
                    Some(init) => element(file, init, deeper),
                    None => iterated(file, declaration, deeper),
                };
                match found {
                    found @ Domain::Unbounded(_) if !says_few(text) => found,
                    _ => Domain::Unknown,
                }
            }
            pattern => {
                let Some(path) = path_to(pattern, symbol) else {
                    return Domain::Unknown;
                };
                let found = match &declarator.init {
                    Some(init) => property(file, bare(init), &path, deeper),
                    None => iterated(file, declaration, deeper),
                };
                or_named(found, text)
            }
        },
        AstKind::FormalParameter(_) | AstKind::FormalParameterRest(_) => {
            parameter(file, symbol, declaration, deeper)
        }
        AstKind::CatchParameter(_) => Domain::Object(Thing::Fresh),
        AstKind::Function(_) | AstKind::Class(_) => Domain::Object(Thing::Code),
        AstKind::ImportSpecifier(_) | AstKind::ImportDefaultSpecifier(_) => {
            if is_constant_name(text) {
                Domain::Bounded
            } else {
                Domain::Unknown
            }
        }
        _ => Domain::Unknown,
    }
}

/// `MAX_AGE`: what people write in capitals does not change.
fn is_constant_name(name: &str) -> bool {
    name.len() > 1 && !name.chars().any(char::is_lowercase)
}

/// All values that a variable is given.
fn assigned(
    file: &File<'_, '_>,
    symbol: SymbolId,
    declaration: NodeId,
    deeper: Depth<'_>,
) -> Domain {
    let AstKind::VariableDeclarator(declarator) = file.kind(declaration) else {
        return Domain::Unknown;
    };
    let first = declarator.init.as_ref().map(|init| of(file, init, deeper));
    let scoping = file.parsed.semantic().scoping();
    let mut all = match first {
        None if !scoping.symbol_is_mutated(symbol) => return iterated(file, declaration, deeper),
        first => first,
    };
    for written in scoping.get_resolved_references(symbol) {
        if !written.is_write() {
            continue;
        }
        let value = match file.kind(file.parent(written.node_id())) {
            AstKind::AssignmentExpression(assignment) if assignment.operator.is_assign() => {
                of(file, &assignment.right, deeper)
            }
            AstKind::UpdateExpression(_) => Domain::Unbounded(Source::Serial),
            // A number that is added to counts up; a text gets longer by what is added.
            AstKind::AssignmentExpression(assignment) => match bare(&assignment.right) {
                Expression::NumericLiteral(_) => Domain::Unbounded(Source::Serial),
                added => of(file, added, deeper),
            },
            _ => Domain::Unknown,
        };
        all = Some(match all {
            Some(before) => before.joined(value),
            None => value,
        });
    }
    all.unwrap_or(Domain::Unknown)
}

/// What a loop over a list gives its variable.
fn iterated(file: &File<'_, '_>, declarator: NodeId, deeper: Depth<'_>) -> Domain {
    let mut around = file.nodes().ancestor_kinds(declarator).take(2);
    around
        .find_map(|kind| match kind {
            AstKind::ForOfStatement(each) => Some(element(file, &each.right, deeper)),
            AstKind::ForInStatement(each) => Some(element(file, &each.right, deeper)),
            _ => None,
        })
        .unwrap_or(Domain::Unknown)
}

/// The elements of a list: few where the program writes it down, many where it came from outside.
fn element<'a>(file: &File<'_, 'a>, list: &Expression<'a>, deeper: Depth<'_>) -> Domain {
    if is_written_down(file.parsed, list) {
        return Domain::Bounded;
    }
    if let Expression::CallExpression(call) = bare(list)
        && let Some((_, "keys" | "values" | "entries")) = method(call)
        && let Some(of_object) = argument(call, 0)
        && is_written_down(file.parsed, of_object)
    {
        return Domain::Bounded;
    }
    match of(file, list, deeper) {
        found @ Domain::Unbounded(_) => found,
        _ => Domain::Unknown,
    }
}

/// Whether an expression is a list or table of the program: a literal with something in it, a constant of the module that is
/// one, an enum, or a name in capitals.
pub(crate) fn is_written_down<'a>(parsed: &ParsedSource<'a>, expression: &Expression<'a>) -> bool {
    match bare(expression) {
        Expression::ArrayExpression(array) => !array.elements.is_empty(),
        Expression::ObjectExpression(object) => !object.properties.is_empty(),
        Expression::NewExpression(new) => new
            .arguments
            .first()
            .and_then(|first| first.as_expression())
            .is_some_and(|first| is_written_down(parsed, first)),
        Expression::Identifier(name) => {
            let Some(symbol) = parsed.variable_of(expression) else {
                return false;
            };
            let scoping = parsed.semantic().scoping();
            match parsed
                .semantic()
                .nodes()
                .kind(scoping.symbol_declaration(symbol))
            {
                AstKind::TSEnumDeclaration(_) => true,
                AstKind::VariableDeclarator(declarator) => {
                    !scoping.symbol_is_mutated(symbol)
                        && scoping.symbol_scope_id(symbol) == scoping.root_scope_id()
                        && declarator
                            .init
                            .as_ref()
                            .is_some_and(|init| is_written_down(parsed, init))
                }
                _ => is_constant_name(&name.name),
            }
        }
        Expression::CallExpression(call) => match method(call) {
            Some((_, "freeze" | "keys" | "values")) => argument(call, 0).is_some_and(|first| {
                // `Object.values(Interval)` of what another module has.
                is_written_down(parsed, first) || parsed.import_of(first).is_some()
            }),
            _ => false,
        },
        // `config.shards`, of another module or of options.
        Expression::StaticMemberExpression(member) => {
            parsed.import_of(&member.object).is_some() || is_configuration(&member.object)
        }
        _ => false,
    }
}

/// What people call what a program is told when it starts.
const CONFIGURATIONS: &[&str] = &[
    "config",
    "configuration",
    "settings",
    "options",
    "opts",
    "env",
];

fn is_configuration(expression: &Expression<'_>) -> bool {
    let name = match bare(expression) {
        Expression::Identifier(name) => name.name.as_str(),
        Expression::StaticMemberExpression(member) => member.property.name.as_str(),
        _ => return false,
    };
    CONFIGURATIONS.contains(&name)
}

/// The property that a pattern takes for a variable; the last name of a longer path.
fn path_to(pattern: &BindingPattern<'_>, symbol: SymbolId) -> Option<String> {
    match pattern {
        BindingPattern::ObjectPattern(object) => object.properties.iter().find_map(|property| {
            let key = property.key.static_name()?;
            match &property.value {
                BindingPattern::BindingIdentifier(name) => {
                    (name.symbol_id.get() == Some(symbol)).then(|| key.into_owned())
                }
                BindingPattern::AssignmentPattern(default) => match &default.left {
                    BindingPattern::BindingIdentifier(name) => {
                        (name.symbol_id.get() == Some(symbol)).then(|| key.into_owned())
                    }
                    inner => path_to(inner, symbol),
                },
                inner => path_to(inner, symbol),
            }
        }),
        BindingPattern::AssignmentPattern(default) => path_to(&default.left, symbol),
        _ => None,
    }
}

fn parameter(
    file: &File<'_, '_>,
    symbol: SymbolId,
    declaration: NodeId,
    deeper: Depth<'_>,
) -> Domain {
    let scoping = file.parsed.semantic().scoping();
    let name = scoping.symbol_name(symbol);
    let (pattern, annotation) = match file.kind(declaration) {
        AstKind::FormalParameter(parameter) => (&parameter.pattern, &parameter.type_annotation),
        AstKind::FormalParameterRest(_) => return Domain::Unbounded(Source::Arguments),
        _ => return Domain::Unknown,
    };
    let Some(function) = file.function_around(declaration) else {
        return Domain::Unknown;
    };
    let path = path_to(pattern, symbol);
    if path.is_none()
        && let Some(annotation) = annotation
        && let Some(known) = domain_of_type(file, &annotation.type_annotation)
    {
        return known;
    }
    let is_handler = file.is_hot(function);
    if let Some(lead) = request::lead_of(file, symbol)
        && !lead.is_empty()
    {
        let names: Vec<&str> = lead.iter().map(String::as_str).collect();
        if names == ["message"] && is_taken_apart(file, symbol) {
            return Domain::Object(Thing::Sent);
        }
        if let Some(known) = request::part(&names) {
            return known;
        }
    }
    if path.is_none()
        && let Some(thing) = request::thing_named(name)
        && (is_handler || request::has_a_header_read(file, symbol))
    {
        return Domain::Object(thing);
    }
    // A connection, a stream, whatever a server gives to its handler.
    if path.is_none()
        && annotation.is_none()
        && file.is_handler(function)
        && request::lead_of(file, symbol).is_some_and(|lead| lead.is_empty())
        && is_taken_apart(file, symbol)
    {
        return Domain::Object(request::thing_named(name).unwrap_or(Thing::Fresh));
    }
    // The first of the four parameters of a handler of errors.
    if path.is_none() && is_handler && matches!(name, "err" | "error") {
        return Domain::Object(Thing::Fresh);
    }
    if let Some(path) = &path
        && is_handler
        && let Some(known) = request::part(&[path])
    {
        return known;
    }
    let here = path
        .is_none()
        .then(|| given(file, function, declaration, deeper))
        .flatten();
    let anywhere = given_anywhere(file, symbol, &[]);
    let all = here.into_iter().chain(anywhere).reduce(Domain::joined);
    match or_named(all.unwrap_or(Domain::Unknown), name) {
        Domain::Named(address) if path.is_none() && wraps_requests(file.parsed, function) => {
            Domain::Unbounded(address)
        }
        known => known,
    }
}

/// Methods of texts, buffers and numbers that messages and their parts are asked for.
const OF_TEXTS: &[&str] = &[
    "toString",
    "split",
    "trim",
    "slice",
    "substring",
    "startsWith",
    "endsWith",
    "includes",
    "replace",
    "replaceAll",
    "match",
    "toLowerCase",
    "toUpperCase",
    "indexOf",
    "charAt",
    "charCodeAt",
    "padStart",
    "normalize",
    "concat",
    "at",
    "equals",
    "subarray",
    "toFixed",
    "valueOf",
    "toJSON",
];

/// Whether properties of a variable are read that a text or a buffer has not: it is an object.
fn is_taken_apart(file: &File<'_, '_>, variable: SymbolId) -> bool {
    let scoping = file.parsed.semantic().scoping();
    scoping.get_resolved_references(variable).any(|used| {
        let member = file.parent(used.node_id());
        let AstKind::StaticMemberExpression(read) = file.kind(member) else {
            return false;
        };
        let is_called = matches!(file.kind(file.parent(member)), AstKind::CallExpression(call)
            if call.callee.span() == read.span);
        read.object.span() == file.kind(used.node_id()).span()
            && !(is_called && OF_TEXTS.contains(&read.property.name.as_str()))
            && !matches!(
                read.property.name.as_str(),
                "length" | "byteLength" | "buffer"
            )
    })
}

/// What the calls of all files give a parameter, or what is under these names in it; none where there are none.
pub(super) fn given_anywhere(
    file: &File<'_, '_>,
    parameter: SymbolId,
    more: &[&str],
) -> Option<Domain> {
    let value = file.parsed.parameter_of_variable(parameter)?;
    let mut names: Vec<&str> = Vec::new();
    let mut at = &value;
    while let Value::Member(of, name) = at {
        names.push(name);
        at = of;
    }
    names.reverse();
    names.extend(more);
    let Value::Parameter(start, position) = *at else {
        return None;
    };
    let function = Site {
        file: file.index,
        start,
    };
    handed::given(file.project, function, position, &names)
}

/// What is in the objects that the calls of all files give a parameter.
pub(super) fn contents(file: &File<'_, '_>, parameter: SymbolId) -> Option<Domain> {
    let Value::Parameter(start, position) = file.parsed.parameter_of_variable(parameter)? else {
        return None;
    };
    let function = Site {
        file: file.index,
        start,
    };
    handed::contents(file.project, function, position)
}

/// What the calls of the file give a parameter; none where it has no calls.
fn given(
    file: &File<'_, '_>,
    function: NodeId,
    parameter: NodeId,
    deeper: Depth<'_>,
) -> Option<Domain> {
    let span = file.kind(parameter).span();
    let parameters = match file.kind(function) {
        AstKind::Function(function) => &function.params,
        AstKind::ArrowFunctionExpression(arrow) => &arrow.params,
        _ => return None,
    };
    let index = parameters.items.iter().position(|item| item.span == span)?;
    let calls = file.parsed.calls_of(function);
    let given = calls.iter().map(|call| match file.kind(*call) {
        AstKind::CallExpression(call) => match argument(call, index) {
            Some(given) => of(file, given, deeper),
            None => Domain::Unknown,
        },
        _ => Domain::Unknown,
    });
    let all = given.reduce(Domain::joined);
    // A callback of `list.forEach(…)` gets the list's elements.
    all.or_else(|| {
        let AstKind::CallExpression(call) = file.kind(file.parent(function)) else {
            return None;
        };
        let (list, name) = method(call)?;
        (index == 0 && matches!(name, "forEach" | "map" | "filter" | "flatMap"))
            .then(|| element(file, list, deeper))
    })
}

/// The first value of a constant that an expression names, where it is one that can be looked into.
pub(crate) fn constant<'a>(
    file: &File<'_, 'a>,
    expression: &Expression<'a>,
) -> Option<&'a Expression<'a>> {
    let symbol = file.variable(expression)?;
    let scoping = file.parsed.semantic().scoping();
    match file.kind(scoping.symbol_declaration(symbol)) {
        AstKind::VariableDeclarator(declarator) if !scoping.symbol_is_mutated(symbol) => {
            declarator.id.get_binding_identifier()?;
            declarator.init.as_ref()
        }
        _ => None,
    }
}

/// What is known, and where that is nothing what the name says.
fn or_named(found: Domain, name: &str) -> Domain {
    match found {
        Domain::Unknown => named(name),
        found => found,
    }
}
