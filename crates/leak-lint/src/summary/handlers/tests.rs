//! What runs again and again, by what an interval in it is said of.

use std::collections::BTreeSet;

use stanch_js_source::SourceText;

use crate::options::Options;

/// Whether the interval of that text counts as started again and again.
fn check(hot: &str, text: &str, expected: bool) {
    let options = Options {
        hot_functions: BTreeSet::from([hot.to_owned()]),
        in_full: BTreeSet::from(["uncleared-interval".to_owned()]),
        ..Options::default()
    };
    let source = SourceText::new("poll.ts", text);
    let found = crate::lint_under(&source, &options, |rule| rule.id == "uncleared-interval");
    assert_eq!(!found.is_empty(), expected, "{hot} in {text}");
}

#[test]
fn functions_that_the_configuration_names_are_hot() {
    let text =
        "function poll(job) { setInterval(() => job.look(), 1000); } globalThis.poll = poll;";
    check("poll", text, true);
    check("poll2", text, false);
    let text = "class Jobs { start(job) { setInterval(() => job.look(), 1000); } }";
    check("Jobs.start", text, true);
    check("start", text, false);
}

/// Whether an interval in this text counts as started for each request.
fn is_hot(text: &str) -> bool {
    let source = SourceText::new("poll.ts", text);
    let options = Options::default();
    !crate::lint_under(&source, &options, |rule| rule.id == "uncleared-interval").is_empty()
}

#[test]
fn steps_of_a_start_are_no_middleware() {
    let step = |last: &str| {
        format!(
            "const step = async (ctx, next) => {{ setInterval(tick, 9); {last} }}; boot().acquire(step);"
        )
    };
    assert!(is_hot(&step("await next();")));
    assert!(is_hot(&step("return next();")));
    assert!(!is_hot(&step("next();")));
}

#[test]
fn functions_that_frameworks_call() {
    assert!(is_hot(
        "export async function GET() { setInterval(tick, 9); }"
    ));
    assert!(!is_hot(
        "export async function get() { setInterval(tick, 9); }"
    ));
    assert!(is_hot(
        "exports.f = async (ctx) => { setInterval(tick, 9); ctx.body = 1; };"
    ));
    assert!(!is_hot(
        "exports.f = async (ctx) => { setInterval(tick, 9); ctx.run(); };"
    ));
    assert!(is_hot(
        "export const f = (call) => { setInterval(() => call.write(call.request.id), 9); };"
    ));
    assert!(is_hot(
        "export const r = base.query(() => { setInterval(tick, 9); });"
    ));
    assert!(!is_hot(
        "db.query('select', () => { setInterval(tick, 9); });"
    ));
    assert!(is_hot(
        "bot.on('text', (ctx) => { setInterval(tick, 9); });"
    ));
    assert!(!is_hot("bot.on('text', () => { setInterval(tick, 9); });"));
    assert!(is_hot(
        "redis.subscribe('a', () => { setInterval(tick, 9); });"
    ));
    assert!(!is_hot("store.subscribe(() => { setInterval(tick, 9); });"));
    assert!(is_hot(
        "pg.on('notification', () => { setInterval(tick, 9); });"
    ));
    assert!(is_hot(
        "client.on('messageCreate', () => { setInterval(tick, 9); });"
    ));
    assert!(is_hot(
        "'use server';\nexport async function login(form) { setInterval(tick, 9); }"
    ));
    assert!(!is_hot(
        "'use strict';\nexport async function login(form) { setInterval(tick, 9); }"
    ));
    assert!(is_hot(
        "@Injectable({ scope: Scope.REQUEST })\nclass A { constructor() { setInterval(tick, 9); } }"
    ));
}
