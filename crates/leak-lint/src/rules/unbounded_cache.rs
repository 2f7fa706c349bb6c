//! A Map, Set or dictionary that outlives its requests and gets an entry for each new key that comes with them.

use oxc_ast::AstKind;
use oxc_ast::ast::{Expression, NewExpression, TSType};
use oxc_semantic::SymbolId;
use oxc_span::GetSpan;
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::checks::is_on_a_list;
use crate::facts::holders::{Container, Holder, Lifetime};
use crate::facts::insertions::Insertion;
use crate::facts::keys::{Domain, Source, domain, domain_in};
use crate::facts::letting_go::{Fate, fate};
use crate::facts::steadiness::steadiness;
use crate::facts::told::when_told;
use crate::facts::updates::is_an_update;
use crate::file::File;
use crate::finding::{Finding, Fix, Label, Safety, is_new};
use crate::fix::{Change, own_variable};
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "unbounded-cache",
    pattern: Pattern::UnboundedCache,
    on: On::WhenSure,
    page: "# unbounded-cache

Finds Maps, Sets and objects that get an entry for each new key that users send, and that nothing bounds.

## Why it leaks

A container of the module lives as long as the process. Under keys without end, such as ids, URLs, addresses or the texts of
errors, it gains an entry for each one that was ever seen: hit rates are fine, and memory grows until the process is
restarted. So does a cache of a package that nobody has given a limit: a `NodeCache` without `stdTTL`, a `Keyv` without
`ttl`. An expiry that is only looked at when the same key is asked for again changes nothing for keys that nobody asks
for again.

## Example

```js
const profiles = new Map();

app.get('/users/:id', async (req, res) => {
  let profile = profiles.get(req.params.id);
  if (!profile) {
    profile = await load(req.params.id);
    profiles.set(req.params.id, profile);
  }
  res.json(profile);
});
```

## Use instead

```js
import { LRUCache } from 'lru-cache';

const profiles = new LRUCache({ max: 1000, ttl: 60_000 });

app.get('/users/:id', async (req, res) => {
  let profile = profiles.get(req.params.id);
  if (!profile) {
    profile = await load(req.params.id);
    profiles.set(req.params.id, profile);
  }
  res.json(profile);
});
```

## How safe the fix is

Unsafe: with a limit entries leave that would have been found before, and the numbers in it are examples. It makes a Map an
`LRUCache` of `lru-cache`, which has to be installed, where the Map is a variable of the module that no other file has, and where
all that is done with it is `get`, `set`, `has`, `delete` and `clear`. Sets, objects and Maps that something iterates have no
fix.

## What is not flagged

Keys that the program or its configuration lists: literals, enums, unions, methods, routes; keys that are checked against a
list first. Containers from which anything takes entries out, whether by key, by age, by number or all at once, or whose
size something compares with a limit; of entries under new ids that clients make, such as invitations, more than these clients'
own requests has to take them out. What is only written again where it is already there. What is filled while the module is loaded. Containers of scripts, which end. Objects as
keys: see `weak-keyed-cache`.

## References

- Node.js, `process.memoryUsage()`; `lru-cache`: `max`, `maxSize` and `ttl`
- sentry-javascript 60a198edcf: span names by URL; undici 59940c8b3
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
        // `state.users` is a holder, and in another: `state`.
        for nested in [false, true] {
            let finding = find(file, holder, found, nested);
            findings.extend(finding.filter(|finding| is_new(findings, finding)));
        }
    }
}

/// What is wrong with the holder, or with the containers in it.
fn find<'a>(
    file: &File<'_, 'a>,
    holder: &Holder<'a>,
    insertions: &[Insertion<'a>],
    nested: bool,
) -> Option<Finding> {
    let (insertion, source, sure) = insertions
        .iter()
        .filter(|insertion| insertion.nested == nested)
        .filter_map(|insertion| {
            let key = insertion.key?;
            // The type of the holder's keys says nothing of those in its containers.
            let keys = if nested {
                domain(file, key)
            } else {
                domain_in(file, holder, key)
            };
            let (source, known) = match keys {
                Domain::Unbounded(source) => (source, Confidence::High),
                Domain::Named(source) => (source, Confidence::Medium),
                _ => return None,
            };
            if is_on_a_list(file, insertion.node, key)
                || is_an_update(file, insertion.node, &holder.written, key)
            {
                return None;
            }
            Some((insertion, source, known.min(steadiness(holder, insertion))))
        })
        .max_by_key(|(insertion, _, sure)| (*sure, std::cmp::Reverse(insertion.extent.start)))?;
    if sure == Confidence::Low {
        return None;
    }
    let (why, place) = match fate(file, holder, nested) {
        Fate::LetGo(releases) => (
            "an entry leaves only when its client says so",
            Some((
                when_told(file, insertion, source, &releases)?,
                "nobody has to come here",
            )),
        ),
        Fate::InOthersHands => return None,
        Fate::KeptUntilAsked(at) => (
            "entries that are not asked for again stay",
            Some((at, "looks only at the entry that is asked for")),
        ),
        Fate::KeptOnSuccess(at) => (
            "an entry leaves only when something fails",
            Some((at, "only after a failure")),
        ),
        Fate::OnlyWatched(at) => (
            "nothing takes one out",
            Some((at, "says so, and takes nothing out")),
        ),
        Fate::Kept => ("nothing takes one out", None),
    };
    let mut labels = vec![Label::new(holder.declared, "kept here")];
    labels.extend(place.map(|(at, text)| Label::new(at, text)));
    Some(Finding {
        rule: RULE.id,
        confidence: sure,
        message: format!(
            "`{}` gets an entry for each new key, which {}, and {why}",
            holder.written,
            source.words()
        ),
        growth: Some(growth(source, holder.lifetime)),
        place: Label::new(insertion.extent, "one more entry for each new key"),
        labels,
        // A limit on a container does not limit what is in its entries.
        fixes: (!nested)
            .then(|| fix(file, holder))
            .flatten()
            .into_iter()
            .collect(),
    })
}

/// What the limited cache is made with: examples, both of them.
const LIMITS: &str = "({ max: 1000, ttl: 1000 * 60 * 10 })";

/// An `LRUCache` in place of a Map that only its file has, and of which it asks nothing else.
fn fix<'a>(file: &File<'_, 'a>, holder: &Holder<'a>) -> Option<Fix> {
    if holder.container != Container::Map {
        return None;
    }
    let declared = own_variable(file, holder)?;
    let Some(Expression::NewExpression(new)) = &declared.declarator.init else {
        return None;
    };
    let is_map = matches!(&new.callee, Expression::Identifier(class) if class.name == "Map");
    if !is_map
        || !new.arguments.is_empty()
        || declared.declarator.type_annotation.is_some()
        || !asks_for_entries_only(file, declared.variable)
    {
        return None;
    }
    let types = types(file, new)?;
    let mut change = Change::of(file);
    let class = change.import(declared.node, "lru-cache", "LRUCache")?;
    change.replace(new.span, format!("new {class}{types}{LIMITS}"));
    let title = format!("Make `{}` an LRUCache with a limit", holder.written);
    change.done(title, Safety::Unsafe)
}

/// The type arguments that the cache needs, with their brackets; none where they may not be what it takes.
fn types(file: &File<'_, '_>, new: &NewExpression<'_>) -> Option<String> {
    let Some(given) = &new.type_arguments else {
        // `new Map()` is a Map of anything; the cache would be one of `{}`.
        let is_typed = file.parsed.program().source_type.is_typescript();
        return Some(if is_typed { "<any, any>" } else { "" }.to_owned());
    };
    // The cache takes neither `null` nor `undefined`, which a longer type may have in it.
    let is_simple = |one: &TSType<'_>| match one {
        TSType::TSStringKeyword(_)
        | TSType::TSNumberKeyword(_)
        | TSType::TSBooleanKeyword(_)
        | TSType::TSBigIntKeyword(_)
        | TSType::TSAnyKeyword(_) => true,
        TSType::TSTypeReference(reference) => reference.type_arguments.is_none(),
        _ => false,
    };
    given
        .params
        .iter()
        .all(is_simple)
        .then(|| file.slice(given.span()).to_owned())
}

/// Whether a variable is used for nothing but calls of what Maps and LRU caches both have.
fn asks_for_entries_only(file: &File<'_, '_>, variable: SymbolId) -> bool {
    let scoping = file.parsed.semantic().scoping();
    scoping.get_resolved_references(variable).all(|used| {
        let member = file.parent(used.node_id());
        let AstKind::StaticMemberExpression(asked) = file.kind(member) else {
            return false;
        };
        let is_callee = matches!(file.kind(file.parent(member)), AstKind::CallExpression(call)
            if call.callee.span().contains_inclusive(asked.span));
        is_callee
            && asked.object.span() == file.kind(used.node_id()).span()
            && matches!(
                asked.property.name.as_str(),
                "get" | "set" | "has" | "delete" | "clear"
            )
    })
}

const fn growth(source: Source, lifetime: Lifetime) -> &'static str {
    match (source, lifetime) {
        (Source::Serial | Source::Time, Lifetime::Process) => {
            "each time, for the life of the process"
        }
        (_, Lifetime::Process) => "per distinct key, for the life of the process",
        (_, Lifetime::Closure) => "per distinct key, for the life of what was set up",
        (_, Lifetime::Instance) => "per distinct key, for the life of the instance",
    }
}

#[cfg(test)]
mod holders;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{check, check_fix, check_fix_in, check_page, check_sure};

    #[test]
    fn classes_that_inherit_the_old_way() {
        let text = "const { inherits } = require('util');\nfunction Store() { this.all = {}; }\ninherits(Store, EventEmitter);\nStore.prototype.put = function (key) {\n  this.all[key] = 1;\n};\nconst store = new Store();\napp.get('/:id', (req, res) => { store.put(req.params.id); });";
        check_sure(&RULE, text, &[5]);
    }

    #[test]
    fn caches_of_packages_without_a_limit() {
        let text = |made: &str, set: &str| {
            format!(
                "const NodeCache = require('node-cache');\nconst all = {made};\napp.get('/:id', (req, res) => {{\n  {set};\n}});"
            )
        };
        let set = "all.set(req.params.id, 1)";
        check_sure(&RULE, &text("new NodeCache()", set), &[4]);
        check_sure(
            &RULE,
            &text("new NodeCache({ stdTTL: 0, useClones: false })", set),
            &[4],
        );
        check_sure(&RULE, &text("new NodeCache({ stdTTL: 60 })", set), &[]);
        check_sure(&RULE, &text("new NodeCache(options)", set), &[]);
        check_sure(
            &RULE,
            &text("new NodeCache()", "all.set(req.params.id, 1, 60)"),
            &[],
        );
        check_sure(
            &RULE,
            &text(
                "new NodeCache()",
                &format!("{set}; setInterval(() => all.flushAll(), 9)"),
            ),
            &[],
        );
        check_sure(&RULE, &text("new Other()", set), &[]);
    }

    #[test]
    fn helpers_that_are_given_a_context() {
        let text = |module: &str| {
            format!(
                "import type {{ Context }} from '{module}';\nconst all = new Map();\nexport function note(c: Context) {{\n  all.set(c.req.header('x-id'), 1);\n}}"
            )
        };
        check_sure(&RULE, &text("hono"), &[4]);
        check_sure(&RULE, &text("./context"), &[]);
    }

    #[test]
    fn headers_are_what_clients_write() {
        let text = |header: &str| {
            format!(
                "const all = new Map();\napp.get('/', (req, res) => {{\n  all.set(req.headers['{header}'], 1);\n}});"
            )
        };
        check_sure(&RULE, &text("accept-language"), &[3]);
        check_sure(&RULE, &text("x-region"), &[]);
    }

    #[test]
    fn the_page_holds() {
        check_page(&RULE);
    }

    /// A module-level Map that a handler fills with this statement.
    fn in_handler(statement: &str) -> String {
        format!("const seen = new Map();\napp.get('/', (req, res) => {{\n{statement}\n}});")
    }

    #[test]
    fn keys_that_come_with_requests() {
        check(&RULE, &in_handler("seen.set(req.ip, 1);"), &[3]);
        check(
            &RULE,
            &in_handler("const { id } = req.params; seen.set(`u:${id}`, 1);"),
            &[3],
        );
        check(
            &RULE,
            &in_handler("let key = 'a'; key += req.url; seen.set(key, 1);"),
            &[3],
        );
        check(
            &RULE,
            &in_handler("seen.set(randomUUID(), req.body);"),
            &[3],
        );
        check(
            &RULE,
            "const n = {};\nfunction count(key) {\n  n[key] = (n[key] || 0) + 1;\n}\napp.use((req, res, next) => { count(req.headers['user-agent']); next(); });",
            &[3],
        );
    }

    #[test]
    fn keys_that_the_program_knows() {
        for (table, expected) in [("config.shards", vec![]), ("req.app.shards", vec![4])] {
            let statement = format!(
                "const of = {table}[req.params.id]; if (of === undefined) throw new Error(); seen.set(req.params.id, 1);"
            );
            let text = format!("import config from './config';\n{}", in_handler(&statement));
            check(&RULE, &text, &expected);
        }
        check(&RULE, &in_handler("seen.set(req.method, 1);"), &[]);
        check(&RULE, &in_handler("seen.set(req.route.path, 1);"), &[]);
        check(&RULE, &in_handler("seen.set(hash(req.ip) % 64, 1);"), &[]);
        check(
            &RULE,
            &in_handler(
                "if (!['a', 'b'].includes(req.params.id)) return; seen.set(req.params.id, 1);",
            ),
            &[],
        );
        check(
            &RULE,
            &format!(
                "import {{ Lang }} from './lang';\n{}",
                in_handler(
                    "const lang = Object.values(Lang).includes(req.query.lang as Lang) ? (req.query.lang as Lang) : 'en'; seen.set(lang, 1);"
                )
            ),
            &[],
        );
        check(
            &RULE,
            "enum Kind { A, B }\nconst seen = new Map<Kind, number>();\nexport function count(id: Kind) { seen.set(id, 1); }",
            &[],
        );
    }

    #[test]
    fn entries_that_leave() {
        for more in [
            "setInterval(() => { for (const [k, v] of seen) if (v < Date.now()) seen.delete(k); }, 9);",
            "app.delete('/:id', (req, res) => { seen.delete(req.params.id); });",
            "setInterval(() => seen.clear(), 1000);",
            "function trim() { if (seen.size > 100) seen.delete(seen.keys().next().value); }",
            "import { sweep } from './sweep'; sweep(seen, 1000);",
            "export { seen };",
        ] {
            check(
                &RULE,
                &format!("{}\n{more}", in_handler("seen.set(req.ip, 1);")),
                &[],
            );
        }
    }

    #[test]
    fn entries_that_stay_all_the_same() {
        let late = "function find(ip) { const at = seen.get(ip); if (at < Date.now()) { seen.delete(ip); return; } return at; }";
        check(
            &RULE,
            &format!("{}\n{late}", in_handler("seen.set(req.ip, 1);")),
            &[3],
        );
        let warned = "function look() { if (seen.size > 100) console.warn('many'); }";
        check(
            &RULE,
            &format!("{}\n{warned}", in_handler("seen.set(req.ip, 1);")),
            &[3],
        );
    }

    #[test]
    fn what_ends_or_is_filled_once() {
        check(
            &RULE,
            &format!(
                "#!/usr/bin/env node\n{}",
                in_handler("seen.set(req.ip, 1);")
            ),
            &[],
        );
        check(
            &RULE,
            "const seen = new Map(); for (const id of ids) seen.set(id, 1);",
            &[],
        );
        check(
            &RULE,
            "app.get('/', (req, res) => { const seen = new Map(); each((url) => seen.set(url, req.ip)); });",
            &[],
        );
    }

    #[test]
    fn a_cache_with_a_limit_takes_its_place() {
        let handler = "app.get('/', (req, res) => {\n  if (!seen.has(req.ip)) seen.set(req.ip, 1);\n  res.json(seen.get(req.ip));\n});\n";
        check_fix_in(
            "case.js",
            &RULE,
            &format!("const app = require('./app');\n\nconst seen = new Map();\n{handler}"),
            &format!(
                "const app = require('./app');\nconst {{ LRUCache }} = require('lru-cache');\n\nconst seen = new LRUCache({{ max: 1000, ttl: 1000 * 60 * 10 }});\n{handler}"
            ),
        );
        check_fix(
            &RULE,
            &format!("import app from './app';\nconst seen = new Map<string, User>();\n{handler}"),
            &format!(
                "import app from './app';\nimport {{ LRUCache }} from 'lru-cache';\nconst seen = new LRUCache<string, User>({{ max: 1000, ttl: 1000 * 60 * 10 }});\n{handler}"
            ),
        );
        check_fix(
            &RULE,
            &format!("import {{ LRUCache }} from 'lru-cache';\nconst seen = new Map();\n{handler}"),
            &format!(
                "import {{ LRUCache }} from 'lru-cache';\nconst seen = new LRUCache<any, any>({{ max: 1000, ttl: 1000 * 60 * 10 }});\n{handler}"
            ),
        );
    }

    #[test]
    fn maps_that_no_cache_can_stand_for() {
        let handler = "app.get('/', (req, res) => { seen.set(req.ip, 1); });\n";
        for (declared, more) in [
            (
                "const seen = new Map();",
                "function n() { return seen.size; }",
            ),
            (
                "const seen = new Map();",
                "function all() { return [...seen]; }",
            ),
            ("const seen = new Map([['a', 1]]);", ""),
            ("const seen: Map<string, number> = new Map();", ""),
            ("const seen = new Map<string, number | undefined>();", ""),
            ("export const seen = new Map();", ""),
            (
                "const seen = new Set();",
                "function see(req) { seen.add(req.ip); }",
            ),
        ] {
            let text = format!("{declared}\n{handler}{more}\n");
            check_fix(&RULE, &text, &text);
        }
    }

    #[test]
    fn what_a_project_says_is_bounded() {
        let options = crate::Options {
            known_bounded: std::collections::BTreeSet::from(["seen".to_owned()]),
            ..crate::Options::default()
        };
        let source = stanch_js_source::SourceText::new("a.js", in_handler("seen.set(req.ip, 1);"));
        assert_eq!(crate::lint(&source).len(), 1);
        assert_eq!(crate::lint_under(&source, &options, |_| true), []);
    }
}
