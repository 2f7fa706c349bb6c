//! A removal that removes nothing into one that is given what was registered.

use oxc_ast::ast::{CallExpression, ClassElement, Expression, PropertyKey};
use oxc_ast::{AstKind, AstType};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::{bare, is_function, literal_text};

use super::Listener;
use crate::file::{File, argument, method};
use crate::finding::{Fix, Safety};
use crate::fix::{Change, for_event, is_seen};

/// A registration or a removal.
struct Place<'b, 'a> {
    node: NodeId,
    call: &'b CallExpression<'a>,
    handler: &'b Expression<'a>,
}

/// The fix of a removal, where one registration is the one that it means.
pub(super) fn fix<'a>(
    file: &File<'_, 'a>,
    removal: (NodeId, &CallExpression<'a>),
    added: &[Listener<'_, 'a>],
) -> Option<Fix> {
    let (node, call) = removal;
    let removal = Place {
        node,
        call,
        handler: argument(call, 1)?,
    };
    let added = meant(file, &removal, added)?;
    other_phase(file, &removal, &added)
        .or_else(|| named_already(file, &removal, &added))
        .or_else(|| one_constant(file, &removal, &added))
        .or_else(|| one_field(file, &removal, &added))
}

/// The only registration, or the only one of a function that is written alike.
fn meant<'b, 'a>(
    file: &File<'_, 'a>,
    removal: &Place<'_, 'a>,
    added: &[Listener<'b, 'a>],
) -> Option<Place<'b, 'a>> {
    let written = file.written(removal.handler);
    let alike = |listener: &&Listener<'b, 'a>| file.written(listener.handler) == written;
    let one = match added {
        [only] => only,
        _ => {
            let mut alike = added.iter().filter(alike);
            let first = alike.next()?;
            alike.next().is_none().then_some(first)?
        }
    };
    let found = file.calls().iter().find(|(_, call)| {
        argument(call, 1).is_some_and(|handler| handler.span() == one.handler.span())
    });
    let (node, call) = found?;
    Some(Place {
        node: *node,
        call,
        handler: one.handler,
    })
}

/// `capture` of the removal becomes that of the registration.
fn other_phase<'a>(
    file: &File<'_, 'a>,
    removal: &Place<'_, 'a>,
    added: &Place<'_, 'a>,
) -> Option<Fix> {
    let captures = |place: &Place<'_, 'a>| {
        Listener::of(file, place.call, super::ADDS)
            .or_else(|| Listener::of(file, place.call, super::REMOVES))?
            .captures()
    };
    let (wanted, has) = (captures(added)?, captures(removal)?);
    if wanted == has || file.written(added.handler) != file.written(removal.handler) {
        return None;
    }
    // Node's own `removeEventListener` does not take the boolean for the option.
    let phase = format!("{{ capture: {wanted} }}");
    let mut change = Change::of(file);
    match argument(removal.call, 2) {
        Some(options) => change.replace(options.span(), phase),
        None => change.insert(removal.handler.span().end, format!(", {phase}")),
    }
    change.done(
        "Remove it from the phase that it was added to",
        Safety::Safe,
    )
}

/// What was registered has a name that is seen from the removal.
fn named_already<'a>(
    file: &File<'_, 'a>,
    removal: &Place<'_, 'a>,
    added: &Place<'_, 'a>,
) -> Option<Fix> {
    let variable = file.variable(added.handler)?;
    let scoping = file.parsed.semantic().scoping();
    let is_constant = !scoping.symbol_is_mutated(variable);
    let lives_on = outlives_a_call(file, removal, added)
        || scoping.symbol_scope_id(variable) == scoping.root_scope_id();
    if !is_constant || !lives_on || !is_seen(file, removal.node, variable) {
        return None;
    }
    let name = scoping.symbol_name(variable);
    let mut change = Change::of(file);
    change.replace(removal.handler.span(), name);
    let declaration = scoping.symbol_declaration(variable);
    let safety = match file.kind(declaration) {
        AstKind::VariableDeclarator(declarator)
            if declarator
                .init
                .as_ref()
                .is_some_and(|init| file.written(init) == file.written(removal.handler)) =>
        {
            Safety::Safe
        }
        _ => Safety::Unsafe,
    };
    change.done(format!("Remove `{name}`, which was registered"), safety)
}

/// The handler gets a name before it is registered, and both calls use that.
fn one_constant<'a>(
    file: &File<'_, 'a>,
    removal: &Place<'_, 'a>,
    added: &Place<'_, 'a>,
) -> Option<Fix> {
    if file.variable(added.handler).is_some() || !outlives_a_call(file, removal, added) {
        return None;
    }
    let mut change = Change::of(file);
    let wanted = argument(added.call, 0)
        .and_then(literal_text)
        .map_or_else(|| "listener".to_owned(), for_event);
    // A handler that has a name of its own keeps it.
    let wanted = match added.handler {
        Expression::FunctionExpression(function) => {
            function.name().map_or(wanted, |it| it.to_string())
        }
        _ => wanted,
    };
    let name = change.constant(added.node, added.handler, &wanted)?;
    change.replace(removal.handler.span(), name.clone());
    change.done(
        format!("Keep the handler in `{name}`, and remove that"),
        constant_safety(file, removal, added),
    )
}

/// Whether the removal is reached with the same evaluation of the registration's scope: it stands after it in one list of
/// statements, or in a function inside.
fn outlives_a_call(file: &File<'_, '_>, removal: &Place<'_, '_>, added: &Place<'_, '_>) -> bool {
    let scoping = file.parsed.semantic().scoping();
    let scope = |node: NodeId| file.nodes().get_node(node).scope_id();
    let (inner, outer) = (scope(removal.node), scope(added.node));
    let is_inside = inner == outer || scoping.scope_is_descendant_of(inner, outer);
    // Before it, a removal finds what an earlier call has registered.
    is_inside && removal.call.span.start > added.call.span.end
}

/// Safe where the registered function is what it was, and the removal was given the same code about the same variables.
fn constant_safety<'a>(
    file: &File<'_, 'a>,
    removal: &Place<'_, 'a>,
    added: &Place<'_, 'a>,
) -> Safety {
    let is_alike = file.written(added.handler) == file.written(removal.handler)
        && outer_variables(file, added.handler.span())
            == outer_variables(file, removal.handler.span());
    // A parameter without a type has one from the emitter where the function is written in place.
    let loses_types =
        file.parsed.program().source_type.is_typescript() && has_bare_parameters(added.handler);
    // A call other than `bind` may do something, and does it earlier then.
    let is_made = match added.handler {
        Expression::CallExpression(call) => method(call).is_some_and(|(_, name)| name == "bind"),
        _ => true,
    };
    if is_alike && !loses_types && is_made && is_same_this(file, removal, added) {
        Safety::Safe
    } else {
        Safety::Unsafe
    }
}

/// The variables of a span's code that are declared outside, in its order.
fn outer_variables(file: &File<'_, '_>, span: Span) -> Vec<SymbolId> {
    let scoping = file.parsed.semantic().scoping();
    let used = file
        .nodes_of([AstType::IdentifierReference])
        .filter_map(|node| match node.kind() {
            AstKind::IdentifierReference(name) if span.contains_inclusive(name.span) => {
                let reference = name.reference_id.get()?;
                scoping.get_reference(reference).symbol_id()
            }
            _ => None,
        });
    used.filter(|symbol| !span.contains_inclusive(scoping.symbol_span(*symbol)))
        .collect()
}

fn has_bare_parameters(handler: &Expression<'_>) -> bool {
    let parameters = match handler {
        Expression::ArrowFunctionExpression(arrow) => &arrow.params,
        Expression::FunctionExpression(function) => &function.params,
        _ => return false,
    };
    parameters
        .items
        .iter()
        .any(|item| item.type_annotation.is_none())
}

/// Whether `this` means one thing in both calls, where the handler says it.
fn is_same_this(file: &File<'_, '_>, removal: &Place<'_, '_>, added: &Place<'_, '_>) -> bool {
    let own = |node: NodeId| {
        file.nodes().ancestor_ids(node).find(|node| {
            is_function(file.kind(*node))
                && !matches!(file.kind(*node), AstKind::ArrowFunctionExpression(_))
        })
    };
    let handler = added.handler.span();
    let says_this = file.nodes_of([AstType::ThisExpression]).any(|node| {
        matches!(node.kind(), AstKind::ThisExpression(this) if handler.contains_inclusive(this.span))
    });
    !says_this || own(removal.node) == own(added.node)
}

/// `this.draw.bind(this)` in two methods becomes a field of their class.
fn one_field<'a>(
    file: &File<'_, 'a>,
    removal: &Place<'_, 'a>,
    added: &Place<'_, 'a>,
) -> Option<Fix> {
    let code = file.written(added.handler);
    let Expression::CallExpression(bind) = added.handler else {
        return None;
    };
    let (function, name) = method(bind)?;
    let removed = file.written(removal.handler);
    if removed != code && removed != file.written(function) {
        return None;
    }
    let method_name = function.as_member_expression()?.static_property_name()?;
    let is_bound = name == "bind"
        && bind.arguments.len() == 1
        && matches!(argument(bind, 0), Some(Expression::ThisExpression(_)))
        && matches!(function.as_member_expression()?.object(), object if matches!(bare(object), Expression::ThisExpression(_)));
    let class_node = class_of_method(file, added.node)?;
    if !is_bound || class_of_method(file, removal.node) != Some(class_node) {
        return None;
    }
    let AstKind::Class(class) = file.kind(class_node) else {
        return None;
    };
    let has = |name: &str| {
        class
            .body
            .body
            .iter()
            .any(|element| member_name(element).as_deref() == Some(name))
    };
    let wanted = argument(added.call, 0)
        .and_then(literal_text)
        .map_or_else(|| "listener".to_owned(), for_event);
    // What the class does not declare may be a field that is set elsewhere.
    let field = [wanted.clone(), format!("{wanted}Bound")]
        .into_iter()
        .find(|field| {
            !has(field) && !file.parsed.text().text().contains(&format!("this.{field}"))
        })?;
    if !has(method_name) {
        return None;
    }
    let first = class.body.body.first()?.span();
    let mut change = Change::of(file);
    let opening = class.body.span.start + 1;
    change.replace_under(
        first.start,
        Span::new(opening, opening),
        format!("\n{field} = {code};\n"),
    );
    change.replace(added.handler.span(), format!("this.{field}"));
    change.replace(removal.handler.span(), format!("this.{field}"));
    change.done(
        format!("Keep the handler in the field `{field}`"),
        Safety::Unsafe,
    )
}

fn member_name(element: &ClassElement<'_>) -> Option<String> {
    let key: &PropertyKey<'_> = element.property_key()?;
    Some(key.static_name()?.into_owned())
}

/// The class whose instance `this` is at a node.
fn class_of_method(file: &File<'_, '_>, node: NodeId) -> Option<NodeId> {
    let mut around = file.nodes().ancestor_ids(node);
    let method = around.find(|node| matches!(file.kind(*node), AstKind::Function(_)))?;
    let owner = file.nodes().parent_id(method);
    let AstKind::MethodDefinition(definition) = file.kind(owner) else {
        return None;
    };
    if definition.r#static {
        return None;
    }
    let mut around = file.nodes().ancestor_ids(owner);
    around.find(|node| matches!(file.kind(*node), AstKind::Class(_)))
}

#[cfg(test)]
mod tests {
    use super::super::RULE;
    use crate::finding::Safety;
    use crate::rules::testing::{check_fix, check_fix_in, check_safety};

    #[test]
    fn one_constant_for_both_calls() {
        let before = "function subscribe(feed, res) {\n  feed.on('price', (price) => res.write(price));\n  res.on('close', () => feed.off('price', (price) => res.write(price)));\n}\n";
        check_fix(
            &RULE,
            before,
            "function subscribe(feed, res) {\n  const onPrice = (price) => res.write(price);\n  feed.on('price', onPrice);\n  res.on('close', () => feed.off('price', onPrice));\n}\n",
        );
        check_safety("a.js", &RULE, before, Some(Safety::Safe));
        check_safety("a.ts", &RULE, before, Some(Safety::Unsafe));
        check_fix(
            &RULE,
            "const f = () => { w.addEventListener('a', throttle(g, 9)); return () => w.removeEventListener('a', g); };",
            "const f = () => { const onA = throttle(g, 9); w.addEventListener('a', onA); return () => w.removeEventListener('a', onA); };",
        );
    }

    #[test]
    fn two_removals_of_one_handler() {
        check_fix(
            &RULE,
            "bus.on('a', () => f());\nres.on('close', () => bus.off('a', () => f()));\nres.on('error', () => bus.off('a', () => f()));\n",
            "const onA = () => f();\nbus.on('a', onA);\nres.on('close', () => bus.off('a', onA));\nres.on('error', () => bus.off('a', onA));\n",
        );
    }

    #[test]
    fn bound_methods_become_fields() {
        check_fix_in(
            "a.js",
            &RULE,
            "class Panel {\n  mount(bus) { bus.on('resize', this.draw.bind(this)); }\n  unmount(bus) { bus.removeListener('resize', this.draw.bind(this)); }\n  draw() {}\n}\n",
            "class Panel {\n  onResize = this.draw.bind(this);\n\n  mount(bus) { bus.on('resize', this.onResize); }\n  unmount(bus) { bus.removeListener('resize', this.onResize); }\n  draw() {}\n}\n",
        );
    }

    #[test]
    fn the_bare_method_is_not_the_bound_one() {
        check_fix_in(
            "a.js",
            &RULE,
            "class Panel {\n\topen() { bus.on('a', this.draw.bind(this)) }\n\tclose() { bus.off('a', this.draw) }\n\tdraw() {}\n}\n",
            "class Panel {\n\tonA = this.draw.bind(this);\n\n\topen() { bus.on('a', this.onA) }\n\tclose() { bus.off('a', this.onA) }\n\tdraw() {}\n}\n",
        );
    }

    #[test]
    fn the_phase_of_the_registration() {
        check_fix(
            &RULE,
            "w.addEventListener('a', f, { capture: true, once: true });\nw.removeEventListener('a', f);",
            "w.addEventListener('a', f, { capture: true, once: true });\nw.removeEventListener('a', f, { capture: true });",
        );
        check_fix(
            &RULE,
            "w.addEventListener('a', f);\nw.removeEventListener('a', f, true);",
            "w.addEventListener('a', f);\nw.removeEventListener('a', f, { capture: false });",
        );
    }

    #[test]
    fn where_no_place_sees_both() {
        for text in [
            "bus.off('a', () => {});",
            "const on = () => { bus.on('a', () => f()); };\nconst off = () => { bus.off('a', () => f()); };",
            "const renew = () => { bus.off('a', () => f()); bus.on('a', () => f()); };",
            "bus.on('a', () => f());\nbus.on('a', () => g());\nbus.off('a', () => h());",
        ] {
            check_fix(&RULE, text, text);
        }
    }

    #[test]
    fn only_what_is_the_same_is_safe() {
        let other_variable = "const f = (x) => { bus.on('a', () => x()); res.on('close', (x) => bus.off('a', () => x())); };";
        check_safety("a.js", &RULE, other_variable, Some(Safety::Unsafe));
        let other_this = "class A { f() { bus.on('a', this.g.bind(this)); res.on('close', function () { bus.off('a', this.g.bind(this)); }); } g() {} }";
        check_safety("a.js", &RULE, other_this, Some(Safety::Unsafe));
    }
}
