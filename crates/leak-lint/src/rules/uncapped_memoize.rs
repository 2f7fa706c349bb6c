//! `memoize(f)` without a limit: one result for each distinct argument, for ever.

mod decorated;
mod loaders;
mod packages;

use oxc_ast::AstKind;
use oxc_ast::ast::{CallExpression, Expression, FormalParameters};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;
use stanch_js_source::{Extent, bare};
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::fate::assigned;
use crate::facts::keys::{Domain, domain, domain_of_type, says_few};
use crate::file::{File, argument};
use crate::finding::{Finding, Label};
use crate::project::{Calls, Holder};
use crate::rule::{On, Rule};
use packages::{fix, imports_a_memoizer, is_capped, memoizer_of};

pub(crate) const RULE: Rule = Rule {
    id: "uncapped-memoize",
    pattern: Pattern::UnboundedCache,
    on: On::WhenSure,
    page: "# uncapped-memoize

Finds functions that are memoized for good without a limit on the number of results.

## Why it leaks

A memoizer keeps the result of each distinct argument. Most keep all of them unless they are told otherwise: lodash's, underscore's,
`memoizee`, `fast-memoize`, `memoize`, `mem` and `p-memoize` have no limit by default, nor has the decorator of
`typescript-memoize`. A `DataLoader` that all requests share is one too. With arguments from requests that is one result for each id, URL or header that was ever seen.

## Example

```js
import memoize from 'lodash/memoize.js';

const parse = memoize((header) => parseUserAgent(header));

app.use((req, res, next) => {
  req.agent = parse(req.get('user-agent'));
  next();
});
```

## Use instead

```js
import memoizee from 'memoizee';

const parse = memoizee((header) => parseUserAgent(header), { max: 1000 });

app.use((req, res, next) => {
  req.agent = parse(req.get('user-agent'));
  next();
});
```

## How safe the fix is

Unsafe: results beyond the limit are computed again, and the number in it is an example. It gives `memoizee` its option `max`,
where the options are written in the call or missing. The other memoizers have no option for a number of results: for them,
and for memoizers and decorators that the project makes itself, there is no fix.

## What is not flagged

Memoizers that keep the last result only (`memoize-one`, `moize`, `micro-memoize`, `reselect`) or are given a limit, an age or a
cache. Functions without parameters, and those whose arguments are few: unions, enums, literals. Functions that are memoized
within a call. Those whose cache something clears.

## References

- lodash, `_.memoize`: the cache is exposed as the `cache` property and has no limit
- memoizee: `max`, `maxAge`; p-memoize: `cache`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if file.ends() {
        return;
    }
    let calls = imports_a_memoizer(file).then(|| file.calls());
    for (node, call) in calls.unwrap_or_default() {
        let Some(memoizer) = memoizer_of(file, call) else {
            continue;
        };
        if is_capped(file, call, memoizer) || !is_kept(file, *node) {
            continue;
        }
        let Some(memoized) = argument(call, 0) else {
            continue;
        };
        let finding = find(file, *node, call, memoized, memoizer.module);
        findings.extend(finding.map(|finding| Finding {
            fixes: fix(file, call, memoizer).into_iter().collect(),
            ..finding
        }));
    }
    own_memoizers(file, findings);
    decorated::decorated(file, findings);
    loaders::loaders(file, findings);
}

fn find<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &CallExpression<'a>,
    memoized: &Expression<'a>,
    by: &str,
) -> Option<Finding> {
    let parameters = parameters(file, memoized);
    if parameters.is_some_and(|parameters| has_few_arguments(file, parameters)) {
        return None;
    }
    let variable = bound_to(file, node);
    if variable.is_some_and(|variable| {
        is_cleared(file, variable)
            || is_cleared_elsewhere(file, variable)
            || is_called_with_few(file, variable)
    }) {
        return None;
    }
    let confidence = match parameters {
        Some(_) => Confidence::High,
        None => Confidence::Medium,
    };
    Some(finding(by, confidence, file.extent(call.span)))
}

fn finding(by: &str, confidence: Confidence, place: Extent) -> Finding {
    Finding {
        rule: RULE.id,
        confidence,
        message: format!(
            "`{by}` keeps the result of every distinct argument: nothing limits how many"
        ),
        growth: Some("per distinct argument, for the life of the process"),
        place: Label::new(place, "memoized without a limit"),
        labels: Vec::new(),
        fixes: Vec::new(),
    }
}

/// Whether the memoized function outlives a call: it is made once, or for the fields of an instance.
fn is_kept(file: &File<'_, '_>, node: NodeId) -> bool {
    match file.frequency(node) {
        Calls::Once => true,
        _ if is_of_first_use(file, node) => true,
        Calls::Again => false,
        Calls::Unknown => file.nodes().ancestor_kinds(node).any(|around| {
            matches!(around, AstKind::AssignmentExpression(assignment)
                if assignment.left.as_member_expression().is_some_and(|member|
                    matches!(bare(member.object()), Expression::ThisExpression(_))))
                || matches!(around, AstKind::PropertyDefinition(_))
        }),
    }
}

/// Whether a variable of the module gets the memoized function where it has none: `parse ??= memoize(…)`.
fn is_of_first_use(file: &File<'_, '_>, node: NodeId) -> bool {
    let AstKind::AssignmentExpression(assignment) = file.kind(file.parent(node)) else {
        return false;
    };
    let Some(variable) = assigned(file, &assignment.left) else {
        return false;
    };
    let scoping = file.parsed.semantic().scoping();
    let name = scoping.symbol_name(variable);
    let mut around = file.nodes().ancestor_kinds(node);
    let is_asked = around.any(|kind| match kind {
        AstKind::IfStatement(branch) => match bare(&branch.test) {
            Expression::UnaryExpression(not) => file.slice(not.argument.span()) == name,
            Expression::BinaryExpression(comparison) => {
                file.slice(comparison.left.span()) == name
                    && bare(&comparison.right).is_null_or_undefined()
            }
            _ => false,
        },
        _ => false,
    });
    scoping.symbol_scope_id(variable) == scoping.root_scope_id()
        && (is_asked || !assignment.operator.is_assign())
}

/// The parameters of the memoized function, where the file has it.
fn parameters<'a>(
    file: &File<'_, 'a>,
    memoized: &Expression<'a>,
) -> Option<&'a FormalParameters<'a>> {
    match file.kind(file.function_of(memoized)?) {
        AstKind::Function(function) => Some(&function.params),
        AstKind::ArrowFunctionExpression(arrow) => Some(&arrow.params),
        _ => None,
    }
}

/// Whether there are few different arguments, by the parameters' types or names.
fn has_few_arguments(file: &File<'_, '_>, parameters: &FormalParameters<'_>) -> bool {
    parameters.rest.is_none()
        && parameters.items.iter().all(|parameter| {
            let annotation = parameter.type_annotation.as_ref();
            let typed = annotation.and_then(|a| domain_of_type(file, &a.type_annotation));
            match typed {
                Some(Domain::Bounded) => true,
                Some(_) => false,
                None => parameter
                    .pattern
                    .get_identifier_name()
                    .is_some_and(|name| says_few(&name)),
            }
        })
}

/// The variable that holds what a call gives.
fn bound_to(file: &File<'_, '_>, node: NodeId) -> Option<SymbolId> {
    match file.kind(file.parent(node)) {
        AstKind::VariableDeclarator(declarator) => {
            declarator.id.get_binding_identifier()?.symbol_id.get()
        }
        _ => None,
    }
}

/// Whether something reaches for the memoizer's cache, or hands the function to what clears it.
fn is_cleared(file: &File<'_, '_>, variable: SymbolId) -> bool {
    let scoping = file.parsed.semantic().scoping();
    scoping.get_resolved_references(variable).any(|used| {
        let parent = file.parent(used.node_id());
        match file.kind(parent) {
            AstKind::StaticMemberExpression(member) => {
                matches!(
                    member.property.name.as_str(),
                    "cache" | "clear" | "delete" | "Cache"
                )
            }
            AstKind::CallExpression(call) => {
                let callee = file.slice(call.callee.span());
                !call
                    .callee
                    .span()
                    .contains_inclusive(file.kind(used.node_id()).span())
                    && callee.to_lowercase().contains("clear")
            }
            _ => false,
        }
    })
}

/// Whether another file clears the function, or the cache that it has.
fn is_cleared_elsewhere(file: &File<'_, '_>, variable: SymbolId) -> bool {
    let name = file.parsed.semantic().scoping().symbol_name(variable);
    let project = file.project;
    let caches = project.uses_named("cache");
    let of_importers = caches.filter(|used| project.imports(used.file, file.index));
    project
        .uses_of(&Holder::Variable(file.index, name.into()))
        .chain(of_importers)
        .any(|used| used.op.releases())
}

/// Whether the file alone calls the function, with arguments of which none comes from outside.
fn is_called_with_few(file: &File<'_, '_>, variable: SymbolId) -> bool {
    let scoping = file.parsed.semantic().scoping();
    if file
        .exported_locals()
        .contains(scoping.symbol_name(variable))
    {
        return false;
    }
    let mut has_calls = false;
    for used in scoping.get_resolved_references(variable) {
        let AstKind::CallExpression(call) = file.kind(file.parent(used.node_id())) else {
            return false;
        };
        has_calls = true;
        let given = (0..call.arguments.len()).filter_map(|at| argument(call, at));
        if given.into_iter().any(|given| {
            matches!(
                domain(file, given),
                Domain::Unbounded(_) | Domain::Named(_) | Domain::Object(_)
            )
        }) {
            return false;
        }
    }
    has_calls
}

/// What the project's own memoizers are given: functions with a container that the function they give back fills under its
/// arguments.
fn own_memoizers<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    if !file.project.has_memoizers() {
        return;
    }
    for (node, call) in file.calls() {
        let Some(memoized) = argument(call, 0).filter(|it| file.function_of(it).is_some()) else {
            continue;
        };
        let callee = file.parsed.value(&call.callee);
        if is_kept(file, *node) && file.project.memoizes(file.index, &callee) {
            let name = file.written(bare(&call.callee));
            findings.extend(find(file, *node, call, memoized, &name));
        }
    }
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
    fn a_limit_where_the_memoizer_has_one() {
        let fixed = |before: &str, after: &str| {
            let import = "import memoizee from 'memoizee';\n";
            check_fix(
                &RULE,
                &format!("{import}export const f = memoizee({before});"),
                &format!("{import}export const f = memoizee({after});"),
            );
        };
        fixed("(id) => g(id)", "(id) => g(id), { max: 1000 }");
        fixed("((id) => g(id)),", "((id) => g(id)), { max: 1000 },");
        fixed("(id) => g(id), {}", "(id) => g(id), { max: 1000 }");
        fixed(
            "(id) => g(id), { promise: true }",
            "(id) => g(id), { promise: true, max: 1000 }",
        );
        fixed(
            "(id) => g(id), { maxAge: 9 }",
            "(id) => g(id), { maxAge: 9 }",
        );
        let text = "import memoize from 'fast-memoize';\nexport const f = memoize((id) => g(id));";
        check_fix(&RULE, text, text);
    }

    #[test]
    fn memoizers_without_a_limit() {
        check(
            &RULE,
            "const _ = require('lodash');\nexports.find = _.memoize((id) => load(id));",
            &[2],
        );
        check(
            &RULE,
            "import memoizee from 'memoizee';\nexport const find = memoizee(load, { promise: true });",
            &[2],
        );
        check(
            &RULE,
            "import pMemoize from 'p-memoize';\nasync function load(id) {}\nexport default pMemoize(load);",
            &[3],
        );
        check(
            &RULE,
            "const memo = (f) => { const seen = new Map(); return (x) => { if (!seen.has(x)) seen.set(x, f(x)); return seen.get(x); }; };\nexports.find = memo((id) => load(id));",
            &[2],
        );
    }

    #[test]
    fn decorators_that_keep_a_map_for_each_instance() {
        let text = |service: &str, key: &str| {
            format!(
                "const stores = new WeakMap();\nfunction Cached(target, name, descriptor) {{\n  const own = descriptor.value;\n  descriptor.value = function (...args) {{\n    let store = stores.get(this);\n    if (!store) stores.set(this, (store = new Map()));\n    if (!store.has({key})) store.set({key}, own.apply(this, args));\n    return store.get({key});\n  }};\n}}\n{service} class Users {{\n  @Cached\n  find(id: string) {{}}\n}}"
            )
        };
        check(&RULE, &text("@Injectable()", "args[0]"), &[12]);
        check(&RULE, &text("", "args[0]"), &[]);
        check(&RULE, &text("@Injectable()", "name"), &[]);
    }

    #[test]
    fn memoizers_that_forget_failures_only() {
        let memo = |forget: &str| {
            format!(
                "const memo = (f) => {{ const all = new Map(); return (x) => {{ if (!all.has(x)) all.set(x, f(x).{forget}); return all.get(x); }}; }};\nexports.find = memo((id) => load(id));"
            )
        };
        check(&RULE, &memo("catch(() => all.delete(x))"), &[2]);
        check(&RULE, &memo("finally(() => all.delete(x))"), &[]);
    }

    #[test]
    fn memoizers_made_on_first_use() {
        let made = |when: &str| {
            format!(
                "const memoize = require('lodash/memoize');\nlet find;\napp.get('/', (req) => {{\n  {when}find = memoize((id) => load(id));\n}});"
            )
        };
        check(&RULE, &made("if (!find) "), &[4]);
        check(&RULE, &made("if (find === undefined) "), &[4]);
        check(&RULE, &made(""), &[]);
    }

    #[test]
    fn loaders_that_all_requests_share() {
        let made = |text: &str, lines: &[u32]| {
            check(
                &RULE,
                &format!("import DataLoader from 'dataloader';\n{text}"),
                lines,
            );
        };
        made(
            "export const users = new DataLoader((ids) => load(ids));",
            &[2],
        );
        made(
            "export const users = new DataLoader((ids) => load(ids), { cache: false });",
            &[],
        );
        made(
            "export const users = new DataLoader(load);\napp.post('/', (req, res) => { users.clear(req.body.id); });",
            &[],
        );
        made(
            "app.use((req, res, next) => { req.users = new DataLoader((ids) => load(ids)); next(); });",
            &[],
        );
        made(
            "export const users = perContext((context) => new DataLoader((ids) => load(ids)));",
            &[],
        );
        made(
            "export const context = () => ({ users: new DataLoader((ids) => load(ids)) });",
            &[],
        );
        made(
            "@Injectable() export class Users { loader = new DataLoader((ids) => load(ids)); }",
            &[2],
        );
        made(
            "@Injectable({ scope: Scope.REQUEST }) export class Users { loader = new DataLoader((ids) => load(ids)); }",
            &[],
        );
    }

    #[test]
    fn decorators_of_packages() {
        let service = |decorator: &str, class: &str, parameters: &str| {
            format!(
                "import {{ Memoize }} from 'typescript-memoize';\n{class} class Geo {{\n  {decorator}\n  async locate({parameters}) {{}}\n}}"
            )
        };
        let one = "@Injectable() export";
        check(&RULE, &service("@Memoize()", one, "address: string"), &[3]);
        check(&RULE, &service("@Memoize()", one, ""), &[]);
        check(&RULE, &service("@Memoize()", one, "kind: 'a' | 'b'"), &[]);
        check(
            &RULE,
            &service("@Memoize({ expiring: 9 })", one, "address: string"),
            &[],
        );
        // Its results go with the instance.
        check(
            &RULE,
            &service("@Memoize()", "export", "address: string"),
            &[],
        );
    }

    #[test]
    fn limits_and_few_arguments() {
        check(
            &RULE,
            "import memoizee from 'memoizee';\nexport const find = memoizee(load, { max: 9 });",
            &[],
        );
        check(
            &RULE,
            "import memoize from 'memoize';\nexport const find = memoize(load, { cache: new QuickLRU({ maxSize: 9 }) });",
            &[],
        );
        check(
            &RULE,
            "const memoize = require('lodash/memoize');\nexports.config = memoize(() => read());",
            &[],
        );
        check(
            &RULE,
            "import memoize from 'fast-memoize';\nexport const of = memoize((kind: 'a' | 'b') => read(kind));",
            &[],
        );
        check(
            &RULE,
            "import memoize from 'lodash/memoize';\nconst of = memoize((name) => read(name));\nof('a'); of('b');",
            &[],
        );
        check(
            &RULE,
            "import memoize from 'lodash/memoize';\nexport const of = memoize((id) => read(id));\nsetInterval(() => of.cache.clear(), 9);",
            &[],
        );
        check(
            &RULE,
            "import memoize from 'lodash/memoize';\napp.get('/', (req, res) => { const of = memoize((id) => read(id)); });",
            &[],
        );
        check(
            &RULE,
            "import memoize from './memoize';\nexport const of = memoize((id) => read(id));",
            &[],
        );
    }
}
