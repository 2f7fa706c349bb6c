//! `pipeline(…)` of stream/promises whose promise nobody awaits or catches: each abort is an unhandled rejection.

use oxc_ast::AstKind;
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::fate::way;
use crate::facts::platform::is_promise_form;
use crate::facts::rejections::{How, lost};
use crate::file::File;
use crate::finding::{Finding, Fix, Label, Safety};
use crate::fix::Change;
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "floating-pipeline",
    pattern: Pattern::UnclosedStream,
    on: On::Always,
    page: "# floating-pipeline

Finds calls of the promise form of `pipeline` whose rejection has no handler.

## Why it leaks

`pipeline` destroys all its streams when one of them fails, so no descriptor is lost. But it says so by rejecting its
promise, and a client that aborts a download is a failure. Without a handler that is an unhandled rejection, which ends the
process by default, with everything that was under way.

## Example

```js
import { pipeline } from 'node:stream/promises';

app.get('/files/:name', async (req, res) => {
  res.type('pdf');
  pipeline(createReadStream(fileOf(req)), res);
});
```

```js
import { pipeline } from 'node:stream/promises';

watcher.on('add', (file) => pipeline(createReadStream(file), createGzip(), createWriteStream(`${file}.gz`)));
```

## Use instead

```js
import { pipeline } from 'node:stream/promises';

app.get('/files/:name', async (req, res, next) => {
  res.type('pdf');
  try {
    await pipeline(createReadStream(fileOf(req)), res);
  } catch (error) {
    next(error);
  }
});
```

```js
import { pipeline } from 'node:stream/promises';

watcher.on('add', (file) => {
  pipeline(createReadStream(file), createGzip(), createWriteStream(`${file}.gz`)).catch(report);
});
```

## How safe the fix is

In an async function the fix awaits the pipeline. It is unsafe: what follows waits until the streams are done, and the
rejection goes to the function's caller. Elsewhere there is none: only the author knows where a failure should go.

## What is not flagged

The callback form of `node:stream`; promises that are awaited, returned to a caller, given to `Promise.allSettled`, or have
a `catch`; `void` does not count as a handler.

## References

- Node.js, `stream/promises`, `pipeline()`
- Node.js, `--unhandled-rejections`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    for (node, call) in file.calls() {
        if !is_promise_form(file, &call.callee, "stream", "pipeline") {
            continue;
        }
        let Some(lost) = lost(file, *node) else {
            continue;
        };
        let mut labels = Vec::new();
        if lost.at != call.span {
            labels.push(Label::new(file.extent(lost.at), "the promise is lost here"));
        }
        findings.push(Finding {
            rule: RULE.id,
            confidence: confidence(file, *node, lost.how),
            message: format!("the promise of `pipeline` {}", why(lost.how)),
            growth: Some("one unhandled rejection for each stream that fails or is aborted"),
            place: Label::new(
                file.extent(call.span),
                "rejects when one of its streams fails",
            ),
            labels,
            fixes: awaited(file, *node, lost.how).into_iter().collect(),
        });
    }
}

const fn why(how: How) -> &'static str {
    match how {
        How::Dropped => "is dropped: when a stream fails, nobody handles the rejection",
        How::Voided => "is thrown away by `void`, which handles no rejection",
        How::Chained => {
            "has a handler for success only: when a stream fails, nobody handles the rejection"
        }
        How::Ignored => {
            "goes to something that ignores what its function returns: nobody handles the rejection"
        }
        How::ByCaller => {
            "is given to a caller in another file, who drops it: nobody handles the rejection"
        }
        How::Late => {
            "is awaited only after something else: a stream that fails before has no handler"
        }
    }
}

/// Waits for the pipeline where its function can wait.
fn awaited(file: &File<'_, '_>, pipeline: NodeId, how: How) -> Option<Fix> {
    let around = file.function_around(pipeline)?;
    let may_wait = match file.kind(around) {
        AstKind::Function(function) => function.r#async,
        AstKind::ArrowFunctionExpression(arrow) => arrow.r#async,
        _ => false,
    };
    let statement = file.parent(way(file, pipeline).whole);
    let call = file.kind(pipeline).span();
    let mut change = Change::of(file);
    match (how, file.kind(statement)) {
        (How::Dropped, AstKind::ExpressionStatement(_)) if may_wait => {
            change.insert(call.start, "await ");
        }
        (How::Voided, AstKind::UnaryExpression(void)) if may_wait => {
            change.replace(Span::new(void.span.start, call.start), "await ");
        }
        _ => return None,
    }
    change.done("Wait for the pipeline", Safety::Unsafe)
}

fn confidence(file: &File<'_, '_>, pipeline: NodeId, how: How) -> Confidence {
    match how {
        How::Late => Confidence::Medium,
        // An async listener that awaits it: an emitter made with `captureRejections` would look at what it returns.
        How::Ignored if way(file, pipeline).awaited => Confidence::Medium,
        _ => Confidence::High,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{check, check_fix, check_page};

    const ESM: &str = "import { pipeline } from 'node:stream/promises';\n";

    #[track_caller]
    fn check_after_import(text: &str, lines: &[u32]) {
        check(&RULE, &format!("{ESM}{text}"), lines);
    }

    #[test]
    fn the_page_holds() {
        check_page(&RULE);
    }

    #[test]
    fn promises_that_nobody_takes() {
        check_after_import("function f(a, b) { pipeline(a, b); }", &[2]);
        check_after_import("function f(a, b) { void pipeline(a, b); }", &[2]);
        check_after_import("const f = (a, b) => { pipeline(a, b).then(done); };", &[2]);
        check_after_import(
            "const f = (a, b) => { pipeline(a, b).finally(done); };",
            &[2],
        );
        check_after_import("const f = (a, b) => { const p = pipeline(a, b); };", &[2]);
        check_after_import(
            "const f = (all) => { Promise.all([pipeline(all, b)]); };",
            &[2],
        );
        check_after_import(
            "const f = (all) => { Promise.all(all.map((a) => pipeline(a, b))); };",
            &[2],
        );
    }

    #[test]
    fn whichever_way_it_is_imported() {
        check(
            &RULE,
            "const s = require('stream');\nconst f = () => { s.promises.pipeline(a, b); };",
            &[2],
        );
        check(
            &RULE,
            "const { pipeline: p } = require('node:stream/promises');\nconst f = () => { p(a, b); };",
            &[2],
        );
        check(
            &RULE,
            "const s = require('stream'); const { promisify } = require('util');\nconst p = promisify(s.pipeline);\nconst f = () => { p(a, b); };",
            &[3],
        );
        check(
            &RULE,
            "const { pipeline } = require('stream');\nconst f = () => { pipeline(a, b, done); };",
            &[],
        );
        check(
            &RULE,
            "import { pipeline } from './etl';\nconst f = () => { pipeline(a, b); };",
            &[],
        );
    }

    #[test]
    fn results_that_are_ignored() {
        check_after_import("bus.on('file', (f) => pipeline(f, b));", &[2]);
        check_after_import(
            "bus.on('file', async (f) => { await pipeline(f, b); });",
            &[2],
        );
        check_after_import(
            "files.forEach(function (f) { return pipeline(f, b); });",
            &[2],
        );
        check_after_import(
            "const zip = (f) => pipeline(f, b);\nbus.on('file', (f) => { zip(f); });",
            &[2],
        );
        check_after_import(
            "bus.on('file', async (f) => { try { await pipeline(f, b); } catch {} });",
            &[],
        );
        check_after_import(
            "const zip = (f) => pipeline(f, b);\nbus.on('file', (f) => { zip(f).catch(log); });",
            &[],
        );
    }

    #[test]
    fn functions_whose_callers_drop_it() {
        let class = |call: &str| {
            format!(
                "class U {{ async save(f) {{ await pipeline(f, b); }}\n  start() {{ {call} }} }}"
            )
        };
        check_after_import(&class("bus.on('x', (f) => { this.save(f); });"), &[2]);
        check_after_import(&class("bus.on('x', this.save);"), &[2]);
        check_after_import(
            &class("bus.on('x', (f) => { this.save(f).catch(log); });"),
            &[],
        );
        check_after_import(&class("return this.save(f);"), &[]);
        check_after_import("(async () => { await pipeline(a, b); })();", &[2]);
        check_after_import("(async () => { await pipeline(a, b); })().catch(log);", &[]);
        check_after_import(
            "const f = () => new Promise(async (go) => { await pipeline(a, b); go(); });",
            &[2],
        );
        check_after_import(
            "async function* f() { await pipeline(a, b); }\nfunction g() { f(); }",
            &[],
        );
        check_after_import(
            "const f = () => { const p = pipeline(a, b); p.then(log); };",
            &[2],
        );
        check_after_import(
            "const f = () => { const p = pipeline(a, b); p.then(log); p.catch(log); };",
            &[],
        );
    }

    #[test]
    fn lists_that_are_awaited_late() {
        let upload = |then: &str| {
            format!(
                "async function f(bb) {{ const all = [];\n  bb.on('file', (f) => {{ all.push(pipeline(f, b)); }});\n  {then} }}"
            )
        };
        check_after_import(
            &upload("await once(bb, 'close'); await Promise.all(all);"),
            &[3],
        );
        check_after_import(
            &upload("await once(bb, 'close'); await Promise.all(all); log(all.length);"),
            &[3],
        );
        check_after_import(&upload("await Promise.all(all);"), &[]);
        check_after_import(&upload("await once(bb, 'close'); return all;"), &[]);
    }

    #[test]
    fn awaited_too_late() {
        check_after_import(
            "async function f() { const p = pipeline(a, b); await g(); await p; }",
            &[2],
        );
        check_after_import(
            "async function f() { const p = pipeline(a, b); g(); await p; }",
            &[],
        );
        check_after_import(
            "async function f() { const p = pipeline(a, b); await Promise.all([g(), p]); }",
            &[],
        );
        check_after_import(
            "async function f() { const p = pipeline(a, b).catch(log); await g(); await p; }",
            &[],
        );
    }

    #[test]
    fn promises_that_are_handled() {
        check_after_import("async function f() { await pipeline(a, b); }", &[]);
        check_after_import("const f = (a, b) => pipeline(a, b);", &[]);
        check_after_import("const f = (a, b) => { pipeline(a, b).catch(log); };", &[]);
        check_after_import(
            "const f = (a, b) => { pipeline(a, b).then(done, log); };",
            &[],
        );
        check_after_import(
            "const f = (all) => { Promise.allSettled(all.map((a) => pipeline(a, b))); };",
            &[],
        );
        check_after_import(
            "app.get('/', async (req, res) => { await pipeline(a, res); });",
            &[],
        );
    }

    #[test]
    fn the_same_promise_again() {
        let text = |rest: &str| {
            format!(
                "import {{ pipeline }} from 'node:stream/promises';\napp.put('/', (req, res) => {{\n  Promise.resolve(pipeline(req, out)).then(() => log(1)){rest};\n}});"
            )
        };
        check(&RULE, &text(""), &[3]);
        check(&RULE, &text(".catch(log)"), &[]);
    }

    #[test]
    fn the_fix_waits() {
        let fixed = |before: &str, after: &str| {
            check_fix(&RULE, &format!("{ESM}{before}"), &format!("{ESM}{after}"));
        };
        fixed(
            "async (a) => { pipeline(a, b); };",
            "async (a) => { await pipeline(a, b); };",
        );
        fixed(
            "async (a) => { void pipeline(a, b); };",
            "async (a) => { await pipeline(a, b); };",
        );
        fixed("(a) => { pipeline(a, b); };", "(a) => { pipeline(a, b); };");
    }
}
