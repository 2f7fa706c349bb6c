//! `cargo metadata` against the table of crates in ARCHITECTURE.md.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot read its subject must fail"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const PREFIX: &str = "stanch-";

#[derive(Debug, PartialEq, Eq)]
struct Row {
    layer: u32,
    uses: BTreeSet<String>,
}

#[derive(serde::Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(serde::Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(serde::Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

#[test]
fn arrows_are_those_of_the_table() {
    let table = table();
    let packages = packages();
    let names: BTreeSet<&str> = packages.iter().map(|p| short(&p.name)).collect();
    let rows: BTreeSet<&str> = table.keys().map(String::as_str).collect();
    assert_eq!(names, rows, "the crates, and the rows of ARCHITECTURE.md");
    for package in &packages {
        let name = short(&package.name);
        let normal = arrows(package, |kind| kind.is_none());
        assert_eq!(
            normal, table[name].uses,
            "what `{name}` uses, and its row in ARCHITECTURE.md"
        );
    }
}

#[test]
fn arrows_point_down_also_in_tests() {
    let table = table();
    for package in packages() {
        let name = short(&package.name);
        for used in arrows(&package, |_| true) {
            let (from, to) = (table[name].layer, table[&used].layer);
            assert!(
                from > to,
                "`{name}` (layer {from}) uses `{used}` (layer {to})"
            );
        }
    }
}

/// The heap engine is of use without the rest: not even its tests need another crate of ours.
#[test]
fn the_heap_engine_stands_alone() {
    let allowed = [
        ("heap-snapshot", None),
        ("heap-graph", Some("heap-snapshot")),
    ];
    let packages = packages();
    for (name, used) in allowed {
        let package = packages.iter().find(|package| short(&package.name) == name);
        let arrows = arrows(package.unwrap(), |_| true);
        let used: BTreeSet<String> = used.into_iter().map(str::to_owned).collect();
        assert_eq!(arrows, used, "what `{name}` uses");
    }
}

#[test]
fn folders_are_named_as_their_crates() {
    for package in packages() {
        let folder = package.manifest_path.parent().and_then(Path::file_name);
        assert_eq!(
            folder.and_then(|name| name.to_str()),
            Some(short(&package.name))
        );
    }
}

fn short(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

/// Other crates of ours that it depends on, where `wanted` takes the kind: none, `dev` or `build`.
fn arrows(package: &Package, wanted: impl Fn(Option<&str>) -> bool) -> BTreeSet<String> {
    package
        .dependencies
        .iter()
        .filter(|dependency| wanted(dependency.kind.as_deref()))
        .filter(|dependency| dependency.name.starts_with(PREFIX))
        .map(|dependency| short(&dependency.name).to_owned())
        .collect()
}

/// The project's packages without xtask, which stands beside the flow.
fn packages() -> Vec<Package> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(project())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {said}");
    let metadata: Metadata = serde_json::from_slice(&output.stdout).unwrap();
    let mut packages = metadata.packages;
    packages.retain(|package| package.name != "xtask");
    assert!(!packages.is_empty());
    packages
}

/// Rows such as ``| 1 | `heap-graph` | what it does | `heap-snapshot` | … |``.
fn table() -> BTreeMap<String, Row> {
    let text = fs::read_to_string(project().join("ARCHITECTURE.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let &["", layer, name, _, uses, _, ""] = cells.as_slice() else {
            continue;
        };
        let Ok(layer) = layer.parse() else { continue };
        let uses = match uses {
            "nothing" => BTreeSet::new(),
            list => list.split_whitespace().map(unquoted).collect(),
        };
        let before = rows.insert(unquoted(name), Row { layer, uses });
        assert_eq!(before, None, "{name} has two rows");
    }
    rows
}

fn unquoted(code: &str) -> String {
    let inner = code.strip_prefix('`').and_then(|it| it.strip_suffix('`'));
    inner
        .unwrap_or_else(|| panic!("{code} is not in backquotes"))
        .to_owned()
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
