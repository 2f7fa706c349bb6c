//! What is added or kept because of who calls, and with what: small services of a few files, and the lines that are said with high
//! confidence.

use super::across_files::check;
use crate::rules::testing::check_sure;
use crate::rules::{abort_listener, accumulating_listener, uncleared_interval};

#[test]
fn what_a_lender_hands_to_its_callback() {
    let count = "export const count = (pool, text) => use(pool, (w) => new Promise((go, no) => { w.once('message', go);\n  w.once('error', no);\n  w.postMessage(text); }));";
    let lent = |body: &str, expected: &[u32]| {
        let text = format!(
            "{count}\nasync function use(pool, run) {{ {body} }}\napp.post('/', async (req, res) => res.json(await count(idle, req.body)));"
        );
        check_sure(&accumulating_listener::RULE, &text, expected);
    };
    lent(
        "const w = pool.pop() ?? new Worker(F); try { return await run(w); } finally { pool.push(w); }",
        &[2],
    );
    lent(
        "const w = await pool.acquire(); try { return await run(w); } finally { w.release(); }",
        &[2],
    );
    lent(
        "const w = new Worker(F); try { return await run(w); } finally { w.terminate(); }",
        &[],
    );
    let db = "export async function withClient(run) {\n  const client = await pool.connect();\n  try { return await run(client); } finally { client.release(); }\n}";
    let own = "import { withClient } from './db';\napp.get('/', (req, res) => withClient(async (client) => {\n  client.on('notice', (n) => res.write(n.message));\n}));";
    let rule = &accumulating_listener::RULE;
    check(rule, &[("own.js", own), ("db.js", db)], &[3]);
    let end = db.replace("client.release()", "client.end()");
    check(rule, &[("own.js", own), ("db.js", &end)], &[]);
}

#[test]
fn parameters_that_are_handed_on_whatever_their_type() {
    let deadline = "export function deadline(parent: AbortSignal, ms: number) {\n  const own = new AbortController();\n  parent.addEventListener('abort', () => own.abort(), { once: true });\n  return own.signal;\n}";
    let download = "import { deadline } from './deadline';\nexport const download = (url: string, signal: AbortSignal) => fetch(url, { signal: deadline(signal, 9) });";
    let asked = |signal: &str, expected: &[u32]| {
        let caller = format!(
            "import {{ download }} from './download';\nimport {{ shutdown }} from './shutdown';\napp.get('/', async (req, res) => {{ res.send(await download(req.url, {signal})); }});"
        );
        let files = [
            ("deadline.ts", deadline),
            ("download.ts", download),
            ("caller.ts", &*caller),
        ];
        check(&abort_listener::RULE, &files, expected);
    };
    asked("shutdown", &[3]);
    asked("AbortSignal.timeout(9)", &[]);
    asked("new AbortController().signal", &[]);
}

#[test]
fn what_a_container_hands_to_a_constructor() {
    let orders = |decorator: &str| {
        format!(
            "{decorator}\nexport class Orders {{\n  constructor(@inject(TYPES.Events) private readonly events: Events) {{}}\n  tell(id, to) {{\n    this.events.on('placed', (order) => order.id === id && to(order));\n  }}\n}}"
        )
    };
    let caller = "import { Orders } from './orders';\nconst orders = container.get(Orders);\napp.get('/:id', (req, res) => { orders.tell(req.params.id, (o) => res.write(o)); });";
    let found = |decorator: &str, expected: &[u32]| {
        let files = [("orders.ts", &*orders(decorator)), ("app.ts", caller)];
        check(&accumulating_listener::RULE, &files, expected);
    };
    found("@injectable()", &[5]);
    found("@entity()", &[]);
}

#[test]
fn an_interval_that_is_only_put_off() {
    let pong = |body: &str| {
        format!(
            "wss.on('connection', (ws) => {{\n  const beat = setInterval(() => ws.ping(), 9);\n  ws.on('pong', () => {body});\n}});"
        )
    };
    check_sure(&uncleared_interval::RULE, &pong("beat.refresh()"), &[2]);
    check_sure(&uncleared_interval::RULE, &pong("stop(beat)"), &[]);
}

#[test]
fn how_a_container_makes_what_is_registered() {
    let feed = "export class Feed {\n  redis = new Redis();\n  stream(symbol, tell) {\n    const listener = (c, raw) => c === symbol && tell(raw);\n    this.redis.on('message', listener);\n    return { stop: () => this.redis.off('message', listener) };\n  }\n}";
    let app = |scope: &str, call: &str| {
        format!(
            "import {{ Feed }} from './feed';\nconst container = new Container();\ncontainer.bind(T.Feed).to(Feed).{scope}();\nwss.on('connection', (ws) => {{ const feed = container.get<Feed>(T.Feed);\n  ws.on('message', (m) => {{ {call} }}); }});"
        )
    };
    let found = |scope: &str, call: &str, expected: &[u32]| {
        let files = [("feed.ts", feed), ("app.ts", &*app(scope, call))];
        check(&accumulating_listener::RULE, &files, expected);
    };
    let dropped = "feed.stream(m, (t) => ws.send(t));";
    found("inSingletonScope", dropped, &[5]);
    found("inTransientScope", dropped, &[]);
    let kept = "const s = feed.stream(m, (t) => ws.send(t)); ws.on('close', () => s.stop());";
    found("inSingletonScope", kept, &[]);
}
