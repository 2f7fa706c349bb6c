//! The scripts that a diagnosis needs: from disk by the names that V8 knows them by, else from the process.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use percent_encoding::percent_decode_str;
use stanch_diagnosis::{Allocation, Compiled, Script, Sources};
use stanch_heap_growth::{Growth, Origin};
use stanch_inspector::Session;
use stanch_js_source::{SourceMapIndex, SourceMapReference, SourceText};

/// Scripts larger than this are bundles that take longer to parse than a reader waits.
const LARGEST: u64 = 20 << 20;
/// Extensions that Node runs only after something has compiled them in memory.
const COMPILED_IN_MEMORY: [&str; 5] = [".ts", ".tsx", ".jsx", ".mts", ".cts"];

/// The folder that reported files are relative to.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// `--sources`, else the working folder; for a command whose script lies elsewhere, the script's folder.
    pub(crate) fn of_sources(given: Option<&Path>, command: &[String]) -> Result<Self> {
        if let Some(folder) = given {
            let folder = folder
                .canonicalize()
                .with_context(|| format!("--sources: cannot open {}", folder.display()))?;
            return Ok(Self(folder));
        }
        let working = std::env::current_dir().context("the working folder is gone")?;
        let script = command
            .iter()
            .skip(1)
            .find(|argument| !argument.starts_with('-'));
        let script = script
            .and_then(|script| working.join(script).canonicalize().ok())
            .filter(|path| path.is_file());
        let elsewhere = script
            .filter(|path| !path.starts_with(&working))
            .and_then(|path| path.parent().map(Path::to_owned));
        Ok(Self(elsewhere.unwrap_or(working)))
    }

    /// The name that reports give a file.
    fn name(&self, path: &Path) -> String {
        let parts = path.strip_prefix(&self.0).unwrap_or(path).components();
        let name: Vec<_> = parts
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        name.join("/").replacen("//", "/", 1)
    }
}

/// The readable scripts of a growth, as they are on disk; those that are not there are left out.
pub(crate) fn load_scripts(growth: &Growth, folder: &Folder) -> Sources {
    let mut sources = Sources::default();
    for url in wanted(growth) {
        if let Some(script) = path_of(url).and_then(|path| from_disk(&path, folder)) {
            sources.insert(url, script);
        }
    }
    sources
}

/// The scripts of sampled functions.
pub(crate) fn load_allocating(allocations: &[Allocation], folder: &Folder) -> Sources {
    let scripts = allocations
        .iter()
        .map(|allocation| allocation.url.clone())
        .collect();
    load_scripts(
        &Growth {
            scripts,
            ..Growth::default()
        },
        folder,
    )
}

/// Adds what only the process has: scripts without a file, and what was compiled in memory.
///
/// Asks the debugger for them, so it is meant for a process of our own after its load has ended.
pub(crate) async fn load_live(
    session: &Session,
    growth: &Growth,
    folder: &Folder,
    sources: &mut Sources,
) -> Result<()> {
    let missing: Vec<&str> = wanted(growth)
        .filter(|url| !sources.contains(url) || is_compiled_in_memory(url))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    for script in session.scripts().await? {
        if !missing.contains(&script.url.as_str()) {
            continue;
        }
        let text = session.script_source(&script.script_id).await?;
        let path = path_of(&script.url).unwrap_or_else(|| PathBuf::from(&script.url));
        sources.insert(script.url.clone(), script_from(&path, text, folder));
    }
    Ok(())
}

/// The service's own scripts, and of the packages those that a holder leads to.
fn wanted(growth: &Growth) -> impl Iterator<Item = &str> {
    let led_to = growth.holders.iter().flat_map(|holder| {
        let anchors = [
            holder.headline.anchor.as_ref(),
            holder.headline.user_anchor.as_ref(),
        ]
        .into_iter()
        .flatten();
        let anchored = anchors
            .filter_map(|anchor| anchor.script())
            .map(|place| place.url.as_str());
        let members = holder.places.iter().map(|member| member.place.url.as_str());
        anchored.chain(members)
    });
    let mut led_to: Vec<&str> = led_to.collect();
    // Any script of a package tells its version.
    let packages = growth
        .holders
        .iter()
        .filter_map(|holder| holder.headline.inner_origin.as_ref());
    led_to.extend(
        packages
            .filter(|origin| **origin != Origin::User)
            .filter_map(|origin| {
                growth
                    .scripts
                    .iter()
                    .map(String::as_str)
                    .find(|url| Origin::of_url(url) == *origin)
            }),
    );
    let urls = growth.scripts.iter().map(String::as_str);
    urls.filter(move |url| Origin::of_url(url) == Origin::User || led_to.contains(url))
}

fn is_compiled_in_memory(url: &str) -> bool {
    COMPILED_IN_MEMORY
        .iter()
        .any(|extension| url.ends_with(extension))
}

fn from_disk(path: &Path, folder: &Folder) -> Option<Script> {
    if fs::metadata(path).ok()?.len() > LARGEST {
        return None;
    }
    let text = String::from_utf8_lossy(&fs::read(path).ok()?).into_owned();
    Some(script_from(path, text, folder))
}

fn script_from(path: &Path, text: String, folder: &Folder) -> Script {
    let origin = compiled(path, &text, folder);
    Script {
        text: SourceText::new(folder.name(path), text),
        package: package(path),
        origin,
    }
}

/// What a script was compiled from, if it says so and the originals can be read.
fn compiled(path: &Path, text: &str, folder: &Folder) -> Option<Compiled> {
    let (json, map_path) = match SourceMapIndex::reference(text).ok()?? {
        SourceMapReference::Inline(json) => (json, path.to_owned()),
        SourceMapReference::External(name) => {
            let map_path = path.parent()?.join(name);
            (fs::read_to_string(&map_path).ok()?, map_path)
        }
    };
    let map = SourceMapIndex::parse(&json, &map_path.to_string_lossy()).ok()?;
    let mut originals = BTreeMap::new();
    for source in map.sources() {
        let on_disk = path_of(source).unwrap_or_else(|| PathBuf::from(source));
        // A map may name files that were never shipped; it then often carries their texts.
        let text = fs::read_to_string(&on_disk)
            .ok()
            .or_else(|| map.source_content(source).map(str::to_owned));
        if let Some(text) = text {
            let name = folder.name(&on_disk.canonicalize().unwrap_or(on_disk));
            originals.insert(source.clone(), SourceText::new(name, text));
        }
    }
    Some(Compiled { map, originals })
}

/// The file behind a URL of V8's; none for what has no file.
fn path_of(url: &str) -> Option<PathBuf> {
    match url.strip_prefix("file://") {
        Some(encoded) => {
            let path = percent_decode_str(encoded).decode_utf8_lossy();
            Some(PathBuf::from(path.into_owned()))
        }
        None => url.starts_with('/').then(|| PathBuf::from(url)),
    }
}

/// `name@version` of the package that a file in node_modules belongs to.
fn package(path: &Path) -> Option<String> {
    let text = path.to_string_lossy();
    let Origin::Package(name) = Origin::of_url(&text) else {
        return None;
    };
    let end = text.rfind("/node_modules/")? + "/node_modules/".len() + name.len();
    let manifest = fs::read_to_string(format!("{}/package.json", &text[..end])).ok();
    let version = manifest.and_then(|manifest| {
        let manifest: serde_json::Value = serde_json::from_str(&manifest).ok()?;
        let field = |key: &str| manifest.get(key)?.as_str().map(str::to_owned);
        // Installed under an alias, a package still has a name of its own.
        Some(format!(
            "{}@{}",
            field("name").unwrap_or_else(|| name.clone()),
            field("version")?
        ))
    });
    Some(version.unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Folder, path_of};

    #[test]
    fn urls_become_paths() {
        let check = |url: &str, path: Option<&str>| {
            assert_eq!(path_of(url), path.map(PathBuf::from), "{url}")
        };
        check("file:///srv/my%20app/a.mjs", Some("/srv/my app/a.mjs"));
        check("/srv/app/a.js", Some("/srv/app/a.js"));
        check("file:///srv/caf%C3%A9/a.mjs", Some("/srv/café/a.mjs"));
        check("file:///srv/100%/a.js", Some("/srv/100%/a.js"));
        check("node:internal/timers", None);
        check("evalmachine.<anonymous>", None);
    }

    #[test]
    fn names_are_relative_to_the_sources() {
        let folder = Folder(PathBuf::from("/srv/app"));
        assert_eq!(
            folder.name(Path::new("/srv/app/src/users.js")),
            "src/users.js"
        );
        assert_eq!(folder.name(Path::new("/srv/lib/x.js")), "/srv/lib/x.js");
    }
}
