//! What a text declares: classes and their shapes, literals, results of functions, variables of the module.

use std::rc::Rc;

use oxc_ast::ast::Expression;
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{Value, bare, literal_text};

use super::{Scan, Summary, gives_keys};
use crate::facts::bulk::is_large;
use crate::facts::holders::is_singleton;
use crate::file::{argument, method};

impl<'a> Scan<'_, 'a> {
    /// Classes, literals and results.
    pub(super) fn declared(&self, summary: &mut Summary) {
        for node in self.parsed.nodes_of([
            AstType::Class,
            AstType::TSInterfaceDeclaration,
            AstType::TSTypeLiteral,
            AstType::ObjectExpression,
            AstType::AssignmentExpression,
            AstType::ReturnStatement,
            AstType::ArrowFunctionExpression,
        ]) {
            self.declared_at(node.id(), node.kind(), summary);
        }
    }

    fn declared_at(&self, node: NodeId, kind: AstKind<'a>, summary: &mut Summary) {
        match kind {
            AstKind::Class(_) | AstKind::TSInterfaceDeclaration(_) => {
                let shape = self.parsed.class_shape(node);
                let known = summary.classes.entry(kind.span().start).or_default();
                // Assignments inside it come later: the class is the outer node.
                *known = shape;
                if let AstKind::Class(class) = kind
                    && is_singleton(self.parsed, class)
                {
                    summary.singletons.push(class.span.start);
                }
            }
            AstKind::TSTypeLiteral(_) => {
                let shape = self.parsed.class_shape(node);
                if !shape.members.is_empty() {
                    summary.classes.insert(kind.span().start, shape);
                }
            }
            AstKind::ObjectExpression(literal) => {
                self.long_times(node, literal, summary);
                let mut properties = self.parsed.properties(literal);
                properties.shrink_to_fit();
                if !properties.is_empty() {
                    summary.objects.insert(literal.span.start, properties);
                }
            }
            AstKind::AssignmentExpression(assignment) => {
                let Some((Value::Class(class) | Value::Function(class), name, value)) =
                    self.parsed.assigned_member(assignment)
                else {
                    return;
                };
                let shape = summary.classes.entry(class).or_default();
                match shape.members.iter_mut().find(|(known, _)| **known == *name) {
                    Some((_, known)) if *known == Value::Unknown => *known = value,
                    Some(_) => {}
                    None => shape.members.push((name.into(), value)),
                }
            }
            AstKind::ReturnStatement(given) => {
                if let (Some(value), Some(function)) = (&given.argument, self.place(node)) {
                    self.gives(function, self.parsed.value(value), summary);
                    self.makes(node, value, summary);
                    if is_large(self.parsed, value) {
                        summary.large.insert(function);
                    }
                }
            }
            AstKind::ArrowFunctionExpression(arrow) => {
                if let Some(value) = arrow.get_expression() {
                    if is_large(self.parsed, value) {
                        summary.large.insert(arrow.span.start);
                    }
                    self.gives(arrow.span.start, self.parsed.value(value), summary);
                    self.makes(AstKind::from_expression(value).node_id(), value, summary);
                }
            }
            _ => {}
        }
    }

    /// Functions inside others.
    pub(super) fn nested(&self, summary: &mut Summary) {
        for node in self
            .parsed
            .nodes_of([AstType::Function, AstType::ArrowFunctionExpression])
        {
            if let Some(outer) = self.place(node.id()) {
                summary.nested.push((node.kind().span().start, outer));
            }
        }
    }

    /// What a function of the module's own scope gives back, if it puts a text together: others make keys with it.
    fn makes(&self, node: NodeId, value: &Expression<'a>, summary: &mut Summary) {
        let is_made = matches!(
            bare(value),
            Expression::CallExpression(_)
                | Expression::TemplateLiteral(_)
                | Expression::BinaryExpression(_)
        );
        let is_part = matches!(bare(value), Expression::LogicalExpression(_))
            || bare(value).is_member_expression();
        let around = (is_made || is_part).then(|| self.parsed.function_around(node));
        let Some(function) = around.flatten() else {
            return;
        };
        // `limiter({ keyOf: (req) => req.ip })`, wherever that is.
        let is_option = matches!(self.kind(self.parent(function)), AstKind::ObjectProperty(property)
            if property.key.static_name().is_some_and(|name| gives_keys(&name)));
        if !is_option && (is_part || self.parsed.function_around(function).is_some()) {
            return;
        }
        let origins = self.origins(value);
        if !origins.is_empty() {
            let start = self.kind(function).span().start;
            summary.made.entry(start).or_insert_with(|| origins.into());
        }
    }

    pub(super) fn decorates(&self, summary: &mut Summary) {
        for node in self.parsed.nodes_of([AstType::CallExpression]) {
            self.decorates_at(node.kind(), summary);
        }
    }

    fn decorates_at(&self, kind: AstKind<'a>, summary: &mut Summary) {
        let AstKind::CallExpression(call) = kind else {
            return;
        };
        let Some((_, "decorate")) = method(call) else {
            return;
        };
        if let (Some(name), Some(given)) =
            (argument(call, 0).and_then(literal_text), argument(call, 1))
        {
            let value = self.value(given);
            summary
                .decorated
                .push((name.into(), Rc::unwrap_or_clone(value)));
        }
    }

    fn gives(&self, function: u32, value: Value, summary: &mut Summary) {
        if value != Value::Unknown {
            summary.returns.entry(function).or_insert(value);
        }
    }

    pub(super) fn variables(&self, summary: &mut Summary) {
        let scoping = self.parsed.semantic().scoping();
        for (name, symbol) in scoping.get_bindings(scoping.root_scope_id()) {
            let value = self.parsed.first_value(*symbol);
            if value == Value::Unknown
                && let AstKind::VariableDeclarator(declared) =
                    self.kind(scoping.symbol_declaration(*symbol))
                && let Some(time) = declared.init.as_ref().and_then(|it| self.long_time(it))
            {
                summary
                    .long_times
                    .insert((None, name.as_str().into()), time);
            }
            summary.variables.insert(name.as_str().into(), value);
            let place = scoping.symbol_span(*symbol);
            let place = (place.start, place.end);
            summary.declared.insert(name.as_str().into(), place);
        }
    }
}
