//! A callee into the function of a module that it names, however it is imported.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use oxc_ast::ast::{CallExpression, Expression};
use oxc_ast::{AstKind, AstType};
use oxc_span::{GetSpan, Span};
use oxc_str::CompactStr;
use rustc_hash::FxHashMap;
use stanch_js_source::{Value, bare};

use crate::file::{File, argument};
use crate::project::Meaning;
use crate::summary::Callee;

/// A function of a package or of a module of Node.js.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outside {
    /// Without its `node:`; `fs/promises` also where it is written `fs.promises`.
    pub(crate) module: String,
    /// Names from there, joined with a dot; empty for the module itself.
    pub(crate) name: String,
}

impl Outside {
    pub(crate) fn is(&self, module: &str, name: &str) -> bool {
        self.module == module && self.name == name
    }
}

/// What an expression names of a module that is not of the project.
pub(crate) fn outside<'a>(file: &File<'_, 'a>, expression: &Expression<'a>) -> Option<Rc<Outside>> {
    match foreign(file, expression)? {
        Foreign::Export(outside) => Some(outside),
        Foreign::Method { .. } => None,
    }
}

/// Whether a callee is a method of that name of an instance of any class of a package.
pub(crate) fn is_method_of_package<'a>(
    file: &File<'_, 'a>,
    callee: &Expression<'a>,
    module: &str,
    name: &str,
) -> bool {
    matches!(foreign(file, callee), Some(Foreign::Method { of, name: own })
        if *of == *module && *own == *name)
}

/// What is not of the project.
#[derive(Debug, Clone)]
pub(crate) enum Foreign {
    /// Something that a module exports.
    Export(Rc<Outside>),
    /// A method, or another property, of an instance of a class of that module.
    Method { of: Rc<str>, name: Rc<str> },
}

/// What was found out about the expressions of a file. Several rules ask it of every call.
#[derive(Default)]
pub(crate) struct Looked {
    called: OnceCell<Called>,
    /// Expressions that are not called, by their place.
    others: RefCell<FxHashMap<Span, Option<Foreign>>>,
}

/// What the calls of a file name.
struct Called {
    /// By a node: from 1, the place of what it calls in the file's list; 0 if it is nothing that is called.
    by_node: Vec<u32>,
    /// By the place in the list.
    foreign: Vec<OnceCell<Option<Foreign>>>,
}

impl Called {
    fn of(file: &File<'_, '_>) -> Self {
        let mut by_node = vec![0; file.nodes().len()];
        let mut most = 0;
        for node in file.nodes_of([AstType::CallExpression, AstType::NewExpression]) {
            let callee = match node.kind() {
                AstKind::CallExpression(call) => &call.callee,
                AstKind::NewExpression(new) => &new.callee,
                _ => continue,
            };
            if let Some(Callee(at)) = file.project.callee_at(file.index, callee.span()) {
                by_node[AstKind::from_expression(callee).node_id().index()] = at + 1;
                most = most.max(at as usize + 1);
            }
        }
        Self {
            by_node,
            foreign: vec![OnceCell::new(); most],
        }
    }
}

/// What an expression names that is not of the project.
fn foreign<'a>(file: &File<'_, 'a>, expression: &Expression<'a>) -> Option<Foreign> {
    let called = file.foreign.called.get_or_init(|| Called::of(file));
    let node = AstKind::from_expression(expression).node_id();
    if let Some(at) = called.by_node[node.index()].checked_sub(1) {
        let value = || file.project.callee(file.index, Callee(at));
        let known = called.foreign[at as usize].get_or_init(|| outside_of(file, value()));
        return known.clone();
    }
    let place = expression.span();
    if let Some(known) = file.foreign.others.borrow().get(&place) {
        return known.clone();
    }
    let found = outside_of(file, &file.parsed.value(expression));
    let mut others = file.foreign.others.borrow_mut();
    others.insert(place, found.clone());
    found
}

fn outside_of(file: &File<'_, '_>, value: &Value) -> Option<Foreign> {
    if matches!(
        value.root(),
        Value::Global(_) | Value::Array | Value::Unknown
    ) {
        return None;
    }
    match file.project.meaning(file.index, value) {
        Meaning::Outside { module, path } => {
            Some(Foreign::Export(Rc::new(exported(&module, &path))))
        }
        Meaning::Member(of, name) => match *of {
            Meaning::Instance(class) => match *class {
                Meaning::Outside { module, .. } => Some(Foreign::Method {
                    of: module.as_str().into(),
                    name: name.as_str().into(),
                }),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn exported(module: &str, path: &[CompactStr]) -> Outside {
    let mut module = module.strip_prefix("node:").unwrap_or(module).to_owned();
    let mut names: Vec<&str> = path.iter().map(|name| &**name).collect();
    if names.first() == Some(&"default") {
        names.remove(0);
    }
    if names.first() == Some(&"promises") {
        names.remove(0);
        module.push_str("/promises");
    }
    Outside {
        module,
        name: names.join("."),
    }
}

/// Whether a callee is a function of a module in its promise form: that of `fs/promises`, or what `promisify` makes of that
/// of `fs`.
pub(crate) fn is_promise_form<'a>(
    file: &File<'_, 'a>,
    callee: &Expression<'a>,
    module: &str,
    name: &str,
) -> bool {
    let promises = |found: &Outside| {
        found.name == name && found.module.strip_suffix("/promises") == Some(module)
    };
    if outside(file, callee).is_some_and(|found| promises(&found)) {
        return true;
    }
    // `const pipeline = promisify(stream.pipeline)`
    match declared_by(file, callee) {
        Some(Expression::CallExpression(made)) => {
            is_called(made, "promisify")
                && argument(made, 0)
                    .and_then(|inner| outside(file, inner))
                    .is_some_and(|found| found.is(module, name))
        }
        _ => false,
    }
}

/// Whether a call is of a function or method of that name, whatever it belongs to.
pub(crate) fn is_called(call: &CallExpression<'_>, name: &str) -> bool {
    // Compilers write `(0, fs.open)(…)`, so that the function gets no `this`.
    let callee = match bare(&call.callee) {
        Expression::SequenceExpression(sequence) => sequence.expressions.last(),
        callee => Some(callee),
    };
    match callee.map(bare) {
        Some(Expression::Identifier(callee)) => callee.name == name,
        Some(callee) => callee
            .as_member_expression()
            .is_some_and(|member| member.static_property_name() == Some(name)),
        None => false,
    }
}

/// Whether a call is of a global function, such as `setTimeout`.
pub(crate) fn is_global_call<'a>(
    file: &File<'_, 'a>,
    call: &CallExpression<'a>,
    name: &str,
) -> bool {
    match bare(&call.callee) {
        callee @ Expression::Identifier(identifier) => {
            identifier.name == name && file.variable(callee).is_none()
        }
        Expression::StaticMemberExpression(member) => {
            member.property.name == name
                && matches!(bare(&member.object), Expression::Identifier(object)
                    if matches!(object.name.as_str(), "globalThis" | "global" | "window" | "self"))
        }
        _ => false,
    }
}

/// What a variable is declared with.
pub(crate) fn declared_by<'a>(
    file: &File<'_, 'a>,
    variable: &Expression<'a>,
) -> Option<&'a Expression<'a>> {
    let variable = file.variable(variable)?;
    let scoping = file.parsed.semantic().scoping();
    match file.kind(scoping.symbol_declaration(variable)) {
        AstKind::VariableDeclarator(declarator)
            if declarator.id.get_binding_identifier().is_some() =>
        {
            declarator.init.as_ref().map(bare)
        }
        _ => None,
    }
}
