//! Services whose parts find each other by types, containers of dependencies, plugins and static fields.

use super::check;
use crate::rules::{growing_module_array, unbounded_cache};

/// A class with a Map under keys that it is given.
const STORE: &str =
    "export class Store {\n  all = new Map();\n  put(key) { this.all.set(key, 1); }\n}";

/// The store with this file, which makes one and gives it to handlers.
#[track_caller]
fn stored(user: &str, expected: &[u32]) {
    let user = format!("import {{ Store }} from './store';\n{user}");
    let files = [("store.ts", STORE), ("user.ts", user.as_str())];
    check(&unbounded_cache::RULE, &files, expected);
}

#[test]
fn parts_that_types_name() {
    let routes = |given: &str, put: &str| {
        format!(
            "{given}\nexport function routes({{ store, name }}: Deps) {{ app.get('/:id', (req) => {put}); }}\nroutes(load({{ store: new Store() }}));"
        )
    };
    let put = "store.put(req.params.id)";
    stored(&routes("interface Deps { store: Store }", put), &[3]);
    stored(&routes("type Deps = { store: Store };", put), &[3]);
    stored(
        &routes(
            "interface Base { store: Store } interface Deps extends Base {}",
            put,
        ),
        &[3],
    );
    stored(
        &routes(
            "type Deps = Readonly<Own & Other>; interface Own { store: Store }",
            put,
        ),
        &[3],
    );
    stored(
        &routes("interface Deps { store: Store }", "name.put(req.params.id)"),
        &[],
    );
    stored(
        &routes("interface Deps { store: Store }", "store.put(req.method)"),
        &[],
    );
    stored(&routes("interface Deps { store: Other }", put), &[]);
    stored(&routes("type Deps = Deps2; type Deps2 = Deps;", put), &[]);
}

#[test]
fn parts_that_a_function_gives() {
    let make =
        "export function make() {\n  const all = [];\n  return { add(one) { all.push(one); } };\n}";
    let said = |typed: &str, expected: &[u32]| {
        let user = format!(
            "import {{ make }} from './make';\nfunction routes(log: {typed}) {{ app.get('/', (req) => {{ log.add(req.url); }}); }}\nroutes(load(make()));"
        );
        let files = [("make.ts", make), ("user.ts", user.as_str())];
        check(&growing_module_array::RULE, &files, expected);
    };
    said("ReturnType<typeof make>", &[3]);
    said("Awaited<ReturnType<typeof make>>", &[3]);
    said("ReturnType<typeof other>", &[]);
}

#[test]
fn instances_that_are_asked_for() {
    let asked = |how: &str| {
        format!("app.get('/:id', (req) => {how}.put(req.params.id));\ncontainer.add(new Store());")
    };
    stored(&asked("container.resolve(Store)"), &[3]);
    stored(&asked("container.get(Store)"), &[3]);
    stored(&asked("container.get(STORE)"), &[]);
}

#[test]
fn the_one_instance_of_a_class() {
    let hub = |first: &str| {
        format!(
            "import {{ Store }} from './store';\nexport class Hub {{\n  static current: Hub;\n  store = new Store();\n  static of(): Hub {{ {first} }}\n}}\napp.get('/:id', (req) => Hub.of().store.put(req.params.id));"
        )
    };
    let said = |first: &str, expected: &[u32]| {
        let hub = hub(first);
        let files = [
            ("store.ts", STORE),
            ("hub.ts", hub.as_str()),
            ("main.ts", "import './hub';"),
        ];
        check(&unbounded_cache::RULE, &files, expected);
    };
    said("return (this.current ??= new Hub());", &[3]);
    said(
        "if (!Hub.current) { Hub.current = new Hub(); } return Hub.current;",
        &[3],
    );
    said("this.current = new Hub(); return this.current;", &[]);
}

#[test]
fn what_plugins_give_the_application() {
    let plugin = |more: &str| {
        format!("export default fp(async (app) => {{ app.decorate('seen', new Map()); {more} }});")
    };
    let routes = "export default async (app) => {\n  app.get('/:id', (req) => {\n    app.seen.set(req.params.id, 1);\n  });\n};";
    let said = |more: &str, expected: &[u32]| {
        let plugin = plugin(more);
        let files = [("routes.js", routes), ("plugin.js", plugin.as_str())];
        check(&unbounded_cache::RULE, &files, expected);
    };
    said("", &[3]);
    said("setInterval(() => app.seen.clear(), 9);", &[]);
    said("app.decorate('other', 1); app.other.clear();", &[3]);
    let holder = "import fp from 'fastify-plugin';\nexport default fp(async (app) => {\n  const kept = new Map();\n  app.decorate('kept', { keep(id) { kept.set(id, 1); } });\n});";
    let user = "export default async (app: FastifyInstance) => { app.get('/:id', (req) => app.kept.keep(req.params.id)); };\nimport type { FastifyInstance } from 'fastify';";
    check(
        &unbounded_cache::RULE,
        &[("kept.js", holder), ("user.ts", user)],
        &[4],
    );
}

#[test]
fn keys_on_a_list_of_another_file() {
    let build = |list: &str| {
        format!(
            "{list}\nconst built = {{}};\nexport function of(codec) {{\n  const own = codecs[codec];\n  if (!own) throw new Error();\n  built[codec] ||= make(own);\n}}\napp.get('/:id', (req) => of(req.params.id));"
        )
    };
    let said = |list: &str, codecs: &str, expected: &[u32]| {
        let (build, codecs) = (
            build(list),
            format!("module.exports = {{ codecs: {codecs} }};"),
        );
        let files = [("build.js", build.as_str()), ("codecs.js", codecs.as_str())];
        check(&unbounded_cache::RULE, &files, expected);
    };
    let list = "const { codecs } = require('./codecs');";
    said(list, "{ av1: 1 }", &[]);
    said(list, "{}", &[6]);
    said("import { codecs } from './codecs';", "{ av1: 1 }", &[]);
}

#[test]
fn resolvers_and_plugins_of_graphql() {
    let said = |handlers: &str, expected: &[u32]| {
        let handlers = format!("import {{ note }} from './store';\n{handlers}");
        let store = "const seen = new Map();\nexport function note(key) {\n  seen.set(key, 1);\n}";
        let files = [("store.js", store), ("graphql.js", handlers.as_str())];
        check(&unbounded_cache::RULE, &files, expected);
    };
    let fields = "Product: { price: (product) => note(product.id) }";
    said(
        &format!("export const resolvers = {{ Query: {{}}, {fields} }};"),
        &[3],
    );
    said(&format!("export const resolvers = {{ {fields} }};"), &[]);
    said(
        "const queries = { product: (_, { id }) => note(id) };\nexport const resolvers = { Query: queries };",
        &[3],
    );
    let plugin = |key: &str| {
        format!(
            "export const timing = () => ({{ async requestDidStart({{ request }}) {{ const text = {key}; return {{ async willSendResponse() {{ note(text); }} }}; }} }});"
        )
    };
    said(&plugin("(request.query ?? '').trim()"), &[3]);
    said(&plugin("request.http.method"), &[]);
}

#[test]
fn lists_under_few_keys() {
    let text = |key: &str| {
        format!(
            "const all = new Map();\napp.get('/:id', (req) => {{\n  const key = {key};\n  if (!all.has(key)) all.set(key, {{ values: [] }});\n  all.get(key).values.push(req.url);\n}});"
        )
    };
    let said = |key: &str, expected: &[u32]| {
        let text = text(key);
        check(
            &growing_module_array::RULE,
            &[("a.js", text.as_str())],
            expected,
        );
    };
    said("req.method", &[5]);
    // Its entries have no end either.
    said("req.params.id", &[]);
}

#[test]
fn lists_that_people_empty() {
    let said = |list: &str, routes: &str, expected: &[u32]| {
        let routes = format!("import {{ usage }} from './usage';\n{routes}\napp.listen(80);");
        let files = [("usage.js", list), ("routes.js", routes.as_str())];
        check(&growing_module_array::RULE, &files, expected);
    };
    let add = "app.get('/', (req) => usage.add(req.url));";
    let route = |body: &str| format!("{add}\napp.delete('/usage', (req, res) => {{ {body} }});");
    let list = "const all = [];\nexport const usage = {\n  all,\n  add(one) { all.push(one); },\n  reset() { all.length = 0; },\n};";
    said(list, &route("usage.reset(); res.end();"), &[4]);
    said(list, &route("usage.all.length = 0; res.end();"), &[4]);
    said(list, &route("usage.reset(req.body.since); res.end();"), &[]);
    said(list, &route("if (full) usage.reset(); res.end();"), &[]);
    said(
        list,
        &format!(
            "{}\nsetInterval(() => usage.reset(), 9);",
            route("usage.reset();")
        ),
        &[],
    );
    let drained = list.replace("all.length = 0;", "send(all); all.length = 0;");
    said(&drained, &route("usage.reset(); res.end();"), &[]);
    said(
        list,
        &format!("{add}\nexport const clear = (req, res) => {{ usage.reset(); res.end(); }};"),
        &[4],
    );
    said(
        list,
        &format!("{add}\nclass Api {{ @Delete() clear() {{ usage.reset(); }} }}"),
        &[4],
    );
    said(
        list,
        &format!("{add}\napp.get('/metrics', (req, res) => {{ usage.reset(); res.end(); }});"),
        &[],
    );
}

#[test]
fn base_classes_and_parts_of_singletons() {
    let repository = |scope: &str| {
        format!(
            "import {{ Base }} from './base';\n@Injectable({scope})\nexport class Repository extends Base {{}}\napp.get('/:id', (req) => container.get(Repository).find(req.params.id));"
        )
    };
    let said = |base: &str, scope: &str, expected: &[u32]| {
        let repository = repository(scope);
        let files = [
            ("base.ts", base),
            ("repository.ts", repository.as_str()),
            (
                "main.ts",
                "import { Repository } from './repository';\nexport const providers = [Repository];",
            ),
        ];
        check(&unbounded_cache::RULE, &files, expected);
    };
    let base = "export abstract class Base {\n  known = new Map();\n  find(id) { this.known.set(id, 1); }\n}";
    said(base, "", &[3]);
    said(base, "{ scope: Scope.TRANSIENT }", &[]);
    let part = "class Known {\n  all = new Map();\n  put(id) { this.all.set(id, 1); }\n}\nexport class Base {\n  known = new Known();\n  find(id) { this.known.put(id); }\n}";
    said(part, "", &[3]);
}

#[test]
fn what_handlers_of_connections_fill() {
    let text = |event: &str| {
        format!(
            "module.exports = function presence(io) {{\n  const seen = new Map();\n  io.on('{event}', (socket) => {{\n    seen.set(socket.handshake.query.id, 1);\n  }});\n}};"
        )
    };
    let said = |event: &str, expected: &[u32]| {
        let text = text(event);
        check(&unbounded_cache::RULE, &[("a.js", text.as_str())], expected);
    };
    said("connection", &[4]);
    said("change", &[]);
}

#[test]
fn keys_that_other_files_make_of_lists() {
    let said = |key: &str, expected: &[u32]| {
        let caller = format!(
            "import {{ note }} from './store';\napp.post('/', (req) => {{ const {{ parts }} = req.body; note({key}); }});"
        );
        let store = "const seen = new Map();\nexport function note(key) {\n  seen.set(key, 1);\n}";
        check(
            &unbounded_cache::RULE,
            &[("store.js", store), ("caller.js", caller.as_str())],
            expected,
        );
    };
    said("parts.map(Number).join(',')", &[3]);
    said(
        "parts.filter(Boolean).map((part) => part.name).join(',')",
        &[3],
    );
    said("parts.map((part) => part.type).join(',')", &[]);
    said("parts.map(() => 'a').join(',')", &[]);
}

#[test]
fn methods_that_base_classes_call() {
    let consumer = |call: &str| {
        format!(
            "import {{ Base }} from './base';\nclass Own {{\n  all = new Map();\n  handle(message) {{\n    const one = JSON.parse(message.value);\n    {call};\n  }}\n}}\nexport class Readings extends Own {{}}"
        )
        .replace("class Own {", "class Own extends Base {")
    };
    let base = "export abstract class Base {\n  start() { this.consumer.run({ eachMessage: (payload) => this.receive(payload) }); }\n  receive({ message }) { this.handle(message); }\n  abstract handle(message): void;\n}";
    let said = |base: &str, call: &str, expected: &[u32]| {
        let consumer = consumer(call);
        let files = [
            ("readings.ts", consumer.as_str()),
            ("base.ts", base),
            (
                "main.ts",
                "import { Readings } from './readings';\nconst all = new Readings();\nall.start();",
            ),
        ];
        check(&unbounded_cache::RULE, &files, expected);
    };
    said(base, "this.all.set(one.deviceId, 1)", &[6]);
    said(base, "this.all.set(one.kind, 1)", &[]);
    let other = base.replace("this.handle(message);", "this.handled(message);");
    said(&other, "this.all.set(one.deviceId, 1)", &[]);
}

#[test]
fn keys_that_options_make() {
    let limiter = "export function limiter({ keyOf }) {\n  const all = new Map();\n  return (req, res, next) => {\n    all.set(keyOf(req), 1);\n    next();\n  };\n}";
    let said = |key: &str, expected: &[u32]| {
        let user = format!(
            "import {{ limiter }} from './limiter';\napp.use(limiter({{ keyOf: (req) => {key} }}));"
        );
        let files = [("limiter.js", limiter), ("user.js", user.as_str())];
        check(&unbounded_cache::RULE, &files, expected);
    };
    said("req.get('x-key') || req.ip", &[4]);
    said("req.params.id", &[4]);
    said("req.method", &[]);
}

#[test]
fn lists_of_what_is_put_together_later() {
    let text = |list: &str| {
        format!(
            "const groups = new Map();\napp.use((err, req, res, next) => {{\n  let group = groups.get(err.code);\n  if (!group) {{\n    group = {{ count: 0, {list} }};\n    groups.set(err.code, group);\n  }}\n  group.all.push(req.url);\n}});"
        )
    };
    let said = |list: &str, expected: &[u32]| {
        let text = text(list);
        check(
            &growing_module_array::RULE,
            &[("a.js", text.as_str())],
            expected,
        );
    };
    said("all: []", &[8]);
    said("all: new Ring(9)", &[]);
}

#[test]
fn classes_that_are_named_to_a_container() {
    let said = |bound: &str, expected: &[u32]| {
        let user = format!(
            "import {{ Store }} from './store';\ncontainer{bound};\nclass Api {{\n  constructor(private readonly store: Store) {{}}\n  @Get() get(@Param('id') id: string) {{ this.store.put(id); }}\n}}"
        );
        let files = [("store.ts", STORE), ("user.ts", user.as_str())];
        check(&unbounded_cache::RULE, &files, expected);
    };
    said(".bind(TYPES.Store).to(Store).inSingletonScope()", &[3]);
    said(".bind(Store).toSelf().inSingletonScope()", &[3]);
    said(".bind(Store).toSelf()", &[]);
    said(".registerSingleton('Store', Store)", &[3]);
    said(".register({ store: asClass(Store).singleton() })", &[3]);
    said(
        ".register({ store: asClass(Store, { lifetime: Lifetime.SINGLETON }) })",
        &[3],
    );
    said(".bind(TYPES.Store).to(Store)", &[]);
}

#[test]
fn what_decorators_put_in_the_place_of_methods() {
    let cached = "const stores = new Map();\nexport function Cached(name) {\n  return (target, key, descriptor) => {\n    const own = descriptor.value;\n    stores.set(name, new Map());\n    descriptor.value = async function (...args) {\n      stores.get(name).set(JSON.stringify(args), 1);\n      return own.apply(this, args);\n    };\n  };\n}";
    let said = |decorators: &str, expected: &[u32]| {
        let user = format!(
            "import {{ Cached }} from './cached';\nimport {{ Other }} from './other';\nclass Api {{ {decorators} slots(@Param('id') id: string) {{ return id; }} }}"
        );
        let files = [("cached.ts", cached), ("user.ts", user.as_str())];
        check(&unbounded_cache::RULE, &files, expected);
    };
    said("@Get() @Cached('slots')", &[7]);
    said("@Get() @Other('slots')", &[]);
    said("@Cached('slots')", &[]);
}

#[test]
fn instances_of_classes_that_extend_arrays() {
    let history = |more: &str| {
        format!(
            "export class History extends Array {{\n  note(one) {{\n    this.push(one);\n    {more}\n  }}\n}}"
        )
    };
    let said = |more: &str, rest: &str, expected: &[u32]| {
        let history = history(more);
        let user = format!(
            "import {{ History }} from './history';\nconst all = new History();\napp.get('/', (req) => all.note(req.url));\n{rest}"
        );
        let files = [("history.js", history.as_str()), ("user.js", user.as_str())];
        check(&growing_module_array::RULE, &files, expected);
    };
    said("", "", &[3]);
    said("if (this.length > 99) this.shift();", "", &[]);
    said("", "setInterval(() => { all.length = 0; }, 9);", &[]);
    said("", "setInterval(() => all.splice(0), 9);", &[]);
}
