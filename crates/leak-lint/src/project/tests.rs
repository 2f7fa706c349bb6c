//! Small projects of two or three files: how often their functions run, and what is done to their holders.

use oxc_ast::AstKind;
use stanch_js_source::{SourceText, with_parsed};

use super::{Calls, Elsewhere, FileIndex, Holder, Project};
use crate::file::File;
use crate::options::Options;
use crate::summary::{Op, Summary};

/// Files by the name under which others import them.
fn link(files: &[(&str, &str)]) -> (Vec<SourceText>, Project) {
    let options = Options::default();
    let sources: Vec<SourceText> = files
        .iter()
        .map(|(path, text)| SourceText::new(*path, *text))
        .collect();
    let summaries = sources
        .iter()
        .map(|source| (source.path().to_owned(), Summary::of(source, &options)))
        .collect();
    let names: Vec<String> = files
        .iter()
        .map(|(path, _)| format!("./{}", path.split('.').next().unwrap_or_default()))
        .collect();
    let project = Project::link(summaries, options, |_, module| {
        let at = names.iter().position(|name| name == module)?;
        Some(FileIndex(at))
    });
    (sources, project)
}

/// How often the calls of `probe()` in the first file run, in their order.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &[Calls]) {
    let (sources, project) = link(files);
    let found = with_parsed(&sources[0], |parsed| {
        assert_eq!(parsed.problems(), []);
        let file = File::new(parsed, &project, FileIndex(0));
        let probes = file.calls().iter().filter(|(_, call)| {
            call.callee
                .get_identifier_reference()
                .is_some_and(|callee| callee.name == "probe")
        });
        probes
            .map(|(node, _)| file.frequency(*node))
            .collect::<Vec<_>>()
    });
    assert_eq!(found, expected, "{files:#?}");
}

use Calls::{Again, Once, Unknown};

#[test]
fn functions_that_wait_for_themselves() {
    let file = |text: &str, expected: Calls| check(&[("a.js", text)], &[expected]);
    file(
        "const poll = () => { probe(); setTimeout(poll, 9); };\npoll();",
        Again,
    );
    file(
        "const poll = () => { probe(); setTimeout(() => poll(), 9); };\npoll();",
        Again,
    );
    file(
        "class Link { start() { probe(); this.socket.once('close', () => setTimeout(() => this.start(), 9)); } }\nnew Link().start();",
        Again,
    );
    file(
        "const load = () => { probe(); setTimeout(save, 9); };\nconst save = () => {};\nload();",
        Once,
    );
    // Tried until it has worked once.
    file(
        "const start = () => { probe(); try { open(); } catch { setTimeout(start, 9); } };\nstart();",
        Once,
    );
}

#[test]
fn functions_that_other_files_call() {
    let store = "const all = new Map();\nexports.add = (id) => { probe(); all.set(id, 1); };";
    check(&[("store.js", store)], &[Unknown]);
    check(
        &[
            ("store.js", store),
            (
                "app.js",
                "const { add } = require('./store');\nadd('start');",
            ),
        ],
        &[Once],
    );
    check(
        &[
            ("store.js", store),
            (
                "app.js",
                "const store = require('./store');\napp.get('/', (req, res) => { store.add(req.id); });",
            ),
        ],
        &[Again],
    );
}

#[test]
fn hooks_of_a_provider_are_called_once() {
    check(
        &[(
            "feed.ts",
            "@Injectable()\nexport class Feed { onModuleInit() { probe(); } start() { probe(); } }",
        )],
        &[Once, Unknown],
    );
}

#[test]
fn a_server_listens_once() {
    check(
        &[(
            "app.js",
            "require('http').createServer((req, res) => probe()).listen(80, () => probe());",
        )],
        &[Again, Once],
    );
}

#[test]
fn what_gives_a_variable_its_first_value_is_called_once() {
    let store = "module.exports = () => { probe(); return new Map(); };";
    let first = [
        "if (!cache) { cache = create(); }",
        "if (cache == null) cache = create();",
        "cache ??= create();",
        "if (cache) return cache.get(req.id); cache = wrap(create());",
        "const own = cache || (cache = create());",
    ];
    let again = [
        "cache = create();",
        "if (!req.user) cache = create();",
        "let own; if (!own) own = create();",
    ];
    let cases = first.map(|code| (code, Once)).into_iter();
    for (code, expected) in cases.chain(again.map(|code| (code, Again))) {
        let app = format!(
            "const create = require('./store');\nlet cache;\napp.get('/', (req, res) => {{ {code} }});"
        );
        check(&[("store.js", store), ("app.js", &app)], &[expected]);
    }
}

#[test]
fn handlers_of_other_files() {
    let handlers =
        "export async function list(q) { probe(); }\nexport function never() { probe(); }";
    check(
        &[
            ("users.ts", handlers),
            (
                "app.ts",
                "import * as users from './users';\nrouter.get('/users', users.list);",
            ),
        ],
        &[Again, Unknown],
    );
}

#[test]
fn methods_of_instances_that_other_files_make() {
    let class = "export class Store { constructor() { probe(); } add(id: string) { probe(); } }";
    check(
        &[
            ("store.ts", class),
            (
                "app.ts",
                "import { Store } from './store';\nconst store = new Store();\napp.post('/', (req, res) => store.add(req.id));",
            ),
        ],
        &[Once, Again],
    );
    check(
        &[
            ("store.ts", class),
            (
                "users.ts",
                "import { Store } from './store';\nexport class Users { constructor(private store: Store) {}\n  @Get() find(id: string) { this.store.add(id); } }",
            ),
        ],
        &[Unknown, Again],
    );
}

#[test]
fn results_of_factories_and_names_that_pass_through() {
    check(
        &[
            (
                "hub.js",
                "class Hub { join(x) { probe(); } }\nlet hub;\nmodule.exports = function get() { return hub ??= new Hub(); };",
            ),
            ("index.js", "exports.get = require('./hub');"),
            (
                "app.js",
                "const { get } = require('./index');\nio.on('connection', (s) => get().join(s));",
            ),
        ],
        &[Again],
    );
    check(
        &[
            ("a.js", "export const touch = () => probe();"),
            ("b.js", "export * from './a';"),
            (
                "c.js",
                "import { touch } from './b';\nsetInterval(() => touch(), 10);",
            ),
        ],
        &[Again],
    );
}

#[test]
fn loops_without_an_end_and_callbacks() {
    check(
        &[(
            "a.js",
            "for await (const job of queue) { handle(job); }\nfunction handle(job) { probe(); }",
        )],
        &[Again],
    );
    check(&[("a.js", "[1, 2].forEach((x) => probe());")], &[Once]);
    check(&[("a.js", "bus.on('price', () => probe());")], &[Unknown]);
    check(
        &[("a.js", "server.on('listening', () => probe());")],
        &[Once],
    );
    check(&[("a.js", "(async () => { probe(); })();")], &[Once]);
}

/// What is done to the module's `held`, or the field of that name, of the first file, by all files.
#[track_caller]
fn check_uses(files: &[(&str, &str)], expected: &[&str]) {
    let (sources, project) = link(files);
    let mut found = with_parsed(&sources[0], |parsed| {
        let file = File::new(parsed, &project, FileIndex(0));
        let mut nodes = file.nodes().iter();
        let class = nodes.find(|node| matches!(node.kind(), AstKind::Class(_)));
        let uses = match class {
            Some(class) => file.uses_of_field(class.id(), "held"),
            None => project
                .uses_of(&Holder::Variable(FileIndex(0), "held".into()))
                .collect(),
        };
        let line = |used: &Elsewhere<'_>| {
            let does = match used.op {
                Op::Call { method, .. } => method,
                _ => "other",
            };
            format!("{} {does}", project.path(used.file))
        };
        uses.iter().map(line).collect::<Vec<_>>()
    });
    found.sort();
    assert_eq!(found, expected, "{files:#?}");
}

#[test]
fn holders_that_other_files_fill_and_empty() {
    check_uses(
        &[
            (
                "held.js",
                "const held = new Map();\nmodule.exports = { held };",
            ),
            (
                "fill.js",
                "const { held } = require('./held');\napp.get('/', (req, res) => { held.set(req.id, 1); });",
            ),
            (
                "drain.js",
                "const state = require('./held');\nsetInterval(() => { if (state.held.size > 9) state.held.clear(); }, 10);",
            ),
        ],
        &["drain.js clear"],
    );
}

#[test]
fn holders_that_are_lent() {
    check_uses(
        &[
            (
                "held.js",
                "import { sweep } from './sweep';\nconst held = new Map();\nsetInterval(() => sweep(held, 10), 10);",
            ),
            (
                "sweep.js",
                "export function sweep(map, most) { for (const key of map.keys()) map.delete(key); }",
            ),
        ],
        &["sweep.js delete"],
    );
}

#[test]
fn fields_of_classes() {
    check_uses(
        &[
            (
                "rooms.ts",
                "export class Rooms { held = new Map<string, Set<string>>(); add(id: string) { this.held.set(id, new Set()); } }",
            ),
            (
                "app.ts",
                "import { Rooms } from './rooms';\nconst rooms = new Rooms();\nws.on('close', () => { rooms.held.delete(ws.id); });",
            ),
            (
                "other.ts",
                "export function leave(r: any) { r.held.clear(); }",
            ),
        ],
        &["app.ts delete", "other.ts clear"],
    );
}
