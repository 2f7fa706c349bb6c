//! Growing holders and their sources, and the suspects that readers see.

use stanch_heap_growth::{Anchor, Capture, GrowingHolder, Origin, Step};
use stanch_leak_patterns::{Bytes, Confidence, Pattern};

use super::service::{Service, allocation, growth, holder, property};
use crate::{Allocation, Join, Suspect, join};

fn suspect(holder: GrowingHolder, service: &Service, under: &Join) -> Suspect {
    let mut suspects = join(&growth(vec![holder]), &service.sources, under);
    suspects.remove(0)
}

/// A holder that no variable of the sources holds, whose members lead to the functions at the marks.
fn anchorless(pattern: Pattern, service: &Service) -> GrowingHolder {
    GrowingHolder {
        places: service.members(),
        ..holder(pattern, None)
    }
}

/// The suspect's name and place, such as `socket at app.js:2:9`.
fn title(suspect: &Suspect) -> String {
    let place = suspect.holder.location.as_ref();
    let place = place.map_or("nowhere".to_owned(), ToString::to_string);
    format!("{} at {place}", suspect.holder.name)
}

fn sites(suspect: &Suspect) -> Vec<String> {
    let sites = suspect.sites.iter();
    sites
        .map(|site| format!("{} {}", site.role.id(), site.place))
        .collect()
}

#[test]
fn what_has_a_name_is_called_by_it() {
    let service = Service::new(&[(
        "app.js",
        "const state = { users: new Map() };\nexports.put = ▸(id) => state.users.set(id, 1);",
    )]);
    let users = property(service.variable("state"), "users");
    let found = suspect(
        holder(Pattern::UnboundedCache, Some(users)),
        &service,
        &Join::default(),
    );
    assert_eq!(title(&found), "users at app.js:1:17");
    assert_eq!(found.holder.qualified.as_deref(), Some("state.users"));
    assert_eq!(sites(&found), ["inserts app.js:2:23"]);
    let plain = holder(Pattern::UnboundedCache, Some(service.variable("state")));
    let found = suspect(plain, &service, &Join::default());
    assert_eq!(found.holder.qualified, None);
}

#[test]
fn what_has_none_is_called_by_the_call_that_started_it() {
    let check = |pattern: Pattern, text: &str, expected: &str| {
        let service = Service::new(&[("app.js", text)]);
        let found = suspect(anchorless(pattern, &service), &service, &Join::default());
        assert_eq!(title(&found), expected, "{text}");
    };
    // The variable that the opened has.
    check(
        Pattern::UnclosedStream,
        "exports.page = (port) => {\n  const socket = net.connect(port);\n  socket.on('data', ▸() => 1);\n};",
        "socket at app.js:2:9",
    );
    // The object that was asked, but not a module.
    check(
        Pattern::UnremovedListener,
        "exports.page = (bus) => {\n  bus.on('tick', ▸() => 1);\n};",
        "bus at app.js:2:3",
    );
    check(
        Pattern::UnclosedStream,
        "const fs = require('node:fs');\nexports.page = (path) => {\n  fs.watch(path, ▸() => 1);\n};",
        "watch at app.js:3:3",
    );
    // Where the object says nothing, what was called does.
    check(
        Pattern::PendingAsync,
        "exports.page = (res) => {\n  const timer = setInterval(▸() => res.write('.'), 1_000);\n};",
        "setInterval at app.js:2:17",
    );
    check(
        Pattern::UnboundedCache,
        "exports.page = (hooks) => {\n  hooks.keep(▸() => 1);\n};",
        "keep at app.js:2:3",
    );
    // Nothing but its class.
    check(Pattern::UnclosedStream, "", "Map at nowhere");
}

#[test]
fn only_declarations_are_said_to_be_declared() {
    let labels = |pattern: Pattern, text: &str| -> Vec<String> {
        let service = Service::new(&[("app.js", text)]);
        let found = suspect(anchorless(pattern, &service), &service, &Join::default());
        let frames = found.frames.iter();
        frames
            .map(|frame| format!("{}: {}", frame.place, frame.label))
            .collect()
    };
    assert_eq!(
        labels(
            Pattern::UnclosedStream,
            "exports.page = (port) => {\n  const socket = net.connect(port);\n  socket.on('data', ▸() => 1);\n};",
        ),
        [
            "app.js:2:9: `socket` is declared here",
            "app.js:2:18: opened here"
        ]
    );
    assert_eq!(
        labels(
            Pattern::PendingAsync,
            "exports.page = (res) => {\n  setInterval(▸() => res.write('.'), 1_000);\n};",
        ),
        ["app.js:2:3: started here"]
    );
}

#[test]
fn what_lives_in_a_package_is_reached_through_the_service() {
    let memo = (
        "node_modules/memo/index.js",
        "class Memo {\n  constructor▸() { this.cache = new Map(); }\n  put(id) { this.cache.set(id, 1); }\n}\nmodule.exports = Memo;",
    );
    let calls: Vec<String> = (0..4)
        .map(|number| format!("exports.f{number} = (id) => users.put(id);"))
        .collect();
    let app = format!(
        "const Memo = require('memo');\nconst users = new Memo();\nusers.put('first');\nexports.all = ▸() => users;\n{}",
        calls.join("\n")
    );
    let service = Service::new(&[("app.js", &app), memo]);
    let inside = Anchor::Field {
        name: "cache".to_owned(),
        class: "Memo".to_owned(),
        constructor: service.mark(1),
    };
    let mut holder = holder(Pattern::UnboundedCache, Some(inside));
    // A field of what the variable holds is reached through the variable.
    holder.headline.user_anchor = Some(property(service.variable("users"), "memo"));
    let found = suspect(holder, &service, &Join::default());
    assert_eq!(found.holder.package.as_deref(), Some("memo@1.0.0"));
    assert_eq!(title(&found), "cache at node_modules/memo/index.js:2:24");
    // The first three calls that run with the load, and where the variable is declared.
    assert_eq!(
        sites(&found),
        [
            "inserts node_modules/memo/index.js:3:13",
            "calls app.js:5:22",
            "calls app.js:6:22",
            "calls app.js:7:22",
            "calls app.js:2:7",
        ]
    );
}

#[test]
fn a_package_around_the_holder_is_named_with_its_version() {
    let service = Service::new(&[
        (
            "app.js",
            "const users = make();\nexports.all = ▸() => users;",
        ),
        ("node_modules/@a/memo/index.js", "exports.x = 1;"),
    ]);
    let check = |origin: Option<Origin>, expected: Option<&str>| {
        let mut holder = holder(Pattern::UnboundedCache, Some(service.variable("users")));
        holder.headline.inner_origin = origin;
        let found = suspect(holder, &service, &Join::default());
        assert_eq!(found.holder.package.as_deref(), expected);
        // The declaration, which the calls into the package end with, is shown once.
        assert_eq!(found.frames.len(), 1);
    };
    check(
        Some(Origin::Package("@a/memo".to_owned())),
        Some("@a/memo@1.0.0"),
    );
    check(Some(Origin::Package("memo".to_owned())), Some("memo"));
    check(Some(Origin::User), None);
    check(None, None);
}

#[test]
fn samples_name_what_only_the_runtime_holds() {
    let service = Service::new(&[(
        "app.js",
        "const net = require('node:net');\nexports.page = ▸(port) => {\n  net.connect(port);\n};",
    )]);
    let under = Join {
        allocations: vec![Allocation {
            called: Some("connect".to_owned()),
            ..allocation(&service.mark(0), 900)
        }],
        ..Join::default()
    };
    let check = |pattern: Pattern, expected: &str| {
        let found = suspect(holder(pattern, None), &service, &under);
        assert_eq!(title(&found), expected);
        // Samples show who allocated it, which the heap does not confirm.
        assert_eq!(found.confidence, Confidence::Medium);
    };
    check(Pattern::UnclosedStream, "connect at app.js:3:3");
    check(Pattern::UnboundedCache, "Map at nowhere");
}

#[test]
fn confidence_needs_a_place() {
    let text = "const m = new Map();\nexports.put = ▸(id) => m.set(id, 1);";
    let service = Service::new(&[("app.js", text)]);
    let check = |name: &str, given: Confidence, expected: Confidence| {
        let mut holder = holder(Pattern::UnboundedCache, Some(service.variable(name)));
        holder.confidence = given;
        let found = suspect(holder, &service, &Join::default());
        assert_eq!(found.confidence, expected, "{name} {given:?}");
    };
    check("m", Confidence::High, Confidence::High);
    check("m", Confidence::Low, Confidence::Low);
    check("gone", Confidence::High, Confidence::Medium);
    check("gone", Confidence::Low, Confidence::Low);
}

#[test]
fn five_suspects_are_ranked_with_their_rates() {
    let holders = vec![holder(Pattern::UnboundedCache, None); 7];
    let sources = Service::new(&[]).sources;
    let check = |requests: u64, expected: Option<f64>| {
        let under = Join {
            requests,
            ..Join::default()
        };
        let found = join(&growth(holders.clone()), &sources, &under);
        let ranks: Vec<u32> = found.iter().map(|suspect| suspect.rank).collect();
        assert_eq!(ranks, [1, 2, 3, 4, 5]);
        let growth = &found[0].growth;
        assert_eq!(growth.per_request.map(|rate| rate.0), expected);
        assert_eq!(growth.count, [10, 110, 210]);
        assert_eq!(growth.retained.last(), Some(&Bytes(200_000)));
    };
    check(100, Some(2_000.0));
    check(0, None);
}

#[test]
fn paths_begin_at_the_module_and_captures_are_reasons() {
    let service = Service::new(&[(
        "app.js",
        "const hooks = [];\nexports.page = (body) => hooks.push(▸() => body);",
    )]);
    let step = |name: &str, class: &str| Step {
        name: name.to_owned(),
        class: class.to_owned(),
    };
    let mut holder = holder(Pattern::ClosureCapture, Some(service.variable("hooks")));
    holder.path = vec![step("hooks", "Array"), step("[newcomers]", "page")];
    holder.capture = Some(Capture {
        variable: "body".to_owned(),
        function: service.mark(0),
        value_class: "Buffer".to_owned(),
        share: 0.97,
    });
    let found = suspect(holder.clone(), &service, &Join::default());
    assert_eq!(
        found.path,
        ["(module) app.js", "hooks: Array", "[newcomers]: page"]
    );
    assert_eq!(
        found.reasons,
        [
            "it grows",
            "`body` (Buffer) is what they keep: 97 % of it, through the function at app.js:2:37"
        ]
    );
    holder.pattern = Some(Pattern::UnboundedLog);
    let found = suspect(holder, &service, &Join::default());
    assert_eq!(found.reasons, ["it grows"]);
}
