//! Sentences, names and code → Markdown that shows them and does nothing else.
//!
//! A name out of a heap may hold table bars, links, HTML or `@someone`, which would call that person to the comment.

use crate::visible::{is_unsafe, push_visible, visible};

/// A sentence: names between backticks stay code, everything else is text.
pub(super) fn prose(text: &str) -> String {
    let text = visible(text);
    // An odd backtick is a character like any other.
    let paired = text.matches('`').count() / 2 * 2;
    text.splitn(paired + 1, '`')
        .enumerate()
        .map(|(index, part)| {
            if index % 2 == 1 {
                code(part)
            } else {
                words(part)
            }
        })
        .collect()
}

/// A name as a code span, which also holds in a table's cell.
pub(super) fn code(name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    let name = visible(name).replace('|', "\\|");
    let fence = "`".repeat(longest_run(&name) + 1);
    // Blanks keep a backtick at the edge apart from the fence; Markdown takes them off again.
    let edge = if name.starts_with('`') || name.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{edge}{name}{edge}{fence}")
}

/// Lines as a fenced block in the given language.
pub(super) fn block(language: &str, text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for line in text.lines() {
        for character in line.chars() {
            if character == '\t' || !is_unsafe(character) {
                safe.push(character);
            } else {
                push_visible(&mut safe, character);
            }
        }
        safe.push('\n');
    }
    let fence = "`".repeat(longest_run(&safe).max(2) + 1);
    format!("{fence}{language}\n{safe}{fence}\n")
}

/// A sentence inside HTML tags, where Markdown does not reach.
pub(super) fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '@' | '#' => {
                safe.push(character);
                safe.push_str("<!-- -->");
            }
            '`' => {}
            other => safe.push(other),
        }
    }
    safe
}

fn words(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            // An empty comment breaks mentions and references to issues without being seen.
            '@' | '#' => {
                safe.push('\\');
                safe.push(character);
                safe.push_str("<!-- -->");
            }
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '|' | '~' | '!' | '&' => {
                safe.push('\\');
                safe.push(character);
            }
            other => safe.push(other),
        }
    }
    safe
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`')
        .map(str::len)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{block, code, html, prose};

    #[test]
    fn prose_keeps_code_and_disarms_the_rest() {
        let check = |text, markdown: &str| assert_eq!(prose(text), markdown);
        check("`profiles`, a Map", "`profiles`, a Map");
        check("<img src=x> | [a](b)", "\\<img src=x\\> \\| \\[a\\](b)");
        check(
            "ask @root about #12",
            "ask \\@<!-- -->root about \\#<!-- -->12",
        );
        check("an odd ` one", "an odd \\` one");
        check("two\nlines", "two\\\\nlines");
    }

    #[test]
    fn code_spans_hold_whatever_they_are_given() {
        let check = |name, markdown: &str| assert_eq!(code(name), markdown);
        check("a|b", "`a\\|b`");
        check("`x``", "``` `x`` ```");
        check("a\nb", "`a\\nb`");
        check("", "");
    }

    #[test]
    fn blocks_cannot_be_closed_from_inside() {
        assert_eq!(
            block("diff", "+```\n+\u{1b}[0m\n"),
            "````diff\n+```\n+\\u{1b}[0m\n````\n"
        );
    }

    #[test]
    fn summaries_are_html() {
        assert_eq!(html("`a<b>` @c #1"), "a&lt;b&gt; @<!-- -->c #<!-- -->1");
    }
}
