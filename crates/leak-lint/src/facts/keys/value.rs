//! An expression into how many different values it gives.

use std::cell::Cell;

use oxc_ast::AstKind;
use oxc_ast::ast::{ArrayExpression, CallExpression, Expression};
use oxc_semantic::NodeId;
use oxc_syntax::operator::{BinaryOperator, UnaryOperator};
use stanch_js_source::{Value, bare};

use super::variable::{constant, contents, given_anywhere, is_written_down, variable};
use super::words::{Word, word_of};
use super::{Domain, Source, Thing, lists, messages, request};
use crate::facts::checks::asks_for_a_list;
use crate::file::{File, argument, method};
use crate::project::Site;
use crate::summary::Origin;

/// What is known of the number of values that an expression gives.
pub(crate) fn domain<'a>(file: &File<'_, 'a>, expression: &Expression<'a>) -> Domain {
    let steps = Cell::new(MOST_STEPS);
    let levels = DEEPEST;
    of(
        file,
        expression,
        Depth {
            levels,
            steps: &steps,
        },
    )
}

/// Names that stand for names, and expressions in expressions: followed this far.
const DEEPEST: u32 = 12;
/// Expressions that are looked at for one key: a variable that is given what it was given before leads on and on.
const MOST_STEPS: u32 = 200;

/// How much further an expression is followed.
#[derive(Clone, Copy)]
pub(super) struct Depth<'d> {
    levels: u32,
    steps: &'d Cell<u32>,
}

impl Depth<'_> {
    /// One level down, if there is one left.
    pub(super) fn down(self) -> Option<Self> {
        let steps = self.steps.get().checked_sub(1)?;
        self.steps.set(steps);
        let levels = self.levels.checked_sub(1)?;
        Some(Self { levels, ..self })
    }
}

/// Functions whose result is new each time, whatever they are given: of node:crypto, node:perf_hooks, uuid, nanoid, ulid and
/// cuid.
pub(crate) const SERIAL: &[&str] = &[
    "randomUUID",
    "randomBytes",
    "randomInt",
    "random",
    "uuid",
    "uuidv1",
    "uuidv4",
    "uuidv7",
    "v1",
    "v4",
    "v7",
    "nanoid",
    "ulid",
    "cuid",
    "createId",
    "hrtime",
    "bigint",
    "genReqId",
];
/// Functions and methods whose result tells as many things apart as what they are given, or called on.
const FAITHFUL: &[&str] = &[
    "String",
    "Number",
    "BigInt",
    "parseInt",
    "parseFloat",
    "stringify",
    "encodeURIComponent",
    "decodeURIComponent",
    "encodeURI",
    "decodeURI",
    "escape",
    "toString",
    "trim",
    "toLowerCase",
    "toUpperCase",
    "toLocaleLowerCase",
    "replace",
    "replaceAll",
    "slice",
    "substring",
    "substr",
    "split",
    "concat",
    "normalize",
    "join",
    "resolve",
    "valueOf",
    "toJSON",
    "update",
    "digest",
    "createHash",
    "createHmac",
    "from",
    "parse",
    "safeParse",
    "parseAsync",
    "format",
    "pop",
    "shift",
    "at",
    "md5",
    "sha1",
    "sha256",
    "hash",
    "serialize",
    "padStart",
    "trimEnd",
    "trimStart",
    "abs",
    "keyOf",
    "toKey",
    "makeKey",
    "buildKey",
    "getKey",
    "cacheKey",
    // Of jsonwebtoken, jose and jwt-decode: what is in a token is as different as the tokens.
    "verify",
    "decode",
    "jwtVerify",
    "jwtDecode",
    "getCacheKey",
    "createKey",
    "hashKey",
    "key",
];
/// First words of names of functions that put what they are given into another form.
const PUTS_OTHERWISE: &[&str] = &["parse", "decode", "deserialize", "normalize", "sanitize"];

/// Whether what a function of this name gives tells as many things apart as what it is given: `parseMessage`, and not
/// `parseLocale`.
pub(crate) fn is_faithful(name: &str) -> bool {
    FAITHFUL.contains(&name)
        || PUTS_OTHERWISE.iter().any(|first| {
            name.strip_prefix(first)
                .is_some_and(|rest| rest.starts_with(char::is_uppercase))
        }) && word_of(name) != Some(Word::Few)
}

/// Methods that a request, its headers or its query have to look something up.
pub(crate) const LOOKS_UP: &[&str] = &["get", "header", "param", "query", "getHeader"];

pub(super) fn of<'a>(
    file: &File<'_, 'a>,
    expression: &Expression<'a>,
    deeper: Depth<'_>,
) -> Domain {
    let Some(deeper) = deeper.down() else {
        return Domain::Unknown;
    };
    let of = |inner: &Expression<'a>| of(file, inner, deeper);
    match bare(expression) {
        Expression::StringLiteral(_)
        | Expression::NumericLiteral(_)
        | Expression::BooleanLiteral(_)
        | Expression::NullLiteral(_)
        | Expression::BigIntLiteral(_)
        | Expression::RegExpLiteral(_) => Domain::Bounded,
        Expression::TemplateLiteral(template) => template
            .expressions
            .iter()
            .fold(Domain::Bounded, |all, hole| all.joined(as_text(of(hole)))),
        Expression::BinaryExpression(binary) => match binary.operator {
            BinaryOperator::Addition => {
                as_text(of(&binary.left)).joined(as_text(of(&binary.right)))
            }
            BinaryOperator::Subtraction
            | BinaryOperator::Multiplication
            | BinaryOperator::Division => of(&binary.left),
            // Remainders, bits and comparisons have few results.
            _ => Domain::Bounded,
        },
        Expression::UnaryExpression(unary) => match unary.operator {
            UnaryOperator::UnaryPlus | UnaryOperator::UnaryNegation => of(&unary.argument),
            _ => Domain::Bounded,
        },
        Expression::UpdateExpression(_) => Domain::Unbounded(Source::Serial),
        // `LOCALES.includes(key) ? key : 'en'`
        Expression::ConditionalExpression(choice)
            if asks_for_a_list(file, &choice.test, &choice.consequent) =>
        {
            of(&choice.alternate)
        }
        Expression::ConditionalExpression(choice) => {
            of(&choice.consequent).joined(of(&choice.alternate))
        }
        Expression::LogicalExpression(logical) => match (of(&logical.left), bare(&logical.right)) {
            // `request.query ?? ''`
            (Domain::Object(Thing::Sent), Expression::StringLiteral(_)) => {
                Domain::Unbounded(Source::Request)
            }
            (left, right) => left.joined(of(right)),
        },
        Expression::AwaitExpression(awaited) => of(&awaited.argument),
        Expression::AssignmentExpression(assignment) => {
            if assignment.operator.is_assign() {
                of(&assignment.right)
            } else {
                Domain::Unknown
            }
        }
        Expression::SequenceExpression(sequence) => {
            sequence.expressions.last().map_or(Domain::Unknown, of)
        }
        Expression::ObjectExpression(_)
        | Expression::ArrayExpression(_)
        | Expression::ArrowFunctionExpression(_)
        | Expression::FunctionExpression(_)
        | Expression::NewExpression(_) => Domain::Object(Thing::Fresh),
        Expression::ClassExpression(_) => Domain::Object(Thing::Code),
        Expression::ThisExpression(_) => Domain::Object(Thing::Typed),
        Expression::Identifier(name) => variable(file, name, deeper),
        Expression::CallExpression(call) => called(file, call, deeper),
        member => match member.as_member_expression() {
            Some(of_member) => match of_member.static_property_name() {
                Some(name) => property(file, bare(of_member.object()), name, deeper),
                None => match member {
                    Expression::ComputedMemberExpression(computed) => match of(&computed.object) {
                        found @ Domain::Unbounded(_) => found,
                        _ => file
                            .variable(&computed.object)
                            .and_then(|object| contents(file, object))
                            .unwrap_or(Domain::Unknown),
                    },
                    Expression::PrivateFieldExpression(field) => named(&field.field.name),
                    _ => Domain::Unknown,
                },
            },
            None => Domain::Unknown,
        },
    }
}

/// An object that is made a text tells nothing, but what came with a request: that is a text, or bytes.
pub(super) fn as_text(domain: Domain) -> Domain {
    match domain {
        Domain::Object(Thing::Sent) => Domain::Unbounded(Source::Request),
        Domain::Object(_) => Domain::Unknown,
        other => other,
    }
}

/// What a name alone says.
pub(super) fn named(name: &str) -> Domain {
    match word_of(name) {
        Some(Word::Many(source)) => Domain::Named(source),
        Some(Word::Few) | None => Domain::Unknown,
    }
}

/// `object.name`.
pub(super) fn property<'a>(
    file: &File<'_, 'a>,
    object: &Expression<'a>,
    name: &str,
    deeper: Depth<'_>,
) -> Domain {
    match name {
        "constructor" | "prototype" => return Domain::Object(Thing::Code),
        "socket" | "connection" => return Domain::Object(Thing::Connection),
        "length" | "size" => return Domain::Unknown,
        _ => {}
    }
    if matches!(name, "message" | "stack") && is_error(object) {
        return Domain::Unbounded(Source::ErrorText);
    }
    if is_written_down(file.parsed, object) || is_environment(object) {
        return Domain::Bounded;
    }
    // `x.constructor.name`: as many as classes.
    if name == "name" && of(file, object, deeper) == Domain::Object(Thing::Code) {
        return Domain::Bounded;
    }
    if let Some(path) = request::path(file, object) {
        let mut path: Vec<&str> = path.iter().map(String::as_str).collect();
        path.push(name);
        if let Some(found) = request::part(&path) {
            return found;
        }
    }
    if let Some(found) = of_parameter(file, object, name) {
        return found;
    }
    if let Some(value) = in_literal(file, object, name) {
        match of(file, value, deeper) {
            Domain::Unknown => {}
            found => return found,
        }
    }
    if let Some(found) = messages::of_an_address(file, object, name, deeper) {
        return found;
    }
    match word_of(name) {
        Some(Word::Many(source)) if messages::is_message(file, object) => Domain::Unbounded(source),
        Some(Word::Many(source)) => match of(file, object, deeper) {
            // A part of what was sent, whoever took it out of its text.
            Domain::Unbounded(Source::Request) => Domain::Unbounded(source),
            _ => Domain::Named(source),
        },
        Some(Word::Few) => Domain::Unknown,
        None => match of(file, object, deeper) {
            // A part of something that is new each time: `new URL(req.url).pathname` is caught before, by its name.
            found @ Domain::Unbounded(_) => found,
            // What senders put into a message is theirs.
            Domain::Object(Thing::Sent) => Domain::Unbounded(Source::Request),
            _ => Domain::Unknown,
        },
    }
}

/// What a constant that is a literal has under a name: `const delivery = { id: randomUUID() }`.
fn in_literal<'a>(
    file: &File<'_, 'a>,
    object: &Expression<'a>,
    name: &str,
) -> Option<&'a Expression<'a>> {
    let Expression::ObjectExpression(literal) = bare(constant(file, object)?) else {
        return None;
    };
    let mut properties = literal.properties.iter().filter_map(|it| it.as_property());
    let own = properties.find(|it| it.key.static_name().is_some_and(|own| own == name))?;
    Some(&own.value)
}

/// What callers give the property of a parameter: `options.key`.
fn of_parameter<'a>(file: &File<'_, 'a>, object: &Expression<'a>, name: &str) -> Option<Domain> {
    let mut names = vec![name.to_owned()];
    let mut root = object;
    while let Some(member) = root.as_member_expression() {
        names.push(member.static_property_name()?.to_owned());
        root = bare(member.object());
    }
    names.reverse();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match given_anywhere(file, file.variable(root)?, &names)? {
        found @ (Domain::Unbounded(_) | Domain::Object(_)) => Some(found),
        _ => None,
    }
}

fn is_error(object: &Expression<'_>) -> bool {
    matches!(object, Expression::Identifier(name)
        if matches!(name.name.as_str(), "err" | "error" | "e" | "ex" | "exception" | "reason" | "cause"))
}

/// `process.env` and other facts about the process.
fn is_environment(object: &Expression<'_>) -> bool {
    match object {
        Expression::Identifier(name) => matches!(name.name.as_str(), "process" | "os"),
        Expression::StaticMemberExpression(member) => {
            matches!(bare(&member.object), Expression::Identifier(name) if name.name == "process")
        }
        _ => false,
    }
}

fn called<'a>(file: &File<'_, 'a>, call: &CallExpression<'a>, deeper: Depth<'_>) -> Domain {
    let (object, name) = match method(call) {
        Some((object, name)) => (Some(object), name),
        None => match bare(&call.callee) {
            Expression::Identifier(callee) => (None, callee.name.as_str()),
            _ => return Domain::Unknown,
        },
    };
    let first = || argument(call, 0);
    match name {
        "Symbol" if object.is_none() => return Domain::Unbounded(Source::Serial),
        "now" => return Domain::Unbounded(Source::Time),
        "getTime" | "toISOString" if object.is_some() => return Domain::Unbounded(Source::Time),
        name if SERIAL.contains(&name) => return Domain::Unbounded(Source::Serial),
        _ => {}
    }
    if let Some(object) = object
        && LOOKS_UP.contains(&name)
        && let Some(looked_up) = looked_up(file, object, first(), deeper)
    {
        return looked_up;
    }
    let arguments = || {
        let given = (0..call.arguments.len()).map(|at| match argument(call, at) {
            Some(given) => as_text(of(file, given, deeper)),
            None => Domain::Unbounded(Source::Arguments),
        });
        given.fold(Domain::Bounded, Domain::joined)
    };
    if let Some(own) = file.parsed.callee_of(&call.callee) {
        return match results(file, own, deeper) {
            Domain::Unknown => Domain::Unknown,
            found => found,
        };
    }
    if let Some(made) = made_elsewhere(file, call, deeper) {
        return made;
    }
    if let Some(object) = object
        && let Some(found) = lists::made(file, call, object, deeper)
    {
        return found;
    }
    if name == "fetch" && object.is_none() {
        return Domain::Object(Thing::Fresh);
    }
    if !is_faithful(name) {
        return messages::asked_of_a_request(file, call).unwrap_or(Domain::Unknown);
    }
    // `hash(input)` of object-hash, hash-sum and their like.
    let is_of_contents = matches!(name, "hash" | "serialize" | "objectHash" | "hashObject")
        && first().is_some_and(|given| matches!(of(file, given, deeper), Domain::Object(_)));
    if name == "stringify" || is_of_contents {
        let given = first();
        return match given.map(|given| of(file, given, deeper)) {
            Some(found @ (Domain::Unbounded(_) | Domain::Bounded)) => found,
            Some(Domain::Object(Thing::Sent)) => Domain::Unbounded(Source::Request),
            _ => match given.and_then(|given| contents(file, file.variable(given)?)) {
                Some(found @ Domain::Unbounded(_)) => found,
                _ => Domain::Named(Source::Arguments),
            },
        };
    }
    let given = arguments();
    // `[from, to].join(':')`: the texts of all that is in the list.
    if let Some(list) = object.and_then(|object| list_of(file, object)) {
        let elements = list
            .elements
            .iter()
            .map(|element| match element.as_expression() {
                Some(element) => as_text(of(file, element, deeper)),
                None => Domain::Unknown,
            });
        return elements.fold(given, Domain::joined);
    }
    match object.filter(|object| !is_namespace(file, object)) {
        None => given,
        Some(object) => match (as_text(of(file, object, deeper)), name) {
            // A date cut to its day, hour or month.
            (Domain::Unbounded(Source::Time), "slice" | "substring" | "substr" | "split") => {
                Domain::Unknown
            }
            (
                found,
                "slice" | "substring" | "substr" | "replace" | "replaceAll" | "split" | "padStart"
                | "toString" | "at" | "digest" | "createHash",
            ) => found,
            (found, _) => found.joined(given),
        },
    }
}

/// What a function of another file makes of its arguments: `fingerprint(error)`; none where nothing is known of it.
fn made_elsewhere<'a>(
    file: &File<'_, 'a>,
    call: &CallExpression<'a>,
    deeper: Depth<'_>,
) -> Option<Domain> {
    let callee = file.parsed.value(&call.callee);
    if let Some((function, made)) = file.project.made_by(file.index, &callee) {
        return made_of(file, call, function, made, deeper);
    }
    let options = file.project.made_by_option(file.index, &callee).into_iter();
    let each = options.filter_map(|(function, made)| made_of(file, call, function, made, deeper));
    each.reduce(Domain::joined)
}

/// What a function makes of the arguments of a call.
fn made_of<'a>(
    file: &File<'_, 'a>,
    call: &CallExpression<'a>,
    function: Site,
    made: &[Origin],
    deeper: Depth<'_>,
) -> Option<Domain> {
    let each = made.iter().filter_map(|origin| {
        let part = match origin {
            Origin::Serial => return Some(Domain::Unbounded(Source::Serial)),
            Origin::Part(part) => part,
        };
        let mut names: Vec<&str> = Vec::new();
        let mut whole = part;
        while let Value::Member(of, name) = whole {
            names.push(name);
            whole = of;
        }
        names.reverse();
        let Value::Parameter(start, position) = *whole else {
            return None;
        };
        let given = argument(call, usize::try_from(position).ok()?)?;
        if start != function.start {
            return None;
        }
        match names.as_slice() {
            [] => Some(as_text(of(file, given, deeper))),
            [name] => Some(property(file, given, name, deeper)),
            names => {
                let path = request::path(file, given)?;
                let lead = path.iter().map(String::as_str);
                let all: Vec<&str> = lead.chain(names.iter().copied()).collect();
                request::part(&all)
            }
        }
    });
    each.reduce(Domain::joined)
}

/// The list that an expression writes down, or names.
pub(super) fn list_of<'b, 'a>(
    file: &File<'_, 'a>,
    expression: &'b Expression<'a>,
) -> Option<&'b ArrayExpression<'a>> {
    match constant(file, expression).map_or(bare(expression), bare) {
        Expression::ArrayExpression(list) => Some(list),
        _ => None,
    }
}

/// Modules and global objects whose methods take all they work on as arguments: `path`, `JSON`, `Buffer`, `crypto`.
fn is_namespace<'a>(file: &File<'_, 'a>, object: &Expression<'a>) -> bool {
    let Expression::Identifier(name) = object else {
        return false;
    };
    let Some(symbol) = file.variable(object) else {
        return true;
    };
    let declaration = file.parsed.semantic().scoping().symbol_declaration(symbol);
    match file.kind(declaration) {
        AstKind::ImportDefaultSpecifier(_)
        | AstKind::ImportNamespaceSpecifier(_)
        | AstKind::ImportSpecifier(_) => true,
        AstKind::VariableDeclarator(declarator) => declarator.init.as_ref().is_some_and(|init| {
            matches!(bare(init), Expression::CallExpression(call)
                    if call.common_js_require().is_some())
        }),
        _ => name.name == "Buffer",
    }
}

/// `req.get('user-agent')`, `headers.get('x-id')`, `c.req.param('id')`.
fn looked_up<'a>(
    file: &File<'_, 'a>,
    object: &Expression<'a>,
    key: Option<&Expression<'a>>,
    deeper: Depth<'_>,
) -> Option<Domain> {
    let is_part = request::path(file, object).is_some()
        || matches!(
            object
                .as_member_expression()
                .and_then(|m| m.static_property_name()),
            Some("headers" | "searchParams")
        )
        || matches!(of(file, object, deeper), Domain::Unbounded(Source::Request));
    if !is_part {
        return None;
    }
    let few = key
        .and_then(stanch_js_source::literal_text)
        .is_some_and(|key| word_of(key) == Some(Word::Few));
    Some(if few {
        Domain::Unknown
    } else {
        Domain::Unbounded(Source::Request)
    })
}

/// What a function of the file gives back.
pub(super) fn results(file: &File<'_, '_>, function: NodeId, deeper: Depth<'_>) -> Domain {
    let Some(deeper) = deeper.down() else {
        return Domain::Unknown;
    };
    let values = file.parsed.results_of(function);
    let each = values.into_iter().map(|value| of(file, value, deeper));
    each.reduce(Domain::joined).unwrap_or(Domain::Unknown)
}
