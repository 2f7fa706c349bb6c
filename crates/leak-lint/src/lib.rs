//! Rules on JavaScript and TypeScript sources into findings and fixes: the six patterns, before they ship.
//!
//! For the command line and the editor, which hand in texts and show what comes out. [`RULES`] are all rules; [`lint`] runs
//! them over one text. Each rule is one file in `rules`, with its page and its cases.
//!
//! ```
//! use stanch_js_source::SourceText;
//! use stanch_leak_lint::lint;
//!
//! let source = SourceText::new("prices.js", "
//! exports.watch = (feed, res) => {
//!   feed.on('price', (price) => res.write(price));
//!   res.on('close', () => feed.off('price', (price) => res.write(price)));
//! };");
//! let findings = lint(&source);
//! assert_eq!(findings[0].rule, "ineffective-listener-removal");
//! assert_eq!(findings[0].place.extent.line(), 4);
//! ```
//!
//! It knows no terminal, no files and no heaps. What the files of a project say of each
//! other comes through [`Project`]: each is summed up by itself, then they are linked.

mod facts;
mod file;
mod finding;
mod fix;
mod options;
mod project;
mod rule;
mod rules;
mod summary;

use stanch_js_source::SourceText;

pub use finding::{Edit, Finding, Fix, Label, Safety};
pub use fix::apply::{Applied, Broken, Fixed, Flaw, edited, fix_text};
pub use options::Options;
pub use project::{FileIndex, Joining, Project};
pub use rule::{On, Rule};
pub use rules::RULES;
pub use summary::Summary;

/// What the rules that run without being asked for find in a text, in its order.
#[must_use]
pub fn lint(source: &SourceText) -> Vec<Finding> {
    lint_with(source, |rule| rule.on != On::WhenAsked)
}

/// What the rules that `selects` picks find in a text, in its order.
#[must_use]
pub fn lint_with(source: &SourceText, selects: impl Fn(&Rule) -> bool) -> Vec<Finding> {
    lint_under(source, Options::NONE, selects)
}

/// What the rules that `selects` picks find in a text of a project with these options, in its order.
#[must_use]
pub fn lint_under(
    source: &SourceText,
    options: &Options,
    selects: impl Fn(&Rule) -> bool,
) -> Vec<Finding> {
    Project::alone(source, options.clone()).lint(FileIndex(0), source, selects)
}
