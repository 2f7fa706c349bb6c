//! A Map or Set that outlives the objects it has as keys, and so keeps them.

use oxc_ast::ast::Expression;
use oxc_ast::{AstKind, AstType};
use oxc_span::{GetSpan, Span};
use stanch_js_source::{EscapeKind, Extent, Release, ReleaseKind, Value, bare};
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::holders::{Access, Container, Holder, Lifetime};
use crate::facts::insertions::Insertion;
use crate::facts::keys::{Domain, Thing, domain_in};
use crate::facts::letting_go::{Fate, fate};
use crate::facts::paths::{Exit, Resource, left_open};
use crate::facts::steadiness::steadiness;
use crate::file::{File, argument, method};
use crate::finding::{Finding, Fix, Label, Safety};
use crate::fix::Change;
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "weak-keyed-cache",
    pattern: Pattern::UnboundedCache,
    on: On::WhenSure,
    page: "# weak-keyed-cache

Finds Maps and Sets that note something about objects and keep these objects alive by it.

## Why it leaks

An entry of a Map keeps its key: a request, a socket, a node of a document that would be gone with its request stays as long
as the Map. A WeakMap has the same `get`, `set`, `has` and `delete`, and its entries go with their keys.

## Example

```js
const startedAt = new Map();

app.use((req, res, next) => {
  startedAt.set(req, Date.now());
  res.on('finish', () => log(Date.now() - startedAt.get(req)));
  next();
});
```

## Use instead

```js
const startedAt = new WeakMap();

app.use((req, res, next) => {
  startedAt.set(req, Date.now());
  res.on('finish', () => log(Date.now() - startedAt.get(req)));
  next();
});
```

## How safe the fix is

Safe where the container is private to its file, is only asked for single keys, and all its keys are objects.

## What is not flagged

Functions and classes as keys, of which a program has a number. Containers from which anything deletes, unless that is left
out when what is awaited before fails. Those that are iterated or counted, which a WeakMap cannot be.

## References

- ECMAScript, WeakMap and WeakSet: keys are held weakly
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if file.ends() {
        return;
    }
    for (holder, found) in file.filled() {
        if matches!(holder.container, Container::Map | Container::Set) {
            findings.extend(find(file, holder, found));
        }
    }
}

fn find<'a>(file: &File<'_, 'a>, holder: &Holder<'a>, found: &[Insertion<'a>]) -> Option<Finding> {
    let (insertion, thing, sure) = found
        .iter()
        .filter(|insertion| !insertion.nested)
        .filter_map(|insertion| {
            let thing = short_lived(file, holder, insertion)?;
            let sure = match (thing, holder.lifetime) {
                // There is one for each request or connection, whoever calls this.
                (Thing::Exchange | Thing::Connection, Lifetime::Process) => Confidence::High,
                _ => steadiness(holder, insertion),
            };
            Some((insertion, thing, sure))
        })
        .max_by_key(|(insertion, _, sure)| (*sure, std::cmp::Reverse(insertion.extent.start)))?;
    if sure == Confidence::Low || is_listed(file, holder) {
        return None;
    }
    let missed = match fate(file, holder, false) {
        Fate::LetGo(releases) => Some(missed(file, insertion, &releases)?),
        Fate::InOthersHands => return None,
        _ => None,
    };
    let what = match thing {
        Thing::Exchange => "the request or response that is its key",
        Thing::Connection => "the connection that is its key",
        _ => "the object that is its key",
    };
    let weak_one = match holder.container {
        Container::Set => "a WeakSet would let go",
        _ => "a WeakMap would let go",
    };
    let end = match missed {
        Some(_) => "it stays when what is awaited fails",
        None => "nothing deletes it",
    };
    let mut labels = vec![Label::new(holder.declared, weak_one)];
    labels.extend(missed.map(|at| Label::new(at, "only after success")));
    Some(Finding {
        rule: RULE.id,
        confidence: sure,
        message: format!("each entry of `{}` keeps {what}, and {end}", holder.written),
        growth: Some("per object, for the life of the process"),
        place: Label::new(insertion.extent, "kept from here on"),
        labels,
        fixes: weak(file, holder, found).into_iter().collect(),
    })
}

/// Where entries are deleted, if that is by the function that puts them in, and not on the way on which what it awaits fails.
fn missed(file: &File<'_, '_>, insertion: &Insertion<'_>, releases: &[Release]) -> Option<Extent> {
    let function = file.function_around(insertion.node)?;
    let is_its_own = releases.iter().all(|release| {
        release.kind == ReleaseKind::Delete
            && release.period.is_none()
            && file.function_around(release.node) == Some(function)
    });
    let closed: Vec<Span> = releases
        .iter()
        .map(|release| file.kind(release.node).span())
        .collect();
    let resource = Resource {
        opened: Some(file.kind(insertion.node).span()),
        closed: &closed,
        variable: None,
    };
    let fails = is_its_own
        && left_open(file, function, &resource)
            .iter()
            .any(|left| left.exit == Exit::Rejection);
    releases
        .first()
        .filter(|_| fails)
        .map(|release| release.extent)
}

/// The container made a weak one: nothing else changes where only its file has it, it is asked for single keys only, and every
/// key is an object.
fn weak<'a>(file: &File<'_, 'a>, holder: &Holder<'a>, found: &[Insertion<'a>]) -> Option<Fix> {
    let is_private = holder.access == Access::Private && holder.lifetime == Lifetime::Process;
    let all_objects = found.iter().all(|insertion| {
        insertion.nested
            || insertion
                .key
                .is_some_and(|key| matches!(domain_in(file, holder, key), Domain::Object(_)))
    });
    // What the module itself puts in was not looked at.
    let sites = file.parsed.growth_sites(&holder.reference);
    if !is_private || !all_objects || sites.len() != found.len() {
        return None;
    }
    let class = file
        .nodes_of([AstType::VariableDeclarator])
        .find_map(|node| match node.kind() {
            AstKind::VariableDeclarator(declarator)
                if declarator.type_annotation.is_none()
                    && declarator.id.span().start == holder.declared.start =>
            {
                match declarator.init.as_ref()? {
                    Expression::NewExpression(new) if new.arguments.is_empty() => {
                        Some(new.callee.span())
                    }
                    _ => None,
                }
            }
            _ => None,
        })?;
    let mut change = Change::of(file);
    let name = format!("Weak{}", file.slice(class));
    change.replace(class, name.clone());
    change.done(format!("Make `{}` a {name}", holder.written), Safety::Safe)
}

/// The object that is the key of an insertion, if it is one that comes and goes.
fn short_lived<'a>(
    file: &File<'_, 'a>,
    holder: &Holder<'a>,
    insertion: &Insertion<'a>,
) -> Option<Thing> {
    match domain_in(file, holder, insertion.key?) {
        Domain::Object(Thing::Code) => None,
        Domain::Object(thing) => {
            // A connection is as old as the connection.
            let is_older = !matches!(thing, Thing::Connection)
                && insertion.key.is_some_and(|key| is_older(file, key));
            (!is_older).then_some(thing)
        }
        _ => None,
    }
}

/// Whether all callers in the file hand in something that they have from outside of the handler that they are in: the options
/// of a route, which the program has once.
fn is_older<'a>(file: &File<'_, 'a>, key: &Expression<'a>) -> bool {
    let Some(variable) = file.variable(key) else {
        return false;
    };
    let Some(Value::Parameter(_, position)) = file.parsed.parameter_of_variable(variable) else {
        return false;
    };
    let scoping = file.parsed.semantic().scoping();
    let Some(function) = file.function_around(scoping.symbol_declaration(variable)) else {
        return false;
    };
    let calls = file.parsed.calls_of(function);
    !calls.is_empty()
        && calls.iter().all(|call| {
            let AstKind::CallExpression(called) = file.kind(*call) else {
                return false;
            };
            let given = usize::try_from(position)
                .ok()
                .and_then(|at| argument(called, at));
            let home = given
                .and_then(|given| file.variable(given))
                .and_then(|given| file.function_around(scoping.symbol_declaration(given)));
            // The function that has it made the one that calls.
            home.is_some_and(|home| {
                Some(home) != file.function_around(*call) && file.function_around(*call).is_some()
            })
        })
}

/// Whether the container is iterated, counted or handed on, which a weak one cannot be.
fn is_listed<'a>(file: &File<'_, 'a>, holder: &Holder<'a>) -> bool {
    let is_it = |expression: &Expression<'a>| file.written(bare(expression)) == holder.written;
    let lists = file
        .nodes_of([
            AstType::ForOfStatement,
            AstType::SpreadElement,
            AstType::StaticMemberExpression,
            AstType::CallExpression,
        ])
        .any(|node| match node.kind() {
            AstKind::ForOfStatement(each) => is_it(&each.right),
            AstKind::SpreadElement(spread) => is_it(&spread.argument),
            AstKind::StaticMemberExpression(member) => {
                matches!(
                    member.property.name.as_str(),
                    "size" | "forEach" | "values" | "keys" | "entries" | "clear"
                ) && is_it(&member.object)
            }
            AstKind::CallExpression(_) if file.fillers().iter().any(|it| it.call == node.id()) => {
                false
            }
            AstKind::CallExpression(call) => {
                (0..call.arguments.len()).any(|at| argument(call, at).is_some_and(is_it))
                    && method(call).is_none_or(|(object, _)| !is_it(object))
            }
            _ => false,
        });
    lists
        || file.parsed.escapes(&holder.reference).iter().any(|escape| {
            // `() => seen.set(socket, now)` gives the Map to whoever drops it.
            let is_chained = matches!(file.kind(escape.node), AstKind::CallExpression(_))
                && escape.kind == EscapeKind::Returned;
            file.kind(escape.node).span().start > 0 && !is_chained
        })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{check, check_fix, check_page};

    #[test]
    fn what_servers_give_and_helpers_keep() {
        check(
            &RULE,
            "const at = new Map();\nnet.createServer((client) => {\n  at.set(client, 1);\n  client.end();\n});",
            &[3],
        );
        check(
            &RULE,
            "const make = (map, key) => { if (!map.has(key)) map.set(key, {}); return map.get(key); };\nconst all = new Map();\napp.use((req, res, next) => {\n  make(all, req).at = 1;\n});",
            &[4],
        );
    }

    #[test]
    fn deletions_that_a_failure_leaves_out() {
        let text = |body: &str| {
            format!(
                "const at = new Map();\napp.use(async (ctx, next) => {{\n  at.set(ctx, 1);\n  {body}\n}});"
            )
        };
        check(&RULE, &text("await next(); at.delete(ctx);"), &[3]);
        check(&RULE, &text("next(); at.delete(ctx);"), &[]);
        check(
            &RULE,
            &text("try { await next(); } finally { at.delete(ctx); }"),
            &[],
        );
        check(
            &RULE,
            &text("ctx.res.on('close', () => at.delete(ctx)); await next(); at.delete(ctx);"),
            &[],
        );
    }

    #[test]
    fn connections_of_handlers_around() {
        let text = |statement: &str| {
            format!(
                "const at = new Map();\nconst note = (socket) => at.set(socket, 1);\nio.on('connection', (socket) => {{\n  socket.on('typing', () => {statement});\n}});"
            )
        };
        check(&RULE, &text("at.set(socket, 1)"), &[4]);
        check(&RULE, &text("{ note(socket); }"), &[2]);
        check(
            &RULE,
            "const seen = new Set();\napp.use((err, req, res, next) => {\n  seen.add(err);\n});",
            &[3],
        );
    }

    #[test]
    fn requests_behind_calls_jobs_and_answers() {
        check(
            &RULE,
            "const at = new Map();\nclass Timing {\n  @Get() intercept(context) {\n    at.set(context.switchToHttp().getRequest(), 1);\n  }\n}",
            &[4],
        );
        let job = |work: &str| {
            format!(
                "const at = new Map();\nqueue.process((job) => {{\n  at.set(job, 1); {work}\n}});"
            )
        };
        check(&RULE, &job("send(job.data)"), &[3]);
        check(&RULE, &job("send(job.length)"), &[]);
        check(
            &RULE,
            "const at = new Map();\napp.get('/', async () => {\n  const answer = await fetch(URL);\n  at.set(answer, 1);\n});",
            &[4],
        );
    }

    #[test]
    fn the_page_holds() {
        check_page(&RULE);
    }

    #[test]
    fn keys_that_come_and_go() {
        check(
            &RULE,
            "const seen = new Set();\napp.use((req, res, next) => { if (seen.has(res)) return; seen.add(res); next(); });",
            &[2],
        );
        check(
            &RULE,
            "const n = new Map();\nexport function count(req: IncomingMessage) { n.set(req.socket, 1); }",
            &[2],
        );
        check(
            &RULE,
            "const n = new Map<Socket, number>();\nexport function count(peer: any) { n.set(peer, 1); }",
            &[2],
        );
        check(
            &RULE,
            "interface Tree { a: Tree }\nconst n = new Map<Tree, number>();\nexport function weigh(tree: Tree) { n.set(tree, 1); }",
            &[3],
        );
    }

    #[test]
    fn keys_that_are_older_than_the_request() {
        let limits = |inside: &str| {
            format!(
                "interface Limit {{ a: number }}\nconst buckets = new Map<object, Bucket>();\nfunction bucketOf(limit: Limit) {{\n  buckets.set(limit, new Bucket(limit));\n}}\nexport function limits(app) {{ app.addHook('onRoute', (route) => {{ const limit = route.limit;\n  app.addHook('onRequest', async (request) => {{ {inside} }}); }}); }}"
            )
        };
        check(&RULE, &limits("bucketOf(limit);"), &[]);
        check(
            &RULE,
            &limits("const own = request.limit; bucketOf(own);"),
            &[4],
        );
    }

    #[test]
    fn keys_that_stay_or_are_deleted() {
        check(
            &RULE,
            "const n = new Map();\nexport function of(target: Function) { n.set(target, 1); }",
            &[],
        );
        check(
            &RULE,
            "const n = new Map();\nexport function of(x: object) { n.set(x.constructor, 1); }",
            &[],
        );
        check(
            &RULE,
            "const n = new Map();\napp.use((req, res, next) => { n.set(req, 1); res.on('close', () => n.delete(req)); next(); });",
            &[],
        );
        check(
            &RULE,
            "const open = new Set();\nwss.on('connection', (ws) => { open.add(ws); });\nfunction tell(text) { for (const ws of open) ws.send(text); }",
            &[],
        );
        check(
            &RULE,
            "const n = new WeakMap();\napp.use((req, res, next) => { n.set(req, 1); next(); });",
            &[],
        );
    }

    #[test]
    fn a_weak_one_takes_its_place() {
        check_fix(
            &RULE,
            "const n = new Map<Socket, number>();\nexport function count(req: IncomingMessage) { n.set(req.socket, (n.get(req.socket) ?? 0) + 1); }",
            "const n = new WeakMap<Socket, number>();\nexport function count(req: IncomingMessage) { n.set(req.socket, (n.get(req.socket) ?? 0) + 1); }",
        );
    }
}
