//! A topic's id into its explanation, for `stanch explain`; rules bring their own pages.
//!
//! Each topic is one Markdown file in a folder beside this one, so that it reads as well on a code
//! forge as on a terminal. A new topic is a new file and one line in `TOPICS`.

mod inline;
mod render;
#[cfg(test)]
mod tests;

use std::fmt;

use stanch_leak_lint::RULES;
use stanch_lint_project::{SUPPRESSION_RULES, page_of};

pub(crate) use render::render;

/// What kind of thing a topic explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// One of the six leak patterns.
    Pattern,
    /// One of the eight verdicts.
    Verdict,
    /// Background that several of them rest on.
    Guide,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pattern => "The six leak patterns",
            Self::Verdict => "The eight verdicts",
            Self::Guide => "Background",
        })
    }
}

/// One explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Topic {
    /// What is typed after `stanch explain`.
    pub(crate) id: &'static str,
    /// What its heading says after the id, such as `entries that nothing ever evicts`.
    pub(crate) title: &'static str,
    /// Where it is listed.
    pub(crate) group: Group,
    /// The explanation as Markdown; its first line is a heading.
    pub(crate) text: &'static str,
}

/// A word that names no topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownTopic {
    /// The word as it was given.
    pub(crate) id: String,
    /// The topic that was probably meant.
    pub(crate) nearest: Option<&'static str>,
}

macro_rules! topic {
    ($group:ident, $folder:literal, $id:literal) => {
        Topic {
            id: $id,
            title: title_of(include_str!(concat!($folder, "/", $id, ".md"))),
            group: Group::$group,
            text: include_str!(concat!($folder, "/", $id, ".md")),
        }
    };
}

const TOPICS: [Topic; 17] = [
    topic!(Pattern, "patterns", "unbounded-cache"),
    topic!(Pattern, "patterns", "unremoved-listener"),
    topic!(Pattern, "patterns", "closure-capture"),
    topic!(Pattern, "patterns", "unclosed-stream"),
    topic!(Pattern, "patterns", "pending-async"),
    topic!(Pattern, "patterns", "unbounded-log"),
    topic!(Verdict, "verdicts", "leak"),
    topic!(Verdict, "verdicts", "buffer-leak"),
    topic!(Verdict, "verdicts", "native-growth"),
    topic!(Verdict, "verdicts", "retained-pages"),
    topic!(Verdict, "verdicts", "gc-pressure"),
    topic!(Verdict, "verdicts", "warm-up"),
    topic!(Verdict, "verdicts", "healthy"),
    topic!(Verdict, "verdicts", "not-enough-data"),
    topic!(Guide, "guides", "memory-usage"),
    topic!(Guide, "guides", "weakmap"),
    topic!(Guide, "guides", "v8-flags"),
];

/// All topics, patterns first.
pub(crate) fn topics() -> impl Iterator<Item = &'static Topic> {
    TOPICS.iter()
}

/// The topic of that id.
///
/// # Errors
/// [`UnknownTopic`], with the topic that was probably meant, if one is near.
pub(crate) fn find(id: &str) -> Result<&'static Topic, UnknownTopic> {
    topics()
        .find(|topic| topic.id == id)
        .ok_or_else(|| UnknownTopic {
            id: id.to_owned(),
            nearest: nearest(id),
        })
}

/// Ids and first sentences of what the linter explains: its rules, and its checks of suppressions.
pub(crate) fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rules = RULES.iter().map(|rule| (rule.id, rule.page));
    let checks = SUPPRESSION_RULES.iter().map(|rule| (rule.id, rule.page));
    rules.chain(checks).map(|(id, page)| {
        let paragraphs = page.split("\n\n").nth(1).unwrap_or_default();
        (id, paragraphs)
    })
}

/// All that there is to say under an id: where a rule is called like its pattern, both pages.
///
/// # Errors
/// [`UnknownTopic`], with the id that was probably meant, if one is near.
pub(crate) fn pages(id: &str) -> Result<Vec<&'static str>, UnknownTopic> {
    let topic = find(id);
    let rule = page_of(id);
    match (topic, rule) {
        (Err(unknown), None) => Err(unknown),
        (topic, rule) => Ok(topic
            .ok()
            .map(|topic| topic.text)
            .into_iter()
            .chain(rule)
            .collect()),
    }
}

/// What stands between the first `: ` and the end of its line; without one the build fails.
const fn title_of(text: &'static str) -> &'static str {
    let bytes = text.as_bytes();
    let mut start = 0;
    while bytes[start] != b':' {
        start += 1;
    }
    start += 2;
    let mut end = start;
    while bytes[end] != b'\n' {
        end += 1;
    }
    text.split_at(end).0.split_at(start).1
}

impl fmt::Display for UnknownTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no topic `{}`", self.id)?;
        match self.nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => write!(f, "; `stanch explain` lists them"),
        }
    }
}

impl std::error::Error for UnknownTopic {}

/// A topic that has the word in it, or else one that is a few typing errors away.
fn nearest(word: &str) -> Option<&'static str> {
    let word = word.trim().to_lowercase().replace(['_', ' '], "-");
    let ids = || {
        let topics = topics().map(|topic| topic.id);
        topics.chain(rules().map(|(id, _)| id))
    };
    if word.len() >= 3
        && let Some(id) = ids().find(|id| id.contains(&word))
    {
        return Some(id);
    }
    let errors_allowed = word.len() / 3;
    ids()
        .map(|id| (edits(&word, id), id))
        .filter(|(edits, _)| *edits <= errors_allowed)
        .min()
        .map(|(_, id)| id)
}

/// Letters to insert, remove or replace to get from one word to the other.
fn edits(from: &str, to: &str) -> usize {
    // row[k]: edits from the letters of `from` read so far to the first k letters of `to`.
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (done, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = done + 1;
        for (k, other) in to.chars().enumerate() {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = row[k + 1];
            row[k + 1] = replaced.min(row[k] + 1).min(diagonal + 1);
        }
    }
    row[row.len() - 1]
}
