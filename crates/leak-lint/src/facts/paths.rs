//! A function, a place where something is opened and places that close it → the ways out on which it stays open.

use oxc_ast::ast::{BinaryOperator, Expression, FunctionBody, Statement, UnaryOperator};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::bare;

use crate::facts::rejections::{handles_its_failures, never_rejects};
use crate::file::{File, method};

/// A way out of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The last statement is done.
    End,
    /// `return`
    Return,
    /// `throw`
    Throw,
    /// Something that is awaited rejects.
    Rejection,
    /// `break` out of the loop that reads it.
    Break,
    /// The loop's body, in which it was opened, is done: the next turn opens another.
    NextTurn,
}

/// A way out on which something stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LeftOpen {
    pub(crate) exit: Exit,
    pub(crate) at: Span,
}

/// What is opened, and what closes it.
pub(crate) struct Resource<'r> {
    /// The expression that opens it, with the `await` around it; none where it is open when the function is called.
    pub(crate) opened: Option<Span>,
    /// What closes it or hands it over to somebody who does. Those in functions of their own do not count here.
    pub(crate) closed: &'r [Span],
    /// The variable that holds it: `if (file)` asks whether there is one.
    pub(crate) variable: Option<SymbolId>,
}

/// The ways out of the function around the opening on which it stays open, one of each kind.
pub(crate) fn left_open(
    file: &File<'_, '_>,
    function: NodeId,
    resource: &Resource<'_>,
) -> Vec<LeftOpen> {
    let Some(body) = body_of(file, function) else {
        return Vec::new();
    };
    let walk = Walk {
        file,
        resource,
        moments: moments(file, function, resource),
        turns: std::cell::RefCell::new(Vec::new()),
    };
    let entered = match resource.opened {
        Some(_) => State::BEFORE,
        None => State::OPEN,
    };
    let flow = walk.all(&body.statements, entered);
    let mut left = walk.turns.into_inner();
    if flow.next.open {
        let end = Span::new(body.span.end.saturating_sub(1), body.span.end);
        left.push(LeftOpen {
            exit: Exit::End,
            at: end,
        });
    }
    left.extend(flow.thrown.1.into_iter().chain(flow.returned.1));
    left.sort_by_key(|left| left.at.start);
    left.dedup();
    left
}

/// The way that is told of: one that the text shows, before one that depends on what is awaited.
pub(crate) fn worst(left: &[LeftOpen]) -> Option<LeftOpen> {
    let shown = left.iter().find(|left| left.exit != Exit::Rejection);
    shown.or_else(|| left.first()).copied()
}

/// The block of a function; none for an arrow that is an expression.
pub(crate) fn body_of<'a>(file: &File<'_, 'a>, function: NodeId) -> Option<&'a FunctionBody<'a>> {
    match file.kind(function) {
        AstKind::Function(function) => function.body.as_deref(),
        AstKind::ArrowFunctionExpression(arrow) => match &arrow.body {
            oxc_ast::ast::ArrowFunctionBody::FunctionBody(body) => Some(body),
            _ => None,
        },
        _ => None,
    }
}

/// Something that happens while an expression is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// An awaited promise may reject.
    Awaits,
    Opens,
    Closes,
    /// The process ends.
    Halts,
}

/// The moments of a function's own code, ordered by where their expressions end: that is when they happen.
fn moments(file: &File<'_, '_>, function: NodeId, resource: &Resource<'_>) -> Vec<(Span, Moment)> {
    let whole = file.kind(function).span();
    let opens = resource.opened.map(|span| (span, Moment::Opens));
    let mut moments: Vec<(Span, Moment)> = opens.into_iter().collect();
    moments.extend(resource.closed.iter().map(|span| (*span, Moment::Closes)));
    for node in file.nodes_of([AstType::AwaitExpression, AstType::CallExpression]) {
        let moment = match node.kind() {
            AstKind::AwaitExpression(_) => Moment::Awaits,
            AstKind::CallExpression(call) if ends_the_process(call) => Moment::Halts,
            _ => continue,
        };
        let span = node.kind().span();
        let is_own =
            whole.contains_inclusive(span) && file.function_around(node.id()) == Some(function);
        if !is_own {
            continue;
        }
        let is_sure = matches!(node.kind(), AstKind::AwaitExpression(awaited)
            if never_rejects(&awaited.argument) || handles_its_failures(file, &awaited.argument));
        if !is_sure {
            moments.push((span, moment));
        }
    }
    // Of those that end alike, waiting for the opening comes before the opening; waiting for the closing after it.
    moments.sort_by_key(|(span, moment)| {
        (
            span.end,
            match moment {
                Moment::Awaits if Some(*span) == resource.opened => 0,
                Moment::Closes => 1,
                Moment::Awaits => 2,
                Moment::Opens | Moment::Halts => 3,
            },
        )
    });
    moments
}

fn ends_the_process(call: &oxc_ast::ast::CallExpression<'_>) -> bool {
    method(call).is_some_and(|(object, name)| {
        matches!(name, "exit" | "abort")
            && matches!(object, Expression::Identifier(object) if object.name == "process")
    })
}

/// How it may stand with the resource at a place; nothing of all that where the place is not reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct State {
    before: bool,
    open: bool,
    closed: bool,
}

impl State {
    const BEFORE: Self = Self {
        before: true,
        open: false,
        closed: false,
    };
    const OPEN: Self = Self {
        before: false,
        open: true,
        closed: false,
    };
    const NEVER: Self = Self {
        before: false,
        open: false,
        closed: false,
    };

    fn or(self, other: Self) -> Self {
        Self {
            before: self.before || other.before,
            open: self.open || other.open,
            closed: self.closed || other.closed,
        }
    }

    /// With nothing open: there is no resource on this path.
    fn without(self) -> Self {
        Self {
            open: false,
            closed: self.closed || self.open,
            ..self
        }
    }
}

/// A state on a way out, and the place that shows it open.
type Leaving = (State, Option<LeftOpen>);

const NOT_LEAVING: Leaving = (State::NEVER, None);

/// How statements are left.
struct Flow {
    /// By going on.
    next: State,
    thrown: Leaving,
    returned: Leaving,
    broken: State,
    continued: State,
}

impl Flow {
    fn on(next: State) -> Self {
        Self {
            next,
            thrown: NOT_LEAVING,
            returned: NOT_LEAVING,
            broken: State::NEVER,
            continued: State::NEVER,
        }
    }

    /// What follows after the statements so far.
    fn then(&mut self, later: Self) {
        self.next = later.next;
        self.also_leaves(later);
    }

    fn also_leaves(&mut self, other: Self) {
        self.thrown = either(self.thrown, other.thrown);
        self.returned = either(self.returned, other.returned);
        self.broken = self.broken.or(other.broken);
        self.continued = self.continued.or(other.continued);
    }
}

fn either(a: Leaving, b: Leaving) -> Leaving {
    (a.0.or(b.0), a.1.or(b.1))
}

struct Walk<'w, 's, 'a> {
    file: &'w File<'s, 'a>,
    resource: &'w Resource<'w>,
    moments: Vec<(Span, Moment)>,
    turns: std::cell::RefCell<Vec<LeftOpen>>,
}

impl<'a> Walk<'_, '_, 'a> {
    fn all(&self, statements: &[Statement<'a>], state: State) -> Flow {
        let mut flow = Flow::on(state);
        for statement in statements {
            flow.then(self.one(statement, flow.next));
        }
        flow
    }

    fn one(&self, statement: &Statement<'a>, state: State) -> Flow {
        match statement {
            Statement::BlockStatement(block) => self.all(&block.body, state),
            Statement::IfStatement(choice) => self.choice(choice, state),
            Statement::TryStatement(attempt) => self.attempt(attempt, state),
            Statement::ReturnStatement(back) => {
                self.leaving(back.span, back.argument.as_ref(), state, Exit::Return)
            }
            Statement::ThrowStatement(thrown) => {
                self.leaving(thrown.span, Some(&thrown.argument), state, Exit::Throw)
            }
            Statement::BreakStatement(_) => Flow {
                broken: state,
                ..Flow::on(State::NEVER)
            },
            Statement::ContinueStatement(_) => Flow {
                continued: state,
                ..Flow::on(State::NEVER)
            },
            Statement::SwitchStatement(switch) => {
                let mut flow = self.expression(switch.discriminant.span(), state);
                let entered = flow.next;
                let mut through = State::NEVER;
                let mut has_default = false;
                for case in &switch.cases {
                    has_default |= case.test.is_none();
                    let inner = self.all(&case.consequent, through.or(entered));
                    through = inner.next;
                    flow.also_leaves(inner);
                }
                let past = if has_default { State::NEVER } else { entered };
                flow.next = through.or(flow.broken).or(past);
                flow.broken = State::NEVER;
                flow
            }
            Statement::LabeledStatement(labelled) => {
                let mut flow = self.one(&labelled.body, state);
                flow.next = flow.next.or(flow.broken).or(flow.continued);
                (flow.broken, flow.continued) = (State::NEVER, State::NEVER);
                flow
            }
            Statement::ForStatement(turns) => {
                let head = [
                    turns.init.as_ref().map(GetSpan::span),
                    turns.test.as_ref().map(GetSpan::span),
                ];
                let ends = turns.test.as_ref().is_some_and(|test| !is_true(test));
                self.turns(&head, &turns.body, ends, state)
            }
            Statement::WhileStatement(turns) => self.turns(
                &[Some(turns.test.span())],
                &turns.body,
                !is_true(&turns.test),
                state,
            ),
            Statement::DoWhileStatement(turns) => {
                self.turns(&[None], &turns.body, !is_true(&turns.test), state)
            }
            Statement::ForOfStatement(turns) => {
                self.turns(&[Some(turns.right.span())], &turns.body, true, state)
            }
            Statement::ForInStatement(turns) => {
                self.turns(&[Some(turns.right.span())], &turns.body, true, state)
            }
            Statement::FunctionDeclaration(_) | Statement::ClassDeclaration(_) => Flow::on(state),
            other => self.expression(other.span(), state),
        }
    }

    /// What is evaluated between two bytes, functions in it excepted.
    fn expression(&self, span: Span, state: State) -> Flow {
        let mut flow = Flow::on(state);
        for (at, moment) in &self.moments {
            if !span.contains_inclusive(*at) {
                continue;
            }
            match moment {
                Moment::Opens => {
                    flow.next = State {
                        before: false,
                        open: flow.next != State::NEVER,
                        closed: false,
                    };
                }
                Moment::Closes => flow.next = flow.next.without(),
                Moment::Halts => flow.next = State::NEVER,
                Moment::Awaits => {
                    let witness = flow.next.open.then_some(LeftOpen {
                        exit: Exit::Rejection,
                        at: *at,
                    });
                    flow.thrown = either(flow.thrown, (flow.next, witness));
                }
            }
        }
        flow
    }

    fn leaving(
        &self,
        span: Span,
        value: Option<&Expression<'a>>,
        state: State,
        exit: Exit,
    ) -> Flow {
        let mut flow = match value {
            Some(value) => self.expression(value.span(), state),
            None => Flow::on(state),
        };
        let left = flow.next;
        flow.next = State::NEVER;
        let witness = left.open.then_some(LeftOpen { exit, at: span });
        match exit {
            Exit::Throw => flow.thrown = either((left, witness), flow.thrown),
            _ => flow.returned = either(flow.returned, (left, witness)),
        }
        flow
    }

    fn choice(&self, choice: &oxc_ast::ast::IfStatement<'a>, state: State) -> Flow {
        let mut flow = self.expression(choice.test.span(), state);
        let entered = flow.next;
        let (yes, no) = match self.asks_for_it(&choice.test) {
            Some(true) => (entered, entered.without()),
            Some(false) => (entered.without(), entered),
            None => (entered, entered),
        };
        let yes = self.one(&choice.consequent, yes);
        let no = match &choice.alternate {
            Some(alternate) => self.one(alternate, no),
            None => Flow::on(no),
        };
        flow.next = yes.next.or(no.next);
        flow.also_leaves(yes);
        flow.also_leaves(no);
        flow
    }

    /// Whether a test is true only if there is a resource, or only if there is none.
    fn asks_for_it(&self, test: &Expression<'a>) -> Option<bool> {
        let variable = self.resource.variable?;
        let is_it = |expression: &Expression<'a>| self.file.variable(expression) == Some(variable);
        match bare(test) {
            named if is_it(named) => Some(true),
            Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::LogicalNot => {
                self.asks_for_it(&unary.argument).map(|asks| !asks)
            }
            Expression::BinaryExpression(binary) if is_it(&binary.left) => match binary.operator {
                BinaryOperator::Equality | BinaryOperator::StrictEquality => Some(false),
                BinaryOperator::Inequality | BinaryOperator::StrictInequality => Some(true),
                _ => None,
            },
            member => {
                let member = member.as_member_expression()?;
                let name = member.static_property_name()?;
                (is_it(member.object()) && matches!(name, "destroyed" | "closed" | "writableEnded"))
                    .then_some(false)
            }
        }
    }

    fn attempt(&self, attempt: &oxc_ast::ast::TryStatement<'a>, state: State) -> Flow {
        let mut flow = self.all(&attempt.block.body, state);
        if let Some(handler) = &attempt.handler {
            // Calls may throw too: what was open or not yet open when the block began may be so in the handler.
            let thrown = flow.thrown.0.or(State {
                open: false,
                ..state
            });
            flow.thrown = NOT_LEAVING;
            let handled = self.all(&handler.body.body, thrown);
            flow.next = flow.next.or(handled.next);
            flow.also_leaves(handled);
        }
        let Some(finalizer) = &attempt.finalizer else {
            return flow;
        };
        let after = |state: State| self.all(&finalizer.body, state);
        let mut last = after(flow.next);
        let leaving = |leaving: Leaving| {
            let state = after(leaving.0).next;
            (state, leaving.1.filter(|_| state.open))
        };
        last.thrown = either(leaving(flow.thrown), last.thrown);
        last.returned = either(leaving(flow.returned), last.returned);
        last.broken = after(flow.broken).next;
        last.continued = after(flow.continued).next;
        last
    }

    /// A loop: its head is evaluated before each turn; it may be left by its head if it `ends`.
    fn turns(&self, head: &[Option<Span>], body: &Statement<'a>, ends: bool, state: State) -> Flow {
        let mut flow = Flow::on(state);
        for span in head.iter().flatten() {
            flow.then(self.expression(*span, flow.next));
        }
        let entered = flow.next;
        let is_opened_within = self
            .resource
            .opened
            .is_some_and(|opened| body.span().contains_inclusive(opened));
        let mut again = entered;
        for _ in 0..2 {
            let turn = self.one(body, again);
            let mut over = turn.next.or(turn.continued);
            if is_opened_within && over.open {
                self.turns.borrow_mut().push(LeftOpen {
                    exit: Exit::NextTurn,
                    at: body.span(),
                });
                over = over.without();
            }
            again = again.or(over);
            flow.next = turn.broken.or(if ends { again } else { State::NEVER });
            flow.thrown = either(flow.thrown, turn.thrown);
            flow.returned = either(flow.returned, turn.returned);
        }
        flow
    }
}

fn is_true(test: &Expression<'_>) -> bool {
    match bare(test) {
        Expression::BooleanLiteral(literal) => literal.value,
        Expression::NumericLiteral(literal) => literal.value != 0.0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use oxc_span::{GetSpan, Span};
    use stanch_js_source::{SourceText, with_parsed};

    use super::{Exit, Resource, left_open};
    use crate::facts::fate::{Fate, way};
    use crate::file::File;
    use crate::options::Options;
    use crate::project::{FileIndex, Project};

    /// The ways out on which `const x = open()` is not followed by `close(x)`.
    #[track_caller]
    fn check(body: &str, exits: &[Exit]) {
        let text = format!("async function f() {{\n{body}\n}}");
        let source = SourceText::new("case.ts", text.clone());
        let project = Project::alone(&source, Options::default());
        with_parsed(&source, |parsed| {
            assert_eq!(parsed.problems(), [], "{text}");
            let found = found(&File::new(parsed, &project, FileIndex(0)));
            assert_eq!(found.as_deref(), Some(exits), "{text}");
        });
    }

    fn found(file: &File<'_, '_>) -> Option<Vec<Exit>> {
        let calls = |name: &str| {
            let calls = file.calls().iter();
            let named = calls.filter(|(_, call)| file.slice(call.callee.span()) == name);
            named.map(|(node, _)| *node).collect::<Vec<_>>()
        };
        let opening = *calls("open").first()?;
        let way = way(file, opening);
        let Fate::Variable(variable) = way.fate else {
            return None;
        };
        let closings = calls("close").into_iter();
        let closed: Vec<Span> = closings.map(|node| file.kind(node).span()).collect();
        let resource = Resource {
            opened: Some(file.kind(way.whole).span()),
            closed: &closed,
            variable: Some(variable),
        };
        let left = left_open(file, file.function_around(opening)?, &resource);
        Some(left.iter().map(|left| left.exit).collect())
    }

    #[test]
    fn straight_ahead() {
        check("const x = open(); close(x);", &[]);
        check("const x = open(); use(x);", &[Exit::End]);
        check("const x = await open(); close(x);", &[]);
        check(
            "const x = await open(); await g(x); close(x);",
            &[Exit::Rejection],
        );
        check(
            "const x = open(); if (a) return 1; close(x);",
            &[Exit::Return],
        );
        check(
            "const x = open(); if (a) throw 1; close(x);",
            &[Exit::Throw],
        );
        check("const x = open(); if (a) process.exit(1); close(x);", &[]);
        check(
            "if (a) return; const x = open(); await close(x); await g();",
            &[],
        );
    }

    #[test]
    fn both_branches() {
        check(
            "const x = open(); if (a) close(x); else { b(); close(x); }",
            &[],
        );
        check("const x = open(); if (a) close(x);", &[Exit::End]);
        check("const x = open(); if (!x) return; close(x);", &[]);
        check("const x = open(); if (x) close(x);", &[]);
        check("const x = open(); if (x !== null) close(x);", &[]);
        check(
            "const x = open(); switch (a) { case 1: close(x); return; default: close(x); }",
            &[],
        );
        check(
            "const x = open(); switch (a) { case 1: close(x); break; case 2: b(); }",
            &[Exit::End],
        );
    }

    #[test]
    fn whatever_happens() {
        check(
            "const x = open(); try { await g(); return 1; } finally { close(x); }",
            &[],
        );
        check(
            "const x = open(); await g(); try { h(); } finally { close(x); }",
            &[Exit::Rejection],
        );
        check(
            "const x = open(); try { await g(); close(x); } catch (e) { close(x); throw e; }",
            &[],
        );
        check(
            "const x = open(); try { await g(); } catch (e) { throw e; } close(x);",
            &[Exit::Throw],
        );
        check(
            "let x; try { x = await open(); await g(); } finally { if (x) close(x); }",
            &[],
        );
        check(
            "let x; try { x = await open(); } catch { return; } close(x);",
            &[],
        );
    }

    #[test]
    fn turns() {
        check("for (const a of b) { const x = open(); close(x); }", &[]);
        check(
            "for (const a of b) { const x = open(); if (a) continue; close(x); }",
            &[Exit::NextTurn],
        );
        check(
            "for (const a of b) { const x = open(); if (a) break; close(x); }",
            &[Exit::End],
        );
        check(
            "const x = open(); for (;;) { if (a) break; } close(x);",
            &[],
        );
        check(
            "const x = open(); while (true) { if (a) { close(x); return; } }",
            &[],
        );
        check("const x = open(); while (a) { close(x); }", &[Exit::End]);
        check(
            "for (const a of b) { const x = open(); try { await g(); return x, close(x); } catch {} }",
            &[Exit::NextTurn],
        );
    }
}
