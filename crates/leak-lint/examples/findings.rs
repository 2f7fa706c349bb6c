//! Folders of JavaScript and TypeScript → what the rules find in them, one finding a line, as JSON.
//!
//! `cargo run --example findings -- [--all] FOLDER…`; each folder is one project. With `--all` also what is found only when
//! a rule is selected.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use stanch_js_source::SourceText;
use stanch_leak_lint::{FileIndex, Finding, On, Options, Project, RULES, Summary};
use stanch_leak_patterns::Confidence;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let all = arguments.iter().position(|argument| argument == "--all");
    let all = all.map(|at| arguments.remove(at)).is_some();
    for folder in &arguments {
        let mut sources = Vec::new();
        read(Path::new(folder), Path::new(folder), &mut sources)?;
        lint(folder, &sources, all)?;
    }
    Ok(())
}

/// Adds all sources below a path.
fn read(root: &Path, path: &Path, sources: &mut Vec<SourceText>) -> Result<(), Box<dyn Error>> {
    let mut entries = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    entries.sort();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        if entry.is_dir() {
            if name != "node_modules" {
                read(root, &entry, sources)?;
            }
        } else if is_source(&name) {
            let text = String::from_utf8_lossy(&fs::read(&entry)?).into_owned();
            let own = entry.strip_prefix(root)?.to_string_lossy().into_owned();
            sources.push(SourceText::new(own, text));
        }
    }
    Ok(())
}

/// Scripts that people or compilers wrote: no types, nothing minified.
fn is_source(name: &str) -> bool {
    let kinds = [".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"];
    kinds.iter().any(|kind| name.ends_with(kind))
        && !name.contains(".min.")
        && !name.contains(".d.")
}

fn lint(folder: &str, sources: &[SourceText], all: bool) -> Result<(), Box<dyn Error>> {
    let mut options = Options::default();
    let summaries = sources.iter();
    let summaries = summaries
        .map(|source| (source.path().to_owned(), Summary::of(source, &options)))
        .collect();
    if all {
        options.in_full = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    }
    let places: std::collections::HashMap<&str, usize> = sources
        .iter()
        .enumerate()
        .map(|(index, source)| (source.path(), index))
        .collect();
    let project = Project::link(summaries, options, |file, module| {
        let names = candidates(sources[file.0].path(), module);
        let found = names.iter().find_map(|name| places.get(&**name));
        found.copied().map(FileIndex)
    });
    for (index, source) in sources.iter().enumerate() {
        for finding in project.lint(FileIndex(index), source, |rule| {
            all || rule.on != On::WhenAsked
        }) {
            let line = finding.place.extent.line();
            let confidence = match finding.confidence {
                Confidence::High => "high",
                Confidence::Medium => "medium",
                Confidence::Low => "low",
            };
            let finding = serde_json::json!({
                "folder": folder,
                "file": source.path(),
                "line": line,
                "rule": finding.rule,
                "confidence": confidence,
                "default": is_default(&finding),
                "message": finding.message,
            });
            println!("{}", serde_json::to_string(&finding)?);
        }
    }
    Ok(())
}

/// Whether the linter says it without being asked.
fn is_default(finding: &Finding) -> bool {
    let rule = RULES.iter().find(|rule| rule.id == finding.rule);
    match rule.map(|rule| rule.on) {
        Some(On::Always) => true,
        Some(On::WhenSure) => finding.confidence == Confidence::High,
        Some(On::WhenAsked) | None => false,
    }
}

/// The files that a relative module may be, the likeliest first.
fn candidates(from: &str, module: &str) -> Vec<String> {
    if !module.starts_with('.') {
        return Vec::new();
    }
    let mut path = PathBuf::from(from);
    path.pop();
    for part in module.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    let path = path.to_string_lossy().into_owned();
    let mut names = vec![path.clone()];
    // TypeScript names the file that will be compiled.
    if let Some(stem) = path.strip_suffix(".js") {
        names.push(format!("{stem}.ts"));
    }
    for kind in ["js", "ts", "mjs", "cjs", "mts", "cts", "tsx", "jsx"] {
        names.push(format!("{path}.{kind}"));
    }
    for kind in ["js", "ts", "mjs", "cjs"] {
        names.push(format!("{path}/index.{kind}"));
    }
    names
}
