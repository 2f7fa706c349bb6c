use super::RULE;
use crate::rules::testing::{check, check_fix, check_page, check_shown, check_sure};

#[test]
fn the_page_holds() {
    check_page(&RULE);
}

#[test]
fn intervals_of_handlers() {
    check(
        &RULE,
        "app.get('/', (req, res) => { setInterval(tick, 10); });",
        &[1],
    );
    check(
        &RULE,
        "app.get('/', (req, res) => { setInterval(tick, 10).unref(); });",
        &[1],
    );
    check(
        &RULE,
        "server.on('connection', (socket) => {\n  const timer = setInterval(() => socket.ping(), 10);\n  timer.unref();\n});",
        &[2],
    );
    check(
        &RULE,
        "const beat = (s) => { setInterval(() => s.ping(), 9); };\nio.on('connection', (s) => beat(s));",
        &[1],
    );
}

#[test]
fn an_interval_ends_with_its_connection() {
    check_fix(
        &RULE,
        "wss.on('connection', (socket) => {\n  setInterval(() => socket.ping(), 30_000);\n});\n",
        "wss.on('connection', (socket) => {\n  const timer = setInterval(() => socket.ping(), 30_000);\n  socket.once('close', () => clearInterval(timer));\n});\n",
    );
    check_fix(
        &RULE,
        "import { Server } from 'socket.io'\nio.on('connection', (s) => {\n\tlet beat\n\tbeat = setInterval(f, 9)\n})\n",
        "import { Server } from 'socket.io'\nio.on('connection', (s) => {\n\tlet beat\n\tbeat = setInterval(f, 9)\n\ts.once('disconnect', () => clearInterval(beat))\n})\n",
    );
    check_fix(
        &RULE,
        "app.get('/', (req, res) => { if (req.query.live) setInterval(tick, 10).unref(); });",
        "app.get('/', (req, res) => { if (req.query.live) { const timer = setInterval(tick, 10).unref(); res.once('close', () => clearInterval(timer)); } });",
    );
    check_fix(
        &RULE,
        "app.get('/', (req, res) => { const timer = []; setInterval(timer, 1); setInterval(tick, 2); });",
        "app.get('/', (req, res) => { const timer = []; const timer2 = setInterval(timer, 1); res.once('close', () => clearInterval(timer2)); const timer3 = setInterval(tick, 2); res.once('close', () => clearInterval(timer3)); });",
    );
}

#[test]
fn a_cleanup_is_shown_where_the_end_is_not_seen() {
    check_shown(
        &RULE,
        "const beat = (s) => { setInterval(() => s.ping(), 9); };\nio.on('connection', (s) => beat(s));",
        "const beat = (s) => { const timer = setInterval(() => s.ping(), 9); return () => clearInterval(timer); };\nio.on('connection', (s) => beat(s));",
    );
}

#[test]
fn intervals_that_something_can_clear() {
    check(
        &RULE,
        "setInterval(sweep, 10);\nfunction start() { setInterval(sweep, 10); }",
        &[],
    );
    check(
        &RULE,
        "app.get('/', (req, res) => { const t = setInterval(tick, 10); res.on('close', () => clearInterval(t)); });",
        &[],
    );
    check(
        &RULE,
        "app.get('/', (req, res) => { req.timer = setInterval(tick, 10); });",
        &[],
    );
    check(
        &RULE,
        "app.get('/', (req, res) => { timers.push(setInterval(tick, 10)); });",
        &[],
    );
    check(
        &RULE,
        "app.get('/', (req, res) => start()); const start = () => setInterval(tick, 10);",
        &[],
    );
    check(
        &RULE,
        "import { setInterval } from './scheduler.js'; app.get('/', (req, res) => { setInterval(tick, 10); });",
        &[],
    );
}

#[test]
fn what_a_handler_calls_is_sure() {
    let found = |call: &str| {
        let text = format!(
            "let on = false;\nconst beat = (s) => {{ setInterval(() => s.ping(), 9); }};\nio.on('connection', (s) => {{ {call} }});"
        );
        let source = stanch_js_source::SourceText::new("case.ts", text);
        crate::lint_with(&source, |rule| rule.id == RULE.id).len()
    };
    assert_eq!(found("beat(s);"), 1);
    assert_eq!(found("if (!on) { on = true; beat(s); }"), 0);
}

#[test]
fn nobody_stops_what_is_given_back() {
    let store = |used: &str| {
        format!(
            "const createStore = () => {{\n  const all = new Map();\n  const timer = setInterval(() => sweep(all), 9);\n  return {{ get: (k) => all.get(k), stop: () => clearInterval(timer) }};\n}};\napp.get('/', (req, res) => {{ const store = createStore(); res.end(store.get(1)); {used} }});"
        )
    };
    check(&RULE, &store(""), &[3]);
    check(&RULE, &store("store.stop();"), &[]);
    let poller = |used: &str| {
        format!(
            "class Poller {{ start() {{ this.timer = setInterval(() => read(), 9); return this; }}\n  stop() {{ clearInterval(this.timer); }} }}\napp.get('/', (req, res) => {{ const p = new Poller().start(); {used} }});"
        )
    };
    check(&RULE, &poller(""), &[1]);
    check(&RULE, &poller("res.on('close', () => p.stop());"), &[]);
}

#[test]
fn effects_and_components() {
    check(
        &RULE,
        "useEffect(() => { setInterval(tick, 10); }, [a]);",
        &[1],
    );
    check(
        &RULE,
        "useEffect(() => { const t = setInterval(tick, 10); return () => clearInterval(t); }, [a]);",
        &[],
    );
    check(
        &RULE,
        "class A extends React.Component {\n  constructor() { super(); this.t = setInterval(tick, 10); }\n  componentWillUnmount() { clearInterval(this.t); }\n}",
        &[2],
    );
    check(
        &RULE,
        "class A extends React.Component {\n  componentDidMount() { this.t = setInterval(tick, 10); }\n  componentWillUnmount() { clearInterval(this.t); }\n}",
        &[],
    );
}

#[test]
fn the_next_takes_its_place() {
    let watch = |rest: &str| {
        format!(
            "io.on('connection', (socket) => {{ let timer;\n  socket.on('watch', (s) => {{ {rest}timer = setInterval(() => socket.emit('q', s), 9); }});\n  socket.on('disconnect', () => clearInterval(timer)); }});"
        )
    };
    check(&RULE, &watch(""), &[2]);
    check(&RULE, &watch("clearInterval(timer); "), &[]);
    check(&RULE, &watch("if (timer) return; "), &[]);
    let table = |rest: &str| {
        format!(
            "const timers = new Map();\nio.on('connection', (socket) => {{\n  socket.on('watch', (s) => {{ {rest}timers.set(socket.id, setInterval(() => socket.emit('q', s), 9)); }});\n  socket.on('disconnect', () => {{ clearInterval(timers.get(socket.id)); timers.delete(socket.id); }}); }});"
        )
    };
    check(&RULE, &table(""), &[3]);
    check(&RULE, &table("clearInterval(timers.get(socket.id)); "), &[]);
    check(
        &RULE,
        "const timers = new Map();\nio.on('connection', (socket) => {\n  const id = randomUUID();\n  timers.set(id, setInterval(() => socket.ping(), 9));\n  socket.on('close', () => clearInterval(timers.get(id))); });",
        &[],
    );
    check(
        &RULE,
        "class Feed { connect() {\n  this.ws = new WebSocket(this.url);\n  this.ws.onopen = () => { this.t = setInterval(() => this.ws.send(''), 9); };\n  this.ws.onclose = () => setTimeout(() => this.connect(), 9); } }",
        &[3],
    );
}

#[test]
fn ends_that_do_not_come() {
    check(
        &RULE,
        "app.post('/', (req, res) => {\n  const t = setInterval(tick, 9);\n  req.pipe(open()).on('finish', () => clearInterval(t));\n});",
        &[2],
    );
    check(
        &RULE,
        "app.post('/', (req, res) => {\n  const t = setInterval(tick, 9); const to = open();\n  req.pipe(to); to.on('finish', () => clearInterval(t)); req.on('close', () => clearInterval(t));\n});",
        &[],
    );
    let server = |event: &str| {
        format!(
            "import net from 'node:net';\nnet.createServer((c) => {{\n  const t = setInterval(() => c.write('.'), 9);\n  c.on('{event}', () => clearInterval(t));\n}});"
        )
    };
    check(&RULE, &server("end"), &[3]);
    let call = |event: &str, more: &str| {
        format!(
            "export function progress(call) {{\n  const t = setInterval(() => call.write(call.request.id), 9);\n  call.on('{event}', () => clearInterval(t)); {more}\n}}"
        )
    };
    check(&RULE, &call("end", ""), &[2]);
    check(&RULE, &call("cancelled", ""), &[]);
    check(&RULE, &call("end", "call.on('data', log);"), &[]);
    check(&RULE, &server("close"), &[]);
    check(
        &RULE,
        "new ApolloServer({ context: ({ req }) => {\n  setInterval(tick, 9); return {}; } });",
        &[2],
    );
    check(
        &RULE,
        "new Store({ context: ({ now }) => {\n  setInterval(tick, 9); return {}; } });",
        &[],
    );
}

#[test]
fn one_for_each_room() {
    let rooms = |made: &str, left: &str| {
        format!(
            "class Room {{ constructor() {{ this.t = setInterval(() => this.tick(), 9); }} }}\nconst rooms = new Map();\nio.on('connection', (socket) => {{ const id = socket.query.room;\n  {made}\n  socket.on('disconnect', () => {{ {left} }}); }});"
        )
    };
    let found = |text: String| {
        let source = stanch_js_source::SourceText::new("case.ts", text);
        crate::lint_with(&source, |rule| rule.id == RULE.id).len()
    };
    let made = "const room = rooms.get(id) || new Room(id); rooms.set(id, room);";
    assert_eq!(found(rooms(made, "rooms.delete(id);")), 1);
    assert_eq!(found(rooms(made, "")), 0);
    let made = "let room = rooms.get(id); if (!room) { room = new Room(id); rooms.set(id, room); }";
    assert_eq!(found(rooms(made, "rooms.delete(id);")), 1);
    let made = "const room = current || new Room(id); rooms.set(id, room);";
    assert_eq!(found(rooms(made, "rooms.delete(id);")), 0);
}

#[test]
fn fields_that_are_overwritten() {
    let class = |open: &str| {
        format!(
            "class A {{\n  connect() {{\n    const ws = new WebSocket(this.url);\n    ws.on('open', () => {{ {open}this.t = setInterval(() => ws.ping(), 9); }});\n    ws.on('close', () => setTimeout(() => this.connect(), 9));\n  }}\n  close() {{ clearInterval(this.t); }}\n}}"
        )
    };
    check(&RULE, &class(""), &[4]);
    check(&RULE, &class("clearInterval(this.t); "), &[]);
    check(&RULE, &class("this.close(); "), &[]);
    check(&RULE, &class("if (!this.t) "), &[]);
    check(
        &RULE,
        "class A { start() { this.t = setInterval(tick, 9); } stop() { clearInterval(this.t); } }",
        &[],
    );
}

#[test]
fn intervals_that_clear_themselves() {
    let beat = |end: &str| {
        format!(
            "wss.on('connection', (ws) => {{\n  const t = setInterval(() => {{ if (dead(ws)) clearInterval(t); else ws.ping(); }}, 9);\n  ws.on('close', () => {{ {end} }});\n}});"
        )
    };
    check(&RULE, &beat("forget(ws);"), &[2]);
    check(&RULE, &beat("clearInterval(t);"), &[]);
    check(
        &RULE,
        "app.get('/', (req, res) => { const t = setInterval(() => { if (done()) { clearInterval(t); res.end(); } }, 9); });",
        &[],
    );
}

#[test]
fn intervals_that_go_on_after_a_failure() {
    let poll = |failed: &str| {
        format!(
            "exports.when = (name, done) => {{\n  const t = setInterval(async () => {{\n    const s = await state(name);\n    if (s.ok) {{ clearInterval(t); done(null, s); }} else if (s.failed) {{ {failed}; }}\n  }}, 9);\n}};"
        )
    };
    check(&RULE, &poll("done(new Error('failed'))"), &[2]);
    check(
        &RULE,
        &poll("clearInterval(t); done(new Error('failed'))"),
        &[],
    );
    check(&RULE, &poll("done(null, s)"), &[]);
}

#[test]
fn fields_that_nothing_clears() {
    check(
        &RULE,
        "class Progress {\n  constructor(job) { this.t = setInterval(() => job.report(), 9); this.t.unref(); }\n}\napp.post('/', (req, res) => { new Progress(req.body); });",
        &[2],
    );
    check(
        &RULE,
        "class Progress {\n  constructor(job) { this.t = setInterval(() => job.report(), 9); }\n  end() { clearInterval(this.t); }\n}\napp.post('/', (req, res) => { new Progress(req.body).end(); });",
        &[],
    );
    check(
        &RULE,
        "let t;\napp.get('/', (req, res) => { if (t) return; t = setInterval(tick, 9); });",
        &[],
    );
}

#[test]
fn ways_out_that_leave_it_running() {
    let handler = |rest: &str| {
        format!(
            "app.get('/', async (req, res) => {{\n  const t = setInterval(tick, 9);\n  {rest}\n}});"
        )
    };
    check(&RULE, &handler("await work(req); clearInterval(t);"), &[2]);
    check(
        &RULE,
        &handler("if (!req.query.id) return; clearInterval(t);"),
        &[2],
    );
    check(
        &RULE,
        &handler("try { await work(req); } finally { clearInterval(t); }"),
        &[],
    );
    check(
        &RULE,
        &handler("work(req).then((x) => { clearInterval(t); res.end(x); });"),
        &[2],
    );
    check(
        &RULE,
        &handler("work(req).then(go).finally(() => clearInterval(t));"),
        &[],
    );
    check(
        &RULE,
        &handler("work(req).catch(log).then(() => clearInterval(t));"),
        &[],
    );
    check(
        &RULE,
        "async function main() { const t = setInterval(tick, 9); await work(); clearInterval(t); }\nmain();",
        &[],
    );
}

#[test]
fn events_that_do_not_come_when_the_client_goes() {
    let handler = |end: &str| {
        format!(
            "app.get('/', (req, res) => {{\n  const t = setInterval(() => res.write('.'), 9);\n  const stop = () => clearInterval(t);\n  {end}\n}});"
        )
    };
    check(&RULE, &handler("res.on('finish', stop);"), &[2]);
    check(
        &RULE,
        &handler("res.on('finish', stop); res.on('error', stop);"),
        &[2],
    );
    check(
        &RULE,
        &handler("res.on('finish', stop); res.on('close', stop);"),
        &[],
    );
    check(&RULE, &handler("req.on('end', stop);"), &[]);
    check(&RULE, &handler("finished(res, stop);"), &[]);
    let connection = |event: &str| {
        format!(
            "wss.on('connection', (ws) => {{\n  const t = setInterval(() => ws.ping(), 9);\n  ws.on('{event}', (m) => {{ if (m) clearInterval(t); }});\n}});"
        )
    };
    check(&RULE, &connection("message"), &[2]);
    check(&RULE, &connection("close"), &[]);
}

#[test]
fn a_method_that_nobody_calls() {
    let class = |rest: &str| {
        format!(
            "class Session {{\n  constructor(ws) {{ this.t = setInterval(() => ws.ping(), 9); }}\n  halt() {{ clearInterval(this.t); }}\n}}\nwss.on('connection', (ws) => {{ const s = new Session(ws); {rest} }});"
        )
    };
    check_sure(&RULE, &class("ws.on('message', (m) => s.take(m));"), &[2]);
    check(&RULE, &class("ws.on('close', () => s.halt());"), &[]);
    check(&RULE, &class("if (ws) ws.on('close', s.halt);"), &[]);
}

#[test]
fn sure_where_no_condition_stands_between() {
    let class = |made: &str| {
        format!(
            "class Base {{ constructor() {{ setInterval(tick, 9); }} }}\nclass Own extends Base {{}}\nlet one;\napp.get('/', (req, res) => {{ {made} }});"
        )
    };
    check_sure(&RULE, &class("new Own();"), &[1]);
    check_sure(&RULE, &class("one ??= new Own();"), &[]);
    check_sure(&RULE, &class("if (!one) one = new Own();"), &[]);
    check_sure(&RULE, &class("if (one) return; one = new Own();"), &[]);
}

#[test]
fn kept_by_what_clears_nothing() {
    let follow = |rest: &str| {
        format!(
            "const timers = new Map();\nio.on('connection', (s) => {{\n  timers.set(s.id, setInterval(() => s.emit('a'), 9));\n  {rest}\n}});"
        )
    };
    check(
        &RULE,
        &follow("s.on('disconnect', () => timers.delete(s.id));"),
        &[3],
    );
    check(
        &RULE,
        &follow("s.on('disconnect', () => clearInterval(timers.get(s.id)));"),
        &[],
    );
}

#[test]
fn work_that_a_function_is_given_may_fail() {
    let run = |work: &str, after: &str| {
        format!(
            "export async function locked(lock, work) {{\n  const timer = setInterval(() => lock.extend(), 9_000);\n  {work}\n  {after}\n}}"
        )
    };
    let clear = "clearInterval(timer);";
    check_sure(&RULE, &run("await work();", clear), &[2]);
    check(&RULE, &run("await lock.wait();", clear), &[]);
    check(&RULE, &run("await work().catch(log);", ""), &[]);
    let ends = format!("try {{ await work(); }} finally {{ {clear} }}");
    check(&RULE, &run(&ends, ""), &[]);
}
