//! Functions into what they give that is open, and that whoever gets it has to close or to read: the answer of a server, the body
//! of an object in a storage, the rows of a query.

use oxc_ast::ast::{
    Argument, BindingPattern, CallExpression, Expression, NewExpression, ObjectPropertyKind,
};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use stanch_js_source::{Value, bare};

use super::{Scan, Summary};
use crate::facts::answered::{exported, module_of, waits_for_an_answer};
use crate::facts::piped::{BODIES, OPENS, QUERY_STREAMS};
use crate::facts::streams::{CLIENTS, CONNECTS};
use crate::file::{argument, callee_name, method};

/// What a function gives that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opens {
    /// The property of its result that is; none for the result itself.
    pub(crate) part: Option<Box<str>>,
    pub(crate) what: Opened,
}

/// What is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opened {
    /// The answer of a server to a request of this program.
    Answer,
    /// A connection of a client of its own.
    Client,
    /// A file that is written.
    Writer,
    /// A file of fs/promises.
    Handle,
    /// An instance of a class that was given something open, and has a method to close it.
    Wrapped,
    /// Anything else that a pipe may begin with.
    Source,
}

/// What gives a file handle.
const HANDLES: &[(&str, &str)] = &[("fs/promises", "open"), ("fs", "promises.open")];

/// Names and waits are followed this far.
const DEEPEST: u32 = 4;

impl<'a> Scan<'_, 'a> {
    /// Notes what a function gives that is open.
    pub(super) fn opens(&self, summary: &mut Summary) {
        for node in self
            .parsed
            .nodes_of([AstType::ReturnStatement, AstType::ArrowFunctionExpression])
        {
            self.opens_at(node.id(), node.kind(), summary);
        }
    }

    fn opens_at(&self, node: NodeId, kind: AstKind<'a>, summary: &mut Summary) {
        let (function, given) = match kind {
            AstKind::ReturnStatement(given) => (self.place(node), given.argument.as_ref()),
            AstKind::ArrowFunctionExpression(arrow) => {
                (Some(arrow.span.start), arrow.get_expression())
            }
            _ => return,
        };
        let (Some(function), Some(given)) = (function, given) else {
            return;
        };
        let mut note = |part: Option<&str>, value: &Expression<'a>| {
            if let Some(what) = self.open(value, DEEPEST) {
                let part = part.map(Into::into);
                let opens = Opens { part, what };
                summary.opens.entry(function).or_default().push(opens);
            }
        };
        match bare(given) {
            Expression::ObjectExpression(literal) => {
                for property in &literal.properties {
                    if let ObjectPropertyKind::ObjectProperty(property) = property
                        && let Some(name) = property.key.static_name()
                    {
                        note(Some(&name), &property.value);
                    }
                }
            }
            given => note(None, given),
        }
    }

    /// What a value is, if it is open.
    fn open(&self, value: &Expression<'a>, deeper: u32) -> Option<Opened> {
        let deeper = deeper.checked_sub(1)?;
        match bare(value) {
            Expression::AwaitExpression(waited) => self.open(&waited.argument, deeper),
            Expression::NewExpression(new) => match waits_for_an_answer(self.parsed, new) {
                true => Some(Opened::Answer),
                false if self.is_of_list(&new.callee, CLIENTS) => Some(Opened::Client),
                false => self.wraps(new, deeper).then_some(Opened::Wrapped),
            },
            Expression::CallExpression(call) if self.connects(call) => Some(Opened::Client),
            Expression::CallExpression(call) => match callee_name(call)? {
                "createWriteStream" => Some(Opened::Writer),
                "open" if self.is_of_list(&call.callee, HANDLES) => Some(Opened::Handle),
                _ => self.opens_a_source(call).then_some(Opened::Source),
            },
            Expression::Identifier(name) => {
                let scoping = self.parsed.semantic().scoping();
                let reference = scoping.get_reference(name.reference_id.get()?);
                self.holds(reference.symbol_id()?, deeper)
            }
            Expression::StaticMemberExpression(member) => {
                let object = match bare(&member.object) {
                    named @ Expression::Identifier(_) => self.declared_by(named)?,
                    object => object,
                };
                let Expression::AwaitExpression(waited) = object else {
                    return None;
                };
                self.gives_a_body(&waited.argument, &member.property.name)
                    .then_some(Opened::Source)
            }
            _ => None,
        }
    }

    /// Whether an instance of a class of the project is given a variable that is open.
    fn wraps(&self, new: &NewExpression<'a>, deeper: u32) -> bool {
        let is_own = || match self.parsed.value(&new.callee) {
            Value::Class(_) => true,
            Value::Import { module, .. } => module.starts_with('.'),
            _ => false,
        };
        let mut given = new.arguments.iter().filter_map(Argument::as_expression);
        given.any(|given| {
            let Expression::Identifier(_) = bare(given) else {
                return false;
            };
            let Some(Expression::AwaitExpression(opening)) = self.declared_by(given) else {
                return false;
            };
            self.open(&opening.argument, deeper).is_some() && is_own()
        })
    }

    /// What a variable is declared with.
    fn declared_by(&self, variable: &Expression<'a>) -> Option<&'a Expression<'a>> {
        let Expression::Identifier(name) = bare(variable) else {
            return None;
        };
        let scoping = self.parsed.semantic().scoping();
        let reference = scoping.get_reference(name.reference_id.get()?);
        match self.kind(scoping.symbol_declaration(reference.symbol_id()?)) {
            AstKind::VariableDeclarator(declarator) => Some(bare(declarator.init.as_ref()?)),
            _ => None,
        }
    }

    /// Whether a call connects a client; most are not called so.
    fn connects(&self, call: &CallExpression<'a>) -> bool {
        let is_called_so = |name: &str| {
            let mut list = CONNECTS.iter();
            list.any(|(_, own)| own.rsplit('.').next() == Some(name))
        };
        callee_name(call).is_some_and(is_called_so) && self.is_of_list(&call.callee, CONNECTS)
    }

    /// Whether a callee is one of those that packages export.
    fn is_of_list(&self, callee: &Expression<'a>, list: &[(&str, &str)]) -> bool {
        exported(self.parsed, callee).is_some_and(|(module, name)| {
            list.iter().any(|(of, own)| *of == module && *own == name)
        })
    }

    /// The same of what a variable holds that nobody closes where it is made.
    fn holds(&self, variable: SymbolId, deeper: u32) -> Option<Opened> {
        let scoping = self.parsed.semantic().scoping();
        let AstKind::VariableDeclarator(declarator) =
            self.kind(scoping.symbol_declaration(variable))
        else {
            return None;
        };
        let init = bare(declarator.init.as_ref()?);
        let found = match &declarator.id {
            BindingPattern::BindingIdentifier(_) => self.open(init, deeper)?,
            BindingPattern::ObjectPattern(parts) => {
                let mut parts = parts.properties.iter();
                let part = parts.find(|part| {
                    let name = part.value.get_binding_identifier();
                    name.and_then(|name| name.symbol_id.get()) == Some(variable)
                })?;
                let Expression::AwaitExpression(waited) = init else {
                    return None;
                };
                let name = part.key.static_name()?;
                self.gives_a_body(&waited.argument, &name)
                    .then_some(Opened::Source)?
            }
            _ => return None,
        };
        let is_kept = scoping.symbol_scope_id(variable) == scoping.root_scope_id();
        let mut used = scoping.get_resolved_references(variable);
        let closes = used.any(|used| {
            let node = used.node_id();
            match self.kind(crate::file::parent(self.parsed, node)) {
                AstKind::StaticMemberExpression(member) => {
                    let name = member.property.name.as_str();
                    matches!(name, "destroy" | "close" | "resume")
                }
                // Somebody else has it as well.
                AstKind::CallExpression(_)
                | AstKind::AssignmentExpression(_)
                | AstKind::ArrayExpression(_)
                | AstKind::NewExpression(_) => !matches!(found, Opened::Source | Opened::Answer),
                _ => false,
            }
        });
        (!closes && !is_kept).then_some(found)
    }

    /// Whether a call opens what a pipe may begin with.
    fn opens_a_source(&self, call: &CallExpression<'a>) -> bool {
        match method(call) {
            Some((_, name)) if OPENS.contains(&name) => true,
            None if callee_name(call) == Some("createReadStream") => true,
            Some((_, "query")) => match argument(call, 0) {
                Some(Expression::NewExpression(query)) => module_of(self.parsed, &query.callee)
                    .is_some_and(|module| QUERY_STREAMS.contains(&module.as_str())),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a property of what a call gives is the stream of its body: of a client of S3, of axios that was asked for a
    /// stream.
    fn gives_a_body(&self, call: &Expression<'a>, name: &str) -> bool {
        let Expression::CallExpression(call) = bare(call) else {
            return false;
        };
        let is_sent = method(call).is_some_and(|(_, name)| name == "send");
        is_sent && BODIES.contains(&name)
            || name == "data" && {
                let text = self.parsed.text().slice(call.span.start, call.span.end);
                text.contains("responseType") && text.contains("stream")
            }
    }
}
