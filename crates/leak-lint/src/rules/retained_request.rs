//! A request, its response or its context in a container that outlives it.

use oxc_ast::ast::{Expression, ObjectPropertyKind};
use oxc_span::GetSpan;
use stanch_js_source::{ReleaseKind, bare};
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::holders::Holder;
use crate::facts::insertions::Insertion;
use crate::facts::keys::{Domain, Thing, domain_in, keeps};
use crate::facts::letting_go::{Fate, fate};
use crate::facts::steadiness::steadiness;
use crate::file::File;
use crate::finding::{Finding, Fix, Label, Safety};
use crate::fix::{Change, LAST, own_variable};
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

Unsafe: what reads the array finds method and URL, and no request; and where nothing bounds it, the last 1000 elements. There
is a fix for arrays of a module to which requests or contexts are pushed, by themselves or as a property of what is pushed.

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
    for (holder, found) in file.filled() {
        findings.extend(find(file, holder, found));
    }
}

fn find<'a>(file: &File<'_, 'a>, holder: &Holder<'a>, found: &[Insertion<'a>]) -> Option<Finding> {
    let (insertion, sure) = found
        .iter()
        .filter(|insertion| keeps_exchange(file, holder, insertion))
        .map(|insertion| (insertion, steadiness(holder, insertion)))
        .max_by_key(|(insertion, sure)| (*sure, std::cmp::Reverse(insertion.extent.start)))?;
    if sure == Confidence::Low {
        return None;
    }
    let fate = fate(file, holder, insertion.nested);
    let (sure, why) = match &fate {
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
        fixes: fix(file, holder, found, &fate).into_iter().collect(),
    })
}

/// What requests and the contexts of koa are called; all of them have `method` and `url`.
const REQUESTS: &[&str] = &["req", "request", "_req", "ctx"];

/// A summary takes the place of each request, and old ones go.
fn fix<'a>(
    file: &File<'_, 'a>,
    holder: &Holder<'a>,
    insertions: &[Insertion<'a>],
    fate: &Fate,
) -> Option<Fix> {
    own_variable(file, holder)?;
    let mut change = Change::of(file);
    let mut title = "Keep method and URL instead of the request".to_owned();
    // Where elements are let go of, they are so already.
    if !matches!(fate, Fate::LetGo(_)) {
        change.keep_last(holder, insertions)?;
        title += &format!(", and the last {LAST} elements");
    }
    for value in insertions.iter().flat_map(|insertion| &insertion.values) {
        if keeps(file, value, Thing::Exchange) {
            sum_up(file, value, &mut change)?;
        }
    }
    change.done(title, Safety::Unsafe)
}

/// Puts summaries in place of all requests in what is added; none where something else of the exchange is kept.
fn sum_up<'a>(
    file: &File<'_, 'a>,
    value: &Expression<'a>,
    change: &mut Change<'_, '_, 'a>,
) -> Option<()> {
    match bare(value) {
        Expression::ObjectExpression(object) => {
            for property in &object.properties {
                let ObjectPropertyKind::ObjectProperty(property) = property else {
                    continue;
                };
                if !keeps(file, &property.value, Thing::Exchange) {
                    continue;
                }
                let summary = summary(&property.value)?;
                if property.shorthand {
                    let name = file.slice(property.key.span());
                    change.replace(property.span, format!("{name}: {summary}"));
                } else {
                    change.replace(property.value.span(), summary);
                }
            }
            Some(())
        }
        value => {
            change.replace(value.span(), summary(value)?);
            Some(())
        }
    }
}

fn summary(request: &Expression<'_>) -> Option<String> {
    match bare(request) {
        Expression::Identifier(name) if REQUESTS.contains(&name.name.as_str()) => {
            let name = name.name;
            Some(format!("{{ method: {name}.method, url: {name}.url }}"))
        }
        _ => None,
    }
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
    use crate::rules::testing::{check, check_fix, check_page};

    #[test]
    fn the_page_holds() {
        check_page(&RULE);
    }

    #[test]
    fn what_a_loop_hands_over_is_no_request() {
        let text = |run: &str| {
            format!(
                "const points = [];\nexport function record(name, value) {{\n  points.push({{ name, value }});\n}}\n{run}"
            )
        };
        check(&RULE, &text("for (;;) { record('a', await read()); }"), &[]);
        check(
            &RULE,
            &text("http.createServer((req, res) => { record('a', req); });"),
            &[3],
        );
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
    fn summaries() {
        check_fix(
            &RULE,
            "const failures = [];\napp.use((err, req, res, next) => {\n  failures.push({ err: err.message, req, of: req, at: 1 });\n  next();\n});\n",
            "const failures = [];\napp.use((err, req, res, next) => {\n  failures.push({ err: err.message, req: { method: req.method, url: req.url }, of: { method: req.method, url: req.url }, at: 1 });\n  if (failures.length > 1000) failures.shift();\n  next();\n});\n",
        );
        check_fix(
            &RULE,
            "const last = [];\napp.use(async (ctx, next) => {\n  last.push(ctx);\n  if (last.length > 500) last.shift();\n  await next();\n});\n",
            "const last = [];\napp.use(async (ctx, next) => {\n  last.push({ method: ctx.method, url: ctx.url });\n  if (last.length > 500) last.shift();\n  await next();\n});\n",
        );
        for kept in [
            "last.push({ req, res });",
            "last.push(res);",
            "last.push(wrap(req), req);",
        ] {
            let text = format!(
                "const last = [];\napp.use((req, res, next) => {{\n  {kept}\n  next();\n}});\n"
            );
            check_fix(&RULE, &text, &text);
        }
    }

    #[test]
    fn requests_in_what_is_kept() {
        let log = |of: &str| {
            format!(
                "import type {{ IncomingMessage }} from 'node:http';\nimport type {{ Request }} from './queue';\nclass Failure {{ constructor({of}, readonly status: number) {{}} }}\nclass All {{\n  #all: Failure[] = [];\n  add(failure: Failure) {{\n    this.#all.push(failure);\n  }}\n}}\nexport const all = new All();\napp.get('/', (req, res) => {{ all.add(new Failure(req, 1)); }});"
            )
        };
        check(&RULE, &log("readonly of: IncomingMessage"), &[7]);
        check(&RULE, &log("of: IncomingMessage"), &[]);
        check(&RULE, &log("readonly of: Request"), &[]);
    }

    #[test]
    fn requests_by_what_is_read_of_them() {
        let keep = |id: &str| {
            format!(
                "const kept = new Map();\nexport default plugin(async (app) => {{\n  app.decorate('kept', {{ keep(request) {{\n    const id = {id};\n    kept.set(id, {{ request, at: 1 }});\n  }} }});\n}});"
            )
        };
        check(&RULE, &keep("request.headers['x-delivery']"), &[5]);
        check(&RULE, &keep("request.headers['x-delivery'] = next()"), &[]);
        check(&RULE, &keep("next()"), &[]);
    }

    #[test]
    fn requests_in_what_is_made_of_them() {
        let log = |make: &str, put: &str| {
            format!(
                "const all = [];\n{make}\napp.use((req, res, next) => {{\n  {put}\n  next();\n}});"
            )
        };
        let object = |of: &str| format!("const make = (req, at) => ({{ of: {of}, at }});");
        check(&RULE, &log(&object("req"), "all.push(make(req, 1));"), &[4]);
        check(
            &RULE,
            &log(&object("req.url"), "all.push(make(req, 1));"),
            &[],
        );
        let class = |of: &str| format!("class One {{ constructor(req) {{ this.of = {of}; }} }}");
        check(
            &RULE,
            &log(&class("req"), "const one = new One(req); all.push(one);"),
            &[4],
        );
        check(
            &RULE,
            &log(&class("req.url"), "all.push(new One(req));"),
            &[],
        );
        let error = "app.use((err, req, res, next) => {\n  err.of = req;\n  all.push(err);\n});";
        check(&RULE, &format!("const all = [];\n{error}"), &[4]);
        check(
            &RULE,
            &format!("const all = [];\n{}", error.replace("= req", "= req.url")),
            &[],
        );
    }

    #[test]
    fn requests_in_what_callers_write() {
        let store = |value: &str| {
            format!(
                "const all = {{}};\nconst put = (key, value) => {{\n  all[key] = value;\n}};\napp.use((req, res, next) => {{ put(req.id, {{ {value}, at: 1 }}); next(); }});"
            )
        };
        check(&RULE, &store("req"), &[3]);
        check(&RULE, &store("url: req.url"), &[]);
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
