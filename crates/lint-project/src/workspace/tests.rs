//! Small projects in folders: what is linted, by which configuration, and what is left to report.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::{Request, Workspace};
use crate::baseline::BaselineUse;
use crate::error::LintError;
use crate::fix::Fixing;
use crate::outcome::Outcome;

type Tested = Result<(), Box<dyn std::error::Error>>;

const LEAK: &str = "bus.off('a', () => load());\n";

/// A folder with these files; `LEAK` in them stands for a line that leaks.
fn project(files: &[(&str, &str)]) -> std::io::Result<TempDir> {
    let folder = tempfile::tempdir()?;
    for (name, text) in files {
        write(folder.path(), name, text)?;
    }
    Ok(folder)
}

fn write(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap_or(folder))?;
    fs::write(path, text.replace("LEAK\n", LEAK))
}

fn request(folder: &TempDir) -> Request {
    Request {
        here: folder.path().to_owned(),
        ..Request::default()
    }
}

fn lint(request: Request) -> Result<Outcome, LintError> {
    Workspace::open(request)?.lint(&|_, _| {})
}

/// `file:line rule` of every finding, and `file: message` of every problem.
fn said(outcome: &Outcome) -> Vec<String> {
    let findings = outcome.findings.iter().map(|it| {
        let line = it.finding.place.extent.line();
        format!("{}:{line} {}", it.file, it.finding.rule)
    });
    let problems = outcome
        .problems
        .iter()
        .map(|it| format!("{}: {}", it.file, it.message));
    findings.chain(problems).collect()
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) -> Tested {
    let folder = project(files)?;
    assert_eq!(said(&lint(request(&folder))?), expected);
    Ok(())
}

#[test]
fn files_are_reported_in_the_order_of_their_paths() -> Tested {
    check(
        &[
            ("b.ts", "LEAK\n"),
            ("a/c.mjs", "\nLEAK\n"),
            ("a/d.md", "LEAK\n"),
        ],
        &[
            "a/c.mjs:2 ineffective-listener-removal",
            "b.ts:1 ineffective-listener-removal",
        ],
    )
}

#[test]
fn a_file_that_cannot_be_linted_spoils_no_other() -> Tested {
    let folder = project(&[("a.js", "let = = 1;"), ("b.js", "LEAK\n")])?;
    fs::write(folder.path().join("c.js"), b"// \xff\n")?;
    fs::write(folder.path().join("d.js"), b"\0\0\0")?;
    fs::write(
        folder.path().join("e.js"),
        "// @flow\ntype A = {| a: number |};\n",
    )?;
    let outcome = lint(request(&folder))?;
    assert_eq!(
        said(&outcome),
        [
            "b.js:1 ineffective-listener-removal",
            "a.js: Unexpected token",
            "c.js: is no UTF-8: the first wrong byte is number 4 of the file, on line 1",
        ]
    );
    assert_eq!(outcome.checked, 1);
    assert_eq!(outcome.left_out().into_values().collect::<Vec<_>>(), [1, 1]);
    Ok(())
}

#[test]
fn the_nearest_configuration_applies() -> Tested {
    let files = [
        ("stanch.toml", "[lint]\nignore = ['all']\n"),
        (
            "a/package.json",
            r#"{"stanch": {"lint": {"select": ["all"]}}}"#,
        ),
        ("a/src/a.js", "LEAK\n"),
        ("b/package.json", "{}"),
        ("b/b.js", "LEAK\n"),
    ];
    let folder = project(&files)?;
    let check = |paths: &[&str], expected: &[&str]| -> Tested {
        let request = Request {
            paths: paths.iter().map(Into::into).collect(),
            ..request(&folder)
        };
        assert_eq!(said(&lint(request)?), expected);
        Ok(())
    };
    check(&["a/src"], &["a/src/a.js:1 ineffective-listener-removal"])?;
    check(&["b"], &[])?;
    check(&[], &[])?;
    let both = Request {
        paths: vec!["a".into(), "b".into()],
        ..request(&folder)
    };
    assert!(matches!(lint(both), Err(LintError::TwoConfigs { .. })));
    Ok(())
}

#[test]
fn what_is_asked_for_here_goes_before_the_configuration() -> Tested {
    let folder = project(&[
        ("stanch.toml", "[lint]\nignore = ['all']\n"),
        ("a.js", "LEAK\n"),
    ])?;
    let outcome = lint(Request {
        select: vec!["ineffective-listener-removal".parse()?],
        ..request(&folder)
    })?;
    assert_eq!(outcome.findings.len(), 1);
    Ok(())
}

#[test]
fn a_baseline_hides_what_it_knows() -> Tested {
    let folder = project(&[("a.js", "LEAK\n"), ("b/b.js", "LEAK\n")])?;
    let add = Request {
        baseline: BaselineUse::Add,
        ..request(&folder)
    };
    assert_eq!(said(&lint(add)?), [""; 0]);
    write(folder.path(), "a.js", "let a;\nLEAK\nLEAK\n")?;
    let outcome = lint(request(&folder))?;
    assert_eq!(said(&outcome), ["a.js:3 ineffective-listener-removal"]);
    assert_eq!((outcome.baselined, outcome.gone), (2, 0));
    fs::remove_file(folder.path().join("b/b.js"))?;
    assert_eq!(lint(request(&folder))?.gone, 1);
    let prune = Request {
        baseline: BaselineUse::Prune,
        ..request(&folder)
    };
    assert_eq!(lint(prune)?.findings.len(), 1);
    assert_eq!(lint(request(&folder))?.gone, 0);
    Ok(())
}

fn git(folder: &TempDir, arguments: &[&str]) -> Tested {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    let output = Command::new("git")
        .current_dir(folder.path())
        .args(identity)
        .args(arguments)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(())
    } else {
        Err(said.into())
    }
}

#[test]
fn only_changed_lines_are_reported_since_a_commit() -> Tested {
    let folder = project(&[("a.js", "LEAK\nlet a;\n"), ("b.js", "LEAK\n")])?;
    git(&folder, &["init", "-q"])?;
    git(&folder, &["add", "."])?;
    git(&folder, &["commit", "-q", "-m", "a"])?;
    write(folder.path(), "a.js", "LEAK\nlet a;\nLEAK\n")?;
    write(folder.path(), "c é.js", "LEAK\n")?;
    let since = |since: &str| {
        lint(Request {
            since: Some(since.to_owned()),
            ..request(&folder)
        })
    };
    let outcome = since("HEAD")?;
    assert_eq!(
        said(&outcome),
        [
            "a.js:3 ineffective-listener-removal",
            "c é.js:1 ineffective-listener-removal",
        ]
    );
    assert_eq!((outcome.checked, outcome.unchanged), (3, 2));
    let error = since("nowhere").err().map(|error| error.to_string());
    assert_eq!(
        error.as_deref(),
        Some("--since nowhere: there is no commit `nowhere`")
    );
    let error = since("--output=x").err().map(|error| error.to_string());
    assert!(error.is_some_and(|error| error.contains("there is no commit")));
    let elsewhere = project(&[])?;
    let outside = Request {
        since: Some("HEAD".to_owned()),
        ..request(&elsewhere)
    };
    let error = lint(outside).err().map(|error| error.to_string());
    assert!(error.is_some_and(|error| error.ends_with("is in no git repository")));
    Ok(())
}

#[test]
fn fixes_leave_what_is_not_reported() -> Tested {
    let unused = "// stanch-ignore unguarded-pipe: a string in memory\nlet a;\n";
    let folder = project(&[("a.js", &format!("{unused}LEAK\n"))])?;
    let fixed = |request| -> Result<(Vec<String>, String), LintError> {
        let workspace = Workspace::open(request)?;
        let outcome = workspace.lint_and_fix(Fixing::Safe, &|_, _| {})?;
        let after = outcome.fixed.first().map(|file| file.after.clone());
        Ok((said(&outcome), after.unwrap_or_default()))
    };
    let (left, after) = fixed(request(&folder))?;
    assert_eq!(left, ["a.js:2 ineffective-listener-removal"]);
    assert_eq!(after, format!("let a;\n{LEAK}"));
    lint(Request {
        baseline: BaselineUse::Add,
        ..request(&folder)
    })?;
    assert_eq!(fixed(request(&folder))?, (Vec::new(), String::new()));
    Ok(())
}

#[test]
fn deep_nesting_ends_no_thread() -> Tested {
    let deep = format!("x = {}1{};\n", "[".repeat(20_000), "]".repeat(20_000));
    let folder = project(&[("b.js", "LEAK\n")])?;
    // Short lines, for what is on one line is taken for a bundle.
    fs::write(folder.path().join("a.js"), deep.replace('[', "[\n"))?;
    let outcome = lint(request(&folder))?;
    assert_eq!(said(&outcome), ["b.js:1 ineffective-listener-removal"]);
    assert_eq!(outcome.checked, 2);
    Ok(())
}
