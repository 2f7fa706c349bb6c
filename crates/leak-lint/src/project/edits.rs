//! Projects that are edited, against the same projects linked from nothing: both must know the same of every file.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use oxc_ast::AstKind;
use stanch_js_source::{SourceText, is_function, with_parsed};

use super::{FileIndex, Holder, Joining, Project};
use crate::file::File;
use crate::options::Options;
use crate::summary::Summary;

/// Edits of each project.
const EDITS: usize = 12;

/// A file's name and its text.
type Named = (String, String);

#[test]
fn an_edited_project_is_the_one_that_is_linked_anew() {
    let mut edits = 0;
    for (seed, files) in (1..).zip(cases()) {
        let mut dice = Dice(seed);
        let mut files = files;
        let mut project = link(&files);
        for _ in 0..EDITS {
            let at = dice.below(files.len());
            files[at].1 = dice.edited(&files, at);
            let summary = Summary::of(&source(&files[at]), &Options::default());
            project.change(FileIndex(at), summary, |module| resolve(&files, module));
            let (known, expected) = (answers(&project, &files), answers(&link(&files), &files));
            assert_eq!(known, expected, "seed {seed}: {files:#?}");
            edits += 1;
        }
    }
    assert!(edits > 500, "only {edits} edits");
}

#[test]
fn files_join_and_leave() {
    for (seed, mut files) in (1..).zip(cases()) {
        let all = link(&files);
        let gone = Dice(seed).below(files.len());
        let left = files.remove(gone);
        let kept = (0..=files.len()).filter(|at| *at != gone);
        let kept = kept.map(|at| Joining::Known(FileIndex(at))).collect();
        let without = all.with_files(kept, |_, module| resolve(&files, module));
        assert_eq!(answers(&without, &files), answers(&link(&files), &files));
        let mut joining: Vec<Joining> = (0..files.len())
            .map(|at| Joining::Known(FileIndex(at)))
            .collect();
        let new = Joining::New {
            path: left.0.clone(),
            summary: Box::new(Summary::of(&source(&left), &Options::default())),
        };
        joining.insert(gone, new);
        files.insert(gone, left);
        let again = without.with_files(joining, |_, module| resolve(&files, module));
        assert_eq!(answers(&again, &files), answers(&all, &files));
    }
}

/// The labelled cases that have several files.
fn cases() -> impl Iterator<Item = Vec<Named>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/corpus");
    let patterns = entries(&corpus).into_iter();
    let cases = patterns.flat_map(|pattern| entries(&pattern));
    let files = cases.map(|case| {
        let paths = entries(&case).into_iter();
        let files = paths.filter_map(|path| {
            let name = path.file_name()?.to_str()?.to_owned();
            let text = fs::read_to_string(&path).ok()?;
            (name != "case.json").then_some((name, text))
        });
        files.collect::<Vec<Named>>()
    });
    files.filter(|files| files.len() > 1)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = read.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn source((name, text): &Named) -> SourceText {
    SourceText::new(name.as_str(), text.as_str())
}

/// The file of that name, whatever its folder and its extension.
fn resolve(files: &[Named], module: &str) -> Option<FileIndex> {
    let stem = |name: &str| {
        let name = name.rsplit('/').next().unwrap_or_default();
        let end = name.rfind('.').unwrap_or(name.len());
        name[..end].to_owned()
    };
    let relative = module.starts_with('.');
    let found = files
        .iter()
        .position(|(name, _)| stem(name) == stem(module) || module.ends_with(stem(name).as_str()));
    found.filter(|_| relative).map(FileIndex)
}

fn link(files: &[Named]) -> Project {
    let options = Options::default();
    let summaries = files
        .iter()
        .map(|file| (file.0.clone(), Summary::of(&source(file), &options)));
    Project::link(summaries.collect(), options, |_, module| {
        resolve(files, module)
    })
}

/// All that the rules can ask of the project about its files, and what they find.
fn answers(project: &Project, files: &[Named]) -> Vec<String> {
    let indices = (0..files.len()).map(FileIndex);
    let answers = indices.zip(files).map(|(index, named)| {
        let source = source(named);
        let mut told = with_parsed(&source, |parsed| told(&File::new(parsed, project, index)));
        let findings = project.lint(index, &source, |_| true);
        let _ = write!(told, "{findings:?}");
        told
    });
    answers.collect()
}

fn told(file: &File<'_, '_>) -> String {
    let (project, index) = (file.project, file.index);
    let mut told = String::new();
    for node in file.nodes().iter() {
        let kind = node.kind();
        if is_function(kind) || matches!(kind, AstKind::Class(_)) {
            let site = file.site(node.id());
            let given: Vec<_> = (0..4)
                .flat_map(|position| project.given(site, position))
                .collect();
            let _ = writeln!(
                told,
                "{site:?} {:?} {:?} {given:?} {:?} {}",
                project.heat(site),
                project.calls_of(site),
                project.is_given_what_lasts(site, 0, None),
                project.is_given_a_timeout(site),
            );
        }
        if let AstKind::CallExpression(call) = kind {
            let _ = writeln!(told, "{:?}", file.meaning(&call.callee));
            if let Some(member) = call.callee.as_member_expression() {
                let uses = file.uses_of(member.object());
                let _ = writeln!(told, "{uses:?}");
            }
        }
    }
    let summary = project.summary(index);
    let mut names: Vec<&str> = summary.variables.keys().map(|name| &**name).collect();
    names.sort_unstable();
    for name in names {
        let holder = Holder::Variable(index, name.into());
        let uses: Vec<_> = project.uses_of(&holder).collect();
        let named: Vec<_> = project.uses_named(name).collect();
        let _ = writeln!(told, "{name} {uses:?} {named:?}");
    }
    told
}

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        // Knuth's multiplier for 64 bits; the upper half is the random one.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % end.max(1)
    }

    /// The text of a file with a line that is gone, a line that another file has, one that is written twice or that has
    /// moved, an empty one, or one without its first letters.
    fn edited(&mut self, files: &[Named], at: usize) -> String {
        let mut lines: Vec<&str> = files[at].1.lines().collect();
        let line = self.below(lines.len());
        let to = self.below(lines.len() + 1);
        let other: Vec<&str> = files[self.below(files.len())].1.lines().collect();
        match self.below(6) {
            0 if lines.len() > 1 => drop(lines.remove(line)),
            1 => lines.insert(to, other.get(self.below(other.len())).unwrap_or(&"")),
            2 if !lines.is_empty() => lines.insert(to, lines[line]),
            3 if lines.len() > 1 => {
                let moved = lines.remove(line);
                lines.insert(to.min(lines.len()), moved);
            }
            4 if !lines.is_empty() => lines[line] = lines[line].get(3..).unwrap_or_default(),
            _ => lines.insert(to, ""),
        }
        lines.join("\n")
    }
}
