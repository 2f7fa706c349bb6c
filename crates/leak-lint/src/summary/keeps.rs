//! Functions into which of their parameters they keep: what is put into a collection that outlives the call.

use oxc_ast::ast::{Argument, Expression, MemberExpression, ObjectPropertyKind};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_js_source::{HolderRef, ParsedSource, ReleaseKind, Value, bare};

use super::{Scan, Summary};
use crate::file::method;

impl<'a> Scan<'_, 'a> {
    pub(super) fn kept(&self, summary: &mut Summary) {
        for node in self
            .parsed
            .nodes_of([AstType::CallExpression, AstType::AssignmentExpression])
        {
            self.kept_at(node.id(), node.kind(), summary);
        }
    }

    fn kept_at(&self, node: NodeId, kind: AstKind<'a>, summary: &mut Summary) {
        let Some((collection, value)) = put_in(kind) else {
            return;
        };
        let table = self.table_of(collection);
        if !self.outlives(table.unwrap_or(collection)) {
            return;
        }
        let kept = self.parameters_in(value);
        let made = self.makers(value);
        if kept.is_empty() && made.is_empty() {
            return;
        }
        let stays = match table {
            // What becomes of the lists in a table, only the table's own uses tell.
            Some(table) => self.is_never_emptied(table),
            None => {
                let span = collection.span();
                let written = self.parsed.text().slice(span.start, span.end);
                !is_taken_out(self.parsed, written)
            }
        };
        if stays {
            summary.keeps.extend(kept);
            if !made.is_empty() && !self.leaves_with_its_call(node, collection) {
                summary.stored.extend(made);
            }
        }
    }

    /// What makes a value, or what a variable gets: `let board = boards.get(id); if (!board) board = new Board();`.
    fn makers(&self, value: &Expression<'a>) -> Vec<Value> {
        let scoping = self.parsed.semantic().scoping();
        let variable = self.parsed.variable_of(value);
        let written = variable.filter(|it| scoping.symbol_is_mutated(*it));
        let given = written.into_iter().flat_map(|variable| {
            let uses = scoping.get_resolved_references(variable);
            let written = uses.filter(|used| used.is_write());
            written.filter_map(|used| match self.kind(self.parent(used.node_id())) {
                AstKind::AssignmentExpression(put) => Some(&put.right),
                _ => None,
            })
        });
        let values = given.map(|given| self.parsed.value(given));
        let own = std::iter::once(self.parsed.value(value));
        own.chain(values).filter_map(made_by).collect()
    }

    /// Whether the function around a place, or one in it, deletes something from a collection.
    fn leaves_with_its_call(&self, node: NodeId, collection: &Expression<'a>) -> bool {
        let Some(maker) = self.parsed.function_around(node) else {
            return true;
        };
        let within = self.kind(maker).span();
        let text = self.parsed.text();
        let written = |span: Span| text.slice(span.start, span.end);
        self.parsed.nodes_of([AstType::CallExpression]).any(|node| {
            let AstKind::CallExpression(call) = node.kind() else {
                return false;
            };
            within.contains_inclusive(call.span)
                && method(call).is_some_and(|(object, name)| {
                    name == "delete" && written(object.span()) == written(collection.span())
                })
        })
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
            Expression::Identifier(_) => match parameter(value) {
                Some(parameter) => vec![parameter],
                // `const one = new Subscription(topic, handler); all.push(one);`
                None => self
                    .made_of(value)
                    .map_or_else(Vec::new, |made| self.parameters_in(made)),
            },
            value => parameter(value).into_iter().collect(),
        }
    }

    /// The object that a variable of a function was made as.
    fn made_of(&self, variable: &Expression<'a>) -> Option<&'a Expression<'a>> {
        let scoping = self.parsed.semantic().scoping();
        let declared = scoping.symbol_declaration(self.parsed.variable_of(variable)?);
        let AstKind::VariableDeclarator(declarator) = self.kind(declared) else {
            return None;
        };
        let made = declarator.init.as_ref()?;
        matches!(
            bare(made),
            Expression::NewExpression(_) | Expression::ObjectExpression(_)
        )
        .then_some(made)
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

/// The collection that something is put into, and what that is: `all.push(one)`, `table.set(key, one)`, `table[key] = one`.
fn put_in<'a>(kind: AstKind<'a>) -> Option<(&'a Expression<'a>, &'a Expression<'a>)> {
    let call = match kind {
        AstKind::CallExpression(call) => call,
        AstKind::AssignmentExpression(put) => {
            return Some((computed(put.left.as_member_expression()?)?, &put.right));
        }
        _ => return None,
    };
    let (collection, name) = method(call)?;
    let at = match name {
        "push" | "add" | "unshift" => 0,
        "set" => 1,
        _ => return None,
    };
    let value = call.arguments.get(at).and_then(Argument::as_expression)?;
    Some((collection, value))
}

/// What makes a value: the function whose result, or the class whose instance, it is.
fn made_by(value: Value) -> Option<Value> {
    match value {
        Value::Result(made) | Value::Instance(made) => {
            let is_of_project = matches!(
                made.root(),
                Value::Variable(_) | Value::Import { .. } | Value::Function(_) | Value::Class(_)
            );
            is_of_project.then_some(*made)
        }
        _ => None,
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
    for node in parsed.nodes_of([AstType::CallExpression]) {
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
