//! The real server over stdin and stdout, in a session as an editor has it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod program;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Longer than any answer takes on a busy machine; a server that says nothing fails the test.
const PATIENCE: Duration = Duration::from_secs(60);

/// A listener that is not the one that was added: one finding, with a safe fix.
const LEAK: &str = "// 😀 prices\nbus.on('é', (p) => show(p)); res.on('close', () => bus.off('é', (p) => show(p)));\n";

/// An editor with a server.
struct Editor {
    server: Child,
    input: Option<ChildStdin>,
    held: Option<String>,
    messages: Receiver<Value>,
    /// Notices and requests of the server that nobody has asked for yet.
    kept: Vec<Value>,
    requests: i64,
    root: PathBuf,
    caches: tempfile::TempDir,
    _folder: tempfile::TempDir,
}

impl Editor {
    fn open(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for (name, text) in files {
            fs::write(root.join(name), text).unwrap();
        }
        let caches = tempfile::tempdir().unwrap();
        let mut server = Command::new(program::stanch())
            .args(["lsp", "--stdio"])
            .env("XDG_CACHE_HOME", caches.path())
            .env("HOME", caches.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, messages) = channel();
        let mut output = BufReader::new(server.stdout.take().unwrap());
        thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut editor = Self {
            input: server.stdin.take(),
            held: None,
            server,
            messages,
            kept: Vec::new(),
            requests: 0,
            root,
            caches,
            _folder: folder,
        };
        let root = editor.uri("");
        let answer = editor.ask(
            "initialize",
            json!({
                "processId": null,
                "workspaceFolders": [{ "uri": root.trim_end_matches('/'), "name": "project" }],
                "capabilities": {
                    "workspace": {
                        "workspaceEdit": { "documentChanges": true },
                        "didChangeWatchedFiles": { "dynamicRegistration": true },
                    },
                    "textDocument": {
                        "publishDiagnostics": { "relatedInformation": true, "codeDescriptionSupport": true },
                    },
                },
            }),
        );
        assert_eq!(answer["serverInfo"]["name"], "stanch");
        editor.tell("initialized", json!({}));
        editor
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}/{name}", self.root.display())
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let length = text.len();
        let framed = format!("Content-Length: {length}\r\n\r\n{text}");
        match &mut self.held {
            Some(held) => held.push_str(&framed),
            None => self.write(&framed),
        }
    }

    fn write(&mut self, framed: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(framed.as_bytes()).unwrap();
        input.flush().unwrap();
    }

    /// Keeps what is sent from now on, to send it at once.
    fn hold(&mut self) {
        self.held = Some(String::new());
    }

    fn let_go(&mut self) {
        let held = self.held.take().unwrap();
        self.write(&held);
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request without waiting for its answer.
    fn request(&mut self, method: &str, params: Value) -> i64 {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        let answer = self.answer(id);
        assert_eq!(answer.get("error"), None, "{method}: {answer}");
        answer["result"].clone()
    }

    fn answer(&mut self, id: i64) -> Value {
        self.wait(|message| message["id"] == id && message.get("method").is_none())
    }

    /// The next message that `wanted` takes; those before it are kept.
    fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at);
        }
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.messages.recv_timeout(left) {
                Ok(message) if wanted(&message) => return message,
                Ok(message) => self.kept.push(message),
                Err(error) => panic!("{error}; so far {:?}", self.kept),
            }
        }
    }

    /// The diagnostics of a version of a file.
    fn diagnostics(&mut self, name: &str, version: i64) -> Vec<Value> {
        let uri = self.uri(name);
        let message = self.wait(|message| {
            let params = &message["params"];
            message["method"] == "textDocument/publishDiagnostics"
                && params["uri"] == uri.as_str()
                && params["version"] == version
        });
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    fn did_open(&mut self, name: &str, text: &str) {
        let uri = self.uri(name);
        let document =
            json!({ "uri": uri, "languageId": "javascript", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn did_change(&mut self, name: &str, version: i64, changes: Value) {
        let document = json!({ "uri": self.uri(name), "version": version });
        let params = json!({ "textDocument": document, "contentChanges": changes });
        self.tell("textDocument/didChange", params);
    }

    fn actions(&mut self, name: &str, range: &Value, only: Value) -> Vec<Value> {
        let params = json!({
            "textDocument": { "uri": self.uri(name) },
            "range": range,
            "context": { "diagnostics": [], "only": only },
        });
        let actions = self.ask("textDocument/codeAction", params);
        actions.as_array().unwrap().clone()
    }

    /// Ends the session as editors do; the server ends without a complaint.
    fn close(mut self) {
        assert_eq!(self.ask("shutdown", Value::Null), Value::Null);
        self.tell("exit", Value::Null);
        drop(self.input.take());
        assert!(self.server.wait().unwrap().success());
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // Only one that a failed test left is still there.
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim() {
            "" => break,
            header => {
                if let Some(number) = header.strip_prefix("Content-Length: ") {
                    length = number.parse().ok()?;
                }
            }
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// A text with the edits of one file made, by position in UTF-16 units.
fn edited(text: &str, edits: &Value) -> String {
    let offset = |position: &Value| {
        let line = position["line"].as_u64().unwrap() as usize;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let mut units = position["character"].as_u64().unwrap() as usize;
        let mut at = start;
        for character in text[start..].chars() {
            if units == 0 {
                break;
            }
            units -= character.len_utf16();
            at += character.len_utf8();
        }
        at
    };
    let mut edits: Vec<(usize, usize, String)> = edits
        .as_array()
        .unwrap()
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            let text = edit["newText"].as_str().unwrap().to_owned();
            (offset(&range["start"]), offset(&range["end"]), text)
        })
        .collect();
    edits.sort_by_key(|(start, end, _)| (*start, *end));
    let mut out = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        out.replace_range(start..end, &new);
    }
    out
}

const FIXED: &str = "// 😀 prices\nconst onEvent = (p) => show(p);\nbus.on('é', onEvent); res.on('close', () => bus.off('é', onEvent));\n";

#[test]
fn a_session_from_opening_to_shutdown() {
    let mut editor = Editor::open(&[]);
    let watched = editor.wait(|message| message["method"] == "client/registerCapability");
    assert!(watched.to_string().contains("**/stanch.toml"), "{watched}");

    editor.did_open("prices.js", "");
    assert_eq!(editor.diagnostics("prices.js", 1), Vec::<Value>::new());
    editor.did_change("prices.js", 2, json!([{ "text": LEAK }]));
    let found = editor.diagnostics("prices.js", 2);
    let [found] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(found["code"], "ineffective-listener-removal");
    // Columns count UTF-16 units: `é` is one, and two bytes.
    let range =
        json!({ "start": { "line": 1, "character": 51 }, "end": { "line": 1, "character": 79 } });
    assert_eq!(found["range"], range, "{found}");
    assert_eq!(
        found["relatedInformation"][1]["location"]["range"]["start"]["character"],
        12
    );
    let page = found["codeDescription"]["href"].as_str().unwrap();
    let page = page.strip_prefix("file://").unwrap();
    assert!(Path::new(page).starts_with(editor.caches.path()), "{page}");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.starts_with("# ineffective-listener-removal\n"));

    let at =
        json!({ "textDocument": { "uri": editor.uri("prices.js") }, "position": range["start"] });
    let hover = editor.ask("textDocument/hover", at);
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(text.contains(page.trim()), "{text}");

    let actions = editor.actions("prices.js", &range, Value::Null);
    let [action] = actions.as_slice() else {
        panic!("{actions:?}");
    };
    assert_eq!(
        (&action["kind"], &action["isPreferred"]),
        (&json!("quickfix"), &json!(true))
    );
    let change = &action["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"]["version"], 2);
    let fixed = edited(LEAK, &change["edits"]);
    assert_eq!(fixed, FIXED);
    editor.did_change("prices.js", 3, json!([{ "text": fixed }]));
    assert_eq!(editor.diagnostics("prices.js", 3), Vec::<Value>::new());
    editor.close();
}

#[test]
fn all_safe_fixes_at_once() {
    let mut editor = Editor::open(&[]);
    let unsafe_one = "app.get('/', (req, res) => { setInterval(() => res.write(''), 9); });\n";
    let text = format!("{LEAK}{unsafe_one}");
    editor.did_open("prices.js", &text);
    assert_eq!(editor.diagnostics("prices.js", 1).len(), 2);
    let everywhere =
        json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } });
    let quick = editor.actions("prices.js", &everywhere, json!(["quickfix"]));
    assert_eq!(quick.len(), 2);
    let all = editor.actions("prices.js", &everywhere, json!(["source.fixAll"]));
    let expected = format!("{FIXED}{unsafe_one}");
    assert_eq!(
        edited(&text, &all[0]["edit"]["documentChanges"][0]["edits"]),
        expected
    );
    assert_eq!(
        editor.actions("prices.js", &everywhere, json!(["refactor"])),
        Vec::<Value>::new()
    );

    let arguments = json!([editor.uri("prices.js")]);
    editor.ask(
        "workspace/executeCommand",
        json!({ "command": "stanch.fixAll", "arguments": arguments }),
    );
    let asked = editor.wait(|message| message["method"] == "workspace/applyEdit");
    let edits = &asked["params"]["edit"]["documentChanges"][0]["edits"];
    assert_eq!(edited(&text, edits), expected);
    editor.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "applied": true } }));
    editor.did_change("prices.js", 2, json!([{ "text": expected }]));
    assert_eq!(editor.diagnostics("prices.js", 2).len(), 1);
    editor.close();
}

#[test]
fn edits_arrive_in_pieces() {
    let mut editor = Editor::open(&[]);
    editor.did_open("prices.js", LEAK);
    assert_eq!(editor.diagnostics("prices.js", 1).len(), 1);
    // After `bus.off('é', ` to the end of `(p) => show(p)`.
    let range =
        json!({ "start": { "line": 1, "character": 64 }, "end": { "line": 1, "character": 78 } });
    let above =
        json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } });
    let changes = json!([
        { "range": range, "text": "known" },
        { "range": above, "text": "// 😀\n" },
    ]);
    editor.did_change("prices.js", 2, changes);
    assert_eq!(editor.diagnostics("prices.js", 2), Vec::<Value>::new());
    editor.close();
}

#[test]
fn the_configuration_is_read_again() {
    let mut editor = Editor::open(&[(
        "stanch.toml",
        "[lint]\nignore = [\"ineffective-listener-removal\"]\n",
    )]);
    editor.did_open("prices.js", LEAK);
    assert_eq!(editor.diagnostics("prices.js", 1), Vec::<Value>::new());
    fs::write(editor.root.join("stanch.toml"), "").unwrap();
    let change = json!({ "uri": editor.uri("stanch.toml"), "type": 2 });
    editor.tell(
        "workspace/didChangeWatchedFiles",
        json!({ "changes": [change] }),
    );
    assert_eq!(editor.diagnostics("prices.js", 1).len(), 1);
    let settings = json!({ "stanch": { "ignore": ["all"] } });
    editor.tell(
        "workspace/didChangeConfiguration",
        json!({ "settings": settings }),
    );
    assert_eq!(editor.diagnostics("prices.js", 1), Vec::<Value>::new());
    fs::write(editor.root.join("stanch.toml"), "selekt = 1\n").unwrap();
    let change = json!({ "uri": editor.uri("stanch.toml"), "type": 2 });
    editor.tell(
        "workspace/didChangeWatchedFiles",
        json!({ "changes": [change] }),
    );
    let said = editor.wait(|message| message["method"] == "window/showMessage");
    assert!(said.to_string().contains("selekt"), "{said}");
    editor.close();
}

#[test]
fn files_come_and_go() {
    let beat = "export const beat = (res) => { setInterval(() => res.write(''), 9); };\n";
    let calls = "import { beat } from './beat.js';\napp.get('/', (req, res) => { beat(res); });\n";
    let config = "[lint]\nselect = ['uncleared-interval']\n";
    let mut editor = Editor::open(&[("stanch.toml", config), ("main.js", calls)]);
    // A text that no file has yet is judged alone.
    editor.did_open("beat.js", beat);
    assert_eq!(editor.diagnostics("beat.js", 1), Vec::<Value>::new());
    fs::write(editor.root.join("beat.js"), beat).unwrap();
    let document = json!({ "uri": editor.uri("beat.js") });
    editor.tell("textDocument/didSave", json!({ "textDocument": document }));
    assert_eq!(editor.diagnostics("beat.js", 1).len(), 1, "it is imported");
    let mut disk = |change: i64| {
        let change = json!({ "uri": editor.uri("main.js"), "type": change });
        let params = json!({ "changes": [change] });
        match params["changes"][0]["type"].as_i64() {
            Some(3) => fs::remove_file(editor.root.join("main.js")).unwrap(),
            _ => fs::write(editor.root.join("main.js"), calls).unwrap(),
        }
        editor.tell("workspace/didChangeWatchedFiles", params);
        editor.diagnostics("beat.js", 1).len()
    };
    assert_eq!(disk(3), 0, "nobody imports it any more");
    assert_eq!(disk(1), 1);
    editor.close();
}

#[test]
fn what_is_cancelled_is_answered_so() {
    let mut editor = Editor::open(&[]);
    // Enough work that the cancellation is there before the second request is looked at.
    editor.hold();
    editor.did_open("long.js", &LEAK.repeat(400));
    let everywhere =
        json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } });
    let params = json!({
        "textDocument": { "uri": editor.uri("long.js") },
        "range": everywhere,
        "context": { "diagnostics": [], "only": ["source.fixAll"] },
    });
    let first = editor.request("textDocument/codeAction", params.clone());
    let second = editor.request("textDocument/codeAction", params);
    editor.tell("$/cancelRequest", json!({ "id": second }));
    editor.let_go();
    assert_eq!(editor.answer(first).get("error"), None);
    assert_eq!(editor.answer(second)["error"]["code"], -32800);
    let unknown = editor.request("textDocument/rename", json!({}));
    assert_eq!(editor.answer(unknown)["error"]["code"], -32601);
    editor.close();
}

#[test]
fn files_that_are_not_linted_have_no_diagnostics() {
    let mut editor = Editor::open(&[]);
    editor.did_open("node_modules/p/index.js", LEAK);
    assert_eq!(
        editor.diagnostics("node_modules/p/index.js", 1),
        Vec::<Value>::new()
    );
    editor.did_open("broken.js", "const = 1;");
    let found = editor.diagnostics("broken.js", 1);
    assert!(
        found[0]["message"]
            .as_str()
            .unwrap()
            .starts_with("not linted: "),
        "{found:?}"
    );
    editor.did_open(
        "view.vue",
        &format!("<template/>\n<script>\n{LEAK}</script>\n"),
    );
    let found = editor.diagnostics("view.vue", 1);
    assert_eq!(found[0]["range"]["start"]["line"], 3);
    let uri = editor.uri("view.vue");
    editor.tell(
        "textDocument/didClose",
        json!({ "textDocument": { "uri": uri } }),
    );
    let cleared = editor.wait(|message| {
        message["params"]["uri"] == uri.as_str() && message["params"]["diagnostics"] == json!([])
    });
    assert_eq!(cleared["method"], "textDocument/publishDiagnostics");
    editor.close();
}
