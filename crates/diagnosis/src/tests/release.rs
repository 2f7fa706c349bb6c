//! What the sources of a growing holder say about letting go.

use stanch_leak_patterns::Pattern;
use stanch_memory_verdict::{Lifetime, ReleaseHint};

use super::service::{Service, growth, holder};
use crate::release::release_hint;

fn lives(lifetime: Lifetime) -> Option<ReleaseHint> {
    Some(ReleaseHint {
        bound_entries: None,
        lifetime: Some(lifetime),
    })
}

fn bounded(entries: u64, lifetime: Option<Lifetime>) -> Option<ReleaseHint> {
    Some(ReleaseHint {
        bound_entries: Some(entries),
        lifetime,
    })
}

/// What is said of the variable `m`, with the function at the mark seeing it.
#[track_caller]
fn check(files: &[(&str, &str)], expected: Option<ReleaseHint>) {
    let service = Service::new(files);
    let holder = holder(Pattern::UnboundedCache, Some(service.variable("m")));
    let hint = release_hint(&growth(vec![holder]), &service.sources);
    assert_eq!(hint, expected, "{files:#?}");
}

/// The same for one file, after lines that declare the Map and insert into it.
#[track_caller]
fn check_rest(rest: &str, expected: Option<ReleaseHint>) {
    let text = format!(
        "const m = new Map();\nexports.put = ▸(id) => {{ m.set(id, {{ at: Date.now() }}); }};\n{rest}"
    );
    check(&[("app.js", &text)], expected);
}

#[test]
fn a_timer_lets_go_after_its_period_and_the_age_it_asks_for() {
    let sweep = "for (const [id, entry] of m) if (Date.now() - entry.at > 30_000) m.delete(id);";
    check_rest(
        &format!("setInterval(() => {{ {sweep} }}, 5_000);"),
        lives(Lifetime::Timed(35_000)),
    );
    check_rest(
        &format!("function sweep() {{ {sweep} }}\nsetInterval(sweep, 5_000).unref();"),
        lives(Lifetime::Timed(35_000)),
    );
    check_rest(
        "setInterval(() => m.clear(), 60_000);",
        lives(Lifetime::Timed(60_000)),
    );
    check_rest(
        "exports.use = (id) => { setTimeout(() => m.delete(id), 2_000); };",
        lives(Lifetime::Timed(2_000)),
    );
}

#[test]
fn an_age_counts_where_all_entries_are_asked_for_it() {
    check_rest(
        "exports.get = (id) => { for (const [k, e] of m) if (Date.now() - e.at > 9_000) m.delete(k); };\nexports.get('a');",
        lives(Lifetime::Aged(9_000)),
    );
    // Only the entry in use is asked: those that nobody uses again stay.
    check_rest(
        "function get(id) { if (Date.now() - m.get(id).at > 9_000) m.delete(id); }\nexports.page = (id) => get(id);",
        lives(Lifetime::Unknown),
    );
}

#[test]
fn a_bound_is_known_with_its_number() {
    check_rest(
        "process.on('put', () => { if (m.size > 500) m.delete(m.keys().next().value); });",
        bounded(500, Some(Lifetime::Unknown)),
    );
    let library = |options: &str, expected| {
        let text = format!(
            "const {{ LRUCache }} = require('lru-cache');\nconst m = new LRUCache({options});\nexports.put = ▸(id) => m.set(id, {{}});"
        );
        check(&[("app.js", &text)], expected);
    };
    library(
        "{ max: 500, ttl: 60_000 }",
        bounded(500, Some(Lifetime::Timed(60_000))),
    );
    library("{ max: 500 }", bounded(500, None));
    library("{ ttl: 60_000 }", lives(Lifetime::Timed(60_000)));
    // What lives for hours may live: the bound holds all the same.
    library("{ max: 500, ttl: 3_600_000 }", bounded(500, None));
}

#[test]
fn limits_that_another_file_sets_are_known_by_their_names() {
    let store = |body: &str| {
        format!(
            "const m = new Map();\nexports.put = ▸(id, options) => {{\n  m.set(id, {{ at: Date.now() }});\n  {body}\n}};"
        )
    };
    let config = ("config.js", "module.exports = { max: 200, ttl: 4_000 };");
    let check = |body: &str, files: &[(&str, &str)], expected| {
        let text = store(body);
        check(&[&[("app.js", text.as_str())], files].concat(), expected);
    };
    let bound =
        "if (m.size > options.max) { const [first] = m.keys(); m.delete(first); }\nexports.put(1);";
    check(bound, &[config], bounded(200, Some(Lifetime::Unknown)));
    check(bound, &[], lives(Lifetime::Unstated));
    let age = "for (const [k, e] of m) if (Date.now() - e.at > options.ttl) m.delete(k);\nexports.put(1);";
    check(age, &[config], lives(Lifetime::Aged(4_000)));
    check(age, &[], lives(Lifetime::Unstated));
    let period = "setTimeout(() => m.delete(id), options.ttl);";
    check(period, &[config], lives(Lifetime::Timed(4_000)));
    check(period, &[], lives(Lifetime::Unstated));
}

#[test]
fn lists_that_are_values_let_go_of_their_records() {
    let service = Service::new(&[(
        "app.js",
        "const m = new Map();\nexports.add = ▸(key, line) => {\n  m.get(key).push(line);\n  if (m.get(key).length > 50) m.get(key).shift();\n};\nexports.add('a', 1);",
    )]);
    let check = |pattern: Pattern, class: &str, expected: Option<ReleaseHint>| {
        let mut holder = holder(pattern, Some(service.variable("m")));
        holder.class = class.to_owned();
        let hint = release_hint(&growth(vec![holder]), &service.sources);
        assert_eq!(hint, expected, "{pattern:?} {class}");
    };
    // The list that grows may itself be what the heap shows as the holder.
    for class in ["Map", "Array"] {
        check(
            Pattern::UnboundedLog,
            class,
            bounded(50, Some(Lifetime::Unknown)),
        );
    }
    // That a list is short says nothing about how many there are.
    check(Pattern::UnboundedCache, "Map", None);
}

#[test]
fn longer_than_ten_minutes_is_for_good() {
    check_rest(
        "setInterval(() => m.clear(), 600_000);",
        lives(Lifetime::Timed(600_000)),
    );
    check_rest("setInterval(() => m.clear(), 600_001);", None);
    check_rest(
        "setInterval(() => { for (const [id, entry] of m) if (Date.now() - entry.at > 3_600_000) m.delete(id); }, 1_000);",
        None,
    );
}

#[test]
fn a_release_that_nobody_calls_releases_nothing() {
    let release = "function forget(id) { m.delete(id); }\n";
    check_rest(release, None);
    check_rest(
        &format!("{release}exports.end = (id) => forget(id);"),
        lives(Lifetime::Unknown),
    );
    // Handed over, it is called by whom it was handed to.
    check_rest(
        &format!("{release}process.on('gone', forget);"),
        lives(Lifetime::Unknown),
    );
    // Also in another file.
    let file = "const m = new Map();\nexports.put = ▸(id) => m.set(id, {});\nexports.forget = (id) => m.delete(id);";
    check(&[("store.js", file)], None);
    check(
        &[
            ("store.js", file),
            (
                "app.js",
                "const store = require('./store');\nmodule.exports = (id) => store.forget(id);",
            ),
        ],
        lives(Lifetime::Unknown),
    );
}

#[test]
fn what_a_package_offers_has_to_be_asked_for() {
    let package = (
        "node_modules/memo/index.js",
        "const m = new Map();\nexports.memo = ▸(id) => m.set(id, {});\nexports.remove = (id) => m.delete(id);",
    );
    let user = |text| [package, ("app.js", text)];
    check(
        &user("const { memo } = require('memo');\nmodule.exports = (id) => memo(id);"),
        None,
    );
    check(
        &user(
            "const { memo, remove } = require('memo');\nmodule.exports = (id) => { memo(id); remove(id); };",
        ),
        lives(Lifetime::Unknown),
    );
}

#[test]
fn what_is_no_release() {
    for rest in [
        "",
        "m.clear();",
        "exports.end = (id) => m.get(id).close();\nexports.end('a');",
        "exports.drop = (id, key) => m.get(id).delete(key);\nexports.drop('a', 'b');",
    ] {
        check_rest(rest, None);
    }
}

#[test]
fn the_longest_of_several_is_waited_for() {
    check_rest(
        "setInterval(() => m.clear(), 60_000);\nexports.use = (id) => { setTimeout(() => m.delete(id), 2_000); };",
        lives(Lifetime::Timed(60_000)),
    );
    check_rest(
        "function forget(id) { m.delete(id); }\nprocess.on('gone', forget);\nsetInterval(() => m.clear(), 60_000);",
        lives(Lifetime::Timed(60_000)),
    );
    let unstated = "process.on('put', (max) => { if (m.size > max) forget('a'); });";
    let unknown = "function forget(id) { m.delete(id); }";
    for rest in [[unstated, unknown], [unknown, unstated]] {
        check_rest(&rest.join("\n"), lives(Lifetime::Unstated));
    }
}

#[test]
fn fields_are_released_in_the_file_of_another_class_too() {
    let service = Service::new(&[
        (
            "store.js",
            "class Store {\n  constructor▸() { this.items = new Map(); }\n  put(id) { this.items.set(id, {}); }\n}\nmodule.exports = Store;",
        ),
        (
            "sweep.js",
            "module.exports = (store) => setInterval(() => store.items.clear(), 7_000);",
        ),
    ]);
    let holder = holder(
        Pattern::UnboundedCache,
        Some(service.field("Store", "items")),
    );
    assert_eq!(
        release_hint(&growth(vec![holder]), &service.sources),
        lives(Lifetime::Timed(7_000))
    );
}

#[test]
fn timeouts_let_go_when_they_run_out() {
    let check = |text: &str, expected: Option<ReleaseHint>| {
        let service = Service::new(&[("app.js", text)]);
        let mut holder = holder(Pattern::PendingAsync, None);
        holder.places = service.members();
        let hint = release_hint(&growth(vec![holder]), &service.sources);
        assert_eq!(hint, expected, "{text}");
    };
    let timeout = |delay: &str| {
        format!("exports.page = (res, later) => {{ setTimeout(▸() => res.end(), {delay}); }};")
    };
    check(&timeout("30_000"), lives(Lifetime::Timed(30_000)));
    check(&timeout("later"), lives(Lifetime::Unknown));
    check(&timeout("600_001"), None);
    check(
        "exports.page = (res) => { setInterval(▸() => res.write('.'), 1_000); };",
        None,
    );
    check(
        "exports.page = (bus) => new Promise(▸(resolve) => bus.once('never', resolve));",
        None,
    );
}

#[test]
fn every_large_holder_has_to_let_go() {
    let service = Service::new(&[(
        "app.js",
        "const m = new Map(), all = [];\nexports.put = ▸(id) => { m.set(id, {}); all.push(id); };\nsetInterval(() => m.clear(), 1_000);",
    )]);
    let check = |shares: [f64; 2], expected: Option<ReleaseHint>| {
        let holders = [("m", shares[0]), ("all", shares[1])];
        let holders = holders.map(|(name, share)| {
            let mut holder = holder(Pattern::UnboundedCache, Some(service.variable(name)));
            holder.share = share;
            holder
        });
        let hint = release_hint(&growth(holders.into()), &service.sources);
        assert_eq!(hint, expected, "{shares:?}");
    };
    check([0.8, 0.2], None);
    check([0.9, 0.1], lives(Lifetime::Timed(1_000)));
    check([0.1, 0.1], None);
    assert_eq!(release_hint(&growth(Vec::new()), &service.sources), None);
}
