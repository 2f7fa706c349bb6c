//! Arguments of calls into what functions of the project are handed that outlives the call.

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, Expression};
use oxc_semantic::NodeId;
use stanch_js_source::{Value, bare};

use super::{Place, Scan, Summary};

/// Something that a function, or a constructor, is handed.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    /// Who gets it.
    pub(crate) callee: Value,
    /// As which argument.
    pub(crate) position: u32,
    /// As which property of that argument, where that is a literal: `signal` of `f({ signal })`.
    pub(crate) property: Option<Box<str>>,
    pub(crate) value: Value,
    /// Where the call is.
    pub(crate) place: Place,
}

impl<'a> Scan<'_, 'a> {
    pub(super) fn given(&self, node: NodeId, kind: AstKind<'a>, summary: &mut Summary) {
        let (callee, arguments) = match kind {
            AstKind::CallExpression(call) => (&call.callee, &call.arguments),
            AstKind::NewExpression(new) => (&new.callee, &new.arguments),
            _ => return,
        };
        if arguments.is_empty() {
            return;
        }
        let callee = self.parsed.value(callee);
        if !is_of_the_project(&callee) {
            return;
        }
        for (position, argument) in arguments.iter().enumerate() {
            let Some(argument) = Argument::as_expression(argument) else {
                break;
            };
            let mut add = |property: Option<Box<str>>, value: Value| {
                if may_outlive(&value) {
                    summary.given.push(Given {
                        callee: callee.clone(),
                        position: u32::try_from(position).unwrap_or(u32::MAX),
                        property,
                        value,
                        place: self.place(node),
                    });
                }
            };
            match bare(argument) {
                Expression::ObjectExpression(literal) => {
                    for (name, value) in self.parsed.properties(literal) {
                        add(Some(name), value);
                    }
                }
                argument => add(None, self.parsed.value(argument)),
            }
        }
    }
}

/// Whether a callee may be a function or class of the project.
fn is_of_the_project(callee: &Value) -> bool {
    match callee.root() {
        Value::Unknown | Value::Array | Value::Global(_) | Value::Parameter(..) => false,
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
}

/// Whether a value is a signal that is aborted by itself: `AbortSignal.timeout(…)`.
pub(crate) fn is_a_timeout(value: &Value) -> bool {
    match value {
        Value::Result(of) => matches!(&**of, Value::Member(of, name)
            if &**name == "timeout" && **of == Value::Global("AbortSignal".into())),
        _ => false,
    }
}
