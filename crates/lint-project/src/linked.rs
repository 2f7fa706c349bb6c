//! Files that were walked into a linked project: read and summed up on all cores, then linked.

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use stanch_js_source::{SourceText, forget_trees};
use stanch_leak_lint::{FileIndex, Joining, Project, Summary};

use crate::file::{Linter, Place, Read};
use crate::modules::Modules;
use crate::outcome::{Named, Problem, Reason};

/// The files that can be linted, by their index in the project, and what became of the others.
pub(crate) struct Linked {
    pub(crate) project: Project,
    /// In the order of paths.
    pub(crate) files: Vec<(Place, SourceText)>,
    pub(crate) modules: Modules,
    pub(crate) skipped: Vec<(Place, Named, Reason)>,
    pub(crate) failed: Vec<(Problem, Option<SourceText>)>,
}

/// The files of the project behind the modules that a file names.
type Targets = Vec<(Box<str>, FileIndex)>;

/// Files that were read, of which nothing is linked yet.
#[derive(Default)]
struct Gathered {
    files: Vec<(Place, SourceText)>,
    joining: Vec<Joining>,
    skipped: Vec<(Place, Named, Reason)>,
    failed: Vec<(Problem, Option<SourceText>)>,
}

impl Linked {
    /// Reads and links files in the order of their paths; `done` is told of each.
    pub(crate) fn of(
        linter: &Linter<'_>,
        places: &[(Place, Named)],
        done: impl Fn() + Sync,
    ) -> Self {
        let read = places.par_iter().with_max_len(1).map(|(place, _)| {
            let read = linter.read(place);
            forget_trees();
            done();
            read
        });
        let read: Vec<Read> = read.collect();
        let mut gathered = Gathered::default();
        for ((place, named), read) in places.iter().zip(read) {
            gathered.add(place, *named, read);
        }
        let nothing = Project::link(Vec::new(), linter.options.clone(), |_, _| None);
        gathered.link(&nothing)
    }

    /// The same after files were made and deleted: reads those that it does not have.
    pub(crate) fn with_places(&self, linter: &Linter<'_>, places: &[(Place, Named)]) -> Self {
        let read = places.par_iter().map(|(place, _)| {
            let known = self.modules.at(&place.path);
            known.ok_or_else(|| {
                let read = linter.read(place);
                forget_trees();
                read
            })
        });
        let read: Vec<Result<FileIndex, Read>> = read.collect();
        let mut gathered = Gathered::default();
        for ((place, named), read) in places.iter().zip(read) {
            match read {
                Ok(file) => {
                    gathered.files.push(self.files[file.0].clone());
                    gathered.joining.push(Joining::Known(file));
                }
                Err(read) => gathered.add(place, *named, read),
            }
        }
        gathered.link(&self.project)
    }

    /// The file that reports call so.
    pub(crate) fn find(&self, name: &str) -> Option<(FileIndex, &Place, &SourceText)> {
        // Paths and names are in one order only where all lie in the working folder.
        let at = self
            .files
            .iter()
            .position(|(place, _)| &*place.name == name)?;
        let (place, source) = &self.files[at];
        Some((FileIndex(at), place, source))
    }
}

impl Gathered {
    fn add(&mut self, place: &Place, named: Named, read: Read) {
        match read {
            Read::Text(source, summary) => {
                self.files.push((place.clone(), source));
                let path = place.name.to_string();
                self.joining.push(Joining::New { path, summary });
            }
            Read::Skipped(reason) => self.skipped.push((place.clone(), named, reason)),
            Read::Failed(problem, source) => self.failed.push((problem, source)),
        }
    }

    /// A project of these files, of which `before` knows some.
    fn link(self, before: &Project) -> Linked {
        let modules = Modules::of(self.files.iter().map(|(place, _)| place));
        let targets = targets(&modules, &self, before);
        let project = before.with_files(self.joining, |file, module| {
            let of_file = targets.get(file.0)?;
            let found = of_file.iter().find(|(name, _)| **name == *module);
            found.map(|(_, target)| *target)
        });
        Linked {
            project,
            modules,
            files: self.files,
            skipped: self.skipped,
            failed: self.failed,
        }
    }
}

/// What each file's modules are, asked for on all cores.
fn targets(modules: &Modules, gathered: &Gathered, before: &Project) -> Vec<Targets> {
    let files = gathered.files.par_iter().zip(&gathered.joining);
    let targets = files.map(|((place, _), joining)| {
        let names = joining.summary(before).into_iter();
        let names = names.flat_map(Summary::modules);
        let found =
            names.filter_map(|name| Some((Box::from(name), modules.find(&place.path, name)?)));
        found.collect()
    });
    targets.collect()
}
