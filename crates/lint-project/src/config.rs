//! `stanch.toml`, or the key `stanch` of `package.json`, into what a project wants of the linter.

mod read;
mod schema;

use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use stanch_leak_lint::{Options, Rule};

use crate::error::LintError;
use crate::selection::{Pick, Selection, is_ignored};
use read::Lint;

pub use schema::config_schema;

/// The file with nothing but the configuration.
pub const CONFIG_FILE: &str = "stanch.toml";
/// The file that has it under one of its keys.
const PACKAGE_FILE: &str = "package.json";

/// What a project wants of the linter.
#[derive(Debug)]
pub struct Config {
    /// The file that says so; none where no file does.
    pub file: Option<PathBuf>,
    /// Which rules run.
    pub selection: Selection,
    /// What the rules are told about the project.
    pub options: Options,
    /// Files that are not linted.
    exclude: Gitignore,
    /// Rules that say nothing in some of the files.
    per_file: Vec<(Gitignore, Vec<Pick>)>,
}

impl Config {
    /// What applies where nobody says anything.
    #[must_use]
    pub fn none() -> Self {
        Self {
            file: None,
            selection: Selection::default(),
            options: Options::default(),
            exclude: Gitignore::empty(),
            per_file: Vec::new(),
        }
    }

    /// The nearest configuration of a folder or a file: of its own folder, or of one around it.
    ///
    /// # Errors
    /// When there is one that cannot be read, or that says what it cannot.
    pub fn nearest(from: &Path) -> Result<Option<Self>, LintError> {
        for folder in from.ancestors() {
            let own = folder.join(CONFIG_FILE);
            if own.is_file() {
                return Self::read(&own).map(Some);
            }
            let package = folder.join(PACKAGE_FILE);
            if package.is_file()
                && let Some(lint) = read::package(&package)?
            {
                return Self::of(package, lint).map(Some);
            }
        }
        Ok(None)
    }

    /// The configuration that a file holds.
    ///
    /// # Errors
    /// When it cannot be read, or says what it cannot.
    pub fn read(file: &Path) -> Result<Self, LintError> {
        let lint = if file.extension().is_some_and(|it| it == "json") {
            read::package(file)?.unwrap_or_default()
        } else {
            read::toml(file)?
        };
        Self::of(file.to_owned(), lint)
    }

    fn of(file: PathBuf, lint: Lint) -> Result<Self, LintError> {
        let root = file.parent().unwrap_or(Path::new("")).to_owned();
        let selection = Selection {
            select: lint.select.unwrap_or_else(|| vec![Pick::Default]),
            ignore: lint.ignore,
        };
        let per_file = lint
            .per_file_ignores
            .into_iter()
            .map(|(glob, picks)| Ok((globs(&file, &root, [glob.as_str()])?, picks)));
        Ok(Self {
            per_file: per_file.collect::<Result<_, LintError>>()?,
            exclude: globs(&file, &root, lint.exclude.iter().map(String::as_str))?,
            selection,
            options: Options {
                known_bounded: lint.known_bounded,
                emitters: lint.emitters,
                hot_functions: lint.hot_functions,
                ..Options::default()
            },
            file: Some(file),
        })
    }

    /// The files that are not to be linted.
    pub(crate) fn excluded(&self) -> Excluded {
        Excluded(self.exclude.clone())
    }

    /// Whether a rule is to be silent in a file. The path is absolute.
    pub(crate) fn is_silent(&self, rule: &Rule, path: &Path) -> bool {
        self.per_file
            .iter()
            .any(|(globs, picks)| is_ignored(picks, rule) && is_matched(globs, path))
    }
}

/// Files and folders that are not to be linted.
pub(crate) struct Excluded(Gitignore);

impl Excluded {
    /// Whether an absolute path is one of them.
    pub(crate) fn matches(&self, path: &Path) -> bool {
        is_matched(&self.0, path)
    }
}

/// Globs as .gitignore has them, anchored at the configuration's folder.
fn globs<'g>(
    file: &Path,
    root: &Path,
    globs: impl IntoIterator<Item = &'g str>,
) -> Result<Gitignore, LintError> {
    let mut builder = GitignoreBuilder::new(root);
    let mut wrong = None;
    for glob in globs {
        if let Err(error) = builder.add_line(None, glob) {
            wrong.get_or_insert((glob.to_owned(), error));
        }
    }
    let built = match wrong {
        None => builder.build().map_err(|error| (String::new(), error)),
        Some(wrong) => Err(wrong),
    };
    built.map_err(|(glob, error)| {
        let (line, column) = read::place_of(file, &glob);
        LintError::Config {
            path: file.to_owned(),
            line,
            column,
            message: format!("`{glob}` is no glob: {error}"),
        }
    })
}

fn is_matched(globs: &Gitignore, path: &Path) -> bool {
    // Globs of a folder say nothing about what lies outside.
    !globs.is_empty()
        && path.starts_with(globs.path())
        && globs.matched_path_or_any_parents(path, false).is_ignore()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use stanch_leak_lint::RULES;

    use super::Config;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    /// What the error says after the file's folder, or that there is none.
    fn check(name: &str, text: &str, expected: &str) -> Outcome {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join(name), text)?;
        let said = match Config::nearest(folder.path()) {
            Ok(Some(_)) => "fine".to_owned(),
            Ok(None) => "none".to_owned(),
            Err(error) => error.to_string(),
        };
        let here = format!("{}/", folder.path().display());
        assert_eq!(said.replace(&here, ""), expected);
        Ok(())
    }

    #[test]
    fn mistakes_are_named_with_their_place() -> Outcome {
        check("stanch.toml", "[lint]\nselect = ['default']\n", "fine")?;
        check("stanch.toml", "", "fine")?;
        check(
            "stanch.toml",
            "[lint]\nselct = []\n",
            "stanch.toml:2:1: there is no key `selct`; did you mean `select`?",
        )?;
        check(
            "stanch.toml",
            "[lnt]\n",
            "stanch.toml:1:2: there is no key `lnt`; did you mean `lint`?",
        )?;
        check(
            "stanch.toml",
            "[lint]\nignore = [\n  'unguarded-pip',\n]\n",
            "stanch.toml:3:3: there is no rule `unguarded-pip`; did you mean `unguarded-pipe`?",
        )?;
        check(
            "stanch.toml",
            "[lint.per-file-ignores]\n'[b-a]' = ['all']\n",
            "stanch.toml:2:2: `[b-a]` is no glob: error parsing glob '[b-a]': invalid range; 'b' > 'a'",
        )
    }

    #[test]
    fn values_of_the_wrong_kind_are_named_with_their_place() -> Outcome {
        check(
            "stanch.toml",
            "[lint]\nselect = 'all'\n",
            "stanch.toml:2:10: invalid type: string \"all\", expected a sequence",
        )?;
        check(
            "stanch.toml",
            "[lint\n",
            "stanch.toml:1:6: unclosed table, expected `]`",
        )
    }

    #[test]
    fn package_json_has_it_under_a_key() -> Outcome {
        check("package.json", "{\"name\": \"a\"}", "none")?;
        check(
            "package.json",
            "{\"stanch\": {\"lint\": {\"select\": [\"all\"]}}}",
            "fine",
        )?;
        check(
            "package.json",
            "{\n  \"stanch\": {\n    \"lint\": {\"slect\": []}\n  }\n}",
            "package.json:3:20: there is no key `slect`; did you mean `select`?",
        )?;
        check(
            "package.json",
            "{",
            "package.json:1:1: EOF while parsing an object",
        )
    }

    #[test]
    fn rules_are_silent_in_the_files_that_globs_name() -> Outcome {
        let folder = tempfile::tempdir()?;
        let text = "[lint]\nexclude = ['/generated']\n[lint.per-file-ignores]\n'*.test.js' = ['all']\n'scripts/' = ['pending-async']\n";
        fs::write(folder.path().join("stanch.toml"), text)?;
        let config = Config::nearest(folder.path())?.ok_or("no configuration")?;
        let rule = |id: &str| RULES.iter().find(|rule| rule.id == id).ok_or("no rule");
        let (pipe, interval) = (rule("unguarded-pipe")?, rule("uncleared-interval")?);
        let silent = |rule, path: &str| config.is_silent(rule, &folder.path().join(path));
        assert!(silent(pipe, "deep/a.test.js"));
        assert!(!silent(pipe, "scripts/a.js"));
        assert!(silent(interval, "scripts/a.js"));
        assert!(!silent(interval, "src/a.js"));
        assert!(
            config
                .excluded()
                .matches(&folder.path().join("generated/a.js"))
        );
        assert!(
            !config
                .excluded()
                .matches(&folder.path().join("src/generated/a.js"))
        );
        Ok(())
    }
}
