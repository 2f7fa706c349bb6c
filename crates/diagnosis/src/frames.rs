//! Places in a text into the few lines around them, with what the reader should see there.

use stanch_js_source::{Extent, SourceText};

use crate::model::{CodeFrame, CodeLine};

/// Lines shown before and after the line in question.
const AROUND: u32 = 1;
/// Longer lines are minified; what matters is cut out of them.
const LONGEST_LINE: usize = 240;

/// The lines around `extent`, labelled.
pub(crate) fn frame(text: &SourceText, extent: &Extent, label: impl Into<String>) -> CodeFrame {
    let line = extent.from.line;
    let first = line.saturating_sub(AROUND);
    let lines = (first..=line + AROUND)
        .filter_map(|number| {
            Some(CodeLine {
                number: number + 1,
                text: shown(text.line(number)?),
            })
        })
        .collect();
    CodeFrame {
        label: label.into(),
        place: extent.from.place(text.path()),
        width: width(text, extent),
        lines,
    }
}

/// Columns of the extent on its first line.
fn width(text: &SourceText, extent: &Extent) -> u32 {
    if extent.to.line == extent.from.line {
        return extent.to.column.saturating_sub(extent.from.column).max(1);
    }
    let line = text.line(extent.from.line).unwrap_or_default().trim_end();
    let units = u32::try_from(line.encode_utf16().count()).unwrap_or(u32::MAX);
    units.saturating_sub(extent.from.column).max(1)
}

fn shown(line: &str) -> String {
    match line.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
