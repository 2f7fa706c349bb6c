//! The project's documents against the files that they point to.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its subject must fail"
)]

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn relative_links_lead_to_files() {
    let mut checked = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let folder = document.parent().unwrap();
        for target in links(&text) {
            let file = target.split('#').next().unwrap_or_default();
            let is_elsewhere = file.contains("://") || file.is_empty();
            assert!(
                is_elsewhere || folder.join(file).exists(),
                "{} links to {target}",
                document.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 0, "no link was found: the search for them broke");
}

/// Markdown at the root and in docs/.
fn documents() -> Vec<PathBuf> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folders = [project.to_owned(), project.join("docs")];
    let entries = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "md"))
        .collect()
}

/// Targets of `[text](target)`.
fn links(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        .collect()
}

#[test]
fn links_are_found_in_running_text() {
    assert_eq!(
        links("see [a](b.md) and [c](d/e.md#f)."),
        ["b.md", "d/e.md#f"]
    );
}
