//! A place into the checks that it stands behind: a key that must be on a list, an entry that must not be there yet.

use oxc_ast::ast::{BinaryExpression, CallExpression, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use oxc_syntax::operator::{BinaryOperator, LogicalOperator, UnaryOperator};
use stanch_js_source::{Value, bare, is_function};

use crate::facts::guard::leaves;
use crate::facts::keys::is_written_down;
use crate::file::{File, argument, method};

/// Whether only keys that are on a list of the program get to a node: `if (!LOCALES.includes(key)) return`, or an insert
/// inside `if (key in TABLE)`.
pub(crate) fn is_on_a_list<'a>(file: &File<'_, 'a>, node: NodeId, key: &Expression<'a>) -> bool {
    let key = file.written(bare(key));
    let Some(function) = file.function_around(node) else {
        return false;
    };
    let within = file.kind(function).span();
    let at = file.kind(node).span();
    let asking = [
        AstType::CallExpression,
        AstType::BinaryExpression,
        AstType::ComputedMemberExpression,
    ];
    file.nodes_of(asking).any(|tested| {
        let span = tested.kind().span();
        if !within.contains_inclusive(span) || span.start > at.start {
            return false;
        }
        asks_a_list(file, tested.kind(), &key) && decides(file, tested.id(), at)
    })
}

/// Whether a condition holds only for keys that are on a list of the program: `LOCALES.includes(key) && …`.
pub(crate) fn asks_for_a_list<'a>(
    file: &File<'_, 'a>,
    condition: &Expression<'a>,
    key: &Expression<'a>,
) -> bool {
    match bare(condition) {
        Expression::LogicalExpression(both) if both.operator == LogicalOperator::And => {
            asks_for_a_list(file, &both.left, key) || asks_for_a_list(file, &both.right, key)
        }
        Expression::CallExpression(call) => is_looked_for(file, call, &file.written(bare(key))),
        Expression::BinaryExpression(comparison) => {
            is_in_a_table(file, comparison, &file.written(bare(key)))
        }
        _ => false,
    }
}

/// Whether an expression looks for a key in a list of the program.
fn asks_a_list<'a>(file: &File<'_, 'a>, expression: AstKind<'a>, key: &str) -> bool {
    match expression {
        AstKind::CallExpression(call) => is_looked_for(file, call, key),
        AstKind::BinaryExpression(comparison) => is_in_a_table(file, comparison, key),
        // `const table = TABLES[key]; if (!table) return`
        AstKind::ComputedMemberExpression(member) => {
            file.slice(member.expression.span()) == key && is_a_list(file, &member.object)
        }
        _ => false,
    }
}

/// Whether an expression is a list or table that the program writes down, here or in a file that this one imports it from.
fn is_a_list<'a>(file: &File<'_, 'a>, list: &Expression<'a>) -> bool {
    is_written_down(file.parsed, list)
        || file.variable(list).is_some_and(|variable| {
            let first = file.parsed.first_value(variable);
            matches!(first.root(), Value::Import { .. })
                && file.project.is_written_down(file.index, &first)
        })
}

/// `LOCALES.includes(key)`, `Object.hasOwn(TABLE, key)`
fn is_looked_for<'a>(file: &File<'_, 'a>, call: &CallExpression<'a>, key: &str) -> bool {
    let is_key = |at: usize| argument(call, at).is_some_and(|given| file.written(given) == key);
    match method(call) {
        Some((list, "includes" | "has" | "indexOf" | "hasOwnProperty")) => {
            is_key(0) && is_a_list(file, list)
        }
        Some((_, "hasOwn")) => {
            is_key(1) && argument(call, 0).is_some_and(|table| is_a_list(file, table))
        }
        _ => false,
    }
}

/// `key in TABLE`
fn is_in_a_table<'a>(file: &File<'_, 'a>, asked: &BinaryExpression<'a>, key: &str) -> bool {
    asked.operator == BinaryOperator::In
        && file.slice(asked.left.span()) == key
        && is_a_list(file, &asked.right)
}

/// Whether a test decides about getting to `at`: it is the condition of a branch around it, or of one that leaves before it.
fn decides(file: &File<'_, '_>, test: NodeId, at: Span) -> bool {
    let span = file.kind(test).span();
    for around in file.nodes().ancestor_ids(test) {
        match file.kind(around) {
            AstKind::IfStatement(branch) if branch.test.span().contains_inclusive(span) => {
                return branch.consequent.span().contains_inclusive(at)
                    || branch
                        .alternate
                        .as_ref()
                        .is_some_and(|other| other.span().contains_inclusive(at))
                    || leaves(&branch.consequent);
            }
            AstKind::VariableDeclarator(declarator) => {
                let symbol = declarator
                    .id
                    .get_binding_identifier()
                    .and_then(|name| name.symbol_id.get());
                return symbol.is_some_and(|symbol| {
                    let scoping = file.parsed.semantic().scoping();
                    scoping
                        .get_resolved_references(symbol)
                        .any(|used| used.node_id() != test && decides(file, used.node_id(), at))
                });
            }
            kind if is_function(kind) => return false,
            _ => {}
        }
    }
    false
}

/// Whether an element is added only where it is not in the list yet: the list is a set. Gives what is asked for.
pub(crate) fn is_added_once<'a>(file: &File<'_, 'a>, node: NodeId, holder: &str) -> bool {
    let mut around = file.nodes().ancestor_kinds(node);
    let is_asked = |test: Span| {
        file.calls_within(test).any(|(_, call)| {
            method(call).is_some_and(|(list, name)| {
                matches!(
                    name,
                    "includes" | "indexOf" | "some" | "find" | "findIndex" | "has"
                ) && file.written(list) == holder
            })
        })
    };
    let guarded = around.any(|kind| match kind {
        AstKind::IfStatement(branch) => is_asked(branch.test.span()),
        AstKind::LogicalExpression(logical) => is_asked(logical.left.span()),
        _ => false,
    });
    guarded || is_left_before(file, node, &is_asked)
}

/// Whether a container is filled only while there is nothing in it: `if (list.length === 0) list = list.concat(read())`.
pub(crate) fn is_filled_when_empty(file: &File<'_, '_>, node: NodeId, holder: &str) -> bool {
    let at = file.kind(node).span();
    let asks_for_size = |size: &Expression<'_>| {
        bare(size).as_member_expression().is_some_and(|member| {
            matches!(member.static_property_name(), Some("length" | "size"))
                && file.slice(member.object().span()) == holder
        })
    };
    let mut around = file.nodes().ancestor_kinds(node);
    around.any(|kind| match kind {
        AstKind::IfStatement(branch) if branch.consequent.span().contains_inclusive(at) => {
            match bare(&branch.test) {
                Expression::UnaryExpression(not) => {
                    not.operator == UnaryOperator::LogicalNot && asks_for_size(&not.argument)
                }
                Expression::BinaryExpression(comparison) => {
                    matches!(
                        comparison.operator,
                        BinaryOperator::Equality | BinaryOperator::StrictEquality
                    ) && asks_for_size(&comparison.left)
                        && file.slice(comparison.right.span()) == "0"
                }
                _ => false,
            }
        }
        _ => false,
    })
}

/// `if (list.includes(x)) return; list.push(x)`
fn is_left_before(file: &File<'_, '_>, node: NodeId, is_asked: &impl Fn(Span) -> bool) -> bool {
    let Some(function) = file.function_around(node) else {
        return false;
    };
    let within = file.kind(function).span();
    let at = file.kind(node).span();
    file.nodes_of([AstType::IfStatement])
        .any(|found| match found.kind() {
            AstKind::IfStatement(branch) => {
                within.contains_inclusive(branch.span)
                    && branch.span.end <= at.start
                    && leaves(&branch.consequent)
                    && is_asked(branch.test.span())
            }
            _ => false,
        })
}
