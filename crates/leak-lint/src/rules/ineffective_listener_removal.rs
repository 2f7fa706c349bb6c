//! `emitter.off(event, (x) => …)`: a function made for the call was never registered.

use oxc_ast::ast::{CallExpression, Expression};
use oxc_span::GetSpan;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::file::{File, argument, bare, method};
use crate::finding::{Finding, Label};
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "ineffective-listener-removal",
    pattern: Pattern::UnremovedListener,
    on: On::Always,
    page: "# ineffective-listener-removal

Finds calls that should remove a listener but are given a function made on the spot.

## Why it leaks

`off`, `removeListener` and `removeEventListener` look for the very function that was registered. An arrow function, a
function expression or the result of `bind` is a new object each time it is evaluated: nothing is found, nothing is
removed, and no error says so. The listener stays for as long as the emitter lives, with everything that its scope keeps.

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

There is no automatic fix yet: where the constant belongs depends on where both calls can see it.

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

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    for (_, call) in file.calls() {
        let Some((emitter, name)) = method(call).filter(|(_, name)| REMOVES.contains(name)) else {
            continue;
        };
        let Some(handler) = argument(call, 1) else {
            continue;
        };
        let Some(made) = made_on_the_spot(handler) else {
            continue;
        };
        let emitter = file.written(emitter);
        findings.push(Finding {
            rule: RULE.id,
            confidence: Confidence::High,
            message: format!(
                "`{emitter}.{name}` removes nothing: {made} is another function than the one that was registered"
            ),
            growth: None,
            place: Label::new(file.extent(handler.span()), "this function was never registered"),
            labels: registrations(file, call, &emitter),
            fixes: Vec::new(),
        });
    }
}

/// What makes an expression a new function each time it is evaluated.
fn made_on_the_spot(expression: &Expression<'_>) -> Option<&'static str> {
    match expression {
        Expression::ArrowFunctionExpression(_) => Some("an arrow function that is written here"),
        Expression::FunctionExpression(_) => Some("a function that is written here"),
        Expression::CallExpression(call) => {
            let (_, name) = method(call)?;
            (name == "bind").then_some("the result of `bind`")
        }
        _ => None,
    }
}

/// Where the same event of the same emitter is listened to.
fn registrations<'a>(
    file: &File<'_, 'a>,
    removal: &CallExpression<'a>,
    emitter: &str,
) -> Vec<Label> {
    let event = |call: &CallExpression<'a>| argument(call, 0).map(|event| file.written(event));
    let registers = file.calls().iter().filter(|(_, call)| {
        let is_on = method(call).is_some_and(|(object, name)| {
            matches!(
                name,
                "on" | "once" | "addListener" | "addEventListener" | "prependListener"
            ) && file.written(bare(object)) == emitter
        });
        is_on && event(call) == event(removal)
    });
    registers
        .map(|(_, call)| Label::new(file.extent(call.span), "registered here"))
        .take(2)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{check, check_page};

    #[test]
    fn the_page_holds() {
        check_page(&RULE);
    }

    #[test]
    fn new_functions_remove_nothing() {
        check(&RULE, "bus.off('a', () => {});", &[1]);
        check(&RULE, "bus.removeListener('a', function () {});", &[1]);
        check(
            &RULE,
            "window.removeEventListener('a', this.go.bind(this));",
            &[1],
        );
        check(&RULE, "bus?.off('a', (((x) => x)));", &[1]);
    }

    #[test]
    fn what_has_a_name_may_be_the_one() {
        check(
            &RULE,
            "const go = () => {}; bus.on('a', go); bus.off('a', go);",
            &[],
        );
        check(
            &RULE,
            "bus.off('a', this.go); bus.off('a', handlers[0]);",
            &[],
        );
        check(
            &RULE,
            "bus.off('a'); light.off(); bus.off('a', wrap(go));",
            &[],
        );
        check(
            &RULE,
            "bus.once('a', () => {}); list.filter(() => true);",
            &[],
        );
    }
}
