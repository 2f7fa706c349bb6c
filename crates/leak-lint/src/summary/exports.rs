//! Import and export statements into names and what they stand for.

use oxc_ast::ast::{
    AssignmentExpression, AssignmentTarget, Declaration, ExportDefaultDeclarationKind, Expression,
    ModuleExportName,
};
use oxc_ast::{AstKind, AstType};
use stanch_js_source::{ImportedName, Value, bare, literal_text};

use super::{Scan, Summary};

impl<'a> Scan<'_, 'a> {
    pub(super) fn exported(&self, summary: &mut Summary) {
        for node in self.parsed.nodes_of([
            AstType::ImportDeclaration,
            AstType::CallExpression,
            AstType::ImportExpression,
            AstType::ExportDeclaration,
            AstType::ExportNamedDeclaration,
            AstType::ExportFromDeclaration,
            AstType::ExportAllDeclaration,
            AstType::ExportDefaultDeclaration,
            AstType::TSExportAssignment,
            AstType::AssignmentExpression,
        ]) {
            self.exported_at(node.kind(), summary);
        }
    }

    fn exported_at(&self, kind: AstKind<'a>, summary: &mut Summary) {
        match kind {
            AstKind::ImportDeclaration(import) => {
                summary.modules.push(import.source.value.as_str().into());
            }
            AstKind::CallExpression(call) => {
                if let Some(module) = call.common_js_require() {
                    summary.modules.push(module.value.as_str().into());
                }
            }
            AstKind::ImportExpression(import) => {
                if let Some(module) = literal_text(&import.source) {
                    summary.modules.push(module.into());
                }
            }
            AstKind::ExportDeclaration(export) => self.declaration(&export.declaration, summary),
            AstKind::ExportNamedDeclaration(export) => {
                for one in &export.specifiers {
                    if let ModuleExportName::IdentifierReference(local) = &one.local {
                        let value = self.parsed.value_of_name(local);
                        add(summary, &one.exported.name(), value);
                    }
                }
            }
            AstKind::ExportFromDeclaration(export) => {
                let module: Box<str> = export.source.value.as_str().into();
                for one in &export.specifiers {
                    let value = Value::Import {
                        module: (&*module).into(),
                        name: match one.local.name().as_str() {
                            "default" => ImportedName::Default,
                            name => ImportedName::Named(name.to_owned()),
                        },
                    };
                    add(summary, &one.exported.name(), value);
                }
                summary.modules.push(module);
            }
            AstKind::ExportAllDeclaration(export) => {
                let module: Box<str> = export.source.value.as_str().into();
                summary.modules.push(module.clone());
                match &export.exported {
                    None => summary.exports_all.push(module),
                    Some(name) => {
                        let value = Value::Import {
                            module: (&*module).into(),
                            name: ImportedName::Module,
                        };
                        add(summary, &name.name(), value);
                    }
                }
            }
            AstKind::ExportDefaultDeclaration(export) => {
                let value = match &export.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                        Value::Function(function.span.start)
                    }
                    ExportDefaultDeclarationKind::ClassDeclaration(class) => {
                        Value::Class(class.span.start)
                    }
                    other => match other.as_expression() {
                        Some(value) => self.parsed.value(value),
                        None => return,
                    },
                };
                add(summary, "default", value);
            }
            AstKind::TSExportAssignment(export) => {
                let value = self.parsed.value(&export.expression);
                add(summary, WHOLE, value);
            }
            AstKind::AssignmentExpression(assignment) => self.common_js(assignment, summary),
            _ => {}
        }
    }

    fn declaration(&self, declaration: &Declaration<'a>, summary: &mut Summary) {
        match declaration {
            Declaration::VariableDeclaration(variables) => {
                for declarator in &variables.declarations {
                    for local in declarator.id.get_binding_identifiers() {
                        let value = Value::Variable(local.name.as_str().into());
                        add(summary, &local.name, value);
                    }
                }
            }
            Declaration::FunctionDeclaration(function) => {
                if let Some(name) = &function.id {
                    add(summary, &name.name, Value::Function(function.span.start));
                }
            }
            Declaration::ClassDeclaration(class) => {
                if let Some(name) = &class.id {
                    add(summary, &name.name, Value::Class(class.span.start));
                }
            }
            Declaration::TSInterfaceDeclaration(interface) => {
                let value = Value::Class(interface.span.start);
                add(summary, &interface.id.name, value);
            }
            Declaration::TSTypeAliasDeclaration(alias) => {
                let name = &alias.id;
                let value = name.symbol_id.get().map(|it| self.parsed.first_value(it));
                if let Some(value) = value.filter(|value| *value != Value::Unknown) {
                    add(summary, &name.name, value);
                }
            }
            _ => {}
        }
    }

    fn common_js(&self, assignment: &'a AssignmentExpression<'a>, summary: &mut Summary) {
        if let Some(name) = self.exported_as(&assignment.left) {
            add(summary, name, self.parsed.value(&assignment.right));
        }
    }

    /// The name under which an assignment exports: `exports.x = …`, `module.exports.x = …`, `module.exports = …`.
    pub(super) fn exported_as(&self, target: &'a AssignmentTarget<'a>) -> Option<&'a str> {
        let target = target.as_member_expression()?;
        let name = target.static_property_name()?;
        let is_undeclared = |expression: &Expression<'a>, name: &str| {
            self.parsed.value(expression) == Value::Global(name.into())
        };
        let object = bare(target.object());
        if is_undeclared(object, "exports") || object.is_specific_member_access("module", "exports")
        {
            Some(name)
        } else {
            (name == "exports" && is_undeclared(object, "module")).then_some(WHOLE)
        }
    }
}

/// The name under which a module exports what it replaces its exports with.
pub(crate) const WHOLE: &str = "module.exports";

fn add(summary: &mut Summary, name: &str, value: Value) {
    summary.exports.push((name.into(), value));
}
