//! What grows because of what other files, or a framework, hand over: small services of a few files, and the lines that are said
//! with high confidence.

mod made;
mod opened;
mod services;

use stanch_js_source::SourceText;
use stanch_leak_patterns::Confidence;

use crate::options::Options;
use crate::project::{FileIndex, Project};
use crate::rule::Rule;
use crate::rules::{
    growing_module_array, retained_request, unbounded_cache, uncapped_memoize, uncleared_interval,
    uncleared_race_timer, undestroyed_stream, unreleased_pending, weak_keyed_cache,
};
use crate::summary::Summary;

/// The rule is sure of exactly these lines of the first file.
#[track_caller]
pub(super) fn check(rule: &Rule, files: &[(&str, &str)], expected: &[u32]) {
    let texts = files.iter();
    let sources: Vec<SourceText> = texts
        .map(|(path, text)| SourceText::new(*path, *text))
        .collect();
    let summaries = sources.iter();
    let summaries = summaries.map(|source| {
        let summary = Summary::of(source, &Options::default());
        (source.path().to_owned(), summary)
    });
    let project = Project::link(summaries.collect(), Options::default(), |_, module| {
        let stem = |path: &str| {
            path.rsplit_once('.')
                .map_or(path, |(stem, _)| stem)
                .to_owned()
        };
        let at = files
            .iter()
            .position(|(path, _)| format!("./{}", stem(path)) == module);
        at.map(FileIndex)
    });
    let found = project.lint(FileIndex(0), &sources[0], |one| one.id == rule.id);
    let sure = found
        .iter()
        .filter(|finding| finding.confidence == Confidence::High);
    let lines: Vec<u32> = sure.map(|finding| finding.place.extent.line()).collect();
    assert_eq!(lines, expected, "{} in {files:#?}\n{found:#?}", rule.id);
}

/// A module with a Map under keys that it is given.
const STORE: &str = "const seen = new Map();\nexport function note(key) {\n  seen.set(key, 1);\n}";

/// A store whose function another file calls with this argument.
#[track_caller]
fn noted(caller: &str, expected: &[u32]) {
    let caller = format!("import {{ note }} from './store';\n{caller}");
    let files = [("store.js", STORE), ("caller.ts", caller.as_str())];
    check(&unbounded_cache::RULE, &files, expected);
}

#[test]
fn a_module_that_is_a_memoizer() {
    let memo = "module.exports = function memo(f) { const all = new Map(); return (x) => { if (!all.has(x)) all.set(x, f(x)); return all.get(x); }; };";
    let user = "const memo = require('./memo');\nexports.find = memo((id) => load(id));";
    let files = [("user.js", user), ("memo.js", memo)];
    check(&uncapped_memoize::RULE, &files, &[2]);
}

#[test]
fn a_key_of_several_parts() {
    noted(
        "app.get('/', (req, res) => { const q = req.query; note(`${q.type}/${q.slug}`); });",
        &[3],
    );
    noted(
        "app.get('/', (req, res) => { note(`${req.method}/${req.params.slug}`); });",
        &[3],
    );
}

#[test]
fn parts_of_requests_come_through_calls() {
    for argument in [
        "req.params.slug",
        "`page:${req.query.q}`",
        "String(req.headers['x-key'])",
        "[req.query.a, req.query.b].join('|')",
        "JSON.stringify({ q: req.query.q })",
        "createHash('md5').update(req.body.text).digest('hex')",
        "new URL(req.url, 'http://a').searchParams.get('q')",
        "crypto.randomUUID()",
    ] {
        noted(
            &format!("app.get('/', (req, res) => {{ note({argument}); }});"),
            &[3],
        );
    }
    noted(
        "app.get('/', (req, res) => { const { name } = req.body; let key = 'a'; key += name; note(key); });",
        &[3],
    );
    noted(
        "app.post('/', (req, res) => { for (const one of req.body.names) note(one); });",
        &[3],
    );
}

#[test]
fn few_keys_come_through_calls() {
    for argument in ["'start'", "req.method", "req.query.page.length", "kinds[0]"] {
        noted(
            &format!("app.get('/', (req, res) => {{ note({argument}); }});"),
            &[],
        );
    }
    noted(
        "const KINDS = ['a', 'b']; app.get('/', (req, res) => { if (!KINDS.includes(req.query.k)) return; note(req.query.k); });",
        &[],
    );
    noted("note(process.argv[2]);", &[]);
}

#[test]
fn keys_come_in_objects_and_through_helpers() {
    let store = "const seen = new Map();\nexport function note(options) {\n  seen.set(`${options.a}/${options.b}`, 1);\n}";
    let taken = "const seen = new Map();\nexport function note({ a, b }) {\n  seen.set([a, b].join(), 1);\n}";
    let helper = "import { note } from './store';\nexport const tell = (request) => note({ a: 1, b: request.body.text });";
    let app =
        "import { tell } from './helper';\nfastify.post('/', async (request) => tell(request));";
    for text in [store, taken] {
        let files = [("store.js", text), ("helper.js", helper), ("app.js", app)];
        check(&unbounded_cache::RULE, &files, &[3]);
    }
}

#[test]
fn injected_services_get_what_controllers_are_sent() {
    let store = "@Injectable()\nexport class Store {\n  private seen = new Map();\n  note(key: string) { this.seen.set(key, 1); }\n}";
    let controller = |method: &str| {
        format!(
            "import {{ Store }} from './store';\n@Controller() export class A {{ constructor(private readonly store: Store) {{}}\n{method} }}"
        )
    };
    for (method, expected) in [
        (
            "@Get(':slug') one(@Param('slug') slug: string) { this.store.note(slug); }",
            &[4][..],
        ),
        (
            "@Post() make(@Body() dto: Dto) { this.store.note(`n:${dto.name}`); }",
            &[4],
        ),
        (
            "@EventPattern('x') placed(@Payload() order: Order) { this.store.note(order.reference); }",
            &[4],
        ),
        (
            "@Get() all(@Query('kind') kind: 'a' | 'b') { this.store.note('x'); }",
            &[],
        ),
    ] {
        let controller = controller(method);
        let files = [("store.ts", store), ("controller.ts", controller.as_str())];
        check(&unbounded_cache::RULE, &files, expected);
    }
}

/// A Map that is filled by this code of the same file, under a key that it calls `key`.
#[track_caller]
fn filled(code: &str, expected: &[u32]) {
    let text = format!("const seen = new Map();\n{code}");
    check(&unbounded_cache::RULE, &[("a.ts", text.as_str())], expected);
}

#[test]
fn messages_jobs_and_operations() {
    for code in [
        "consumer.run({ eachMessage: async ({ message }) => { const order = JSON.parse(message.value.toString()); seen.set(order.number, 1); } });",
        "channel.consume('q', (msg) => { const order = JSON.parse(msg.content); seen.set(order.ref, 1); });",
        "export const handler = async (event) => { for (const record of event.Records) seen.set(record.body, 1); };",
        "const resolvers = { Query: { product: (_, { sku }) => { seen.set(sku, 1); } } };",
        "router({ find: procedure.query(({ input }) => { seen.set(input.term, 1); }) });",
        "function quote(call, done) { seen.set(call.request.symbol, 1); }\nserver.addService(Quotes, { quote });",
        "io.on('connection', (socket) => { socket.on('typing', ({ text }) => { seen.set(text, 1); }); });",
        "export async function GET(request: Request) { const q = new URL(request.url).searchParams.get('q'); seen.set(q, 1); }",
    ] {
        filled(code, &[2]);
    }
    filled(
        "consumer.run({ eachMessage: async ({ topic, partition }) => { seen.set(`${topic}/${partition}`, 1); } });",
        &[],
    );
    filled(
        "io.on('connection', (socket) => { socket.on('disconnect', (reason) => { seen.set(reason, 1); }); });",
        &[],
    );
}

#[test]
fn classes_that_a_framework_calls() {
    let guard = "@Injectable() export class G implements CanActivate {\n private hits = new Map();\n canActivate(context: ExecutionContext) { const request = context.switchToHttp().getRequest();\n this.hits.set(request.ip, 1); return true; } }";
    check(&unbounded_cache::RULE, &[("g.ts", guard)], &[4]);
    let other = guard.replace("implements CanActivate", "");
    check(&unbounded_cache::RULE, &[("g.ts", &other)], &[]);
}

#[test]
fn objects_come_through_calls() {
    let times =
        "const starts = new Map();\nexport const begin = (item) => {\n  starts.set(item, 1);\n};";
    let app =
        "import { begin } from './times';\napp.use((req, res, next) => { begin(req); next(); });";
    let once = "import { begin } from './times';\nbegin({ name: 'start' });";
    check(
        &weak_keyed_cache::RULE,
        &[("times.js", times), ("app.js", app)],
        &[3],
    );
    check(
        &weak_keyed_cache::RULE,
        &[("times.js", times), ("app.js", once)],
        &[],
    );
}

#[test]
fn holders_of_other_files() {
    let state = "export const state = { lag: 0, trail: [], seen: new Map() };";
    let array = "import { state } from './state';\nexport const start = () => consumer.run({ eachMessage: async ({ message }) => {\n  state.trail = [...state.trail, message.offset];\n} });";
    let map = array.replace(
        "state.trail = [...state.trail, message.offset]",
        "state.seen.set(message.key, 1)",
    );
    check(
        &growing_module_array::RULE,
        &[("consumer.js", array), ("state.js", state)],
        &[3],
    );
    check(
        &unbounded_cache::RULE,
        &[("consumer.js", &map), ("state.js", state)],
        &[3],
    );
    let emptied = "import { state } from './state';\nsetInterval(() => { state.trail = []; state.seen.clear(); }, 9);";
    check(
        &growing_module_array::RULE,
        &[
            ("consumer.js", array),
            ("state.js", state),
            ("empty.js", emptied),
        ],
        &[],
    );
    check(
        &unbounded_cache::RULE,
        &[
            ("consumer.js", &map),
            ("state.js", state),
            ("empty.js", emptied),
        ],
        &[],
    );
}

#[test]
fn exports_are_holders() {
    let app = "const store = require('./store');\napp.post('/', (req, res) => { store.put(req.body.email, 1); });";
    for store in [
        "exports.seen = {};\nexports.put = (key) => {\n  exports.seen[key] = 1;\n};",
        "module.exports.seen = new Map();\nmodule.exports.put = (key) => {\n  module.exports.seen.set(key, 1);\n};",
        "module.exports = { seen: {}, put(key) {\n\n  this.seen[key] = 1;\n} };",
    ] {
        check(
            &unbounded_cache::RULE,
            &[("store.js", store), ("app.js", app)],
            &[3],
        );
        let emptied = "const store = require('./store');\nsetInterval(() => { for (const key in store.seen) delete store.seen[key]; store.seen.clear?.(); }, 9);";
        check(
            &unbounded_cache::RULE,
            &[("store.js", store), ("app.js", app), ("empty.js", emptied)],
            &[],
        );
    }
}

#[test]
fn callbacks_of_handlers_run_as_often() {
    noted(
        "app.get('/', (req, res) => { db.query('x', (err, rows) => rows.each(() => { note(req.query.q); })); });",
        &[3],
    );
}

#[test]
fn releases_that_nobody_calls() {
    let counts = "const counts = new Map();\nexport function count(path) {\n  counts.set(path, 1);\n}\nexport function reset() { counts.clear(); }";
    let app = "import { count } from './counts';\napp.use((req, res, next) => { count(req.path); next(); });\napp.listen(80);";
    let test = "import { reset } from './counts';\nbeforeEach(() => reset());";
    let called = format!("import {{ reset }} from './counts';\n{app}\nsetInterval(reset, 60000);");
    let package = app.replace("app.listen(80);", "");
    let rule = &unbounded_cache::RULE;
    check(rule, &[("counts.js", counts), ("app.js", app)], &[3]);
    check(
        rule,
        &[
            ("counts.js", counts),
            ("app.js", app),
            ("counts.test.js", test),
        ],
        &[3],
    );
    check(rule, &[("counts.js", counts), ("app.js", &called)], &[]);
    check(rule, &[("counts.js", counts), ("app.js", &package)], &[]);
    let alone = format!("{}\n{}", counts, app.split_once('\n').unwrap_or_default().1);
    check(rule, &[("counts.js", &alone)], &[]);
}

#[test]
fn what_only_looks_at_the_size() {
    filled(
        "app.use((req, res, next) => { seen.set(req.ip, 1); res.json({ many: seen.size > 1000 }); });",
        &[2],
    );
    filled(
        "app.use((req, res, next) => { const full = seen.size > 1000; if (!full) seen.set(req.ip, 1); });",
        &[],
    );
}

#[test]
fn arrays_that_only_grow() {
    let rule = &growing_module_array::RULE;
    let global = "export async function POST(request: NextRequest) {\n  const all = (globalThis.vitals ??= []);\n  all.push(await request.json());\n}";
    check(rule, &[("route.ts", global)], &[3]);
    let queue = "const tasks = [];\nlet at = { head: 90 };\napp.post('/', (req, res) => { tasks.push({ to: req.body.to });\n  while (at.head < tasks.length) run(tasks[at.head++]); });";
    check(rule, &[("queue.js", queue)], &[3]);
    let once = "let list = [];\napp.get('/', (req, res) => { if (list.length === 0) { list = list.concat(read(req.url)); } });";
    check(rule, &[("list.js", once)], &[]);
    check(rule, &[("list.js", &once.replace("=== 0", "> 0"))], &[2]);
    let ring = queue
        .replace("at.head++", "at.head")
        .replace("while", "if")
        .replace("head: 0", "head: 90");
    check(rule, &[("queue.js", &ring)], &[]);
}

#[test]
fn raw_responses_are_kept_whole() {
    let clients = "const clients = new Map();\napp.get('/', (request, reply) => { const id = randomUUID();\n  clients.set(id, reply.raw); });";
    check(&retained_request::RULE, &[("clients.js", clients)], &[3]);
    check(
        &retained_request::RULE,
        &[("clients.js", &clients.replace(".raw)", ".raw.statusCode)"))],
        &[],
    );
}

#[test]
fn another_file_clears_what_is_memoized() {
    let of = "import memoize from 'lodash/memoize';\nexport const of = memoize((id) => read(id));";
    for (clears, expected) in [
        ("setInterval(() => of.cache.clear(), 1000);", &[][..]),
        ("setInterval(() => of.clear(), 1000);", &[]),
        ("of(1);", &[2]),
    ] {
        let caller = format!("import {{ of }} from './of';\n{clears}");
        let files = [("of.js", of), ("caller.js", caller.as_str())];
        check(&uncapped_memoize::RULE, &files, expected);
    }
}

/// A class with a Map under keys that its method is given.
const BOOK: &str = "export class Book {\n  constructor() { this.seen = new Map(); }\n  note(key) {\n    this.seen.set(key, 1);\n  }\n}";

#[test]
fn services_are_handed_on() {
    let routes = "export const routes = (app, book) => { app.get('/:id', (req, res) => { book.note(req.params.id); }); };";
    let check = |main: &str, routes: &str, expected: &[u32]| {
        let main = format!(
            "import {{ Book }} from './book';\nimport {{ routes }} from './routes';\n{main}"
        );
        let files = [("book.js", BOOK), ("routes.js", routes), ("main.js", &main)];
        check(&unbounded_cache::RULE, &files, expected);
    };
    check("routes(express(), new Book());", routes, &[4]);
    check(
        "const book = new Book();\nroutes(express(), book);",
        routes,
        &[4],
    );
    check(
        "function start() { const book = new Book(); routes(express(), book); }\nstart();",
        routes,
        &[4],
    );
    // Whose methods they are is not known where callers differ.
    check(
        "routes(express(), new Book());\nroutes(express(), { note() {} });",
        routes,
        &[],
    );
    let named = routes.replace("(app, book)", "(app, { book })");
    check("routes(express(), { book: new Book() });", &named, &[4]);
    let on = "export const routes = (app, book) => mount(app, book);\nfunction mount(app, it) { app.get('/:id', (req, res) => { it.note(req.params.id); }); }";
    check("routes(express(), new Book());", on, &[4]);
    let class = "export class Api {\n  constructor(book) { this.book = book; }\n  mount(app) { app.get('/:id', (req, res) => { this.book.note(req.params.id); }); }\n}";
    let main = "import { Book } from './book';\nimport { Api } from './api';\nnew Api(new Book()).mount(express());";
    let files = [("book.js", BOOK), ("api.js", class), ("main.js", main)];
    self::check(&unbounded_cache::RULE, &files, &[4]);
}

#[test]
fn an_interface_is_its_only_class() {
    let api = "import type { Notes } from './notes';\nexport class Api {\n  constructor(private readonly notes: Notes) {}\n  mount(app) { app.get('/:id', (req, res) => { this.notes.note(req.params.id); }); }\n}";
    let main = "import { Book } from './book';\nimport { Api } from './api';\nconst book = new Book();\nfunction start(book) { new Api(book).mount(express()); }";
    let check = |notes: &str, heritage: &str, more: &str, expected: &[u32]| {
        let head = format!("export class Book {heritage} ");
        let book = BOOK.replace("export class Book ", &head);
        let book = format!("import {{ Notes }} from './notes';{book}");
        let files = [
            ("book.ts", book.as_str()),
            ("notes.ts", notes),
            ("api.ts", api),
            ("main.ts", main),
            ("more.ts", more),
        ];
        check(&unbounded_cache::RULE, &files, expected);
    };
    let interface = "export interface Notes { note(key: string): void; }";
    check(interface, "implements Notes", "", &[4]);
    let other =
        "import { Notes } from './notes';\nexport class Other implements Notes { note(key) {} }";
    check(interface, "implements Notes", other, &[]);
    let base = "export abstract class Notes { abstract note(key: string): void; }";
    check(base, "extends Notes", "", &[4]);
}

#[test]
fn memoizers_of_other_files() {
    let check = |memo: &str, text: &str, expected: &[u32]| {
        let text = format!("import {{ memo }} from './memo';\n{text}");
        let files = [("main.ts", text.as_str()), ("memo.ts", memo)];
        check(&uncapped_memoize::RULE, &files, expected);
    };
    let helper = |more: &str| {
        format!(
            "export const memo = (f) => {{ const seen = new Map(); return (x) => {{ if (!seen.has(x)) seen.set(x, f(x)); {more} return seen.get(x); }}; }};"
        )
    };
    let find = "export const find = memo((id) => load(id));";
    check(&helper(""), find, &[2]);
    // What it fills is not what the function gives.
    let wrap = "export const memo = (f) => { const props = {}; return class { set(key, value) { props[key] = value; render(f, props[key]); } }; };";
    check(wrap, find, &[]);
    check(&helper("if (seen.size > 99) seen.clear();"), find, &[]);
    check(
        "export const memo = (f) => { const seen = new Map(); const own = {}; seen.set(own, f); return (x) => seen.get(own)(x); };",
        find,
        &[],
    );
    check(
        &helper(""),
        "export const find = memo((kind: 'a' | 'b') => load(kind));",
        &[],
    );
    let decorator = "export function memo() { return (target, name, descriptor) => { const own = descriptor.value; const seen = {}; descriptor.value = function (...given) { const key = JSON.stringify(given); return (seen[key] ??= own.apply(this, given)); }; }; }";
    let class = |decorator: &str| {
        format!("export class Users {{\n  {decorator}\n  async name(id: string) {{}}\n}}")
    };
    check(decorator, &class("@memo()"), &[3]);
    check(
        &decorator
            .replace("memo() { return", "memo() { const f =")
            .replace("; }; }; }", "; }; }; return f; }"),
        &class("@memo()"),
        &[],
    );
    check(decorator, &class("@other()"), &[]);
}

#[test]
fn marks_that_a_caller_leaves_behind() {
    let marks = "const running = new Set();\nexport const isRunning = (key) => running.has(key);\nexport function begin(key) {\n  running.add(key);\n}\nexport function end(key) { running.delete(key); }";
    let check = |work: &str, expected: &[u32]| {
        let caller = format!(
            "import {{ begin, end }} from './marks';\napp.post('/:id', async (req, res) => {{ const key = req.params.id; {work} }});"
        );
        let files = [("marks.js", marks), ("caller.js", caller.as_str())];
        check(&unreleased_pending::RULE, &files, expected);
    };
    check("begin(key); await run(); end(key);", &[4]);
    check(
        "begin(key); try { await run(); } finally { end(key); }",
        &[],
    );
    check("begin(key); await run(); end(other);", &[]);
}

#[test]
fn keys_that_another_file_makes() {
    let check = |made: &str, given: &str, expected: &[u32]| {
        let seen = format!(
            "import {{ told }} from './key';\nconst seen = new Set();\napp.get('/', (req, res) => {{\n  seen.add(told({given}));\n}});"
        );
        let key = format!(
            "import {{ createHash }} from 'node:crypto';\nexport function told(it, kind) {{ return {made}; }}"
        );
        let files = [("seen.js", seen.as_str()), ("key.js", key.as_str())];
        check(&unbounded_cache::RULE, &files, expected);
    };
    check(
        "createHash('sha1').update(it).digest('hex')",
        "req.query.url",
        &[4],
    );
    check("`${kind}/${it.slug}`", "req.params, 'a'", &[4]);
    check("`${kind}/${it.slug}`", "other, 'a'", &[]);
    check("lookUp(it)", "req.query.url", &[]);
    check("`${it.type}/${it.slug}`", "req.params", &[4]);
}

#[test]
fn callers_drop_what_would_clear_it() {
    let follow = "module.exports = function follow(id, tell) {\n  const timer = setInterval(() => tell(id), 9_000);\n  return function stop() { clearInterval(timer); };\n};";
    let called = |call: &str, expected: &[u32]| {
        let caller = format!(
            "const follow = require('./follow');\napp.post('/', (req, res) => {{ {call} }});"
        );
        let files = [("follow.js", follow), ("caller.js", caller.as_str())];
        check(&uncleared_interval::RULE, &files, expected);
    };
    called("follow(req.body.id, log);", &[2]);
    called("void follow(req.body.id, log);", &[2]);
    called(
        "const stop = follow(req.body.id, log); res.on('close', stop);",
        &[],
    );
    called(
        "follow(req.body.id, log); stops.push(follow(1, log));",
        &[2],
    );
    called("stops.push(follow(req.body.id, log));", &[]);
    called("run(follow);", &[]);
}

#[test]
fn callers_drop_what_they_are_given_open() {
    let watch = "import chokidar from 'chokidar';\nexport function watch(root, tell) {\n  const watcher = chokidar.watch(root);\n  watcher.on('all', tell);\n  return watcher;\n}";
    let called = |call: &str, expected: &[u32]| {
        let caller = format!(
            "import {{ watch }} from './watch';\napp.get('/:a', (req, res) => {{ {call} }});"
        );
        let files = [("watch.js", watch), ("caller.js", caller.as_str())];
        check(&undestroyed_stream::RULE, &files, expected);
    };
    called("watch(req.params.a, log);", &[3]);
    called(
        "const w = watch(req.params.a, log); res.on('close', () => w.close());",
        &[],
    );
    called("return watch(req.params.a, log);", &[]);
}

#[test]
fn a_race_that_only_the_end_of_the_process_runs() {
    let settle = "const tasks = [];\nasync function settle(ms) {\n  let timer;\n  const late = new Promise((resolve) => { timer = setTimeout(resolve, ms); });\n  await Promise.race([Promise.all(tasks), late]);\n  clearTimeout(timer);\n}\nmodule.exports = { settle };";
    let called = |call: &str, expected: &[u32]| {
        let caller = format!("const {{ settle }} = require('./settle');\n{call}");
        let files = [("settle.js", settle), ("caller.js", caller.as_str())];
        check(&uncleared_race_timer::RULE, &files, expected);
    };
    called(
        "process.once('SIGTERM', async () => { await settle(8_000); });",
        &[],
    );
    called(
        "app.get('/', async (req, res) => { await settle(8_000); });",
        &[4],
    );
}
