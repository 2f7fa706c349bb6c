//! An array that only grows into one whose oldest element goes after each push that makes it too long.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;

use super::Change;
use crate::facts::holders::Holder;
use crate::facts::insertions::Insertion;
use crate::file::{File, argument, method};

/// How many elements are left: enough to look at, little to keep.
pub(crate) const LAST: u32 = 1000;

impl<'a> Change<'_, '_, 'a> {
    /// Lets a list keep its last elements; none unless everything that fills it is a statement `list.push(element);`.
    pub(crate) fn keep_last(
        &mut self,
        holder: &Holder<'a>,
        insertions: &[Insertion<'a>],
    ) -> Option<()> {
        let list = &holder.written;
        for insertion in insertions {
            if !pushes_one(self.file, insertion, list) {
                return None;
            }
            self.after(
                insertion.node,
                format!("if ({list}.length > {LAST}) {list}.shift();"),
            )?;
        }
        Some(())
    }
}

fn pushes_one(file: &File<'_, '_>, insertion: &Insertion<'_>, list: &str) -> bool {
    let AstKind::CallExpression(call) = file.kind(insertion.node) else {
        return false;
    };
    let is_push = matches!(method(call), Some((Expression::Identifier(object), "push"))
        if object.name == list);
    is_push
        && call.arguments.len() == 1
        && argument(call, 0).is_some()
        && matches!(
            file.kind(file.parent(insertion.node)),
            AstKind::ExpressionStatement(_)
        )
}
