//! A component with markup around its scripts into a text with the scripts alone, every byte at its place.

use std::ops::Range;

use memchr::memmem;

/// Whether a file of that name is a component.
pub(crate) fn is_one(name: &str) -> bool {
    name.ends_with(".vue") || name.ends_with(".svelte")
}

/// A component with its script changed as [`scripts`] of it was; none where it has several, or where something changed outside.
pub(crate) fn with_script(text: &str, changed: &str) -> Option<String> {
    let blocks = blocks(text);
    let [script] = blocks.as_slice() else {
        return None;
    };
    let blanks = scripts(text);
    let (before, after) = (&blanks[..script.start], &blanks[script.end..]);
    let inner = changed.strip_prefix(before)?.strip_suffix(after)?;
    Some(format!(
        "{}{inner}{}",
        &text[..script.start],
        &text[script.end..]
    ))
}

/// The scripts of a `.vue` or `.svelte` file; all else is blank, so that lines and offsets stay what they were.
pub(crate) fn scripts(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    for script in blocks(text) {
        blank(&mut bytes[at..script.start]);
        at = script.end;
    }
    blank(&mut bytes[at..]);
    // Whole characters were replaced: tags are ASCII, and blocks begin and end at them.
    String::from_utf8(bytes).unwrap_or_default()
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes {
        if !matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

/// The contents of the `<script>` elements at the start of a line; comments of the markup are passed over.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(opening) = memchr::memchr(b'<', &bytes[at..]).map(|it| at + it) {
        let rest = &text[opening..];
        if rest.starts_with("<!--") {
            at = after(text, opening + 4, "-->");
            continue;
        }
        let is_script = rest
            .strip_prefix("<script")
            .is_some_and(|rest| rest.starts_with([' ', '\t', '\n', '\r', '>']));
        if !is_script {
            at = opening + 1;
            continue;
        }
        let start = tag_end(text, opening);
        let end = memmem::find(&bytes[start..], b"</script").map_or(text.len(), |it| start + it);
        found.push(start..end);
        at = end;
        if at < text.len() {
            at += 1;
        }
    }
    found
}

/// The byte after a tag, whose attributes may hold `>` between quotes.
fn tag_end(text: &str, opening: usize) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate().skip(opening) {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    text.len()
}

fn after(text: &str, from: usize, end: &str) -> usize {
    let rest = text.as_bytes().get(from..).unwrap_or_default();
    memmem::find(rest, end.as_bytes()).map_or(text.len(), |at| from + at + end.len())
}

#[cfg(test)]
mod tests {
    use super::{scripts, with_script};

    fn check(text: &str, expected: &str) {
        assert_eq!(scripts(text), expected);
        assert_eq!(scripts(text).len(), text.len());
    }

    #[test]
    fn all_but_the_scripts_is_blank() {
        check(
            "<p>é</p>\n<script lang=\"ts\">\nlet a;\n</script>\n",
            "         \n                  \nlet a;\n         \n",
        );
        check(
            "<script>a</script><script setup>b</script>",
            "        a                       b         ",
        );
        check(
            "<!-- <script>x</script> -->\n<b/>",
            "                           \n    ",
        );
        check(
            "<script generic=\"T extends A<B>\">a",
            "                                 a",
        );
        check("<scripted>a</scripted>", "                      ");
        check("", "");
    }

    #[test]
    fn a_changed_script_goes_back_between_its_tags() {
        let check = |text: &str, changed: &str, expected: Option<&str>| {
            assert_eq!(with_script(text, changed).as_deref(), expected);
        };
        let text = "<p/>\n<script>\nlet a;\n</script>\n";
        let changed = "    \n        \nlet abc;\n         \n";
        check(text, changed, Some("<p/>\n<script>\nlet abc;\n</script>\n"));
        check(text, &format!("import x;\n{changed}"), None);
        check("<script>a</script><script>b</script>", "a", None);
    }
}
