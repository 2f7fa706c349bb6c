//! What stays open, under way or running because of what other files do: small services of a few files, and the lines that are
//! said with high confidence.

use super::across_files::check;
use crate::rules::testing::{check as check_any, check_sure};
use crate::rules::{
    abort_listener, accumulating_listener, floating_pipeline, large_closure_capture,
    process_listener_in_function, uncleared_interval,
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
    served(
        "const rows = await load((db) => db.all(req.query.q)); if (!rows.length) return; hold(res);",
        &[1],
    );
    served(
        "const rows = await load(1); if (!rows.length) return; hold(res);",
        &[],
    );
    served("if (isFirst(req)) return; hold(res);", &[]);
    served("if (await lock.acquire()) hold(res);", &[]);
}

#[test]
fn a_connection_that_each_message_hands_on() {
    let typing = |listener: &str| {
        format!(
            "export function typing(client, msg) {{\n  const t = setTimeout(() => room.emit('idle', msg), 3000);\n  {listener}\n}}"
        )
    };
    let told = |listener: &str, caller: &str, expected: &[u32]| {
        let handle = "import { typing } from './typing';\nexport default (client, msg) => { if (msg.type === 'typing') typing(client, msg); };";
        let files = [
            ("typing.js", &*typing(listener)),
            ("handle.js", handle),
            ("app.js", caller),
        ];
        check(&accumulating_listener::RULE, &files, expected);
    };
    let each = "import handle from './handle';\nwss.on('connection', (ws) => { const client = new Client(ws);\n  ws.on('message', (m) => handle(client, m)); });";
    told(
        "client.ws.once('close', () => clearTimeout(t));",
        each,
        &[3],
    );
    told("client.ws.on('pong', () => log(msg));", each, &[3]);
    // What the call did is to be undone then.
    told(
        "client.ws.once('close', () => rooms.delete(msg.room));",
        each,
        &[],
    );
    let once = each.replace("ws.on('message'", "ws.once('open'");
    told("client.ws.on('pong', () => log(msg));", &once, &[]);
    let own = each.replace("handle(client, m)", "handle(new Client(ws), m)");
    told("client.ws.on('pong', () => log(msg));", &own, &[]);
}

#[test]
fn what_a_plugin_hands_to_what_it_makes() {
    let orders = "export class Orders {\n  constructor(fastify) { this.events = fastify.events; }\n  onChange(id, tell) {\n    this.events.on('changed', (order) => order.id === id && tell(order));\n  }\n}";
    let plugin = |made: &str| {
        format!(
            "import {{ Orders }} from './orders';\nexport default async function routes(fastify) {{\n  const orders = {made};\n  fastify.get('/:id', (request, reply) => {{ orders.onChange(request.params.id, (o) => reply.raw.write(o)); }});\n}}"
        )
    };
    let made = |made: &str, expected: &[u32]| {
        let files = [("orders.js", orders), ("routes.js", &*plugin(made))];
        check(&accumulating_listener::RULE, &files, expected);
    };
    made("new Orders(fastify)", &[4]);
    made("new Orders({ events: new EventEmitter() })", &[]);
}

#[test]
fn an_emitter_of_the_one_instance() {
    let pool = |kept: &str| {
        format!(
            "export class Pool {{\n  workers = [];\n  constructor() {{ this.{kept} = new Worker('./w.js'); this.workers.push(this.one); }}\n  probe() {{\n    const worker = this.pick();\n    return new Promise((resolve) => {{\n      worker.on('message', resolve);\n    }});\n  }}\n  ask(tell) {{\n    this.one.on('message', (m) => tell(m));\n  }}\n  pick() {{ return this.workers[0]; }}\n}}"
        )
    };
    let called = |kept: &str, caller: &str, expected: &[u32]| {
        let caller = format!("import {{ Pool }} from './pool';\n{caller}");
        let files = [("pool.js", &*pool(kept)), ("caller.js", &*caller)];
        check(&accumulating_listener::RULE, &files, expected);
    };
    let one = "const pool = new Pool();\napp.get('/', (req, res) => { pool.probe(); pool.ask((m) => res.write(m)); });";
    called("one", one, &[7, 11]);
    let each = "app.get('/', (req, res) => { const pool = new Pool(); pool.probe(); pool.ask((m) => res.write(m)); });";
    called("one", each, &[]);
}

#[test]
fn one_event_of_many_that_may_not_come() {
    let waits = |body: &str, expected: &[u32]| {
        let text = format!(
            "import {{ once }} from 'node:events';\nconst bus = new EventEmitter();\napp.post('/:id', async (req, res) => {{\n  {body}\n}});"
        );
        check_sure(&accumulating_listener::RULE, &text, expected);
    };
    waits(
        "bus.once(`order:refused:${req.params.id}`, () => res.end());",
        &[4],
    );
    waits(
        "bus.once(`order:done:${req.params.id}`, () => res.end());",
        &[],
    );
    waits("bus.once('refused', () => res.end());", &[]);
    waits(
        "const [it] = await once(bus, `ready:${req.params.id}`); res.send(it);",
        &[4],
    );
    waits(
        "await once(bus, `ready:${req.params.id}`, { signal: AbortSignal.timeout(9) });",
        &[],
    );
    waits(
        "await Promise.race([once(bus, `ready:${req.params.id}`), late]);",
        &[],
    );
}

#[test]
fn jobs_that_run_by_a_pattern() {
    let job = |text: &str, expected: &[u32]| check_sure(&uncleared_interval::RULE, text, expected);
    let in_handler = |package: &str, body: &str| {
        format!("{package}\napp.get('/:id', (req, res) => {{\n  {body}\n}});")
    };
    let schedule = "const schedule = require('node-schedule');";
    let run = "schedule.scheduleJob('*/5 * * * *', () => refresh(req.params.id));";
    job(&in_handler(schedule, run), &[3]);
    job(&format!("{schedule}\n{run}"), &[]);
    job(
        &in_handler(
            schedule,
            &format!("const job = {run} res.on('close', () => job.cancel());"),
        ),
        &[],
    );
    job(
        &in_handler(
            schedule,
            &format!("jobs.set(req.params.id, {});", &run[..run.len() - 1]),
        ),
        &[],
    );
    job(
        &in_handler(
            schedule,
            "schedule.scheduleJob(new Date(req.body.at), () => refresh(1));",
        ),
        &[],
    );
    job(
        &in_handler(
            schedule,
            &format!("{run} schedule.scheduledJobs[req.params.id]?.cancel();"),
        ),
        &[],
    );
    let cron = "import { CronJob } from 'cron';";
    let new = "new CronJob('0 * * * * *', () => refresh(req.params.id))";
    job(&in_handler(cron, &format!("{new}.start();")), &[3]);
    job(
        &in_handler(cron, &format!("const job = {new}; job.start();")),
        &[3],
    );
    job(
        &in_handler(
            cron,
            &format!("const job = {new}; job.start(); return job;"),
        ),
        &[],
    );
    job(
        &in_handler(
            "import { cron } from './cron';",
            "cron.schedule('* * * * *', () => refresh(req.id));",
        ),
        &[],
    );
}

#[test]
fn services_that_a_container_hands_out() {
    let asked = |body: &str, expected: &[u32]| {
        let text = format!(
            "import {{ container }} from 'tsyringe';\napp.get('/', (req, res) => {{\n  {body}\n}});"
        );
        check_sure(&accumulating_listener::RULE, &text, expected);
    };
    asked(
        "const bus = container.resolve(Bus); bus.on('price', (p) => res.write(p));",
        &[3],
    );
    asked(
        "container.resolve('bus').on('price', (p) => res.write(p));",
        &[3],
    );
    asked(
        "req.scope.resolve('bus').on('price', (p) => res.write(p));",
        &[3],
    );
    asked(
        "const job = container.resolve(Import); job.on('row', (p) => res.write(p)); job.run();",
        &[],
    );
    asked(
        "const bus = rooms.get(req.query.room); bus.on('price', (p) => res.write(p));",
        &[],
    );
}

#[test]
fn large_things_beside_a_timer_of_another_file() {
    let kept = |delay: &str, rows: &str, expected: &[u32]| {
        let own = format!(
            "import {{ config, DAY }} from './config';\napp.post('/a', async (req) => {{\n  const rows = {rows};\n  const missing = req.query.names.filter((c) => !rows.includes(c));\n  const file = `${{req.id}}.pdf`;\n  setTimeout(() => remove(file), {delay});\n  return missing;\n}});"
        );
        let config = "export const DAY = 24 * 3600 * 1000;\nexport const config = { keepMs: 6 * 3600 * 1000, pollMs: 2000 };";
        let files = [("own.js", &*own), ("config.js", config)];
        check(&large_closure_capture::RULE, &files, expected);
    };
    let rows = "await pool.query('select * from facts')";
    kept("DAY", rows, &[6]);
    kept("config.keepMs", rows, &[6]);
    kept("config.pollMs", rows, &[]);
    kept(
        "DAY",
        "(await pool.query('select * from facts')).rows.map((r) => `<b>${r.name}</b>`).join('')",
        &[6],
    );
    kept("DAY", "req.query.kind", &[]);
    let lent = "await withClient((c) => c.query('select * from facts')); rows.forEach(log)";
    kept("DAY", lent, &[6]);
    kept(
        "DAY",
        "await withClient((c) => c.name(req.id)); rows.forEach(log)",
        &[],
    );
}

#[test]
fn what_is_used_again_by_others() {
    let lent = |end: &str| {
        format!(
            "export const make = (pool) => router.post('/', async (req, res) => {{\n  let c;\n  c = await pool.connect();\n  c.on('notice', (n) => res.write(n));\n  {end}\n}});"
        )
    };
    check_any(&accumulating_listener::RULE, &lent("c.release();"), &[4]);
    check_any(&accumulating_listener::RULE, &lent("c.end();"), &[]);
    let worker = |of: &str| {
        format!(
            "class P {{ render(x, all) {{ const w = {of}[this.n++];\n  return new Promise((go, no) => {{\n    const f = (y) => {{ w.off('message', f); go(y); }};\n    w.on('message', f);\n    w.once('error', no); }}); }} }}"
        )
    };
    check_any(&accumulating_listener::RULE, &worker("this.workers"), &[5]);
    check_any(&accumulating_listener::RULE, &worker("open(x)"), &[]);
}

#[test]
fn what_is_undone_at_the_end_of_a_connection() {
    let take = |end: &str, undone: &str| {
        format!(
            "io.on('connection', (socket) => {{\n  socket.on('take', (id) => {{\n    const sub = watch(id, socket);\n    socket.once('{end}', () => {undone});\n  }});\n}});"
        )
    };
    let found = |text: String, expected: &[u32]| {
        check_sure(&accumulating_listener::RULE, &text, expected);
    };
    found(take("disconnect", "sub.close()"), &[]);
    found(take("disconnect", "clearTimeout(sub)"), &[4]);
    found(take("error", "sub.close()"), &[4]);
}

#[test]
fn another_listener_is_taken_off_process() {
    let ipc = |other: &str| {
        format!(
            "export const onConfig = (fn) => {{\n  process.on('message', (m) => fn(m));\n}};\nexport const ask = () => {{ const one = () => process.off('message', {other}); process.on('message', one); }};\napp.get('/', (req, res) => {{ onConfig((c) => res.write(c)); ask(); }});"
        )
    };
    check_sure(&process_listener_in_function::RULE, &ipc("one"), &[2]);
    check_sure(&process_listener_in_function::RULE, &ipc("fns.pop()"), &[]);
}

#[test]
fn emitters_of_constructor_functions() {
    let uplink = |made: &str| {
        format!(
            "function Uplink() {{ this.client = mqtt.connect(URL); }}\nUplink.prototype.ask = function (id, cb) {{\n  this.client.on('message', (t) => t === id && cb(t));\n}};\n{made}"
        )
    };
    let found = |made: &str, expected: &[u32]| {
        check_sure(&accumulating_listener::RULE, &uplink(made), expected);
    };
    found(
        "const uplink = new Uplink(); app.get('/', (req, res) => uplink.ask(req.id, (t) => res.end(t)));",
        &[3],
    );
    found(
        "app.get('/', (req, res) => { const uplink = new Uplink(); uplink.ask(req.id, (t) => res.end(t)); });",
        &[],
    );
    found(
        "const uplink = new Uplink(); app.get('/', (req, res) => uplink.ask(req.id, (t) => res.end(t))); Uplink.prototype.again = function () { this.client = mqtt.connect(URL); };",
        &[],
    );
}

#[test]
fn entries_of_a_table_that_nothing_leaves() {
    let of = |more: &str| {
        format!(
            "const all = new Map();\nfunction upstream(name) {{\n  const known = all.get(name);\n  if (known) return known;\n  const made = new Upstream(name);\n  all.set(name, made);\n  return made;\n}}\n{more}\napp.use(async (c, next) => {{\n  const up = upstream(c.req.header('x'));\n  up.on('usage', (n) => c.set('n', n));\n  await next();\n}});"
        )
    };
    let found = |more: &str, expected: &[u32]| {
        check_sure(&accumulating_listener::RULE, &of(more), expected);
    };
    found("", &[12]);
    found("const drop = (name) => all.delete(name);", &[]);
    found("const reset = () => all.clear();", &[]);
}

#[test]
fn functions_of_frameworks_that_take_a_request_apart() {
    let loader = |pattern: &str| {
        format!(
            "import {{ db }} from './db';\nconst loader = () => {{\n  db.on('reconnected', () => cache.clear());\n}};\nexport const makeContext = () => async ({pattern}) => ({{ req, loader: loader() }});"
        )
    };
    let rule = &accumulating_listener::RULE;
    check_sure(rule, &loader("{ req }: { req: Request }"), &[3]);
    check_sure(rule, &loader("{ req, res }"), &[3]);
    check_sure(rule, &loader("{ settings: req }"), &[]);
    let hold = |server: &str| {
        format!("{server}, (err, c) => {{\n  process.once('beforeExit', () => log(err, c));\n}});")
    };
    let rule = &process_listener_in_function::RULE;
    check_sure(rule, &hold("app.onError('*'"), &[2]);
    check_sure(rule, &hold("app.onSetUp('*'"), &[]);
    let socket = |server: &str| {
        format!(
            "{server}({{ schema, onConnect: ({{ extra }}) => {{\n  setInterval(() => extra.socket.ping(), 9);\n}} }}, wss);"
        )
    };
    check_sure(&uncleared_interval::RULE, &socket("useServer"), &[2]);
    check_sure(&uncleared_interval::RULE, &socket("configure"), &[]);
}
