//! A package's holder into what its user can do: its sources are not the user's to change.

use stanch_leak_patterns::Pattern;

use super::Ailment;
use crate::model::Remedy;

/// What the documentation of a package says about what it keeps.
struct Known {
    package: &'static str,
    summary: &'static str,
    advice: &'static str,
}

const KNOWN: &[Known] = &[
    Known {
        package: "dataloader",
        summary: "Create a DataLoader for each request: it keeps every key that it was ever asked for.",
        advice: "A loader that must live long takes `cache: false`, or a `cacheMap` that is bounded, such as one of `lru-cache`.",
    },
    Known {
        package: "express-session",
        summary: "Give `express-session` a store of its own, such as `connect-redis`, with a TTL: its MemoryStore is for development only.",
        advice: "`saveUninitialized: false` keeps visitors who never log in from getting a session at all.",
    },
    Known {
        package: "lodash",
        summary: "Bound what `memoize` keeps: it never drops a result.",
        advice: "Assign a bounded cache to the function's `cache` property: any object with `get`, `set` and `has`, such as one of `lru-cache`.",
    },
    Known {
        package: "lodash.memoize",
        summary: "Bound what `memoize` keeps: it never drops a result.",
        advice: "Assign a bounded cache to the function's `cache` property: any object with `get`, `set` and `has`, such as one of `lru-cache`.",
    },
    Known {
        package: "memoize",
        summary: "Bound what `memoize` keeps: without options it never drops a result.",
        advice: "Pass `maxAge`, or a bounded `cache` such as one of `quick-lru`.",
    },
    Known {
        package: "p-memoize",
        summary: "Bound what `p-memoize` keeps: its default cache is a Map that never drops a result.",
        advice: "Pass a bounded `cache`, such as one of `quick-lru`.",
    },
    Known {
        package: "memoizee",
        summary: "Bound what `memoizee` keeps: without options it never drops a result.",
        advice: "Pass `max` for the number of results and `maxAge` for their life in milliseconds.",
    },
    Known {
        package: "node-cache",
        summary: "Give the NodeCache a bound: `stdTTL` in seconds, and `maxKeys`.",
        advice: "Without `stdTTL` an entry lives until it is deleted; past `maxKeys`, `set` throws.",
    },
    Known {
        package: "prom-client",
        summary: "Take values without a bound, such as ids and URLs, out of the labels: each new combination of labels is a time series that is kept for good.",
        advice: "Use the route's template (`/users/:id`) for a path, and `remove(labels)` for series that have ended.",
    },
];

pub(crate) fn remedy(ailment: &Ailment<'_>, package: &str) -> Remedy {
    let (name, is_kept) = (ailment.name, ailment.causes.is_empty());
    let bare = package_name(package);
    if let Some(known) = KNOWN.iter().find(|known| known.package == bare) {
        return Remedy {
            summary: known.summary.to_owned(),
            advice: vec![known.advice.to_owned()],
            patch: None,
        };
    }
    let summary = match ailment.pattern {
        Some(Pattern::UnboundedCache | Pattern::UnboundedLog) => format!(
            "Bound `{name}` through the options of `{bare}` (a maximum, a TTL), or create what \
             holds it for each request."
        ),
        _ => format!("End what you start through `{bare}`: it is kept in `{name}` until then."),
    };
    let mut advice = vec![format!(
        "See whether a release after {package} lets go of it; if none does, report it to its \
         maintainers with the path shown here."
    )];
    if is_kept && ailment.pattern.is_some() {
        advice.push(format!(
            "No line of your own was seen to make it grow: look at how often your code calls `{bare}` and with what."
        ));
    }
    Remedy {
        summary,
        advice,
        patch: None,
    }
}

/// `@scope/name` of `@scope/name@1.2.3`.
fn package_name(package: &str) -> &str {
    match package.rfind('@') {
        Some(at) if at > 0 => &package[..at],
        _ => package,
    }
}
