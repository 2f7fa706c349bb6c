//! A module's text into what it imports, what it exports, and what it puts on the global object.

use oxc_ast::ast::{
    AssignmentTarget, BindingPattern, ExportDefaultDeclarationKind, Expression, ImportDeclaration,
    ImportDeclarationSpecifier, ObjectPropertyKind, TSModuleReference,
};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};

use crate::parse::ParsedSource;
use crate::text::Extent;
use crate::tree::{MOST_NAMES, Tree, bare, key_name, literal_text, member_name};

/// Which of a module's exports a local name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ImportedName {
    /// The default export.
    Default,
    /// The whole module: `import * as x`, or `require` without picking.
    Module,
    /// A named export.
    Named(String),
}

/// A local name that stands for something of another module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The local name; `None` when the module is only run.
    pub local: Option<String>,
    /// The module as written.
    pub module: String,
    /// Which of its exports.
    pub imported: ImportedName,
    /// The local name, or the whole import.
    pub extent: Extent,
}

/// A name under which other modules can reach something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The exported name; `default` for a default export, `*` for all of another module, and
    /// `module.exports` where a CommonJS module replaces its exports.
    pub name: String,
    /// The local variable behind it.
    pub local: Option<String>,
    /// Where it is exported.
    pub extent: Extent,
}

/// An assignment to a property of the global object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalAssignment {
    /// The target as written.
    pub target: String,
    /// The whole assignment.
    pub extent: Extent,
}

impl ParsedSource<'_> {
    /// What the module imports or requires, in the order of the text.
    pub fn imports(&self) -> Vec<Import> {
        let tree = &self.tree;
        let mut imports = Vec::new();
        for node in tree.nodes_of([
            AstType::ImportDeclaration,
            AstType::CallExpression,
            AstType::ImportExpression,
            AstType::TSImportEqualsDeclaration,
        ]) {
            match node.kind() {
                AstKind::ImportDeclaration(declaration) => {
                    tree.declared_imports(declaration, &mut imports);
                }
                AstKind::CallExpression(call) => {
                    if let Some(module) = call.common_js_require() {
                        tree.required(node.id(), module.value.as_str(), &mut imports);
                    }
                }
                AstKind::ImportExpression(import) => {
                    if let Some(module) = literal_text(&import.source) {
                        tree.required(node.id(), module, &mut imports);
                    }
                }
                AstKind::TSImportEqualsDeclaration(import) => {
                    if let TSModuleReference::ExternalModuleReference(module) =
                        &import.module_reference
                    {
                        imports.push(Import {
                            local: Some(import.id.name.to_string()),
                            module: module.expression.value.to_string(),
                            imported: ImportedName::Module,
                            extent: tree.extent(import.id.span),
                        });
                    }
                }
                _ => {}
            }
        }
        imports
    }

    /// What other modules can reach by name, in the order of the text.
    pub fn exported_names(&self) -> Vec<Export> {
        let tree = &self.tree;
        let mut exports = Vec::new();
        for node in tree.nodes_of([
            AstType::ExportDeclaration,
            AstType::ExportSpecifier,
            AstType::ExportDefaultDeclaration,
            AstType::ExportAllDeclaration,
            AstType::AssignmentExpression,
        ]) {
            tree.exports_of(node.kind(), &mut exports);
        }
        exports
    }

    /// Where a property of the global object gets its value: `globalThis.x =`, `global.x =`, or an
    /// assignment to a name that nothing declares.
    pub fn global_assignments(&self, name: &str) -> Vec<GlobalAssignment> {
        let tree = &self.tree;
        let mut found = Vec::new();
        for node in tree.nodes_of([AstType::AssignmentExpression]) {
            let AstKind::AssignmentExpression(assignment) = node.kind() else {
                continue;
            };
            let is_global = match &assignment.left {
                AssignmentTarget::AssignmentTargetIdentifier(identifier) => {
                    identifier.name.as_str() == name
                        && tree.symbol_of_reference(identifier).is_none()
                }
                target => target.as_member_expression().is_some_and(|member| {
                    let object = member.object();
                    member.static_property_name() == Some(name)
                        && (tree.is_undeclared(object, "globalThis")
                            || tree.is_undeclared(object, "global"))
                }),
            };
            if is_global {
                found.push(GlobalAssignment {
                    target: tree.brief(assignment.left.span()),
                    extent: tree.extent(assignment.span),
                });
            }
        }
        found
    }
}

impl<'a> Tree<'a> {
    /// The module and export an expression names: `LRU`, `lru.LRUCache`, `require('x').Y`.
    pub(crate) fn import_of(&self, expression: &Expression<'a>) -> Option<(String, ImportedName)> {
        self.import_through(expression, MOST_NAMES)
    }

    pub(crate) fn import_of_symbol(&self, symbol: SymbolId) -> Option<(String, ImportedName)> {
        self.import_declared(symbol, MOST_NAMES)
    }

    fn import_through(
        &self,
        expression: &Expression<'a>,
        names: u32,
    ) -> Option<(String, ImportedName)> {
        match bare(expression) {
            Expression::Identifier(identifier) => {
                self.import_declared(self.symbol_of_reference(identifier)?, names)
            }
            Expression::CallExpression(call) => {
                let module = call.common_js_require()?;
                Some((module.value.to_string(), ImportedName::Module))
            }
            Expression::StaticMemberExpression(member) => {
                let (module, _) = self.import_through(&member.object, names)?;
                let name = member.property.name.to_string();
                Some((module, ImportedName::Named(name)))
            }
            _ => None,
        }
    }

    fn import_declared(&self, symbol: SymbolId, names: u32) -> Option<(String, ImportedName)> {
        let names = names.checked_sub(1)?;
        let declaration = self.scoping().symbol_declaration(symbol);
        match self.kind(declaration) {
            AstKind::VariableDeclarator(declarator) => {
                let (module, picked) = self.import_through(declarator.init.as_ref()?, names)?;
                let name = self.scoping().symbol_name(symbol);
                let picked = match &declarator.id {
                    BindingPattern::ObjectPattern(object) => object
                        .properties
                        .iter()
                        .find(|property| {
                            property
                                .value
                                .get_binding_identifiers()
                                .iter()
                                .any(|identifier| identifier.name == name)
                        })
                        .and_then(|property| key_name(&property.key))
                        .map_or(ImportedName::Module, |key| {
                            ImportedName::Named(key.into_owned())
                        }),
                    _ => picked,
                };
                Some((module, picked))
            }
            kind => {
                let imported = match kind {
                    AstKind::ImportSpecifier(one) => named(one.imported.name().as_str()),
                    AstKind::ImportDefaultSpecifier(_) => ImportedName::Default,
                    AstKind::ImportNamespaceSpecifier(_) => ImportedName::Module,
                    _ => return None,
                };
                match self.kind(self.parent(declaration)?) {
                    AstKind::ImportDeclaration(import) => {
                        Some((import.source.value.to_string(), imported))
                    }
                    _ => None,
                }
            }
        }
    }

    fn declared_imports(&self, declaration: &ImportDeclaration<'a>, imports: &mut Vec<Import>) {
        let module = declaration.source.value.to_string();
        match declaration.specifiers.as_ref().map(|all| &all[..]) {
            None | Some([]) => imports.push(Import {
                local: None,
                module,
                imported: ImportedName::Module,
                extent: self.extent(declaration.span),
            }),
            Some(specifiers) => {
                imports.extend(
                    specifiers
                        .iter()
                        .map(|one| self.import_specifier(one, &module)),
                );
            }
        }
    }

    fn import_specifier(&self, one: &ImportDeclarationSpecifier<'a>, module: &str) -> Import {
        let imported = match one {
            ImportDeclarationSpecifier::ImportSpecifier(one) => named(one.imported.name().as_str()),
            ImportDeclarationSpecifier::ImportDefaultSpecifier(_) => ImportedName::Default,
            ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => ImportedName::Module,
        };
        Import {
            local: Some(one.local().name.to_string()),
            module: module.to_string(),
            imported,
            extent: self.extent(one.local().span),
        }
    }

    /// The names a `require(…)` (or an awaited `import(…)`) call is bound to.
    fn required(&self, call: NodeId, module: &str, imports: &mut Vec<Import>) {
        let mut node = call;
        let mut picked = ImportedName::Module;
        while let Some(parent) = self.parent(node) {
            match self.kind(parent) {
                AstKind::StaticMemberExpression(_) => {
                    if let Some(name) = member_name(self.kind(parent)) {
                        picked = ImportedName::Named(name.into_owned());
                    }
                }
                AstKind::AwaitExpression(_) | AstKind::ParenthesizedExpression(_) => {}
                AstKind::VariableDeclarator(declarator) => {
                    self.required_into(&declarator.id, module, picked, imports);
                    return;
                }
                _ => break,
            }
            node = parent;
        }
        imports.push(Import {
            local: None,
            module: module.to_string(),
            imported: picked,
            extent: self.extent(self.span(call)),
        });
    }

    fn required_into(
        &self,
        target: &BindingPattern<'a>,
        module: &str,
        picked: ImportedName,
        imports: &mut Vec<Import>,
    ) {
        let mut add = |local: &str, imported: ImportedName, span: Span| {
            imports.push(Import {
                local: Some(local.to_string()),
                module: module.to_string(),
                imported,
                extent: self.extent(span),
            });
        };
        match target {
            BindingPattern::BindingIdentifier(local) => add(&local.name, picked, local.span),
            BindingPattern::ObjectPattern(object) => {
                for property in &object.properties {
                    let key = key_name(&property.key);
                    for local in property.value.get_binding_identifiers() {
                        let name = key.as_deref().unwrap_or(local.name.as_str());
                        add(&local.name, named(name), local.span);
                    }
                }
            }
            _ => {}
        }
    }

    fn exports_of(&self, kind: AstKind<'a>, exports: &mut Vec<Export>) {
        let mut add = |name: &str, local: Option<&str>, span: Span| {
            exports.push(Export {
                name: name.to_string(),
                local: local.map(str::to_string),
                extent: self.extent(span),
            });
        };
        match kind {
            AstKind::ExportDeclaration(export) => match &export.declaration {
                oxc_ast::ast::Declaration::VariableDeclaration(declaration) => {
                    for declarator in &declaration.declarations {
                        for local in declarator.id.get_binding_identifiers() {
                            add(&local.name, Some(&local.name), local.span);
                        }
                    }
                }
                declaration => {
                    if let Some(local) = declaration.id() {
                        add(&local.name, Some(&local.name), local.span);
                    }
                }
            },
            AstKind::ExportSpecifier(one) => {
                add(&one.exported.name(), Some(&one.local.name()), one.span);
            }
            AstKind::ExportDefaultDeclaration(export) => {
                let local = match &export.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) => function.name(),
                    ExportDefaultDeclarationKind::ClassDeclaration(class) => class.name(),
                    ExportDefaultDeclarationKind::Identifier(identifier) => Some(identifier.name),
                    _ => None,
                };
                add("default", local.as_deref(), export.span);
            }
            AstKind::ExportAllDeclaration(export) => {
                let name = export.exported.as_ref().map(|name| name.name());
                add(name.as_deref().unwrap_or("*"), None, export.span);
            }
            AstKind::AssignmentExpression(assignment) => {
                self.common_js_export(&assignment.left, &assignment.right, &mut add);
            }
            _ => {}
        }
    }

    fn common_js_export(
        &self,
        target: &AssignmentTarget<'a>,
        value: &Expression<'a>,
        add: &mut impl FnMut(&str, Option<&str>, Span),
    ) {
        let Some(member) = target.as_member_expression() else {
            return;
        };
        let Some(name) = member.static_property_name() else {
            return;
        };
        let local = match bare(value) {
            Expression::Identifier(identifier) => Some(identifier.name.as_str()),
            _ => None,
        };
        let object = member.object();
        let is_exports = self.is_undeclared(object, "exports")
            || object.is_specific_member_access("module", "exports");
        if is_exports {
            return add(name, local, target.span());
        }
        if name != "exports" || !self.is_undeclared(object, "module") {
            return;
        }
        let Expression::ObjectExpression(literal) = bare(value) else {
            return add("module.exports", local, target.span());
        };
        for property in &literal.properties {
            if let ObjectPropertyKind::ObjectProperty(property) = property
                && let Some(key) = key_name(&property.key)
            {
                let local = match bare(&property.value) {
                    Expression::Identifier(identifier) => Some(identifier.name.as_str()),
                    _ => None,
                };
                add(&key, local, property.span);
            }
        }
    }
}

fn named(name: &str) -> ImportedName {
    match name {
        "default" => ImportedName::Default,
        name => ImportedName::Named(name.to_string()),
    }
}
