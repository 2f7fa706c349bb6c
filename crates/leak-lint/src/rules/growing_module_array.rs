//! An array that outlives its requests and gets an element for each of them.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use stanch_js_source::{SiteRole, bare};
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::checks::is_added_once;
use crate::facts::holders::{Container, Holder};
use crate::facts::insertions::Insertion;
use crate::facts::keys::{Domain, constant, domain, domain_in};
use crate::facts::letting_go::{Fate, fate, fate_of_part, part_of};
use crate::facts::steadiness::steadiness;
use crate::file::File;
use crate::finding::{Finding, Fix, Label, Safety, is_new};
use crate::fix::{Change, LAST, own_variable};
use crate::project::Calls;
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "growing-module-array",
    pattern: Pattern::UnboundedLog,
    on: On::WhenSure,
    page: "# growing-module-array

Finds arrays of the module, or of an object that lives as long, to which requests and events add and from which nobody takes.

## Why it leaks

Records of requests, durations, errors or messages that are kept to be looked at one day are never thrown away: eight bytes or a
whole body for each request, until the process is restarted. `slice`, `filter` and `concat` return a copy and leave the array as
it is; setting a slot to null keeps the slot.

## Example

```js
const durations = [];

app.use((req, res, next) => {
  const from = performance.now();
  res.on('finish', () => durations.push(performance.now() - from));
  next();
});
```

## Use instead

```js
const durations = [];
const KEEP = 1000;

app.use((req, res, next) => {
  const from = performance.now();
  res.on('finish', () => {
    durations.push(performance.now() - from);
    if (durations.length > KEEP) durations.shift();
  });
  next();
});
```

## How safe the fix is

Unsafe: with a bound the oldest elements leave, the others move up, and the number in it is an example. It follows each place
that adds to the array, where the array is a variable of the module that no other file has, and where each of these places is
a statement that pushes one element. Other arrays have no fix.

## What is not flagged

Arrays from which anything is taken, cut, filtered or replaced, or whose length something compares with a limit: but not where
that is done only as the process ends, or by a route that does nothing else and waits for somebody to call it. Lists of
handlers, hooks and plugins, which programs fill at start. Elements that are added only when they are not there yet, unless
there is no end of them. Arrays of scripts and builds, which end.

## References

- Node.js, `process.memoryUsage()`; `Array.prototype.slice` and `filter` return copies
- swagger-client issue 289, video.js issue 6192
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if file.ends() {
        return;
    }
    for (holder, found) in file.filled() {
        let whole = (holder.container == Container::Array)
            .then(|| find(file, holder, found, false))
            .flatten();
        let finding = whole.or_else(|| find(file, holder, found, true));
        // `metrics.requests` is a holder, and in another: `metrics`.
        findings.extend(finding.filter(|finding| is_new(findings, finding)));
    }
}

fn find<'a>(
    file: &File<'_, 'a>,
    holder: &Holder<'a>,
    insertions: &[Insertion<'a>],
    nested: bool,
) -> Option<Finding> {
    let (insertion, sure) = insertions
        .iter()
        .filter(|insertion| insertion.nested == nested && insertion.key.is_none())
        .filter(|insertion| !is_registration(file, insertion))
        .filter(|insertion| !is_one_of_few(file, holder, insertion))
        .map(|insertion| (insertion, steadiness(holder, insertion)))
        .filter(|(insertion, _)| {
            insertion.frequency == Calls::Again || is_a_record(file, insertion)
        })
        .max_by_key(|(insertion, sure)| (*sure, std::cmp::Reverse(insertion.extent.start)))?;
    // Where its keys have no end either, `unbounded-cache` says so.
    let sure = if nested && !holder.is_table && has_keys_without_end(file, holder, insertions) {
        sure.min(Confidence::Medium)
    } else {
        sure
    };
    if sure == Confidence::Low {
        return None;
    }
    let part = part_of(file, insertion.node).filter(|_| nested);
    let fate = match part {
        Some(part) => fate_of_part(file, holder, part),
        None => fate(file, holder, nested),
    };
    let hint = match fate {
        Fate::LetGo(_) | Fate::InOthersHands => return None,
        Fate::OnlyWatched(at) => Some((at, "leaves the array as it is")),
        Fate::KeptOnSuccess(at) => Some((at, "only after a failure")),
        Fate::KeptUntilAsked(_) | Fate::Kept => None,
    };
    let mut labels = vec![Label::new(holder.declared, "kept here")];
    labels.extend(hint.map(|(at, text)| Label::new(at, text)));
    let what = if nested { "what is in " } else { "" };
    Some(Finding {
        rule: RULE.id,
        confidence: sure,
        message: format!(
            "{what}`{}` gets one more element each time, and nothing takes one out",
            holder.written
        ),
        growth: Some("each time, for the life of the process"),
        place: Label::new(insertion.extent, "one more element each time"),
        labels,
        // A bound of a container does not bound what is in its entries.
        fixes: (!nested)
            .then(|| fix(file, holder, insertions))
            .flatten()
            .into_iter()
            .collect(),
    })
}

/// Whether a container gets entries of which there are as many as users want, or may.
fn has_keys_without_end<'a>(
    file: &File<'_, 'a>,
    holder: &Holder<'a>,
    insertions: &[Insertion<'a>],
) -> bool {
    let mut whole = insertions.iter().filter(|insertion| !insertion.nested);
    whole.any(|insertion| {
        let keys = insertion.key.map(|key| domain_in(file, holder, key));
        matches!(keys, Some(Domain::Unbounded(_) | Domain::Named(_)))
    })
}

fn fix<'a>(file: &File<'_, 'a>, holder: &Holder<'a>, insertions: &[Insertion<'a>]) -> Option<Fix> {
    own_variable(file, holder)?;
    let mut change = Change::of(file);
    change.keep_last(holder, insertions)?;
    change.done(
        format!("Keep the last {LAST} elements of `{}`", holder.written),
        Safety::Unsafe,
    )
}

/// What people call functions that others hand in.
const HANDLERS: &[&str] = &[
    "fn",
    "cb",
    "callback",
    "handler",
    "handlers",
    "handle",
    "listener",
    "middleware",
    "middlewares",
    "plugin",
    "plugins",
    "hook",
    "hooks",
    "fns",
    "func",
    "factory",
    "resolver",
    "validator",
    "filter",
    "interceptor",
    "transformer",
    "parser",
    "serializer",
    "rule",
    "layer",
    "route",
    "command",
    "subscriber",
    "observer",
    "visitor",
    "matcher",
    "formatter",
    "strategy",
    "provider",
    "module",
    "extension",
    "transform",
    "migration",
    "definition",
    "decorator",
    "guard",
    "pipe",
    "controller",
    "type",
    "loader",
    "adapter",
    "task",
    "patch",
];
/// First words of functions with which a program is put together.
const SETS_UP: &[&str] = &[
    "use",
    "register",
    "add",
    "define",
    "install",
    "extend",
    "configure",
    "plugin",
    "hook",
    "on",
    "mount",
    "route",
    "declare",
    "provide",
    "include",
    "load",
    "init",
    "setup",
    "create",
    "build",
    "compile",
    "parse",
    "visit",
    "walk",
    "collect",
    "append",
    "enable",
    "with",
    "set",
    "inject",
    "decorate",
    "require",
    "import",
    "generate",
    "make",
    "resolve",
    "apply",
    "bind",
];

/// Whether what is added is a handler, or something that a program is put together of.
fn is_registration(file: &File<'_, '_>, insertion: &Insertion<'_>) -> bool {
    if insertion.role == SiteRole::Registers {
        return true;
    }
    // No program is put together for each request.
    if file
        .function_around(insertion.node)
        .is_some_and(|function| file.is_surely_hot(function))
    {
        return false;
    }
    insertion.values.iter().any(|value| match value {
        Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_) => true,
        Expression::Identifier(name) => HANDLERS.contains(&name.name.as_str()),
        _ => false,
    }) || insertion.frequency == Calls::Unknown && sets_up(file, insertion)
}

fn sets_up(file: &File<'_, '_>, insertion: &Insertion<'_>) -> bool {
    let Some(function) = file.function_around(insertion.node) else {
        return true;
    };
    let name = file.parsed.function_ref(function).name.unwrap_or_default();
    let first_word: String = name
        .chars()
        .take_while(|letter| !letter.is_uppercase() && *letter != '_')
        .collect();
    SETS_UP.contains(&first_word.as_str())
}

/// Whether the list is a set of what the program knows.
fn is_one_of_few<'a>(file: &File<'_, 'a>, holder: &Holder<'a>, insertion: &Insertion<'a>) -> bool {
    is_added_once(file, insertion.node, &holder.written)
        && !insertion
            .values
            .iter()
            .any(|value| matches!(domain(file, value), Domain::Unbounded(_)))
}

/// Words for what is written down when something happens.
const RECORDS: &[&str] = &[
    "entry",
    "record",
    "event",
    "message",
    "msg",
    "line",
    "error",
    "err",
    "failure",
    "sample",
    "metric",
    "log",
    "item",
    "duration",
    "elapsed",
    "ms",
    "latency",
    "request",
    "visit",
    "row",
    "transaction",
    "tx",
    "change",
    "result",
    "warning",
    "notification",
    "report",
    "measurement",
];

/// Whether what is added is a note of something that happened: an object or text made on the spot, a moment, or what is called so.
fn is_a_record<'a>(file: &File<'_, 'a>, insertion: &Insertion<'a>) -> bool {
    insertion.values.iter().any(|value| notes(file, value)) || is_in_a_handler(file, insertion)
}

/// Names of properties that say when something was, or how long it took.
const MOMENTS: &[&str] = &[
    "at",
    "time",
    "timestamp",
    "ts",
    "date",
    "when",
    "createdAt",
    "startedAt",
    "openedAt",
    "ms",
    "duration",
];

fn notes<'a>(file: &File<'_, 'a>, value: &Expression<'a>) -> bool {
    match value {
        Expression::ObjectExpression(object) => object.properties.iter().any(|property| {
            property.as_property().is_some_and(|property| {
                matches!(domain(file, &property.value), Domain::Unbounded(_))
                    || property
                        .key
                        .static_name()
                        .is_some_and(|name| MOMENTS.contains(&&*name))
            })
        }),
        Expression::TemplateLiteral(_) => true,
        Expression::Identifier(name) => match constant(file, value) {
            // A variable may have any name.
            Some(first) => notes(file, bare(first)),
            None => {
                RECORDS.contains(&name.name.as_str())
                    || matches!(domain(file, value), Domain::Unbounded(_))
            }
        },
        value => matches!(domain(file, value), Domain::Unbounded(_)),
    }
}

/// Whether the code is in a function that something else calls for an event.
fn is_in_a_handler(file: &File<'_, '_>, insertion: &Insertion<'_>) -> bool {
    file.nodes().ancestor_ids(insertion.node).any(|around| {
        matches!(
            file.kind(around),
            AstKind::Function(_) | AstKind::ArrowFunctionExpression(_)
        ) && file.is_handler(around)
    })
}

#[cfg(test)]
mod tests;
