//! Code frames of a suspect → excerpts with line numbers, underlines and labels, one per stretch of a file.

use std::collections::BTreeMap;

use stanch_diagnosis::{CodeFrame, Suspect};
use stanch_leak_patterns::Place;
use unicode_width::UnicodeWidthChar;

use super::page::{Line, Page, Role};
use crate::visible::{columns, push_visible};
use crate::wording::plain;

/// Lines between two labels up to which they share one excerpt, the gap shown as `⋯`.
const GAP: u32 = 8;
/// Columns between two stops of a tab.
const TAB: usize = 4;
/// Columns that a label needs beside its underline; with less it goes below.
const LABEL_ROOM: usize = 24;
/// Columns after which a label is cut.
const LABEL_LIMIT: usize = 200;

/// What a label is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Where the holder is declared, or what else there is to know.
    Declaration,
    /// A line that makes it grow.
    Site,
}

#[derive(Debug)]
struct Label {
    column: u32,
    width: u32,
    text: String,
    mark: Mark,
}

/// A stretch of one file: its lines and the labels on them.
#[derive(Debug)]
struct Excerpt<'a> {
    place: &'a Place,
    lines: BTreeMap<u32, &'a str>,
    labels: BTreeMap<u32, Vec<Label>>,
}

/// Writes all frames of a suspect, labels that lie close together in one excerpt.
pub(super) fn write(page: &mut Page, indent: &str, suspect: &Suspect) {
    let mark = |frame: &CodeFrame| {
        if suspect.holder.location.as_ref() == Some(&frame.place) {
            Mark::Declaration
        } else {
            Mark::Site
        }
    };
    write_frames(
        page,
        indent,
        suspect.frames.iter().map(|frame| (frame, mark(frame))),
    );
}

/// Writes frames, labels that lie close together in one excerpt.
pub(crate) fn write_frames<'a>(
    page: &mut Page,
    indent: &str,
    frames: impl Iterator<Item = (&'a CodeFrame, Mark)>,
) {
    for excerpt in excerpts(frames) {
        page.blank();
        write_excerpt(page, indent, &excerpt);
    }
}

fn excerpts<'a>(frames: impl Iterator<Item = (&'a CodeFrame, Mark)>) -> Vec<Excerpt<'a>> {
    let mut excerpts: Vec<Excerpt<'_>> = Vec::new();
    for (frame, mark) in frames {
        match excerpts.iter_mut().find(|excerpt| excerpt.is_near(frame)) {
            Some(excerpt) => excerpt.add(frame, mark),
            None => {
                let mut excerpt = Excerpt {
                    place: &frame.place,
                    lines: BTreeMap::new(),
                    labels: BTreeMap::new(),
                };
                excerpt.add(frame, mark);
                excerpts.push(excerpt);
            }
        }
    }
    excerpts
}

impl<'a> Excerpt<'a> {
    fn is_near(&self, frame: &CodeFrame) -> bool {
        let numbers = || frame.lines.iter().map(|line| line.number);
        let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else {
            return false;
        };
        let (Some(own_first), Some(own_last)) =
            (self.lines.keys().next(), self.lines.keys().next_back())
        else {
            return false;
        };
        self.place.file == frame.place.file
            && first <= own_last.saturating_add(GAP)
            && *own_first <= last.saturating_add(GAP)
    }

    fn add(&mut self, frame: &'a CodeFrame, mark: Mark) {
        self.lines.extend(
            frame
                .lines
                .iter()
                .map(|line| (line.number, line.text.as_str())),
        );
        let labels = self.labels.entry(frame.place.line).or_default();
        let label = Label {
            column: frame.place.column,
            width: frame.width,
            text: plain(&frame.label, LABEL_LIMIT),
            mark,
        };
        if !labels
            .iter()
            .any(|known| known.column == label.column && known.text == label.text)
        {
            labels.push(label);
            labels.sort_by_key(|label| label.column);
        }
    }
}

fn write_excerpt(page: &mut Page, indent: &str, excerpt: &Excerpt<'_>) {
    let digits = excerpt
        .lines
        .keys()
        .next_back()
        .map_or(1, |number| number.to_string().len());
    let blank = " ".repeat(digits);
    let gutter = |number: &str| {
        Line::new()
            .with(Role::Place, &format!("{indent}{number:>digits$} │"))
            .with(Role::Plain, " ")
    };
    let room = page.width().saturating_sub(gutter("").width()).max(20);
    let place = plain(&excerpt.place.to_string(), 160);
    page.line(&Line::new().with(Role::Place, &format!("{indent}{blank} ╭─ {place}")));
    let mut before = None;
    for (number, text) in &excerpt.lines {
        if before.is_some_and(|before: u32| before + 1 < *number) {
            page.line(&Line::new().with(Role::Place, &format!("{indent}{blank} ⋯")));
        }
        before = Some(*number);
        let labels = excerpt.labels.get(number).map_or(&[][..], Vec::as_slice);
        let shown = Shown::of(text, labels, room);
        page.line(&gutter(&number.to_string()).with(Role::Plain, &shown.text));
        for line in underlines(labels, &shown.marks, room) {
            page.line(&gutter("").then(line));
        }
    }
    page.line(&Line::new().with(Role::Place, &format!("{indent}{blank} ╵")));
}

/// A line of code as it is shown, and where the labels' underlines stand below it.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    text: String,
    /// First column, counted from 0, and number of columns, one per label.
    marks: Vec<(usize, usize)>,
}

impl Shown {
    fn of(text: &str, labels: &[Label], room: usize) -> Self {
        let cells = cells(text);
        let width = cells
            .last()
            .map_or(0, |cell| cell.column + columns(&cell.text));
        let column_of = |unit: u32| {
            cells
                .iter()
                .find(|cell| cell.unit_end > u64::from(unit))
                .map_or(width, |cell| cell.column)
        };
        let marks = labels.iter().map(|label| {
            let start = column_of(label.column.saturating_sub(1));
            let end = column_of(
                label
                    .column
                    .saturating_sub(1)
                    .saturating_add(label.width.max(1)),
            );
            (start, end.max(start + 1))
        });
        let marks: Vec<_> = marks.collect();
        let window = Window::around(marks.first().map_or(0, |mark| mark.0), width, room);
        let inside = |cell: &&Cell| {
            cell.column >= window.start && cell.column + columns(&cell.text) <= window.end
        };
        let mut shown = String::new();
        if window.start > 0 {
            shown.push('…');
        }
        // A wide character cut by the window's edge leaves its columns blank, which keeps the underlines in place.
        let first = cells
            .iter()
            .find(inside)
            .map_or(window.start, |cell| cell.column);
        shown.push_str(&" ".repeat(first - window.start));
        shown.extend(cells.iter().filter(inside).map(|cell| cell.text.as_str()));
        if window.end < width {
            shown.push('…');
        }
        let marks = marks.into_iter().map(|(start, end)| {
            let last = room.saturating_sub(1);
            let start = window.position(start).min(last);
            (
                start,
                window.position(end).min(room).saturating_sub(start).max(1),
            )
        });
        Self {
            text: shown,
            marks: marks.collect(),
        }
    }
}

/// The columns of a line that are shown.
#[derive(Debug, Clone, Copy)]
struct Window {
    start: usize,
    end: usize,
}

impl Window {
    /// All of the line where it fits, else `room` columns with the mark in their first third.
    fn around(mark: usize, width: usize, room: usize) -> Self {
        if width <= room {
            return Self {
                start: 0,
                end: width,
            };
        }
        // One column less on each side that is cut, for the ellipsis.
        if mark + room / 3 < room {
            return Self {
                start: 0,
                end: room - 1,
            };
        }
        let start = (mark - room / 3).min(width - (room - 1));
        let end = (start + room - 2).min(width);
        if end + 1 >= width {
            Self { start, end: width }
        } else {
            Self { start, end }
        }
    }

    const fn position(self, column: usize) -> usize {
        let ellipsis = if self.start > 0 { 1 } else { 0 };
        column.saturating_sub(self.start) + ellipsis
    }
}

/// One character of source as the terminal shows it.
#[derive(Debug)]
struct Cell {
    text: String,
    column: usize,
    /// UTF-16 units up to and with this character, in which sources count their columns.
    unit_end: u64,
}

fn cells(text: &str) -> Vec<Cell> {
    let (mut column, mut unit_end) = (0, 0);
    let mut cells: Vec<Cell> = Vec::new();
    for character in text.chars() {
        unit_end += character.len_utf16() as u64;
        let mut shown = String::new();
        if character == '\t' {
            shown = " ".repeat(TAB - column % TAB);
        } else {
            push_visible(&mut shown, character);
        }
        let width = if shown.chars().count() == 1 {
            character.width().unwrap_or(0)
        } else {
            columns(&shown)
        };
        match cells.last_mut() {
            // Marks without a width belong to the letter before them.
            Some(before) if width == 0 => {
                before.text.push_str(&shown);
                before.unit_end = unit_end;
            }
            _ => cells.push(Cell {
                text: shown,
                column,
                unit_end,
            }),
        }
        column += width;
    }
    cells
}

/// The rows below a line: underlines, then the labels, the rightmost first, so that no connector crosses a text.
fn underlines(labels: &[Label], marks: &[(usize, usize)], room: usize) -> Vec<Line> {
    let mut rows = Vec::new();
    let Some((last_label, last_mark)) = labels.iter().zip(marks).next_back() else {
        return rows;
    };
    let mut row = Line::new();
    for (label, (start, width)) in labels.iter().zip(marks) {
        let taken = row.width();
        let visible = (start + width).saturating_sub(taken.max(*start));
        row = row
            .padded(*start)
            .with(label.role(), &label.stroke().repeat(visible));
    }
    let beside = room.saturating_sub(row.width() + 1);
    let fits = columns(&last_label.text) <= beside;
    let waiting = if fits {
        rows.push(
            row.with(Role::Plain, " ")
                .with(last_label.role(), &last_label.text),
        );
        labels.len() - 1
    } else if beside >= LABEL_ROOM {
        let start = row.width() + 1;
        let mut texts = split(&last_label.text, beside).into_iter();
        rows.push(
            row.with(Role::Plain, " ")
                .with(last_label.role(), &texts.next().unwrap_or_default()),
        );
        for text in texts {
            rows.push(
                connectors(&labels[..labels.len() - 1], marks)
                    .padded(start)
                    .with(last_label.role(), &text),
            );
        }
        labels.len() - 1
    } else {
        rows.push(row);
        labels.len()
    };
    debug_assert!(last_mark.1 > 0, "an underline has a column");
    for index in (0..waiting).rev() {
        // Right of an edge too close for a label, the text moves left as far as it must.
        let start = marks[index].0.min(room.saturating_sub(LABEL_ROOM));
        for text in split(&labels[index].text, room.saturating_sub(start)) {
            let before = connectors(&labels[..index], marks);
            let start = start.max(before.width());
            rows.push(before.padded(start).with(labels[index].role(), &text));
        }
    }
    rows
}

/// `│` under each label that has yet to come.
fn connectors(labels: &[Label], marks: &[(usize, usize)]) -> Line {
    let mut row = Line::new();
    for (label, (start, _)) in labels.iter().zip(marks) {
        if row.width() <= *start {
            row = row.padded(*start).with(label.role(), "│");
        }
    }
    row
}

impl Label {
    const fn role(&self) -> Role {
        match self.mark {
            Mark::Declaration => Role::Place,
            Mark::Site => Role::Alarm,
        }
    }

    const fn stroke(&self) -> &'static str {
        match self.mark {
            Mark::Declaration => "─",
            Mark::Site => "━",
        }
    }
}

/// `text` in rows of at most `room` columns, split between words.
fn split(text: &str, room: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match rows.last_mut() {
            Some(row) if columns(row) + 1 + columns(word) <= room => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}

#[cfg(test)]
mod tests;
