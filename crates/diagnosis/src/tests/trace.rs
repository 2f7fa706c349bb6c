//! Holders, and the lines that make them grow.

use stanch_heap_growth::{Anchor, GrowingHolder};
use stanch_leak_patterns::Pattern;

use super::service::{Service, holder, property};
use crate::place::named;
use crate::trace::sites;

/// The lines found, such as `inserts app.js:3`.
fn lines(holder: &GrowingHolder, service: &Service) -> Vec<String> {
    let anchored = holder.headline.anchor.as_ref();
    let anchored = anchored.and_then(|anchor| named(anchor, &service.sources));
    let found = sites(holder, anchored.as_ref(), &service.sources);
    let lines = found.iter().map(|site| {
        format!(
            "{} {}:{}",
            site.role.id(),
            site.text.path(),
            site.extent.line()
        )
    });
    lines.collect()
}

/// The lines for what the anchor names.
#[track_caller]
fn check_named(
    pattern: Pattern,
    files: &[(&str, &str)],
    anchor: impl Fn(&Service) -> Anchor,
    expected: &[&str],
) {
    let service = Service::new(files);
    let holder = holder(pattern, Some(anchor(&service)));
    assert_eq!(lines(&holder, &service), expected, "{files:#?}");
}

/// The lines for what no variable holds, whose members lead to the functions at the marks.
#[track_caller]
fn check_members(pattern: Pattern, text: &str, expected: &[&str]) {
    let service = Service::new(&[("app.js", text)]);
    let holder = GrowingHolder {
        places: service.members(),
        ..holder(pattern, None)
    };
    assert_eq!(lines(&holder, &service), expected, "{text}");
}

#[test]
fn lines_that_run_with_the_load_count() {
    check_named(
        Pattern::UnboundedCache,
        &[(
            "app.js",
            "const m = new Map();\nm.set('first', 1);\nexports.put = ▸(id) => {\n  m.set(id, 1); m.set(-id, 1);\n  m.get(id);\n};\nexports.add = (id) => m.set(id, 2);",
        )],
        |service| service.variable("m"),
        &["inserts app.js:4", "inserts app.js:7"],
    );
}

#[test]
fn other_files_have_names_of_their_own() {
    let store = (
        "store.js",
        "const all = new Map();\nexports.get = ▸(id) => all.get(id);\nmodule.exports = { all };",
    );
    let check = |files: &[(&str, &str)], expected: &[&str]| {
        let files = [&[store], files].concat();
        let all = |service: &Service| service.variable("all");
        check_named(Pattern::UnboundedCache, &files, all, expected);
    };
    check(
        &[(
            "a.js",
            "const { all } = require('./store');\nmodule.exports = (id) => all.set(id, 1);",
        )],
        &["inserts a.js:2"],
    );
    check(
        &[(
            "a.js",
            "const { all: users } = require('./store');\nmodule.exports = (id) => users.set(id, 1);",
        )],
        &["inserts a.js:2"],
    );
    check(
        &[(
            "a.js",
            "const store = require('./store');\nmodule.exports = (id) => store.all.set(id, 1);",
        )],
        &["inserts a.js:2"],
    );
    check(
        &[
            (
                "a.mjs",
                "import store from './store.js';\nexport const f = (id) => store.all.set(id, 1);",
            ),
            (
                "b.mjs",
                "import { all } from './store.js';\nexport const f = (id) => all.set(id, 1);",
            ),
        ],
        &["inserts a.mjs:2", "inserts b.mjs:2"],
    );
    let exported = |exports: &str, user: &str, expected: &[&str]| {
        let store =
            format!("const all = new Map();\nexport const get = ▸(id) => all.get(id);\n{exports}");
        let all = |service: &Service| service.variable("all");
        check_named(
            Pattern::UnboundedCache,
            &[("store.js", &store), ("a.js", user)],
            all,
            expected,
        );
    };
    exported(
        "module.exports = all;",
        "const users = require('./store');\nmodule.exports = (id) => users.set(id, 1);",
        &["inserts a.js:2"],
    );
    exported(
        "module.exports = { all };",
        "import store from './store.js';\nexport const f = (id) => store.all.set(id, 1);",
        &["inserts a.js:2"],
    );
    exported(
        "export { all as users, other as default };",
        "import all, { users } from './store.js';\nexport const f = (id) => users.set(id, 1);\nexport const g = (id) => all.users.set(id, 1);",
        &["inserts a.js:2"],
    );
    exported(
        "export default all;",
        "import users from './store.js';\nexport const f = (id) => users.set(id, 1);",
        &["inserts a.js:2"],
    );
    exported(
        "export default all;",
        "import * as store from './store.js';\nexport const f = (id) => store.default.set(id, 1);",
        &["inserts a.js:2"],
    );
    exported(
        "Object.assign(exports, { all });",
        "const { all } = require('./store');\nmodule.exports = (id) => all.set(id, 1);",
        &["inserts a.js:2"],
    );
    // Another file of that name, and another export, are somebody else's.
    check(
        &[
            (
                "b/a.js",
                "const { all } = require('./store');\nmodule.exports = (id) => all.set(id, 1);",
            ),
            (
                "c.js",
                "const { some: all } = require('./store');\nmodule.exports = (id) => all.set(id, 1);",
            ),
        ],
        &[],
    );
}

#[test]
fn a_property_is_followed_with_its_object() {
    let state = (
        "state.js",
        "const state = { items: [] };\nexports.get = ▸() => state.items;\nmodule.exports = { state };",
    );
    let user = |text| [state, ("a.js", text)];
    let items = |service: &Service| property(service.variable("state"), "items");
    check_named(
        Pattern::UnboundedLog,
        &user(
            "const { state } = require('./state');\nmodule.exports = (id) => state.items.push(id);",
        ),
        items,
        &["appends a.js:2"],
    );
    // An object that is handed on is still known by the name of its property.
    check_named(
        Pattern::UnboundedLog,
        &user("module.exports = (shared) => (id) => shared.items.push(id);"),
        items,
        &["appends a.js:1"],
    );
}

#[test]
fn at_most_five_lines_are_named() {
    let puts: Vec<String> = (0..7)
        .map(|number| format!("exports.f{number} = (id) => m.set(id, {number});"))
        .collect();
    let text = format!("const m = new Map(), seen = ▸() => m;\n{}", puts.join("\n"));
    check_named(
        Pattern::UnboundedCache,
        &[("app.js", &text)],
        |service| service.variable("m"),
        &[
            "inserts app.js:2",
            "inserts app.js:3",
            "inserts app.js:4",
            "inserts app.js:5",
            "inserts app.js:6",
        ],
    );
}

#[test]
fn members_lead_to_the_call_that_took_them() {
    check_members(
        Pattern::UnremovedListener,
        "exports.page = (bus) => {\n  const done = ▸() => 1;\n  bus.on('tick', done);\n};",
        &["registers app.js:3"],
    );
    check_members(
        Pattern::PendingAsync,
        "exports.page = (res) => {\n  setInterval(▸() => res.write('.'), 1_000);\n};",
        &["starts app.js:2"],
    );
    // What is captured is told by the function, not by who keeps it.
    check_members(
        Pattern::ClosureCapture,
        "exports.page = (keep, big) => {\n  keep(\n    ▸() => big);\n};",
        &["captures app.js:3"],
    );
    // Three functions are looked at, and each line is named once.
    check_members(
        Pattern::UnremovedListener,
        "exports.page = (a) => {\n  a.on('x', ▸() => 1); a.on('y', ▸() => 2);\n  a.on('z', ▸() => 3);\n  a.on('w', ▸() => 4);\n};",
        &["registers app.js:2", "registers app.js:3"],
    );
    // A class's instances are made, not handed to anybody.
    let service = Service::new(&[(
        "app.js",
        "app.get(\n  '/', () => {\n    ▸class Job {}\n    return new Job();\n  });",
    )]);
    let mut jobs = holder(Pattern::PendingAsync, None);
    jobs.places = service.members();
    assert_eq!(lines(&jobs, &service), ["starts app.js:1"]);
    jobs.places[0].is_class = true;
    assert_eq!(lines(&jobs, &service), ["starts app.js:2"]);
}

#[test]
fn without_a_pattern_of_its_own_the_call_says_what_it_does() {
    for (call, expected) in [
        ("bus.once('x', ▸() => 1)", "registers app.js:2"),
        ("bus.onmessage = ▸() => 1", "registers app.js:2"),
        ("setImmediate(▸() => 1)", "starts app.js:2"),
        ("new Promise(▸() => 1)", "starts app.js:2"),
        ("list.push(▸() => 1)", "appends app.js:2"),
        ("list.keep(▸() => 1)", "captures app.js:2"),
    ] {
        let text = format!("exports.page = (bus, list) => {{\n  {call};\n}};");
        check_members(Pattern::UnboundedCache, &text, &[expected]);
    }
}

#[test]
fn what_the_heap_saw_of_listeners_comes_first_and_of_captures_last() {
    let text = "const bus = new Bus();\nexports.other = (f) => bus.on('a', f);\nexports.page = (id) => {\n  bus.on('b', ▸() => id);\n};";
    let check = |pattern: Pattern, expected: &[&str]| {
        let service = Service::new(&[("app.js", text)]);
        let mut holder = holder(pattern, Some(service.variable("bus")));
        holder.places = service.members();
        assert_eq!(lines(&holder, &service), expected, "{pattern:?}");
    };
    check(
        Pattern::UnremovedListener,
        &["registers app.js:4", "registers app.js:2"],
    );
    check(
        Pattern::ClosureCapture,
        &["registers app.js:2", "registers app.js:4"],
    );
    check(
        Pattern::UnboundedCache,
        &["registers app.js:2", "registers app.js:4"],
    );
}

#[test]
fn a_handler_of_what_was_opened_leads_to_the_opening() {
    check_members(
        Pattern::UnclosedStream,
        "exports.page = (port) => {\n  const socket = net.connect(port);\n  socket.on('data', ▸(text) => text);\n};",
        &["opens app.js:2"],
    );
    check_members(
        Pattern::UnclosedStream,
        "class Peer {\n  open(port) {\n    this.socket = net.connect(port);\n    this.socket.on('data', ▸(text) => text);\n  }\n}",
        &["opens app.js:3"],
    );
    // Opened elsewhere, the registration is the best there is.
    check_members(
        Pattern::UnclosedStream,
        "exports.page = (socket) => {\n  socket.on('data', ▸(text) => text);\n};",
        &["opens app.js:2"],
    );
    check_members(
        Pattern::UnclosedStream,
        "function one() {\n  const socket = net.connect(1);\n  return socket;\n}\nfunction two(socket) {\n  socket.on('data', ▸(text) => text);\n}",
        &["opens app.js:6"],
    );
    // What is opened once while the module loads does not grow with the load.
    check_members(
        Pattern::UnclosedStream,
        "const socket = net.connect(1);\nsocket.on('data', ▸(text) => text);",
        &["opens app.js:2"],
    );
}

#[test]
fn waits_on_a_promise_are_found_wherever_it_is_known() {
    let ready = (
        "ready.js",
        "const ready = new Promise(() => {});\nexports.wait = ▸() => ready.then(() => 1);\nexports.other = (p) => p.then(() => 2);\nmodule.exports = { ready };",
    );
    check_named(
        Pattern::PendingAsync,
        &[
            ready,
            (
                "app.js",
                "const { ready: up } = require('./ready');\nexports.a = () => up.catch(() => 1);\nexports.b = (p) => Promise.race([up, p]);\nexports.c = () => Promise.race([...up]);\nexports.d = (p) => Promise.race([p.up, cup, upper]);\nexports.e = (horses) => horses.race(up);\nexports.f = (p) => Promise.all([p]);",
            ),
        ],
        |service| service.variable("ready"),
        &[
            "starts app.js:2",
            "starts app.js:3",
            "starts app.js:4",
            "starts ready.js:2",
        ],
    );
}

#[test]
fn waits_on_a_member_are_found_under_its_whole_name() {
    let app = (
        "app.js",
        "const all = require('./state');\nexports.a = () => all.state.ready.then(() => 1);\nexports.b = (ready) => ready.then(() => 1);",
    );
    check_named(
        Pattern::PendingAsync,
        &[
            (
                "state.js",
                "const state = { ready: new Promise(() => {}) };\nexports.wait = ▸(p) => Promise.any([...p, state.ready]);\nmodule.exports = { state };",
            ),
            app,
        ],
        |service| property(service.variable("state"), "ready"),
        &["starts app.js:2", "starts state.js:2"],
    );
}

#[test]
fn pipes_of_a_stream_that_is_handed_in_are_found_by_its_name() {
    let main = (
        "main.js",
        "const log = make();\nserve(log);\nexports.get = ▸() => log;",
    );
    let log = |service: &Service| service.variable("log");
    let serve = |parameter: &str| {
        format!("module.exports = ({parameter}) => (source) => source.pipe({parameter});")
    };
    check_named(
        Pattern::UnclosedStream,
        &[main, ("serve.js", &serve("log"))],
        log,
        &["opens serve.js:1"],
    );
    check_named(
        Pattern::UnclosedStream,
        &[main, ("serve.js", &serve("sink"))],
        log,
        &[],
    );
}

#[test]
fn pipes_are_found_with_what_they_opened() {
    let log = (
        "log.js",
        "const log = make();\nprocess.stdin.pipe(log);\nexports.to = ▸(source) => source.pipe(log);\nmodule.exports = log;",
    );
    check_named(
        Pattern::UnclosedStream,
        &[
            log,
            (
                "app.js",
                "const out = require('./log');\nexports.a = (path) => {\n  const file = fs.createReadStream(path);\n  file.pipe(out);\n};\nexports.b = (file, res) => pipeline(file, gzip, res);\nexports.c = (file) => pipeline(file, out, () => 1);\nexports.d = (res) => out.pipe(res);",
            ),
        ],
        |service| service.variable("log"),
        &[
            "opens app.js:4",
            "opens app.js:7",
            "opens app.js:8",
            "opens log.js:3",
            "opens app.js:3",
        ],
    );
}
