//! The summaries of a project's files, linked: what names stand for across files, how often functions run, and what other
//! files do with a holder.

mod elsewhere;
mod frequency;
mod given;
mod meaning;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rustc_hash::FxHashMap;
use stanch_js_source::{ParsedSource, SourceText, with_parsed};
use stanch_leak_patterns::Confidence;

use crate::file::File;
use crate::finding::Finding;
use crate::options::Options;
use crate::rule::{On, Rule};
use crate::rules::RULES;
use crate::summary::Summary;

pub(crate) use elsewhere::{Elsewhere, Holder};
pub(crate) use frequency::{Calls, Heat};
pub(crate) use given::Receiver;
pub(crate) use meaning::{Meaning, Site};

use elsewhere::Uses;
use frequency::Frequencies;
use given::Arguments;

/// A file of a project, by its position in the list that was linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileIndex(pub usize);

/// Linked summaries.
#[derive(Debug)]
pub struct Project {
    files: Vec<Arc<Linked>>,
    options: Options,
    frequencies: Frequencies,
    uses: Uses,
    arguments: Arguments,
}

#[derive(Debug)]
struct Linked {
    path: String,
    summary: Summary,
    /// The project's own files behind the modules that this one names.
    modules: FxHashMap<Box<str>, FileIndex>,
}

impl Project {
    /// Links files by their paths and summaries. `resolve` says which file of the list a module is that a file names; none
    /// for packages and for Node's own modules.
    pub fn link(
        files: Vec<(String, Summary)>,
        options: Options,
        resolve: impl Fn(FileIndex, &str) -> Option<FileIndex>,
    ) -> Self {
        let linked = files.into_iter().enumerate().map(|(at, (path, summary))| {
            let targets = summary.modules.iter().filter_map(|module| {
                let target = resolve(FileIndex(at), module)?;
                Some((module.clone(), target))
            });
            Arc::new(Linked {
                path,
                modules: targets.collect(),
                summary,
            })
        });
        Self::of(linked.collect(), options)
    }

    /// The same project after one of its files changed. A module that the file has not named before is taken for a package.
    #[must_use]
    pub fn changed(&self, file: FileIndex, summary: Summary) -> Self {
        let mut files = self.files.clone();
        if let Some(linked) = files.get_mut(file.0) {
            *linked = Arc::new(Linked {
                path: linked.path.clone(),
                modules: linked.modules.clone(),
                summary,
            });
        }
        Self::of(files, self.options.clone())
    }

    fn of(files: Vec<Arc<Linked>>, options: Options) -> Self {
        let mut project = Self {
            files,
            options,
            frequencies: Frequencies::default(),
            uses: Uses::default(),
            arguments: Arguments::default(),
        };
        // None of them asks the others.
        let (frequencies, uses, arguments) = std::thread::scope(|threads| {
            let frequencies = threads.spawn(|| Frequencies::of(&project));
            let (uses, arguments) = (Uses::of(&project), Arguments::of(&project));
            (frequencies.join(), uses, arguments)
        });
        project.frequencies = frequencies.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        project.uses = uses;
        project.arguments = arguments;
        project
    }

    /// A project of this text alone.
    #[must_use]
    pub fn alone(source: &SourceText, options: Options) -> Self {
        let summary = Summary::of(source, &options);
        Self::link(
            vec![(source.path().to_owned(), summary)],
            options,
            |_, _| None,
        )
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// What the rules that `selects` picks find in a file, in the order of its text.
    #[must_use]
    pub fn lint(
        &self,
        file: FileIndex,
        source: &SourceText,
        selects: impl Fn(&Rule) -> bool,
    ) -> Vec<Finding> {
        with_parsed(source, |parsed| self.lint_parsed(file, parsed, selects))
    }

    pub(crate) fn lint_parsed(
        &self,
        file: FileIndex,
        parsed: &ParsedSource<'_>,
        selects: impl Fn(&Rule) -> bool,
    ) -> Vec<Finding> {
        let file = File::new(parsed, self, file);
        let mut findings = Vec::new();
        for rule in RULES.iter().filter(|rule| selects(rule)) {
            let before = findings.len();
            (rule.check)(&file, &mut findings);
            if rule.on == On::WhenSure && !self.options.in_full.contains(rule.id) {
                let found = findings.split_off(before);
                let sure = found
                    .into_iter()
                    .filter(|finding| finding.confidence == Confidence::High);
                findings.extend(sure);
            }
        }
        findings.sort_by_key(|finding| (finding.place.extent.start, finding.rule));
        findings
    }

    /// Whether any file reads, calls or takes apart a property of that name.
    pub(crate) fn is_mentioned(&self, name: &str) -> bool {
        let mut all = self.files.iter();
        all.any(|file| file.summary.mentioned.contains(name))
    }

    pub(crate) fn path(&self, file: FileIndex) -> &str {
        &self.files[file.0].path
    }

    /// Whether nothing is known of other files.
    pub(crate) fn is_alone(&self) -> bool {
        self.files.len() == 1
    }

    fn summary(&self, file: FileIndex) -> &Summary {
        &self.files[file.0].summary
    }

    fn indices(&self) -> impl Iterator<Item = FileIndex> + use<> {
        (0..self.files.len()).map(FileIndex)
    }
}
