//! Keys that are symbols, `this[kState]`, into names: fields of the kind that Node and many packages keep private.

use std::borrow::Cow;

use oxc_ast::ast::{BindingPattern, CallExpression, Expression, PropertyKey};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::SymbolId;

use crate::parse::ParsedSource;
use crate::tree::{Tree, argument, bare, key_name, literal_text, member_name};

impl ParsedSource<'_> {
    /// The name of the field whose key is the symbol of this description: `[kState]` for `const kState = Symbol('state')`.
    pub fn symbol_key(&self, description: &str) -> Option<String> {
        let tree = &self.tree;
        tree.nodes_of([AstType::VariableDeclarator])
            .find_map(|node| {
                let AstKind::VariableDeclarator(declarator) = node.kind() else {
                    return None;
                };
                let BindingPattern::BindingIdentifier(name) = &declarator.id else {
                    return None;
                };
                let call = tree.symbol_call(declarator.init.as_ref()?)?;
                let described = argument(&call.arguments, 0).and_then(literal_text);
                (described.unwrap_or_default() == description).then(|| written(&name.name))
            })
    }
}

fn written(variable: &str) -> String {
    format!("[{variable}]")
}

impl<'a> Tree<'a> {
    /// The property name of a member node, `[kState]` where a symbol is the key.
    pub(crate) fn member_name(&self, kind: AstKind<'a>) -> Option<Cow<'a, str>> {
        let AstKind::ComputedMemberExpression(member) = kind else {
            return member_name(kind);
        };
        member_name(kind).or_else(|| self.symbol_named(&member.expression))
    }

    /// The name of a property key, `[kState]` where a symbol is the key.
    pub(crate) fn key_name(&self, key: &'a PropertyKey<'a>) -> Option<Cow<'a, str>> {
        key_name(key).or_else(|| self.symbol_named(key.as_expression()?))
    }

    fn symbol_named(&self, key: &Expression<'a>) -> Option<Cow<'a, str>> {
        let Expression::Identifier(identifier) = bare(key) else {
            return None;
        };
        let symbol = self.symbol_of_reference(identifier)?;
        let is_fixed = self.is_symbol(symbol) || self.import_of_symbol(symbol).is_some();
        is_fixed.then(|| Cow::Owned(written(&identifier.name)))
    }

    fn is_symbol(&self, variable: SymbolId) -> bool {
        let declaration = self.kind(self.scoping().symbol_declaration(variable));
        let AstKind::VariableDeclarator(declarator) = declaration else {
            return false;
        };
        let init = declarator.init.as_ref();
        init.is_some_and(|init| self.symbol_call(init).is_some())
    }

    /// `Symbol(…)` or `Symbol.for(…)`.
    fn symbol_call<'b>(&self, value: &'b Expression<'a>) -> Option<&'b CallExpression<'a>> {
        let Expression::CallExpression(call) = bare(value) else {
            return None;
        };
        let callee = bare(&call.callee);
        let function = match callee.as_member_expression() {
            Some(member) if member.static_property_name() == Some("for") => member.object(),
            Some(_) => return None,
            None => callee,
        };
        self.is_undeclared(function, "Symbol").then_some(call)
    }
}
