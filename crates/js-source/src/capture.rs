//! Scopes into the variables V8 keeps in contexts, and the functions that capture each.

use oxc_ast::AstKind;
use oxc_semantic::{NodeId, ScopeFlags, ScopeId, SymbolId};
use oxc_span::GetSpan;

use crate::function::FunctionRef;
use crate::parse::ParsedSource;
use crate::text::{Extent, Position};
use crate::tree::{Tree, is_function};

/// A scope whose variables V8 keeps in one context, because inner functions use them.
///
/// Every function created in the scope keeps the whole context alive, whichever of its variables
/// it uses itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapturedScope {
    /// The function the scope belongs to; `None` at module level.
    pub function: Option<FunctionRef>,
    /// The stretch of text the scope covers: a function, a block, a loop, a module.
    pub extent: Extent,
    /// The context's variables in the order of their declaration.
    pub variables: Vec<CapturedVariable>,
    /// Code in it calls `eval` directly, so that V8 keeps every variable in reach.
    pub has_eval: bool,
}

/// A variable in a context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapturedVariable {
    /// Its name.
    pub name: String,
    /// Its name in the declaration.
    pub extent: Extent,
    /// The functions created in the variable's scope that use it, themselves or in functions
    /// inside them.
    pub captured_by: Vec<FunctionRef>,
}

impl CapturedVariable {
    /// Whether the function at V8's position is one of those that capture it.
    pub fn is_captured_at(&self, position: Position) -> bool {
        self.captured_by
            .iter()
            .any(|function| function.position == position)
    }
}

impl ParsedSource<'_> {
    /// The contexts a function at this position keeps alive, innermost first: its own scopes (for
    /// the functions created in it), then those around it. At module level, the module's.
    pub fn captured(&self, position: Position) -> Vec<CapturedScope> {
        let tree = &self.tree;
        let scoping = tree.scoping();
        let start = tree
            .function_node_at(position)
            .and_then(|function| tree.function_scope(function))
            .unwrap_or_else(|| scoping.root_scope_id());
        scoping
            .scope_ancestors(start)
            .map(|scope| tree.captured_scope(scope))
            .filter(|scope| !scope.variables.is_empty())
            .collect()
    }

    /// The context a variable lives in, as [`ParsedSource::captured`] gives it; `None` when no
    /// inner function uses the variable.
    pub fn captured_with(&self, name: &str, inside: Option<Position>) -> Option<CapturedScope> {
        let symbol = self.tree.variable(name, inside)?;
        let scope = self
            .tree
            .captured_scope(self.tree.scoping().symbol_scope_id(symbol));
        let found = scope.variables.iter().any(|variable| variable.name == name);
        found.then_some(scope)
    }
}

impl Tree<'_> {
    pub(crate) fn is_captured(&self, symbol: SymbolId) -> bool {
        !self.capturing(symbol).is_empty()
    }

    fn captured_scope(&self, scope: ScopeId) -> CapturedScope {
        let scoping = self.scoping();
        let node = scoping.get_node_id(scope);
        let has_eval = scoping.scope_flags(scope).contains(ScopeFlags::DirectEval);
        let mut symbols: Vec<SymbolId> = scoping.iter_bindings_in(scope).collect();
        symbols.sort_by_key(|symbol| scoping.symbol_span(*symbol).start);
        let variables = symbols
            .into_iter()
            .filter_map(|symbol| {
                let captured_by = self.capturing(symbol);
                let kept = has_eval || !captured_by.is_empty();
                kept.then(|| CapturedVariable {
                    name: scoping.symbol_name(symbol).to_string(),
                    extent: self.extent(scoping.symbol_span(symbol)),
                    captured_by: captured_by
                        .into_iter()
                        .map(|function| self.function_ref(function))
                        .collect(),
                })
            })
            .collect();
        let function = if is_function(self.kind(node)) {
            Some(node)
        } else {
            self.function_around(node)
        };
        CapturedScope {
            function: function.map(|function| self.function_ref(function)),
            extent: self.extent(self.kind(node).span()),
            variables,
            has_eval,
        }
    }

    /// The functions created directly in the symbol's scope in which it is used as a value.
    fn capturing(&self, symbol: SymbolId) -> Vec<NodeId> {
        let scoping = self.scoping();
        let home = scoping.get_node_id(scoping.symbol_scope_id(symbol));
        let mut capturing = Vec::new();
        for reference in scoping.get_resolved_references(symbol) {
            if !reference.is_value() {
                continue;
            }
            let outermost = self
                .nodes()
                .ancestor_ids(reference.node_id())
                .take_while(|node| *node != home)
                .filter(|node| self.is_own_code(*node))
                .last();
            if let Some(function) = outermost
                && !capturing.contains(&function)
            {
                capturing.push(function);
            }
        }
        capturing
    }

    /// Whether V8 makes a function of the node: a function, or a class's field initialisers.
    fn is_own_code(&self, node: NodeId) -> bool {
        match self.kind(node) {
            AstKind::PropertyDefinition(field) => field.value.is_some(),
            AstKind::StaticBlock(_) => true,
            kind => is_function(kind),
        }
    }
}
