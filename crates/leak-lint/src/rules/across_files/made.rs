//! What functions of other files make: listeners, promises, large results, objects that others keep.

use super::check;
use crate::rules::{
    ineffective_listener_removal, large_closure_capture, race_with_long_lived_promise,
};

#[test]
fn another_file_makes_the_listener() {
    let removed = |make: &str, expected: &[u32]| {
        let own = "import { of } from './make';\nexport const a = (id) => bus.on('m', of(id));\nexport const b = (id) => bus.off('m', of(id));";
        let files = [("own.js", own), ("make.js", make)];
        check(&ineffective_listener_removal::RULE, &files, expected);
    };
    removed("export const of = (id) => (m) => log(id, m);", &[3]);
    removed(
        "const known = new Map();\nexport function of(id) {\n  if (known.has(id)) return known.get(id);\n  return (m) => log(id, m);\n}",
        &[],
    );
}

#[test]
fn another_file_gives_something_large_or_keeps_it() {
    let remind = |load: &str, expected: &[u32]| {
        let own = "import { get } from './get';\nexport async function remind(id) {\n  const one = await get(id);\n  setTimeout(() => mail(one.number), 9e7);\n}\napp.post('/:id', (req) => remind(req.params.id));";
        let files = [("own.js", own), ("get.js", load)];
        check(&large_closure_capture::RULE, &files, expected);
    };
    remind(
        "export const get = async (id) => {\n  const lines = await pool.query('select * from lines where of = $1', [id]);\n  return { number: id, lines };\n};",
        &[4],
    );
    remind(
        "import { all } from './all';\nexport const get = async (id) => (await fetch(`/${id}`)).json();",
        &[],
    );
    let session = |store: &str, expected: &[u32]| {
        let own = "export function open(req) {\n  return { id: req.params.id, agent: () => req.headers['user-agent'] };\n}";
        let store = format!(
            "import {{ open }} from './own';\nconst all = new Map();\napp.post('/:id', (req) => {{ const one = open(req); {store} }});"
        );
        let files = [("own.js", own), ("store.js", store.as_str())];
        check(&large_closure_capture::RULE, &files, expected);
    };
    session("all.set(one.id, one);", &[2]);
    session("log(one.agent());", &[]);
}

#[test]
fn another_file_always_gives_the_same_promise() {
    let raced = |give: &str, expected: &[u32]| {
        let own = "import { life } from './life';\napp.get('/', async (req) => {\n  await Promise.race([load(req), life.over()]);\n});";
        let life =
            format!("class Life {{\n  over() {{ {give} }}\n}}\nexport const life = new Life();");
        let files = [("own.js", own), ("life.js", life.as_str())];
        check(&race_with_long_lived_promise::RULE, &files, expected);
    };
    raced(
        "this.end ??= new Promise((end) => this.once('end', end)); return this.end;",
        &[3],
    );
    raced("return new Promise((end) => this.once('end', end));", &[]);
}
