//! Functions into whether they memoize what they are given: with a container that they make, that the function which they give
//! back fills under its arguments, and that nothing empties.

use oxc_ast::ast::{Argument, CallExpression, Expression, VariableDeclarator};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;
use oxc_syntax::operator::BinaryOperator;
use stanch_js_source::{bare, is_function};

use super::{Scan, Summary};
use crate::file::method;

/// What is done to a container where its variable is named.
pub(super) enum Use<'a> {
    /// Something is put in under this key.
    Fill(&'a Expression<'a>),
    Look,
    /// It may leave, be emptied or bounded.
    Other,
}

impl<'a> Scan<'_, 'a> {
    pub(super) fn memoizes(&self, summary: &mut Summary) {
        for node in self.parsed.nodes_of([AstType::VariableDeclarator]) {
            self.memoizes_at(node.id(), node.kind(), summary);
        }
    }

    fn memoizes_at(&self, node: NodeId, kind: AstKind<'a>, summary: &mut Summary) {
        let AstKind::VariableDeclarator(declarator) = kind else {
            return;
        };
        if is_of_an_instance(declarator) {
            return self.memoizes_by_instance(node, declarator, summary);
        }
        let (Some(home), Some(container)) = (
            self.parsed.function_around(node),
            empty_container(declarator),
        ) else {
            return;
        };
        let mut fills = false;
        for used in self
            .parsed
            .semantic()
            .scoping()
            .get_resolved_references(container)
        {
            match self.use_at(used.node_id()) {
                Use::Look => {}
                Use::Fill(key) => fills |= self.is_made_of_arguments(key, home),
                Use::Other => return,
            }
        }
        if fills && self.calls_what_it_is_given(home) {
            summary.memoizers.insert(self.kind(home).span().start);
            // `Cached()` gives the decorator that does it.
            if let Some(maker) = self.maker_of(home) {
                summary.memoizers.insert(self.kind(maker).span().start);
            }
        }
    }

    /// `let store = stores.get(this); if (!store) stores.set(this, (store = new Map()))` in a function that takes the place of
    /// a method: the store is filled under the arguments of that function.
    fn memoizes_by_instance(
        &self,
        node: NodeId,
        declarator: &VariableDeclarator<'a>,
        summary: &mut Summary,
    ) {
        let replaced = self.parsed.function_around(node);
        let outer = replaced.and_then(|inner| self.parsed.function_around(inner));
        let name = declarator.id.get_binding_identifier();
        let store = name.and_then(|name| name.symbol_id.get());
        let (Some(outer), Some(store)) = (outer, store) else {
            return;
        };
        let scoping = self.parsed.semantic().scoping();
        let mut fills = false;
        for used in scoping.get_resolved_references(store) {
            let parent = self.kind(self.parent(used.node_id()));
            match parent {
                _ if used.is_write() => {}
                AstKind::UnaryExpression(_) | AstKind::IfStatement(_) => {}
                // `stores.set(this, store)`
                AstKind::CallExpression(call) if is_for_this(call) => {}
                _ => match self.use_at(used.node_id()) {
                    Use::Look => {}
                    Use::Fill(key) => fills |= self.is_made_of_arguments(key, outer),
                    Use::Other => return,
                },
            }
        }
        if fills && self.calls_what_it_is_given(outer) {
            summary
                .instance_memoizers
                .insert(self.kind(outer).span().start);
            if let Some(maker) = self.maker_of(outer) {
                summary
                    .instance_memoizers
                    .insert(self.kind(maker).span().start);
            }
        }
    }

    /// Whether a function calls a function that it is given, or the method that it decorates: `fn(arg)`,
    /// `descriptor.value.apply(this, args)`.
    fn calls_what_it_is_given(&self, home: NodeId) -> bool {
        let within = self.kind(home).span();
        let mut nodes = self.parsed.nodes_of([AstType::CallExpression]);
        nodes.any(|node| {
            let AstKind::CallExpression(call) = node.kind() else {
                return false;
            };
            within.contains_inclusive(call.span) && self.is_given(bare(&call.callee), home)
        })
    }

    fn is_given(&self, callee: &Expression<'a>, home: NodeId) -> bool {
        if let Some(member) = callee.as_member_expression() {
            return matches!(
                member.static_property_name(),
                Some("apply" | "call" | "value")
            ) && self.is_given(bare(member.object()), home);
        }
        let Expression::Identifier(name) = callee else {
            return false;
        };
        let Some(symbol) = self.symbol(name.reference_id.get()) else {
            return false;
        };
        if self.function_of_parameter(symbol) == Some(home) {
            return true;
        }
        let declared = self.parsed.semantic().scoping().symbol_declaration(symbol);
        match self.kind(declared) {
            AstKind::VariableDeclarator(constant) => {
                let first = constant.init.as_ref().map(bare);
                let first = first.and_then(Expression::as_member_expression);
                first.is_some_and(|member| self.is_given(bare(member.object()), home))
            }
            _ => false,
        }
    }

    pub(super) fn use_at(&self, name: NodeId) -> Use<'a> {
        let named = self.kind(name).span();
        let parent = self.parent(name);
        let around = self.kind(self.parent(parent));
        match self.kind(parent) {
            AstKind::StaticMemberExpression(member) if member.object.span() == named => {
                let AstKind::CallExpression(call) = around else {
                    return Use::Other;
                };
                match (member.property.name.as_str(), call.arguments.first()) {
                    ("has" | "get", _) => Use::Look,
                    // What failed is tried again; all else stays.
                    ("delete", _) if self.is_after_failure(name) => Use::Look,
                    ("set" | "add", Some(key)) => key.as_expression().map_or(Use::Other, Use::Fill),
                    _ => Use::Other,
                }
            }
            AstKind::ComputedMemberExpression(member) if member.object.span() == named => {
                match around {
                    AstKind::UnaryExpression(_) => Use::Other,
                    AstKind::AssignmentExpression(assignment)
                        if assignment.left.span() == member.span =>
                    {
                        Use::Fill(&member.expression)
                    }
                    _ => Use::Look,
                }
            }
            AstKind::BinaryExpression(binary) if binary.operator == BinaryOperator::In => Use::Look,
            _ => Use::Other,
        }
    }

    /// Whether code runs in a `catch`, or in a callback of one.
    fn is_after_failure(&self, node: NodeId) -> bool {
        let mut around = self.parsed.semantic().nodes().ancestor_kinds(node).skip(2);
        around.any(|kind| match kind {
            AstKind::CatchClause(_) => true,
            AstKind::CallExpression(call) => method(call).is_some_and(|(of, name)| {
                name == "catch" && !of.span().contains_inclusive(self.kind(node).span())
            }),
            _ => false,
        })
    }

    /// Whether an argument of a function inside another is in an expression, or in the constant that it names.
    fn is_made_of_arguments(&self, key: &'a Expression<'a>, home: NodeId) -> bool {
        let scoping = self.parsed.semantic().scoping();
        let key = match bare(key) {
            Expression::Identifier(name) => {
                let declared = self.symbol(name.reference_id.get());
                let declared = declared.map(|symbol| scoping.symbol_declaration(symbol));
                match declared.map(|declared| self.kind(declared)) {
                    Some(AstKind::VariableDeclarator(constant)) => constant.init.as_ref(),
                    _ => Some(key),
                }
            }
            _ => Some(key),
        };
        let Some(made) = key.map(GetSpan::span) else {
            return false;
        };
        let within = self.kind(home).span();
        let mut nodes = self.parsed.nodes_of([AstType::IdentifierReference]);
        nodes.any(|node| match node.kind() {
            AstKind::IdentifierReference(name) if made.contains_inclusive(name.span) => {
                match self.symbol(name.reference_id.get()) {
                    None => name.name == "arguments",
                    Some(symbol) => self
                        .function_of_parameter(symbol)
                        .map(|function| self.kind(function).span())
                        .is_some_and(|inner| inner != within && within.contains_inclusive(inner)),
                }
            }
            _ => false,
        })
    }

    fn symbol(&self, reference: Option<oxc_semantic::ReferenceId>) -> Option<SymbolId> {
        let scoping = self.parsed.semantic().scoping();
        scoping.get_reference(reference?).symbol_id()
    }

    /// The function whose parameter a variable is.
    fn function_of_parameter(&self, variable: SymbolId) -> Option<NodeId> {
        let declared = self
            .parsed
            .semantic()
            .scoping()
            .symbol_declaration(variable);
        let is_parameter = matches!(
            self.kind(declared),
            AstKind::FormalParameter(_) | AstKind::FormalParameterRest(_)
        );
        is_parameter
            .then(|| self.parsed.function_around(declared))
            .flatten()
    }

    /// The function that gives another one back.
    fn maker_of(&self, function: NodeId) -> Option<NodeId> {
        let mut at = self.parent(function);
        while matches!(
            self.kind(at),
            AstKind::ParenthesizedExpression(_)
                | AstKind::ReturnStatement(_)
                | AstKind::ExpressionStatement(_)
                | AstKind::FunctionBody(_)
        ) {
            at = self.parent(at);
        }
        is_function(self.kind(at)).then_some(at)
    }
}

/// `stores.get(this)`, `stores.set(this, …)`
fn is_for_this(call: &CallExpression<'_>) -> bool {
    let first = call.arguments.first().and_then(Argument::as_expression);
    matches!(first.map(bare), Some(Expression::ThisExpression(_)))
}

fn is_of_an_instance(declarator: &VariableDeclarator<'_>) -> bool {
    matches!(declarator.init.as_ref().map(bare), Some(Expression::CallExpression(call))
        if is_for_this(call))
}

/// The variable of a declaration that makes an empty map or table.
fn empty_container(declarator: &VariableDeclarator<'_>) -> Option<SymbolId> {
    let is_empty = match bare(declarator.init.as_ref()?) {
        Expression::NewExpression(new) => {
            matches!(bare(&new.callee), Expression::Identifier(class) if class.name == "Map")
                && new.arguments.is_empty()
        }
        Expression::ObjectExpression(literal) => literal.properties.is_empty(),
        Expression::CallExpression(call) => {
            call.callee.is_specific_member_access("Object", "create")
        }
        _ => false,
    };
    let name = is_empty.then(|| declarator.id.get_binding_identifier())??;
    name.symbol_id.get()
}
