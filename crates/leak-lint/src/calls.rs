//! How often a function is called, as far as its file tells.

use std::collections::HashSet;

use oxc_ast::AstKind;
use oxc_semantic::{NodeId, SymbolId};

use crate::file::File;

/// How often a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calls {
    /// While the module is loaded, and not after that.
    Once,
    /// For each request, message or event.
    Again,
    /// As often as others want.
    Unknown,
}

/// What is known of a file's names from outside.
#[derive(Debug)]
pub(crate) struct HowOften {
    exported: HashSet<String>,
}

/// Functions around functions that are followed; a circle ends there.
const DEEPEST: u32 = 12;

impl HowOften {
    pub(crate) fn of_file(file: &File<'_, '_>) -> Self {
        let exports = file.parsed.exported_names();
        Self {
            exported: exports
                .into_iter()
                .filter_map(|export| export.local)
                .collect(),
        }
    }

    /// How often a function is called.
    pub(crate) fn of(&self, file: &File<'_, '_>, function: NodeId) -> Calls {
        if file.hot().at_function(file, function) {
            return Calls::Again;
        }
        self.through(file, function, DEEPEST)
    }

    fn through(&self, file: &File<'_, '_>, function: NodeId, deeper: u32) -> Calls {
        let Some(deeper) = deeper.checked_sub(1) else {
            return Calls::Unknown;
        };
        // What stands for the function: itself, its variable, or the class that it constructs.
        let (node, name) = named(file, function);
        let Some(variable) = name else {
            return self.by_place(file, node, deeper);
        };
        let scoping = file.parsed.semantic().scoping();
        if self.exported.contains(scoping.symbol_name(variable)) {
            return Calls::Unknown;
        }
        let uses = scoping.get_resolved_references(variable);
        let each = uses.map(|reference| self.by_place(file, reference.node_id(), deeper));
        each.reduce(more_often).unwrap_or(Calls::Unknown)
    }

    /// How often the function that a node stands for is called there.
    fn by_place(&self, file: &File<'_, '_>, node: NodeId, deeper: u32) -> Calls {
        let mut at = node;
        loop {
            let parent = file.nodes().parent_id(at);
            match file.kind(parent) {
                AstKind::ParenthesizedExpression(_) | AstKind::AwaitExpression(_) => at = parent,
                // Called, constructed, or handed to something at this place: as often as the place is reached.
                AstKind::CallExpression(_) | AstKind::NewExpression(_) => {
                    return match file.function_around(parent) {
                        None => Calls::Once,
                        Some(around) => self.through(file, around, deeper),
                    };
                }
                _ => return Calls::Unknown,
            }
        }
    }
}

fn more_often(a: Calls, b: Calls) -> Calls {
    match (a, b) {
        (Calls::Again, _) | (_, Calls::Again) => Calls::Again,
        (Calls::Unknown, _) | (_, Calls::Unknown) => Calls::Unknown,
        (Calls::Once, Calls::Once) => Calls::Once,
    }
}

/// The node that stands for a function, and the variable that holds it.
fn named(file: &File<'_, '_>, function: NodeId) -> (NodeId, Option<SymbolId>) {
    if let AstKind::Function(own) = file.kind(function)
        && let Some(id) = &own.id
        && own.is_declaration()
    {
        return (function, id.symbol_id.get());
    }
    let parent = file.nodes().parent_id(function);
    match file.kind(parent) {
        AstKind::VariableDeclarator(declarator) => {
            let name = declarator.id.get_binding_identifier();
            (function, name.and_then(|name| name.symbol_id.get()))
        }
        AstKind::MethodDefinition(method) if method.kind.is_constructor() => {
            let class = file
                .nodes()
                .ancestor_ids(parent)
                .find_map(|node| match file.kind(node) {
                    AstKind::Class(class) => Some((node, class.id.as_ref()?.symbol_id.get())),
                    _ => None,
                });
            class.unwrap_or((function, None))
        }
        _ => (function, None),
    }
}
