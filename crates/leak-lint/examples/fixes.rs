//! A folder of sources into its findings with what their fixes would change: `cargo run --example fixes -- fixtures/corpus`.

use std::fs;
use std::path::{Path, PathBuf};

use similar::TextDiff;
use stanch_js_source::SourceText;
use stanch_leak_lint::{Safety, fix_text, lint_with};

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files);
    files.sort();
    for path in files {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let source = SourceText::new(path.to_string_lossy(), text.clone());
        let fixed = fix_text(
            &source,
            |source| lint_with(source, |_| true),
            Safety::Unsafe,
        );
        if !fixed.applied.is_empty() || !fixed.broken.is_empty() {
            println!("=== {}", path.display());
            for one in &fixed.applied {
                println!(
                    "applied {} {:?} line {}: {}",
                    one.rule, one.safety, one.line, one.title
                );
            }
            for one in &fixed.broken {
                println!(
                    "BROKEN {} line {}: {} {:?}",
                    one.rule, one.line, one.title, one.why
                );
            }
            let diff = TextDiff::from_lines(&text, &fixed.text);
            print!("{}", diff.unified_diff().context_radius(3));
        }
        for finding in &fixed.left {
            println!(
                "LEFT {}:{} {}",
                path.display(),
                finding.place.extent.line(),
                finding.rule
            );
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            collect(&path, files);
        } else if ["js", "mjs", "cjs", "ts", "tsx"]
            .iter()
            .any(|it| path.extension().is_some_and(|own| own == *it))
        {
            files.push(path);
        }
    }
}
