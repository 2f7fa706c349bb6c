//! Keys that come in with messages, in addresses, tokens and lists: what the rule on unbounded caches is sure of.

use super::RULE;
use crate::rules::testing::check_sure;

/// A Map that is filled in a handler of messages.
#[track_caller]
fn on_message(statement: &str, expected: &[u32]) {
    let text = format!(
        "const all = new Map();\nclient.on('message', (topic, raw) => {{\n  {statement}\n}});"
    );
    check_sure(&RULE, &text, expected);
}

#[test]
fn parts_of_messages() {
    on_message("const m = JSON.parse(raw); all.set(m.docId, 1);", &[3]);
    on_message(
        "const { docId } = JSON.parse(raw.toString()); all.set(docId, 1);",
        &[3],
    );
    on_message(
        "const m = Shape.safeParse(JSON.parse(raw)); all.set(m.data.docId, 1);",
        &[3],
    );
    on_message(
        "for (const one of raw.messages) { const m = JSON.parse(one.value); all.set(m.docId, 1); }",
        &[3],
    );
    on_message(
        "for (const one of rows) { const m = JSON.parse(one.value); all.set(m.docId, 1); }",
        &[],
    );
    on_message("const m = JSON.parse(raw); all.set(m.type, 1);", &[]);
    on_message("const row = db.find(raw); all.set(row.docId, 1);", &[]);
}

#[test]
fn parts_of_addresses() {
    let text = |given: &str, part: &str| {
        format!(
            "const all = new Map();\nconst keep = (raw) => {{ const url = new URL(raw); all.set(url.{part}, 1); }};\napp.get('/', (req) => keep({given}));"
        )
    };
    check_sure(&RULE, &text("req.query.url", "host"), &[2]);
    check_sure(&RULE, &text("req.query.url", "protocol"), &[]);
    check_sure(&RULE, &text("'https://example.org/'", "host"), &[]);
}

#[test]
fn elements_of_lists() {
    let text = |key: &str| {
        format!(
            "const all = new Map();\napp.get('/', (req) => {{\n  const [kind, second] = req.params.key.split(':');\n  for (const [name, value] of Object.entries(req.body)) all.set({key}, 1);\n}});"
        )
    };
    check_sure(&RULE, &text("second"), &[4]);
    check_sure(&RULE, &text("value"), &[4]);
    check_sure(&RULE, &text("kind"), &[]);
}

#[test]
fn what_a_token_says() {
    let text = |key: &str| {
        format!(
            "const jwt = require('jsonwebtoken');\nconst all = new Map();\napp.get('/', (req) => {{\n  const claims = jwt.verify(req.headers.authorization, KEY);\n  all.set({key}, 1);\n}});"
        )
    };
    check_sure(&RULE, &text("claims.sub"), &[5]);
    check_sure(&RULE, &text("claims.role"), &[]);
}

/// A Map that a handler fills under this key.
#[track_caller]
fn keyed(key: &str, expected: &[u32]) {
    let text = format!(
        "const all = new Map();\napp.post('/', (req, res) => {{\n  const {{ from, to }} = req.query;\n  all.set({key}, 1);\n}});"
    );
    check_sure(&RULE, &text, expected);
}

#[test]
fn lists_made_of_others() {
    keyed("[from, to].filter(Boolean).join('-')", &[4]);
    keyed("['a', req.method].filter(Boolean).join('-')", &[]);
    keyed(
        "Object.keys(req.body).sort().map((key) => [key, 1]).join()",
        &[4],
    );
    keyed(
        "Object.entries(req.query).map(([k, v]) => `${k}=${v}`).join()",
        &[4],
    );
    keyed("req.body.parts.map((part) => part.type).join()", &[]);
}

/// Series under the labels of a counter.
#[track_caller]
fn counted(labels: &str, expected: &[u32]) {
    let text = format!(
        "const all = new Map();\nfunction inc(labels) {{\n  const key = Object.entries(labels).map(([k, v]) => `${{k}}=${{v}}`).join();\n  all.set(key, 1);\n}}\napp.use((req, res) => inc({labels}));"
    );
    check_sure(&RULE, &text, expected);
}

#[test]
fn values_of_objects_that_are_handed_on() {
    let text = "const all = new Map();\nconst keyOf = (labels) => Object.keys(labels).map((name) => labels[name]).join();\nfunction inc(labels) {\n  const key = keyOf(labels);\n  all.set(key, 1);\n}\napp.use((req, res) => inc({ path: req.originalUrl }));";
    check_sure(&RULE, text, &[5]);
    check_sure(&RULE, &text.replace("originalUrl", "method"), &[]);
}

#[test]
fn values_of_objects_that_callers_give() {
    counted("{ path: req.originalUrl, status: res.statusCode }", &[4]);
    counted("{ method: req.method, status: res.statusCode }", &[]);
}

#[test]
fn addresses_that_a_program_asks_for() {
    let text = |target: &str| {
        format!(
            "const http = require('node:http');\nconst names = new Map();\n{target} = function (url, callback) {{\n  names.set(String(url), 1);\n}};"
        )
    };
    for target in ["http.get", "globalThis.fetch", "fetch"] {
        check_sure(&RULE, &text(target), &[4]);
    }
    check_sure(&RULE, &text("exports.get"), &[]);
}

#[test]
fn parts_of_what_is_written_here() {
    keyed("'a'", &[]);
    let text = |id: &str| {
        format!(
            "const all = new Map();\napp.post('/', () => {{\n  const one = {{ kind: 'a', id: {id} }};\n  all.set(one.id, one);\n}});"
        )
    };
    check_sure(&RULE, &text("randomUUID()"), &[4]);
    check_sure(&RULE, &text("'b'"), &[]);
}

#[test]
fn messages_that_are_put_otherwise() {
    on_message("const m = parseMessage(raw); all.set(m.doc, 1);", &[3]);
    on_message("const m = parseLocale(raw); all.set(m.doc, 1);", &[]);
}

#[test]
fn names_of_jobs_are_few() {
    let text = |part: &str| {
        format!(
            "import {{ Worker }} from 'bullmq';\nconst all = new Map();\nnew Worker('mail', async (job) => {{\n  all.set(job.{part}, 1);\n}});"
        )
    };
    check_sure(&RULE, &text("data.to"), &[4]);
    check_sure(&RULE, &text("name"), &[]);
}

#[test]
fn digests_of_bodies() {
    let digest = |of: &str| format!("createHash('md5').update({of}).digest('hex')");
    keyed(&digest("req.body"), &[4]);
    keyed(&digest("SECRET"), &[]);
}

#[test]
fn digests_of_objects() {
    let text = |given: &str| {
        format!(
            "import hash from 'object-hash';\nconst all = new Map();\nfunction search(input: Input) {{\n  all.set(hash(input), 1);\n}}\ninterface Input {{ text: string }}\napp.get('/', (req) => search({given}));"
        )
    };
    check_sure(&RULE, &text("{ text: req.query.q }"), &[4]);
    check_sure(&RULE, &text("{ text: 'a' }"), &[]);
}
