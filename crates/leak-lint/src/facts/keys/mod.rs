//! A key into what is known of how many there can be: a closed list, as many as users send, or objects.

mod handed;
mod lists;
mod messages;
mod request;
mod types;
mod value;
mod variable;
mod words;

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, Expression};
use oxc_span::GetSpan;
use stanch_js_source::{Value, bare};

use crate::facts::holders::Holder;
use crate::file::File;
use crate::project::Site;

pub(crate) use request::{is_exchange_parameter as is_exchange, is_sent};
pub(crate) use types::domain_of_type;
pub(crate) use value::{LOOKS_UP, SERIAL, domain, is_faithful};
pub(crate) use variable::{constant, is_written_down};

/// How many different keys an expression gives while the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Domain {
    /// As many as the program, or its configuration, has written down.
    Bounded,
    /// As many as come in from outside, or as there are moments.
    Unbounded(Source),
    /// What its name says is one of many: `userId`, `url`.
    Named(Source),
    /// Objects, compared by identity.
    Object(Thing),
    /// Nothing tells.
    Unknown,
}

/// Where keys without end come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A part of a request or message.
    Request,
    /// An id of a user, a session, a job.
    Id,
    /// An address, path or query of the web.
    Url,
    /// An address of the net.
    Address,
    /// A moment.
    Time,
    /// A number that counts up, or a random one.
    Serial,
    /// The text of an error.
    ErrorText,
    /// A text that somebody wrote: a query, a message.
    Text,
    /// The arguments of a call, serialised.
    Arguments,
}

impl Source {
    /// Ends the sentence "its key …".
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Request => "comes from the request",
            Self::Id => "is an id",
            Self::Url => "is a URL or path",
            Self::Address => "is an address",
            Self::Time => "is a moment",
            Self::Serial => "is a new one each time",
            Self::ErrorText => "is the text of an error",
            Self::Text => "is a text from outside",
            Self::Arguments => "is made of the arguments",
        }
    }
}

/// What an object is that serves as a key, or is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thing {
    /// A request, a response, or the context of one.
    Exchange,
    /// A socket or another connection.
    Connection,
    /// Made for the call.
    Fresh,
    /// What came with a request: its body, its query.
    Sent,
    /// An object by its declared type, or since its properties are used.
    Typed,
    /// A function or class: the program has a number of them.
    Code,
}

impl Domain {
    /// What is known of a key that is made of two.
    pub(crate) fn joined(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unbounded(why), _) | (_, Self::Unbounded(why)) => Self::Unbounded(why),
            (Self::Named(why), _) | (_, Self::Named(why)) => Self::Named(why),
            (Self::Object(thing), Self::Object(_)) => Self::Object(thing),
            // An object or a text: a weak container could not take it.
            (Self::Object(_), _) | (_, Self::Object(_)) => Self::Unknown,
            (Self::Bounded, other) | (other, Self::Bounded) => other,
            (Self::Unknown, Self::Unknown) => Self::Unknown,
        }
    }
}

/// How many keys an insertion puts into a holder: what the holder's type says, else what the key says.
pub(crate) fn domain_in<'a>(
    file: &File<'_, 'a>,
    holder: &Holder<'a>,
    key: &Expression<'a>,
) -> Domain {
    let typed = holder
        .key_type
        .and_then(|written| types::domain_of_type(file, written));
    match (typed, domain(file, key)) {
        (Some(Domain::Bounded), _) => Domain::Bounded,
        // What is put in may be known better than by its type.
        (Some(Domain::Object(Thing::Typed)), found @ Domain::Object(_)) => found,
        (Some(typed @ Domain::Object(_)), _) => typed,
        (_, found) => found,
    }
}

/// The object that an expression is by all that is known, or keeps: `req`, `{ req, at }`, a constant that is such a literal,
/// a parameter of a class or interface with such a part.
pub(crate) fn keeps<'a>(file: &File<'_, 'a>, expression: &Expression<'a>, wanted: Thing) -> bool {
    keeps_through(file, expression, wanted, 4)
}

fn keeps_through<'a>(
    file: &File<'_, 'a>,
    expression: &Expression<'a>,
    wanted: Thing,
    deeper: u32,
) -> bool {
    let Some(deeper) = deeper.checked_sub(1) else {
        return false;
    };
    match bare(expression) {
        Expression::ObjectExpression(object) => object.properties.iter().any(|property| {
            property
                .as_property()
                .is_some_and(|property| keeps_through(file, &property.value, wanted, deeper))
        }),
        Expression::ArrayExpression(array) => array.elements.iter().any(|element| {
            element
                .as_expression()
                .is_some_and(|element| keeps_through(file, element, wanted, deeper))
        }),
        Expression::Identifier(_) => {
            domain(file, expression) == Domain::Object(wanted)
                || types::has_part(file, expression, wanted)
                || constant(file, expression)
                    .is_some_and(|init| keeps_through(file, init, wanted, deeper))
                || is_given_such_a_part(file, expression, wanted)
                || gets_such_a_part(file, expression, wanted)
        }
        Expression::LogicalExpression(logical) => {
            keeps_through(file, &logical.right, wanted, deeper)
        }
        Expression::CallExpression(call) => {
            let made = Value::Result(Box::new(file.parsed.value(&call.callee)));
            is_made_with(file, &made, &call.arguments, wanted, deeper)
        }
        Expression::NewExpression(new) => {
            let made = Value::Instance(Box::new(file.parsed.value(&new.callee)));
            is_made_with(file, &made, &new.arguments, wanted, deeper)
        }
        // `reply.raw`, `ctx.req`
        other => other.is_member_expression() && domain(file, expression) == Domain::Object(wanted),
    }
}

/// Whether a function that puts an object together, or a constructor, keeps in it what it is given here: `new Job(req)`.
fn is_made_with<'a>(
    file: &File<'_, 'a>,
    made: &Value,
    arguments: &[Argument<'a>],
    wanted: Thing,
    deeper: u32,
) -> bool {
    let given = || arguments.iter().filter_map(Argument::as_expression);
    let keeps = |given: &Expression<'a>| keeps_through(file, given, wanted, deeper);
    // Most calls are given nothing of the kind.
    given().any(keeps) && {
        let kept = file.project.parameters_kept_by(file.index, made);
        arguments.iter().enumerate().any(|(at, given)| {
            u32::try_from(at).is_ok_and(|at| kept.contains(&at))
                && given.as_expression().is_some_and(keeps)
        })
    }
}

/// Whether a parameter is given such an object as a property of what some caller writes: `store.put(id, { req })`.
fn is_given_such_a_part<'a>(
    file: &File<'_, 'a>,
    expression: &Expression<'a>,
    wanted: Thing,
) -> bool {
    let parameter = file
        .variable(expression)
        .and_then(|variable| file.parsed.parameter_of_variable(variable));
    let Some(Value::Parameter(start, position)) = parameter else {
        return false;
    };
    let function = Site {
        file: file.index,
        start,
    };
    handed::has_part(file.project, function, position, wanted)
}

/// Whether the function around gives such an object to a variable as its property: `err.request = req; failures.push(err);`.
fn gets_such_a_part<'a>(file: &File<'_, 'a>, expression: &Expression<'a>, wanted: Thing) -> bool {
    let Some(variable) = file.variable(expression) else {
        return false;
    };
    let scoping = file.parsed.semantic().scoping();
    let mut uses = scoping.get_resolved_references(variable);
    uses.any(|used| {
        let member = file.parent(used.node_id());
        let AstKind::StaticMemberExpression(property) = file.kind(member) else {
            return false;
        };
        matches!(file.kind(file.parent(member)), AstKind::AssignmentExpression(put)
            if put.left.span() == property.span
                && domain(file, &put.right) == Domain::Object(wanted))
    })
}

/// Whether a name says that there are few of what it names.
pub(crate) fn says_few(name: &str) -> bool {
    words::word_of(name) == Some(words::Word::Few)
}
