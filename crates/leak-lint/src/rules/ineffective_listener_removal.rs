//! `emitter.off(event, (x) => …)`: a function made for the call was never registered.

mod fix;

use oxc_ast::AstKind;
use oxc_ast::ast::{
    ArrowFunctionBody, CallExpression, ClassElement, Expression, MethodDefinitionKind, Statement,
    StaticMemberExpression,
};
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::{bare, literal_text};
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::listeners::is_written_function;
use crate::facts::platform::{declared_by, outside};
use crate::file::{File, argument, callee_name, method};
use crate::finding::{Finding, Label};
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "ineffective-listener-removal",
    pattern: Pattern::UnremovedListener,
    on: On::Always,
    page: "# ineffective-listener-removal

Finds calls that should remove a listener but are given another function than the one that was added.

## Why it leaks

`off`, `removeListener` and `removeEventListener` look for the very function that was registered. An arrow function, a
function expression or the result of `bind` is a new object each time it is evaluated: nothing is found, nothing is
removed, and no error says so. The same goes for the bare function where a bound, throttled or otherwise wrapped one was
added, for what a getter makes anew at each read, and on an `EventTarget` for another value of `capture`. The listener stays for as long as the emitter lives, with everything that its scope keeps.

## Example

```js
function subscribe(feed, res) {
  feed.on('price', (price) => res.write(price));
  res.on('close', () => feed.off('price', (price) => res.write(price)));
}
```

```js
class Panel {
  mount(bus) { bus.on('resize', this.draw.bind(this)); }
  unmount(bus) { bus.removeListener('resize', this.draw.bind(this)); }
  draw() {}
}
```

## Use instead

```js
function subscribe(feed, res) {
  const onPrice = (price) => res.write(price);
  feed.on('price', onPrice);
  res.on('close', () => feed.off('price', onPrice));
}
```

## How safe the fix is

Safe where both calls are in one scope and say the same of the same variables: the handler gets a name before it is
registered, or the removal gets the value of `capture` that the registration has. Unsafe where what is removed was written
in another way, where a call makes the handler, in TypeScript where a parameter would lose the type that the emitter gives
it, and for a bound method, which becomes a field of its class. No fix where no place sees both calls.

## What is not flagged

Functions that a variable, a field or a parameter holds, even if they were never registered; `off(event)` without a
function, which removes all listeners where the emitter offers that.

## References

- Node.js, `emitter.removeListener(eventName, listener)`
- DOM, `removeEventListener`: the callback must be the same object
",
    check,
};

/// Methods that remove one listener, which is their second argument.
const REMOVES: &[&str] = &["off", "removeListener", "removeEventListener"];
/// Methods that add one.
const ADDS: &[&str] = &[
    "on",
    "once",
    "addListener",
    "prependListener",
    "prependOnceListener",
    "addEventListener",
];

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    for (node, call) in file.calls() {
        let Some(removal) = Listener::of(file, call, REMOVES) else {
            continue;
        };
        let added: Vec<Listener<'_, 'a>> = file
            .calls()
            .iter()
            .filter_map(|(_, call)| Listener::of(file, call, ADDS))
            .filter(|added| {
                let is_same =
                    |one: &str, other: &str| one.replace("this.", "") == other.replace("this.", "");
                (is_same(&added.emitter, &removal.emitter)
                    || is_kept_as(file, added.emitter_given, removal.emitter_given))
                    && is_same(&added.event, &removal.event)
            })
            .collect();
        let names_an_event = literal_text(removal.event_given).is_some()
            || matches!(removal.event_given, Expression::TemplateLiteral(_));
        // `lamp.off(100, () => {})` is no removal: an event has a name, or something is added under the same.
        let why = made_on_the_spot(file, removal.handler)
            .filter(|_| names_an_event || !added.is_empty())
            .or_else(|| {
                another_was_added(file, &removal, &added).filter(|_| !knows_by_mark(&removal))
            });
        let Some(why) = why else {
            continue;
        };
        let labels = added.iter().take(2);
        findings.push(Finding {
            rule: RULE.id,
            confidence: Confidence::High,
            message: format!(
                "`{}.{}` removes nothing: {why} than what was registered",
                removal.emitter, removal.method
            ),
            growth: None,
            place: Label::new(file.extent(call.span), "this was never registered"),
            labels: labels
                .map(|added| Label::new(file.extent(added.handler.span()), "registered here"))
                .collect(),
            fixes: fix::fix(file, (*node, call), &added).into_iter().collect(),
        });
    }
}

/// A call that adds or removes a listener.
struct Listener<'b, 'a> {
    /// As written.
    emitter: String,
    emitter_given: &'b Expression<'a>,
    method: &'b str,
    /// As written.
    event: String,
    event_given: &'b Expression<'a>,
    handler: &'b Expression<'a>,
    options: Option<&'b Expression<'a>>,
}

impl<'b, 'a> Listener<'b, 'a> {
    fn of(file: &File<'_, 'a>, call: &'b CallExpression<'a>, methods: &[&str]) -> Option<Self> {
        let (emitter, method) = method(call).filter(|(_, name)| methods.contains(name))?;
        Some(Self {
            emitter: file.written(emitter),
            emitter_given: emitter,
            method,
            event: file.written(argument(call, 0)?),
            event_given: argument(call, 0)?,
            handler: argument(call, 1)?,
            options: argument(call, 2),
        })
    }

    /// Whether it is one for the capturing phase, which is a list of its own; unknown for options that are not literal.
    fn captures(&self) -> Option<bool> {
        match self.options {
            None => Some(false),
            Some(Expression::BooleanLiteral(literal)) => Some(literal.value),
            Some(Expression::ObjectExpression(options)) => {
                let capture = options.properties.iter().find_map(|property| {
                    let property = property.as_property()?;
                    (property.key.static_name()? == "capture").then_some(&property.value)
                });
                match capture {
                    None => Some(false),
                    Some(Expression::BooleanLiteral(literal)) => Some(literal.value),
                    Some(_) => None,
                }
            }
            Some(_) => None,
        }
    }
}

/// Whether a variable is what the class around keeps in a field: `this.#bus = bus; bus.on(…)`, and `this.#bus.off(…)`.
fn is_kept_as<'a>(file: &File<'_, 'a>, given: &Expression<'a>, field: &Expression<'a>) -> bool {
    let Some(variable) = file.variable(given) else {
        return false;
    };
    let (object, name, node) = match field {
        Expression::PrivateFieldExpression(field) => {
            (&field.object, &field.field.name, field.node_id.get())
        }
        Expression::StaticMemberExpression(field) => {
            (&field.object, &field.property.name, field.node_id.get())
        }
        _ => return false,
    };
    let class = file.parsed.class_around(node);
    matches!(bare(object), Expression::ThisExpression(_))
        && matches!(file.fields().assigned(class, name.as_str()), [(_, value)]
            if file.variable(value) == Some(variable))
}

/// Why an expression is a new function each time it is evaluated.
fn made_on_the_spot<'a>(file: &File<'_, 'a>, expression: &Expression<'a>) -> Option<&'static str> {
    match expression {
        Expression::ArrowFunctionExpression(_) => {
            Some("an arrow function that is written here is another one")
        }
        Expression::FunctionExpression(_) => Some("a function that is written here is another one"),
        Expression::CallExpression(call) => {
            if method(call).is_some_and(|(_, name)| name == "bind") {
                return Some("each `bind` makes another function");
            }
            if is_made_by_a_package(&call.callee) {
                return Some("each call of what makes the listener makes another one");
            }
            let gives_a_new_one = match file.callable(&call.callee) {
                Some(callee) => gives_a_new_function(file, callee),
                None => file.project.gives_new_function(file.meaning(&call.callee)),
            };
            gives_a_new_one.then_some("each call of what makes the listener makes another one")
        }
        Expression::StaticMemberExpression(member) => {
            let getter = getter_of(file, member)?;
            gives_a_new_function(file, getter)
                .then_some("each read of the getter makes another function")
        }
        _ => None,
    }
}

/// Whether a callee makes a new function on each call, by the name that lodash, underscore and throttle-debounce give it.
fn is_made_by_a_package(callee: &Expression<'_>) -> bool {
    let name = match bare(callee) {
        Expression::Identifier(name) => Some(name.name.as_str()),
        other => other
            .as_member_expression()
            .and_then(|member| member.static_property_name()),
    };
    name.is_some_and(|name| matches!(name, "debounce" | "throttle"))
}

/// The getter of the class around that `this.name` runs.
fn getter_of<'a>(file: &File<'_, 'a>, member: &StaticMemberExpression<'a>) -> Option<NodeId> {
    if !matches!(bare(&member.object), Expression::ThisExpression(_)) {
        return None;
    }
    let class = file.parsed.class_around(member.node_id.get())?;
    let AstKind::Class(class) = file.kind(class) else {
        return None;
    };
    class.body.body.iter().find_map(|element| match element {
        ClassElement::MethodDefinition(method)
            if method.kind == MethodDefinitionKind::Get
                && method
                    .key
                    .static_name()
                    .is_some_and(|name| name == member.property.name.as_str()) =>
        {
            Some(method.value.node_id.get())
        }
        _ => None,
    })
}

/// Whether what a function returns is a function that it makes.
fn gives_a_new_function(file: &File<'_, '_>, function: NodeId) -> bool {
    let is_made = |value: &Expression<'_>| match bare(value) {
        Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_) => true,
        Expression::CallExpression(call) => {
            method(call).is_some_and(|(_, name)| name == "bind")
                || is_made_by_a_package(&call.callee)
        }
        _ => false,
    };
    let body = match file.kind(function) {
        AstKind::Function(function) => function.body.as_deref(),
        AstKind::ArrowFunctionExpression(arrow) => match &arrow.body {
            ArrowFunctionBody::FunctionBody(body) => Some(&**body),
            given => return given.as_expression().is_some_and(is_made),
        },
        _ => None,
    };
    match body.and_then(|body| body.statements.last()) {
        Some(Statement::ReturnStatement(returned)) => {
            returned.argument.as_ref().is_some_and(is_made)
        }
        _ => false,
    }
}

/// jQuery knows a handler by the number that it puts on it, which a wrapper may take over: `wrapper.guid = handler.guid`.
fn knows_by_mark(removal: &Listener<'_, '_>) -> bool {
    match bare(removal.emitter_given) {
        Expression::CallExpression(asked) => {
            matches!(callee_name(asked), Some("$" | "jQuery"))
        }
        _ => false,
    }
}

/// Why none of the listeners that the file adds to the emitter is the one that is removed.
fn another_was_added<'a>(
    file: &File<'_, 'a>,
    removal: &Listener<'_, 'a>,
    added: &[Listener<'_, 'a>],
) -> Option<&'static str> {
    if added.is_empty() {
        return None;
    }
    let handler = file.written(removal.handler);
    let is_same = |added: &Listener<'_, 'a>| file.written(added.handler) == handler;
    if added
        .iter()
        .all(|added| !is_same(added) && wraps(file, added.handler, &handler))
    {
        return Some("the bare function is another one");
    }
    if !is_taken_out(file, removal.handler)
        && added
            .iter()
            .all(|added| calls_only(file, added.handler, &handler))
    {
        return Some("the function that was wrapped is another one");
    }
    let other_phase = |added: &Listener<'_, 'a>| {
        let (added, removed) = (added.captures(), removal.captures());
        added.is_some() && removed.is_some() && added != removed
    };
    let is_event_target = removal.method == "removeEventListener";
    (is_event_target
        && added
            .iter()
            .all(|added| is_same(added) && other_phase(added)))
    .then_some("listeners of the capturing phase are others")
}

/// Whether a variable holds what something else kept: `server.listeners('upgrade').pop()`. It may well be a listener, which
/// somebody else has added.
fn is_taken_out<'a>(file: &File<'_, 'a>, handler: &Expression<'a>) -> bool {
    let Some(variable) = file.variable(handler) else {
        return false;
    };
    let semantic = file.parsed.semantic();
    let AstKind::VariableDeclarator(declarator) =
        file.kind(semantic.scoping().symbol_declaration(variable))
    else {
        return false;
    };
    // `const [first] = server.listeners('upgrade');`
    let is_a_part = declarator.id.get_binding_identifier().is_none();
    is_a_part
        || declarator
            .init
            .as_ref()
            .is_some_and(|init| match bare(init) {
                Expression::CallExpression(call) => {
                    method(call).is_some_and(|(_, name)| name != "bind")
                }
                Expression::ComputedMemberExpression(_) => true,
                _ => false,
            })
}

/// Whether a listener is a function, written where it is added, that calls `inner`.
fn calls_only<'a>(file: &File<'_, 'a>, handler: &Expression<'a>, inner: &str) -> bool {
    if !is_written_function(handler) {
        return false;
    }
    let within = handler.span();
    file.calls_within(within)
        .any(|(_, call)| file.written(bare(&call.callee)) == inner)
}

/// Whether a listener is made around the function `inner` when it is added: bound, throttled, wrapped.
fn wraps<'a>(file: &File<'_, 'a>, handler: &Expression<'a>, inner: &str) -> bool {
    let made = match handler {
        Expression::Identifier(_) => declared_by(file, handler).unwrap_or(handler),
        handler => handler,
    };
    let Expression::CallExpression(call) = made else {
        return false;
    };
    match method(call) {
        Some((function, "bind")) if file.written(function) == inner => true,
        // `f.bind(listener)` hands the listener over as `this`; that of a class of Node.js makes a function around it.
        Some((class, "bind")) if !binds_what_it_is_given(file, class) => false,
        _ => {
            let first = argument(call, 0);
            first.is_some_and(|first| file.written(first) == inner)
        }
    }
}

/// Whether an expression is a class of `async_hooks` whose `bind` makes a function around its argument.
fn binds_what_it_is_given<'a>(file: &File<'_, 'a>, class: &Expression<'a>) -> bool {
    outside(file, class).is_some_and(|found| {
        found.is("async_hooks", "AsyncResource") || found.is("async_hooks", "AsyncLocalStorage")
    })
}

#[cfg(test)]
mod tests;
