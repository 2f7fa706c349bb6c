//! The folder of the corpus into its sources.

use std::fs;
use std::path::{Path, PathBuf};

/// Path from the corpus and text of each source, in the order of the paths.
pub(crate) fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/corpus");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let texts = files.into_iter().filter_map(|path| {
        let text = fs::read_to_string(&path).ok()?;
        let name = path.strip_prefix(&root).ok()?;
        Some((name.to_string_lossy().into_owned(), text))
    });
    texts.collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    const SOURCES: [&str; 8] = ["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_some_and(|it| SOURCES.iter().any(|known| it == *known))
        {
            files.push(path);
        }
    }
}
