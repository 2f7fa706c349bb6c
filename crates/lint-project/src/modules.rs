//! The name of a module into the file of the project that it means; packages and Node's own modules mean none.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use oxc_resolver::{ResolveOptions, Resolver, TsconfigDiscovery};
use rustc_hash::FxHashMap;
use stanch_leak_lint::FileIndex;

use crate::file::Place;
use crate::walk::lexical;

/// What is tried after a name without an extension, in the order of bundlers and of TypeScript: sources before what may have
/// been built from them.
const EXTENSIONS: [&str; 10] = [
    "ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs", "vue", "svelte",
];
/// Sources that TypeScript has imported under the name of what it makes of them.
const SOURCES: [(&str, &[&str]); 4] = [
    ("js", &["ts", "tsx"]),
    ("jsx", &["tsx"]),
    ("mjs", &["mts"]),
    ("cjs", &["cts"]),
];

/// The files of a project by their paths.
pub(crate) struct Modules {
    /// By their letters: a path is hashed name by name, which takes longer than all else that is done with it here.
    files: FxHashMap<OsString, FileIndex>,
    resolver: Resolver,
}

impl Modules {
    pub(crate) fn of<'p>(places: impl Iterator<Item = &'p Place>) -> Self {
        let files = places.enumerate();
        Self {
            files: files
                .map(|(at, place)| (place.path.clone().into_os_string(), FileIndex(at)))
                .collect(),
            resolver: Resolver::new(options()),
        }
    }

    /// The file that a module means which the file `from` names.
    pub(crate) fn find(&self, from: &Path, module: &str) -> Option<FileIndex> {
        let name = module.split(['?', '#']).next().filter(|it| !it.is_empty());
        match name {
            Some(name) if name.starts_with('.') => self.beside(from, name),
            _ if module.starts_with("node:") => None,
            _ => self.resolved(from, module),
        }
    }

    /// A file by its path from another one. Most names are of this kind, and need no look at the disk.
    fn beside(&self, from: &Path, name: &str) -> Option<FileIndex> {
        let path = lexical(&from.parent()?.join(name));
        let is_folder = name.ends_with('/') || name.ends_with('.');
        if !is_folder && let Some(file) = self.named(&path) {
            return Some(file);
        }
        let index = path.join("index");
        let index = EXTENSIONS
            .iter()
            .find_map(|it| self.at(&index.with_extension(it)));
        // What is left are folders with a package of their own, and files that hold no code.
        index.or_else(|| match path.extension() {
            Some(_) if !is_folder => None,
            _ => self.resolved(from, name),
        })
    }

    fn named(&self, path: &Path) -> Option<FileIndex> {
        if let Some(file) = self.at(path) {
            return Some(file);
        }
        let extension = path.extension().and_then(|it| it.to_str());
        let sources = SOURCES.iter().find(|(made, _)| Some(*made) == extension);
        let sources = sources.map_or(&[][..], |(_, sources)| sources);
        let source = sources
            .iter()
            .find_map(|it| self.at(&path.with_extension(it)));
        source.or_else(|| EXTENSIONS.iter().find_map(|it| self.at(&with(path, it))))
    }

    /// By tsconfig's paths, by the exports and imports of packages, by links of a monorepo.
    fn resolved(&self, from: &Path, module: &str) -> Option<FileIndex> {
        let found = self.resolver.resolve_file(from, module).ok()?;
        self.at(found.path())
    }

    /// The file with that path.
    pub(crate) fn at(&self, path: &Path) -> Option<FileIndex> {
        self.files.get(path.as_os_str()).copied()
    }
}

/// A path with one more extension: `user.service` may mean `user.service.ts`.
fn with(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

fn options() -> ResolveOptions {
    let dotted = |extension: &&str| format!(".{extension}");
    ResolveOptions {
        tsconfig: Some(TsconfigDiscovery::Auto),
        // As in a service: what `import` and `require` take in Node, and the sources that some packages name first.
        condition_names: [
            "source",
            "types-source",
            "node",
            "import",
            "require",
            "default",
        ]
        .map(str::to_owned)
        .to_vec(),
        extensions: EXTENSIONS.iter().map(dotted).collect(),
        extension_alias: SOURCES
            .iter()
            .map(|(made, sources)| {
                let all = sources.iter().chain([made]);
                (format!(".{made}"), all.map(dotted).collect())
            })
            .collect(),
        main_fields: ["source", "module", "main"].map(str::to_owned).to_vec(),
        builtin_modules: true,
        ..ResolveOptions::default()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use super::Modules;
    use crate::file::Place;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    const FILES: [(&str, &str); 9] = [
        (
            "tsconfig.json",
            r#"{"compilerOptions": {"paths": {"@/*": ["./src/*"]}}}"#,
        ),
        (
            "package.json",
            r##"{"name": "shop", "imports": {"#db": "./src/db.ts"}}"##,
        ),
        ("src/main.ts", ""),
        ("src/db.ts", ""),
        ("src/user.service.ts", ""),
        ("src/jobs/index.js", ""),
        (
            "packages/q/package.json",
            r#"{"name": "q", "main": "lib/q.js"}"#,
        ),
        ("packages/q/lib/q.js", ""),
        ("packages/q/b.mjs", ""),
    ];

    fn check(from: &str, module: &str, expected: Option<&str>) -> Outcome {
        let folder = tempfile::tempdir()?;
        let root = folder.path().canonicalize()?;
        for (name, text) in FILES {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&root))?;
            fs::write(path, text)?;
        }
        fs::create_dir(root.join("node_modules"))?;
        std::os::unix::fs::symlink(root.join("packages/q"), root.join("node_modules/q"))?;
        let code = FILES.iter().filter(|(name, _)| !name.ends_with("json"));
        let places: Vec<Place> = code
            .map(|(name, _)| Place {
                path: root.join(name),
                name: Arc::from(*name),
            })
            .collect();
        let found = Modules::of(places.iter()).find(&root.join(Path::new(from)), module);
        let found = found.map(|file| &*places[file.0].name);
        assert_eq!(found, expected, "{module} from {from}");
        Ok(())
    }

    #[test]
    fn files_are_found_by_their_paths() -> Outcome {
        check("src/main.ts", "./db", Some("src/db.ts"))?;
        check("src/main.ts", "./db.js", Some("src/db.ts"))?;
        check("src/main.ts", "./user.service", Some("src/user.service.ts"))?;
        check("src/main.ts", "./jobs", Some("src/jobs/index.js"))?;
        check("src/jobs/index.js", "../main", Some("src/main.ts"))?;
        check("src/jobs/index.js", ".", Some("src/jobs/index.js"))?;
        check("packages/q/b.mjs", ".", Some("packages/q/lib/q.js"))?;
        check("src/main.ts", "./missing", None)?;
        check("src/main.ts", "./db?raw", Some("src/db.ts"))
    }

    #[test]
    fn files_are_found_by_configurations() -> Outcome {
        check("src/user.service.ts", "@/db", Some("src/db.ts"))?;
        check("src/jobs/index.js", "#db", Some("src/db.ts"))?;
        check("src/main.ts", "q", Some("packages/q/lib/q.js"))?;
        check("src/main.ts", "node:fs", None)?;
        check("src/main.ts", "fs", None)?;
        check("src/main.ts", "express", None)
    }
}
