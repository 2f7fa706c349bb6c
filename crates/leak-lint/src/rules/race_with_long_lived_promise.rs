//! `Promise.race([shutdown, work()])`: every value of the race hangs on the promise that never settles.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::SymbolId;
use oxc_span::{GetSpan, Span};
use stanch_leak_patterns::{Confidence, Pattern};

use crate::file::{File, argument, bare, method};
use crate::finding::{Finding, Label};
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "race-with-long-lived-promise",
    pattern: Pattern::PendingAsync,
    on: On::Always,
    page: "# race-with-long-lived-promise

Finds `Promise.race` and `Promise.any` with a promise that was made once for the whole process.

## Why it leaks

Each race adds its reactions to every promise in it. A promise that stays pending, such as one for the shutdown of the
process, keeps all of them: one for each race that was ever run, with the result of the race it belongs to.

## Example

```js
const shutdown = new Promise((resolve) => process.once('SIGTERM', resolve));

async function handle(req, res) {
  const rows = await Promise.race([query(req.url), shutdown]);
  res.end(JSON.stringify(rows));
}
```

## Use instead

```js
const shutdown = new AbortController();
process.once('SIGTERM', () => shutdown.abort());

async function handle(req, res) {
  const rows = await query(req.url, { signal: shutdown.signal });
  res.end(JSON.stringify(rows));
}
```

## How safe the fix is

There is no automatic fix: what is raced has to learn about the signal.

## What is not flagged

Promises that are made inside the function; races at module level, which are run once.

## References

- Node.js issue 17469: memory is kept by `Promise.race` with a promise that does not settle
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    for (node, call) in file.calls() {
        let is_race = method(call).is_some_and(|(object, name)| {
            matches!(name, "race" | "any")
                && matches!(object, Expression::Identifier(object) if object.name == "Promise")
        });
        if !is_race || file.function_around(*node).is_none() {
            continue;
        }
        let Some(Expression::ArrayExpression(racers)) = argument(call, 0) else {
            continue;
        };
        for racer in racers
            .elements
            .iter()
            .filter_map(|racer| racer.as_expression())
        {
            let racer = bare(racer);
            let Some((variable, made)) = file
                .variable(racer)
                .and_then(|variable| Some((variable, made_once(file, variable)?)))
            else {
                continue;
            };
            let scoping = file.parsed.semantic().scoping();
            let name = scoping.symbol_name(variable);
            findings.push(Finding {
                rule: RULE.id,
                confidence: Confidence::High,
                message: format!(
                    "each race leaves its reactions on `{name}`, which is made once and stays pending"
                ),
                growth: Some("per race, until that promise settles"),
                place: Label::new(file.extent(racer.span()), "keeps every race that it was in"),
                labels: vec![Label::new(file.extent(made), "made once, when the module is loaded")],
                fixes: Vec::new(),
            });
        }
    }
}

/// The promise of a module's variable, if it is made there once.
fn made_once(file: &File<'_, '_>, variable: SymbolId) -> Option<Span> {
    let scoping = file.parsed.semantic().scoping();
    let is_of_module = scoping.symbol_scope_id(variable) == scoping.root_scope_id();
    let AstKind::VariableDeclarator(declarator) = file.kind(scoping.symbol_declaration(variable))
    else {
        return None;
    };
    // A variable that is assigned again may hold a new promise each time.
    if !is_of_module || scoping.symbol_is_mutated(variable) {
        return None;
    }
    match bare(declarator.init.as_ref()?) {
        Expression::NewExpression(new) => {
            matches!(bare(&new.callee), Expression::Identifier(class) if class.name == "Promise")
                .then_some(new.span)
        }
        Expression::CallExpression(call) => {
            let makes = match bare(&call.callee) {
                Expression::Identifier(callee) => callee.name == "once",
                _ => method(call).is_some_and(|(_, name)| name == "once"),
            };
            makes.then_some(call.span)
        }
        _ => None,
    }
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
    fn promises_of_the_process() {
        check(
            &RULE,
            "const stop = once(process, 'SIGTERM');\nexports.run = (job) => Promise.race([job(), stop]);",
            &[2],
        );
        check(
            &RULE,
            "const stop: Promise<void> = new Promise((r) => { end = r; });\nfor (const j of []) { const f = () => Promise.any([(stop), j]); }",
            &[2],
        );
    }

    #[test]
    fn promises_of_the_call() {
        check(
            &RULE,
            "const f = () => { const late = new Promise((r) => setTimeout(r, 9)); return Promise.race([g(), late]); };",
            &[],
        );
        check(
            &RULE,
            "const a = new Promise((r) => 1); Promise.race([a, b]);",
            &[],
        );
        check(
            &RULE,
            "let tick = new Promise((r) => 1); const f = () => { tick = new Promise((r) => 1); return Promise.race([tick, g()]); };",
            &[],
        );
        check(&RULE, "const f = (stop) => Promise.race([stop, g()]);", &[]);
    }
}
