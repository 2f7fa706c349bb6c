//! A holder as the heap names it into the expressions of the text that stand for it.

use oxc_ast::ast::Expression;
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;

use crate::owner::Owner;
use crate::parse::ParsedSource;
use crate::text::Position;
use crate::tree::{Tree, bare};

/// Something that keeps values, named the way a heap snapshot names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HolderRef {
    /// A variable of a module, function or block.
    Variable {
        /// Its name in the script.
        name: String,
        /// Where V8 says a closure is that sees it: the closure's parameter list, or the start of
        /// an arrow function. Without it a module variable of that name is meant, else the first.
        inside: Option<Position>,
    },
    /// A field of the instances of a class or constructor function.
    Field {
        /// The class's name, where known.
        class: Option<String>,
        /// The field's name; a private one with its `#`. [`ITSELF`] stands for the instance, where the class extends a container.
        name: String,
        /// Where V8 says the constructor is.
        constructor: Option<Position>,
    },
    /// A property of an object that itself has a name: `state.items`.
    Property {
        /// The object.
        object: Box<HolderRef>,
        /// The property's name.
        name: String,
    },
    /// A property of the global object, or an undeclared name.
    Global {
        /// The property's name.
        name: String,
    },
}

impl HolderRef {
    /// A variable without a closure to tell which.
    pub fn variable(name: impl Into<String>) -> Self {
        Self::Variable {
            name: name.into(),
            inside: None,
        }
    }

    /// A field of a named class.
    pub fn field(class: impl Into<String>, name: impl Into<String>) -> Self {
        Self::Field {
            class: Some(class.into()),
            name: name.into(),
            constructor: None,
        }
    }

    /// A property of this holder.
    pub fn property(self, name: impl Into<String>) -> Self {
        Self::Property {
            object: Box::new(self),
            name: name.into(),
        }
    }

    /// The pattern that needs no root: the last names of the path, whatever object is before them.
    pub(crate) fn by_name(&self) -> Option<Pattern> {
        let path = match self {
            Self::Field { name, .. } if name == ITSELF => return None,
            Self::Field { name, .. } => vec![name.clone()],
            Self::Property { object, name } => match object.as_ref() {
                Self::Property { name: middle, .. } | Self::Field { name: middle, .. } => {
                    vec![middle.clone(), name.clone()]
                }
                _ => vec![name.clone()],
            },
            _ => return None,
        };
        Some(Pattern::whole(Root::Anything, path))
    }

    /// A property of the global object.
    pub fn global(name: impl Into<String>) -> Self {
        Self::Global { name: name.into() }
    }
}

/// The name of a field that stands for the instance that has the fields.
pub const ITSELF: &str = "this";

/// Where a chain of property names starts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Root {
    /// A declared variable, parameter, import, function or class.
    Symbol(SymbolId),
    /// The instances of these classes, constructor functions or literals; of any, when empty.
    Instance(Vec<NodeId>),
    /// A name that the file does not declare.
    Undeclared(String),
    /// What calls of this function give.
    Result(NodeId),
    /// Any object that has a property of the path's first name, other than `this`.
    Anything,
    /// This very expression.
    Expression(NodeId),
}

/// Whether an expression is the container or one of its values, which may be containers too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Level {
    /// The holder itself.
    Whole,
    /// A value kept in the holder.
    Element,
}

/// A root and the property names that lead from it to the holder.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Pattern {
    pub(crate) root: Root,
    pub(crate) path: Vec<String>,
    pub(crate) level: Level,
}

impl Pattern {
    pub(crate) fn whole(root: Root, path: Vec<String>) -> Self {
        Self {
            root,
            path,
            level: Level::Whole,
        }
    }
}

/// Names under which a script reaches the global object.
const GLOBAL_OBJECTS: [&str; 4] = ["globalThis", "global", "window", "self"];

impl ParsedSource<'_> {
    /// The patterns a holder reference starts from; empty where the script does not know it.
    pub(crate) fn patterns(&self, holder: &HolderRef) -> Vec<Pattern> {
        let tree = &self.tree;
        match holder {
            HolderRef::Variable { name, inside } => match tree.variable(name, *inside) {
                Some(symbol) => vec![Pattern::whole(Root::Symbol(symbol), Vec::new())],
                None => undeclared(name),
            },
            HolderRef::Field {
                class,
                name,
                constructor,
            } => vec![Pattern::whole(
                Root::Instance(tree.owners(class.as_deref(), *constructor)),
                if name == ITSELF {
                    Vec::new()
                } else {
                    vec![name.clone()]
                },
            )],
            HolderRef::Property { object, name } => {
                let mut patterns = self.patterns(object);
                for pattern in &mut patterns {
                    pattern.path.push(name.clone());
                }
                patterns.extend(common_js_twin(&patterns));
                patterns.extend(tree.of_exported_literal(&patterns));
                patterns
            }
            HolderRef::Global { name } => {
                let mut patterns = undeclared(name);
                // A `var` at the top of a script that is no module is a global too.
                if patterns.iter().all(|pattern| !tree.occurs(pattern))
                    && let Some(symbol) = tree.variable(name, None)
                {
                    patterns.push(Pattern::whole(Root::Symbol(symbol), Vec::new()));
                }
                patterns
            }
        }
    }
}

fn undeclared(name: &str) -> Vec<Pattern> {
    let mut patterns = vec![Pattern::whole(
        Root::Undeclared(name.to_string()),
        Vec::new(),
    )];
    for object in GLOBAL_OBJECTS {
        patterns.push(Pattern::whole(
            Root::Undeclared(object.to_string()),
            vec![name.to_string()],
        ));
    }
    patterns
}

/// `exports.x` and `module.exports.x` are one.
fn common_js_twin(patterns: &[Pattern]) -> Option<Pattern> {
    patterns.iter().find_map(|pattern| {
        let Root::Undeclared(name) = &pattern.root else {
            return None;
        };
        let (name, path) = match name.as_str() {
            "exports" => {
                let mut path = vec!["exports".to_string()];
                path.extend(pattern.path.iter().cloned());
                ("module", path)
            }
            "module" if pattern.path.first().is_some_and(|first| first == "exports") => {
                ("exports", pattern.path[1..].to_vec())
            }
            _ => return None,
        };
        Some(Pattern::whole(Root::Undeclared(name.to_string()), path))
    })
}

impl<'a> Tree<'a> {
    /// `this.x` in the methods of `module.exports = { x: …, m() {} }`.
    fn of_exported_literal(&self, patterns: &[Pattern]) -> Option<Pattern> {
        let path = patterns.iter().find_map(|pattern| {
            let is_module = pattern.root == Root::Undeclared("module".to_string());
            let (first, rest) = pattern.path.split_first()?;
            (is_module && first == "exports" && !rest.is_empty()).then_some(rest)
        })?;
        let literal = self
            .nodes_of([AstType::AssignmentExpression])
            .find_map(|node| match node.kind() {
                AstKind::AssignmentExpression(assignment) => match bare(&assignment.right) {
                    Expression::ObjectExpression(literal)
                        if self.slice(assignment.left.span()) == "module.exports" =>
                    {
                        Some(literal.node_id.get())
                    }
                    _ => None,
                },
                _ => None,
            })?;
        Some(Pattern::whole(Root::Instance(vec![literal]), path.to_vec()))
    }

    fn occurs(&self, pattern: &Pattern) -> bool {
        match (&pattern.root, pattern.path.first()) {
            (Root::Undeclared(name), None) => !self.undeclared(name).is_empty(),
            (Root::Undeclared(name), Some(first)) => self.undeclared(name).iter().any(|node| {
                self.parent(*node).is_some_and(|parent| {
                    self.member_name(self.kind(parent)).as_deref() == Some(first)
                })
            }),
            _ => false,
        }
    }

    /// The variable of that name a closure sees, else the module's, else the likeliest.
    pub(crate) fn variable(&self, name: &str, inside: Option<Position>) -> Option<SymbolId> {
        if let Some(position) = inside
            && let Some(function) = self.function_node_at(position)
            && let Some(symbol) = self.variable_seen_by(function, name)
        {
            return Some(symbol);
        }
        let scoping = self.scoping();
        if let Some(symbol) = self.binding_in(scoping.root_scope_id(), name) {
            return Some(symbol);
        }
        let mut candidates: Vec<SymbolId> = scoping
            .symbol_ids()
            .filter(|symbol| scoping.symbol_name(*symbol) == name)
            .collect();
        // A heap can only know variables that a closure captured.
        candidates.sort_by_cached_key(|symbol| !self.is_captured(*symbol));
        candidates.first().copied()
    }

    /// Outer scopes come first: what V8 lists in a closure's context is not the closure's own.
    fn variable_seen_by(&self, function: NodeId, name: &str) -> Option<SymbolId> {
        let own = self.function_scope(function)?;
        self.scoping()
            .scope_ancestors(own)
            .skip(1)
            .chain(std::iter::once(own))
            .find_map(|scope| self.binding_in(scope, name))
    }

    fn owners(&self, class: Option<&str>, constructor: Option<Position>) -> Vec<NodeId> {
        if let Some(position) = constructor
            && let Some(owner) = self.owner_with_constructor_at(position)
        {
            return self.family(owner);
        }
        let mut owners = Vec::new();
        for named in class
            .map(|name| self.classes_named(name))
            .unwrap_or_default()
        {
            for member in self.family(named) {
                if !owners.contains(&member) {
                    owners.push(member);
                }
            }
        }
        owners
    }

    /// V8 gives a class without a constructor the place where the class starts.
    pub(crate) fn owner_with_constructor_at(&self, position: Position) -> Option<NodeId> {
        let offset = self.source.offset(position)?;
        let mut classes = self.callables().iter();
        let class = classes.find(
            |node| matches!(self.kind(**node), AstKind::Class(class) if class.span.start == offset),
        );
        if let Some(class) = class {
            return Some(*class);
        }
        let function = self.function_node_at(position)?;
        Some(self.class_of_constructor(function))
    }

    /// Whether `this` with that owner is an instance of one of these.
    pub(crate) fn is_instance(owner: Option<Owner>, owners: &[NodeId]) -> bool {
        match owner {
            Some(Owner::Instance(node)) => owners.is_empty() || owners.contains(&node),
            _ => false,
        }
    }
}
