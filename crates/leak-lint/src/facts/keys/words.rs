//! Names of variables and properties into what people mean by them.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::Source;

/// What a name says of the number of its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// One of many.
    Many(Source),
    /// One of a few, which the program or its configuration knows.
    Few,
}

/// Last words of names of which a service sees new ones as long as it runs: what HTTP frameworks call the parts of a request
/// (express, koa, fastify, hono), what databases and brokers call their identities, and what Node calls errors' texts.
const MANY: &[(&str, Source)] = &[
    ("id", Source::Id),
    ("ids", Source::Id),
    ("_id", Source::Id),
    ("uid", Source::Id),
    ("uuid", Source::Id),
    ("guid", Source::Id),
    ("sid", Source::Id),
    ("token", Source::Id),
    ("jti", Source::Id),
    ("nonce", Source::Id),
    ("fingerprint", Source::Id),
    ("email", Source::Id),
    ("mail", Source::Id),
    ("username", Source::Id),
    ("login", Source::Id),
    ("phone", Source::Id),
    ("user", Source::Id),
    ("userid", Source::Id),
    ("sessionid", Source::Id),
    ("requestid", Source::Id),
    ("url", Source::Url),
    ("uri", Source::Url),
    ("href", Source::Url),
    ("pathname", Source::Url),
    ("slug", Source::Url),
    ("origin", Source::Url),
    ("hostname", Source::Url),
    ("querystring", Source::Url),
    ("ip", Source::Address),
    ("ipaddress", Source::Address),
    ("remoteaddress", Source::Address),
    ("useragent", Source::Text),
    // A list with weights, in any order (RFC 9110): as many as clients write.
    ("acceptlanguage", Source::Text),
    ("sql", Source::Text),
    ("query", Source::Text),
    ("search", Source::Text),
    ("prompt", Source::Text),
    ("timestamp", Source::Time),
    ("now", Source::Time),
];

/// Words of names whose values a program or its configuration lists: kinds, places of deployment, parts of the program.
const FEW: &[&str] = &[
    "type",
    "kind",
    "method",
    "level",
    "status",
    "code",
    "statuscode",
    "locale",
    "lang",
    "language",
    "region",
    "zone",
    "tenant",
    "env",
    "environment",
    "role",
    "currency",
    "country",
    "event",
    "topic",
    "queue",
    "channel",
    "table",
    "model",
    "collection",
    "schema",
    "template",
    "route",
    "routepath",
    "pattern",
    "plugin",
    "module",
    "component",
    "provider",
    "strategy",
    "driver",
    "adapter",
    "protocol",
    "scheme",
    "encoding",
    "mime",
    "mimetype",
    "format",
    "unit",
    "version",
    "flag",
    "feature",
    "option",
    "property",
    "prop",
    "field",
    "column",
    "attribute",
    "category",
    "theme",
    "mode",
    "stage",
    "phase",
    "state",
    "action",
    "operation",
    "command",
    "extension",
    "ext",
    "namespace",
    "scope",
    "worker",
    "shard",
    "partition",
    "node",
    "pool",
    "store",
    "service",
    "package",
    "pkg",
    "rule",
    "font",
    "color",
    "icon",
    "letter",
    "char",
    "token_type",
    "index",
    "httpversion",
    "algorithm",
    "app",
    "client",
    "backend",
    "upstream",
    "bucket",
    "job_name",
    "timezone",
    "weekday",
    "month",
    "direction",
    "dialect",
    "transport",
    "view",
    "layout",
    "engine",
    "metric",
    "label",
    "exchange",
    "subject",
    "entity",
    "resource",
    "controller",
    "handler",
];

/// What the name of a variable or property says; none for names that say nothing.
pub(crate) fn word_of(name: &str) -> Option<Word> {
    let words = words(name);
    let whole: String = words.concat();
    let last = words.last()?.as_str();
    let before = words.len().checked_sub(2).and_then(|at| words.get(at));
    let known = |word: &str| KNOWN.get(word).copied();
    // `pluginId`, `tenant_id`: as many as plugins, as tenants.
    if before.is_some_and(|before| known(before) == Some(Word::Few)) {
        return Some(Word::Few);
    }
    match (known(last), known(&whole)) {
        (Some(many @ Word::Many(_)), _) | (_, Some(many @ Word::Many(_))) => Some(many),
        (last, whole) => last.or(whole),
    }
}

/// Each word that says something: it is asked of tens of thousands of names.
static KNOWN: LazyLock<FxHashMap<&str, Word>> = LazyLock::new(|| {
    let many = MANY
        .iter()
        .map(|(word, source)| (*word, Word::Many(*source)));
    let few = FEW.iter().map(|word| (*word, Word::Few));
    many.chain(few).collect()
});

/// The words of a name, in small letters: `user` and `id` of `userId`, `user_id` and `USER_ID`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut was_small = false;
    for letter in name.trim_start_matches(['#', '_', '$']).chars() {
        if matches!(letter, '_' | '-' | '$' | '.') {
            was_small = false;
            words.push(String::new());
            continue;
        }
        if letter.is_uppercase() && was_small || words.is_empty() {
            words.push(String::new());
        }
        was_small = letter.is_lowercase() || letter.is_ascii_digit();
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::{Word, word_of};
    use crate::facts::keys::Source;

    #[track_caller]
    fn check(name: &str, expected: Option<Word>) {
        assert_eq!(word_of(name), expected, "{name}");
    }

    #[test]
    fn names_say_how_many() {
        check("userId", Some(Word::Many(Source::Id)));
        check("user_id", Some(Word::Many(Source::Id)));
        check("originalUrl", Some(Word::Many(Source::Url)));
        check("remoteAddress", Some(Word::Many(Source::Address)));
        check("pluginId", Some(Word::Few));
        check("statusCode", Some(Word::Few));
        check("LOCALE", Some(Word::Few));
        check("Accept-Language", Some(Word::Many(Source::Text)));
        check("key", None);
        check("grid", None);
        check("", None);
    }
}
