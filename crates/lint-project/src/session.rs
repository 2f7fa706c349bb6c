//! A project that stays open while somebody writes in it: the text of an editor into the findings of its file.

use std::path::Path;

use stanch_js_source::SourceText;
use stanch_leak_lint::{FileIndex, Finding, Project, Safety, Summary, edited, fix_text};

use crate::component;
use crate::error::LintError;
use crate::file::{Linter, Place, Read};
use crate::fix::Fixing;
use crate::linked::Linked;
use crate::outcome::{Problem, Reason};
use crate::text::{self, Content};
use crate::walk;
use crate::workspace::{Request, Workspace};

/// Names of files whose change changes what a project says of itself.
pub const PROJECT_FILES: [&str; 4] = [
    "stanch.toml",
    "package.json",
    ".gitignore",
    "stanch-baseline.json",
];

/// An open project: its files are read and linked once, and an edit of one changes what is known of all.
pub struct Session {
    workspace: Workspace,
    linked: Linked,
    changes: u64,
}

/// What is to be said of a text.
#[derive(Debug)]
pub enum Looked {
    /// Its findings; offsets are those of the text, its byte order mark not counted.
    Checked(Vec<Finding>),
    /// Nothing, and why.
    Skipped(Reason),
    /// It cannot be linted.
    Failed(Problem),
}

/// What became of a file on the disk that has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noticed {
    /// The project knows its new text.
    Taken,
    /// It is none of the project's files.
    Nothing,
    /// The project may have other files now: see [`Session::refresh`].
    OtherFiles,
}

impl Session {
    /// Finds what the project says of itself, and reads and links its files.
    ///
    /// # Errors
    /// As [`Workspace::open`] and [`Workspace::lint`].
    pub fn open(request: Request) -> Result<Self, LintError> {
        let workspace = Workspace::open(request)?;
        let linked = workspace.linked()?;
        Ok(Self {
            workspace,
            linked,
            changes: 0,
        })
    }

    /// The files that it has, by their absolute paths.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.linked
            .files
            .iter()
            .map(|(place, _)| place.path.as_path())
    }

    /// Whether a file is one of them.
    #[must_use]
    pub fn has(&self, path: &Path) -> bool {
        self.linked.modules.at(path).is_some()
    }

    /// How often what is known of a file has changed, and with it maybe what is said of others.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// How many files it has.
    #[must_use]
    pub fn files(&self) -> usize {
        self.linked.files.len()
    }

    /// What is to be said of a file that has this text, which is the file's from now on. The path is absolute.
    pub fn look(&mut self, path: &Path, text: &str) -> Looked {
        let place = self.workspace.place(path.to_owned());
        let source = match text::decode(text.as_bytes().to_vec(), &place.name) {
            Content::Text(source) => source,
            Content::Skip(reason) => return Looked::Skipped(reason),
            Content::Broken(_) => return Looked::Skipped(Reason::Binary),
        };
        let Some(file) = self.linked.modules.at(path) else {
            return self.look_at_stranger(&place, &source, text);
        };
        // As long as it does not parse, the others see what it was.
        if let Err(left_out) = self.take(file, &place, &source) {
            return left_out;
        }
        let linter = self.workspace.linter();
        self.said(&linter, &self.linked.project, file, &place, &source, text)
    }

    /// Takes a file's text over from the disk, where an editor does not have it open.
    pub fn notice(&mut self, path: &Path) -> Noticed {
        let place = self.workspace.place(path.to_owned());
        let is_ours = self.left_out(path).is_none();
        match self.linked.modules.at(path) {
            Some(file) if path.exists() => {
                let read = self.workspace.linter().read(&place);
                if let Read::Text(source, summary) = read {
                    self.change(file, &place, source, *summary);
                }
                Noticed::Taken
            }
            None if !is_ours || !path.exists() => Noticed::Nothing,
            _ => Noticed::OtherFiles,
        }
    }

    /// Takes in the files that were made, and lets go of those that were deleted. The others are not read again.
    ///
    /// # Errors
    /// As [`Workspace::lint`].
    pub fn refresh(&mut self) -> Result<(), LintError> {
        if let Some(linked) = self.workspace.linked_again(&self.linked)? {
            self.linked = linked;
            self.changes += 1;
        }
        Ok(())
    }

    /// The text with the fixes of its findings; none where none was applied.
    #[must_use]
    pub fn fixed(&self, path: &Path, text: &str, fixing: Fixing) -> Option<String> {
        let up_to = match fixing {
            Fixing::Safe => Safety::Safe,
            Fixing::Unsafe => Safety::Unsafe,
        };
        let place = self.workspace.place(path.to_owned());
        let Content::Text(source) = text::decode(text.as_bytes().to_vec(), &place.name) else {
            return None;
        };
        let linter = self.workspace.linter();
        let file = self.linked.modules.at(path);
        let lint = |source: &SourceText| {
            let (project, file) = match file {
                Some(file) => {
                    let summary = Summary::of(source, &linter.options);
                    (self.linked.project.changed(file, summary), file)
                }
                None => (Project::alone(source, linter.options.clone()), FileIndex(0)),
            };
            let (mut findings, _) = linter.findings(&project, file, &place, source);
            self.workspace.without_known(path, source, &mut findings);
            findings
        };
        let fixed = fix_text(&source, lint, up_to);
        if fixed.applied.is_empty() {
            return None;
        }
        if component::is_one(&place.name) {
            component::with_script(text, &fixed.text)
        } else {
            Some(fixed.text)
        }
    }

    fn left_out(&self, path: &Path) -> Option<Reason> {
        walk::left_out(path, self.workspace.root(), self.workspace.config())
    }

    /// A file that was not there when the project was opened, or that is left out.
    fn look_at_stranger(&self, place: &Place, source: &SourceText, text: &str) -> Looked {
        if let Some(reason) = self.left_out(&place.path) {
            return Looked::Skipped(reason);
        }
        let linter = self.workspace.linter();
        match linter.sum_up(place, source.clone()) {
            Read::Skipped(reason) => Looked::Skipped(reason),
            Read::Failed(problem, _) => Looked::Failed(problem),
            Read::Text(..) => {
                let project = Project::alone(source, linter.options.clone());
                self.said(&linter, &project, FileIndex(0), place, source, text)
            }
        }
    }

    /// Makes a text the one of a file of the project.
    fn take(&mut self, file: FileIndex, place: &Place, source: &SourceText) -> Result<(), Looked> {
        if self.linked.files[file.0].1.text() == source.text() {
            return Ok(());
        }
        match self.workspace.linter().sum_up(place, source.clone()) {
            Read::Skipped(reason) => Err(Looked::Skipped(reason)),
            Read::Failed(problem, _) => Err(Looked::Failed(problem)),
            Read::Text(source, summary) => {
                self.change(file, place, source, *summary);
                Ok(())
            }
        }
    }

    fn change(&mut self, file: FileIndex, place: &Place, source: SourceText, summary: Summary) {
        let Linked {
            project,
            modules,
            files,
            ..
        } = &mut self.linked;
        project.change(file, summary, |module| modules.find(&place.path, module));
        files[file.0].1 = source;
        self.changes += 1;
    }

    fn said(
        &self,
        linter: &Linter<'_>,
        project: &Project,
        file: FileIndex,
        place: &Place,
        source: &SourceText,
        text: &str,
    ) -> Looked {
        let (mut findings, _) = match linter.lint(project, file, place, source) {
            Ok(found) => found,
            Err(problem) => return Looked::Failed(problem),
        };
        self.workspace
            .without_known(&place.path, source, &mut findings);
        if component::is_one(&place.name) {
            keep_fixes_inside(text, source, &mut findings);
        }
        Looked::Checked(findings)
    }
}

/// Fixes of a component that would write outside its script are none.
fn keep_fixes_inside(text: &str, source: &SourceText, findings: &mut [Finding]) {
    for finding in findings {
        finding.fixes.retain(|fix| {
            component::with_script(text, &edited(source.text(), &fix.edits)).is_some()
        });
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Looked, Noticed, Session};
    use crate::fix::Fixing;
    use crate::workspace::Request;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    const LEAK: &str = "bus.on('a', () => f());\nres.on('close', () => bus.off('a', () => f()));\n";

    /// A project with these files.
    fn open(
        files: &[(&str, &str)],
    ) -> Result<(tempfile::TempDir, Session), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let root = folder.path().canonicalize()?;
        for (name, text) in files {
            fs::write(root.join(name), text)?;
        }
        let here = root;
        let session = Session::open(Request {
            here,
            ..Request::default()
        })?;
        Ok((folder, session))
    }

    fn path(folder: &tempfile::TempDir, name: &str) -> std::io::Result<std::path::PathBuf> {
        Ok(folder.path().canonicalize()?.join(name))
    }

    fn words(looked: &Looked) -> String {
        match looked {
            Looked::Checked(findings) => {
                let rules: Vec<&str> = findings.iter().map(|it| it.rule).collect();
                rules.join(" ")
            }
            Looked::Skipped(reason) => reason.to_string(),
            Looked::Failed(problem) => problem.message.clone(),
        }
    }

    fn check(config: &str, file: &str, text: &str, expected: &str) -> Outcome {
        let (folder, mut session) = open(&[("stanch.toml", config)])?;
        let looked = session.look(&path(&folder, file)?, text);
        assert_eq!(words(&looked), expected);
        Ok(())
    }

    #[test]
    fn the_text_counts_and_not_the_file() -> Outcome {
        let rule = "ineffective-listener-removal";
        check("", "src/a.js", LEAK, rule)?;
        check("", "node_modules/p/a.js", LEAK, "a folder of packages")?;
        check("", "notes.md", LEAK, "no JavaScript or TypeScript")?;
        check(
            "[lint]\nexclude = ['src']",
            "src/a.js",
            LEAK,
            "excluded by the configuration",
        )?;
        check("[lint]\nignore = ['all']", "src/a.js", LEAK, "")
    }

    /// An interval in a function that only another file calls for each request.
    const BEAT: &str = "export const beat = (res) => { setInterval(() => res.write(''), 9); };\n";
    const CALLS: &str =
        "import { beat } from './beat.js';\napp.get('/', (req, res) => { beat(res); });\n";

    #[test]
    fn an_edit_changes_what_is_known_of_other_files() -> Outcome {
        let (folder, mut session) = open(&[
            ("stanch.toml", "[lint]\nselect = ['uncleared-interval']\n"),
            ("beat.js", BEAT),
            ("main.js", "import { beat } from './beat.js';\n"),
        ])?;
        let (beat, main) = (path(&folder, "beat.js")?, path(&folder, "main.js")?);
        assert_eq!(words(&session.look(&beat, BEAT)), "");
        session.look(&main, CALLS);
        assert_eq!(words(&session.look(&beat, BEAT)), "uncleared-interval");
        // What does not parse leaves the others as they were.
        session.look(&main, "import {");
        assert_eq!(words(&session.look(&beat, BEAT)), "uncleared-interval");
        session.look(&main, "import { beat } from './beat.js';\n");
        assert_eq!(words(&session.look(&beat, BEAT)), "");
        Ok(())
    }

    #[test]
    fn files_of_the_disk_are_taken_over() -> Outcome {
        let (folder, mut session) = open(&[
            ("stanch.toml", "[lint]\nselect = ['uncleared-interval']\n"),
            ("beat.js", BEAT),
            ("main.js", "import { beat } from './beat.js';\n"),
        ])?;
        let main = path(&folder, "main.js")?;
        fs::write(&main, CALLS)?;
        assert_eq!(session.notice(&main), Noticed::Taken);
        let beat = path(&folder, "beat.js")?;
        assert_eq!(words(&session.look(&beat, BEAT)), "uncleared-interval");
        assert_eq!(session.notice(Path::new("/nowhere/a.js")), Noticed::Nothing);
        let new = path(&folder, "new.js")?;
        fs::write(&new, "")?;
        assert_eq!(session.notice(&new), Noticed::OtherFiles);
        fs::remove_file(&beat)?;
        assert_eq!(session.notice(&beat), Noticed::OtherFiles);
        session.refresh()?;
        let names: Vec<_> = session.paths().filter_map(Path::file_name).collect();
        assert_eq!(names, ["main.js", "new.js"]);
        Ok(())
    }

    #[test]
    fn a_file_that_is_made_is_one_of_the_project() -> Outcome {
        let (folder, mut session) = open(&[
            ("stanch.toml", "[lint]\nselect = ['uncleared-interval']\n"),
            (".gitignore", "built.js\n"),
            ("main.js", CALLS),
        ])?;
        let (beat, built) = (path(&folder, "beat.js")?, path(&folder, "built.js")?);
        // Alone, nothing says how often its function is called.
        assert_eq!(words(&session.look(&beat, BEAT)), "");
        fs::write(&beat, BEAT)?;
        fs::write(&built, BEAT)?;
        assert_eq!(session.notice(&beat), Noticed::OtherFiles);
        session.refresh()?;
        assert_eq!(session.files(), 2);
        assert_eq!(words(&session.look(&beat, BEAT)), "uncleared-interval");
        let changes = session.changes();
        session.refresh()?;
        assert_eq!(session.changes(), changes, "there was nothing new");
        fs::remove_file(path(&folder, "main.js")?)?;
        session.refresh()?;
        assert_eq!(words(&session.look(&beat, BEAT)), "");
        Ok(())
    }

    #[test]
    fn an_import_that_is_typed_leads_to_its_file() -> Outcome {
        let (folder, mut session) = open(&[
            ("stanch.toml", "[lint]\nselect = ['uncleared-interval']\n"),
            ("beat.js", BEAT),
            ("main.js", "export const nothing = 0;\n"),
        ])?;
        session.look(&path(&folder, "main.js")?, CALLS);
        let beat = path(&folder, "beat.js")?;
        assert_eq!(words(&session.look(&beat, BEAT)), "uncleared-interval");
        Ok(())
    }

    #[test]
    fn safe_fixes_are_applied_to_the_text() -> Outcome {
        let (folder, session) = open(&[])?;
        let path = path(&folder, "a.js")?;
        let fixed = session.fixed(&path, LEAK, Fixing::Safe);
        let expected = "const onA = () => f();\nbus.on('a', onA);\nres.on('close', () => bus.off('a', onA));\n";
        assert_eq!(fixed.as_deref(), Some(expected));
        assert_eq!(session.fixed(&path, expected, Fixing::Safe), None);
        Ok(())
    }
}
