//! Functions into which of their parameters they keep: what is put into a collection that outlives the call.

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, Expression, MemberExpression, ObjectPropertyKind};
use oxc_span::GetSpan;
use stanch_js_source::{HolderRef, ParsedSource, ReleaseKind, Value, bare};

use super::{Scan, Summary};
use crate::file::method;

impl<'a> Scan<'_, 'a> {
    pub(super) fn kept(&self, kind: AstKind<'a>, summary: &mut Summary) {
        let AstKind::CallExpression(call) = kind else {
            return;
        };
        let Some((collection, name)) = method(call) else {
            return;
        };
        let at = match name {
            "push" | "add" | "unshift" => 0,
            "set" => 1,
            _ => return,
        };
        let Some(value) = call.arguments.get(at).and_then(Argument::as_expression) else {
            return;
        };
        let kept = self.parameters_in(value);
        if kept.is_empty() {
            return;
        }
        let stays = match self.table_of(collection) {
            // What becomes of the lists in a table, only the table's own uses tell.
            Some(table) => self.outlives(table) && self.is_never_emptied(table),
            None => {
                let span = collection.span();
                let written = self.parsed.text().slice(span.start, span.end);
                self.outlives(collection) && !is_taken_out(self.parsed, written)
            }
        };
        if stays {
            summary.keeps.extend(kept);
        }
    }

    /// The table that a list is in: `(table[key] ||= [])`, `table.get(key)`, or a variable that was looked up there.
    fn table_of(&self, list: &'a Expression<'a>) -> Option<&'a Expression<'a>> {
        match bare(list) {
            Expression::AssignmentExpression(first) if first.operator.is_logical() => {
                computed(first.left.as_member_expression()?)
            }
            Expression::Identifier(_) => {
                let scoping = self.parsed.semantic().scoping();
                let variable = self.parsed.variable_of(list)?;
                if scoping.symbol_scope_id(variable) == scoping.root_scope_id() {
                    return None;
                }
                match self.kind(scoping.symbol_declaration(variable)) {
                    AstKind::VariableDeclarator(declarator) => looked_up(declarator.init.as_ref()?),
                    _ => None,
                }
            }
            list => looked_up(list),
        }
    }

    /// Whether nothing is taken out of a variable of the module, or out of what is in it.
    fn is_never_emptied(&self, table: &Expression<'a>) -> bool {
        let Expression::Identifier(name) = bare(table) else {
            return false;
        };
        let table = HolderRef::variable(name.name.as_str());
        let mut releases = self.parsed.releases(&table).into_iter();
        // `if (!list) table.set(key, (list = []))` makes a list.
        releases.all(|release| release.nested && release.kind == ReleaseKind::Reassign)
    }

    /// The parameters that a value is, or has as properties.
    fn parameters_in(&self, value: &Expression<'a>) -> Vec<(u32, u32)> {
        let parameter = |value: &Expression<'a>| match self.parsed.value(value) {
            Value::Parameter(function, position) => Some((function, position)),
            _ => None,
        };
        match bare(value) {
            Expression::ObjectExpression(literal) => literal
                .properties
                .iter()
                .filter_map(|property| match property {
                    ObjectPropertyKind::ObjectProperty(property) => parameter(&property.value),
                    ObjectPropertyKind::SpreadProperty(_) => None,
                })
                .collect(),
            // What an object is made with, it keeps.
            Expression::NewExpression(new) => new
                .arguments
                .iter()
                .filter_map(|given| parameter(given.as_expression()?))
                .collect(),
            value => parameter(value).into_iter().collect(),
        }
    }

    /// Whether a collection is one variable of the module for all calls, or a field of the object whose method is called.
    fn outlives(&self, collection: &Expression<'a>) -> bool {
        match bare(collection) {
            Expression::Identifier(name) => {
                let scoping = self.parsed.semantic().scoping();
                let variable = name
                    .reference_id
                    .get()
                    .and_then(|reference| scoping.get_reference(reference).symbol_id());
                variable.is_some_and(|variable| {
                    scoping.symbol_scope_id(variable) == scoping.root_scope_id()
                        && !scoping.symbol_is_mutated(variable)
                })
            }
            other => other.as_member_expression().is_some_and(|member| {
                matches!(bare(member.object()), Expression::ThisExpression(_))
            }),
        }
    }
}

/// The table in `table.get(key)`, `table[key]` and `table.get(key) ?? []`.
fn looked_up<'a>(list: &'a Expression<'a>) -> Option<&'a Expression<'a>> {
    match bare(list) {
        Expression::CallExpression(call) => {
            let member = bare(&call.callee).as_member_expression()?;
            (member.static_property_name() == Some("get")).then(|| member.object())
        }
        Expression::LogicalExpression(either) => looked_up(&either.left),
        list => computed(list.as_member_expression()?),
    }
}

fn computed<'a>(member: &'a MemberExpression<'a>) -> Option<&'a Expression<'a>> {
    matches!(member, MemberExpression::ComputedMemberExpression(_)).then(|| member.object())
}

/// Whether entries of a collection are taken out to be used: spliced, shifted or popped into a variable, or looked up and
/// deleted by one function.
fn is_taken_out(parsed: &ParsedSource<'_>, collection: &str) -> bool {
    let nodes = parsed.semantic().nodes();
    let text = parsed.text();
    let mut looked_up = Vec::new();
    let mut deleted = Vec::new();
    for node in nodes.iter() {
        let AstKind::CallExpression(call) = node.kind() else {
            continue;
        };
        let Some((object, name)) = method(call) else {
            continue;
        };
        if text.slice(object.span().start, object.span().end) != collection {
            continue;
        }
        let around = parsed.function_around(node.id());
        let is_used = !matches!(
            nodes.parent_kind(node.id()),
            AstKind::ExpressionStatement(_)
        );
        match name {
            "splice" => return true,
            "shift" | "pop" if is_used => return true,
            "get" => looked_up.push(around),
            "delete" => deleted.push(around),
            _ => {}
        }
    }
    looked_up.iter().any(|function| deleted.contains(function))
}
