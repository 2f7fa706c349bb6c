use super::RULE;
use crate::rules::testing::{check, check_page};

#[test]
fn the_page_holds() {
    check_page(&RULE);
}

#[test]
fn makers_of_other_files_and_fields_that_a_parameter_is_kept_in() {
    let maker = |make: &str| {
        format!(
            "{make}\nexport const a = (id) => bus.on('m', of(id));\nexport const b = (id) => bus.off('m', of(id));"
        )
    };
    check(
        &RULE,
        &maker("const of = (id) => _.debounce((m) => log(id, m), 9);"),
        &[3],
    );
    check(&RULE, &maker("const of = (id) => known.get(id);"), &[]);
    let class = |kept: &str| {
        format!(
            "class View {{\n  #bus;\n  constructor(bus) {{ this.#bus = {kept}; bus.on('x', this.show.bind(this)); }}\n  end() {{ this.#bus.off('x', this.show); }}\n}}"
        )
    };
    check(&RULE, &class("bus"), &[4]);
    check(&RULE, &class("other"), &[]);
}

#[test]
fn new_functions_remove_nothing() {
    check(&RULE, "bus.off('a', () => {});", &[1]);
    check(&RULE, "bus.removeListener('a', function () {});", &[1]);
    check(
        &RULE,
        "window.removeEventListener('a', this.go.bind(this));",
        &[1],
    );
    check(&RULE, "bus?.off('a', (((x) => x)));", &[1]);
    check(
        &RULE,
        "const make = (s) => (x) => s.send(x);\nbus.on('a', make(s));\nbus.off('a', make(s));",
        &[3],
    );
}

#[test]
fn the_bare_function_is_not_the_wrapped_one() {
    check(
        &RULE,
        "bus.on('a', this.go.bind(this));\nbus.off('a', this.go);",
        &[2],
    );
    check(
        &RULE,
        "w.addEventListener('a', throttle(f, 9));\nw.removeEventListener('a', f);",
        &[2],
    );
    check(
        &RULE,
        "bus.on('a', f);\nbus.on('a', wrap(f));\nbus.off('a', f);",
        &[],
    );
    check(
        &RULE,
        "bus.on('a', wrap(f));\nbus.off('b', f);\nother.off('a', f);",
        &[],
    );
}

#[test]
fn the_function_is_not_what_calls_it() {
    check(
        &RULE,
        "const add = (t, f) => { bus.on(t, (x) => f(x.y)); };\nconst drop = (t, f) => { bus.off(t, f); };",
        &[2],
    );
    check(
        &RULE,
        "const add = (t, f) => { bus.on(t, (x) => f(x.y)); bus.on(t, f); };\nconst drop = (t, f) => { bus.off(t, f); };",
        &[],
    );
    check(&RULE, "bus.on('a', (x) => log(x)); bus.off('a', f);", &[]);
    check(
        &RULE,
        "const all = server.listeners('upgrade');\nconst own = all.pop();\nserver.off('upgrade', own);\nserver.on('upgrade', (req) => own(req));",
        &[],
    );
}

#[test]
fn jquery_knows_handlers_by_their_mark() {
    let pair = |emitter: &str| {
        format!(
            "function wrap(f) {{ const g = (e) => f(e.detail); g.guid = f.guid; return g; }}\n{emitter}.on('x', wrap(handler));\n{emitter}.off('x', handler);"
        )
    };
    check(&RULE, &pair("view"), &[3]);
    check(&RULE, &pair("$(view)"), &[]);
    check(&RULE, "$(view).off('x', () => go());", &[1]);
}

#[test]
fn a_getter_may_make_a_new_one() {
    check(
        &RULE,
        "class V {\n  get go() { return (x) => this.add(x); }\n  open() { bus.on('a', this.go); }\n  close() { bus.off('a', this.go); }\n}",
        &[4],
    );
    check(
        &RULE,
        "class V { get go() { return (this.f ??= (x) => this.add(x)); } close() { bus.off('a', this.go); } }",
        &[],
    );
}

#[test]
fn each_phase_is_a_list_of_its_own() {
    check(
        &RULE,
        "w.addEventListener('a', f, true);\nw.removeEventListener('a', f);",
        &[2],
    );
    check(
        &RULE,
        "w.addEventListener('a', f, { passive: true });\nw.removeEventListener('a', f);",
        &[],
    );
    check(
        &RULE,
        "w.addEventListener('a', f, o);\nw.removeEventListener('a', f);",
        &[],
    );
    check(
        &RULE,
        "w.addEventListener('a', f, { capture: true });\nw.removeEventListener('a', f, true);",
        &[],
    );
}

#[test]
fn what_has_a_name_may_be_the_one() {
    check(
        &RULE,
        "const go = () => {}; bus.on('a', go); bus.off('a', go);",
        &[],
    );
    check(
        &RULE,
        "bus.off('a', this.go); bus.off('a', handlers[0]);",
        &[],
    );
    check(
        &RULE,
        "bus.off('a'); light.off(); bus.off('a', wrap(go));",
        &[],
    );
    check(
        &RULE,
        "bus.once('a', () => {}); list.filter(() => true);",
        &[],
    );
    check(&RULE, "lamp.off(100, () => done());", &[]);
}

#[test]
fn wrapped_anew() {
    check(
        &RULE,
        "bus.on('a', debounce(f, 9));\nbus.off('a', debounce(f, 9));",
        &[2],
    );
    check(
        &RULE,
        "const g = throttle(f, 9);\nbus.on('a', g);\nbus.off('a', f);",
        &[3],
    );
    check(
        &RULE,
        "const g = throttle(f, 9);\nbus.on('a', g);\nbus.off('a', g);",
        &[],
    );
    check(
        &RULE,
        "class A {\n  constructor(hub) { this.hub = hub; hub.on('a', () => this.go()); }\n  end() { this.hub.off('a', this.go); }\n}",
        &[3],
    );
}

#[test]
fn functions_bound_to_their_context() {
    let bound = |by: &str| {
        format!(
            "import {{ AsyncResource }} from 'node:async_hooks';\nbus.on('a', {by}.bind(f));\nbus.off('a', f);"
        )
    };
    check(&RULE, &bound("AsyncResource"), &[3]);
    check(&RULE, &bound("other"), &[]);
}
