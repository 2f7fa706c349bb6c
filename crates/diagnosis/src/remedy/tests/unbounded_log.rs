//! Arrays and strings that gain records.

use stanch_js_source::HolderRef;
use stanch_leak_patterns::Pattern::UnboundedLog;

use super::Case;

fn array(name: &'static str) -> Case {
    Case::new(UnboundedLog, "Array", name)
}

fn text(name: &'static str) -> Case {
    Case::new(UnboundedLog, "(concatenated string)", name)
}

#[test]
fn a_push_is_followed_by_a_shift() {
    array("history").variable().check(
        "const history = [];\napp.use((req, res, next) => {\n  «history.push({ req, res })»;\n  next();\n});\n",
        &["+  if (history.length > 1_000) history.shift();"],
    );
    array("reports").holder(HolderRef::field("Reporter", "reports")).path("r.ts").check(
        "class Reporter {\n  reports: Report[] = [];\n  add(r: Report): void {\n    «this.reports.push(r)»;\n  }\n}\n",
        &["+    if (this.reports.length > 1_000) this.reports.shift();"],
    );
    array("list").variable().check(
        "const list = [];\nfunction add(...all) {\n  «list.push(...all)»;\n}\n",
        &["+  if (list.length > 1_000) list.splice(0, list.length - 1_000);"],
    );
    array("list").variable().check(
        "const list = [];\nfunction add(one) {\n  «list.unshift(one)»;\n}\n",
        &["+  if (list.length > 1_000) list.length = 1_000;"],
    );
}

#[test]
fn a_copy_is_followed_by_a_slice() {
    array("list").variable().check(
        "let list = [];\nfunction add(one) {\n  «list = [...list, one]»;\n}\n",
        &["+  if (list.length > 1_000) list = list.slice(-1_000);"],
    );
    array("list").variable().check(
        "let list = [];\nfunction add(one) {\n  «list = list.concat(one)»;\n}\n",
        &["+  if (list.length > 1_000) list = list.slice(-1_000);"],
    );
    array("list").variable().check(
        "let list = [];\nfunction add(one) {\n  «list = [one, ...list]»;\n}\n",
        &[],
    );
}

#[test]
fn a_string_keeps_its_end() {
    text("log").variable().check(
        "let log = '';\nfunction say(line) {\n  «log += line»;\n  return line;\n}\n",
        &["+  if (log.length > 1_000_000) log = log.slice(-500_000);"],
    );
    text("log").holder(HolderRef::field("Chat", "log")).check(
        "class Chat {\n  log = '';\n  say(line) {\n    «this.log += line»;\n  }\n}\n",
        &["+    if (this.log.length > 1_000_000) this.log = this.log.slice(-500_000);"],
    );
    Case::new(UnboundedLog, "Object", "n")
        .variable()
        .check("let n = 0;\nfunction f() {\n  «n += 1»;\n}\n", &[]);
}

#[test]
fn what_is_no_statement_on_its_own_lines_has_no_patch() {
    for source in [
        "const list = [];\nconst add = (one) => «list.push(one)»;\n",
        "const list = [];\nconst add = (one) => { «list.push(one)»; };\n",
        "const list = [];\nfunction add(one) {\n  const n = «list.push(one)»;\n}\n",
        "const list = [];\nfunction add(one) {\n  list.all.«push(one)»;\n}\n",
    ] {
        array("list").variable().check(source, &[]);
    }
}

#[test]
fn a_queue_is_not_cut() {
    for source in [
        "const jobs = [];\nfunction add(j) {\n  «jobs.push(j)»;\n}\nfunction work() {\n  return jobs.shift();\n}\n",
        "let jobs = [];\nfunction add(j) {\n  «jobs.push(j)»;\n}\nfunction flush() {\n  send(jobs);\n  jobs = [];\n}\n",
    ] {
        array("jobs").variable().check(source, &[]);
        array("jobs")
            .variable()
            .check_words(source, &["takes entries out, but fewer than come in"]);
    }
}

#[test]
fn words_name_what_the_records_keep() {
    array("history").variable().check_words(
        "const history = [];\napp.use((req, res, next) => {\n  «history.push({ req, path: req.path, via: res })»;\n});\n",
        &["Bound `history`", "app.js:3 keeps `req` and `res` whole"],
    );
    let remedy = array("history").variable().remedy(
        "const history = [];\nfunction f(req) {\n  «history.push({ path: req.path })»;\n}\n",
    );
    assert!(!remedy.advice.join(" ").contains("whole"), "{remedy:?}");
    Case::new(UnboundedLog, "Object", "latest").check_words("", &["cut the link"]);
}
