//! A limit in the code into its number, or into the name under which another file may set it.

use oxc_ast::ast::{BindingPattern, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_span::GetSpan;

use crate::parse::ParsedSource;
use crate::tree::{Tree, argument, bare, key_name};

/// How many, how long or how old.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// What it is called where it is used, such as `ttlMs` of `this.ttlMs`: [`ParsedSource::constants_named`] of the
    /// file that sets it may know the number.
    Named(String),
    /// The number.
    Known(u64),
}

impl Limit {
    /// The number, if it stands in the same file.
    #[must_use]
    pub const fn known(&self) -> Option<u64> {
        match self {
            Self::Known(number) => Some(*number),
            Self::Named(_) => None,
        }
    }
}

impl ParsedSource<'_> {
    /// The constant numbers that the text gives to properties, options, variables, fields and defaults of this name.
    pub fn constants_named(&self, name: &str) -> Vec<u64> {
        let tree = &self.tree;
        let values = tree
            .nodes_of([
                AstType::ObjectProperty,
                AstType::PropertyDefinition,
                AstType::VariableDeclarator,
                AstType::AssignmentPattern,
            ])
            .filter_map(|node| match node.kind() {
                AstKind::ObjectProperty(property) => {
                    (key_name(&property.key)? == name).then_some(&property.value)
                }
                AstKind::PropertyDefinition(field) => {
                    let key = key_name(&field.key)?;
                    (plain(&key) == name).then_some(field.value.as_ref()?)
                }
                AstKind::VariableDeclarator(declarator) => {
                    let own = declarator.id.get_identifier_name()?;
                    (own == name).then_some(declarator.init.as_ref()?)
                }
                AstKind::AssignmentPattern(default) => match &default.left {
                    BindingPattern::BindingIdentifier(own) => {
                        (own.name == name).then_some(&default.right)
                    }
                    _ => None,
                },
                _ => None,
            });
        values
            .filter_map(|value| tree.whole_number(value))
            .collect()
    }
}

/// A parameter of a constructor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConstructorParameter {
    /// The class.
    pub class: String,
    /// Its place among the parameters, from 0.
    pub index: usize,
}

impl ParsedSource<'_> {
    /// The constructors that take a parameter of this name.
    pub fn constructor_parameters(&self, name: &str) -> Vec<ConstructorParameter> {
        let tree = &self.tree;
        let classes = tree
            .nodes_of([AstType::Class])
            .filter_map(|node| match node.kind() {
                AstKind::Class(class) => Some((class.id.as_ref()?.name, node.id())),
                _ => None,
            });
        classes
            .filter_map(|(class, node)| {
                let parameters = tree.parameters(tree.constructor_of(node)?)?;
                let index = parameters.items.iter().position(|parameter| {
                    parameter
                        .pattern
                        .get_identifier_name()
                        .is_some_and(|own| own == name)
                })?;
                Some(ConstructorParameter {
                    class: class.to_string(),
                    index,
                })
            })
            .collect()
    }

    /// The constant numbers that the text hands to a constructor as that parameter.
    pub fn constants_given(&self, to: &ConstructorParameter) -> Vec<u64> {
        let tree = &self.tree;
        let values = tree
            .nodes_of([AstType::NewExpression])
            .filter_map(|node| match node.kind() {
                AstKind::NewExpression(new) => {
                    let class = tree.slice(bare(&new.callee).span());
                    let is_meant = class.rsplit('.').next() == Some(to.class.as_str());
                    argument(&new.arguments, to.index).filter(|_| is_meant)
                }
                _ => None,
            });
        values
            .filter_map(|value| tree.whole_number(value))
            .collect()
    }
}

impl<'a> Tree<'a> {
    /// The number of an expression, or the name that stands for it.
    pub(crate) fn limit(&self, expression: &Expression<'a>) -> Option<Limit> {
        if let Some(number) = self.whole_number(expression) {
            return Some(Limit::Known(number));
        }
        let name = match bare(expression) {
            Expression::Identifier(identifier) => identifier.name.to_string(),
            Expression::PrivateFieldExpression(field) => field.field.name.to_string(),
            other => other
                .as_member_expression()?
                .static_property_name()?
                .to_owned(),
        };
        // Another container's size is no setting.
        let is_setting = !matches!(name.as_str(), "length" | "size");
        is_setting.then(|| Limit::Named(plain(&name).to_owned()))
    }
}

/// A field is set from an option of the same name without the marks of privacy.
fn plain(name: &str) -> &str {
    name.trim_start_matches(['#', '_'])
}
