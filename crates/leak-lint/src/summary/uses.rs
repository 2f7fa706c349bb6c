//! What is done to containers, emitters and timers into facts for the files that declare or fill them.

use std::rc::Rc;

use oxc_ast::ast::{
    Argument, AssignmentTarget, CallExpression, Expression, SimpleAssignmentTarget,
};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_syntax::operator::{AssignmentOperator, UnaryOperator};
use stanch_js_source::{Value, bare, literal_text};

use super::{Callee, Scan, Summary};
use crate::facts::listeners::ADDS;
use crate::file::method;

/// Something that is done to a holder.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    /// What it is done to.
    pub(crate) holder: Value,
    pub(crate) op: Op,
    /// It is done only when a person asks for it.
    pub(crate) is_by_hand: bool,
}

/// What is done to a holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    /// A method is called: `holder.delete(…)`; with the event where the first argument is a literal.
    Call {
        method: Box<str>,
        event: Option<Box<str>>,
    },
    /// Something else takes its place.
    Assign,
    /// A property is deleted: `delete holder[key]`.
    DeleteMember,
    /// Its `length` is set.
    SetLength,
    /// It is a timer, and cleared.
    ClearTimer,
}

/// A holder that is an argument of a call.
#[derive(Debug, Clone)]
pub(crate) struct Lent {
    pub(crate) holder: Value,
    /// The function that gets it.
    pub(crate) callee: Callee,
    /// As which argument.
    pub(crate) position: u32,
}

impl Op {
    /// Whether it takes entries, values or handlers away, or ends what it is done to.
    pub(crate) fn releases(&self) -> bool {
        match self {
            Self::Call { method, .. } => RELEASES.contains(&&**method),
            Self::Assign | Self::DeleteMember | Self::SetLength | Self::ClearTimer => true,
        }
    }
}

/// Methods of containers, emitters, streams, timers and subscriptions that take away or end.
const RELEASES: &[&str] = &[
    "delete",
    "clear",
    "pop",
    "shift",
    "splice",
    "off",
    "removeListener",
    "removeAllListeners",
    "removeEventListener",
    "unsubscribe",
    "destroy",
    "close",
    "dispose",
    "end",
    "stop",
    "cancel",
    "terminate",
    "abort",
    "del",
    "remove",
    "reset",
    "unwatch",
    "disconnect",
    "kill",
    "fill",
    "copyWithin",
    "clearAll",
    "flush",
    "prune",
    "evict",
    "purge",
    "drain",
];

impl<'a> Scan<'_, 'a> {
    pub(super) fn used(&self, summary: &mut Summary) {
        for node in self.parsed.nodes_of([
            AstType::CallExpression,
            AstType::AssignmentExpression,
            AstType::UnaryExpression,
        ]) {
            let known = summary.uses.len();
            self.used_at(node.id(), node.kind(), summary);
            if summary.uses.len() > known && self.is_by_hand(node.id()) {
                let new = summary.uses[known..].iter_mut();
                new.for_each(|it| it.is_by_hand = true);
            }
        }
    }

    fn used_at(&self, node: NodeId, kind: AstKind<'a>, summary: &mut Summary) {
        match kind {
            AstKind::CallExpression(call) => self.used_by_call(call, summary),
            AstKind::AssignmentExpression(assignment) => {
                let is_first = self.place(node).is_none();
                if !is_first && !makes_longer(&assignment.right) {
                    self.used_by_assignment(&assignment.left, assignment.operator, summary);
                }
            }
            AstKind::UnaryExpression(unary) if unary.operator == UnaryOperator::Delete => {
                if let Some(member) = bare(&unary.argument).as_member_expression() {
                    self.add_use(member.object(), Op::DeleteMember, summary);
                }
            }
            _ => {}
        }
    }

    fn used_by_call(&self, call: &CallExpression<'a>, summary: &mut Summary) {
        match method(call) {
            Some((object, name)) if ADDS.contains(&name) || RELEASES.contains(&name) => {
                let first = call.arguments.first().and_then(Argument::as_expression);
                let op = Op::Call {
                    method: name.into(),
                    event: first.and_then(literal_text).map(Into::into),
                };
                self.add_use(object, op, summary);
            }
            _ => {}
        }
        let (callee, called) = self.callee(&call.callee);
        let clears = matches!(&*called, Value::Global(name)
            if matches!(&**name, "clearInterval" | "clearTimeout" | "clearImmediate"));
        for (position, argument) in call.arguments.iter().enumerate() {
            let Some(argument) = argument.as_expression() else {
                continue;
            };
            if clears {
                self.add_use(argument, Op::ClearTimer, summary);
            } else if is_lendable(&called) && is_name(argument) {
                let holder = self.value(argument);
                if is_holder(&holder) {
                    summary.lent.push(Lent {
                        holder: Rc::unwrap_or_clone(holder),
                        callee,
                        position: u32::try_from(position).unwrap_or(u32::MAX),
                    });
                }
            }
        }
    }

    fn used_by_assignment(
        &self,
        target: &AssignmentTarget<'a>,
        operator: AssignmentOperator,
        summary: &mut Summary,
    ) {
        match target {
            AssignmentTarget::StaticMemberExpression(member)
                if member.property.name == "length" =>
            {
                self.add_use(&member.object, Op::SetLength, summary);
            }
            // `x ??= …` gives a first value only.
            _ if operator == AssignmentOperator::Assign => {
                let holder = match target {
                    AssignmentTarget::AssignmentTargetIdentifier(name) => {
                        match self.parsed.value_of_name(name) {
                            variable @ Value::Variable(_) => variable,
                            _ => return,
                        }
                    }
                    target => match self.member_target(target) {
                        Some(holder) => holder,
                        None => return,
                    },
                };
                push(holder, Op::Assign, summary);
            }
            _ => {}
        }
    }

    fn member_target(&self, target: &AssignmentTarget<'a>) -> Option<Value> {
        let target = target.as_simple_assignment_target()?;
        let member = SimpleAssignmentTarget::as_member_expression(target)?;
        let name = match member {
            oxc_ast::ast::MemberExpression::PrivateFieldExpression(private) => {
                format!("#{}", private.field.name)
            }
            member => member.static_property_name()?.to_owned(),
        };
        Some(self.parsed.value(member.object()).member(&name))
    }

    fn add_use(&self, holder: &Expression<'a>, op: Op, summary: &mut Summary) {
        let holder = self.value(holder);
        if is_holder(&holder) {
            push(Rc::unwrap_or_clone(holder), op, summary);
        }
    }
}

/// `[...list, one]`, `{ ...table, [key]: one }`: what takes the place has all of the old.
fn makes_longer(value: &Expression<'_>) -> bool {
    match bare(value) {
        Expression::ArrayExpression(list) => {
            list.elements.len() > 1 && list.elements.iter().any(|one| one.is_spread())
        }
        Expression::ObjectExpression(table) => {
            table.properties.len() > 1 && table.properties.iter().any(|one| one.is_spread())
        }
        _ => false,
    }
}

fn push(holder: Value, op: Op, summary: &mut Summary) {
    if is_holder(&holder) {
        summary.uses.push(Use {
            holder,
            op,
            is_by_hand: false,
        });
    }
}

/// Whether other files may mean the same thing by it.
fn is_holder(value: &Value) -> bool {
    match value {
        Value::Variable(_) | Value::Import { .. } | Value::Member(..) | Value::Parameter(..) => {
            !matches!(value.root(), Value::Array | Value::Global(_))
        }
        _ => false,
    }
}

fn is_lendable(callee: &Value) -> bool {
    !matches!(
        callee.root(),
        Value::Unknown | Value::Array | Value::Global(_) | Value::Parameter(..)
    )
}

fn is_name(expression: &Expression<'_>) -> bool {
    matches!(bare(expression), Expression::Identifier(_)) || bare(expression).is_member_expression()
}
