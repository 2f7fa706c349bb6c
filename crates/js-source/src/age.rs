//! A function that lets entries go into the age it lets them reach.

use oxc_ast::ast::{BinaryExpression, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use oxc_syntax::operator::{AssignmentOperator, BinaryOperator};

use crate::limit::Limit;
use crate::tree::{Tree, bare, key_name, target_node};

/// Milliseconds that nobody means as an age: the comparison counts something.
const SHORTEST: u64 = 50;

impl<'a> Tree<'a> {
    /// The constant age, in milliseconds, with which the function compares what it looks at; the largest of several.
    ///
    /// `now - entry.at > TTL` and `entry.at + TTL < now` have it in the comparison; for `entry.expires < now` it is
    /// where `expires` is set: `Date.now() + TTL`.
    pub(crate) fn age_in(&self, function: NodeId) -> Option<Limit> {
        let whole = self.span(function);
        let comparisons = self
            .nodes_of([AstType::BinaryExpression])
            .filter_map(|node| match node.kind() {
                AstKind::BinaryExpression(comparison)
                    if is_ordering(comparison.operator)
                        && whole.contains_inclusive(comparison.span) =>
                {
                    Some(comparison)
                }
                _ => None,
            });
        comparisons
            .filter_map(|comparison| self.age_compared(comparison))
            .filter(|age| age.known().is_none_or(|ms| ms >= SHORTEST))
            .max()
    }

    /// Whether a node of the function stands in a loop, or the function is called for each of many.
    pub(crate) fn is_repeated(&self, node: NodeId, function: NodeId) -> bool {
        let mut inner = node;
        while let Some(outer) = self.parent(inner).filter(|outer| *outer != function) {
            let is_loop = matches!(
                self.kind(outer),
                AstKind::ForStatement(_)
                    | AstKind::ForInStatement(_)
                    | AstKind::ForOfStatement(_)
                    | AstKind::WhileStatement(_)
                    | AstKind::DoWhileStatement(_)
            );
            if is_loop {
                return true;
            }
            inner = outer;
        }
        let call = self.call_with(function);
        call.and_then(|call| call.method)
            .is_some_and(|method| matches!(method.as_str(), "forEach" | "filter" | "map" | "each"))
    }

    fn age_compared(&self, comparison: &BinaryExpression<'a>) -> Option<Limit> {
        let sides = [
            (&comparison.left, &comparison.right),
            (&comparison.right, &comparison.left),
        ];
        sides.into_iter().find_map(|(one, other)| match bare(one) {
            Expression::BinaryExpression(sum) => match sum.operator {
                BinaryOperator::Subtraction if self.is_time(one) => self.limit(other),
                _ => self.shifted(one),
            },
            Expression::Identifier(identifier) => self.time_ahead(&identifier.name),
            _ => {
                let member = one.as_member_expression()?;
                self.time_ahead(member.static_property_name()?)
            }
        })
    }

    /// How far a moment called `name` lies from the time it is set at.
    fn time_ahead(&self, name: &str) -> Option<Limit> {
        if let Some(known) = self.times_ahead.borrow().get(name) {
            return known.clone();
        }
        let found = self.time_set_ahead(name);
        let mut times = self.times_ahead.borrow_mut();
        times.insert(name.to_owned(), found.clone());
        found
    }

    fn time_set_ahead(&self, name: &str) -> Option<Limit> {
        self.nodes_of([
            AstType::ObjectProperty,
            AstType::AssignmentExpression,
            AstType::VariableDeclarator,
        ])
        .find_map(|node| match node.kind() {
            AstKind::ObjectProperty(property)
                if key_name(&property.key).as_deref() == Some(name) =>
            {
                self.shifted(&property.value)
            }
            AstKind::AssignmentExpression(assignment)
                if assignment.operator == AssignmentOperator::Assign
                    && target_node(&assignment.left)
                        .is_some_and(|target| self.is_called(target, name)) =>
            {
                self.shifted(&assignment.right)
            }
            AstKind::VariableDeclarator(declarator)
                if declarator.id.get_identifier_name().as_deref() == Some(name) =>
            {
                self.shifted(declarator.init.as_ref()?)
            }
            _ => None,
        })
    }

    /// The other part of a sum or difference that has a time in it: `Date.now() + TTL`, `now - this.spanMs`.
    fn shifted(&self, expression: &Expression<'a>) -> Option<Limit> {
        let Expression::BinaryExpression(sum) = bare(expression) else {
            return None;
        };
        if !matches!(
            sum.operator,
            BinaryOperator::Addition | BinaryOperator::Subtraction
        ) {
            return None;
        }
        match (self.limit(&sum.left), self.limit(&sum.right)) {
            (Some(Limit::Known(_)), Some(Limit::Known(_))) => None,
            (Some(known @ Limit::Known(_)), _) | (_, Some(known @ Limit::Known(_))) => Some(known),
            (_, Some(named)) if self.is_time(&sum.left) => Some(named),
            (Some(named), _) if self.is_time(&sum.right) => Some(named),
            _ => None,
        }
    }

    /// Whether an expression is read off a clock, as far as its words tell.
    fn is_time(&self, expression: &Expression<'a>) -> bool {
        let text = self.slice(bare(expression).span());
        [
            "now",
            "Now",
            "time",
            "Time",
            "Date",
            "hrtime",
            "performance",
            "uptime",
        ]
        .iter()
        .any(|word| text.contains(word))
    }

    fn is_called(&self, target: NodeId, name: &str) -> bool {
        let kind = self.kind(target);
        self.member_name(kind).as_deref() == Some(name) || self.slice(kind.span()) == name
    }
}

const fn is_ordering(operator: BinaryOperator) -> bool {
    matches!(
        operator,
        BinaryOperator::LessThan
            | BinaryOperator::LessEqualThan
            | BinaryOperator::GreaterThan
            | BinaryOperator::GreaterEqualThan
    )
}
