//! Small programs that leak into their fixed twins: run under Node with forced garbage collection, the former keep what
//! belongs to their units of work, the latter do not, and both say the same.
//!
//! Each folder in `twins` has a service and, in `case.json`, what is true of it: the rule that speaks, how safe its fix is,
//! whether `objects` or `descriptors` are kept, and why.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use stanch_js_source::SourceText;
use stanch_leak_lint::{Safety, fix_text, lint_with};

#[derive(Deserialize)]
struct Case {
    rule: String,
    up_to: UpTo,
    kept: Kept,
    why: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum UpTo {
    Safe,
    Unsafe,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kept {
    Objects,
    Descriptors,
}

/// What `drive.mjs` prints.
#[derive(Deserialize)]
struct Seen {
    said: Vec<String>,
    tracked: u32,
    objects: u32,
    descriptors: Option<u32>,
}

/// The fewest that a leak keeps: one of each unit but the last, which the engine may hold by itself. Descriptors are counted
/// from the third of twelve units on.
const LEAKED: u32 = 9;
/// The most that is there without one: the engine may still hold the last.
const NOISE: u32 = 1;

#[test]
fn fixed_twins_keep_nothing() -> Result<(), Box<dyn Error>> {
    let node = std::env::var_os("STANCH_NODE_24").unwrap_or_else(|| "node".into());
    if Command::new(&node).arg("--version").output().is_err() {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "no node in PATH"
        );
        eprintln!("skipped: no node in PATH");
        return Ok(());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/twins");
    let mut folders: Vec<PathBuf> = fs::read_dir(&root)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(!folders.is_empty(), "no twins in {}", root.display());
    for folder in folders {
        check(&node, &root.join("drive.mjs"), &folder)?;
    }
    Ok(())
}

fn check(node: &OsString, drive: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let case: Case = serde_json::from_str(&fs::read_to_string(folder.join("case.json"))?)?;
    let name = folder.display();
    let (leaky, text) = service(folder)?;
    let up_to = match case.up_to {
        UpTo::Safe => Safety::Safe,
        UpTo::Unsafe => Safety::Unsafe,
    };
    // The folder is one of tests, and what the rules say of tests is not asked here.
    let path = leaky.file_name().unwrap_or_default().to_string_lossy();
    let source = SourceText::new(path.clone(), text);
    let fixed = fix_text(&source, |source| lint_with(source, |_| true), up_to);
    let applied: Vec<&str> = fixed.applied.iter().map(|applied| applied.rule).collect();
    assert_eq!(applied, [case.rule.as_str()], "{name}\n{}", fixed.text);
    assert_eq!((fixed.left, fixed.broken), (vec![], vec![]), "{name}");

    let elsewhere = tempfile::tempdir()?;
    let twin = elsewhere.path().join(leaky.file_name().unwrap_or_default());
    fs::write(&twin, &fixed.text)?;
    let (before, after) = (seen(node, drive, &leaky)?, seen(node, drive, &twin)?);
    let kept = |seen: &Seen| match case.kept {
        Kept::Objects => Some(seen.objects),
        Kept::Descriptors => seen.descriptors,
    };
    assert!(!before.said.is_empty(), "{name} says nothing");
    assert_eq!(before.said, after.said, "{name}\n{}", fixed.text);
    assert_eq!(before.tracked, after.tracked, "{name}\n{}", fixed.text);
    let (Some(leaked), Some(left)) = (kept(&before), kept(&after)) else {
        eprintln!("skipped: {name}: descriptors cannot be counted here");
        return Ok(());
    };
    let why = &case.why;
    assert!(leaked >= LEAKED, "{name} keeps {leaked} only; {why}");
    assert!(left <= NOISE, "{name} still keeps {left}\n{}", fixed.text);
    Ok(())
}

/// The service's path and text.
fn service(folder: &Path) -> Result<(PathBuf, String), Box<dyn Error>> {
    let paths = ["service.cjs", "service.mjs"].map(|name| folder.join(name));
    let path = paths.into_iter().find(|path| path.exists());
    let path = path.ok_or_else(|| format!("no service in {}", folder.display()))?;
    let text = fs::read_to_string(&path)?;
    Ok((path, text))
}

fn seen(node: &OsString, drive: &Path, service: &Path) -> Result<Seen, Box<dyn Error>> {
    let output = Command::new(node)
        .arg("--expose-gc")
        .arg(drive)
        .arg(service)
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", service.display());
    let text = String::from_utf8(output.stdout)?;
    Ok(serde_json::from_str(&text)
        .map_err(|error| format!("{}: {error}: {text}{errors}", service.display()))?)
}
