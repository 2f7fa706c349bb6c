//! Paths that were asked for into the files to lint, and what was left out on the way.

use std::fs::FileType;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::config::{Config, Excluded};
use crate::error::LintError;
use crate::outcome::{Named, Reason, Skipped};

/// Extensions of what can be linted.
const EXTENSIONS: [&str; 10] = [
    "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "vue", "svelte",
];
/// Folders of other people's code.
const PACKAGES: [&str; 3] = ["node_modules", "bower_components", "jspm_packages"];
/// Folders that builds, coverage tools and frameworks write into; those that also hold sources, such as `build` and `lib`,
/// are left to .gitignore.
const BUILT: [&str; 2] = ["dist", "coverage"];

/// Whether what is usually left out is linted as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ignoring {
    /// `.gitignore`, packages, built and hidden files are left out.
    #[default]
    Usual,
    /// Everything is linted that a person may have written.
    Nothing,
}

/// Files to lint, and what was left out.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// Each once, in the order of paths.
    pub(crate) files: Vec<(PathBuf, Named)>,
    pub(crate) skipped: Vec<Skipped>,
    /// Folders that could not be read.
    pub(crate) unreadable: Vec<(PathBuf, String)>,
}

/// Finds the files below the paths; `paths` are absolute.
pub(crate) fn walk(
    paths: &[(PathBuf, PathBuf)],
    config: &Config,
    ignoring: Ignoring,
) -> Result<Walked, LintError> {
    let mut walked = Walked::default();
    for (given, path) in paths {
        let about = std::fs::metadata(path).map_err(|cause| LintError::Path {
            path: given.clone(),
            cause,
        })?;
        if about.is_dir() {
            walk_folder(path, config, ignoring, &mut walked);
        } else {
            let reason = reason_by_name(path)
                .or_else(|| config.excluded().matches(path).then_some(Reason::Excluded));
            match reason {
                None => walked.files.push((path.clone(), Named::Itself)),
                Some(reason) => walked.skip(path.clone(), reason, Named::Itself),
            }
        }
    }
    walked.put_in_order();
    Ok(walked)
}

/// Why a file is not linted that somebody has open, as far as its path tells; `root` is the project's folder.
pub(crate) fn left_out(path: &Path, root: &Path, config: &Config) -> Option<Reason> {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let mut folders = inside.parent().into_iter().flat_map(Path::components);
    let by_folder = folders.find_map(|folder| match folder.as_os_str().to_str()? {
        name if PACKAGES.contains(&name) => Some(Reason::Packages),
        name if BUILT.contains(&name) => Some(Reason::Built),
        _ => None,
    });
    let excluded = || config.excluded().matches(path).then_some(Reason::Excluded);
    by_folder.or_else(|| reason_by_name(path)).or_else(excluded)
}

fn walk_folder(root: &Path, config: &Config, ignoring: Ignoring, walked: &mut Walked) {
    let left_out = Arc::new(Mutex::new(Vec::new()));
    let mut builder = WalkBuilder::new(root);
    builder
        .standard_filters(ignoring == Ignoring::Usual)
        // Sources are copied into containers without their .git.
        .require_git(false)
        .follow_links(false);
    let (noted, excluded) = (left_out.clone(), config.excluded());
    builder.filter_entry(move |entry| match reason(entry, &excluded, ignoring) {
        None => true,
        // What no one expects to be linted needs no word.
        Some(Reason::Kind) => false,
        Some(reason) => {
            let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.push((entry.path().to_owned(), reason));
            false
        }
    });
    let found = Mutex::new(walked);
    builder.build_parallel().run(|| {
        Box::new(|entry| {
            let mut walked = found.lock().unwrap_or_else(PoisonError::into_inner);
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_dir()) => {}
                Ok(entry) => walked.files.push((entry.into_path(), Named::InFolder)),
                Err(error) => walked.unreadable.push(unreadable(root, &error)),
            }
            WalkState::Continue
        })
    });
    let walked = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut left_out = left_out.lock().unwrap_or_else(PoisonError::into_inner);
    for (path, reason) in left_out.drain(..) {
        walked.skip(path, reason, Named::InFolder);
    }
}

/// Why an entry is not linted; for a folder, why nothing in it is.
fn reason(entry: &DirEntry, excluded: &Excluded, ignoring: Ignoring) -> Option<Reason> {
    if entry.depth() == 0 {
        return None;
    }
    let kind: FileType = entry.file_type()?;
    let excluded = || excluded.matches(entry.path()).then_some(Reason::Excluded);
    if kind.is_dir() {
        let name = entry.file_name().to_str().unwrap_or_default();
        let usual = ignoring == Ignoring::Usual;
        return match name {
            _ if usual && PACKAGES.contains(&name) => Some(Reason::Packages),
            _ if usual && BUILT.contains(&name) => Some(Reason::Built),
            _ => excluded(),
        };
    }
    match reason_by_name(entry.path()) {
        Some(reason) => Some(reason),
        None if kind.is_symlink() => Some(Reason::Link),
        // Pipes and sockets may be called anything.
        None if !kind.is_file() => Some(Reason::Kind),
        None => excluded(),
    }
}

fn reason_by_name(path: &Path) -> Option<Reason> {
    let name = path.file_name()?.to_str().unwrap_or_default();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    if !EXTENSIONS.contains(&extension) {
        return Some(Reason::Kind);
    }
    if stem.ends_with(".d") && extension.ends_with("ts") {
        return Some(Reason::Declarations);
    }
    (stem.ends_with(".min") || stem.ends_with("-min")).then_some(Reason::Minified)
}

fn unreadable(root: &Path, error: &ignore::Error) -> (PathBuf, String) {
    match error {
        ignore::Error::WithPath { path, err } => (path.clone(), unreadable(root, err).1),
        ignore::Error::WithDepth { err, .. } => unreadable(root, err),
        ignore::Error::Io(error) => (root.to_owned(), error.to_string()),
        other => (root.to_owned(), other.to_string()),
    }
}

impl Walked {
    /// Walks on several cores find files in any order, and some may have been asked for twice.
    fn put_in_order(&mut self) {
        self.files
            .sort_by_cached_key(|(path, named)| (key(path), *named == Named::InFolder));
        self.files.dedup_by(|(one, _), (other, _)| one == other);
        self.unreadable.sort();
    }

    fn skip(&mut self, path: PathBuf, reason: Reason, named: Named) {
        self.skipped.push(Skipped {
            path,
            reason,
            named,
        });
    }
}

/// What paths are compared by: paths themselves are, name by name, which takes ten times as long.
fn key(path: &Path) -> Vec<u8> {
    let letters = path.as_os_str().as_encoded_bytes().iter();
    let is_between = |letter: u8| std::path::is_separator(char::from(letter));
    // The end of a name comes before all its letters, as in the order of paths.
    letters
        .map(|letter| if is_between(*letter) { 0 } else { *letter })
        .collect()
}

/// The path without `.` and `..`, as its letters say.
pub(crate) fn lexical(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.pop() => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{Ignoring, lexical, walk};
    use crate::config::Config;
    use crate::outcome::Named;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    const TREE: [&str; 12] = [
        "src/a.ts",
        "src/b.test.jsx",
        "src/types.d.ts",
        "src/lib.min.js",
        "src/style.css",
        "src/view.vue",
        "dist/a.js",
        "node_modules/p/index.js",
        "packages/q/node_modules/r/index.js",
        "packages/q/index.mjs",
        ".hidden/a.js",
        "ignored/a.js",
    ];

    fn check(ignoring: Ignoring, root: &str, files: &[&str], skipped: &[&str]) -> Outcome {
        let folder = tempfile::tempdir()?;
        let folder = folder.path().canonicalize()?;
        for file in TREE {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap_or(&folder))?;
            fs::write(path, "")?;
        }
        fs::write(folder.join(".gitignore"), "/ignored/\n")?;
        symlink(&folder, folder.join("src/loop"))?;
        symlink(folder.join("src/a.ts"), folder.join("src/same.ts"))?;
        let path = lexical(&folder.join(root));
        let walked = walk(&[(path.clone(), path)], &Config::none(), ignoring)?;
        let short = |path: &Path| {
            let path = path.strip_prefix(&folder).unwrap_or(path);
            path.display().to_string()
        };
        let found: Vec<String> = walked.files.iter().map(|(path, _)| short(path)).collect();
        assert_eq!(found, files);
        let mut left: Vec<String> = walked
            .skipped
            .iter()
            .map(|it| format!("{}: {}", short(&it.path), it.reason))
            .collect();
        left.sort();
        assert_eq!(left, skipped);
        Ok(())
    }

    #[test]
    fn other_peoples_code_is_left_out() -> Outcome {
        check(
            Ignoring::Usual,
            ".",
            &[
                "packages/q/index.mjs",
                "src/a.ts",
                "src/b.test.jsx",
                "src/view.vue",
            ],
            &[
                "dist: a folder of built code",
                "node_modules: a folder of packages",
                "packages/q/node_modules: a folder of packages",
                "src/lib.min.js: minified",
                "src/same.ts: a symbolic link",
                "src/types.d.ts: declarations only",
            ],
        )
    }

    #[test]
    fn files_come_in_the_order_of_paths() -> Outcome {
        let folder = tempfile::tempdir()?;
        let folder = folder.path().canonicalize()?;
        for file in ["a-b/c.js", "a/b.js", "a.js", "a/b-c.js"] {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap_or(&folder))?;
            fs::write(path, "")?;
        }
        let paths = [folder.join("a"), folder.join("a/b.js"), folder.clone()];
        let paths = paths.map(|path| (path.clone(), path));
        let found = walk(&paths, &Config::none(), Ignoring::Usual)?.files;
        assert!(found.is_sorted_by(|(one, _), (other, _)| one < other));
        let itself = found.iter().filter(|(_, named)| *named == Named::Itself);
        assert!(itself.map(|(path, _)| path).eq([&paths[1].1]));
        assert_eq!(found.len(), 4);
        Ok(())
    }

    #[test]
    fn what_is_named_itself_is_linted() -> Outcome {
        let check = |root, files| check(Ignoring::Usual, root, files, &[]);
        check("dist", &["dist/a.js"])?;
        check("node_modules/p", &["node_modules/p/index.js"])?;
        check("dist/a.js", &["dist/a.js"])
    }

    #[test]
    fn nothing_is_ignored_where_that_is_asked_for() -> Outcome {
        check(
            Ignoring::Nothing,
            "packages/../src/..",
            &[
                ".hidden/a.js",
                "dist/a.js",
                "ignored/a.js",
                "node_modules/p/index.js",
                "packages/q/index.mjs",
                "packages/q/node_modules/r/index.js",
                "src/a.ts",
                "src/b.test.jsx",
                "src/view.vue",
            ],
            &[
                "src/lib.min.js: minified",
                "src/same.ts: a symbolic link",
                "src/types.d.ts: declarations only",
            ],
        )
    }
}
