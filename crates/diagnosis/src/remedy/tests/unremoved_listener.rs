//! Handlers on emitters that live long.

use stanch_leak_patterns::Pattern::UnremovedListener;

use super::Case;

fn emitter(name: &'static str) -> Case {
    Case::new(UnremovedListener, "EventEmitter", name)
}

#[test]
fn an_inline_handler_gets_a_name_and_goes_with_the_response() {
    emitter("bus").check(
        "app.get('/', (req, res) => {\n  «bus.on('tick', (t) => {\n    res.write(t);\n  })»;\n});\n",
        &[
            "-  bus.on('tick', (t) => {",
            "+  const onTick = (t) => {",
            "-  });",
            "+  };",
            "+  bus.on('tick', onTick);",
            "+  res.once('close', () => bus.off('tick', onTick));",
        ],
    );
    emitter("bus").check(
        "http.createServer(function (request, response) {\n\t«bus.addListener('a:b-c', function () { this.x(); })»\n\tgo()\n})\n",
        &[
            "-\tbus.addListener('a:b-c', function () { this.x(); })",
            "+\tconst onABC = function () { this.x(); }",
            "+\tbus.addListener('a:b-c', onABC)",
            "+\tresponse.once('close', () => bus.removeListener('a:b-c', onABC))",
        ],
    );
    emitter("bus").check(
        "app.get('/', (req, res) => {\n  «bus.on(\n    'tick',\n    (t) => {\n      go(t);\n    },\n  )»;\n});\n",
        &[
            "+  const onTick = (t) => {",
            "+    go(t);",
            "+  };",
            "-    (t) => {",
            "-      go(t);",
            "-    },",
            "+    onTick,",
            "+  res.once('close', () => bus.off('tick', onTick));",
        ],
    );
}

#[test]
fn a_handler_with_a_name_only_needs_to_go() {
    emitter("bus").check(
        "app.get('/', (req, res) => {\n  const show = () => res.end();\n  «bus.once('done', show)»;\n});\n",
        &["+  res.once('close', () => bus.off('done', show));"],
    );
    emitter("bus").check(
        "class A { handle(req, res) {\n  «bus.on(Events.DONE, this.done)»;\n} }\n",
        &["+  res.once('close', () => bus.off(Events.DONE, this.done));"],
    );
    emitter("bus").check(
        "app.get('/', (req, res) => {\n  let show = a;\n  show = b;\n  «bus.on('done', show)»;\n});\n",
        &[],
    );
}

#[test]
fn a_bound_function_is_kept_to_be_taken_off() {
    emitter("bus").check(
        "class A { handle(req, res) {\n  «bus.on('done', this.done.bind(this, res))»;\n} }\n",
        &[
            "-  bus.on('done', this.done.bind(this, res));",
            "+  const onDone = this.done.bind(this, res);",
            "+  bus.on('done', onDone);",
            "+  res.once('close', () => bus.off('done', onDone));",
        ],
    );
}

#[test]
fn an_event_target_and_a_signal_have_methods_of_their_own() {
    Case::new(UnremovedListener, "AbortSignal", "signal").check(
        "function handle(req, res) {\n  «shutdown.signal.addEventListener('abort', () => res.end(), { once: true })»;\n}\n",
        &[
            "-  shutdown.signal.addEventListener('abort', () => res.end(), { once: true });",
            "+  const onAbort = () => res.end();",
            "+  shutdown.signal.addEventListener('abort', onAbort, { once: true });",
            "+  res.once('close', () => shutdown.signal.removeEventListener('abort', onAbort));",
        ],
    );
    Case::new(UnremovedListener, "EventTarget", "target").check(
        "function handle(req, res) {\n  «target.addEventListener('a', () => res.end(), { capture: true })»;\n}\n",
        &[],
    );
}

#[test]
fn frameworks_have_responses_of_their_own() {
    emitter("bus").check(
        "app.get('/', (request, reply) => {\n  «bus.on('a', f)»;\n});\n",
        &["+  reply.raw.once('close', () => bus.off('a', f));"],
    );
    emitter("bus").check(
        "import Koa from 'koa';\napp.use((ctx, next) => {\n  «bus.on('a', f)»;\n});\n",
        &["+  ctx.res.once('close', () => bus.off('a', f));"],
    );
    emitter("bus").check("draw((ctx, next) => {\n  «bus.on('a', f)»;\n});\n", &[]);
}

#[test]
fn a_response_may_be_over_after_an_await() {
    emitter("bus").check(
        "app.get('/', async (req, res) => {\n  const user = await load(req);\n  «bus.on('a', f)»;\n});\n",
        &[
            "+  if (res.destroyed) bus.off('a', f);",
            "+  else res.once('close', () => bus.off('a', f));",
        ],
    );
}

#[test]
fn without_a_response_of_its_own_there_is_no_patch() {
    for source in [
        "function watch(user) {\n  «bus.on('a', () => user)»;\n}\n",
        "http.get(url, (res) => {\n  «bus.on('a', () => res)»;\n});\n",
        "find(q, (err, res) => {\n  «bus.on('a', () => res)»;\n});\n",
        "app.get('/', (req, res) => {\n  later(() => {\n    «bus.on('a', () => res)»;\n  });\n});\n",
        "app.get('/', (req, res) => {\n  res = wrap(res);\n  «bus.on('a', f)»;\n});\n",
        "app.get('/', (req, res) => «bus.on('a', () => res)»);\n",
        "app.get('/', (req, res) => {\n  «res.socket.on('close', () => 1)»;\n});\n",
        "let bus; bus = 1;\napp.get('/', (req, res) => {\n  «bus.on('a', f)»;\n});\n",
        "app.get('/', (req, res) => {\n  «bus.on('a', f)».on('b', g);\n});\n",
        "app.get('/', (req, res) => {\n  «bus.on(name(), f)»;\n});\n",
    ] {
        emitter("bus").check(source, &[]);
    }
    emitter("bus").check_words(
        "function w() {\n  «bus.on('a', f)»;\n}\n",
        &["return another that takes it off"],
    );
}

#[test]
fn typescript_handlers_keep_their_types() {
    emitter("bus").path("a.ts").check(
        "app.get('/', (req, res) => {\n  «bus.on('a', (t) => res.write(t))»;\n});\n",
        &[],
    );
    emitter("bus").path("a.ts").check(
        "app.get('/', (req, res) => {\n  «bus.on('a', (t: Tick) => res.write(t))»;\n});\n",
        &[
            "-  bus.on('a', (t: Tick) => res.write(t));",
            "+  const onA = (t: Tick) => res.write(t);",
            "+  bus.on('a', onA);",
            "+  res.once('close', () => bus.off('a', onA));",
        ],
    );
}

#[test]
fn names_do_not_collide() {
    emitter("bus").check(
        "app.get('/', (req, res) => {\n  const onA = 1;\n  «bus.on('a', () => onA)»;\n  «bus.on('a', () => 2)»;\n});\n",
        &[
            "-  bus.on('a', () => onA);",
            "-  bus.on('a', () => 2);",
            "+  const onA2 = () => onA;",
            "+  bus.on('a', onA2);",
            "+  res.once('close', () => bus.off('a', onA2));",
            "+  const onA3 = () => 2;",
            "+  bus.on('a', onA3);",
            "+  res.once('close', () => bus.off('a', onA3));",
        ],
    );
}

#[test]
fn words_name_what_works_in_vain() {
    emitter("bus").check_words(
        "bus.setMaxListeners(0);\nclass A {\n  constructor() {\n    «bus.on('a', this.f.bind(this))»;\n  }\n  end() {\n    bus.off('a', this.f.bind(this));\n  }\n}\n",
        &["app.js:7 takes nothing off", "app.js:1 raises the limit", "Take each handler off `bus`"],
    );
    emitter("exit").check_words(
        "function f() {\n  «process.on('exit', () => 1)»;\n}\n",
        &["Register on `process` once"],
    );
    emitter("bus").check_words(
        "function a(req, res) {\n  «bus.on('a', f)»;\n}\nfunction b() {\n  «bus.on('a', f)»;\n}\n",
        &["when the response closes", "by hand at app.js:5"],
    );
}

#[test]
fn handlers_that_pipe_added_go_with_the_pipe() {
    emitter("log").variable().check(
        "const log = open();\nexport function line(req, res) {\n  const line = new PassThrough();\n  line.pipe(log);\n}\n",
        &["+  res.once('close', () => line.end());"],
    );
}
