//! Stored functions, and what they were handed to.

use stanch_leak_patterns::Pattern;

use super::service::{Service, holder};
use crate::registered::registered;

/// The pattern of functions that are stored in a Set, by what the text hands them to.
#[track_caller]
fn check(text: &str, expected: Option<Pattern>) {
    let service = Service::new(&[("app.js", text)]);
    let mut holder = holder(Pattern::ClosureCapture, None);
    holder.places = service.members();
    let found = registered(&holder, &service.sources).and_then(|holder| holder.pattern);
    assert_eq!(found, expected, "{text}");
}

#[test]
fn what_registers_handlers_makes_them_listeners() {
    let listener = Some(Pattern::UnremovedListener);
    check(
        "exports.attach = (topic) => topic.watch(▸(tick) => tick);",
        listener,
    );
    check(
        "exports.f = (feed) => { feed.subscribe(▸function (x) { return x; }); };",
        listener,
    );
    check("exports.f = (jobs) => jobs.enqueue(▸() => 1);", None);
    check("exports.f = (jobs) => jobs.push(▸() => 1);", None);
}

#[test]
fn other_patterns_stay_what_they_are() {
    let service = Service::new(&[("app.js", "exports.f = (topic) => topic.watch(▸() => 1);")]);
    let mut holder = holder(Pattern::UnboundedCache, None);
    holder.places = service.members();
    assert!(registered(&holder, &service.sources).is_none());
}
