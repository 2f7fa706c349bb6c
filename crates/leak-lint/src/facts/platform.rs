//! A callee into the function of a module that it names, however it is imported.

use oxc_ast::AstKind;
use oxc_ast::ast::{CallExpression, Expression};
use oxc_span::GetSpan;
use stanch_js_source::bare;

use crate::file::{File, argument};
use crate::project::Meaning;

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
pub(crate) fn outside<'a>(file: &File<'_, 'a>, expression: &Expression<'a>) -> Option<Outside> {
    // Several rules ask it of every call.
    let span = expression.span();
    let place = (span.start, span.end);
    if let Some(known) = file.outside.borrow().get(&place) {
        return known.clone();
    }
    let found = looked_up(file, expression);
    file.outside.borrow_mut().insert(place, found.clone());
    found
}

fn looked_up<'a>(file: &File<'_, 'a>, expression: &Expression<'a>) -> Option<Outside> {
    let Meaning::Outside { module, path } = file.meaning(expression) else {
        return None;
    };
    let mut module = module.strip_prefix("node:").unwrap_or(&module).to_owned();
    let mut names: Vec<&str> = path.iter().map(|name| &**name).collect();
    if names.first() == Some(&"default") {
        names.remove(0);
    }
    if names.first() == Some(&"promises") {
        names.remove(0);
        module.push_str("/promises");
    }
    Some(Outside {
        module,
        name: names.join("."),
    })
}

/// Whether a callee is a function of a module in its promise form: that of `fs/promises`, or what `promisify` makes of that
/// of `fs`.
pub(crate) fn is_promise_form<'a>(
    file: &File<'_, 'a>,
    callee: &Expression<'a>,
    module: &str,
    name: &str,
) -> bool {
    let is_it = |expression: &Expression<'a>, module: &str| {
        outside(file, expression).is_some_and(|found| found.is(module, name))
    };
    if is_it(callee, &format!("{module}/promises")) {
        return true;
    }
    // `const pipeline = promisify(stream.pipeline)`
    match declared_by(file, callee) {
        Some(Expression::CallExpression(made)) => {
            is_called(made, "promisify")
                && argument(made, 0).is_some_and(|inner| is_it(inner, module))
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
