//! A function that is kept for long, and with it a scope that has something large in it which the function does not need.

mod fix;
mod reasons;

use std::collections::{HashMap, HashSet};

use oxc_ast::AstKind;
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;
use stanch_js_source::CapturedScope;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::bulk::Bulk;
use crate::facts::ends::ends_soon;
use crate::facts::entries::leaves_with_its_call;
use crate::facts::kept::{Keeper, Kept, kept};
use crate::facts::turns::is_loop;
use crate::file::File;
use crate::finding::{Finding, Label};
use crate::project::Calls;
use crate::rule::{On, Rule};
use reasons::{Why, reason};

pub(crate) const RULE: Rule = Rule {
    id: "large-closure-capture",
    pattern: Pattern::ClosureCapture,
    on: On::Always,
    page: "# large-closure-capture

Finds functions that are kept for long and keep something large with them that they do not need.

## Why it leaks

V8 puts all variables of a scope that any inner function uses into one context, and every function that is made in the scope
keeps that context. A timer of a day, or an entry of a Map of the module, thus keeps the request whose id it reads, and also
the rows that only the callback of a `filter` beside it uses, which ran long ago. The heartbeat of a connection keeps what was
sent when it was opened.

## Example

```js
const reminders = new Map();

app.post('/imports', async (req, res) => {
  const rows = JSON.parse(req.body);
  const missing = skus.filter((sku) => !rows.some((row) => row.sku === sku));
  const { email } = req.user;
  reminders.set(email, () => mail(email, 'Please check your import'));
  res.json({ missing });
});
```

```js
const sizes = new Map();

export function remember(req) {
  const image = req.body;
  sizes.set(req.url, () => image.byteLength);
}
```

## Use instead

A function that is made where only what it needs is in sight:

```js
const reminders = new Map();
const reminder = (email) => () => mail(email, 'Please check your import');

app.post('/imports', async (req, res) => {
  const rows = JSON.parse(req.body);
  const missing = skus.filter((sku) => !rows.some((row) => row.sku === sku));
  reminders.set(req.user.email, reminder(req.user.email));
  res.json({ missing });
});
```

and the value that is needed in place of what it is read from:

```js
const sizes = new Map();

export function remember(req) {
  const { byteLength } = req.body;
  sizes.set(req.url, () => byteLength);
}
```

## How safe the fix is

Unsafe: what the function reads is read when it is made, and what changes afterwards is not seen. Where another function
keeps the scope there is no automatic fix.

## What is not flagged

Functions that need all of what they capture; variables that are set to null in time; callbacks that run at once or hang on
the response; timers of less than a minute; functions that are made once, while the program starts; lists that are drained
and entries that are taken out to be called, or before the request is over; what another function needs that is kept beside it.

## References

- V8, contexts and closures: all functions of a scope share one context
- MDN, closures: performance considerations
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if ends_soon(file) || file.is_of_a_page() {
        return;
    }
    let mut declared: Option<HashMap<u32, SymbolId>> = None;
    let mut in_use = HashSet::new();
    let all = kept(file);
    let starts = all.iter().map(|it| file.kind(it.function).span().start);
    let beside: HashSet<u32> = starts.collect();
    for kept in all {
        if file.frequency(kept.function) == Calls::Once || is_of_start_up(file, kept.function) {
            continue;
        }
        let declared = declared.get_or_insert_with(|| variables(file));
        let Some(found) = capture(file, &kept, declared, &beside) else {
            continue;
        };
        if leaves_with_its_call(file, &kept) {
            continue;
        }
        // All listeners of a connection, and its intervals, keep one scope: once is enough.
        if !kept.by.is_in_use() || in_use.insert(found.variable) {
            findings.push(finding(file, &kept, &found));
        }
    }
}

/// Whether a function is made by one that only the module's own code calls, however many may import that: `await setup();`.
fn is_of_start_up(file: &File<'_, '_>, function: NodeId) -> bool {
    let Some(maker) = file.function_around(function) else {
        return true;
    };
    let AstKind::Function(declared) = file.kind(maker) else {
        return false;
    };
    let Some(name) = declared.id.as_ref().and_then(|id| id.symbol_id.get()) else {
        return false;
    };
    let calls = file.parsed.calls_of(maker);
    let named = file
        .parsed
        .semantic()
        .scoping()
        .get_resolved_references(name);
    !calls.is_empty()
        // Nobody else is given it.
        && named.count() == calls.len()
        && file.heat(maker).is_none()
        && calls.iter().all(|call| {
            let mut around = file.nodes().ancestor_kinds(*call);
            file.function_around(*call).is_none() && !around.any(is_loop)
        })
}

/// All variables by the byte where they are declared.
fn variables(file: &File<'_, '_>) -> HashMap<u32, SymbolId> {
    let scoping = file.parsed.semantic().scoping();
    let all = scoping.symbol_ids();
    all.map(|variable| (scoping.symbol_span(variable).start, variable))
        .collect()
}

/// What a kept function keeps without need.
struct Capture {
    variable: SymbolId,
    name: String,
    why: Why,
}

fn capture<'a>(
    file: &File<'_, 'a>,
    kept: &Kept,
    declared: &HashMap<u32, SymbolId>,
    beside: &HashSet<u32>,
) -> Option<Capture> {
    let function = file.parsed.function_ref(kept.function);
    let own = file.kind(kept.function).span();
    let scopes = file.parsed.captured(function.position);
    let around = scopes.iter().filter(|scope| {
        // The module's scope lives anyway, and what the function makes itself it makes anew.
        scope.function.is_some()
            && !(own.start <= scope.extent.start && scope.extent.end <= own.end)
    });
    let mut found: Option<Capture> = None;
    for scope in around {
        for (variable, name) in captured(scope, declared) {
            if let Some(why) = reason(file, kept, scope, variable, own, beside) {
                let capture = Capture {
                    variable,
                    name,
                    why,
                };
                // A part is mended at the place; that comes first.
                if matches!(
                    capture.why,
                    Why::ForAPart(_) | Why::Predecessor | Why::OwnTarget
                ) {
                    return Some(capture);
                }
                found.get_or_insert(capture);
            }
        }
    }
    found
}

fn captured(scope: &CapturedScope, declared: &HashMap<u32, SymbolId>) -> Vec<(SymbolId, String)> {
    let variables = scope.variables.iter();
    variables
        .filter(|variable| !variable.captured_by.is_empty())
        .filter_map(|variable| {
            let symbol = declared.get(&variable.extent.start)?;
            Some((*symbol, variable.name.clone()))
        })
        .collect()
}

fn finding<'a>(file: &File<'_, 'a>, kept: &Kept, capture: &Capture) -> Finding {
    let name = &capture.name;
    let (holds, growth) = match &kept.by {
        Keeper::Timer(ms) => (
            format!("the timer keeps this function for {}", duration(*ms)),
            "per call, until the timer ends",
        ),
        Keeper::Collection(of) => (
            format!("`{of}` keeps this function"),
            "per call, for the life of the entry",
        ),
        Keeper::Callee(callee) => (
            format!("`{callee}` keeps this function"),
            "per call, for as long as it is kept there",
        ),
        Keeper::Interval => (
            "the interval keeps this function".to_owned(),
            "per call, until the interval ends",
        ),
        Keeper::Connection => (
            "the connection keeps this function".to_owned(),
            "per connection, until it closes",
        ),
        Keeper::Object => (
            "the object with this function is put into a collection".to_owned(),
            "per object, for the life of the entry",
        ),
        Keeper::Single(holder) => (
            format!("`{holder}` keeps this function"),
            "per call, for the life of the process",
        ),
        Keeper::Finalizer { .. } => (
            "the registry keeps this function".to_owned(),
            "per object, for the life of the process",
        ),
    };
    let keeps = match &capture.why {
        Why::Sibling(_) => format!(
            "with it `{name}`, {}, which only another function of the same scope uses",
            Bulk::Contents.words()
        ),
        Why::ForAPart(large) => {
            format!(
                "with it `{name}`, {}, of which it reads a part",
                large.words()
            )
        }
        Why::PastItsTime(large) => format!("with it `{name}`, {}", large.words()),
        Why::Predecessor => {
            format!("with it `{name}`, what was there before, and all that this keeps in turn")
        }
        Why::OwnTarget => format!("with it `{name}`, whose end it waits for and so prevents"),
    };
    let scoping = file.parsed.semantic().scoping();
    let mut labels = vec![Label::new(
        file.extent(scoping.symbol_span(capture.variable)),
        format!("`{name}` is declared here"),
    )];
    if let Why::Sibling(sibling) = capture.why {
        let text = format!("this function makes `{name}` part of the scope that is kept");
        labels.push(Label::new(file.extent(sibling), text));
    }
    Finding {
        rule: RULE.id,
        confidence: Confidence::High,
        message: format!("{holds}, and {keeps}"),
        growth: Some(growth),
        place: Label::new(file.extent(kept.place), "kept with its whole scope"),
        labels,
        fixes: fix::fix(file, kept, capture).into_iter().collect(),
    }
}

fn duration(ms: u64) -> String {
    const MINUTE: u64 = 60_000;
    const HOUR: u64 = 60 * MINUTE;
    let (count, unit) = match ms {
        ms if ms >= HOUR => (ms / HOUR, "hour"),
        ms => (ms / MINUTE, "minute"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests;
