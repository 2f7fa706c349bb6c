//! One paragraph of Markdown into words with their looks, and words into lines of a given width.

use std::mem;

use anstyle::{AnsiColor, Style};

use stanch_report::Color;

/// How a piece of text is set off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Body,
    Strong,
    Code,
    Link,
    Heading,
}

/// What stands between two spaces: pieces that may look different.
pub(super) type Word = Vec<(Look, String)>;

/// Splits text with `` `code` ``, `**strong**` and `[links](target)` into words.
///
/// A link to another topic is its text alone; any other link has its address behind it.
pub(super) fn words(text: &str, body: Look, color: Color) -> Vec<Word> {
    let mut setter = Setter::default();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*', '[']) {
        setter.add(&rest[..at], body);
        rest = match taken(&rest[at..], color) {
            Some((pieces, after)) => {
                for (look, piece) in pieces {
                    setter.add(&piece, look);
                }
                after
            }
            // A bracket or star that opens nothing is text.
            None => {
                setter.add(&rest[at..=at], body);
                &rest[at + 1..]
            }
        };
    }
    setter.add(rest, body);
    setter.finish()
}

/// The marked-up piece at the start of `text`, and what follows it.
fn taken(text: &str, color: Color) -> Option<(Word, &str)> {
    if let Some(inner) = text.strip_prefix('`') {
        let (code, after) = inner.split_once('`')?;
        // Without colours the quotes are all that tells code from words.
        let shown = match color {
            Color::Never => format!("`{code}`"),
            Color::Always => code.to_owned(),
        };
        return Some((vec![(Look::Code, shown)], after));
    }
    if let Some(inner) = text.strip_prefix("**") {
        let (strong, after) = inner.split_once("**")?;
        return Some((vec![(Look::Strong, strong.to_owned())], after));
    }
    let (label, after) = text.strip_prefix('[')?.split_once("](")?;
    let (target, after) = after.split_once(')')?;
    let mut pieces = vec![(Look::Link, label.replace('`', ""))];
    if target.contains("://") {
        pieces.push((Look::Body, format!(" <{target}>")));
    }
    Some((pieces, after))
}

/// Collects pieces and cuts them into words at spaces.
#[derive(Default)]
struct Setter {
    words: Vec<Word>,
    open: Word,
}

impl Setter {
    fn add(&mut self, text: &str, look: Look) {
        for (index, part) in text.split(' ').enumerate() {
            if index > 0 {
                self.close();
            }
            if !part.is_empty() {
                self.open.push((look, part.to_owned()));
            }
        }
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.words.push(mem::take(&mut self.open));
        }
    }

    fn finish(mut self) -> Vec<Word> {
        self.close();
        self.words
    }
}

/// Columns that the word takes.
pub(super) fn width(word: &Word) -> usize {
    word.iter().map(|(_, piece)| piece.chars().count()).sum()
}

/// Columns that the words take in one line.
pub(super) fn line_width(words: &[Word]) -> usize {
    words.iter().map(width).sum::<usize>() + words.len().saturating_sub(1)
}

/// Breaks words into lines of at most `columns`; a longer word gets a line of its own.
pub(super) fn wrapped(words: &[Word], columns: usize) -> Vec<&[Word]> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut used = 0;
    for (index, word) in words.iter().enumerate() {
        let wanted = width(word);
        if index > start && used + 1 + wanted > columns {
            lines.push(&words[start..index]);
            (start, used) = (index, wanted);
        } else {
            used += wanted + usize::from(index > start);
        }
    }
    if start < words.len() {
        lines.push(&words[start..]);
    }
    lines
}

/// The words as one line of text.
pub(super) fn painted(words: &[Word], color: Color) -> String {
    let paint = |(look, piece): &(Look, String)| look.paint(piece, color);
    let texts: Vec<String> = words
        .iter()
        .map(|word| word.iter().map(paint).collect())
        .collect();
    texts.join(" ")
}

impl Look {
    /// The text with this look's colours around it.
    pub(super) fn paint(self, text: &str, color: Color) -> String {
        let style = match (color, self) {
            (Color::Never, _) | (_, Self::Body) => return text.to_owned(),
            (Color::Always, Self::Strong) => Style::new().bold(),
            (Color::Always, Self::Code) => AnsiColor::Cyan.on_default(),
            (Color::Always, Self::Link) => Style::new().underline(),
            (Color::Always, Self::Heading) => AnsiColor::Yellow.on_default().bold(),
        };
        format!("{style}{text}{style:#}")
    }
}
