//! Calls into what functions of the project give them that is open, and clients into whether each is made for one question.

use oxc_ast::AstKind;
use oxc_ast::ast::{BindingPattern, CallExpression};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};

use crate::facts::fate::{Fate, Way, uses, way};
use crate::facts::left_open::{Left, awaited_answer, in_variable, opened};
use crate::facts::repeats::{Repeats, repeats};
use crate::facts::settlement::{executor_around, settles};
use crate::facts::streams::{Kind, event_of};
use crate::facts::waiting::runs_once_by_its_name;
use crate::file::File;
use crate::project::Calls;
use crate::summary::Opened;

/// What a call gives that is open, by a function of the project, where a variable gets it: how it stays open.
pub(crate) fn given_open<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
) -> Option<(Kind, Left)> {
    let is_taken = matches!(
        file.kind(file.parent(node)),
        AstKind::AwaitExpression(_) | AstKind::VariableDeclarator(_)
    );
    if !is_taken || !file.project.has_openers() {
        return None;
    }
    let mut opens = file.project.opens(file.meaning(&call.callee)).iter();
    opens.find_map(|opens| {
        let kind = match opens.what {
            Opened::Answer => {
                let left = || awaited_answer(file, node);
                return opens
                    .part
                    .is_none()
                    .then(left)
                    .flatten()
                    .map(|left| (Kind::Answer, left));
            }
            Opened::Client => Kind::Client,
            Opened::Handle => Kind::Handle,
            Opened::Writer => Kind::Writer,
            Opened::Wrapped => Kind::Wrapped,
            Opened::Source => return None,
        };
        let left = match &opens.part {
            None => opened(file, node, kind)?,
            Some(name) => part(file, node, kind, name)?,
        };
        // Of a class of which its user closes no instance nothing tells how that is done.
        let is_told = kind != Kind::Wrapped || matches!(left, Left::On(_));
        is_told.then_some((kind, left))
    })
}

/// The same of what is open under a name of what a call gives: `const { path, out } = temporary();`.
fn part(file: &File<'_, '_>, node: NodeId, kind: Kind, name: &str) -> Option<Left> {
    let way = way(file, node);
    let Fate::Apart(BindingPattern::ObjectPattern(parts)) = way.fate else {
        return None;
    };
    let mut parts = parts.properties.iter();
    let taken = parts.find(|part| part.key.static_name().is_some_and(|own| own == name))?;
    let variable = taken.value.get_binding_identifier()?.symbol_id.get()?;
    let function = file.function_around(node)?;
    in_variable(file, function, node, kind, variable, Some(way.whole))
}

/// Whether a client is made to ask it something about what its function was given, with nobody else who could close it: there is
/// one for each call, however often others call.
pub(crate) fn is_made_for_a_question(file: &File<'_, '_>, node: NodeId) -> bool {
    let Some(inner) = file.function_around(node) else {
        return false;
    };
    let executor = executor_around(file, node);
    let function = match executor {
        Some(_) => file.function_around(inner).unwrap_or(inner),
        None => inner,
    };
    let Fate::Variable(client) = way(file, node).fate else {
        return false;
    };
    if repeats(file, node) != Repeats::Unknown
        || file.calls_of(function) == Calls::Once
        || runs_once_by_its_name(file, function)
    {
        return false;
    }
    let question = Question {
        file,
        parts: parts(file, function),
        settled: executor.map_or_else(Vec::new, |executor| settles(file, executor)),
    };
    let all = uses(file, client);
    let mut asked = all
        .iter()
        .map(|(_, used)| question.is_asked(used, Asked::Client));
    let is_about = executor.is_some() && question.is_about(node);
    asked.try_fold(is_about, |is_about, asked| Some(is_about | asked?)) == Some(true)
}

/// The places that name a part of what a function is given, with the function that each is in.
fn parts(file: &File<'_, '_>, function: NodeId) -> Vec<(Span, Option<NodeId>)> {
    let Some(given) = file.parsed.parameters(function) else {
        return Vec::new();
    };
    let scoping = file.parsed.semantic().scoping();
    let names = given
        .items
        .iter()
        .flat_map(|parameter| parameter.pattern.get_binding_identifiers());
    let parts = names.filter_map(|name| name.symbol_id.get());
    let named = parts.flat_map(|part| scoping.get_resolved_references(part));
    let place = |node: NodeId| (file.kind(node).span(), file.function_around(node));
    named.map(|used| place(used.node_id())).collect()
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// The client itself.
    Client,
    /// What it gave: a statement, a channel.
    Part,
}

/// What a client may be asked about.
struct Question<'f, 's, 'a> {
    file: &'f File<'s, 'a>,
    parts: Vec<(Span, Option<NodeId>)>,
    /// Where the promise is settled that the client is made for.
    settled: Vec<Span>,
}

impl Question<'_, '_, '_> {
    /// Whether a call is given a part of what the function was given, in its own arguments.
    fn is_about(&self, call: NodeId) -> bool {
        let whole = self.file.kind(call).span();
        let function = self.file.function_around(call);
        let mut parts = self.parts.iter();
        parts.any(|(part, around)| whole.contains_inclusive(*part) && *around == function)
    }

    /// Whether a use asks the question; none where the client serves for longer, or somebody else gets it.
    fn is_asked(&self, used: &Way<'_>, asked: Asked) -> Option<bool> {
        let file = self.file;
        let (call, method) = match used.fate {
            Fate::Asked { call, method } => (call, method),
            // What it gives may be looked at.
            _ => return (asked == Asked::Part).then_some(false),
        };
        match method {
            "on" | "once" | "addListener" => {
                let event = event_of(file, call, 0);
                let within = file.kind(call).span();
                let settles = || self.settled.iter().any(|at| within.contains_inclusive(*at));
                let is_its_end = matches!(
                    event,
                    Some("error" | "close" | "end" | "connect" | "open" | "goaway")
                );
                (is_its_end || settles() || asked == Asked::Part).then_some(false)
            }
            "subscribe" | "consume" | "psubscribe" | "run" => None,
            _ => {
                let Fate::Variable(part) = way(file, call).fate else {
                    return Some(self.is_about(call));
                };
                let all = uses(file, part);
                let mut uses = all.iter().map(|(_, used)| match asked {
                    Asked::Client => self.is_asked(used, Asked::Part),
                    Asked::Part => Some(false),
                });
                uses.try_fold(self.is_about(call), |is_about, asked| {
                    Some(is_about | asked?)
                })
            }
        }
    }
}
