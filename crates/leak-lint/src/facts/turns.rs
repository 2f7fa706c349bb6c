//! What stands around a place → whether it is a loop, and one with a number of turns that the text tells.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use stanch_js_source::bare;

use crate::file::{File, argument, method};

pub(crate) const fn is_loop(kind: AstKind<'_>) -> bool {
    matches!(
        kind,
        AstKind::ForStatement(_)
            | AstKind::ForInStatement(_)
            | AstKind::ForOfStatement(_)
            | AstKind::WhileStatement(_)
            | AstKind::DoWhileStatement(_)
    )
}

/// Whether a loop counts up to a number that is written in it, or goes through that many elements of a list:
/// `list.slice(0, 3)`.
pub(crate) fn is_counted<'a>(file: &File<'_, 'a>, around: AstKind<'a>) -> bool {
    match around {
        AstKind::ForStatement(repeated) => {
            matches!(&repeated.test, Some(Expression::BinaryExpression(test))
                if matches!(bare(&test.right), Expression::NumericLiteral(_)))
        }
        AstKind::ForOfStatement(each) => match bare(&each.right) {
            Expression::CallExpression(call) => {
                let is_known = |at| {
                    argument(call, at).is_some_and(|end| file.parsed.whole_number(end).is_some())
                };
                method(call).is_some_and(|(_, name)| name == "slice") && is_known(0) && is_known(1)
            }
            Expression::ArrayExpression(list) => !list
                .elements
                .iter()
                .any(oxc_ast::ast::ArrayExpressionElement::is_spread),
            _ => false,
        },
        _ => false,
    }
}
