//! Findings → workflow commands, from which GitHub Actions makes annotations.

use stanch_lint_project::Outcome;

use super::row::{Level, Row, rows};
use super::summary;
use crate::visible::visible;

/// A command for each finding, and the summary for the log.
#[must_use]
pub fn github(outcome: &Outcome) -> String {
    let mut text = String::new();
    for row in rows(outcome) {
        text += &command(&row);
        text.push('\n');
    }
    text += &summary(outcome);
    text.push('\n');
    text
}

fn command(row: &Row<'_>) -> String {
    let level = match row.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let mut command = format!("::{level} title={}", property(row.id));
    command += &format!(",file={}", property(row.file));
    if let Some(extent) = row.extent {
        let (line, end) = (extent.line(), extent.to.line + 1);
        command += &format!(",line={line},endLine={end},col={}", extent.column());
        // Columns of two lines are not compared, but taken for those of one.
        if line == end {
            command += &format!(",endColumn={}", extent.to.column + 1);
        }
    }
    let mut message = row.message.clone();
    if let Some(fix) = row.finding.and_then(|finding| finding.fixes.first()) {
        message += &format!(" Fix: {}.", fix.title);
    }
    format!("{command}::{}", data(&message))
}

/// Text after the last colons, where a line end would end the command.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25");
    let text = text.replace('\r', "%0D").replace('\n', "%0A");
    visible(&text).into_owned()
}

/// The value of a property, which a comma or a colon would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn what_would_end_a_command_is_escaped() {
        assert_eq!(data("100 %\r\n::b: c,"), "100 %25%0D%0A::b: c,");
        assert_eq!(property("a:b,c%"), "a%3Ab%2Cc%25");
    }
}
