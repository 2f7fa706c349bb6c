//! A file's containers that outlive a call: what they are, how they are named, how long they live.

mod container;
mod imported;
mod late;
mod lifetime;

use oxc_ast::ast::{
    AssignmentExpression, BindingPattern, CallExpression, Expression, ObjectExpression,
    PropertyDefinition, TSType, VariableDeclarator,
};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::{Extent, HolderRef, Value, bare, is_function, literal_text};

pub(crate) use container::{Container, container_of, table_of_containers};
pub(crate) use lifetime::{Lifetime, is_singleton, of_instances};

use crate::facts::names::grown_names;
use crate::file::{File, argument, method};
use crate::project::Holder as Identity;
use container::{container_in, key_type_of};

/// A container that outlives the call that fills it.
#[derive(Debug, Clone)]
pub(crate) struct Holder<'a> {
    /// How js-source is asked about it.
    pub(crate) reference: HolderRef,
    /// As it is written where it is used: `cache`, `this.cache`, `metrics.requests`.
    pub(crate) written: String,
    /// Its name in the declaration.
    pub(crate) declared: Extent,
    pub(crate) container: Container,
    pub(crate) lifetime: Lifetime,
    pub(crate) access: Access,
    /// Who it is in the project; none where only its own file can mean it.
    pub(crate) identity: Option<Identity>,
    /// It is a literal that has containers in it.
    pub(crate) is_table: bool,
    /// The type of its keys or members, where it is written: `string` of `new Map<string, User>()`.
    pub(crate) key_type: Option<&'a TSType<'a>>,
}

/// Who can reach a holder by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Only the code of its file.
    Private,
    /// Other files too, as far as its own file tells.
    Public,
}

/// Names under which programs keep the object that stands for the whole application.
const APPLICATIONS: &[&str] = &["app", "server", "fastify", "application", "process"];
/// Names of the global object, and of the objects that stand for a CommonJS module's exports.
const GLOBALS: &[&str] = &["globalThis", "global"];

/// All holders of a file that something in it may fill, in the order of the text.
pub(crate) fn holders<'a>(file: &File<'_, 'a>) -> Vec<Holder<'a>> {
    let grown = grown_names(file);
    if grown.is_empty() {
        return Vec::new();
    }
    let mut found = Search {
        file,
        grown,
        holders: Vec::new(),
    };
    for node in file.nodes_of([
        AstType::VariableDeclarator,
        AstType::PropertyDefinition,
        AstType::AssignmentExpression,
        AstType::Class,
        AstType::FormalParameter,
        AstType::CallExpression,
        AstType::StaticMemberExpression,
    ]) {
        match node.kind() {
            AstKind::VariableDeclarator(declarator) => found.variable(node.id(), declarator),
            AstKind::PropertyDefinition(field) => found.field(node.id(), field),
            AstKind::AssignmentExpression(assignment) => {
                found.assigned(node.id(), assignment);
                found.given_late(assignment);
            }
            AstKind::Class(class) => found.extending(node.id(), class),
            AstKind::FormalParameter(parameter) => found.parameter_field(node.id(), parameter),
            AstKind::CallExpression(call) => found.decorated(node.id(), call),
            AstKind::StaticMemberExpression(member) => {
                found.of_import(member);
                found.of_application(member);
            }
            _ => {}
        }
    }
    found.imported();
    found.holders
}

/// The object whose properties are holders.
struct Owner<'w> {
    reference: HolderRef,
    written: &'w str,
    site: crate::project::Site,
    access: Access,
}

struct Search<'f, 's, 'a> {
    file: &'f File<'s, 'a>,
    /// Names that something is added to.
    grown: rustc_hash::FxHashSet<&'a str>,
    holders: Vec<Holder<'a>>,
}

impl<'a> Search<'_, '_, 'a> {
    fn add(&mut self, holder: Holder<'a>) {
        let is_known = self
            .holders
            .iter()
            .any(|known| known.reference == holder.reference);
        let said = &self.file.options.known_bounded;
        let is_bounded = said.contains(&holder.written) || said.contains(&label(&holder.reference));
        if !is_known && !is_bounded {
            self.holders.push(holder);
        }
    }

    fn variable(&mut self, node: NodeId, declarator: &'a VariableDeclarator<'a>) {
        let BindingPattern::BindingIdentifier(name) = &declarator.id else {
            return;
        };
        let (Some(symbol), Some(init)) = (name.symbol_id.get(), &declarator.init) else {
            return;
        };
        if let Expression::ObjectExpression(object) = bare(init)
            && self.is_at_module_level(symbol)
        {
            let owner = Owner {
                reference: HolderRef::variable(name.name.as_str()),
                written: name.name.as_str(),
                site: self.file.site(object.node_id.get()),
                access: self.access_of_variable(node, symbol),
            };
            self.literal(&owner, object);
        }
        if !self.grown.contains(name.name.as_str()) {
            return;
        }
        let Some(container) = container_in(self.file, init).or_else(|| table_of_containers(init))
        else {
            return;
        };
        let Some((inside, lifetime)) = self.scope_of(symbol) else {
            return;
        };
        let annotation = declarator.type_annotation.as_ref();
        self.add(Holder {
            reference: HolderRef::Variable {
                name: name.name.to_string(),
                inside: inside.map(|function| self.file.parsed.function_ref(function).position),
            },
            written: name.name.to_string(),
            declared: self.file.extent(name.span),
            container,
            lifetime,
            access: self.access_of_variable(node, symbol),
            identity: self
                .is_at_module_level(symbol)
                .then(|| self.identity(&self.file.parsed.value_of_variable(symbol)))
                .flatten(),
            is_table: table_of_containers(init).is_some(),
            key_type: key_type_of(annotation.map(|a| &a.type_annotation), init),
        });
    }

    fn identity(&self, value: &Value) -> Option<Identity> {
        self.file.project.holder(self.file.index, value)
    }

    fn is_at_module_level(&self, symbol: SymbolId) -> bool {
        let scoping = self.file.parsed.semantic().scoping();
        scoping.symbol_scope_id(symbol) == scoping.root_scope_id()
    }

    /// A function that sees the variable from within its scope, where it has one, and how long the variable lives. None for
    /// variables of a call.
    fn scope_of(&self, symbol: SymbolId) -> Option<(Option<NodeId>, Lifetime)> {
        if self.is_at_module_level(symbol) {
            return Some((None, Lifetime::Process));
        }
        let file = self.file;
        let scoping = file.parsed.semantic().scoping();
        let home = file.function_around(scoping.symbol_declaration(symbol));
        let seen_by = scoping.get_resolved_references(symbol).find_map(|used| {
            let function = file.function_around(used.node_id());
            function.filter(|_| function != home)
        });
        let Some(home) = home else {
            // A block at module level: `try { … }`, `if (isMain) { … }`.
            return Some((seen_by, Lifetime::Process));
        };
        Some((Some(seen_by?), lifetime::of_closure(file, home)?))
    }

    fn access_of_variable(&self, node: NodeId, symbol: SymbolId) -> Access {
        let file = self.file;
        let is_exported = file
            .nodes()
            .ancestor_kinds(node)
            .take(3)
            .any(|kind| matches!(kind, AstKind::ExportDeclaration(_)))
            || file
                .exported_locals()
                .contains(file.parsed.semantic().scoping().symbol_name(symbol))
                && self.is_at_module_level(symbol);
        if is_exported {
            Access::Public
        } else {
            Access::Private
        }
    }

    /// Containers that are properties of an object that a variable of the module, or the module itself, is.
    fn literal(&mut self, of: &Owner<'_>, object: &'a ObjectExpression<'a>) {
        for property in object.properties.iter().filter_map(|p| p.as_property()) {
            let Some(name) = property.key.static_name() else {
                continue;
            };
            let Some(container) = container_of(&property.value) else {
                continue;
            };
            if !self.grown.contains(&*name) {
                continue;
            }
            self.add(Holder {
                reference: of.reference.clone().property(name.as_ref()),
                written: format!("{}.{name}", of.written),
                declared: self.file.extent(property.key.span()),
                container,
                lifetime: Lifetime::Process,
                access: of.access,
                identity: Some(Identity::Member(of.site, name.as_ref().into())),
                is_table: false,
                key_type: key_type_of(None, &property.value),
            });
        }
    }

    fn field(&mut self, node: NodeId, field: &'a PropertyDefinition<'a>) {
        let Some(name) = field.key.name().filter(|_| !field.computed) else {
            return;
        };
        let Some(value) = &field.value else {
            return;
        };
        if let Expression::ObjectExpression(object) = bare(value) {
            self.table_of_field(node, &name, object);
        }
        let Some(container) = container_in(self.file, value) else {
            return;
        };
        if !self.grown.contains(name.as_ref()) {
            return;
        }
        let Some(class) = self.file.parsed.class_around(node) else {
            return;
        };
        let AstKind::Class(declared) = self.file.kind(class) else {
            return;
        };
        let is_private = field.key.is_private_identifier()
            || field.accessibility == Some(oxc_ast::ast::TSAccessibility::Private)
            || name.starts_with('_');
        let own = if field.key.is_private_identifier() {
            format!("#{name}")
        } else {
            name.to_string()
        };
        let annotation = field.type_annotation.as_ref();
        let (reference, written, lifetime) = if field.r#static {
            let Some(class_name) = self.file.parsed.function_ref(class).name else {
                return;
            };
            let written = format!("{class_name}.{own}");
            let reference = HolderRef::variable(class_name).property(own);
            (reference, written, Lifetime::Process)
        } else {
            (
                self.field_of(class, declared.span, own.clone()),
                format!("this.{own}"),
                lifetime::of_instances(self.file, class),
            )
        };
        self.add(Holder {
            reference,
            written,
            identity: (!field.key.is_private_identifier())
                .then(|| Identity::Member(self.file.site(class), name.as_ref().into())),
            declared: self.file.extent(field.key.span()),
            container,
            lifetime,
            access: if is_private {
                Access::Private
            } else {
                Access::Public
            },
            is_table: false,
            key_type: key_type_of(annotation.map(|a| &a.type_annotation), value),
        });
    }

    fn field_of(&self, class: NodeId, start: Span, name: String) -> HolderRef {
        HolderRef::Field {
            class: self.file.parsed.function_ref(class).name,
            name,
            constructor: Some(self.file.extent(start).from),
        }
    }

    /// `this.x = new Map()`, `exports.x = {}`, `globalThis.x ??= new Map()`, `Api.log = []`, `app.locals.seen = {}`.
    fn assigned(&mut self, node: NodeId, assignment: &'a AssignmentExpression<'a>) {
        let file = self.file;
        let Some(target) = assignment.left.as_member_expression() else {
            return;
        };
        let right = bare(&assignment.right);
        let name = match target {
            oxc_ast::ast::MemberExpression::PrivateFieldExpression(member) => {
                format!("#{}", member.field.name)
            }
            target => match target.static_property_name() {
                Some(name) => name.to_owned(),
                None => return,
            },
        };
        let object = bare(target.object());
        if let Expression::ObjectExpression(literal) = right
            && is_module_exports(file, object, &name)
        {
            // `module.exports = { items: [] }`
            let owner = Owner {
                reference: HolderRef::global("module").property("exports"),
                written: "exports",
                site: file.site(literal.node_id.get()),
                access: Access::Public,
            };
            self.literal(&owner, literal);
        }
        if let (Expression::ObjectExpression(literal), Expression::ThisExpression(_)) =
            (right, object)
        {
            self.table_of_field(node, &name, literal);
        }
        if !self.grown.contains(name.trim_start_matches('#')) {
            return;
        }
        let right = self.default_of(right).unwrap_or(right);
        let Some(container) = container_in(self.file, right) else {
            return;
        };
        let Some((reference, lifetime, access)) = self.owner(node, object, &name) else {
            return;
        };
        let identity = match object {
            Expression::ThisExpression(_) => self
                .constructed_by(node)
                .or_else(|| self.of_first_use(node))
                .map(|(owner, _)| Identity::Member(file.site(owner), name.as_str().into())),
            _ if is_exports(file, object) => {
                Some(Identity::Export(file.index, name.as_str().into()))
            }
            _ => self.identity(&file.parsed.value(object).member(&name)),
        };
        self.add(Holder {
            reference,
            written: file.slice(assignment.left.span()).to_owned(),
            declared: file.extent(assignment.left.span()),
            container,
            lifetime,
            access,
            identity,
            is_table: false,
            key_type: key_type_of(None, right),
        });
    }

    /// Whose property `object.name` is, with how long it lives; none where that is not known.
    fn owner(
        &self,
        node: NodeId,
        object: &'a Expression<'a>,
        name: &str,
    ) -> Option<(HolderRef, Lifetime, Access)> {
        let file = self.file;
        match object {
            Expression::ThisExpression(_) => {
                let (owner, start) = self
                    .constructed_by(node)
                    .or_else(|| self.of_first_use(node))?;
                let is_private = name.starts_with(['#', '_']);
                Some((
                    self.field_of(owner, start, name.to_owned()),
                    lifetime::of_instances(file, owner),
                    if is_private {
                        Access::Private
                    } else {
                        Access::Public
                    },
                ))
            }
            Expression::Identifier(identifier) => {
                let root = identifier.name.as_str();
                let Some(symbol) = file.variable(object) else {
                    let is_global = GLOBALS.contains(&root);
                    return match root {
                        "exports" => Some((
                            HolderRef::global("exports").property(name),
                            Lifetime::Process,
                            Access::Public,
                        )),
                        _ if is_global => {
                            Some((HolderRef::global(name), Lifetime::Process, Access::Private))
                        }
                        _ => None,
                    };
                };
                let reference = HolderRef::Variable {
                    name: root.to_owned(),
                    inside: file
                        .function_around(node)
                        .map(|function| file.parsed.function_ref(function).position),
                };
                let is_class = file.callable(object).is_some();
                let is_first = self.is_at_module_level(symbol)
                    && matches!(file.kind(node), AstKind::AssignmentExpression(assignment)
                        if late::is_for_the_missing(file, node, assignment));
                // `compile.cache = compile.cache || {}` in `compile` itself.
                let is_ours = is_class && (file.function_around(node).is_none() || is_first)
                    || APPLICATIONS.contains(&root) && !self.is_handler_parameter(symbol);
                is_ours.then(|| (reference.property(name), Lifetime::Process, Access::Public))
            }
            object if is_exports(file, object) => Some((
                HolderRef::global("module")
                    .property("exports")
                    .property(name),
                Lifetime::Process,
                Access::Public,
            )),
            // `app.locals.seen = {}`
            Expression::StaticMemberExpression(member) => {
                let (object, lifetime, access) =
                    self.owner(node, bare(&member.object), member.property.name.as_str())?;
                let is_application = matches!(bare(&member.object), Expression::Identifier(_));
                is_application.then(|| (object.property(name), lifetime, access))
            }
            _ => None,
        }
    }

    fn is_handler_parameter(&self, symbol: SymbolId) -> bool {
        let file = self.file;
        let declaration = file.parsed.semantic().scoping().symbol_declaration(symbol);
        let function = file.function_around(declaration);
        function.is_some_and(|function| file.is_hot(function))
    }

    /// The class, or constructor function, that the code at a node constructs instances of, with its start.
    fn constructed_by(&self, node: NodeId) -> Option<(NodeId, Span)> {
        let file = self.file;
        let mut around = file.nodes().ancestor_ids(node);
        let function = around.find(|around| {
            let kind = file.kind(*around);
            is_function(kind) && !matches!(kind, AstKind::ArrowFunctionExpression(_))
        })?;
        match file.kind(file.parent(function)) {
            AstKind::MethodDefinition(method) if method.kind.is_constructor() => {
                let class = self.file.parsed.class_around(function)?;
                Some((class, file.kind(class).span()))
            }
            AstKind::MethodDefinition(_) | AstKind::ObjectProperty(_) => None,
            _ => {
                let AstKind::Function(own) = file.kind(function) else {
                    return None;
                };
                let name = file.parsed.function_ref(function).name?;
                // Constructor functions are told from others by their name only.
                name.starts_with(char::is_uppercase)
                    .then(|| (function, own.params.span))
            }
        }
    }

    /// fastify's `app.decorate('seen', new Map())`.
    fn decorated(&mut self, node: NodeId, call: &'a CallExpression<'a>) {
        let Some((object, "decorate")) = method(call) else {
            return;
        };
        let (Some(name), Some(value)) =
            (argument(call, 0).and_then(literal_text), argument(call, 1))
        else {
            return;
        };
        let (Some(container), Expression::Identifier(root)) = (container_of(value), object) else {
            return;
        };
        let file = self.file;
        self.add(Holder {
            reference: HolderRef::Variable {
                name: root.name.to_string(),
                inside: file
                    .function_around(node)
                    .map(|function| file.parsed.function_ref(function).position),
            }
            .property(name),
            written: format!("{}.{name}", root.name),
            declared: file.extent(call.span),
            container,
            lifetime: Lifetime::Process,
            access: Access::Private,
            identity: self.identity(&file.parsed.value(object).member(name)),
            is_table: false,
            key_type: key_type_of(None, value),
        });
    }
}

/// `exports`, `module.exports`.
fn is_exports<'a>(file: &File<'_, 'a>, object: &Expression<'a>) -> bool {
    match object.as_member_expression() {
        Some(member) => member
            .static_property_name()
            .is_some_and(|name| is_module_exports(file, bare(member.object()), name)),
        None => {
            matches!(object, Expression::Identifier(root) if root.name == "exports")
                && file.variable(object).is_none()
        }
    }
}

fn is_module_exports<'a>(file: &File<'_, 'a>, object: &Expression<'a>, name: &str) -> bool {
    name == "exports"
        && matches!(object, Expression::Identifier(root) if root.name == "module")
        && file.variable(object).is_none()
}

/// A holder as a configuration names it: `routes`, `Registry.routes`.
fn label(holder: &HolderRef) -> String {
    match holder {
        HolderRef::Variable { name, .. } | HolderRef::Global { name } => name.clone(),
        HolderRef::Field { class, name, .. } => match class {
            Some(class) => format!("{class}.{name}"),
            None => name.clone(),
        },
        HolderRef::Property { object, name } => format!("{}.{name}", label(object)),
    }
}
