//! Coloured spans → lines of a page that know their width and wrap at it.
//!
//! Every span makes its text safe to print on the way in, so that no block of the report can forget to.

use anstyle::{AnsiColor, Style};

use super::{Color, TextStyle};
use crate::visible::{columns, visible};

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Running text.
    Plain,
    /// Headings and numbers that matter.
    Strong,
    /// What may be skipped.
    Dim,
    /// Something accumulates.
    Alarm,
    /// Something is to be done.
    Advice,
    /// Nothing is to be done.
    Calm,
    /// A name between backticks.
    Name,
    /// A file and a position, the gutter of a frame.
    Place,
    /// A line that a patch adds.
    Added,
    /// A line that a patch removes.
    Removed,
}

impl Role {
    const fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Alarm => AnsiColor::Red.on_default().bold(),
            Self::Advice => AnsiColor::Yellow.on_default().bold(),
            Self::Calm => AnsiColor::Green.on_default().bold(),
            Self::Name => AnsiColor::Cyan.on_default().bold(),
            Self::Place => AnsiColor::Blue.on_default(),
            Self::Added => AnsiColor::Green.on_default(),
            Self::Removed => AnsiColor::Red.on_default(),
        }
    }
}

/// A line, or a stretch of text that will become several.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    spans: Vec<(Role, String)>,
}

impl Line {
    /// No text yet.
    pub(crate) const fn new() -> Self {
        Self { spans: Vec::new() }
    }

    /// The line with `text` after it.
    pub(crate) fn with(mut self, role: Role, text: &str) -> Self {
        if !text.is_empty() {
            self.spans.push((role, visible(text).into_owned()));
        }
        self
    }

    /// The line with a sentence after it, names between backticks set off.
    pub(crate) fn prose(self, role: Role, text: &str) -> Self {
        // An odd backtick is a character like any other.
        let paired = text.matches('`').count() / 2 * 2;
        let mut line = self;
        for (index, part) in text.splitn(paired + 1, '`').enumerate() {
            line = if index % 2 == 1 {
                line.with(Role::Name, &format!("`{part}`"))
            } else {
                line.with(role, part)
            };
        }
        line
    }

    /// The line with another one after it.
    pub(crate) fn then(mut self, other: Self) -> Self {
        self.spans.extend(other.spans);
        self
    }

    /// The line with blanks up to `width` columns.
    pub(crate) fn padded(self, width: usize) -> Self {
        let missing = width.saturating_sub(self.width());
        self.with(Role::Plain, &" ".repeat(missing))
    }

    /// Columns that it takes.
    pub(crate) fn width(&self) -> usize {
        self.spans.iter().map(|(_, text)| columns(text)).sum()
    }
}

/// The report as far as it is written.
#[derive(Debug)]
pub(crate) struct Page {
    out: String,
    style: TextStyle,
}

impl Page {
    /// Nothing written yet.
    pub(crate) const fn new(style: TextStyle) -> Self {
        Self {
            out: String::new(),
            style,
        }
    }

    /// Columns of a line.
    pub(crate) const fn width(&self) -> usize {
        self.style.width
    }

    /// The finished report.
    pub(crate) fn into_text(self) -> String {
        self.out
    }

    /// An empty line, never two in a row and none at the top.
    pub(crate) fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// One line, as long as it is.
    pub(crate) fn line(&mut self, line: &Line) {
        let end = line
            .spans
            .iter()
            .rposition(|(role, text)| *role != Role::Plain || !text.trim_end().is_empty());
        let last = end.map_or(0, |end| end + 1);
        for (index, (role, text)) in line.spans[..last].iter().enumerate() {
            let text = if index + 1 == last && *role == Role::Plain {
                text.trim_end()
            } else {
                text
            };
            self.paint(*role, text);
        }
        self.out.push('\n');
    }

    /// A heading.
    pub(crate) fn heading(&mut self, text: &str) {
        self.blank();
        self.line(&Line::new().with(Role::Strong, text));
    }

    /// `text` wrapped at the page's width, `first` before its first line and `rest` before the others.
    pub(crate) fn wrapped(&mut self, first: &Line, rest: &Line, text: &Line) {
        let mut line = first.clone();
        let mut used = first.width();
        let mut empty = true;
        for word in words(text) {
            let width = word.width();
            let gap = usize::from(!empty);
            if !empty && used + gap + width > self.style.width {
                self.line(&line);
                line = rest.clone();
                used = rest.width();
                empty = true;
            }
            if !empty {
                line = line.with(Role::Plain, " ");
                used += 1;
            }
            line = line.then(word);
            used += width;
            empty = false;
        }
        self.line(&line);
    }

    fn paint(&mut self, role: Role, text: &str) {
        let style = role.style();
        match self.style.color {
            Color::Always if style != Style::new() => {
                self.out.push_str(&style.render().to_string());
                self.out.push_str(text);
                self.out.push_str(&style.render_reset().to_string());
            }
            Color::Always | Color::Never => self.out.push_str(text),
        }
    }
}

/// The words of a text; one word may have several colours.
fn words(text: &Line) -> Vec<Line> {
    let mut words = Vec::new();
    let mut word = Line::new();
    for (role, span) in &text.spans {
        for (index, part) in span.split(' ').enumerate() {
            if index > 0 && !word.spans.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            word = word.with(*role, part);
        }
    }
    if !word.spans.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{Line, Page, Role};
    use crate::text::{Color, TextStyle};

    fn page(width: usize, color: Color) -> Page {
        Page::new(TextStyle { width, color })
    }

    #[test]
    fn sentences_wrap_behind_their_prefix() {
        let mut page = page(16, Color::Never);
        let text = Line::new().prose(Role::Plain, "one two `three`, four five");
        page.wrapped(
            &Line::new().with(Role::Plain, "• "),
            &Line::new().with(Role::Plain, "  "),
            &text,
        );
        assert_eq!(page.into_text(), "• one two\n  `three`, four\n  five\n");
    }

    #[test]
    fn colours_come_only_when_asked_for() {
        let check = |colour, text: &str| {
            let mut page = page(80, colour);
            page.line(
                &Line::new()
                    .with(Role::Plain, "a ")
                    .with(Role::Added, "b")
                    .with(Role::Plain, "  "),
            );
            assert_eq!(page.into_text(), text);
        };
        check(Color::Never, "a b\n");
        check(Color::Always, "a \u{1b}[32mb\u{1b}[0m\n");
    }

    #[test]
    fn an_odd_backtick_is_plain_text() {
        let mut page = page(80, Color::Never);
        page.line(&Line::new().prose(Role::Plain, "it`s `x`"));
        assert_eq!(page.into_text(), "it`s `x`\n");
    }
}
