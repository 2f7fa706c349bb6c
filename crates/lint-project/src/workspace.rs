//! A request into its configuration, and that into an outcome.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};
use stanch_js_source::{SourceText, forget_trees};
use stanch_leak_lint::{FileIndex, Finding};

use crate::baseline::{Baseline, BaselineUse};
use crate::changes::Changes;
use crate::config::Config;
use crate::error::LintError;
use crate::file::{Found, Linter, Place};
use crate::linked::Linked;
use crate::outcome::{Named, Outcome, Problem, ProblemKind, Skipped};
use crate::selection::{Pick, Selection};
use crate::walk::{Ignoring, lexical, walk};

/// Bytes of a thread's stack. Parser and rules call themselves once for each level of the code, and generated code is nested
/// thousands deep; what is not used costs nothing.
const STACK: usize = 256 << 20;

/// What somebody wants to have linted.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The working folder: where relative paths begin, and what reports name files from. Empty for the process's own.
    pub here: PathBuf,
    /// Files and folders; without one, the working folder.
    pub paths: Vec<PathBuf>,
    /// The configuration; without it, the nearest.
    pub config: Option<PathBuf>,
    /// Rules that run, instead of those that the configuration names.
    pub select: Vec<Pick>,
    /// Rules that do not run, beside those that the configuration names.
    pub ignore: Vec<Pick>,
    /// Whether what is usually left out is linted as well.
    pub ignoring: Ignoring,
    /// Report only what is on lines that changed since this commit.
    pub since: Option<String>,
    /// What is done with the baseline.
    pub baseline: BaselineUse,
}

/// A project that is to be linted.
#[derive(Debug)]
pub struct Workspace {
    request: Request,
    here: PathBuf,
    root: PathBuf,
    /// Each path as it was given, and absolute.
    paths: Vec<(PathBuf, PathBuf)>,
    config: Config,
    selection: Selection,
    baseline: Baseline,
}

impl Workspace {
    /// Finds and reads what the project says of itself.
    ///
    /// # Errors
    /// A configuration or a baseline that says what it cannot, and paths with configurations of their own each.
    pub fn open(request: Request) -> Result<Self, LintError> {
        let here = absolute_folder(&request.here)?;
        let given = match request.paths.as_slice() {
            [] => vec![PathBuf::from(".")],
            paths => paths.to_vec(),
        };
        let paths: Vec<(PathBuf, PathBuf)> = given
            .into_iter()
            .map(|path| (path.clone(), lexical(&here.join(path))))
            .collect();
        let config = match &request.config {
            Some(file) => Config::read(&lexical(&here.join(file)))?,
            None => nearest_of_all(&paths)?,
        };
        let root = root(&config, &here);
        let selection = if request.select.is_empty() {
            let mut selection = config.selection.clone();
            selection.ignore.extend(&request.ignore);
            selection
        } else {
            Selection {
                select: request.select.clone(),
                ignore: request.ignore.clone(),
            }
        };
        Ok(Self {
            baseline: Baseline::of(&root)?,
            request,
            here,
            root,
            paths,
            config,
            selection,
        })
    }

    /// The configuration that applies.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The folder that the baseline lies in.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Lints all files, and tells `watch` how many of how many are done.
    ///
    /// # Errors
    /// Paths that do not exist, git that does not know the commit, a baseline that cannot be written.
    pub fn lint(&self, watch: &(dyn Fn(usize, usize) + Sync)) -> Result<Outcome, LintError> {
        let (outcome, linked) = self.run(watch)?;
        // What is known of thousands of files is let go beside whatever is done with the outcome.
        std::thread::spawn(move || drop(linked));
        Ok(outcome)
    }

    /// Lints all files, and keeps what is needed to lint them again.
    pub(crate) fn run(
        &self,
        watch: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<(Outcome, Linked), LintError> {
        let changes = match &self.request.since {
            Some(since) => Some(Changes::since(&self.here, since)?),
            None => None,
        };
        let walked = walk(&self.paths, &self.config, self.request.ignoring)?;
        let mut outcome = Outcome {
            skipped: walked.skipped,
            ..Outcome::default()
        };
        for (path, message) in walked.unreadable {
            let message = format!("cannot be read: {message}");
            let problem = self
                .place(path)
                .problem(ProblemKind::Unreadable, message, None);
            outcome.problems.push(problem);
        }
        let places: Vec<(Place, Named)> = walked
            .files
            .into_iter()
            .map(|(path, named)| (self.place(path), named))
            .collect();
        let (mut linked, found) = self.lint_all(&places, watch)?;
        let skipped = linked
            .skipped
            .drain(..)
            .map(|(place, named, reason)| Skipped {
                path: place.path,
                reason,
                named,
            });
        outcome.skipped.extend(skipped);
        for (problem, source) in linked.failed.drain(..) {
            let file = problem.file.clone();
            outcome.texts.extend(source.map(|source| (file, source)));
            outcome.problems.push(problem);
        }
        let baseline = self.sort_out(&linked, found, changes.as_ref(), &mut outcome);
        self.keep_baseline(baseline, &places, &mut outcome)?;
        outcome.sort();
        Ok((outcome, linked))
    }

    fn lint_all(
        &self,
        places: &[(Place, Named)],
        watch: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<(Linked, Vec<Result<Found, Problem>>), LintError> {
        let linter = self.linter();
        // Every file is looked at twice: by itself, and with what the others say.
        let steps = AtomicUsize::new(0);
        let step = || {
            let done = steps.fetch_add(1, Ordering::Relaxed) + 1;
            watch(done / 2, places.len());
        };
        Ok(self.pool()?.install(|| {
            let linked = Linked::of(&linter, places, step);
            let found =
                linked
                    .files
                    .par_iter()
                    .enumerate()
                    .with_max_len(1)
                    .map(|(at, (place, source))| {
                        let found = linter.lint(&linked.project, FileIndex(at), place, source);
                        forget_trees();
                        step();
                        found
                    });
            let found = found.collect();
            (linked, found)
        }))
    }

    /// Takes what is to be reported into the outcome. The baseline that comes back has seen every finding.
    fn sort_out(
        &self,
        linked: &Linked,
        found: Vec<Result<Found, Problem>>,
        changes: Option<&Changes>,
        outcome: &mut Outcome,
    ) -> Baseline {
        let mut baseline = self.baseline.clone();
        for ((place, source), found) in linked.files.iter().zip(found) {
            let (findings, suppressed) = match found {
                Ok(found) => found,
                Err(problem) => {
                    outcome.problems.push(problem);
                    continue;
                }
            };
            outcome.checked += 1;
            outcome.suppressed += suppressed;
            if findings.is_empty() {
                continue;
            }
            let known_as = self.known_as(&place.path);
            for finding in findings {
                if baseline.knows(&known_as, source, &finding) {
                    outcome.baselined += 1;
                } else if changes.is_some_and(|changes| !changes.touch(&place.path, &finding)) {
                    outcome.unchanged += 1;
                } else {
                    let others = finding.labels.iter().filter_map(|it| it.file.as_deref());
                    for (_, place, source) in others.filter_map(|name| linked.find(name)) {
                        outcome.texts.insert(place.name.clone(), source.clone());
                    }
                    outcome.add(&place.name, source, finding);
                }
            }
        }
        baseline
    }

    /// Does with the baseline what the request says, after a run has asked it about every finding.
    fn keep_baseline(
        &self,
        baseline: Baseline,
        places: &[(Place, Named)],
        outcome: &mut Outcome,
    ) -> Result<(), LintError> {
        // Files that are gone have no findings any more; those of other folders were not looked at.
        let looked_at = |file: &str| {
            let path = self.root.join(file);
            let is_in_run = places.binary_search_by(|(place, _)| place.path.cmp(&path));
            is_in_run.is_ok()
                || !path.exists() && self.paths.iter().any(|(_, root)| path.starts_with(root))
        };
        let path = self.name_of(baseline.path());
        match self.request.baseline {
            BaselineUse::Obey => outcome.gone = baseline.gone(looked_at),
            BaselineUse::Add => {
                let count = baseline.add(looked_at)?;
                outcome.findings.clear();
                outcome
                    .texts
                    .retain(|file, _| outcome.problems.iter().any(|problem| problem.file == *file));
                outcome
                    .remarks
                    .push(format!("{path} knows {count} findings of these files now."));
            }
            BaselineUse::Prune => {
                let gone = baseline.gone(looked_at);
                baseline.prune(looked_at)?;
                outcome
                    .remarks
                    .push(format!("{gone} findings went out of {path}."));
            }
        }
        Ok(())
    }

    pub(crate) fn linter(&self) -> Linter<'_> {
        Linter::new(&self.config, &self.selection)
    }

    pub(crate) fn pool(&self) -> Result<ThreadPool, LintError> {
        Ok(ThreadPoolBuilder::new().stack_size(STACK).build()?)
    }

    /// Whether there are findings that are not reported.
    pub(crate) fn reports_a_part(&self) -> bool {
        self.request.since.is_some() || self.baseline.path().exists()
    }

    pub(crate) fn place(&self, path: PathBuf) -> Place {
        let name = self.name_of(&path);
        Place { path, name }
    }

    /// What reports call a file: its path from the working folder, or all of it where it lies elsewhere.
    fn name_of(&self, path: &Path) -> Arc<str> {
        let short = path.strip_prefix(&self.here).unwrap_or(path);
        Arc::from(short.to_string_lossy().as_ref())
    }

    /// What the baseline calls a file: its path from the project's root.
    fn known_as(&self, path: &Path) -> String {
        let short = path.strip_prefix(&self.root).unwrap_or(path);
        short.to_string_lossy().into_owned()
    }
}

impl Workspace {
    /// Reads and links all files, without a look at what there is to find.
    pub(crate) fn linked(&self) -> Result<Linked, LintError> {
        let (linter, places) = (self.linter(), self.places()?);
        Ok(self.pool()?.install(|| Linked::of(&linter, &places, || {})))
    }

    /// The same after files were made and deleted; none where it has all files that there are.
    pub(crate) fn linked_again(&self, before: &Linked) -> Result<Option<Linked>, LintError> {
        let (linter, places) = (self.linter(), self.places()?);
        let known = before.files.iter().map(|(place, _)| &place.path);
        if known.eq(places.iter().map(|(place, _)| &place.path)) {
            return Ok(None);
        }
        let linked = self
            .pool()?
            .install(|| before.with_places(&linter, &places));
        Ok(Some(linked))
    }

    fn places(&self) -> Result<Vec<(Place, Named)>, LintError> {
        let walked = walk(&self.paths, &self.config, self.request.ignoring)?;
        let files = walked.files.into_iter();
        Ok(files
            .map(|(path, named)| (self.place(path), named))
            .collect())
    }

    /// Takes out the findings that the baseline knows.
    pub(crate) fn without_known(
        &self,
        path: &Path,
        source: &SourceText,
        findings: &mut Vec<Finding>,
    ) {
        let mut baseline = self.baseline.clone();
        let known_as = self.known_as(path);
        findings.retain(|finding| !baseline.knows(&known_as, source, finding));
    }
}

fn absolute_folder(folder: &Path) -> Result<PathBuf, LintError> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    folder.canonicalize().map_err(|cause| LintError::Path {
        path: folder.to_owned(),
        cause,
    })
}

/// The configuration that is nearest to every path.
fn nearest_of_all(paths: &[(PathBuf, PathBuf)]) -> Result<Config, LintError> {
    let mut nearest: Option<Config> = None;
    for (_, path) in paths {
        let Some(own) = Config::nearest(path)? else {
            continue;
        };
        match &nearest {
            None => nearest = Some(own),
            Some(other) if other.file == own.file => {}
            Some(other) => {
                return Err(LintError::TwoConfigs {
                    one: other.file.clone().unwrap_or_default(),
                    other: own.file.unwrap_or_default(),
                });
            }
        }
    }
    Ok(nearest.unwrap_or_else(Config::none))
}

/// The project's folder: that of its configuration, of its repository, of its package, or else the working folder.
fn root(config: &Config, here: &Path) -> PathBuf {
    let of_config = config.file.as_deref().and_then(Path::parent);
    let with = |name: &str| here.ancestors().find(|folder| folder.join(name).exists());
    of_config
        .or_else(|| with(".git"))
        .or_else(|| with("package.json"))
        .unwrap_or(here)
        .to_owned()
}

#[cfg(test)]
mod tests;
