//! Markdown of the topics into text for a terminal: headings, paragraphs, lists, code, tables.
//!
//! It knows what the topics use and no more: no nested lists, quotes, images or HTML.

use stanch_report::Color;

use super::inline::{Look, Word, line_width, painted, words, wrapped};

/// Spaces in front of a line of code.
const CODE_INDENT: usize = 4;
/// Spaces between two columns of a table.
const GUTTER: usize = 2;
/// A table whose widest column would get less than this is set row by row.
const NARROWEST_CELL: usize = 24;

/// Sets Markdown for a terminal of that many columns. Code is never wrapped.
pub(crate) fn render(text: &str, columns: usize, color: Color) -> String {
    let page = Page { columns, color };
    let blocks: Vec<String> = blocks(text).iter().map(|block| page.block(block)).collect();
    blocks.join("\n")
}

#[derive(Debug, PartialEq, Eq)]
enum Block {
    /// Its level, from 1, and its text.
    Heading(usize, String),
    Paragraph(String),
    Code(Vec<String>),
    /// Items with their markers, such as `-` or `2.`.
    List(Vec<(String, String)>),
    /// The first row is the header.
    Table(Vec<Vec<String>>),
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let code = lines.by_ref().take_while(|line| !line.starts_with("```"));
            blocks.push(Block::Code(code.map(str::to_owned).collect()));
        } else if line.trim().is_empty() {
            // An empty paragraph keeps what follows from joining what came before.
            blocks.push(Block::Paragraph(String::new()));
        } else {
            add_line(&mut blocks, line);
        }
    }
    blocks.retain(|block| *block != Block::Paragraph(String::new()));
    blocks
}

/// Adds a line to the block that it continues, or as a new block.
fn add_line(blocks: &mut Vec<Block>, line: &str) {
    let trimmed = line.trim();
    if trimmed.starts_with('#') {
        let heading = trimmed.trim_start_matches('#');
        let level = trimmed.len() - heading.len();
        blocks.push(Block::Heading(level, heading.trim().to_owned()));
    } else if let Some((marker, item)) = item(line) {
        match blocks.last_mut() {
            Some(Block::List(items)) => items.push((marker, item)),
            _ => blocks.push(Block::List(vec![(marker, item)])),
        }
    } else if let Some(cells) = row(trimmed) {
        match blocks.last_mut() {
            Some(Block::Table(rows)) => rows.push(cells),
            _ => blocks.push(Block::Table(vec![cells])),
        }
    } else {
        match blocks.last_mut() {
            Some(Block::Paragraph(before)) if !before.is_empty() => {
                *before += " ";
                *before += trimmed;
            }
            Some(Block::List(items)) if line.starts_with(' ') => {
                if let Some((_, before)) = items.last_mut() {
                    *before += " ";
                    *before += trimmed;
                }
            }
            _ => blocks.push(Block::Paragraph(trimmed.to_owned())),
        }
    }
}

/// `- text` or `2. text`.
fn item(line: &str) -> Option<(String, String)> {
    let (marker, text) = line.split_once(' ')?;
    let number = marker.strip_suffix('.');
    let is_number =
        number.is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()));
    (marker == "-" || is_number).then(|| (marker.to_owned(), text.trim().to_owned()))
}

/// The cells of `| a | b |`.
fn row(line: &str) -> Option<Vec<String>> {
    let inner = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(
        inner
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect(),
    )
}

struct Page {
    columns: usize,
    color: Color,
}

impl Page {
    /// The block's lines, each with its line end.
    fn block(&self, block: &Block) -> String {
        match block {
            Block::Heading(level, text) => self.heading(*level, text),
            Block::Paragraph(text) => self.hung("", &self.words(text, Look::Body)),
            Block::Code(lines) => self.code(lines),
            Block::List(items) => items
                .iter()
                .map(|(marker, text)| {
                    self.hung(&format!("{marker} "), &self.words(text, Look::Body))
                })
                .collect(),
            Block::Table(rows) => self.table(rows),
        }
    }

    fn words(&self, text: &str, body: Look) -> Vec<Word> {
        words(text, body, self.color)
    }

    /// Without colours a line below it is what sets a heading off.
    fn heading(&self, level: usize, text: &str) -> String {
        let words = self.words(text, Look::Heading);
        let heading = self.hung("", &words);
        let rule = match (self.color, level) {
            (Color::Always, _) => return heading,
            (Color::Never, 1) => "=",
            (Color::Never, _) => "-",
        };
        let length = line_width(&words).min(self.columns);
        format!("{heading}{}\n", rule.repeat(length))
    }

    /// Words behind a marker, later lines indented by its width.
    fn hung(&self, marker: &str, words: &[Word]) -> String {
        let indent = marker.chars().count();
        let room = self.columns.saturating_sub(indent).max(1);
        let mut text = String::new();
        for (index, line) in wrapped(words, room).into_iter().enumerate() {
            match index {
                0 => text += marker,
                _ => text += &" ".repeat(indent),
            }
            text += &painted(line, self.color);
            text.push('\n');
        }
        text
    }

    fn code(&self, lines: &[String]) -> String {
        let mut text = String::new();
        for line in lines {
            if !line.is_empty() {
                text += &" ".repeat(CODE_INDENT);
                text += &Look::Code.paint(line, self.color);
            }
            text.push('\n');
        }
        text
    }

    fn table(&self, rows: &[Vec<String>]) -> String {
        let is_rule = |row: &[String]| {
            row.iter()
                .all(|cell| cell.bytes().all(|byte| matches!(byte, b'-' | b':')))
        };
        let rows: Vec<Vec<Vec<Word>>> = rows
            .iter()
            .filter(|row| !is_rule(row))
            .enumerate()
            .map(|(index, row)| {
                let body = if index == 0 { Look::Strong } else { Look::Body };
                row.iter().map(|cell| self.words(cell, body)).collect()
            })
            .collect();
        match self.widths(&rows) {
            Some(widths) => rows.iter().map(|row| self.aligned(row, &widths)).collect(),
            None => self.records(&rows),
        }
    }

    /// Widths of the columns, the widest cut down to what is left; none when too little is left.
    fn widths(&self, rows: &[Vec<Vec<Word>>]) -> Option<Vec<usize>> {
        let count = rows.first()?.len();
        let mut widths = vec![0; count];
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(line_width(cell));
            }
        }
        let gutters = GUTTER * count.saturating_sub(1);
        let total: usize = widths.iter().sum::<usize>() + gutters;
        let widest = widths.iter_mut().max()?;
        let others = total - *widest;
        let room = self.columns.saturating_sub(others);
        if *widest > room {
            *widest = room;
            return (room >= NARROWEST_CELL).then_some(widths);
        }
        Some(widths)
    }

    fn aligned(&self, row: &[Vec<Word>], widths: &[usize]) -> String {
        let cells: Vec<Vec<&[Word]>> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| wrapped(cell, *width))
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        let mut text = String::new();
        for line in 0..height {
            let mut owed = 0;
            for (cell, width) in cells.iter().zip(widths) {
                if let Some(words) = cell.get(line) {
                    text += &" ".repeat(owed);
                    text += &painted(words, self.color);
                    owed = width.saturating_sub(line_width(words)) + GUTTER;
                } else {
                    owed += width + GUTTER;
                }
            }
            text.push('\n');
        }
        text
    }

    /// Each row as its first cell, and below it the others behind their column's name.
    fn records(&self, rows: &[Vec<Vec<Word>>]) -> String {
        let Some((header, rows)) = rows.split_first() else {
            return String::new();
        };
        let mut text = String::new();
        for row in rows {
            for (index, (name, cell)) in header.iter().zip(row).enumerate() {
                if index == 0 {
                    text += &self.hung("", cell);
                } else {
                    let mut line = name.clone();
                    if let Some((_, last)) = line.last_mut().and_then(|word| word.last_mut()) {
                        last.push(':');
                    }
                    line.extend(cell.iter().cloned());
                    text += &self.hung("    ", &line);
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use stanch_report::Color;

    use super::render;

    fn check(markdown: &str, columns: usize, expected: &str) {
        assert_eq!(render(markdown, columns, Color::Never), expected);
    }

    #[test]
    fn paragraphs_wrap_and_join() {
        check("one two\nthree\n\nfour", 9, "one two\nthree\n\nfour\n");
        check("a `b c` d", 80, "a `b c` d\n");
    }

    #[test]
    fn a_long_word_gets_a_line_of_its_own() {
        check("a incomprehensible b", 5, "a\nincomprehensible\nb\n");
    }

    #[test]
    fn headings_are_underlined_where_colours_cannot_tell() {
        check(
            "# One two\ntext\n## Three",
            80,
            "One two\n=======\n\ntext\n\nThree\n-----\n",
        );
    }

    #[test]
    fn list_items_hang() {
        check(
            "- one two\n  three\n- four",
            9,
            "- one two\n  three\n- four\n",
        );
        check("1. one\n2. two", 9, "1. one\n2. two\n");
    }

    #[test]
    fn code_is_indented_and_never_wrapped() {
        check(
            "```js\nconst longName = 1;\n\nf();\n```",
            8,
            "    const longName = 1;\n\n    f();\n",
        );
    }

    #[test]
    fn tables_align() {
        check(
            "| a | b |\n| --- | --- |\n| `x` | some |\n| yyyy | more |",
            40,
            "a     b\n`x`   some\nyyyy  more\n",
        );
    }

    #[test]
    fn the_widest_column_wraps() {
        check(
            "| a | b |\n| --- | --- |\n| x | one two three four five six seven |",
            30,
            "a  b\nx  one two three four five six\n   seven\n",
        );
    }

    #[test]
    fn a_table_too_wide_is_set_row_by_row() {
        check(
            "| name | what |\n| --- | --- |\n| abcdefghij | some words here and there |",
            20,
            "abcdefghij\n    what: some words\n    here and there\n",
        );
    }

    #[test]
    fn links_to_topics_are_their_text_and_others_keep_their_address() {
        check("see [`leak`](../verdicts/leak.md).", 80, "see leak.\n");
        check(
            "[V8](https://v8.dev) and [x",
            80,
            "V8 <https://v8.dev> and [x\n",
        );
    }

    #[test]
    fn colours_take_the_place_of_quotes() {
        let text = render("## a\n\n`b` **c**", 80, Color::Always);
        assert_eq!(
            text,
            "\u{1b}[1m\u{1b}[33ma\u{1b}[0m\n\n\u{1b}[36mb\u{1b}[0m \u{1b}[1mc\u{1b}[0m\n"
        );
    }
}
