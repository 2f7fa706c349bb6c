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
//! It knows no terminal, no files and no heaps. What other files do with a holder it does not see.

mod calls;
mod file;
mod finding;
mod fix;
mod hot;
mod options;
mod rule;
mod rules;

use stanch_js_source::{SourceText, with_parsed};
use stanch_leak_patterns::Confidence;

use crate::file::File;

pub use finding::{Edit, Finding, Fix, Label, Safety};
pub use fix::apply::{Applied, Broken, Fixed, Flaw, edited, fix_text};
pub use options::Options;
pub use rule::{On, Rule};
pub use rules::RULES;

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
    with_parsed(source, |parsed| {
        let file = File::new(parsed, options);
        let mut findings = Vec::new();
        for rule in RULES.iter().filter(|rule| selects(rule)) {
            let before = findings.len();
            (rule.check)(&file, &mut findings);
            if rule.on == On::WhenSure && !options.in_full.contains(rule.id) {
                let found = findings.split_off(before);
                let sure = found
                    .into_iter()
                    .filter(|finding| finding.confidence == Confidence::High);
                findings.extend(sure);
            }
        }
        findings.sort_by_key(|finding| (finding.place.extent.start, finding.rule));
        findings
    })
}
