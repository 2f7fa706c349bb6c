//! Positions into functions, the calls they are handed to, and the variables they capture.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use stanch_js_source::{CallSite, ImportedName, ParsedSource, Position, SourceText, with_parsed};

/// Asks about the position of the first `|`.
#[track_caller]
fn at<T>(path: &str, text: &str, ask: impl FnOnce(&ParsedSource<'_>, Position) -> T) -> T {
    let offset = text.find('|').expect("a mark");
    let source = SourceText::new(path, text.replacen('|', "", 1));
    let position = source.position(offset as u32);
    with_parsed(&source, |parsed| {
        assert_eq!(parsed.problems(), [], "{text}");
        ask(parsed, position)
    })
}

fn describe(call: CallSite) -> String {
    let mut text = format!("{:?} {}", call.kind, call.callee);
    for (label, value) in [
        ("event", call.event),
        ("option", call.option),
        ("bound", call.bound_to),
        ("delay", call.delay_ms.map(|delay| delay.to_string())),
        ("argument", call.argument.map(|index| index.to_string())),
    ] {
        if let Some(value) = value {
            text.push_str(&format!(" {label}={value}"));
        }
    }
    text
}

#[track_caller]
fn check_call(text: &str, expected: &str) {
    let found = at("app.js", text, |parsed, position| {
        parsed.call_around(position)
    });
    let found = found.map_or("none".to_string(), describe);
    assert_eq!(found, expected, "{text}");
}

#[test]
fn calls_around_closures() {
    check_call(
        "bus.on('tick', |() => 1);",
        "Call bus.on event=tick argument=1",
    );
    check_call(
        "const t = setInterval(function |() { x(); }, 2 * 1000);",
        "Call setInterval bound=t delay=2000 argument=0",
    );
    check_call(
        "const p = new Promise(|(resolve) => q(resolve));",
        "New Promise bound=p argument=0",
    );
    check_call("hooks.push(|async () => 1);", "Call hooks.push argument=0");
    check_call(
        "signal.addEventListener('abort', |() => 1, { once: true });",
        "Call signal.addEventListener event=abort argument=1",
    );
    check_call(
        "const onData = |(d) => d; socket.on('data', onData);",
        "Call socket.on event=data argument=1",
    );
    check_call(
        "function onData|(d) {} socket.on('data', onData);",
        "Call socket.on event=data argument=1",
    );
    check_call(
        "class A { start() { bus.on('x', this.handle.bind(this)); } handle|(e) {} }",
        "Call bus.on event=x argument=1",
    );
    check_call(
        "class A { handle = |(e) => e; start() { bus.on('x', this.handle); } }",
        "Call bus.on event=x argument=1",
    );
    check_call(
        "class A { constructor() { this.h = |() => 1; bus.on('x', this.h); } }",
        "Call bus.on event=x argument=1",
    );
    check_call(
        "new Transform({ transform|(c, e, cb) { cb(); } });",
        "New Transform option=transform argument=0",
    );
    check_call(
        "const make = (req) => |() => req; bus.on('x', make(1));",
        "Call bus.on event=x argument=1",
    );
    check_call(
        "function make(req) { return function |() { return req; }; } const h = make(1); bus.on('x', h);",
        "Call bus.on event=x argument=1",
    );
    check_call(
        "function sweep|() {} setInterval(() => sweep(), 100);",
        "Call setInterval delay=100 argument=0",
    );
    check_call(
        "bus.on('x', flag ? |() => 1 : () => 2);",
        "Call bus.on event=x argument=1",
    );
    check_call("socket.onclose = |() => 1;", "Assignment socket.onclose");
    check_call("handlers[id] = |() => 1;", "Assignment handlers[id]");
    check_call("const lonely = |() => 1;", "none");
    check_call("(function |() {}).call(this);", "none");
    check_call(
        "emitter?.on('x', |() => 1);",
        "Call emitter?.on event=x argument=1",
    );
    check_call(
        "const job = await queue.add('name', async function |() {});",
        "Call queue.add event=name bound=job argument=1",
    );
    check_call(
        "this.timer = setTimeout(|() => 1, DELAY); const DELAY = 50;",
        "Call setTimeout bound=this.timer delay=50 argument=0",
    );
    check_call(
        "app.get('/', wrap(|async (req) => req));",
        "Call wrap argument=0",
    );
}

#[test]
fn calls_inside_functions() {
    let calls = at(
        "app.js",
        "function serve|(req, res) { const s = fs.createReadStream(p); s.pipe(res); on(() => inner()); new Transform(); }",
        |parsed, position| parsed.calls_in(position),
    );
    let calls: Vec<String> = calls.into_iter().map(describe).collect();
    assert_eq!(
        calls,
        [
            "Call fs.createReadStream bound=s",
            "Call s.pipe",
            "Call on",
            "New Transform"
        ]
    );
    let calls = at("app.js", "|a(); function f() { b(); }", |parsed, p| {
        parsed.calls_in(p)
    });
    assert_eq!(calls.len(), 1);
}

#[track_caller]
fn check_function(text: &str, expected: &str) {
    let found = at("app.ts", text, |parsed, position| {
        parsed.function_at(position)
    });
    let found = found.map(|found| {
        let around: Vec<String> = found.enclosing.iter().map(|f| f.label()).collect();
        format!(
            "{:?} {}({}) in [{}]",
            found.kind,
            found.function.label(),
            found.parameters.join(" "),
            around.join(" ")
        )
    });
    assert_eq!(found.as_deref(), Some(expected), "{text}");
}

/// The marks stand where V8 places each kind of function (measured on Node 20).
#[test]
fn functions_by_position() {
    check_function("function named|(a, { b }) {}", "Function named(a b) in []");
    check_function("const f = function |(a) {};", "Function f(a) in []");
    check_function("const f = |async a => a;", "Arrow f(a) in []");
    check_function("const f = (a) => |(b) => a;", "Arrow (anonymous)(b) in [f]");
    check_function("class A { async m|(x) {} }", "Method A.m(x) in []");
    check_function(
        "class A { constructor|() {} }",
        "Constructor A.constructor() in []",
    );
    check_function(
        "class A { get #g|() { return 1; } }",
        "Accessor A.#g() in []",
    );
    check_function("class A { h = |(e) => e; }", "Arrow A.h(e) in []");
    check_function("const o = { async *m|(x) {} };", "Method m(x) in []");
    check_function("exports.run = function* |() {};", "Function run() in []");
    check_function(
        "function outer() { inner(fun|ction () {}); }",
        "Function (anonymous)() in [outer]",
    );
}

#[track_caller]
fn check_captured(text: &str, expected: &str) {
    let scopes = at("app.js", text, |parsed, position| parsed.captured(position));
    let scopes: Vec<String> = scopes
        .iter()
        .map(|scope| {
            let name = scope
                .function
                .as_ref()
                .map_or("module".to_string(), |f| f.label());
            let variables: Vec<String> = scope
                .variables
                .iter()
                .map(|variable| {
                    let by: Vec<String> = variable.captured_by.iter().map(|f| f.label()).collect();
                    format!("{}<{}", variable.name, by.join("+"))
                })
                .collect();
            let eval = if scope.has_eval { " eval" } else { "" };
            format!("{name}{eval}: {}", variables.join(" "))
        })
        .collect();
    assert_eq!(scopes.join("; "), expected, "{text}");
}

#[test]
fn captured_variables() {
    check_captured(
        "function load() { const big = read(); const id = 1; const unused = 2; const spy = () => big; return |() => id; }",
        "load: big<spy id<(anonymous)",
    );
    check_captured(
        "const top = 1; function f() { { let inner = 2; return |() => { const own = 3; return () => own + inner + top; }; } }",
        "(anonymous): own<(anonymous); f: inner<(anonymous); module: top<f",
    );
    check_captured(
        "function f(a, b) { const g = |() => eval(b); return g; }",
        "f eval: a< b<g g<; module eval: f<",
    );
    check_captured(
        "function f(p) { class A { x = p; } return |() => A; }",
        "f: p<A.x A<(anonymous)",
    );
}

#[test]
fn module_surface() {
    let source = SourceText::new(
        "app.js",
        "import def, { a as b } from 'm';\nimport * as ns from 'n';\nimport 'side';\nconst { x, y: z } = require('r');\nconst q = require('s').T;\nexport const one = 1, two = 2;\nexport { b as bee };\nexport default function main() {}\nexport * from 'o';",
    );
    let (imports, exports) = with_parsed(&source, |parsed| {
        (parsed.imports(), parsed.exported_names())
    });
    let imports: Vec<String> = imports
        .into_iter()
        .map(|import| {
            let local = import.local.unwrap_or("-".into());
            let name = match import.imported {
                ImportedName::Default => "default".to_string(),
                ImportedName::Module => "*".to_string(),
                ImportedName::Named(name) => name,
            };
            format!("{local}={}:{name}", import.module)
        })
        .collect();
    assert_eq!(
        imports,
        [
            "def=m:default",
            "b=m:a",
            "ns=n:*",
            "-=side:*",
            "x=r:x",
            "z=r:y",
            "q=s:T"
        ]
    );
    let exports: Vec<String> = exports
        .into_iter()
        .map(|export| format!("{}={}", export.name, export.local.unwrap_or("-".into())))
        .collect();
    assert_eq!(
        exports,
        ["one=one", "two=two", "bee=b", "default=main", "*=-"]
    );
}

#[test]
fn common_js_exports() {
    let source = SourceText::new(
        "app.cjs",
        "exports.a = 1;\nmodule.exports.b = c;\nmodule.exports = { d, e: f };\nglobalThis.leak = [];\nleak = 2;",
    );
    with_parsed(&source, |parsed| {
        let exports: Vec<String> = parsed
            .exported_names()
            .into_iter()
            .map(|export| format!("{}={}", export.name, export.local.unwrap_or("-".into())))
            .collect();
        assert_eq!(exports, ["a=-", "b=c", "d=d", "e=f"]);
        assert_eq!(parsed.global_assignments("leak").len(), 2);
    });
}

#[test]
fn broken_and_odd_texts() {
    for (path, text, problems) in [
        ("a.js", "#!/usr/bin/env node\nconst a = 1;", false),
        ("a.js", "with (x) { y(); }\nvar z = 010;", false),
        ("a.js", "return 1;", false),
        ("a.js", "const x: number = 1;", false),
        ("file:///a/b.mts?x=1", "const x: number = 1;", false),
        ("evalmachine.<anonymous>", "const x = await y;", false),
        ("a.js", "const = ;", true),
    ] {
        let source = SourceText::new(path, text);
        with_parsed(&source, |parsed| {
            assert_eq!(
                !parsed.problems().is_empty(),
                problems,
                "{path}: {text} {:?}",
                parsed.problems()
            );
        });
    }
}
