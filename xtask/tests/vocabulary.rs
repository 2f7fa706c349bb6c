//! The six pattern ids, wherever they are listed, against the vocabulary's own list.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its subject must fail"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use stanch_leak_patterns::Pattern;

/// Leaking fixtures that no pattern names: what grows there is outside of the heap.
const NO_PATTERN: &str = "native-growth";

#[test]
fn fixtures_cover_the_six() {
    let folder = "fixtures/leaks";
    let mut names = names_in(folder, Only::Folders);
    names.remove(NO_PATTERN);
    check(folder, &names);
}

#[test]
fn explanations_cover_the_six() {
    let folder = "crates/stanch/src/explain/patterns";
    check(folder, &names_in(folder, Only::Markdown));
}

#[test]
fn the_glossary_lists_the_six() {
    let file = "docs/glossary.md";
    let text = fs::read_to_string(project().join(file)).unwrap();
    let section = text
        .split("\n## ")
        .find(|section| section.starts_with("The six patterns"))
        .unwrap();
    let ids = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(str::to_owned)
        .collect();
    check(file, &ids);
}

fn check(place: &str, listed: &BTreeSet<String>) {
    let ids: BTreeSet<String> = Pattern::ALL.iter().map(|it| it.id().to_owned()).collect();
    assert_eq!(listed, &ids, "{place}, and Pattern::ALL");
}

#[derive(Clone, Copy)]
enum Only {
    Folders,
    Markdown,
}

fn names_in(folder: &str, only: Only) -> BTreeSet<String> {
    let entries = fs::read_dir(project().join(folder)).unwrap();
    entries
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let wanted = match only {
                Only::Folders => path.is_dir(),
                Only::Markdown => path.extension().is_some_and(|kind| kind == "md"),
            };
            wanted.then(|| path.file_stem().unwrap().to_str().unwrap().to_owned())
        })
        .collect()
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
