//! A value that an expression makes → where it goes next: a variable, a field, a call, the caller, or nowhere.

use oxc_ast::AstKind;
use oxc_ast::ast::{
    Argument, AssignmentTarget, BindingPattern, IdentifierReference, UnaryOperator,
};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;

use crate::file::File;

/// Where a value goes next.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate<'a> {
    /// Nobody takes it.
    Dropped,
    /// A variable of the file holds it.
    Variable(SymbolId),
    /// It is taken apart at once.
    Apart(&'a BindingPattern<'a>),
    /// A field or an element holds it from then on.
    Stored,
    /// This function gives it to its caller.
    Returned(NodeId),
    /// A call or `new` takes it as this argument.
    Given { call: NodeId, at: usize },
    /// A method of it is called.
    Asked { call: NodeId, method: &'a str },
    /// A property of it is read, or written.
    Read { property: &'a str, node: NodeId },
    /// A loop goes through it.
    Iterated,
    /// It is an element of this array literal.
    Element(NodeId),
    /// `using`: it is disposed of at the end of its block.
    Disposed,
    /// Anything else.
    Elsewhere,
}

/// Where a value goes next, and how it gets there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) fate: Fate<'a>,
    /// The outermost expression that is still this value: parentheses, casts and `await` belong to it.
    pub(crate) whole: NodeId,
    /// What goes on is the value of the promise.
    pub(crate) awaited: bool,
}

/// Where the value of an expression goes next.
pub(crate) fn way<'a>(file: &File<'_, 'a>, expression: NodeId) -> Way<'a> {
    let (mut whole, mut awaited) = (expression, false);
    loop {
        let parent = file.nodes().parent_id(whole);
        let inner = file.kind(whole).span();
        let fate = match file.kind(parent) {
            AstKind::AwaitExpression(_) => {
                awaited = true;
                None
            }
            AstKind::ParenthesizedExpression(_)
            | AstKind::ChainExpression(_)
            | AstKind::TSAsExpression(_)
            | AstKind::TSSatisfiesExpression(_)
            | AstKind::TSNonNullExpression(_)
            | AstKind::TSTypeAssertion(_)
            | AstKind::LogicalExpression(_) => None,
            AstKind::ConditionalExpression(choice) if choice.test.span() != inner => None,
            AstKind::SequenceExpression(sequence) => {
                let is_last = sequence.expressions.last().map(GetSpan::span) == Some(inner);
                (!is_last).then_some(Fate::Dropped)
            }
            kind => Some(next(file, kind, parent, whole)),
        };
        match fate {
            None if parent != whole => whole = parent,
            fate => {
                return Way {
                    fate: fate.unwrap_or(Fate::Elsewhere),
                    whole,
                    awaited,
                };
            }
        }
    }
}

/// Where each use of a variable's value goes; assignments to it are none.
pub(crate) fn uses<'a>(file: &File<'_, 'a>, variable: SymbolId) -> Vec<(NodeId, Way<'a>)> {
    let references = file
        .parsed
        .semantic()
        .scoping()
        .get_resolved_references(variable);
    references
        .filter(|reference| reference.is_read())
        .map(|reference| (reference.node_id(), way(file, reference.node_id())))
        .collect()
}

/// The variable that an identifier on the left side of an assignment names.
pub(crate) fn assigned<'a>(file: &File<'_, 'a>, target: &AssignmentTarget<'a>) -> Option<SymbolId> {
    match target {
        AssignmentTarget::AssignmentTargetIdentifier(identifier) => named(file, identifier),
        _ => None,
    }
}

fn named(file: &File<'_, '_>, identifier: &IdentifierReference<'_>) -> Option<SymbolId> {
    let reference = identifier.reference_id.get()?;
    let scoping = file.parsed.semantic().scoping();
    scoping.get_reference(reference).symbol_id()
}

fn next<'a>(file: &File<'_, 'a>, kind: AstKind<'a>, parent: NodeId, value: NodeId) -> Fate<'a> {
    let inner = file.kind(value).span();
    match kind {
        AstKind::ExpressionStatement(_) => Fate::Dropped,
        AstKind::UnaryExpression(unary) if unary.operator == UnaryOperator::Void => Fate::Dropped,
        AstKind::VariableDeclarator(declarator) => declared(file, parent, &declarator.id),
        AstKind::AssignmentExpression(assignment) if assignment.right.span() == inner => {
            match assigned(file, &assignment.left) {
                Some(variable) => Fate::Variable(variable),
                None => Fate::Stored,
            }
        }
        AstKind::ReturnStatement(_) => file
            .function_around(parent)
            .map_or(Fate::Elsewhere, Fate::Returned),
        AstKind::ArrowFunctionExpression(_) => Fate::Returned(parent),
        AstKind::CallExpression(call) => given(&call.arguments, parent, inner),
        AstKind::NewExpression(new) => given(&new.arguments, parent, inner),
        AstKind::StaticMemberExpression(member) => {
            asked(file, parent, member.property.name.as_str())
        }
        AstKind::ComputedMemberExpression(member) if member.object.span() == inner => {
            match member.static_property_name() {
                Some(name) => asked(file, parent, name.as_str()),
                None => Fate::Elsewhere,
            }
        }
        AstKind::ForOfStatement(turns) if turns.right.span() == inner => Fate::Iterated,
        AstKind::ArrayExpression(_) => Fate::Element(parent),
        _ => Fate::Elsewhere,
    }
}

fn declared<'a>(
    file: &File<'_, 'a>,
    declarator: NodeId,
    target: &'a BindingPattern<'a>,
) -> Fate<'a> {
    if let AstKind::VariableDeclaration(declaration) = file.kind(file.nodes().parent_id(declarator))
        && declaration.kind.is_using()
    {
        return Fate::Disposed;
    }
    match target.get_binding_identifier() {
        Some(name) => name.symbol_id.get().map_or(Fate::Elsewhere, Fate::Variable),
        None => Fate::Apart(target),
    }
}

fn given<'a>(arguments: &[Argument<'a>], call: NodeId, inner: oxc_span::Span) -> Fate<'a> {
    let at = arguments
        .iter()
        .filter_map(Argument::as_expression)
        .position(|argument| argument.span() == inner);
    at.map_or(Fate::Elsewhere, |at| Fate::Given { call, at })
}

/// A member of the value: a call of it, or a look at it.
fn asked<'a>(file: &File<'_, 'a>, member: NodeId, name: &'a str) -> Fate<'a> {
    let mut node = member;
    loop {
        let parent = file.nodes().parent_id(node);
        match file.kind(parent) {
            AstKind::ParenthesizedExpression(_)
            | AstKind::TSNonNullExpression(_)
            | AstKind::ChainExpression(_) => node = parent,
            AstKind::CallExpression(call) if call.callee.span() == file.kind(node).span() => {
                return Fate::Asked {
                    call: parent,
                    method: name,
                };
            }
            _ => {
                return Fate::Read {
                    property: name,
                    node: member,
                };
            }
        }
    }
}

/// The call of a node that is one.
pub(crate) fn call_at<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
) -> Option<&'a oxc_ast::ast::CallExpression<'a>> {
    match file.kind(node) {
        AstKind::CallExpression(call) => Some(call),
        _ => None,
    }
}

/// Whether a value is only asked whether there is one.
pub(crate) fn is_test(file: &File<'_, '_>, node: NodeId) -> bool {
    matches!(
        file.kind(file.nodes().parent_id(node)),
        AstKind::IfStatement(_) | AstKind::UnaryExpression(_) | AstKind::BinaryExpression(_)
    )
}
