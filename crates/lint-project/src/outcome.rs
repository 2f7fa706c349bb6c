//! What a run over a project found, in data: reports put it into words.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use stanch_js_source::{Extent, SourceText};
use stanch_leak_lint::{Finding, RULES, Rule};
use stanch_leak_patterns::Pattern;

use crate::fix::FixedFile;
use crate::suppression::SUPPRESSION_RULES;

/// What a run found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Files whose rules all ran.
    pub checked: usize,
    /// Findings by file, in the order of paths and lines.
    pub findings: Vec<Located>,
    /// Files that could not be linted, in the order of paths.
    pub problems: Vec<Problem>,
    /// The texts of all files that are named in findings and problems.
    pub texts: BTreeMap<Arc<str>, SourceText>,
    /// Files and folders that were left out.
    pub skipped: Vec<Skipped>,
    /// Findings that comments suppress.
    pub suppressed: usize,
    /// Findings that the baseline knows.
    pub baselined: usize,
    /// Findings of the baseline that are gone.
    pub gone: usize,
    /// Findings on lines that did not change.
    pub unchanged: usize,
    /// Files whose fixes were applied to their texts.
    pub fixed: Vec<FixedFile>,
    /// What a person should know about the run, a sentence each.
    pub remarks: Vec<String>,
}

/// A finding and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The file as reports name it: from the working folder, with `/`.
    pub file: Arc<str>,
    /// What was found.
    pub finding: Finding,
}

/// Why a file could not be linted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file as reports name it.
    pub file: Arc<str>,
    /// What kind of trouble it is.
    pub kind: ProblemKind,
    /// What is wrong, the end of a sentence that begins with the file.
    pub message: String,
    /// Where, if that is known.
    pub place: Option<Extent>,
}

/// Kinds of trouble with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// It cannot be read, or is no text.
    Unreadable,
    /// No dialect of JavaScript or TypeScript reads like this.
    Syntax,
    /// A mistake of stanch's own.
    Internal,
}

/// A file or folder that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub reason: Reason,
    /// Whether it was named itself, not only found on the way.
    pub named: Named,
}

/// How a path came into a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// Somebody asked for it.
    Itself,
    /// It lay in a folder.
    InFolder,
}

/// Why a file was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Other people's code.
    Packages,
    /// What a build wrote.
    Built,
    /// Code without spaces and names.
    Minified,
    /// Larger than anything that is written by hand.
    Large,
    /// No text.
    Binary,
    /// Declarations of types, nothing that runs.
    Declarations,
    /// Flow's types, which no parser here reads.
    Flow,
    /// A link to somewhere else.
    Link,
    /// The configuration excludes it.
    Excluded,
    /// No kind of file that we read.
    Kind,
}

impl Reason {
    /// Files for that reason, as in `3 minified files`.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Packages => "folders of packages",
            Self::Built => "folders of built code",
            Self::Minified => "minified files",
            Self::Large => "files over 5 MB",
            Self::Binary => "binary files",
            Self::Declarations => "declaration files",
            Self::Flow => "files with Flow types",
            Self::Link => "symbolic links",
            Self::Excluded => "excluded by the configuration",
            Self::Kind => "no JavaScript or TypeScript",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Packages => "a folder of packages",
            Self::Built => "a folder of built code",
            Self::Minified => "minified",
            Self::Large => "over 5 MB",
            Self::Binary => "a binary file",
            Self::Declarations => "declarations only",
            Self::Flow => "written with Flow types",
            Self::Link => "a symbolic link",
            Self::Excluded => "excluded by the configuration",
            Self::Kind => "no JavaScript or TypeScript",
        })
    }
}

impl Outcome {
    /// Takes a finding, with the text that it is shown in.
    pub(crate) fn add(&mut self, file: &Arc<str>, source: &SourceText, finding: Finding) {
        if !self.texts.contains_key(file) {
            self.texts.insert(file.clone(), source.clone());
        }
        self.findings.push(Located {
            file: file.clone(),
            finding,
        });
    }

    /// Puts everything into the order of paths and lines.
    pub(crate) fn sort(&mut self) {
        let key = |it: &Located| {
            (
                it.file.clone(),
                it.finding.place.extent.start,
                it.finding.rule,
            )
        };
        self.findings.sort_by_cached_key(key);
        self.problems
            .sort_by(|one, other| one.file.cmp(&other.file));
        self.skipped.sort_by(|one, other| one.path.cmp(&other.path));
    }

    /// How many were left out, by reason.
    #[must_use]
    pub fn left_out(&self) -> BTreeMap<Reason, usize> {
        let mut counts = BTreeMap::new();
        for skipped in &self.skipped {
            *counts.entry(skipped.reason).or_insert(0) += 1;
        }
        counts
    }
}

/// A rule by its id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// The pattern that a finding of this id belongs to; none for what is said about suppressions.
#[must_use]
pub fn pattern_of(id: &str) -> Option<Pattern> {
    rule(id).map(|rule| rule.pattern)
}

/// The page of a rule, or of a check of suppressions.
#[must_use]
pub fn page_of(id: &str) -> Option<&'static str> {
    let checks = SUPPRESSION_RULES.iter().find(|rule| rule.id == id);
    rule(id)
        .map(|rule| rule.page)
        .or_else(|| checks.map(|rule| rule.page))
}
