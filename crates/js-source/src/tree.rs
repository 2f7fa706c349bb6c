//! Node ids into their surroundings: parents, functions, texts, and the values names stand for.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use oxc_ast::ast::{
    Argument, AssignmentTarget, BindingPattern, Expression, FormalParameters, Program, PropertyKey,
};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{AstNode, AstNodes, NodeId, ScopeId, Scoping, Semantic, SymbolId};
use oxc_span::{GetSpan, Span};
use rustc_hash::FxHashMap;

use crate::holder::Pattern;
use crate::kinds::Kinds;
use crate::limit::Limit;
use crate::places::Use;
use crate::reach::Index;
use crate::text::{Extent, Position, SourceText};

/// The tree with the look-ups every question starts from.
pub(crate) struct Tree<'a> {
    pub(crate) source: &'a SourceText,
    pub(crate) program: &'a Program<'a>,
    pub(crate) semantic: Semantic<'a>,
    kinds: OnceCell<Kinds>,
    pub(crate) index: OnceCell<Index>,
    pub(crate) callables: OnceCell<Vec<NodeId>>,
    pub(crate) calls: OnceCell<FxHashMap<NodeId, Vec<NodeId>>>,
    /// What patterns match, as far as that was asked.
    pub(crate) uses: RefCell<FxHashMap<Vec<Pattern>, Rc<[Use]>>>,
    /// How far ahead moments of a name are set, as far as that was asked.
    pub(crate) times_ahead: RefCell<FxHashMap<String, Option<Limit>>>,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(
        source: &'a SourceText,
        program: &'a Program<'a>,
        semantic: Semantic<'a>,
    ) -> Self {
        Self {
            source,
            program,
            semantic,
            kinds: OnceCell::new(),
            index: OnceCell::new(),
            callables: OnceCell::new(),
            calls: OnceCell::new(),
            uses: RefCell::default(),
            times_ahead: RefCell::default(),
        }
    }

    pub(crate) fn nodes(&self) -> &AstNodes<'a> {
        self.semantic.nodes()
    }

    /// All nodes of these kinds, in the order of the tree.
    pub(crate) fn nodes_of<const N: usize>(
        &self,
        kinds: [AstType; N],
    ) -> impl Iterator<Item = &AstNode<'a>> {
        let sorted = self.kinds.get_or_init(|| Kinds::of(self.nodes()));
        sorted.each(self.nodes(), kinds)
    }

    pub(crate) fn scoping(&self) -> &Scoping {
        self.semantic.scoping()
    }

    pub(crate) fn kind(&self, node: NodeId) -> AstKind<'a> {
        self.nodes().kind(node)
    }

    /// The parent, or `None` at the program.
    pub(crate) fn parent(&self, node: NodeId) -> Option<NodeId> {
        let parent = self.nodes().parent_id(node);
        (parent != node).then_some(parent)
    }

    pub(crate) fn span(&self, node: NodeId) -> Span {
        self.kind(node).span()
    }

    pub(crate) fn extent(&self, span: Span) -> Extent {
        self.source.extent(span.start, span.end)
    }

    pub(crate) fn slice(&self, span: Span) -> &'a str {
        self.source.slice(span.start, span.end)
    }

    /// An expression's text on one line, cut where it gets too long to be read in a report.
    pub(crate) fn brief(&self, span: Span) -> String {
        const LONGEST: usize = 120;
        let mut text = String::new();
        for word in self.slice(span).split_whitespace() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
            if text.len() > LONGEST {
                let mut cut = LONGEST;
                while !text.is_char_boundary(cut) {
                    cut -= 1;
                }
                text.truncate(cut);
                text.push('…');
                break;
            }
        }
        text
    }

    /// The nearest function (or class static block's, or none) around a node, itself excluded.
    pub(crate) fn function_around(&self, node: NodeId) -> Option<NodeId> {
        self.nodes()
            .ancestor_ids(node)
            .find(|id| is_function(self.kind(*id)))
    }

    pub(crate) fn parameters(&self, function: NodeId) -> Option<&'a FormalParameters<'a>> {
        match self.kind(function) {
            AstKind::Function(function) => Some(&function.params),
            AstKind::ArrowFunctionExpression(arrow) => Some(&arrow.params),
            _ => None,
        }
    }

    pub(crate) fn function_scope(&self, function: NodeId) -> Option<ScopeId> {
        match self.kind(function) {
            AstKind::Function(function) => function.scope_id.get(),
            AstKind::ArrowFunctionExpression(arrow) => arrow.scope_id.get(),
            _ => None,
        }
    }

    /// Where V8 says a function is: its parameter list, or the start of an arrow function.
    pub(crate) fn function_start(&self, function: NodeId) -> u32 {
        match self.kind(function) {
            AstKind::Function(function) => function.params.span.start,
            kind => kind.span().start,
        }
    }

    pub(crate) fn position(&self, offset: u32) -> Position {
        self.source.position(offset)
    }

    /// The symbol an expression names, if it is a plain identifier (in any wrapping).
    pub(crate) fn symbol_of(&self, expression: &Expression<'a>) -> Option<SymbolId> {
        match bare(expression) {
            Expression::Identifier(identifier) => self.symbol_of_reference(identifier),
            _ => None,
        }
    }

    pub(crate) fn symbol_of_reference(
        &self,
        identifier: &oxc_ast::ast::IdentifierReference<'a>,
    ) -> Option<SymbolId> {
        let reference = identifier.reference_id.get()?;
        self.scoping().get_reference(reference).symbol_id()
    }

    /// The function or class a symbol was declared as or initialised with.
    pub(crate) fn callable_of_symbol(&self, symbol: SymbolId) -> Option<NodeId> {
        self.callable_declared(symbol, MOST_NAMES)
    }

    /// The function or class node an expression is or names.
    pub(crate) fn callable(&self, expression: &Expression<'a>) -> Option<NodeId> {
        self.callable_through(expression, MOST_NAMES)
    }

    fn callable_declared(&self, symbol: SymbolId, names: u32) -> Option<NodeId> {
        let names = names.checked_sub(1)?;
        let declaration = self.scoping().symbol_declaration(symbol);
        match self.kind(declaration) {
            AstKind::Function(_) | AstKind::Class(_) => Some(declaration),
            AstKind::VariableDeclarator(declarator) => {
                if !matches!(declarator.id, BindingPattern::BindingIdentifier(_)) {
                    return None;
                }
                self.callable_through(declarator.init.as_ref()?, names)
            }
            _ => None,
        }
    }

    fn callable_through(&self, expression: &Expression<'a>, names: u32) -> Option<NodeId> {
        match bare(expression) {
            Expression::FunctionExpression(function) => Some(function.node_id.get()),
            Expression::ArrowFunctionExpression(arrow) => Some(arrow.node_id.get()),
            Expression::ClassExpression(class) => Some(class.node_id.get()),
            Expression::Identifier(identifier) => {
                self.callable_declared(self.symbol_of_reference(identifier)?, names)
            }
            // `f.bind(…)` runs f.
            Expression::CallExpression(call) => {
                let member = bare(&call.callee).as_member_expression()?;
                if member.static_property_name() != Some("bind") {
                    return None;
                }
                self.callable_through(member.object(), names)
            }
            _ => None,
        }
    }

    /// The first reference nodes of a symbol, in the order of the text.
    pub(crate) fn references(&self, symbol: SymbolId) -> Vec<NodeId> {
        self.scoping()
            .get_resolved_references(symbol)
            .map(|reference| reference.node_id())
            .collect()
    }

    /// The reference nodes of a name nothing in the file declares.
    pub(crate) fn undeclared(&self, name: &str) -> Vec<NodeId> {
        self.scoping()
            .root_unresolved_references()
            .iter()
            .filter(|(candidate, _)| candidate.as_str() == name)
            .flat_map(|(_, references)| references.iter())
            .map(|reference| self.scoping().get_reference(*reference).node_id())
            .collect()
    }

    /// The symbol of that name bound in exactly this scope.
    pub(crate) fn binding_in(&self, scope: ScopeId, name: &str) -> Option<SymbolId> {
        self.scoping()
            .get_bindings(scope)
            .iter()
            .find(|(candidate, _)| candidate.as_str() == name)
            .map(|(_, symbol)| *symbol)
    }

    /// Whether an expression is the identifier of that name, declared nowhere in the file.
    pub(crate) fn is_undeclared(&self, expression: &Expression<'a>, name: &str) -> bool {
        matches!(bare(expression), Expression::Identifier(identifier)
            if identifier.name.as_str() == name && self.symbol_of_reference(identifier).is_none())
    }
}

/// Names may stand for each other in a circle: `var f = f.bind(x)`.
pub(crate) const MOST_NAMES: u32 = 12;

/// Whether the node is a function of any kind.
pub fn is_function(kind: AstKind<'_>) -> bool {
    matches!(
        kind,
        AstKind::Function(_) | AstKind::ArrowFunctionExpression(_)
    )
}

/// The expression without parentheses, TypeScript wrappers and chain markers.
pub fn bare<'b, 'a>(expression: &'b Expression<'a>) -> &'b Expression<'a> {
    expression.get_inner_expression()
}

/// The name of a property key that does not depend on a value: `a`, `#a`, `'a'`, `[0]`.
///
/// For fields and properties that symbols may name, see [`Tree::key_name`].
pub(crate) fn key_name<'a>(key: &PropertyKey<'a>) -> Option<Cow<'a, str>> {
    match key {
        PropertyKey::PrivateIdentifier(private) => Some(Cow::Owned(format!("#{}", private.name))),
        key => key.static_name(),
    }
}

/// The property name of a member node: `a` of `x.a`, `x['a']`, `#a` of `x.#a`.
///
/// For fields and properties that symbols may name, see [`Tree::member_name`].
pub(crate) fn member_name(kind: AstKind<'_>) -> Option<Cow<'_, str>> {
    match kind {
        AstKind::StaticMemberExpression(member) => {
            Some(Cow::Borrowed(member.property.name.as_str()))
        }
        AstKind::PrivateFieldExpression(member) => {
            Some(Cow::Owned(format!("#{}", member.field.name)))
        }
        AstKind::ComputedMemberExpression(member) => member
            .static_property_name()
            .map(|name| Cow::Owned(name.to_string())),
        _ => None,
    }
}

/// The object of a member node.
pub(crate) fn member_object<'a>(kind: AstKind<'a>) -> Option<&'a Expression<'a>> {
    match kind {
        AstKind::StaticMemberExpression(member) => Some(&member.object),
        AstKind::PrivateFieldExpression(member) => Some(&member.object),
        AstKind::ComputedMemberExpression(member) => Some(&member.object),
        _ => None,
    }
}

/// The node id of an assignment's left side, where it is a name or a member.
pub(crate) fn target_node(target: &AssignmentTarget<'_>) -> Option<NodeId> {
    Some(match target {
        AssignmentTarget::AssignmentTargetIdentifier(identifier) => identifier.node_id.get(),
        AssignmentTarget::StaticMemberExpression(member) => member.node_id.get(),
        AssignmentTarget::ComputedMemberExpression(member) => member.node_id.get(),
        AssignmentTarget::PrivateFieldExpression(member) => member.node_id.get(),
        _ => return None,
    })
}

/// A string literal's value, also of a template without holes.
pub fn literal_text<'a>(expression: &Expression<'a>) -> Option<&'a str> {
    match bare(expression) {
        Expression::StringLiteral(literal) => Some(literal.value.as_str()),
        Expression::TemplateLiteral(template) => template.single_quasi().map(|text| text.as_str()),
        _ => None,
    }
}

/// The argument as an expression; `None` where it is a spread.
pub(crate) fn argument<'b, 'a>(
    arguments: &'b [Argument<'a>],
    index: usize,
) -> Option<&'b Expression<'a>> {
    arguments.get(index)?.as_expression()
}
