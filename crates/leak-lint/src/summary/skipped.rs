//! Calls into pairs of which the second is skipped when something between them fails: `await slots.take()`, work,
//! `slots.free()`; `begin(key)`, work, `end(key)`.

use oxc_ast::ast::{CallExpression, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use rustc_hash::FxHashMap;
use stanch_js_source::{Value, bare, is_function};

use super::{Place, Scan, Summary};
use crate::file::method;

/// Two calls of one function: for the same object, the first of them waited for, or for the same key.
#[derive(Debug, Clone)]
pub(crate) struct Skipped {
    pub(crate) first: Value,
    /// What is not called when something that is waited for in between fails.
    pub(crate) second: Value,
}

/// A call, what it is a method of as written, and where.
struct Step<'p> {
    /// Empty for a function.
    of: &'p str,
    name: &'p str,
    /// The first argument, as written; empty without one.
    key: &'p str,
    tie: Tie,
    callee: Value,
    span: Span,
}

/// What a first call has in common with its second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tie {
    /// It is waited for: the same object is enough.
    Object,
    /// The same key as well.
    Key,
}

impl<'a> Scan<'_, 'a> {
    /// Notes such pairs.
    pub(super) fn skipped(&self, summary: &mut Summary) {
        let mut awaits: FxHashMap<Place, Vec<Span>> = FxHashMap::default();
        let mut firsts: Vec<(Place, Step<'_>)> = Vec::new();
        let mut seconds: FxHashMap<Place, Vec<(NodeId, Step<'_>)>> = FxHashMap::default();
        for node in self
            .parsed
            .nodes_of([AstType::AwaitExpression, AstType::CallExpression])
        {
            match node.kind() {
                AstKind::AwaitExpression(waited) => {
                    let place = self.place(node.id());
                    awaits.entry(place).or_default().push(waited.span);
                    if let Expression::CallExpression(call) = bare(&waited.argument) {
                        let step = self
                            .step(call, Tie::Object)
                            .filter(|step| !step.of.is_empty());
                        firsts.extend(step.map(|step| (place, step)));
                    }
                }
                AstKind::CallExpression(call) => {
                    let parent = self.kind(self.parent(node.id()));
                    let is_statement = matches!(parent, AstKind::ExpressionStatement(_));
                    // `if (!slots.begin(key)) throw …`
                    let is_asked = || match parent {
                        AstKind::IfStatement(_) => true,
                        AstKind::UnaryExpression(not) => {
                            let around = self.parent(not.node_id.get());
                            matches!(self.kind(around), AstKind::IfStatement(_))
                        }
                        _ => false,
                    };
                    let is_first = is_statement || !call.arguments.is_empty() && is_asked();
                    if !is_first {
                        continue;
                    }
                    let place = self.place(node.id());
                    let first = self
                        .step(call, Tie::Key)
                        .filter(|step| !step.key.is_empty());
                    firsts.extend(first.map(|step| (place, step)));
                    if is_statement && let Some(step) = self.step(call, Tie::Key) {
                        seconds.entry(place).or_default().push((node.id(), step));
                    }
                }
                _ => {}
            }
        }
        for (place, first) in &firsts {
            let (Some(_), Some(seconds), Some(awaits)) =
                (place, seconds.get(place), awaits.get(place))
            else {
                continue;
            };
            summary.skipped.extend(self.pair(first, seconds, awaits));
        }
    }

    fn pair(
        &self,
        first: &Step<'_>,
        seconds: &[(NodeId, Step<'_>)],
        awaits: &[Span],
    ) -> Option<Skipped> {
        let is_later = |step: &Step<'_>| {
            step.of == first.of
                && step.name != first.name
                && step.span.start > first.span.end
                && (first.tie == Tie::Object || step.key == first.key)
        };
        let mut later = seconds.iter().filter(|(_, step)| is_later(step));
        let (node, second) = later.next()?;
        // Called in more places than one, it is thought of.
        let is_alone = !later.any(|(_, step)| step.name == second.name);
        let may_fail = awaits
            .iter()
            .any(|waited| waited.start > first.span.end && waited.end < second.span.start);
        (is_alone && may_fail && !self.is_in_a_finally(*node)).then(|| Skipped {
            first: first.callee.clone(),
            second: second.callee.clone(),
        })
    }

    fn is_in_a_finally(&self, node: NodeId) -> bool {
        let nodes = self.parsed.semantic().nodes();
        let span = self.kind(node).span();
        nodes
            .ancestor_kinds(node)
            .take_while(|around| !is_function(*around))
            .any(|around| match around {
                AstKind::TryStatement(attempt) => {
                    !attempt.block.span.contains_inclusive(span) || attempt.handler.is_some()
                }
                _ => false,
            })
    }

    fn step(&self, call: &'a CallExpression<'a>, tie: Tie) -> Option<Step<'a>> {
        let text = self.parsed.text();
        let written = |of: Span| text.slice(of.start, of.end);
        let (of, name) = match (method(call), bare(&call.callee)) {
            (
                Some((
                    of @ (Expression::Identifier(_)
                    | Expression::ThisExpression(_)
                    | Expression::StaticMemberExpression(_)),
                    name,
                )),
                _,
            ) => (written(of.span()), name),
            (None, Expression::Identifier(function)) => ("", function.name.as_str()),
            _ => return None,
        };
        Some(Step {
            of,
            name,
            key: call.arguments.first().map_or("", |key| written(key.span())),
            tie,
            callee: self.parsed.value(&call.callee),
            span: call.span,
        })
    }
}
