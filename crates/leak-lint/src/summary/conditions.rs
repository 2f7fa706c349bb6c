//! A condition into whether its answer may come from what was done before: a flag, a table, a field. Then a place behind it may
//! be reached once only. What a function is called with is no memory: a later call is asked anew.

use std::cell::RefCell;

use memchr::memmem;
use oxc_ast::AstKind;
use oxc_ast::ast::{BindingPattern, Expression, Statement};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use oxc_syntax::operator::UnaryOperator;
use rustc_hash::FxHashMap;
use stanch_js_source::{ParsedSource, Value, bare};

use super::Scan;
use crate::facts::guard::leaves;
use crate::file::method;

/// The answer with which a place is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Side {
    /// Yes: there is something.
    Yes,
    /// No: there is nothing.
    No,
    /// Some of many.
    Either,
}

impl Side {
    pub(super) const fn of(is_yes: bool) -> Self {
        if is_yes { Self::Yes } else { Self::No }
    }

    const fn other(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Either => Self::Either,
        }
    }
}

/// The branches before a place that leave the function: the place is reached when they are not taken.
pub(super) fn may_leave_by<'b, 'a>(
    statements: &'b [Statement<'a>],
    place: Span,
) -> Vec<(&'b Expression<'a>, Side)> {
    let before = statements
        .iter()
        .take_while(|statement| statement.span().end <= place.start);
    before
        .filter_map(|statement| match statement {
            Statement::IfStatement(branch) if leaves(&branch.consequent) => {
                Some((&branch.test, Side::No))
            }
            _ => None,
        })
        .collect()
}

/// Objects of the language whose functions remember nothing.
const KNOWN: &[&str] = &[
    "Array", "Boolean", "Buffer", "Date", "JSON", "Math", "Number", "Object", "String", "URL",
];

/// Variables that stand for what they were made of are followed so far.
const FARTHEST: u32 = 6;

/// What was found out about conditions, by their place and the answer that was asked for: all that stands behind one asks it.
pub(super) type Told = RefCell<FxHashMap<(Span, Side), bool>>;

impl<'a> Scan<'_, 'a> {
    /// Whether the answer of a condition that stands before a node of the same function may come from what was done before.
    pub(super) fn tells_of_the_past(
        &self,
        node: NodeId,
        test: &Expression<'a>,
        side: Side,
    ) -> bool {
        if let Some(told) = self.told.borrow().get(&(test.span(), side)) {
            return *told;
        }
        let told = self.parsed.function_around(node).is_none_or(|function| {
            let parsed = self.parsed;
            let condition = Condition { parsed, function };
            condition.tells_of_the_past(test, side, FARTHEST)
        });
        self.told.borrow_mut().insert((test.span(), side), told);
        told
    }
}

struct Condition<'p, 'a> {
    parsed: &'p ParsedSource<'a>,
    function: NodeId,
}

impl<'a> Condition<'_, 'a> {
    fn tells_of_the_past(&self, test: &Expression<'a>, side: Side, deeper: u32) -> bool {
        let Some(deeper) = deeper.checked_sub(1) else {
            return true;
        };
        let both = |one: &Expression<'a>, other: &Expression<'a>, side| {
            self.tells_of_the_past(one, side, deeper + 1)
                || self.tells_of_the_past(other, side, deeper + 1)
        };
        match bare(test) {
            test if test.is_literal() => false,
            Expression::TemplateLiteral(text) => {
                let mut parts = text.expressions.iter();
                parts.any(|part| self.tells_of_the_past(part, side, deeper))
            }
            Expression::UnaryExpression(unary) => {
                let side = match unary.operator {
                    UnaryOperator::LogicalNot => side.other(),
                    _ => side,
                };
                self.tells_of_the_past(&unary.argument, side, deeper + 1)
            }
            Expression::LogicalExpression(either) => both(&either.left, &either.right, side),
            // `found === undefined` is `!found`.
            Expression::BinaryExpression(compared)
                if bare(&compared.right).is_null_or_undefined() =>
            {
                let is_same = matches!(compared.operator.as_str(), "==" | "===");
                let side = if is_same { side.other() } else { side };
                self.tells_of_the_past(&compared.left, side, deeper + 1)
            }
            Expression::BinaryExpression(compared) => {
                both(&compared.left, &compared.right, Side::Either)
            }
            Expression::AwaitExpression(awaited) => {
                self.tells_of_the_past(&awaited.argument, side, deeper)
            }
            name @ Expression::Identifier(_) => self.is_a_name_of_the_past(name, side, deeper),
            Expression::CallExpression(call) => {
                let mut given = call
                    .arguments
                    .iter()
                    .filter_map(|given| given.as_expression());
                if let Some((of, name)) = method(call)
                    && !matches!(name, "has" | "get" | "add")
                    && (matches!(self.parsed.value(of), Value::Global(name) if KNOWN.contains(&&*name))
                        || !self.tells_of_the_past(of, Side::Either, deeper))
                {
                    return given.any(|given| self.tells_of_the_past(given, Side::Either, deeper));
                }
                // What was found for what the call is about: `if (!authenticate(req)) return`.
                let is_about_the_call = given.any(|given| {
                    !given.is_literal() && !self.tells_of_the_past(given, Side::Either, deeper)
                });
                side != Side::Yes || !is_about_the_call
            }
            Expression::NewExpression(_)
            | Expression::ArrowFunctionExpression(_)
            | Expression::FunctionExpression(_) => false,
            other => match other.as_member_expression() {
                Some(member) => {
                    self.is_set_here(other)
                        || self.tells_of_the_past(member.object(), side, deeper + 1)
                }
                None => true,
            },
        }
    }

    /// A parameter is of the call, and so is what is made of parameters.
    fn is_a_name_of_the_past(&self, name: &Expression<'a>, side: Side, deeper: u32) -> bool {
        let scoping = self.parsed.semantic().scoping();
        let Some(variable) = self.parsed.variable_of(name) else {
            return !matches!(name, Expression::Identifier(name)
                if matches!(name.name.as_str(), "undefined" | "NaN" | "Infinity"));
        };
        let declared = scoping.symbol_declaration(variable);
        if self.parsed.function_around(declared) != Some(self.function) {
            return true;
        }
        match self.parsed.semantic().nodes().kind(declared) {
            AstKind::FormalParameter(_) | AstKind::FormalParameterRest(_) => false,
            AstKind::VariableDeclarator(declarator) => {
                let side = match declarator.id {
                    BindingPattern::BindingIdentifier(_) => side,
                    _ => Side::Either,
                };
                scoping.symbol_is_mutated(variable)
                    || declarator
                        .init
                        .as_ref()
                        .is_none_or(|init| self.tells_of_the_past(init, side, deeper))
            }
            _ => true,
        }
    }

    /// Whether the function itself sets what it asks: `if (socket.seen) return; socket.seen = true`.
    fn is_set_here(&self, asked: &Expression<'a>) -> bool {
        let text = self.parsed.text();
        let slice = |span: Span| text.slice(span.start, span.end);
        let whole = self.parsed.semantic().nodes().kind(self.function).span();
        let asked = slice(asked.span());
        let mut rest = slice(whole);
        while let Some(at) = memmem::find(rest.as_bytes(), asked.as_bytes()) {
            rest = &rest[at + asked.len()..];
            let next = rest.trim_start();
            if next.starts_with('=') && !next.starts_with("==") {
                return true;
            }
        }
        false
    }
}
