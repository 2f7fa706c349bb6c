//! Names from heaps and lines from sources → text that a terminal shows instead of obeying.
//!
//! A property name may hold escape sequences, line ends or characters that reverse the reading order. They are
//! written out as `\n` or `\u{1b}`, so that what the reader sees is what the heap holds.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `text` with everything written out that would move the cursor, change colours or reverse the reading order.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        push_visible(&mut shown, character);
    }
    Cow::Owned(shown)
}

/// Appends one character as [`visible`] shows it.
pub(crate) fn push_visible(shown: &mut String, character: char) {
    match character {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        other if is_unsafe(other) => {
            let _infallible = write!(shown, "\\u{{{:x}}}", u32::from(other));
        }
        other => shown.push(other),
    }
}

/// Whether a terminal or a reader would take the character for something else than a letter.
pub(crate) const fn is_unsafe(character: char) -> bool {
    matches!(character,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        // Zero-width space and the marks of reading direction; joiners belong to words and emoji.
        | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Columns that `text` takes on a terminal.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// `text` in at most `room` columns, its end replaced by `…` where it is longer.
pub(crate) fn cut(text: &str, room: usize) -> Cow<'_, str> {
    // Marks that stack on one letter take no column: without a limit of their own a name of a megabyte would fit.
    let marks_allowed = room.saturating_mul(4);
    if columns(text) <= room && text.chars().count() <= marks_allowed {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    let mut used = 0;
    for character in text.chars().take(marks_allowed) {
        let width = character.width().unwrap_or(0);
        if used + width + 1 > room {
            break;
        }
        used += width;
        shown.push(character);
    }
    shown.push('…');
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::{columns, cut, visible};

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        let check = |text: &str, shown: &str| assert_eq!(visible(text), shown);
        check("profiles", "profiles");
        check("\u{1b}[2Jgone", "\\u{1b}[2Jgone");
        check("a\r\nb\tc", "a\\r\\nb\\tc");
        check("\u{9b}31m", "\\u{9b}31m");
        check("user\u{202e}nimda", "user\\u{202e}nimda");
        check("Zoë 名前 👩‍💻", "Zoë 名前 👩‍💻");
    }

    #[test]
    fn long_names_end_in_an_ellipsis() {
        let check = |text: &str, room, shown: &str| {
            assert_eq!(cut(text, room), shown);
            assert!(columns(&cut(text, room)) <= room);
        };
        check("profiles", 8, "profiles");
        check("profiles", 7, "profil…");
        check("名前名前", 6, "名前…");
        check("", 0, "");
    }

    #[test]
    fn marks_without_width_cannot_stack_up() {
        let tower = format!("a{}", "\u{301}".repeat(10_000));
        assert!(cut(&tower, 20).chars().count() <= 81);
    }
}
