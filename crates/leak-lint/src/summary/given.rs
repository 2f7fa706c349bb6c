//! Arguments of calls into what functions of the project are handed that outlives the call.

use std::rc::Rc;

use oxc_ast::ast::{Argument, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use oxc_syntax::operator::BinaryOperator;
use stanch_js_source::{ImportedName, Value, bare, literal_text};

use super::{Callee, Origin, Place, Scan, Summary, gives_keys};
use crate::facts::keys::is_written_down;
use crate::file::{argument, callee_name, method};

/// Names of the first parameter of plugins: the application.
const APPLICATIONS: &[&str] = &["fastify", "app", "server", "instance"];
/// Events that most emitters have once.
const COMES_ONCE: &[&str] = &[
    "connect",
    "open",
    "ready",
    "listening",
    "close",
    "end",
    "error",
    "exit",
    "finish",
    "disconnect",
    "spawn",
    "online",
    "upgrade",
    "response",
    "socket",
    "abort",
];
/// Methods of applications and routers that take the handlers of a path.
const ROUTES: &[&str] = &["get", "post", "put", "patch", "delete", "all", "route"];

/// Something that a function, or a constructor, is handed.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    /// Who gets it.
    pub(crate) callee: Callee,
    /// As which argument.
    pub(crate) position: u32,
    /// As which property of that argument, where that is a literal: `signal` of `f({ signal })`.
    pub(crate) property: Option<Box<str>>,
    /// What it is, where that may outlive the call.
    pub(crate) value: Value,
    /// What it is made of.
    pub(crate) origins: Box<[Origin]>,
    /// Where the call is.
    pub(crate) place: Place,
    /// How old it is, next to the call.
    pub(crate) age: Age,
    /// The parameter that is handed on, by its function and position, where its type says something else of the value.
    pub(crate) handed_on: Option<(u32, u32)>,
}

/// How old something is that a function is handed, where that shows in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// No older than the call, as far as can be seen.
    Unknown,
    /// A function around has it, and what is told again and again in there hands it on each time.
    Older,
    /// The application of which a plugin is told.
    Application,
}

impl<'a> Scan<'_, 'a> {
    pub(super) fn given(&self, summary: &mut Summary) {
        for node in self
            .parsed
            .nodes_of([AstType::CallExpression, AstType::NewExpression])
        {
            self.given_at(node.id(), node.kind(), summary);
        }
    }

    fn given_at(&self, node: NodeId, kind: AstKind<'a>, summary: &mut Summary) {
        let (callee, arguments) = match kind {
            AstKind::CallExpression(call) => (&call.callee, &call.arguments),
            AstKind::NewExpression(new) => (&new.callee, &new.arguments),
            _ => return,
        };
        if arguments.is_empty() {
            return;
        }
        let (callee, value) = self.callee(callee);
        if !is_of_the_project(&value) {
            return;
        }
        for (position, argument) in arguments.iter().enumerate() {
            let Some(argument) = Argument::as_expression(argument) else {
                break;
            };
            let at = u32::try_from(position).unwrap_or(u32::MAX);
            let mut add = |property: Option<Box<str>>, argument: &Expression<'a>| {
                // Nothing outlives the call in these, and nothing is made of them.
                if bare(argument).is_literal() {
                    return;
                }
                let value = self.value(argument);
                let origins = self.origins_at(node, argument);
                let is_option = matches!(&*value, Value::Function(_))
                    && property.as_deref().is_some_and(gives_keys);
                if is_option
                    || may_outlive(&value)
                    || may_be_a_service(&value)
                    || !origins.is_empty()
                {
                    summary.given.push(Given {
                        callee,
                        position: at,
                        property,
                        value: Rc::unwrap_or_clone(value),
                        origins: origins.into(),
                        place: self.place(node),
                        age: self.age(node, argument),
                        handed_on: self.handed_on(argument),
                    });
                }
            };
            if matches!(
                bare(argument),
                Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_)
            ) {
                summary.handed.push(Handed {
                    callee,
                    position: at,
                    place: self.place(node),
                    result: self.result(node),
                });
            }
            if let Expression::ObjectExpression(literal) = bare(argument) {
                for property in literal.properties.iter().filter_map(|p| p.as_property()) {
                    if let Some(name) = property.key.static_name() {
                        add(Some(name.as_ref().into()), &property.value);
                    }
                }
            }
            add(None, argument);
        }
    }

    /// The parameter that an argument is, whatever its type.
    fn handed_on(&self, argument: &Expression<'a>) -> Option<(u32, u32)> {
        let variable = self.parsed.variable_of(argument)?;
        match self.parsed.parameter_of_variable(variable)? {
            Value::Parameter(function, position) => Some((function, position)),
            _ => None,
        }
    }

    /// How old an argument of a call is.
    fn age(&self, call: NodeId, argument: &Expression<'a>) -> Age {
        let mut root = bare(argument);
        while let Some(member) = root.as_member_expression() {
            root = bare(member.object());
        }
        let Some(variable) = self.parsed.variable_of(root) else {
            return Age::Unknown;
        };
        let semantic = self.parsed.semantic();
        let declared = semantic.scoping().symbol_declaration(variable);
        let home = self.parsed.function_around(declared);
        let mut at = self.parsed.function_around(call);
        if home.is_none() || at.is_none() {
            return Age::Unknown;
        }
        if home == at {
            let name = semantic.scoping().symbol_name(variable);
            let is_told = matches!(self.kind(declared), AstKind::FormalParameter(_));
            return match is_told && APPLICATIONS.contains(&name) {
                true => Age::Application,
                false => Age::Unknown,
            };
        }
        while let Some(function) = at.filter(|at| Some(*at) != home) {
            if self.is_told_again(function) {
                return Age::Older;
            }
            at = self.parsed.function_around(function);
        }
        Age::Unknown
    }

    /// Whether a function is handed to what calls it again and again, for one thing that is around.
    fn is_told_again(&self, function: NodeId) -> bool {
        let AstKind::CallExpression(call) = self.kind(self.parent(function)) else {
            return false;
        };
        let Some((_, name)) = method(call) else {
            return callee_name(call) == Some("setInterval");
        };
        let event = argument(call, 0).and_then(literal_text);
        match name {
            "on" | "addListener" | "addEventListener" => {
                event.is_some_and(|event| !COMES_ONCE.contains(&event))
            }
            _ => ROUTES.contains(&name) && event.is_some_and(|path| path.starts_with('/')),
        }
    }

    /// What an argument is made of, unless the function has looked it up in a list of the program before.
    fn origins_at(&self, call: NodeId, argument: &Expression<'a>) -> Vec<Origin> {
        let origins = self.origins(argument);
        if origins.is_empty() || self.is_looked_up(call, argument) {
            return Vec::new();
        }
        origins
    }

    fn is_looked_up(&self, call: NodeId, argument: &Expression<'a>) -> bool {
        let nodes = self.parsed.semantic().nodes();
        let Some(function) = self.parsed.function_around(call) else {
            return false;
        };
        let within = nodes.kind(function).span();
        let end = nodes.kind(call).span().start;
        let written = |of: Span| self.parsed.text().slice(of.start, of.end);
        let wanted = written(bare(argument).span());
        let lookups = self.lookups();
        let after = |place: u32| lookups.partition_point(|lookup| lookup.place.start < place);
        let before = lookups.get(after(within.start)..after(end));
        before.unwrap_or_default().iter().any(|lookup| {
            within.contains_inclusive(lookup.place)
                && written(bare(lookup.asked).span()) == wanted
                && is_written_down(self.parsed, lookup.list)
        })
    }

    /// In the order of the text.
    fn lookups(&self) -> &[Lookup<'a>] {
        self.lookups.get_or_init(|| {
            let nodes = self.parsed.nodes_of([
                AstType::CallExpression,
                AstType::BinaryExpression,
                AstType::ComputedMemberExpression,
            ]);
            let mut lookups: Vec<_> = nodes.filter_map(|node| Lookup::of(node.kind())).collect();
            lookups.sort_by_key(|lookup| lookup.place.start);
            lookups
        })
    }
}

/// What looks something up in a list or a table.
pub(super) struct Lookup<'a> {
    place: Span,
    list: &'a Expression<'a>,
    asked: &'a Expression<'a>,
}

impl<'a> Lookup<'a> {
    fn of(kind: AstKind<'a>) -> Option<Self> {
        let (list, asked) = match kind {
            AstKind::CallExpression(call) => {
                let (list, name) = method(call)?;
                let asks = matches!(name, "includes" | "has" | "indexOf" | "hasOwnProperty");
                let asked = asks.then(|| call.arguments.first()).flatten()?;
                (list, asked.as_expression()?)
            }
            AstKind::BinaryExpression(binary) if binary.operator == BinaryOperator::In => {
                (&binary.right, &binary.left)
            }
            AstKind::ComputedMemberExpression(member) => (&member.object, &member.expression),
            _ => return None,
        };
        Some(Self {
            place: kind.span(),
            list,
            asked,
        })
    }
}

/// Whether a callee may be a function or class of the project: of a parameter, a method of what it is given.
fn is_of_the_project(callee: &Value) -> bool {
    match callee.root() {
        Value::Unknown | Value::Array | Value::Global(_) => false,
        Value::Parameter(..) => matches!(callee, Value::Member(..)),
        Value::Import { module, .. } => !module.starts_with("node:"),
        _ => true,
    }
}

/// Whether a value may live longer than the call that is given it: it has a name outside of the caller, or came from there.
fn may_outlive(value: &Value) -> bool {
    matches!(
        value,
        Value::Variable(_)
            | Value::Import { .. }
            | Value::Member(..)
            | Value::Parameter(..)
            | Value::Object(_)
    ) && !matches!(value.root(), Value::Array | Value::Unknown)
        || is_a_timeout(value)
        || may_be_an_open_file(value)
}

/// Whether a value may be something made by the project, by whose methods others call it.
fn may_be_a_service(value: &Value) -> bool {
    matches!(value, Value::Instance(_) | Value::Result(_))
        && matches!(
            value.root(),
            Value::Variable(_) | Value::Function(_) | Value::Class(_) | Value::Import { .. }
        )
}

/// Whether a value may be a file that is opened to be read, `createReadStream(…)`: what the name means says another.
fn may_be_an_open_file(value: &Value) -> bool {
    const NAME: &str = "createReadStream";
    match value {
        Value::Result(of) => match &**of {
            Value::Import { name, .. } => *name == ImportedName::Named(NAME.to_owned()),
            Value::Member(_, name) => &**name == NAME,
            _ => false,
        },
        _ => false,
    }
}

/// A function that a caller makes and hands over as an argument.
#[derive(Debug, Clone)]
pub(crate) struct Handed {
    /// Who gets it.
    pub(crate) callee: Callee,
    /// As which argument.
    pub(crate) position: u32,
    /// Where the call is.
    pub(crate) place: Place,
    /// What becomes of the result.
    pub(crate) result: Taken,
}

/// What a caller does with what a call gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Nothing.
    Dropped,
    /// It waits for it, and drops what comes.
    Awaited,
    /// Something.
    Used,
}

/// Whether a value is a signal that is aborted by itself: `AbortSignal.timeout(…)`.
pub(crate) fn is_a_timeout(value: &Value) -> bool {
    match value {
        Value::Result(of) => matches!(&**of, Value::Member(of, name)
            if &**name == "timeout" && **of == Value::Global("AbortSignal".into())),
        _ => false,
    }
}
