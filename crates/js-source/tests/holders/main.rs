//! Texts and holders into declarations, growth sites and releases, one line each.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

mod releases;

use stanch_js_source::{
    FoundBy, HolderRef, Initializer, Limit, ParsedSource, Phase, Position, SourceText, with_parsed,
};

/// What the crate says of a holder: `declared 1:7 Map`, `Inserts 3:3`, `Delete 5`, in that order,
/// with lines counted from 1. `nested`, `init`, `≤bound` and `/period` are added where they hold.
fn describe(parsed: &ParsedSource<'_>, holder: &HolderRef) -> String {
    let mut lines = Vec::new();
    match parsed.declaration(holder) {
        Some(found) => lines.push(format!(
            "declared {}:{} {}",
            found.name.line(),
            found.name.column(),
            initializer(&found.initializer)
        )),
        None => lines.push("undeclared".to_string()),
    }
    for site in parsed.growth_sites(holder) {
        let nested = if site.nested { " nested" } else { "" };
        let init = if site.phase == Phase::Init {
            " init"
        } else {
            ""
        };
        let event = site
            .event
            .map(|event| format!(" '{event}'"))
            .unwrap_or_default();
        let by_name = if site.found_by == FoundBy::Name {
            " by name"
        } else {
            ""
        };
        lines.push(format!(
            "{:?} {}{event}{nested}{init}{by_name}",
            site.role,
            site.extent.line()
        ));
    }
    for release in parsed.releases(holder) {
        let nested = if release.nested { " nested" } else { "" };
        let shown = |limit: &Option<Limit>, (before, after): (&str, &str)| match limit {
            Some(Limit::Known(number)) => format!(" {before}{number}{after}"),
            Some(Limit::Named(name)) => format!(" {before}{name}"),
            None => String::new(),
        };
        let bound = shown(&release.bound, ("≤", ""));
        let period = shown(&release.period, ("/", "ms"));
        let age = shown(&release.age, (">", "ms"));
        let by_name = if release.found_by == FoundBy::Name {
            " by name"
        } else {
            ""
        };
        lines.push(format!(
            "{:?} {}{bound}{period}{age}{nested}{by_name}",
            release.kind,
            release.extent.line()
        ));
    }
    lines.join(", ")
}

fn initializer(initializer: &Initializer) -> String {
    match initializer {
        Initializer::Bounded {
            library,
            max,
            ttl_ms,
        } => {
            format!("Bounded {library} {max:?} {ttl_ms:?}")
        }
        Initializer::New { class, .. } => format!("new {class}"),
        Initializer::Call { callee } => format!("call {callee}"),
        Initializer::Import { module } => format!("import {module}"),
        other => format!("{other:?}"),
    }
}

#[track_caller]
fn check_in(path: &str, text: &str, holder: HolderRef, expected: &str) {
    let source = SourceText::new(path, text);
    let found = with_parsed(&source, |parsed| {
        assert_eq!(parsed.problems(), [], "{text}");
        describe(parsed, &holder)
    });
    assert_eq!(found, expected, "{holder:?} in\n{text}");
}

#[track_caller]
fn check(text: &str, holder: HolderRef, expected: &str) {
    check_in("app.js", text, holder, expected);
}

/// The position of the first `|` in the text, and the text without it.
fn marked(text: &str) -> (Position, String) {
    let at = text.find('|').expect("a mark");
    let clean = text.replacen('|', "", 1);
    let position = SourceText::new("a.js", clean.clone()).position(at as u32);
    (position, clean)
}

fn var(name: &str) -> HolderRef {
    HolderRef::variable(name)
}

fn field(class: &str, name: &str) -> HolderRef {
    HolderRef::field(class, name)
}

#[test]
fn module_variables() {
    check(
        "const profiles = new Map();\nfunction load(id) {\n  profiles.set(id, {});\n}",
        var("profiles"),
        "declared 1:7 Map, Inserts 3",
    );
    check(
        "const seen = new Set();\nmodule.exports = (req) => { seen.add(req.url) }",
        var("seen"),
        "declared 1:7 Set, Inserts 2",
    );
    check(
        "let log = [];\nexport function note(x) {\n log.push(x);\n log.unshift(x);\n log.splice(0, 0, x);\n log[log.length] = x;\n}",
        var("log"),
        "declared 1:5 Array, Appends 3, Appends 4, Appends 5, Appends 6",
    );
    check(
        "var cache = {};\nfunction put(k, v) { cache[k] = v; }\nfunction fixed(v) { cache.last = v; }",
        var("cache"),
        "declared 1:5 Object, Inserts 2, Inserts 3",
    );
    check(
        "const counts = Object.create(null);\nfunction hit(k) {\n counts[k] = (counts[k] || 0) + 1;\n counts[k]++;\n counts[k] ??= 0;\n}",
        var("counts"),
        "declared 1:7 Object, Inserts 3, Inserts 4, Inserts 5",
    );
    check(
        "let cache;\nfunction f(k, v) {\n  cache ||= new Map();\n  cache.set(k, v);\n}",
        var("cache"),
        "declared 1:5 Map, Inserts 4",
    );
}

#[test]
fn private_fields_of_the_class_itself() {
    check(
        "class Book {\n  static #agreed = new Map();\n  static for(t) { Book.#agreed.set(t, {}); }\n}",
        field("Book", "#agreed"),
        "declared 2:10 Map, Inserts 3",
    );
}

#[test]
fn properties_given_to_objects_from_elsewhere() {
    let given = |text: &str, holder: &HolderRef| {
        let source = SourceText::new("plugin.js", text);
        let found = with_parsed(&source, |parsed| parsed.given_property(holder))?;
        Some(format!(
            "{}:{} {}",
            found.name.line(),
            found.name.column(),
            initializer(&found.initializer)
        ))
    };
    let tags = var("app").property("tags");
    let check = |text: &str, expected: Option<&str>| {
        assert_eq!(given(text, &tags).as_deref(), expected, "{text}");
    };
    check(
        "export default async (app) => {\n  app.decorate('tags', new Map());\n};",
        Some("2:16 Map"),
    );
    check(
        "module.exports = (server) => { server.tags = []; };",
        Some("1:39 Array"),
    );
    check(
        "exports.add = (o) => Object.defineProperty(o, 'tags', { value: {} });",
        Some("1:47 Other"),
    );
    check("class A { constructor() { this.tags = []; } }", None);
    check("app.decorate(name, {}); app.set('tags', 1);", None);
    let seen = var("app").property("locals").property("seen");
    assert_eq!(
        given("exports.f = (app) => { app.locals.seen = {}; };", &seen).as_deref(),
        Some("1:35 Object")
    );
    assert_eq!(
        given("exports.f = (app) => { app.other.seen = {}; };", &seen),
        None
    );
    check_in(
        "route.js",
        "export default (app) => app.get('/', function () {\n  this.tags[this.id] = 1;\n});\nclass B { put(k) { this.tags[k] = 1; } }",
        var("other").property("tags"),
        "undeclared, Inserts 2 by name",
    );
}

#[test]
fn fields_under_symbols() {
    let van = "const kRecalls = Symbol('recalls');\nclass Van {\n  constructor() { this[kRecalls] = []; }\n  go(f) { this[kRecalls].push(f); }\n  reset() { this[kRecalls].splice(0); }\n}";
    check(
        van,
        field("Van", "[kRecalls]"),
        "declared 3:19 Array, Appends 4, Splice 5",
    );
    check(
        "import { kJobs } from './symbols.js';\nclass Pool {\n  [kJobs] = new Map();\n  add(id, job) { this[kJobs].set(id, job); }\n}",
        field("Pool", "[kJobs]"),
        "declared 3:4 Map, Inserts 4",
    );
    let named = |text: &str, description: &str| {
        let source = SourceText::new("app.js", text);
        with_parsed(&source, |parsed| parsed.symbol_key(description))
    };
    assert_eq!(named(van, "recalls").as_deref(), Some("[kRecalls]"));
    assert_eq!(named(van, "other"), None);
    assert_eq!(
        named("const k = Symbol.for('a.b'), s = f('x');", "a.b").as_deref(),
        Some("[k]")
    );
    assert_eq!(
        named("const kBare = Symbol();", "").as_deref(),
        Some("[kBare]")
    );
    assert_eq!(named("const Symbol = f; const k = Symbol('x');", "x"), None);
}

#[test]
fn reassignments_that_grow() {
    check(
        "let list = [];\nfunction add(v) { list = [...list, v]; }",
        var("list"),
        "declared 1:5 Array, Appends 2",
    );
    check(
        "let byId = {};\nfunction add(k, v) { byId = { ...byId, [k]: v }; }",
        var("byId"),
        "declared 1:5 Object, Inserts 2",
    );
    check(
        "let text = '';\nfunction add(v) {\n text += v;\n text = text + v;\n text = `${text}${v}`;\n}",
        var("text"),
        "declared 1:5 Primitive, Appends 3, Appends 4, Appends 5",
    );
    check(
        "let all = [];\nfunction add(v) {\n all = all.concat(v);\n all = [].concat(all, v);\n}",
        var("all"),
        "declared 1:5 Array, Appends 3, Appends 4",
    );
    check(
        "let tail = Promise.resolve();\nfunction run(job) { tail = tail.then(job).catch(() => {}); }",
        var("tail"),
        "declared 1:5 call Promise.resolve, Appends 2",
    );
    check(
        "let head = null;\nfunction push(v) { head = { v, next: head }; }",
        var("head"),
        "declared 1:5 Nothing, Appends 2",
    );
    check(
        "let bytes = Buffer.alloc(0);\nsocket.on('data', (d) => { bytes = Buffer.concat([bytes, d]); });",
        var("bytes"),
        "declared 1:5 call Buffer.alloc, Appends 2",
    );
    check(
        "let m = new Map();\nfunction add(k, v) { m = new Map([...m, [k, v]]); }",
        var("m"),
        "declared 1:5 Map, Appends 2",
    );
    check(
        "const defaults = {};\nfunction add(o) {\n Object.assign(defaults, o);\n Object.defineProperty(defaults, o.k, {});\n Array.prototype.push.apply(defaults, o);\n}",
        var("defaults"),
        "declared 1:7 Object, Inserts 3, Inserts 4, Appends 5",
    );
}

#[test]
fn emitters() {
    check(
        "const { EventEmitter } = require('node:events');\nconst bus = new EventEmitter();\nfunction handle(req) {\n  bus.on('tick', () => req);\n  bus.once(req.id, () => req);\n}",
        var("bus"),
        "declared 2:7 EventEmitter, Registers 4 'tick', Registers 5",
    );
    check(
        "import bus from './bus.js';\nexport function f(h) { bus.addListener('a', h).on('b', h); bus.off('a', h); bus.removeAllListeners(); }",
        var("bus"),
        "declared 1:8 import ./bus.js, Registers 2 'a', Registers 2 'b', Off 2, RemoveAll 2",
    );
    check(
        "const controller = new AbortController();\nconst { signal } = controller;\nfunction f(h) { controller.signal.addEventListener('abort', h); signal.addEventListener('abort', h, { once: true }); }",
        var("controller").property("signal"),
        "undeclared, Registers 3 'abort', Registers 3 'abort'",
    );
    check(
        "import { store } from './s';\nfunction f(cb) { const un = store.subscribe(cb); }",
        var("store"),
        "declared 1:10 import ./s, Registers 2",
    );
    check(
        "function f(h) { process.on('exit', h); }\nprocess.on('x', g);",
        HolderRef::global("process"),
        "undeclared, Registers 1 'exit', Registers 2 'x' init",
    );
}

#[test]
fn class_fields() {
    check(
        "class Store {\n  items = [];\n  add(v) { this.items.push(v); }\n  drop() { this.items.pop(); }\n}",
        field("Store", "items"),
        "declared 2:3 Array, Appends 3, Pop 4",
    );
    check(
        "class Store {\n  #sessions = new Map();\n  add(k, v) { this.#sessions.set(k, v); }\n  static merge(a, b) { a.#sessions.set(1, b); }\n}",
        field("Store", "#sessions"),
        "declared 2:3 Map, Inserts 3, Inserts 4",
    );
    check(
        "class Store {\n  constructor() {\n    this.byId = {};\n  }\n  add(v) { this.byId[v.id] = v; }\n}",
        field("Store", "byId"),
        "declared 3:10 Object, Inserts 5",
    );
    check(
        "class A { constructor() { this.list = []; } }\nclass B { constructor() { this.list = []; } add(v) { this.list.push(v); } }",
        field("B", "list"),
        "declared 2:32 Array, Appends 2",
    );
    check(
        "class Base { items = new Set(); }\nclass Derived extends Base { add(v) { this.items.add(v); } }",
        field("Derived", "items"),
        "declared 1:14 Set, Inserts 2",
    );
    check(
        "const Pool = class {\n  queue = [];\n  run = (job) => { this.queue.push(job); };\n};",
        field("Pool", "queue"),
        "declared 2:3 Array, Appends 3",
    );
    check(
        "class Hub {\n  listeners = [];\n  wire(s) {\n    const self = this;\n    s.on('x', function () { self.listeners.push(1); });\n    s.on('y', function () { this.listeners.push(1); }.bind(this));\n    s.on('z', function () { this.listeners.push(1); });\n  }\n}",
        field("Hub", "listeners"),
        "declared 2:3 Array, Appends 5, Appends 6",
    );
    check(
        "class Store { items = [] }\nconst store = new Store();\nfunction add(v) { store.items.push(v); }",
        field("Store", "items"),
        "declared 1:15 Array, Appends 3",
    );
    check(
        "class Registry {\n  static all = new Map();\n  static add(k) { Registry.all.set(k, 1); this.all.set(k, 2); }\n}",
        var("Registry").property("all"),
        "declared 2:10 Map, Inserts 3, Inserts 3",
    );
    check(
        "class T {\n  _items = [];\n  get items() { return this._items; }\n  add(v) { this.items.push(v); }\n}",
        field("T", "_items"),
        "declared 2:3 Array, Appends 4",
    );
}

#[test]
fn constructor_positions() {
    let (constructor, text) = marked(
        "class A { constructor() { this.m = new Map(); } }\nclass B { constructor|() { this.m = new Set(); } add(v) { this.m.add(v); } }",
    );
    let holder = HolderRef::Field {
        class: None,
        name: "m".into(),
        constructor: Some(constructor),
    };
    check(&text, holder, "declared 2:32 Set, Inserts 2");
    let (constructor, text) =
        marked("class A { m = new Map(); }\n|class B { m = new Set(); add(v) { this.m.add(v); } }");
    let holder = HolderRef::Field {
        class: None,
        name: "m".into(),
        constructor: Some(constructor),
    };
    check(&text, holder, "declared 2:11 Set, Inserts 2");
}

#[test]
fn function_constructors() {
    check(
        "function Cache() {\n  this.store = {};\n}\nCache.prototype.put = function (k, v) {\n  this.store[k] = v;\n};\nCache.prototype.drop = function (k) {\n  delete this.store[k];\n};",
        field("Cache", "store"),
        "declared 2:8 Object, Inserts 5, Delete 8",
    );
    check(
        "var Queue = function () { var self = this; self.jobs = []; self.add = function (j) { self.jobs.push(j); }; };",
        field("Queue", "jobs"),
        "declared 1:49 Array, Appends 1",
    );
    check(
        "function Log() { this.lines = []; }\nLog.prototype = {\n  write: function (l) { this.lines.push(l); },\n  flush() { this.lines.length = 0; },\n};",
        field("Log", "lines"),
        "declared 1:23 Array, Appends 3, Truncate 4",
    );
    check(
        "function Log() { this.lines = []; }\nvar proto = Log.prototype;\nproto.write = function (l) { this.lines.push(l); };",
        field("Log", "lines"),
        "declared 1:23 Array, Appends 3",
    );
}

#[test]
fn typescript() {
    check_in(
        "store.ts",
        "export class Store {\n  private readonly sessions: Map<string, Session> = new Map();\n  add(s: Session): void { this.sessions.set(s.id, s); }\n}",
        field("Store", "sessions"),
        "declared 2:20 Map, Inserts 3",
    );
    check_in(
        "store.ts",
        "class Store {\n  private items: Item[];\n  constructor() { this.items = []; }\n  add(i: Item) { (this.items as any).push(i); this.items!.push(i); }\n}",
        field("Store", "items"),
        "declared 2:11 Array, Appends 4, Appends 4",
    );
    check_in(
        "store.ts",
        "class Store {\n  constructor(private readonly items: string[] = []) {}\n  add(i: string) { this.items.push(i); }\n}",
        field("Store", "items"),
        "declared 2:32 Array, Appends 3",
    );
    check_in(
        "store.ts",
        "@Injectable()\nexport class Users {\n  @Inject() private repo: Repo;\n  private cache = new Map<string, User>();\n  @Cron('0 * * * *') async sync(@Param() id: string) { this.cache.set(id, await this.repo.get(id)); }\n}",
        field("Users", "cache"),
        "declared 4:11 Map, Inserts 5",
    );
    check_in(
        "view.tsx",
        "const seen: Record<string, true> = {};\nexport const View = ({ id }: { id: string }) => { seen[id] = true; return <div>{id}</div>; };",
        var("seen"),
        "declared 1:7 Object, Inserts 2",
    );
    check_in(
        "legacy.cts",
        "import fs = require('fs');\nconst open: number[] = [];\nexport = function (p: string) { open.push(fs.openSync(p)); };",
        var("open"),
        "declared 2:7 Array, Opens 3",
    );
}

#[test]
fn objects_and_exports() {
    check(
        "const state = { users: {}, log: [] };\nfunction f(u) { state.users[u.id] = u; state.log.push(u); }",
        var("state").property("log"),
        "declared 1:28 Array, Appends 2",
    );
    check(
        "const state = {\n  items: [],\n  add(v) { this.items.push(v); },\n  reset() { state.items = []; },\n};",
        var("state").property("items"),
        "declared 2:3 Array, Appends 3, Reassign 4",
    );
    check(
        "exports.cache = new Map();\nexports.put = (k, v) => { exports.cache.set(k, v); module.exports.cache.set(v, k); };",
        var("exports").property("cache"),
        "declared 1:9 Map, Inserts 2, Inserts 2",
    );
    check(
        "const cache = new Map();\nmodule.exports = { cache };\nmodule.exports.put = function (k, v) { module.exports.cache.set(k, v); };",
        var("cache"),
        "declared 1:7 Map, Inserts 3",
    );
    check(
        "const app = express();\napp.locals.seen = [];\napp.get('/', (req) => { app.locals.seen.push(req); });",
        var("app").property("locals").property("seen"),
        "declared 2:12 Array, Appends 3",
    );
    check(
        "const state = { deep: { list: [] } };\nconst { deep: { list } } = state;\nfunction f(v) { list.push(v); }",
        var("state").property("deep").property("list"),
        "declared 1:25 Array, Appends 3",
    );
    check(
        "const api = {};\napi.items = [];\napi.add = function (v) { this.items.push(v); };",
        var("api").property("items"),
        "declared 2:5 Array, Appends 3",
    );
}

#[test]
fn globals() {
    check(
        "globalThis.leak = [];\nfunction f(v) { leak.push(v); global.leak.push(v); }",
        HolderRef::global("leak"),
        "declared 1:12 Array, Appends 2, Appends 2",
    );
    check(
        "function f(v) { pending = pending || []; pending.push(v); }",
        HolderRef::global("pending"),
        "declared 1:17 Array, Appends 1",
    );
    check(
        "var everything = [];\nfunction f(v) { everything.push(v); }",
        HolderRef::global("everything"),
        "declared 1:5 Array, Appends 2",
    );
}

#[test]
fn aliases() {
    check(
        "const cache = new Map();\nfunction f(k, v) {\n  const c = cache;\n  const d = c;\n  d.set(k, v);\n}",
        var("cache"),
        "declared 1:7 Map, Inserts 5",
    );
    check(
        "class S {\n  items = [];\n  add(v) { const { items } = this; items.push(v); }\n  more(v) { const { items: list = [] } = this; list.push(v); }\n}",
        field("S", "items"),
        "declared 2:3 Array, Appends 3, Appends 4",
    );
    check(
        "const list = [];\nfunction put(target, v) { target.push(v); }\nfunction f(v) { put(list, v); }",
        var("list"),
        "declared 1:7 Array, Appends 2",
    );
    check(
        "class S {\n  list = [];\n  put(target, v) { target.push(v); }\n  f(v) { this.put(this.list, v); }\n}",
        field("S", "list"),
        "declared 2:3 Array, Appends 3",
    );
    check(
        "const queue = [];\nclass Worker { constructor(q) { this.q = q; } run(v) { this.q.push(v); } }\nconst w = new Worker(queue);",
        var("queue"),
        "declared 1:7 Array, Appends 2",
    );
    check(
        "const cache = new Map();\nfunction getCache() { return cache; }\nfunction f(k) { getCache().set(k, 1); }",
        var("cache"),
        "declared 1:7 Map, Inserts 3",
    );
    check(
        "const a = [];\nlet b;\nfunction f(v) { b = a; b.push(v); (b || []).push(v); a?.push(v); }",
        var("a"),
        "declared 1:7 Array, Appends 3, Appends 3, Appends 3",
    );
    check(
        "(function (cache) { module.exports = (k, v) => cache.set(k, v); })(new Map());",
        var("cache"),
        "declared 1:12 Parameter, Inserts 1",
    );
}

#[test]
fn nested_containers() {
    check(
        "const groups = new Map();\nfunction f(k, v) {\n  if (!groups.has(k)) groups.set(k, []);\n  groups.get(k).push(v);\n}",
        var("groups"),
        "declared 1:7 Map, Inserts 3, Appends 4 nested",
    );
    check(
        "const groups = {};\nfunction f(k, v) {\n  (groups[k] ||= []).push(v);\n  (groups[k] = groups[k] || []).push(v);\n}",
        var("groups"),
        "declared 1:7 Object, Appends 3 nested, Inserts 3, Appends 4 nested, Inserts 4",
    );
    check(
        "const groups = new Map();\nfunction f(k, v) {\n  let list = groups.get(k);\n  if (!list) { list = []; groups.set(k, list); }\n  list.push(v);\n}\nfunction g(k) { groups.get(k).delete(1); }",
        var("groups"),
        "declared 1:7 Map, Inserts 4, Appends 5 nested, Delete 7 nested",
    );
    check(
        "const users = new Map();\nfunction f(id) { const u = users.get(id); u.seen = Date.now(); u.visits.push(1); }",
        var("users"),
        "declared 1:7 Map, Appends 2 nested",
    );
}

#[test]
fn phases() {
    check(
        "const routes = new Map();\nroutes.set('a', 1);\n['b'].forEach((r) => routes.set(r, 1));\n(() => { routes.set('c', 1); })();\nfunction f(r) { routes.set(r, 1); }",
        var("routes"),
        "declared 1:7 Map, Inserts 2 init, Inserts 3 init, Inserts 4 init, Inserts 5",
    );
}

#[test]
fn minified() {
    check(
        "var t=new Map,n=[];function e(r,o){var i=t;return i.has(r)||i.set(r,o),n.push(o),o}setInterval((function(){n.length=0}),6e4);",
        var("t"),
        "declared 1:5 Map, Inserts 1",
    );
    check(
        "var t=new Map,n=[];function e(r,o){return n.push(o),o}setInterval((function(){n.length=0}),6e4);",
        var("n"),
        "declared 1:15 Array, Appends 1, Truncate 1 /60000ms",
    );
}

#[test]
fn variables_by_closure() {
    let (inside, text) = marked(
        "function a() { const items = []; return () => items.push(1); }\nfunction b() { const items = new Set(); return |() => items.add(1); }",
    );
    let holder = HolderRef::Variable {
        name: "items".into(),
        inside: Some(inside),
    };
    check(&text, holder, "declared 2:22 Set, Inserts 2");
    let (inside, text) = marked(
        "const id = new Map();\nconst f = function |(id) { return id; };\nfunction g(k) { id.set(k, 1); }",
    );
    let holder = HolderRef::Variable {
        name: "id".into(),
        inside: Some(inside),
    };
    check(&text, holder, "declared 1:7 Map, Inserts 3");
    check(
        "export default function createStore() {\n  const subs = new Set();\n  return { subscribe(fn) { subs.add(fn); return () => subs.delete(fn); } };\n}",
        var("subs"),
        "declared 2:9 Set, Inserts 3, Delete 3",
    );
}

#[test]
fn objects_from_elsewhere() {
    check(
        "const app = express();\napp.locals.visits = [];\napp.get('/', (req) => { req.app.locals.visits.push(req); });",
        var("app").property("locals").property("visits"),
        "declared 2:12 Array, Appends 3 by name",
    );
    check(
        "class Store { items = [] }\nfunction add(store, v) { store.items.push(v); store.items.shift(); }",
        field("Store", "items"),
        "declared 1:15 Array, Appends 2 by name, Shift 2 by name",
    );
}

#[test]
fn roles_by_what_is_stored() {
    check(
        "const jobs = new Map();\nfunction f(k, p) {\n jobs.set(k, () => p);\n jobs.set(k, new Promise(p));\n jobs.set(k, setInterval(p, 9));\n jobs.set(k, fs.createReadStream(p));\n}",
        var("jobs"),
        "declared 1:7 Map, Registers 3, Starts 4, Starts 5, Opens 6",
    );
    check_in(
        "hooks.ts",
        "const hooks: Hook[] = [];\nexport function add(hook: () => void) { hooks.push(hook); }",
        var("hooks"),
        "declared 1:7 Array, Registers 2",
    );
}

#[test]
fn names_in_circles() {
    check(
        "var f = f.bind(1), a = b, b = a, m = m.x;\nfunction g(v) { new f(); a(); a.push(v); new m(); }\nclass A extends A {}",
        var("a"),
        "declared 1:20 Other, Appends 2",
    );
    check(
        "let x = y, y = x; function f(v) { if (x.length > y) x = y; }",
        var("x"),
        "declared 1:5 Other, BoundCheck 1 ≤y",
    );
}
