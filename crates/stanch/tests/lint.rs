//! `stanch lint` as people run it: what it prints, what it writes, and how it ends.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot prepare its folder must fail"
)]

#[path = "../../report/tests/checker/mod.rs"]
mod checker;
mod program;

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Removes a handler that was never registered.
const LEAK: &str = "bus.off('a', () => load());\n";
/// Adds and removes two functions that look alike; there is a safe fix.
const MENDABLE: &str = "exports.watch = (bus) => {
  bus.on('a', () => load());
  bus.off('a', () => load());
};
";

/// How a run ended.
struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

/// A folder with these files.
fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        let parent = path.parent().unwrap_or(folder.path());
        fs::create_dir_all(parent).expect("a folder for the file");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn stanch(folder: &Path, arguments: &[&str]) -> Ended {
    let output = Command::new(program::stanch())
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .args(arguments)
        .output()
        .expect("stanch runs");
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The exit code, and words of the output and of the error output.
#[track_caller]
fn check(files: &[(&str, &str)], arguments: &[&str], code: i32, stdout: &[&str], stderr: &[&str]) {
    let folder = project(files);
    check_in(folder.path(), arguments, code, stdout, stderr);
}

#[track_caller]
fn check_in(folder: &Path, arguments: &[&str], code: i32, stdout: &[&str], stderr: &[&str]) {
    let arguments: Vec<&str> = ["lint"].iter().chain(arguments).copied().collect();
    let ended = stanch(folder, &arguments);
    let all = format!("{arguments:?}\n{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(ended.code, code, "{all}");
    for word in stdout {
        assert!(
            ended.stdout.contains(word),
            "no {word:?} in the output of {all}"
        );
    }
    for word in stderr {
        assert!(
            ended.stderr.contains(word),
            "no {word:?} in the remarks of {all}"
        );
    }
    assert!(!all.contains("panicked"), "{all}");
}

#[test]
fn findings_are_printed_with_their_code() {
    check(
        &[("src/a.js", LEAK)],
        &[],
        1,
        &[
            "ineffective-listener-removal  high confidence",
            "src/a.js:1:1",
            "━━━",
            "✗ 1 file checked, 1 finding",
        ],
        &[],
    );
    check(
        &[("a.js", "let a;\n")],
        &[],
        0,
        &["✓ 1 file checked, 0 findings"],
        &[],
    );
    check(
        &[("a.txt", "")],
        &[],
        0,
        &["0 files checked, 0 findings"],
        &["no JavaScript"],
    );
}

#[test]
fn bad_usage_is_refused() {
    let files = [("a.js", LEAK)];
    let refused = |arguments: &[&str], words: &[&str]| check(&files, arguments, 2, &[], words);
    refused(&["nowhere"], &["cannot lint nowhere", "No such file"]);
    refused(
        &["--select", "unguarded-pip"],
        &["did you mean `unguarded-pipe`?"],
    );
    refused(&["--format", "xml"], &["`xml` is no format", "sarif"]);
    refused(&["--format", "markdown"], &["no `--format markdown`"]);
    refused(&["--unsafe-fixes"], &["--fix"]);
    refused(
        &["--since", "HEAD"],
        &["--since HEAD", "is in no git repository"],
    );
    refused(
        &["--config", "nowhere.toml"],
        &["cannot read", "nowhere.toml"],
    );
    refused(&["--add-baseline", "--fix"], &["cannot be used with"]);
}

#[test]
fn configuration_mistakes_have_their_place() {
    let with = |text, words: &[&str]| {
        check(&[("a.js", LEAK), ("stanch.toml", text)], &[], 2, &[], words);
    };
    with(
        "[lint]\nselct = []\n",
        &["stanch.toml:2:1", "did you mean `select`?"],
    );
    with(
        "[lint]\nselect = ['pipes']\n",
        &["stanch.toml:2:11", "no rule `pipes`"],
    );
    with("[lint\n", &["stanch.toml:1:6"]);
    let silent = [
        ("a.js", LEAK),
        ("stanch.toml", "[lint]\nignore = ['all']\n"),
    ];
    check(&silent, &[], 0, &["1 file checked, 0 findings"], &[]);
    let package = r#"{"stanch": {"lint": {"exclude": ["a.js"]}}}"#;
    let excluded = [("a.js", LEAK), ("b.js", ""), ("package.json", package)];
    check(
        &excluded,
        &["-v"],
        0,
        &["1 file checked"],
        &["a.js: not linted: excluded"],
    );
}

#[test]
fn files_that_cannot_be_linted_spoil_no_others() {
    let folder = project(&[("good.js", LEAK), ("bad.ts", "let x = = 1;\n")]);
    let path = folder.path();
    fs::write(path.join("latin.js"), b"// caf\xe9\n").expect("a file");
    fs::write(path.join("video.ts"), b"G\0\0\0").expect("a file");
    fs::write(path.join("bundle.js"), "a();".repeat(100_000)).expect("a file");
    fs::write(path.join("huge.js"), vec![b'\n'; 20 << 20]).expect("a file");
    std::os::unix::fs::symlink(path, path.join("loop")).expect("a link");
    let found = [
        "bad.ts:1:9 syntax-error",
        "good.js:1:1 ineffective-listener-removal",
        "latin.js unreadable-file This file is no UTF-8",
        "1 file checked, 1 finding, 2 files not linted",
    ];
    check_in(path, &["--format", "concise"], 2, &found, &[]);
    let left = ["1 minified files", "1 files over 5 MB", "1 binary files"];
    check_in(path, &["-v"], 2, &[], &left);
    let named = ["bundle.js: not linted: minified"];
    check_in(path, &["bundle.js"], 0, &["0 files checked"], &named);
}

#[test]
fn line_ends_and_marks_are_kept_by_fixes() {
    let text = format!("\u{feff}{}", MENDABLE.replace('\n', "\r\n"));
    let folder = project(&[("a.js", &text)]);
    check_in(
        folder.path(),
        &["--fix"],
        0,
        &["0 findings", "1 fix applied in 1 file"],
        &[],
    );
    let fixed = fs::read_to_string(folder.path().join("a.js")).expect("the file");
    assert!(fixed.starts_with('\u{feff}'), "{fixed:?}");
    assert!(!fixed.replace("\r\n", "").contains('\n'), "{fixed:?}");
    check_in(folder.path(), &["--fix"], 0, &["0 findings"], &[]);
    let again = fs::read_to_string(folder.path().join("a.js")).expect("the file");
    assert_eq!(again, fixed);
    let left: Vec<_> = fs::read_dir(folder.path()).expect("the folder").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_patch_is_printed_and_nothing_written() {
    let folder = project(&[("src/a.js", MENDABLE)]);
    let patch = ["--- a/src/a.js\n+++ b/src/a.js\n@@ -1,4 +1,5 @@\n"];
    check_in(
        folder.path(),
        &["--diff"],
        1,
        &patch,
        &["1 files would change"],
    );
    let text = fs::read_to_string(folder.path().join("src/a.js")).expect("the file");
    assert_eq!(text, MENDABLE);
}

#[test]
fn formats_go_to_files_and_to_the_output() {
    let folder = project(&[("a.js", LEAK)]);
    let formats = [
        "--format",
        "sarif=out.sarif",
        "--format",
        "junit=out.xml",
        "--format",
        "json",
    ];
    check_in(
        folder.path(),
        &formats,
        1,
        &["\"schema\": \"stanch.findings/1\""],
        &[],
    );
    let read = |name| fs::read_to_string(folder.path().join(name)).expect("the report");
    assert!(read("out.sarif").contains("\"version\": \"2.1.0\""));
    assert!(read("out.xml").contains("<testsuites"));
    let check = |format, word| check_in(folder.path(), &["--format", format], 1, &[word], &[]);
    check(
        "github",
        "::error title=ineffective-listener-removal,file=a.js,line=1",
    );
    check("gitlab", "\"check_name\": \"ineffective-listener-removal\"");
    check("agent", "a.js:1:1: ineffective-listener-removal: ");
    check_in(folder.path(), &["-o", "out.txt"], 1, &[], &[]);
    assert!(read("out.txt").contains("1 finding"));
    check_in(folder.path(), &["--color", "always"], 1, &["\u{1b}["], &[]);
}

/// Files by name and text, and what the program is told beside them.
type Case<'c> = (&'c [(&'c str, &'c str)], &'c [&'c str]);

#[test]
fn json_fits_its_schema() {
    let schema = include_str!("../../../docs/stanch.findings.schema.json");
    let schema = serde_json::from_str(schema).expect("the schema is JSON");
    let all = ["--select", "all"];
    let bounded = "const all = [];\nexports.add = (one) => { all.push(one); };\n";
    let suppressed = format!("// stanch-ignore all: a mock\n{LEAK}");
    let cases: [Case<'_>; 6] = [
        (&[], &[]),
        (&[("a.js", LEAK), ("dist/b.js", LEAK)], &[]),
        (&[("a.js", MENDABLE)], &["--fix"]),
        (&[("a.js", bounded), ("b.ts", "let x = = 1;\n")], &all),
        (&[("a.js", &suppressed)], &[]),
        (&[("a.js", "// stanch-ignore\n")], &[]),
    ];
    for (files, arguments) in cases {
        let folder = project(files);
        let arguments = [&["lint", "--format", "json"], arguments].concat();
        let printed = stanch(folder.path(), &arguments).stdout;
        let report = serde_json::from_str(&printed).expect("the report is JSON");
        assert_eq!(checker::problems(&schema, &report), [""; 0], "{printed}");
    }
}

#[test]
fn a_baseline_hides_what_is_known() {
    let folder = project(&[("a.js", LEAK)]);
    let path = folder.path();
    check_in(
        path,
        &["--add-baseline"],
        0,
        &["stanch-baseline.json knows 1 findings"],
        &[],
    );
    check_in(
        path,
        &[],
        0,
        &["0 findings", "1 finding known to the baseline"],
        &[],
    );
    fs::write(path.join("a.js"), format!("let a;\n{LEAK}{LEAK}")).expect("a file");
    check_in(
        path,
        &["--format", "concise"],
        1,
        &["a.js:3:1", "1 finding"],
        &[],
    );
    fs::write(path.join("a.js"), "let a;\n").expect("a file");
    check_in(path, &[], 0, &["`--prune-baseline` forgets"], &[]);
    check_in(
        path,
        &["--prune-baseline"],
        0,
        &["1 findings went out"],
        &[],
    );
    fs::write(path.join("stanch-baseline.json"), "{}").expect("a file");
    check_in(
        path,
        &[],
        2,
        &[],
        &["stanch-baseline.json", "--add-baseline"],
    );
}

#[test]
fn comments_suppress_and_must_say_why() {
    let comment = "// stanch-ignore ineffective-listener-removal";
    let text = format!("{comment}: the bus is a mock\n{LEAK}");
    check(
        &[("a.js", &text)],
        &[],
        0,
        &["1 finding suppressed by comments"],
        &[],
    );
    let concise = ["--format", "concise"];
    let text = format!("{comment}\n{LEAK}");
    check(
        &[("a.js", &text)],
        &concise,
        1,
        &["a.js:1:1 unexplained-suppression"],
        &[],
    );
    let text = format!("{comment}: it is gone\n");
    check(
        &[("a.js", &text)],
        &concise,
        1,
        &["a.js:1:18 unused-suppression"],
        &[],
    );
}

#[test]
fn what_other_files_do_counts() {
    let bus =
        "const { EventEmitter } = require('node:events');\nexports.bus = new EventEmitter();\n";
    let text = "const { bus } = require('./bus');\nbus.setMaxListeners(0);\n";
    check(
        &[("bus.js", bus), ("a.js", text)],
        &[],
        0,
        &["2 files checked, 0 findings"],
        &[],
    );
}

/// A listener for each request, on an emitter of another file.
const BUS: (&str, &str) = (
    "bus.js",
    "const { EventEmitter } = require('node:events');\n\nconst feed = new EventEmitter();\nexports.feed = feed;\n",
);
const ROUTES: (&str, &str) = (
    "routes.js",
    "const { feed } = require('./bus');\nconst { leave } = require('./leave');\nconst app = require('express')();\napp.get('/prices', (req, res) => {\n  feed.on('price', (price) => res.write(price));\n  res.on('close', leave);\n});\n",
);

#[test]
fn what_three_files_do_together_is_judged_as_one() {
    let released = "const { feed } = require('./bus');\nexports.leave = () => feed.removeAllListeners('price');\n";
    let kept = "exports.leave = () => console.log('gone');\n";
    let silent = [BUS, ROUTES, ("leave.js", released)];
    check(&silent, &[], 0, &["3 files checked, 0 findings"], &[]);
    let leaky = [BUS, ROUTES, ("leave.js", kept)];
    let found = [
        "accumulating-listener  high confidence",
        "routes.js:5:8",
        "bus.js:3",
        "3 files checked, 1 finding",
    ];
    check(&leaky, &[], 1, &found, &[]);
    let folder = project(&leaky);
    let sarif = stanch(folder.path(), &["lint", "--format", "sarif"]).stdout;
    let log: serde_json::Value = serde_json::from_str(&sarif).expect("the log is JSON");
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "accumulating-listener");
    let place = |location: &serde_json::Value| {
        let place = &location["physicalLocation"];
        let file = place["artifactLocation"]["uri"]
            .as_str()
            .unwrap_or_default();
        format!("{file}:{}", place["region"]["startLine"])
    };
    assert_eq!(place(&result["locations"][0]), "routes.js:5");
    let related = result["relatedLocations"].as_array().into_iter().flatten();
    let related: Vec<String> = related.map(place).collect();
    assert!(related.contains(&"bus.js:3".to_owned()), "{related:?}");
}

#[test]
fn the_schema_of_the_configuration_is_printed() {
    check(
        &[],
        &["--print-config-schema"],
        0,
        &["\"per-file-ignores\""],
        &[],
    );
}

#[test]
fn rules_are_explained() {
    let folder = project(&[]);
    let explain = |word| stanch(folder.path(), &["explain", word]);
    let page = explain("unguarded-pipe");
    assert_eq!(page.code, 0);
    assert!(page.stdout.contains("Why it leaks"), "{}", page.stdout);
    let check = explain("unused-suppression");
    assert!(check.stdout.contains("Why it matters"), "{}", check.stdout);
    let typo = explain("unguarded-pipes");
    assert_eq!(typo.code, 2);
    assert!(
        typo.stderr.contains("did you mean `unguarded-pipe`?"),
        "{}",
        typo.stderr
    );
    let all = stanch(folder.path(), &["explain"]);
    assert!(
        all.stdout.contains("Rules of `stanch lint`"),
        "{}",
        all.stdout
    );
}
