//! The expression a holder starts with into the kind of container it makes.

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, Expression, NewExpression, ObjectExpression, ObjectPropertyKind};

use crate::import::ImportedName;
use crate::tree::{Tree, argument, bare, key_name};

/// What a holder is initialised with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Initializer {
    /// `new Map()`
    Map,
    /// `new Set()`
    Set,
    /// `new WeakMap()`: its entries go with their keys.
    WeakMap,
    /// `new WeakSet()`: its entries go by themselves.
    WeakSet,
    /// An array literal, `new Array()`, `Array.from(…)`.
    Array,
    /// An object literal or `Object.create(…)`.
    Object,
    /// A Node event emitter.
    EventEmitter,
    /// A library's container that its options bound.
    Bounded {
        /// The package, such as `lru-cache`.
        library: String,
        /// Most entries it keeps.
        max: Option<u64>,
        /// Milliseconds an entry lives.
        ttl_ms: Option<u64>,
    },
    /// `new X()` of any other class.
    New {
        /// The class as written.
        class: String,
        /// The package the class is imported from.
        module: Option<String>,
    },
    /// A call's result.
    Call {
        /// The callee as written.
        callee: String,
    },
    /// `require(…)` or an import.
    Import {
        /// The module as written.
        module: String,
    },
    /// A function or class.
    Code,
    /// A string, number, boolean or template.
    Primitive,
    /// `null`, `undefined`, or no initial value at all.
    Nothing,
    /// A parameter: the caller knows.
    Parameter,
    /// Anything else.
    Other,
}

/// A library with bounded containers: its package, and the options that bound one.
struct BoundedLibrary {
    package: &'static str,
    max: &'static [&'static str],
    ttl: &'static [&'static str],
    /// What one unit of the `ttl` options is in milliseconds.
    ttl_unit_ms: u64,
}

/// What a container's options say of its bound.
#[derive(Default)]
struct Bound {
    is_set: bool,
    max: Option<u64>,
    ttl_ms: Option<u64>,
}

const MILLISECOND: u64 = 1;
const SECOND: u64 = 1_000;

const BOUNDED_LIBRARIES: &[BoundedLibrary] = &[
    library(
        "lru-cache",
        &["max", "maxSize"],
        &["ttl", "maxAge"],
        MILLISECOND,
    ),
    library("quick-lru", &["maxSize"], &["maxAge"], MILLISECOND),
    library("node-cache", &["maxKeys"], &["stdTTL"], SECOND),
    library("@isaacs/ttlcache", &["max"], &["ttl"], MILLISECOND),
    library("keyv", &[], &["ttl"], MILLISECOND),
    library("tiny-lru", &["max"], &["ttl"], MILLISECOND),
    library("lru_map", &["limit"], &[], MILLISECOND),
    library("lru-memoizer", &["max"], &["maxAge", "ttl"], MILLISECOND),
    library("mnemonist", &["capacity"], &[], MILLISECOND),
    library("cache-manager", &["max"], &["ttl"], MILLISECOND),
    library("p-memoize", &[], &["maxAge"], MILLISECOND),
    library("mem", &[], &["maxAge"], MILLISECOND),
    library("memoizee", &["max"], &["maxAge"], MILLISECOND),
    library("moize", &["maxSize"], &["maxAge"], MILLISECOND),
    library("micro-memoize", &["maxSize"], &[], MILLISECOND),
    library("lru.min", &["max"], &[], MILLISECOND),
];

const fn library(
    package: &'static str,
    max: &'static [&'static str],
    ttl: &'static [&'static str],
    ttl_unit_ms: u64,
) -> BoundedLibrary {
    BoundedLibrary {
        package,
        max,
        ttl,
        ttl_unit_ms,
    }
}

impl<'a> Tree<'a> {
    pub(crate) fn initializer(&self, expression: &Expression<'a>) -> Initializer {
        match bare(expression) {
            Expression::ArrayExpression(_) => Initializer::Array,
            Expression::ObjectExpression(_) => Initializer::Object,
            Expression::NewExpression(new) => self.constructed(new),
            Expression::CallExpression(call) => {
                if let Some(module) = call.common_js_require() {
                    return Initializer::Import {
                        module: module.value.to_string(),
                    };
                }
                let callee = self.brief(oxc_span::GetSpan::span(&call.callee));
                match callee.as_str() {
                    "Array" | "Array.from" | "Array.of" => Initializer::Array,
                    "Object.create" | "Object.fromEntries" | "Object.assign" => Initializer::Object,
                    _ => self
                        .bounded(&call.callee, &call.arguments)
                        .unwrap_or(Initializer::Call { callee }),
                }
            }
            Expression::LogicalExpression(logical) => self.initializer(&logical.right),
            // `(m = new Map())` and compiled enums give what is assigned.
            Expression::AssignmentExpression(assignment) => self.initializer(&assignment.right),
            Expression::FunctionExpression(_)
            | Expression::ArrowFunctionExpression(_)
            | Expression::ClassExpression(_) => Initializer::Code,
            Expression::NullLiteral(_) => Initializer::Nothing,
            Expression::Identifier(identifier) if identifier.name == "undefined" => {
                Initializer::Nothing
            }
            Expression::UnaryExpression(unary)
                if unary.operator == oxc_syntax::operator::UnaryOperator::Void =>
            {
                Initializer::Nothing
            }
            Expression::StringLiteral(_)
            | Expression::NumericLiteral(_)
            | Expression::BooleanLiteral(_)
            | Expression::BigIntLiteral(_)
            | Expression::TemplateLiteral(_) => Initializer::Primitive,
            _ => Initializer::Other,
        }
    }

    fn constructed(&self, new: &NewExpression<'a>) -> Initializer {
        if let Some(bounded) = self.bounded(&new.callee, &new.arguments) {
            return bounded;
        }
        let class = self.brief(oxc_span::GetSpan::span(&new.callee));
        let import = self.import_of(&new.callee);
        let module = import.as_ref().map(|(module, _)| module.clone());
        let imported = import.map(|(_, name)| name);
        let from_events = matches!(module.as_deref(), Some("events" | "node:events"));
        match class.as_str() {
            "Map" => Initializer::Map,
            "Set" => Initializer::Set,
            "WeakMap" => Initializer::WeakMap,
            "WeakSet" => Initializer::WeakSet,
            "Array" => Initializer::Array,
            "Object" => Initializer::Object,
            "EventEmitter" | "EventTarget" => Initializer::EventEmitter,
            _ if from_events && imported != Some(ImportedName::Named("once".into())) => {
                Initializer::EventEmitter
            }
            _ if class.ends_with(".EventEmitter") => Initializer::EventEmitter,
            _ => Initializer::New { class, module },
        }
    }

    /// A container of a known library with at least one option that bounds it.
    fn bounded(&self, callee: &Expression<'a>, arguments: &[Argument<'a>]) -> Option<Initializer> {
        let (module, _) = self.import_of(callee)?;
        let library = BOUNDED_LIBRARIES.iter().find(|library| {
            module == library.package
                || module
                    .strip_prefix(library.package)
                    .is_some_and(|rest| rest.starts_with('/'))
        })?;
        let mut bound = Bound::default();
        for index in 0..arguments.len() {
            let Some(value) = argument(arguments, index).map(|value| self.resolved(value)) else {
                continue;
            };
            if let Expression::ObjectExpression(options) = value {
                self.read_options(library, options, &mut bound);
            } else if index == 0 && !library.max.is_empty() {
                // `new LRU(500)`, `lru(500)`: the first number is the size.
                bound.max = self.whole_number(value);
                bound.is_set |= bound.max.is_some();
            }
        }
        bound.is_set.then(|| Initializer::Bounded {
            library: library.package.to_string(),
            max: bound.max,
            ttl_ms: bound.ttl_ms,
        })
    }

    fn read_options(
        &self,
        library: &BoundedLibrary,
        options: &ObjectExpression<'a>,
        bound: &mut Bound,
    ) {
        for property in &options.properties {
            let ObjectPropertyKind::ObjectProperty(property) = property else {
                continue;
            };
            let Some(name) = key_name(&property.key) else {
                continue;
            };
            let number = self.whole_number(&property.value);
            // Zero means "no limit" to all of them.
            if number == Some(0) {
                continue;
            }
            if library.max.contains(&name.as_ref()) {
                bound.is_set = true;
                bound.max = bound.max.or(number);
            } else if library.ttl.contains(&name.as_ref()) {
                bound.is_set = true;
                bound.ttl_ms = number.map(|number| number * library.ttl_unit_ms);
            }
        }
    }

    /// The expression behind a name that is declared with it: options often have one.
    fn resolved<'b>(&'b self, expression: &'b Expression<'a>) -> &'b Expression<'a> {
        let expression = bare(expression);
        let Some(symbol) = self.symbol_of(expression) else {
            return expression;
        };
        match self.kind(self.scoping().symbol_declaration(symbol)) {
            AstKind::VariableDeclarator(declarator) => match &declarator.init {
                Some(init) => bare(init),
                None => expression,
            },
            _ => expression,
        }
    }
}
