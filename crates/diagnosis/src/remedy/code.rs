//! A parsed source into the nodes, texts and names that patches are made of.

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, CallExpression, Expression};
use oxc_semantic::{NodeId, ScopeId, Scoping, SymbolId};
use oxc_span::Span;
use stanch_js_source::{Extent, ParsedSource};

/// A parsed source with the look-ups that every patch starts from.
pub(crate) struct Code<'p, 'a> {
    pub(crate) parsed: &'p ParsedSource<'a>,
}

impl<'p, 'a> Code<'p, 'a> {
    pub(crate) fn new(parsed: &'p ParsedSource<'a>) -> Self {
        Self { parsed }
    }

    pub(crate) fn scoping(&self) -> &'p Scoping {
        self.parsed.semantic().scoping()
    }

    pub(crate) fn kind(&self, node: NodeId) -> AstKind<'a> {
        self.parsed.semantic().nodes().kind(node)
    }

    pub(crate) fn parent(&self, node: NodeId) -> Option<NodeId> {
        let parent = self.parsed.semantic().nodes().parent_id(node);
        (parent != node).then_some(parent)
    }

    pub(crate) fn ancestors(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.parsed.semantic().nodes().ancestor_ids(node)
    }

    /// All nodes, parents before their children.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (NodeId, AstKind<'a>)> + '_ {
        let nodes = self.parsed.semantic().nodes();
        nodes.iter().map(|node| (node.id(), node.kind()))
    }

    pub(crate) fn scope(&self, node: NodeId) -> ScopeId {
        self.parsed.semantic().nodes().get_node(node).scope_id()
    }

    pub(crate) fn slice(&self, span: Span) -> &'a str {
        self.parsed.text().slice(span.start, span.end)
    }

    /// The line a byte is on, counted from 1.
    pub(crate) fn line(&self, offset: u32) -> u32 {
        self.parsed.text().position(offset).line + 1
    }

    pub(crate) fn is_typescript(&self) -> bool {
        self.parsed.program().source_type.is_typescript()
    }

    /// The call that takes exactly this stretch of text.
    pub(crate) fn call(&self, extent: Extent) -> Option<(NodeId, &'a CallExpression<'a>)> {
        self.nodes().find_map(|(node, kind)| match kind {
            AstKind::CallExpression(call) if is_at(call.span, extent) => Some((node, call)),
            _ => None,
        })
    }

    /// The nearest function around a node.
    pub(crate) fn function_around(&self, node: NodeId) -> Option<NodeId> {
        self.ancestors(node)
            .find(|around| is_function(self.kind(*around)))
    }

    /// The variable an expression names; none for a name that the file does not declare.
    pub(crate) fn symbol(&self, expression: &Expression<'a>) -> Option<SymbolId> {
        match expression {
            Expression::Identifier(name) => {
                let reference = name.reference_id.get()?;
                self.scoping().get_reference(reference).symbol_id()
            }
            _ => None,
        }
    }

    /// The variable of that name which code in the scope sees.
    pub(crate) fn binding(&self, scope: ScopeId, name: &str) -> Option<SymbolId> {
        self.scoping().find_binding(scope, name.into())
    }

    /// Whether the expression, written again anywhere below, gives the same value: a chain of
    /// plain names that starts at `this`, or at a variable that nothing assigns to.
    pub(crate) fn is_steady(&self, expression: &Expression<'a>) -> bool {
        let symbol = self.symbol(chain_root(expression));
        is_plain_chain(expression)
            && symbol.is_none_or(|symbol| !self.scoping().symbol_is_mutated(symbol))
    }

    /// A steady chain that starts at a name: an event's constant, a handler.
    pub(crate) fn is_steady_chain(&self, expression: &Expression<'a>) -> bool {
        !matches!(expression, Expression::ThisExpression(_)) && self.is_steady(expression)
    }

    /// The places that use a variable.
    pub(crate) fn references(&self, symbol: SymbolId) -> impl Iterator<Item = NodeId> + '_ {
        self.scoping()
            .get_resolved_references(symbol)
            .map(|reference| reference.node_id())
    }

    /// Whether a global's name means the global where the node stands.
    pub(crate) fn is_unshadowed(&self, node: NodeId, global: &str) -> bool {
        self.binding(self.scope(node), global).is_none()
    }

    /// The name itself, or with the first free number behind it: in none of the scopes does it
    /// mean anything yet.
    pub(crate) fn free_name(
        &self,
        wish: &str,
        scopes: &[ScopeId],
        taken: &mut Vec<String>,
    ) -> String {
        let is_free = |name: &str| {
            scopes
                .iter()
                .all(|scope| self.binding(*scope, name).is_none())
                && !self.is_global(name)
                && !taken.iter().any(|other| other == name)
        };
        let numbered = (2..).map(|number: u32| format!("{wish}{number}"));
        let name = std::iter::once(wish.to_owned())
            .chain(numbered)
            .find(|name| is_free(name))
            .unwrap_or_default();
        taken.push(name.clone());
        name
    }

    /// Whether the file uses the name without declaring it.
    pub(crate) fn is_global(&self, name: &str) -> bool {
        let unresolved = self.scoping().root_unresolved_references();
        unresolved.keys().any(|key| key.as_str() == name)
    }
}

/// A method call: `object.method(…)`, without optional chaining.
pub(crate) struct MethodCall<'a> {
    pub(crate) object: &'a Expression<'a>,
    pub(crate) method: &'a str,
    pub(crate) arguments: &'a [Argument<'a>],
}

/// The call as that of a plainly named method.
pub(crate) fn method_call<'a>(call: &'a CallExpression<'a>) -> Option<MethodCall<'a>> {
    match &call.callee {
        Expression::StaticMemberExpression(member) if !member.optional && !call.optional => {
            Some(MethodCall {
                object: &member.object,
                method: member.property.name.as_str(),
                arguments: &call.arguments,
            })
        }
        _ => None,
    }
}

pub(crate) fn is_at(span: Span, extent: Extent) -> bool {
    span.start == extent.start && span.end == extent.end
}

pub(crate) fn is_function(kind: AstKind<'_>) -> bool {
    matches!(
        kind,
        AstKind::Function(_) | AstKind::ArrowFunctionExpression(_)
    )
}

/// Whether the expression is a chain of plain names, which does nothing when it is evaluated again.
pub(crate) fn is_plain_chain(expression: &Expression<'_>) -> bool {
    match expression {
        Expression::ThisExpression(_) | Expression::Identifier(_) => true,
        Expression::StaticMemberExpression(member) => {
            !member.optional && is_plain_chain(&member.object)
        }
        Expression::PrivateFieldExpression(member) => {
            !member.optional && is_plain_chain(&member.object)
        }
        _ => false,
    }
}

/// What a chain of members starts with: `this` of `this.#profiles`.
pub(crate) fn chain_root<'b, 'a>(expression: &'b Expression<'a>) -> &'b Expression<'a> {
    match expression {
        Expression::StaticMemberExpression(member) => chain_root(&member.object),
        Expression::PrivateFieldExpression(member) => chain_root(&member.object),
        _ => expression,
    }
}

/// The last name of a chain: `#profiles` of `this.#profiles`.
pub(crate) fn last_name<'a>(expression: &'a Expression<'a>) -> Option<String> {
    match expression {
        Expression::Identifier(name) => Some(name.name.to_string()),
        Expression::StaticMemberExpression(member) => Some(member.property.name.to_string()),
        Expression::PrivateFieldExpression(member) => Some(format!("#{}", member.field.name)),
        _ => None,
    }
}
