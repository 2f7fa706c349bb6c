//! A folder of JavaScript and TypeScript with its configuration into the findings of all its files.
//!
//! For the command line and the editor. [`Workspace::open`] looks for the configuration, [`Workspace::lint`] walks, reads and
//! lints, on all cores, and returns an [`Outcome`]: plain data, which reports put into words. [`Workspace::lint_and_fix`]
//! goes further, to texts with fixes applied.
//!
//! ```
//! use stanch_lint_project::{Request, Workspace};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! std::fs::write(folder.path().join("prices.js"), "
//! exports.stop = (feed) => feed.off('price', (price) => show(price));
//! ")?;
//! let workspace = Workspace::open(Request { here: folder.path().to_owned(), ..Request::default() })?;
//! let outcome = workspace.lint(&|_, _| {})?;
//! assert_eq!((outcome.checked, outcome.findings.len()), (1, 1));
//! assert_eq!(&*outcome.findings[0].file, "prices.js");
//! # Ok(())
//! # }
//! ```
//!
//! A file that cannot be read or parsed is a [`Problem`] of the outcome, and the others are linted all the same. It knows no
//! terminal and no format; what a rule looks for it leaves to the rules.

mod baseline;
mod changes;
mod component;
mod config;
mod error;
mod file;
mod fix;
mod linked;
mod modules;
mod near;
mod outcome;
mod selection;
mod session;
mod suppression;
mod text;
mod walk;
mod workspace;
mod write;

pub use baseline::{BASELINE_FILE, BaselineUse};
pub use config::{CONFIG_FILE, Config, config_schema};
pub use error::LintError;
pub use fix::{FixedFile, Fixing};
pub use outcome::{
    Located, Named, Outcome, Problem, ProblemKind, Reason, Skipped, page_of, pattern_of, rule,
};
pub use selection::{Pick, Selection, UnknownPick};
pub use session::{Looked, Noticed, PROJECT_FILES, Session};
pub use suppression::{SUPPRESSION_RULES, SuppressionRule};
pub use walk::Ignoring;
pub use workspace::{Request, Workspace};
