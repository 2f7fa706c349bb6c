//! An expression into what it stands for, as plain data that another file's facts complete.
//!
//! A text alone knows that `sessions.add` is a member of what `./sessions` exports by default; with that file's own facts it
//! is the method of a class. Values say the first part in a form that outlives the syntax tree.

use oxc_ast::AstKind;
use oxc_ast::ast::{
    AssignmentExpression, BindingPattern, Expression, FormalParameter, IdentifierReference,
    ObjectExpression, ObjectPropertyKind,
};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;
use oxc_str::CompactStr;

use crate::import::ImportedName;
use crate::owner::Owner;
use crate::parse::ParsedSource;
use crate::tree::{MOST_NAMES, Tree, argument, bare, key_name, literal_text, target_node};

/// What an expression stands for, as far as its own file tells.
///
/// Functions, classes and literals are named by the byte where they start in the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// A variable of the module's own scope; what it holds is said elsewhere.
    Variable(CompactStr),
    /// A function.
    Function(u32),
    /// A class, or an interface.
    Class(u32),
    /// An object literal.
    Object(u32),
    /// An array.
    Array,
    /// A function's parameter, by the function and the position.
    Parameter(u32, u32),
    /// Something another module exports.
    Import {
        /// The module as written.
        module: CompactStr,
        /// Which of its exports.
        name: ImportedName,
    },
    /// A name that the file does not declare.
    Global(CompactStr),
    /// `new X()`.
    Instance(Box<Value>),
    /// What a call gives, awaited where it is a promise.
    Result(Box<Value>),
    /// A property.
    Member(Box<Value>, CompactStr),
    /// Anything else.
    Unknown,
}

impl Value {
    /// The property of that name.
    #[must_use]
    pub fn member(self, name: &str) -> Self {
        Self::Member(Box::new(self), name.into())
    }

    /// What the variable of this name gets of the value when a pattern takes it apart.
    #[must_use]
    pub fn taken_by(self, pattern: &BindingPattern<'_>, name: &str) -> Self {
        picked(pattern, name, self)
    }

    /// What everything else in the chain is a property, a result or an instance of.
    #[must_use]
    pub fn root(&self) -> &Self {
        match self {
            Self::Instance(of) | Self::Result(of) | Self::Member(of, _) => of.root(),
            root => root,
        }
    }
}

impl<'a> ParsedSource<'a> {
    /// What an expression stands for.
    pub fn value(&self, expression: &Expression<'a>) -> Value {
        self.tree.value(expression, MOST_NAMES)
    }

    /// A chain of plain names as it is written, and the variable that it starts from; that is none where the file does not
    /// declare it. Two that are the same stand for the same thing, wherever they are.
    pub fn names(&self, expression: &Expression<'a>) -> Option<(Option<SymbolId>, &'a str)> {
        let mut inner = bare(expression);
        loop {
            match inner {
                Expression::StaticMemberExpression(member) => inner = bare(&member.object),
                Expression::Identifier(name) => {
                    let variable = self.tree.symbol_of_reference(name);
                    return Some((variable, self.tree.slice(expression.span())));
                }
                _ => return None,
            }
        }
    }

    /// What a name stands for where it is used.
    pub fn value_of_name(&self, name: &IdentifierReference<'a>) -> Value {
        self.tree.value_of_name(name, MOST_NAMES)
    }

    /// What a variable, parameter or import stands for; not followed to what a module variable holds.
    pub fn value_of_variable(&self, variable: SymbolId) -> Value {
        self.tree.value_of_symbol(variable, MOST_NAMES)
    }

    /// The parameter that a variable is, or is a part of, whatever its type says.
    pub fn parameter_of_variable(&self, variable: SymbolId) -> Option<Value> {
        let declaration = self.tree.scoping().symbol_declaration(variable);
        let AstKind::FormalParameter(parameter) = self.tree.kind(declaration) else {
            return None;
        };
        let value = self.tree.parameter_by_position(declaration, parameter)?;
        let name = self.tree.scoping().symbol_name(variable);
        Some(picked(&parameter.pattern, name, value))
    }

    /// What a declared module variable holds at first.
    pub fn first_value(&self, variable: SymbolId) -> Value {
        self.tree.declared_value(variable, MOST_NAMES)
    }

    /// The name of a member, a private one with its `#`, one behind a symbol as `[symbol]`.
    pub fn member_name(&self, kind: AstKind<'a>) -> Option<String> {
        self.tree.member_name(kind).map(|name| name.into_owned())
    }

    /// What the properties of an object literal stand for, where that is known.
    pub fn properties(&self, literal: &ObjectExpression<'a>) -> Vec<(Box<str>, Value)> {
        let properties = literal
            .properties
            .iter()
            .filter_map(|property| match property {
                ObjectPropertyKind::ObjectProperty(property) => {
                    // Most are numbers and texts.
                    let value = self.value(&property.value);
                    let name = (value != Value::Unknown).then(|| key_name(&property.key))??;
                    Some((name.into(), value))
                }
                ObjectPropertyKind::SpreadProperty(_) => None,
            });
        properties.collect()
    }

    /// `this.x = …` and `F.prototype.m = …`: the class or constructor function that gets a member, its name and its value.
    pub fn assigned_member(
        &self,
        assignment: &AssignmentExpression<'a>,
    ) -> Option<(Value, String, Value)> {
        let member = assignment.left.as_member_expression()?;
        let target = target_node(&assignment.left)?;
        let name = self.member_name(self.tree.kind(target))?;
        let class = match bare(member.object()) {
            Expression::ThisExpression(this) => {
                self.tree
                    .owner_value(match self.tree.owner_at(this.node_id.get())? {
                        Owner::Instance(owner) => owner,
                        Owner::Class(_) | Owner::Object(_) => return None,
                    })
            }
            object => {
                let of = object.as_member_expression()?;
                if of.static_property_name() != Some("prototype") {
                    return None;
                }
                self.value(of.object())
            }
        };
        Some((class, name, self.value(&assignment.right)))
    }
}

impl<'a> Tree<'a> {
    pub(crate) fn value(&self, expression: &Expression<'a>, names: u32) -> Value {
        let Some(names) = names.checked_sub(1) else {
            return Value::Unknown;
        };
        match bare(expression) {
            Expression::Identifier(identifier) => self.value_of_name(identifier, names),
            Expression::FunctionExpression(function) => Value::Function(function.span.start),
            Expression::ArrowFunctionExpression(arrow) => Value::Function(arrow.span.start),
            Expression::ClassExpression(class) => Value::Class(class.span.start),
            Expression::ObjectExpression(literal) => Value::Object(literal.span.start),
            Expression::ArrayExpression(_) => Value::Array,
            Expression::ThisExpression(this) => self.value_of_this(this.node_id.get()),
            Expression::NewExpression(new) => {
                Value::Instance(Box::new(self.value(&new.callee, names)))
            }
            Expression::AwaitExpression(awaited) => self.value(&awaited.argument, names),
            Expression::ImportExpression(import) => match literal_text(&import.source) {
                Some(module) => Value::Import {
                    module: module.into(),
                    name: ImportedName::Module,
                },
                None => Value::Unknown,
            },
            Expression::CallExpression(call) => self.value_of_call(call, names),
            // What is there by default: `options.store ?? new Map()`.
            Expression::LogicalExpression(either) => match self.value(&either.right, names) {
                Value::Unknown => self.value(&either.left, names),
                right => right,
            },
            Expression::AssignmentExpression(assignment) => self.value(&assignment.right, names),
            member => {
                let Some(name) = self.member_name(AstKind::from_expression(member)) else {
                    return Value::Unknown;
                };
                match member.as_member_expression() {
                    Some(of) => match self.value(of.object(), names) {
                        Value::Unknown => Value::Unknown.member(&name),
                        object => object.member(&name),
                    },
                    None => Value::Unknown,
                }
            }
        }
    }

    pub(crate) fn value_of_name(&self, name: &IdentifierReference<'a>, names: u32) -> Value {
        match self.symbol_of_reference(name) {
            Some(symbol) => self.value_of_symbol(symbol, names),
            None => Value::Global(name.name.as_str().into()),
        }
    }

    fn value_of_call(&self, call: &oxc_ast::ast::CallExpression<'a>, names: u32) -> Value {
        if let Some(module) = call.common_js_require() {
            return Value::Import {
                module: module.value.as_str().into(),
                name: ImportedName::Module,
            };
        }
        let callee = bare(&call.callee);
        if let Some(member) = callee.as_member_expression() {
            match member.static_property_name() {
                // `f.bind(…)` stands for f, `Object.freeze(x)` for x.
                Some("bind") => return self.value(member.object(), names),
                Some("freeze" | "seal") => {
                    if let Some(first) = argument(&call.arguments, 0) {
                        return self.value(first, names);
                    }
                }
                Some("resolve" | "get") => {
                    // `container.get<Orders>(TYPES.Orders)`
                    let typed = call.type_arguments.as_ref();
                    if let Some([named]) = typed.map(|typed| typed.params.as_slice())
                        && let value @ Value::Instance(_) = self.instance_of_type(named, names)
                    {
                        return value;
                    }
                    if let Some(class) = self.class_asked_for(call) {
                        return Value::Instance(Box::new(self.value(class, names)));
                    }
                }
                _ => {}
            }
        }
        Value::Result(Box::new(self.value(callee, names)))
    }

    /// The class of which a container of services is asked for its instance: `container.resolve(OrderService)`.
    fn class_asked_for<'b>(
        &self,
        call: &'b oxc_ast::ast::CallExpression<'a>,
    ) -> Option<&'b Expression<'a>> {
        let first = argument(&call.arguments, 0)?;
        let Expression::Identifier(name) = bare(first) else {
            return None;
        };
        // Classes are written so, and constants in capitals only.
        let mut letters = name.name.chars();
        let is_class =
            letters.next().is_some_and(char::is_uppercase) && letters.any(char::is_lowercase);
        let declared = self.symbol_of_reference(name)?;
        let is_declared = matches!(
            self.kind(self.scoping().symbol_declaration(declared)),
            AstKind::Class(_)
                | AstKind::ImportSpecifier(_)
                | AstKind::ImportDefaultSpecifier(_)
                | AstKind::VariableDeclarator(_)
        );
        (is_class && is_declared).then_some(first)
    }

    fn value_of_this(&self, this: NodeId) -> Value {
        match self.owner_at(this) {
            Some(Owner::Instance(owner)) => match self.owner_value(owner) {
                literal @ Value::Object(_) => literal,
                class => Value::Instance(Box::new(class)),
            },
            Some(Owner::Class(owner)) => self.owner_value(owner),
            Some(Owner::Object(symbol)) => self.value_of_symbol(symbol, 1),
            None => Value::Unknown,
        }
    }

    fn owner_value(&self, owner: NodeId) -> Value {
        let start = self.span(owner).start;
        match self.kind(owner) {
            AstKind::Class(_) => Value::Class(start),
            AstKind::Function(_) => Value::Function(start),
            AstKind::ObjectExpression(_) => Value::Object(start),
            _ => Value::Unknown,
        }
    }

    fn value_of_symbol(&self, symbol: SymbolId, names: u32) -> Value {
        let scoping = self.scoping();
        let declaration = scoping.symbol_declaration(symbol);
        if scoping.symbol_scope_id(symbol) == scoping.root_scope_id()
            && matches!(self.kind(declaration), AstKind::VariableDeclarator(_))
        {
            return Value::Variable(scoping.symbol_name(symbol).into());
        }
        self.declared_value(symbol, names)
    }

    fn declared_value(&self, symbol: SymbolId, names: u32) -> Value {
        let Some(names) = names.checked_sub(1) else {
            return Value::Unknown;
        };
        let declaration = self.scoping().symbol_declaration(symbol);
        let name = self.scoping().symbol_name(symbol);
        match self.kind(declaration) {
            AstKind::Function(function) => Value::Function(function.span.start),
            AstKind::Class(class) => Value::Class(class.span.start),
            AstKind::TSInterfaceDeclaration(interface) => Value::Class(interface.span.start),
            AstKind::TSTypeAliasDeclaration(alias) => {
                self.value_of_alias(&alias.type_annotation, names)
            }
            AstKind::VariableDeclarator(declarator) => {
                let value = match (&declarator.init, &declarator.type_annotation) {
                    (Some(init), _) => self.value(init, names),
                    (None, Some(annotation)) => self.value_of_type(annotation),
                    (None, None) => self.assigned_later(symbol, names),
                };
                picked(&declarator.id, name, value)
            }
            AstKind::FormalParameter(parameter) => {
                self.value_of_parameter(declaration, parameter, name)
            }
            AstKind::ImportSpecifier(_)
            | AstKind::ImportDefaultSpecifier(_)
            | AstKind::ImportNamespaceSpecifier(_) => match self.import_of_symbol(symbol) {
                Some((module, name)) => Value::Import {
                    module: module.into(),
                    name,
                },
                None => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    /// `let pool; … pool = new Pool()`: the one value that a variable is given after its declaration.
    fn assigned_later(&self, symbol: SymbolId, names: u32) -> Value {
        let given = self.references(symbol).into_iter().find_map(|reference| {
            let parent = self.parent_past_wrappers(reference)?;
            match self.kind(parent) {
                AstKind::AssignmentExpression(assignment)
                    if assignment.left.span() == self.span(reference) =>
                {
                    match self.value(&assignment.right, names) {
                        Value::Unknown => None,
                        Value::Global(name) if &*name == "undefined" => None,
                        value => Some(value),
                    }
                }
                _ => None,
            }
        });
        given.unwrap_or(Value::Unknown)
    }

    fn value_of_parameter(
        &self,
        declaration: NodeId,
        parameter: &FormalParameter<'a>,
        name: &str,
    ) -> Value {
        let typed = parameter.type_annotation.as_ref();
        if let Some(annotation) = typed {
            match self.value_of_type(annotation) {
                Value::Unknown => {}
                // Of what is written there with some types only, callers tell the rest.
                _ if !self.tells(&annotation.type_annotation, &parameter.pattern, name) => {}
                value => return picked(&parameter.pattern, name, value),
            }
        }
        match self.parameter_by_position(declaration, parameter) {
            Some(value) => picked(&parameter.pattern, name, value),
            None => Value::Unknown,
        }
    }

    fn parameter_by_position(
        &self,
        declaration: NodeId,
        parameter: &FormalParameter<'a>,
    ) -> Option<Value> {
        let function = self.function_around(declaration)?;
        let parameters = self.parameters(function)?;
        let mut items = parameters.items.iter();
        let position = items.position(|item| item.span == parameter.span)?;
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        Some(Value::Parameter(self.span(function).start, position))
    }
}

/// What the variable of this name gets of a value that a pattern takes apart.
fn picked(pattern: &BindingPattern<'_>, name: &str, value: Value) -> Value {
    match pattern {
        BindingPattern::BindingIdentifier(_) => value,
        BindingPattern::AssignmentPattern(default) => picked(&default.left, name, value),
        BindingPattern::ObjectPattern(object) => {
            let property = object.properties.iter().find(|property| {
                let names = property.value.get_binding_identifiers();
                names.iter().any(|identifier| identifier.name == name)
            });
            match property.and_then(|property| Some((key_name(&property.key)?, &property.value))) {
                Some((key, inner)) => picked(inner, name, value.member(&key)),
                None => Value::Unknown,
            }
        }
        BindingPattern::ArrayPattern(_) => Value::Unknown,
    }
}
