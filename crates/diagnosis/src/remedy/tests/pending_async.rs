//! Timers and promises.

use stanch_leak_patterns::Pattern::PendingAsync;

use super::Case;

fn timer(name: &'static str) -> Case {
    Case::new(PendingAsync, "Timeout", name)
}

#[test]
fn an_interval_is_cleared_with_the_response() {
    timer("setInterval").check(
        "app.get('/', (req, res) => {\n  «setInterval(() => {\n    beat();\n  }, 30_000)»;\n  res.end();\n});\n",
        &[
            "-  setInterval(() => {",
            "+  const timer = setInterval(() => {",
            "+  res.once('close', () => clearInterval(timer));",
        ],
    );
    timer("setInterval").check(
        "app.get('/', (req, res) => {\n  const timer = 1;\n  «setInterval(beat, 5)».unref();\n});\n",
        &[
            "-  setInterval(beat, 5).unref();",
            "+  const timer2 = setInterval(beat, 5).unref();",
            "+  res.once('close', () => clearInterval(timer2));",
        ],
    );
    timer("setInterval").check(
        "app.get('/', (req, res) => {\r\n  const beat = «setInterval(f, 5)»;\r\n});\r\n",
        &["+  res.once('close', () => clearInterval(beat));"],
    );
    timer("setInterval").path("a.ts").check(
        "app.get('/', async (req: Request, res: Response): Promise<void> => {\n  await load();\n  «setInterval(f, 5)»;\n});\n",
        &[
            "-  setInterval(f, 5);",
            "+  const timer = setInterval(f, 5);",
            "+  if (res.destroyed) clearInterval(timer);",
            "+  else res.once('close', () => clearInterval(timer));",
        ],
    );
}

#[test]
fn a_timeout_is_cleared_when_it_serves_the_response() {
    timer("setTimeout").check(
        "app.get('/', (req, res) => {\n  «setTimeout(() => res.end('late'), 5)»;\n});\n",
        &[
            "-  setTimeout(() => res.end('late'), 5);",
            "+  const timer = setTimeout(() => res.end('late'), 5);",
            "+  res.once('close', () => clearTimeout(timer));",
        ],
    );
    timer("setTimeout").check(
        "app.get('/', (req, res) => {\n  «setTimeout(() => free(seat), DAY)»;\n});\n",
        &[],
    );
}

#[test]
fn what_cannot_be_named_has_no_patch() {
    for source in [
        "function watch(user) {\n  «setInterval(() => user, 5)»;\n}\n",
        "app.get('/', (req, res) => {\n  let timer = «setInterval(f, 5)»;\n  timer = 1;\n});\n",
        "app.get('/', (req, res) => {\n  this.timer = «setInterval(f, 5)»;\n});\n",
        "app.get('/', (req, res) => {\n  if (req.x) «setInterval(f, 5)»;\n});\n",
        "app.get('/',(req,res)=>{«setInterval(f,5)»;res.end()});\n",
        "const setInterval = g;\napp.get('/', (req, res) => {\n  «setInterval(f, 5)»;\n});\n",
        "app.get('/', (req, res) => «setInterval(f, 5)»);\n",
    ] {
        timer("setInterval").check(source, &[]);
    }
}

#[test]
fn words_name_what_does_not_settle() {
    timer("setTimeout").check_words(
        "function f() {\n  «setTimeout(g, DAY)».unref();\n}\n",
        &[
            "Clear each timer that `setTimeout` starts",
            "`unref()` at app.js:2 only lets",
        ],
    );
    let promise = |name| Case::new(PendingAsync, "Promise", name);
    promise("stopping").check_words(
        "const stopping = new Promise(f);\nasync function g(r) {\n  return «Promise.race([stopping, r])»;\n}\n",
        &["promise that waits on `stopping`", "app.js:3 races `stopping`"],
    );
    promise("ready").check_words(
        "function f() {\n  «ready.then(() => 1)»;\n}\n",
        &["app.js:2 adds a callback to `ready`"],
    );
    promise("#acks").check_words(
        "function f() {\n  return «new Promise((r) => acks.set(1, r))»;\n}\n",
        &["AbortSignal.timeout", "app.js:2 makes a promise"],
    );
    promise("stopping").variable().check_words(
        "const stopping = new Promise(f);\nasync function g(r) {\n  return Promise.race([stopping, r]);\n}\n",
        &["app.js:3 races `stopping`"],
    );
    promise("acks").check_words(
        "function f(id, resolve) {\n  «acks.set(id, resolve)»;\n}\n",
        &["app.js:2 keeps `resolve`", "out of `acks`"],
    );
}
