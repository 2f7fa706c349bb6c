//! Maps and Sets that gain entries.

use stanch_js_source::HolderRef;
use stanch_leak_patterns::Pattern::UnboundedCache;

use super::Case;

fn map(name: &'static str) -> Case {
    Case::new(UnboundedCache, "Map", name)
}

#[test]
fn an_insertion_that_is_a_statement_is_followed_by_a_bound() {
    map("profiles").variable().check(
        "const profiles = new Map();\nfunction load(id) {\n  «profiles.set(id, { id })»;\n}\n",
        &["+  if (profiles.size > 1_000) profiles.delete(profiles.keys().next().value);"],
    );
    Case::new(UnboundedCache, "Set", "seen").variable().check(
        "const seen = new Set();\nfunction see(id) {\n\t«seen.add(id)»; // once\n\tgo();\n}\n",
        &["+\tif (seen.size > 1_000) seen.delete(seen.values().next().value);"],
    );
    map("#users").holder(HolderRef::field("Store", "#users")).check(
        "class Store {\n  #users = new Map();\n  add(u) {\n    «this.#users.set(u.id, {\n      u,\n    })»;\n  }\n}\n",
        &["+    if (this.#users.size > 1_000) this.#users.delete(this.#users.keys().next().value);"],
    );
    map("users").holder(HolderRef::field("Store", "users")).path("store.ts").check(
        "class Store {\n  users = new Map<string, User>();\n  add(u: User) {\n    «this.users.set(u.id, u)»;\n  }\n}\n",
        &["+    if (this.users.size > 1_000) this.users.delete(this.users.keys().next().value!);"],
    );
}

#[test]
fn statements_without_semicolons_stay_so() {
    map("profiles").variable().check(
        "const profiles = new Map()\nexport function load(id) {\n  «profiles.set(id, { id })»\n  return id\n}\n",
        &["+  if (profiles.size > 1_000) profiles.delete(profiles.keys().next().value)"],
    );
    map("profiles").variable().check(
        "const profiles = new Map()\nfunction load(id) {\n  «profiles.set(id, { id })»\n\n  ;[1].map(go)\n}\n",
        &["+  if (profiles.size > 1_000) profiles.delete(profiles.keys().next().value)"],
    );
}

#[test]
fn every_insertion_is_bounded_or_none() {
    map("m").variable().check(
        "const m = new Map();\nfunction a(k) {\n  «m.set(k, 1)»;\n}\nfunction b(k) {\n  if (k) {\n    «m.set(k, 2)»;\n  }\n}\n",
        &[
            "+  if (m.size > 1_000) m.delete(m.keys().next().value);",
            "+    if (m.size > 1_000) m.delete(m.keys().next().value);",
        ],
    );
    map("m").variable().check(
        "const m = new Map();\nfunction a(k) {\n  «m.set(k, 1)»;\n}\nconst b = (k) => «m.set(k, 2)»;\n",
        &[],
    );
}

#[test]
fn what_is_no_statement_on_its_own_lines_has_no_patch() {
    for source in [
        "const m = new Map();\nconst f = (k) => «m.set(k, 1)»;\n",
        "const m = new Map();\nfunction f(k) { «m.set(k, 1)»; }\n",
        "const m=new Map;function f(k){«m.set(k,1)»;return k}\n",
        "const m = new Map();\nfunction f(k) {\n  return «m.set(k, 1)»;\n}\n",
        "const m = new Map();\nfunction f(k) {\n  while (k)\n    «m.set(k, 1)»;\n}\n",
        "const m = new Map();\nfunction f(k) {\n  if (k) { «m.set(k, 1)»; return; }\n}\n",
        "const m = new Map();\nfunction f(k) {\n  go(), «m.set(k, 1)»;\n}\n",
        "const m = new Map();\nfunction f(k) {\n  «m.set(k, 1)».set(k, 2);\n}\n",
        "const m = new Map();\nfunction f(k) {\n  «m?.set(k, 1)»;\n}\n",
        "const m = new Map();\nfunction f(k) {\n  «m.set(k, 1)»; go();\n}\n",
    ] {
        map("m").variable().check(source, &[]);
    }
}

#[test]
fn a_branch_is_followed_by_a_bound_behind_its_if() {
    let bound = "+  if (m.size > 1_000) m.delete(m.keys().next().value);";
    for source in [
        "const m = new Map();\nfunction f(k) {\n  if (!m.has(k)) «m.set(k, 1)»;\n  return m.get(k);\n}\n",
        "const m = new Map();\nfunction f(k) {\n  if (!m.has(k)) { «m.set(k, 1)»; }\n  return m.get(k);\n}\n",
        "const m = new Map();\nfunction f(k) {\n  if (k)\n    go();\n  else\n    «m.set(k, 1)»;\n}\n",
    ] {
        map("m").variable().check(source, &[bound]);
    }
}

#[test]
fn what_others_take_out_is_not_dropped() {
    for (source, words) in [
        (
            "const m = new Map();\nfunction f(k) {\n  «m.set(k, 1)»;\n}\nfunction g(k) {\n  m.delete(k);\n}\n",
            "app.js:6 takes entries out, but fewer",
        ),
        (
            "const m = new Map();\nfunction f(k) {\n  const p = load(k).then((v) => {\n    m.delete(k);\n    return v;\n  });\n  «m.set(k, p)»;\n}\n",
            "app.js:4 takes entries out only when all goes well",
        ),
        (
            "const m = new Map();\nfunction f(k) {\n  «m.set(k, 1)»;\n  if (m.size > 90000) m.clear();\n}\n",
            "app.js:4",
        ),
    ] {
        map("m").variable().check(source, &[]);
        map("m").variable().check_words(source, &[words]);
    }
    for source in [
        "const m = new Map();\nfunction f(k, resolve) {\n  «m.set(k, resolve)»;\n}\n",
        "const m = new Map();\nfunction f(socket) {\n  «m.set(socket, 1)»;\n}\n",
        "const m = new Map();\nfunction f(k) {\n  «m.set(k, () => 1)»;\n}\n",
    ] {
        map("m").variable().check(source, &[]);
    }
}

#[test]
fn only_the_holder_itself_is_bounded() {
    map("m").variable().check(
        "const m = new Map();\nfunction f(k) {\n  const inner = m.get(k);\n  «inner.set(k, 1)»;\n}\n",
        &[],
    );
    map("m").variable().check(
        "const m = new Map();\nfunction f(k) {\n  const same = m;\n  «same.set(k, 1)»;\n}\n",
        &["+  if (same.size > 1_000) same.delete(same.keys().next().value);"],
    );
    Case::new(UnboundedCache, "Object", "m")
        .variable()
        .check("const m = {};\nfunction f(k) {\n  «m[k] = 1»;\n}\n", &[]);
    map("m").variable().check(
        "const m = new Map();\nfunction f(k) {\n  «m.set(k, 1)»;\n",
        &[],
    );
}

#[test]
fn a_holder_of_another_file_is_known_by_its_name() {
    let source =
        "import { m } from './m.js';\nexport function f(k, other) {\n  «m.set(k, 1)»;\n}\n";
    map("m").check(
        source,
        &["+  if (m.size > 1_000) m.delete(m.keys().next().value);"],
    );
    map("n").check(source, &[]);
}

#[test]
fn words_name_the_holder_and_fit_its_class() {
    let source = "const m = new Map();\nfunction f(req) {\n  «m.set(req, 1)»;\n  if (req.last) m.delete(req);\n}\n";
    map("m").variable().check_words(
        source,
        &[
            "Take each entry out of `m` again",
            "app.js:4 takes entries out",
            "`req`",
            "WeakMap",
        ],
    );
    map("m").variable().check_words(
        "const m = new Map();\nfunction f(k) {\n  «m.set(k, 1)»;\n}\n",
        &["Bound `m`: let", "1,000 is a start", "max: 1_000", "Redis"],
    );
    Case::new(UnboundedCache, "Object", "m")
        .variable()
        .check_words(
            "const m = {};\nfunction f(k) {\n  «m[k] = 1»;\n}\n",
            &["Make `m` a Map and bound it"],
        );
}

#[test]
fn a_packages_holder_is_for_its_user_to_bound() {
    let mut case = map("#cache");
    case.package = Some("some-cache@1.2.0");
    case.check("«x.set(1, 2)»;\n", &[]);
    case.check_words(
        "",
        &["options of `some-cache`", "release after some-cache@1.2.0"],
    );
    case.package = Some("dataloader@2.2.3");
    case.check_words("", &["Create a DataLoader for each request"]);
    case.package = Some("@scope/thing@0.1.0");
    case.check_words("", &["options of `@scope/thing`"]);
}
