//! A holder into the variable of the module that it is, where only its file can mean that.

use oxc_ast::ast::VariableDeclarator;
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;

use crate::facts::holders::{Access, Holder};
use crate::file::File;

/// The declaration of a variable of the module.
pub(crate) struct Declared<'a> {
    pub(crate) node: NodeId,
    pub(crate) declarator: &'a VariableDeclarator<'a>,
    pub(crate) variable: SymbolId,
}

/// Where a holder is declared; none if it is no variable of the module, or other files can reach it.
pub(crate) fn own_variable<'a>(file: &File<'_, 'a>, holder: &Holder<'a>) -> Option<Declared<'a>> {
    let scoping = file.parsed.semantic().scoping();
    let declared = file
        .nodes_of([AstType::VariableDeclarator])
        .find_map(|node| match node.kind() {
            AstKind::VariableDeclarator(declarator)
                if declarator.id.span().start == holder.declared.start =>
            {
                Some(Declared {
                    node: node.id(),
                    declarator,
                    variable: declarator.id.get_binding_identifier()?.symbol_id.get()?,
                })
            }
            _ => None,
        })?;
    let name = scoping.symbol_name(declared.variable);
    let is_own = holder.access == Access::Private
        && holder.written == name
        && scoping.symbol_scope_id(declared.variable) == scoping.root_scope_id()
        && !file.exported_locals().contains(name);
    is_own.then_some(declared)
}
