//! Memoizers, decorators and loaders of packages, and the options that limit what each keeps.

use oxc_ast::ast::{Argument, CallExpression, Expression};
use oxc_span::GetSpan;
use stanch_js_source::{ImportedName, bare};

use crate::facts::keys::constant;
use crate::file::{File, argument};
use crate::finding::{Fix, Safety};
use crate::fix::Change;

/// A function of a package that memoizes without a limit, and the options that set one.
pub(super) struct Memoizer {
    pub(super) module: &'static str,
    /// The export; none for the default export, or all of the module.
    pub(super) name: Option<&'static str>,
    pub(super) caps: &'static [&'static str],
}

const fn memoizer(
    module: &'static str,
    name: Option<&'static str>,
    caps: &'static [&'static str],
) -> Memoizer {
    Memoizer { module, name, caps }
}

/// From the packages' documentation.
pub(super) const MEMOIZERS: &[Memoizer] = &[
    memoizer("lodash", Some("memoize"), &[]),
    memoizer("lodash-es", Some("memoize"), &[]),
    memoizer("lodash.memoize", None, &[]),
    memoizer("lodash/memoize", None, &[]),
    memoizer("lodash-es/memoize", None, &[]),
    memoizer("underscore", Some("memoize"), &[]),
    memoizer("memoizee", None, &["max", "maxAge"]),
    memoizer("fast-memoize", None, &["cache"]),
    memoizer("memoize", None, &["cache", "maxAge"]),
    memoizer("mem", None, &["cache", "maxAge"]),
    memoizer("p-memoize", None, &["cache", "maxAge"]),
    memoizer("nano-memoize", None, &["maxAge"]),
    memoizer("nano-memoize", Some("nanomemoize"), &["maxAge"]),
    memoizer("promise-memoize", None, &["maxAge"]),
    memoizer("@github/memoize", None, &["cache"]),
    memoizer("radash", Some("memo"), &["ttl"]),
    memoizer("async", Some("memoize"), &[]),
    memoizer("async/memoize", None, &[]),
    memoizer("lodash/fp", Some("memoize"), &[]),
    memoizer("@formatjs/fast-memoize", None, &["cache"]),
    memoizer("ramda", Some("memoizeWith"), &[]),
];

/// `DataLoader` keeps what it has loaded as long as it lives: its documentation wants one for each request.
pub(super) const LOADER: Memoizer = memoizer("dataloader", None, &["cache", "cacheMap"]);

/// Decorators of packages that memoize a method for each instance, and the options that set a limit; from their documentation.
pub(super) const DECORATORS: &[Memoizer] = &[
    memoizer("typescript-memoize", Some("Memoize"), &["expiring"]),
    memoizer("lodash-decorators", Some("Memoize"), &[]),
    memoizer("utils-decorators", Some("memoize"), &["expirationTimeMs"]),
];

/// The option of a memoizer that limits how many results it keeps.
pub(super) fn fix<'a>(
    file: &File<'_, 'a>,
    call: &CallExpression<'a>,
    memoizer: &Memoizer,
) -> Option<Fix> {
    let option = memoizer.caps.iter().find(|cap| **cap == "max")?;
    let mut change = Change::of(file);
    match (call.arguments.as_slice(), argument(call, 1)) {
        ([only], _) => change.insert(only.span().end, format!(", {{ {option}: 1000 }}")),
        ([_, _], Some(Expression::ObjectExpression(options))) => match options.properties.last() {
            Some(last) => change.insert(last.span().end, format!(", {option}: 1000")),
            None => change.replace(options.span, format!("{{ {option}: 1000 }}")),
        },
        _ => return None,
    }
    change.done("Keep the results of 1000 arguments", Safety::Unsafe)
}

/// Whether a file imports any package of these.
pub(super) fn imports_a_memoizer(file: &File<'_, '_>) -> bool {
    let mut modules = file.project.modules(file.index).map(without_suffix);
    modules.any(|module| MEMOIZERS.iter().any(|memoizer| memoizer.module == module))
}

/// `lodash/memoize.js` is `lodash/memoize`.
fn without_suffix(module: &str) -> &str {
    module.strip_suffix(".js").unwrap_or(module)
}

pub(super) fn memoizer_of<'a>(
    file: &File<'_, 'a>,
    call: &CallExpression<'a>,
) -> Option<&'static Memoizer> {
    let (module, name) = file.parsed.import_of(&call.callee)?;
    let module = without_suffix(&module);
    MEMOIZERS.iter().find(|memoizer| {
        memoizer.module == module
            && match (&name, memoizer.name) {
                (ImportedName::Named(name), Some(own)) => name == own,
                (ImportedName::Named(name), None) => name == "default",
                (ImportedName::Default | ImportedName::Module, own) => own.is_none(),
            }
    })
}

/// Whether the options set a limit, or cannot be read.
pub(super) fn is_capped<'a>(
    file: &File<'_, 'a>,
    call: &CallExpression<'a>,
    memoizer: &Memoizer,
) -> bool {
    let options = (1..call.arguments.len()).filter_map(|at| argument(call, at));
    let mut options = options.map(|given| constant(file, given).map_or(given, bare));
    call.arguments.len() > 1
        && options.any(|given| match given {
            Expression::ObjectExpression(options) => options.properties.iter().any(|property| {
                property.as_property().is_none_or(|property| {
                    property
                        .key
                        .static_name()
                        .is_some_and(|name| memoizer.caps.contains(&&*name))
                })
            }),
            // lodash's resolver of keys.
            Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_) => false,
            Expression::Identifier(_) => !memoizer.caps.is_empty(),
            _ => true,
        })
}

/// Whether arguments have none of these options, nor any that cannot be read.
pub(super) fn is_without(arguments: &[Argument<'_>], options: &[&str]) -> bool {
    arguments
        .iter()
        .all(|given| match given.as_expression().map(bare) {
            Some(Expression::ObjectExpression(given)) => given.properties.iter().all(|property| {
                let name = property.as_property().and_then(|one| one.key.static_name());
                name.is_some_and(|name| !options.contains(&&*name))
            }),
            Some(Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_)) => {
                true
            }
            _ => false,
        })
}
