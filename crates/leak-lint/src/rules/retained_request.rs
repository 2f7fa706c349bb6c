//! A request, its response or its context in a container that outlives it.

use stanch_js_source::ReleaseKind;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::holders::Holder;
use crate::facts::insertions::{Insertion, insertions};
use crate::facts::keys::{Domain, Thing, domain_in, keeps};
use crate::facts::letting_go::{Fate, fate};
use crate::facts::steadiness::steadiness;
use crate::file::File;
use crate::finding::{Finding, Label};
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "retained-request",
    pattern: Pattern::UnboundedLog,
    on: On::Always,
    page: "# retained-request

Finds requests, responses and contexts that are put into something that outlives them and are not taken out again.

## Why it leaks

A request holds its headers, its parsed body, its socket and, through the response, whatever was written to it: tens of
kilobytes to megabytes each. A list of the last errors, a map of contexts by id or a set of what was logged keeps all of that
for the sake of a URL and a status.

## Example

```js
const failures = [];

app.use((err, req, res, next) => {
  failures.push({ err, req, at: Date.now() });
  res.status(500).end();
});
```

## Use instead

```js
const failures = [];
const KEEP = 100;

app.use((err, req, res, next) => {
  failures.push({ message: err.message, url: req.originalUrl, at: Date.now() });
  if (failures.length > KEEP) failures.shift();
  res.status(500).end();
});
```

## How safe the fix is

Unsafe: what reads the container finds the parts that were copied, and no request.

## What is not flagged

Requests and responses that anything takes out again: on `close` or `finish`, in a `finally`, by their id, when they are
answered. Those in an AsyncLocalStorage or a WeakMap, which let go by themselves.

## References

- Node.js, `http.IncomingMessage` and its `socket`
",
    check,
};

/// Fewer whole requests than this are a small list.
const MANY: u64 = 100;

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if file.ends() {
        return;
    }
    for holder in file.holders() {
        findings.extend(find(file, holder));
    }
}

fn find<'a>(file: &File<'_, 'a>, holder: &Holder<'a>) -> Option<Finding> {
    let found = insertions(file, holder);
    let (insertion, sure) = found
        .iter()
        .filter(|insertion| keeps_exchange(file, holder, insertion))
        .map(|insertion| (insertion, steadiness(holder, insertion)))
        .max_by_key(|(insertion, sure)| (*sure, std::cmp::Reverse(insertion.extent.start)))?;
    if sure == Confidence::Low {
        return None;
    }
    let (sure, why) = match fate(file, holder, insertion.nested) {
        Fate::InOthersHands => return None,
        Fate::LetGo(releases) => {
            // Only the number is bounded: what comes in pushes out what came in before.
            let function = file.function_around(insertion.node);
            let is_cut = releases.iter().all(|release| {
                let is_by_number = matches!(
                    release.kind,
                    ReleaseKind::Pop
                        | ReleaseKind::Shift
                        | ReleaseKind::BoundCheck
                        | ReleaseKind::Truncate
                );
                is_by_number && file.function_around(release.node) == function
            });
            let most = releases
                .iter()
                .filter_map(|release| release.bound.as_ref()?.known())
                .max();
            let is_bound_known = most.is_none_or(|most| most >= MANY);
            if !is_cut || !is_bound_known || most.is_none() {
                return None;
            }
            (
                sure.min(Confidence::Medium),
                "with their bodies and sockets",
            )
        }
        _ => (sure, "and nothing takes it out"),
    };
    Some(Finding {
        rule: RULE.id,
        confidence: sure,
        message: format!("a whole request is kept in `{}`, {why}", holder.written),
        growth: Some("per request, for the life of the process"),
        place: Label::new(insertion.extent, "keeps headers, body and socket"),
        labels: vec![Label::new(holder.declared, "kept here")],
        fixes: Vec::new(),
    })
}

fn keeps_exchange<'a>(file: &File<'_, 'a>, holder: &Holder<'a>, insertion: &Insertion<'a>) -> bool {
    let is_key = insertion
        .key
        .is_some_and(|key| domain_in(file, holder, key) == Domain::Object(Thing::Exchange));
    is_key
        || insertion
            .values
            .iter()
            .any(|value| keeps(file, value, Thing::Exchange))
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
    fn whole_requests() {
        check(
            &RULE,
            "const all = [];\napp.use((req, res, next) => { all.push(req); next(); });",
            &[2],
        );
        check(
            &RULE,
            "const all = new Set();\nconst begin = (ctx) => { all.add(ctx); };\napp.use((ctx, next) => { begin(ctx); return next(); });",
            &[2],
        );
        check(
            &RULE,
            "const byId = {};\nexport const trace: Middleware = async (ctx, next) => {\n  const one = { ctx, at: 1 };\n  byId[ctx.id] = one;\n  await next();\n};",
            &[4],
        );
        check(
            &RULE,
            "const last = [];\napp.use((req, res, next) => { last.push({ req }); if (last.length > 500) last.shift(); next(); });",
            &[2],
        );
    }

    #[test]
    fn requests_that_leave_and_parts_of_them() {
        check(
            &RULE,
            "const all = new Set();\napp.use((req, res, next) => { all.add(res); res.on('close', () => all.delete(res)); next(); });",
            &[],
        );
        check(
            &RULE,
            "const all = [];\napp.use((req, res, next) => { all.push({ url: req.url }); next(); });",
            &[],
        );
        check(
            &RULE,
            "const last = [];\napp.use((req, res, next) => { last.push(req); if (last.length > 5) last.shift(); });",
            &[],
        );
        check(
            &RULE,
            "const open = [];\napp.use((req, res) => open.push(res));\nfunction flush() { for (const res of open.splice(0)) res.end(); }",
            &[],
        );
        check(
            &RULE,
            "const all = new WeakMap();\napp.use((req, res, next) => { all.set(req, 1); next(); });",
            &[],
        );
    }
}
