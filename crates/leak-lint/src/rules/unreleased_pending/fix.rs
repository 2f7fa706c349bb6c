//! A promise that is kept in a Map while it is under way into one that takes its entry out.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_span::GetSpan;

use crate::facts::insertions::Insertion;
use crate::file::{File, argument, method};
use crate::finding::{Fix, Safety};
use crate::fix::{Change, is_seen};

/// `const p = load(key); map.set(key, p);` with a `finally` at the promise that takes the entry out.
pub(super) fn fix<'a>(file: &File<'_, 'a>, insertion: &Insertion<'a>) -> Option<Fix> {
    let AstKind::CallExpression(set) = file.kind(insertion.node) else {
        return None;
    };
    let (map, "set") = method(set)? else {
        return None;
    };
    let (key, promise) = (argument(set, 0)?, argument(set, 1)?);
    let scoping = file.parsed.semantic().scoping();
    let promise = file.variable(promise)?;
    let declared = scoping.symbol_declaration(promise);
    let AstKind::VariableDeclarator(declarator) = file.kind(declared) else {
        return None;
    };
    // Behind anything else a method would belong to a part of it.
    let (Expression::CallExpression(_) | Expression::NewExpression(_)) =
        declarator.init.as_ref()?
    else {
        return None;
    };
    let means_the_same = |name: &Expression<'a>| {
        file.variable(name).is_some_and(|variable| {
            !scoping.symbol_is_mutated(variable) && is_seen(file, declared, variable)
        })
    };
    let is_here = !scoping.symbol_is_mutated(promise)
        && declarator.id.get_binding_identifier().is_some()
        && file.function_around(declared) == file.function_around(insertion.node);
    if !is_here || !means_the_same(key) || !means_the_same(map) {
        return None;
    }
    let (map, key) = (file.written(map), file.written(key));
    let mut change = Change::of(file);
    let end = declarator.init.as_ref()?.span().end;
    change.insert(end, format!(".finally(() => {map}.delete({key}))"));
    let title = format!("Delete the entry of `{map}` when the promise is settled");
    change.done(title, Safety::Unsafe)
}

#[cfg(test)]
mod tests {
    use super::super::RULE;
    use crate::rules::testing::{check, check_fix};

    #[test]
    fn a_promise_takes_its_entry_out() {
        check_fix(
            &RULE,
            "const inflight = new Map();\nexports.get = (id) => {\n  const p = load(id).then((x) => {\n    inflight.delete(id);\n    return x;\n  });\n  inflight.set(id, p);\n  return p;\n};\n",
            "const inflight = new Map();\nexports.get = (id) => {\n  const p = load(id).then((x) => {\n    inflight.delete(id);\n    return x;\n  }).finally(() => inflight.delete(id));\n  inflight.set(id, p);\n  return p;\n};\n",
        );
    }

    #[test]
    fn promises_that_stay_as_they_are() {
        let then = "load(id).then((x) => { inflight.delete(id); return x; })";
        for body in [
            format!("inflight.set(id, {then});"),
            format!("const p = {then}; inflight.set(`a${{id}}`, p);"),
            format!("const p = {then}; id += 'a'; inflight.set(id, p);"),
            format!("const p = {then}; {{ const id = 'a'; inflight.set(id, p); }}"),
        ] {
            let text =
                format!("const inflight = new Map();\nexports.get = (id) => {{ {body} }};\n");
            check(&RULE, &text, &[2]);
            check_fix(&RULE, &text, &text);
        }
    }
}
