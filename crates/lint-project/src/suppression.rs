//! Comments such as `// stanch-ignore unguarded-pipe: the target is a file` into findings that are not reported.
//!
//! A suppression that names no rule, gives no reason, or has nothing to suppress is a finding itself: what is left over
//! of a mended leak would hide the next one.

use memchr::memmem;
use stanch_js_source::{Extent, SourceText, with_parsed};
use stanch_leak_lint::{Edit, Finding, Fix, Label, RULES, Safety};
use stanch_leak_patterns::Confidence;

use crate::near;
use crate::selection::Selection;

/// A check of the suppressions themselves.
#[derive(Debug)]
pub struct SuppressionRule {
    /// The id, as rules have one.
    pub id: &'static str,
    /// Its page, in Markdown.
    pub page: &'static str,
}

const UNEXPLAINED: &str = "unexplained-suppression";
const UNKNOWN: &str = "unknown-suppression";
const UNUSED: &str = "unused-suppression";

/// The checks of suppressions.
pub static SUPPRESSION_RULES: [SuppressionRule; 3] = [
    SuppressionRule {
        id: UNEXPLAINED,
        page: include_str!("suppression/unexplained-suppression.md"),
    },
    SuppressionRule {
        id: UNKNOWN,
        page: include_str!("suppression/unknown-suppression.md"),
    },
    SuppressionRule {
        id: UNUSED,
        page: include_str!("suppression/unused-suppression.md"),
    },
];

/// The word that every suppression has.
const WORD: &str = "stanch-ignore";

/// One rule of one comment.
#[derive(Debug)]
struct Suppression {
    rule: String,
    /// The rule's id in the comment.
    place: Extent,
    /// All of the comment.
    comment: Extent,
    scope: Scope,
    /// How many rules the comment names.
    of: usize,
    used: bool,
}

/// Which findings it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Those of the file.
    File,
    /// Those that start on that line, from 0, the next after the comment.
    Below(u32),
    /// Those that start or end on the line, from 0, that the comment ends.
    Line(u32),
}

/// Takes out the findings that comments suppress, and adds those about the comments. Says how many it took out.
pub(crate) fn apply(
    source: &SourceText,
    findings: &mut Vec<Finding>,
    runs: impl Fn(&str) -> bool,
    selection: &Selection,
) -> usize {
    if memmem::find(source.text().as_bytes(), WORD.as_bytes()).is_none() {
        return 0;
    }
    let mut about = Vec::new();
    let mut suppressions = suppressions(source, &mut about);
    let before = findings.len();
    findings.retain(|finding| {
        let mut suppressed = false;
        for suppression in &mut suppressions {
            if suppression.is_about(finding) {
                suppression.used = true;
                suppressed = true;
            }
        }
        !suppressed
    });
    let taken = before - findings.len();
    for left in suppressions.iter().filter(|it| !it.used) {
        match RULES.iter().find(|rule| rule.id == left.rule) {
            None => about.push(unknown(left)),
            // Of a rule that did not run nobody knows whether it would find something.
            Some(rule) if runs(rule.id) => about.push(unused(source, left)),
            Some(_) => {}
        }
    }
    findings.extend(
        about
            .into_iter()
            .filter(|finding| selection.runs_check(finding.rule)),
    );
    findings.sort_by_key(|finding| (finding.place.extent.start, finding.rule));
    taken
}

impl Suppression {
    fn is_about(&self, finding: &Finding) -> bool {
        let extent = &finding.place.extent;
        self.rule == finding.rule
            && match self.scope {
                Scope::File => true,
                Scope::Below(line) => extent.from.line == line,
                Scope::Line(line) => extent.from.line == line || extent.to.line == line,
            }
    }
}

/// All suppressions of a text, and what is wrong with those that are none.
fn suppressions(source: &SourceText, about: &mut Vec<Finding>) -> Vec<Suppression> {
    let comments: Vec<(u32, u32, u32, u32)> = with_parsed(source, |parsed| {
        let comments = parsed.program().comments.iter();
        comments
            .map(|comment| {
                let content = comment.content_span();
                (
                    comment.span.start,
                    comment.span.end,
                    content.start,
                    content.end,
                )
            })
            .collect()
    });
    let mut found = Vec::new();
    for (at, &(start, end, from, to)) in comments.iter().enumerate() {
        let Some(said) = Said::of(source.slice(from, to)) else {
            continue;
        };
        let comment = source.extent(start, end);
        let later = &comments[at + 1..];
        let scope = match said.of_file {
            true => Scope::File,
            false => scope(
                source,
                &comment,
                later.iter().map(|it| source.extent(it.0, it.1)),
            ),
        };
        if said.reason.is_empty() {
            about.push(unexplained(comment));
        }
        if said.rules.is_empty() {
            about.push(nameless(comment));
        }
        for &(offset, rule) in &said.rules {
            let start = from + offset;
            found.push(Suppression {
                rule: rule.to_owned(),
                place: source.extent(start, start + rule.len() as u32),
                comment,
                scope,
                of: said.rules.len(),
                used: false,
            });
        }
    }
    found
}

/// What a comment says.
struct Said<'t> {
    of_file: bool,
    /// Ids, with the byte in the comment's content where each starts.
    rules: Vec<(u32, &'t str)>,
    reason: &'t str,
}

impl<'t> Said<'t> {
    fn of(content: &'t str) -> Option<Self> {
        // A block comment may have a star in front of each line.
        let opening = content.trim_start_matches(|c: char| c.is_whitespace() || c == '*');
        let rest = opening.strip_prefix(WORD)?;
        let (of_file, rest) = match rest.strip_prefix("-file") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        if rest.starts_with(|c: char| c.is_alphanumeric() || c == '-') {
            return None;
        }
        let (ids, reason) = rest.split_once(':').unwrap_or((rest, ""));
        let start = content.len() - rest.len();
        let mut rules = Vec::new();
        let mut at = 0;
        for part in ids.split([',', ' ', '\t', '\n', '\r']) {
            if !part.is_empty() && part != "*" {
                rules.push(((start + at) as u32, part));
            }
            at += part.len() + 1;
        }
        Some(Self {
            of_file,
            rules,
            reason: reason.trim_matches(|c: char| c.is_whitespace() || c == '*'),
        })
    }
}

/// The line that a comment is about: its own where code stands on it, else the next with code.
fn scope(source: &SourceText, comment: &Extent, later: impl Iterator<Item = Extent>) -> Scope {
    let first = comment.from.line;
    let before = source.offset(stanch_js_source::Position::new(first, 0));
    let before = source.slice(before.unwrap_or(0), comment.start);
    // In JSX a comment stands between braces.
    if !before.trim().is_empty() && before.trim() != "{" {
        return Scope::Line(first);
    }
    let mut end = comment.end;
    let is_blank = |from, to| {
        let between = source.slice(from, to).trim();
        between.is_empty() || between == "}" || between == "{" || between == "}{"
    };
    for next in later {
        if next.start < end || !is_blank(end, next.start) {
            break;
        }
        end = next.end;
    }
    let rest = source.slice(end, source.text().len() as u32);
    let rest = match rest.strip_prefix('}') {
        Some(after) if before.trim() == "{" => after,
        _ => rest,
    };
    let code = source.text().len() - rest.trim_start().len();
    Scope::Below(source.position(code as u32).line)
}

fn unexplained(comment: Extent) -> Finding {
    finding(
        UNEXPLAINED,
        comment,
        "This suppression gives no reason: write it after a colon, for whoever reads it next."
            .to_owned(),
    )
}

fn nameless(comment: Extent) -> Finding {
    let message = "This suppression names no rule, so it suppresses nothing: write `stanch-ignore RULE: reason`.";
    finding(UNKNOWN, comment, message.to_owned())
}

fn unknown(suppression: &Suppression) -> Finding {
    let rule = &suppression.rule;
    let hint = match near::nearest(rule, RULES.iter().map(|rule| rule.id)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`stanch explain` lists them all.".to_owned(),
    };
    let message = format!("There is no rule `{rule}` to suppress; {hint}");
    finding(UNKNOWN, suppression.place, message)
}

fn unused(source: &SourceText, suppression: &Suppression) -> Finding {
    let rule = &suppression.rule;
    let message = format!("`{rule}` finds nothing here: the suppression can go.");
    let mut finding = finding(UNUSED, suppression.place, message);
    if suppression.of == 1 {
        finding.fixes.push(Fix {
            title: "Remove the suppression".to_owned(),
            safety: Safety::Safe,
            edits: vec![removal(source, &suppression.comment)],
        });
    }
    finding
}

/// Takes a comment out, and the lines that it has for itself.
fn removal(source: &SourceText, comment: &Extent) -> Edit {
    let text = source.text();
    let before = text.get(..comment.start as usize).unwrap_or_default();
    let after = text.get(comment.end as usize..).unwrap_or_default();
    let blanks = before.len() - before.trim_end_matches([' ', '\t']).len();
    let begins_line = before.len() == blanks || before[..before.len() - blanks].ends_with('\n');
    let ending = ["\n", "\r\n"]
        .into_iter()
        .find(|end| after.starts_with(end));
    let (start, end) = match (begins_line, ending) {
        (true, Some(ending)) => (
            comment.start - blanks as u32,
            comment.end + ending.len() as u32,
        ),
        // Behind code the blanks before it would be left at the line's end.
        (false, Some(_)) => (comment.start - blanks as u32, comment.end),
        _ => (comment.start, comment.end),
    };
    Edit {
        start,
        end,
        text: String::new(),
    }
}

fn finding(rule: &'static str, place: Extent, message: String) -> Finding {
    Finding {
        rule,
        confidence: Confidence::High,
        message,
        growth: None,
        place: Label::new(place, ""),
        labels: Vec::new(),
        fixes: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
