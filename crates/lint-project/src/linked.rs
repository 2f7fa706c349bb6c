//! Files that were walked into a linked project: read and summed up on all cores, then linked.

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use stanch_js_source::{SourceText, forget_trees};
use stanch_leak_lint::{FileIndex, Project, Summary};

use crate::file::{Linter, Place, Read};
use crate::modules::Modules;
use crate::outcome::{Named, Problem, Reason};

/// The files that can be linted, by their index in the project, and what became of the others.
pub(crate) struct Linked {
    pub(crate) project: Project,
    /// In the order of paths.
    pub(crate) files: Vec<(Place, SourceText)>,
    pub(crate) skipped: Vec<(Place, Named, Reason)>,
    pub(crate) failed: Vec<(Problem, Option<SourceText>)>,
}

/// The files of the project behind the modules that a file names.
type Targets = Vec<(Box<str>, FileIndex)>;

impl Linked {
    /// Reads and links files in the order of their paths; `done` is told of each.
    pub(crate) fn of(
        linter: &Linter<'_>,
        places: &[(Place, Named)],
        done: impl Fn() + Sync,
    ) -> Self {
        let read = places.par_iter().map(|(place, _)| {
            let read = linter.read(place);
            forget_trees();
            done();
            read
        });
        let read: Vec<Read> = read.collect();
        let (mut files, mut summaries) = (Vec::new(), Vec::new());
        let (mut skipped, mut failed) = (Vec::new(), Vec::new());
        for ((place, named), read) in places.iter().zip(read) {
            match read {
                Read::Text(source, summary) => {
                    files.push((place.clone(), source));
                    summaries.push(*summary);
                }
                Read::Skipped(reason) => skipped.push((place.clone(), *named, reason)),
                Read::Failed(problem, source) => failed.push((problem, source)),
            }
        }
        let targets = targets(&files, &summaries);
        let names = files.iter().map(|(place, _)| place.name.to_string());
        let linked = names.zip(summaries).collect();
        let project = Project::link(linked, linter.options.clone(), |file, module| {
            let of_file = targets.get(file.0)?;
            let found = of_file.iter().find(|(name, _)| **name == *module);
            found.map(|(_, target)| *target)
        });
        Self {
            project,
            files,
            skipped,
            failed,
        }
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

fn targets(files: &[(Place, SourceText)], summaries: &[Summary]) -> Vec<Targets> {
    let modules = Modules::of(files.iter().map(|(place, _)| place));
    let numbered: Vec<(&Place, &Summary)> = files
        .iter()
        .map(|(place, _)| place)
        .zip(summaries)
        .collect();
    let targets = numbered.par_iter().map(|(place, summary)| {
        let names = summary.modules();
        let found =
            names.filter_map(|name| Some((Box::from(name), modules.find(&place.path, name)?)));
        found.collect()
    });
    targets.collect()
}
