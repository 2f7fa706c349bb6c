//! Folders of JavaScript and TypeScript → what the linter finds in them, as lines of JSON.
//!
//! `cargo run --example findings -- [--all] FOLDER…`; each folder is one project, of which also built files are linted. With
//! `--all` also what is found only when a rule is selected. The last line of a folder says how many files were checked.

use std::error::Error;
use std::path::{Path, PathBuf};

use stanch_leak_lint::{Finding, On, RULES};
use stanch_leak_patterns::Confidence;
use stanch_lint_project::{Ignoring, Pick, Request, Workspace};

fn main() -> Result<(), Box<dyn Error>> {
    let (flags, folders): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|argument| argument == "--all");
    let select = if flags.is_empty() {
        Vec::new()
    } else {
        vec![Pick::All]
    };
    for folder in &folders {
        lint(folder, &select)?;
    }
    Ok(())
}

fn lint(folder: &str, select: &[Pick]) -> Result<(), Box<dyn Error>> {
    let workspace = Workspace::open(Request {
        here: Path::new(folder).to_owned(),
        paths: vec![PathBuf::from(".")],
        select: select.to_vec(),
        ignoring: Ignoring::Nothing,
        ..Request::default()
    })?;
    let outcome = workspace.lint(&|_, _| {})?;
    for located in &outcome.findings {
        let finding = &located.finding;
        let confidence = match finding.confidence {
            Confidence::High => "high",
            Confidence::Medium => "medium",
            Confidence::Low => "low",
        };
        let line = serde_json::json!({
            "folder": folder,
            "file": &*located.file,
            "line": finding.place.extent.line(),
            "rule": finding.rule,
            "confidence": confidence,
            "default": is_default(finding),
            "message": finding.message,
        });
        println!("{line}");
    }
    let problems = outcome.problems.len();
    println!(
        "{}",
        serde_json::json!({"folder": folder, "files": outcome.checked, "problems": problems})
    );
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
