//! Containers that other files declare and this one fills: by their names, or as parts of what is imported.

use oxc_ast::AstKind;
use oxc_ast::ast::StaticMemberExpression;
use oxc_semantic::SymbolId;
use stanch_js_source::{HolderRef, Value};

use super::{Access, Container, Holder, Lifetime, Search};
use crate::project::Meaning;

impl<'a> Search<'_, '_, 'a> {
    /// Containers that another file declares and this one imports by name.
    pub(super) fn imported(&mut self) {
        let file = self.file;
        let scoping = file.parsed.semantic().scoping();
        let bindings = scoping.get_bindings(scoping.root_scope_id()).iter();
        let grown = bindings.filter(|(name, _)| self.grown.contains(name.as_str()));
        let mut grown: Vec<SymbolId> = grown.map(|(_, symbol)| *symbol).collect();
        grown.sort_unstable();
        for symbol in grown {
            if !is_imported(&file.parsed.first_value(symbol)) {
                continue;
            }
            let local = scoping.symbol_name(symbol);
            let value = file.parsed.value_of_variable(symbol);
            let Some(container) = self.container_elsewhere(&value) else {
                continue;
            };
            let Some(identity) = self.identity(&value) else {
                continue;
            };
            self.add(Holder {
                reference: HolderRef::variable(local),
                written: local.to_owned(),
                declared: file.extent(scoping.symbol_span(symbol)),
                container,
                lifetime: Lifetime::Process,
                access: Access::Public,
                identity: Some(identity),
                is_table: false,
                key_type: None,
            });
        }
    }

    /// A container that another file declares in an object, a class or a module that this one imports: `state.trail`.
    pub(super) fn of_import(&mut self, member: &'a StaticMemberExpression<'a>) {
        let file = self.file;
        let name = member.property.name.as_str();
        let Some(symbol) = file
            .variable(&member.object)
            .filter(|symbol| self.grown.contains(name) && self.is_at_module_level(*symbol))
        else {
            return;
        };
        let of = file.parsed.value_of_variable(symbol);
        let is_imported = match &of {
            Value::Import { .. } => true,
            Value::Variable(_) => matches!(file.parsed.first_value(symbol), Value::Import { .. }),
            _ => false,
        };
        let value = of.member(name);
        let Some(container) = self.container_elsewhere(&value).filter(|_| is_imported) else {
            return;
        };
        let Some(identity) = self.identity(&value) else {
            return;
        };
        let local = file.parsed.semantic().scoping().symbol_name(symbol);
        self.add(Holder {
            reference: HolderRef::variable(local).property(name),
            written: format!("{local}.{name}"),
            declared: file.extent(member.span),
            container,
            lifetime: Lifetime::Process,
            access: Access::Public,
            identity: Some(identity),
            is_table: false,
            key_type: None,
        });
    }

    /// A container that a plugin of another file gives the application: `app.sessions.set(…)` of what a handler's file gets.
    pub(super) fn of_application(&mut self, member: &'a StaticMemberExpression<'a>) {
        let file = self.file;
        let name = member.property.name.as_str();
        if !self.grown.contains(name) || !file.project.is_decorated(name) {
            return;
        }
        let Some(symbol) = file.variable(&member.object) else {
            return;
        };
        let scoping = file.parsed.semantic().scoping();
        let declaration = scoping.symbol_declaration(symbol);
        let (AstKind::FormalParameter(_), Some(function)) =
            (file.kind(declaration), file.function_around(declaration))
        else {
            return;
        };
        let value = file.parsed.value(&member.object).member(name);
        let (Some(container), Some(identity)) =
            (self.container_elsewhere(&value), self.identity(&value))
        else {
            return;
        };
        let local = scoping.symbol_name(symbol);
        self.add(Holder {
            reference: HolderRef::Variable {
                name: local.to_owned(),
                inside: Some(file.parsed.function_ref(function).position),
            }
            .property(name),
            written: format!("{local}.{name}"),
            declared: file.extent(member.span),
            container,
            lifetime: Lifetime::Process,
            access: Access::Private,
            identity: Some(identity),
            is_table: false,
            key_type: None,
        });
    }

    fn container_elsewhere(&self, value: &Value) -> Option<Container> {
        match self.file.project.meaning(self.file.index, value) {
            Meaning::Array => Some(Container::Array),
            Meaning::Object(_) => Some(Container::Object),
            Meaning::Instance(class) if class.is_global("Map") => Some(Container::Map),
            Meaning::Instance(class) if class.is_global("Set") => Some(Container::Set),
            _ => None,
        }
    }
}

/// Whether a value is what another file exports, or a part of that.
fn is_imported(value: &Value) -> bool {
    match value {
        Value::Import { .. } => true,
        Value::Member(of, _) => is_imported(of),
        _ => false,
    }
}
