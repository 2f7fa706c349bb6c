//! A file's path and first line into whether it is run by hand: a command, a build or a test, which ends by itself.

use crate::file::File;

/// Folders of commands, of what builds, and of tests, by the customs of npm packages.
const FOLDERS: &[&str] = &[
    "bin",
    "cli",
    "script",
    "scripts",
    "tools",
    "tasks",
    "test",
    "tests",
    "__tests__",
    "__mocks__",
    "spec",
    "e2e",
    "cypress",
    "bench",
    "benchmark",
    "benchmarks",
    "fixtures",
    "testing",
];
/// Parts of file names between dots: `orders.test.ts`, `vite.config.js`.
const PARTS: &[&str] = &["test", "spec", "config", "bench", "stories", "e2e"];
/// Files that task runners read.
const TASKS: &[&str] = &["gulpfile", "gruntfile", "jakefile", "rakefile"];

/// Whether what a file keeps is gone soon, because its process is.
pub(crate) fn ends_soon(file: &File<'_, '_>) -> bool {
    // A command that others may also import is more than a command.
    if file.parsed.program().hashbang.is_some() && file.parsed.exported_names().is_empty() {
        return true;
    }
    is_script(file.parsed.text().path())
}

/// The same by the path alone.
pub(crate) fn is_script(path: &str) -> bool {
    let path = path.replace('\\', "/");
    // The name of a package may be that of a folder of scripts.
    let path = path.rsplit("/node_modules/").next().unwrap_or_default();
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop().unwrap_or_default().to_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    parts.iter().any(|folder| FOLDERS.contains(folder))
        || name.split('.').skip(1).any(|part| PARTS.contains(&part))
        || TASKS.contains(&stem)
}
