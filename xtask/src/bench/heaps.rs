//! The benchmark's heaps as data into snapshot files in the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::npm::Npm;
use crate::run;

/// Memory that the compiler's programs may take, in megabytes: enough for a file of 2 GB.
const HEAP_LIMIT: &str = "--max-old-space-size=6000";

/// A heap to measure on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Heap {
    /// A web service with hardly anything in it.
    SmallService,
    /// A TypeScript compiler that holds programs.
    TypeScript { megabytes: u64 },
    /// Streamed by the generator, no process ever had it.
    Synthetic { megabytes: u64 },
}

/// What is in a file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) bytes: u64,
    pub(crate) nodes: u64,
    pub(crate) edges: u64,
}

/// A heap's file.
pub(crate) struct Made {
    pub(crate) file: PathBuf,
    pub(crate) facts: Facts,
}

/// Where heaps are made: the sources, a Node to run them, and a folder for the files.
pub(crate) struct Kitchen {
    scripts: PathBuf,
    generator: PathBuf,
    node: PathBuf,
    files: PathBuf,
}

impl Heap {
    /// As the table calls it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::SmallService => "small web service".to_owned(),
            Self::TypeScript { megabytes } => format!("TypeScript compiler, {}", size(*megabytes)),
            Self::Synthetic { megabytes } => format!("synthetic, {}", size(*megabytes)),
        }
    }

    fn folder(&self) -> String {
        match self {
            Self::SmallService => "small-service".to_owned(),
            Self::TypeScript { megabytes } => format!("typescript-{megabytes}"),
            Self::Synthetic { megabytes } => format!("synthetic-{megabytes}"),
        }
    }
}

impl Kitchen {
    /// Installs what the scripts need.
    pub(crate) fn open(project: &Path, cache: &Path, npm: &Npm) -> Result<Self> {
        let scripts = cache.join("heaps");
        super::install(npm, &project.join("bench/heaps"), &scripts)?;
        let generator = super::tools::build(
            cache,
            &project.join("bench/synthetic"),
            "synthetic-snapshot",
        )?;
        let node = scripts.join("node_modules/node24/bin/node");
        Ok(Self {
            scripts,
            generator,
            node,
            files: cache.join("files"),
        })
    }

    /// The pinned Node.
    pub(crate) fn node(&self) -> &Path {
        &self.node
    }

    /// Makes the heap's file, unless exactly these sources made it before.
    pub(crate) fn make(&self, heap: &Heap) -> Result<Made> {
        // Each file has a folder of its own: what a tool leaves beside it can be seen there.
        let folder = self.files.join(heap.folder());
        let file = folder.join("heap.heapsnapshot");
        let stamp = self.files.join(format!("{}.json", heap.folder()));
        let wanted = self.sources(heap)?;
        if file.exists()
            && let Ok(text) = fs::read(&stamp)
            && let Ok(before) = serde_json::from_slice::<Stamp>(&text)
            && before.sources == wanted
        {
            let facts = before.facts;
            return Ok(Made { file, facts });
        }
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        eprintln!("    making {}", heap.name());
        let facts = self.cook(heap, &file)?;
        let sources = wanted;
        fs::write(&stamp, serde_json::to_vec(&Stamp { sources, facts })?)?;
        Ok(Made { file, facts })
    }

    /// A synthetic file is quickly made and large: it does not stay.
    pub(crate) fn drop_if_large(&self, heap: &Heap) -> Result<()> {
        if matches!(heap, Heap::Synthetic { .. }) {
            fs::remove_dir_all(self.files.join(heap.folder()))?;
        }
        Ok(())
    }

    fn cook(&self, heap: &Heap, file: &Path) -> Result<Facts> {
        let script = |name: &str| {
            let mut command = Command::new(&self.node);
            command
                .args(["--expose-gc", HEAP_LIMIT])
                .arg(self.scripts.join(name));
            command
        };
        let (mut command, megabytes) = match *heap {
            Heap::SmallService => (script("small-service.cjs"), 5),
            Heap::TypeScript { megabytes } => (script("typescript-heap.mjs"), megabytes),
            Heap::Synthetic { megabytes } => (Command::new(&self.generator), megabytes),
        };
        command.arg(megabytes.to_string()).arg(file);
        let said = run::captured(&mut command)?;
        serde_json::from_str(&said).with_context(|| format!("not facts about a heap: `{said}`"))
    }

    /// All that a heap's bytes follow from.
    fn sources(&self, heap: &Heap) -> Result<String> {
        if matches!(heap, Heap::Synthetic { .. }) {
            return Ok("made anew for every run".to_owned());
        }
        let mut text = String::new();
        for name in [
            "package-lock.json",
            "small-service.cjs",
            "typescript-heap.mjs",
        ] {
            let file = self.scripts.join(name);
            text += &fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
        }
        Ok(text)
    }
}

fn size(megabytes: u64) -> String {
    if megabytes.is_multiple_of(1000) {
        format!("{} GB", megabytes / 1000)
    } else {
        format!("{megabytes} MB")
    }
}

/// What a file was made from.
#[derive(Serialize, Deserialize)]
struct Stamp {
    sources: String,
    facts: Facts,
}
