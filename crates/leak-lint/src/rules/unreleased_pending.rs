//! Entries for what is under way that stay when it ends badly, or never.

mod fix;

use oxc_ast::ast::Expression;
use oxc_span::GetSpan;
use stanch_js_source::Release;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::holders::{Container, Holder};
use crate::facts::insertions::Insertion;
use crate::facts::keys::{Domain, Source, domain};
use crate::facts::pending::{
    AFTER_REJECTION, BETWEEN, BY_ANOTHER_WAY, FAILED, OVER, leak, makes_it,
};
use crate::facts::repeats::{Repeats, repeats};
use crate::facts::under_way::{Kept, kept};
use crate::file::{File, method};
use crate::finding::{Finding, Label};
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "unreleased-pending",
    pattern: Pattern::UnboundedCache,
    on: On::WhenSure,
    page: "# unreleased-pending

Finds entries for something under way, such as a shared lookup, a call that waits for its answer or a mark against running twice,
that are not taken out on every way it can end.

## Why it leaks

The entry leaves when all goes well. When the lookup fails, the function returns early or throws, or the answer never comes, it
stays, with its promise, its callbacks and its payload; and the next caller finds an operation that is for ever under way.

## Example

```js
const inflight = new Map();

exports.profile = (id) => {
  if (inflight.has(id)) return inflight.get(id);
  const lookup = fetchProfile(id).then((profile) => {
    inflight.delete(id);
    return profile;
  });
  inflight.set(id, lookup);
  return lookup;
};
```

## Use instead

```js
const inflight = new Map();

exports.profile = (id) => {
  if (inflight.has(id)) return inflight.get(id);
  const lookup = fetchProfile(id).finally(() => inflight.delete(id));
  inflight.set(id, lookup);
  return lookup;
};
```

## How safe the fix is

Unsafe: a failure that was remembered before is tried again, and an entry that somebody put in under the same key meanwhile is
taken out as well. It adds a `finally` to a promise that is a constant of the function that puts it into a Map. There is no fix
for callbacks, marks and controllers: when they go, and what to tell those who wait, is for the author to say.

## What is not flagged

Entries that a `finally`, a timer, a `using` declaration or a handler of the connection's end takes out; containers that are
emptied; deletions on success as well as on failure.

## References

- MDN, `Promise.prototype.finally()`; Node.js, `AbortSignal.timeout()`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if file.ends() {
        return;
    }
    for (holder, found) in file.filled() {
        if holder.container == Container::Array {
            continue;
        }
        let finding = found
            .iter()
            .filter(|insertion| !insertion.nested && insertion.key.is_some())
            .find_map(|insertion| find(file, holder, insertion, found));
        findings.extend(finding);
    }
}

fn find<'a>(
    file: &File<'_, 'a>,
    holder: &Holder<'a>,
    insertion: &Insertion<'a>,
    all: &[Insertion<'a>],
) -> Option<Finding> {
    let kept = kept(file, insertion)?;
    let releases: Vec<Release> = file
        .parsed
        .releases(&holder.reference)
        .into_iter()
        .filter(|release| !release.nested)
        .collect();
    let (why, label) = leak(file, holder, insertion, kept, &releases)?;
    // What stays after a failure is one for each of many keys only where it is put in for each request or message.
    let is_again = matches!(
        repeats(file, insertion.node),
        Repeats::PerRequest | Repeats::PerCall
    );
    // Nobody asks for a key again that is a new one each time.
    let is_lost = insertion
        .key
        .is_some_and(|key| domain(file, key) == Domain::Unbounded(Source::Serial));
    // Those who come later join a list of which nobody takes care any more: it grows with its key alone.
    let is_joined = all.iter().any(|joins| joins.nested)
        && matches!(insertion.values.as_slice(), [Expression::ArrayExpression(first)] if !first.elements.is_empty());
    // A promise that those who come later are given as well, a mark that keeps them out: under one of many keys, and so is who
    // asks for it.
    let many = insertion.key.map(|key| domain(file, key));
    let is_shared = match kept {
        Kept::Promise => why == AFTER_REJECTION && !matches!(many, None | Some(Domain::Bounded)),
        Kept::Mark => {
            why == BY_ANOTHER_WAY
                && matches!(many, Some(Domain::Unbounded(_) | Domain::Named(_)))
                && is_asked_before(file, holder, insertion)
        }
        _ => false,
    };
    let confidence = match (is_again || is_lost || is_joined || is_shared, why) {
        (false, BY_ANOTHER_WAY | AFTER_REJECTION | FAILED | BETWEEN) => Confidence::Medium,
        // It may be something else that is called so: a resolver of names.
        (_, OVER) if !(is_again && is_lost || makes_it(file, insertion)) => Confidence::Medium,
        // Whoever waits has something of its own to wait with: there is one for each question that was asked.
        _ => Confidence::High,
    };
    let mut labels = vec![Label::new(holder.declared, "kept here")];
    if let Some(release) = releases.first() {
        labels.push(Label::new(release.extent, label));
    }
    Some(Finding {
        rule: RULE.id,
        confidence,
        message: format!("an entry of `{}` stays when {why}", holder.written),
        growth: Some("per operation that ends so, for the life of the container"),
        place: Label::new(insertion.extent, "put in here"),
        labels,
        fixes: (kept == Kept::Promise)
            .then(|| fix::fix(file, insertion))
            .flatten()
            .into_iter()
            .collect(),
    })
}

/// Whether a function leaves where there is an entry already, before it puts one in: nobody begins again what cannot be repeated.
fn is_asked_before<'a>(
    file: &File<'_, 'a>,
    holder: &Holder<'a>,
    insertion: &Insertion<'a>,
) -> bool {
    let function = file.function_around(insertion.node);
    let Some(whole) = function.map(|function| file.kind(function).span()) else {
        return false;
    };
    let before = file.kind(insertion.node).span().start;
    file.calls_within(whole).any(|(node, call)| {
        method(call).is_some_and(|(of, name)| name == "has" && file.written(of) == holder.written)
            && call.span.end < before
            && file.function_around(*node) == function
    })
}

#[cfg(test)]
mod tests;
