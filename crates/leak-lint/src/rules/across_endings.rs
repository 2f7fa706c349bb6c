//! What stays open, under way or running because of what other files do: small services of a few files, and the lines that are
//! said with high confidence.

use super::across_files::check;
use crate::rules::testing::check_sure;
use crate::rules::{
    abort_listener, accumulating_listener, floating_pipeline, process_listener_in_function,
    uncleared_interval,
};

#[test]
fn a_pipeline_that_a_caller_drops() {
    let store = "import { pipeline } from 'node:stream/promises';\nexport class Store {\n  async save(to, body) { await pipeline(body, to); }\n}\nexport const store = new Store();";
    let called = |call: &str, expected: &[u32]| {
        let caller = format!(
            "import {{ store }} from './store';\napp.post('/', async (req, res) => {{ {call} }});"
        );
        let files = [("store.js", store), ("caller.js", caller.as_str())];
        check(&floating_pipeline::RULE, &files, expected);
    };
    called("store.save(res, req);", &[3]);
    called("void store.save(res, req);", &[3]);
    called("await store.save(res, req);", &[]);
    called("store.save(res, req).catch(log);", &[]);
    called("return store.save(res, req);", &[]);
}

#[test]
fn one_caller_of_many_drops_what_takes_the_listener_off() {
    let prices = "import { bus } from './bus';\nexport function watch(symbol, tell) {\n  const onPrice = (tick) => tick.symbol === symbol && tell(tick);\n  bus.on('price', onPrice);\n  return () => bus.off('price', onPrice);\n}";
    let called = |call: &str, expected: &[u32]| {
        let caller = format!(
            "import {{ watch }} from './prices';\napp.get('/:id', (req, res) => {{ const send = (t) => res.write(t);\n  const stop = watch('a', send); res.on('close', stop);\n  {call} }});"
        );
        let bus =
            "import { EventEmitter } from 'node:events';\nexport const bus = new EventEmitter();";
        let files = [
            ("prices.js", prices),
            ("caller.js", &caller),
            ("bus.js", bus),
        ];
        check(&accumulating_listener::RULE, &files, expected);
    };
    called("watch(req.params.id, send);", &[4]);
    called("stops.push(watch(req.params.id, send));", &[]);
    called("", &[]);
}

#[test]
fn another_listener_is_taken_off() {
    let client = |other: &str| {
        format!(
            "const client = mqtt.connect(URL);\nexport function ask(id) {{\n  client.on('message', (topic) => log(topic, id));\n}}\nfunction ping() {{ const done = () => client.off('message', {other}); client.on('message', done); }}\nconst onAll = (topic) => log(topic);\nclient.on('message', onAll);\napp.get('/:id', (req) => {{ ask(req.params.id); ping(); }});"
        )
    };
    check_sure(&accumulating_listener::RULE, &client("done"), &[3]);
    check_sure(&accumulating_listener::RULE, &client("onAll"), &[3, 5]);
    check_sure(&accumulating_listener::RULE, &client("listeners[0]"), &[]);
    let sleep = "import { shutdown } from './shutdown';\nfunction sleep(ms, signal) {\n  return new Promise((resolve, reject) => {\n    const timer = setTimeout(resolve, ms);\n    signal.addEventListener('abort', () => { clearTimeout(timer); reject(); });\n  });\n}\nfunction other(ms, signal) {\n  return new Promise((resolve) => {\n    const onAbort = () => resolve();\n    setTimeout(() => { signal.removeEventListener('abort', onAbort); resolve(); }, ms);\n    signal.addEventListener('abort', onAbort);\n  });\n}\nwhile (!shutdown.aborted) { await sleep(9, shutdown); await other(9, shutdown); }";
    check_sure(&abort_listener::RULE, sleep, &[5]);
}

#[test]
fn a_connection_that_is_forgotten_when_it_ends() {
    let conn = |reset: &str| {
        format!(
            "let conn;\nasync function connect() {{\n  if (conn) return conn;\n  conn = await amqp.connect(URL);\n  {reset}\n  return conn;\n}}\napp.post('/', async (req) => {{\n  const c = await connect();\n  c.on('blocked', () => log(req.url));\n}});"
        )
    };
    check_sure(
        &accumulating_listener::RULE,
        &conn("conn.on('close', () => { conn = undefined; });"),
        &[10],
    );
    check_sure(
        &accumulating_listener::RULE,
        &conn("flushes.push(() => { conn = undefined; });"),
        &[],
    );
}

#[test]
fn sockets_of_servers_that_take_an_object() {
    let open = "{ open(ws) {\n  setInterval(() => ws.ping(), 9); } }";
    let found =
        |text: &str, expected: &[u32]| check_sure(&uncleared_interval::RULE, text, expected);
    found(&format!("app.ws('/live', {open});"), &[2]);
    found(
        &format!("const live = {open};\nuWS.App().ws('/live', live);"),
        &[2],
    );
    found(&format!("Bun.serve({{ websocket: {open} }});"), &[2]);
    found(&format!("app.render('/live', {open});"), &[]);
    let live = format!("export const live = {open};");
    let app = "import { live } from './live';\nApp().ws('/live', live);";
    check(
        &uncleared_interval::RULE,
        &[("live.js", &live), ("app.js", app)],
        &[2],
    );
}

#[test]
fn hooks_that_an_application_has_once() {
    let hooked = |hook: &str| {
        format!(
            "export default fp(async (fastify) => {{\n  let timer;\n  fastify.addHook('{hook}', async () => {{\n    timer = setInterval(poll, 9);\n  }});\n  fastify.addHook('onClose', async () => clearInterval(timer));\n}});"
        )
    };
    check_sure(&uncleared_interval::RULE, &hooked("onReady"), &[]);
    check_sure(&uncleared_interval::RULE, &hooked("onRequest"), &[4]);
}

#[test]
fn a_promise_that_is_told_of_both() {
    let told = |rejected: &str| {
        format!(
            "app.post('/', (req, res) => {{\n  const t = setInterval(() => res.write('.'), 9);\n  build(req.body).then(() => {{ clearInterval(t); res.end(); }}, (err) => {{ {rejected} }});\n}});"
        )
    };
    check_sure(&uncleared_interval::RULE, &told("log(err);"), &[2]);
    check_sure(&uncleared_interval::RULE, &told("clearInterval(t);"), &[]);
}

#[test]
fn conditions_on_what_a_handler_is_called_with() {
    let hold = "function hold(x) { process.on('exit', () => x.end()); }\nlet done;\nconst seen = new Map();";
    let served = |body: &str, expected: &[u32]| {
        let text = format!("{hold}\napp.get('/:id', async (req, res) => {{ {body} }});");
        check_sure(&process_listener_in_function::RULE, &text, expected);
    };
    served(
        "if (!req.query.symbol) { res.status(400).end(); return; } hold(res);",
        &[1],
    );
    served(
        "const user = authenticate(req); if (!user) return res.end(); hold(res);",
        &[1],
    );
    served("if (Array.isArray(req.body)) hold(res);", &[1]);
    served(
        "switch (req.params.id) { case 'a': hold(res); break; default: res.end(); }",
        &[1],
    );
    served(
        "const { id } = req.params; if (id.length > 9 || !isId(id)) return; hold(res);",
        &[1],
    );
    served("if (done) return; done = true; hold(res);", &[]);
    served("if (!seen.has(req.params.id)) hold(res);", &[]);
    served(
        "const known = seen.get(req.params.id); if (known) return known; hold(res);",
        &[],
    );
    served(
        "if (req.app.held) return; req.app.held = true; hold(res);",
        &[],
    );
    served("if (isFirst(req)) return; hold(res);", &[]);
    served("if (await lock.acquire()) hold(res);", &[]);
}
